"""Execution of a bit-sliced board without an order within a list of the queue, and its proof.

All ticks of one game tick and priority run at once: first every node takes its output from the inputs
it had, then every port that a changed node feeds gets its level, then every device with a changed input
reacts, once. So a word has one entry per game tick and priority, however its places came to ask.

That gives what any order gives, the graph engine's included, unless one of these happens at a place:

race      A node ran and one of its inputs changed in the same list, and it matters: it now contradicts
          its inputs (or it is a repeater or lamp, or several inputs changed).
flicker   Several sources of an idle device changed in the same list. In the end it is content, but in
          between it might have asked for a tick. Such a *phantom* tick does nothing when it runs
          (the device is content), except for a dark repeater, which would light for a pulse.
phantom   A device asks for a tick while a phantom of it may be waiting, which would run earlier.

Then the place is put into HAZARD and the run stops at the end of the game tick; nothing is claimed
for it. Otherwise outputs, inputs and scheduled ticks after the list are the same for all orders, and by
induction so is everything after it, phantoms aside, which change nothing.

Each of the three passes walks an array that is known when it begins, so the lines of the next groups are
fetched ahead of their turn.
"""

from __future__ import annotations

from craftc.sim.kernel import hot, hot_inline, index, prefetch
from craftc.sim.lanes_doubt import look
from craftc.sim.lanes_exact import after_change, begin_tick, end_tick, fetch_group, set_flags, set_levels
from craftc.sim.lanes_links import carried_places, relay
from craftc.sim.lanes_queue import MOST_PUSHES, give_back, has_room, react
from craftc.sim.lanes_words import (
    ARG,
    BEGIN,
    CALM,
    COPY_ON,
    DOWN,
    DUP,
    END,
    GROUP,
    HAZARD,
    INSERT_FLAG,
    KIND,
    LIST,
    MOST_LINKS,
    NEXT,
    NOTED,
    NOTES,
    NOW,
    OP,
    OUT,
    PENDING,
    PORT,
    PRIORITIES,
    QUEUED,
    RAN,
    RING,
    ROW,
    RUNS_NOW,
    SIDE,
    SLOT,
    STILL,
    TARGET,
    TURN,
    UNIT,
    UP,
    WHAT,
    Flow,
    Wiring,
    analog,
    extra_of,
    link_of,
    number,
    power,
    set_unit,
    unit_of,
    wait_of,
)
from craftc.sim.wide import load, nothing, prefetch_row, some, store

AHEAD = 4  # groups
FAR = 8


@hot_inline
def _collect(flow: Flow, place: int) -> int:
    """Put the entries of one list into `ran`; return how many there are."""
    runs = 0
    e = number(flow.head[place])
    while e >= 0:
        n = wait_of(flow, e, GROUP)
        prefetch(flow.unit, n * UNIT)
        flow.ran[index(runs), 0] = n
        flow.ran[index(runs), 1] = e
        runs += 1
        e = wait_of(flow, e, NEXT)
    return runs


@hot_inline
def _has_room(flow: Flow, runs: int) -> bool:
    """Return whether there is room for all entries that may come of those in `ran`."""
    if has_room(flow, runs * MOST_PUSHES * (flow.scalar[MOST_LINKS] + 1)):
        return True
    needed = 0
    for k in range(runs):
        n = number(flow.ran[index(k), 0])
        needed += MOST_PUSHES * (unit_of(flow, n, END) - unit_of(flow, n, BEGIN) + 1)
    return has_room(flow, needed)


@hot_inline
def _fire(flow: Flow, n: int, e: int) -> tuple[int, int]:
    """Give group n its outputs at the places of entry e; return where they fell and where they rose."""
    mask = load(flow.entry, e)
    row = unit_of(flow, n, ROW) + PENDING
    store(flow.row, row, load(flow.row, row) & ~mask)
    first = unit_of(flow, n, RAN) - 1
    if first < 0:
        set_unit(flow, n, RAN, e + 1)
    else:
        store(flow.entry, first, load(flow.entry, first) | mask)
    what = unit_of(flow, n, WHAT)
    if analog(what & KIND):
        fell, rose, _ = set_levels(flow, n, what, mask)
        return fell, rose
    fell, rose = set_flags(flow, n, what & KIND, mask)
    after_change(flow, n, what, fell, rose, power(flow, n))
    return fell, rose


