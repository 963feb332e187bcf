"""Stream lines: letters, refusals, and simulated delay and exactness of levels."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftc.blocks import BlockState
from craftc.cells.drawing import constant, dust
from craftc.errors import PlacementError
from craftc.layout.stream import AFTER, assign, corners, delay_range, draw, draw_down
from craftc.macros.base import Sketch
from craftc.sim import Board

PATH = [(0, 1, 0), (0, 1, 9), (7, 1, 9), (7, 1, 3)]


@given(delay=st.integers(8, 17))
@settings(deadline=None)
def test_letters_obey_the_grammar_and_count(delay: int) -> None:
    cells = corners(PATH)
    letters = assign(cells, delay)
    assert letters.count("C") == delay and letters[0] == letters[-1] == "D"
    assert all(b in AFTER[a] for a, b in pairwise(letters))
    assert all(letters[cells.index(corner)] != "C" for corner in PATH)


def test_an_impossible_delay_names_the_legal_ones() -> None:
    with pytest.raises(PlacementError, match=r"no line of 3 rt over 23 cells.*legal: \[8, 9"):
        assign(corners(PATH), 3)


def test_a_bent_segment_is_refused() -> None:
    with pytest.raises(PlacementError, match="no straight level segment"):
        corners([(0, 0, 0), (1, 0, 1)])


def _arrives(sketch: Sketch, last: tuple[int, int, int], delay: int, level: int) -> None:
    """Assert that a level put on the dust (0, 1, 0) stands at `last` after the delay, unchanged."""
    sketch.on_floor((0, 1, 0), dust())
    state, entity = constant(level)
    sketch.put((0, 1, -3), state, entity)
    gate = BlockState.make("comparator", facing="north", mode="subtract", powered="false")
    sketch.on_floor((0, 1, -2), gate)
    sketch.put((0, 1, -1), BlockState.make("stone"))
    sketch.put((1, 1, -2), dust())
    sketch.put((1, 0, -2), BlockState.make("stone"))
    sketch.put((2, 1, -2), BlockState.parse("lever[face=floor,facing=north,powered=true]"))
    sketch.put((2, 0, -2), BlockState.make("stone"))
    macro, corner = sketch.build()

    def at(x: int, y: int, z: int) -> tuple[int, int, int]:
        return (x - corner[0], y - corner[1], z - corner[2])

    board = Board(macro.volume)
    lever, end = at(2, 1, -2), at(*last)
    assert board.power(end) == 0
    samples = np.asarray(board.run_script([(0, lever, False)], 2 * delay + 8, [end]))[:, 0]
    rise = 2 * (delay + 1)  # one more rt through the gate
    assert (samples[: rise - 1] == 0).all() and (samples[rise - 1 :] == level).all()


@pytest.mark.parametrize("delay", [8, 11, 16])
@pytest.mark.parametrize("level", [1, 7, 13])
def test_a_level_arrives_unchanged_after_the_delay(delay: int, level: int) -> None:
    sketch = Sketch("line")
    draw(sketch, PATH, delay)
    _arrives(sketch, PATH[-1], delay, level)


LONG = [(0, 1, 0), (0, 1, 5), (21, 1, 5)]


@pytest.mark.parametrize("level", [1, 7, 13])
@pytest.mark.parametrize(("drops", "more"), [(1, 0), (1, 5), (4, 0), (6, 3)])
def test_a_level_goes_down_unchanged(level: int, drops: int, more: int) -> None:
    delay = delay_range(LONG, drops)[0] + more
    sketch = Sketch("line")
    draw_down(sketch, LONG, delay, drops)
    _arrives(sketch, (LONG[-1][0], 1 - 2 * drops, LONG[-1][2]), delay, level)


@pytest.mark.parametrize("drops", [0, 1, 5])
def test_the_range_of_delays_is_exact(drops: int) -> None:
    least, most = delay_range(LONG, drops)
    for delay in range(least, most + 1):
        draw_down(Sketch("line"), LONG, delay, drops)
    for delay in (least - 1, most + 1):
        with pytest.raises(PlacementError, match="no line of"):
            draw_down(Sketch("line"), LONG, delay, drops)


def test_a_line_without_room_to_go_down_is_refused() -> None:
    with pytest.raises(PlacementError, match="no room to go down over the last 24 cells"):
        delay_range(LONG, 11)
