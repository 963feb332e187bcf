"""Kernels that turn cells into links: dust to dust, dust to devices, device to device.

All work on a padded grid: flat index = x + z*step_z + y*step_y with one cell of air on every
side, so that a neighbour is always cell + offset[direction]. `off` (6,) holds these offsets. A
port is 2*node for the main input and 2*node + 1 for the side input.

A device that reads a cell reads it if its mask has the direction towards it; a conductor that is
powered hands power to every device that reads it, and to dust only if the power is strong.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from craftc.sim.devices import COMPARE, DUST, NOTHING, REPEATER, SUBTRACT
from craftc.sim.kernel import AnyArray, Bytes, Ints, Longs, kernel


class Grid(NamedTuple):
    """The padded grid. `entry` palette entry, `slot` node or dust number or -1, per cell; the others
    are per palette entry (see DeviceTables, Tables)."""

    entry: npt.NDArray[np.uint16]
    slot: Ints
    off: npt.NDArray[np.int64]
    kind: Bytes
    gives: Bytes
    strong: Bytes
    reads: Bytes
    sides: Bytes
    conductor: npt.NDArray[np.bool_]
    analog: npt.NDArray[np.int16]


@kernel
def grow(array: AnyArray, size: int) -> AnyArray:
    """Return an array of twice the length that starts with array[:size]."""
    out = np.empty(max(16, 2 * len(array)), array.dtype)
    out[:size] = array[:size]
    return out


@kernel
def _push(array: AnyArray, size: int, value: int) -> tuple[AnyArray, int]:
    if size == len(array):
        array = grow(array, size)
    array[size] = value
    return array, size + 1


@kernel
def wire_links(grid: Grid, dust_cell: Longs, reach: int) -> tuple[Longs, Ints]:
    """Return (start, target): the dust that reads dust i is target[start[i]:start[i+1]].

    A dust reads its level neighbours, the dust on top of a conducting neighbour if nothing conducting
    lies above itself, and the dust below a neighbour that does not conduct (RedStoneWireBlock,
    calculateTargetStrength). `reach` is the offset of one step up.
    """
    start = np.zeros(len(dust_cell) + 1, np.int64)
    target = np.empty(2 * len(dust_cell) + 16, np.int32)
    size = 0
    for i in range(len(dust_cell)):
        cell = dust_cell[i]
        on_conductor = grid.conductor[grid.entry[cell - reach]]
        open_above = not grid.conductor[grid.entry[cell + reach]]
        for d in range(2, 6):
            beside = cell + grid.off[d]
            if grid.kind[grid.entry[beside]] == DUST:
                target, size = _push(target, size, grid.slot[beside])
            if open_above and grid.kind[grid.entry[beside + reach]] == DUST:
                target, size = _push(target, size, grid.slot[beside + reach])
            below = beside - reach
            if (
                on_conductor
                and not grid.conductor[grid.entry[beside]]
                and grid.kind[grid.entry[below]] == DUST
            ):
                target, size = _push(target, size, grid.slot[below])
        start[i + 1] = size
    return start, target[:size]


@kernel
def _main_port(grid: Grid, cell: int, d: int) -> int:
    """Return the main port of the device at `cell` if it reads the cell it is entered from by `d`, or -1."""
    entry = grid.entry[cell]
    if grid.reads[entry] >> (d ^ 1) & 1:
        return 2 * int(grid.slot[cell])
    return -1


@kernel
def _readers_of_block(grid: Grid, block: int, ports: AnyArray, size: int) -> tuple[AnyArray, int]:
    """Append the main ports of all devices that read the conductor `block`."""
    for d in range(6):
        port = _main_port(grid, block + grid.off[d], d)
        if port >= 0:
            ports, size = _push(ports, size, port)
    return ports, size


@kernel
def dust_sinks(grid: Grid, dust_cell: Longs, dust_mask: Bytes) -> tuple[Longs, Ints]:
    """Return (start, port): the ports that read dust i, with repetitions.

    `dust_mask` (dusts,) has bit d for the horizontal directions the dust is connected to. Dust powers
    the block below it and what it points at; comparators read dust beside them whatever its shape.
    """
    start = np.zeros(len(dust_cell) + 1, np.int64)
    ports = np.empty(2 * len(dust_cell) + 16, np.int32)
    size = 0
    for i in range(len(dust_cell)):
        cell = dust_cell[i]
        for d in range(6):
            if d == 1:
                continue
            beside = cell + grid.off[d]
            entry = grid.entry[beside]
            kind = grid.kind[entry]
            if d == 0 or dust_mask[i] >> d & 1:
                port = _main_port(grid, beside, d)
                if port >= 0:
                    ports, size = _push(ports, size, port)
                if grid.conductor[entry]:
                    ports, size = _readers_of_block(grid, beside, ports, size)
            is_comparator = COMPARE <= kind <= SUBTRACT
            if is_comparator and grid.sides[entry] >> (d ^ 1) & 1:
                ports, size = _push(ports, size, 2 * grid.slot[beside] + 1)
        start[i + 1] = size
    return start, ports[:size]


@kernel
def _side_port(grid: Grid, source_kind: int, strong: int, cell: int, d: int) -> int:
    """Return the side port of the diode at `cell` entered by `d`, or -1 if this source is no side input.

    Comparators take redstone blocks and anything that gives direct signal their way; repeaters only
    diodes pointing in (SignalGetter.getControlInputSignal).
    """
    entry = grid.entry[cell]
    if not grid.sides[entry] >> (d ^ 1) & 1:
        return -1
    is_diode = REPEATER <= source_kind <= SUBTRACT
    port = 2 * int(grid.slot[cell]) + 1
    if is_diode and strong >> d & 1:
        return port
    if grid.kind[entry] == REPEATER:
        return -1
    if source_kind == 7 or strong >> d & 1:  # CONSTANT: redstone block
        return port
    return -1


@kernel
def node_sinks(grid: Grid, node_cell: Longs) -> tuple[Longs, Ints]:
    """Return (start, code): what node n feeds without loss; code = port, or -1 - dust number."""
    start = np.zeros(len(node_cell) + 1, np.int64)
    code = np.empty(2 * len(node_cell) + 16, np.int32)
    size = 0
    for n in range(len(node_cell)):
        cell = node_cell[n]
        entry = grid.entry[cell]
        for d in range(6):
            if not grid.gives[entry] >> d & 1:
                continue
            there = cell + grid.off[d]
            if grid.kind[grid.entry[there]] == DUST:
                code, size = _push(code, size, -1 - grid.slot[there])
            port = _main_port(grid, there, d)
            if port >= 0:
                code, size = _push(code, size, port)
            port = _side_port(grid, grid.kind[entry], grid.strong[entry], there, d)
            if port >= 0:
                code, size = _push(code, size, port)
        for d in range(6):
            there = cell + grid.off[d]
            if not (grid.strong[entry] >> d & 1 and grid.conductor[grid.entry[there]]):
                continue
            code, size = _readers_of_block(grid, there, code, size)
            for e in range(6):
                if grid.kind[grid.entry[there + grid.off[e]]] == DUST:
                    code, size = _push(code, size, -1 - grid.slot[there + grid.off[e]])
        start[n + 1] = size
    return start, code[:size]


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


@kernel
def index_cells(entry: AnyArray, kind: Bytes, slot: Ints) -> tuple[Longs, Longs]:
    """Fill `slot` with node and dust numbers in array order; return (node cells, dust cells)."""
    nodes = np.empty(16, np.int64)
    dusts = np.empty(16, np.int64)
    n = 0
    m = 0
    for cell in range(len(entry)):
        what = kind[entry[cell]]
        if what == NOTHING:
            continue
        if what == DUST:
            slot[cell] = m
            dusts, m = _push(dusts, m, cell)
        else:
            slot[cell] = n
            nodes, n = _push(nodes, n, cell)
    return nodes[:n].copy(), dusts[:m].copy()
