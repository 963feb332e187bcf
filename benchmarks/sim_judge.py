"""Times MCHPRS (redpiler, through nucleation) on one board. Runs under the judges' Python.

Reads {"schem": path, "rounds": [[[[x, y, z], ...], rt], ...], "repeats": n, "warm_rt": t} from stdin: first
t redstone ticks run; then in every round the positions are right-clicked and `rt` redstone ticks run; the
rounds are repeated. Prints {"setup_s": s, "run_s": [s, ...]}: seconds of processor time of the set-up
(median) and of all ticks of each repetition.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

import nucleation

LONG_S = 1.0  # a set-up that takes longer is timed once


def make(board: Any) -> tuple[Any, float]:
    """Return a world and the seconds its set-up took."""
    began = time.process_time()
    world = nucleation.MchprsWorld.create_with_options(board, True, False)
    return world, time.process_time() - began


def main() -> None:
    """Answer one request."""
    request: dict[str, Any] = json.load(sys.stdin)
    board = nucleation.Schematic.open(request["schem"])
    world, first = make(board)
    again = request["repeats"] if first < LONG_S else 0
    setup = statistics.median([make(board)[1] for _ in range(again)] or [first])
    world.tick(request["warm_rt"])
    runs = []
    for _ in range(request["repeats"] + 1):
        spent = 0.0
        for positions, ticks in request["rounds"]:
            for position in positions:
                world.on_use_block(*position)
            began = time.process_time()
            world.tick(ticks)
            spent += time.process_time() - began
        runs.append(spent)
    json.dump({"setup_s": setup, "run_s": runs[1:]}, sys.stdout)


main()
