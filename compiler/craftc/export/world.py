"""A complete Java world from a Volume, chunk by chunk in flat memory.

    level.dat, session.lock, data/chunks.dat, region/r.X.Z.mca

Every chunk of the box and a ring of one empty chunk around it are written and kept loaded: a forced
chunk runs everything, and its neighbours still run redstone, so nothing at the rim can stall.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from craftc.blocks import Volume
from craftc.errors import FormatError, OutputError
from craftc.export.chunk import MAX_Y, MIN_Y, ChunkEncoder
from craftc.export.container import version as game_version
from craftc.export.entities import coding
from craftc.export.level import LevelInfo, chunks_dat, level_dat, read_level
from craftc.export.region import RegionWriter
from craftc.export.safe import disk_errors
from craftc.export.ticks import tick_payloads
from craftc.export.world_read import read_world
from craftc.sim.interface import BlockTick

__all__ = ["LevelInfo", "WorldReport", "read_level", "read_world", "write_world"]

Pos = tuple[int, int, int]
Progress = Callable[[int, int], None]
MARGIN = 1
"""Empty chunks around the box."""

WORLD_LIMIT = 29_999_984
"""Largest |x| or |z| of a block (Minecraft Wiki, "World boundary")."""

_LOCK = b"\xe2\x98\x83"


@dataclass(frozen=True, slots=True)
class WorldReport:
    """What was written: machine chunks, all chunks (forced, ring included), files, blocks, bytes."""

    low: Pos
    high: Pos
    chunks: int
    chunks_written: int
    regions: int
    blocks: int
    block_entities: int
    bytes_on_disk: int


@dataclass(frozen=True, slots=True)
class _Grid:
    """Chunk coordinates of the box, half open."""

    x0: int
    x1: int
    z0: int
    z1: int

    def ring(self) -> _Grid:
        return _Grid(self.x0 - MARGIN, self.x1 + MARGIN, self.z0 - MARGIN, self.z1 + MARGIN)

    def regions(self) -> Iterator[_Grid]:
        """Yield the part in each region, by region z then x."""
        for rz in range(self.z0 >> 5, (self.z1 - 1 >> 5) + 1):
            for rx in range(self.x0 >> 5, (self.x1 - 1 >> 5) + 1):
                yield _Grid(
                    max(self.x0, rx * 32),
                    min(self.x1, rx * 32 + 32),
                    max(self.z0, rz * 32),
                    min(self.z1, rz * 32 + 32),
                )

    def chunks(self) -> Iterator[tuple[int, int]]:
        for z in range(self.z0, self.z1):
            for x in range(self.x0, self.x1):
                yield (x, z)

    def __contains__(self, chunk: tuple[int, int]) -> bool:
        return self.x0 <= chunk[0] < self.x1 and self.z0 <= chunk[1] < self.z1


def write_world(
    volume: Volume,
    path: Path,
    *,
    level_name: str,
    spawn: Pos,
    spawn_yaw: float,
    mc: str = "1.20.4",
    level: int = 3,
    progress: Progress | None = None,
    ticks: Sequence[BlockTick] = (),
) -> WorldReport:
    """Write a world into the folder `path` and return what was written; equal input gives equal bytes.

    `volume.origin` is where local (0, 0, 0) goes; `spawn` is in world coordinates; `level` is the zlib
    level; `progress(done, all)` is called per chunk; `ticks` are scheduled block ticks in local positions,
    which go on when the world is loaded. Call inside `fresh_output` for whole-or-nothing.
    Raises FormatError if a block or the spawn would lie outside the world, ConfigError for an unknown
    version, OutputError if the folder already holds a world or cannot be written.
    """
    row = game_version(mc)
    low, high = _checked_box(volume, spawn)
    path = Path(path)
    if (path / "level.dat").exists() or (path / "region").exists():
        raise OutputError("already holds a world", where=str(path), legal="a folder without level.dat")
    code = coding(volume.palette, row, "chunk")
    box = _Grid(low[0] >> 4, (high[0] - 1 >> 4) + 1, low[2] >> 4, (high[2] - 1 >> 4) + 1)
    everything = list(box.ring().chunks())
    with disk_errors(path):
        (path / "region").mkdir(parents=True)
        (path / "data").mkdir(exist_ok=True)
        encoder = ChunkEncoder(code, row)
        waiting = tick_payloads(ticks, volume.origin)
        entities = _regions(volume, box, encoder, path / "region", level, progress, waiting)
        (path / "data" / "chunks.dat").write_bytes(chunks_dat(everything, row))
        (path / "session.lock").write_bytes(_LOCK)
        (path / "level.dat").write_bytes(level_dat(level_name, spawn, spawn_yaw, row))
        files = sorted((path / "region").iterdir())
        size = sum(f.stat().st_size for f in [*files, path / "level.dat", path / "data" / "chunks.dat"])
    machine = (box.x1 - box.x0) * (box.z1 - box.z0)
    regions = sum(f.suffix == ".mca" for f in files)
    return WorldReport(low, high, machine, len(everything), regions, volume.placed_blocks, entities, size)


def _checked_box(volume: Volume, spawn: Pos) -> tuple[Pos, Pos]:
    """Return the box in world coordinates, half open. Raises FormatError if it does not fit."""
    low = volume.origin
    high = (low[0] + volume.size[0], low[1] + volume.size[1], low[2] + volume.size[2])
    if low[1] < MIN_Y or high[1] - 1 > MAX_Y:
        legal = f"y {MIN_Y}..{MAX_Y}; for this height an origin y of {MIN_Y}..{MAX_Y + 1 - volume.size[1]}"
        if volume.size[1] > MAX_Y + 1 - MIN_Y:
            legal = f"at most {MAX_Y + 1 - MIN_Y} blocks high"
        raise FormatError(f"the build would span y {low[1]}..{high[1] - 1}", where="world", legal=legal)
    margin = 16 * (MARGIN + 1)
    if min(low[0], low[2]) < margin - WORLD_LIMIT or max(high[0], high[2]) > WORLD_LIMIT - margin:
        legal = f"x and z within {margin - WORLD_LIMIT}..{WORLD_LIMIT - margin}"
        raise FormatError(f"the build would span {low}..{high}", where="world", legal=legal)
    if not MIN_Y <= spawn[1] <= MAX_Y or max(abs(spawn[0]), abs(spawn[2])) > WORLD_LIMIT:
        raise FormatError(f"spawn {spawn}", where="world", legal=f"y {MIN_Y}..{MAX_Y}, inside the border")
    return low, high


def _regions(
    volume: Volume, box: _Grid, encoder: ChunkEncoder, folder: Path, level: int, progress: Progress | None,
    waiting: Mapping[tuple[int, int], Sequence[bytes]],
) -> int:  # fmt: skip
    """Write all region files; return the number of block entities."""
    ring = box.ring()
    total = (ring.x1 - ring.x0) * (ring.z1 - ring.z0)
    done = entities = 0
    empty = np.zeros((0, 16, 16), dtype=np.uint16)
    floor = volume.origin[1] & ~15
    for part in ring.regions():
        with RegionWriter(folder / f"r.{part.x0 >> 5}.{part.z0 >> 5}.mca") as region:
            for x, z in part.chunks():
                ids = _cut(volume, x, z) if (x, z) in box else empty
                document, count = encoder.encode(x, z, ids, floor, waiting.get((x, z), ()))
                region.add(x, z, zlib.compress(document, level))
                entities += count
                done += 1
                if progress is not None:
                    progress(done, total)
    return entities


def _cut(volume: Volume, chunk_x: int, chunk_z: int) -> npt.NDArray[np.uint16]:
    """Return the palette indices of one chunk, padded with air to whole sections: [16 k, 16, 16]."""
    ox, oy, oz = volume.origin
    sx, sy, sz = volume.size
    under = oy & 15
    out = np.zeros((-(-(under + sy) // 16) * 16, 16, 16), dtype=np.uint16)
    x0, z0 = chunk_x * 16 - ox, chunk_z * 16 - oz
    xs, zs = slice(max(x0, 0), min(x0 + 16, sx)), slice(max(z0, 0), min(z0 + 16, sz))
    piece = volume.ids[:, zs, xs]
    out[under : under + sy, zs.start - z0 : zs.stop - z0, xs.start - x0 : xs.stop - x0] = piece
    return out
