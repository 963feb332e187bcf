"""The tiles engine behind the common interface: one board of many equal parts (craftc.sim.tiles)."""

from __future__ import annotations

from typing import ClassVar

from craftc.sim.board import Board
from craftc.sim.sliced.base import SlicedSimulator
from craftc.sim.sliced.runner import Runner
from craftc.sim.tiles import LEAST_GAIN, Tiles
from craftc.sim.tiles_find import Tiling


class TilesSimulator(SlicedSimulator):
    """One volume run by groups of equal nodes, or by the graph engine where that is faster or has to.

    `tiling`: the parts to take if none are found, for tests; any tiling gives the same results. `places`:
    of a word, as of Tiles.
    """

    least_gain: ClassVar[float] = LEAST_GAIN
    tiling: ClassVar[Tiling | None] = None
    places: ClassVar[int | None] = None

    def _make(self, board: Board) -> Runner:
        return Tiles(board, self.tiling, least_gain=self.least_gain, places=self.places)
