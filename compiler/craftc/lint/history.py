"""What every component of a board did in a run, game tick by game tick, in pieces of bounded size.

Taken after each game tick, so what happens within one is not seen: a history does not depend on the
engine, and two histories can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.blocks.volume import Pos
from craftc.sim import Board, words
from craftc.sim.kernel import kernel
from craftc.sim.queue import waiting

Ints = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]
PIECE_ROWS = 4_000_000
"""A piece with so many rows (12 bytes each) ends with the game tick in which it got them."""
IN_MAIN, IN_SIDE, OUT = 0, 1, 2
"""What a row is about: the two inputs of a node, or its output."""
LEVEL, BEFORE = 2, 6
"""Where in `Piece.change` the levels stand, 4 bits each; below is what the row is about."""


@dataclass(frozen=True, slots=True)
class Stimulus:
    """Something a player does before game tick `at_gt`: a lever brought to `on`, or a button pressed.

    A lever that is there already, or a button that is still pressed, is left alone.
    """

    at_gt: int
    pos: Pos
    on: bool = True


@dataclass(frozen=True, slots=True)
class Piece:
    """The changes of game ticks begin_gt to end_gt - 1; rows (rows,) sorted by time, node, what.

    change   what | level after game tick `time_gt` << LEVEL | level before it << BEFORE
    """

    begin_gt: int
    end_gt: int
    node: Ints
    time_gt: Ints
    change: Ints

    def outputs(self) -> Piece:
        """Return the rows about outputs."""
        mask = self.change & 3 == OUT
        return Piece(self.begin_gt, self.end_gt, self.node[mask], self.time_gt[mask], self.change[mask])

    def at(self, time_gt: int) -> tuple[Ints, Ints]:
        """Return (node, change) of the rows of one game tick."""
        low, high = np.searchsorted(self.time_gt, (time_gt, time_gt + 1))
        return self.node[low:high], self.change[low:high]

    def moved(self, number: npt.NDArray[np.int64]) -> Piece:
        """Return the piece with node n called number[n]."""
        node = number[self.node].astype(np.int32)
        order = np.lexsort((self.change & 3, node, self.time_gt))
        return Piece(self.begin_gt, self.end_gt, node[order], self.time_gt[order], self.change[order])


@kernel
def _levels(word: int) -> tuple[int, int, int]:
    """Return the levels of main port, side port and output in a word (words.port_levels)."""
    main, side, code = word & 15, word >> 4 & 15, word >> 8 & 15
    if code & ~4 == 9:  # observers keep in their side port what they saw
        return 15 if main > 0 and code == 9 else main, side, word >> 12 & 15
    if code == 1:  # torches keep something else there
        side = 0
    if code & 4 == 0:
        main, side = 15 if main > 0 else 0, 15 if side > 0 else 0
    return main, side, word >> 12 & 15


@kernel
def _note(word: Longs, before: Longs, time_gt: int, rows: Ints, size: int, outputs_only: bool) -> int:
    """Append a row (node, time, change) per level that differs from `before`, and update it; return how many
    rows there are then."""
    for n in range(len(word)):
        if (word[n] ^ before[n]) & 0xF0FF == 0:
            continue
        old, new = _levels(before[n]), _levels(word[n])
        before[n] = word[n]
        for what in range(2 if outputs_only else 0, 3):
            if old[what] != new[what]:
                rows[size, 0], rows[size, 1] = n, time_gt
                rows[size, 2] = what | new[what] << 2 | old[what] << 6
                size += 1
    return size


class Recorder:
    """Runs a board from its present state with stimuli and returns what its nodes did, piece by piece.

    start        (nodes, 3) levels before the run
    due          (nodes,) game tick in which a tick scheduled before the run fires, -1 none
    """

    def __init__(self, board: Board, script: Sequence[Stimulus], *, outputs_only: bool = False) -> None:
        """`outputs_only`: leave out what happened at inputs."""
        self.board = board
        self.start = np.column_stack([words.port_levels(board._state.word), board._state.out])
        self.due = np.full(board.nodes, -1, dtype=np.int32)
        ticks = waiting(board)
        self.due[ticks.node] = ticks.delay_gt - 1
        self._waits = sorted(script, key=lambda item: item.at_gt)
        self._before = board._state.word.copy()
        self._outputs_only = outputs_only
        self._done = self._now = 0

    def advance(self, until_gt: int, most_rows: int | None = None) -> Piece:
        """Return the piece from where the last one ended; it ends at `until_gt`, or after `most_rows` rows.

        Raises SimError if a stimulus is for something that is neither lever nor button.
        """
        board, begin, size = self.board, self._now, 0
        rows = np.empty((4096 + 3 * board.nodes, 3), dtype=np.int32)
        while self._now < until_gt and (most_rows is None or size < most_rows):
            events = board.events
            self._act()
            if board.quiet and board.events == events:
                self._now = min(self._next(until_gt), until_gt)
                continue
            board.run(1)
            if board.events != events:
                if size + 3 * board.nodes > len(rows):
                    rows = np.concatenate([rows, np.empty((size + 3 * board.nodes, 3), dtype=np.int32)])
                size = int(_note(board._state.word, self._before, self._now, rows, size, self._outputs_only))
            self._now += 1
        node, time_gt, change = (np.ascontiguousarray(column) for column in rows[:size].T)
        return Piece(begin, self._now, node, time_gt, change)

    def _next(self, until_gt: int) -> int:
        return self._waits[self._done].at_gt if self._done < len(self._waits) else until_gt

    def _act(self) -> None:
        while self._done < len(self._waits) and self._waits[self._done].at_gt <= self._now:
            self._do(self._waits[self._done])
            self._done += 1

    def _do(self, item: Stimulus) -> None:
        board = self.board
        block = board.volume.palette.state(int(board.graph.entry[board.node_at(item.pos)])).short
        if block == "lever":
            board.set_lever(item.pos, item.on)
        else:
            board.use(item.pos)


def first_difference(a: Piece, b: Piece) -> tuple[int, Ints]:
    """Return (game tick, nodes) where the outputs in two pieces of one time differ first; -1, none."""
    left, right = (np.stack([p.time_gt, p.node, p.change], axis=1) for p in (a.outputs(), b.outputs()))
    common = min(len(left), len(right))
    unequal = np.flatnonzero((left[:common] != right[:common]).any(axis=1))
    if not unequal.size and len(left) == len(right):
        return -1, np.zeros(0, dtype=np.int32)
    at = int(unequal[0]) if unequal.size else common
    tick = min(int(rows[at, 0]) for rows in (left, right) if at < len(rows))
    ours, theirs = ({tuple(row) for row in rows[rows[:, 0] == tick].tolist()} for rows in (left, right))
    return tick, np.array(sorted({row[1] for row in ours ^ theirs}), dtype=np.int32)


def same_elsewhere(a: Piece, b: Piece, nodes: Ints) -> bool:
    """Return whether the outputs of all nodes but `nodes` are equal in two pieces of one time."""
    rows = []
    for piece in (a.outputs(), b.outputs()):
        other = ~np.isin(piece.node, nodes)
        rows.append(np.stack([piece.time_gt[other], piece.node[other], piece.change[other]]))
    return np.array_equal(rows[0], rows[1])
