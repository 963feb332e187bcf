"""Numba kernels of the operators that are not array arithmetic: floored products, short floats, drawing.

All integers; B dialogues at once, the batch axis first. Dialogue b has seen lengths[b] positions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

from craftc.ir.ops import companded

Array = npt.NDArray[Any]
F = TypeVar("F", bound=Callable[..., Any])
signed = cast(Callable[[Any], int], np.int64)  # in kernels: a narrower number as int64


def _jit(function: F) -> F:
    """Returns the function compiled, with its machine code cached on disk."""
    return cast(F, cast(Any, njit)(cache=True, nogil=True)(function))


_PARTS = [companded(code) for code in range(128)]
DIGIT = np.array([part.digit for part in _PARTS], dtype=np.int32)
LOW = np.array([part.low for part in _PARTS], dtype=np.int32)
SHIFT = np.array([part.shift for part in _PARTS], dtype=np.int32)


@_jit
def _terms(x: Array, digit: Array, low: Array, shift: Array, terms: Array) -> None:
    """Fills int32 terms (256, B) with what each code makes of x (B,): two floors, then the sign."""
    for code in range(128):
        d, m, s = digit[code], low[code], shift[code]
        for b in range(x.size):
            term = np.int32((x[b] * d) >> s) + np.int32((x[b] * m) >> (s + 3))
            terms[code, b] = term
            terms[code + 128, b] = -term


@_jit
def floored_batch(codes: Array, x: Array, digit: Array, low: Array, shift: Array) -> Array:
    """Returns int32 (n_out, B): the floored products of codes (n_in, n_out) and x (n_in, B), modulo 2^32.

    One input has only 255 different terms, so they are computed once per input and looked up per weight.
    """
    terms = np.empty((256, x.shape[1]), np.int32)
    y = np.zeros((codes.shape[1], x.shape[1]), np.int32)
    for j in range(codes.shape[0]):
        _terms(x[j], digit, low, shift, terms)
        for i in range(codes.shape[1]):
            code = codes[j, i]
            for b in range(x.shape[1]):
                y[i, b] += terms[code, b]
    return y


@_jit
def floored_one(codes: Array, x: Array, digit: Array, low: Array, shift: Array) -> Array:
    """Returns int32 (n_out,): `floored_batch` for one dialogue, x (n_in,)."""
    terms = np.empty(256, np.int32)
    y = np.zeros(codes.shape[1], np.int32)
    for j in range(codes.shape[0]):
        for code in range(128):
            s = shift[code]
            term = np.int32((x[j] * digit[code]) >> s) + np.int32((x[j] * low[code]) >> (s + 3))
            terms[code] = term
            terms[code + 128] = -term
        for i in range(codes.shape[1]):
            y[i] += terms[codes[j, i]]
    return y


def floored(codes: Array, x: Array) -> Array:
    """Returns int64 (B, n_out), modulo 2^32: floored products of codes (n_in, n_out) and x (B, n_in)."""
    columns = np.ascontiguousarray(x.T, dtype=np.int32)
    if len(x) == 1:
        return floored_one(codes, columns[:, 0], DIGIT, LOW, SHIFT).astype(np.int64)[None]
    return floored_batch(codes, columns, DIGIT, LOW, SHIFT).T.astype(np.int64)


@_jit
def finish(
    total: Array, factors: Array, shift: int, half: int, low: int, high: int, clamp: bool, out: Array
) -> None:
    """Fills out (B, n_out) with (total * factor + half) >> shift, clamped to low..high or wrapped into it."""
    for b in range(total.shape[0]):
        for i in range(total.shape[1]):
            value = (signed(total[b, i]) * factors[i] + half) >> shift
            if clamp:
                out[b, i] = min(max(value, low), high)
            else:
                out[b, i] = ((value - low) & (high - low)) + low


@_jit
def top_bit(a: int) -> int:
    """Returns the number of the top set bit of a, 0 if there is none."""
    top = 0
    for step in (32, 16, 8, 4, 2, 1):
        if a >> (top + step):
            top += step
    return top


@_jit
def pack(x: Array, out: Array, bits: int, mantissa: int, bias: int) -> None:
    """Fills out with the short floats of x, both flat; bit `bits - 1` of a word is the sign."""
    for n in range(x.size):
        a = abs(x[n])
        top = top_bit(a)
        kept = (a << mantissa) >> top
        word = ((top + bias) << mantissa) | (kept & ((1 << mantissa) - 1))
        sign = 1 << (bits - 1) if x[n] < 0 else 0
        out[n] = word | sign if a else 0


@_jit
def _short(a: int, b: int, mantissa: int, magnitude: int, shift: int) -> int:
    """Returns the product of two short floats >> shift, rounded toward zero; a word of sign only is 0.

    Written without branches, so that loops over it become vector code.
    """
    one = 1 << mantissa
    product = ((a & (one - 1)) | one) * ((b & (one - 1)) | one)
    exponent = ((a & magnitude) >> mantissa) + ((b & magnitude) >> mantissa) - shift
    result = (product << max(exponent, 0)) >> min(max(-exponent, 0), 63)
    if (a & magnitude) == 0 or (b & magnitude) == 0:
        result = 0
    return -result if (a ^ b) > magnitude else result


@_jit
def short_scores(
    q: Array, k: Array, lengths: Array, out: Array, mantissa: int, bits: int, shift: int
) -> None:
    """Fills out (B, H, T) with sums of short products of q (B, W) and k (B, T, W), head by head."""
    magnitude = (1 << (bits - 1)) - 1
    size = q.shape[1] // out.shape[1]
    for b in range(q.shape[0]):
        for t in range(lengths[b]):
            for h in range(out.shape[1]):
                total = 0
                for j in range(h * size, (h + 1) * size):
                    total += _short(q[b, j], signed(k[b, t, j]), mantissa, magnitude, shift)
                out[b, h, t] = total


@_jit
def short_sums(w: Array, v: Array, lengths: Array, out: Array, mantissa: int, bits: int, shift: int) -> None:
    """Fills out (B, W) with sums over time of short products of w (B, H, T) and v (B, T, W)."""
    magnitude = (1 << (bits - 1)) - 1
    size = out.shape[1] // w.shape[1]
    for b in range(out.shape[0]):
        out[b] = 0
        for t in range(lengths[b]):
            for h in range(w.shape[1]):
                word = w[b, h, t]
                if word:
                    for j in range(h * size, (h + 1) * size):
                        out[b, j] += _short(word, signed(v[b, t, j]), mantissa, magnitude, shift)


@_jit
def exact_scores(q: Array, k: Array, lengths: Array, out: Array) -> None:
    """Fills out (B, H, T) with exact sums of products of q (B, W) and k (B, T, W), head by head."""
    size = q.shape[1] // out.shape[1]
    for b in range(q.shape[0]):
        for h in range(out.shape[1]):
            for t in range(lengths[b]):
                total = 0
                for j in range(h * size, (h + 1) * size):
                    total += q[b, j] * signed(k[b, t, j])
                out[b, h, t] = total


@_jit
def exact_sums(w: Array, v: Array, lengths: Array, out: Array) -> None:
    """Fills out (B, W) with exact sums over time of products of w (B, H, T) and v (B, T, W)."""
    size = out.shape[1] // w.shape[1]
    for b in range(out.shape[0]):
        out[b] = 0
        for t in range(lengths[b]):
            for j in range(out.shape[1]):
                out[b, j] += w[b, j // size, t] * signed(v[b, t, j])


@_jit
def prbs(states: Array, out: Array, width: int, tap: int, steps: int) -> None:
    """Fills out (B,) with the states after `steps` steps of the shift register."""
    mask = (1 << width) - 1
    for b in range(states.size):
        state = states[b]
        for _ in range(steps):
            bit = ((state >> (width - 1)) ^ (state >> (tap - 1))) & 1
            state = ((state << 1) & mask) | bit
        out[b] = state


@_jit
def sample(keys: Array, draws: Array, out: Array, id_bits: int, floor: int) -> None:
    """Fills out (B,) with the candidate that each draw falls on; keys (B, k), the best first."""
    mask = (1 << id_bits) - 1
    for b in range(draws.size):
        u = draws[b]
        chosen = keys[b, 0]
        for n in range(keys.shape[1] - 1, 0, -1):
            p = keys[b, n] >> id_bits
            if p >= floor:
                u -= p
                if u < 0:
                    chosen = keys[b, n]
                    break
        out[b] = chosen & mask
