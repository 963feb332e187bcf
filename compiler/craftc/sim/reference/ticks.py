"""Scheduled block ticks: by time, then priority, then order of scheduling (LevelTicks).

A block has at most one tick scheduled at its place; asking again changes nothing. Ticks that are due
are taken out together before the first of them runs: from then on a tick may be scheduled again for
its block, and `runs_now` says whether it is still to come in this game tick (willTickThisTick).
"""

from __future__ import annotations

import heapq

MOST_PER_TICK = 65_536  # ServerLevel.tick; what is over waits for the next game tick

Key = tuple[int, str]  # cell, block name


class Ticks:
    """The ticks of a board; `now` is the game time."""

    def __init__(self) -> None:
        self.now = 0
        self._heap: list[tuple[int, int, int, Key]] = []
        self._scheduled: set[Key] = set()
        self._due: list[Key] = []
        self._runs_now: set[Key] = set()
        self._order = 0

    def schedule(self, cell: int, name: str, delay: int, priority: int = 0) -> None:
        """Schedule a tick `delay` game ticks from now, unless the block has one already."""
        key = (cell, name)
        if key not in self._scheduled:
            self._scheduled.add(key)
            heapq.heappush(self._heap, (self.now + delay, priority, self._order, key))
            self._order += 1

    def is_scheduled(self, cell: int, name: str) -> bool:
        """Return whether the block has a tick scheduled that is not being run in this game tick."""
        return (cell, name) in self._scheduled

    def runs_now(self, cell: int, name: str) -> bool:
        """Return whether a tick of the block is still to be run in this game tick."""
        return (cell, name) in self._runs_now

    def begin(self) -> list[Key]:
        """Advance to the next game tick; return what is due, in order."""
        self.now += 1
        due: list[Key] = []
        while self._heap and self._heap[0][0] <= self.now and len(due) < MOST_PER_TICK:
            key = heapq.heappop(self._heap)[3]
            self._scheduled.discard(key)
            due.append(key)
        self._runs_now = set(due)
        return due

    def runs(self, key: Key) -> None:
        """Note that a due tick runs now."""
        self._runs_now.discard(key)

    def __len__(self) -> int:
        return len(self._heap)

    def pending(self) -> list[tuple[int, int, int, Key]]:
        """Return (delay, priority, order, key) of everything scheduled, in the order of running."""
        return [(time - self.now, priority, k, key) for k, (time, priority, _, key) in
                enumerate(sorted(self._heap))]  # fmt: skip

    def copy(self) -> Ticks:
        """Return an independent copy, between two game ticks."""
        out = Ticks()
        out.now, out._order = self.now, self._order
        out._heap, out._scheduled = self._heap.copy(), self._scheduled.copy()
        return out
