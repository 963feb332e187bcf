"""Makes the arrays of a bit-sliced board: wiring from links between groups, flow from a board's state."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from craftc.errors import SimError
from craftc.sim.devices import COMPARE, INPUT, KIND_NAMES, SUBTRACT, TORCH
from craftc.sim.graph import Graph
from craftc.sim.kernel import Bytes, Ints, Longs, kernel
from craftc.sim.lanes_torch import HISTORY
from craftc.sim.lanes_words import (
    ALL,
    BEGIN_AT,
    BURN,
    CALM_AT,
    COPY,
    COPY_FLAG,
    COPY_ON,
    COPY_SET,
    COUNT_AT,
    DELAY_AT,
    DOUBTS,
    FIXED,
    FREE,
    FRONT_AT,
    INSERT,
    LINE,
    MOST_LINKS,
    OP_BITS,
    PULL,
    REAR_AT,
    RING,
    ROW,
    SCALARS,
    SUSPECT,
    Flow,
    Planes,
    Wiring,
)

PLACES = 64
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups in order: arrays (groups,); `rear` (groups, 6), see rear_planes."""

    kind: Bytes
    delay: Bytes
    front: Flags
    rear: Planes


@dataclass(frozen=True, slots=True)
class GroupLinks:
    """Links between groups, sorted by source: arrays (links,). `source` and port >> 1 count groups. The
    link carries the places `part` of the source, rotated left by `turn`."""

    source: Longs
    port: Longs
    loss: Bytes
    part: Planes
    turn: Ints


@dataclass(frozen=True, slots=True)
class Plan:
    """What a flow is made of. `number` (groups,) is the first line of each group; `fixed` (groups,)."""

    wiring: Wiring
    number: Longs
    fixed: Planes
    torch: Flags
    lines: int


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
def _overlapping(port: Longs, part: Planes, turn: Ints, ports: int) -> Flags:
    """Return per port (or group) whether two links feed one place of it."""
    fed = np.zeros(ports, np.uint64)
    out = np.zeros(ports, np.bool_)
    for e in range(len(port)):
        here = part[e]
        if turn[e]:
            here = (here << np.uint64(turn[e])) | (here >> np.uint64(64 - turn[e]))
        if fed[port[e]] & here != 0:
            out[port[e]] = True
        fed[port[e]] |= here
    return out


def _operations(groups: Groups, links: GroupLinks, pulled: Flags) -> tuple[Longs, Longs]:
    """Return (operation, argument) per link; INSERT and PULL links get no argument yet."""
    level = has_levels(groups.kind)
    gives, takes = level[links.source], level[links.port >> 1]
    op = np.where(gives, np.where(takes, COPY, COPY_ON), np.where(takes, COPY_SET, COPY_FLAG))
    loss = links.loss.astype(np.int64)
    arg = np.where(op == COPY_SET, 15 - loss, np.where(op == COPY_FLAG, 0, loss))
    shared = np.bincount(links.port, minlength=2 * len(level))[links.port] > 1
    op = np.where((links.part != ALL) | (links.turn != 0) | shared, INSERT, op)
    return np.where(pulled, PULL, op), arg


def _calm(groups: Groups, links: GroupLinks) -> Flags:
    """Return the groups in which every place has at most one source, over both ports; it is another node, its
    delay is not longer, and every change of it is a change of the port or surely looked at."""
    there = links.port >> 1
    level = has_levels(groups.kind)
    calm = ~_overlapping(there, links.part, links.turn, len(groups.kind))
    late = groups.delay[links.source] > groups.delay[there]
    itself = (links.source == there) & (links.turn == 0)
    unsure = level[links.source] & ~level[there] & (links.loss > 0)
    calm[there[late | itself | unsure]] = False
    return np.asarray(calm)


