"""What runs ahead of a board of the graph engine: `Runner`."""

from __future__ import annotations

from typing import Protocol

from craftc.sim.board import Board
from craftc.sim.interface import Front
from craftc.sim.watch import Present


class Runner(Front, Present, Protocol):
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

    def counts(self) -> tuple[int, int]:
        """Return scheduled ticks of whole words executed since `take_counts`, and most of one game tick."""

    def take_counts(self) -> tuple[int, int]:
        """Return `counts` and begin anew."""

    def act(self, node: int, on: bool) -> None:
        """Bring a lever to a position or press a button."""

    def to_board(self) -> Board:
        """Bring the board to the present, the order of scheduled ticks included; it runs from now on."""

    def go_on(self) -> None:
        """Take the present state of the board and run ahead of it again, unless given up for good."""

    def leave(self) -> None:
        """Forget the runner's own state: the board's is the present one."""
