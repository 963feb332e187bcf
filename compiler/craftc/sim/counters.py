"""What the boards of a simulator that were replaced have counted."""

from __future__ import annotations

from craftc.sim.board import Board


class Counters:
    """Game ticks run, output changes, ticks executed, most of them in one game tick, burn-outs."""

    def __init__(
        self, now_gt: int = 0, events: int = 0, ticks_run: int = 0, peak: int = 0, burnouts: int = 0
    ) -> None:
        self.now_gt, self.events, self.ticks_run = now_gt, events, ticks_run
        self.peak, self.burnouts = peak, burnouts

    def add(self, board: Board) -> None:
        """Count what a board has counted."""
        self.now_gt += board.now_gt
        self.events += board.events
        self.ticks_run += board.ticks_run
        self.peak = max(self.peak, board.peak_ticks_per_gt)
        self.burnouts += board.burnouts

    def copy(self) -> Counters:
        """Return an independent copy."""
        return Counters(self.now_gt, self.events, self.ticks_run, self.peak, self.burnouts)
