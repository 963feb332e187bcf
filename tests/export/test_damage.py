"""Damaged worlds are refused with the file and the chunk, and never read as something else."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbtlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftc.blocks import BlockState, Entity, Volume
from craftc.errors import FormatError
from craftc.export.region import RegionReader
from craftc.export.schem import read_schem, write_schem
from craftc.export.world import read_world, write_world

Change = Callable[[bytearray], None]
HERE = r"r\.0\.0\.mca, chunk \(0, 0\)"


def _volume() -> Volume:
    volume = Volume((20, 3, 2), origin=(4, 70, 4))
    volume.ids[:] = volume.palette.add("stone")
    for i in range(10):
        comparator = BlockState.make("comparator", facing="east", mode="compare", powered="false")
        volume.set((i, 1, 0), comparator, Entity("comparator", i))
    barrel = BlockState.make("barrel", facing="up", open="false")
    volume.set((0, 2, 1), barrel, Entity("barrel", 4))
    return volume


@pytest.fixture
def region(tmp_path: Path) -> Path:
    """The only region file of a small whole world (chunks 0 and 1 in x hold blocks)."""
    write_world(_volume(), tmp_path / "w", level_name="w", spawn=(0, 0, 0), spawn_yaw=0.0)
    return tmp_path / "w" / "region" / "r.0.0.mca"


def _entry(data: bytes, slot: int = 0) -> tuple[int, int]:
    """Return (byte offset, sectors) of a header entry."""
    value = struct.unpack(">I", data[4 * slot : 4 * slot + 4])[0]
    return (value >> 8) * 4096, value & 255


def _repack(region: Path, document: bytes, level: int = 9) -> None:
    """Replace the record of chunk (0, 0)."""
    data = bytearray(region.read_bytes())
    at, sectors = _entry(data)
    packed = zlib.compress(document, level)
    assert len(packed) + 5 <= sectors * 4096
    data[at : at + 5 + len(packed)] = struct.pack(">IB", len(packed) + 1, 2) + packed
    region.write_bytes(data)


def _edit(region: Path, change: Callable[[Any], None]) -> None:
    """Change the NBT of chunk (0, 0) by nbtlib."""
    root = nbtlib.File.parse(io.BytesIO(RegionReader(region).document(0, 0)))
    change(root)
    buffer = io.BytesIO()
    root.write(buffer)
    _repack(region, buffer.getvalue())


def _poke(at: Callable[[bytes], int], value: bytes) -> Change:
    def change(data: bytearray) -> None:
        start = at(bytes(data))
        data[start : start + len(value)] = value

    return change


def _cut(size: Callable[[bytes], int]) -> Change:
    def change(data: bytearray) -> None:
        del data[size(bytes(data)) :]

    return change


def _flip_middle(data: bytearray) -> None:
    data[_entry(data)[0] + 60] ^= 0xFF


def _swap_entries(data: bytearray) -> None:
    data[0:4], data[4:8] = data[4:8], data[0:4]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_cut(lambda d: 5000), "shorter than its header"),
        (_cut(lambda d: _entry(d)[0] + 3), HERE + ".*starts at byte"),
        (_cut(lambda d: _entry(d)[0] + 100), HERE + ".*ends at byte"),
        (_poke(lambda d: _entry(d)[0], b"\0\0\0\0"), HERE + ": record length 0"),
        (_poke(lambda d: _entry(d)[0], b"\x7f\xff\xff\xff"), HERE + ": record length 2147483647"),
        (_poke(lambda d: _entry(d)[0] + 2, b"\x00\x30"), HERE),
        (_poke(lambda d: _entry(d)[0] + 4, b"\x04"), HERE + ": compression type 4"),
        (_poke(lambda d: _entry(d)[0] + 4, b"\x01"), HERE + ": not a whole gzip"),
        (_poke(lambda d: 0, b"\0\0\0\0"), HERE + ": is absent"),
        (_poke(lambda d: 0, b"\0\0\1\1"), HERE + ".*overlap the header"),
        (_poke(lambda d: 4, b"\0\0\2\1"), "overlap those of another chunk"),
        (_poke(lambda d: 0, b"\0\xff\0\1"), HERE + ".*starts at byte"),
        (_flip_middle, HERE + ": its data are damaged"),
        (_swap_entries, r"says that it is chunk \("),
    ],
)
def test_broken_regions(region: Path, change: Change, why: str) -> None:
    data = bytearray(region.read_bytes())
    change(data)
    region.write_bytes(data)
    for box in (None, ((4, 70, 4), (24, 73, 6))):
        with pytest.raises(FormatError, match=why):
            read_world(region.parents[1], box)


def _states(root: Any) -> Any:
    return next(s for s in root["sections"] if int(s["Y"]) == 4)["block_states"]


def _wrong_index(root: Any) -> None:
    words = np.array(_states(root)["data"]).copy()
    words[100] = -1
    _states(root)["data"] = nbtlib.LongArray(words)


def _short_data(root: Any) -> None:
    _states(root)["data"] = nbtlib.LongArray(np.array(_states(root)["data"])[:-1])


def _set(path: str, value: Any) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        *way, last = path.split("/")
        for key in way:
            root = root[int(key) if key.isdigit() else key]
        root[last] = value

    return change


def _del(path: str) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        *way, last = path.split("/")
        for key in way:
            root = root[int(key) if key.isdigit() else key]
        del root[last]

    return change


def _repeat_section(root: Any) -> None:
    root["sections"].append(next(s for s in root["sections"] if int(s["Y"]) == 4))


def _twice(root: Any) -> None:
    root["block_entities"].append(root["block_entities"][0])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_wrong_index, r"section 4: cell \d+ has palette index 15"),
        (_short_data, "section 4: data of 255 values.*256 longs"),
        (lambda root: _states(root).pop("palette"), "palette is missing"),
        (_set("xPos", nbtlib.Int(5)), r"says that it is chunk \(5, 0\)"),
        (_set("DataVersion", nbtlib.Int(2000)), "older than 1.18"),
        (_del("sections"), "sections is missing"),
        (_set("block_entities/0/x", nbtlib.Int(99)), r"at \(99, .*outside its chunk"),
        (_set("block_entities/0/y", nbtlib.Int(70)), "the block there is minecraft:"),
        (_set("block_entities/0/id", nbtlib.String("minecraft:sign")), "front_text is missing"),
        (_del("block_entities/0/id"), "id is missing"),
        (_set("block_entities/0/OutputSignal", nbtlib.Int(16)), "OutputSignal 16"),
        (_twice, "given content"),
        (_repeat_section, "section 4 is given twice"),
    ],
)
def test_broken_chunks(region: Path, change: Callable[[Any], None], why: str) -> None:
    def first_comparator(root: Any) -> None:
        items = sorted(root["block_entities"], key=lambda e: str(e["id"]) != "minecraft:comparator")
        root["block_entities"] = nbtlib.List[nbtlib.Compound](items)
        change(root)

    _edit(region, first_comparator)
    with pytest.raises(FormatError, match=HERE + ".*" + why):
        read_world(region.parents[1])


def test_an_honest_edit_is_read(region: Path, same: Callable[[Volume, Volume], bool]) -> None:
    _edit(region, lambda root: None)
    assert same(read_world(region.parents[1]), _volume())


def test_missing_files(region: Path) -> None:
    world = region.parents[1]
    with pytest.raises(FormatError, match="absent"):
        read_world(world, ((4, 70, 4), (600, 73, 6)))
    with pytest.raises(FormatError, match="low < high"):
        read_world(world, ((4, 70, 4), (4, 73, 6)))
    region.unlink()
    with pytest.raises(FormatError, match=r"r\.0\.0\.mca, chunk \(0, 0\): is absent with its whole region"):
        read_world(world)
    with pytest.raises(FormatError, match="no folder `region`"):
        read_world(world / "data")
    (world / "region" / "r.x.0.mca").write_bytes(bytes(8192))
    with pytest.raises(FormatError, match=r"r\.X\.Z\.mca"):
        read_world(world)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_flipped_bytes_of_a_chunk_never_escape_as_another_error(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = tmp_path_factory.mktemp("f") / "w"
    write_world(_volume(), world, level_name="w", spawn=(0, 0, 0), spawn_yaw=0.0)
    region = world / "region" / "r.0.0.mca"
    document = bytearray(RegionReader(region).document(0, 0))
    for _ in range(data.draw(st.integers(1, 4))):
        document[data.draw(st.integers(0, len(document) - 1))] = data.draw(st.integers(0, 255))
    _repack(region, bytes(document))
    try:
        read_world(world)
    except FormatError as error:
        assert "r.0.0.mca" in str(error)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), version=st.sampled_from((2, 3)))
def test_flipped_bytes_of_a_schematic_never_escape_as_another_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, version: int
) -> None:
    path = tmp_path_factory.mktemp("f") / "b.schem"
    write_schem(_volume(), path, version, level=0)
    plain = bytearray(zlib.decompress(path.read_bytes(), 31))
    for _ in range(data.draw(st.integers(1, 4))):
        plain[data.draw(st.integers(0, len(plain) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(zlib.compress(bytes(plain), 1, 31))
    try:
        read_schem(path)
    except FormatError as error:
        assert "b.schem" in str(error)
