"""The scheduled ticks and torch histories of a running board, taken out and put in.

A board made of a written-back volume with these put in goes on exactly like the first one: outputs
are in the blocks, inputs follow from outputs, and nothing else of the engine lasts from one game tick
to the next.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from craftc.errors import SimError
from craftc.sim import engine
from craftc.sim.board import Board

_LONGEST = engine.RING - 1
_FIRST = -engine.NORMAL
"""Priority of the game that the engine calls 0 (EXTREMELY_HIGH)."""


class Waiting(NamedTuple):
    """Scheduled ticks in the order in which they run: node, game ticks from now (1 is the next), priority
    -3..0 as in the game; all (ticks,)."""

    node: npt.NDArray[np.int64]
    delay_gt: npt.NDArray[np.int64]
    priority: npt.NDArray[np.int64]


def waiting(board: Board) -> Waiting:
    """Return what is scheduled on a board."""
    state = board._state
    now = int(state.scalar[engine.NOW])
    rows: list[tuple[int, int, int]] = []
    for place in np.flatnonzero(state.head >= 0).tolist():
        slot, priority = divmod(place, 4)
        delay = (slot - now) % engine.RING or engine.RING
        node = int(state.head[place])
        while node >= 0:
            rows.append((delay, priority + _FIRST, node))
            node = int(state.next[node])
    rows.sort(key=lambda row: row[:2])
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Waiting(table[:, 2], table[:, 0], table[:, 1])


def schedule(board: Board, ticks: Waiting) -> None:
    """Schedule ticks on a board; a node that has one keeps it. Raises SimError on an impossible delay."""
    for node, delay, priority in zip(*(column.tolist() for column in ticks), strict=True):
        if not 1 <= delay <= _LONGEST:
            raise SimError(f"a tick in {delay} game ticks", legal=f"1..{_LONGEST}")
        if board._state.next[node] == engine.IDLE:
            engine.schedule(board._state, node, delay, min(priority, 0) - _FIRST)


def torch_ages(board: Board) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (torch nodes (torches,), game ticks since each of their last turn-offs (torches, 8), oldest
    first; -1 where there was none within the time that counts)."""
    nodes = np.flatnonzero(board._net.torch >= 0)
    ages = int(board._state.scalar[engine.NOW]) - board._state.toggles[board._net.torch[nodes]].astype(
        np.int64
    )
    ages[ages > engine.TOGGLE_WINDOW_GT] = -1
    return nodes, ages


def set_torch_ages(board: Board, nodes: npt.NDArray[np.int64], ages: npt.NDArray[np.int64]) -> None:
    """Put in what `torch_ages` returned."""
    times = int(board._state.scalar[engine.NOW]) - ages
    times[ages < 0] = engine.LONG_AGO
    board._state.toggles[board._net.torch[nodes]] = times
