"""Makes the arrays of a bit-sliced board: wiring from links between groups, flow from a board's state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from craftc.errors import SimError
from craftc.sim.devices import COMPARE, INPUT, KIND_NAMES, SUBTRACT, TORCH
from craftc.sim.graph import Graph
from craftc.sim.kernel import Bytes, Ints, Longs, kernel
from craftc.sim.lanes_torch import HISTORY, LOG
from craftc.sim.lanes_words import (
    BEGIN,
    BURN,
    CALM,
    COPY,
    COPY_FLAG,
    COPY_ON,
    COPY_SET,
    DELAY_AT,
    END,
    FREE,
    FRONT,
    HAS_REAR,
    INSERT,
    INSERT_FLAG,
    MAIN,
    MOST_LINKS,
    NOTES,
    OUT,
    PRIORITIES,
    PULL,
    PULL_FLAG,
    QUEUED,
    REAR,
    RING,
    ROW,
    SCALARS,
    SIDE,
    SUSPECT,
    UNIT,
    USED_PLACES,
    WAIT,
    WHAT,
    ZEROS,
    Flow,
    Wiring,
)
from craftc.sim.wide import ALL, Planes, limbs, places_of, rows

REAR_ROWS = 6
ROOM = 64
"""Entries of the queue at the beginning; there come to be as many as are needed."""
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups in order: arrays (groups,); `used`: a row per group, the places that are nodes; `rear`:
    REAR_ROWS rows per group, see rear_planes."""

    kind: Bytes
    delay: Bytes
    front: Flags
    used: Planes
    rear: Planes


@dataclass(frozen=True, slots=True)
class GroupLinks:
    """Links between groups, sorted by source: arrays (links,). `source` and port >> 1 count groups. The
    link carries the places `part`, a row per link, of the source, rotated left by `turn`."""

    source: Longs
    port: Longs
    loss: Bytes
    part: Planes
    turn: Ints


@dataclass(frozen=True, slots=True)
class Plan:
    """What a flow is made of: `unit` and `row` as it has them in the dark; `torches` groups."""

    wiring: Wiring
    unit: Ints
    row: Planes
    torches: int

    @property
    def places(self) -> int:
        """Places of a word."""
        return places_of(self.row)


def has_levels(kind: Bytes) -> Flags:
    """Return which kinds have levels; the others are on or off."""
    return np.asarray((kind == COMPARE) | (kind == SUBTRACT))


def sliced(graph: Graph) -> Graph:
    """Return a graph as bit-slicing knows it: plates and targets are comparators without inputs, which keep
    the level they are given."""
    is_input = graph.kind == INPUT
    if not is_input.any() or is_input[graph.link.target >> 1].any():
        return graph
    return replace(graph, kind=np.where(is_input, SUBTRACT, graph.kind).astype(np.uint8))


def unsliced(graph: Graph) -> list[str]:
    """Return the names of the kinds of nodes that bit-slicing does not know."""
    kinds = np.unique(sliced(graph).kind).tolist()
    return sorted({KIND_NAMES[kind] for kind in kinds if kind >= len(KNOWN)})


def require_known(kind: Bytes) -> None:
    """Raise SimError if there is a kind of node that bit-slicing does not know."""
    strange = int(np.count_nonzero(kind >= len(KNOWN)))
    if strange:
        raise SimError(f"{strange} nodes of kinds that are not bit-sliced", legal=", ".join(KNOWN[2:]))


KNOWN = KIND_NAMES[:10]
"""nothing .. button: the kinds that lanes_words.py has rules for."""


@kernel
def _rotated(part: Planes, turn: Ints, out: Planes) -> None:
    """Rotate (rows, limbs) left."""
    count = part.shape[1]
    for e in range(len(part)):
        whole, bits = turn[e] >> 6, np.uint64(turn[e] & 63)
        for k in range(count):
            new = part[e, (k - whole) % count] << bits
            if bits:
                new |= part[e, (k - whole - 1) % count] >> (np.uint64(64) - bits)
            out[e, k] = new


@kernel
def _overlapping(port: Longs, there: Planes, ports: int) -> Flags:
    """Return per port (or group) whether two links feed one place of it; `there` (links, limbs)."""
    fed = np.zeros((ports, there.shape[1]), np.uint64)
    out = np.zeros(ports, np.bool_)
    for e in range(len(port)):
        for k in range(there.shape[1]):
            if fed[port[e], k] & there[e, k] != 0:
                out[port[e]] = True
            fed[port[e], k] |= there[e, k]
    return out


