"""Kernels that put scheduled ticks and turn-offs of many nodes into engines, in the order given."""

from __future__ import annotations

from craftc.sim import engine
from craftc.sim.kernel import Longs, kernel
from craftc.sim.lanes_links import push
from craftc.sim.lanes_torch import HISTORY
from craftc.sim.lanes_words import LINE, RECENT, ROW, Flow, Planes, number, word
from craftc.sim.react import State


@kernel
def push_all(flow: Flow, line: Longs, places: Planes, delay: Longs, priority: Longs) -> None:
    """Schedule ticks of groups, priority 0..3."""
    for k in range(len(line)):
        push(flow, line[k], places[k], delay[k], priority[k])


@kernel
def remember_turn_offs(flow: Flow, line: Longs, places: Planes, time: Longs) -> None:
    """Remember turn-offs of groups of torches; of one group in the order of time, which may be below 0."""
    for k in range(len(line)):
        at = line[k] * LINE
        state = flow.line[at + ROW]
        row, entries = number(state & word(0xFFFFFFFF)), number(state >> word(32))
        last = (entries - 1) & (HISTORY - 1)
        if entries > 0 and number(flow.log[row, last, 0]) == time[k]:
            flow.log[row, last, 1] |= places[k]
            continue
        flow.log[row, entries & (HISTORY - 1), 0] = word(time[k])
        flow.log[row, entries & (HISTORY - 1), 1] = places[k]
        flow.line[at + ROW] = state + word(1 << 32)
        flow.line[at + RECENT] = (flow.line[at + RECENT] << word(8)) | (word(time[k] >> 2) & word(255))


@kernel
def schedule_all(state: State, node: Longs, delay: Longs, priority: Longs) -> None:
    """Schedule ticks of nodes on a board of the graph engine, priority 0..3; a node that has one keeps it."""
    for k in range(len(node)):
        engine.schedule(state, node[k], delay[k], priority[k])
