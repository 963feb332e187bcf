"""The event-driven engine: scheduled game ticks of the nodes, in Numba.

Rules (Java 1.20.4): DiodeBlock.tick and checkTickOnNeighbor, ComparatorBlock.refreshOutputState,
RedstoneTorchBlock.tick, RedstoneLampBlock, ButtonBlock, LevelTicks. Within one game tick due nodes
run by (priority, order of scheduling); a node reads its inputs when it runs; a node has at most one
tick scheduled. Changes reach all inputs at once (dust takes no time), and a device looks at its inputs
after all of them have the new value.

Simplified: a change of output notifies exactly the devices whose input level changed, with the final
levels. In the game dust falls in steps, so that a device may see a lower level for a moment and get a
tick scheduled that is not needed; such a tick shows only where an input changes in the very game tick
in which it runs (lamps, and comparators against the rule that no input changes while they fire).
State.scalar[FLICKER] adds such ticks at random. The game also notifies neighbours whose input stays
the same; that matters only for torches that burnt out while their input was already off. The order in
which one change notifies several devices is nearest dust first; the game's depends on hash values of
positions.

Queue: ring of 256 game ticks x 4 priorities of first-in-first-out lists threaded through `next`.
Inputs: one byte per port; ports with several sources count their sources per level in `sources`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from craftc.sim.devices import COMPARE, LAMP, REPEATER, SUBTRACT, TORCH
from craftc.sim.kernel import hot, hot_inline, signed

RING = 256  # game ticks; longer than the longest delay
IDLE, LAST = -2, -1  # values of State.next: nothing scheduled; last of its list
EXTREMELY_HIGH, VERY_HIGH, HIGH, NORMAL = range(4)  # TickPriority -3..0
BURNT_GT = 160  # RedstoneTorchBlock.RESTART_DELAY
TOGGLES, TOGGLE_WINDOW_GT = 8, 60  # MAX_RECENT_TOGGLES, RECENT_TOGGLE_TIMER
NOW, EVENTS, RUNS, QUEUED, PEAK, BURN, BURNOUTS, SHUFFLE, FLICKER = range(9)  # places in State.scalar
LONG_AGO = -(2**30)


class Net(NamedTuple):
    """What does not change, per node and per link.

    The links of node n are start[n]:stop[n]. `row` (nodes, 2) is the row of a port in State.sources, or
    -1 if the port has at most one source. `torch` is the row in State.toggles, or -1.
    """

    kind: npt.NDArray[np.uint8]
    delay: npt.NDArray[np.uint8]
    rear: npt.NDArray[np.int8]
    front_diode: npt.NDArray[np.bool_]
    start: npt.NDArray[np.int32]
    stop: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    torch: npt.NDArray[np.int32]
    port: npt.NDArray[np.int32]
    loss: npt.NDArray[np.uint8]


class State(NamedTuple):
    """What changes: outputs, inputs, the queue, torch histories, counters."""

    out: npt.NDArray[np.uint8]
    seen: npt.NDArray[np.uint8]  # (nodes, 2) level at each port
    next: npt.NDArray[np.int32]
    sources: npt.NDArray[np.uint16]  # (rows, 16)
    head: npt.NDArray[np.int32]  # (RING*4,)
    tail: npt.NDArray[np.int32]
    toggles: npt.NDArray[np.int32]  # (torches, TOGGLES) game ticks of the last turn-offs, oldest first
    scalar: npt.NDArray[np.int64]


RECORD = np.dtype(
    [
        ("out", "u1"), ("seen", "u1", 2), ("kind", "u1"), ("delay", "u1"), ("rear", "i1"),
        ("front_diode", "?"), ("spare", "u1"), ("next", "i4"), ("start", "i4"), ("stop", "i4"),
        ("row", "i4", 2), ("torch", "i4"),
    ]
)  # fmt: skip
"""One node, 32 bytes. The per-node arrays of Net and State are views of one array of these, so that
whatever an event touches of a node lies in one cache line."""


@hot_inline
def _main_input(net: Net, state: State, n: int) -> int:
    level = signed(state.seen[n, 0])
    rear = signed(net.rear[n])
    if rear >= 16:
        return rear - 16
    if rear >= 0 and level < 15:
        return rear
    return level


@hot_inline
def _comparator(net: Net, state: State, n: int) -> int:
    """Return the output a comparator should have."""
    level = _main_input(net, state, n)
    side = signed(state.seen[n, 1])
    if side > level:
        return 0
    if net.kind[n] == SUBTRACT:
        return level - side
    return level


@hot_inline
def _random(state: State) -> int:
    """Return the next 15 random bits."""
    state.scalar[SHUFFLE] = (state.scalar[SHUFFLE] * 1103515245 + 12345) & 0x7FFFFFFF | 1 << 40
    return signed(state.scalar[SHUFFLE] >> 16 & 0x7FFF)


@hot_inline
def schedule(state: State, n: int, delay: int, priority: int) -> None:
    """Put node n into the queue `delay` game ticks from now; State.scalar[SHUFFLE], if not 0, is a
    generator that replaces priorities by random ones."""
    if state.scalar[SHUFFLE] != 0:
        priority = _random(state) & 3
    place = ((state.scalar[NOW] + delay) & (RING - 1)) * 4 + priority
    state.next[n] = LAST
    if state.head[place] < 0:
        state.head[place] = n
    else:
        state.next[state.tail[place]] = n
    state.tail[place] = n
    state.scalar[QUEUED] += 1


@hot_inline
def check(net: Net, state: State, n: int) -> None:
    """Let node n react to its inputs: schedule a tick, or light a lamp at once."""
    if state.next[n] != IDLE:
        return
    kind = net.kind[n]
    out = state.out[n]
    if kind == REPEATER:
        if state.seen[n, 1] > 0 or (state.seen[n, 0] > 0) == (out > 0):
            return
        if net.front_diode[n]:
            schedule(state, n, net.delay[n], EXTREMELY_HIGH)
        elif out > 0:
            schedule(state, n, net.delay[n], VERY_HIGH)
        else:
            schedule(state, n, net.delay[n], HIGH)
    elif COMPARE <= kind <= SUBTRACT:
        if _comparator(net, state, n) != out:
            schedule(state, n, net.delay[n], HIGH if net.front_diode[n] else NORMAL)
    elif kind == TORCH:
        if (state.seen[n, 0] > 0) == (out > 0):
            schedule(state, n, net.delay[n], NORMAL)
    elif kind == LAMP:
        if out > 0 and state.seen[n, 0] == 0:
            schedule(state, n, net.delay[n], NORMAL)
        elif out == 0 and state.seen[n, 0] > 0:
            state.out[n] = 15
            state.scalar[EVENTS] += 1


@hot_inline
def _move(state: State, row: int, port: int, before: int, after: int) -> int:
    """Move one source of a counted port from level `before` to `after`; return the port's level."""
    state.sources[row, before] -= 1
    state.sources[row, after] += 1
    level = signed(state.seen[port >> 1, port & 1])
    if after >= level:
        return after
    while level > 0 and state.sources[row, level] == 0:
        level -= 1
    return level


