"""What runs the board of a simulator: `Front`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from craftc.blocks.volume import Pos
from craftc.sim.board import Levels


class Front(Protocol):
    """A Board, or what runs ahead of it; everything as Board says."""

    @property
    def now_gt(self) -> int:
        """Game ticks run since the start (settling not counted)."""

    @property
    def events(self) -> int:
        """Output changes of devices so far."""

    @property
    def burnouts(self) -> int:
        """How often a torch burnt out."""

    @property
    def quiet(self) -> bool:
        """Whether nothing is scheduled."""

    def run(self, game_ticks: int) -> None:
        """Run that many game ticks."""

    def run_while_busy(self, limit_gt: int) -> int:
        """Return the game ticks run until nothing was scheduled, `limit_gt` at most."""

    def power(self, pos: Pos) -> int:
        """Return the level at a position."""

    def probe(self, positions: Sequence[Pos], game_ticks: int, every_gt: int = 1) -> Levels:
        """Run, and return levels (game_ticks // every_gt, positions)."""

    def run_script(
        self,
        actions: Iterable[tuple[int, Pos, bool]],
        game_ticks: int,
        probes: Sequence[Pos] = (),
        every_gt: int = 1,
    ) -> Levels:
        """Run with stimuli, and return levels."""
