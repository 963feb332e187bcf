"""Asks a machine many questions at once, with the lanes engine.

The answers are those of `Machine.ask` one after another: the same levers, the same presses, readings at the
same game ticks. Where a copy does what the engine counts for all copies together only (a torch burns
out, a copy does not come to rest), no answers are given and the caller asks one by one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from craftc.export.io_map import RUN
from craftc.sim import Board
from craftc.sim.lanes import Lanes
from craftc.verify.machine import CHUNK_GT, SETTLE_GT, Answer, Int64, Machine

COPIES = 64
WORTH = 128
"""Vectors from which batches pay, at 64 vectors in the time of about three."""


def can_ask_many(machine: Machine, vectors: int) -> bool:
    """Return whether batches are possible and pay."""
    return vectors >= WORTH and isinstance(machine.board, Board)


def ask_many(machine: Machine, bits: npt.NDArray[np.uint8]) -> tuple[list[Answer], int] | None:
    """Return the answers to bits (n, levers) from the saved state, and the output changes of all runs; or
    None, see the module. The events of a single answer are not known and given as 0."""
    machine.restart()
    assert isinstance(machine.board, Board)
    lanes = Lanes(machine.board, len(bits))
    for pos, column in zip(machine._levers, bits.T > 0, strict=True):
        lanes.set_lever(pos, column)
    for _ in range(SETTLE_GT):
        if lanes.quiet:
            break
        lanes.run(1)
    return _run(machine, lanes)


def _run(machine: Machine, lanes: Lanes) -> tuple[list[Answer], int] | None:
    burnouts, events = lanes.burnouts, lanes.events
    late = [k for k, r in enumerate(machine.registers) if r.at_gt is None]
    stops = sorted({r.at_gt for r in machine.registers if r.at_gt is not None})
    values = np.zeros((lanes.copies, len(machine.registers)), dtype=np.int64)
    answer_gt = np.zeros(lanes.copies, dtype=np.int64)
    shown = lanes.power(machine._lamps) > 0
    now = 0
    lanes.press(machine.io.local(machine.io.inputs[RUN].pos))
    while now < machine.limit_gt and not (lanes.quiet and not stops):
        step = min(CHUNK_GT, machine.limit_gt - now, *(s - now for s in stops[:1]))
        rows = lanes.probe(machine._lamps, step) > 0
        last = _last_change(rows, shown)
        answer_gt = np.where(last > 0, now + last, answer_gt)
        shown, now = rows[-1], now + step
        if stops and now == stops[0]:
            _read(machine, lanes, [k for k, r in enumerate(machine.registers) if r.at_gt == now], values)
            stops.pop(0)
    _read(machine, lanes, late, values)
    if not lanes.quiet or lanes.burnouts != burnouts:
        return None
    answers = [
        Answer(
            tuple(int(c) for c in np.flatnonzero(shown[:-1, k])), bool(shown[-1, k]), values[k],
            int(answer_gt[k]), 0, True, 0,
        )
        for k in range(lanes.copies)
    ]  # fmt: skip
    return answers, lanes.events - events


def _last_change(rows: npt.NDArray[np.bool_], before: npt.NDArray[np.bool_]) -> Int64:
    """Return after how many game ticks a lamp of each copy changed last, 0 if none did; rows (game ticks,
    lamps, copies)."""
    changed = (rows != np.concatenate([before[None], rows[:-1]])).any(axis=1)  # (game ticks, copies)
    ticks = np.arange(1, len(rows) + 1)[:, None]
    return np.asarray((changed * ticks).max(axis=0), dtype=np.int64)


def _read(machine: Machine, lanes: Lanes, numbers: list[int], values: Int64) -> None:
    for k in numbers:
        levels = lanes.power(machine._cells[k]).astype(np.int64)
        if machine.registers[k].pos is None:
            values[:, k] = (levels > 0).T @ (1 << np.arange(len(levels)))
        else:
            values[:, k] = levels[0]
