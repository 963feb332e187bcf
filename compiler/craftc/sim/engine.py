"""The event-driven engine: scheduled game ticks of the nodes, in Numba.

Rules (Java 1.20.4): DiodeBlock.tick and checkTickOnNeighbor, ComparatorBlock.refreshOutputState,
RedstoneTorchBlock.tick, RedstoneLampBlock, ButtonBlock, ObserverBlock, TrapDoorBlock, NoteBlock,
CopperBulbBlock, LevelTicks. Within one game tick due nodes run by (priority, order of scheduling); a node
reads its inputs when it runs; a node has at most one tick scheduled. Changes reach all inputs at once (dust
takes no time), and a device looks at its inputs after all of them have the new value.

Simplified: a change of output notifies exactly the devices to which it gives another level, with the final
levels. In the game dust falls in steps, never below where it ends, so that a comparator which one source
feeds at both inputs may see one of them lower for a moment and get a tick scheduled that is not needed; such
a tick shows only where an input changes in the very game tick in which it runs.
State.scalar[FLICKER] adds such ticks at random. The game also notifies neighbours whose input stays
the same; that matters only for torches that burnt out while their input was already off. The order in
which one change notifies several devices is nearest dust first; the game's depends on hash values of
positions.

A node is one 64-bit word (words.py), so that an event touches one word per device and, if the node has
one link, nothing else but the queue (ring.py). Ports of comparators with several sources, and all ports
with more than 15, count their sources per level in a row of `sources`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from craftc.sim import ring as q
from craftc.sim import words as w
from craftc.sim.disturb import flicker, shuffle
from craftc.sim.fire import fetch, run_node, run_some
from craftc.sim.history import (
    SWEEP_GT,
    pass_time,
    sweep,
)
from craftc.sim.kernel import AnyArray, hot, hot_inline, index, lowest_bit, rarely, signed
from craftc.sim.react import (
    BURN,
    BURNOUTS,
    EVENTS,
    EXTREMELY_HIGH,
    FLICKER,
    HIGH,
    NORMAL,
    NOW,
    PEAK,
    RUNS,
    SHUFFLE,
    SWEPT,
    VERY_HIGH,
    Net,
    State,
    give,
    reacted,
)
from craftc.sim.ring import Queue

__all__ = [
    "BURN", "BURNOUTS", "EVENTS", "EXTREMELY_HIGH", "FLICKER", "HIGH", "NORMAL", "NOW", "PEAK", "RUNS",
    "SHUFFLE", "VERY_HIGH", "Net", "State", "advance", "check", "run", "schedule", "set_output",
]  # fmt: skip
RING = q.RING
MANY = 2**62
FAR_NODES = 100_000  # nodes whose words do not fit the second-level cache


@hot
def _run_restless(net: Net, state: State, at: int, stop: int, now: int) -> int:
    """Do what _run_some does, with needless ticks; return how many outputs changed."""
    events = 0
    for k in range(at, stop):
        n = signed(state.queue.item[index(k)])
        old = signed(state.word[index(n)]) >> w.OUT & 15
        events += run_node(net, state, n, now)
        if signed(state.word[index(n)]) >> w.OUT & 15 < old:
            flicker(net, state, n, old)
    return events


@hot_inline
def _run_list(net: Net, state: State, place: int, now: int) -> int:
    """Run all entries of a list; return how many."""
    queue = state.queue
    at = place * q.CHUNK
    end = signed(queue.end[index(place)])
    queue.end[index(place)] = at
    runs = events = asked = 0
    restless = state.scalar[FLICKER] != 0
    far = len(state.word) > FAR_NODES
    while True:
        more = at | q.LAST != end | q.LAST
        stop = at | q.LAST if more else end
        following = signed(queue.item[index(stop)]) if more else stop
        if rarely(far and more):
            fetch(net, state, following)
        runs += stop - at
        if rarely(restless):
            events += _run_restless(net, state, at, stop, now)
        else:
            changed, wait = run_some(net, state, at, stop, now)
            events += changed
            asked += wait
        q.give_chunk(queue, at)
        if not more:
            break
        at = following
    queue.used[q.WAITING] += asked - runs
    state.scalar[EVENTS] += events
    return runs


@hot
def advance(net: Net, state: State, ticks: int, most: int) -> int:
    """Run until `ticks` game ticks have passed, or nothing is scheduled, or more than `most` scheduled
    ticks were executed; return the game ticks run."""
    begin = signed(state.scalar[NOW])
    now = begin
    runs = 0
    while now < begin + ticks and state.queue.used[q.WAITING] > 0 and runs <= most:
        now += 1
        state.scalar[NOW] = now
        first = q.first_list(now)
        if rarely(state.scalar[SHUFFLE] != 0):
            shuffle(state, first)
        before = runs
        filled = q.filled(state.queue, first)
        while filled != 0:
            runs += _run_list(net, state, first + lowest_bit(filled), now)
            filled &= filled - 1
        state.scalar[PEAK] = max(state.scalar[PEAK], runs - before)
        if rarely(now - state.scalar[SWEPT] > SWEEP_GT):
            sweep(state, now)
    state.scalar[RUNS] += runs
    return now - begin


@hot
def run(net: Net, state: State, ticks: int) -> None:
    """Run `ticks` game ticks; idle time costs nothing."""
    idle = ticks - advance(net, state, ticks, MANY)
    if idle > 0:
        pass_time(state, idle)


@hot
def set_output(net: Net, state: State, n: int, value: int) -> None:
    """Give node n another output between two game ticks and let every device whose input changes react."""
    word = signed(state.word[n])
    old = word >> w.OUT & 15
    if old == value:
        return
    give(net, state, n, word, value, signed(state.scalar[NOW]))
    state.scalar[EVENTS] += 1
    if state.scalar[FLICKER] != 0 and value < old:
        flicker(net, state, n, old)


@hot
def check(net: Net, state: State, n: int) -> None:
    """Let node n look at its inputs."""
    word = signed(state.word[n])
    if word >> w.CODE & 15 != w.BUTTON:
        state.word[n] = reacted(net, state, n, word, signed(state.scalar[NOW]))


@hot
def schedule(state: State, n: int, delay: int, priority: int) -> None:
    """Schedule a tick of node n in 1..RING - 1 game ticks, unless it has one; priority 0..3."""
    if state.word[n] & w.IS_PENDING == 0:
        state.word[n] |= w.IS_PENDING
        q.push(state.queue, q.first_list(signed(state.scalar[NOW]) + delay) + priority, n)


def _arrays(state: State) -> list[AnyArray]:
    return [state.word, state.sources, state.toggles, state.scalar, *state.queue]


def copied(state: State) -> State:
    """Return an independent copy."""
    copies: list[Any] = [array.copy() for array in _arrays(state)]
    return State(copies[0], copies[1], copies[2], copies[3], Queue(*copies[4:]))


def copy_into(state: State, target: State) -> None:
    """Overwrite the arrays of `target`."""
    for mine, other in zip(_arrays(target), _arrays(state), strict=True):
        np.copyto(mine, other)
