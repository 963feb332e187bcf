"""When the registers of a machine hold the model's values: for choosing and checking `at_gt`.

A register may be destroyed when it is scanned, so it is right only for a while. The time when is the same
for all inputs, because a machine runs by its clock.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from craftc.errors import MismatchError
from craftc.export.io_map import IoMap
from craftc.model import Checkpoint, GoldenModel
from craftc.verify.compare import golden_of
from craftc.verify.machine import BoardLike, Machine

Bools = npt.NDArray[np.bool_]


def holding_windows(
    board: BoardLike, io: IoMap, checkpoint: Checkpoint, bits: npt.NDArray[np.uint8]
) -> dict[int, tuple[int, int]]:
    """Return per hidden layer the longest time (first, last game tick after the press of run, both included)
    in which all its registers hold the model's values, for all inputs `bits` (n, n_in) alike.

    Raises MismatchError naming the layer if there is no such time.
    """
    machine = Machine(board, io)
    golden = golden_of(GoldenModel(checkpoint).run(bits), machine.registers)
    end_gt = io.expected.game_ticks_per_inference
    layers = sorted({r.layer for r in machine.registers})
    right = {layer: np.ones(end_gt, dtype=np.bool_) for layer in layers}
    for number, row in enumerate(bits):
        machine.restart()
        machine.draw(row)
        machine.press()
        levels = machine.watch_registers(end_gt)
        for layer in layers:
            chosen = [k for k, r in enumerate(machine.registers) if r.layer == layer]
            same = levels[:, chosen] == golden.values[number, chosen]
            right[layer] &= same.all(axis=1)
    machine.restart()
    return {layer: _longest(right[layer], layer) for layer in layers}


def _longest(right: Bools, layer: int) -> tuple[int, int]:
    edges = np.flatnonzero(np.diff(right.astype(np.int8), prepend=0, append=0))
    if not edges.size:
        raise MismatchError("its registers never hold the model's values together", where=f"layer {layer}")
    starts, ends = edges[::2], edges[1::2]
    best = int(np.argmax(ends - starts))
    return int(starts[best]) + 1, int(ends[best])

