"""The engine against numpy: random codes and inputs, planes, timing window, broken parts."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from engine_bench import run_engine

from craftc.macros.engine import engine


def _digits(codes: np.ndarray) -> np.ndarray:
    return (codes & 15).astype(np.uint8)


def _expected(codes: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Horner over the planes: codes (words, levels, 2), bits (planes, words, 2) -> (levels, 2)."""
    total = np.zeros(codes.shape[1:], dtype=np.int64)
    for plane in bits:
        total = 2 * total + np.einsum("wls,ws->ls", codes, plane)
    return total


@pytest.mark.parametrize("sum_digits,offset", [(4, 5), (4, 6), (4, 8), (5, 5), (5, 6)])
def test_sums_are_exact_in_the_whole_timing_window(sum_digits: int, offset: int) -> None:
    rng = np.random.default_rng(offset)
    codes = rng.integers(-8, 8, (9, 4, 2))
    bits = rng.integers(0, 2, (1, 9, 2))
    got = run_engine(engine(_digits(codes)), bits, sum_digits, d_to_s0_rt=offset)
    assert np.array_equal(got, _expected(codes, bits))


def test_all_sixteen_codes() -> None:
    codes = np.arange(-8, 8).reshape(1, 8, 2)
    bits = np.ones((1, 1, 2), dtype=np.int64)
    assert np.array_equal(run_engine(engine(_digits(codes)), bits, 4), codes[0])


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), planes=st.integers(2, 4))
def test_bit_planes(seed: int, planes: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(-8, 8, (5, 3, 2))
    bits = rng.integers(0, 2, (planes, 5, 2))
    got = run_engine(engine(_digits(codes)), bits, 4, planes=planes)
    assert np.array_equal(got, _expected(codes, bits))


def test_largest_and_smallest_sums() -> None:
    codes = np.stack([np.full((32, 2), 7), np.full((32, 2), -8)], axis=1)
    bits = np.ones((3, 32, 2), dtype=np.int64)
    got = run_engine(engine(_digits(codes)), bits, 4, planes=3)
    assert np.array_equal(got, _expected(codes, bits))
    assert np.abs(got).max() == 8 * 32 * 7


@pytest.mark.parametrize("offset", [3, 10])
def test_a_digit_outside_its_window_is_noticed(offset: int) -> None:
    rng = np.random.default_rng(1)
    codes = rng.integers(-8, 8, (9, 4, 2))
    bits = rng.integers(0, 2, (1, 9, 2))
    got = run_engine(engine(_digits(codes)), bits, 5, d_to_s0_rt=offset)
    assert not np.array_equal(got, _expected(codes, bits))


def test_a_mask_two_ticks_late_is_noticed() -> None:
    codes = np.full((4, 2, 2), -3)
    bits = np.ones((1, 4, 2), dtype=np.int64)
    got = run_engine(engine(_digits(codes)), bits, 4, late_mask_rt=2)
    assert not np.array_equal(got, _expected(codes, bits))


def test_a_wrong_rom_constant_is_noticed() -> None:
    codes = np.full((4, 2, 2), 3)
    bits = np.ones((1, 4, 2), dtype=np.int64)
    broken = codes.copy()
    broken[2, 1, 0] = 4
    got = run_engine(engine(_digits(broken)), bits, 4)
    assert not np.array_equal(got, _expected(codes, bits))
    assert np.array_equal(got, _expected(broken, bits))
