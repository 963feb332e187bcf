"""Benchmark of the lanes engine: 64 and 512 stimuli at once beside as many runs of the others.

The digit machine answers test images, from the first again after the last; boards of others get 40 rounds of
60 rt with random levers, in every copy other ones. One run of the graph engine and of MCHPRS is timed and
counted as often as there are copies. Times are of the processor, medians, after one repetition that is not
counted.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

import sim
from craftc.export.schem_read import read_schem
from craftc.sim import Board
from craftc.sim.devices import BUTTON, LEVER
from craftc.sim.lanes import ORDERS, Lanes

COPIES = (64, 512)
BOARDS = ("alu8", "mult4x4_stacked", "hexanalog_trunk")
Row = tuple[str, float, str]
Rounds = list[tuple[list[tuple[sim.Pos, npt.NDArray[np.bool_]]], int]]  # settings per copy, redstone ticks


def lanes_rows() -> Iterator[Row]:
    """Yield all boards that are there."""
    digits = Path(os.environ.get("CRAFTC_DIGITS", str(sim.ROOT / "worlds" / "digits")))
    if (digits / "craftc" / "io.json").exists():
        yield from _rows(sim.digit_case(digits), lambda _, copies: _images(digits, copies), runs=3)
    else:
        yield "digit machine: not built", 0.0, "(make demo)"
    folder = sim._boards_folder()
    for name in BOARDS if folder else ():
        assert folder is not None
        volume = read_schem(folder / f"{name}.schem")
        case = sim.Case(name, volume, sim._lever_rounds(volume), "trusted", events=False)
        yield from _rows(case, _random_rounds, runs=1)


def _images(folder: Path, copies: int) -> Rounds:
    """Return test images, one per copy, and a press of run."""
    from craftc.export.io_map import RUN
    from craftc.verify.folder import open_build

    build = open_build(folder)
    io = build.io
    bits = build.vectors.bits[np.arange(copies) % len(build.vectors.bits)] > 0
    drawn = [(io.local(p), bits[:, k]) for k, p in enumerate(io.levers)]
    press = [(io.local(io.inputs[RUN].pos), np.ones(copies, dtype=bool))]
    return [(drawn, 20), (press, io.expected.game_ticks_per_inference // 2 + 50)]


def _random_rounds(board: Board, copies: int) -> Rounds:
    levers = [board.position(int(n)) for n in np.flatnonzero(board.graph.kind == LEVER)]
    rng = np.random.default_rng(1)
    now = {lever: np.zeros(copies, dtype=bool) for lever in levers}
    rounds: Rounds = []
    for _ in range(40):
        for lever in levers:
            now[lever] = now[lever] ^ (rng.random(copies) < 0.5)
        rounds.append((list(now.items()), 60))
    return rounds


def _time(board: Board, rounds: Rounds, copies: int, order: str) -> tuple[float, Lanes]:
    """Return the median seconds of the rounds from the board's state, and the last copies."""
    seconds = []
    for _ in range(sim.REPEATS + 1):
        lanes = Lanes(board, copies, order, places=copies)
        began = time.process_time()
        for settings, ticks in rounds:
            for pos, values in settings:
                if board.graph.kind[board.node_at(pos)] == BUTTON:
                    lanes.press(pos, values)
                else:
                    lanes.set_lever(pos, values)
            lanes.run(2 * ticks)
        seconds.append(time.process_time() - began)
    return statistics.median(seconds[1:]), lanes


def _rows(case: sim.Case, rounds_of: Callable[[Board, int], Rounds], runs: int) -> Iterator[Row]:
    """Yield one board; `runs` stimuli are in the case."""
    board = Board(case.volume, case.settle)
    python = sim.judge_python()
    theirs = sim.time_judge(case, python)[1] / runs if python else None
    one = sim.time_ours(case).run_s / runs
    for copies in COPIES:
        if theirs:
            yield f"{case.name}, MCHPRS, {copies} runs", 1e3 * copies * theirs, "ms"
        yield f"{case.name}, graph, {copies} runs", 1e3 * copies * one, "ms"
        rounds = rounds_of(board, copies)
        for order in ORDERS:
            spent, lanes = _time(board, rounds, copies, order)
            name = f"{case.name}, {copies} {order}"
            yield name, 1e3 * spent, "ms"
            yield f"{name}, events/s", lanes.events / spent / 1e6, "M"
            yield f"{name}, places per word run", lanes.events / lanes.words_run, ""
            yield f"{name}, returns", lanes.returns, ""
            yield f"{name} to graph", copies * one / spent, "x"
            if theirs:
                yield f"{name} to MCHPRS", copies * theirs / spent, "x"


BENCHMARKS = {"lanes": lanes_rows}
