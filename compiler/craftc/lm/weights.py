"""Weights as integers, and exact products with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.errors import ModelError
from craftc.ir.ops import CODES, companded
from craftc.ir.types import Fixed

Array = npt.NDArray[Any]
FLOAT_EXACT_BITS = 53
"""Integers below 2^53 are exact in float64, and so are sums of them, in any order."""


def decode(codes: Array, code: str) -> Array:
    """Returns weights as int64, companded8 in units of 2^-11."""
    if code not in CODES:
        raise ModelError(f"code {code!r}", where="weights", legal=", ".join(CODES))
    if code != "companded8":
        return codes.astype(np.int64)
    units = np.array([companded(c).units for c in range(128)], dtype=np.int64)
    return np.concatenate([units, -units])[codes]


def exact_product(weights: Array, source: Fixed) -> Callable[[Array], Array]:
    """Returns x -> x @ weights.T, exact integers; they are held in float64 where its products are exact."""
    largest = int(np.abs(weights).sum(axis=1).max()) * max(-source.low, source.high)
    if largest.bit_length() > FLOAT_EXACT_BITS:
        turned = np.ascontiguousarray(weights.T)
        return lambda x: x @ turned
    floats = np.ascontiguousarray(weights.T, dtype=np.float64)
    return lambda x: x.astype(np.float64) @ floats
