"""Execution of a bit-sliced board in the very order of the graph engine.

Each list of the queue is a shuffle of the lists that the single boards would have: ticks are only ever
appended, an entry runs all its places at once, and a change reaches the devices in the order of the
links. Seen from one place everything happens as on that board alone, races included. The price: where
boards ask for the tick of a device at different points of a game tick, the device gets several entries.
"""

from __future__ import annotations

from craftc.sim.devices import BUTTON, REPEATER, TORCH
from craftc.sim.engine import NORMAL, VERY_HIGH
from craftc.sim.kernel import hot, hot_inline
from craftc.sim.lanes_levels import Level, chosen, constant, greater
from craftc.sim.lanes_links import carried_places, relay
from craftc.sim.lanes_queue import (
    MOST_PUSHES,
    count_changes,
    give_back,
    has_room,
    push,
    react,
    turned_off,
)
from craftc.sim.lanes_torch import too_often
from craftc.sim.lanes_words import (
    ARG,
    BEGIN,
    COPY,
    COPY_ON,
    END,
    GROUP,
    INSERT_FLAG,
    KIND,
    LIST,
    LOSS,
    MAIN,
    NEXT,
    NOW,
    OP,
    OUT,
    PEAK,
    PENDING,
    PRIORITIES,
    QUEUED,
    RING,
    ROW,
    RUNS,
    RUNS_NOW,
    SIDE,
    TARGET,
    WHAT,
    Flow,
    Wiring,
    analog,
    compared,
    delay_of,
    due,
    extra_of,
    level_at,
    link_of,
    number,
    power,
    unit_of,
    wait_of,
)
from craftc.sim.wide import Planes, load, nothing, prefetch_row, some, store


@hot_inline
def fetch_group(flow: Flow, n: int) -> None:
    """Ask the processor to fetch what a group is and shows, and what its ports have."""
    row = unit_of(flow, n, ROW)
    prefetch_row(flow.row, row)
    prefetch_row(flow.row, row + OUT)
    main, side = unit_of(flow, n, MAIN), unit_of(flow, n, SIDE)
    prefetch_row(flow.row, main)
    if analog(unit_of(flow, n, WHAT) & KIND):
        for k in range(1, 4):
            prefetch_row(flow.row, row + OUT + k)
            prefetch_row(flow.row, main + k)
            prefetch_row(flow.row, side + k)
        prefetch_row(flow.row, side)


@hot_inline
def set_levels(flow: Flow, n: int, what: int, mask: int) -> tuple[int, int, Level]:
    """Give the comparators at the places `mask` their outputs; return where they fell, where they rose, and
    the old levels."""
    new = compared(flow, n, what)
    row = unit_of(flow, n, ROW) + OUT
    old = level_at(flow, row)
    d0 = (new[0] ^ old[0]) & mask
    d1 = (new[1] ^ old[1]) & mask
    d2 = (new[2] ^ old[2]) & mask
    d3 = (new[3] ^ old[3]) & mask
    changed = d0 | d1 | d2 | d3
    store(flow.row, row, old[0] ^ d0)
    store(flow.row, row + 1, old[1] ^ d1)
    store(flow.row, row + 2, old[2] ^ d2)
    store(flow.row, row + 3, old[3] ^ d3)
    count_changes(flow, changed)
    rose = greater(new, old) & changed
    return changed ^ rose, rose, old


@hot_inline
def set_flags(flow: Flow, n: int, kind: int, mask: int) -> tuple[int, int]:
    """Let the on-off nodes at the places `mask` run; return where they turned off and where on."""
    row = unit_of(flow, n, ROW) + OUT
    out = load(flow.row, row)
    changed = due(flow, n, kind, out) & mask
    if kind == TORCH:
        on = changed & ~out
        if some(on):
            changed &= ~(on & too_often(flow, n))
    store(flow.row, row, out ^ changed)
    count_changes(flow, changed)
    return changed & out, changed & ~out


@hot_inline
def after_change(flow: Flow, n: int, what: int, fell: int, rose: int, powered: int) -> None:
    """Do what an on-off node does after it changed: pulses of repeaters are extended, turn-offs of torches
    remembered. `powered` are the places whose input was on when the tick ran."""
    kind = what & KIND
    if kind == REPEATER:
        extend = rose & ~powered & ~load(flow.row, unit_of(flow, n, ROW) + PENDING)
        if some(extend):
            push(flow, n, extend, delay_of(what), VERY_HIGH)
    elif kind == TORCH and some(fell):
        turned_off(flow, n, fell)


@hot_inline
def _loss_of(wiring: Wiring, op: int, arg: int) -> int:
    if op in (COPY, COPY_ON):
        return arg
    return extra_of(wiring, arg, LOSS) if op >= INSERT_FLAG else 0


