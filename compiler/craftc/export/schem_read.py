"""Reader of Sponge schematics, versions 2 and 3. Every claim of the file is checked before use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.blocks import Palette, Volume
from craftc.errors import FormatError
from craftc.export import nbt_read
from craftc.export.entities import entity_from, put_entities, state_from

_MAX_STATES = 65_535
_SLAB = 1 << 20
"""Bytes of block data handled at once; bounds the memory of the reader."""


def read_schem(path: Path) -> Volume:
    """Return the blocks and block entities of a .schem file; origin is its Offset.

    Raises FormatError that names the file, the field and what would be legal for anything damaged:
    bad gzip, cut NBT, sizes that do not fit the data, palette indices without an entry.
    """
    where = str(path)
    try:
        packed = Path(path).read_bytes()
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror}", where=where, legal="a .schem file") from error
    _, root = nbt_read.parse(nbt_read.unpack_gzip(packed, where), where, ("BlockEntities",))
    body = nbt_read.want(root, "Schematic", dict, where) if "Schematic" in root else root
    kind = nbt_read.want(body, "Version", int, where)
    if kind not in (2, 3):
        raise FormatError(f"schematic version {kind}", where=where, legal="2 or 3")
    blocks = body if kind == 2 else nbt_read.want(body, "Blocks", dict, where)
    size = _size(body, where)
    table, palette = _palette(nbt_read.want(blocks, "Palette", dict, where), body.get("PaletteMax"), where)
    data = nbt_read.want(blocks, "BlockData" if kind == 2 else "Data", np.ndarray, where)
    ids = _indices(data, table, size, where)
    volume = Volume((1, 1, 1), palette, _offset(body, where))
    volume.ids = ids.reshape(size[1], size[2], size[0])
    for item in nbt_read.want(blocks, "BlockEntities", list, where) if "BlockEntities" in blocks else []:
        _place(volume, item, kind, where)
    return volume


def _size(body: Mapping[str, Any], where: str) -> tuple[int, int, int]:
    x, y, z = (nbt_read.want(body, key, int, where) & 0xFFFF for key in ("Width", "Height", "Length"))
    if min(x, y, z) < 1:
        raise FormatError(f"size {x} x {y} x {z}", where=where, legal="every side 1..65,535")
    return (x, y, z)


def _offset(body: Mapping[str, Any], where: str) -> tuple[int, int, int]:
    if "Offset" not in body:
        return (0, 0, 0)
    values = nbt_read.want(body, "Offset", np.ndarray, where)
    if values.size != 3:
        raise FormatError(f"Offset of {values.size} values", where=where, legal="3")
    return (int(values[0]), int(values[1]), int(values[2]))


def _palette(
    entries: Mapping[str, Any], claimed: object, where: str
) -> tuple[npt.NDArray[np.int32], Palette]:
    """Return (file index -> palette index, -1 where the file has no entry; the palette)."""
    if claimed is not None and claimed != len(entries):
        raise FormatError(
            f"PaletteMax {claimed} but {len(entries)} entries", where=where, legal="equal numbers"
        )
    palette = Palette()
    numbers = list(entries.values())
    if not all(isinstance(v, int) and 0 <= v < _MAX_STATES for v in numbers):
        raise FormatError("a palette index is out of range", where=where, legal=f"0..{_MAX_STATES - 1}")
    table = np.full(max(numbers, default=0) + 1, -1, dtype=np.int32)
    for text, index in entries.items():
        if table[index] >= 0:
            raise FormatError(
                f"palette index {index} is given twice", where=where, legal="one state per index"
            )
        table[index] = palette.add(state_from(text, where))
    return table, palette


def _indices(
    data: npt.NDArray[Any], table: npt.NDArray[np.int32], size: tuple[int, int, int], where: str
) -> npt.NDArray[np.uint16]:
    """Return the palette index of every cell, flat, from the varints of the file."""
    if data.dtype.itemsize != 1:
        raise FormatError("block data are not bytes", where=where, legal="a byte array of varints")
    raw = data.view(np.uint8)
    cells = size[0] * size[1] * size[2]
    found = sum(int(np.count_nonzero(raw[i : i + _SLAB] < 0x80)) for i in range(0, raw.size, _SLAB))
    cut = raw.size > 0 and raw[-1] >= 0x80
    if found != cells or cut:
        why = f"size {size[0]} x {size[1]} x {size[2]} needs {cells} block indices but the data hold {found}"
        raise FormatError(why + (" and a cut one" if cut else ""), where=where, legal="equal numbers")
    out = np.empty(cells, dtype=np.uint16)
    at = done = 0
    while at < raw.size:
        stop = min(at + _SLAB, raw.size)
        while raw[stop - 1] >= 0x80:
            stop += 1
        values = _varints(raw[at:stop], where)
        out[done : done + values.size] = _known(values, table, done, size, where)
        at, done = stop, done + values.size
    return out


def _known(
    values: npt.NDArray[np.int64],
    table: npt.NDArray[np.int32],
    first: int,
    size: tuple[int, int, int],
    where: str,
) -> npt.NDArray[np.int32]:
    """Return the palette indices of file indices; `first` is the flat number of the first cell."""
    known: npt.NDArray[np.int32] = table[np.minimum(values, table.size - 1)]
    bad = (known < 0) | (values >= table.size)
    if bad.any():
        k = int(np.argmax(bad))
        at = first + k
        x, y, z = at % size[0], at // (size[0] * size[2]), at // size[0] % size[2]
        why = f"block ({x}, {y}, {z}) has palette index {int(values[k])}, which the palette lacks"
        raise FormatError(why, where=where, legal=f"one of its {int((table >= 0).sum())} indices")
    return known


def _varints(raw: npt.NDArray[np.uint8], where: str) -> npt.NDArray[np.int64]:
    """Return the decoded values of whole varints."""
    ends = raw < 0x80
    if ends.all():
        return raw.astype(np.int64)
    last = np.flatnonzero(ends)
    first = np.concatenate(([0], last[:-1] + 1))
    length = last - first + 1
    if int(length.max()) > 3:
        raise FormatError(f"a varint of {int(length.max())} bytes", where=where, legal="1 to 3 bytes")
    values = (raw[first] & 0x7F).astype(np.int64)
    for group in (1, 2):
        more = np.flatnonzero(length > group)
        values[more] |= (raw[first[more] + group] & 0x7F).astype(np.int64) << (7 * group)
    return values


def _place(volume: Volume, run: nbt_read.Run, kind: int, where: str) -> None:
    """Give the blocks of a run their content. Raises FormatError if that is impossible."""
    item = run.fields
    block_id = nbt_read.want(item, "Id", str, where)
    here = f"{where}, block entity {block_id}"
    fields = item if kind == 2 else nbt_read.want(item, "Data", dict, here) if "Data" in item else {}
    if run.xyz is None:
        at = nbt_read.want(item, "Pos", np.ndarray, here)
        if at.size != 3:
            raise FormatError(f"Pos of {at.size} values", where=here, legal="3")
    xyz = run.xyz if run.xyz is not None else at.astype(np.int32).reshape(1, 3)
    outside = np.flatnonzero(((xyz < 0) | (xyz >= np.array(volume.size))).any(axis=1))
    if outside.size:
        x, y, z = xyz[outside[0]].tolist()
        legal = f"0 <= Pos < {volume.size}"
        raise FormatError("lies outside the schematic", where=f"{here} at ({x}, {y}, {z})", legal=legal)
    entity = entity_from(block_id, fields, f"{here} at {tuple(xyz[0].tolist())}")
    if entity is not None:
        put_entities(volume, xyz, block_id, entity, here)
