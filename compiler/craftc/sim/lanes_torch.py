"""Burn-out of bit-sliced torches.

A torch that turned off TOGGLES times within TOGGLE_WINDOW_GT burns out. `Flow.log` keeps, per group, the last
HISTORY different game ticks in which any place turned off (`when`), with these places; counting them is
needed only if the TOGGLES-th last of them is recent. `turns` holds per group how many there were, and the
last eight of them in steps of four game ticks, a byte each (modulo 256), so that mostly these two numbers
tell.
"""

from __future__ import annotations

from craftc.sim.history import TOGGLE_WINDOW_GT, TOGGLES
from craftc.sim.kernel import hot_inline
from craftc.sim.lanes_words import NOW, SIDE, Flow, number
from craftc.sim.wide import load, nothing, store

HISTORY = 64  # more than TOGGLE_WINDOW_GT
ENTRIES, RECENT = range(2)  # columns of Flow.turns
_STEP = 2  # bits: RECENT counts in four game ticks
_NEAR = (TOGGLE_WINDOW_GT >> _STEP) + 1
assert TOGGLES == 8  # bytes of a word


@hot_inline
def too_often(flow: Flow, n: int) -> int:
    """Return the places of a group of torches that turned off TOGGLES times within the window."""
    torch = number(flow.unit[n, SIDE])
    now = flow.scalar[NOW]
    oldest = flow.turns[torch, RECENT] >> 56
    entries = flow.turns[torch, ENTRIES]
    if entries < TOGGLES or ((now >> _STEP) - oldest) & 255 > _NEAR:
        return nothing(flow.row)
    ones = twos = fours = full = nothing(flow.row)  # a counter per place
    k = entries - 1
    while k >= 0 and k >= entries - HISTORY:
        if flow.when[torch, k & (HISTORY - 1)] < now - TOGGLE_WINDOW_GT:
            break
        carry = load(flow.log, torch * HISTORY + (k & (HISTORY - 1)))
        ones, carry = ones ^ carry, ones & carry
        twos, carry = twos ^ carry, twos & carry
        fours, carry = fours ^ carry, fours & carry
        full |= carry
        k -= 1
    return full


@hot_inline
def remember(flow: Flow, n: int, off: int, time: int) -> None:
    """Remember that the places `off` of a group turned off at a game tick, not before the last one."""
    torch = number(flow.unit[n, SIDE])
    entries = flow.turns[torch, ENTRIES]
    last = (entries - 1) & (HISTORY - 1)
    if entries > 0 and flow.when[torch, last] == time:
        at = torch * HISTORY + last
        store(flow.log, at, load(flow.log, at) | off)
        return
    place = entries & (HISTORY - 1)
    flow.when[torch, place] = time
    store(flow.log, torch * HISTORY + place, off)
    flow.turns[torch, ENTRIES] = entries + 1
    flow.turns[torch, RECENT] = (flow.turns[torch, RECENT] << 8) | (time >> _STEP & 255)


@hot_inline
def log_turn_off(flow: Flow, n: int, off: int) -> int:
    """Remember that the places `off` of a group turned off; return those of them that burn out."""
    remember(flow, n, off, flow.scalar[NOW])
    return too_often(flow, n) & off
