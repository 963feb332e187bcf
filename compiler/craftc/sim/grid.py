"""The padded grid that links are made on: a box of palette entries with one cell of air around.

Flat index = x + z*step_z + y*step_y, so that a neighbour is always cell + offset[direction]. `off` (6,)
holds these offsets.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from craftc.sim.devices import DUST, NOTHING
from craftc.sim.kernel import AnyArray, Bytes, Ints, Longs, hot, index, kernel

ROOM = 64
"""More entries than one cell can append: five blocks with six readers each, and what stands beside."""


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
    """Return an array of 1.5 times the length, and some, that starts with array[:size]."""
    out = np.empty(len(array) + len(array) // 2 + 4 * ROOM, array.dtype)
    out[:size] = array[:size]
    return out


@kernel
def pad(ids: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """Return `ids` (y, z, x) with one cell of air around, flat."""
    height, length, width = ids.shape
    out = np.zeros((height + 2, length + 2, width + 2), np.uint16)
    out[1:-1, 1:-1, 1:-1] = ids
    return out.reshape(-1)


@hot
def _number(entry: AnyArray, kind: Bytes, slot: Ints, nodes: Longs, dusts: Longs) -> None:
    n = 0
    m = 0
    for cell in range(len(entry)):
        what = kind[index(entry[index(cell)])]
        if what == NOTHING:
            continue
        if what == DUST:
            slot[index(cell)] = m
            dusts[index(m)] = cell
            m += 1
        else:
            slot[index(cell)] = n
            nodes[index(n)] = cell
            n += 1


def index_cells(entry: AnyArray, kind: Bytes, count: Longs, slot: Ints) -> tuple[Longs, Longs]:
    """Fill `slot` with node and dust numbers in array order; return (node cells, dust cells). `count` is how
    often each palette entry occurs."""
    nodes, dusts = int(count[kind > DUST].sum()), int(count[kind == DUST].sum())
    cells = np.empty(nodes, dtype=np.int64), np.empty(dusts, dtype=np.int64)
    _number(entry, kind, slot, *cells)
    return cells


@hot
def unpad(cells: Longs, length: int, width: int, out: Longs) -> None:
    """Set `out` to flat indices into the unpadded box of flat indices into the padded one."""
    for k in range(len(cells)):
        row, x = divmod(cells[k], width + 2)
        y, z = divmod(row, length + 2)
        out[k] = ((y - 1) * length + z - 1) * width + x - 1
