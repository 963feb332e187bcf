"""Burn-out of bit-sliced torches.

A torch that turned off TOGGLES times within TOGGLE_WINDOW_GT burns out. `Flow.log` keeps, per group, the last
HISTORY different game ticks in which any place turned off, with these places; counting them is needed
only if the TOGGLES-th last of them is recent. RECENT holds the last eight of them in steps of four game
ticks, a byte each (modulo 256), so that mostly the group's own line tells.
"""

from __future__ import annotations

from craftc.sim.history import TOGGLE_WINDOW_GT, TOGGLES
from craftc.sim.kernel import hot_inline
from craftc.sim.lanes_words import LINE, NOW, RECENT, ROW, Flow, number, word

HISTORY = 64  # more than TOGGLE_WINDOW_GT
_STEP = 2  # bits: RECENT counts in four game ticks
_NEAR = (TOGGLE_WINDOW_GT >> _STEP) + 1
assert TOGGLES == 8  # bytes of a word


@hot_inline
def _row(state: int) -> int:
    return number(state & word(0xFFFFFFFF))


@hot_inline
def _entries(state: int) -> int:
    return number(state >> word(32))


@hot_inline
def too_often(flow: Flow, n: int) -> int:
    """Return the places of a group of torches that turned off TOGGLES times within the window."""
    at = n * LINE
    now = flow.scalar[NOW]
    oldest = number(flow.line[at + RECENT] >> word(56))
    state = flow.line[at + ROW]
    entries = _entries(state)
    if entries < TOGGLES or ((now >> _STEP) - oldest) & 255 > _NEAR:
        return word(0)
    row = _row(state)
    ones = twos = fours = full = word(0)  # a counter per place
    k = entries - 1
    while k >= 0 and k >= entries - HISTORY:
        if number(flow.log[row, k & (HISTORY - 1), 0]) < now - TOGGLE_WINDOW_GT:
            break
        carry = flow.log[row, k & (HISTORY - 1), 1]
        ones, carry = ones ^ carry, ones & carry
        twos, carry = twos ^ carry, twos & carry
        fours, carry = fours ^ carry, fours & carry
        full |= carry
        k -= 1
    return full


@hot_inline
def log_turn_off(flow: Flow, n: int, off: int) -> int:
    """Remember that the places `off` of a group turned off; return those of them that burn out."""
    at = n * LINE
    now = flow.scalar[NOW]
    state = flow.line[at + ROW]
    row, entries = _row(state), _entries(state)
    last = (entries - 1) & (HISTORY - 1)
    if entries > 0 and number(flow.log[row, last, 0]) == now:
        flow.log[row, last, 1] |= off
    else:
        flow.log[row, entries & (HISTORY - 1), 0] = word(now)
        flow.log[row, entries & (HISTORY - 1), 1] = off
        flow.line[at + ROW] = state + word(1 << 32)
        recent = flow.line[at + RECENT]
        flow.line[at + RECENT] = (recent << word(8)) | (word(now >> _STEP) & word(255))
    return too_often(flow, n) & off
