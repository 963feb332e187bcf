"""The command line: exit codes, one-line refusals, and what each command hands on."""

import json
import signal
import subprocess
import sys
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest

import craftc.estimate
import craftc.passes
import craftc.verify
import craftc.view
from craftc import __version__, cli
from craftc.blocks import Volume
from craftc.errors import CraftcError, MismatchError
from craftc.export.schem import write_schem
from craftc.export.schem_read import read_schem
from craftc.export.world import write_world
from craftc.verify import VerifyReport

ROOT = Path(__file__).parents[1]
DIGITS = ROOT / "weights" / "digits.pt"


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A schematic: a lever on stone beside a dust on stone."""
    volume = Volume((2, 2, 1))
    volume.set((0, 0, 0), "stone")
    volume.set((1, 0, 0), "stone")
    volume.set((0, 1, 0), "lever[face=floor,facing=north,powered=false]")
    volume.set((1, 1, 0), "redstone_wire[east=side,north=none,power=0,south=none,west=side]")
    path = tmp_path / "board.schem"
    write_schem(volume, path)
    return path


def failing(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a command `fail` that raises `error`."""

    @click.command()
    def fail() -> None:
        raise error

    monkeypatch.setitem(cli.cli.commands, "fail", fail)


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"craftc {__version__}\n"
    assert cli.run(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in cli.cli.commands)


@pytest.mark.parametrize("name", sorted(cli.cli.commands))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([name, "--help"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 4


def test_refusal_is_one_line_and_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(CraftcError("bad\nthing", where="file x", legal="a good\n  one"), monkeypatch)
    assert cli.run(["fail"]) == 1
    assert capsys.readouterr() == ("", "craftc: error: file x: bad thing (legal: a good one)\n")


def test_defect_is_short_and_code_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(ZeroDivisionError("oops"), monkeypatch)
    assert cli.run(["fail"]) == 3
    error = capsys.readouterr().err
    assert error.startswith("craftc: defect: ZeroDivisionError at test_cli.py:")
    assert "Traceback" not in error and len(error.splitlines()) == 1
    assert cli.run(["--debug", "fail"]) == 3
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (MemoryError(), 1)])
def test_interruption_and_memory(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(error, monkeypatch)
    assert cli.run(["fail"]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_termination_unwinds() -> None:
    with pytest.raises(SystemExit) as caught:
        cli._terminate(signal.SIGTERM, None)
    assert caught.value.code == 143


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["build"],
        ["build", "m.pt"],
        ["build", "m.pt", "-o", "x", "--optimize", "both"],
        ["build", "m.pt", "-o", "x", "--lanes", "many"],
        ["run", "x"],
        ["run", "x", "--index", "1", "--image", "y.png"],
        ["run", "x", "--index", "-1"],
        ["run", "x", "--levers", "0120"],
        ["run", "x", "--levers", "01", "--index", "1"],
        ["sim", "x.schem", "--use", "1,2"],
        ["why", "x", "1", "2"],
        ["train", "letters", "-o", "x"],
    ],
)
def test_wrong_command_line_is_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == 2
    assert "Usage: craftc" in capsys.readouterr().err


