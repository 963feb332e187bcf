"""The integer operators of the hardware on real-valued tensors, with gradients that pass straight through.

A value of format sN.f is held as the float `integer * 2^-f`. Integers stay below 2^24 wherever they are
summed or multiplied (`ChatConfig` refuses wider ones; the norm works in float64), so float32 computes the
very integers that the golden model computes, in any order of summation. Forward is exact; backward is that
of the real function that the operator stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from craftc.ir.types import Fixed

UNIT_BITS = 14
"""Fraction bits of x / |x| inside a norm."""
GAIN_BITS = 5
"""Fraction bits of a gain."""
NORM_OUT = Fixed(16, 10)
"""Format of a norm before it is rounded to the format that matrices read."""
NUMERATOR_BITS = 28
"""The reciprocal of |x| is taken of 2^this."""
FLOOR_BITS = 5
"""|x| is at least 2^this, in units of the residual's last bit: epsilon of the norm."""

SCORE_STEP_BITS = 5
"""The exponential of attention has steps of 2^-5."""
SCORE_TABLE_SIZE = 256
SCORE_TOP = 1023
"""Entry 0 of its table, so that a weight stays below 1."""
SCORE_RECIPROCAL_BITS = 24
WEIGHT_FRACTION = 8
"""Attention weights are u8.8."""


class _Through(torch.autograd.Function):
    """`exact` forward, the gradient of `real` backward."""

    @staticmethod
    def forward(ctx: Any, real: Tensor, exact: Tensor) -> Tensor:
        return exact.to(real.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return grads[0], None


def through(real: Tensor, exact: Tensor) -> Tensor:
    """Returns `exact` with the gradient of `real`."""
    found: Tensor = _Through.apply(real, exact)  # type: ignore[no-untyped-call]
    return found


class _Format(torch.autograd.Function):
    """Rounding and clamping in one pass; the gradient stops where a value was clamped."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: float, low: float, high: float) -> Tensor:
        units = (x * scale).add_(0.5).floor_()
        clamped = units.clamp(low, high)
        ctx.save_for_backward(torch.eq(clamped, units, out=units))  # 1.0 inside, 0.0 outside
        return clamped.mul_(1 / scale)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (inside,) = ctx.saved_tensors
        return grads[0] * inside, None, None, None


def to_format(x: Tensor, fmt: Fixed) -> Tensor:
    """Returns x rounded to the nearest value of a format (half up) and clamped to its range.

    Clamped values pass no gradient.
    """
    found: Tensor = _Format.apply(x, float(1 << fmt.frac), float(fmt.low), float(fmt.high))  # type: ignore[no-untyped-call]
    return found


def to_codes(latent: Tensor, step: Tensor, largest: int) -> Tensor:
    """Returns the codes -largest..largest of weights (rows, columns), whole numbers, rounded half to even.

    A code c of row i stands for the weight c * step[i]; step is (rows, 1).
    """
    edge = largest + 0.49
    real = (latent / step).clamp(-edge, edge)
    return through(real, real.detach().round().clamp(-largest, largest))


def rms_norm(x: Tensor, gain: Tensor, residual: Fixed) -> Tensor:
    """Returns x / |x| * gain in NORM_OUT, as `layer_norm` without centring computes it.

    x (..., d) holds values of the residual format; gain (d,) is 0 or more and already a multiple of
    2^-GAIN_BITS, and stands for gain * sqrt(d) of the usual norm.
    """
    floor = 4.0**FLOOR_BITS / 4.0**residual.frac
    real = x * torch.rsqrt(x.square().sum(-1, keepdim=True) + floor) * gain
    with torch.no_grad():
        u = x.double() * (1 << residual.frac)  # integers
        size = torch.floor(
            torch.sqrt(_magnitude(u, residual).square_().sum(-1, keepdim=True) + 4.0**FLOOR_BITS)
        )
        inverse = torch.floor(2.0**NUMERATOR_BITS / size).mul_(2.0 ** (UNIT_BITS - NUMERATOR_BITS))
        top = float(NORM_OUT.high)
        unit = _magnitude(u, residual).mul_(inverse).floor_().clamp_(max=top)
        shift = UNIT_BITS + GAIN_BITS - NORM_OUT.frac
        scaled = unit.mul_(gain.double() * 2.0 ** (GAIN_BITS - shift)).floor_().clamp_(max=top)
        exact = torch.copysign(scaled, u).mul_(2.0**-NORM_OUT.frac)
    return through(real, exact)


def _magnitude(u: Tensor, fmt: Fixed) -> Tensor:
    """Returns a new tensor of |u|, which is 0 for the least value of the format."""
    return u.abs().masked_fill_(u == fmt.low, 0.0)


def score_table() -> npt.NDArray[np.int64]:
    """Returns SCORE_TOP * exp(-i / 2^SCORE_STEP_BITS), rounded, for i = 0, 1, ..."""
    steps = np.arange(SCORE_TABLE_SIZE) / (1 << SCORE_STEP_BITS)
    found: npt.NDArray[np.int64] = np.rint(SCORE_TOP * np.exp(-steps)).astype(np.int64)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Softmax:
    """Attention weights of scores: the table, its reciprocal and their product, in integers."""

    table: Tensor  # (SCORE_TABLE_SIZE + 1,), the last entry 0

    @classmethod
    def make(cls, device: torch.device) -> Softmax:
        """Returns the operator with its table on a device."""
        table = np.append(score_table(), 0).astype(np.float32)
        return cls(torch.from_numpy(table).to(device))

    def __call__(self, scores: Tensor, hidden: Tensor) -> Tensor:
        """Returns weights (..., T, T) in u8.8 for scores (..., T, T); `hidden` (T, T) is masked out."""
        seen = scores.masked_fill(hidden, -torch.inf)
        with torch.no_grad():
            step = torch.floor((seen.amax(-1, keepdim=True) - seen) * (1 << SCORE_STEP_BITS))
            entry = step.clamp(max=SCORE_TABLE_SIZE).to(torch.int32)
            e = self.table[entry]
            inverse = torch.floor(2.0**SCORE_RECIPROCAL_BITS / e.sum(-1, keepdim=True).double()).float()
            weight = torch.floor(e * inverse * 2.0 ** (WEIGHT_FRACTION - SCORE_RECIPROCAL_BITS))
        return through(seen.softmax(-1), weight / (1 << WEIGHT_FRACTION))
