"""The coil: every tap at its exact time, for random taps, sizes and tokens."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle.client import ENGINES, needs_judge

from craftc.check import drc
from craftc.errors import ConfigError
from craftc.macros.conductor import TAP_RT, Conductor, conductor
from craftc.sim.board import Board, settle

from .pulse_bench import PLACES, PulseBench, Waves, devices, pulse, waves

RUN = 2  # rt at which the token enters


def expected(macro: Conductor, token: int, length: int) -> Waves:
    rises = [RUN + TAP_RT + n * macro.period_rt for n in macro.taps]
    return waves(length, *([(r, r + token)] for r in rises))


def right(macro: Conductor, token: int, turns: int = 0, mirror: bool = False) -> bool:
    length = macro.taps[-1] * macro.period_rt + 40
    names = [f"tap{n}" for n in macro.taps]
    levels = PulseBench(macro, turns, mirror).levels(pulse("run", RUN, RUN + token), length, names)
    strong = levels.max(axis=0).min() >= 14
    return bool(strong and ((levels > 0) == expected(macro, token, length)).all())


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_orientations(turns: int, mirror: bool) -> None:
    assert right(conductor([0, 1, 2, 5, 60, 61, 130], depth=8), 12, turns, mirror)


@given(
    taps=st.sets(st.integers(0, 300), min_size=1, max_size=8),
    period=st.integers(8, 16),
    token=st.integers(4, 12),
    row=st.integers(6, 36),
    depth=st.integers(4, 40),
)
@settings(max_examples=40, deadline=None)
def test_random_taps(taps: set[int], period: int, token: int, row: int, depth: int) -> None:
    assert right(conductor(sorted(taps), period, row, depth), token)


def test_consecutive_words() -> None:
    assert right(conductor(range(12)), 4)


@pytest.mark.slow
def test_ten_thousand_words() -> None:
    began = time.perf_counter()
    macro = conductor([0, 784, 785, 4999, 9999, 10_000], row_blocks=36, depth=60)
    assert time.perf_counter() - began < 2
    assert macro.volume.volume < 9 * 10_000
    assert right(macro, 12)


def test_idle_is_silent_and_clean() -> None:
    bench = PulseBench(conductor([0, 1, 3, 40, 200], depth=6))
    board = Board(bench.volume)
    assert board.quiet
    board.run_script([(0, bench.levers["run"], True), (8, bench.levers["run"], False)], 2 * (200 * 12 + 30))
    assert board.quiet and board.burnouts == 0
    assert drc.check(settle(bench.volume)) == (0, [])


def test_a_missing_repeater_or_wrong_token_is_noticed() -> None:
    macro = conductor([0, 2, 9], row_blocks=10)
    names, length = ["tap0", "tap2", "tap9"], 9 * 12 + 40
    want = expected(macro, 6, length)
    for pos in devices(macro):
        got = PulseBench(macro, without=pos).trace(pulse("run", RUN, RUN + 6), length, names)
        assert (got != want).any(), pos
    short = PulseBench(macro).trace(pulse("run", RUN, RUN + 2), length, names)
    assert (short != expected(macro, 2, length)).any()


@pytest.mark.parametrize("taps", [[], [3, 3], [5, 2], [-1, 4]])
def test_illegal_taps(taps: list[int]) -> None:
    with pytest.raises(ConfigError, match="taps"):
        conductor(taps)


@pytest.mark.parametrize(
    ("period", "row", "depth"), [(7, 30, 32), (17, 30, 32), (12, 5, 32), (12, 37, 32), (12, 30, 3)]
)
def test_illegal_sizes(period: int, row: int, depth: int) -> None:
    with pytest.raises(ConfigError, match="legal"):
        conductor([1], period, row, depth)


@pytest.mark.oracle
@needs_judge
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("turns", "mirror", "origin"), PLACES)
def test_outside_judges_agree(
    engine: str, turns: int, mirror: bool, origin: tuple[int, int, int]
) -> None:
    macro = conductor([0, 1, 2, 7, 8, 50, 90, 91], row_blocks=14 + turns, depth=6)
    token = (4, 7, 12, 5)[turns]
    length = 91 * 12 + 30
    bench = PulseBench(macro, turns, mirror)
    script = pulse("run", RUN, RUN + token)
    got = bench.judge(engine, script, length, [f"tap{n}" for n in macro.taps], origin)
    assert (got == expected(macro, token, length)).all()


def test_every_delay_is_split_exactly() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        taps = sorted(set(rng.integers(0, 2000, 6).tolist()))
        macro = conductor(taps)
        delay = np.array([int(s.get("delay", "0")) for s, _ in macro.volume.palette])
        total = int(delay[macro.volume.ids].sum())
        assert total == 1 + taps[-1] * 12 + len(taps)  # run, coil, taps
