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
def run_probed(
    wiring: Wiring, flow: Flow, ticks: int, every: int, nodes: Longs, out: Planes, exact: bool
) -> None:
    """Run `ticks` game ticks in exact or free order, and after each `every` of them put the output words
    of the groups `nodes` into a row of `out` (rows, nodes, 4). Free order stops at a hazard."""
    for row in range(ticks // every):
        if exact:
            lanes_exact.run(wiring, flow, every)
        else:
            lanes_free.run_free(wiring, flow, every)
            if flow.mask[HAZARD] != word(0):
                return
        _read(flow, nodes, out, row)
    if exact:
        lanes_exact.run(wiring, flow, ticks % every)
    else:
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
