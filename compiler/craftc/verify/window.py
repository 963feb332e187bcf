"""When the registers of a machine hold the model's values: for choosing and checking `at_gt`.

A register is destroyed when it is scanned, so it is right only for a while. The time when is the same for
all inputs, because a machine runs by its clock; that it is the same for all test vectors is what verification
then shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from craftc.export.io_map import IoMap
from craftc.model import Checkpoint, GoldenModel
from craftc.verify.compare import golden_of
from craftc.verify.machine import BoardLike, Int64, Machine


@dataclass(frozen=True, slots=True)
class Holding:
    """The longest time in which most registers of a layer are right: game ticks after the press of run.

    first_gt, last_gt  both included
    right              values that are right then, of `total` (registers times inputs)
    """

    first_gt: int
    last_gt: int
    right: int
    total: int

    @property
    def middle_gt(self) -> int:
        """The safest time to read."""
        return (self.first_gt + self.last_gt) // 2


def holding_windows(
    board: BoardLike, io: IoMap, checkpoint: Checkpoint, bits: npt.NDArray[np.uint8]
) -> dict[int, Holding]:
    """Return for every hidden layer when its registers are right, for all inputs `bits` (n, n_in) alike.

    Looks at the first `game_ticks_per_inference` of a run. The board is left as it was.
    """
    machine = Machine(board, io)
    golden = golden_of(GoldenModel(checkpoint).run(bits), machine.registers)
    end_gt = io.expected.game_ticks_per_inference
    layers = np.array([r.layer for r in machine.registers], dtype=np.int64)
    right = {int(layer): np.zeros(end_gt, dtype=np.int64) for layer in np.unique(layers)}
    for number, row in enumerate(bits):
        machine.restart()
        machine.draw(row)
        machine.press()
        same = machine.watch_registers(end_gt) == golden.values[number]
        for layer, count in right.items():
            count += same[:, layers == layer].sum(axis=1)
    machine.restart()
    return {k: _longest(count, int((layers == k).sum()) * len(bits)) for k, count in right.items()}


def _longest(right: Int64, total: int) -> Holding:
    """Return the longest run of the largest count."""
    most = int(right.max())
    edges = np.flatnonzero(np.diff((right == most).astype(np.int8), prepend=0, append=0))
    starts, ends = edges[::2], edges[1::2]
    best = int(np.argmax(ends - starts))
    return Holding(int(starts[best]) + 1, int(ends[best]), most, total)


def with_read_times(io: IoMap, times_gt: Mapping[int, int]) -> IoMap:
    """Return the interface with all registers of layer l read at times_gt[l]; other layers stay."""
    registers = {
        name: replace(r, at_gt=times_gt[r.layer]) if r.layer in times_gt else r
        for name, r in io.registers.items()
    }
    return replace(io, registers=registers)
