"""The command lint: what it prints, and when it fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from craftc import cli
from craftc.blocks import Volume
from craftc.export.schem import write_schem
from craftc.export.world import write_world
from craftc.sim import settle


def _volume(*blocks: str) -> Volume:
    volume = Volume((len(blocks), 2, 1))
    for x, block in enumerate(blocks):
        volume.set((x, 0, 0), "stone")
        volume.set((x, 1, 0), block)
    return settle(volume)


LEVER = "lever[face=floor,facing=north,powered=false]"
REPEATER = "repeater[facing=west,delay=1]"


def test_clean_boards_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_schem(_volume(LEVER, "redstone_wire", REPEATER, "redstone_lamp"), tmp_path / "a.schem")
    assert cli.run(["lint", str(tmp_path / "a.schem")]) == 0
    assert capsys.readouterr().out == "0 errors, 0 warnings\n"


def test_warnings_fail_only_if_strict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_schem(_volume(LEVER, "redstone_wire", REPEATER, "redstone_wire"), tmp_path / "a.schem")
    assert cli.run(["lint", str(tmp_path / "a.schem")]) == 0
    out = capsys.readouterr().out
    assert "warning: idle at 2,1,0: nothing reads this repeater; connect it or remove it" in out
    assert cli.run(["lint", str(tmp_path / "a.schem"), "--strict"]) == 1


def test_errors_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = _volume(LEVER, "redstone_wire", "redstone_lamp")
    bad.set((1, 1, 0), bad.get((1, 1, 0)).with_props(power=3))
    write_schem(bad, tmp_path / "a.schem")
    assert cli.run(["lint", str(tmp_path / "a.schem"), "--json"]) == 1
    shown = capsys.readouterr()
    report = json.loads(shown.out)
    assert report["errors"] >= 1 and report["rules"]["dust"] == 1
    assert report["findings"][0]["rule"] == "dust" and report["findings"][0]["pos"] == [1, 1, 0]
    assert "1,1,0" in shown.err and len(shown.err.splitlines()) == 1


def test_given_clicks_are_the_stimuli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slow = "repeater[facing=west,delay=4]"
    write_schem(_volume(LEVER, "redstone_wire", slow, "redstone_lamp"), tmp_path / "a.schem")
    uses = ["--use", "0,1,0@10", "--use", "0,1,0@13", "--game-ticks", "60"]
    assert cli.run(["lint", str(tmp_path / "a.schem"), *uses]) == 0
    assert "a pulse of 3 gt from game tick 10 is lengthened" in capsys.readouterr().out
    assert cli.run(["lint", str(tmp_path / "a.schem"), "--use", "9,9,9@1"]) == 1


def test_worlds_are_asked_for_their_chunks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    volume = _volume(LEVER, "redstone_wire", REPEATER, "redstone_lamp")
    volume.origin = (0, 64, 0)
    write_world(volume, tmp_path / "w", level_name="w", spawn=(0, 66, 0), spawn_yaw=0.0)
    assert cli.run(["lint", str(tmp_path / "w")]) == 0
    (tmp_path / "w" / "data" / "chunks.dat").unlink()
    assert cli.run(["lint", str(tmp_path / "w")]) == 1
    assert "chunk 0, 0 is not kept loaded" in capsys.readouterr().out
