"""Moves states between a board and its groups: bits of nodes to places of words and back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from craftc.sim import engine
from craftc.sim import queue as waiting_ticks
from craftc.sim.board import Board, Snapshot
from craftc.sim.devices import COMPARE, SUBTRACT
from craftc.sim.fill import push_all, remember_turn_offs
from craftc.sim.history import TOGGLE_WINDOW_GT, TOGGLES
from craftc.sim.kernel import Bytes, Longs, kernel
from craftc.sim.lanes_build import Plan
from craftc.sim.lanes_links import group_of, next_of
from craftc.sim.lanes_torch import HISTORY
from craftc.sim.lanes_words import (
    BURNOUTS,
    EVENTS,
    LINE,
    MAIN,
    NOW,
    OUT,
    POWER,
    RING,
    ROW,
    SIDE,
    Flow,
    Planes,
    number,
    word,
)
from craftc.sim.pack import make_engine
from craftc.sim.tiles_build import Placing


@kernel
def _scatter(
    kind: Bytes, level: Bytes, line_at: Longs, place: Longs, analog: int, flag: int, line: Planes
) -> None:
    """Set the bits of a level or flag of every node; they must be 0 before."""
    for n in range(len(kind)):
        here = np.uint64(1) << np.uint64(place[n])
        at = line_at[n] * 8
        if COMPARE <= kind[n] <= SUBTRACT:
            for bit in range(4):
                if level[n] >> bit & 1:
                    line[at + analog + bit] |= here
        elif level[n] > 0 and flag >= 0:
            line[at + flag] |= here


@kernel
def gather(kind: Bytes, line_at: Longs, place: Longs, line: Planes, out: Bytes) -> None:
    """Put the output level of every node into `out`."""
    for n in range(len(kind)):
        at = line_at[n] * 8 + 4
        here = word(place[n])
        if COMPARE <= kind[n] <= SUBTRACT:
            level = 0
            for bit in range(4):
                level |= number(line[at + bit] >> here & word(1)) << bit
            out[n] = level
        else:
            out[n] = 15 * np.int64(line[at] >> here & np.uint64(1))


def load(flow: Flow, plan: Plan, placing: Placing, board: Board, kind: Bytes) -> None:
    """Put the present state of a board into a dark flow; `kind` as the groups know the nodes.

    Within a list of the queue the order is by group.
    """
    state = board._state
    line_at = plan.number[placing.group]
    here = np.uint64(1) << placing.place.astype(np.uint64)
    ports = ((OUT, OUT, state.out), (MAIN, POWER, state.seen[:, 0]), (SIDE, POWER + 1, state.seen[:, 1]))
    for analog, flag, level in ports:
        _scatter(kind, np.ascontiguousarray(level), line_at, placing.place, analog, flag, flow.line)
    flow.scalar[NOW] = state.scalar[engine.NOW]
    waiting = waiting_ticks.waiting(board)
    group = line_at[waiting.node]
    order = np.lexsort((group, waiting.priority, waiting.delay_gt))
    push_all(
        flow, group[order], here[waiting.node][order], waiting.delay_gt[order],
        waiting.priority[order] + engine.NORMAL,
    )  # fmt: skip
    nodes, ages = waiting_ticks.torch_ages(board)
    torch, column = np.nonzero(ages >= 0)
    node, time = nodes[torch], int(flow.scalar[NOW]) - ages[torch, column]
    order = np.lexsort((node, time))
    remember_turn_offs(flow, line_at[node][order], here[node][order], time[order])


def outputs(flow: Flow, plan: Plan, placing: Placing, kind: Bytes) -> npt.NDArray[np.uint8]:
    """Return the output level of every node."""
    out = np.empty(len(kind), dtype=np.uint8)
    gather(kind, plan.number[placing.group], placing.place, flow.line, out)
    return out


@kernel
def _taken_apart(flow: Flow, ring: int, node: Longs) -> npt.NDArray[np.int64]:
    """Return (node, delay, priority) of every scheduled tick, list by list."""
    count = 0
    for place in range(ring * 4):
        e = flow.head[place]
        while e >= 0:
            for k in range(64):
                count += number(flow.entry[e, 0] >> word(k) & word(1))
            e = next_of(flow.entry[e, 1])
    out = np.empty((count, 3), np.int64)
    at = 0
    for place in range(ring * 4):
        delay = ((place >> 2) - flow.scalar[NOW]) & (ring - 1)
        e = flow.head[place]
        while e >= 0:
            for k in range(64):
                if flow.entry[e, 0] >> np.uint64(k) & np.uint64(1):
                    out[at, 0] = node[group_of(flow.entry[e, 1]) * 64 + k]
                    out[at, 1] = delay
                    out[at, 2] = place & 3
                    at += 1
            e = next_of(flow.entry[e, 1])
    return out


def unload(flow: Flow, plan: Plan, placing: Placing, board: Board, kind: Bytes) -> None:
    """Put the state of a flow into its board; `kind` as the groups know the nodes.

    Within a list of the queue the order is by group and place.
    """
    graph = board.graph
    _, state = make_engine(graph, outputs(flow, plan, placing, kind))
    for counter in (engine.RUNS, engine.PEAK):
        state.scalar[counter] = board._state.scalar[counter]
    board.restore(Snapshot(state))
    for ours, theirs in ((NOW, engine.NOW), (EVENTS, engine.EVENTS), (BURNOUTS, engine.BURNOUTS)):
        board._state.scalar[theirs] = flow.scalar[ours]
    node = np.full(plan.lines * 64, -1, dtype=np.int64)
    node[plan.number[placing.group] * 64 + placing.place] = np.arange(graph.nodes)
    ticks = _taken_apart(flow, RING, node)
    delay = np.where(ticks[:, 1] == 0, RING, ticks[:, 1])
    waiting_ticks.schedule(board, waiting_ticks.Waiting(ticks[:, 0], delay, ticks[:, 2] - engine.NORMAL))
    nodes, _ = waiting_ticks.torch_ages(board)
    groups, places = plan.number[placing.group[nodes]], placing.place[nodes]
    waiting_ticks.set_torch_ages(board, nodes, _ages(flow, groups, places))


@kernel
def _ages(flow: Flow, groups: Longs, places: Longs) -> npt.NDArray[np.int64]:
    """Return game ticks since the last turn-offs, (torches, TOGGLES), oldest first; -1 for none."""
    out = np.full((len(groups), TOGGLES), -1, np.int64)
    for t in range(len(groups)):
        state = flow.line[groups[t] * LINE + ROW]
        row = np.int64(state & np.uint64(0xFFFFFFFF))
        entries = np.int64(state >> np.uint64(32))
        found = 0
        k = entries - 1
        while k >= 0 and k >= entries - HISTORY and found < TOGGLES:
            age = flow.scalar[NOW] - np.int64(flow.log[row, k & (HISTORY - 1), 0])
            if age > TOGGLE_WINDOW_GT:
                break
            if flow.log[row, k & (HISTORY - 1), 1] >> np.uint64(places[t]) & np.uint64(1):
                found += 1
                out[t, TOGGLES - found] = age
            k -= 1
    return out
