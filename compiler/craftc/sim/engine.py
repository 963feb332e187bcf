"""The event-driven engine: scheduled game ticks of the nodes, in Numba.

Rules (Java 1.20.4): DiodeBlock.tick and checkTickOnNeighbor, ComparatorBlock.refreshOutputState,
RedstoneTorchBlock.tick, RedstoneLampBlock, ButtonBlock, ObserverBlock, TrapDoorBlock, NoteBlock,
CopperBulbBlock, LevelTicks. Within one game tick due nodes run by (priority, order of scheduling); a node
reads its inputs when it runs; a node has at most one tick scheduled. Changes reach all inputs at once (dust
takes no time), and a device looks at its inputs after all of them have the new value.

Simplified: a change of output notifies exactly the devices to which it gives another level, with the final
levels. In the game dust falls in steps, so that a device may see a lower level for a moment and get a
tick scheduled that is not needed; such a tick shows only where an input changes in the very game tick
in which it runs (lamps, and comparators against the rule that no input changes while they fire).
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
from craftc.sim.kernel import AnyArray, hot, hot_inline, index, prefetch, rarely, signed
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
    put,
    reacted,
)
from craftc.sim.ring import Queue

__all__ = [
    "BURN", "BURNOUTS", "EVENTS", "EXTREMELY_HIGH", "FLICKER", "HIGH", "NORMAL", "NOW", "PEAK", "RUNS",
    "SHUFFLE", "VERY_HIGH", "Net", "State", "advance", "check", "run", "schedule", "set_output",
]  # fmt: skip
RING = q.RING
BURNT_GT = 160  # RedstoneTorchBlock.RESTART_DELAY
TOGGLES, TOGGLE_WINDOW_GT = 8, 60  # MAX_RECENT_TOGGLES, RECENT_TOGGLE_TIMER
LONG_AGO = -(2**30)
BURNT = 1 << 7  # of a torch's word; bits 4-6 are the place of its oldest turn-off
MANY = 2**62
AHEAD = q.AHEAD  # so many entries ahead words are fetched: on large boards they come from far
_PLAIN_SOURCE = w.SINGLE | 0xFF0
_NO_PLAIN_TARGET = w.IS_PENDING | 3 << w.WIDE | w.ANALOG << w.CODE


@hot_inline
def _log_turn_off(net: Net, state: State, n: int, now: int) -> None:
    """Remember that a torch turned off; burn it out if that was too often."""
    word = signed(state.word[index(n)])
    row = net.torch[index(n)]
    place = word >> w.SIDE & 7
    state.toggles[index(row), index(place)] = now
    place = (place + 1) & 7
    word = word & ~(7 << w.SIDE) | place << w.SIDE
    if rarely(state.toggles[index(row), index(place)] >= now - TOGGLE_WINDOW_GT):
        state.scalar[BURNOUTS] += 1
        word |= BURNT
        if word & w.IS_PENDING == 0:
            word |= w.IS_PENDING
            put(state, n, now, BURNT_GT // 2 * 4 + NORMAL)
    state.word[index(n)] = word


@hot_inline
def _due(net: Net, state: State, n: int, word: int, now: int) -> int:
    """Return the output that node n, no repeater, takes when its scheduled tick runs."""
    value = signed(net.wanted[index(word & 0xFFF)]) & 15
    if rarely(word >> w.CODE & 15 == w.TORCH and word & BURNT != 0 and value > 0 and word >> w.OUT & 15 == 0):
        row = net.torch[index(n)]
        if state.toggles[index(row), index(word >> w.SIDE & 7)] >= now - TOGGLE_WINDOW_GT:
            return 0
    return value


@hot_inline
def _run_repeater(net: Net, state: State, n: int, word: int, now: int) -> int:
    out = word & 15 << w.OUT
    if word & 0xF0 or (out and word & 15):
        state.word[index(n)] = word
        return 0
    value = 0 if out else 15
    give(net, state, n, word, value, now)
    if rarely(value > 0 and word & 15 == 0):  # its input is off again: it turns off after its delay
        word = signed(state.word[index(n)])
        if word & w.IS_PENDING == 0:
            state.word[index(n)] = word | w.IS_PENDING
            put(state, n, now, word >> w.KEY & 60 | VERY_HIGH)
    return 1


@hot_inline
def _run_other(net: Net, state: State, n: int, word: int, now: int) -> int:
    value = _due(net, state, n, word, now)
    if value == word >> w.OUT & 15:
        state.word[index(n)] = word
        return 0
    give(net, state, n, word, value, now)
    if value == 0 and word >> w.CODE & 15 == w.TORCH and state.scalar[BURN] != 0:
        _log_turn_off(net, state, n, now)
    return 1


@hot
def _run_observer(net: Net, state: State, n: int, word: int, now: int) -> int:
    """Begin or end a pulse. What it saw until now is no change any more."""
    word = word & ~(15 << w.SIDE) | (word & 15) << w.SIDE
    value = 15 - (word >> w.OUT & 15)
    if value > 0:
        word |= w.IS_PENDING
        put(state, n, now, word >> w.KEY & 63)
    give(net, state, n, word, value, now)
    return 1


@hot_inline
def _run_node(net: Net, state: State, n: int, now: int) -> int:
    """Run the scheduled tick of node n; return whether its output changed."""
    word = signed(state.word[index(n)]) & ~w.IS_PENDING
    if word & 15 << w.CODE == w.REPEATER:
        return _run_repeater(net, state, n, word, now)
    if rarely(word & w.LATE << w.CODE != 0):
        return _run_observer(net, state, n, word, now)
    return _run_other(net, state, n, word, now)


@hot_inline
def _run_plain(net: Net, state: State, at: int, stop: int, now: int) -> int:
    """Run entries from place `at` while they are of the plainest kind, and return the place of the first
    that is not: an unlocked repeater that follows its input and has one link, to the main port of a device
    without a tick scheduled that only asks for power. It does what _run_node does; as a loop of its own it
    stays in the registers of the processor."""
    word, item, ends, wanted = state.word, state.queue.item, state.queue.ends, net.wanted
    k = at
    while k < stop:
        n = item[index(k)]
        prefetch(word, signed(item[index(k + AHEAD)]))
        own = signed(word[index(n)])
        link = own >> w.LINK & 0xFFFFFFFF
        there = signed(word[index(link >> 5)])
        on = own >> w.OUT & 1
        if (
            own & _PLAIN_SOURCE != w.SINGLE
            or there & _NO_PLAIN_TARGET | link & 16 != 0
            or on == signed(own & 15 != 0)
        ):
            break
        there += 1 - 2 * on
        lit = there >> w.OUT & 15
        change = signed(wanted[index(there & 0xFFF)]) ^ lit
        if 0 < change < 16:
            key = there >> (w.KEY + (w.KEY_BITS if lit > 0 else 0)) & 63
            place = 2 * q.list_of(now, key) + 1
            tail = signed(ends[index(place)])
            if tail & q.LAST == q.LAST:
                break
            item[index(tail)] = link >> 5
            ends[index(place)] = tail + 1
            there |= w.IS_PENDING
        elif change & w.AT_ONCE:
            break
        word[index(n)] = own ^ (15 << w.OUT | w.IS_PENDING)
        word[index(link >> 5)] = there
        k += 1
    return k


@hot_inline
def _run_list(net: Net, state: State, place: int, now: int) -> int:
    """Run all entries of a list; return how many."""
    queue = state.queue
    at = signed(queue.ends[index(2 * place)])
    end = signed(queue.ends[index(2 * place + 1)])
    q.forget(queue, place)
    runs = 0
    events = 0
    restless = state.scalar[FLICKER] != 0
    torches = len(net.torch) > 0
    while True:
        stop = end if at >> 6 == end >> 6 else at | q.LAST
        runs += stop - at
        k = at
        while k < stop:
            if not restless:
                k = _run_plain(net, state, at, stop, now)
                events += k - at
                if k == stop:
                    break
            n = signed(queue.item[index(k)])
            if torches and k + 8 < stop:
                row = signed(net.torch[index(queue.item[index(k + 8)])])
                prefetch(state.toggles, row * TOGGLES)
            old = signed(state.word[index(n)]) >> w.OUT & 15
            events += _run_node(net, state, n, now)
            if rarely(restless) and signed(state.word[index(n)]) >> w.OUT & 15 < old:
                flicker(net, state, n, old)
            k += 1
            at = k
        q.give_chunk(queue, stop - 1)
        if stop == end:
            break
        at = signed(queue.item[index(stop)])
    state.scalar[EVENTS] += events
    return runs


@hot
def advance(net: Net, state: State, ticks: int, most: int) -> int:
    """Run until `ticks` game ticks have passed, or nothing is scheduled, or more than `most` scheduled
    ticks were executed; return the game ticks run."""
    begin = signed(state.scalar[NOW])
    now = begin
    runs = 0
    while now < begin + ticks and state.queue.used[q.FILLED] > 0 and runs <= most:
        now += 1
        state.scalar[NOW] = now
        first = q.first_list(now)
        if rarely(state.scalar[SHUFFLE] != 0):
            shuffle(state, first)
        before = runs
        for place in range(first, first + 4):
            if state.queue.ends[index(2 * place + 1)] != q.NOWHERE:
                runs += _run_list(net, state, place, now)
        state.scalar[PEAK] = max(state.scalar[PEAK], runs - before)
    state.scalar[RUNS] += runs
    return now - begin


@hot
def run(net: Net, state: State, ticks: int) -> None:
    """Run `ticks` game ticks; idle time costs nothing."""
    used = advance(net, state, ticks, MANY)
    state.scalar[NOW] += ticks - used


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
