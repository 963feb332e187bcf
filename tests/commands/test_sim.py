"""The command sim: actions, traces, waves, checkpoints, refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from craftc import cli
from craftc.blocks import Volume
from craftc.export.schem import write_schem
from craftc.export.world import write_world
from craftc.sim import settle
from craftc.sim.engines import ENGINES

LEVER = "minecraft:lever[face=floor,facing=north,powered={}]"
REPEATER = "minecraft:repeater[delay={},facing=west,locked=false,powered={}]"
LAMP = "minecraft:redstone_lamp[lit={}]"
WIRE = "minecraft:redstone_wire[east=side,north=none,power={},south=none,west=side]"


def _line() -> Volume:
    volume = Volume((5, 2, 1))
    lever, repeater = "lever[face=floor,facing=north,powered=false]", "repeater[facing=west,delay=1]"
    blocks = (lever, "redstone_wire", repeater, "redstone_wire", "redstone_lamp")
    for x, block in enumerate(blocks):
        volume.set((x, 0, 0), "stone")
        volume.set((x, 1, 0), block)
    return settle(volume)


@pytest.fixture
def line(tmp_path: Path) -> str:
    """Lever, dust, repeater, dust, lamp along x, as a schematic."""
    write_schem(_line(), tmp_path / "line.schem")
    return str(tmp_path / "line.schem")


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert cli.run(["sim", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_engines_are_those_that_exist(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ENGINES:
        facts = _run(capsys, line, "--engine", name, "--use", "0,1,0@0", "--watch", "4,1,0")
        assert facts["watch"] == {"4_1_0": 1}
    assert cli.run(["sim", "--help"]) == 0
    assert f"[{'|'.join(sorted(ENGINES))}]" in capsys.readouterr().out


def test_trace_tells_each_change(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "t.json"
    facts = _run(
        capsys, line, "--game-ticks", "20", "--use", "0,1,0@3", "--use", "0,1,0@8", "--trace", str(out)
    )
    assert facts == {"components": 3, "game_ticks": 20, "events": 6, "quiet": True}
    assert json.loads(out.read_text()) == {"game_ticks": 20, "size": [5, 2, 1], "changes": [
        [3, 0, 1, 0, LEVER.format("false"), LEVER.format("true")],
        [3, 1, 1, 0, WIRE.format(0), WIRE.format(15)],
        [4, 2, 1, 0, REPEATER.format(1, "false"), REPEATER.format(1, "true")],
        [4, 3, 1, 0, WIRE.format(0), WIRE.format(15)],
        [4, 4, 1, 0, LAMP.format("false"), LAMP.format("true")],
        [8, 0, 1, 0, LEVER.format("true"), LEVER.format("false")],
        [8, 1, 1, 0, WIRE.format(15), WIRE.format(0)],
        [9, 2, 1, 0, REPEATER.format(1, "true"), REPEATER.format(1, "false")],
        [9, 3, 1, 0, WIRE.format(15), WIRE.format(0)],
        [13, 4, 1, 0, LAMP.format("true"), LAMP.format("false")],
    ]}  # fmt: skip


def test_action_before_the_first_game_tick(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "t.json"
    _run(capsys, line, "--game-ticks", "2", "--use", "0,1,0@0", "--trace", str(out))
    assert [row[0] for row in json.loads(out.read_text())["changes"]] == [0, 0, 1, 1, 1]


def test_blocks_are_written_and_broken(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "t.json"
    slow = "2,1,0=repeater[facing=west,delay=3]@2"
    _run(capsys, line, "--set", slow, "--use", "0,1,0@4", "--set", "1,0,0=air@20", "--trace", str(out))
    rows = [tuple(row) for row in json.loads(out.read_text())["changes"]]
    assert (2, 2, 1, 0, REPEATER.format(1, "false"), REPEATER.format(3, "false")) in rows
    assert (9, 2, 1, 0, REPEATER.format(3, "false"), REPEATER.format(3, "true")) in rows
    assert (20, 1, 0, 0, "minecraft:stone", "minecraft:air") in rows
    assert (20, 1, 1, 0, WIRE.format(15), "minecraft:air") in rows  # nothing carries the dust any more
    assert (25, 2, 1, 0, REPEATER.format(3, "true"), REPEATER.format(3, "false")) in rows


def test_lever_can_be_written(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "t.json"
    lever = "0,1,0=lever[face=floor,facing=north,powered=true]@5"
    facts = _run(
        capsys, line, "--set", lever, "--until", "quiescent", "--trace", str(out), "--watch", "4,1,0"
    )
    assert facts["watch"] == {"4_1_0": 1} and facts["game_ticks"] == 7
    assert [row[0] for row in json.loads(out.read_text())["changes"]] == [5, 5, 6, 6, 6]


def test_checkpoint_and_resume_make_one_run(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved, whole, first, second = (str(tmp_path / name) for name in ("c", "w.json", "1.json", "2.json"))
    uses = ["--use", "0,1,0@0", "--use", "0,1,0@6"]
    _run(capsys, line, "--game-ticks", "20", *uses, "--trace", whole)
    _run(capsys, line, "--game-ticks", "7", *uses, "--trace", first, "--checkpoint", saved)
    facts = _run(capsys, line, "--game-ticks", "13", "--resume", saved, "--trace", second)
    assert facts["game_ticks"] == 13
    rows = [json.loads(Path(path).read_text())["changes"] for path in (whole, first, second)]
    assert rows[0] == rows[1] + rows[2] and rows[1] and rows[2]


def test_resume_of_another_board_is_refused(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "c"
    _run(capsys, line, "--checkpoint", str(saved))
    other = Volume((1, 1, 1))
    other.set((0, 0, 0), "stone")
    write_schem(other, tmp_path / "other.schem")
    assert cli.run(["sim", str(tmp_path / "other.schem"), "--resume", str(saved)]) == 1
    assert "size (5, 2, 1)" in capsys.readouterr().err
    saved.write_bytes(saved.read_bytes()[:50])
    assert cli.run(["sim", line, "--resume", str(saved)]) == 1
    assert cli.run(["sim", line, "--resume", str(tmp_path / "absent")]) == 1


def test_stats_and_waves(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "w.vcd"
    facts = _run(capsys, line, "--use", "0,1,0@0", "--stats", "--vcd", str(out), "--game-ticks", "10")
    names = {"events_per_second", "redstone_ticks_per_second", "setup_seconds", "peak_memory_bytes"}
    assert names < set(facts) and facts["peak_memory_bytes"] > 1_000_000
    text = out.read_text()
    assert "$timescale 1 ms $end" in text and "redstone_lamp_4_1_0" in text and text.endswith("#500\n")


@pytest.mark.parametrize(
    ("options", "code", "word"),
    [
        (["--use", "0,1,0@200"], 1, "0..199"),
        (["--use", "1,0,0@0"], 1, "minecraft:stone"),
        (["--use", "9,9,9@0"], 1, "outside the box"),
        (["--set", "0,0,0=piston@0"], 1, "piston"),
        (["--set", "0,0,0=repeater[delay=9]@0"], 2, "legal: 1, 2, 3, 4"),
        (["--set", "0,0,0=stone"], 2, "X,Y,Z=STATE@T"),
        (["--use", "0,1,0"], 2, "X,Y,Z@T"),
        (["--watch", "done"], 1, "no port is named 'done'"),
        (["--engine", "magic"], 2, "graph"),
        (["--settle", "slowly"], 2, "placed"),
    ],
)
def test_refusals(
    line: str, options: list[str], code: int, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["sim", line, *options]) == code
    assert word in capsys.readouterr().err


def test_a_clock_never_comes_to_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    volume = Volume((3, 2, 3))
    blocks = {
        (0, 0): "redstone_block", (1, 0): "comparator[facing=west,mode=subtract]", (2, 0): "redstone_wire",
        (2, 1): "redstone_wire", (2, 2): "redstone_wire", (1, 2): "redstone_wire",
        (1, 1): "repeater[facing=south,delay=1]",
    }  # fmt: skip
    for (x, z), block in blocks.items():
        volume.set((x, 0, z), "stone")
        volume.set((x, 1, z), block)
    write_schem(volume, tmp_path / "clock.schem")
    assert cli.run(["sim", str(tmp_path / "clock.schem"), "--until", "quiescent", "--game-ticks", "100"]) == 1
    assert "still running after 100" in capsys.readouterr().err


def test_world_positions_count_from_the_low_corner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    volume = _line()
    volume.origin = (-20, 64, 33)
    write_world(volume, tmp_path / "w", level_name="w", spawn=(-20, 66, 33), spawn_yaw=0.0)
    facts = _run(capsys, str(tmp_path / "w"), "--use", "0,1,0@0", "--watch", "4,1,0")
    assert facts["watch"] == {"4_1_0": 1}


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["sim", "--help"]) == 0
    text = capsys.readouterr().out
    names = ("game-ticks", "use", "set", "settle", "until", "engine", "trace", "vcd", "watch", "checkpoint")
    for name in (*names, "resume", "stats", "json"):
        assert re.search(rf"--{name}\b", text)


@pytest.fixture
def parts(tmp_path: Path) -> str:
    """Twelve equal lines, as a schematic."""
    line = _line()
    volume = Volume((5, 2, 24))
    for k in range(12):
        volume.paste(line, (0, 0, 2 * k))
    write_schem(volume, tmp_path / "parts.schem")
    return str(tmp_path / "parts.schem")


def test_tiles_take_every_option(parts: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = {}
    for name in ("graph", "tiles", "reference"):
        trace, vcd, saved, second = (str(tmp_path / f"{name}.{end}") for end in ("json", "vcd", "c", "2"))
        uses = [part for k in range(6) for part in ("--use", f"0,1,{4 * k}@{3 + k}")]
        write = ["--set", "2,1,0=repeater[facing=west,delay=4,powered=true]@30", "--use", "0,1,0@40"]
        facts = _run(capsys, parts, "--engine", name, *uses, "--game-ticks", "20", "--trace", trace,
                     "--vcd", vcd, "--checkpoint", saved, "--stats", "--watch", "4,1,8")  # fmt: skip
        more = _run(capsys, parts, "--engine", name, "--resume", saved, *write, "--game-ticks", "40",
                    "--trace", second, "--stats")  # fmt: skip
        texts = [Path(path).read_text() for path in (trace, vcd, second)]
        same = [(f["components"], f["game_ticks"], f["events"], f["quiet"]) for f in (facts, more)]
        found[name] = (texts, same, facts["watch"])
        if name == "tiles":
            assert "36 nodes in 3 groups" in facts["run_by"] and facts["hand_overs"] == 0
            assert "was written" in more["run_by"] and more["hand_overs"] == 1
    assert found["graph"] == found["tiles"] == found["reference"]
    assert _run(capsys, parts, "--engine", "tiles", "--resume", str(tmp_path / "graph.c"))["quiet"]