@hot_inline
def _fire_all(flow: Flow, runs: int) -> int:
    """Let the entries in `ran` run; return how many groups changed."""
    moved = 0
    for k in range(runs):
        if k + AHEAD < runs:
            fetch_group(flow, number(flow.ran[index(k + AHEAD), 0]))
        n = number(flow.ran[index(k), 0])
        fell, rose = _fire(flow, n, number(flow.ran[index(k), 1]))
        if some(fell | rose):
            flow.moved[moved] = n
            store(flow.change, 2 * moved, fell)
            store(flow.change, 2 * moved + 1, rose)
            moved += 1
    return moved


@hot_inline
def _mark(flow: Flow, there: int, changed: int, still: int, up: int, down: int, touched: int) -> int:
    """Note that inputs of a group changed, and that sources at `still` changed without changing an input;
    return how many groups are noted."""
    slot = unit_of(flow, there, SLOT) - 1
    if slot < 0:
        flow.touched[touched] = there
        at = touched * NOTES
        touched += 1
        set_unit(flow, there, SLOT, touched)
        store(flow.note, at + NOTED, changed | still)
        store(flow.note, at + DUP, nothing(flow.row))
        store(flow.note, at + STILL, still & ~changed)
        store(flow.note, at + UP, up)
        store(flow.note, at + DOWN, down)
        return touched
    at = slot * NOTES
    before = load(flow.note, at + NOTED)
    now = changed | still
    store(flow.note, at + DUP, load(flow.note, at + DUP) | (before & now))
    store(flow.note, at + STILL, (load(flow.note, at + STILL) | (still & ~before)) & ~changed)
    store(flow.note, at + UP, load(flow.note, at + UP) | up)
    store(flow.note, at + DOWN, load(flow.note, at + DOWN) | down)
    store(flow.note, at + NOTED, before | now)
    return touched


@hot_inline
def _turn_of(wiring: Wiring, e: int) -> int:
    """Return by how many places link e rotates."""
    if link_of(wiring, e, OP) < INSERT_FLAG:
        return 0
    return extra_of(wiring, link_of(wiring, e, ARG), TURN)


@hot_inline
def _note(
    wiring: Wiring, flow: Flow, out: int, begin: int, end: int, fell: int, rose: int, touched: int
) -> int:
    """Bring the ports of one device that links begin..end-1 feed up to date and note that it has to react;
    return how many groups are noted."""
    changed = still = up = down = twice = nothing(flow.row)
    there = link_of(wiring, begin, TARGET)
    side = unit_of(flow, there, SIDE)
    turn = _turn_of(wiring, begin)
    mixed = False
    for e in range(begin, end):
        op, arg = link_of(wiring, e, OP), link_of(wiring, e, ARG)
        before = changed | still
        changed |= relay(wiring, flow, out, e)
        more, less = rose, fell
        if op >= INSERT_FLAG:
            more, less = carried_places(wiring, arg, rose), carried_places(wiring, arg, fell)
            mixed |= _turn_of(wiring, e) != turn  # then different nodes of the group feed one device
        if op == COPY_ON or op >= INSERT_FLAG:  # the source may have changed without changing the port
            still |= more | less
        if mixed:
            twice |= before & (more | less)
        if link_of(wiring, e, PORT) == side:
            more, less = less, more
        up |= more
        down |= less
    if some(changed | still):
        touched = _mark(flow, there, changed, still, up, down, touched)
        if some(twice):
            at = (unit_of(flow, there, SLOT) - 1) * NOTES + DUP
            store(flow.note, at, load(flow.note, at) | twice)
    return touched


