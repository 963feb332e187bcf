"""Runs batches of boards in outside simulators. One JSON request per line on stdin, one answer on stdout.

Runs under the judges' own Python, which has nucleation: `python batch_worker.py`.

Request   {"engine": "mchprs", "schem": path, "optimize": bool, "io_only": bool, "actions": path of an .npy
          (n, 4) of game tick, x, y, z, "probes": path of an .npy (p, 3), "custom_io": [x, y, z, ...],
          "game_ticks": n, "out": path}: writes levels (n // 2, p) to `out`, row r after 2 (r + 1) game ticks
          {"engine": "mctick", "schem", "actions", "game_ticks", "out"}: writes the net changes as JSON
          [[t, x, y, z, from, to], ...], t counted from 0
Answer    {"done": true} or {"error": text}
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import nucleation
import numpy as np


def _by_time(path: str) -> dict[int, list[list[int]]]:
    found: dict[int, list[list[int]]] = {}
    for t, *pos in np.load(path).tolist():
        found.setdefault(t, []).append(pos)
    return found


def run_mchprs(request: dict[str, Any]) -> None:
    """Write the levels of MCHPRS; all times are even."""
    board = nucleation.Schematic.open(request["schem"])
    world = nucleation.MchprsWorld.create_with_custom_io(
        board, request["optimize"], request["io_only"], request["custom_io"]
    )
    actions = _by_time(request["actions"])
    probes = np.load(request["probes"]).tolist()
    rows = []
    for t in range(0, request["game_ticks"], 2):
        for pos in actions.get(t, ()):
            world.on_use_block(*pos)
        world.tick(1)
        world.flush()
        rows.append([world.get_signal_strength(*p) for p in probes])
    np.save(request["out"], np.array(rows, dtype=np.uint8))


def run_mctick(request: dict[str, Any]) -> None:
    """Write the net changes of mc-tick, game tick by game tick."""
    board = nucleation.Schematic.open(request["schem"])
    world = nucleation.TickSimulation.from_schematic(board, nucleation.TickSettleMode.InWorld, 0, 0, 0, "")
    actions = _by_time(request["actions"])
    for t in range(request["game_ticks"]):
        for pos in actions.get(t, ()):
            world.use_block(*pos)
        world.run(1)
    net: dict[tuple[int, ...], list[str]] = {}
    for change in json.loads(world.changes_json()):
        key = (change["tick"], *change["pos"])
        net.setdefault(key, [change["from"], ""])[1] = change["to"]
    rows = [[*key, *states] for key, states in net.items() if states[0] != states[1]]
    Path(request["out"]).write_text(json.dumps(rows))


def main() -> None:
    """Answer requests until stdin ends."""
    engines = {"mchprs": run_mchprs, "mctick": run_mctick}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            engines[request["engine"]](request)
            answer: dict[str, Any] = {"done": True}
        except Exception as error:  # noqa: BLE001 - the client decides what a failed request means
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