def _operations(groups: Groups, links: GroupLinks, pulled: Flags) -> tuple[Longs, Longs]:
    """Return (operation, argument) per link; links that insert or pull get no argument yet."""
    level = has_levels(groups.kind)
    gives, takes = level[links.source], level[links.port >> 1]
    op = np.where(gives, np.where(takes, COPY, COPY_ON), np.where(takes, COPY_SET, COPY_FLAG))
    loss = links.loss.astype(np.int64)
    arg = np.where(op == COPY_SET, 15 - loss, np.where(op == COPY_FLAG, 0, loss))
    shared = np.bincount(links.port, minlength=2 * len(level))[links.port] > 1
    some = (limbs(links.part) != limbs(groups.used)[links.source]).any(axis=1)
    op = np.where(some | (links.turn != 0) | shared, np.where(takes, INSERT, INSERT_FLAG), op)
    return np.where(pulled, np.where(takes, PULL, PULL_FLAG), op), arg


def _calm(groups: Groups, links: GroupLinks, there: Planes) -> Flags:
    """Return the groups in which every place has at most one source, over both ports; it is another node, its
    delay is not longer, and every change of it is a change of the port or surely looked at."""
    target = links.port >> 1
    level = has_levels(groups.kind)
    calm = ~_overlapping(target, there, len(groups.kind))
    late = groups.delay[links.source] > groups.delay[target]
    itself = (links.source == target) & (links.turn == 0)
    unsure = level[links.source] & ~level[target] & (links.loss > 0)
    calm[target[late | itself | unsure]] = False
    return np.asarray(calm)


def _wire(groups: Groups, links: GroupLinks, there: Planes, unit: Ints) -> Wiring:
    overlap = _overlapping(links.port, there, 2 * len(groups.kind))
    pulled = overlap[links.port]
    op, arg = _operations(groups, links, pulled)
    special = np.flatnonzero(op >= INSERT_FLAG)
    arg[special] = np.arange(len(special))
    row_of = np.where(pulled[special], (np.cumsum(overlap) - 1)[links.port[special]], -1)
    source = links.source[special]
    columns = (links.loss[special], links.turn[special], row_of, unit[source, ROW] + OUT,
               has_levels(groups.kind)[source])  # fmt: skip
    part = rows(2 * len(special), places_of(links.part))
    limbs(part)[0::2], limbs(part)[1::2] = limbs(links.part)[special], there[special]
    pulls = np.flatnonzero(row_of >= 0)
    pulls = pulls[np.argsort(row_of[pulls], kind="stable")]
    starts = np.searchsorted(row_of[pulls], np.arange(int(overlap.sum()) + 1))
    target = links.port >> 1
    port = np.where(links.port & 1, unit[target, SIDE], unit[target, MAIN])
    return Wiring(
        np.stack([target, port, op, arg], axis=1).astype(np.int32),
        np.stack(columns, axis=1).astype(np.int32), part, starts.astype(np.int32), pulls.astype(np.int32),
    )  # fmt: skip


def _rears(groups: Groups) -> Planes:
    """Return Groups.rear as (groups, REAR_ROWS, limbs)."""
    planes = limbs(groups.rear)
    return planes.reshape(len(groups.kind), REAR_ROWS, planes.shape[1])


def _units(groups: Groups, links: GroupLinks, calm: Flags) -> tuple[Ints, int]:
    """Return Flow.unit, and the number of rows."""
    count = len(groups.kind)
    wide = np.where(has_levels(groups.kind), 4, 1)
    rear = _rears(groups).any(axis=(1, 2))
    fed = np.bincount(links.port, minlength=2 * count).reshape(-1, 2) > 0
    before = 1 + wide + np.where(rear, REAR_ROWS, 0)
    sizes = before + wide * fed.sum(axis=1)
    first = ZEROS + np.cumsum(sizes) - sizes
    bounds = np.searchsorted(links.source, np.arange(count + 1))
    unit = np.zeros((count, UNIT), dtype=np.int64)
    flags = ((groups.front, FRONT), (calm, CALM), (rear, HAS_REAR))
    unit[:, WHAT] = groups.kind | groups.delay.astype(np.int64) << DELAY_AT
    for flag, bit in flags:
        unit[flag, WHAT] |= bit
    unit[:, BEGIN], unit[:, END], unit[:, ROW] = bounds[:-1], bounds[1:], first
    unit[:, MAIN] = np.where(fed[:, 0], first + before, 0)
    unit[:, SIDE] = np.where(fed[:, 1], first + before + wide * fed[:, 0], 0)
    torch = groups.kind == TORCH
    unit[torch, SIDE] = np.arange(int(torch.sum()))
    total = ZEROS + int(sizes.sum())
    if total >= 2**31 or len(links.port) >= 2**31:
        raise SimError(f"{total} rows, {len(links.port)} links", legal="below 2^31")
    return unit.astype(np.int32), total


