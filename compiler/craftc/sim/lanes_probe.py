"""Kernels that run a bit-sliced board with readings after every few game ticks, and take readings apart."""

from __future__ import annotations

from craftc.sim import lanes_exact, lanes_free
from craftc.sim.kernel import Bytes, Longs, hot, hot_inline, kernel
from craftc.sim.lanes_words import HAZARD, KIND, LIST, NOW, OUT, ROW, WHAT, Flow, Wiring, analog, number
from craftc.sim.wide import Planes, load, some, store, word


@hot_inline
def _read(flow: Flow, groups: Longs, out: Planes, reading: int) -> None:
    for k in range(len(groups)):
        n = groups[k]
        bits = 4 if analog(flow.unit[n, WHAT] & KIND) else 1
        for bit in range(bits):
            store(out, (reading * len(groups) + k) * 4 + bit, load(flow.row, flow.unit[n, ROW] + OUT + bit))


@hot_inline
def _done(flow: Flow, begin: int) -> int:
    """Return how many game ticks since `begin` are over."""
    return number(flow.scalar[NOW]) - begin - (1 if flow.scalar[LIST] > 0 else 0)


@hot
def run_exact(
    wiring: Wiring, flow: Flow, begin: int, ticks: int, every: int, groups: Longs, out: Planes
) -> bool:
    """Run in exact order until `ticks` game ticks after `begin`, and after each `every` of them put the
    output words of `groups` into `out`, 4 rows per group; return whether it came to the end. If not, it wants
    more room, and is called again."""
    while _done(flow, begin) < ticks:
        reading = _done(flow, begin) // every
        stop = min(ticks, (reading + 1) * every)
        lanes_exact.run(wiring, flow, begin + stop)
        if flow.scalar[LIST] > 0:
            return False
        if stop == (reading + 1) * every:
            _read(flow, groups, out, reading)
    return True


@hot
def run_free(
    wiring: Wiring, flow: Flow, begin: int, ticks: int, every: int, groups: Longs, out: Planes
) -> bool:
    """The same in free order, up to a hazard."""
    while _done(flow, begin) < ticks:
        reading = _done(flow, begin) // every
        stop = min(ticks, (reading + 1) * every)
        lanes_free.run_free(wiring, flow, begin + stop)
        if some(load(flow.mask, HAZARD)):
            return True
        if flow.scalar[LIST] > 0:
            return False
        if stop == (reading + 1) * every:
            _read(flow, groups, out, reading)
    return True


@kernel
def raise_levels(planes: Planes, digital: bool, loss: int, out: Bytes) -> None:
    """Raise out (rows, places) to the levels of one node's planes (rows, 4, limbs) less `loss`."""
    for row in range(len(planes)):
        for place in range(out.shape[1]):
            level = 0
            for bit in range(1 if digital else 4):
                level |= number(planes[row, bit, place >> 6] >> word(place & 63) & word(1)) << bit
            if digital:
                level *= 15
            out[row, place] = max(out[row, place], level - loss)
