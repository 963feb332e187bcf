"""Kernels that read a history: components that fire while an input changes, inputs shorter than a delay,
torches that turn off too often.

A component is followed through its rows: an input change that its output does not agree with schedules a
tick `delay` later (nothing more is scheduled until that ran); in the game tick in which it fires, any
change of its own inputs makes a candidate if firing on the levels before, on those after, or on a mixture
would not all give the same output.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.lint.history import OUT, History
from craftc.sim.devices import COMPARE, LAMP, REPEATER, SUBTRACT, TORCH
from craftc.sim.engine import TOGGLE_WINDOW_GT, TOGGLES
from craftc.sim.graph import Graph
from craftc.sim.kernel import AnyArray, Bytes, Ints, kernel

SWALLOWED, LENGTHENED = 0, 1


@dataclass(frozen=True, slots=True)
class Scan:
    """What the kernels found, one row each.

    race    (n, 2) node, game tick in which it fired while an input changed
    short   (n, 5) node, game tick in which the short level began, its length, its level, SWALLOWED or
            LENGTHENED
    """

    race: npt.NDArray[np.int32]
    short: npt.NDArray[np.int32]


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
    what: Bytes,
    level: Bytes,
    start: Bytes,
    first_due: Ints,
    race: AnyArray,
    short: AnyArray,
) -> tuple[int, int]:
    """Fill `race` and `short`, both long enough; return how many rows of each."""
    races = 0
    shorts = 0
    old = np.zeros(3, np.int64)
    new = np.zeros(3, np.int64)
    k = 0
    while k < len(node):
        n = node[k]
        what_kind = kind[n]
        for p in range(3):
            new[p] = start[n, p]
        due = first_due[n]
        wanted = _wants(what_kind, rear[n], new[2], new[0], new[1])
        since = -1
        while k < len(node) and node[k] == n:
            now = time[k]
            for p in range(3):
                old[p] = new[p]
            if due < now:  # it fired and changed nothing
                due = -1
            while k < len(node) and node[k] == n and time[k] == now:
                new[what[k]] = level[k]
                k += 1
            moved = old[0] != new[0] or old[1] != new[1]
            fired = due == now or old[2] != new[2]
            if fired and moved and _differs(what_kind, rear[n], old[2], old, new):
                race[races, 0] = n
                race[races, 1] = now
                races += 1
            if fired:
                due = -1
            if not moved and not fired:
                continue
            target = _wants(what_kind, rear[n], new[2], new[0], new[1])
            if due < 0 and target != new[2]:
                due = now + delay[n]
            if not moved or target == wanted:
                continue
            locked = what_kind == REPEATER and new[1] > 0
            if (
                since >= 0
                and now - since < delay[n]
                and not locked
                and not (what_kind == LAMP and wanted > 0)
            ):
                short[shorts, 0] = n
                short[shorts, 1] = since
                short[shorts, 2] = now - since
                short[shorts, 3] = wanted
                short[shorts, 4] = 1 if what_kind == REPEATER and wanted > 0 else 0
                shorts += 1
            since = now
            wanted = target
    return races, shorts


def scan(graph: Graph, history: History) -> Scan:
    """Return races and short pulses of a history of the board of `graph`."""
    active = np.isin(graph.kind, (REPEATER, COMPARE, SUBTRACT, TORCH, LAMP))
    kept = active[history.node]
    race = np.empty((len(history.node) + 1, 2), np.int32)
    short = np.empty((len(history.node) + 1, 5), np.int32)
    races, shorts = _scan(
        graph.kind, graph.delay, graph.rear, history.node[kept], history.time_gt[kept], history.what[kept],
        history.level[kept], history.start, history.due, race, short,
    )  # fmt: skip
    return Scan(race[:races].copy(), short[:shorts].copy())


def turn_offs(graph: Graph, history: History, count: int) -> npt.NDArray[np.int32]:
    """Return (torches, 2): torches that turned off `count` times within the game's 60 game ticks, and the
    first game tick in which that was so. `count` 8 is a burn-out (RedstoneTorchBlock, MAX_RECENT_TOGGLES)."""
    mask = (history.what == OUT) & (history.level == 0) & (graph.kind[history.node] == TORCH)
    node, time = history.node[mask], history.time_gt[mask]
    back = count - 1
    if len(node) <= back:
        return np.zeros((0, 2), dtype=np.int32)
    hit = (node[back:] == node[: len(node) - back]) & (
        time[back:] - time[: len(node) - back] <= TOGGLE_WINDOW_GT
    )
    rows = np.stack([node[back:][hit], time[back:][hit]], axis=1)
    _, first = np.unique(rows[:, 0], return_index=True)
    return np.asarray(rows[first], dtype=np.int32)


BURNT, NEARLY = TOGGLES, TOGGLES - 1
