"""Worlds: level.dat, chunks, forced chunks, round trips, refusals."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import nbtlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftc.blocks import BlockState, Entity, Volume
from craftc.errors import ConfigError, FormatError, OutputError
from craftc.export import chunk
from craftc.export.level import GAME_RULES
from craftc.export.region import RegionReader, region_name
from craftc.export.world import LevelInfo, WorldReport, read_level, read_world, write_world

Same = Callable[[Volume, Volume], bool]
Pos = tuple[int, int, int]


def _write(volume: Volume, path: Path, **settings: object) -> WorldReport:
    options: dict[str, object] = {"level_name": "test", "spawn": (0, 0, 0), "spawn_yaw": 0.0, **settings}
    return write_world(volume, path, **options)  # type: ignore[arg-type]


def _random(size: Pos, origin: Pos, states: int, seed: int = 0) -> Volume:
    volume = Volume(size, origin=origin)
    for i in range(states):
        volume.palette.add(BlockState.make("note_block", instrument="harp", note=i))
    volume.ids = np.random.default_rng(seed).integers(0, states + 1, volume.ids.shape).astype(np.uint16)
    volume.ids[0, 0, 0] = volume.ids[-1, -1, -1] = 1
    return volume


def test_board_round_trips_by_bounding_box_and_by_box(board: Volume, world: Path, same: Same) -> None:
    back = read_world(world)
    assert same(board, back) and back.origin == board.origin
    high = (board.origin[0] + board.size[0], 320, board.origin[2] + board.size[2])
    assert same(board, read_world(world, (board.origin, high)))


def test_part_of_the_board_is_the_crop(board: Volume, world: Path, same: Same) -> None:
    low, high = (-20, 0, -9), (17, 100, 20)
    here = [v - o for v, o in zip(low, board.origin, strict=True)]
    there = [v - o for v, o in zip(high, board.origin, strict=True)]
    part = read_world(world, (low, high))
    assert same(board.crop((here[0], here[1], here[2]), (there[0], there[1], there[2])), part)


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(-600, 600), st.integers(-64, 280), st.integers(-600, 600)),
    st.sampled_from((1, 15, 16, 17, 31, 200, 1000)),
)
def test_random_boxes_round_trip(
    same: Same, tmp_path_factory: pytest.TempPathFactory, size: Pos, origin: Pos, states: int
) -> None:
    path = tmp_path_factory.mktemp("w") / "world"
    volume = _random(size, origin, states)
    _write(volume, path)
    back = read_world(path)
    assert same(volume, back) and back.origin == origin


@pytest.mark.parametrize("bits", range(1, 17))
def test_pack_agrees_with_the_rule(bits: int) -> None:
    values = np.random.default_rng(bits).integers(0, 1 << bits, 4096).astype(np.uint16)
    words = [int(w) for w in chunk.pack(values, bits)]
    per = 64 // bits
    assert len(words) == -(-4096 // per) == chunk.words_for(bits)
    plain = [words[i // per] >> (i % per * bits) & (1 << bits) - 1 for i in range(4096)]
    assert plain == values.tolist()
    assert np.array_equal(chunk.unpack(np.array(words, dtype=np.uint64).view(np.int64), bits, 4096), values)


def test_bits_per_block() -> None:
    assert [chunk.bits_for(n) for n in (1, 2, 16, 17, 32, 33, 4096)] == [4, 4, 4, 5, 5, 6, 12]


def test_level_dat_fields(world: Path) -> None:
    root = nbtlib.load(world / "level.dat", gzipped=True)
    assert list(root) == ["Data"]
    data = root["Data"]
    assert (int(data["DataVersion"]), int(data["version"]), str(data["Version"]["Name"])) == (
        3700,
        19_133,
        "1.20.4",
    )
    assert str(data["LevelName"]) == "board"
    assert [int(data[k]) for k in ("SpawnX", "SpawnY", "SpawnZ", "GameType")] == [1, -60, 2, 1]
    assert float(data["SpawnAngle"]) == 180.0 and isinstance(data["SpawnAngle"], nbtlib.Float)
    assert {k: str(v) for k, v in data["GameRules"].items()} == GAME_RULES
    dimensions = data["WorldGenSettings"]["dimensions"]
    assert {str(v["type"]) for v in dimensions.values()} == set(dimensions)
    flat = dimensions["minecraft:overworld"]["generator"]
    assert (str(flat["type"]), str(flat["settings"]["biome"])) == ("minecraft:flat", "minecraft:the_void")
    assert [str(v) for v in data["DataPacks"]["Enabled"]] == ["vanilla"]
    assert isinstance(data["BorderSize"], nbtlib.Double) and isinstance(
        data["BorderSizeLerpTime"], nbtlib.Long
    )
    assert (world / "session.lock").read_bytes() == "☃".encode()


def test_forced_chunks_are_all_chunks_written(board: Volume, world: Path) -> None:
    root = nbtlib.load(world / "data" / "chunks.dat", gzipped=True)
    words = [int(v) & (1 << 64) - 1 for v in root["data"]["Forced"]]
    forced = {((w & 0xFFFFFFFF ^ 1 << 31) - (1 << 31), (w >> 32 ^ 1 << 31) - (1 << 31)) for w in words}
    written = {c for f in (world / "region").iterdir() for c in RegionReader(f).chunks()}
    ox, _, oz = board.origin
    xs = range((ox >> 4) - 1, (ox + board.size[0] - 1 >> 4) + 2)
    zs = range((oz >> 4) - 1, (oz + board.size[2] - 1 >> 4) + 2)
    assert forced == written == {(x, z) for x in xs for z in zs}


def test_chunk_fields_heightmaps_and_biomes(board: Volume, world: Path) -> None:
    file = RegionReader(world / "region" / region_name(-1, -1))
    root = nbtlib.File.parse(io.BytesIO(file.document(-1, -1)))
    assert [int(root[k]) for k in ("DataVersion", "xPos", "zPos", "yPos")] == [3700, -1, -1, -4]
    assert str(root["Status"]) == "minecraft:full"
    assert [int(s["Y"]) for s in root["sections"]] == list(range(-4, 20))
    assert all([str(b) for b in s["biomes"]["palette"]] == ["minecraft:the_void"] for s in root["sections"])
    assert all(
        ("data" in s["block_states"]) == (len(s["block_states"]["palette"]) > 1) for s in root["sections"]
    )
    filled = (
        board.ids[:, -16 - board.origin[2] : -board.origin[2], -16 - board.origin[0] : -board.origin[0]] != 0
    )
    for z, x in ((z, x) for z in range(16) for x in range(16)):
        column = np.flatnonzero(filled[:, z, x])
        top = int(column[-1]) + 1 if column.size else 0
        for name in chunk.HEIGHTMAPS:
            words = root["Heightmaps"][name]
            index = z * 16 + x
            assert int(words[index // 7]) >> (index % 7 * 9) & 511 == top
    assert len(root["Heightmaps"]["WORLD_SURFACE"]) == 37


def test_report_counts(tmp_path: Path) -> None:
    volume = Volume((17, 2, 1), origin=(-1, 60, 0))
    volume.set((0, 0, 0), "barrel[facing=up,open=false]", Entity("barrel", 3))
    volume.set((16, 1, 0), "stone")
    steps: list[tuple[int, int]] = []
    report = _write(volume, tmp_path / "w", progress=lambda done, total: steps.append((done, total)))
    assert (report.low, report.high) == ((-1, 60, 0), (16, 62, 1))
    assert (report.chunks, report.chunks_written, report.regions) == (2, 12, 4)
    assert (report.blocks, report.block_entities) == (2, 1)
    assert steps == [(i + 1, 12) for i in range(12)]


@pytest.mark.parametrize(
    ("size", "origin", "why"),
    [
        ((1, 3, 1), (0, -65, 0), r"y -65\.\.-63.*origin y of -64\.\.317"),
        ((1, 2, 1), (0, 319, 0), r"y 319\.\.320"),
        ((1, 385, 1), (0, -64, 0), "at most 384 blocks high"),
        ((1, 1, 1), (30_000_000, 0, 0), "x and z within"),
    ],
)
def test_box_outside_the_world_is_refused(size: Pos, origin: Pos, why: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=why):
        _write(Volume(size, origin=origin), tmp_path / "w")
    assert not (tmp_path / "w").exists()


def test_bad_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="spawn"):
        _write(Volume((1, 1, 1)), tmp_path / "w", spawn=(0, 400, 0))
    with pytest.raises(ConfigError, match=r"1\.20\.4"):
        _write(Volume((1, 1, 1)), tmp_path / "w", mc="1.16.5")
    _write(Volume((1, 1, 1)), tmp_path / "w")
    with pytest.raises(OutputError, match="already holds a world"):
        _write(Volume((1, 1, 1)), tmp_path / "w")
    with pytest.raises(FormatError, match="holds no blocks"):
        read_world(tmp_path / "w")


def test_newer_versions_write_newer_items(tmp_path: Path) -> None:
    volume = Volume((1, 1, 1))
    volume.set((0, 0, 0), "barrel[facing=up,open=false]", Entity("barrel", 5))
    _write(volume, tmp_path / "w", mc="1.20.6")
    root = nbtlib.File.parse(io.BytesIO(RegionReader(tmp_path / "w/region/r.0.0.mca").document(0, 0)))
    assert int(root["DataVersion"]) == 3839
    item = root["block_entities"][0]["Items"][0]
    assert isinstance(item["count"], nbtlib.Int) and "Count" not in item
    assert read_world(tmp_path / "w").entity((0, 0, 0)) == Entity("barrel", 5)


def test_a_chunk_above_255_sectors_goes_apart(tmp_path: Path, same: Same) -> None:
    volume = Volume((16, 384, 16), origin=(0, -64, 0))
    for s in range(16):
        volume.palette.add(BlockState.make("comparator", facing="east"), Entity("comparator", s))
    volume.ids = np.random.default_rng(0).integers(1, 17, volume.ids.shape).astype(np.uint16)
    _write(volume, tmp_path / "w", level=0)
    assert (tmp_path / "w/region/c.0.0.mcc").stat().st_size > 1 << 20
    assert same(volume, read_world(tmp_path / "w"))
    (tmp_path / "w/region/c.0.0.mcc").unlink()
    with pytest.raises(FormatError, match=r"chunk \(0, 0\): its file c\.0\.0\.mcc"):
        read_world(tmp_path / "w")


def test_level_dat_carries_no_time(world: Path) -> None:
    assert (world / "level.dat").read_bytes()[4:8] == bytes(4)
    assert b"LastPlayed" + bytes(8) in gzip.decompress((world / "level.dat").read_bytes())


def test_level_reads_back_and_damage_is_refused(tmp_path: Path) -> None:
    _write(Volume((1, 1, 1)), tmp_path / "w", level_name="grüße", spawn=(-3, 64, 9), spawn_yaw=-90.0)
    assert read_level(tmp_path / "w") == LevelInfo("grüße", (-3, 64, 9), -90.0, "1.20.4", 3700)
    file = tmp_path / "w" / "level.dat"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(FormatError, match=r"level\.dat: not a whole gzip"):
        read_level(tmp_path / "w")
    with pytest.raises(FormatError, match="cannot be read"):
        read_level(tmp_path)
