"""The queue of a bit-sliced board, and how its devices ask for ticks: what both orders of execution share."""

from __future__ import annotations

from craftc.sim.devices import LAMP, REPEATER
from craftc.sim.engine import EXTREMELY_HIGH, HIGH, NORMAL, VERY_HIGH
from craftc.sim.history import BURNT_GT
from craftc.sim.kernel import hot_inline
from craftc.sim.lanes_torch import log_turn_off
from craftc.sim.lanes_words import (
    BURN,
    BURNOUTS,
    FREE,
    FREELY,
    FRONT,
    FULL,
    GROUP,
    KIND,
    LAST,
    LIST_OF,
    NEXT,
    NOW,
    OUT,
    PENDING,
    PRIORITIES,
    QUEUED,
    RING,
    ROW,
    USED,
    USED_PLACES,
    WHAT,
    Flow,
    analog,
    delay_of,
    number,
    power,
    set_unit,
    set_wait,
    unit_of,
    wait_of,
    wanted,
)
from craftc.sim.wide import add_count, count, load, some, store

MOST_PUSHES = 2
"""Entries that one reaction, or one entry beside those of its links, may need."""


@hot_inline
def has_room(flow: Flow, needed: int) -> bool:
    """Return whether that many entries can be made; if not, FULL tells how many are needed."""
    if len(flow.entry) - flow.scalar[QUEUED] >= needed:
        return True
    flow.scalar[FULL] = needed
    return False


@hot_inline
def give_back(flow: Flow, e: int) -> None:
    """Keep an entry for later use."""
    set_wait(flow, e, NEXT, flow.scalar[FREE])
    set_wait(flow, e, LIST_OF, -1)
    flow.scalar[FREE] = e


@hot_inline
def _room_for(flow: Flow, n: int, place: int, priority: int) -> int:
    """Return an entry of group n in a list of the queue to which places may be added, or -1: the last one of
    the list, or, in free order, the one that the group made last with such a priority."""
    last = number(flow.tail[place])
    if flow.head[place] >= 0 and wait_of(flow, last, GROUP) == n:
        return last
    if flow.scalar[FREELY]:
        e = unit_of(flow, n, LAST + (priority & 1))
        if e < len(flow.entry) and wait_of(flow, e, GROUP) == n and wait_of(flow, e, LIST_OF) == place:
            return e
    return -1


@hot_inline
def _new_entry(flow: Flow, n: int, mask: int, place: int) -> int:
    """Put an entry at the end of a list of the queue, and return it."""
    e = number(flow.scalar[FREE])
    if e >= 0:
        flow.scalar[FREE] = wait_of(flow, e, NEXT)
    else:
        e = number(flow.scalar[USED])
        flow.scalar[USED] = e + 1
    store(flow.entry, e, mask)
    set_wait(flow, e, GROUP, n)
    set_wait(flow, e, NEXT, -1)
    set_wait(flow, e, LIST_OF, place)
    flow.scalar[QUEUED] += 1
    if flow.head[place] < 0:
        flow.head[place] = e
    else:
        set_wait(flow, flow.tail[place], NEXT, e)
    flow.tail[place] = e
    return e


@hot_inline
def push(flow: Flow, n: int, mask: int, delay: int, priority: int) -> None:
    """Schedule ticks of the places `mask` of group n, behind everything of equal time and priority. There
    must be room, see has_room."""
    place = ((flow.scalar[NOW] + delay) & (RING - 1)) * PRIORITIES + priority
    row = unit_of(flow, n, ROW) + PENDING
    store(flow.row, row, load(flow.row, row) | mask)
    e = _room_for(flow, n, place, priority)
    if e >= 0:
        store(flow.entry, e, load(flow.entry, e) | mask)
    else:
        set_unit(flow, n, LAST + (priority & 1), _new_entry(flow, n, mask, place))


@hot_inline
def ask(flow: Flow, n: int, what: int, want: int) -> None:
    """Schedule the ticks that the places `want` of group n ask for."""
    delay = delay_of(what)
    kind = what & KIND
    front = what & FRONT
    if kind == REPEATER:
        if front:
            push(flow, n, want, delay, EXTREMELY_HIGH)
            return
        off = want & load(flow.row, unit_of(flow, n, ROW) + OUT)
        on = want ^ off
        if some(off):
            push(flow, n, off, delay, VERY_HIGH)
        if some(on):
            push(flow, n, on, delay, HIGH)
        return
    push(flow, n, want, delay, HIGH if front and analog(kind) else NORMAL)


@hot_inline
def light(flow: Flow, n: int, what: int, mask: int) -> None:
    """Light the lamps among the places `mask` of group n that have power."""
    if what & KIND == LAMP:
        row = unit_of(flow, n, ROW) + OUT
        out = load(flow.row, row)
        on = mask & ~out & power(flow, n)
        if some(on):
            store(flow.row, row, out | on)
            count_changes(flow, on)


@hot_inline
def count_changes(flow: Flow, changed: int) -> None:
    """Count output changes."""
    add_count(flow.tally, 0, changed & load(flow.mask, USED_PLACES))


@hot_inline
def react(flow: Flow, n: int, mask: int) -> None:
    """Let the places `mask` of group n react to their inputs, as `engine.check` does."""
    what = unit_of(flow, n, WHAT)
    free = mask & ~load(flow.row, unit_of(flow, n, ROW) + PENDING)
    want = wanted(flow, n, what) & free
    if some(want):
        ask(flow, n, what, want)
    light(flow, n, what, free)


@hot_inline
def turned_off(flow: Flow, n: int, off: int) -> None:
    """Remember that torches turned off, and burn out those that did too often."""
    if flow.scalar[BURN] == 0:
        return
    burnt = log_turn_off(flow, n, off)
    if some(burnt):
        flow.scalar[BURNOUTS] += count(burnt & load(flow.mask, USED_PLACES))
        burnt &= ~load(flow.row, unit_of(flow, n, ROW) + PENDING)
        if some(burnt):
            push(flow, n, burnt, BURNT_GT, NORMAL)
