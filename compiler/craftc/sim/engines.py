"""The engines of the simulator by the name that `--engine` takes."""

from __future__ import annotations

from collections.abc import Mapping

from craftc.sim.interface import Engine
from craftc.sim.live import GraphSimulator
from craftc.sim.reference import Reference

ENGINES: Mapping[str, Engine] = {"graph": GraphSimulator, "reference": Reference}
DEFAULT = "graph"
