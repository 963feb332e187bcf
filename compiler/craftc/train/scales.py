"""Steps of quantized weights: a code c of row i stands for c * multiplier[i] * 2^-fraction.

    kind      multiplier[i]                     hardware
    matrix    1                                 wiring
    shift     1, 2, 4, ... 128                  a shift per row
    row       1 .. 255                          a product with 8 bits per row

The step of a row is the one that rounds its weights with the least squared error.
"""

from __future__ import annotations

import torch
from torch import Tensor

from craftc.train.config import Scales

MULTIPLIER_BITS = 8
MULTIPLIER_MAX = (1 << MULTIPLIER_BITS) - 1
_TRIED = 48
"""Steps that are tried between a quarter of what the largest weight needs, and that."""


def choose(weight: Tensor, largest: int, kind: Scales, low: int, high: int) -> tuple[int, Tensor]:
    """Returns (fraction, multipliers (rows,)) for weights (rows, columns) with codes -largest..largest.

    The fraction is low .. high; weights too large for the coarsest steps take their largest code.
    """
    if kind == "matrix":
        steps = 2.0 ** -torch.arange(high + 1, dtype=torch.float64)
        errors = rounding_errors(weight, steps.expand(len(weight), -1), largest).sum(0)
        return int(errors.argmin()), torch.ones(len(weight), dtype=torch.int64)
    shares = torch.linspace(0.25, 1.0, _TRIED, dtype=torch.float64)
    needed = weight.double().abs().amax(1, keepdim=True).clamp(min=2.0**-high) / largest
    steps = needed * shares
    best = steps.gather(1, rounding_errors(weight, steps, largest).argmin(1, keepdim=True))[:, 0]
    fraction = max(low, min(high, int(torch.floor(torch.log2(MULTIPLIER_MAX / best.max())))))
    if kind == "row":
        return fraction, (best * 2.0**fraction).round().clamp(1, MULTIPLIER_MAX).to(torch.int64)
    powers = 1 << torch.arange(MULTIPLIER_BITS)
    errors = rounding_errors(weight, (powers * 2.0**-fraction).expand(len(weight), -1), largest)
    return fraction, powers[errors.argmin(1)]


def rounding_errors(weight: Tensor, steps: Tensor, largest: int) -> Tensor:
    """Returns the squared errors (rows, n) of rounding each row to multiples of its n steps (rows, n)."""
    real = weight.double().unsqueeze(1)  # (rows, 1, columns)
    step = steps.unsqueeze(2)  # (rows, n, 1)
    return ((real / step).round().clamp(-largest, largest) * step - real).square().sum(2)
