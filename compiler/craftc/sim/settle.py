"""Start states: the state as saved, or a settled state derived from nothing.

Saved ("trusted"): outputs stand as the block states say; dust and inputs follow from them, for
dust takes no time. Nothing is scheduled: a device whose saved output disagrees with its inputs
keeps it until one of them changes.

Derived ("placed"): levers keep their saved state; every other device takes the value its inputs
imply, in an order in which inputs come first. Devices on feedback loops start with the inputs that
are known and unknown inputs 0; loops are opened at their first device in array order. Locked
repeaters and pressed buttons are off. Then the engine runs until nothing is scheduled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from craftc.errors import SimError
from craftc.sim.devices import BUTTON, COMPARE, CONSTANT, LEVER, REPEATER, SUBTRACT, TORCH
from craftc.sim.engine import (
    BURN,
    FLICKER,
    IDLE,
    LAST,
    LONG_AGO,
    RECORD,
    RING,
    SHUFFLE,
    TOGGLES,
    Net,
    State,
    _comparator,
    check,
)
from craftc.sim.graph import Graph
from craftc.sim.kernel import AnyArray, Bytes, Ints, Longs, kernel, signed


@kernel
def port_rows(port: Ints, nodes: int) -> tuple[Ints, int]:
    """Return (row, rows): rows of State.sources for ports with two or more sources, -1 for others."""
    sources = np.zeros(2 * nodes, np.int32)
    for e in range(len(port)):
        sources[port[e]] += 1
    row = np.full(2 * nodes, -1, np.int32)
    rows = 0
    for p in range(2 * nodes):
        if sources[p] > 1:
            row[p] = rows
            rows += 1
    return row, rows


@kernel
def shuffle_links(start: Longs, port: Ints, loss: Bytes, seed: int) -> None:
    """Put the devices that each node notifies into a random order, in place; both ports of one device
    stay together."""
    np.random.seed(seed)
    for n in range(len(start) - 1):
        begin = start[n]
        size = start[n + 1] - begin
        group = np.empty(size, np.int64)
        groups = 0
        for k in range(size):
            if k == 0 or port[begin + k] >> 1 != port[begin + k - 1] >> 1:
                groups += 1
            group[k] = groups - 1
        rank = np.random.permutation(groups)
        order = np.argsort(rank[group], kind="mergesort")
        port[begin : begin + size] = port[begin : begin + size][order]
        loss[begin : begin + size] = loss[begin : begin + size][order]


@kernel
def load_inputs(net: Net, state: State) -> None:
    """Set all ports from the outputs."""
    state.sources[:] = 0
    for n in range(len(net.kind)):
        state.seen[n, 0] = 0
        state.seen[n, 1] = 0
    for n in range(len(net.kind)):
        for e in range(net.start[n], net.stop[n]):
            port = net.port[e]
            level = max(signed(state.out[n]) - signed(net.loss[e]), 0)
            if net.row[port >> 1, port & 1] >= 0:
                state.sources[net.row[port >> 1, port & 1], level] += 1
            state.seen[port >> 1, port & 1] = max(signed(state.seen[port >> 1, port & 1]), level)


@kernel
def _rest_value(net: Net, state: State, n: int) -> int:
    kind = net.kind[n]
    powered = state.seen[n, 0] > 0
    if COMPARE <= kind <= SUBTRACT:
        return _comparator(net, state, n)
    if kind == REPEATER and state.seen[n, 1] > 0:
        return 0
    if kind == TORCH:
        return 0 if powered else 15
    return 15 if powered else 0


@kernel
def _fix(net: Net, state: State, n: int, waiting: AnyArray, ready: AnyArray, size: int) -> int:
    """Give node n its value, tell its readers, and append those that wait for nothing more."""
    if net.kind[n] != CONSTANT and net.kind[n] != LEVER:
        state.out[n] = 0 if net.kind[n] == BUTTON else _rest_value(net, state, n)
    for e in range(net.start[n], net.stop[n]):
        port = net.port[e]
        level = max(signed(state.out[n]) - signed(net.loss[e]), 0)
        state.seen[port >> 1, port & 1] = max(signed(state.seen[port >> 1, port & 1]), level)
        there = port >> 1
        waiting[there] -= 1
        if waiting[there] == 0:
            ready[size] = there
            size += 1
    return size


@kernel
def derive(net: Net, state: State) -> None:
    """Set outputs and ports to the settled values of everything that is on no loop (see module text)."""
    nodes = len(net.kind)
    for n in range(nodes):
        state.seen[n, 0] = 0
        state.seen[n, 1] = 0
    waiting = np.zeros(nodes, np.int32)
    for e in range(len(net.port)):
        waiting[net.port[e] >> 1] += 1
    ready = np.empty(nodes, np.int32)
    done = np.zeros(nodes, np.bool_)
    size = 0
    for n in range(nodes):
        if waiting[n] == 0:
            ready[size] = n
            size += 1
    head = 0
    loop = 0
    while True:
        while head < size:
            n = ready[head]
            head += 1
            if not done[n]:
                done[n] = True
                size = _fix(net, state, n, waiting, ready, size)
        while loop < nodes and done[loop]:
            loop += 1
        if loop == nodes:
            break
        done[loop] = True
        waiting[loop] = -(2**30)
        size = _fix(net, state, loop, waiting, ready, size)
    load_inputs(net, state)


@kernel
def check_all(net: Net, state: State) -> None:
    """Let every node react to its inputs."""
    for n in range(len(net.kind)):
        check(net, state, n)


def make_engine(graph: Graph, order: int = 0, flicker: bool = False) -> tuple[Net, State]:
    """Return the arrays of the engine: outputs as saved, ports not set, an empty queue at game tick 0.

    `order` and `flicker` disturb the order of events (see Board). Raises SimError above 2^31 links.
    """
    if len(graph.loss) >= 2**31:
        raise SimError(f"{len(graph.loss)} links", legal="fewer than 2^31")
    port, loss = graph.link.target, graph.loss
    if order:
        port, loss = port.copy(), loss.copy()
        shuffle_links(graph.link.start, port, loss, order)
    row, rows = port_rows(port, graph.nodes)
    is_torch = graph.kind == TORCH
    node = np.zeros(graph.nodes, dtype=RECORD)
    node["out"], node["kind"], node["delay"] = graph.value, graph.kind, graph.delay
    node["rear"], node["front_diode"], node["next"] = graph.rear, graph.front_diode, IDLE
    node["start"], node["stop"] = graph.link.start[:-1], graph.link.start[1:]
    node["row"] = row.reshape(-1, 2)
    node["torch"] = np.where(is_torch, np.cumsum(is_torch) - 1, -1)
    scalar = np.zeros(9, dtype=np.int64)
    scalar[BURN] = 1
    scalar[SHUFFLE] = order and order + (1 << 40)
    scalar[FLICKER] = order and flicker
    constant: list[Any] = [node[name] for name in Net._fields[:8]]
    changing: list[Any] = [node[name] for name in State._fields[:3]]
    queue = np.full((2, RING * 4), LAST, dtype=np.int32)
    sources = np.zeros((rows, 16), dtype=np.uint16)
    toggles = np.full((int(is_torch.sum()), TOGGLES), LONG_AGO, dtype=np.int32)
    net = Net._make([*constant, port, loss])
    state = State._make([*changing, sources, queue[0], queue[1], toggles, scalar])
    return net, state
