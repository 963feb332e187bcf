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
from craftc.sim.kernel import Bytes, Ints, Longs, kernel
from craftc.sim.lanes_build import Plan, with_room
from craftc.sim.lanes_load import port_rows
from craftc.sim.lanes_torch import ENTRIES, HISTORY, LOG
from craftc.sim.lanes_words import BURNOUTS, GROUP, NEXT, NOW, OUT, RING, ROW, SIDE, Flow, number
from craftc.sim.pack import make_engine
from craftc.sim.tiles_build import Placing
from craftc.sim.wide import Planes, limbs, word


@kernel
def _scatter(kind: Bytes, level: Bytes, row: Longs, place: Longs, out: Planes) -> None:
    """Set the bits of a level or flag of every node in out (rows, limbs) from its `row` on, unless that is 0;
    they must be 0 before."""
    for n in range(len(kind)):
        if row[n] == 0:
            continue
        limb, here = place[n] >> 6, word(1) << word(place[n] & 63)
        if COMPARE <= kind[n] <= SUBTRACT:
            for bit in range(4):
                if level[n] >> bit & 1:
                    out[row[n] + bit, limb] |= here
        elif level[n] > 0:
            out[row[n], limb] |= here


@kernel
def gather(kind: Bytes, row: Longs, place: Longs, words: Planes, out: Bytes) -> None:
    """Put the level of every node, in words (rows, limbs) from its `row` on, into `out`."""
    for n in range(len(kind)):
        limb, here = place[n] >> 6, word(place[n] & 63)
        if COMPARE <= kind[n] <= SUBTRACT:
            level = 0
            for bit in range(4):
                level |= number(words[row[n] + bit, limb] >> here & word(1)) << bit
            out[n] = level
        else:
            out[n] = 15 * number(words[row[n], limb] >> here & word(1))


def load(flow: Flow, plan: Plan, placing: Placing, board: Board, kind: Bytes) -> Flow:
    """Return a dark flow with the present state of a board put in; `kind` as the groups know the nodes.

    Within a list of the queue the order is by group.
    """
    state = board._state
    unit = plan.unit[placing.group]
    first = unit[:, ROW].astype(np.int64) + OUT
    main, side = port_rows(unit, kind)
    for row, level in ((first, state.out), (main, state.seen[:, 0]), (side, state.seen[:, 1])):
        _scatter(kind, np.ascontiguousarray(level), row, placing.place, limbs(flow.row))
    flow.scalar[NOW] = state.scalar[engine.NOW]
    waiting = waiting_ticks.waiting(board)
    flow = with_room(flow, len(waiting.node))
    group = placing.group[waiting.node]
    order = np.lexsort((group, waiting.priority, waiting.delay_gt))
    push_all(
        flow, group[order], placing.bits(waiting.node[order]), waiting.delay_gt[order],
        waiting.priority[order] + engine.NORMAL,
    )  # fmt: skip
    nodes, ages = waiting_ticks.torch_ages(board)
    torch, column = np.nonzero(ages >= 0)
    node, time = nodes[torch], int(flow.scalar[NOW]) - ages[torch, column]
    order = np.lexsort((node, time))
    remember_turn_offs(flow, placing.group[node][order], placing.bits(node[order]), time[order])
    return flow


def outputs(flow: Flow, plan: Plan, placing: Placing, kind: Bytes) -> npt.NDArray[np.uint8]:
    """Return the output level of every node."""
    out = np.empty(len(kind), dtype=np.uint8)
    row = plan.unit[placing.group, ROW].astype(np.int64) + OUT
    gather(kind, row, placing.place, limbs(flow.row), out)
    return out


@kernel
def _taken_apart(head: Ints, waits: Ints, entry: Planes, now: int, node: Longs) -> npt.NDArray[np.int64]:
    """Return (node, delay, priority) of every scheduled tick, list by list; entry (entries, limbs)."""
    ring, places = len(head) // 4, 64 * entry.shape[1]
    count = 0
    for place in range(len(head)):
        e = head[place]
        while e >= 0:
            for k in range(places):
                count += number(entry[e, k >> 6] >> word(k & 63) & word(1))
            e = waits[e, NEXT]
    out = np.empty((count, 3), np.int64)
    at = 0
    for place in range(len(head)):
        e = head[place]
        while e >= 0:
            for k in range(places):
                if entry[e, k >> 6] >> word(k & 63) & word(1):
                    out[at, 0] = node[waits[e, GROUP] * places + k]
                    out[at, 1] = ((place >> 2) - now) & (ring - 1)
                    out[at, 2] = place & 3
                    at += 1
            e = waits[e, NEXT]
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
    for ours, theirs in ((NOW, engine.NOW), (BURNOUTS, engine.BURNOUTS)):
        board._state.scalar[theirs] = flow.scalar[ours]
    board._state.scalar[engine.EVENTS] = int(flow.tally.sum())
    node = np.full(placing.groups * placing.places, -1, dtype=np.int64)
    node[placing.group * placing.places + placing.place] = np.arange(graph.nodes)
    ticks = _taken_apart(flow.head, flow.waits, limbs(flow.entry), int(flow.scalar[NOW]), node)
    delay = np.where(ticks[:, 1] == 0, RING, ticks[:, 1])
    waiting_ticks.schedule(board, waiting_ticks.Waiting(ticks[:, 0], delay, ticks[:, 2] - engine.NORMAL))
    nodes, _ = waiting_ticks.torch_ages(board)
    torches = plan.unit[placing.group[nodes], SIDE].astype(np.int64)
    ages = _ages(flow.turns, flow.when, limbs(flow.log), int(flow.scalar[NOW]), torches, placing.place[nodes])
    waiting_ticks.set_torch_ages(board, nodes, ages)


@kernel
def _ages(
    turns: Longs, when: Longs, log: Planes, now: int, torches: Longs, places: Longs
) -> npt.NDArray[np.int64]:
    """Return game ticks since the last turn-offs, (torches, TOGGLES), oldest first; -1 for none."""
    out = np.full((len(torches), TOGGLES), -1, np.int64)
    for t in range(len(torches)):
        torch, limb, bit = torches[t], places[t] >> 6, word(places[t] & 63)
        entries = turns[torch, ENTRIES]
        found = 0
        k = entries - 1
        while k >= 0 and k >= entries - HISTORY and found < TOGGLES:
            age = now - when[torch, k & (HISTORY - 1)]
            if age > TOGGLE_WINDOW_GT:
                break
            if log[torch * LOG + (k & (HISTORY - 1)), limb] >> bit & word(1):
                found += 1
                out[t, TOGGLES - found] = age
            k -= 1
    return out
