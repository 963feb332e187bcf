"""Redstone dust (RedStoneWireBlock): strength, shape, and the order in which it tells its surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from craftc.sim.reference.rules import ALL, DOWN, EAST, HORIZONTAL, NORTH, SOUTH, UP, WEST, Rule

if TYPE_CHECKING:
    from craftc.sim.reference.entries import Entry
    from craftc.sim.reference.world import World

SIDE_NAME = {NORTH: "north", EAST: "east", SOUTH: "south", WEST: "west"}
NAME = "redstone_wire"
Sides = dict[int, str]  # horizontal direction -> none, side, up


def is_dust(entry: Entry) -> bool:
    """Return whether a block is dust."""
    return entry.name == NAME


def carries(entry: Entry) -> bool:
    """Return whether dust may lie on a block (canSurviveOn; hoppers are not modelled)."""
    return bool(entry.sturdy >> UP & 1)


def draws(entry: Entry, d: int) -> bool:
    """Return whether dust turns towards a block that lies in direction d of it (shouldConnectTo)."""
    if entry.name == NAME:
        return True
    if entry.name == "repeater":
        return entry.facing >> 1 == d >> 1
    if entry.name == "observer":
        return entry.facing == d
    return entry.signal_source


def sides_of(entry: Entry) -> Sides:
    """Return the shape as saved; sides that are not given are connected."""
    return {d: entry.state.get(name, "side") for d, name in SIDE_NAME.items()}


def with_sides(world: World, entry: Entry, sides: Sides) -> Entry:
    """Return the dust with a shape."""
    for d, value in sides.items():
        entry = world.book.changed(entry, SIDE_NAME[d], value)
    return entry


class Dust(Rule):
    """Dust. Its saved shape matters in one way only: a dot stays a dot while nothing draws it."""

    def output(self, entry: Entry) -> int:
        """The strength."""
        return entry.power

    # --- shape ------------------------------------------------------------------------------

    def connection(self, world: World, cell: int, d: int) -> str:
        """Return how dust at a cell reaches towards a horizontal direction (getConnectingSide)."""
        there = cell + world.step[d]
        beside = world.entry(there)
        if not world.entry(cell + world.step[UP]).conductor:
            climbs = carries(beside) or beside.name.endswith("trapdoor")
            if climbs and is_dust(world.entry(there + world.step[UP])):
                return "up" if beside.sturdy >> (d ^ 1) & 1 else "side"
        if draws(beside, d):
            return "side"
        falls = not beside.conductor and is_dust(world.entry(there + world.step[DOWN]))
        return "side" if falls else "none"

    def shape(self, world: World, cell: int, before: Sides) -> Sides:
        """Return the shape of dust that was `before` (getConnectionState)."""
        sides = {d: self.connection(world, cell, d) for d in HORIZONTAL}
        joined = {d: value != "none" for d, value in sides.items()}
        if not any(joined.values()) and all(value == "none" for value in before.values()):
            return sides
        for d in HORIZONTAL:
            across = (EAST, WEST) if d in (NORTH, SOUTH) else (NORTH, SOUTH)
            if not joined[d] and not joined[across[0]] and not joined[across[1]]:
                sides[d] = "side"
        return sides

    def shape_changed(self, world: World, cell: int, entry: Entry, d: int, neighbour: Entry) -> Entry:
        """Follow a neighbour's shape; a cross, and a side that comes or goes, is worked out anew."""
        if d == DOWN:
            return entry if carries(neighbour) else world.book[0]
        sides = sides_of(entry)
        if d == UP:
            return with_sides(world, entry, self.shape(world, cell, sides))
        side = self.connection(world, cell, d)
        cross = all(value != "none" for value in sides.values())
        if (side == "none") == (sides[d] == "none") and not cross:
            return with_sides(world, entry, {d: side})
        anew = dict.fromkeys(HORIZONTAL, "side") | {d: side}
        return with_sides(world, entry, self.shape(world, cell, anew))

    def indirect_shapes(self, world: World, cell: int, entry: Entry) -> None:
        """Dust one step up or down beside also follows."""
        for d, side in sides_of(entry).items():
            beside = cell + world.step[d]
            if side == "none" or is_dust(world.entry(beside)):
                continue
            for vertical in (DOWN, UP):
                there = beside + world.step[vertical]
                if is_dust(world.entry(there)):
                    world.shape_from(there, d ^ 1)

    # --- strength ---------------------------------------------------------------------------

    def signal(self, world: World, cell: int, entry: Entry, d: int) -> int:
        """Its strength, to the block below and to what it points at; never to the block above."""
        if not world.wires_give or d == DOWN or entry.power == 0:
            return 0
        if d == UP or self.shape(world, cell, sides_of(entry))[d ^ 1] != "none":
            return entry.power
        return 0

    direct = signal

    def strength(self, world: World, cell: int) -> int:
        """Return the strength that the surroundings give (calculateTargetStrength)."""
        world.wires_give = False
        level = world.best_signal(cell)
        world.wires_give = True
        if level >= 15:
            return level
        dust = 0
        covered = world.entry(cell + world.step[UP]).conductor
        for d in HORIZONTAL:
            there = cell + world.step[d]
            beside = world.entry(there)
            dust = max(dust, self._power(beside))
            if not beside.conductor:
                dust = max(dust, self._power(world.entry(there + world.step[DOWN])))
            elif not covered:
                dust = max(dust, self._power(world.entry(there + world.step[UP])))
        return max(level, dust - 1)

    @staticmethod
    def _power(entry: Entry) -> int:
        return entry.power if entry.name == NAME else 0

    def update(self, world: World, cell: int, entry: Entry) -> None:
        """Take the strength of the surroundings; after a change tell all blocks within two steps.

        The cells around which is told come in the order of a hash set of positions, which depends on
        where in the world the dust lies (see `hash_order`).
        """
        level = self.strength(world, cell)
        if level == entry.power:
            return
        if world.entry(cell).state == entry.state:
            world.change(cell, world.book.changed(entry, "power", str(level)))
        for centre in hash_order(world, cell):
            world.notify_around(centre)

    def survives(self, world: World, cell: int, entry: Entry) -> bool:
        """On a full top."""
        return carries(world.entry(cell + world.step[DOWN]))

    def neighbour_changed(self, world: World, cell: int, entry: Entry) -> None:
        """Follow the surroundings; break without support."""
        if self.survives(world, cell, entry):
            self.update(world, cell, entry)
        else:
            world.destroy(cell)

    # --- coming and going -------------------------------------------------------------------

    def placed(self, world: World, cell: int, entry: Entry, old: Entry) -> None:
        """New dust takes its strength and tells other dust around."""
        if old.name == entry.name:
            return
        self.update(world, cell, entry)
        for d in (UP, DOWN):
            world.notify_around(cell + world.step[d])
        self._tell_dust(world, cell)

    def removed(self, world: World, cell: int, entry: Entry, new: Entry) -> None:
        """Broken dust tells everything around."""
        if new.name == entry.name:
            return
        for d in ALL:
            world.notify_around(cell + world.step[d])
        self.update(world, cell, entry)
        self._tell_dust(world, cell)

    def _tell_dust(self, world: World, cell: int) -> None:
        """Update around the dust beside, and that one step up or down (updateNeighborsOfNeighboringWires)."""
        for d in HORIZONTAL:
            self._tell_around_dust(world, cell + world.step[d])
        for d in HORIZONTAL:
            beside = cell + world.step[d]
            vertical = UP if world.entry(beside).conductor else DOWN
            self._tell_around_dust(world, beside + world.step[vertical])

    def _tell_around_dust(self, world: World, cell: int) -> None:
        if is_dust(world.entry(cell)):
            world.notify_around(cell)
            for d in ALL:
                world.notify_around(cell + world.step[d])

    def use(self, world: World, cell: int, entry: Entry) -> bool:
        """A cross becomes a dot and a dot a cross, if nothing draws the dust."""
        before = sides_of(entry)
        joined = [value != "none" for value in before.values()]
        if any(joined) and not all(joined):
            return True
        wanted = dict.fromkeys(HORIZONTAL, "none" if all(joined) else "side")
        after = self.shape(world, cell, wanted)
        new = with_sides(world, entry, after)
        if new is entry:
            return True
        world.change(cell, new, neighbours=True)
        for d in HORIZONTAL:
            there = cell + world.step[d]
            if (before[d] == "none") != (after[d] == "none") and world.entry(there).conductor:
                world.notify_around(there, d ^ 1)
        return True


def hash_order(world: World, cell: int) -> list[int]:
    """Return the cell and its six neighbours in the order of Java's HashSet<BlockPos>.

    Source: Vec3i.hashCode, (y + z * 31) * 31 + x, and java.util.HashMap: 16 buckets for 7 elements, the
    bucket from the low bits of h ^ h >>> 16, first in first out within a bucket.
    """
    x, y, z = world.world_position(cell)
    cells = [(cell, x, y, z)]
    for d, (dx, dy, dz) in enumerate(((0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1), (-1, 0, 0), (1, 0, 0))):
        cells.append((cell + world.step[d], x + dx, y + dy, z + dz))

    def bucket(item: tuple[int, int, int, int]) -> int:
        code = ((item[2] + item[3] * 31) * 31 + item[1]) & 0xFFFFFFFF
        return (code ^ code >> 16) & 15

    return [item[0] for item in sorted(cells, key=bucket)]
