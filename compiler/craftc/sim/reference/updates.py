"""The two kinds of updates, in the game's order.

Updates asked for while another one runs wait until it is done, then run before everything that was
waiting already (CollectingNeighborUpdater). Neighbours are told in the order west, east, down, up,
north, south; shapes in the order west, east, north, south, down, up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from craftc.errors import SimError

if TYPE_CHECKING:
    from craftc.sim.reference.entries import Entry
    from craftc.sim.reference.world import World

NEIGHBOUR_ORDER = (4, 5, 0, 1, 2, 3)
SHAPE_ORDER = (4, 5, 2, 3, 0, 1)
MOST_CHAINED = 1_000_000  # max-chained-neighbor-updates of server.properties


class Update(Protocol):
    """Something to do to one or more cells."""

    def run(self, world: World) -> bool:
        """Do the next step; return whether there are more."""
        ...


class Neighbour:
    """One cell learns that a neighbour changed. `entry` is the state it reacts as, None the present one."""

    __slots__ = ("cell", "entry")

    def __init__(self, cell: int, entry: Entry | None = None) -> None:
        self.cell, self.entry = cell, entry

    def run(self, world: World) -> bool:
        """Tell the cell."""
        entry = self.entry or world.entry(self.cell)
        entry.rule.neighbour_changed(world, self.cell, entry)
        return False


class Around:
    """The six neighbours of a cell, but for the one in direction `skip`, learn that it changed."""

    __slots__ = ("cell", "order", "skip", "turn")

    def __init__(self, cell: int, skip: int = -1) -> None:
        self.cell, self.turn = cell, 0
        self.order = NEIGHBOUR_ORDER if skip < 0 else tuple(d for d in NEIGHBOUR_ORDER if d != skip)

    def run(self, world: World) -> bool:
        """Tell the next neighbour."""
        there = self.cell + world.step[self.order[self.turn]]
        self.turn += 1
        entry = world.entry(there)
        entry.rule.neighbour_changed(world, there, entry)
        return self.turn < len(self.order)


class Shape:
    """A cell learns the shape of its neighbour in direction d, and may change its own."""

    __slots__ = ("cell", "d", "neighbour")

    def __init__(self, cell: int, d: int, neighbour: Entry) -> None:
        self.cell, self.d, self.neighbour = cell, d, neighbour

    def run(self, world: World) -> bool:
        """Let the cell take its new shape; a block that may not stay is broken."""
        before = world.entry(self.cell)
        after = before.rule.shape_changed(world, self.cell, before, self.d, self.neighbour)
        if after is not before:
            world.change(self.cell, after, neighbours=after.id == 0)
        return False


class Updates:
    """The updates that wait."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: list[Update] = []  # the last one is next
        self._asked: list[Update] = []
        self._running = False
        self._chained = 0

    def ask(self, update: Update) -> None:
        """Run an update now, or after the one that is running."""
        self._chained += 1
        if self._chained > MOST_CHAINED:
            raise SimError(
                f"more than {MOST_CHAINED} updates in one chain: the game skips the rest",
                legal="a board that a change does not set moving for ever within one game tick",
            )
        self._asked.append(update)
        if not self._running:
            self._run()

    def _run(self) -> None:
        self._running = True
        try:
            while self._asked or self._waiting:
                self._waiting.extend(reversed(self._asked))
                self._asked.clear()
                update = self._waiting[-1]
                while not self._asked:
                    if not update.run(self._world):
                        self._waiting.pop()
                        break
        finally:
            self._waiting.clear()
            self._asked.clear()
            self._running, self._chained = False, 0