@hot_inline
def tell(wiring: Wiring, flow: Flow, n: int, what: int, changed: int, high: Level) -> None:
    """Bring all ports that group n feeds up to date and let the devices react, in the order of the links.

    A device reacts where it is given another level than before, even if its port does not change. `high` is
    the greater of old and new level of comparators.
    """
    begin = unit_of(flow, n, BEGIN)
    end = unit_of(flow, n, END)
    out = unit_of(flow, n, ROW) + OUT
    levels = analog(what & KIND)
    looks = nothing(flow.row)
    for e in range(begin, end):
        there, op, arg = (
            link_of(wiring, e, TARGET),
            link_of(wiring, e, OP),
            link_of(wiring, e, ARG),
        )
        relay(wiring, flow, out, e)
        given = changed
        if levels:
            loss = _loss_of(wiring, op, arg)
            if loss > 0:
                given &= greater(high, constant(flow.row, loss))
        looks |= given if op < INSERT_FLAG else carried_places(wiring, arg, given)
        if e + 1 < end and link_of(wiring, e + 1, TARGET) == there:
            continue
        if some(looks):
            react(flow, number(there), looks)
        looks = nothing(flow.row)


@hot_inline
def _run(wiring: Wiring, flow: Flow, n: int, mask: int) -> None:
    row = unit_of(flow, n, ROW) + PENDING
    store(flow.row, row, load(flow.row, row) & ~mask)
    what = unit_of(flow, n, WHAT)
    if analog(what & KIND):
        fell, rose, old = set_levels(flow, n, what, mask)
        if some(fell | rose):
            high = chosen(rose, level_at(flow, row + OUT), old)
            tell(wiring, flow, n, what, fell | rose, high)
        return
    powered = power(flow, n)
    fell, rose = set_flags(flow, n, what & KIND, mask)
    if some(fell | rose):
        tell(wiring, flow, n, what, fell | rose, constant(flow.row, 15))
        after_change(flow, n, what, fell, rose, powered)


@hot_inline
def _run_list(wiring: Wiring, flow: Flow, place: int) -> bool:
    """Run one list of the queue; return whether there was room for all that came of it."""
    e = number(flow.head[place])
    while e >= 0:
        n = wait_of(flow, e, GROUP)
        if not has_room(flow, MOST_PUSHES * (unit_of(flow, n, END) - unit_of(flow, n, BEGIN) + 1)):
            break
        after = wait_of(flow, e, NEXT)
        if after >= 0:
            fetch_group(flow, wait_of(flow, after, GROUP))
        _run(wiring, flow, n, load(flow.entry, e))
        give_back(flow, e)
        flow.scalar[QUEUED] -= 1
        flow.scalar[RUNS_NOW] += 1
        e = after
    flow.head[place] = e
    return e < 0


@hot_inline
def begin_tick(flow: Flow) -> int:
    """Go to the next game tick, unless in the midst of one; return the list of the queue to run next."""
    if flow.scalar[LIST] == 0:
        flow.scalar[NOW] += 1
        flow.scalar[RUNS_NOW] = 0
        return 0
    return number(flow.scalar[LIST]) - 1


@hot_inline
def end_tick(flow: Flow, priority: int) -> bool:
    """End the game tick whose lists before `priority` have run; return whether these are all."""
    if priority < PRIORITIES:
        flow.scalar[LIST] = priority + 1
        return False
    flow.scalar[LIST] = 0
    flow.scalar[RUNS] += flow.scalar[RUNS_NOW]
    flow.scalar[PEAK] = max(flow.scalar[PEAK], flow.scalar[RUNS_NOW])
    return True


@hot_inline
def _step(wiring: Wiring, flow: Flow) -> bool:
    priority = begin_tick(flow)
    base = (flow.scalar[NOW] & (RING - 1)) * PRIORITIES
    while priority < PRIORITIES and _run_list(wiring, flow, base + priority):
        priority += 1
    return end_tick(flow, priority)


@hot
def run(wiring: Wiring, flow: Flow, end: int) -> None:
    """Run in exact order until game tick `end` is over, or until there is no room for entries (FULL); idle
    time costs nothing."""
    while flow.scalar[NOW] < end or flow.scalar[LIST] > 0:
        if flow.scalar[QUEUED] == 0 and flow.scalar[LIST] == 0:
            flow.scalar[NOW] = end
            return
        if not _step(wiring, flow):
            return


@hot
def use(wiring: Wiring, flow: Flow, n: int, to: Planes) -> None:
    """Set levers at the places to[0] on and to[1] off, or press buttons at to[0]; devices react at once.

    There must be room for MOST_PUSHES entries per link and once more.
    """
    use_places(wiring, flow, n, load(to, 0), load(to, 1))


@hot_inline
def use_places(wiring: Wiring, flow: Flow, n: int, on: int, off: int) -> None:
    """Set levers at some places on and at others off, or press buttons; see `use`."""
    row = unit_of(flow, n, ROW) + OUT
    out = load(flow.row, row)
    changed = (on & ~out) | (off & out)
    if not some(changed):
        return
    store(flow.row, row, out ^ changed)
    count_changes(flow, changed)
    what = unit_of(flow, n, WHAT)
    tell(wiring, flow, n, what, changed, constant(flow.row, 15))
    if what & KIND == BUTTON:
        pressed = changed & ~out & ~load(flow.row, unit_of(flow, n, ROW) + PENDING)
        if some(pressed):
            push(flow, n, pressed, delay_of(what), NORMAL)
