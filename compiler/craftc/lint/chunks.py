"""Lint on worlds: chunks with components that the game does not keep loaded.

A forced chunk runs everything, a chunk beside one still runs redstone, any other stops when no player is
near, and with it every wire that passes through. Source: Minecraft Wiki "Chunk" (load levels 31 to 33).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from craftc.blocks.volume import Volume
from craftc.export import nbt_read
from craftc.export.level import forced_chunks
from craftc.lint.findings import Finding
from craftc.sim import Board

Chunk = tuple[int, int]


def forced_of(world: Path) -> list[Chunk]:
    """Return the forced chunks of a world, sorted. Raises FormatError if data/chunks.dat is damaged."""
    file = world / "data" / "chunks.dat"
    if not file.is_file():
        return []
    _, document = nbt_read.parse(nbt_read.unpack_gzip(file.read_bytes(), str(file)), str(file))
    return forced_chunks(document, str(file))


def chunk_findings(volume: Volume, board: Board, forced: Collection[Chunk]) -> Iterator[Finding]:
    """Yield the chunks that hold components and are not forced, by chunk z then x; `volume.origin` is their
    place in the world. The position of a finding is the first component there."""
    cells = np.concatenate([board.graph.cell, board.graph.dust.flat])
    y, z, x = np.unravel_index(cells, volume.ids.shape)
    chunk_x, chunk_z = (x + volume.origin[0]) >> 4, (z + volume.origin[2]) >> 4
    pairs = np.stack([chunk_z, chunk_x], axis=1)
    kept = set(forced)
    unique, first = np.unique(pairs, axis=0, return_index=True)
    for (cz, cx), index in zip(unique.tolist(), first.tolist(), strict=True):
        if (cx, cz) in kept:
            continue
        beside = any((cx + dx, cz + dz) in kept for dx in (-1, 0, 1) for dz in (-1, 0, 1))
        pos = (int(x[index]), int(y[index]), int(z[index]))
        how = "is kept running only by a forced neighbour" if beside else "is not kept loaded"
        yield Finding("chunk", pos, "warning" if beside else "error", f"chunk {cx}, {cz} {how}")
