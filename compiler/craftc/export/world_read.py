"""Reader of Java worlds since 1.18: blocks and block entities of a box as a Volume.

Damaged files are refused, never repaired: every message names the file, the chunk and the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from craftc.blocks import Palette, Volume
from craftc.errors import FormatError
from craftc.export import nbt_read
from craftc.export.chunk import CELLS, bits_for, unpack, words_for
from craftc.export.entities import entity_from, put_entities, state_from
from craftc.export.level import forced_chunks
from craftc.export.region import RegionReader, region_name

Pos = tuple[int, int, int]
Box = tuple[Pos, Pos]
OLDEST = 2860
"""DataVersion of 1.18, the first with this chunk form."""

_AIRS = frozenset(f"minecraft:{name}" for name in ("air", "cave_air", "void_air"))
_U16 = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One chunk that was read: its sections with blocks, and its block entities."""

    x: int
    z: int
    where: str
    sections: dict[int, _U16]
    entities: list[nbt_read.Run]


@dataclass(slots=True)
class _States:
    """Palette under construction, and what was decoded before.

    memo     decoded states by their bytes
    indices  id of a state object that `memo` keeps alive -> palette index
    """

    palette: Palette = field(default_factory=Palette)
    memo: nbt_read.Memo = field(default_factory=lambda: nbt_read.Memo("palette"))
    indices: dict[int, int] = field(default_factory=dict)

    def index(self, entry: object, where: str) -> int:
        found = self.indices.get(id(entry))
        if found is None:
            found = self.indices[id(entry)] = self._add(entry, where)
        return found

    def _add(self, entry: object, where: str) -> int:
        if not isinstance(entry, dict):
            raise FormatError("a palette entry is not a compound", where=where, legal="{Name, Properties}")
        name = nbt_read.want(entry, "Name", str, where)
        props = nbt_read.want(entry, "Properties", dict, where) if "Properties" in entry else {}
        if not all(isinstance(v, str) for v in props.values()):
            raise FormatError(f"a property of {name} is not a string", where=where, legal="strings")
        text = f"{name}[{','.join(f'{k}={v}' for k, v in props.items())}]"
        return 0 if name in _AIRS else self.palette.add(state_from(text, where))


def read_world(path: Path, box: Box | None = None) -> Volume:
    """Return the blocks of a world with their block entities; `origin` is the low corner.

    `box` = (low, high), low <= block < high in world coordinates; every chunk of it must exist.
    Without it the result is the bounding box of all blocks that are not air, and every chunk that
    data/chunks.dat keeps loaded must exist. Raises FormatError that names the file and the chunk.
    """
    path = Path(path)
    regions = _open_regions(path)
    states = _States()
    if box is not None:
        if min(h - lo for lo, h in zip(*box, strict=True)) < 1:
            raise FormatError(f"empty box {box}", where=str(path), legal="low < high on every axis")
        wanted = _chunks_of(box)
        _require(regions, wanted, path)
        return _fill(_read(regions, wanted, states), states, box)
    _require(regions, _forced(path), path)
    present = sorted(chunk for region in regions.values() for chunk in region.chunks())
    chunks = list(_read(regions, present, states))
    return _fill(chunks, states, _tight_box(chunks, path))


def _open_regions(path: Path) -> dict[str, RegionReader]:
    folder = path / "region"
    if not folder.is_dir():
        raise FormatError("has no folder `region`", where=str(path), legal="a Java world")
    files = sorted(folder.glob("r.*.mca"))
    return {f.name: RegionReader(f) for f in files if f.stat().st_size}


def _forced(path: Path) -> list[tuple[int, int]]:
    file = path / "data" / "chunks.dat"
    if not file.is_file():
        return []
    _, document = nbt_read.parse(nbt_read.unpack_gzip(file.read_bytes(), str(file)), str(file))
    return forced_chunks(document, str(file))


def _chunks_of(box: Box) -> list[tuple[int, int]]:
    (x0, _, z0), (x1, _, z1) = box
    return [(x, z) for x in range(x0 >> 4, (x1 - 1 >> 4) + 1) for z in range(z0 >> 4, (z1 - 1 >> 4) + 1)]


def _require(regions: dict[str, RegionReader], chunks: list[tuple[int, int]], path: Path) -> None:
    """Raise FormatError if a chunk that must exist is absent."""
    for x, z in chunks:
        name = region_name(x, z)
        if name not in regions or not regions[name].has(x, z):
            why = "is absent" if name in regions else "is absent with its whole region file"
            where = f"{path / 'region' / name}, chunk ({x}, {z})"
            raise FormatError(why, where=where, legal="every chunk of the box or of data/chunks.dat")


def _tight_box(chunks: list[_Chunk], path: Path) -> Box:
    """Return the bounding box of all blocks that are not air."""
    corners = [(16 * c.x, 16 * y, 16 * c.z) for c in chunks for y in c.sections]
    if not corners:
        raise FormatError("holds no blocks", where=str(path), legal="a world with at least one block")
    filled = [cells != 0 for c in chunks for cells in c.sections.values()]
    sides = [
        _extent([(corner[axis], f.any(axis=others)) for corner, f in zip(corners, filled, strict=True)])
        for axis, others in ((0, (0, 1)), (1, (1, 2)), (2, (0, 2)))  # sections are [y, z, x]
    ]
    low, high = zip(*sides, strict=True)
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def _extent(lines: list[tuple[int, npt.NDArray[np.bool_]]]) -> tuple[int, int]:
    """Return (first, last + 1) filled coordinate of sections given as (corner, filled [16])."""
    lows = [corner + int(line.argmax()) for corner, line in lines]
    highs = [corner + 16 - int(line[::-1].argmax()) for corner, line in lines]
    return min(lows), max(highs)


