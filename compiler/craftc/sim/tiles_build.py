"""Groups the nodes of a board by a tiling, and proves that the groups are the board.

Places: the tiles are numbered so that tiles which do the same at the same moment share words. With
`interleave` m, tiles whose steps are equal modulo m stand together, in blocks padded to whole words::

    m = 3    block 0: steps 0 3 6 ..., both sides     block 1: steps 1 4 7 ...     block 2: steps 2 5 8 ...

A family is all nodes of one position within the tile and one signature; its members in one word are a group.
Links of one source group to one port with equal loss and equal difference of places become one link with
the set of places it carries. So every link of the graph is in exactly one link of the groups, whatever
the tiling: `require_same` takes the groups apart again and compares them with the graph, link by link.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.errors import SimError
from craftc.sim.graph import Graph
from craftc.sim.kernel import Bytes, Longs, kernel
from craftc.sim.lanes_build import PLACES, GroupLinks, Groups
from craftc.sim.lanes_words import Planes, number, word
from craftc.sim.tiles_find import Tiling, coordinates, signature, tile_of


@dataclass(frozen=True, slots=True)
class Placing:
    """Where each node stands: group and place, (nodes,); number of groups."""

    group: Longs
    place: Longs
    groups: int


def place_nodes(graph: Graph, shape: tuple[int, ...], tiling: Tiling, interleave: int = 1) -> Placing:
    """Return group and place of every node; each place of a group holds at most one node."""
    inner, step, side = tile_of(tiling, coordinates(graph, shape))
    sides = 1 if tiling.mirror is None else 2
    rows = int(step.max(initial=0)) // interleave + 1
    block_words = -(-rows * sides // PLACES)
    in_block = side * rows + step // interleave
    word = step % interleave * block_words + in_block // PLACES
    place = in_block % PLACES
    spans = 2 * np.array(shape) + 1
    spot = (inner[0] * spans[1] + inner[1]) * spans[2] + inner[2]
    order = np.lexsort((place, word, signature(graph), spot))
    keys = (spot[order], signature(graph)[order], word[order])
    new = np.ones(graph.nodes, dtype=bool)
    new[1:] = np.any([np.diff(key.astype(np.int64)) != 0 for key in keys], axis=0)
    group = np.empty(graph.nodes, dtype=np.int64)
    group[order] = np.cumsum(new) - 1
    return _by_position(group, place, int(new.sum()))


def _by_position(group: Longs, place: Longs, groups: int) -> Placing:
    """Number the groups in the order of their first nodes, which keeps neighbours close in memory."""
    first = np.full(groups, len(group), dtype=np.int64)
    np.minimum.at(first, group, np.arange(len(group)))
    rank = np.empty(groups, dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(groups)
    return Placing(rank[group], place, groups)


def make_groups(graph: Graph, placing: Placing) -> Groups:
    """Return what the groups are."""
    kind = np.zeros(placing.groups, dtype=np.uint8)
    delay = np.zeros(placing.groups, dtype=np.uint8)
    front = np.zeros(placing.groups, dtype=bool)
    for out, given in ((kind, graph.kind), (delay, graph.delay), (front, graph.front_diode)):
        out[placing.group] = given
    rear = np.zeros((placing.groups, 6), dtype=np.uint64)
    _add_rears(graph.rear, placing.group, placing.place, rear)
    return Groups(kind, delay, front, rear)


@kernel
def _add_rears(given: npt.NDArray[np.int8], group: Longs, place: Longs, rear: Planes) -> None:
    for n in range(len(given)):
        value = given[n]
        if value < 0:
            continue
        here = np.uint64(1) << np.uint64(place[n])
        rear[group[n], 4 if value >= 16 else 5] |= here
        for bit in range(4):
            if value >> bit & 1:
                rear[group[n], bit] |= here


def _link_columns(graph: Graph, placing: Placing) -> tuple[Longs, Longs, Longs, Longs]:
    """Return (source node, group port, loss, places to rotate) per link of the graph."""
    source = np.repeat(np.arange(graph.nodes), np.diff(graph.link.start))
    there = graph.link.target >> 1
    port = 2 * placing.group[there] + (graph.link.target & 1)
    turn = (placing.place[there] - placing.place[source]) % PLACES
    return source, port, graph.loss.astype(np.int64), turn


def make_links(graph: Graph, placing: Placing) -> GroupLinks:
    """Return the links between groups, sorted by source; a device's two ports side by side."""
    source, port, loss, turn = _link_columns(graph, placing)
    group = placing.group[source]
    minor = (port << 10) | (loss << 6) | turn
    order = np.lexsort((minor, group))
    group, minor, place = group[order], minor[order], placing.place[source[order]]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(group) != 0) | (np.diff(minor) != 0)
    first = np.flatnonzero(new)
    bits = np.uint64(1) << place.astype(np.uint64)
    part = np.bitwise_or.reduceat(bits, first) if len(first) else np.zeros(0, np.uint64)
    kept = minor[first]
    return GroupLinks(
        group[first], kept >> 10, (kept >> 6 & 15).astype(np.uint8), part, (kept & 63).astype(np.int32)
    )


