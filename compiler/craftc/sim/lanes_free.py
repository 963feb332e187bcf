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

Then the place is put into Flow.hazard and the run stops at the end of the game tick; nothing is claimed
for it. Otherwise outputs, inputs and scheduled ticks after the list are the same for all orders, and by
induction so is everything after it, phantoms aside, which change nothing.
"""

from __future__ import annotations

from craftc.sim.devices import LAMP, REPEATER
from craftc.sim.kernel import hot, hot_inline
from craftc.sim.lanes_exact import after_change, set_flags, set_levels
from craftc.sim.lanes_links import (
    arg_of,
    ask,
    carried_places,
    give_back,
    group_of,
    light,
    next_of,
    op_of,
    port_of,
    react,
    relay,
    turn_of,
)
from craftc.sim.lanes_words import (
    BEGIN_AT,
    CALM_AT,
    COPY_ON,
    COUNT_AT,
    DELAY_AT,
    DOWN,
    DUP,
    FIXED,
    HAZARD,
    INSERT,
    LINE,
    LOCK,
    NOTED,
    NOW,
    OUT,
    PEAK,
    PENDING,
    PHANTOM,
    POWER,
    PULL,
    QUEUED,
    RAN,
    RING,
    RUNS,
    STILL,
    SUSPECT,
    UNTIL,
    UP,
    USED_PLACES,
    Flow,
    Wiring,
    analog,
    field,
    kind_of,
    number,
    wanted,
    word,
)


@hot_inline
def _fire(wiring: Wiring, flow: Flow, n: int, mask: int) -> tuple[int, int]:
    """Give group n its outputs at the places `mask`; return where they fell and where they rose."""
    at = n * LINE
    flow.line[at + PENDING] &= ~mask
    flow.line[at + RAN] |= mask
    fixed = flow.line[at + FIXED]
    if analog(kind_of(fixed)):
        fell, rose, _ = set_levels(wiring, flow, n, fixed, mask)
        return fell, rose
    unpowered = ~flow.line[at + POWER]
    changed = set_flags(flow, n, kind_of(fixed), mask)
    if changed != word(0):
        after_change(flow, n, fixed, changed, unpowered)
    rose = changed & flow.line[at + OUT]
    return changed ^ rose, rose


@hot_inline
def _mark(flow: Flow, there: int, changed: int, still: int, up: int, down: int, touched: int) -> int:
    """Note that inputs of a group changed, and that sources at `still` changed without changing an input;
    return how many groups are noted."""
    at = there * LINE + NOTED
    before = flow.line[at]
    now = changed | still
    if before == word(0):
        flow.touched[touched] = there
        touched += 1
        flow.doubt[there, DUP] = word(0)
        flow.doubt[there, STILL] = still & ~changed
        flow.doubt[there, UP] = up
        flow.doubt[there, DOWN] = down
    else:
        flow.doubt[there, DUP] |= before & now
        flow.doubt[there, STILL] = (flow.doubt[there, STILL] | (still & ~before)) & ~changed
        flow.doubt[there, UP] |= up
        flow.doubt[there, DOWN] |= down
    flow.line[at] = before | now
    return touched


@hot_inline
def _note(
    wiring: Wiring, flow: Flow, n: int, begin: int, end: int, fell: int, rose: int, touched: int
) -> int:
    """Bring the ports of one device that links begin..end-1 feed up to date and note that it has to react;
    return how many groups are noted."""
    changed = still = up = down = twice = word(0)
    there = port_of(wiring, begin) >> 1
    turn = turn_of(wiring, begin)
    mixed = False
    for e in range(begin, end):
        port, op, arg = port_of(wiring, e), op_of(wiring, e), arg_of(wiring, e)
        before = changed | still
        changed |= relay(wiring, flow, n, port, op, arg)
        more, less = rose, fell
        if op >= INSERT:
            more, less = carried_places(wiring, arg, rose), carried_places(wiring, arg, fell)
            mixed |= turn_of(wiring, e) != turn  # then different nodes of the group feed one device
        if op in (PULL, COPY_ON, INSERT):  # the source may have changed without changing the port
            still |= more | less
        if mixed:
            twice |= before & (more | less)
        if port & 1:
            more, less = less, more
        up |= more
        down |= less
    if changed | still != word(0):
        touched = _mark(flow, there, changed, still, up, down, touched)
        if twice != word(0):
            flow.doubt[there, DUP] |= twice
    return touched


@hot_inline
def _calmly(wiring: Wiring, flow: Flow, n: int, e: int, moved: int) -> int:
    """Bring the port of a calm device up to date; return the places at which it looks."""
    port, op, arg = port_of(wiring, e), op_of(wiring, e), arg_of(wiring, e)
    changed = relay(wiring, flow, n, port, op, arg)
    if op == COPY_ON:
        return moved
    if op == INSERT and not analog(kind_of(flow.line[(port >> 1) * LINE + FIXED])):
        return carried_places(wiring, arg, moved)
    return changed


@hot_inline
def _tell(wiring: Wiring, flow: Flow, n: int, fell: int, rose: int, touched: int) -> int:
    """Bring all ports that group n feeds up to date; calm devices react. Return how many others are noted."""
    fixed = flow.line[n * LINE + FIXED]
    e = field(fixed, BEGIN_AT, 0xFFFFFFFF)
    end = e + field(fixed, COUNT_AT, 0xFFFF)
    while e < end:
        port = port_of(wiring, e)
        there = port >> 1
        if flow.line[there * LINE + FIXED] & word(1 << CALM_AT) != word(0):
            changed = _calmly(wiring, flow, n, e, fell | rose)
            e += 1
            if changed != word(0):
                react(wiring, flow, there, changed)
            continue
        begin = e
        e += 1
        while e < end and port_of(wiring, e) >> 1 == there:
            e += 1
        touched = _note(wiring, flow, n, begin, e, fell, rose, touched)
    return touched


@hot_inline
def _hazard(flow: Flow, n: int, places: int) -> None:
    places &= flow.mask[USED_PLACES]
    if places != word(0):
        flow.mask[HAZARD] |= places
        if flow.scalar[SUSPECT] < 0:
            flow.scalar[SUSPECT] = n


@hot_inline
def _doubt(flow: Flow, n: int, fixed: int, content: int) -> None:
    """Several sources of an idle device changed, and in the end it is content: remember the phantom."""
    if kind_of(fixed) == REPEATER:
        dark = content & ~flow.line[n * LINE + OUT] & ~flow.line[n * LINE + LOCK]
        _hazard(flow, n, dark)
        content &= ~dark
    if content == word(0):
        return
    if flow.doubt[n, UNTIL] < word(flow.scalar[NOW] * 4):
        flow.doubt[n, PHANTOM] = word(0)
    flow.doubt[n, PHANTOM] |= content
    flow.doubt[n, UNTIL] = word((flow.scalar[NOW] + field(fixed, DELAY_AT, 255)) * 4 + 3)


@hot_inline
def _react(wiring: Wiring, flow: Flow, n: int) -> None:
    """Let a group react to changed inputs, and find what depends on the order."""
    at = n * LINE
    fixed = flow.line[at + FIXED]
    kind = kind_of(fixed)
    noted = flow.line[at + NOTED]
    flow.line[at + NOTED] = word(0)
    still = flow.doubt[n, STILL]
    several = flow.doubt[n, DUP]
    idle = ~flow.line[at + PENDING]
    contrary = wanted(wiring, flow, n, fixed)
    want = contrary & noted & ~still & idle
    if kind != REPEATER:  # changes in one direction pass through no other output than the first and last
        several &= flow.doubt[n, UP] & flow.doubt[n, DOWN]
    ran = flow.line[at + RAN] & noted
    if ran != word(0):
        matters = several | ~still if kind in (REPEATER, LAMP) else several | (contrary & ~still)
        _hazard(flow, n, ran & matters)
    if several | still != word(0):
        dark = ~flow.line[at + OUT] & flow.line[at + POWER] if kind == LAMP else word(0)  # would light
        _hazard(flow, n, still & idle & (contrary | dark))
        _doubt(flow, n, fixed, several & idle & ~contrary & ~ran)
    if flow.doubt[n, UNTIL] >= word(flow.scalar[NOW] * 4):
        alive = flow.doubt[n, PHANTOM] & noted
        if kind == REPEATER:
            _hazard(flow, n, alive & ~flow.line[at + OUT] & ~flow.line[at + LOCK])
        _hazard(flow, n, alive & want)
    if want != word(0):
        ask(flow, n, fixed, want)
    light(flow, n, fixed, noted & ~still & idle)


@hot_inline
def _run_list(wiring: Wiring, flow: Flow, place: int) -> int:
    """Run one list of the queue; return the number of entries."""
    first = flow.head[place]
    flow.head[place] = -1
    runs = moved = touched = 0
    e = first
    while e >= 0:
        n = group_of(flow.entry[e, 1])
        fell, rose = _fire(wiring, flow, n, flow.entry[e, 0])
        if fell | rose != word(0):
            flow.moved[moved, 0] = word(n)
            flow.moved[moved, 1] = fell
            flow.moved[moved, 2] = rose
            moved += 1
        e = next_of(flow.entry[e, 1])
        runs += 1
    for k in range(moved):
        touched = _tell(wiring, flow, number(flow.moved[k, 0]), flow.moved[k, 1], flow.moved[k, 2], touched)
    for k in range(touched):
        _react(wiring, flow, flow.touched[k])
    e = first
    while e >= 0:
        second = flow.entry[e, 1]
        flow.line[group_of(second) * LINE + RAN] = word(0)
        give_back(flow, e)
        e = next_of(second)
    return runs


@hot_inline
def _step(wiring: Wiring, flow: Flow) -> None:
    flow.scalar[NOW] += 1
    base = (flow.scalar[NOW] & (RING - 1)) * 4
    runs = 0
    for place in range(base, base + 4):
        if flow.head[place] >= 0:
            runs += _run_list(wiring, flow, place)
    flow.scalar[QUEUED] -= runs
    flow.scalar[RUNS] += runs
    flow.scalar[PEAK] = max(flow.scalar[PEAK], runs)


@hot
def run_free(wiring: Wiring, flow: Flow, ticks: int) -> None:
    """Run `ticks` game ticks, or until a hazard is found."""
    end = flow.scalar[NOW] + ticks
    while flow.scalar[NOW] < end and flow.mask[HAZARD] == word(0):
        if flow.scalar[QUEUED] == 0:
            flow.scalar[NOW] = end
            return
        _step(wiring, flow)
