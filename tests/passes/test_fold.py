"""Folding: weights and biases can be read back from the ROM, and illegal settings name the legal ones."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftc.config import BuildConfig
from craftc.errors import FoldingError, OverflowRefused, UnsupportedOp
from craftc.model.checkpoint import BIAS_STEP, Checkpoint, Layer, make_layer
from craftc.model.random_model import random_model
from craftc.passes.fold import AREA_PASSES, MAX_LEVELS, LayerPlan, fold, legal_levels

sizes = st.tuples(st.integers(4, 40), st.integers(3, 30), st.integers(1, 12))
PLAIN = BuildConfig()


def signed(digits: np.ndarray) -> np.ndarray:
    """Return int4 codes of ROM digits."""
    codes = digits.astype(np.int64)
    return np.where(codes >= 8, codes - 16, codes)


def rebuilt(plan: LayerPlan) -> tuple[np.ndarray, np.ndarray]:
    """Return (weight codes (n_out, n_in), bias (n_out,)) read back from the ROM; all else must be 0."""
    rom = signed(plan.rom).reshape(plan.passes, plan.words, plan.levels, 2)
    by_neuron = rom.transpose(0, 2, 1, 3).reshape(plan.passes * plan.levels, plan.words, 2).copy()
    weights = np.zeros((plan.n_out, plan.n_in), dtype=np.int64)
    bias = np.zeros(plan.n_out, dtype=np.int64)
    for side, inputs, count in ((0, plan.north, plan.const_north), (1, plan.south, plan.const_south)):
        column = by_neuron[:, :, side]
        weights[:, list(inputs)] = column[: plan.n_out, : len(inputs)]
        column[: plan.n_out, : len(inputs)] = 0
        if plan.planes == 1:
            first, constant = len(inputs), 1
        else:
            first = len(plan.north) + side * plan.const_north
            constant = BIAS_STEP if side else 1
        bias += constant * column[: plan.n_out, first : first + count].sum(axis=1)
        column[: plan.n_out, first : first + count] = 0
    assert not by_neuron.any(), "a digit that nobody asked for"
    return weights, bias


def check(checkpoint: Checkpoint, plans: tuple[LayerPlan, ...]) -> None:
    assert len(plans) == len(checkpoint.layers)
    for plan, layer in zip(plans, checkpoint.layers, strict=True):
        assert sorted(plan.north + plan.south) == list(range(layer.n_in))
        assert plan.rom.shape == (plan.passes * plan.words, plan.levels, 2)
        assert (plan.passes - 1) * plan.levels < layer.n_out <= plan.passes * plan.levels
        weights, bias = rebuilt(plan)
        assert np.array_equal(weights, layer.weight_codes)
        assert np.array_equal(bias, layer.bias)


@settings(max_examples=60, deadline=None)
@given(sizes=sizes, seed=st.integers(0, 1000), optimize=st.sampled_from(["area", "balanced"]))
def test_every_weight_and_bias_can_be_read_back(sizes: tuple[int, ...], seed: int, optimize: str) -> None:
    checkpoint = random_model(sizes, seed)
    check(checkpoint, fold(checkpoint, BuildConfig(optimize=optimize)))  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(sizes=sizes, seed=st.integers(0, 1000), data=st.data())
def test_so_they_can_with_every_legal_number_of_lanes(
    sizes: tuple[int, ...], seed: int, data: st.DataObject
) -> None:
    checkpoint = random_model(sizes, seed)
    widest = max(layer.n_out for layer in checkpoint.layers[:-1])
    lanes = 2 * data.draw(st.sampled_from(legal_levels(widest)))
    plans = fold(checkpoint, BuildConfig(lanes=lanes))
    check(checkpoint, plans)
    assert max(plan.lanes for plan in plans[:-1]) == lanes
    assert plans[-1].passes == 1  # argmax wants all classes in one row


def test_a_wrong_digit_is_noticed() -> None:
    checkpoint = random_model((12, 9, 5), 1)
    plans = fold(checkpoint, PLAIN)
    rng = np.random.default_rng(0)
    for plan, layer in zip(plans, checkpoint.layers, strict=True):
        for _ in range(20):
            at = tuple(int(rng.integers(n)) for n in plan.rom.shape)
            plan.rom[at] ^= 1
            try:
                weights, bias = rebuilt(plan)
                assert not (np.array_equal(weights, layer.weight_codes) and np.array_equal(bias, layer.bias))
            except AssertionError as error:
                assert "nobody asked for" in str(error)
            plan.rom[at] ^= 1


def legal_of(error: pytest.ExceptionInfo[FoldingError]) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", error.value.legal)]


@pytest.mark.parametrize("setting", ["lanes", "words_per_lane"])
@pytest.mark.parametrize("shape", [(16, 12, 4), (20, 7, 10), (9, 3, 2)])
def test_legal_values_are_exactly_those_that_are_named(setting: str, shape: tuple[int, ...]) -> None:
    checkpoint = random_model(shape, 5)
    with pytest.raises(FoldingError, match=rf"layer \d: 60000 {setting.replace('_', ' ')}") as refused:
        fold(checkpoint, BuildConfig(**{setting: 60_000}))
    legal = legal_of(refused)
    assert legal == sorted(set(legal)) and legal
    for value in range(1, max(legal) + 3):
        if value in legal:
            check(checkpoint, fold(checkpoint, BuildConfig(**{setting: value})))
        else:
            with pytest.raises(FoldingError) as error:
                fold(checkpoint, BuildConfig(**{setting: value}))
            assert legal_of(error) == legal


def test_lanes_of_the_digits_network_are_named() -> None:
    checkpoint = random_model((64, 32, 10), 0)
    with pytest.raises(FoldingError, match=r"layer 0: 7 lanes \(legal: 2, 4, 6, .*, 22, 32, 64\)"):
        fold(checkpoint, BuildConfig(lanes=7))


def test_lanes_and_words_together_are_refused() -> None:
    with pytest.raises(FoldingError, match="both"):
        fold(random_model((8, 4, 2), 0), BuildConfig(lanes=8, words_per_lane=8))


@given(st.integers(1, 400))
def test_legal_levels(n_out: int) -> None:
    legal = legal_levels(n_out)
    assert list(legal) == sorted(set(legal), reverse=True)
    assert all(1 <= n <= min(n_out, MAX_LEVELS) for n in legal) and legal[-1] == 1
    for levels in legal:  # one level less would need another pass
        passes = -(-n_out // levels)
        assert levels == 1 or -(-n_out // (levels - 1)) > passes


def test_area_halves_the_levels() -> None:
    checkpoint = random_model((16, 12, 6), 2)
    area, speed = fold(checkpoint, BuildConfig(optimize="area")), fold(checkpoint, PLAIN)
    assert [p.passes for p in speed] == [1, 1] and [p.passes for p in area] == [AREA_PASSES, 1]
    assert [p.levels for p in area] == [6, 6]
    assert all(a.rom.size == s.rom.size for a, s in zip(area, speed, strict=True))


def layer(n_in: int, n_out: int, bits: int, shift: int | None, weight: int = 1) -> Layer:
    return make_layer(np.full((n_out, n_in), weight), np.zeros(n_out, dtype=np.int64), [], bits, shift)


@pytest.mark.parametrize(
    ("layers", "what"),
    [
        ((layer(4, 3, 4, 3), layer(3, 2, 4, None)), "layer 0: 4-bit inputs"),
        ((layer(3, 3, 1, 3), layer(3, 2, 4, None)), r"layer 0: 3 inputs \(legal: 4 or more inputs\)"),
        ((layer(4, 2, 1, 3), layer(2, 2, 4, None)), r"layer 0: 2 neurons \(legal: 3 or more neurons\)"),
        ((layer(4, 3, 1, 3), layer(3, 2, 4, 3), layer(2, 2, 4, None)), "layer 1: 2 neurons"),
        ((layer(4, 3, 1, 2), layer(3, 2, 4, None)), r"layer 0: shift 2 \(legal: 0, 3, 6, 9\)"),
    ],
)
def test_what_has_no_hardware_is_refused(layers: tuple[Layer, ...], what: str) -> None:
    with pytest.raises(UnsupportedOp, match=what):
        fold(Checkpoint("net", layers), BuildConfig())


def test_a_single_layer_gets_all_its_neurons_in_one_pass() -> None:
    checkpoint = random_model((9, 4), 3)
    (plan,) = plans = fold(checkpoint, BuildConfig())
    check(checkpoint, plans)
    assert (plan.passes, plan.lanes) == (1, 8)
    assert fold(checkpoint, BuildConfig(lanes=8))[0].lanes == 8
    with pytest.raises(FoldingError, match=r"layer 0: 4 lanes \(legal: 8\)"):
        fold(checkpoint, BuildConfig(lanes=4))


def test_a_sum_too_wide_is_refused() -> None:
    wide = Checkpoint("net", (layer(4, 200, 1, 0), layer(200, 2, 4, None, 7)))
    with pytest.raises(OverflowRefused, match="layer 1"):
        fold(wide, BuildConfig())
