"""Networks of odd shapes: built and equal to their model, or refused early with the legal range."""

from __future__ import annotations

import pytest

from craftc.config import BuildConfig
from craftc.errors import UnsupportedOp
from craftc.model.checkpoint import Checkpoint
from craftc.model.random_model import random_model
from craftc.passes.assemble import assemble
from craftc.passes.fold import LayerPlan, fold
from craftc.passes.machine import bake, check_layout, check_rules
from craftc.passes.output import io_of
from craftc.passes.program import CALM, HASTY, Pace
from craftc.verify.engine import verify_machine
from craftc.verify.run import boards_of
from craftc.verify.vectors import random_vectors

VECTORS = 3
SHAPES = [(9, 2), (12, 6, 4), (16, 8, 3), (20, 10, 10, 5)]


FAST = [((16, 8, 3), (2,))]  # with the groups of their hidden layers


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape)))
def test_a_machine_of_any_shape_agrees_with_its_model(shape: tuple[int, ...]) -> None:
    checkpoint = random_model(shape, sum(shape))
    _build_and_compare(checkpoint, fold(checkpoint, BuildConfig()), CALM)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "cuts"), FAST, ids=lambda value: "-".join(map(str, value)))
def test_so_does_one_whose_layers_are_cut(shape: tuple[int, ...], cuts: tuple[int, ...]) -> None:
    checkpoint = random_model(shape, sum(shape))
    _build_and_compare(checkpoint, fold(checkpoint, BuildConfig(optimize="speed"), cuts), HASTY)


def _build_and_compare(checkpoint: Checkpoint, plans: tuple[LayerPlan, ...], pace: Pace) -> None:
    """Assert that the machine of these plans keeps all rules and agrees with the model."""
    baked = bake(assemble(plans, None, pace))
    assert check_rules(baked) == 0 and check_layout(baked).ok
    vectors = random_vectors(checkpoint.n_in, VECTORS, 1)
    found = verify_machine(boards_of(baked.volume, 1), io_of(baked, plans), checkpoint, vectors,
                           sequences=("reset",))  # fmt: skip
    assert found.mismatches == 0 and found.vectors == VECTORS


@pytest.mark.parametrize(
    ("shape", "what"),
    [
        ((9, 1, 2), r"layer 0: 1 neurons \(legal: 3 or more neurons\)"),
        ((3, 4, 2), r"layer 0: 3 inputs \(legal: 4 or more inputs\)"),
        ((8, 4, 2, 3), "layer 1: 2 neurons"),
        ((8, 4, 151), r"151 classes \(legal: at most 150\)"),
    ],
)
def test_shapes_without_hardware_are_refused_with_the_legal_range(shape: tuple[int, ...], what: str) -> None:
    with pytest.raises(UnsupportedOp, match=what):
        fold(random_model(shape, 0), BuildConfig())
