"""The scheduled ticks and torch histories of a running board, taken out and put in.

A board made of a written-back volume with these put in goes on exactly like the first one: outputs
are in the blocks, inputs follow from outputs, and nothing else of the engine lasts from one game tick
to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from craftc.errors import SimError
from craftc.sim import engine, fill, history, ring, words
from craftc.sim.board import Board
from craftc.sim.devices import TORCH
from craftc.sim.interface import BlockTick

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
    most = int(np.count_nonzero(state.word & words.IS_PENDING))
    node, delay, priority = ring.entries(state.queue, int(state.scalar[engine.NOW]), most)
    return Waiting(node.astype(np.int64), delay.astype(np.int64), priority.astype(np.int64) + _FIRST)


def schedule(board: Board, ticks: Waiting) -> None:
    """Schedule ticks on a board; a node that has one keeps it. Raises SimError on an impossible delay."""
    wrong = (ticks.delay_gt < 1) | (ticks.delay_gt > _LONGEST)
    if wrong.any():
        raise SimError(f"a tick in {ticks.delay_gt[wrong][0]} game ticks", legal=f"1..{_LONGEST}")
    fill.schedule_all(board._state, ticks.node, ticks.delay_gt, np.minimum(ticks.priority, 0) - _FIRST)


def torch_ages(board: Board) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (torch nodes (torches,), game ticks since each of their last turn-offs (torches, 8), oldest
    first; -1 where there was none within the time that counts)."""
    nodes = np.flatnonzero(board.graph.kind == TORCH)
    toggles, now = _swept(board)
    ages = now - toggles[:, ::-1].astype(np.int64) & history.WRAP
    ages[ages > history.TOGGLE_WINDOW_GT] = -1
    return nodes, ages


def _swept(board: Board) -> tuple[npt.NDArray[np.uint8], int]:
    """Return (turn-offs (torches, 8), the last one first; the game tick): bytes tell the ages."""
    now = int(board._state.scalar[engine.NOW])
    history.sweep_all(board._net, board._state, now)
    return board._state.toggles.reshape(-1, history.TOGGLES), now


def set_torch_ages(board: Board, nodes: npt.NDArray[np.int64], ages: npt.NDArray[np.int64]) -> None:
    """Put in what `torch_ages` returned."""
    toggles, now = _swept(board)
    times = now - np.where(ages < 0, history.OLD, np.minimum(ages, history.OLD))
    rows = np.cumsum(board.graph.kind == TORCH)[nodes] - 1
    toggles[rows] = (times[:, ::-1] & history.WRAP).astype(np.uint8)
    board._state.word[nodes] |= history.BURNT


def block_ticks(board: Board) -> list[BlockTick]:
    """Return the scheduled ticks of a board in the order in which they will run."""
    found = []
    for order, (node, delay, priority) in enumerate(
        zip(*map(np.ndarray.tolist, waiting(board)), strict=True)
    ):
        name = board.volume.palette.state(int(board.graph.entry[node])).name
        found.append(BlockTick(board.position(node), name, delay, priority, order))
    return found


def known_ticks(board: Board, ticks: Sequence[BlockTick]) -> Waiting:
    """Return ticks as nodes. A tick whose block is no longer there is dropped, as the game does.

    Raises SimError on a tick for a block that has none here.
    """
    rows = []
    for tick in sorted(ticks, key=lambda t: (t.delay_gt, t.priority, t.order)):
        if board.volume.get(tick.pos).name == tick.block:
            rows.append((board.node_at(tick.pos), tick.delay_gt, tick.priority))
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Waiting(table[:, 0], table[:, 1], table[:, 2])
