"""Pass `encode`: integer weights to ROM digits, and the constants that make signs exact.

A weight w (-1024..1023) is read as 11 bits of two's complement in three words of 4 bits: word k adds
2 x 16^k times the digit; in the last word bit 2 is 2 x 1024 and bit 3 is its negative, which is used for
the sign. The machine works on x + 2^23 (24 bits without sign) and gives the negative as 7's complement of
digits 3..11, which lacks 2^9. So one product sum comes out as

    sum 2 w (x + 2^23) - 2^9 n,    n = number of negative weights of the row

and needs 2^9 n - 2^24 sum(w) added: four more inputs of fixed value, one 2^8 with weight n, three 2^23
with weights that add up to -sum(w) modulo 2^12 (everything is modulo 2^36). Twice the sum, shifted down by 12
bits, is the sum shifted down by 11: the result is digits 4..11, modulo 2^24.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from craftc.errors import ModelError
from craftc.macros.octal_lane import codes
from craftc.passes.matrix.fold import LEAD_WORDS, PAUSE_WORDS, TAIL_WORDS, UNUSED, WORDS, Fold

Longs = npt.NDArray[np.int64]
X_BITS, SHIFT = 24, 11
X_OFFSET = 1 << (X_BITS - 1)
MAX_WEIGHT = 1023
FIXED = (1 << 8, 1 << 23, 1 << 23, 1 << 23)  # what the registers of the fixed inputs hold
_MOST = 2047  # largest weight of a fixed input


def check_weights(weights: Longs, where: str) -> None:
    """Raise ModelError unless `weights` is a matrix of integers that three words can hold."""
    if weights.ndim != 2 or min(weights.shape) < 1 or weights.dtype != np.int64:
        raise ModelError(
            f"weights of shape {weights.shape}, {weights.dtype}", where=where, legal="int64 (m, n)"
        )
    most = int(np.abs(weights).max())
    if most > MAX_WEIGHT:
        raise ModelError(f"weight of magnitude {most}", where=where, legal=f"at most {MAX_WEIGHT}")


def fixed_weights(weights: Longs) -> Longs:
    """Return (m, 4): the weights of the fixed inputs of every row, 0..2047."""
    negative = (weights < 0).sum(axis=1)
    rest = (-weights.sum(axis=1)) % 4096
    out = np.zeros((len(weights), len(FIXED)), dtype=np.int64)
    out[:, 0] = negative
    for column in range(1, len(FIXED)):
        out[:, column] = np.minimum(rest, _MOST)
        rest = rest - out[:, column]
    return out


def nibbles(weights: Longs) -> npt.NDArray[np.uint8]:
    """Return (m, n, 3): the bits that open the gates in the three words of every weight."""
    low = weights & 1023
    top = np.where(weights < 0, (low >> 8) | 8, weights >> 8)  # bit 3 gives -1024, bit 2 gives 1024
    return np.stack([weights & 15, (weights >> 4) & 15, top], axis=2).astype(np.uint8)


def digits_of(weights: Longs, where: str = "matrix") -> npt.NDArray[np.uint8]:
    """Return ROM digits (words, m) of a matrix (m, n): lead words, n + 4 inputs, tail words.

    Raises ModelError as `check_weights` does.
    """
    check_weights(weights, where)
    all_bits = nibbles(np.concatenate([weights, fixed_weights(weights)], axis=1))
    table = np.array(codes(), dtype=np.uint8)
    body = table[all_bits].transpose(1, 2, 0).reshape(-1, len(weights))  # (inputs, word, m) -> words
    pad = [np.zeros((count, len(weights)), dtype=np.uint8) for count in (LEAD_WORDS, TAIL_WORDS)]
    return np.concatenate([pad[0], body, pad[1]])


def folded_digits(weights: Longs, fold: Fold, where: str = "matrix") -> npt.NDArray[np.uint8]:
    """Return ROM digits (fold.words, fold.lanes) of a matrix (fold.rows, fold.inputs); 0 where no row is.

    Raises ModelError as `check_weights` does.
    """
    check_weights(weights, where)
    out = np.zeros((fold.words, fold.lanes), dtype=np.uint8)
    for number in range(fold.passes):
        part = weights[fold.lanes * number : fold.lanes * (number + 1)]
        first = (fold.pass_words + PAUSE_WORDS) * number
        out[first : first + fold.pass_words, : len(part)] = digits_of(part, where)
    return out


def control_digits(fold: Fold) -> npt.NDArray[np.uint8]:
    """Return (fold.words, 4): digits of the control levels, 0 in pauses."""
    index = np.arange(fold.pass_words)
    last = (index % WORDS == WORDS - 1) & (index < fold.pass_words - TAIL_WORDS)
    even = index % 2 == 0
    once = (15 * np.stack([last, even, last, ~even], axis=1)).astype(np.uint8)
    pause = np.zeros((PAUSE_WORDS, once.shape[1]), dtype=np.uint8)
    return np.concatenate([once, pause] * fold.passes)[: fold.words]


def registers_of(x: Longs, passes: int = 1) -> Longs:
    """Return (registers, 8): octal digits, lowest first, held for activations x (n,), signed 24 bit.

    Per pass n activations and the fixed inputs; between passes the unused ones, 0. Raises ModelError if an
    activation has more than 24 bits.
    """
    if x.ndim != 1 or (np.abs(2 * x + 1) > 2**X_BITS).any():
        raise ModelError(f"activations of shape {x.shape} or beyond 24 bits", where="matrix input")
    once = [x + X_OFFSET, np.array(FIXED, dtype=np.int64), np.zeros(UNUSED, dtype=np.int64)]
    held = np.concatenate(once * passes)[:-UNUSED]
    return (held[:, None] >> (3 * np.arange(X_BITS // 3))) & 7


def result_of(digits: npt.NDArray[np.integer]) -> Longs:
    """Return the signed values of results given as octal digits (..., 8), lowest first."""
    value = (digits.astype(np.int64) << (3 * np.arange(X_BITS // 3))).sum(axis=-1)
    return np.asarray(np.where(value >= X_OFFSET, value - 2 * X_OFFSET, value), dtype=np.int64)


def expected(weights: Longs, x: Longs) -> Longs:
    """Return the exact results (m,) for activations (n,): sum, floor shift by 11, modulo 2^24, signed."""
    total = (weights @ x) >> SHIFT
    return np.asarray((total + X_OFFSET) % (2 * X_OFFSET) - X_OFFSET, dtype=np.int64)
