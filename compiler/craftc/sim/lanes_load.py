"""Puts the state of a board into a flow, every node at all places of its group; copies and restores flows."""

from __future__ import annotations

import numpy as np

from craftc.sim import engine
from craftc.sim import queue as waiting_ticks
from craftc.sim.board import Board
from craftc.sim.devices import TORCH
from craftc.sim.fill import push_all, remember_turn_offs
from craftc.sim.graph import Graph
from craftc.sim.kernel import Bytes, Ints, Longs
from craftc.sim.lanes_build import (
    GroupLinks,
    Groups,
    Plan,
    empty_flow,
    everywhere,
    has_levels,
    make_plan,
    rear_planes,
    with_room,
)
from craftc.sim.lanes_words import KIND, MAIN, NOW, OUT, ROW, SIDE, USED, WHAT, Flow
from craftc.sim.wide import ALL, Planes, limbs


def lane_plan(graph: Graph, places: int) -> Plan:
    """Return the plan in which group n is node n of the graph, once per place."""
    source = np.repeat(np.arange(graph.nodes), np.diff(graph.link.start))
    count = len(graph.loss)
    port = graph.link.target.astype(np.int64)
    whole = everywhere(np.ones(count, dtype=bool), places)
    links = GroupLinks(source, port, graph.loss, whole, np.zeros(count, dtype=np.int32))
    used = everywhere(np.ones(graph.nodes, dtype=bool), places)
    rear = rear_planes(graph.rear, places)
    return make_plan(Groups(graph.kind, graph.delay, graph.front_diode, used, rear), links)


def lane_flow(plan: Plan, board: Board, kind: Bytes) -> Flow:
    """Return the flow in which every place is in the present state of a board; `kind` as `plan` has them."""
    waiting = waiting_ticks.waiting(board)
    flow = with_room(empty_flow(plan), len(waiting.node))
    state = board._state
    levels = has_levels(kind)
    first = plan.unit[:, ROW] + OUT
    main, side = port_rows(plan.unit, kind)
    for row, level in ((first, state.out), (main, state.seen[:, 0]), (side, state.seen[:, 1])):
        for bit in range(4):
            there = levels & (row > 0) & (level >> bit & 1 > 0)
            limbs(flow.row)[row[there] + bit] = ALL
        there = ~levels & (row > 0) & (level > 0)
        limbs(flow.row)[row[there]] = ALL
    flow.scalar[NOW] = state.scalar[engine.NOW]
    places = everywhere(np.ones(len(waiting.node), dtype=bool), plan.places)
    push_all(flow, waiting.node, places, waiting.delay_gt, waiting.priority + engine.NORMAL)
    _fill_log(flow, board, plan.places)
    return flow


def port_rows(unit: Ints, kind: Bytes) -> tuple[Longs, Longs]:
    """Return the first row of main and side port of groups, 0 where there is none."""
    side = np.where(kind == TORCH, 0, unit[:, SIDE])
    return unit[:, MAIN].astype(np.int64), side.astype(np.int64)


def _fill_log(flow: Flow, board: Board, places: int) -> None:
    nodes, ages = waiting_ticks.torch_ages(board)
    torch, column = np.nonzero(ages >= 0)  # of one torch the oldest first
    time = int(flow.scalar[NOW]) - ages[torch, column]
    remember_turn_offs(flow, nodes[torch], everywhere(np.ones(len(torch), dtype=bool), places), time)


def copied(flow: Flow) -> Flow:
    """Return a copy of what lasts; of the queue only the entries in use."""
    used = int(flow.scalar[USED])
    short = flow._replace(
        entry=flow.entry[:used], waits=flow.waits[:used], ran=flow.ran[:0], moved=flow.moved[:0],
        change=flow.change[:0], touched=flow.touched[:0], note=flow.note[:0],
    )  # fmt: skip
    return Flow._make([np.array(array) for array in short])


def phantom_waits(flow: Flow) -> bool:
    """Return whether a phantom may wait: a tick that free order leaves out (lanes_free.py)."""
    alive = flow.until > flow.scalar[NOW]
    return bool(limbs(flow.phantom)[alive].any())


def phantom_at(flow: Flow, groups: Longs, places: Planes) -> bool:
    """Return whether a phantom may wait at one of the places of groups, one row each."""
    alive = flow.until[groups] > flow.scalar[NOW]
    return bool((limbs(flow.phantom)[groups[alive]] & limbs(places)[alive]).any())


def paste(flow: Flow, kept: Flow) -> None:
    """Put what `copied` returned back."""
    for name in Flow._fields:
        source = getattr(kept, name)
        getattr(flow, name)[: len(source)] = source


def output_rows(flow: Flow, groups: Longs) -> Planes:
    """Return the output words of groups, (groups, 4, limbs); of groups that are on or off the first one is
    used, the rest is 0."""
    first = flow.unit[groups, ROW].astype(np.int64) + OUT
    words = np.zeros((len(groups), 4, limbs(flow.row).shape[1]), dtype=np.uint64)
    words[:, 0] = limbs(flow.row)[first]
    levels = has_levels((flow.unit[groups, WHAT] & KIND).astype(np.uint8))
    for bit in range(1, 4):
        words[levels, bit] = limbs(flow.row)[first[levels] + bit]
    return words
