"""Burn-out of bit-sliced torches.

A torch that turned off TOGGLES times within TOGGLE_WINDOW_GT burns out. `Flow.log` keeps, per group, the
HISTORY last different game ticks in which any place turned off (`when`), with these places, and behind them
a counter per place of those within the window, in words least bit first. `turns` holds how many game ticks
were remembered, and how many of them have been taken out of the counter again.
"""

from __future__ import annotations

from craftc.sim.history import TOGGLE_WINDOW_GT, TOGGLES
from craftc.sim.kernel import hot_inline, index
from craftc.sim.lanes_words import NOW, SIDE, Flow, unit_of
from craftc.sim.wide import load, store

HISTORY = 64  # more than TOGGLE_WINDOW_GT + 1
COUNTER = 5  # bits: a torch changes at most every second game tick
LOG = HISTORY + COUNTER
"""Rows of a group of torches."""
ENTRIES, GONE = range(2)  # columns of Flow.turns
assert TOGGLES == 8 and TOGGLE_WINDOW_GT < 2 * 2**COUNTER - 2


@hot_inline
def _forget(flow: Flow, torch: int, until: int) -> None:
    """Take what happened before a game tick out of the counter."""
    while flow.turns[index(torch), GONE] < flow.turns[index(torch), ENTRIES]:
        place = flow.turns[index(torch), GONE] & (HISTORY - 1)
        if flow.when[index(torch), index(place)] >= until:
            return
        low = load(flow.log, torch * LOG + place)
        for bit in range(COUNTER):
            at = torch * LOG + HISTORY + bit
            old = load(flow.log, at)
            store(flow.log, at, old ^ low)
            low &= ~old
        flow.turns[index(torch), GONE] += 1


@hot_inline
def too_often(flow: Flow, n: int) -> int:
    """Return the places of a group of torches that turned off TOGGLES times within the window."""
    torch = unit_of(flow, n, SIDE)
    _forget(flow, torch, flow.scalar[NOW] - TOGGLE_WINDOW_GT)
    at = torch * LOG + HISTORY
    return load(flow.log, at + 3) | load(flow.log, at + 4)


@hot_inline
def remember(flow: Flow, n: int, off: int, time: int) -> None:
    """Remember that the places `off` of a group turned off at a game tick, not before the last one; none of
    them did so twice in one."""
    torch = unit_of(flow, n, SIDE)
    _forget(flow, torch, time - TOGGLE_WINDOW_GT)
    entries = flow.turns[index(torch), ENTRIES]
    last = (entries - 1) & (HISTORY - 1)
    if entries > 0 and flow.when[index(torch), index(last)] == time:
        at = torch * LOG + last
        store(flow.log, at, load(flow.log, at) | off)
    else:
        place = entries & (HISTORY - 1)
        flow.when[index(torch), index(place)] = time
        store(flow.log, torch * LOG + place, off)
        flow.turns[index(torch), ENTRIES] = entries + 1
    carry = off
    for bit in range(COUNTER):
        at = torch * LOG + HISTORY + bit
        old = load(flow.log, at)
        store(flow.log, at, old ^ carry)
        carry &= old


@hot_inline
def log_turn_off(flow: Flow, n: int, off: int) -> int:
    """Remember that the places `off` of a group turned off; return those of them that burn out."""
    remember(flow, n, off, flow.scalar[NOW])
    return too_often(flow, n) & off
