"""Kernels that turn cells into links: dust to dust, dust to devices, device to device.

All work on a padded grid (grid.py). A port is 2*node for the main input and 2*node + 1 for the side input.

A device that reads a cell reads it if its mask has the direction towards it; a conductor that is
powered hands power to every device that reads it, and to dust only if the power is strong.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from craftc.sim.devices import COMPARE, DUST, REPEATER, SUBTRACT
from craftc.sim.grid import ROOM, Grid, grow
from craftc.sim.kernel import Bytes, Ints, Longs, hot_inline, index, kernel, signed


@hot_inline
def _put(array: Ints, size: int, value: int) -> int:
    """Append to an array that has room; return the new size."""
    array[index(size)] = value
    return size + 1


@hot_inline
def _entry(grid: Grid, cell: int) -> int:
    return signed(grid.entry[index(cell)])


@kernel
def wire_links(grid: Grid, dust_cell: Longs, reach: int) -> tuple[Longs, Ints]:
    """Return (start, target): the dust that reads dust i is target[start[i]:start[i+1]].

    A dust reads its level neighbours, the dust on top of a conducting neighbour if nothing conducting
    lies above itself, and the dust below a neighbour that does not conduct (RedStoneWireBlock,
    calculateTargetStrength). `reach` is the offset of one step up.
    """
    start = np.zeros(len(dust_cell) + 1, np.int64)
    target = np.empty(2 * len(dust_cell) + ROOM, np.int32)
    size = 0
    for i in range(len(dust_cell)):
        if size + ROOM > len(target):
            target = grow(target, size)
        size = _wires(grid, dust_cell[i], reach, target, size)
        start[i + 1] = size
    return start, target[:size].copy()


@hot_inline
def _wires(grid: Grid, cell: int, reach: int, target: Ints, size: int) -> int:
    """Append the dust that reads the dust at `cell`."""
    on_conductor = grid.conductor[index(_entry(grid, cell - reach))]
    open_above = not grid.conductor[index(_entry(grid, cell + reach))]
    for d in range(2, 6):
        beside = cell + grid.off[d]
        entry = _entry(grid, beside)
        if grid.kind[index(entry)] == DUST:
            size = _put(target, size, grid.slot[index(beside)])
        if open_above and grid.kind[index(_entry(grid, beside + reach))] == DUST:
            size = _put(target, size, grid.slot[index(beside + reach)])
        below = beside - reach
        if (
            on_conductor
            and grid.kind[index(_entry(grid, below))] == DUST
            and not grid.conductor[index(entry)]
        ):
            size = _put(target, size, grid.slot[index(below)])
    return size


@hot_inline
def _main_port(grid: Grid, cell: int, entry: int, d: int) -> int:
    """Return the main port of the device at `cell` if it reads the cell it is entered from by `d`, or -1."""
    if grid.reads[index(entry)] >> (d ^ 1) & 1:
        return 2 * signed(grid.slot[index(cell)])
    return -1


@hot_inline
def _readers_of_block(grid: Grid, block: int, ports: Ints, size: int) -> int:
    """Append the main ports of all devices that read the conductor `block`."""
    for d in range(6):
        cell = block + grid.off[d]
        port = _main_port(grid, cell, _entry(grid, cell), d)
        if port >= 0:
            size = _put(ports, size, port)
    return size


@kernel
def dust_sinks(grid: Grid, dust_cell: Longs, dust_mask: Bytes) -> tuple[Longs, Ints]:
    """Return (start, port): the ports that read dust i, with repetitions.

    `dust_mask` (dusts,) has bit d for the horizontal directions the dust is connected to. Dust powers
    the block below it and what it points at; comparators read dust beside them whatever its shape.
    """
    start = np.zeros(len(dust_cell) + 1, np.int64)
    ports = np.empty(len(dust_cell) + ROOM, np.int32)
    size = 0
    for i in range(len(dust_cell)):
        if size + ROOM > len(ports):
            ports = grow(ports, size)
        size = _sinks(grid, dust_cell[i], signed(dust_mask[i]), ports, size)
        start[i + 1] = size
    return start, ports[:size].copy()


@hot_inline
def _sinks(grid: Grid, cell: int, mask: int, ports: Ints, size: int) -> int:
    """Append the ports that read the dust at `cell`, which points the ways of `mask`."""
    for d in range(6):
        if d == 1:
            continue
        beside = cell + grid.off[d]
        entry = _entry(grid, beside)
        if d == 0 or mask >> d & 1:
            port = _main_port(grid, beside, entry, d)
            if port >= 0:
                size = _put(ports, size, port)
            if grid.conductor[index(entry)]:
                size = _readers_of_block(grid, beside, ports, size)
        is_comparator = COMPARE <= grid.kind[index(entry)] <= SUBTRACT
        if is_comparator and grid.sides[index(entry)] >> (d ^ 1) & 1:
            size = _put(ports, size, 2 * signed(grid.slot[index(beside)]) + 1)
    return size


@hot_inline
def _side_port(grid: Grid, source_kind: int, strong: int, cell: int, entry: int, d: int) -> int:
    """Return the side port of the diode at `cell` entered by `d`, or -1 if this source is no side input.

    Comparators take redstone blocks and anything that gives direct signal their way; repeaters only
    diodes pointing in (SignalGetter.getControlInputSignal).
    """
    if not grid.sides[index(entry)] >> (d ^ 1) & 1:
        return -1
    is_diode = REPEATER <= source_kind <= SUBTRACT
    port = 2 * signed(grid.slot[index(cell)]) + 1
    if is_diode and strong >> d & 1:
        return port
    if grid.kind[index(entry)] == REPEATER:
        return -1
    if source_kind == 7 or strong >> d & 1:  # CONSTANT: redstone block
        return port
    return -1


@kernel
def node_sinks(grid: Grid, node_cell: Longs) -> tuple[Longs, Ints]:
    """Return (start, code): what node n feeds without loss; code = port, or -1 - dust number."""
    start = np.zeros(len(node_cell) + 1, np.int64)
    code = np.empty(len(node_cell) + ROOM, np.int32)
    size = 0
    for n in range(len(node_cell)):
        if size + ROOM > len(code):
            code = grow(code, size)
        size = _fed(grid, node_cell[n], code, size)
        start[n + 1] = size
    return start, code[:size].copy()


@hot_inline
def _fed(grid: Grid, cell: int, code: Ints, size: int) -> int:
    """Append what the node at `cell` feeds."""
    entry = _entry(grid, cell)
    gives, strong = signed(grid.gives[index(entry)]), signed(grid.strong[index(entry)])
    kind = signed(grid.kind[index(entry)])
    for d in range(6):
        if not gives >> d & 1:
            continue
        there = cell + grid.off[d]
        reader = _entry(grid, there)
        if grid.kind[index(reader)] == DUST:
            size = _put(code, size, -1 - signed(grid.slot[index(there)]))
        port = _main_port(grid, there, reader, d)
        if port >= 0:
            size = _put(code, size, port)
        port = _side_port(grid, kind, strong, there, reader, d)
        if port >= 0:
            size = _put(code, size, port)
    for d in range(6):
        there = cell + grid.off[d]
        if not (strong >> d & 1 and grid.conductor[index(_entry(grid, there))]):
            continue
        size = _readers_of_block(grid, there, code, size)
        for e in range(6):
            if grid.kind[index(_entry(grid, there + grid.off[e]))] == DUST:
                size = _put(code, size, -1 - signed(grid.slot[index(there + grid.off[e])]))
    return size


@kernel
def rear_sources(grid: Grid, node_cell: Longs) -> npt.NDArray[np.int8]:
    """Return per node what a comparator reads from a container: -1 nothing, 16 + v directly behind it
    (v replaces the input), v behind one conductor (v replaces inputs below 15)."""
    out = np.full(len(node_cell), -1, np.int8)
    for n in range(len(node_cell)):
        entry = grid.entry[node_cell[n]]
        kind = grid.kind[entry]
        if not COMPARE <= kind <= SUBTRACT:
            continue
        for d in range(2, 6):
            if not grid.reads[entry] >> d & 1:
                continue
            rear = node_cell[n] + grid.off[d]
            if grid.analog[grid.entry[rear]] >= 0:
                out[n] = 16 + grid.analog[grid.entry[rear]]
            elif grid.conductor[grid.entry[rear]]:
                out[n] = grid.analog[grid.entry[rear + grid.off[d]]]
    return out


@kernel
def faces_diode(grid: Grid, node_cell: Longs) -> npt.NDArray[np.bool_]:
    """Return per node whether a diode stands in front of it and does not point back at it
    (DiodeBlock.shouldPrioritize)."""
    out = np.zeros(len(node_cell), np.bool_)
    for n in range(len(node_cell)):
        entry = grid.entry[node_cell[n]]
        kind = grid.kind[entry]
        if not REPEATER <= kind <= SUBTRACT:
            continue
        for d in range(2, 6):
            if grid.gives[entry] >> d & 1:
                front = grid.entry[node_cell[n] + grid.off[d]]
                is_diode = REPEATER <= grid.kind[front] <= SUBTRACT
                out[n] = is_diode and not grid.reads[front] >> d & 1
    return out