@hot
def _flicker(net: Net, state: State, n: int, old: int) -> None:
    """Schedule, at random, ticks of the nodes that node n fed with less than `old` for a moment."""
    for e in range(net.start[n], net.stop[n]):
        there = net.port[e] >> 1
        if signed(net.loss[e]) >= old or state.next[there] != IDLE or _random(state) & 1 == 0:
            continue
        kind = net.kind[there]
        lit = state.out[there] > 0
        locked = state.seen[there, 1] > 0
        if (
            COMPARE <= kind <= SUBTRACT
            or (kind == LAMP and lit)
            or (kind == TORCH and not lit)
            or (kind == REPEATER and lit and not locked)
        ):
            schedule(state, there, net.delay[there], NORMAL)


@hot_inline
def set_output(net: Net, state: State, n: int, value: int) -> None:
    """Give node n a new output and let every device whose input changes react."""
    old = signed(state.out[n])
    state.out[n] = value
    state.scalar[EVENTS] += 1
    begin = net.start[n]
    end = net.stop[n]
    touched = False
    for e in range(begin, end):
        port = net.port[e]
        loss = signed(net.loss[e])
        before = max(old - loss, 0)
        after = max(value - loss, 0)
        if before != after:
            row = net.row[port >> 1, port & 1]
            level = after if row < 0 else _move(state, row, port, before, after)
            if level != state.seen[port >> 1, port & 1]:
                state.seen[port >> 1, port & 1] = level
                touched = True
        # Both ports of one device stand side by side: look only after the second one.
        if e + 1 < end and net.port[e + 1] >> 1 == port >> 1:
            continue
        if touched:
            check(net, state, port >> 1)
            touched = False
    if state.scalar[FLICKER] != 0 and value < old:
        _flicker(net, state, n, old)


