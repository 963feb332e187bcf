"""Benchmarks of the simulator, beside MCHPRS where the judges' Python is there.

Every board is a clocked line board (sim_boards.py), a finished board of others, or the digit machine.
Set-up is from blocks in memory to a board that runs; one of MCHPRS that takes more than a second is timed
once. Both engines get the same blocks, the same right-clicks and the same ticks; times are of the processor,
medians of 5 after one repetition that is not counted.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sim_boards import LENGTH, lines

from craftc.blocks import Volume
from craftc.export.schem import write_schem
from craftc.export.schem_read import read_schem
from craftc.sim import Board
from craftc.sim.devices import LEVER

ROOT = Path(__file__).resolve().parents[1]
WORKER = Path(__file__).with_name("sim_judge.py")
REPEATS = 5
Pos = tuple[int, int, int]
Rounds = list[tuple[list[Pos], int]]  # right-clicks, then redstone ticks
Row = tuple[str, float, str]


@dataclass(frozen=True, slots=True)
class Case:
    """One board to time. `events` also reports events per second; `judged`: ask MCHPRS too."""

    name: str
    volume: Volume
    rounds: Rounds
    settle: str = "placed"
    warm_rt: int = 0  # before the first round, until the lines are full
    events: bool = True
    judged: bool = True


@dataclass(frozen=True, slots=True)
class Ours:
    """What our engine took: seconds, and per repetition events."""

    setup_s: float
    run_s: float
    events: int
    nodes: int


def judge_python() -> Path | None:
    """Return the judges' Python, or None."""
    named = os.environ.get("CRAFTC_JUDGE_PYTHON")
    path = Path(named) if named else ROOT / ".venv-judge" / "bin" / "python"
    return path if path.exists() else None


def time_ours(case: Case) -> Ours:
    """Return the medians of our engine on a board."""
    Board(case.volume, case.settle)  # machine code is loaded from the cache, blocks become known
    setups = []
    for _ in range(1 if case.volume.placed_blocks > 10**6 else REPEATS):
        began = time.process_time()
        board = Board(case.volume, case.settle)
        setups.append(time.process_time() - began)
    board.run(2 * case.warm_rt)
    seconds, events = [], 0
    for _ in range(REPEATS + 1):
        before, spent = board.events, 0.0
        for clicks, ticks in case.rounds:
            for pos in clicks:
                board.use(pos)
            began = time.process_time()
            board.run(2 * ticks)
            spent += time.process_time() - began
        seconds.append(spent)
        events = board.events - before
    return Ours(statistics.median(setups), statistics.median(seconds[1:]), events, board.nodes)


