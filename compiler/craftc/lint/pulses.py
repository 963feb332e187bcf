"""Follows every component through a history, piece by piece: those that fire while an input changes, inputs
shorter than a delay, torches that turn off too often.

In the rows of a component an input change that its output does not agree with schedules a
tick `delay` later (nothing more is scheduled until that ran); in the game tick in which it fires, any
change of its own inputs makes a candidate if firing on the levels before, on those after, or on a mixture
would not all give the same output.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from craftc.lint.history import Ints, Piece, Recorder
from craftc.sim.devices import COMPARE, LAMP, REPEATER, SUBTRACT, TORCH
from craftc.sim.graph import Graph
from craftc.sim.history import TOGGLE_WINDOW_GT, TOGGLES
from craftc.sim.kernel import AnyArray, Bytes, kernel

SWALLOWED, LENGTHENED = 0, 1
BURNT, NEARLY = TOGGLES, TOGGLES - 1
_NEVER = -(2**30)


@kernel
def _wants(kind: int, rear: int, out: int, main: int, side: int) -> int:
    """Return the output that a component should have for levels of its inputs."""
    if COMPARE <= kind <= SUBTRACT:
        level = main
        if rear >= 16:
            level = rear - 16
        elif rear >= 0 and main < 15:
            level = rear
        if side > level:
            return 0
        return level - side if kind == SUBTRACT else level
    if kind == REPEATER and side > 0:
        return out
    if kind == TORCH:
        return 0 if main > 0 else 15
    return 15 if main > 0 else 0


@kernel
def _fires(kind: int, rear: int, out: int, main: int, side: int) -> int:
    """Return the output after the scheduled tick of a component."""
    if kind == REPEATER and side == 0 and out == 0:
        return 15
    if kind == LAMP and out == 0:
        return 0
    return _wants(kind, rear, out, main, side)


@kernel
def _differs(kind: int, rear: int, out: int, old: AnyArray, new: AnyArray) -> bool:
    """Return whether the order of firing and input changes matters."""
    first = _fires(kind, rear, out, old[0], old[1])
    return (
        _fires(kind, rear, out, new[0], new[1]) != first
        or _fires(kind, rear, out, old[0], new[1]) != first
        or _fires(kind, rear, out, new[0], old[1]) != first
    )


@kernel
def _scan(
    kind: Bytes,
    delay: Bytes,
    rear: AnyArray,
    node: Ints,
    time: Ints,
    change: Ints,
    level: Bytes,
    due: Ints,
    wanted: Bytes,
    since: Ints,
    race: AnyArray,
    short: AnyArray,
) -> tuple[int, int]:
    """Fill `race` and `short`, both long enough, and bring the state of every node (`level` to `since`) to
    the end of the piece; return how many rows of each."""
    races = 0
    shorts = 0
    old = np.zeros(3, np.int64)
    new = np.zeros(3, np.int64)
    k = 0
    while k < len(node):
        n, now = node[k], time[k]
        this, wait = kind[n], delay[n]
        for p in range(3):
            old[p] = new[p] = level[n, p]
        while k < len(node) and node[k] == n and time[k] == now:
            new[change[k] & 3] = change[k] >> 2 & 15
            k += 1
        for p in range(3):
            level[n, p] = new[p]
        if not (TORCH <= this <= LAMP):
            continue
        if due[n] < now:  # it fired and changed nothing
            due[n] = -1
        moved = old[0] != new[0] or old[1] != new[1]
        fired = due[n] == now or old[2] != new[2]
        if fired and moved and _differs(this, rear[n], old[2], old, new):
            race[races, 0], race[races, 1], race[races, 2] = n, now, old[2]
            races += 1
        if fired:
            due[n] = -1
        if not moved and not fired:
            continue
        target = _wants(this, rear[n], new[2], new[0], new[1])
        if due[n] < 0 and target != new[2]:
            due[n] = now + wait
        if not moved or target == wanted[n]:
            continue
        locked = this == REPEATER and new[1] > 0
        is_short = since[n] >= 0 and now - since[n] < wait
        if is_short and not locked and not (this == LAMP and wanted[n] > 0):
            short[shorts, 0], short[shorts, 1], short[shorts, 2] = n, since[n], now - since[n]
            short[shorts, 3] = wanted[n]
            short[shorts, 4] = 1 if this == REPEATER and wanted[n] > 0 else 0
            short[shorts, 5] = 1
            shorts += 1
        since[n] = now
        wanted[n] = target
    return races, shorts


@kernel
def _turn_offs(row: Ints, node: Ints, time: Ints, change: Ints, recent: Ints, first: Ints) -> None:
    """Note in `first` (torches, 2) when a torch turned off for the 8th, for the 7th time within the window;
    `recent` (torches, 8) are its last turn-offs, newest first."""
    for k in range(len(node)):
        torch = row[node[k]]
        if torch < 0 or change[k] & 63 != 2:  # the output became 0
            continue
        for j in range(7, 0, -1):
            recent[torch, j] = recent[torch, j - 1]
        recent[torch, 0] = time[k]
        for which in range(2):
            if first[torch, which] < 0 and time[k] - recent[torch, 7 - which] <= TOGGLE_WINDOW_GT:
                first[torch, which] = time[k]


@kernel
def _initial(kind: Bytes, rear: AnyArray, level: Bytes, wanted: Bytes) -> None:
    for n in range(len(kind)):
        wanted[n] = _wants(kind[n], rear[n], level[n, 2], level[n, 0], level[n, 1])


class Scanner:
    """Reads the pieces of one run in turn.

    short    (n, 6) per component its shortest level: node, game tick in which it began, its length, the
             level, SWALLOWED or LENGTHENED, and how often there was a short one
    """

    def __init__(self, graph: Graph, recorder: Recorder) -> None:
        """`recorder` has not run yet."""
        self._graph = graph
        self._level, self._due = recorder.start.copy(), recorder.due.copy()
        self._wanted = np.zeros(graph.nodes, dtype=np.uint8)
        _initial(graph.kind, graph.rear, self._level, self._wanted)
        self._since = np.full(graph.nodes, -1, dtype=np.int32)
        self._torches = np.flatnonzero(graph.kind == TORCH)
        self._row = np.full(graph.nodes, -1, dtype=np.int32)
        self._row[self._torches] = np.arange(len(self._torches))
        self._recent = np.full((len(self._torches), TOGGLES), _NEVER, dtype=np.int32)
        self._first = np.full((len(self._torches), 2), -1, dtype=np.int32)
        self.short = np.zeros((0, 6), dtype=np.int32)

    def read(self, piece: Piece) -> npt.NDArray[np.int32]:
        """Return (n, 3): node, game tick in which it fired while an input changed, its output before."""
        graph, most = self._graph, len(piece.node)
        race, short = np.empty((most, 3), np.int32), np.empty((most, 6), np.int32)
        races, shorts = _scan(
            graph.kind, graph.delay, graph.rear, piece.node, piece.time_gt, piece.change,
            self._level, self._due, self._wanted, self._since, race, short,
        )  # fmt: skip
        _turn_offs(self._row, piece.node, piece.time_gt, piece.change, self._recent, self._first)
        self.short = _shortest(np.concatenate([self.short, short[:shorts]]))
        return race[:races].copy()

    def turn_offs(self, count: int) -> npt.NDArray[np.int32]:
        """Return (torches, 2): torches that turned off `count` times, BURNT or NEARLY, within the game's 60
        game ticks, and the first game tick in which that was so. 8 is a burn-out (RedstoneTorchBlock,
        MAX_RECENT_TOGGLES)."""
        first = self._first[:, BURNT - count]
        hit = first >= 0
        return np.stack([self._torches[hit], first[hit]], axis=1).astype(np.int32)


def _shortest(rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return one row per node, the shortest and of equals the first, with the counts added up."""
    rows = rows[np.lexsort((rows[:, 1], rows[:, 2], rows[:, 0]))]
    _, first, inverse = np.unique(rows[:, 0], return_index=True, return_inverse=True)
    out = rows[first]
    out[:, 5] = np.bincount(inverse, weights=rows[:, 5], minlength=len(first))
    return out
