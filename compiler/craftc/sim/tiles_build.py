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
from craftc.sim.lanes_build import REAR_ROWS, GroupLinks, Groups
from craftc.sim.lanes_words import number
from craftc.sim.tiles_find import Tiling, coordinates, signature, tile_of
from craftc.sim.wide import NARROW, Planes, limbs, rows, word


@dataclass(frozen=True, slots=True)
class Placing:
    """Where each node stands: group and place, (nodes,); number of groups; places of a word."""

    group: Longs
    place: Longs
    groups: int
    places: int

    def bits(self, nodes: Longs) -> Planes:
        """Return a row per node with its place set."""
        out = rows(len(nodes), self.places)
        place = self.place[nodes]
        limbs(out)[np.arange(len(nodes)), place >> 6] = np.uint64(1) << (place & 63).astype(np.uint64)
        return out


def place_nodes(
    graph: Graph, shape: tuple[int, ...], tiling: Tiling, interleave: int = 1, places: int = NARROW
) -> Placing:
    """Return group and place of every node; each place of a group holds at most one node."""
    inner, step, side = tile_of(tiling, coordinates(graph, shape))
    sides = 1 if tiling.mirror is None else 2
    steps = int(step.max(initial=0)) // interleave + 1
    block_words = -(-steps * sides // places)
    in_block = side * steps + step // interleave
    number_of_word = step % interleave * block_words + in_block // places
    place = in_block % places
    spans = 2 * np.array(shape) + 1
    spot = (inner[0] * spans[1] + inner[1]) * spans[2] + inner[2]
    order = np.lexsort((place, number_of_word, signature(graph), spot))
    keys = (spot[order], signature(graph)[order], number_of_word[order])
    new = np.ones(graph.nodes, dtype=bool)
    new[1:] = np.any([np.diff(key.astype(np.int64)) != 0 for key in keys], axis=0)
    group = np.empty(graph.nodes, dtype=np.int64)
    group[order] = np.cumsum(new) - 1
    return _by_position(group, place, int(new.sum()), places)


def _by_position(group: Longs, place: Longs, groups: int, places: int) -> Placing:
    """Number the groups in the order of their first nodes, which keeps neighbours close in memory."""
    first = np.full(groups, len(group), dtype=np.int64)
    np.minimum.at(first, group, np.arange(len(group)))
    rank = np.empty(groups, dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(groups)
    return Placing(rank[group], place, groups, places)


def make_groups(graph: Graph, placing: Placing) -> Groups:
    """Return what the groups are."""
    kind = np.zeros(placing.groups, dtype=np.uint8)
    delay = np.zeros(placing.groups, dtype=np.uint8)
    front = np.zeros(placing.groups, dtype=bool)
    for out, given in ((kind, graph.kind), (delay, graph.delay), (front, graph.front_diode)):
        out[placing.group] = given
    used = rows(placing.groups, placing.places)
    rear = rows(REAR_ROWS * placing.groups, placing.places)
    _add_places(placing.group, placing.place, limbs(used))
    _add_rears(graph.rear, placing.group, placing.place, limbs(rear))
    return Groups(kind, delay, front, used, rear)


@kernel
def _add_places(row: Longs, place: Longs, out: Planes) -> None:
    """Set a place in a row of out (rows, limbs) per item."""
    for k in range(len(row)):
        out[row[k], place[k] >> 6] |= word(1) << word(place[k] & 63)


@kernel
def _add_rears(given: npt.NDArray[np.int8], group: Longs, place: Longs, rear: Planes) -> None:
    for n in range(len(given)):
        value = given[n]
        if value < 0:
            continue
        limb, here = place[n] >> 6, word(1) << word(place[n] & 63)
        rear[group[n] * REAR_ROWS + (4 if value >= 16 else 5), limb] |= here
        for bit in range(4):
            if value >> bit & 1:
                rear[group[n] * REAR_ROWS + bit, limb] |= here


def _link_columns(graph: Graph, placing: Placing) -> tuple[Longs, Longs, Longs, Longs]:
    """Return (source node, group port, loss, places to rotate) per link of the graph."""
    source = np.repeat(np.arange(graph.nodes), np.diff(graph.link.start))
    there = graph.link.target >> 1
    port = 2 * placing.group[there] + (graph.link.target & 1)
    turn = (placing.place[there] - placing.place[source]) % placing.places
    return source, port, graph.loss.astype(np.int64), turn


def make_links(graph: Graph, placing: Placing) -> GroupLinks:
    """Return the links between groups, sorted by source; a device's two ports side by side."""
    source, port, loss, turn = _link_columns(graph, placing)
    group = placing.group[source]
    minor = (port << 13) | (loss << 9) | turn
    order = np.lexsort((minor, group))
    group, minor, place = group[order], minor[order], placing.place[source[order]]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(group) != 0) | (np.diff(minor) != 0)
    first = np.flatnonzero(new)
    part = rows(len(first), placing.places)
    _add_places(np.cumsum(new) - 1, place, limbs(part))
    kept = minor[first]
    losses, turns = (kept >> 9 & 15).astype(np.uint8), (kept & 511).astype(np.int32)
    return GroupLinks(group[first], kept >> 13, losses, part, turns)


def require_same(graph: Graph, placing: Placing, groups: Groups, links: GroupLinks) -> None:
    """Raise SimError unless the groups, taken apart, are the graph: no place twice, equal nodes and links."""
    places = placing.places
    spot = placing.group * places + placing.place
    same = len(np.unique(spot)) == graph.nodes
    for given, made in (
        (graph.kind, groups.kind),
        (graph.delay, groups.delay),
        (graph.front_diode, groups.front),
    ):
        same = same and np.array_equal(given, made[placing.group])
    same = same and np.array_equal(graph.rear, _rear_at(groups.rear, placing))
    node = np.full(placing.groups * places, -1, dtype=np.int64)
    node[spot] = np.arange(graph.nodes)
    apart = _taken_apart(
        links.source, links.port, links.loss, limbs(links.part), links.turn, node
    )  # fmt: skip
    source = np.repeat(np.arange(graph.nodes), np.diff(graph.link.start))
    same = same and len(apart[1]) == len(source) and int(apart[1].min(initial=0)) >= 0
    linked = np.sort(_key(source, graph.link.target.astype(np.int64), graph.loss, graph.nodes))
    if not same or not np.array_equal(linked, np.sort(_key(*apart, graph.nodes))):
        raise SimError("the groups of the tiles engine are not the graph", where="tiles")


def _key(source: Longs, port: Longs, loss: Bytes, nodes: int) -> Longs:
    """Return a number per link that no other link has; nodes are below 2^29."""
    return (source * 2 * nodes + port) * 16 + loss


def _rear_at(rear: Planes, placing: Placing) -> npt.NDArray[np.int8]:
    planes = limbs(rear).reshape(placing.groups, REAR_ROWS, placing.places // NARROW)
    words = planes[placing.group, :, placing.place >> 6]
    bits = words >> (placing.place & 63).astype(np.uint64)[:, None] & np.uint64(1)
    value = (bits[:, :4] << np.arange(4, dtype=np.uint64)).sum(axis=1).astype(np.int64)
    told = np.where(bits[:, 4] > 0, value + 16, np.where(bits[:, 5] > 0, value, -1))
    return np.asarray(told.astype(np.int8))


@kernel
def _taken_apart(
    source: Longs, port: Longs, loss: Bytes, part: Planes, turn: npt.NDArray[np.int32], node: Longs
) -> tuple[Longs, Longs, Bytes]:
    """Return the links between nodes that links between groups stand for, part (links, limbs); -1 where there
    is no node."""
    places = 64 * part.shape[1]
    count = 0
    for e in range(len(source)):
        for k in range(places):
            count += number(part[e, k >> 6] >> word(k & 63) & word(1))
    out_source = np.empty(count, np.int64)
    out_port = np.empty(count, np.int64)
    out_loss = np.empty(count, np.uint8)
    at = 0
    for e in range(len(source)):
        for k in range(places):
            if part[e, k >> 6] >> word(k & 63) & word(1):
                there = node[(port[e] >> 1) * places + ((k + turn[e]) & (places - 1))]
                out_source[at] = node[source[e] * places + k]
                out_port[at] = -1 if there < 0 else 2 * there + (port[e] & 1)
                out_loss[at] = loss[e]
                at += 1
    return out_source, out_port, out_loss
