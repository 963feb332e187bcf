"""Devices that stand in a state which their inputs contradict, until somebody tells them.

A device that was written, or saved, so looks at its inputs when it gets the next neighbour update, even if
its inputs stay the same. The engine lets a device look when its inputs change; the rest is done here, game
tick by game tick, as long as there are such devices. Who sends updates where (Level.updateNeighborsAt):

    dust, torch            all cells within two steps
    repeater, comparator   the block in front and its other neighbours
    observer               the block behind and its other neighbours
    lever, button, plate   the neighbours of its own and of the block it rests on
    target, note block, copper bulb   its neighbours
    lamp, trapdoor         nobody
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from craftc.blocks.palette import BlockState
from craftc.blocks.tables import DIRECTION
from craftc.blocks.volume import Pos
from craftc.sim import engine, words
from craftc.sim.devices import (
    BULB,
    BUTTON,
    COMPARE,
    INPUT,
    LAMP,
    LEVEL_OBSERVER,
    LEVER,
    NOTE_BLOCK,
    OBSERVER,
    REPEATER,
    SUBTRACT,
    TORCH,
    TRAPDOOR,
)
from craftc.sim.edit import support_of
from craftc.sim.graph import find_cell

if TYPE_CHECKING:
    from craftc.sim.board import Board

Longs = npt.NDArray[np.int64]
MOST = 500
"""A board with more such devices is not yet one that runs; there each waits until an input changes."""
_REACH = 3
_NEAR = tuple(s for s in product(range(-_REACH, _REACH + 1), repeat=3) if 0 < sum(map(abs, s)) <= _REACH)
_STEP = ((0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1), (-1, 0, 0), (1, 0, 0))
_SHOWN = words.NIBBLE << words.OUT
_FOLLOW = (TORCH, REPEATER, COMPARE, SUBTRACT, LAMP, TRAPDOOR, NOTE_BLOCK)


@dataclass(slots=True)
class _Waiting:
    """A device that waits: `tellers` are nodes; `dust` positions with the power they had."""

    node: int
    tellers: frozenset[int]
    dust: dict[Pos, int] = field(default_factory=dict)


class Doubt:
    """The devices of a board that wait to be told, and what stood when it was last looked at."""

    def __init__(self, board: Board, waiting: Sequence[_Waiting]) -> None:
        self._waiting = list(waiting)
        watched = {n for one in waiting for n in one.tellers}
        watched |= {n for one in waiting for pos in one.dust for n in board._sources(pos)}
        self._watched: Longs = np.array(sorted(watched), dtype=np.int64)
        self._before = self._now(board)

    def compared(self, board: Board, before: Board) -> Doubt | None:
        """Let the devices look beside dust that has another power on `board` than it had on `before`."""
        for one in self._waiting:
            if any(_was(before, pos) not in (-1, power) for pos, power in one.dust.items()):
                engine.check(board._net, board._state, one.node)
        return self.look(board)

    def copy(self) -> Doubt:
        """Return a copy."""
        made = Doubt.__new__(Doubt)
        made._waiting = [_Waiting(w.node, w.tellers, dict(w.dust)) for w in self._waiting]
        made._watched, made._before = self._watched, self._before.copy()
        return made

    def _now(self, board: Board) -> Longs:
        word = board._state.word[self._watched]
        repeater = board.graph.kind[self._watched] == REPEATER
        locked = np.where(repeater, (word >> words.SIDE & words.NIBBLE) > 0, False)
        return np.asarray((word & _SHOWN) | locked, dtype=np.int64)

    def look(self, board: Board) -> Doubt | None:
        """Let the devices look that were told since the last call; return what is left, None if nothing."""
        now = self._now(board)
        changed = set(self._watched[now != self._before].tolist())
        self._before = now
        for one in self._waiting:
            if changed and _is_told(board, one, changed):
                engine.check(board._net, board._state, one.node)
                one.node = -1
        restless = set(_restless(board).tolist())
        self._waiting = [one for one in self._waiting if one.node in restless]
        return self if self._waiting else None


def doubt_of(board: Board, before: Board | None = None) -> Doubt | None:
    """Return the devices of a board that wait to be told, None if there are none or more than MOST.

    `before` is the board as it was until a block was written: dust whose power that changed has told already.
    """
    nodes = _restless(board)
    if not 0 < len(nodes) <= MOST:
        return None
    doubt = Doubt(board, [_waiting(board, int(n)) for n in nodes])
    return doubt if before is None else doubt.compared(board, before)


def _restless(board: Board) -> Longs:
    """Return the nodes whose output is not what their inputs ask for and that have no tick scheduled."""
    word = board._state.word
    wanted = words.WANTED[word & 0xFFF].astype(np.int64)
    kind = board.graph.kind
    follows = np.isin(kind, _FOLLOW)
    moved = (wanted & words.NIBBLE) != (word >> words.OUT & words.NIBBLE)
    still = (wanted & words.HOLD == 0) & (word & words.IS_PENDING == 0)
    return np.flatnonzero(moved & still & follows)


def _was(board: Board, pos: Pos) -> int:
    """Return the power of the dust at `pos`, or -1 if there is none."""
    return board.power(pos) if find_cell(board.graph.dust.flat, board.volume, pos) >= 0 else -1


def _is_told(board: Board, one: _Waiting, changed: set[int]) -> bool:
    told = not one.tellers.isdisjoint(changed)
    for pos, power in one.dust.items():
        if not changed.isdisjoint(board._sources(pos)):
            one.dust[pos] = board.power(pos)
            told |= one.dust[pos] != power
    return told


def _waiting(board: Board, node: int) -> _Waiting:
    """Return a device with everything near that may tell it."""
    x, y, z = here = board.position(node)
    tellers, dust = set(), {}
    for dx, dy, dz in _NEAR:
        pos = (x + dx, y + dy, z + dz)
        near = abs(dx) + abs(dy) + abs(dz) <= 2
        if near and find_cell(board.graph.dust.flat, board.volume, pos) >= 0:
            dust[pos] = board.power(pos)
        other = find_cell(board.graph.cell, board.volume, pos)
        if other >= 0 and _tells(int(board.graph.kind[other]), board.volume.get(pos), pos, here):
            tellers.add(other)
    return _Waiting(node, frozenset(tellers), dust)


def _tells(kind: int, state: BlockState, pos: Pos, here: Pos) -> bool:
    """Return whether a change of the device at `pos` sends a neighbour update to `here`."""
    away = _distance(pos, here)
    if kind == TORCH:
        return away <= 2
    if kind in (REPEATER, COMPARE, SUBTRACT, OBSERVER, LEVEL_OBSERVER):
        front = _beside(pos, DIRECTION[state.get("facing")] ^ 1)
        return here == front or _distance(front, here) == 1
    if kind in (LEVER, BUTTON, INPUT):
        support = support_of(state)
        rests = support is not None and _distance(_beside(pos, DIRECTION[support]), here) == 1
        return away == 1 or rests
    return kind in (NOTE_BLOCK, BULB) and away == 1


def _beside(pos: Pos, d: int) -> Pos:
    return (pos[0] + _STEP[d][0], pos[1] + _STEP[d][1], pos[2] + _STEP[d][2])


def _distance(a: Pos, b: Pos) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1]) + abs(a[2] - b[2])


def run_while(board: Board, game_ticks: int, *, busy: bool = False) -> int:
    """Return how many game ticks were run, `game_ticks` at most: until no device waits, or if `busy` until
    nothing is scheduled."""
    used = 0
    while used < game_ticks and board.doubt is not None and not (busy and board.quiet):
        board.run_plain(1)
        used += 1
        board.doubt = board.doubt.look(board)
    return used


def run_script(
    board: Board,
    rows: Sequence[tuple[int, int, int]],
    game_ticks: int,
    probes: Sequence[Pos],
    every_gt: int,
    out: npt.NDArray[np.uint8],
) -> npt.NDArray[np.uint8]:
    """Return `out` (samples, probes) filled as drive.run_script does, tick by tick; `rows` are sorted
    (game ticks run before, node, level)."""
    rest = list(rows)
    for t in range(game_ticks + 1):
        if t:
            board.run(1)
            if t % every_gt == 0:
                out[t // every_gt - 1] = [board.power(pos) for pos in probes]
        while rest and rest[0][0] == t:
            board._move(*rest.pop(0)[1:])
    return out
