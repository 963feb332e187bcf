"""What power moves: lamps, trapdoors, note blocks, copper bulbs; and observers.

Source: RedstoneLampBlock, TrapDoorBlock, NoteBlock, CopperBulbBlock (1.20.4 with the experiment
update_1_21: it reacts at once), ObserverBlock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from craftc.blocks.instruments import instrument
from craftc.sim.reference.rules import DOWN, Rule

if TYPE_CHECKING:
    from craftc.sim.reference.entries import Entry
    from craftc.sim.reference.world import World

LAMP_OFF_GT = 4
OBSERVER_GT = 2
NOTES = 25


class Lit(Rule):
    """A component that shows its level as light."""

    device = True

    def output(self, entry: Entry) -> int:
        """15 while lit."""
        return 15 if entry.lit else 0


class Powered(Rule):
    """A component that shows its level as `powered`."""

    device = True

    def output(self, entry: Entry) -> int:
        """15 while powered."""
        return 15 if entry.powered else 0


class Lamp(Lit):
    """Lights at once; goes dark 4 gt after its power went."""

    def neighbour_changed(self, world: World, cell: int, entry: Entry) -> None:
        """Light, or schedule the end."""
        powered = world.powered(cell)
        if entry.lit and not powered:
            world.schedule(cell, entry, LAMP_OFF_GT)
        elif powered and not entry.lit:
            world.set_flag(cell, entry, "lit", True)

    def tick(self, world: World, cell: int, entry: Entry) -> None:
        """Go dark if there is still no power."""
        if entry.lit and not world.powered(cell):
            world.set_flag(cell, entry, "lit", False)


class Trapdoor(Powered):
    """Opens with power and closes without, at once; a hand moves those that are not of iron."""

    def neighbour_changed(self, world: World, cell: int, entry: Entry) -> None:
        """Follow the power."""
        powered = world.powered(cell)
        if powered != entry.powered:
            moved = world.book.changed(entry, "open", "true" if powered else "false")
            world.set_flag(cell, moved, "powered", powered)

    def use(self, world: World, cell: int, entry: Entry) -> bool:
        """Open or close."""
        if entry.name == "iron_trapdoor":
            return False
        world.set_flag(cell, entry, "open", not entry.open)
        return True


class NoteBlock(Powered):
    """Plays when its power comes (no block hears it); shows `powered`."""

    def neighbour_changed(self, world: World, cell: int, entry: Entry) -> None:
        """Follow the power."""
        powered = world.powered(cell)
        if powered != entry.powered:
            world.set_flag(cell, entry, "powered", powered, neighbours=True)

    def shape_changed(self, world: World, cell: int, entry: Entry, d: int, neighbour: Entry) -> Entry:
        """Take the instrument of the block below, if that is known."""
        sound = instrument(neighbour.name) if d == DOWN else None
        return entry if sound is None else world.book.changed(entry, "instrument", sound)

    def use(self, world: World, cell: int, entry: Entry) -> bool:
        """Next of 25 pitches."""
        note = (int(entry.state.get("note", "0")) + 1) % NOTES
        world.change(cell, world.book.changed(entry, "note", str(note)), neighbours=True)
        return True


class CopperBulb(Lit):
    """Its light turns over with every rising edge of its power, at once."""

    def placed(self, world: World, cell: int, entry: Entry, old: Entry) -> None:
        """A new bulb looks at its power."""
        if old.name != entry.name:
            self.neighbour_changed(world, cell, entry)

    def neighbour_changed(self, world: World, cell: int, entry: Entry) -> None:
        """Follow the power, and turn the light over if it came."""
        powered = world.powered(cell)
        if powered == entry.powered:
            return
        if powered and not world.settling:
            entry = world.book.changed(entry, "lit", "false" if entry.lit else "true")
        world.set_flag(cell, entry, "powered", powered, neighbours=True)


class Observer(Powered):
    """Gives 15 backwards for 2 gt, 2 gt after the block in front changed its state."""

    def signal(self, world: World, cell: int, entry: Entry, d: int) -> int:
        """15 to its back."""
        return 15 if entry.powered and entry.facing == d else 0

    direct = signal

    def shape_changed(self, world: World, cell: int, entry: Entry, d: int, neighbour: Entry) -> Entry:
        """The watched block changed."""
        asleep = world.settling or entry.powered or d != entry.facing
        if not asleep and not world.ticks.is_scheduled(cell, entry.name):
            world.schedule(cell, entry, OBSERVER_GT)
        return entry

    def tick(self, world: World, cell: int, entry: Entry) -> None:
        """Begin or end the pulse."""
        if entry.powered:
            world.set_flag(cell, entry, "powered", False)
        else:
            world.set_flag(cell, entry, "powered", True)
            world.schedule(cell, entry, OBSERVER_GT)
        self._tell_back(world, cell, entry)

    def _tell_back(self, world: World, cell: int, entry: Entry) -> None:
        back = cell + world.step[entry.facing ^ 1]
        world.notify(back)
        world.notify_around(back, entry.facing)

    def placed(self, world: World, cell: int, entry: Entry, old: Entry) -> None:
        """A new observer that comes powered and has no tick turns off."""
        if old.name != entry.name and entry.powered and not world.ticks.is_scheduled(cell, entry.name):
            world.change(cell, world.book.changed(entry, "powered", "false"), shapes=False)
            self._tell_back(world, cell, entry)

    def removed(self, world: World, cell: int, entry: Entry, new: Entry) -> None:
        """An observer broken within its pulse ends it."""
        if new.name != entry.name and entry.powered and world.ticks.is_scheduled(cell, entry.name):
            self._tell_back(world, cell, entry)
