"""Runs a matrix engine: loads activations through its levers, starts it, reads its registers.

Times in redstone ticks (rt), 2 game ticks each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.errors import SimError
from craftc.macros.base import Pos
from craftc.macros.matrix_inputs import SLOT_RT, STREAM_RT, TOKEN_RT
from craftc.macros.matrix_panel import SKEW_RT, WEIGHTS
from craftc.macros.octal_ring import PERIOD_RT
from craftc.passes.matrix.encode import registers_of, result_of
from craftc.sim import Board
from craftc.units import GT_PER_RT

Longs = npt.NDArray[np.int64]
PRESS_LOAD_RT = 32  # load is pressed this long after the first lever time of the first digit
SETTLE_RT = 80  # after the last token of a load, and after done
STEP_RT = 16  # how often the done lamp is looked at, after the last word
LATE_RT = 1_000  # more than a run lasts beyond its words


@dataclass(frozen=True, slots=True)
class MatrixPorts:
    """Where a matrix engine is switched and read; positions are local to its volume.

    results[i][k]: dust whose strength is digit k (base 8, lowest first) of result i; inputs[j][k] likewise.
    The lamp `done` is also lit between two passes.
    """

    switches: Mapping[str, Pos]  # start, load, load_4, load_2, load_1, done
    results: tuple[tuple[Pos, ...], ...]
    inputs: tuple[tuple[Pos, ...], ...]
    words: int
    passes: int = 1

    @property
    def south(self) -> int:
        """Registers under the south wall; they are loaded first."""
        return -(-len(self.inputs) // 2)

    @property
    def load_rt(self) -> int:
        """Redstone ticks of a load, until what registers held before has also left the output stream."""
        return PRESS_LOAD_RT + (TOKEN_RT + STREAM_RT) * len(self.inputs) + SETTLE_RT


def loading_gt(words: int) -> int:
    """Return the game ticks that `words` words of the load stream take."""
    return GT_PER_RT * SLOT_RT * words


def run_rt(ports: MatrixPorts) -> int:
    """Return the redstone ticks after start in which done must come, and a margin."""
    return PERIOD_RT * ports.words + LATE_RT


def load_actions(ports: MatrixPorts, x: Longs) -> list[tuple[int, Pos, bool]]:
    """Return lever and button actions (gt, position, on) that load activations x (n,), signed 24 bit."""
    levels, times = _levers(x, ports.passes)
    press = GT_PER_RT * PRESS_LOAD_RT
    actions: list[tuple[int, Pos, bool]] = [
        (press, ports.switches["load"], True),
        (press + loading_gt(ports.south), ports.switches["load_north"], True),
    ]
    for index, weight in enumerate(WEIGHTS):
        pos = ports.switches[f"load_{weight}"]
        changed = np.flatnonzero(np.diff(levels[index], prepend=False))
        actions += [(GT_PER_RT * int(times[index, k]), pos, bool(levels[index, k])) for k in changed]
    return sorted(actions, key=lambda action: action[0])


def _levers(x: Longs, passes: int) -> tuple[npt.NDArray[np.bool_], Longs]:
    """Return (3, digits): whether the levers of WEIGHTS are on, and when (rt) they are switched."""
    held = registers_of(x, passes)  # (registers, 8)
    digits = np.concatenate([held[0::2], held[1::2]])  # in the order of loading
    count, places = digits.shape
    padded = np.concatenate([digits, np.zeros((count, 1), dtype=np.int64)], axis=1).reshape(-1)
    times = (SLOT_RT * np.arange(count)[:, None] + 2 * np.arange(places + 1)[None, :]).reshape(-1)
    levels = (padded[None, :] & np.array(WEIGHTS)[:, None]) > 0
    return levels, times[None, :] + SKEW_RT * np.arange(len(WEIGHTS))[:, None]


def read(board: Board, registers: Sequence[Sequence[Pos]]) -> Longs:
    """Return the digits (count, 8) that registers hold."""
    return np.array([[board.power(p) for p in places] for places in registers], dtype=np.int64)


def run_product(board: Board, ports: MatrixPorts, x: Longs) -> tuple[Longs, int]:
    """Return the results (m,) for activations x (n,), and about how many rt passed from start to done.

    Raises SimError if a register does not hold what was loaded or done does not come.
    """
    board.run_script(load_actions(ports, x), GT_PER_RT * ports.load_rt)
    _check_loaded(read(board, ports.inputs), registers_of(x, ports.passes))
    ticks = PERIOD_RT * ports.words
    board.run_script([(0, ports.switches["start"], True)], GT_PER_RT * ticks)
    limit = run_rt(ports)
    while not board.power(ports.switches["done"]):
        if ticks > limit:
            raise SimError(f"not done after {ticks} rt", where="start", legal=f"{limit} rt")
        board.run(GT_PER_RT * STEP_RT)
        ticks += STEP_RT
    board.run(GT_PER_RT * SETTLE_RT)
    return result_of(read(board, ports.results)), ticks


def _check_loaded(held: Longs, wanted: Longs) -> None:
    wrong = np.flatnonzero((held != wanted).any(axis=1))
    if len(wrong):
        raise SimError(f"register x.{wrong[0]} holds {held[wrong[0]].tolist()}", where="load")
