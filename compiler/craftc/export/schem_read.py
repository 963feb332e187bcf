"""Reader of Sponge schematics, versions 2 and 3. Every claim of the file is checked before use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.blocks import BlockState, Entity, Palette, Volume
from craftc.errors import FormatError
from craftc.export import nbt
from craftc.export.entities import entity_from, entity_id

_MAX_STATES = 65_535


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
    _, root = nbt.parse(nbt.unpack_gzip(packed, where), where)
    body = nbt.want(root, "Schematic", dict, where) if "Schematic" in root else root
    kind = nbt.want(body, "Version", int, where)
    if kind not in (2, 3):
        raise FormatError(f"schematic version {kind}", where=where, legal="2 or 3")
    blocks = body if kind == 2 else nbt.want(body, "Blocks", dict, where)
    size = _size(body, where)
    table, palette = _palette(nbt.want(blocks, "Palette", dict, where), body.get("PaletteMax"), where)
    data = nbt.want(blocks, "BlockData" if kind == 2 else "Data", np.ndarray, where)
    volume = Volume(size, palette, _offset(body, where))
    volume.ids = _indices(data, table, size, where).reshape(volume.ids.shape)
    for item in nbt.want(blocks, "BlockEntities", list, where) if "BlockEntities" in blocks else []:
        _place(volume, item, kind, where)
    return volume


def _size(body: Mapping[str, Any], where: str) -> tuple[int, int, int]:
    x, y, z = (nbt.want(body, key, int, where) & 0xFFFF for key in ("Width", "Height", "Length"))
    if min(x, y, z) < 1:
        raise FormatError(f"size {x} x {y} x {z}", where=where, legal="every side 1..65,535")
    return (x, y, z)


def _offset(body: Mapping[str, Any], where: str) -> tuple[int, int, int]:
    if "Offset" not in body:
        return (0, 0, 0)
    values = nbt.want(body, "Offset", np.ndarray, where)
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
        table[index] = palette.add(BlockState.parse(text))
    return table, palette


def _indices(
    data: npt.NDArray[Any], table: npt.NDArray[np.int32], size: tuple[int, int, int], where: str
) -> npt.NDArray[np.uint16]:
    """Return the palette index of every cell, flat, from the varints of the file."""
    if data.dtype.itemsize != 1:
        raise FormatError("block data are not bytes", where=where, legal="a byte array of varints")
    raw = data.view(np.uint8)
    cells = size[0] * size[1] * size[2]
    ends = raw < 0x80
    found = raw.size if bool(ends.all()) else int(np.count_nonzero(ends))
    cut = raw.size > 0 and not ends[-1]
    if found != cells or cut:
        why = f"size {size[0]} x {size[1]} x {size[2]} needs {cells} block indices but the data hold {found}"
        raise FormatError(why + (" and a cut one" if cut else ""), where=where, legal="equal numbers")
    values = raw if found == raw.size else _varints(raw, ends, where)
    top = int(values.max())
    known = table[np.minimum(values, table.size - 1)] if top >= table.size else table[values]
    bad = (known < 0) | (values >= table.size)
    if bad.any():
        at = int(np.argmax(bad))
        x, y, z = at % size[0], at // (size[0] * size[2]), at // size[0] % size[2]
        why = f"block ({x}, {y}, {z}) has palette index {int(values[at])}, which the palette lacks"
        raise FormatError(why, where=where, legal=f"one of its {int((table >= 0).sum())} indices")
    return known.astype(np.uint16)


def _varints(raw: npt.NDArray[np.uint8], ends: npt.NDArray[np.bool_], where: str) -> npt.NDArray[np.int64]:
    """Return the decoded values; `ends` marks the last byte of each."""
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


def _place(volume: Volume, item: object, kind: int, where: str) -> None:
    """Give one block its content. Raises FormatError if it lies outside or on the wrong block."""
    if not isinstance(item, dict):
        raise FormatError("a block entity is not a compound", where=where)
    at = nbt.want(item, "Pos", np.ndarray, where)
    block_id = nbt.want(item, "Id", str, where)
    fields = item if kind == 2 else item.get("Data", {})
    pos = tuple(int(v) for v in at)
    here = f"{where}, block entity {block_id} at {pos}"
    if len(pos) != 3 or min(pos) < 0 or any(p >= s for p, s in zip(pos, volume.size, strict=True)):
        raise FormatError("lies outside the schematic", where=here, legal=f"0 <= Pos < {volume.size}")
    entity = entity_from(block_id, fields, here)
    if entity is not None:
        put_entity(volume, (pos[0], pos[1], pos[2]), block_id, entity, here)


def put_entity(volume: Volume, local: tuple[int, int, int], block_id: str, entity: Entity, here: str) -> None:
    """Set the content of the block at `local`. Raises FormatError if the block has no such content."""
    state = volume.get(local)
    if entity_id(state) != block_id:
        raise FormatError(f"the block there is {state}", where=here, legal=f"a block with {block_id} content")
    volume.set(local, state, entity)