def _wire(groups: Groups, links: GroupLinks, number: Longs) -> Wiring:
    overlap = _overlapping(links.port, links.part, links.turn, 2 * len(groups.kind))
    pulled = overlap[links.port]
    op, arg = _operations(groups, links, pulled)
    special = np.flatnonzero(op >= INSERT)
    arg[special] = np.arange(len(special))
    port_row = (np.cumsum(overlap) - 1)[links.port[special]]
    row_of = np.where(pulled[special], port_row, -1)
    extra = np.stack(
        [links.loss[special], links.turn[special], row_of, number[links.source[special]]], axis=1
    ).astype(np.int32)
    rows = np.flatnonzero(row_of >= 0)
    rows = rows[np.argsort(row_of[rows], kind="stable")]
    starts = np.searchsorted(row_of[rows], np.arange(int(overlap.sum()) + 1))
    port = 2 * number[links.port >> 1] + (links.port & 1)
    reads = groups.rear.any(axis=1)
    rear_row = np.full(int(number[-1]) + 2 if len(number) else 0, -1, dtype=np.int32)
    rear_row[number[reads]] = np.arange(int(reads.sum()))
    return Wiring(
        np.stack([port, op | arg << OP_BITS], axis=1).astype(np.int32), extra.reshape(-1, 4),
        links.part[special], starts.astype(np.int32), rows.astype(np.int32),
        np.ascontiguousarray(groups.rear[reads]), rear_row,
    )  # fmt: skip


def make_plan(groups: Groups, links: GroupLinks) -> Plan:
    """Return the plan. Raises SimError on nodes not known, or above 2^30 lines, 2^28 links, or MOST_LINKS
    links of one group."""
    require_known(groups.kind)
    sizes = np.where(has_levels(groups.kind), 2, 1)
    lines = int(sizes.sum())
    number = (np.cumsum(sizes) - sizes).astype(np.int64)
    bounds = np.searchsorted(links.source, np.arange(len(sizes) + 1))
    counts = np.diff(bounds)
    if lines >= 2**30 or len(links.port) >= 2**28 or int(counts.max(initial=0)) > MOST_LINKS:
        raise SimError(f"{lines} lines, {len(links.port)} links, {counts.max(initial=0)} of one group",
                       legal=f"below 2^30, 2^28, up to {MOST_LINKS}")  # fmt: skip
    fields = (
        (groups.kind, 0), (groups.delay, DELAY_AT), (groups.front, FRONT_AT), (_calm(groups, links), CALM_AT),
        (groups.rear.any(axis=1), REAR_AT), (counts, COUNT_AT), (bounds[:-1], BEGIN_AT),
    )  # fmt: skip
    fixed = np.zeros(len(sizes), dtype=np.uint64)
    for values, at in fields:
        fixed |= values.astype(np.uint64) << np.uint64(at)
    return Plan(_wire(groups, links, number), number, fixed, groups.kind == TORCH, lines)


def rear_planes(rear: npt.NDArray[np.int8]) -> Planes:
    """Return what comparators read from containers, (nodes, 6): the four words of the level, the places
    where it replaces the input, the places where it replaces inputs below 15; all places or none."""
    value = np.where(rear >= 16, rear - 16, np.maximum(rear, 0)).astype(np.int64)
    bits = [value >> bit & 1 for bit in range(4)]
    columns = np.stack([*bits, rear >= 16, (rear >= 0) & (rear < 16)], axis=1)
    return np.where(columns.astype(bool), ALL, np.uint64(0))


def empty_flow(plan: Plan) -> Flow:
    """Return the flow of a dark board at game tick 0.

    Every place may have a tick in an entry of its own, so there is room for PLACES entries per group; the
    operating system gives memory only to what is used, which is reused first.
    """
    room = plan.lines * PLACES + PLACES
    torches = int(plan.torch.sum())
    scalar = np.zeros(SCALARS, dtype=np.int64)
    scalar[FREE] = scalar[SUSPECT] = -1
    scalar[BURN] = 1
    line = np.zeros((plan.lines, LINE), dtype=np.uint64)
    line[plan.number, FIXED] = plan.fixed
    line[plan.number[plan.torch], ROW] = np.arange(torches)
    ring = RING * 4
    return Flow(
        line.reshape(-1), np.zeros((plan.lines, DOUBTS), np.uint64),
        np.full(ring, -1, np.int32), np.full(ring, -1, np.int32), np.empty((room, 2), np.uint64),
        np.zeros((torches, HISTORY, 2), np.uint64), np.array([0, ALL], np.uint64),
        np.empty((room, 3), np.uint64), np.empty(plan.lines, np.int32), scalar,
    )  # fmt: skip
