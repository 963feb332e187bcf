"""Runs boards in outside simulators. One JSON request per line on stdin, one JSON answer on stdout.

Runs under the judges' own Python, which has nucleation: `python judge_worker.py`.

Request   {"schem": path, "engine": "mchprs" or "mctick", "optimize": bool, "settle": "InWorld" or
          "Placement", "origin": [x, y, z], "actions": [[t_gt, x, y, z], ...], "game_ticks": n, "every_gt": k,
          "probes": [[x, y, z], ...], "custom_io": [[x, y, z], ...]}
Answer    {"trace": [[level, ...], ...]} or {"error": text}. An action is a right-click after t_gt game
          ticks; row r holds the levels after (r + 1) * k game ticks.

Known traps of the bindings that are minded here: MCHPRS counts redstone ticks (2 gt), readings need a
flush, flushing needs at least one custom IO position, and dust that is folded away needs to be one.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import nucleation


def level_of(state: str) -> int:
    """Return dust power, or 15 or 0 for lit or powered, of a state text."""
    _, _, inner = state.rstrip("]").partition("[")
    props = dict(item.split("=") for item in inner.split(",") if item)
    if "power" in props:
        return int(props["power"])
    return 15 if "true" in (props.get("lit"), props.get("powered")) else 0


def run_mchprs(request: dict[str, Any]) -> list[list[int]]:
    """Return the trace of MCHPRS. Times must be even."""
    board = nucleation.Schematic.open(request["schem"])
    io = [c for p in request["custom_io"] for c in p]
    world = nucleation.MchprsWorld.create_with_custom_io(board, request["optimize"], False, io)
    actions = sorted(request["actions"], key=lambda a: a[0])
    trace: list[list[int]] = []
    for t in range(0, request["game_ticks"] + 1, 2):
        if t and t % request["every_gt"] == 0:
            world.flush()
            trace.append([world.get_signal_strength(*p) for p in request["probes"]])
        while actions and actions[0][0] <= t:
            world.on_use_block(*actions.pop(0)[1:])
        world.tick(1)
    return trace


def run_mctick(request: dict[str, Any]) -> list[list[int]]:
    """Return the trace of mc-tick."""
    board = nucleation.Schematic.open(request["schem"])
    mode = getattr(nucleation.TickSettleMode, request["settle"])
    world = nucleation.TickSimulation.from_schematic(board, mode, *request["origin"], "")
    if request["settle"] == "Placement":
        world.run_until_quiescent(2000)
    actions = sorted(request["actions"], key=lambda a: a[0])
    probes = json.dumps(request["probes"])
    trace: list[list[int]] = []
    for t in range(request["game_ticks"] + 1):
        if t and t % request["every_gt"] == 0:
            trace.append([level_of(s) for s in json.loads(world.read_probes(probes))])
        while actions and actions[0][0] <= t:
            world.use_block(*actions.pop(0)[1:])
        world.run(1)
    return trace


def main() -> None:
    """Answer requests until stdin ends."""
    engines = {"mchprs": run_mchprs, "mctick": run_mctick}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer: dict[str, Any] = {"trace": engines[request["engine"]](request)}
        except Exception as error:  # noqa: BLE001 - the client decides what a failed request means
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
