"""What of a board can matter: devices that can ever be on and that somebody reads.

Levels are followed as intervals. At first every device has the level it is saved with, levers and buttons
have 0..15; then each device takes in what the intervals of its inputs allow, until nothing grows. What can
never be above 0 is off for ever and acts on nothing. Backwards from what is read (lamps, named positions)
follows what can matter; everything else is idle.

The interval of an input is (largest low, largest high) of its sources less their losses. An analysis of a
settled board: states that only another beginning could reach are not looked for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.blocks.volume import Pos, Volume
from craftc.sim.devices import COMPARE, CONSTANT, LAMP, REPEATER, SUBTRACT, TORCH
from craftc.sim.graph import Graph, find_cell
from craftc.sim.kernel import Bytes, Ints, Longs, kernel

Mask = npt.NDArray[np.bool_]
_FOLLOWED = (TORCH, REPEATER, COMPARE, SUBTRACT, CONSTANT)
"""Kinds whose levels are followed; any other may have any level and always matters."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Masks: `node` (nodes,) and `dust` (dusts,) that can matter."""

    node: Mask
    dust: Mask


@dataclass(frozen=True, slots=True)
class _Incoming:
    """Sources of port p: source[start[p]:start[p + 1]], each less its loss."""

    start: Longs
    source: Ints
    loss: Bytes


def _incoming(graph: Graph) -> _Incoming:
    order = np.argsort(graph.link.target, kind="stable")
    start = np.zeros(2 * graph.nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(graph.link.target, minlength=2 * graph.nodes), out=start[1:])
    source = np.repeat(np.arange(graph.nodes, dtype=np.int32), np.diff(graph.link.start))
    return _Incoming(start, source[order], graph.loss[order])


@kernel
def _grow(
    kind: Bytes, rear: npt.NDArray[np.int8], low: Bytes, high: Bytes, fixed: Mask,
    link_start: Longs, link_target: Ints, start: Longs, source: Ints, loss: Bytes,
) -> None:  # fmt: skip
    """Widen `low` and `high` (nodes,) in place until every device has all levels it may take."""
    nodes = len(kind)
    todo = np.arange(nodes).astype(np.int32)
    waits = np.ones(nodes, np.bool_)
    size = nodes
    lows = np.zeros(2, np.int64)
    highs = np.zeros(2, np.int64)
    while size:
        size -= 1
        n = todo[size]
        waits[n] = False
        if fixed[n]:
            continue
        for p in range(2):
            lows[p] = 0
            highs[p] = 0
            for e in range(start[2 * n + p], start[2 * n + p + 1]):
                lows[p] = max(lows[p], np.int64(low[source[e]]) - np.int64(loss[e]))
                highs[p] = max(highs[p], np.int64(high[source[e]]) - np.int64(loss[e]))
        least, most = low[n], high[n]
        if COMPARE <= kind[n] <= SUBTRACT:
            if rear[n] >= 16:
                lows[0] = highs[0] = rear[n] - 16
            elif rear[n] >= 0:
                lows[0] = lows[0] if lows[0] == 15 else min(lows[0], rear[n])
                highs[0] = highs[0] if highs[0] == 15 else rear[n]
            if kind[n] == SUBTRACT:
                least = max(0, lows[0] - highs[1])
                most = max(0, highs[0] - lows[1])
            else:
                least = lows[0] if lows[0] >= highs[1] else 0
                most = highs[0] if highs[0] >= lows[1] else 0
        elif kind[n] == TORCH:
            least = 0 if highs[0] > 0 else 15
            most = 0 if lows[0] > 0 else 15
        else:
            least = 15 if lows[0] > 0 else 0
            most = 15 if highs[0] > 0 else 0
        if least >= low[n] and most <= high[n]:
            continue
        low[n] = min(least, low[n])
        high[n] = max(most, high[n])
        for e in range(link_start[n], link_start[n + 1]):
            reader = link_target[e] >> 1
            if not waits[reader]:
                waits[reader] = True
                todo[size] = reader
                size += 1


