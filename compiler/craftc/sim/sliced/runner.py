"""What runs ahead of a board of the graph engine: `Runner`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from craftc.blocks.volume import Pos
from craftc.sim.board import Board, Levels
from craftc.sim.watch import Present


class Runner(Present, Protocol):
    """Another execution of a board. While it is not `ahead`, the board runs, and all is the board's."""

    board: Board

    @property
    def ahead(self) -> bool:
        """Whether the runner has the present state, and the board an earlier one."""

    @property
    def returns(self) -> int:
        """How often an order within a game tick mattered, so that something was run again in exact order."""

    @property
    def how(self) -> str:
        """How the board is run, as a reader says it."""

    @property
    def now_gt(self) -> int:
        """Game ticks as Board.now_gt counts them."""

    @property
    def burnouts(self) -> int:
        """How often a torch burnt out on this board."""

    def counts(self) -> tuple[int, int]:
        """Return scheduled ticks of whole words executed since `take_counts`, and most of one game tick."""

    def take_counts(self) -> tuple[int, int]:
        """Return `counts` and begin anew."""

    @property
    def quiet(self) -> bool:
        """Whether nothing is scheduled."""

    def act(self, node: int, on: bool) -> None:
        """Bring a lever to a position or press a button."""

    def run(self, game_ticks: int) -> None:
        """Run that many game ticks."""

    def run_while_busy(self, limit_gt: int) -> int:
        """Return the game ticks run until nothing was scheduled, `limit_gt` at most."""

    def probe(self, positions: Sequence[Pos], game_ticks: int, every_gt: int = 1) -> Levels:
        """Run, and return levels as Board.probe does."""

    def run_script(
        self,
        actions: Iterable[tuple[int, Pos, bool]],
        game_ticks: int,
        probes: Sequence[Pos] = (),
        every_gt: int = 1,
    ) -> Levels:
        """Run with stimuli, and return levels as Board.run_script does."""

    def to_board(self) -> Board:
        """Bring the board to the present, the order of scheduled ticks included; it runs from now on."""

    def go_on(self) -> None:
        """Take the present state of the board and run ahead of it again, unless given up for good."""

    def leave(self) -> None:
        """Forget the runner's own state: the board's is the present one."""
