"""The fits of the matrix engine against what was built, and against an engine built here."""

from __future__ import annotations

import numpy as np
import pytest

from craftc.estimate import matrix_costs as costs
from craftc.passes.matrix.encode import folded_digits
from craftc.passes.matrix.fold import Fold
from craftc.passes.matrix.layout import place_matrix
from craftc.sim import Board


@pytest.mark.parametrize("built", costs.BUILT, ids=lambda b: f"{b.fold.rows}x{b.fold.inputs}x{b.fold.lanes}")
def test_the_fits_meet_the_builds(built: costs.BuiltMatrix) -> None:
    assert costs.blocks(built.fold) == pytest.approx(built.blocks, rel=0.005)
    assert costs.nodes(built.fold) == pytest.approx(built.nodes, rel=0.005)
    assert costs.events(built.fold) == pytest.approx(built.events, rel=0.06)


def test_an_engine_of_the_size_of_a_build_has_its_blocks() -> None:
    fold = Fold(60, 60, 30)
    weights = np.random.default_rng(0).integers(-300, 301, (60, 60))
    placed = place_matrix(folded_digits(weights, fold), fold)
    board = Board(placed.volume)
    assert placed.volume.placed_blocks == pytest.approx(costs.blocks(fold), rel=0.03)
    assert board.nodes == pytest.approx(costs.nodes(fold), rel=0.03)


def test_done_comes_when_it_should() -> None:
    fold = Fold(12, 3, 12)
    placed = place_matrix(folded_digits(np.ones((12, 3), dtype=np.int64), fold), fold)
    actions = [(0, placed.ports["start"], True)]
    lamp = Board(placed.volume).run_script(actions, 4 * costs.run_rt(fold), [placed.ports["done"]], 2)[:, 0]
    edges = np.flatnonzero(np.diff((lamp > 0).astype(int)))
    assert edges[1] + 2 == costs.run_rt(fold)
    assert costs.run_rt(Fold(240, 240, 240)) == 23_922
