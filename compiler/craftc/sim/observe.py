"""Links that are no power: what observers see, and bulbs that comparators read; and what is refused.

An observer's main port sees the node or dust it faces, and if that is a repeater also what locks it. A bulb
behind a comparator, or behind one conductor, counts as an empty container that gives 15 over a link when lit.

Refused, because only the reference engine follows it: blocks that a trapdoor holds up (they break when it
moves), and observers before a repeater that both its sides may lock (they see the lock, not each side).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from craftc.blocks import names
from craftc.blocks.tables import DIRECTION
from craftc.blocks.volume import Volume
from craftc.errors import SimError
from craftc.sim.devices import (
    BULB,
    COMPARE,
    DUST,
    INPUT,
    LEVEL_OBSERVER,
    OBSERVER,
    REPEATER,
    SUBTRACT,
)
from craftc.sim.edit import support_of
from craftc.sim.grid import Grid
from craftc.sim.kernel import AnyArray, Bytes, Ints, Longs, kernel

LEGAL = "--engine reference"
_STEPS = {"down": (0, -1), "up": (0, 1), "north": (1, -1), "south": (1, 1), "west": (2, -1), "east": (2, 1)}


@kernel
def _direction(mask: int) -> int:
    """Return the direction of a mask of one bit."""
    for d in range(6):
        if mask >> d & 1:
            return d
    return -1


@kernel
def _is_bulb_reader(grid: Grid, cell: int, d: int) -> int:
    """Return the number of the bulb that a comparator at `cell` reads in direction d, or -1."""
    there = cell + grid.off[d]
    if grid.conductor[grid.entry[there]] and grid.analog[grid.entry[there]] < 0:
        there += grid.off[d]  # a bulb is no conductor, and a container of its own hides what is beyond
    return grid.slot[there] if grid.kind[grid.entry[there]] == BULB else -1


@kernel
def _locks(grid: Grid, cell: int, source: Ints, size: int) -> int:
    """Append the diodes that point into the sides of the repeater at `cell`."""
    for d in range(2, 6):
        there = cell + grid.off[d]
        entry = grid.entry[there]
        is_diode = REPEATER <= grid.kind[entry] <= SUBTRACT
        if grid.sides[grid.entry[cell]] >> d & 1 and is_diode and grid.strong[entry] >> (d ^ 1) & 1:
            source[size] = grid.slot[there]
            size += 1
    return size


@kernel
def node_pairs(
    grid: Grid, node_cell: Longs, kind: Bytes, rear: AnyArray, source: Ints, port: Ints
) -> tuple[int, int]:
    """Fill (source, port) with links from nodes; return how many, and the first observer that is refused.

    Both arrays have room for three links per node. Makes the observers of levels LEVEL_OBSERVER in `kind`,
    and sets `rear` of comparators that read bulbs, in place.
    """
    size = 0
    for n in range(len(node_cell)):
        cell = node_cell[n]
        entry = grid.entry[cell]
        before = size
        if kind[n] == OBSERVER:
            faced = cell + grid.off[_direction(grid.gives[entry]) ^ 1]
            what = grid.kind[grid.entry[faced]]
            if what == DUST or what == INPUT:  # noqa: SIM109 - not in compiled code
                kind[n] = LEVEL_OBSERVER
            if what > DUST:
                source[size] = grid.slot[faced]
                size += 1
            if what == REPEATER:
                size = _locks(grid, faced, source, size)
                if size - before > 2:
                    return size, n
        elif COMPARE <= kind[n] <= SUBTRACT:
            d = _direction(grid.reads[entry])
            bulb = _is_bulb_reader(grid, cell, d)
            if bulb >= 0:
                rear[n] = -1 if grid.kind[grid.entry[cell + grid.off[d]]] == BULB else 0
                source[size] = bulb
                size += 1
        for k in range(before, size):
            port[k] = 2 * n
    return size, -1


@kernel
def dust_pairs(grid: Grid, node_cell: Longs, kind: Bytes, source: Ints, port: Ints) -> int:
    """Fill (source, port) with the links from dust to the observers that face it; return how many."""
    size = 0
    for n in range(len(node_cell)):
        if kind[n] == LEVEL_OBSERVER:
            faced = node_cell[n] + grid.off[_direction(grid.gives[grid.entry[node_cell[n]]]) ^ 1]
            if grid.kind[grid.entry[faced]] == DUST:
                source[size] = grid.slot[faced]
                port[size] = 2 * n
                size += 1
    return size


def merged(start: Longs, target: Ints, source: Ints, port: Ints) -> tuple[Longs, Ints]:
    """Return rows (start, target) with further targets `port` at the end of the rows `source`."""
    rows = np.repeat(np.arange(len(start) - 1), np.diff(start))
    order = np.argsort(np.concatenate((rows, source)), kind="stable")
    counts = np.diff(start) + np.bincount(source, minlength=len(start) - 1)
    ends = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return ends, np.concatenate((target, port))[order].astype(np.int32)


def refuse_held_by_trapdoors(volume: Volume, used: npt.NDArray[np.bool_]) -> None:
    """Raise SimError naming the first block that stands or hangs on a trapdoor."""
    states = [state for state, _ in volume.palette]
    trapdoor = np.array([s.short in names.TRAPDOORS for s in states], dtype=np.bool_)
    if not (trapdoor & used).any():
        return
    for direction in DIRECTION:
        hangs = np.array([support_of(s) == direction for s in states], dtype=np.bool_)
        axis, step = _STEPS[direction]
        ids = np.moveaxis(volume.ids, axis, 0)
        holder, hung = (ids[:-1], ids[1:]) if step < 0 else (ids[1:], ids[:-1])
        held: npt.NDArray[np.bool_] = np.moveaxis(trapdoor[holder] & hangs[hung], 0, axis)
        if held.any():
            place = [int(v) for v in np.argwhere(held)[0]]
            place[axis] += step < 0
            y, z, x = place
            state = volume.get((x, y, z))
            raise SimError(f"{state} is held by a trapdoor", where=f"({x}, {y}, {z})", legal=LEGAL)