def make_plan(groups: Groups, links: GroupLinks) -> Plan:
    """Return the plan. Raises SimError on nodes not known, or 2^31 rows or links."""
    require_known(groups.kind)
    there = np.empty_like(limbs(links.part))
    _rotated(limbs(links.part), links.turn, there)
    unit, total = _units(groups, links, _calm(groups, links, there))
    row = rows(total, places_of(links.part))
    reads = np.flatnonzero(unit[:, WHAT] & HAS_REAR)
    rear = _rears(groups)
    for k in range(REAR_ROWS):
        limbs(row)[unit[reads, ROW] + REAR + k] = rear[reads, k]
    torches = int((groups.kind == TORCH).sum())
    return Plan(_wire(groups, links, there, unit), unit, row, torches)


def rear_planes(rear: npt.NDArray[np.int8], places: int) -> Planes:
    """Return what comparators read from containers, REAR_ROWS rows per node: the four words of the level, the
    places where it replaces the input, the places where it replaces inputs below 15; all places or none."""
    value = np.where(rear >= 16, rear - 16, np.maximum(rear, 0)).astype(np.int64)
    bits = [value >> bit & 1 for bit in range(4)]
    columns = np.stack([*bits, rear >= 16, (rear >= 0) & (rear < 16)], axis=1).astype(bool)
    return everywhere(columns.reshape(-1), places)


def everywhere(bits: Flags, places: int) -> Planes:
    """Return rows of all places or none."""
    out = rows(len(bits), places)
    limbs(out)[bits] = ALL
    return out


def empty_flow(plan: Plan) -> Flow:
    """Return the flow of a dark board at game tick 0, with room for few entries of the queue."""
    count, places = len(plan.unit), plan.places
    scalar = np.zeros(SCALARS, dtype=np.int64)
    scalar[FREE] = scalar[SUSPECT] = -1
    scalar[BURN] = 1
    scalar[MOST_LINKS] = (plan.unit[:, END] - plan.unit[:, BEGIN]).max(initial=0)
    ring = RING * PRIORITIES
    mask = rows(2, places)
    limbs(mask)[USED_PLACES] = ALL
    row = rows(len(plan.row), places)
    row[:] = plan.row
    return Flow(
        row=row, unit=plan.unit.copy(), phantom=rows(count, places), until=np.full(count, -1, np.int64),
        head=np.full(ring, -1, np.int32), tail=np.full(ring, -1, np.int32),
        log=rows(plan.torches * LOG, places), when=np.zeros((plan.torches, HISTORY), np.int64),
        turns=np.zeros((plan.torches, 2), np.int64), mask=mask, tally=rows(1, places),
        touched=np.empty(count, np.int32), note=rows(count * NOTES, places), scalar=scalar,
        **_lists(ROOM, places),
    )  # fmt: skip


class _Lists(TypedDict):
    entry: Planes
    waits: Ints
    ran: Ints
    moved: Ints
    change: Planes


def _lists(room: int, places: int) -> _Lists:
    """Return the arrays of a flow that are as long as there may be entries."""
    return {
        "entry": rows(room, places),
        "waits": np.full((room, WAIT), -1, np.int32),
        "ran": np.zeros((room, 2), np.int32),
        "moved": np.zeros(room, np.int32),
        "change": rows(2 * room, places),
    }


def with_room(flow: Flow, more: int) -> Flow:
    """Return the flow with room for `more` further entries; nothing else changes, and arrays that do not grow
    are shared."""
    room = len(flow.waits)
    while room - int(flow.scalar[QUEUED]) < more:
        room *= 2
    if room == len(flow.waits):
        return flow
    lists = _lists(room, places_of(flow.row))
    lists["entry"][: len(flow.entry)] = flow.entry
    lists["waits"][: len(flow.waits)] = flow.waits
    return flow._replace(**lists)
