"""Rules of checkpoints: biases, ranges, refusals of make_layer and validate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from craftc.errors import ModelError
from craftc.model.checkpoint import (
    Checkpoint,
    Layer,
    bias_codes,
    bias_range,
    constants_for,
    make_layer,
)

CONSTANTS = [[1], [1, 1, 1, 1], [1, 8], [8, 1], [1, 8, 1, 8], [1, 8, 8], [1, 1, 8]]


def two_layers(**changes: object) -> list[Layer]:
    """Returns a legal 3-2-2 pair of layers, the first changed as asked."""
    first: dict[str, object] = {
        "weight_codes": [[1, -8, 7], [0, 2, -3]],
        "bias": [5, -9],
        "bias_constants": [1, 1],
        "input_bits": 1,
        "shift": 3,
    }
    return [make_layer(**(first | changes)), make_layer([[1, 2], [3, -4]], [-72, 63], [1, 8], 4, None)]  # type: ignore[arg-type]


@pytest.mark.parametrize("constants", CONSTANTS)
def test_every_bias_in_range_is_carried_exactly(constants: list[int]) -> None:
    low, high = bias_range(constants)
    bias = np.arange(low, high + 1)
    layer = make_layer(np.zeros((bias.size, 1), int), bias, constants, 4, None)
    codes = bias_codes(layer)
    assert codes.dtype == np.int8 and codes.min() >= -8 and codes.max() <= 7
    assert np.array_equal(codes.astype(np.int64) @ np.array(constants), bias)


@pytest.mark.parametrize("constants", CONSTANTS)
@pytest.mark.parametrize("side", [0, 1])
def test_bias_one_beyond_the_range_is_refused(constants: list[int], side: int) -> None:
    low, high = bias_range(constants)
    layer = make_layer([[1], [1]], [0, (low - 1, high + 1)[side]], constants, 4, None)
    with pytest.raises(ModelError, match=rf"layer 3: bias\[1\] = .* \(legal: {low}\.\.{high}"):
        bias_codes(layer, "layer 3")


def test_no_constants_carry_only_zero() -> None:
    assert bias_codes(make_layer([[1]], [0], [], 4, None)).shape == (1, 0)
    with pytest.raises(ModelError, match=r"bias\[0\] = 1"):
        bias_codes(make_layer([[1]], [1], [], 4, None))


@given(st.lists(st.integers(-3000, 3000), min_size=1, max_size=5), st.sampled_from([1, 4]))
def test_constants_for_is_enough_and_shortest(bias: list[int], bits: int) -> None:
    constants = constants_for(bias, bits)
    layer = make_layer(np.zeros((len(bias), 1), int), bias, constants, bits, None)
    assert np.array_equal(bias_codes(layer).astype(np.int64) @ constants, bias)
    if constants.size:
        low, high = bias_range(constants[:-1])
        assert min(bias) < low or max(bias) > high


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight_codes": [[8, 0, 0], [0, 0, 0]]}, r"layer 0: weight_codes reach 0\.\.8 \(legal: -8\.\.7"),
        ({"weight_codes": [[0, -9, 0], [0, 0, 0]]}, r"weight_codes reach -9\.\.0"),
        (
            {"weight_codes": [[0, 1, 0]], "bias": [0]},
            r"layer 1: weight_codes has 2 inputs, the layer before has 1",
        ),
        ({"weight_codes": [0, 1, 0]}, r"weight_codes has shape \(3,\)"),
        ({"weight_codes": np.zeros((0, 3), int), "bias": []}, r"weight_codes has shape \(0, 3\)"),
        ({"bias": [1]}, r"bias has shape \(1,\) \(legal: \(2,\)\)"),
        ({"bias": [15, 0]}, r"bias\[0\] = 15 does not fit the 2 bias constants \[1, 1\]"),
        ({"bias_constants": [1, 8]}, r"bias_constants are \[1, 8\]"),
        ({"bias_constants": [[1, 1]]}, r"bias_constants has shape \(1, 2\)"),
        ({"input_bits": 2}, r"input_bits is 2 \(legal: 1 or 4\)"),
        ({"shift": 13}, r"shift is 13 \(legal: 0\.\.12\)"),
        ({"shift": None}, r"activation is 'none' in a hidden layer"),
    ],
)
def test_broken_rule_is_refused_by_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Checkpoint("net", tuple(two_layers(**changes)))


def test_last_layer_rules() -> None:
    first, last = two_layers()
    with pytest.raises(ModelError, match=r"layer 1: activation is 'relu4' in the last layer"):
        Checkpoint("net", (first, make_layer([[1, 2]], [0], [1], 4, 3)))
    with pytest.raises(ModelError, match=r"layer 1: input_bits is 1"):
        Checkpoint("net", (first, make_layer([[1, 2]], [0], [1], 1, None)))
    with pytest.raises(ModelError, match=r"layer 1: bias_constants are \[8\]"):
        Checkpoint("net", (first, make_layer([[1, 2]], [0], [8], 4, None)))
    with pytest.raises(ModelError, match="no layers"):
        Checkpoint("net", ())
    assert Checkpoint("net", (first, last)).sizes == (3, 2, 2)


@pytest.mark.parametrize("codes", [[[0.5]], [[300]], [[True]]])
def test_inexact_values_are_refused(codes: list[list[object]]) -> None:
    with pytest.raises(ModelError, match="weight_codes"):
        make_layer(codes, [0], [1], 1, None)  # type: ignore[arg-type]


def test_arrays_are_copies_and_read_only() -> None:
    given_codes = np.array([[1, 2]])
    layer = make_layer(given_codes, [0], [1], 1, None)
    given_codes[0, 0] = 7
    assert layer.weight_codes[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        layer.weight_codes[0, 0] = 3