@hot_inline
def _too_often(state: State, row: int) -> bool:
    return bool(state.toggles[row, 0] >= state.scalar[NOW] - TOGGLE_WINDOW_GT)


@hot_inline
def _log_turn_off(state: State, n: int, row: int) -> None:
    """Remember that a torch turned off; burn it out if that was too often."""
    for k in range(TOGGLES - 1):
        state.toggles[row, k] = state.toggles[row, k + 1]
    state.toggles[row, TOGGLES - 1] = state.scalar[NOW]
    if _too_often(state, row):
        state.scalar[BURNOUTS] += 1
        if state.next[n] == IDLE:
            schedule(state, n, BURNT_GT, NORMAL)


@hot_inline
def _due_output(net: Net, state: State, n: int) -> int:
    """Return the output that node n takes when its scheduled tick runs."""
    kind = net.kind[n]
    out = signed(state.out[n])
    powered = state.seen[n, 0] > 0
    if kind == REPEATER:
        if state.seen[n, 1] > 0 or (out > 0 and powered):
            return out
        return 15 - out
    if COMPARE <= kind <= SUBTRACT:
        return _comparator(net, state, n)
    if kind == TORCH:
        if powered:
            return 0
        return 0 if out == 0 and _too_often(state, net.torch[n]) else 15
    if kind == LAMP:
        return out if powered else 0
    return 0  # a button


@hot_inline
def _run_node(net: Net, state: State, n: int) -> None:
    """Run the scheduled tick of node n."""
    value = _due_output(net, state, n)
    if value == state.out[n]:
        return
    kind = net.kind[n]
    extend = kind == REPEATER and value > 0 and state.seen[n, 0] == 0
    set_output(net, state, n, value)
    if extend:
        if state.next[n] == IDLE:
            schedule(state, n, net.delay[n], VERY_HIGH)
    elif kind == TORCH and value == 0 and state.scalar[BURN] != 0:
        _log_turn_off(state, n, net.torch[n])


@hot_inline
def step(net: Net, state: State) -> None:
    """Run one game tick."""
    state.scalar[NOW] += 1
    if state.scalar[QUEUED] == 0:
        return
    runs = 0
    base = (state.scalar[NOW] & (RING - 1)) * 4
    for place in range(base, base + 4):
        n = state.head[place]
        if n < 0:
            continue
        state.head[place] = LAST
        while n >= 0:
            following = state.next[n]
            state.next[n] = IDLE
            _run_node(net, state, n)
            n = following
            runs += 1
    state.scalar[QUEUED] -= runs
    state.scalar[RUNS] += runs
    state.scalar[PEAK] = max(state.scalar[PEAK], runs)


@hot
def run(net: Net, state: State, ticks: int) -> None:
    """Run `ticks` game ticks; idle time costs nothing."""
    end = state.scalar[NOW] + ticks
    while state.scalar[NOW] < end:
        if state.scalar[QUEUED] == 0:
            state.scalar[NOW] = end
            return
        step(net, state)


@hot
def run_until_quiet(net: Net, state: State, limit: int, most: int) -> int:
    """Run until nothing is scheduled, or `limit` game ticks have passed, or more than `most` scheduled
    ticks were executed; return the game ticks run."""
    begin = state.scalar[NOW]
    runs = state.scalar[RUNS]
    while (
        state.scalar[QUEUED] > 0 and state.scalar[NOW] - begin < limit and state.scalar[RUNS] - runs <= most
    ):
        step(net, state)
    return signed(state.scalar[NOW] - begin)
