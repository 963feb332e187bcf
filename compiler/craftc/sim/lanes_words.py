"""Bit-sliced nodes: 64 or 512 places per word, and what one group of nodes does with its inputs.

A *group* is up to 64 or 512 nodes that are alike (same kind, delay and front). Bit k of each of its words
belongs to place k: for the lanes engine board k, for the tiles engine one of many equal parts of one board. A
level 0..15 takes four words, least bit first; a device that is on or off takes one::

    level 11 at place 2, 4 at place 0:   word 0  ...0100
                                         word 1  ...0100
                                         word 2  ...0001
                                         word 3  ...0100

Arithmetic on levels is that of adders: one operation works on all places (wide.py has words and operations).

The words of a group are rows of `Flow.row`, those it needs and no others, one after another::

    on-off group   PENDING  OUT      [main]      [side]
    levels         PENDING  OUT 0-3  [rear 0-5]  [main 0-3]  [side 0-3]

A port that nothing feeds has no rows; it reads row 0 and the next, which are always 0. Numbers of a group
are in `Flow.unit`. So an event touches few lines of memory, also where a row is a whole line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np

from craftc.sim.devices import BUTTON, COMPARE, LAMP, REPEATER, SUBTRACT, TORCH
from craftc.sim.kernel import Ints, Longs, hot_inline
from craftc.sim.lanes_levels import Level, any_bit, at_places, differs, minus
from craftc.sim.wide import Planes, item, load, nothing, set_item, some

number = cast(Callable[[Any], int], np.int64)
"""In kernels: a bit of a word as a number."""

RING = 256  # game ticks; longer than the longest delay
PRIORITIES = 4  # lists of the queue per game tick
PENDING, OUT = range(2)  # rows of every group, from its first
REAR = 5  # of comparators with a container behind, see lanes_build.rear_planes
ZEROS = 4  # rows at the beginning

WHAT, BEGIN, END, ROW, MAIN, SIDE, SLOT, RAN, LAST = range(9)
"""Columns of Flow.unit: what the group is (below); first link and the one after the last; first row; first
row of the ports, or 0 (SIDE of torches: row in the log of turn-offs); in free order, in one list: place in
`touched` + 1, and entry that ran + 1, or 0; the entries made last with even and with odd priority."""
UNIT = 10
GROUP, NEXT, LIST_OF = range(3)  # columns of Flow.waits: group, next entry or -1, list of the queue or -1
WAIT = 4
KIND = 15  # of WHAT, as are the rest
FRONT, CALM, HAS_REAR, DOUBTED = (1 << bit for bit in range(4, 8))
DELAY_AT = 8

TARGET, PORT, OP, ARG = range(4)  # columns of Wiring.link
LINK = 4
COPY_FLAG, COPY, COPY_ON, COPY_SET, INSERT_FLAG, INSERT, PULL_FLAG, PULL = range(8)
LOSS, TURN, PULL_ROW, SOURCE, LEVELS = range(5)  # columns of Wiring.extra
EXTRA = 5
NOTED, STILL, DUP, UP, DOWN = range(5)  # rows of Flow.note
NOTES = 5
NOW, RUNS, QUEUED, PEAK, BURN, BURNOUTS, FREE, USED, SUSPECT = range(9)  # Flow.scalar
LIST, FULL, RUNS_NOW, FREELY, MOST_LINKS = range(9, 14)
SCALARS = 16
HAZARD, USED_PLACES = range(2)  # rows of Flow.mask


class Wiring(NamedTuple):
    """What does not change, beside the group's own numbers.

    link    (links, 4) target group; row of its port; operation; argument:
            COPY_FLAG    on or off, as it is
            COPY         level less the argument
            COPY_ON      on where the level is above the argument
            COPY_SET     the level given as argument where on
            INSERT       replaces part of the port, which has levels; row of `extra` as argument
            INSERT_FLAG  the same of a port that is on or off
            PULL         the port is worked out anew from all its sources; row of `extra` as argument
            PULL_FLAG    the same of a port that is on or off
    extra   (rows, 5) loss, places to rotate left, row of `pull`, first output row of the source, and whether
            that has levels
    part    two rows per row of `extra`: places of the source that the link carries, and where they come
    pull    (ports + 1,) first entry of each port in `pulled`, which are rows of `extra`
    """

    link: Ints
    extra: Ints
    part: Planes
    pull: Ints
    pulled: Ints


class Flow(NamedTuple):
    """What changes. "Rows" are words of places.

    row          rows of the groups
    unit         (groups, UNIT) numbers of the groups
    phantom      a row per group, and until (groups,) the game tick to which it counts, see lanes_free.py
    head, tail   (RING*4,) first and last entry of each list of the queue
    entry        a row per entry: places whose tick it is; waits (entries, WAIT) GROUP, NEXT, LIST_OF
    log          LOG rows per torch, when (torches, HISTORY), turns (torches, 2), see lanes_torch.py
    mask         HAZARD: places whose result depends on the order within a game tick; USED_PLACES: places
                 that are boards or parts, only these are counted
    tally        one row: output changes so far, by limb
    ran          (entries, 2) of one list: group, entry; moved (entries,) groups that changed, and two rows
                 for each in `change`: where it fell, where it rose
    touched      (groups,) groups whose inputs changed, and NOTES rows for each in `note`
    scalar       counters and marks NOW..FREELY; SUSPECT is the first group with a hazard, or -1; LIST the
                 list of game tick NOW to run next + 1, 0 if all have run; FULL how many more entries are
                 needed; FREELY whether no order within a list is kept; MOST_LINKS of one group
    """

    row: Planes
    unit: Ints
    phantom: Planes
    until: Longs
    head: Ints
    tail: Ints
    entry: Planes
    waits: Ints
    log: Planes
    when: Longs
    turns: Longs
    mask: Planes
    tally: Planes
    ran: Ints
    moved: Ints
    change: Planes
    touched: Ints
    note: Planes
    scalar: Longs


@hot_inline
def unit_of(flow: Flow, n: int, column: int) -> int:
    """Return a number of a group."""
    return item(flow.unit, n, UNIT, column)


@hot_inline
def set_unit(flow: Flow, n: int, column: int, value: int) -> None:
    """Set a number of a group."""
    set_item(flow.unit, n, UNIT, column, value)


@hot_inline
def wait_of(flow: Flow, e: int, column: int) -> int:
    """Return a number of an entry of the queue."""
    return item(flow.waits, e, WAIT, column)


@hot_inline
def set_wait(flow: Flow, e: int, column: int, value: int) -> None:
    """Set a number of an entry of the queue."""
    set_item(flow.waits, e, WAIT, column, value)


@hot_inline
def link_of(wiring: Wiring, e: int, column: int) -> int:
    """Return a number of a link."""
    return item(wiring.link, e, LINK, column)


@hot_inline
def extra_of(wiring: Wiring, x: int, column: int) -> int:
    """Return a number of a link that inserts or pulls."""
    return item(wiring.extra, x, EXTRA, column)


@hot_inline
def analog(kind: int) -> bool:
    """Return whether nodes of this kind have levels; the others are on or off."""
    return COMPARE <= kind <= SUBTRACT


@hot_inline
def level_at(flow: Flow, row: int) -> Level:
    """Return the level in four rows one after another."""
    return load(flow.row, row), load(flow.row, row + 1), load(flow.row, row + 2), load(flow.row, row + 3)


@hot_inline
def delay_of(what: int) -> int:
    """Return the delay in game ticks."""
    return what >> DELAY_AT & 255


@hot_inline
def _read_rear(flow: Flow, row: int, a: Level) -> Level:
    """Return the main input of comparators with the container behind them, rows `row` on, told to them."""
    below = load(flow.row, row + 5)
    full = any_bit(a) & a[0] & a[1] & a[2] & a[3] & below
    keep = ~(load(flow.row, row + 4) | below)
    value = level_at(flow, row)
    return (
        (a[0] & keep) | full | value[0],
        (a[1] & keep) | full | value[1],
        (a[2] & keep) | full | value[2],
        (a[3] & keep) | full | value[3],
    )


@hot_inline
def compared(flow: Flow, n: int, what: int) -> Level:
    """Return the outputs a group of comparators should have."""
    a = level_at(flow, unit_of(flow, n, MAIN))
    if what & HAS_REAR:
        a = _read_rear(flow, unit_of(flow, n, ROW) + REAR, a)
    side = unit_of(flow, n, SIDE)
    if side == 0:
        return a
    b = level_at(flow, side)
    if not some(any_bit(b)):
        return a
    d0, d1, d2, d3, low = minus(a, b)
    if what & KIND == SUBTRACT:
        return at_places(~low, (d0, d1, d2, d3))
    return at_places(~low, a)


@hot_inline
def power(flow: Flow, n: int) -> int:
    """Return the places at which the main input of an on-off group is on."""
    return load(flow.row, unit_of(flow, n, MAIN))


@hot_inline
def locked(flow: Flow, n: int) -> int:
    """Return the places at which repeaters are locked."""
    return load(flow.row, unit_of(flow, n, SIDE))


@hot_inline
def wanted(flow: Flow, n: int, what: int) -> int:
    """Return the places whose node contradicts its inputs and would ask for a tick (a lamp that is to
    light does not ask, it lights at once)."""
    kind = what & KIND
    row = unit_of(flow, n, ROW)
    if analog(kind):
        return differs(compared(flow, n, what), level_at(flow, row + OUT))
    out = load(flow.row, row + OUT)
    if kind == REPEATER:
        return (power(flow, n) ^ out) & ~locked(flow, n)
    if kind == TORCH:
        return ~(power(flow, n) ^ out)
    if kind == LAMP:
        return out & ~power(flow, n)
    return nothing(flow.row)


@hot_inline
def due(flow: Flow, n: int, kind: int, out: int) -> int:
    """Return the places at which an on-off node would change if its tick ran, burn-out aside."""
    if kind == REPEATER:
        return ~locked(flow, n) & ~(out & power(flow, n))
    if kind == TORCH:
        return ~(power(flow, n) ^ out)
    if kind == LAMP:
        return out & ~power(flow, n)
    if kind == BUTTON:
        return out
    return nothing(flow.row)
