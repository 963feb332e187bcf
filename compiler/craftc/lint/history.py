"""What every component of a board did in a run, game tick by game tick.

Taken after each game tick, so what happens within one is not seen: a history does not depend on the
engine, and two histories can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.blocks.volume import Pos
from craftc.sim import Board
from craftc.sim.kernel import kernel
from craftc.sim.queue import waiting

Ints = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]
MOST_ROWS = 16_000_000
"""A history of more rows (16 bytes each, four times that while it is sorted) ends early and says so."""
IN_MAIN, IN_SIDE, OUT = 0, 1, 2
"""What a row is about: the two inputs of a node, or its output."""


@dataclass(frozen=True, slots=True)
class Stimulus:
    """Something a player does before game tick `at_gt`: a lever brought to `on`, or a button pressed.

    A lever that is there already, or a button that is still pressed, is left alone.
    """

    at_gt: int
    pos: Pos
    on: bool = True


@dataclass(frozen=True, slots=True)
class History:
    """Rows (rows,) of changes, sorted by node, time, what.

    node, time_gt, what, level   level after game tick `time_gt` (IN_MAIN, IN_SIDE, OUT)
    start                        (nodes, 3) levels before the run
    due                          (nodes,) game tick in which a tick scheduled before the run fires, -1 none
    """

    game_ticks: int
    node: Ints
    time_gt: Ints
    what: Bytes
    level: Bytes
    start: Bytes
    due: Ints

    def outputs(self) -> tuple[Ints, Ints, Bytes]:
        """Return (time, node, level) of the output changes, sorted by time and node."""
        mask = self.what == OUT
        time_gt, node, level = self.time_gt[mask], self.node[mask], self.level[mask]
        order = np.argsort(time_gt.astype(np.int64) << 32 | node)
        return time_gt[order], node[order], level[order]


def _levels(board: Board) -> Bytes:
    return np.column_stack([board._state.seen, board._state.out])


@kernel
def _note(seen: Bytes, out: Bytes, before: Bytes, time_gt: int, rows: Ints, size: int) -> int:
    """Append a row (node, time, what, level) per level that differs from `before`, and update it; return
    how many rows there are then."""
    for n in range(len(out)):
        if seen[n, 0] != before[n, 0]:
            before[n, 0] = seen[n, 0]
            rows[size, 0], rows[size, 1], rows[size, 2], rows[size, 3] = n, time_gt, 0, seen[n, 0]
            size += 1
        if seen[n, 1] != before[n, 1]:
            before[n, 1] = seen[n, 1]
            rows[size, 0], rows[size, 1], rows[size, 2], rows[size, 3] = n, time_gt, 1, seen[n, 1]
            size += 1
        if out[n] != before[n, 2]:
            before[n, 2] = out[n]
            rows[size, 0], rows[size, 1], rows[size, 2], rows[size, 3] = n, time_gt, 2, out[n]
            size += 1
    return size


def record(
    board: Board, script: Sequence[Stimulus], game_ticks: int, most_rows: int | None = None
) -> History:
    """Run a board from its present state with stimuli, and return what its nodes did.

    The history's `game_ticks` are fewer than asked for if it would have more than `most_rows` rows.
    Raises SimError if a stimulus is for something that is neither lever nor button.
    """
    start = _levels(board)
    ticks = waiting(board)
    due = np.full(board.nodes, -1, dtype=np.int32)
    due[ticks.node] = ticks.delay_gt - 1
    waits = sorted(script, key=lambda item: item.at_gt)
    before, done, t, size = start.copy(), 0, 0, 0
    rows = np.empty((4096, 4), dtype=np.int32)
    while t < game_ticks and (most_rows is None or size <= most_rows):
        events = board.events
        while done < len(waits) and waits[done].at_gt <= t:
            _do(board, waits[done])
            done += 1
        if board.quiet and board.events == events:
            t = min(waits[done].at_gt if done < len(waits) else game_ticks, game_ticks)
            continue
        board.run(1)
        if board.events != events:
            if size + 3 * board.nodes > len(rows):
                rows = np.concatenate([rows, np.empty((len(rows) + 3 * board.nodes, 4), dtype=np.int32)])
            size = int(_note(board._state.seen, board._state.out, before, t, rows, size))
        t += 1
    return _history(rows[:size], t, start, due)


def _history(rows: Ints, game_ticks: int, start: Bytes, due: Ints) -> History:
    rows = rows[np.argsort(rows[:, 0].astype(np.int64) << 33 | rows[:, 1].astype(np.int64) << 2 | rows[:, 2])]
    node, time_gt, what, level = (np.ascontiguousarray(column) for column in rows.T)
    return History(game_ticks, node, time_gt, what.astype(np.uint8), level.astype(np.uint8), start, due)


def _do(board: Board, item: Stimulus) -> None:
    node = board.node_at(item.pos)
    block = board.volume.palette.state(int(board.graph.entry[node])).short
    if block == "lever":
        board.set_lever(item.pos, item.on)
    else:
        board.use(item.pos)


def first_difference(a: History, b: History) -> tuple[int, Ints]:
    """Return (game tick, nodes) where the outputs of two histories of one board differ first; -1, none."""
    left, right = (np.stack([t, n, v.astype(np.int32)], axis=1) for t, n, v in (a.outputs(), b.outputs()))
    common = min(len(left), len(right))
    unequal = np.flatnonzero((left[:common] != right[:common]).any(axis=1))
    if not unequal.size and len(left) == len(right):
        return -1, np.zeros(0, dtype=np.int32)
    at = int(unequal[0]) if unequal.size else common
    tick = min(int(rows[at, 0]) for rows in (left, right) if at < len(rows))
    ours, theirs = ({tuple(row) for row in rows[rows[:, 0] == tick].tolist()} for rows in (left, right))
    return tick, np.array(sorted({row[1] for row in ours ^ theirs}), dtype=np.int32)
