"""Execution of a bit-sliced board in the very order of the graph engine.

Each list of the queue is a shuffle of the lists that 64 single boards would have: ticks are only ever
appended, an entry runs all its places at once, and a change reaches the devices in the order of the
links. Seen from one place everything happens as on that board alone, races included. The price: where
boards ask for the tick of a device at different points of a game tick, the device gets several entries.
"""

from __future__ import annotations

from craftc.sim.devices import BUTTON, REPEATER, TORCH
from craftc.sim.engine import NORMAL, VERY_HIGH
from craftc.sim.kernel import hot, hot_inline
from craftc.sim.lanes_links import (
    arg_of,
    carried_places,
    give_back,
    group_of,
    next_of,
    op_of,
    port_of,
    push,
    react,
    relay,
    turned_off,
)
from craftc.sim.lanes_torch import too_often
from craftc.sim.lanes_words import (
    BEGIN_AT,
    COPY,
    COPY_ON,
    COUNT_AT,
    DELAY_AT,
    EVENTS,
    FIXED,
    INSERT,
    LINE,
    LOSS,
    NOW,
    OUT,
    PEAK,
    PENDING,
    POWER,
    QUEUED,
    RING,
    RUNS,
    USED_PLACES,
    Flow,
    Level,
    Wiring,
    analog,
    chosen,
    compared,
    constant,
    count,
    due,
    field,
    greater,
    kind_of,
    level_at,
    number,
    word,
)


@hot_inline
def set_levels(wiring: Wiring, flow: Flow, n: int, fixed: int, mask: int) -> tuple[int, int, Level]:
    """Give the comparators at the places `mask` their outputs; return where they fell, where they rose, and
    the old levels."""
    new = compared(wiring, flow, n, fixed)
    at = n * LINE + OUT
    old = level_at(flow, at)
    d0 = (new[0] ^ old[0]) & mask
    d1 = (new[1] ^ old[1]) & mask
    d2 = (new[2] ^ old[2]) & mask
    d3 = (new[3] ^ old[3]) & mask
    changed = d0 | d1 | d2 | d3
    if changed != word(0):
        flow.line[at] = old[0] ^ d0
        flow.line[at + 1] = old[1] ^ d1
        flow.line[at + 2] = old[2] ^ d2
        flow.line[at + 3] = old[3] ^ d3
        flow.scalar[EVENTS] += count(changed & flow.mask[USED_PLACES])
    rose = greater(new, old) & changed
    return changed ^ rose, rose, old


@hot_inline
def set_flags(flow: Flow, n: int, kind: int, mask: int) -> int:
    """Let the on-off nodes at the places `mask` run; return the places that changed."""
    changed = due(flow, n, kind, mask)
    if kind == TORCH:
        on = changed & ~flow.line[n * LINE + OUT]
        if on != word(0):
            changed &= ~(on & too_often(flow, n))
    if changed != word(0):
        flow.line[n * LINE + OUT] ^= changed
        flow.scalar[EVENTS] += count(changed & flow.mask[USED_PLACES])
    return changed


@hot_inline
def after_change(flow: Flow, n: int, fixed: int, changed: int, unpowered: int) -> None:
    """Do what an on-off node does after it changed: pulses of repeaters are extended, turn-offs of
    torches remembered. `unpowered` are the places whose input was off when the tick ran."""
    kind = kind_of(fixed)
    out = flow.line[n * LINE + OUT]
    if kind == REPEATER:
        extend = changed & out & unpowered & ~flow.line[n * LINE + PENDING]
        if extend != word(0):
            push(flow, n, extend, field(fixed, DELAY_AT, 255), VERY_HIGH)
    elif kind == TORCH:
        off = changed & ~out
        if off != word(0):
            turned_off(flow, n, off)


@hot_inline
def _loss_of(wiring: Wiring, op: int, arg: int) -> int:
    if op in (COPY, COPY_ON):
        return arg
    return number(wiring.extra[arg, LOSS]) if op >= INSERT else 0


