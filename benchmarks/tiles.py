"""Benchmark of the tiles engine: a ROM bank of 512 rows (256 levels, two sides) with its lanes.

The bank is driven by levers as in the tests of the macro: one word after the other, random digits and random
bits. Both engines get the same levers at the same game ticks; times are of the processor, medians, after one
run that is not counted.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from craftc.macros.engine import engine
from craftc.sim import Board
from craftc.sim.tiles import Tiles

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.macros.engine_bench import plan_run

WORDS, LEVELS = 128, 256
REPEATS = 3
WAYS = ((64, 1), (64, 6), (512, 1), (512, 6))  # places of a word, interleave
Row = tuple[str, float, str]


def tiles_rows() -> Iterator[Row]:
    """Yield both engines and the ratio."""
    rng = np.random.default_rng(0)
    made = engine(rng.integers(0, 16, (WORDS, LEVELS, 2)).astype(np.uint8))
    run = plan_run(made, rng.integers(0, 2, (1, WORDS, 2)), 6)
    actions = sorted(run.script.actions(), key=lambda action: action[0])
    ticks = actions[-1][0] + 40
    board = Board(run.volume)
    start = board.snapshot()
    runs = []
    for _ in range(REPEATS + 1):
        board.restore(start)
        began = time.process_time()
        board.run_script(actions, ticks)
        runs.append(time.process_time() - began)
    graph = statistics.median(runs[1:])
    events, final = board.events, board._state.out.copy()
    yield "bank of 512 rows, nodes", board.nodes / 1e3, "k"
    yield "bank of 512 rows, graph", events / graph / 1e6, "M events/s"
    for places, interleave in WAYS:
        runs = []
        for _ in range(REPEATS + 1):
            board.restore(start)
            began = time.process_time()
            tiles = Tiles(board, interleave=interleave, places=places)
            setup = time.process_time() - began
            began = time.process_time()
            tiles.run_script(actions, ticks)
            runs.append(time.process_time() - began)
        spent = statistics.median(runs[1:])
        if not np.array_equal(tiles.outputs(), final):
            raise AssertionError("the engines differ")
        name = f"bank of 512 rows, {places} places, interleave {interleave}"
        yield name, events / spent / 1e6, "M events/s"
        yield f"{name}, places per word run", events / tiles.words_run, ""
        yield f"{name}, set-up", setup, "s"
        yield f"{name}, bytes per node", sum(a.nbytes for a in tiles.arrays()) / board.nodes, "B"
        yield f"{name} to graph", graph / spent, "x"


BENCHMARKS = {"tiles": tiles_rows}
