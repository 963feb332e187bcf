"""Kernels that run a bit-sliced board with readings after every few game ticks, and take readings apart."""

from __future__ import annotations

from craftc.sim import lanes_exact, lanes_free
from craftc.sim.kernel import Bytes, Longs, hot, hot_inline, kernel
from craftc.sim.lanes_queue import MOST_PUSHES, has_room
from craftc.sim.lanes_words import (
    BEGIN,
    DOUBTED,
    END,
    HAZARD,
    KIND,
    LIST,
    NOW,
    OUT,
    QUEUED,
    ROW,
    RUNS,
    TARGET,
    WHAT,
    Flow,
    Wiring,
    analog,
    link_of,
    number,
    unit_of,
)
from craftc.sim.wide import Planes, load, single, some, spread, store, word

WENT, STOPPED, GROW, ACT = range(4)


@hot_inline
def _read(flow: Flow, groups: Longs, out: Planes, reading: int) -> None:
    for k in range(len(groups)):
        n = groups[k]
        bits = 4 if analog(unit_of(flow, n, WHAT) & KIND) else 1
        for bit in range(bits):
            store(
                out,
                (reading * len(groups) + k) * 4 + bit,
                load(flow.row, unit_of(flow, n, ROW) + OUT + bit),
            )


@hot_inline
def _done(flow: Flow, begin: int) -> int:
    """Return how many game ticks since `begin` are over."""
    return number(flow.scalar[NOW]) - begin - (1 if flow.scalar[LIST] > 0 else 0)


@hot
def run_exact(
    wiring: Wiring, flow: Flow, begin: int, ticks: int, every: int, groups: Longs, out: Planes
) -> bool:
    """Run in exact order until `ticks` game ticks after `begin`, and after each `every` of them put the
    output words of `groups` into `out`, 4 rows per group; return whether it came to the end. If not, it wants
    more room, and is called again."""
    while _done(flow, begin) < ticks:
        reading = _done(flow, begin) // every
        stop = min(ticks, (reading + 1) * every)
        lanes_exact.run(wiring, flow, begin + stop)
        if flow.scalar[LIST] > 0:
            return False
        if stop == (reading + 1) * every:
            _read(flow, groups, out, reading)
    return True


@hot
def run_free(
    wiring: Wiring, flow: Flow, begin: int, ticks: int, every: int, groups: Longs, out: Planes
) -> bool:
    """The same in free order, up to a hazard."""
    while _done(flow, begin) < ticks:
        reading = _done(flow, begin) // every
        stop = min(ticks, (reading + 1) * every)
        lanes_free.run_free(wiring, flow, begin + stop)
        if some(load(flow.mask, HAZARD)):
            return True
        if flow.scalar[LIST] > 0:
            return False
        if stop == (reading + 1) * every:
            _read(flow, groups, out, reading)
    return True


@hot_inline
def _in_doubt(wiring: Wiring, flow: Flow, n: int) -> bool:
    """Return whether a phantom may wait at a group that group n feeds."""
    for e in range(unit_of(flow, n, BEGIN), unit_of(flow, n, END)):
        if unit_of(flow, link_of(wiring, e, TARGET), WHAT) & DOUBTED:
            return True
    return False


@hot
def run_script(
    wiring: Wiring, flow: Flow, begin: int, span: tuple[int, int], every: int, groups: Longs, out: Planes,
    table: Longs, state: Longs,
) -> int:  # fmt: skip
    """Run from span[0] to span[1] game ticks after `begin` in free order, as run_free does with readings, and
    do the actions of a table (actions, 4) of game tick since `begin`, group, place, whether on.

    state is the next action, and the entries run at which a state at rest is worth keeping. Returns WENT at
    the end, STOPPED at a hazard, or what the caller has to do before it calls again: GROW, or ACT: do the
    next action, before which the board may be at rest or a phantom wait.
    """
    while True:
        k = state[0]
        stop = span[1] if k == len(table) else min(span[1], table[k, 0])
        while _done(flow, begin) < stop:
            reading = _done(flow, begin) // every
            lanes_free.run_free(wiring, flow, begin + min(stop, (reading + 1) * every))
            if some(load(flow.mask, HAZARD)):
                return STOPPED
            if flow.scalar[LIST] > 0:
                return GROW
            if _done(flow, begin) == (reading + 1) * every:
                _read(flow, groups, out, reading - span[0] // every)
        if k == len(table) or table[k, 0] > span[1]:
            return WENT
        n = table[k, 1]
        rests = flow.scalar[QUEUED] == 0 and flow.scalar[RUNS] >= state[1]
        if rests or _in_doubt(wiring, flow, n):
            return ACT
        if not has_room(flow, MOST_PUSHES * (unit_of(flow, n, END) - unit_of(flow, n, BEGIN) + 1)):
            return GROW
        here = single(flow.row, table[k, 2])
        on = here & spread(flow.row, table[k, 3])
        lanes_exact.use_places(wiring, flow, n, on, here ^ on)
        state[0] = k + 1


@kernel
def raise_levels(planes: Planes, digital: bool, loss: int, out: Bytes) -> None:
    """Raise out (rows, places) to the levels of one node's planes (rows, 4, limbs) less `loss`."""
    for row in range(len(planes)):
        for place in range(out.shape[1]):
            level = 0
            for bit in range(1 if digital else 4):
                level |= number(planes[row, bit, place >> 6] >> word(place & 63) & word(1)) << bit
            if digital:
                level *= 15
            out[row, place] = max(out[row, place], level - loss)
