"""The form of a block's rule: what it gives, and how it reacts. The rules themselves are in the files
of this folder, one per family of blocks; `registry.py` says which block has which.

A direction `d` (0 down, 1 up, 2 north, 3 south, 4 west, 5 east; opposite d ^ 1) of `signal` and
`direct` leads from the block that asks to the block of the rule, as in the game.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from craftc.sim.reference.entries import Entry
    from craftc.sim.reference.world import World

DOWN, UP, NORTH, SOUTH, WEST, EAST = range(6)
ALL = range(6)  # the order in which the game asks all neighbours
HORIZONTAL = (NORTH, EAST, SOUTH, WEST)  # Direction.Plane.HORIZONTAL
CLOCKWISE = {NORTH: EAST, EAST: SOUTH, SOUTH: WEST, WEST: NORTH}


class Rule:
    """A block without any redstone behaviour; the base of all others."""

    device = False
    """Whether the block counts as a component and its output changes as events."""

    def output(self, entry: Entry) -> int:
        """Return the level that the block shows, 0..15."""
        return 0

    def signal(self, world: World, cell: int, entry: Entry, d: int) -> int:
        """Return what the block gives to a neighbour (getSignal)."""
        return 0

    def direct(self, world: World, cell: int, entry: Entry, d: int) -> int:
        """Return how strongly the block powers a conductor (getDirectSignal)."""
        return 0

    def survives(self, world: World, cell: int, entry: Entry) -> bool:
        """Return whether the block may stay where it is (canSurvive)."""
        return True

    def neighbour_changed(self, world: World, cell: int, entry: Entry) -> None:
        """React to a neighbour update."""

    def shape_changed(self, world: World, cell: int, entry: Entry, d: int, neighbour: Entry) -> Entry:
        """Return the state the block takes after a shape update from its neighbour in direction d."""
        return entry

    def indirect_shapes(self, world: World, cell: int, entry: Entry) -> None:
        """Send shape updates beyond the six neighbours."""

    def placed(self, world: World, cell: int, entry: Entry, old: Entry) -> None:
        """React to having been set, also after a change of its own state (onPlace)."""

    def removed(self, world: World, cell: int, entry: Entry, new: Entry) -> None:
        """React to having been replaced, also by another state of the same block (onRemove)."""

    def tick(self, world: World, cell: int, entry: Entry) -> None:
        """Run a scheduled tick."""

    def use(self, world: World, cell: int, entry: Entry) -> bool:
        """React to a right-click with an empty hand; return whether the block does so at all."""
        return False


class Solid(Rule):
    """A block that only stands there; what it conducts is in its entry."""
