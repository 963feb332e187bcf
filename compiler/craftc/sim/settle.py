"""Start states: the state as saved, or a settled state derived from nothing.

Saved ("trusted"): outputs stand as the block states say; dust and inputs follow from them, for
dust takes no time. Nothing is scheduled: a device whose saved output disagrees with its inputs
keeps it until one of them changes.

Derived ("placed"): levers keep their saved state; every other device takes the value its inputs
imply, in an order in which inputs come first. Devices on feedback loops start with the inputs that
are known and unknown inputs 0; loops are opened at their first device in array order. Locked
repeaters, pressed buttons and observers are off; plates, targets and the light of bulbs keep their saved
state. Then the engine runs until nothing is scheduled; meanwhile observers and bulbs hold.
"""

from __future__ import annotations

import numpy as np

from craftc.blocks.volume import Volume
from craftc.sim import words as w
from craftc.sim.devices import (
    BULB,
    BUTTON,
    COMPARE,
    CONSTANT,
    INPUT,
    LEVEL_OBSERVER,
    LEVER,
    OBSERVER,
    REPEATER,
    SUBTRACT,
    TORCH,
    TRAPDOOR,
)
from craftc.sim.engine import Net, State, check
from craftc.sim.graph import Graph
from craftc.sim.kernel import AnyArray, Bytes, Ints, hot, kernel, signed
from craftc.sim.pack import remember


@kernel
def _rest_value(kind: int, rear: int, main: int, side: int) -> int:
    if rear >= 16:
        main = rear - 16
    elif rear >= 0 and main < 15:
        main = rear
    if kind == COMPARE:
        return 0 if side > main else main
    if kind == SUBTRACT:
        return max(main - side, 0)
    if kind == REPEATER and side > 0:
        return 0
    if kind == TORCH:
        return 0 if main > 0 else 15
    return 15 if main > 0 else 0


@kernel
def _derive(kind: Bytes, rear: AnyArray, start: AnyArray, port: Ints, loss: Bytes, out: Bytes) -> None:
    """Set `out` (sources given) to the settled values of everything that is on no loop."""
    nodes = len(kind)
    seen = np.zeros(2 * nodes, np.uint8)
    waiting = np.zeros(nodes, np.int32)
    for e in range(len(port)):
        waiting[port[e] >> 1] += 1
    ready = np.empty(nodes, np.int32)
    size = 0
    for n in range(nodes):
        if waiting[n] == 0:
            ready[size] = n
            size += 1
            waiting[n] = -1
    head = 0
    loop = 0
    while True:
        while head < size:
            n = ready[head]
            head += 1
            if kind[n] != CONSTANT and kind[n] != LEVER and kind[n] != BULB and kind[n] != INPUT:
                value = _rest_value(
                    signed(kind[n]), signed(rear[n]), signed(seen[2 * n]), signed(seen[2 * n + 1])
                )
                out[n] = 0 if kind[n] == BUTTON or OBSERVER <= kind[n] <= LEVEL_OBSERVER else value
            for e in range(start[n], start[n + 1]):
                seen[port[e]] = max(signed(seen[port[e]]), signed(out[n]) - signed(loss[e]))
                there = port[e] >> 1
                waiting[there] -= 1
                if waiting[there] == 0:
                    ready[size] = there
                    size += 1
                    waiting[there] = -1
        while loop < nodes and waiting[loop] < 0:
            loop += 1
        if loop == nodes:
            return
        ready[size] = loop
        size += 1
        waiting[loop] = -1


def derive(graph: Graph) -> Bytes:
    """Return settled outputs (nodes,), see module text."""
    out = graph.value.copy()
    _derive(graph.kind, graph.rear, graph.link.start, graph.link.target, graph.loss, out)
    return out


@hot
def check_all(net: Net, state: State) -> None:
    """Let every node look at its inputs."""
    for n in range(len(state.word)):
        check(net, state, n)


def keep_memories(volume: Volume, graph: Graph, state: State, trusted: bool) -> None:
    """Set what bulbs and trapdoors remember: as saved, or if not `trusted` as their power says now."""
    if not np.isin(graph.kind, (BULB, TRAPDOOR)).any():
        return
    powered = np.array([s.get("powered") == "true" for s, _ in volume.palette], dtype=np.uint8)[graph.entry]
    if trusted:
        remember(state, powered)
        return
    follows = (graph.kind == TRAPDOOR) & ((state.out > 0) | (powered > 0))
    state.word[follows] |= 1 << w.SIDE
