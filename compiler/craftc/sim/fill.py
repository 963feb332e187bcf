"""Kernels that put scheduled ticks and turn-offs of many nodes into engines, in the order given."""

from __future__ import annotations

from craftc.sim import engine
from craftc.sim.kernel import Longs, kernel
from craftc.sim.lanes_queue import push
from craftc.sim.lanes_torch import remember
from craftc.sim.lanes_words import Flow
from craftc.sim.react import State
from craftc.sim.wide import Planes, load


@kernel
def push_all(flow: Flow, group: Longs, places: Planes, delay: Longs, priority: Longs) -> None:
    """Schedule ticks of groups, one row of places each, priority 0..3; there must be room."""
    for k in range(len(group)):
        push(flow, group[k], load(places, k), delay[k], priority[k])


@kernel
def remember_turn_offs(flow: Flow, group: Longs, places: Planes, time: Longs) -> None:
    """Remember turn-offs of groups of torches, one row of places each; of one group in the order of time,
    which may be below 0."""
    for k in range(len(group)):
        remember(flow, group[k], load(places, k), time[k])


@kernel
def schedule_all(state: State, node: Longs, delay: Longs, priority: Longs) -> None:
    """Schedule ticks of nodes on a board of the graph engine, priority 0..3; a node that has one keeps it."""
    for k in range(len(node)):
        engine.schedule(state, node[k], delay[k], priority[k])
