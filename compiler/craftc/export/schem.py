"""Sponge schematics, versions 2 and 3: streamed writer.

    version 2   root "Schematic": Palette, PaletteMax, BlockData, BlockEntities, Entities
    version 3   root "" {Schematic: Blocks {Palette, Data, BlockEntities}}

Palette indices are varints in the order x + z*Width + y*Width*Length, which is the flat order of
a Volume. Block positions are relative to the corner. Source: SpongePowered/Schematic-Specification;
what readers need beyond it (WEOffset, PaletteMax, an entity list even if empty) is from WorldEdit
and MCHPRS.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from craftc.blocks import Volume
from craftc.errors import ConfigError, FormatError
from craftc.export import nbt
from craftc.export.container import version as game_version
from craftc.export.entities import Coding, coding
from craftc.export.safe import atomic_file
from craftc.export.schem_read import read_schem

__all__ = ["MAX_AXIS", "VERSIONS", "read_schem", "write_schem"]

Pos = tuple[int, int, int]
VERSIONS = (2, 3)
MAX_AXIS = 32_767
"""Sizes are unsigned shorts, but MCHPRS reads them signed."""

_MAX_ARRAY = 2**31 - 1
_SLAB = 1 << 20
"""Cells handled at once; bounds the memory of the writer."""


@dataclass(frozen=True, slots=True)
class _Census:
    """What must be known before the first byte: file palette, byte and entity counts."""

    coding: Coding
    rank: npt.NDArray[np.uint16]  # palette index of the volume -> index in the file
    names: tuple[str, ...]
    data_bytes: int
    entities: int


def write_schem(
    volume: Volume,
    path: Path,
    version: int = 2,
    *,
    name: str = "craftc",
    mc: str = "1.20.4",
    offset: Pos = (0, 0, 0),
    level: int = 4,
) -> None:
    """Write `volume` as one .schem file, whole or not at all; equal blocks give equal bytes.

    `offset` is the corner relative to the player who pastes. Air is always entry 0 of the file
    palette. Raises ConfigError for an unknown version, FormatError for a side above 32,767 or more than
    2^31 - 1 bytes of indices, OutputError if the file cannot be written.
    """
    if version not in VERSIONS:
        raise ConfigError(f"schematic version {version}", legal=" or ".join(map(str, VERSIONS)))
    if max(volume.size) > MAX_AXIS:
        legal = f"each side at most {MAX_AXIS}; cut the build into tiles"
        raise FormatError(f"a schematic of size {volume.size}", where=str(path), legal=legal)
    row = game_version(mc)
    census = _census(volume, coding(volume.palette, row, f"schem{version}"))
    if census.data_bytes > _MAX_ARRAY:
        legal = f"at most {_MAX_ARRAY} bytes; write a world instead"
        raise FormatError(f"{census.data_bytes} bytes of block data", where=str(path), legal=legal)
    with atomic_file(path) as file:
        squeeze = zlib.compressobj(level, zlib.DEFLATED, 31)
        for part in _parts(volume, census, version, row.data_version, name, offset):
            file.write(squeeze.compress(part))
        _finish(file, squeeze)


def _finish(file: BinaryIO, squeeze: zlib._Compress) -> None:
    file.write(squeeze.flush())


def _slabs(volume: Volume) -> Iterator[tuple[int, npt.NDArray[np.uint16]]]:
    """Yield (flat index of the first cell, palette indices) of pieces of the box, in file order."""
    flat = np.ascontiguousarray(volume.ids).reshape(-1)
    for start in range(0, flat.size, _SLAB):
        yield start, flat[start : start + _SLAB]


def _census(volume: Volume, code: Coding) -> _Census:
    counts = np.zeros(len(volume.palette), dtype=np.int64)
    for _, ids in _slabs(volume):
        counts += np.bincount(ids, minlength=counts.size)
    used = np.zeros(len(code.states), dtype=bool)
    used[0] = True
    used[code.state_of[counts > 0]] = True
    place = np.cumsum(used) - 1
    rank = place[code.state_of].astype(np.uint16)
    wide = (rank >= 1 << 7).astype(np.int64) + (rank >= 1 << 14)
    names = tuple(str(code.states[i]) for i in np.flatnonzero(used))
    entities = int(counts[code.entity_of > 0].sum())
    return _Census(code, rank, names, int((counts * (1 + wide)).sum()), entities)


def _parts(
    volume: Volume, census: _Census, version: int, data: int, name: str, offset: Pos
) -> Iterator[bytes]:
    """Yield the uncompressed document piece by piece."""
    common = _common(volume, version, data, name, offset)
    palette = nbt.compound({n: nbt.integer(i) for i, n in enumerate(census.names)})
    fields = b"".join(nbt.named(k, v) for k, v in common.items())
    if version == 2:
        yield nbt.head(nbt.COMPOUND, "Schematic") + fields
        yield nbt.named("PaletteMax", nbt.integer(len(census.names))) + nbt.named("Palette", palette)
    else:
        yield nbt.head(nbt.COMPOUND, "") + nbt.head(nbt.COMPOUND, "Schematic") + fields
        yield nbt.head(nbt.COMPOUND, "Blocks") + nbt.named("Palette", palette)
    array = "BlockData" if version == 2 else "Data"
    yield nbt.head(nbt.BYTE_ARRAY, array) + census.data_bytes.to_bytes(4, "big")
    for _, ids in _slabs(volume):
        yield _varints(census.rank[ids])
    yield nbt.head(nbt.LIST, "BlockEntities") + nbt.list_head(nbt.COMPOUND, census.entities)
    yield from _entities(volume, census.coding)
    entities = nbt.named("Entities", nbt.list_of(nbt.COMPOUND, ()))
    yield entities + b"\0" if version == 2 else b"\0" + entities + b"\0\0"


def _common(volume: Volume, version: int, data: int, name: str, offset: Pos) -> dict[str, nbt.Tag]:
    x, y, z = volume.size
    meta = {"Name": nbt.string(name)}
    meta |= {f"WEOffset{a}": nbt.integer(v) for a, v in zip("XYZ", offset, strict=True)}
    return {
        "Version": nbt.integer(version),
        "DataVersion": nbt.integer(data),
        "Width": nbt.short(x),
        "Height": nbt.short(y),
        "Length": nbt.short(z),
        "Offset": nbt.int_array(offset),
        "Metadata": nbt.compound(meta),
    }


def _varints(values: npt.NDArray[np.uint16]) -> bytes:
    """Return the values as varints: 7 bits per byte, low group first, high bit = more follows."""
    top = int(values.max(initial=0))
    if top < 1 << 7:
        return values.astype(np.uint8).tobytes()
    groups = 2 if top < 1 << 14 else 3
    table = np.empty((values.size, groups), dtype=np.uint8)
    keep = np.ones((values.size, groups), dtype=bool)
    for g in range(groups):
        rest = values >> np.uint16(7 * g)
        more = (values >> np.uint16(7 * (g + 1))) > 0 if g < groups - 1 else np.zeros(values.size, dtype=bool)
        table[:, g] = (rest & 0x7F) | (more.astype(np.uint16) << 7)
        keep[:, g] = rest > 0 if g else True
    return table[keep].tobytes()


def _entities(volume: Volume, code: Coding) -> Iterator[bytes]:
    """Yield the block entities of one slab after the other, positions relative to the corner."""
    width, _, length = volume.size
    for start, ids in _slabs(volume):
        kinds = code.entity_of[ids]
        hits = np.flatnonzero(kinds)
        if hits.size:
            flat = hits + start
            columns = (flat % width, flat // (width * length), flat // width % length)
            yield code.payloads(kinds[hits], np.stack(columns, axis=1).astype(np.int32))
