"""Words of 64 and 512 places against integers of Python, on this processor and as compiled for any."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from craftc.sim import wide
from craftc.sim.kernel import hot
from craftc.sim.wide import (
    NARROW,
    WIDE,
    Planes,
    add_count,
    count,
    item,
    limbs,
    load,
    nothing,
    packed,
    rotated,
    rows,
    set_item,
    single,
    some,
    spread,
    store,
)

TURNS = (0, 1, 7, 63, 64, 65, 127, 128, 257, 448, 500, 511)


@hot
def _work(words: Planes, turn: int, place: int, bit: int) -> int:
    a, b = load(words, 0), load(words, 1)
    x = (a & b) ^ ~(a | b)
    x |= single(words, place)
    x &= ~(single(words, 0) & spread(words, bit))
    store(words, 2, rotated(x, turn))
    if some(x):
        add_count(words, 3, x)
    store(words, 4, nothing(words))
    return count(x)


@hot
def _swap(table: np.ndarray, row: int) -> int:  # type: ignore[type-arg]
    kept = item(table, row, 3, 2)
    set_item(table, row, 3, 2, item(table, row, 3, 1))
    return kept


def _number(words: Planes, row: int) -> int:
    return sum(int(limb) << (64 * k) for k, limb in enumerate(limbs(words)[row]))


def check(places: int) -> None:
    """Compare all operations with integers; raise AssertionError if one differs."""
    rng = np.random.default_rng(places)
    full = 2**places - 1
    for turn in (t for t in TURNS if t < places):
        words = rows(5, places)
        limbs(words)[:] = rng.integers(0, 2**63, limbs(words).shape).astype(np.uint64)
        a, b, place, bit = _number(words, 0), _number(words, 1), (turn * 5 + 3) % places, turn & 1
        limbs(words)[3] = 0
        x = ((a & b) ^ ~(a | b)) & full | 1 << place
        x &= ~bit
        assert _work(words, turn, place, bit) == x.bit_count() == int(limbs(words)[3].sum())
        assert _number(words, 2) == (x << turn | x >> (places - turn)) & full and _number(words, 4) == 0


@pytest.mark.parametrize("places", [NARROW, WIDE])
def test_operations_are_those_of_integers(places: int) -> None:
    check(places)


def test_other_processors_compute_alike() -> None:
    """Rotation has a way of its own where limbs of a register cannot be permuted."""
    code = f"from tests.sim import test_wide as t; t.check({NARROW}); t.check({WIDE}); print(t.wide.PERMUTES)"
    env = {**os.environ, "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0 and ran.stdout.strip() == "False", ran.stderr


def test_bits_are_packed_from_place_0_on() -> None:
    words = packed(np.eye(2, 70, 68, dtype=bool), WIDE)
    assert [_number(words, k) for k in range(2)] == [1 << 68, 1 << 69]


def test_rows_begin_at_lines_of_memory() -> None:
    for size in (1, 3, 1000):
        assert rows(size, WIDE).ctypes.data % 64 == 0 and rows(size, WIDE).shape == (size, 8)
    assert rows(0, WIDE).shape == (0, 8) and wide.places_of(rows(2, NARROW)) == NARROW


def test_numbers_of_a_table() -> None:
    table = np.array([[1, 2, 3], [4, -5, 6]], dtype=np.int32)
    assert _swap(table, 1) == 6 and table.tolist() == [[1, 2, 3], [4, -5, -5]]
