"""Number formats and shapes of the values of a language-model graph.

    s24.18   two's complement, 24 bits, 18 of them after the point; sums wrap modulo 2^24
    u23.22   unsigned, 23 bits, 22 of them after the point; wraps modulo 2^23
    e5m10    short float: sign, 5-bit field, 10-bit mantissa, stored as one word

A value holds integers: the number it means is the integer times 2^-frac. Signed values are kept in
-2^(bits-1) .. 2^(bits-1)-1. A type is a format and a shape, `s24.18[240]`, `e5m10[T,240]`; T stands for
the positions seen so far, and no brackets mean one number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from craftc.errors import ModelError

MAX_BITS = 62
"""Widest fixed-point format: its values and one more bit fit int64."""

Dimension = int | Literal["T"]
_FIXED = re.compile(r"([su])(\d+)\.(\d+)")
_SHORT = re.compile(r"e(\d+)m(\d+)")
_TYPE = re.compile(r"([a-z0-9.]+)(?:\[([0-9T,]+)\])?")
_LEGAL = "s24.18, u23.22 or e5m10"


@dataclass(frozen=True, slots=True)
class Fixed:
    """Fixed-point integers of `bits` bits, `frac` of them after the point."""

    bits: int
    frac: int
    signed: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= MAX_BITS:
            raise ModelError(f"{self.bits} bits", where=f"format {self}", legal=f"1..{MAX_BITS}")

    def __str__(self) -> str:
        return f"{'s' if self.signed else 'u'}{self.bits}.{self.frac}"

    @property
    def modulus(self) -> int:
        """Where values wrap: 2^bits."""
        return 1 << self.bits

    @property
    def low(self) -> int:
        """Least integer of the format."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        """Largest integer of the format."""
        return (1 << (self.bits - 1 if self.signed else self.bits)) - 1


@dataclass(frozen=True, slots=True)
class Short:
    """Short floats: sign, then a field of `exponent` bits, then `mantissa` bits, as one integer."""

    exponent: int
    mantissa: int

    def __post_init__(self) -> None:
        if not (2 <= self.exponent <= 6 and 1 <= self.mantissa <= 15):
            raise ModelError("is not a short float", where=f"format {self}", legal="e2..e6, m1..m15")

    def __str__(self) -> str:
        return f"e{self.exponent}m{self.mantissa}"

    @property
    def bits(self) -> int:
        """Width of the stored word."""
        return 1 + self.exponent + self.mantissa

    @property
    def low(self) -> int:
        """Least stored word."""
        return 0

    @property
    def high(self) -> int:
        """Largest stored word."""
        return (1 << self.bits) - 1


Format = Fixed | Short


@dataclass(frozen=True, slots=True)
class Type:
    """Format and shape of one value; `T` is the number of positions seen so far."""

    format: Format
    shape: tuple[Dimension, ...] = ()

    def __str__(self) -> str:
        return f"{self.format}[{','.join(map(str, self.shape))}]" if self.shape else str(self.format)

    @property
    def count(self) -> int:
        """Numbers in the value, a T counted as 1."""
        total = 1
        for size in self.shape:
            total *= 1 if size == "T" else size
        return total


def parse_format(text: str) -> Format:
    """Returns the format written as `s24.18`, `u23.22` or `e5m10`. Raises ModelError for other text."""
    if found := _FIXED.fullmatch(text):
        return Fixed(int(found[2]), int(found[3]), found[1] == "s")
    if found := _SHORT.fullmatch(text):
        return Short(int(found[1]), int(found[2]))
    raise ModelError(f"{text!r} is no number format", where="format", legal=_LEGAL)


def parse_type(text: str) -> Type:
    """Returns the type written as `s24.18[240]`. Raises ModelError for other text."""
    found = _TYPE.fullmatch(text)
    if found is None:
        raise ModelError(f"{text!r} is no type", where="type", legal="s24.18[240], e5m10[T,240], u11.0")
    shape: list[Dimension] = []
    for part in (found[2] or "").split(",") if found[2] else []:
        if part != "T" and not (part.isdigit() and int(part) > 0):
            raise ModelError(f"{text!r} has the size {part!r}", where="type", legal="1 or more, or T")
        shape.append("T" if part == "T" else int(part))
    return Type(parse_format(found[1]), tuple(shape))
