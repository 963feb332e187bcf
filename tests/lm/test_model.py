"""Language models in memory: numerics, exact weights, what is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.lm.toys import VOCABULARY, WIDTH, toy

from craftc import lm
from craftc.errors import ModelError
from craftc.ir.ops import companded


def test_numerics_change_products_and_nothing_else() -> None:
    model = toy(1, short=True)
    other = model.with_numerics("integer")
    assert {n["products"] for n in other.graph if n.op == "matmul"} == {"exact"}
    assert other.tensors is model.tensors or all(other.tensors[k] is v for k, v in model.tensors.items())
    assert other.with_numerics("craftgpt").graph == model.graph
    with pytest.raises(ModelError, match=r"numerics 'float'.*craftgpt, integer"):
        model.with_numerics("float")
    with pytest.raises(ModelError, match=r"products are floored.*exact, as integer says"):
        replace(model, numerics="integer")


def test_numerics_differ_by_less_than_one_unit_per_product() -> None:
    """Floors lose less than 1 and less than 1 per product, signs apart."""
    model = toy(1, short=True)
    x = np.random.default_rng(0).integers(-(1 << 13), 1 << 13, (50, WIDTH))
    floored = lm.golden(model, "m.query", x)
    exact = lm.golden(model.with_numerics("integer"), "m.query", x)
    assert (floored != exact).any()
    assert np.abs(floored - exact).max() <= 2 * WIDTH


def test_companded_codes_decode_to_units_of_2_to_the_minus_11() -> None:
    """Five segments: c/2048, (c-32)/1024, (c-80)/256, (c-104)/64, (c-112)/32."""
    ranges = [(0, 64, 0, 1), (64, 96, 32, 2), (96, 112, 80, 8), (112, 120, 104, 32), (120, 128, 112, 64)]
    for first, last, offset, unit in ranges:
        for code in range(first, last):
            assert companded(code).units == (code - offset) * unit
    model = toy(1, short=True)
    matrix = lm.integer_weights(model, "m.query")
    codes = model.tensors["query"].astype(int)
    signs = np.where(codes >= 128, -1, 1)
    np.testing.assert_array_equal(
        matrix.weights, signs * [[companded(c % 128).units for c in r] for r in codes]
    )
    assert (matrix.fraction, matrix.shift, str(matrix.x), str(matrix.y)) == (11, 11, "s16.10", "s16.10")


def test_exact_weights_explain_the_operator() -> None:
    for model in (toy(1), toy(1, short=True).with_numerics("integer")):
        matrix = lm.integer_weights(model, "m.query")
        x = np.random.default_rng(0).integers(-(1 << 15), 1 << 15, (20, WIDTH))
        total = matrix.multiplier * (x @ matrix.weights.T) >> matrix.shift
        wrapped = (total + (1 << 15)) % (1 << 16) - (1 << 15)
        np.testing.assert_array_equal(lm.golden(model, "m.query", x), wrapped)
    with pytest.raises(ModelError, match=r"no matrix 'norm1'.*m.query"):
        lm.integer_weights(toy(), "norm1")


def test_operands_out_of_range_are_refused() -> None:
    with pytest.raises(ModelError, match=r"norm1 reaches 0\.\.32768"):
        lm.golden(toy(), "m.query", np.array([[32768] + [0] * (WIDTH - 1)]))
    with pytest.raises(ModelError, match=r"norm1 is int64\[1, 3\]"):
        lm.golden(toy(), "m.query", np.zeros((1, 3), np.int64))
    with pytest.raises(ModelError, match="norm1 is float64"):
        lm.golden(toy(), "m.query", np.zeros((1, WIDTH)))


def test_counts() -> None:
    model = toy()
    matrices, tables = 6 * WIDTH * WIDTH + VOCABULARY * WIDTH, (VOCABULARY + 24) * WIDTH
    assert model.parameters == matrices + tables + WIDTH  # one gain serves three norms
    assert (model.vocabulary, model.context) == (VOCABULARY, 24)


def test_tensors_are_read_only_and_kept_apart_from_the_givers() -> None:
    model = toy()
    with pytest.raises(ValueError, match="read-only"):
        model.tensors["up"][0, 0] = 1
    mine = dict(model.tensors)
    mine["up"] = mine["up"].copy()
    other = replace(model, tensors=mine)
    mine["up"][:] = 0
    assert other.tensors["up"].any()


def test_floats_are_no_tensors() -> None:
    model = toy()
    with pytest.raises(ModelError, match="tensor 'up' is of float64"):
        replace(model, tensors={**model.tensors, "up": model.tensors["up"] * 1.0})