def _read(
    regions: dict[str, RegionReader], chunks: list[tuple[int, int]], states: _States
) -> Iterator[_Chunk]:
    for x, z in chunks:
        region = regions[region_name(x, z)]
        yield _parse_chunk(region.document(x, z), x, z, region.label(x, z), states)


def _parse_chunk(document: bytes, x: int, z: int, where: str, states: _States) -> _Chunk:
    _, root = nbt_read.parse(document, where, ("block_entities",), states.memo)
    if nbt_read.want(root, "DataVersion", int, where) < OLDEST:
        raise FormatError("older than 1.18", where=where, legal=f"DataVersion {OLDEST} or later")
    found = (nbt_read.want(root, "xPos", int, where), nbt_read.want(root, "zPos", int, where))
    if found != (x, z):
        raise FormatError(f"says that it is chunk {found}", where=where, legal="its own place")
    sections = {}
    for section in nbt_read.want(root, "sections", list, where):
        y = nbt_read.want(section, "Y", int, where)
        if y in sections:
            raise FormatError(f"section {y} is given twice", where=where, legal="once per height")
        if "block_states" in section:
            cells = _cells(section["block_states"], f"{where}, section {y}", states)
            if cells is not None:
                sections[y] = cells
    entities = nbt_read.want(root, "block_entities", list, where) if "block_entities" in root else []
    return _Chunk(x, z, where, sections, entities)


def _cells(blocks: object, where: str, states: _States) -> _U16 | None:
    """Return the palette indices [16, 16, 16] of a section, or None if it is all air."""
    if not isinstance(blocks, dict):
        raise FormatError("block_states is not a compound", where=where)
    entries = nbt_read.want(blocks, "palette", list, where)
    if not entries:
        raise FormatError("an empty palette", where=where, legal="at least one state")
    table = np.array([states.index(e, where) for e in entries], dtype=np.uint16)
    if not table.any():
        return None
    if len(entries) == 1:
        return np.full((16, 16, 16), table[0], dtype=np.uint16)
    words = nbt_read.want(blocks, "data", np.ndarray, where)
    bits = bits_for(len(entries))
    if words.dtype.itemsize != 8 or words.size != words_for(bits):
        legal = f"{words_for(bits)} longs for {len(entries)} states"
        raise FormatError(f"data of {words.size} values", where=where, legal=legal)
    local = unpack(words, bits, CELLS)
    if int(local.max()) >= table.size:
        cell = int(np.argmax(local >= table.size))
        why = f"cell {cell} has palette index {int(local[cell])}, which the palette lacks"
        raise FormatError(why, where=where, legal=f"0..{table.size - 1}")
    return table[local].reshape(16, 16, 16)


def _fill(chunks: Iterable[_Chunk], states: _States, box: Box) -> Volume:
    """Return the blocks of `chunks` that lie in `box`; a list of chunks is emptied on the way."""
    low, high = box
    out = Volume((high[0] - low[0], high[1] - low[1], high[2] - low[2]), states.palette, low)
    for chunk in chunks:
        for y in sorted(chunk.sections):
            _copy(out, chunk.sections.pop(y), (16 * chunk.x, 16 * y, 16 * chunk.z))
        for run in chunk.entities:
            _place(out, run, chunk)
    return out


def _copy(out: Volume, cells: _U16, corner: Pos) -> None:
    """Copy the common part of a section and the volume."""
    source, target = [], []
    for axis in (1, 2, 0):  # array order y, z, x
        offset = corner[axis] - out.origin[axis]
        start, stop = max(0, offset), min(out.size[axis], offset + 16)
        if start >= stop:
            return
        target.append(slice(start, stop))
        source.append(slice(start - offset, stop - offset))
    out.ids[tuple(target)] = cells[tuple(source)]


def _place(out: Volume, run: nbt_read.Run, chunk: _Chunk) -> None:
    """Give the blocks of a run that lie in the volume their content."""
    block_id = nbt_read.want(run.fields, "id", str, chunk.where)
    here = f"{chunk.where}, block entity {block_id}"
    world = run.xyz
    if world is None:
        world = np.array([[nbt_read.want(run.fields, axis, int, here) for axis in "xyz"]], dtype=np.int64)
    away = np.flatnonzero(((world[:, ::2] >> 4) != (chunk.x, chunk.z)).any(axis=1))
    if away.size:
        x, y, z = world[away[0]].tolist()
        raise FormatError("lies outside its chunk", where=f"{here} at ({x}, {y}, {z})")
    local = world - np.array(out.origin)
    local = local[((local >= 0) & (local < np.array(out.size))).all(axis=1)]
    entity = entity_from(block_id, run.fields, f"{here} at {tuple(world[0].tolist())}")
    if entity is not None:
        put_entities(out, local.astype(np.int32), block_id, entity, here)
