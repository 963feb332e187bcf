"""Requantiser: four bits of clamp(y >> shift, 0, 15) from a stream of octal digits.

The digits of a word run east past their taps while a level runs west below them, both 1 rt per
column, so that all digits of one word act on the level at the same moment (x east, z south)::

    hex_decode <- ring <- sample <- 15 - level <- -15 [d>=1] <- -15 [d1>=2] <- -8 [d1>=1] <- 15 - d0
                            ^           ^             |            |              |           |
                            ck          +-- d >= 4 -- top digits --+--- d1 -------+--- d0 ----+
                                                      ^
                                                      y from the north

With q = shift / 3, d0 is digit q, d1 digit q + 1, and every digit above it subtracts 15. The top
digit also gives the sign: from 4 on it forces the result 0 (ReLU). Reference for the integers:
model/golden.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from craftc.cells.library import load_cell
from craftc.errors import ConfigError
from craftc.macros.base import Macro, Pos, Sketch
from craftc.macros.sketching import cell_port, cell_pos, paste_cell
from craftc.units import GT_PER_RT

BITS = 4  # width of an activation
BITS_PER_DIGIT = 3
DIGIT_RT = 2
HIGH_PITCH = 2  # blocks of x per digit above the kept ones
LINK_LENGTH = 1  # the link shares its first column with the last high digit
DECODE_AT: Pos = (-8, 0, 5)


@dataclass(slots=True)
class Requant(Macro):
    """A requantiser with its contract; times in rt after digit 0 of a word stands at port `y`.

    ck_rt     when `ck` must rise, exactly; it stays high 2..12 rt
    valid_rt  all data ports are right from the first up to and including the second time, if `ck`
              rises again no earlier than 24 rt later; add the same shift to both for later rises
    """

    ck_rt: int = 0
    valid_rt: tuple[int, int] = (0, 0)


def requant_legal(sum_digits: int, shift: int) -> bool:
    """Return whether a requantiser exists: shift a multiple of 3, two digits left above it."""
    return shift >= 0 and shift % BITS_PER_DIGIT == 0 and shift // BITS_PER_DIGIT <= sum_digits - 2


def requant(sum_digits: int, shift: int) -> Requant:
    """Return the requantiser for words of `sum_digits` octal digits (two's complement), shift in bits.

    Ports: in `y` (stream), in `ck` (binary), out `data0`..`data3` (binary, strength 15); probe
    `held` is the sampled level 0..15. Raises ConfigError where `requant_legal` is false.
    """
    if not requant_legal(sum_digits, shift):
        legal = f"0, 3, .. {BITS_PER_DIGIT * (sum_digits - 2)}" if sum_digits > 1 else "sum digits >= 2"
        raise ConfigError(f"shift {shift} with {sum_digits} sum digits", where="requant", legal=legal)
    sketch = Sketch("requant")
    hold = load_cell("requant_hold")
    paste_cell(sketch, "requant_hold")
    paste_cell(sketch, "hex_decode", DECODE_AT)
    high = sum_digits - 2 - shift // BITS_PER_DIGIT
    for column in range(high):
        paste_cell(sketch, "requant_high", (HIGH_PITCH * column, 0, 0))
    x = 0
    if high:
        x = HIGH_PITCH * high + LINK_LENGTH
        paste_cell(sketch, "requant_link", (x, 0, 0))
    paste_cell(sketch, "requant_low", (x, 0, 0))
    for name in ("y", "ck"):
        cell_port(sketch, "requant_hold", name)
    for bit in range(BITS):
        cell_port(sketch, "hex_decode", f"bit{bit}", DECODE_AT, f"data{bit}")
    sketch.probes["held"] = cell_pos("requant_hold", "held")
    macro, _ = sketch.build()
    ck = DIGIT_RT * (sum_digits - 1) + int(hold.timing["ck_after_top_digit_gt"]) // GT_PER_RT
    return Requant(macro.name, macro.volume, macro.ports, macro.probes, ck, (ck + 20, ck + 31))
