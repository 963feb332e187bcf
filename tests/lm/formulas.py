"""The operators of the original machine, once more, in plain Python integers and its own conventions.

Written from the description of its arithmetic, not from `craftc.lm`: unsigned words modulo 2^24 throughout.
"""

from __future__ import annotations

import math

WORD = 1 << 24
HALF = 1 << 23


def u24(x: int) -> int:
    """Return x modulo 2^24."""
    return x % WORD


def s24(u: int) -> int:
    """Return a word as two's complement."""
    return u if u < HALF else u - WORD


def mag(u: int) -> int:
    """Return the magnitude of a word; that of 2^23 is 0."""
    return u if u < HALF else (WORD - u) % HALF


def matmul(codes: list[list[int]], x: list[int]) -> list[int]:
    """Return the matrix product of codes and words, every product floored in two parts."""
    made = []
    for row in codes:
        total = 0
        for code, word in zip(row, x, strict=True):
            c = code % 128
            if c < 64:
                s, b = 8, c // 8
            elif c < 96:
                s, b = 7, 4 + (c - 64) // 8
            elif c < 112:
                s, b = 5, 2 + (c - 96) // 8
            else:
                s, b = (3, 1) if c < 120 else (2, 1)
            term = ((s24(word) * b) >> s) + ((s24(word) * (c % 8)) >> (s + 3))
            total += -term if code >= 128 else term
        made.append(u24(total))
    return made


def layer_norm(x: list[int], stored: list[int]) -> list[int]:
    """Return the layer norm of 240 words with gains as the files store them."""
    total = sum(map(s24, x))
    mean = abs(total) * 17_895_697 // 2**32
    mean = -mean if total < 0 else mean
    d = [u24(s24(v) - mean) for v in x]
    variance = (164_926_744 + sum(mag(v) ** 2 for v in d)) % 2**48
    sigma = (8_663_717 * math.isqrt(variance)) >> 27
    inverse = u24(2**36 // sigma)
    made = []
    for v, gain in zip(d, stored, strict=True):
        negative = v >= HALF - 1
        a = (WORD - v) % HALF if negative else v
        r = ((a * inverse) >> 18) % HALF
        r = ((r * (gain >> 1)) >> 21) % HALF
        made.append(u24(-r) if negative else r)
    return made


def pack(u: int, off: int) -> int:
    """Return the short float of a word."""
    a = mag(u)
    if a == 0:
        return 0
    i = a.bit_length() - 1
    mantissa = (a * 2**10 // 2**i) % 2**10
    return (int(u >= HALF) << 15) | ((i + 9 - off) << 10) | mantissa


def fmul(a: int, b: int, k: int) -> int:
    """Return the product of two short floats as a word, divided by 2^k."""
    if a % 2**15 == 0 or b % 2**15 == 0:
        return 0
    fields = (a >> 10) % 32 + (b >> 10) % 32
    r = u24((1024 + a % 1024) * (1024 + b % 1024) * 2**fields // 2 ** (56 + k))
    return u24(-r) if (a ^ b) >> 15 else r


def attend(q: list[int], keys: list[list[int]], values: list[list[int]], table: list[int]) -> list[int]:
    """Return the output of one head of short floats."""
    scaled = []
    for key in keys:
        raw = u24(sum(fmul(a, b, 5) for a, b in zip(key, q, strict=True)))
        c = (mag(raw) * 4_331_858 >> 23) % HALF
        scaled.append(u24(-c if raw >= HALF else c) ^ HALF)
    buckets = [(max(scaled) - o) >> 10 for o in scaled]
    e = [table[k] if k < 1024 else 0 for k in buckets]
    one = 2**39 // (sum(e) % WORD)
    weights = [pack(((one * v) >> 17) % HALF, 4) for v in e]
    width = len(values[0])
    return [u24(sum(fmul(w, v[j], 0) for w, v in zip(weights, values, strict=True))) for j in range(width)]


def choose(logits: list[int], table: list[int]) -> list[tuple[int, int]]:
    """Return the eight best (probability, id) of logits given as words."""
    o = [z ^ HALF for z in logits]
    e = [table[k] if (k := (max(o) - v) >> 12) < 1024 else 0 for v in o]
    one = 2**46 // (sum(e) % 2**32)
    keys = sorted((u24((one * v) >> 23) * 2**11 + i for i, v in enumerate(e)), reverse=True)
    return [(key >> 11, key % 2**11) for key in keys[:8]]


def advance(state: int, steps: int = 256) -> int:
    """Return the state of the generator after some steps."""
    for _ in range(steps):
        bit = (state >> 22 ^ state >> 17) & 1
        state = (state << 1) % 2**23 + bit
    return state


def draw(best: list[tuple[int, int]], u: int) -> int:
    """Return the token that a number falls on."""
    for p, token in best[:0:-1]:
        if p >= 2**20:
            u -= p
            if u < 0:
                return token
    return best[0][1]
