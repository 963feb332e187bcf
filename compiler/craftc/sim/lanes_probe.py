"""Kernels that run a bit-sliced board with readings after every few game ticks, and take readings apart."""

from __future__ import annotations

from craftc.sim import lanes_exact, lanes_free
from craftc.sim.kernel import Bytes, Longs, hot, kernel
from craftc.sim.lanes_words import HAZARD, LINE, OUT, Flow, Planes, Wiring, number, word


@hot
def _read(flow: Flow, nodes: Longs, out: Planes, row: int) -> None:
    for k in range(len(nodes)):
        for bit in range(4):
            out[row, k, bit] = flow.line[nodes[k] * LINE + OUT + bit]


@hot
def run_exact(wiring: Wiring, flow: Flow, ticks: int, every: int, groups: Longs, out: Planes) -> None:
    """Run `ticks` game ticks in exact order, and after each `every` of them put the output words of `groups`
    into a row of `out` (rows, groups, 4)."""
    for row in range(ticks // every):
        lanes_exact.run(wiring, flow, every)
        _read(flow, groups, out, row)
    lanes_exact.run(wiring, flow, ticks % every)


@hot
def run_free(wiring: Wiring, flow: Flow, ticks: int, every: int, groups: Longs, out: Planes) -> None:
    """The same in free order, up to a hazard."""
    for row in range(ticks // every):
        lanes_free.run_free(wiring, flow, every)
        if flow.mask[HAZARD] != word(0):
            return
        _read(flow, groups, out, row)
    lanes_free.run_free(wiring, flow, ticks % every)


@kernel
def raise_levels(planes: Planes, digital: bool, loss: int, out: Bytes) -> None:
    """Raise out (rows, places) to the levels of one node's planes (rows, 4) less `loss`."""
    for row in range(len(planes)):
        for place in range(out.shape[1]):
            level = 0
            for bit in range(1 if digital else 4):
                level |= number(planes[row, bit] >> word(place) & word(1)) << bit
            if digital:
                level *= 15
            out[row, place] = max(out[row, place], level - loss)
