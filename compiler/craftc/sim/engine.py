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
def _run_disturbed(net: Net, state: State, now: int) -> int:
    """Run all lists of a game tick with needless ticks; return how many entries."""
    queue = state.queue
    runs = events = 0
    for place in range(q.first_list(now), q.first_list(now) + q.PRIORITIES):
        if q.count(queue, place) == 0:
            continue
        at, end = q.detach(queue, place)
        while at != end:
            if at & q.LAST == q.LAST:
                following = signed(queue.item[index(at)])
                q.give_chunk(queue, at)
                at = following
            n = signed(queue.item[index(at)])
            old = signed(state.word[index(n)]) >> w.OUT & 15
            events += run_node(net, state, n, now)
            if signed(state.word[index(n)]) >> w.OUT & 15 < old:
                flicker(net, state, n, old)
            runs += 1
            at += 1
        q.give_chunk(queue, at - 1)
    queue.used[index(now & 1)] -= runs
    state.scalar[EVENTS] += events
    return runs


@hot_inline
def _run_tick(net: Net, state: State, now: int, far: bool) -> tuple[int, int]:
    """Run all entries of a game tick; return how many, and how many outputs changed."""
    queue = state.queue
    first = q.first_list(now)
    a, b, c, d = (
        q.count(queue, first), q.count(queue, first + 1), q.count(queue, first + 2), q.count(queue, first + 3)
    )  # fmt: skip
    lists = q.filled(a, b, c, d)
    if a | b | c | d < q.CHUNK and lists & lists - 1 != 0:
        lists = 0
        q.lay_flat(queue, first, a, b, c, d)
        at, end = q.FLAT, q.FLAT + a + b + c + d
    elif rarely(lists == 0):
        return 0, 0
    else:
        at, end = q.taken(queue, first + lowest_bit(lists))
    runs = events = asked = 0
    while True:
        more = lists != 0 and at | q.LAST != end | q.LAST
        stop = at | q.LAST if more else end
        if rarely(more and far):
            fetch(net, state, signed(queue.item[index(stop)]))
        changed, wait = run_some(net, state, at, stop, now)
        runs += stop - at
        events += changed
        asked += wait
        if lists == 0:
            break
        following = signed(queue.item[index(stop)])
        q.give_chunk(queue, at)
        at = following
        if not more:
            lists &= lists - 1
            if lists == 0:
                break
            at, end = q.taken(queue, first + lowest_bit(lists))
    queue.used[index(now & 1)] += asked - runs
    return runs, events


@hot
def advance(net: Net, state: State, ticks: int, most: int) -> int:
    """Run until `ticks` game ticks have passed, or nothing is scheduled, or more than `most` scheduled
    ticks were executed; return the game ticks run."""
    scalar, used = state.scalar, state.queue.used
    begin = now = signed(scalar[NOW])
    runs = events = 0
    peak = signed(scalar[PEAK])
    disturbed = scalar[SHUFFLE] != 0
    far = len(state.word) > FAR_NODES
    while now < begin + ticks and used[0] + used[1] > 0 and runs <= most:
        now += 1
        if used[index(now & 1)] == 0:
            continue
        if rarely(disturbed):
            scalar[NOW] = now
            shuffle(state, now)
        if rarely(disturbed) and scalar[FLICKER] != 0:
            ran = _run_disturbed(net, state, now)
        else:
            ran, changed = _run_tick(net, state, now, far)
            events += changed
        runs += ran
        peak = max(peak, ran)
    scalar[NOW] = now
    scalar[PEAK] = peak
    scalar[EVENTS] += events
    scalar[RUNS] += runs
    return now - begin


@hot
def run(net: Net, state: State, ticks: int) -> None:
    """Run `ticks` game ticks; idle time costs nothing."""
    idle = ticks - advance(net, state, ticks, MANY)
    state.scalar[NOW] += idle


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
    return [state.word, state.sources, state.toggles, state.swept, state.scalar, *state.queue]


def copied(state: State) -> State:
    """Return an independent copy."""
    copies: list[Any] = [array.copy() for array in _arrays(state)]
    return State._make([*copies[:5], Queue(*copies[5:])])


def copy_into(state: State, target: State) -> None:
    """Overwrite the arrays of `target`."""
    for mine, other in zip(_arrays(target), _arrays(state), strict=True):
        np.copyto(mine, other)
