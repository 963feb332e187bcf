"""Sponge schematics: round trips, fields, wide palettes, and files that lie."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbtlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftc.blocks import BlockState, Entity, Palette, Volume
from craftc.errors import ConfigError, FormatError, OutputError
from craftc.export import schem, schem_read
from craftc.export.schem import read_schem, write_schem

Same = Callable[[Volume, Volume], bool]


def _wide(states: int, size: tuple[int, int, int] = (40, 10, 50)) -> Volume:
    """A box with `states` different states besides air."""
    volume = Volume(size)
    for i in range(states):
        volume.palette.add(BlockState.make("note_block", instrument="harp", note=i))
    rng = np.random.default_rng(states)
    volume.ids = rng.integers(0, states + 1, volume.ids.shape).astype(np.uint16)
    return volume


def _root(path: Path) -> Any:
    return nbtlib.File.parse(gzip.open(path))


def _resave(path: Path, change: Callable[[Any], None]) -> Path:
    """Write a copy in which `change` was applied to the version 2 root."""
    root = _root(path)
    change(root)
    out = path.with_name("changed.schem")
    root.save(out, gzipped=True)
    return out


@pytest.fixture
def small(tmp_path: Path) -> Path:
    volume = Volume((3, 2, 4))
    volume.set((0, 0, 0), "stone")
    volume.set((2, 1, 3), BlockState.make("comparator", facing="east"), Entity("comparator", 9))
    write_schem(volume, tmp_path / "small.schem")
    return tmp_path / "small.schem"


@pytest.mark.parametrize("version", schem.VERSIONS)
def test_board_round_trips(board: Volume, same: Same, tmp_path: Path, version: int) -> None:
    write_schem(board, tmp_path / "b.schem", version, offset=board.origin)
    back = read_schem(tmp_path / "b.schem")
    assert same(board, back) and back.origin == board.origin


@pytest.mark.parametrize("version", schem.VERSIONS)
@pytest.mark.parametrize("states", [1, 127, 128, 300, 17_000])
def test_wide_palettes_round_trip(states: int, version: int, same: Same, tmp_path: Path) -> None:
    volume = _wide(states)
    write_schem(volume, tmp_path / "w.schem", version)
    assert same(volume, read_schem(tmp_path / "w.schem"))


def test_slabs_do_not_show(
    board: Volume, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same: Same
) -> None:
    monkeypatch.setattr(schem, "_SLAB", 999)
    monkeypatch.setattr(schem_read, "_SLAB", 777)
    for volume in (board, _wide(300), _wide(17_000)):
        write_schem(volume, tmp_path / "b.schem")
        assert same(volume, read_schem(tmp_path / "b.schem"))


def test_more_states_than_the_data_use(small: Path, same: Same) -> None:
    def add_states(root: Any) -> None:
        for i in range(3, 400):
            root["Palette"][f"minecraft:note_block[note={i}]"] = nbtlib.Int(i)
        root["PaletteMax"] = nbtlib.Int(400)

    assert same(read_schem(small), read_schem(_resave(small, add_states)))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(0, 400), st.sampled_from((2, 3)))
def test_random_boxes_round_trip(
    same: Same, tmp_path_factory: pytest.TempPathFactory, x: int, y: int, z: int, states: int, version: int
) -> None:
    path = tmp_path_factory.mktemp("s") / "r.schem"
    volume = _wide(states, (x, y, z))
    write_schem(volume, path, version)
    assert same(volume, read_schem(path))


def test_fields_of_version_2(small: Path) -> None:
    root = _root(small)
    assert root.root_name == "Schematic"
    assert [int(root[k]) for k in ("Version", "DataVersion", "Width", "Height", "Length")] == [
        2,
        3700,
        3,
        2,
        4,
    ]
    assert int(root["PaletteMax"]) == len(root["Palette"]) == 3
    assert root["Offset"].tolist() == [0, 0, 0]
    assert [int(root["Metadata"][f"WEOffset{a}"]) for a in "XYZ"] == [0, 0, 0]
    assert list(root["Entities"]) == []
    entity = root["BlockEntities"][0]
    assert (str(entity["Id"]), entity["Pos"].tolist()) == ("minecraft:comparator", [2, 1, 3])
    assert int(entity["OutputSignal"]) == 9


def test_fields_of_version_3(board: Volume, tmp_path: Path) -> None:
    write_schem(board, tmp_path / "b.schem", 3)
    root = _root(tmp_path / "b.schem")
    assert root.root_name == "" and list(root) == ["Schematic"]
    body = root["Schematic"]
    assert int(body["Version"]) == 3 and set(body["Blocks"]) == {"Palette", "Data", "BlockEntities"}
    assert all(set(e) == {"Pos", "Id", "Data"} for e in body["Blocks"]["BlockEntities"])


def test_a_board_without_entities_still_has_the_list(tmp_path: Path) -> None:
    volume = Volume((1, 1, 1))
    for version in schem.VERSIONS:
        write_schem(volume, tmp_path / "e.schem", version)
        root = _root(tmp_path / "e.schem")
        blocks = root if version == 2 else root["Schematic"]["Blocks"]
        assert list(blocks["BlockEntities"]) == []


def test_bytes_depend_on_blocks_only(board: Volume, tmp_path: Path) -> None:
    write_schem(board, tmp_path / "one.schem")
    turned = Volume(board.size, Palette(), board.origin)
    entries = list(board.palette)
    table = np.zeros(len(entries), dtype=np.uint16)
    turned.palette.add("minecraft:bedrock")  # never used
    for i in reversed(range(1, len(entries))):
        table[i] = turned.palette.add(*entries[i])
    turned.ids = table[board.ids]
    write_schem(turned, tmp_path / "two.schem")
    assert (tmp_path / "one.schem").read_bytes() == (tmp_path / "two.schem").read_bytes()


def test_comparator_without_content_gets_signal_0(tmp_path: Path) -> None:
    volume = Volume((1, 1, 1))
    volume.set((0, 0, 0), BlockState.make("comparator", facing="east"))
    write_schem(volume, tmp_path / "c.schem")
    assert read_schem(tmp_path / "c.schem").entity((0, 0, 0)) == Entity("comparator", 0)


def test_longest_axis(tmp_path: Path) -> None:
    write_schem(Volume((32_767, 1, 1)), tmp_path / "long.schem")
    assert read_schem(tmp_path / "long.schem").size == (32_767, 1, 1)
    with pytest.raises(FormatError, match=r"32768.*at most 32767"):
        write_schem(Volume((32_768, 1, 1)), tmp_path / "longer.schem")
    assert not (tmp_path / "longer.schem").exists()


def test_unknown_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="2 or 3"):
        write_schem(Volume((1, 1, 1)), tmp_path / "x.schem", 4)
    with pytest.raises(ConfigError, match=r"1\.20\.4"):
        write_schem(Volume((1, 1, 1)), tmp_path / "x.schem", mc="1.12")
    with pytest.raises(OutputError, match="is a folder"):
        write_schem(Volume((1, 1, 1)), tmp_path)


@pytest.mark.parametrize(
    ("state", "entity", "why"),
    [
        ("stone", Entity("comparator", 1), "stone carries comparator content"),
        ("comparator", Entity("barrel", 1), "carries barrel content"),
        ("comparator", Entity("comparator", 16), "signal 16"),
        ("barrel", Entity("barrel", -1), "signal -1"),
        ("oak_sign", Entity("sign", lines=("",) * 5), "5 lines"),
    ],
)
def test_wrong_content_is_refused(tmp_path: Path, state: str, entity: Entity, why: str) -> None:
    volume = Volume((1, 1, 1))
    volume.set((0, 0, 0), state, entity)
    with pytest.raises(FormatError, match=why):
        write_schem(volume, tmp_path / "x.schem")
    assert list(tmp_path.iterdir()) == []


def _set(key: str, value: Any) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        root[key] = value

    return change


def _drop(key: str) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        del root[key]

    return change


def _data(*values: int) -> Callable[[Any], None]:
    return _set("BlockData", nbtlib.ByteArray(values))


def _move_entity(root: Any) -> None:
    root["BlockEntities"][0]["Pos"] = nbtlib.IntArray([2, 1, 2])


def _entity_outside(root: Any) -> None:
    root["BlockEntities"][0]["Pos"] = nbtlib.IntArray([2, 1, 4])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_set("Width", nbtlib.Short(4)), "needs 32 block indices but the data hold 24"),
        (_set("Height", nbtlib.Short(0)), "every side"),
        (_set("Length", nbtlib.Short(-1)), "data hold 24"),
        (_set("Version", nbtlib.Int(7)), "2 or 3"),
        (_set("Width", nbtlib.String("3")), "Width is a str"),
        (_drop("Palette"), "Palette is missing"),
        (_drop("BlockData"), "BlockData is missing"),
        (_set("PaletteMax", nbtlib.Int(9)), "PaletteMax 9 but 3"),
        (_data(*[0] * 23, 77), r"block \(2, 1, 3\) has palette index 77"),
        (_data(*[0] * 23, -1), "a cut one"),
        (_data(*[0] * 23, -1, -1, -1, 1), "varint of 4 bytes"),
        (_set("Palette", nbtlib.Compound({"a b": nbtlib.Int(0)})), "PaletteMax"),
        (_move_entity, "the block there is minecraft:air"),
        (_entity_outside, "outside the schematic"),
    ],
)
def test_lies_are_refused(small: Path, change: Callable[[Any], None], why: str) -> None:
    with pytest.raises(FormatError, match=why) as caught:
        read_schem(_resave(small, change))
    assert "changed.schem" in str(caught.value)


def test_an_honest_copy_is_read(small: Path, same: Same) -> None:
    assert same(read_schem(small), read_schem(_resave(small, lambda root: None)))


def test_damaged_files_are_refused(small: Path) -> None:
    whole = small.read_bytes()
    plain = gzip.decompress(whole)
    for data, why in (
        (whole[: len(whole) // 2], "gzip"),
        (b"hello", "gzip"),
        (b"", "gzip"),
        (gzip.compress(plain[:-20]), "NBT byte"),
        (
            gzip.compress(plain.replace(b"BlockData\0\0\0\x18", b"BlockData\x7f\xff\xff\xff")),
            "2147483647 values",
        ),
    ):
        small.write_bytes(data)
        with pytest.raises(FormatError, match=why):
            read_schem(small)
    with pytest.raises(FormatError, match="cannot be read"):
        read_schem(small.with_name("absent"))
