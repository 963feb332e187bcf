"""The component graph of a volume: nodes, and links with their loss of strength.

A node is a device or source: torch, repeater, comparator, lamp, redstone block, lever, button.
Nodes are numbered in array order of their cells (y, z, x), which keeps neighbours close in memory.
Dust and solid blocks are folded into the links. Set-up is linear in the number of cells plus the
number of dust cells each source reaches (at most 14 steps).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.blocks.dust import NONE, DustCells, rules_of
from craftc.blocks.volume import Pos, Volume
from craftc.errors import SimError
from craftc.sim import links, observe, scan, spread
from craftc.sim.devices import BULB, OBSERVER, DeviceTables, device_tables
from craftc.sim.grid import Grid, index_cells, pad, unpad

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Csr:
    """Rows of targets: row n is target[start[n]:start[n+1]]."""

    start: Longs
    target: Ints

    def row(self, index: int) -> Ints:
        """Return one row."""
        return self.target[int(self.start[index]) : int(self.start[index + 1])]


@dataclass(frozen=True, slots=True)
class Graph:
    """Arrays per node (nodes,), per link (links,), per dust (dusts,).

    cell, dust.flat   flat index into volume.ids
    entry             palette entry of the node's block as given
    kind, delay, value, rear, front_diode   see devices.py and links.py
    link              node -> ports (2*node main input, 2*node + 1 side input), with `loss`
    conductor, devices   per palette entry, see tables.py and devices.py
    wire, sink, feed  dust -> dust that reads it; dust -> ports; node -> codes (see links.node_sinks)
    """

    cell: Longs
    entry: npt.NDArray[np.uint16]
    kind: Bytes
    delay: Bytes
    value: Bytes
    rear: npt.NDArray[np.int8]
    front_diode: npt.NDArray[np.bool_]
    link: Csr
    loss: Bytes
    dust: DustCells
    wire: Csr
    sink: Csr
    feed: Csr
    conductor: npt.NDArray[np.bool_]
    devices: DeviceTables

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.cell)


def _unpad(cells: Longs, volume: Volume) -> Longs:
    """Return flat indices into volume.ids of flat indices into the padded grid."""
    _, length, width = volume.ids.shape
    out = np.empty(len(cells), dtype=np.int64)
    unpad(cells, length, width, out)
    return out


def _dust_mask(dust: DustCells) -> Bytes:
    """Return per dust the mask of connected directions (bits 2..5), as in devices.py."""
    joined = (dust.shape != NONE).astype(np.uint8)  # columns north, south, west, east
    return np.asarray(joined @ np.array([4, 8, 16, 32], dtype=np.uint8), dtype=np.uint8)


def _grid(
    volume: Volume,
    devices: DeviceTables,
    conductor: npt.NDArray[np.bool_],
    analog: npt.NDArray[np.int16],
    count: Longs,
) -> tuple[Grid, Longs, Longs]:
    entry = pad(volume.ids)
    step_z, step_y = volume.ids.shape[2] + 2, (volume.ids.shape[1] + 2) * (volume.ids.shape[2] + 2)
    off = np.array([-step_y, step_y, -step_z, step_z, -1, 1], dtype=np.int64)
    slot = np.empty(len(entry), dtype=np.int32)  # set where a node or dust is; nothing else is read
    node_cell, dust_cell = index_cells(entry, devices.kind, count, slot)
    grid = Grid(
        entry, slot, off, devices.kind, devices.gives, devices.strong, devices.reads, devices.sides,
        conductor, analog,
    )  # fmt: skip
    return grid, node_cell, dust_cell


def _watched(
    volume: Volume,
    grid: Grid,
    node_cell: Longs,
    kind: Bytes,
    rear: npt.NDArray[np.int8],
    feed: Csr,
    sink: Csr,
) -> tuple[Csr, Csr]:
    """Return `feed` and `sink` with what observers see and comparators read of bulbs; `kind` and `rear` are
    changed in place. Raises SimError on an observer that the graph cannot follow."""
    source, port = np.empty((2, 3 * len(node_cell) + 1), dtype=np.int32)
    count, bad = observe.node_pairs(grid, node_cell, kind, rear, source, port)
    if bad >= 0:
        y, z, x = (int(v) for v in np.unravel_index(int(_unpad(node_cell, volume)[bad]), volume.ids.shape))
        why = "an observer faces a repeater that both sides may lock"
        raise SimError(why, where=f"({x}, {y}, {z})", legal=observe.LEGAL)
    feed = Csr(*observe.merged(feed.start, feed.target, source[:count], port[:count]))
    count = observe.dust_pairs(grid, node_cell, kind, source, port)
    return feed, Csr(*observe.merged(sink.start, sink.target, source[:count], port[:count]))


def extract(volume: Volume) -> Graph:
    """Return the component graph. Raises SimError on blocks it does not know (devices.py)."""
    count = scan.counts(volume)
    devices, tables = device_tables(volume, count > 0)
    observe.refuse_held_by_trapdoors(volume, count > 0)
    grid, node_cell, dust_cell = _grid(volume, devices, tables.conductor, tables.analog, count)
    rules = rules_of(volume.palette, tables)
    dust = scan.dust_cells(grid, dust_cell, _unpad(dust_cell, volume), rules)
    wire = Csr(*links.wire_links(grid, dust_cell, grid.off[1]))
    sink = Csr(*links.dust_sinks(grid, dust_cell, _dust_mask(dust)))
    feed = Csr(*links.node_sinks(grid, node_cell))
    entry = grid.entry[node_cell]
    cell, kind, rear = _unpad(node_cell, volume), devices.kind[entry], links.rear_sources(grid, node_cell)
    if np.isin(kind, (OBSERVER, BULB)).any():
        feed, sink = _watched(volume, grid, node_cell, kind, rear, feed, sink)
    front_diode = links.faces_diode(grid, node_cell)
    del grid, node_cell  # the larger half of the memory of setting up
    start, port, loss = spread.fold(
        len(cell), len(dust_cell), feed.start, feed.target,
        wire.start, wire.target, sink.start, sink.target,
    )  # fmt: skip
    return Graph(
        cell=cell,
        entry=entry,
        kind=kind,
        delay=devices.delay[entry],
        value=devices.value[entry],
        rear=rear,
        front_diode=front_diode,
        link=Csr(start, port),
        loss=loss,
        dust=dust,
        wire=wire,
        sink=sink,
        feed=feed,
        conductor=tables.conductor,
        devices=devices,
    )


def find_cell(cells: Longs, volume: Volume, pos: Pos) -> int:
    """Return the number of the node or dust at local `pos`, or -1. `cells` is sorted."""
    x, y, z = pos
    shape = volume.ids.shape
    if min(pos) < 0 or y >= shape[0] or z >= shape[1] or x >= shape[2]:
        return -1
    flat = (y * shape[1] + z) * shape[2] + x
    index = int(np.searchsorted(cells, flat))
    return index if index < len(cells) and cells[index] == flat else -1
