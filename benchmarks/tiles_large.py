"""Benchmark of the tiles engine on banks of 10^6 and 10^7 nodes: `python benchmarks/run.py tiles-large`.

The banks are those of tiles.py with more words: set-up of board and groups, memory, and a run of all words.
Seconds are of the processor. Numba compiles in the first, small bank, which is not shown.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np

from craftc.macros.engine import engine
from craftc.sim import Board
from craftc.sim.tiles import Tiles

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.macros.engine_bench import plan_run

LEVELS = 256
WORDS = (512, 5120)
HEAD = "words | nodes | board s | tiles s | groups | bytes/node | events | run s | M events/s | peak MB"


def measure(words: int, levels: int) -> list[str]:
    """Return one row of the table."""
    rng = np.random.default_rng(0)
    made = engine(rng.integers(0, 16, (words, levels, 2)).astype(np.uint8))
    run = plan_run(made, rng.integers(0, 2, (1, words, 2)), 6)
    actions = sorted(run.script.actions(), key=lambda action: action[0])
    began = time.process_time()
    board = Board(run.volume)
    built = time.process_time()
    tiles = Tiles(board, least_gain=0.0)
    tiled = time.process_time()
    before = tiles.events
    tiles.run_script(actions, actions[-1][0] + 40)
    spent = time.process_time() - tiled
    events = tiles.events - before
    groups = 0 if tiles._groups is None else tiles._groups.placing.groups
    held = sum(array.nbytes for array in tiles.arrays()) / board.nodes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    numbers = (built - began, tiled - built, groups, held, events, spent, events / spent / 1e6, peak)
    formats = ("{:.1f}", "{:.1f}", "{:,}", "{:.1f}", "{:,}", "{:.2f}", "{:.0f}", "{:.0f}")
    cells = [text.format(number) for text, number in zip(formats, numbers, strict=True)]
    return [str(words), f"{board.nodes:,}", *cells]


def main(arguments: list[str]) -> int:
    """Print a row per bank; arguments are numbers of words."""
    measure(8, LEVELS)
    print(HEAD)
    for words in [int(a) for a in arguments] or WORDS:
        print(" | ".join(measure(words, LEVELS)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
