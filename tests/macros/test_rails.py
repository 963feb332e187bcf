"""Analog lines and spirals: every digit, at every height, unchanged."""

from __future__ import annotations

import numpy as np
import pytest

from craftc.errors import PlacementError
from craftc.macros.base import Sketch
from craftc.macros.matrix_rails import bent_pattern
from craftc.macros.rails import binary_line, spiral, straight_pattern, stream_line

from .matrix_bench import add_source
from .octal_bench import SOURCE_RT, Bench

TURNS = 24


@pytest.mark.parametrize("turns", range(4))
def test_digits_at_every_turn(turns: int) -> None:
    sketch = Sketch("spiral")
    spiral(sketch, (0, 0, 0), 0, TURNS, first=True)
    stream_line(sketch, [(-5, 0), (-1, 0)], 0, "CCCCC")
    levers = add_source(sketch, (-6, 0, 0), 0)
    digits = np.concatenate([np.random.default_rng(turns).integers(0, 8, 430), [0]])
    bench = Bench(sketch, turns, turns == 3)
    bench.digits(levers, 4, digits)
    rails = [(0, 4 * k, 0) for k in range(TURNS)]
    levels = bench.run(9 + SOURCE_RT + 2 * len(digits) + 4 * TURNS + 4, list(rails))
    for k in range(TURNS):
        first = 2 * (9 + SOURCE_RT + 4 * k) + 4 * np.arange(len(digits))
        for part in range(-1, 3):
            assert np.array_equal(levels[first + part, k], digits)


def test_patterns_have_the_asked_delay() -> None:
    for cells in range(3, 40):
        for rt in range(-(-(cells + 2) // 3), cells + 1):
            pattern = straight_pattern(cells, rt)
            assert (len(pattern), pattern.count("C")) == (cells, rt)
            assert "DD" not in pattern and "SS" not in pattern and "DS" not in pattern
    with pytest.raises(PlacementError, match=r"3\.\.6"):
        straight_pattern(6, 2)


def test_bent_lines_have_dust_at_their_bends() -> None:
    corners = ((0, 0), (9, 0), (9, 7), (4, 7))
    pattern = bent_pattern(corners, 12)
    assert pattern.count("C") == 12
    assert pattern[9] == pattern[16] == "D"


def test_bad_lines_are_refused() -> None:
    sketch = Sketch("lines")
    with pytest.raises(PlacementError, match="letters"):
        stream_line(sketch, [(0, 0), (3, 0)], 0, "CDDC")
    with pytest.raises(PlacementError, match="one axis"):
        stream_line(sketch, [(0, 0), (3, 1)], 0, "CCCC")
    with pytest.raises(PlacementError, match="15 dust"):
        binary_line(sketch, [(0, 0), (20, 0)], 0, {})
    with pytest.raises(PlacementError, match="not on the line"):
        binary_line(sketch, [(0, 0), (5, 0)], 0, {(2, 1): 1})
