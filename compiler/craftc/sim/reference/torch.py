"""Redstone torches (RedstoneTorchBlock, RedstoneWallTorchBlock) and their burn-out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from craftc.sim.reference.rules import ALL, DOWN, Rule

if TYPE_CHECKING:
    from craftc.sim.reference.entries import Entry
    from craftc.sim.reference.world import World

DELAY_GT = 2  # TOGGLE_DELAY
TURN_OFFS, WINDOW_GT = 8, 60  # MAX_RECENT_TOGGLES, RECENT_TOGGLE_TIMER
BURNT_GT = 160  # RESTART_DELAY


class Torch(Rule):
    """Lit while the block that holds it is not powered."""

    device = True

    def support(self, entry: Entry) -> int:
        """Return the direction of the block that holds the torch."""
        return DOWN if entry.name == "redstone_torch" else entry.facing ^ 1

    def output(self, entry: Entry) -> int:
        """15 while lit."""
        return 15 if entry.lit else 0

    def signal(self, world: World, cell: int, entry: Entry, d: int) -> int:
        """15 to all sides but its support."""
        return 15 if entry.lit and d != self.support(entry) ^ 1 else 0

    def direct(self, world: World, cell: int, entry: Entry, d: int) -> int:
        """15 to the block above."""
        return self.signal(world, cell, entry, d) if d == DOWN else 0

    def survives(self, world: World, cell: int, entry: Entry) -> bool:
        """On a top with a firm centre, or a full side."""
        held_by = self.support(entry)
        block = world.entry(cell + world.step[held_by])
        return block.centre if held_by == DOWN else bool(block.sturdy >> (held_by ^ 1) & 1)

    def input(self, world: World, cell: int, entry: Entry) -> bool:
        """Return whether the supporting block is powered."""
        d = self.support(entry)
        return world.signal(cell + world.step[d], d) > 0

    def neighbour_changed(self, world: World, cell: int, entry: Entry) -> None:
        """Schedule a tick when the torch is not as its input asks."""
        if entry.lit == self.input(world, cell, entry) and not world.runs_now(cell, entry):
            world.schedule(cell, entry, DELAY_GT)

    def shape_changed(self, world: World, cell: int, entry: Entry, d: int, neighbour: Entry) -> Entry:
        """Break with its support."""
        falls = d == self.support(entry) and not self.survives(world, cell, entry)
        return world.book[0] if falls else entry

    def _tell_all(self, world: World, cell: int) -> None:
        for d in ALL:
            world.notify_around(cell + world.step[d])

    def placed(self, world: World, cell: int, entry: Entry, old: Entry) -> None:
        """Every change tells all blocks within two steps, once for the old state and once for the new."""
        self._tell_all(world, cell)

    def removed(self, world: World, cell: int, entry: Entry, new: Entry) -> None:
        """See `placed`."""
        self._tell_all(world, cell)

    def tick(self, world: World, cell: int, entry: Entry) -> None:
        """Turn off or on; the eighth turn-off within 60 gt burns it out for 160 gt."""
        recent = world.turn_offs
        while recent and world.ticks.now - recent[0][0] > WINDOW_GT:
            recent.pop(0)
        powered = self.input(world, cell, entry)
        if entry.lit and powered:
            world.set_flag(cell, entry, "lit", False, neighbours=True)
            if world.settling:
                return
            recent.append((world.ticks.now, cell))
            if self._too_often(world, cell):
                world.burnouts += 1
                world.schedule(cell, world.entry(cell), BURNT_GT)
        elif not entry.lit and not powered and not self._too_often(world, cell):
            world.set_flag(cell, entry, "lit", True, neighbours=True)

    def _too_often(self, world: World, cell: int) -> bool:
        return sum(where == cell for _, where in world.turn_offs) >= TURN_OFFS
