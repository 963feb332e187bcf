"""The engines of the simulator by name: those that `--engine` takes, and all."""

from __future__ import annotations

from collections.abc import Mapping

from craftc.sim.interface import Engine
from craftc.sim.live import GraphSimulator
from craftc.sim.reference import Reference
from craftc.sim.sliced import LanesSimulator, TilesSimulator

ENGINES: Mapping[str, Engine] = {"graph": GraphSimulator, "reference": Reference, "tiles": TilesSimulator}
DEFAULT = "graph"
ALL_ENGINES: Mapping[str, Engine] = {**ENGINES, "lanes": LanesSimulator}