@hot_inline
def tell(wiring: Wiring, flow: Flow, n: int, fixed: int, changed: int, high: Level) -> None:
    """Bring all ports that group n feeds up to date and let the devices react, in the order of the links.

    A device reacts where it is given another level than before, even if its port does not change. `high` is
    the greater of old and new level of comparators.
    """
    begin = field(fixed, BEGIN_AT, 0xFFFFFFFF)
    end = begin + field(fixed, COUNT_AT, 0xFFFF)
    levels = analog(kind_of(fixed))
    looks = word(0)
    for e in range(begin, end):
        port, op, arg = port_of(wiring, e), op_of(wiring, e), arg_of(wiring, e)
        relay(wiring, flow, n, port, op, arg)
        given = changed
        if levels:
            loss = _loss_of(wiring, op, arg)
            if loss > 0:
                given &= greater(high, constant(loss))
        looks |= given if op < INSERT else carried_places(wiring, arg, given)
        if e + 1 < end and port_of(wiring, e + 1) >> 1 == port >> 1:
            continue
        if looks != word(0):
            react(wiring, flow, port >> 1, looks)
            looks = word(0)


@hot_inline
def _run(wiring: Wiring, flow: Flow, n: int, mask: int) -> None:
    flow.line[n * LINE + PENDING] &= ~mask
    fixed = flow.line[n * LINE + FIXED]
    high = constant(15)
    unpowered = word(0)
    if analog(kind_of(fixed)):
        fell, rose, old = set_levels(wiring, flow, n, fixed, mask)
        changed = fell | rose
        high = chosen(rose, level_at(flow, n * LINE + OUT), old)
    else:
        unpowered = ~flow.line[n * LINE + POWER]
        changed = set_flags(flow, n, kind_of(fixed), mask)
    if changed != word(0):
        tell(wiring, flow, n, fixed, changed, high)
        after_change(flow, n, fixed, changed, unpowered)


@hot_inline
def _step(wiring: Wiring, flow: Flow) -> None:
    flow.scalar[NOW] += 1
    base = (flow.scalar[NOW] & (RING - 1)) * 4
    runs = 0
    for place in range(base, base + 4):
        e = flow.head[place]
        flow.head[place] = -1
        while e >= 0:
            second = flow.entry[e, 1]
            _run(wiring, flow, group_of(second), flow.entry[e, 0])
            give_back(flow, e)
            e = next_of(second)
            runs += 1
    flow.scalar[QUEUED] -= runs
    flow.scalar[RUNS] += runs
    flow.scalar[PEAK] = max(flow.scalar[PEAK], runs)


@hot
def run(wiring: Wiring, flow: Flow, ticks: int) -> None:
    """Run `ticks` game ticks in exact order; idle time costs nothing."""
    end = flow.scalar[NOW] + ticks
    while flow.scalar[NOW] < end:
        if flow.scalar[QUEUED] == 0:
            flow.scalar[NOW] = end
            return
        _step(wiring, flow)


@hot
def use(wiring: Wiring, flow: Flow, n: int, on: int, off: int) -> None:
    """Set levers at the places `on` and `off`, or press buttons at `on`; devices react at once."""
    out = flow.line[n * LINE + OUT]
    changed = (on & ~out) | (off & out)
    if changed == word(0):
        return
    flow.line[n * LINE + OUT] = out ^ changed
    flow.scalar[EVENTS] += count(changed & flow.mask[USED_PLACES])
    fixed = flow.line[n * LINE + FIXED]
    tell(wiring, flow, n, fixed, changed, constant(15))
    if kind_of(fixed) == BUTTON:
        pressed = changed & ~out & ~flow.line[n * LINE + PENDING]
        if pressed != word(0):
            push(flow, n, pressed, field(fixed, DELAY_AT, 255), NORMAL)
