"""Where a level at some block comes from: lists of (node, loss) per position.

The level of a position is the maximum of output - loss over its list, and 0. For a device it is
its own output; for dust all nodes within 14 steps; for a conductor everything that powers it,
strongly or weakly; for other blocks nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.blocks.dust import NONE
from craftc.blocks.volume import Pos, Volume
from craftc.sim import spread
from craftc.sim.devices import DeviceTables
from craftc.sim.graph import Csr, Graph, find_cell

Sources = dict[int, int]  # node -> least loss

# Offsets (dx, dy, dz) of directions 0..5.
_OFFSET: tuple[Pos, ...] = ((0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1), (-1, 0, 0), (1, 0, 0))


@dataclass(slots=True)
class Resolver:
    """Finds sources of positions; reversed links are built at the first question about dust."""

    volume: Volume
    graph: Graph
    devices: DeviceTables
    conductor: npt.NDArray[np.bool_]
    _read: Csr | None = None  # dust -> dust it reads
    _feeds: Csr | None = None  # dust -> nodes that feed it without loss

    def sources(self, pos: Pos) -> Sources | None:
        """Return the sources of the level at local `pos`, or None outside the box."""
        if any(not 0 <= p < s for p, s in zip(pos, self.volume.size, strict=True)):
            return None
        node = find_cell(self.graph.cell, self.volume, pos)
        if node >= 0:
            return {node: 0}
        dust = find_cell(self.graph.dust.flat, self.volume, pos)
        if dust >= 0:
            return self._of_dust(dust)
        if self.conductor[self._entry(pos)]:
            return self._of_conductor(pos)
        return {}

    def _entry(self, pos: Pos) -> int:
        x, y, z = pos
        inside = all(0 <= p < s for p, s in zip(pos, self.volume.size, strict=True))
        return int(self.volume.ids[y, z, x]) if inside else 0

    def _reversed(self) -> tuple[Csr, Csr]:
        if self._read is None or self._feeds is None:
            graph, dusts = self.graph, len(self.graph.dust.flat)
            self._read = Csr(*spread.transpose(graph.wire.start, graph.wire.target, dusts))
            is_dust = graph.feed.target < 0
            kept = np.concatenate(([0], np.cumsum(is_dust)))[graph.feed.start]
            dust = (-1 - graph.feed.target[is_dust]).astype(np.int32)
            self._feeds = Csr(*spread.transpose(kept, dust, dusts))
        return self._read, self._feeds

    def _of_dust(self, dust: int) -> Sources:
        read, feeds = self._reversed()
        found: Sources = {}
        ring, seen = [dust], {dust}
        for loss in range(spread.MAX_LOSS + 1):
            for here in ring:
                for node in feeds.row(here).tolist():
                    found.setdefault(node, loss)
            ring = sorted({t for here in ring for t in read.row(here).tolist()} - seen)
            seen.update(ring)
        return found

    def _of_conductor(self, pos: Pos) -> Sources:
        found: Sources = {}
        for direction, step in enumerate(_OFFSET):
            there = (pos[0] + step[0], pos[1] + step[1], pos[2] + step[2])
            towards = direction ^ 1
            if self.devices.strong[self._entry(there)] >> towards & 1:
                found[find_cell(self.graph.cell, self.volume, there)] = 0
            dust = find_cell(self.graph.dust.flat, self.volume, there)
            if dust < 0 or direction == 0:
                continue
            if direction == 1 or self.graph.dust.shape[dust, towards - 2] != NONE:
                for node, loss in self._of_dust(dust).items():
                    found[node] = min(loss, found.get(node, loss))
        return found
