"""What an event of the graph engine costs the processor: instructions, cache misses, mispredicted branches.

Counted by valgrind's cachegrind, which models the caches (48 kB of L1, 2 MB below it, as on the machine of
docs/simulator-speed.md) and a simple branch predictor; newer processors foresee more. A board runs for
few and for many events in two processes, and the difference is divided by the events between them, so
that starting Python and setting up the board do not count. The code is compiled for AVX2 (LLVM's Haswell),
which cachegrind knows. Some minutes per board.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

import sim
from craftc.export.schem_read import read_schem
from craftc.sim import Board, drive
from craftc.sim.devices import BUTTON

FEW, MANY = 1, 20_000_000  # events
BOARDS = (
    "10k repeaters", "10k comparators", "10k torches", "100k torches",
    "adder4_cells", "kogge_stone_32bit", "digit machine",
)  # fmt: skip
CACHEGRIND = (
    "--tool=cachegrind", "--cache-sim=yes", "--branch-sim=yes", "--cachegrind-out-file=/dev/null",
    "--D1=49152,12,64", "--LL=2097152,16,64",
)  # fmt: skip
COUNTERS = {
    "instructions": r"I +refs: +([\d,]+)",
    "misses of L1": r"D1 +misses: +([\d,]+)",
    "misses of 2 MB": r"LLd +misses: +([\d,]+)",
    "mispredicted branches": r"Mispredicts: +([\d,]+)",
}
TARGET = {
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+sse4.2,+popcnt,+avx2,+bmi,+bmi2,+lzcnt,+cmov,+fma",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
}
Row = tuple[str, float, str]
Longs = npt.NDArray[np.int64]


def _digits() -> Path:
    return Path(os.environ.get("CRAFTC_DIGITS", str(sim.ROOT / "worlds" / "digits")))


def _missing(name: str) -> str:
    """Return what has to be done before a board can be had, or nothing."""
    if name == "digit machine":
        return "" if (_digits() / "craftc" / "io.json").exists() else "not built (make demo)"
    if "k " in name or sim._boards_folder() is not None:
        return ""
    return "no boards of others (set CRAFTC_BOARDS)"


def _case(name: str) -> sim.Case:
    """Return a board of BOARDS with its stimuli."""
    if name == "digit machine":
        return sim.digit_case(_digits())
    size, _, kind = name.partition("k ")
    if size.isdigit():
        case = sim.line_case(kind, 1000 * int(size), judged=False)
        return sim.Case(name, case.volume, [([], 100)], warm_rt=case.warm_rt)
    folder = sim._boards_folder()
    assert folder is not None
    volume = read_schem(folder / f"{name}.schem")
    return sim.Case(name, volume, sim._lever_rounds(volume), "trusted")


def work(name: str, most: int) -> int:
    """Run a board's stimuli, twice at a time, until there were `most` events or more; return the events."""
    case = _case(name)
    board = Board(case.volume, case.settle)
    board.run(2 * case.warm_rt)
    table, length = _script(board, case)
    nothing = np.zeros(0, dtype=np.int64)
    nowhere = (np.zeros(1, dtype=np.int64), nothing.astype(np.int32), nothing.astype(np.uint8))
    out = np.zeros((0, 0), dtype=np.uint8)
    before = board.events
    while board.events - before < most:
        drive.run_script(board._net, board._state, length, length + 1, table, *nowhere, out)
    return board.events - before


def _script(board: Board, case: sim.Case) -> tuple[Longs, int]:
    """Return the right-clicks of two repetitions, after which every lever stands as before, as rows of game
    tick, node, level; and how many game ticks that takes."""
    rows, now = [], 0
    clicked = {board.node_at(pos): pos for clicks, _ in case.rounds for pos in clicks}
    on = {node: board.power(pos) > 0 for node, pos in clicked.items()}
    for clicks, ticks in 2 * case.rounds:
        for node in map(board.node_at, clicks):
            on[node] = board.graph.kind[node] == BUTTON or not on[node]
            rows.append((now, node, 15 * int(on[node])))
        now += 2 * ticks
    return np.array(rows, dtype=np.int64).reshape(-1, 3), now


def _counted(name: str, most: int, env: dict[str, str], under: list[str]) -> tuple[int, dict[str, int]]:
    """Return the events of a process, and its counters if it runs under cachegrind."""
    command = [*under, sys.executable, __file__, name, str(most)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    found = {}
    for counter, pattern in COUNTERS.items() if under else ():
        match = re.search(pattern, done.stderr)
        if match is None:
            raise ValueError(f"cachegrind does not tell {counter}: {done.stderr[-300:]}")
        found[counter] = int(match[1].replace(",", ""))
    return int(done.stdout), found


def main(names: list[str]) -> int:
    """Print the counters of every board; return 0, or 1 if there is no valgrind."""
    tool = shutil.which("valgrind")
    if tool is None:
        print("counters: no valgrind on the path", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="craftc-bench-") as cache:
        env = {**os.environ, **TARGET, "NUMBA_CACHE_DIR": cache}
        for name in names or BOARDS:
            for what, value, unit in _rows(name, env, [tool, *CACHEGRIND]):
                print(f"{what:50} {value:10.3f} {unit}", flush=True)
    return 0


def _rows(name: str, env: dict[str, str], under: list[str]) -> Iterator[Row]:
    if _missing(name):
        yield f"{name}: {_missing(name)}", 0.0, ""
        return
    _counted(name, 1, env, [])  # compiles
    few, base = _counted(name, FEW, env, under)
    many, full = _counted(name, MANY, env, under)
    for counter in COUNTERS:
        yield f"{name}, {counter} per event", (full[counter] - base[counter]) / (many - few), ""


if __name__ == "__main__":
    print(work(sys.argv[1], int(sys.argv[2])))
