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

import numpy as np
import numpy.typing as npt

from craftc.sim.devices import BUTTON, COMPARE, CONSTANT, LEVER, REPEATER, SUBTRACT, TORCH
from craftc.sim.engine import (
    BURN,
    IDLE,
    LAST,
    LONG_AGO,
    RING,
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
    state.seen[:] = 0
    state.sources[:] = 0
    for n in range(len(net.kind)):
        for e in range(net.start[n], net.start[n + 1]):
            port = net.port[e]
            level = max(signed(state.out[n]) - signed(net.loss[e]), 0)
            if net.row[port] >= 0:
                state.sources[net.row[port], level] += 1
            state.seen[port] = max(signed(state.seen[port]), level)


@kernel
def _rest_value(net: Net, state: State, n: int) -> int:
    kind = net.kind[n]
    powered = state.seen[2 * n] > 0
    if COMPARE <= kind <= SUBTRACT:
        return _comparator(net, state, n)
    if kind == REPEATER and state.seen[2 * n + 1] > 0:
        return 0
    if kind == TORCH:
        return 0 if powered else 15
    return 15 if powered else 0


@kernel
def _fix(net: Net, state: State, n: int, waiting: AnyArray, ready: AnyArray, size: int) -> int:
    """Give node n its value, tell its readers, and append those that wait for nothing more."""
    if net.kind[n] != CONSTANT and net.kind[n] != LEVER:
        state.out[n] = 0 if net.kind[n] == BUTTON else _rest_value(net, state, n)
    for e in range(net.start[n], net.start[n + 1]):
        port = net.port[e]
        level = max(signed(state.out[n]) - signed(net.loss[e]), 0)
        state.seen[port] = max(signed(state.seen[port]), level)
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
    state.seen[:] = 0
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


def make_net(graph: Graph) -> tuple[Net, int]:
    """Return the constant arrays of the engine, and the number of counted ports."""
    row, rows = port_rows(graph.link.target, graph.nodes)
    torch = np.full(graph.nodes, -1, dtype=np.int32)
    is_torch = graph.kind == TORCH
    torch[is_torch] = np.arange(int(is_torch.sum()), dtype=np.int32)
    net = Net(
        graph.kind, graph.delay, graph.rear, graph.front_diode,
        graph.link.start, graph.link.target, graph.loss, row, torch,
    )  # fmt: skip
    return net, int(rows)


def make_state(net: Net, rows: int, value: npt.NDArray[np.uint8]) -> State:
    """Return a state with outputs `value` (nodes,) and an empty queue at game tick 0; ports are not set."""
    nodes = len(net.kind)
    scalar = np.zeros(8, dtype=np.int64)
    scalar[BURN] = 1
    return State(
        out=value.copy(),
        seen=np.zeros(2 * nodes, dtype=np.uint8),
        sources=np.zeros((rows, 16), dtype=np.uint16),
        next=np.full(nodes, IDLE, dtype=np.int32),
        head=np.full(RING * 4, LAST, dtype=np.int32),
        tail=np.full(RING * 4, LAST, dtype=np.int32),
        toggles=np.full((int((net.torch >= 0).sum()), TOGGLES), LONG_AGO, dtype=np.int32),
        scalar=scalar,
    )
