"""Puts the state of a board into a flow, every node at all places of its group; copies and restores flows."""

from __future__ import annotations

import numpy as np

from craftc.sim import engine
from craftc.sim import queue as waiting_ticks
from craftc.sim.board import Board
from craftc.sim.graph import Graph
from craftc.sim.kernel import Bytes, Longs
from craftc.sim.lanes_build import GroupLinks, Groups, Plan, empty_flow, has_levels, make_plan, rear_planes
from craftc.sim.lanes_torch import HISTORY
from craftc.sim.lanes_words import (
    ALL,
    LINE,
    MAIN,
    NOW,
    OUT,
    PENDING,
    PHANTOM,
    POWER,
    QUEUED,
    RECENT,
    RING,
    ROW,
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


def lane_flow(plan: Plan, board: Board) -> Flow:
    """Return the flow in which every place is in the present state of a board."""
    flow = empty_flow(plan)
    state = board._state
    lines = flow.line.reshape(-1, LINE)
    levels = has_levels(board.graph.kind)
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
    waiting = waiting_ticks.waiting(board)
    lines = flow.line.reshape(-1, LINE)
    now = int(flow.scalar[NOW])
    for e, (node, delay, priority) in enumerate(zip(*(c.tolist() for c in waiting), strict=True)):
        place = (now + delay) % RING * 4 + priority + engine.NORMAL
        flow.entry[e] = (ALL, int(plan.number[node]))
        if flow.head[place] < 0:
            flow.head[place] = e
        else:
            flow.entry[flow.tail[place], 1] |= np.uint64(e + 1 << 32)
        flow.tail[place] = e
        lines[plan.number[node], PENDING] = ALL
    flow.scalar[QUEUED] = flow.scalar[USED] = len(waiting.node)


def _fill_log(flow: Flow, plan: Plan, board: Board) -> None:
    nodes, ages = waiting_ticks.torch_ages(board)
    lines = flow.line.reshape(-1, LINE)
    now = int(flow.scalar[NOW])
    for node, turns in zip(nodes.tolist(), ages.tolist(), strict=True):
        line = lines[plan.number[node]]
        row = int(line[ROW])
        known = [now - age for age in turns if age >= 0]
        for k, time in enumerate(known):
            flow.log[row, k % HISTORY] = (time & int(ALL), ALL)  # may lie before game tick 0
            line[RECENT] = np.uint64((int(line[RECENT]) << 8 | time >> 2 & 255) & (2**64 - 1))
        line[ROW] = np.uint64(row | len(known) << 32)


def copied(flow: Flow) -> Flow:
    """Return a copy of what lasts; of the queue only the entries in use."""
    used = int(flow.scalar[USED])
    short = flow._replace(entry=flow.entry[:used], moved=flow.moved[:0], touched=flow.touched[:0])
    return Flow._make([np.array(array) for array in short])


def phantom_waits(flow: Flow) -> bool:
    """Return whether a phantom may wait: a tick that free order leaves out (lanes_free.py)."""
    next_tick = np.uint64(4 * (int(flow.scalar[NOW]) + 1))
    return bool(((flow.doubt[:, UNTIL] >= next_tick) & (flow.doubt[:, PHANTOM] != 0)).any())


def paste(flow: Flow, kept: Flow) -> None:
    """Put what `copied` returned back."""
    for name in Flow._fields:
        source = getattr(kept, name)
        getattr(flow, name)[: len(source)] = source
