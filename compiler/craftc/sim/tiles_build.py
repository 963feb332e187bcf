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
from craftc.sim.kernel import Bytes, Ints, Longs, kernel
from craftc.sim.lanes_build import REAR_ROWS, GroupLinks, Groups
from craftc.sim.lanes_words import number
from craftc.sim.tiles_find import SIGNATURE_BITS, Tiling, signature
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
    folded, plane = (-1, 0) if tiling.mirror is None else tiling.mirror
    box = np.array(shape, dtype=np.int64)
    family, place = _families(graph.cell, box, tiling.axis, tiling.pitch, folded, plane, interleave, places)
    family <<= SIGNATURE_BITS
    family |= signature(graph).astype(np.int64)
    order = np.lexsort((place, family))
    group = np.empty(graph.nodes, dtype=np.int64)
    groups = _number_groups(order, family, place, places, group)
    return Placing(group, place & places - 1, groups, places)


@kernel
def _families(
    cell: Longs,
    box: Longs,
    axis: int,
    pitch: int,
    folded: int,
    plane: int,
    interleave: int,
    places: int,
) -> tuple[Longs, Longs]:
    """Return per node the position within its tile as a number, and number of word * places + place."""
    where = np.empty(3, np.int64)
    layer, row = box[1] * box[2], box[2]
    most = 0
    for n in range(len(cell)):
        where[0], where[1], where[2] = cell[n] // layer, cell[n] % layer // row, cell[n] % row
        most = max(most, where[axis] // pitch)
    sides = 1 if folded < 0 else 2
    steps = most // interleave + 1
    block_words = -(-steps * sides // places)
    family = np.empty(len(cell), np.int64)
    place = np.empty(len(cell), np.int64)
    for n in range(len(cell)):
        where[0], where[1], where[2] = cell[n] // layer, cell[n] % layer // row, cell[n] % row
        side = 0
        if folded >= 0:
            side = 1 if 2 * where[folded] > plane else 0
            where[folded] = abs(2 * where[folded] - plane)
        step = where[axis] // pitch
        where[axis] %= pitch
        family[n] = (where[0] * (2 * box[1] + 1) + where[1]) * (2 * box[2] + 1) + where[2]
        place[n] = step % interleave * block_words * places + side * steps + step // interleave
    return family, place


@kernel
def _number_groups(order: Longs, family: Longs, place: Longs, places: int, group: Longs) -> int:
    """Set the group of every node: nodes of one family in one word. Groups are numbered in the order of their
    first nodes, which keeps neighbours close in memory. Return how many there are."""
    groups = -1
    for k in range(len(order)):
        n, before = order[k], order[k - 1]
        other = k == 0 or family[n] != family[before] or place[n] // places != place[before] // places
        groups += other
        group[n] = groups
    rank = np.full(groups + 1, -1, np.int64)
    count = 0
    for n in range(len(group)):
        if rank[group[n]] < 0:
            rank[group[n]] = count
            count += 1
        group[n] = rank[group[n]]
    return count


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


@kernel
def _link_keys(
    start: Longs, target: Ints, loss: Bytes, group: Longs, place: Longs, places: int
) -> tuple[Longs, Longs]:
    """Return per link of the graph its source's group, and port << 13 | loss << 9 | places to rotate."""
    source = np.empty(len(target), np.int64)
    key = np.empty(len(target), np.int64)
    for n in range(len(group)):
        for e in range(start[n], start[n + 1]):
            there = target[e] >> 1
            turn = (place[there] - place[n]) % places
            source[e] = group[n]
            key[e] = (2 * group[there] + (target[e] & 1)) << 13 | loss[e] << 9 | turn
    return source, key


@kernel
def _numbered_links(order: Longs, source: Longs, key: Longs) -> tuple[Longs, Ints]:
    """Return one link of every kind, source group and key, in `order`, and the kind of every link."""
    kind = np.empty(len(order), np.int32)
    count = 0
    for k in range(len(order)):
        e, before = order[k], order[k - 1]
        count += k == 0 or source[e] != source[before] or key[e] != key[before]
        kind[e] = count - 1
    first = np.empty(count, np.int64)
    for e in range(len(kind)):
        first[kind[e]] = e
    return first, kind


@kernel
def _add_sources(start: Longs, place: Longs, kind: Ints, part: Planes) -> None:
    """Set the place of the source of every link in the row of its kind."""
    for n in range(len(place)):
        for e in range(start[n], start[n + 1]):
            part[kind[e], place[n] >> 6] |= word(1) << word(place[n] & 63)


def make_links(graph: Graph, placing: Placing) -> GroupLinks:
    """Return the links between groups, sorted by source; a device's two ports side by side."""
    start = graph.link.start
    source, key = _link_keys(
        start, graph.link.target, graph.loss, placing.group, placing.place, placing.places
    )
    first, kind = _numbered_links(np.lexsort((key, source)), source, key)
    part = rows(len(first), placing.places)
    _add_sources(start, placing.place, kind, limbs(part))
    kept = key[first]
    losses, turns = (kept >> 9 & 15).astype(np.uint8), (kept & 511).astype(np.int32)
    return GroupLinks(source[first], kept >> 13, losses, part, turns)


def require_same(graph: Graph, placing: Placing, groups: Groups, links: GroupLinks) -> None:
    """Raise SimError unless the groups, taken apart, are the graph: no place twice, equal nodes and links."""
    node = np.full(placing.groups * placing.places, -1, dtype=np.int32)
    same = _put_nodes(placing.group, placing.place, placing.places, node)
    for given, made in (
        (graph.kind, groups.kind),
        (graph.delay, groups.delay),
        (graph.front_diode, groups.front),
    ):
        same = same and np.array_equal(given, made[placing.group])
    same = same and _same_rears(graph.rear, placing.group, placing.place, limbs(groups.rear))
    same = same and _same_links(
        links.source, links.port, links.loss, limbs(links.part), links.turn, node,
        graph.link.start, graph.link.target, graph.loss,
    )  # fmt: skip
    if not same:
        raise SimError("the groups of the tiles engine are not the graph", where="tiles")


@kernel
def _put_nodes(group: Longs, place: Longs, places: int, node: Ints) -> bool:
    """Put the number of every node at its place, node (groups * places,); return whether each has its own."""
    for n in range(len(group)):
        spot = group[n] * places + place[n]
        if place[n] < 0 or place[n] >= places or node[spot] >= 0:
            return False
        node[spot] = n
    return True


@kernel
def _same_rears(given: npt.NDArray[np.int8], group: Longs, place: Longs, rear: Planes) -> bool:
    """Return whether the rows of the groups say of every node what it reads from a container."""
    for n in range(len(given)):
        limb, at = place[n] >> 6, word(place[n] & 63)
        value = 0
        for row in range(REAR_ROWS):
            value |= number(rear[group[n] * REAR_ROWS + row, limb] >> at & word(1)) << row
        told = (value & 15) + 16 if value & 16 else (value & 15 if value & 32 else -1)
        if told != given[n]:
            return False
    return True


@kernel
def _same_links(
    source: Longs,
    port: Longs,
    loss: Bytes,
    part: Planes,
    turn: Ints,
    node: Ints,
    start: Longs,
    target: Ints,
    lost: Bytes,
) -> bool:
    """Return whether the links between groups, taken apart, are the links of the graph, each once."""
    places = 64 * part.shape[1]
    met = np.zeros(len(target), np.uint8)
    found = 0
    for e in range(len(source)):
        for k in range(places):
            if part[e, k >> 6] >> word(k & 63) & word(1) == word(0):
                continue
            here = node[source[e] * places + k]
            there = node[(port[e] >> 1) * places + ((k + turn[e]) & (places - 1))]
            if here < 0 or there < 0:
                return False
            at = start[here]
            while at < start[here + 1] and (
                met[at] != 0 or target[at] != 2 * there + (port[e] & 1) or lost[at] != loss[e]
            ):
                at += 1
            if at == start[here + 1]:
                return False
            met[at] = 1
            found += 1
    return found == len(target)
