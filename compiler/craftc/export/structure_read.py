"""Reader of structure files (.nbt), the form of structure blocks and game tests.

    size [x, y, z]   palette [{Name, Properties?}]   blocks [{state, pos [x, y, z], nbt?}]   DataVersion

Positions that no entry names, and structure voids, are air. Structures do not keep scheduled ticks.
Deliberately refused: several palettes (`palettes`), which choose at random. The game limits structures
to 48 blocks a side, which bounds the per-block work of decoding.
Source: Minecraft Wiki, "Structure file".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.blocks import Palette, Volume
from craftc.errors import FormatError
from craftc.export import nbt_read
from craftc.export.entities import entity_from, put_entities, state_from

_VOIDS = frozenset({"minecraft:structure_void", "minecraft:cave_air", "minecraft:void_air"})


def read_structure(path: Path) -> Volume:
    """Return the blocks and block entities of a structure file; origin (0, 0, 0).

    Raises FormatError naming the file and the field for anything damaged or not supported.
    """
    where = str(path)
    try:
        packed = Path(path).read_bytes()
    except OSError as error:
        raise FormatError(
            f"cannot be read: {error.strerror}", where=where, legal="a structure file"
        ) from error
    data = nbt_read.unpack_gzip(packed, where) if packed[:2] == b"\x1f\x8b" or not packed else packed
    _, root = nbt_read.parse(data, where)
    size = _size(root, where)
    if "palettes" in root:
        raise FormatError("has several palettes", where=where, legal="one palette")
    table, palette = _palette(nbt_read.want(root, "palette", list, where), where)
    blocks = nbt_read.want(root, "blocks", list, where)
    states, xyz = _columns(blocks, size, len(table), where)
    volume = Volume(size, palette)
    volume.ids[xyz[:, 1], xyz[:, 2], xyz[:, 0]] = table[states]
    for item in blocks:
        if "nbt" in item:
            _place(volume, item, where)
    return volume


def _size(root: Mapping[str, Any], where: str) -> tuple[int, int, int]:
    size = nbt_read.want(root, "size", list, where)
    if len(size) != 3 or not all(type(v) is int and 1 <= v <= 65_535 for v in size):
        raise FormatError(f"size {size}", where=where, legal="three numbers from 1 on")
    return (size[0], size[1], size[2])


def palette_entry(entry: object, where: str) -> str:
    """Return `Name[key=value,...]` of a palette compound. Raises FormatError on another form."""
    if not isinstance(entry, dict):
        raise FormatError("a palette entry is not a compound", where=where, legal="{Name, Properties}")
    name = nbt_read.want(entry, "Name", str, where)
    props = nbt_read.want(entry, "Properties", dict, where) if "Properties" in entry else {}
    if not all(isinstance(v, str) for v in props.values()):
        raise FormatError(f"a property of {name} is not a string", where=where, legal="strings")
    return "minecraft:air" if name in _VOIDS else f"{name}[{','.join(f'{k}={v}' for k, v in props.items())}]"


def _palette(entries: Sequence[object], where: str) -> tuple[npt.NDArray[np.uint16], Palette]:
    palette = Palette()
    table = [palette.add(state_from(palette_entry(entry, where), where)) for entry in entries]
    return np.array(table, dtype=np.uint16), palette


def _columns(
    blocks: Sequence[object], size: tuple[int, int, int], states: int, where: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (state numbers (n,), positions (n, 3)). Raises FormatError if one is illegal."""
    rows = []
    for item in blocks:
        pos = nbt_read.want(item, "pos", list, where)  # type: ignore[arg-type]
        if len(pos) != 3 or not all(type(v) is int for v in pos):
            raise FormatError(f"pos {pos}", where=where, legal="three integers")
        rows.append((nbt_read.want(item, "state", int, where), *pos))  # type: ignore[arg-type]
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    number, xyz = table[:, 0], table[:, 1:]
    bad = ((xyz < 0) | (xyz >= np.array(size))).any(axis=1)
    if bad.any():
        raise FormatError(f"block at {tuple(xyz[bad][0].tolist())}", where=where, legal=f"inside {size}")
    if ((number < 0) | (number >= states)).any():
        wrong = int(number[(number < 0) | (number >= states)][0])
        raise FormatError(f"a block has state {wrong}", where=where, legal=f"0..{states - 1}")
    flat = np.ravel_multi_index((xyz[:, 1], xyz[:, 2], xyz[:, 0]), (size[1], size[2], size[0]))
    if np.unique(flat).size != flat.size:
        raise FormatError("one position is given twice", where=where, legal="once per block")
    return number, xyz


def _place(volume: Volume, item: Mapping[str, Any], where: str) -> None:
    fields = nbt_read.want(item, "nbt", dict, where)
    xyz = np.array([item["pos"]], dtype=np.int32)
    here = f"{where}, block entity at {tuple(item['pos'])}"
    block_id = nbt_read.want(fields, "id", str, here)
    entity = entity_from(block_id, fields, here)
    if entity is not None:
        put_entities(volume, xyz, block_id, entity, here)