@kernel
def _back(needed: Mask, can_act: Mask, start: Longs, source: Ints) -> None:
    """Spread `needed` (nodes,) in place to all sources that can act on what is needed."""
    todo = np.flatnonzero(needed)
    stack = np.empty(len(needed), np.int64)
    size = len(todo)
    stack[:size] = todo
    while size:
        size -= 1
        n = stack[size]
        for e in range(start[2 * n], start[2 * n + 2]):
            there = source[e]
            if can_act[there] and not needed[there]:
                needed[there] = True
                stack[size] = there
                size += 1


@kernel
def pieces(start: Longs, target: Ints) -> Ints:
    """Return per dust the number of the first dust of its connected piece, whichever way it is read."""
    parent = np.arange(len(start) - 1).astype(np.int32)
    for d in range(len(parent)):
        for e in range(start[d], start[d + 1]):
            a = d
            while parent[a] != a:
                parent[a] = parent[parent[a]]
                a = parent[a]
            b = target[e]
            while parent[b] != b:
                parent[b] = parent[parent[b]]
                b = parent[b]
            parent[max(a, b)] = min(a, b)
    for d in range(len(parent)):
        parent[d] = parent[parent[d]]
    return parent


def needed(volume: Volume, graph: Graph, out: Bytes, read: Collection[Pos]) -> Needed:
    """Return what can matter on a settled board with node outputs `out` (nodes,); `read` are positions that
    somebody reads: of a device, of dust, or of a block of which then all neighbours count as read."""
    roots, read_dust = _roots(volume, graph, read)
    fixed = ~np.isin(graph.kind, _FOLLOWED)
    low, high = out.astype(np.uint8), out.astype(np.uint8)
    low[fixed], high[fixed] = 0, 15
    come = _incoming(graph)
    still = fixed | (graph.kind == CONSTANT)
    _grow(
        graph.kind, graph.rear, low, high, still, graph.link.start, graph.link.target,
        come.start, come.source, come.loss,
    )  # fmt: skip
    can_act = high > 0
    piece = pieces(graph.wire.start, graph.wire.target)
    _feed_roots(graph, piece, read_dust, roots)
    node = roots | fixed
    _back(node, can_act, come.start, come.source)
    return Needed(node, _needed_dust(graph, piece, node, node & can_act, read_dust))


def _roots(volume: Volume, graph: Graph, read: Collection[Pos]) -> tuple[Mask, Mask]:
    """Return masks (nodes,), (dusts,) of what stands at, or around, the positions that are read."""
    node, dust = np.zeros(graph.nodes, dtype=np.bool_), np.zeros(len(graph.dust.flat), dtype=np.bool_)
    steps = ((-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1))
    for pos in sorted(read):
        if not _mark(volume, graph, pos, node, dust):
            for step in steps:
                _mark(volume, graph, (pos[0] + step[0], pos[1] + step[1], pos[2] + step[2]), node, dust)
    node |= graph.kind == LAMP
    return node, dust


def _mark(volume: Volume, graph: Graph, pos: Pos, node: Mask, dust: Mask) -> bool:
    for mask, cells in ((node, graph.cell), (dust, graph.dust.flat)):
        index = find_cell(cells, volume, pos)
        if index >= 0:
            mask[index] = True
            return True
    return False


def _feeds(graph: Graph) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (node, dust) of every dust that a node feeds."""
    node = np.repeat(np.arange(graph.nodes), np.diff(graph.feed.start))
    fed = graph.feed.target < 0
    return node[fed], -1 - graph.feed.target[fed].astype(np.int64)


def _feed_roots(graph: Graph, piece: Ints, read_dust: Mask, roots: Mask) -> None:
    """Add to `roots` the nodes that feed pieces of dust that are read."""
    live = np.zeros(len(piece), dtype=np.bool_)
    live[piece[read_dust]] = True
    node, dust = _feeds(graph)
    roots[node[live[piece[dust]]]] = True


def _needed_dust(graph: Graph, piece: Ints, node: Mask, acting: Mask, read_dust: Mask) -> Mask:
    """Return the dust of all pieces that are read, or lead from a node that acts to one that matters."""
    source, dust = _feeds(graph)
    powered, carries = np.zeros((2, len(piece)), dtype=np.bool_)
    powered[piece[dust[acting[source]]]] = True
    reader = np.repeat(np.arange(len(piece)), np.diff(graph.sink.start))
    carries[piece[reader[node[graph.sink.target >> 1]]]] = True
    carries &= powered
    carries[piece[read_dust]] = True
    found: Mask = carries[piece]
    return found
