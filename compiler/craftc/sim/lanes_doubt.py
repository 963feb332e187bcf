"""How a device of a bit-sliced board reacts in free order, and what of it depends on the order."""

from __future__ import annotations

from craftc.sim.devices import LAMP, REPEATER
from craftc.sim.kernel import hot_inline, rarely
from craftc.sim.lanes_queue import ask, light
from craftc.sim.lanes_words import (
    DOUBTED,
    DOWN,
    DUP,
    HAZARD,
    KIND,
    NOTED,
    NOTES,
    NOW,
    OUT,
    PENDING,
    RAN,
    ROW,
    SLOT,
    STILL,
    SUSPECT,
    UP,
    USED_PLACES,
    WHAT,
    Flow,
    delay_of,
    locked,
    number,
    power,
    set_unit,
    unit_of,
    wanted,
)
from craftc.sim.wide import load, nothing, some, store


@hot_inline
def _hazard(flow: Flow, n: int, places: int) -> None:
    places &= load(flow.mask, USED_PLACES)
    if rarely(some(places)):
        store(flow.mask, HAZARD, load(flow.mask, HAZARD) | places)
        if flow.scalar[SUSPECT] < 0:
            flow.scalar[SUSPECT] = n


@hot_inline
def _out(flow: Flow, n: int) -> int:
    return load(flow.row, unit_of(flow, n, ROW) + OUT)


@hot_inline
def _remember(flow: Flow, n: int, what: int, content: int) -> None:
    """Several sources of an idle device changed, and in the end it is content: remember the phantom."""
    if what & KIND == REPEATER:
        dark = content & ~_out(flow, n) & ~locked(flow, n)
        _hazard(flow, n, dark)
        content &= ~dark
    if not some(content):
        return
    old = nothing(flow.row)
    if flow.until[n] >= flow.scalar[NOW]:
        old = load(flow.phantom, n)
    store(flow.phantom, n, old | content)
    flow.until[n] = flow.scalar[NOW] + delay_of(what)
    set_unit(flow, n, WHAT, what | DOUBTED)


@hot_inline
def _doubt(flow: Flow, n: int, what: int, at: int, contrary: int, idle: int) -> None:
    """Find hazards where several sources of a device changed, or some without changing an input; `at` is its
    first row in `note`."""
    kind = what & KIND
    several, still = load(flow.note, at + DUP), load(flow.note, at + STILL)
    if kind != REPEATER:  # changes in one direction pass through no other output than the first and last
        several &= load(flow.note, at + UP) & load(flow.note, at + DOWN)
    if not some(several | still):
        return
    risky = contrary
    if kind == LAMP:  # would light
        risky |= ~_out(flow, n) & power(flow, n)
    _hazard(flow, n, still & idle & risky)
    ran = _ran(flow, n) & load(flow.note, at + NOTED)
    _remember(flow, n, what, several & idle & ~contrary & ~ran)


@hot_inline
def _ran(flow: Flow, n: int) -> int:
    first = unit_of(flow, n, RAN) - 1
    return load(flow.entry, first) if first >= 0 else nothing(flow.row)


@hot_inline
def _race(flow: Flow, n: int, what: int, at: int, contrary: int) -> None:
    """Find hazards where a device ran in the list in which its inputs changed."""
    kind = what & KIND
    several, still = load(flow.note, at + DUP), load(flow.note, at + STILL)
    matters = contrary & ~still
    if kind in (REPEATER, LAMP):
        matters = ~still
    if kind != REPEATER:
        several &= load(flow.note, at + UP) & load(flow.note, at + DOWN)
    _hazard(flow, n, _ran(flow, n) & load(flow.note, at + NOTED) & (several | matters))


@hot_inline
def _phantom(flow: Flow, n: int, what: int, noted: int, want: int) -> None:
    """Find hazards where a phantom of a device may be waiting."""
    if flow.until[n] < flow.scalar[NOW]:
        set_unit(flow, n, WHAT, what & ~DOUBTED)
        return
    alive = load(flow.phantom, n) & noted
    if what & KIND == REPEATER:
        _hazard(flow, n, alive & ~_out(flow, n) & ~locked(flow, n))
    _hazard(flow, n, alive & want)


@hot_inline
def look(flow: Flow, k: int) -> None:
    """Let the device in place k of `touched` react to changed inputs, and find what depends on the order."""
    n = number(flow.touched[k])
    set_unit(flow, n, SLOT, 0)
    at = k * NOTES
    what = unit_of(flow, n, WHAT)
    noted, still = load(flow.note, at + NOTED), load(flow.note, at + STILL)
    idle = ~load(flow.row, unit_of(flow, n, ROW) + PENDING)
    contrary = wanted(flow, n, what)
    want = contrary & noted & ~still & idle
    if unit_of(flow, n, RAN) > 0:
        _race(flow, n, what, at, contrary)
    if some(load(flow.note, at + DUP) | still):
        _doubt(flow, n, what, at, contrary, idle)
        what = unit_of(flow, n, WHAT)
    if what & DOUBTED:
        _phantom(flow, n, what, noted, want)
    if some(want):
        ask(flow, n, what, want)
    light(flow, n, what, noted & ~still & idle)
