"""All engines, the bit-sliced ones made to slice boards on which it would not pay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from craftc.sim.engines import ALL_ENGINES
from craftc.sim.interface import Engine
from craftc.sim.sliced import LanesSimulator, TilesSimulator
from craftc.sim.tiles_find import Tiling
from craftc.sim.wide import WIDE


class ForcedTiles(TilesSimulator):
    """Tiles on every board, and again at the first chance after a write. Any tiling gives the same results:
    this one lays three parts side by side, wherever it cuts the board."""

    least_gain: ClassVar[float] = 0.0
    again_after: ClassVar[float] = 0.0
    tiling: ClassVar[Tiling | None] = Tiling(2, 3, None, 1.0)


class ForcedLanes(LanesSimulator):
    """Lanes, again at the first chance after a write."""

    again_after: ClassVar[float] = 0.0


class ExactLanes(ForcedLanes):
    """Lanes in exact order."""

    order: ClassVar[str] = "exact"


class WideTiles(ForcedTiles):
    """Tiles in words of 512 places."""

    places: ClassVar[int | None] = WIDE


class WideLanes(ForcedLanes):
    """Lanes in a word of 512 places."""

    places: ClassVar[int] = WIDE


class WideExactLanes(ExactLanes):
    """Lanes in a word of 512 places, in exact order."""

    places: ClassVar[int] = WIDE


EVERY: Mapping[str, Engine] = {
    **ALL_ENGINES,
    "tiles": ForcedTiles,
    "lanes": ForcedLanes,
    "tiles wide": WideTiles,
    "lanes wide": WideLanes,
}