def require_same(graph: Graph, placing: Placing, groups: Groups, links: GroupLinks) -> None:
    """Raise SimError unless the groups, taken apart, are the graph: no place twice, equal nodes and links."""
    spot = placing.group * PLACES + placing.place
    same = len(np.unique(spot)) == graph.nodes
    for given, made in (
        (graph.kind, groups.kind),
        (graph.delay, groups.delay),
        (graph.front_diode, groups.front),
    ):
        same = same and np.array_equal(given, made[placing.group])
    same = same and np.array_equal(graph.rear, _rear_at(groups.rear, placing))
    node = np.full(placing.groups * PLACES, -1, dtype=np.int64)
    node[spot] = np.arange(graph.nodes)
    lists = _taken_apart(links.source, links.port, links.loss, links.part, links.turn, node)
    source = np.repeat(np.arange(graph.nodes), np.diff(graph.link.start))
    linked = np.sort(_key(source, graph.link.target.astype(np.int64), graph.loss))
    if not same or not np.array_equal(linked, np.sort(_key(*lists))):
        raise SimError("the groups of the tiles engine are not the graph", where="tiles")


def _key(source: Longs, port: Longs, loss: Bytes) -> npt.NDArray[np.void]:
    rows = np.empty(len(source), dtype=[("source", "i8"), ("port", "i8"), ("loss", "u1")])
    rows["source"], rows["port"], rows["loss"] = source, port, loss
    return rows


def _rear_at(rear: Planes, placing: Placing) -> npt.NDArray[np.int8]:
    bits = rear[placing.group] >> placing.place.astype(np.uint64)[:, None] & np.uint64(1)
    value = (bits[:, :4] << np.arange(4, dtype=np.uint64)).sum(axis=1).astype(np.int64)
    told = np.where(bits[:, 4] > 0, value + 16, np.where(bits[:, 5] > 0, value, -1))
    return np.asarray(told.astype(np.int8))


@kernel
def _taken_apart(
    source: Longs, port: Longs, loss: Bytes, part: Planes, turn: npt.NDArray[np.int32], node: Longs
) -> tuple[Longs, Longs, Bytes]:
    """Return the links between nodes that links between groups stand for; -1 where there is no node."""
    count = 0
    for e in range(len(source)):
        for k in range(64):
            count += number(part[e] >> word(k) & word(1))
    out_source = np.empty(count, np.int64)
    out_port = np.empty(count, np.int64)
    out_loss = np.empty(count, np.uint8)
    at = 0
    for e in range(len(source)):
        for k in range(64):
            if part[e] >> np.uint64(k) & np.uint64(1):
                there = node[(port[e] >> 1) * 64 + ((k + turn[e]) & 63)]
                out_source[at] = node[source[e] * 64 + k]
                out_port[at] = -1 if there < 0 else 2 * there + (port[e] & 1)
                out_loss[at] = loss[e]
                at += 1
    return out_source, out_port, out_loss
