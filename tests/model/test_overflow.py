"""The overflow proof against exhaustive enumeration and a modular accumulator."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftc.errors import OverflowRefused
from craftc.model import Checkpoint, prove, random_model
from craftc.model.checkpoint import Layer, make_layer
from craftc.model.overflow import (
    digits_for,
    layer_range,
    require_digits,
    signed_bits,
    streamed_weights,
)


@st.composite
def small_layers(draw: st.DrawFn) -> Layer:
    """Draws a layer small enough to try every input."""
    bits = draw(st.sampled_from([1, 4]))
    n_in = draw(st.integers(1, 6 if bits == 1 else 2))
    n_out = draw(st.integers(1, 3))
    code = st.integers(-8, 7)
    codes = draw(st.lists(st.lists(code, min_size=n_in, max_size=n_in), min_size=n_out, max_size=n_out))
    bias = draw(st.lists(st.integers(-16, 14), min_size=n_out, max_size=n_out))
    return make_layer(codes, bias, [1, 1] if bits == 1 else [1, 8], bits, None)


def all_inputs(layer: Layer) -> np.ndarray:
    """Returns every input (n, n_in) of a small layer."""
    return np.array(list(product(range(layer.input_max + 1), repeat=layer.n_in)), dtype=np.int64)


def stream(layer: Layer, x: np.ndarray, modulus: int = 0) -> list[np.ndarray]:
    """Returns the accumulator (n, n_out) after every step of the machine, modulo `modulus` if given."""
    constants = np.broadcast_to(layer.bias_constants, (len(x), layer.bias_constants.size))
    full = np.concatenate([x, constants], axis=1)
    weights = streamed_weights(layer).astype(np.int64)
    acc = np.zeros((len(x), layer.n_out), dtype=np.int64)
    seen: list[np.ndarray] = []
    for plane in range(layer.input_bits - 1, -1, -1):
        acc = 2 * acc % modulus if modulus else 2 * acc
        seen.append(acc)
        for i in range(full.shape[1]):
            acc = acc + ((full[:, i, None] >> plane) & 1) * weights[:, i]
            acc = acc % modulus if modulus else acc
            seen.append(acc)
    return seen


@settings(max_examples=60, deadline=None)
@given(small_layers())
def test_ranges_are_exact(layer: Layer) -> None:
    found = layer_range(layer)
    steps = stream(layer, all_inputs(layer))
    assert np.array_equal(steps[-1].min(axis=0), found.low)
    assert np.array_equal(steps[-1].max(axis=0), found.high)
    assert (min(int(s.min()) for s in steps), max(int(s.max()) for s in steps)) == found.intermediate


@settings(max_examples=60, deadline=None)
@given(small_layers())
def test_wrapping_accumulator_of_that_width_is_right_and_one_less_is_not(layer: Layer) -> None:
    found = layer_range(layer)
    exact = stream(layer, all_inputs(layer))[-1]

    def wrapped(digits: int) -> np.ndarray:
        acc = stream(layer, all_inputs(layer), 8**digits)[-1]
        return np.where(acc >= 8**digits // 2, acc - 8**digits, acc)

    assert np.array_equal(wrapped(found.digits), exact)
    if found.digits > 1:
        assert not np.array_equal(wrapped(found.digits - 1), exact)


@pytest.mark.parametrize(
    ("low", "high", "bits"),
    [(0, 0, 1), (-1, 0, 1), (0, 1, 2), (-4, 3, 3), (-5, 3, 4), (-4, 4, 4), (-256, 255, 9)],
)
def test_signed_bits(low: int, high: int, bits: int) -> None:
    assert signed_bits(low, high) == bits
    assert -(2 ** (bits - 1)) <= low and high < 2 ** (bits - 1)


def test_digits_round_up() -> None:
    assert [digits_for(bits) for bits in (1, 3, 4, 12, 13)] == [1, 1, 2, 4, 5]


def test_refusal_names_layer_output_and_width() -> None:
    model = Checkpoint(
        "net",
        (
            make_layer([[1] * 4] * 3, [0] * 3, [], 1, 0),
            make_layer([[1, 1, 1], [7, 7, 7]], [0, 0], [], 4, None),
        ),
    )
    assert [r.digits for r in prove(model, 4)] == [2, 4]
    with pytest.raises(
        OverflowRefused,
        match=r"net: layer 1: output 1 reaches 0\.\.315 and needs 10 bits = 4 octal digits, 3 are",
    ):
        prove(model, 3)
    with pytest.raises(OverflowRefused, match="layer 0"):
        require_digits("net", prove(model), [1, 4])


def test_differences_fit_compare_digits() -> None:
    found = prove(random_model((40, 20, 10), 5))[-1]
    spread = int(found.high.max() - found.low.min())
    assert spread < 8**found.compare_digits // 2
    assert found.compare_digits == found.digits or spread >= 8 ** (found.compare_digits - 1) // 2
