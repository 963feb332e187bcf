"""Kernels that fold dust into weighted links between nodes.

A link (source, port, loss) says: the port sees max(0, output of source - loss). Dust loses 1 per
step, so the loss is the length of the shortest dust path, found by one breadth-first search per
source; nothing is further than 14 steps.
"""

from __future__ import annotations

import numpy as np

from craftc.sim.kernel import AnyArray, Bytes, Ints, Longs, kernel
from craftc.sim.links import grow

MAX_LOSS = 14  # a source of 15 still gives 1


@kernel
def _flood(
    seeds: AnyArray,
    seed_count: int,
    start: Longs,
    target: AnyArray,
    stamp: int,
    seen: AnyArray,
    queue: AnyArray,
    loss: Bytes,
) -> int:
    """Fill queue and loss with all dust within MAX_LOSS of the seeds, nearest first; return how many."""
    size = 0
    for k in range(seed_count):
        dust = seeds[k]
        if seen[dust] != stamp:
            seen[dust] = stamp
            queue[size] = dust
            loss[size] = 0
            size += 1
    head = 0
    while head < size:
        dust = queue[head]
        if loss[head] < MAX_LOSS:
            for e in range(start[dust], start[dust + 1]):
                there = target[e]
                if seen[there] != stamp:
                    seen[there] = stamp
                    queue[size] = there
                    loss[size] = loss[head] + 1
                    size += 1
        head += 1
    return size


@kernel
def _collect(
    queue: AnyArray,
    loss: Bytes,
    count: int,
    sink_start: AnyArray,
    sink_port: AnyArray,
    stamp: int,
    place: AnyArray,
    found: AnyArray,
    found_loss: AnyArray,
    size: int,
) -> tuple[AnyArray, AnyArray, int]:
    """Append ports read by the flooded dust, each once with its least loss; return arrays and size."""
    for k in range(count):
        dust = queue[k]
        for e in range(sink_start[dust], sink_start[dust + 1]):
            port = sink_port[e]
            if place[port] != stamp:
                place[port] = stamp
                if size == len(found):
                    found = grow(found, size)
                    found_loss = grow(found_loss, size)
                found[size] = port
                found_loss[size] = loss[k]
                size += 1
    return found, found_loss, size


@kernel
def _pair_up(
    found: AnyArray, found_loss: AnyArray, size: int, stamp: int, place: AnyArray, position: AnyArray
) -> tuple[AnyArray, AnyArray]:
    """Put the two ports of one device next to each other, the first one found deciding the place."""
    for k in range(size):
        position[found[k]] = k
    ports = np.empty(size, np.int32)
    losses = np.empty(size, np.uint8)
    filled = 0
    for k in range(size):
        port = found[k]
        if place[port] != stamp:
            continue
        for turn in range(2):
            mine = port ^ turn
            if place[mine] == stamp:
                ports[filled] = mine
                losses[filled] = found_loss[position[mine]]
                place[mine] = 0
                filled += 1
    return ports, losses


@kernel
def fold(
    nodes: int,
    dusts: int,
    node_start: AnyArray,
    node_code: AnyArray,
    wire_start: AnyArray,
    wire_target: AnyArray,
    sink_start: AnyArray,
    sink_port: AnyArray,
) -> tuple[Longs, Ints, Bytes]:
    """Return (start, port, loss): the links of node n are start[n]:start[n+1], least loss per port."""
    start = np.zeros(nodes + 1, np.int64)
    port = np.empty(2 * nodes + 16, np.int32)
    cost = np.empty(2 * nodes + 16, np.uint8)
    seen = np.zeros(dusts, np.int32)
    queue = np.empty(dusts, np.int32)
    loss = np.empty(dusts, np.uint8)
    place = np.zeros(2 * nodes, np.int32)
    position = np.zeros(2 * nodes, np.int32)
    found = np.empty(64, np.int32)
    found_loss = np.empty(64, np.uint8)
    seeds = np.empty(64, np.int32)
    size = 0
    for n in range(nodes):
        stamp = n + 1
        count = 0
        direct = 0
        for e in range(node_start[n], node_start[n + 1]):
            code = node_code[e]
            if code < 0:
                if count == len(seeds):
                    seeds = grow(seeds, count)
                seeds[count] = -1 - code
                count += 1
            elif place[code] != stamp:
                place[code] = stamp
                if direct == len(found):
                    found = grow(found, direct)
                    found_loss = grow(found_loss, direct)
                found[direct] = code
                found_loss[direct] = 0
                direct += 1
        reached = _flood(seeds, count, wire_start, wire_target, stamp, seen, queue, loss)
        found, found_loss, total = _collect(
            queue, loss, reached, sink_start, sink_port, stamp, place, found, found_loss, direct
        )
        ports, losses = _pair_up(found, found_loss, total, stamp, place, position)
        while size + total > len(port):
            port = grow(port, size)
            cost = grow(cost, size)
        port[size : size + total] = ports
        cost[size : size + total] = losses
        size += total
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
