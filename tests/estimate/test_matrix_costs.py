"""The fits of the matrix engine against what was built, and against an engine built here."""

from __future__ import annotations

import numpy as np
import pytest

from craftc.estimate import matrix_costs as costs
from craftc.passes.matrix.encode import digits_of
from craftc.passes.matrix.layout import place_matrix
from craftc.sim import Board


@pytest.mark.parametrize("built", costs.BUILT, ids=lambda b: f"{b.rows}x{b.inputs}")
def test_the_fits_meet_the_builds(built: costs.BuiltMatrix) -> None:
    assert costs.words(built.inputs) == built.words
    assert costs.blocks(built.rows, built.inputs) == pytest.approx(built.blocks, rel=0.01)
    assert costs.nodes(built.rows, built.inputs) == pytest.approx(built.nodes, rel=0.01)
    assert costs.events(built.rows, built.inputs) == pytest.approx(built.events, rel=0.01)


def test_an_engine_of_the_size_of_a_build_has_its_blocks() -> None:
    weights = np.random.default_rng(0).integers(-300, 301, (60, 60))
    digits = digits_of(weights)
    placed = place_matrix(digits, 64)
    board = Board(placed.volume)
    assert len(digits) == costs.words(60)
    assert placed.volume.placed_blocks == pytest.approx(costs.blocks(60, 60), rel=0.02)
    assert board.nodes == pytest.approx(costs.nodes(60, 60), rel=0.02)


def test_done_comes_when_it_should() -> None:
    digits = digits_of(np.ones((12, 3), dtype=np.int64))
    placed = place_matrix(digits, 7)
    actions = [(0, placed.ports["start"], True)]
    lamp = Board(placed.volume).run_script(actions, 4 * costs.run_rt(12, 3), [placed.ports["done"]], 2)[:, 0]
    edges = np.flatnonzero(np.diff((lamp > 0).astype(int)))
    assert edges[1] + 2 == costs.run_rt(12, 3)
    assert costs.run_rt(240, 240) == 23_902
