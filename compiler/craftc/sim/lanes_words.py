"""Bit-sliced nodes: 64 places per machine word, and what one group of nodes does with its inputs.

A *group* is up to 64 nodes that are alike (same kind, delay and front). Bit k of each of its words belongs
to place k: for the lanes engine board k of 64, for the tiles engine one of 64 equal parts of one board. A
level 0..15 takes four words, least bit first; a device that is on or off takes one::

    level 11 at place 2, 4 at place 0:   word 0  ...0100
                                         word 1  ...0100
                                         word 2  ...0001
                                         word 3  ...0100

Arithmetic on levels is that of adders: one machine operation works on all 64 places.

A group is one or two lines of eight words in `Flow.line`, and its number is that of its first line, so that
an event touches as little memory as possible::

    word           0        1      2      3    4        5      6     7
    on-off group   PENDING  FIXED  NOTED  RAN  OUT      POWER  LOCK  -      torches: 6 ROW, 7 RECENT
    levels         PENDING  FIXED  NOTED  RAN  OUT 0-3                      next line: MAIN 0-3, SIDE 0-3

FIXED packs what does not change: kind (4 bits), delay (8), front, calm, rear, a spare bit (1 each), number
of links (16), first link (32).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from craftc.sim.devices import BUTTON, COMPARE, LAMP, REPEATER, SUBTRACT, TORCH
from craftc.sim.kernel import Ints, Longs, hot_inline

Planes = npt.NDArray[np.uint64]
word = cast(Callable[[Any], int], np.uint64)
"""In kernels: an integer as a word. Words and signed integers must never meet in one operation."""
number = cast(Callable[[Any], int], np.int64)

LINE = 8  # words
RING = 256  # game ticks; longer than the longest delay
PENDING, FIXED, NOTED, RAN, OUT, POWER, LOCK = range(7)
ROW, RECENT = 6, 7  # torches: row in Flow.log and, above 32 bits, number of entries; see lanes_torch.py
MAIN, SIDE = 8, 12  # groups of comparators
DELAY_AT, FRONT_AT, CALM_AT, REAR_AT, COUNT_AT, BEGIN_AT = 4, 12, 13, 14, 16, 32  # places in FIXED
MOST_LINKS = 2**16 - 1

PORT, OP = range(2)  # columns of Wiring.link; OP holds the argument above OP_BITS bits
OP_BITS = 3
COPY_FLAG, COPY, COPY_ON, COPY_SET, INSERT, PULL = range(6)
LOSS, TURN, PULL_ROW, SOURCE = range(4)  # columns of Wiring.extra
DUP, STILL, UP, DOWN, PHANTOM, UNTIL = range(6)  # columns of Flow.doubt
DOUBTS = 8
NOW, EVENTS, RUNS, QUEUED, PEAK, BURN, BURNOUTS, FREE, USED, SUSPECT = range(10)  # Flow.scalar
SCALARS = 16
HAZARD, USED_PLACES = range(2)  # Flow.mask
ALL = np.uint64(2**64 - 1)


class Wiring(NamedTuple):
    """What does not change, beside the words FIXED.

    link    (links, 2) target port (2*group main, 2*group + 1 side); operation:
            COPY_FLAG  on or off, as it is
            COPY       level less the argument
            COPY_ON    on where the level is above the argument
            COPY_SET   the level given as argument where on
            INSERT     replaces part of the port; row of `extra` as argument
            PULL       the port is worked out anew from all its sources; row of `extra` as argument
    extra   (rows, 4) loss, places to rotate left, row of `pull`, source group; part (rows,) places of the
            source that the link carries
    pull    (ports + 1,) first entry of each port in `pulled`, which are rows of `extra`
    rear    (groups with a container behind a comparator, 6), see lanes_build.rear_planes; rear_row (lines,)
    """

    link: Ints
    extra: Ints
    part: Planes
    pull: Ints
    pulled: Ints
    rear: Planes
    rear_row: Ints


class Flow(NamedTuple):
    """What changes.

    line         (lines * LINE,)
    doubt        (lines, DOUBTS), see lanes_free.py
    head, tail   (RING*4,) first and last entry of each list of the queue
    entry        (entries, 2) places whose tick it is; group, and next entry + 1 above 32 bits
    log          (torches, HISTORY, 2), see lanes_torch.py
    mask         (2,) HAZARD: places whose result depends on the order within a game tick; USED_PLACES:
                 places that are boards or parts, only these are counted
    moved        (groups, 3) group that changed in one list, where it fell, where it rose
    touched      (groups,) groups whose inputs changed
    scalar       counters NOW..SUSPECT; SUSPECT is the first group with a hazard, or -1
    """

    line: Planes
    doubt: Planes
    head: Ints
    tail: Ints
    entry: Planes
    log: Planes
    mask: Planes
    moved: Planes
    touched: Ints
    scalar: Longs


Level = tuple[int, int, int, int]


@hot_inline
def count(x: int) -> int:
    """Return the number of places set."""
    x = x - ((x >> word(1)) & word(0x5555555555555555))
    x = (x & word(0x3333333333333333)) + ((x >> word(2)) & word(0x3333333333333333))
    x = (x + (x >> word(4))) & word(0x0F0F0F0F0F0F0F0F)
    return number((x * word(0x0101010101010101)) >> word(56))


@hot_inline
def field(fixed: int, at: int, mask: int) -> int:
    """Return one field of a word FIXED."""
    return number(fixed >> word(at)) & mask


@hot_inline
def kind_of(fixed: int) -> int:
    """Return the kind of a group."""
    return number(fixed & word(15))


@hot_inline
def spread_bit(value: int, bit: int) -> int:
    """Return all places set if the bit of a small integer is set."""
    return word(0) - ((word(value) >> word(bit)) & word(1))


@hot_inline
def turned(x: int, turn: int) -> int:
    """Return x rotated left by `turn` places, 0..63."""
    if turn == 0:
        return x
    return (x << word(turn)) | (x >> word(64 - turn))


@hot_inline
def minus(a: Level, b: Level) -> tuple[int, int, int, int, int]:
    """Return the bits of a - b modulo 16, and the places where b > a."""
    d0 = a[0] ^ b[0]
    low = ~a[0] & b[0]
    d1 = a[1] ^ b[1] ^ low
    low = (~a[1] & (b[1] | low)) | (b[1] & low)
    d2 = a[2] ^ b[2] ^ low
    low = (~a[2] & (b[2] | low)) | (b[2] & low)
    d3 = a[3] ^ b[3] ^ low
    low = (~a[3] & (b[3] | low)) | (b[3] & low)
    return d0, d1, d2, d3, low


@hot_inline
def greater(a: Level, b: Level) -> int:
    """Return the places where a > b."""
    low = a[0] & ~b[0]
    low = (a[1] & (~b[1] | low)) | (~b[1] & low)
    low = (a[2] & (~b[2] | low)) | (~b[2] & low)
    return (a[3] & (~b[3] | low)) | (~b[3] & low)


@hot_inline
def higher(a: Level, b: Level) -> Level:
    """Return the greater of two levels."""
    use = greater(b, a)
    return chosen(use, b, a)


@hot_inline
def chosen(use: int, a: Level, b: Level) -> Level:
    """Return level a at the places `use` and level b elsewhere."""
    keep = ~use
    return (
        (a[0] & use) | (b[0] & keep),
        (a[1] & use) | (b[1] & keep),
        (a[2] & use) | (b[2] & keep),
        (a[3] & use) | (b[3] & keep),
    )


@hot_inline
def constant(value: int) -> Level:
    """Return one level at all places."""
    return spread_bit(value, 0), spread_bit(value, 1), spread_bit(value, 2), spread_bit(value, 3)


@hot_inline
def at_places(mask: int, a: Level) -> Level:
    """Return a level at the places of a mask, 0 elsewhere."""
    return a[0] & mask, a[1] & mask, a[2] & mask, a[3] & mask


@hot_inline
def lessened(a: Level, loss: int) -> Level:
    """Return max(0, a - loss)."""
    d0, d1, d2, d3, low = minus(a, constant(loss))
    return at_places(~low, (d0, d1, d2, d3))


@hot_inline
def level_at(flow: Flow, at: int) -> Level:
    """Return the level in four words side by side."""
    return flow.line[at], flow.line[at + 1], flow.line[at + 2], flow.line[at + 3]


@hot_inline
def analog(kind: int) -> bool:
    """Return whether nodes of this kind have levels; the others are on or off."""
    return COMPARE <= kind <= SUBTRACT


@hot_inline
def _read_rear(wiring: Wiring, row: int, a: Level) -> Level:
    full = a[0] & a[1] & a[2] & a[3] & wiring.rear[row, 5]
    keep = ~(wiring.rear[row, 4] | wiring.rear[row, 5])
    return (
        (a[0] & keep) | full | wiring.rear[row, 0],
        (a[1] & keep) | full | wiring.rear[row, 1],
        (a[2] & keep) | full | wiring.rear[row, 2],
        (a[3] & keep) | full | wiring.rear[row, 3],
    )


@hot_inline
def compared(wiring: Wiring, flow: Flow, n: int, fixed: int) -> Level:
    """Return the outputs a group of comparators should have."""
    at = n * LINE
    a = level_at(flow, at + MAIN)
    if fixed & word(1 << REAR_AT) != word(0):
        a = _read_rear(wiring, wiring.rear_row[n], a)
    b = level_at(flow, at + SIDE)
    if b[0] | b[1] | b[2] | b[3] == word(0):
        return a
    d0, d1, d2, d3, low = minus(a, b)
    if kind_of(fixed) == SUBTRACT:
        return at_places(~low, (d0, d1, d2, d3))
    return at_places(~low, a)


@hot_inline
def differs(a: Level, b: Level) -> int:
    """Return the places where two levels differ."""
    return (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])


@hot_inline
def wanted(wiring: Wiring, flow: Flow, n: int, fixed: int) -> int:
    """Return the places whose node contradicts its inputs and would ask for a tick (a lamp that is to
    light does not ask, it lights at once)."""
    at = n * LINE
    kind = kind_of(fixed)
    want = word(0)
    if analog(kind):
        want = differs(compared(wiring, flow, n, fixed), level_at(flow, at + OUT))
    elif kind == REPEATER:
        want = (flow.line[at + POWER] ^ flow.line[at + OUT]) & ~flow.line[at + LOCK]
    elif kind == TORCH:
        want = ~(flow.line[at + POWER] ^ flow.line[at + OUT])
    elif kind == LAMP:
        want = flow.line[at + OUT] & ~flow.line[at + POWER]
    return want


@hot_inline
def due(flow: Flow, n: int, kind: int, mask: int) -> int:
    """Return the places of `mask` at which an on-off node changes when its tick runs, burn-out aside."""
    at = n * LINE
    out: int = flow.line[at + OUT]
    power: int = flow.line[at + POWER]
    changes = word(0)
    if kind == REPEATER:
        changes = ~flow.line[at + LOCK] & ~(out & power)
    elif kind == TORCH:
        changes = ~(power ^ out)
    elif kind == LAMP:
        changes = out & ~power
    elif kind == BUTTON:
        changes = out
    return mask & changes