def time_judge(case: Case, python: Path) -> tuple[float, float]:
    """Return MCHPRS's seconds of set-up and of one repetition of the rounds."""
    with tempfile.TemporaryDirectory(prefix="craftc-bench-") as folder:
        path = Path(folder) / "board.schem"
        write_schem(case.volume, path)
        request = {"schem": str(path), "rounds": case.rounds, "repeats": REPEATS, "warm_rt": case.warm_rt}
        done = subprocess.run(
            [str(python), str(WORKER)], input=json.dumps(request), capture_output=True, text=True, check=True
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer["setup_s"], statistics.median(answer["run_s"])


def compare(case: Case) -> Iterator[Row]:
    """Yield the rows of one board: ours, MCHPRS and the ratio, for running and for setting up."""
    ours = time_ours(case)
    ticks = sum(rt for _, rt in case.rounds)
    python = judge_python() if case.judged else None
    theirs = time_judge(case, python) if python else None
    unit, amount = ("M events/s", ours.events / 1e6) if case.events else ("M rt/s", ticks / 1e6)
    yield f"{case.name}, ours", amount / ours.run_s, unit
    if theirs:
        yield f"{case.name}, MCHPRS", amount / theirs[1], unit
        yield f"{case.name}, ratio", theirs[1] / ours.run_s, "x"
    yield f"{case.name}, set-up ours", ours.setup_s, "s"
    if theirs:
        yield f"{case.name}, set-up MCHPRS", theirs[0], "s"
        yield f"{case.name}, set-up ratio", theirs[0] / ours.setup_s, "x"


def line_case(kind: str, count: int, *, judged: bool = True, length: int = LENGTH) -> Case:
    """Return a line board; torches get a slower clock, or they would burn out."""
    volume = lines(kind, count, clock_delay=2 if kind == "torches" else 1, length=length)
    ticks = max(10, 4_000_000 // count)
    warm = volume.size[0] + 50
    return Case(f"{count // 1000} k {kind}", volume, [([], ticks)], warm_rt=warm, judged=judged)


def sim_lines() -> Iterator[Row]:
    """Yield lines of 10 k, 100 k and 300 k cells beside MCHPRS."""
    for count in (10_000, 100_000):
        for kind in ("repeaters", "comparators", "torches"):
            yield from compare(line_case(kind, count))
    yield from compare(line_case("repeaters", 300_000))


def _memory_mb(field: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return 0.0


def sim_large() -> Iterator[Row]:
    """Yield boards of 1 M and 10 M repeaters, in as many lines as a line has cells: speed, set-up per block,
    memory per node. The last board has lines of 100 cells, of which a game tick runs one after another."""
    for count, length in ((100_000, 316), (1_000_000, 1_000), (10_000_000, 3_162), (10_000_000, LENGTH)):
        command = [sys.executable, __file__, str(count), str(length)]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        yield from json.loads(out)


def large(count: int, length: int) -> list[Row]:
    """Return the rows of one large board; for a fresh process, as memory is measured."""
    Board(lines("repeaters", 100)).run(8)
    case = line_case("repeaters", count, judged=False, length=length)
    before = _memory_mb("VmRSS")
    began = time.process_time()
    board = Board(case.volume)
    setup = time.process_time() - began
    held, peak = _memory_mb("VmRSS") - before, _memory_mb("VmHWM") - before
    ticks = 2 * case.rounds[0][1]
    speeds = []
    for _ in range(REPEATS + 1):
        events, began = board.events, time.process_time()
        board.run(ticks)
        speeds.append((board.events - events) / (time.process_time() - began) / 1e6)
    name = f"{count / 1e6:g} M repeaters, lines of {length:,}"
    return [
        (f"{name}, speed", statistics.median(speeds[1:]), "M events/s"),
        (f"{name}, set-up", setup, "s"),
        (f"{name}, set-up", setup / case.volume.placed_blocks * 1e6, "us/block"),
        (f"{name}, memory held", held * 2**20 / board.nodes, "bytes/node"),
        (f"{name}, memory at peak", peak * 2**20 / board.nodes, "bytes/node"),
    ]


def _lever_rounds(volume: Volume) -> Rounds:
    """Return 40 rounds of 60 rt, in each of which every lever is turned with probability 1/2."""
    board = Board(volume, "trusted")
    levers = [board.position(int(n)) for n in np.flatnonzero(board.graph.kind == LEVER)]
    rng = np.random.default_rng(1)
    return [([p for p in levers if rng.random() < 0.5], 60) for _ in range(40)]


def _boards_folder() -> Path | None:
    named = os.environ.get("CRAFTC_BOARDS")
    path = Path(named) if named else ROOT.parent / "shared" / "boards"
    return path if path.is_dir() else None


def sim_boards() -> Iterator[Row]:
    """Yield finished boards of others, and the digit machine of `make demo`, beside MCHPRS."""
    folder = _boards_folder()
    if folder is None:
        yield "boards of others: not there", 0.0, "(set CRAFTC_BOARDS)"
    for path in sorted(folder.glob("*.schem")) if folder else ():
        volume = read_schem(path)
        yield from compare(Case(path.stem, volume, _lever_rounds(volume), "trusted", events=False))
    digits = ROOT / "worlds" / "digits"
    if not (digits / "craftc" / "io.json").exists():
        yield "digit machine: not built", 0.0, "(make demo)"
        return
    yield from compare(digit_case(digits))


def digit_case(folder: Path) -> Case:
    """Return the digit machine answering three questions."""
    from craftc.export.io_map import RUN
    from craftc.verify.folder import open_build

    build = open_build(folder)
    io = build.io
    levers = [io.local(p) for p in io.levers]
    drawn = np.zeros(len(levers), dtype=np.int64)
    rounds: Rounds = []
    for bits in build.vectors.bits[:3].astype(np.int64):
        rounds.append(([levers[k] for k in np.flatnonzero(bits != drawn)], 20))
        rounds.append(([io.local(io.inputs[RUN].pos)], io.expected.game_ticks_per_inference // 2 + 50))
        drawn = bits
    rounds.append(([levers[k] for k in np.flatnonzero(drawn)], 20))
    return Case("digit machine", build.read_blocks(), rounds, "trusted", events=False)


def sim_compile() -> list[Row]:
    """Return the processor seconds of a start that compiles everything, and of one that finds it cached."""
    code = (
        "import sys,time; sys.path.insert(0, sys.argv[1]); t=time.process_time()\n"
        "from sim_boards import lines; from craftc.sim import Board\n"
        "b=Board(lines('repeaters', 100)); b.run(8); b.power((5, 1, 0)); b.probe([(5, 1, 0)], 2)\n"
        "print(time.process_time()-t)"
    )
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="craftc-bench-") as cache:
        env = {**os.environ, "NUMBA_CACHE_DIR": cache}
        for name in ("compile, no cache", "start, cached"):
            command = [sys.executable, "-c", code, str(Path(__file__).parent)]
            out = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
            rows.append((name, float(out), "s"))
    return rows


def with_judge_note(rows: Callable[[], Iterator[Row]]) -> Callable[[], Iterator[Row]]:
    """Return the benchmark with a first line where MCHPRS cannot be asked."""

    def noted() -> Iterator[Row]:
        if judge_python() is None:
            yield "MCHPRS: no judges' Python", 0.0, "(make judge)"
        yield from rows()

    return noted


BENCHMARKS: dict[str, Callable[[], Any]] = {
    "sim-compile": sim_compile,
    "sim-lines": with_judge_note(sim_lines),
    "sim-large": sim_large,
    "sim-boards": with_judge_note(sim_boards),
}

if __name__ == "__main__":
    json.dump(large(int(sys.argv[1]), int(sys.argv[2])), sys.stdout)
