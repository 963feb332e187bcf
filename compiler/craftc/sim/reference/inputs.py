"""What players, mobs and arrows move: levers, buttons, pressure plates, targets; and redstone blocks.

Source: LeverBlock, ButtonBlock, FaceAttachedHorizontalDirectionalBlock, BasePressurePlateBlock,
TargetBlock, PoweredBlock, ComposterBlock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from craftc.sim.reference.rules import DOWN, UP, Rule

if TYPE_CHECKING:
    from craftc.sim.reference.entries import Entry
    from craftc.sim.reference.world import World

STONE_GT, WOODEN_GT = 20, 30  # BlockSetType: ticks a button stays pressed
STONE_BUTTONS = ("stone_button", "polished_blackstone_button")


class Switch(Rule):
    """A block that gives power to all sides and, strongly, to the block it rests on."""

    device = True

    def support(self, entry: Entry) -> int:
        """Return the direction of the block it rests on."""
        face = entry.state.get("face", "wall")
        if face == "wall":
            return entry.facing ^ 1
        return DOWN if face == "floor" else UP

    def output(self, entry: Entry) -> int:
        """15 while on."""
        return 15 if entry.powered else 0

    def signal(self, world: World, cell: int, entry: Entry, d: int) -> int:
        """Its output to all sides."""
        return self.output(entry)

    def direct(self, world: World, cell: int, entry: Entry, d: int) -> int:
        """Its output to its support."""
        return self.output(entry) if d == self.support(entry) ^ 1 else 0

    def survives(self, world: World, cell: int, entry: Entry) -> bool:
        """On a full face."""
        d = self.support(entry)
        return bool(world.entry(cell + world.step[d]).sturdy >> (d ^ 1) & 1)

    def shape_changed(self, world: World, cell: int, entry: Entry, d: int, neighbour: Entry) -> Entry:
        """Break with its support."""
        falls = d == self.support(entry) and not self.survives(world, cell, entry)
        return world.book[0] if falls else entry

    def tell(self, world: World, cell: int, entry: Entry) -> None:
        """Tell the neighbours of the switch and of the block it rests on."""
        world.notify_around(cell)
        world.notify_around(cell + world.step[self.support(entry)])

    def removed(self, world: World, cell: int, entry: Entry, new: Entry) -> None:
        """A switch broken while on tells both."""
        if new.name != entry.name and self.output(entry) > 0:
            self.tell(world, cell, entry)

    def turn(self, world: World, cell: int, entry: Entry, on: bool) -> None:
        """Bring it to a position."""
        world.set_flag(cell, entry, "powered", on, neighbours=True)
        self.tell(world, cell, entry)


class Lever(Switch):
    """A right-click turns it over."""

    def use(self, world: World, cell: int, entry: Entry) -> bool:
        """Turn it over."""
        self.turn(world, cell, entry, not entry.powered)
        return True


class Button(Switch):
    """A right-click presses it; it comes back after 20 gt (stone) or 30 gt (wood)."""

    def use(self, world: World, cell: int, entry: Entry) -> bool:
        """Press it, unless it is pressed."""
        if not entry.powered:
            self.turn(world, cell, entry, True)
            world.schedule(cell, entry, STONE_GT if entry.name in STONE_BUTTONS else WOODEN_GT)
        return True

    def tick(self, world: World, cell: int, entry: Entry) -> None:
        """Come back."""
        if entry.powered:
            self.turn(world, cell, entry, False)


class Plate(Switch):
    """A pressure plate. What stands on it is up to the user: its state is set, never worked out."""

    def support(self, entry: Entry) -> int:
        """Always the block below."""
        return DOWN

    def output(self, entry: Entry) -> int:
        """`power` of weighted plates, else 15 or 0."""
        return entry.power

    def survives(self, world: World, cell: int, entry: Entry) -> bool:
        """On a top with a firm rim or centre."""
        below = world.entry(cell + world.step[DOWN])
        return below.rigid or below.centre


class Target(Rule):
    """A conductor that gives `power` to all sides, weakly, when an arrow hit it (here: when it is set)."""

    def output(self, entry: Entry) -> int:
        """The property `power`."""
        return entry.power

    def signal(self, world: World, cell: int, entry: Entry, d: int) -> int:
        """Its power to all sides."""
        return entry.power

    def tick(self, world: World, cell: int, entry: Entry) -> None:
        """The hit is over."""
        if entry.power:
            world.change(cell, world.book.changed(entry, "power", "0"), neighbours=True)


class RedstoneBlock(Rule):
    """15 to all sides; conducts nothing."""

    device = True

    def output(self, entry: Entry) -> int:
        """Always 15."""
        return 15

    def signal(self, world: World, cell: int, entry: Entry, d: int) -> int:
        """Always 15."""
        return 15


class Composter(Rule):
    """Read by comparators; a hand empties a full one."""

    def use(self, world: World, cell: int, entry: Entry) -> bool:
        """Take the bone meal out of a composter of level 8."""
        if entry.analog == 8:
            world.change(cell, world.book.changed(entry, "level", "0"), neighbours=True)
        return entry.analog == 8


class Container(Rule):
    """A block whose content comparators read."""

    def removed(self, world: World, cell: int, entry: Entry, new: Entry) -> None:
        """Its content is gone: comparators that read it, also through a block, are told."""
        if new.name != entry.name:
            world.notify_comparators(cell)
