"""Packs a graph into the arrays of the engine, and sets all ports from the outputs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from craftc.errors import SimError
from craftc.sim import words as w
from craftc.sim.devices import COMPARE, REPEATER, SUBTRACT, TORCH
from craftc.sim.graph import Graph
from craftc.sim.history import BLOCK, LONG_AGO, TOGGLES, torch_rows
from craftc.sim.kernel import AnyArray, Bytes, Ints, Longs, hot, kernel, signed
from craftc.sim.react import (
    BURN,
    EXTREMELY_HIGH,
    FLICKER,
    HIGH,
    NORMAL,
    SCALARS,
    SHUFFLE,
    VERY_HIGH,
    Net,
    State,
    level_of,
)
from craftc.sim.ring import make_queue

MOST_NODES = 2**27  # a link holds node and port in 28 bits


@kernel
def shuffle_links(start: AnyArray, port: Ints, loss: Bytes, seed: int) -> None:
    """Put the devices that each node notifies into a random order, in place; both ports of one device
    stay together."""
    np.random.seed(seed)
    for n in range(len(start) - 1):
        begin = start[n]
        size = start[n + 1] - begin
        if size < 2:
            continue
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
def _has_pairs(start: AnyArray, port: Ints, n: int) -> bool:
    """Return whether two links of node n meet in one device."""
    found = False
    for e in range(start[n], start[n + 1] - 1):
        found |= port[e] >> 1 == port[e + 1] >> 1
    return found


@kernel
def _amount(word: Longs, source: int, port: int, loss: int) -> int:
    """Return the amount of a link (see words.py)."""
    if word[source] >> w.CODE & w.ANALOG:
        return loss
    reader = word[port >> 1]
    if reader >> w.CODE & w.ANALOG or reader >> w.WIDE >> (port & 1) & 1:
        return 15 - loss
    return 1


@kernel
def pack_links(start: AnyArray, port: Ints, loss: Bytes, word: Longs) -> AnyArray:
    """Set the link fields of all words, whose other constant fields are set; return Net.link."""
    size = 1
    for n in range(len(word)):
        if start[n + 1] - start[n] > 1:
            size += 1 + start[n + 1] - start[n]
    link = np.empty(size, np.uint32)
    link[0] = 0  # the number of links of all that have none
    size = 1
    for n in range(len(word)):
        count = start[n + 1] - start[n]
        place = 1
        if count > 1:
            link[size] = count | (w.PAIRS if _has_pairs(start, port, n) else 0)
            size += 1
            place = size
        for e in range(start[n], start[n + 1]):
            packed = signed(port[e]) << 4 | _amount(word, n, port[e], signed(loss[e]))
            if count == 1:
                word[n] |= w.SINGLE
                place = packed
            else:
                link[size] = packed
                size += 1
        word[n] |= place << w.LINK
    return link


@kernel
def mark_rows(port: Ints, rear: AnyArray, word: Longs) -> tuple[Ints, int]:
    """Mark in all words which ports have rows in State.sources; return (row, rows), see Net."""
    nodes = len(word)
    sources = np.zeros(2 * nodes, np.uint8)
    for e in range(len(port)):
        if sources[port[e]] < 255:
            sources[port[e]] += 1
    rows = 0
    for p in range(2 * nodes):
        most = 1 if word[p >> 1] >> w.CODE & w.ANALOG else 15
        if sources[p] > most or (p & 1 == 0 and rear[p >> 1] >= 0):
            word[p >> 1] |= 1 << (w.WIDE + (p & 1))
            rows += 1
    row = np.full(nodes if rows else 0, -1, np.int32)
    rows = 1
    for n in range(len(row)):
        wide = word[n] >> w.WIDE & 3
        if wide:
            row[n] = rows
            rows += (wide & 1) + (wide >> 1)
    return row, rows


@kernel
def load_inputs(net: Net, state: State, start: AnyArray, port: Ints, loss: Bytes) -> None:
    """Set all ports from the outputs; `start`, `port`, `loss` are the links of the graph."""
    nodes = len(state.word)
    state.sources[:] = 0
    for n in range(nodes):
        if state.word[n] >> w.CODE & 15 != w.TORCH:
            state.word[n] &= ~0xF0
        state.word[n] &= ~15
    for n in range(nodes):
        out = signed(state.word[n]) >> w.OUT & 15
        for e in range(start[n], start[n + 1]):
            level = max(out - signed(loss[e]), 0)
            node = port[e] >> 1
            side = port[e] & 1
            word = signed(state.word[node])
            if word >> w.WIDE >> side & 1:
                state.sources[(net.row[node] + (side & word >> w.WIDE & 1)) * 16 + level] += 1
            elif word >> w.CODE & w.ANALOG:
                state.word[node] = word + (level << w.SIDE * side)
            elif level > 0:
                state.word[node] = word + (1 << w.SIDE * side)
    for n in range(nodes):
        for side in range(2):
            if state.word[n] >> w.WIDE >> side & 1:
                row = net.row[n] + (side & signed(state.word[n]) >> w.WIDE & 1)
                mask = 0
                for level in range(1, 16):
                    mask |= signed(state.sources[row * 16 + level] > 0) << level
                state.sources[row * 16] = mask
                state.word[n] |= level_of(net, n, side, mask) << w.SIDE * side
    remember(state, np.zeros(0, np.uint8))


@kernel
def remember(state: State, powered: Bytes) -> None:
    """Let observers take what they see, and bulbs whether they are powered, as seen already; `powered`
    (nodes,), if not empty, says it of bulbs instead."""
    for n in range(len(state.word)):
        word = signed(state.word[n])
        code = word >> w.CODE & 15
        if code & ~w.ANALOG == w.OBSERVER:
            state.word[n] = word & ~(15 << w.SIDE) | (word & 15) << w.SIDE
        elif code == w.BULB:
            on = powered[n] > 0 if len(powered) else word & 15 > 0
            state.word[n] = word & ~(15 << w.SIDE) | (15 << w.SIDE if on else 0)


def make_engine(graph: Graph, out: Bytes, order: int = 0, flicker: bool = False) -> tuple[Net, State]:
    """Return the arrays of the engine: outputs `out` (nodes,), ports set, an empty queue at game tick 0.

    `order` and `flicker` disturb the order of events (see Board). Raises SimError above MOST_NODES nodes.
    """
    if graph.nodes > MOST_NODES:
        raise SimError(f"{graph.nodes} devices", legal=f"at most {MOST_NODES}")
    start, port, loss = graph.link.start, graph.link.target, graph.loss
    if order:
        port, loss = port.copy(), loss.copy()
        shuffle_links(start, port, loss, order)
    word = _words(graph, out)
    row, rows = mark_rows(port, graph.rear, word)
    link = pack_links(start, port, loss, word)
    is_torch = graph.kind == TORCH
    torches = int(np.count_nonzero(is_torch))
    scalar = np.zeros(SCALARS, dtype=np.int64)
    scalar[BURN] = 1
    scalar[SHUFFLE] = order and order + (1 << 40)
    scalar[FLICKER] = order and flicker
    torch = torch_rows(is_torch) if torches else np.empty((0, 2), np.int64)
    net = Net(link, row, torch, graph.rear, w.WANTED, w.ASKS, w.DUE)
    toggles = np.full(torches * TOGGLES, LONG_AGO, dtype=np.uint8)
    swept = np.zeros(-(-graph.nodes // BLOCK) if torches else 0, dtype=np.int64)
    sources = np.zeros(rows * 16, dtype=np.uint16)
    state = State(word, sources, toggles, swept, scalar, make_queue(graph.nodes))
    load_inputs(net, state, start, port, loss)
    return net, state


def _words(graph: Graph, out: Bytes) -> Longs:
    """Return words without links, ports and rows. Raises SimError on a delay the queue cannot hold."""
    if graph.nodes and (graph.delay.max() > w.MOST_GT or (graph.delay & 1).any()):
        raise SimError("a delay is odd or too long", legal=f"even, at most {w.MOST_GT} game ticks")
    word = np.empty(graph.nodes, dtype=np.int64)
    _fill(graph.kind, graph.front_diode, graph.delay, out, _FIELD, word)
    return word


@hot
def _fill(kind: Bytes, front_diode: AnyArray, delay: Bytes, out: Bytes, field: Longs, word: Longs) -> None:
    """Set words from what is constant per kind and diode in front, and from delays and outputs."""
    both = 1 << w.KEY | 1 << w.KEY + w.KEY_BITS
    for n in range(len(word)):
        constant = field[signed(kind[n]) * 2 + signed(front_diode[n])]
        word[n] = constant | signed(delay[n]) // 2 * 4 * both | signed(out[n]) << w.OUT


def priorities(kind: Bytes, front_diode: npt.NDArray[np.bool_]) -> tuple[Longs, Longs]:
    """Return per node the priorities of a tick scheduled while it is on, and while it is off.

    DiodeBlock.checkTickOnNeighbor, ComparatorBlock.checkTickOnNeighbor.
    """
    comparator = (kind == COMPARE) | (kind == SUBTRACT)
    other = np.where(comparator & front_diode, HIGH, NORMAL)
    repeater = kind == REPEATER
    on = np.where(repeater, np.where(front_diode, EXTREMELY_HIGH, VERY_HIGH), other)
    off = np.where(repeater, np.where(front_diode, EXTREMELY_HIGH, HIGH), other)
    return on.astype(np.int64), off.astype(np.int64)


def _field() -> Longs:
    """Return what is constant in the words of each kind, without and with a diode in front."""
    kinds = np.repeat(np.arange(len(w.CODE_OF_KIND)), 2).astype(np.uint8)
    on, off = priorities(kinds, np.arange(len(kinds)) % 2 == 1)
    return np.asarray(w.CODE_OF_KIND[kinds] << w.CODE | off << w.KEY | on << w.KEY + w.KEY_BITS)


_FIELD = _field()
