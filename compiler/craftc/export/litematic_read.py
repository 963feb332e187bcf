"""Reader of Litematica schematics (.litematic), all regions of a file as one volume.

    MinecraftDataVersion, Version, Metadata
    Regions {name: {Position {x, y, z}, Size {x, y, z}, BlockStatePalette [{Name, Properties?}],
                    BlockStates L[], TileEntities [...], PendingBlockTicks [...], ...}}

A negative size reaches from Position downwards. Palette numbers have max(2, ceil(log2 n)) bits and run
on over the borders of the 64-bit words, lowest bits first; cells in order x + z*sx + y*sx*sz. Positions
of tile entities and ticks count from the low corner of their region. Where regions overlap, the later
one in the file wins, its air excepted.
Source: maruohon/litematica, `LitematicaSchematic` and `LitematicaBitArray`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.blocks import Palette, Volume
from craftc.errors import FormatError
from craftc.export import nbt_read
from craftc.export.entities import entity_from, put_entities, state_from
from craftc.export.structure_read import palette_entry
from craftc.export.ticks_read import saved_tick
from craftc.sim.interface import BlockTick

Pos = tuple[int, int, int]
_SLAB = 1 << 20
_OLDEST, _NEWEST = 5, 7
"""Versions of the format since Minecraft 1.13."""


@dataclass(frozen=True, slots=True)
class _Region:
    """Low corner in file coordinates, blocks, and where messages say it is."""

    low: Pos
    volume: Volume
    fields: Mapping[str, Any]
    where: str


def read_litematic(path: Path) -> tuple[Volume, tuple[BlockTick, ...]]:
    """Return (blocks, scheduled ticks in local positions); origin (0, 0, 0).

    Raises FormatError naming the file, the region and the field for anything damaged.
    """
    where = str(path)
    try:
        packed = Path(path).read_bytes()
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror}", where=where, legal="a .litematic") from error
    _, root = nbt_read.parse(nbt_read.unpack_gzip(packed, where), where)
    version = nbt_read.want(root, "Version", int, where)
    if not _OLDEST <= version <= _NEWEST:
        raise FormatError(f"version {version}", where=where, legal=f"{_OLDEST}..{_NEWEST}")
    parts = nbt_read.want(root, "Regions", dict, where)
    if not parts:
        raise FormatError("holds no region", where=where, legal="at least one")
    palette = Palette()
    regions = [_region(fields, palette, f"{where}, region {name}") for name, fields in parts.items()]
    low = tuple(min(r.low[axis] for r in regions) for axis in range(3))
    high = tuple(max(r.low[axis] + r.volume.size[axis] for r in regions) for axis in range(3))
    out = Volume((high[0] - low[0], high[1] - low[1], high[2] - low[2]), palette)
    ticks: list[BlockTick] = []
    for region in regions:
        corner = (region.low[0] - low[0], region.low[1] - low[1], region.low[2] - low[2])
        _paste(out, region.volume, corner)
        ticks += _ticks(region, corner)
    return out, tuple(ticks)


def _paste(out: Volume, part: Volume, at: Pos) -> None:
    """Copy a volume of the same palette, its air excepted."""
    (x, y, z), (sx, sy, sz) = at, part.size
    view = out.ids[y : y + sy, z : z + sz, x : x + sx]
    view[part.ids != 0] = part.ids[part.ids != 0]


def _xyz(fields: Mapping[str, Any], key: str, where: str) -> Pos:
    found = nbt_read.want(fields, key, dict, where)
    x, y, z = (nbt_read.want(found, axis, int, f"{where}, {key}") for axis in "xyz")
    return (x, y, z)


def _region(fields: Mapping[str, Any], palette: Palette, where: str) -> _Region:
    size, at = _xyz(fields, "Size", where), _xyz(fields, "Position", where)
    sx, sy, sz = (abs(s) for s in size)
    if min(sx, sy, sz) < 1:
        raise FormatError(f"size {size}", where=where, legal="no side 0")
    low = tuple(a + s + 1 if s < 0 else a for a, s in zip(at, size, strict=True))
    entries = nbt_read.want(fields, "BlockStatePalette", list, where)
    if not entries:
        raise FormatError("an empty palette", where=where, legal="at least one state")
    table = np.array([palette.add(state_from(palette_entry(e, where), where)) for e in entries], np.uint16)
    words = nbt_read.want(fields, "BlockStates", np.ndarray, where)
    cells = _numbers(words, max(2, (len(entries) - 1).bit_length()), sx * sy * sz, len(entries), where)
    volume = Volume((1, 1, 1), palette)
    volume.ids = table[cells].reshape(sy, sz, sx)
    for item in nbt_read.want(fields, "TileEntities", list, where) if "TileEntities" in fields else []:
        _place(volume, item, where)
    return _Region((low[0], low[1], low[2]), volume, fields, where)


def _numbers(
    words: npt.NDArray[Any], bits: int, count: int, states: int, where: str
) -> npt.NDArray[np.uint16]:
    """Return `count` palette numbers of `bits` bits each, packed without gaps."""
    need = -(-count * bits // 64)
    if words.dtype.itemsize != 8 or words.size != need:
        legal = f"{need} longs for {count} blocks of {states} states"
        raise FormatError(f"BlockStates of {words.size} values", where=where, legal=legal)
    plain = np.append(words.astype(np.int64).view(np.uint64), np.uint64(0))
    out = np.empty(count, dtype=np.uint16)
    mask = np.uint64((1 << bits) - 1)
    for start in range(0, count, _SLAB):
        first = np.arange(start, min(start + _SLAB, count), dtype=np.uint64) * np.uint64(bits)
        word, shift = (first >> np.uint64(6)).astype(np.int64), first & np.uint64(63)
        high = plain[word + 1] << (np.uint64(63) - shift) << np.uint64(1)
        out[start : start + first.size] = (plain[word] >> shift | high) & mask
    if int(out.max()) >= states:
        cell = int(np.argmax(out >= states))
        why = f"cell {cell} has palette number {int(out[cell])}"
        raise FormatError(why, where=where, legal=f"0..{states - 1}")
    return out


def _place(volume: Volume, item: object, where: str) -> None:
    here = f"{where}, tile entity"
    x, y, z = (nbt_read.want(item, axis, int, here) for axis in "xyz")  # type: ignore[arg-type]
    here += f" at ({x}, {y}, {z})"
    if not all(0 <= v < s for v, s in zip((x, y, z), volume.size, strict=True)):
        raise FormatError("lies outside its region", where=here, legal=f"inside {volume.size}")
    block_id = nbt_read.want(item, "id", str, here)  # type: ignore[arg-type]
    entity = entity_from(block_id, item, here)  # type: ignore[arg-type]
    if entity is not None:
        put_entities(volume, np.array([[x, y, z]], dtype=np.int32), block_id, entity, here)


def _ticks(region: _Region, corner: Pos) -> list[BlockTick]:
    """Return the scheduled ticks of a region, moved by `corner`, in the order in which they were made."""
    key = "PendingBlockTicks"
    items = nbt_read.want(region.fields, key, list, region.where) if key in region.fields else []
    names = ("Block", "Time", "Priority", "SubTick")
    found = [saved_tick(item, names, index, region.where) for index, item in enumerate(items)]
    moved = [replace(t, pos=_plus(t.pos, corner)) for t in found]
    return sorted(moved, key=lambda tick: tick.order)


def _plus(a: Pos, b: Pos) -> Pos:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])