@hot_inline
def _calmly(wiring: Wiring, flow: Flow, out: int, e: int, moved: int) -> int:
    """Bring the port of a calm device up to date; return the places at which it looks."""
    op = link_of(wiring, e, OP)
    changed = relay(wiring, flow, out, e)
    if op == COPY_ON:
        return moved
    if op == INSERT_FLAG:
        return carried_places(wiring, link_of(wiring, e, ARG), moved)
    return changed


@hot_inline
def _tell(wiring: Wiring, flow: Flow, n: int, fell: int, rose: int, touched: int) -> int:
    """Bring all ports that group n feeds up to date; calm devices react. Return how many others are noted."""
    e = unit_of(flow, n, BEGIN)
    end = unit_of(flow, n, END)
    out = unit_of(flow, n, ROW) + OUT
    while e < end:
        there = link_of(wiring, e, TARGET)
        if unit_of(flow, there, WHAT) & CALM:
            looks = _calmly(wiring, flow, out, e, fell | rose)
            e += 1
            if some(looks):
                react(flow, there, looks)
            continue
        begin = e
        e += 1
        while e < end and link_of(wiring, e, TARGET) == there:
            e += 1
        touched = _note(wiring, flow, out, begin, e, fell, rose, touched)
    return touched


@hot_inline
def _fetch_target(wiring: Wiring, flow: Flow, n: int) -> None:
    e = unit_of(flow, n, BEGIN)
    if e < unit_of(flow, n, END):
        prefetch_row(flow.row, link_of(wiring, e, PORT))
        row = unit_of(flow, link_of(wiring, e, TARGET), ROW)
        prefetch_row(flow.row, row)
        prefetch_row(flow.row, row + OUT)


@hot_inline
def _tell_all(wiring: Wiring, flow: Flow, moved: int) -> int:
    """Bring all ports up to date that the groups in `moved` feed; return how many devices are noted."""
    touched = 0
    for k in range(moved):
        if k + FAR < moved:
            prefetch(wiring.link, 4 * unit_of(flow, number(flow.moved[index(k + FAR)]), BEGIN))
        if k + AHEAD < moved:
            _fetch_target(wiring, flow, number(flow.moved[k + AHEAD]))
        fell, rose = load(flow.change, 2 * k), load(flow.change, 2 * k + 1)
        touched = _tell(wiring, flow, number(flow.moved[k]), fell, rose, touched)
    return touched


@hot_inline
def _run_list(wiring: Wiring, flow: Flow, place: int) -> bool:
    """Run one list of the queue; return whether there was room for all that may come of it."""
    runs = _collect(flow, place)
    if not _has_room(flow, runs):
        return False
    flow.head[place] = -1
    touched = _tell_all(wiring, flow, _fire_all(flow, runs))
    for k in range(touched):
        if k + AHEAD < touched:
            fetch_group(flow, number(flow.touched[k + AHEAD]))
        look(flow, k)
    for k in range(runs):
        set_unit(flow, number(flow.ran[index(k), 0]), RAN, 0)
        give_back(flow, number(flow.ran[index(k), 1]))
    flow.scalar[QUEUED] -= runs
    flow.scalar[RUNS_NOW] += runs
    return True


@hot_inline
def _step(wiring: Wiring, flow: Flow) -> bool:
    priority = begin_tick(flow)
    base = (flow.scalar[NOW] & (RING - 1)) * PRIORITIES
    while priority < PRIORITIES:
        if flow.head[base + priority] >= 0 and not _run_list(wiring, flow, base + priority):
            break
        priority += 1
    return end_tick(flow, priority)


@hot
def run_free(wiring: Wiring, flow: Flow, end: int) -> None:
    """Run until game tick `end` is over, until a hazard is found, or until there is no room (FULL)."""
    while (flow.scalar[NOW] < end or flow.scalar[LIST] > 0) and not some(load(flow.mask, HAZARD)):
        if flow.scalar[QUEUED] == 0 and flow.scalar[LIST] == 0:
            flow.scalar[NOW] = end
            return
        if not _step(wiring, flow):
            return
