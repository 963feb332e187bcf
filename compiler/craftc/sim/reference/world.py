"""The blocks of a board and what may be done to them: `World`.

A cell is a flat index into the volume with two cells around it, so that every neighbour of a
block, and the neighbours of that, are cells. `step[d]` leads to the neighbour in direction d. Outside of the
volume lies something that holds blocks up and has no part in redstone.
"""

from __future__ import annotations

import numpy as np

from craftc.blocks.palette import Entity, Palette
from craftc.blocks.volume import Pos, Volume
from craftc.sim.reference.entries import Book, Entry
from craftc.sim.reference.registry import RULES
from craftc.sim.reference.rules import HORIZONTAL
from craftc.sim.reference.ticks import Ticks
from craftc.sim.reference.updates import SHAPE_ORDER, Around, Neighbour, Shape, Updates

MARGIN = 2
OUTSIDE = "minecraft:barrier"
COMPARATOR = RULES["comparator"]


class World:
    """Blocks, updates, scheduled ticks and counters of one board."""

    def __init__(self, volume: Volume) -> None:
        palette = Palette()
        table = volume.palette.remap_to(palette)
        ids = np.pad(table[volume.ids], MARGIN, constant_values=palette.add(OUTSIDE))
        self.shape: tuple[int, ...] = tuple(ids.shape)  # (y, z, x)
        self.size = volume.size
        self.origin = volume.origin
        self.ids: list[int] = [int(i) for i in ids.reshape(-1)]
        _, length, width = ids.shape
        self.step = (-length * width, length * width, -width, width, -1, 1)
        self.book = Book(palette)
        self.updates = Updates(self)
        self.ticks = Ticks()
        self.turn_offs: list[tuple[int, int]] = []  # (game time, cell) of torches, oldest first
        self.settling = False  # torches do not burn out, observers sleep, bulbs keep their light
        self.wires_give = True  # dust that adds up its inputs hears no dust (shouldSignal)
        self.events = self.ticks_run = self.peak = self.burnouts = 0
        self.touched: dict[int, int] = {}  # cell -> id before its first change since take_changes

    # --- places -----------------------------------------------------------------------------

    def cell(self, pos: Pos) -> int:
        """Return the cell of a local position, which must be inside."""
        x, y, z = (int(v) + MARGIN for v in pos)
        return (y * self.shape[1] + z) * self.shape[2] + x

    def position(self, cell: int) -> Pos:
        """Return the local position of a cell."""
        rest, x = divmod(cell, self.shape[2])
        y, z = divmod(rest, self.shape[1])
        return (x - MARGIN, y - MARGIN, z - MARGIN)

    def world_position(self, cell: int) -> Pos:
        """Return the position of a cell in the world that the volume lies in."""
        x, y, z = self.position(cell)
        return (x + self.origin[0], y + self.origin[1], z + self.origin[2])

    def inside(self, pos: Pos) -> bool:
        """Return whether a local position is in the box."""
        return all(0 <= p < s for p, s in zip(pos, self.size, strict=True))

    def entry(self, cell: int) -> Entry:
        """Return what stands at a cell."""
        return self.book[self.ids[cell]]

    # --- changes ----------------------------------------------------------------------------

    def store(self, cell: int, new: Entry) -> None:
        """Put an entry at a cell, without any update."""
        old = self.entry(cell)
        self.touched.setdefault(cell, old.id)
        self.ids[cell] = new.id
        if old.name == new.name and new.rule.device and old.shown != new.shown:
            self.events += 1

    def change(self, cell: int, new: Entry, *, neighbours: bool = False, shapes: bool = True) -> None:
        """Set a block as the game does (Level.setBlock): the old and the new block react, then the
        neighbours are told if `neighbours`, then their shapes follow if `shapes`."""
        old = self.entry(cell)
        if new.state == old.state:
            return
        if new.name == old.name and new.entity != old.entity:
            new = self.book.of(new.state, old.entity)
        self.store(cell, new)
        old.rule.removed(self, cell, old, new)
        new.rule.placed(self, cell, new, old)
        if self.entry(cell).state != new.state:
            return
        if neighbours:
            self.notify_around(cell)
            if new.analog >= 0:
                self.notify_comparators(cell)
        if shapes:
            old.rule.indirect_shapes(self, cell, old)
            for d in SHAPE_ORDER:
                self.updates.ask(Shape(cell + self.step[d], d ^ 1, new))
            new.rule.indirect_shapes(self, cell, new)

    def fitted(self, cell: int, new: Entry) -> Entry:
        """Return a block as its neighbours would shape it (updateFromNeighbourShapes); one that may not
        stand there is returned as it is."""
        shaped = new
        for d in SHAPE_ORDER:
            shaped = shaped.rule.shape_changed(self, cell, shaped, d, self.entry(cell + self.step[d]))
        return new if shaped.id == 0 else shaped

    def set_flag(self, cell: int, entry: Entry, key: str, on: bool, *, neighbours: bool = False) -> None:
        """Change one property that is true or false."""
        self.change(cell, self.book.changed(entry, key, "true" if on else "false"), neighbours=neighbours)

    def destroy(self, cell: int) -> None:
        """Break a block."""
        self.change(cell, self.book[0], neighbours=True)

    def set_level(self, cell: int, level: int) -> None:
        """Set the output signal of a comparator's block entity."""
        entry = self.entry(cell)
        self.store(cell, self.book.of(entry.state, Entity("comparator", level)))

    # --- updates ----------------------------------------------------------------------------

    def notify(self, cell: int) -> None:
        """Send a neighbour update to one cell."""
        self.updates.ask(Neighbour(cell))

    def notify_around(self, cell: int, skip: int = -1) -> None:
        """Send neighbour updates to the six neighbours of a cell, but for one direction."""
        self.updates.ask(Around(cell, skip))

    def shape_from(self, cell: int, d: int) -> None:
        """Send a shape update to a cell from its neighbour in direction d."""
        self.updates.ask(Shape(cell, d, self.entry(cell + self.step[d])))

    def notify_comparators(self, cell: int) -> None:
        """Tell comparators that read this block, directly or through a conductor."""
        for d in HORIZONTAL:
            there = cell + self.step[d]
            entry = self.entry(there)
            if entry.conductor and entry.rule is not COMPARATOR:
                there += self.step[d]
                entry = self.entry(there)
            if entry.rule is COMPARATOR:
                self.updates.ask(Neighbour(there, entry))

    # --- ticks ------------------------------------------------------------------------------

    def schedule(self, cell: int, entry: Entry, delay: int, priority: int = 0) -> None:
        """Schedule a tick for the block at a cell."""
        self.ticks.schedule(cell, entry.name, delay, priority)

    def runs_now(self, cell: int, entry: Entry) -> bool:
        """Return whether the block still has its tick to run in this game tick."""
        return self.ticks.runs_now(cell, entry.name)

    def tick(self) -> None:
        """Run one game tick."""
        due = self.ticks.begin()
        for key in due:
            self.ticks.runs(key)
            entry = self.entry(key[0])
            if entry.name == key[1]:
                entry.rule.tick(self, key[0], entry)
        self.ticks_run += len(due)
        self.peak = max(self.peak, len(due))

    # --- power ------------------------------------------------------------------------------

    def direct_into(self, cell: int) -> int:
        """Return how strongly a conductor is powered from its six sides (getDirectSignalTo)."""
        best = 0
        for d, step in enumerate(self.step):
            there = cell + step
            entry = self.entry(there)
            best = max(best, entry.rule.direct(self, there, entry, d))
            if best >= 15:
                break
        return best

    def signal(self, cell: int, d: int) -> int:
        """Return what a cell gives to its neighbour that lies in direction d ^ 1 (getSignal)."""
        entry = self.entry(cell)
        level = entry.rule.signal(self, cell, entry, d)
        return max(level, self.direct_into(cell)) if entry.conductor else level

    def powered(self, cell: int) -> bool:
        """Return whether any neighbour gives a signal (hasNeighborSignal)."""
        return any(self.signal(cell + step, d) > 0 for d, step in enumerate(self.step))

    def best_signal(self, cell: int) -> int:
        """Return the strongest signal of all neighbours (getBestNeighborSignal)."""
        best = 0
        for d, step in enumerate(self.step):
            best = max(best, self.signal(cell + step, d))
            if best >= 15:
                break
        return best

    def control_signal(self, cell: int, d: int, diodes_only: bool) -> int:
        """Return the side input of a diode from the cell in direction d of it (getControlInputSignal)."""
        entry = self.entry(cell)
        if diodes_only:
            is_diode = entry.name in ("repeater", "comparator")
            return entry.rule.direct(self, cell, entry, d) if is_diode else 0
        if entry.name == "redstone_block":
            return 15
        if entry.name == "redstone_wire":
            return entry.power
        return entry.rule.direct(self, cell, entry, d)
