"""Shift registers: streams, clock limits, orientations, broken devices, outside judges."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle.client import ENGINES, needs_judge

from craftc.check.drc import check
from craftc.errors import ConfigError, PlacementError
from craftc.macros import shift_register as sr
from craftc.macros.base import Sketch
from craftc.sim.board import settle

sys.path.insert(0, str(Path(__file__).parent))
from register_bench import PORT_RT, Action, Bench, devices

IDLE_GT = 40
RNG = np.random.default_rng(5)


def script(bits: npt.NDArray[np.int64], period: int, low: int) -> tuple[list[Action], int]:
    """Clock idle high, then one low pulse of `low` gt per bit; returns actions and length in gt."""
    actions: list[Action] = [(0, "nck", True)]
    for t, bit in enumerate(bits):
        start = IDLE_GT + t * period
        actions += [(start - 4, "d", bool(bit)), (start, "nck", False), (start + low, "nck", True)]
    return actions, IDLE_GT + len(bits) * period + 20


def expected(bits: npt.NDArray[np.int64], stages: int, period: int, ticks: int) -> npt.NDArray[np.bool_]:
    """q after every game tick."""
    out = np.zeros(ticks, dtype=bool)
    late = 2 * (PORT_RT + sr.Q_AFTER_NCK_RT + 1)
    for t in range(stages - 1, len(bits)):
        start = IDLE_GT + t * period + late
        out[start - 1 : start - 1 + period] = bits[t - stages + 1]
    out[start - 1 :] = bits[len(bits) - stages]
    return out


def matches(bench: Bench, stages: int, period: int, low: int, count: int = 40) -> bool:
    bits = np.random.default_rng(stages).integers(0, 2, count)
    actions, ticks = script(bits, period, low)
    got = bench.run(bench.board(), actions, ticks, ["q"])[:, 0] > 0
    want = expected(bits, stages, period, ticks)
    return bool((got == want).all())


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 20), st.integers(8, 14), st.integers(2, 4))
def test_every_sample_of_random_streams(stages: int, period_rt: int, low_rt: int) -> None:
    assert matches(Bench(sr.shift_register(stages)), stages, 2 * period_rt, 2 * low_rt)


def test_long_chain_with_refreshed_clock() -> None:
    assert matches(Bench(sr.shift_register(90)), 90, 24, 6, count=200)


@pytest.mark.parametrize(("period", "low"), [(24, 12), (24, 14), (10, 6)])
def test_outside_the_clock_limits_it_fails(period: int, low: int) -> None:
    assert not matches(Bench(sr.shift_register(8)), 8, period, low)


def test_probes_hold_the_bits() -> None:
    bench = Bench(sr.shift_register(9))
    bits = RNG.integers(0, 2, 9)
    actions, ticks = script(bits, 24, 6)
    got = bench.run(bench.board(), actions, ticks, [f"q_{k}" for k in range(9)])[-1] > 0
    assert (got == bits).all()


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_orientations(turns: int, mirror: bool) -> None:
    assert matches(Bench(sr.shift_register(7), turns, mirror), 7, 24, 6)


def test_every_missing_device_is_noticed() -> None:
    macro = sr.shift_register(5)
    assert all(not matches(Bench(macro, without=pos), 5, 24, 6) for pos in devices(macro))


def test_cell_contract() -> None:
    stage = sr.sr_stage()
    assert stage.volume.size == (2, 2, 3)
    assert stage.ports["q"].latency_rt == sr.Q_AFTER_NCK_RT
    assert stage.probes["q"] == stage.ports["q"].pos


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="2 or more"):
        sr.shift_register(1)
    with pytest.raises(PlacementError, match="no straight leg"):
        sr.wire(Sketch("x"), [(0, 0, 0), (3, 0, 3)])
    zigzag = [(k // 2 + k % 2, 0, k // 2) for k in range(40)]
    with pytest.raises(PlacementError, match="no straight cell"):
        sr.wire(Sketch("x"), zigzag)


def test_wire_refreshes_and_counts() -> None:
    sketch = Sketch("x")
    assert sr.wire(sketch, [(0, 0, 0), (40, 0, 0)]) == 3
    repeaters = [p for p, (s, _) in sketch.cells.items() if s.short == "repeater"]
    assert len(repeaters) == 3


def test_design_rules() -> None:
    assert check(settle(Bench(sr.shift_register(30)).volume)) == (0, [])


@pytest.mark.oracle
@needs_judge
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("turns", "mirror", "origin", "period"),
    [
        (0, False, (0, 0, 0), 24),
        (1, True, (17, 3, -5), 24),
        (2, True, (-9, 60, 2), 16),
        (3, False, (5, 0, 1), 18),
    ],
)
def test_outside_judges_agree(
    engine: str, turns: int, mirror: bool, origin: tuple[int, int, int], period: int
) -> None:
    bench = Bench(sr.shift_register(21), turns, mirror)
    bits = np.random.default_rng(turns).integers(0, 2, 60)
    actions, ticks = script(bits, period, 6)
    got = bench.judge(engine, actions, ticks, ["q"], origin)[:, 0] > 0
    assert (got == expected(bits, 21, period, ticks)[1::2]).all()
