"""Registers of octal digits: frozen, kept, and given again."""

from __future__ import annotations

import numpy as np
import pytest
from tests.oracle.client import ENGINES, needs_judge

from craftc.macros.octal_register import DIGITS, FREEZE_RT

from .matrix_bench import Longs, register_bench
from .octal_bench import SOURCE_RT, Bench

CYCLE_RT, OPEN_RT, KEEP_RT = 120, 10, 50
RELAYS = 16


def drive(words: Longs, late_rt: int = 0, turns: int = 0, mirror: bool = False) -> Bench:
    """Return a bench in which every word is let in, with digits before and after it, and frozen."""
    sketch, levers, hold, shift, _ = register_bench()
    bench = Bench(sketch, turns, mirror)
    bench.switch(hold, 0, True)
    rng = np.random.default_rng(4)
    for index, word in enumerate(words):
        begin = 40 + CYCLE_RT * index
        bench.switch(hold, begin - OPEN_RT, False)
        bench.switch(shift, begin - OPEN_RT, True)
        stop = begin + FREEZE_RT + late_rt
        bench.switch(hold, stop, True)
        bench.switch(shift, stop, False)
        around = np.concatenate([rng.integers(0, 8, 3), word, rng.integers(0, 8, 3), [0]])
        bench.digits(levers, begin - SOURCE_RT - RELAYS - 6, around)
    return bench


def held(levels: np.ndarray, count: int, per_rt: int) -> Longs:
    """Return what the places hold in the middle of every pause, -1 where it changes."""
    rt = 40 + CYCLE_RT * np.arange(count) + FREEZE_RT + KEEP_RT
    parts = np.stack([levels[per_rt * rt + k] for k in range(6)]).astype(np.int64)
    return np.where((parts == parts[0]).all(axis=0), parts[0], -1)


def places() -> list[tuple[int, int, int]]:
    return list(register_bench()[4])


def words(count: int, seed: int = 0) -> Longs:
    rng = np.random.default_rng(seed)
    out = rng.integers(0, 8, (count, DIGITS))
    out[1::5] = np.where(rng.integers(0, 2, (len(out[1::5]), DIGITS)), 7, 0)
    return out


@pytest.mark.slow
def test_ten_thousand_digits() -> None:
    given = words(1_250)
    levels = drive(given).run(CYCLE_RT * (len(given) + 1), places())
    assert np.array_equal(held(levels, len(given), 2), given)


@pytest.mark.parametrize(("turns", "mirror"), [(0, False), (1, False), (2, False), (3, False), (0, True)])
def test_every_orientation(turns: int, mirror: bool) -> None:
    given = words(20, turns)
    levels = drive(given, 0, turns, mirror).run(CYCLE_RT * (len(given) + 1), places())
    assert np.array_equal(held(levels, len(given), 2), given)


@pytest.mark.parametrize("late_rt", [-1, 1, 2])
def test_another_moment_holds_something_else(late_rt: int) -> None:
    given = words(20, 7)
    levels = drive(given, late_rt).run(CYCLE_RT * (len(given) + 1), places())
    assert not np.array_equal(held(levels, len(given), 2), given)


@needs_judge
@pytest.mark.oracle
@pytest.mark.parametrize("engine", ENGINES)
def test_outside_judges(engine: str) -> None:
    given = words(6, 2)
    levels = drive(given, turns=1).judge(engine, (5, 3, -90), CYCLE_RT * 7, places())
    assert np.array_equal(held(levels, len(given), 1), given)
