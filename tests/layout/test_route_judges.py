"""Routed wires in outside simulators, turned and mirrored: sinks follow their driver, others stay at 0."""

from __future__ import annotations

import numpy as np
import pytest
from tests.oracle.client import ENGINES, needs_judge, outside_levels
from wires import random_bench

from craftc.blocks.transform import transform_point, transformed
from craftc.layout.route import route


@pytest.mark.oracle
@needs_judge
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("turns", "mirror", "origin"), [(0, False, (0, 0, 0)), (1, True, (33, 7, -21)), (2, False, (-5, 0, 160))]
)
def test_outside_judges_agree(
    engine: str, turns: int, mirror: bool, origin: tuple[int, int, int]
) -> None:
    bench = random_bench((50, 8, 50), 6, 2, 2, 3)
    result = route(bench.volume, bench.nets)
    size = bench.volume.size
    volume = transformed(bench.volume, turns, mirror)
    sinks = [(net.name, k, t.pos) for net in bench.nets for k, t in enumerate(net.sinks)]
    for net in bench.nets[:3]:
        driver = len(net.drivers) - 1
        delays = result.nets[net.name].delay_rt[driver]
        ticks, off = 4 * max(delays) + 20, 2 * max(delays) + 10
        lever = transform_point(bench.levers[net.name][driver], size, turns, mirror)
        probes = [transform_point(pos, size, turns, mirror) for _, _, pos in sinks]
        got = outside_levels(volume, engine, [(0, lever), (off, lever)], ticks, probes, origin) > 0
        now = np.arange(2, ticks + 1, 2)
        for column, (name, k, _) in enumerate(sinks):
            late = 2 * delays[k] if name == net.name else ticks + off
            assert (got[:, column] == ((now >= late) & (now < late + off))).all(), (name, k)