def test_closed_pipe_is_no_defect() -> None:
    command = [sys.executable, "-m", "craftc", "info", str(DIGITS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        error = process.stderr.read().decode()
    assert "defect" not in error and "Traceback" not in error


@dataclass
class Calls:
    """Stands for the pipeline and notes how it was called."""

    report: dict[str, Any] = field(default_factory=lambda: {"size": [1, 2, 3]})
    seen: list[tuple[tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self.seen.append((arguments, named))
        return self.report


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Calls:
    calls = Calls()
    module = types.ModuleType("craftc.passes.pipeline")
    module.build = calls  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "craftc.passes.pipeline", module)
    monkeypatch.setattr(craftc.passes, "pipeline", module, raising=False)
    return calls


def test_build_hands_on_every_setting(
    pipeline: Calls, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, schem = tmp_path / "w", tmp_path / "b.schem"
    line = ["build", str(DIGITS), "-o", str(out), "--schem", str(schem), "--schem-version", "3"]
    line += ["--lanes", "8", "--words-per-lane", "4", "--optimize", "speed", "--no-verify"]
    assert cli.run([*line, "--print-after", "fold", "--print-after", "place"]) == 0
    (model, config), named = pipeline.seen[0]
    assert model.sizes == (64, 32, 10)
    assert (config.lanes, config.words_per_lane, config.optimize) == (8, 4, "speed")
    assert (config.schem_version, config.verify, config.mc) == (3, False, "1.20.4")
    assert (named["out"], named["schem"], named["print_after"]) == (out, schem, ("fold", "place"))
    assert named["images"] == DIGITS.with_name("digits-test.npz")
    assert "size  1 x 2 x 3" in capsys.readouterr().out


def test_build_refuses_absurd_lanes_before_any_work(
    pipeline: Calls, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["build", str(DIGITS), "-o", str(tmp_path / "w"), "--lanes", "-5"]) == 1
    assert capsys.readouterr().err == "craftc: error: setting lanes: is -5 (legal: 1..65536)\n"
    assert pipeline.seen == []


def test_build_refuses_a_text_file(
    pipeline: Calls, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = tmp_path / "fake.pt"
    fake.write_text("hello")
    assert cli.run(["build", str(fake), "-o", str(tmp_path / "w")]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"craftc: error: {fake}") and len(error.splitlines()) == 1
    assert pipeline.seen == []


def test_failed_verification_is_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(folder: Path, **_: Any) -> None:
        raise MismatchError("register 3 is 5, model says 6", where="layer 0, tick 412")

    monkeypatch.setattr(craftc.verify, "run_verify", broken, raising=False)
    assert cli.run(["verify", str(tmp_path)]) == 1
    line = "craftc: error: layer 0, tick 412: register 3 is 5, model says 6\n"
    assert capsys.readouterr() == ("", line)


@dataclass(frozen=True)
class Result:
    """What the machine answered."""

    bits: tuple[int, ...] = (0, 1) * 32
    predicted: int = 7
    golden: int = 7
    label: int | None = None
    redstone_ticks: int = 900
    events: int = 12345
    seconds: float = 0.5
    lamps: tuple[bool, ...] = (False,) * 7 + (True, False, False)


def test_run_prints_the_promised_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(craftc.verify, "run_once", Calls(Result()), raising=False)  # type: ignore[arg-type]
    assert cli.run(["run", str(tmp_path), "--index", "17", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["class", "golden", "label", "redstone_ticks", "events", "seconds"]
    assert list(found.values()) == [7, 7, None, 900, 12345, 0.5]


def test_run_shows_panel_and_lamps(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(craftc.verify, "run_once", Calls(Result()), raising=False)  # type: ignore[arg-type]
    assert cli.run(["run", str(tmp_path), "--index", "17"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(set(lines[:8])) == 1 and len(lines[0]) == 16
    assert " 6  [7]  8 " in lines[9]


def test_wrong_answer_is_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    wrong = Calls(Result(golden=8))  # type: ignore[arg-type]
    monkeypatch.setattr(craftc.verify, "run_once", wrong, raising=False)
    assert cli.run(["run", str(tmp_path), "--index", "17", "--json"]) == 1
    shown = capsys.readouterr()
    assert json.loads(shown.out)["golden"] == 8
    line = f"craftc: error: {tmp_path}: the lamps show class 7 (legal: class 8, which the model gives)\n"
    assert shown.err == line


def test_verify_prints_what_was_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    report = VerifyReport(360, 0, 11520, ("rerun",), 0.96, 900, 5_000_000, 2.5, 40_000)
    monkeypatch.setattr(craftc.verify, "run_verify", Calls(report))  # type: ignore[arg-type]
    assert cli.run(["verify", str(tmp_path)]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert "  vectors            360" in rows and "  events per second  2,000,000" in rows
    assert not any(row.startswith("  first") for row in rows)


def test_why_takes_negative_coordinates(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    calls = Calls({"cell": "lane", "weight": "w[3, 5]"})
    monkeypatch.setattr(craftc.view, "why", calls, raising=False)
    assert cli.run(["why", str(tmp_path), "-4", "70", "-12"]) == 0
    assert calls.seen == [((tmp_path, (-4, 70, -12)), {})]
    assert capsys.readouterr().out.splitlines() == ["  cell    lane", "  weight  w[3, 5]"]


def test_estimate_prints_rows(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    calls = Calls({"volume": 123456, "redstone_ticks": 900})
    monkeypatch.setattr(craftc.estimate, "estimate", calls, raising=False)
    assert cli.run(["estimate", str(DIGITS), "--optimize", "speed"]) == 0
    assert calls.seen[0][0][1].optimize == "speed"
    assert "volume          123,456" in capsys.readouterr().out


def test_render_writes_a_picture(board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "x.png"
    assert cli.run(["render", str(board), "-o", str(out), "--pixels", "20000"]) == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    assert "pixels" in capsys.readouterr().out
    crop = ["--crop", "0", "0", "0", "9", "1", "1"]
    assert cli.run(["render", str(board), "-o", str(out), *crop]) == 1


def test_info_of_each_kind(board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["info", str(DIGITS)]) == 0
    assert "64 x 32 x 10" in capsys.readouterr().out
    assert cli.run(["info", str(board)]) == 0
    out = capsys.readouterr().out
    assert "2 x 2 x 1" in out and "lever" in out and "air" not in out
    report = tmp_path / "build" / "craftc" / "report.json"
    report.parent.mkdir(parents=True)
    report.write_text('{"redstone_ticks": 912}')
    assert cli.run(["info", str(tmp_path / "build")]) == 0
    assert "redstone ticks  912" in capsys.readouterr().out
    report.write_text("{")
    assert cli.run(["info", str(tmp_path / "build")]) == 1
    assert "report.json: cannot be read" in capsys.readouterr().err


def test_positions_in_a_world_are_world_coordinates(
    board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    volume = read_schem(board)
    volume.origin = (-20, 64, 33)
    world = tmp_path / "world"
    write_world(volume, world, level_name="w", spawn=(-20, 66, 33), spawn_yaw=0.0)
    crop = ["--crop", "-20", "64", "33", "-19", "66", "34"]
    assert cli.run(["render", str(world), "-o", str(tmp_path / "x.png"), *crop]) == 0
    capsys.readouterr()
    assert cli.run(["info", str(world)]) == 0
    assert "low corner" in capsys.readouterr().out


def test_damaged_schematic_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.schem"
    path.write_bytes(b"\x1f\x8b nonsense")
    assert cli.run(["info", str(path)]) == 1
    assert capsys.readouterr().err.startswith(f"craftc: error: {path}")
