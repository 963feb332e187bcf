"""Puts the state of a board into a flow, every node at all places of its group; copies and restores flows."""

from __future__ import annotations

import numpy as np

from craftc.sim import engine
from craftc.sim import queue as waiting_ticks
from craftc.sim.board import Board
from craftc.sim.fill import push_all, remember_turn_offs
from craftc.sim.graph import Graph
from craftc.sim.kernel import Bytes, Longs
from craftc.sim.lanes_build import GroupLinks, Groups, Plan, empty_flow, has_levels, make_plan, rear_planes
from craftc.sim.lanes_words import (
    ALL,
    LINE,
    MAIN,
    NOW,
    OUT,
    PHANTOM,
    POWER,
    SIDE,
    UNTIL,
    USED,
    Flow,
    Planes,
)


def lane_plan(graph: Graph) -> Plan:
    """Return the plan in which group n is node n of the graph, once per place."""
    source = np.repeat(np.arange(graph.nodes), np.diff(graph.link.start))
    count = len(graph.loss)
    whole = np.full(count, ALL, dtype=np.uint64)
    port = graph.link.target.astype(np.int64)
    links = GroupLinks(source, port, graph.loss, whole, np.zeros(count, dtype=np.int32))
    return make_plan(Groups(graph.kind, graph.delay, graph.front_diode, rear_planes(graph.rear)), links)


def lane_flow(plan: Plan, board: Board, kind: Bytes) -> Flow:
    """Return the flow in which every place is in the present state of a board; `kind` as `plan` has them."""
    flow = empty_flow(plan)
    state = board._state
    lines = flow.line.reshape(-1, LINE)
    levels = has_levels(kind)
    ports = ((OUT, OUT, state.out), (MAIN, POWER, state.seen[:, 0]), (SIDE, POWER + 1, state.seen[:, 1]))
    for analog, flag, level in ports:
        _fill(lines, plan.number[levels] + analog // LINE, analog % LINE, level[levels])
        column = lines[plan.number[~levels]]
        used = level[~levels] > 0
        column[used, flag] = ALL
        lines[plan.number[~levels]] = column
    flow.scalar[NOW] = state.scalar[engine.NOW]
    _fill_queue(flow, plan, board)
    _fill_log(flow, plan, board)
    return flow


def _fill(lines: Planes, rows: Longs, column: int, level: Bytes) -> None:
    for bit in range(4):
        lines[rows, column + bit] = np.where(level >> bit & 1, ALL, np.uint64(0))


def _fill_queue(flow: Flow, plan: Plan, board: Board) -> None:
    node, delay, priority = waiting_ticks.waiting(board)
    push_all(flow, plan.number[node], np.full(len(node), ALL), delay, priority + engine.NORMAL)


def _fill_log(flow: Flow, plan: Plan, board: Board) -> None:
    nodes, ages = waiting_ticks.torch_ages(board)
    torch, column = np.nonzero(ages >= 0)  # of one torch the oldest first
    time = int(flow.scalar[NOW]) - ages[torch, column]
    remember_turn_offs(flow, plan.number[nodes[torch]], np.full(len(torch), ALL), time)


def copied(flow: Flow) -> Flow:
    """Return a copy of what lasts; of the queue only the entries in use."""
    used = int(flow.scalar[USED])
    short = flow._replace(entry=flow.entry[:used], moved=flow.moved[:0], touched=flow.touched[:0])
    return Flow._make([np.array(array) for array in short])


def phantom_waits(flow: Flow) -> bool:
    """Return whether a phantom may wait: a tick that free order leaves out (lanes_free.py)."""
    return _waits(flow, flow.doubt, ALL)


def phantom_at(flow: Flow, line: Longs, places: Planes) -> bool:
    """Return whether a phantom may wait at one of the places (lines,) of groups."""
    return _waits(flow, flow.doubt[line], places)


def _waits(flow: Flow, doubt: Planes, places: Planes | np.uint64) -> bool:
    next_tick = np.uint64(4 * (int(flow.scalar[NOW]) + 1))
    return bool(((doubt[:, UNTIL] >= next_tick) & (doubt[:, PHANTOM] & places != 0)).any())


def paste(flow: Flow, kept: Flow) -> None:
    """Put what `copied` returned back."""
    for name in Flow._fields:
        source = getattr(kept, name)
        getattr(flow, name)[: len(source)] = source
