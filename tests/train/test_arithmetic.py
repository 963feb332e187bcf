"""The integer operators on tensors: exact values, gradients of what they stand for."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from craftc.ir.types import Fixed
from craftc.train.arithmetic import (
    FLOOR_BITS,
    GAIN_BITS,
    NORM_OUT,
    NUMERATOR_BITS,
    SCORE_STEP_BITS,
    UNIT_BITS,
    Softmax,
    rms_norm,
    score_table,
    through,
    to_codes,
    to_format,
)

RESIDUAL = Fixed(16, 10)


def norm_by_hand(x: list[int], gain: list[int]) -> list[int]:
    """Returns the norm of integers x by Python integers: the formula of the IR, written again."""
    mags = [0 if v == RESIDUAL.low else abs(v) for v in x]
    size = math.isqrt(sum(m * m for m in mags) + (1 << 2 * FLOOR_BITS))
    inverse = (1 << NUMERATOR_BITS) // size
    found = []
    for v, m, g in zip(x, mags, gain, strict=True):
        unit = min(m * inverse >> (NUMERATOR_BITS - UNIT_BITS), NORM_OUT.high)
        y = min(unit * g >> (UNIT_BITS + GAIN_BITS - NORM_OUT.frac), NORM_OUT.high)
        found.append(-y if v < 0 else y)
    return found


def test_through_takes_the_value_of_one_and_the_gradient_of_the_other() -> None:
    x = torch.tensor([0.3, 5.0], requires_grad=True)
    y = through(x * 2, torch.tensor([7.0, -1.0]))
    y.sum().backward()
    assert y.tolist() == [7.0, -1.0] and x.grad is not None and x.grad.tolist() == [2.0, 2.0]


def test_formats_round_half_up_and_clamp() -> None:
    x = torch.tensor([0.03125, -0.03125, 0.09, 100.0, -100.0])
    assert to_format(x, Fixed(8, 4)).tolist() == [0.0625, 0.0, 0.0625, 127 / 16, -8.0]


def test_clamped_values_pass_no_gradient() -> None:
    x = torch.tensor([1.0, 100.0], requires_grad=True)
    to_format(x, Fixed(8, 4)).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [1.0, 0.0]


def test_codes_stay_within_the_largest() -> None:
    latent, step = (
        torch.tensor([[0.6, -3.0, 0.26, 9.0], [0.6, -3.0, 0.26, 9.0]]),
        torch.tensor([[0.5], [2.0]]),
    )
    assert to_codes(latent, step, 3).tolist() == [[1.0, -3.0, 1.0, 3.0], [0.0, -2.0, 0.0, 3.0]]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(RESIDUAL.low, RESIDUAL.high), min_size=1, max_size=70),
    st.lists(st.integers(0, 1023), min_size=70, max_size=70),
)
def test_norm_is_the_formula(x: list[int], gains: list[int]) -> None:
    gain = gains[: len(x)]
    real = torch.tensor(x, dtype=torch.float32) / (1 << RESIDUAL.frac)
    found = rms_norm(real, torch.tensor(gain, dtype=torch.float32) / (1 << GAIN_BITS), RESIDUAL)
    assert (found * (1 << NORM_OUT.frac)).to(torch.int64).tolist() == norm_by_hand(x, gain)


def test_norm_is_near_the_real_one() -> None:
    x = torch.randn(5, 64, generator=torch.Generator().manual_seed(0))
    x = to_format(x, RESIDUAL)
    gain = torch.full((64,), 8.0)
    real = x / x.square().mean(-1, keepdim=True).sqrt()
    assert float((rms_norm(x, gain, RESIDUAL) - real).abs().max()) < 0.01


def test_table_is_the_exponential() -> None:
    table = score_table()
    assert (
        table[0] == 1023
        and table[1 << SCORE_STEP_BITS] == round(1023 / math.e)
        and (np.diff(table) <= 0).all()
    )


@pytest.mark.parametrize("length", [1, 7, 64])
def test_attention_weights_are_near_the_softmax(length: int) -> None:
    scores = (
        torch.randint(-4000, 4000, (3, length, length), generator=torch.Generator().manual_seed(1)) / 1024
    )
    hidden = torch.ones(length, length, dtype=torch.bool).triu(1)
    found = Softmax.make(torch.device("cpu"))(scores, hidden)
    assert float((found - scores.masked_fill(hidden, -torch.inf).softmax(-1)).abs().max()) < 0.03
    assert float(found.max()) < 1.0 and not bool(found[:, hidden].any())
    assert torch.equal(found * 256, (found * 256).round())
