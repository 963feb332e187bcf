"""Repeaters and comparators (DiodeBlock, RepeaterBlock, ComparatorBlock).

Both take their input from `facing`, give to the opposite side, tell what stands in front of them and
that block's other neighbours, and run by scheduled ticks with priorities -3 to 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from craftc.sim.reference.rules import ALL, CLOCKWISE, DOWN, Rule

if TYPE_CHECKING:
    from craftc.sim.reference.entries import Entry
    from craftc.sim.reference.world import World

EXTREMELY_HIGH, VERY_HIGH, HIGH, NORMAL = -3, -2, -1, 0  # TickPriority
GT_PER_STEP = 2  # one step of a repeater; a comparator always takes one


class Diode(Rule):
    """What repeaters and comparators share."""

    device = True
    diodes_only = False

    def signal(self, world: World, cell: int, entry: Entry, d: int) -> int:
        """The output, towards the front only."""
        return self.output(entry) if entry.powered and entry.facing == d else 0

    direct = signal

    def survives(self, world: World, cell: int, entry: Entry) -> bool:
        """On a top with a firm rim."""
        return world.entry(cell + world.step[DOWN]).rigid

    def main_input(self, world: World, cell: int, entry: Entry) -> int:
        """Return the signal from behind; dust counts whatever its shape."""
        behind = cell + world.step[entry.facing]
        level = world.signal(behind, entry.facing)
        dust = world.entry(behind)
        return max(level, dust.power) if level < 15 and dust.name == "redstone_wire" else level

    def side_input(self, world: World, cell: int, entry: Entry) -> int:
        """Return the stronger of both sides."""
        one = CLOCKWISE[entry.facing]
        return max(world.control_signal(cell + world.step[d], d, self.diodes_only) for d in (one, one ^ 1))

    def faces_diode(self, world: World, cell: int, entry: Entry) -> bool:
        """Return whether the block in front is a diode that does not point back (shouldPrioritize)."""
        front = world.entry(cell + world.step[entry.facing ^ 1])
        return isinstance(front.rule, Diode) and front.facing != entry.facing ^ 1

    def notify_front(self, world: World, cell: int, entry: Entry) -> None:
        """Tell the block in front, then its other neighbours."""
        front = cell + world.step[entry.facing ^ 1]
        world.notify(front)
        world.notify_around(front, entry.facing)

    def neighbour_changed(self, world: World, cell: int, entry: Entry) -> None:
        """Look at the inputs; break without support."""
        if self.survives(world, cell, entry):
            self.look(world, cell, entry)
            return
        world.destroy(cell)
        for d in ALL:
            world.notify_around(cell + world.step[d])

    def look(self, world: World, cell: int, entry: Entry) -> None:
        """Schedule a tick if the inputs ask for one (checkTickOnNeighbor)."""
        raise NotImplementedError

    def shape_changed(self, world: World, cell: int, entry: Entry, d: int, neighbour: Entry) -> Entry:
        """Break when the block below no longer carries it."""
        return world.book[0] if d == DOWN and not neighbour.rigid else entry

    def placed(self, world: World, cell: int, entry: Entry, old: Entry) -> None:
        """Every change of state tells the front."""
        self.notify_front(world, cell, entry)

    def removed(self, world: World, cell: int, entry: Entry, new: Entry) -> None:
        """A broken diode tells the front."""
        if new.name != entry.name:
            self.notify_front(world, cell, entry)


class Repeater(Diode):
    """`delay` steps of 2 gt; locked while a diode powers its side."""

    diodes_only = True

    def output(self, entry: Entry) -> int:
        """15 or 0."""
        return 15 if entry.powered else 0

    def delay(self, entry: Entry) -> int:
        """Return the delay in game ticks."""
        return GT_PER_STEP * int(entry.state.get("delay", "1"))

    def locked(self, world: World, cell: int, entry: Entry) -> bool:
        """Return whether a diode powers a side."""
        return self.side_input(world, cell, entry) > 0

    def look(self, world: World, cell: int, entry: Entry) -> None:
        """Schedule a tick when the input differs from the output."""
        if self.locked(world, cell, entry):
            return
        on = self.main_input(world, cell, entry) > 0
        if on == entry.powered or world.runs_now(cell, entry):
            return
        if self.faces_diode(world, cell, entry):
            priority = EXTREMELY_HIGH
        else:
            priority = VERY_HIGH if entry.powered else HIGH
        world.schedule(cell, entry, self.delay(entry), priority)

    def tick(self, world: World, cell: int, entry: Entry) -> None:
        """Follow the input; a pulse that has ended already is still passed on, lengthened."""
        if self.locked(world, cell, entry):
            return
        on = self.main_input(world, cell, entry) > 0
        if entry.powered and not on:
            world.set_flag(cell, entry, "powered", False)
        elif not entry.powered:
            world.set_flag(cell, entry, "powered", True)
            if not on:
                world.schedule(cell, entry, self.delay(entry), VERY_HIGH)

    def shape_changed(self, world: World, cell: int, entry: Entry, d: int, neighbour: Entry) -> Entry:
        """Show `locked` as it is now."""
        if d == DOWN and not neighbour.rigid:
            return world.book[0]
        if d >> 1 == entry.facing >> 1:
            return entry
        locked = self.locked(world, cell, entry)
        return world.book.changed(entry, "locked", "true" if locked else "false")

    def use(self, world: World, cell: int, entry: Entry) -> bool:
        """Next delay: 1, 2, 3, 4, 1."""
        delay = int(entry.state.get("delay", "1")) % 4 + 1
        world.change(cell, world.book.changed(entry, "delay", str(delay)), neighbours=True)
        return True


class Comparator(Diode):
    """Compares or subtracts; its output level is in its block entity."""

    def output(self, entry: Entry) -> int:
        """The level of the block entity."""
        return entry.level

    def subtracts(self, entry: Entry) -> bool:
        """Return whether it is in subtract mode."""
        return entry.state.get("mode") == "subtract"

    def main_input(self, world: World, cell: int, entry: Entry) -> int:
        """Return what is behind: a container's level replaces the signal, through a conductor only a
        signal below 15."""
        level = super().main_input(world, cell, entry)
        behind = cell + world.step[entry.facing]
        block = world.entry(behind)
        if block.analog >= 0:
            return block.analog
        if level < 15 and block.conductor:
            beyond = world.entry(behind + world.step[entry.facing])
            return beyond.analog if beyond.analog >= 0 else level
        return level

    def wanted(self, world: World, cell: int, entry: Entry) -> int:
        """Return the output that the inputs ask for."""
        level = self.main_input(world, cell, entry)
        if level == 0:
            return 0
        side = self.side_input(world, cell, entry)
        if side > level:
            return 0
        return level - side if self.subtracts(entry) else level

    def look(self, world: World, cell: int, entry: Entry) -> None:
        """Schedule a tick when the output is not the wanted one."""
        if world.runs_now(cell, entry):
            return
        wanted = self.wanted(world, cell, entry)
        level = world.entry(cell).level
        if wanted != level or entry.powered != (wanted > 0):
            priority = HIGH if self.faces_diode(world, cell, entry) else NORMAL
            world.schedule(cell, entry, GT_PER_STEP, priority)

    def refresh(self, world: World, cell: int, entry: Entry) -> None:
        """Take the wanted output; in compare mode the front is told even without a change."""
        wanted = self.wanted(world, cell, entry)
        before = world.entry(cell).level
        world.set_level(cell, wanted)
        if before != wanted or not self.subtracts(entry):
            on = wanted > 0
            if on != entry.powered:
                world.set_flag(cell, world.entry(cell), "powered", on)
            self.notify_front(world, cell, entry)

    def tick(self, world: World, cell: int, entry: Entry) -> None:
        """Take the wanted output."""
        self.refresh(world, cell, entry)

    def use(self, world: World, cell: int, entry: Entry) -> bool:
        """Change the mode, and take the new output at once."""
        mode = "compare" if self.subtracts(entry) else "subtract"
        world.change(cell, world.book.changed(entry, "mode", mode))
        self.refresh(world, cell, world.entry(cell))
        return True
