"""Kernels that fold dust into weighted links between nodes.

A link (source, port, loss) says: the port sees max(0, output of source - loss). Dust loses 1 per
step, so the loss is the length of the shortest dust path, found by one breadth-first search per
source; nothing is further than 14 steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from craftc.sim.grid import ROOM, grow
from craftc.sim.kernel import AnyArray, Bytes, Ints, Longs, hot, hot_inline, index, kernel, signed

MAX_LOSS = 14  # a source of 15 still gives 1


class Scratch(NamedTuple):
    """Memory of the searches: per dust, per port, per dust found."""

    seen: Ints
    place: Ints
    queue: Ints
    loss: Bytes


@hot_inline
def _flood(seeds: int, start: Longs, target: Ints, stamp: int, scratch: Scratch) -> int:
    """Extend the `seeds` first entries of scratch.queue, marked as seen, by all dust within MAX_LOSS, nearest
    first; return how many there are."""
    size = seeds
    head = 0
    while head < size:
        dust = scratch.queue[index(head)]
        loss = signed(scratch.loss[index(head)])
        head += 1
        if loss == MAX_LOSS:
            continue
        for e in range(start[index(dust)], start[index(dust + 1)]):
            there = target[index(e)]
            if scratch.seen[index(there)] != stamp:
                scratch.seen[index(there)] = stamp
                scratch.queue[index(size)] = there
                scratch.loss[index(size)] = loss + 1
                size += 1
    return size


@hot_inline
def _found(port: int, loss: int, stamp: int, scratch: Scratch, ports: Ints, cost: Bytes, size: int) -> int:
    """Append a port unless it was appended for this source before; return the new size."""
    if scratch.place[index(port)] == stamp:
        return size
    scratch.place[index(port)] = stamp
    ports[index(size)] = port
    cost[index(size)] = loss
    return size + 1


@hot
def _pair_up(ports: Ints, cost: Bytes, begin: int, end: int, stamp: int, scratch: Scratch) -> None:
    """Put the two ports of one device next to each other, the main port first, at the place of the one that
    was found first."""
    k = begin
    while k < end:
        mate = ports[k] ^ 1
        if scratch.place[mate] == stamp:
            other = k + 1
            while ports[other] != mate:
                other += 1
            port, loss = ports[other], cost[other]
            while other > k + 1:
                ports[other], cost[other] = ports[other - 1], cost[other - 1]
                other -= 1
            ports[other], cost[other] = port, loss
            k += 1
        k += 1


@hot_inline
def _alone(code: Ints, begin: int, end: int) -> bool:
    """Return whether a node feeds one port, perhaps in several ways, or nothing."""
    alone = True
    for e in range(begin, end):
        alone &= code[e] >= 0 and code[e] == code[begin]
    return alone


@kernel
def fold(
    nodes: int, dusts: int, node_start: Longs, node_code: Ints,
    wire_start: Longs, wire_target: Ints, sink_start: Longs, sink_port: Ints,
) -> tuple[Longs, Ints, Bytes]:  # fmt: skip
    """Return (start, port, loss): the links of node n are start[n]:start[n+1], least loss per port."""
    start = np.zeros(nodes + 1, np.int64)
    port = np.empty(nodes + nodes // 4 + ROOM, np.int32)
    cost = np.empty(len(port), np.uint8)
    scratch = Scratch(
        np.zeros(dusts, np.int32), np.zeros(2 * nodes, np.int32),
        np.empty(dusts, np.int32), np.empty(dusts, np.uint8),
    )  # fmt: skip
    size = 0
    for n in range(nodes):
        stamp = n + 1
        begin = size
        seeds = 0
        if size + node_start[n + 1] - node_start[n] > len(port):
            port, cost = grow(port, size), grow(cost, size)
        if _alone(node_code, node_start[n], node_start[n + 1]):  # most nodes; touches no scratch memory
            if node_start[n + 1] > node_start[n]:
                port[size], cost[size] = node_code[node_start[n]], 0
                size += 1
            start[n + 1] = size
            continue
        for e in range(node_start[n], node_start[n + 1]):
            code = node_code[e]
            if code >= 0:
                size = _found(code, 0, stamp, scratch, port, cost, size)
            elif scratch.seen[-1 - code] != stamp:
                scratch.seen[-1 - code] = stamp
                scratch.queue[seeds] = -1 - code
                scratch.loss[seeds] = 0
                seeds += 1
        reached = _flood(seeds, wire_start, wire_target, stamp, scratch) if seeds else 0
        for k in range(reached):
            dust = scratch.queue[k]
            while size + sink_start[dust + 1] - sink_start[dust] > len(port):
                port, cost = grow(port, size), grow(cost, size)
            for e in range(sink_start[dust], sink_start[dust + 1]):
                size = _found(sink_port[e], signed(scratch.loss[k]), stamp, scratch, port, cost, size)
        if size - begin > 1:
            _pair_up(port, cost, begin, size, stamp, scratch)
        start[n + 1] = size
    return start, port[:size].copy(), cost[:size].copy()


@kernel
def level_dust(seed: AnyArray, wire_start: AnyArray, wire_target: AnyArray, queue: AnyArray) -> None:
    """Raise `seed` (dusts,) in place to the settled power of every dust, strongest first.

    `queue` is scratch of (dusts,). Each dust enters once, at its final level.
    """
    count = len(seed)
    bucket = np.zeros(17, np.int64)
    for i in range(count):
        bucket[seed[i]] += 1
    order = np.empty(count, np.int32)
    first = np.zeros(17, np.int64)
    for level in range(1, 17):
        first[level] = first[level - 1] + bucket[level - 1]
    fill = first.copy()
    for i in range(count):
        order[fill[seed[i]]] = i
        fill[seed[i]] += 1
    original = seed.copy()
    size = 0
    head = 0
    for level in range(15, 0, -1):
        for k in range(first[level], first[level + 1]):
            if seed[order[k]] == level and original[order[k]] == level:
                queue[size] = order[k]
                size += 1
        stop = size  # those raised to `level` by stronger dust are already queued
        while head < stop:
            dust = queue[head]
            head += 1
            for e in range(wire_start[dust], wire_start[dust + 1]):
                there = wire_target[e]
                if seed[there] < level - 1:
                    seed[there] = level - 1
                    queue[size] = there
                    size += 1


@kernel
def transpose(start: Longs, target: AnyArray, count: int) -> tuple[Longs, Ints]:
    """Return (start, source) of the reversed links; `count` is the number of targets."""
    back = np.zeros(count + 1, np.int64)
    for e in range(len(target)):
        back[target[e] + 1] += 1
    for k in range(count):
        back[k + 1] += back[k]
    fill = back[:count].copy()
    source = np.empty(len(target), np.int32)
    for n in range(len(start) - 1):
        for e in range(start[n], start[n + 1]):
            source[fill[target[e]]] = n
            fill[target[e]] += 1
    return back, source
