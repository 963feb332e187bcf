"""The octal lane: decoder, accumulator ring and result register on one plate, stacked at pitch 4.

Seen from above in lane coordinates (x east, z south; those of the ring, macros/octal_ring.py)::

    z=-14   D -> relay        the hex level of the ROM word, held for one word
    z=-10        fold -> four lines that close the gates of quarters E, S, W, N
    z= -4..14    ring, its rails' spirals outside, gate lines around
    z=  4   <- result register, flowing west

Times in rt after D has come to its dust (`LEVEL`) in word 0 of a lane; everything repeats every word of
32 rt. Rail r1 (dust of quarter E) carries digit 0 from `RAIL_AT_RT` on, r2..r4 8, 16, 24 rt later; the mask
is on for the flush digits, `MASK_AT_RT` .. +8 (modulo 32); the sum of all words up to this one has digit 0
before the register at `SUM_AT_RT`.
"""

from __future__ import annotations

from craftc.cells.library import load_cell
from craftc.macros.base import Macro, Pos, Sketch
from craftc.macros.octal_register import DIGITS, HOLD_Z, SHIFT_Z, queue, register
from craftc.macros.octal_ring import OUT, accumulator, seat
from craftc.macros.rails import binary_line, place, stream_line

PITCH = 4  # blocks of y from plate to plate
SKEW_RT = 4  # a plate runs this much later than the one below: two torch pairs, one turn of a rail
LEVEL: Pos = (-13, 0, -14)  # dust of D; the comparator east of it reads it
RAIL_AT_RT, RAIL_WINDOW = 14, (10, 18)  # digit 0 of r1 at its dust; legal values
MASK_AT_RT, MASK_RT = 20, 8
SUM_AT_RT = 50  # digit 0 of the sum at the comparator of the register, for the word that D began at 0
FIRST_DIGIT = 4  # the register keeps digits 4..11 of the sum
HOLD_AT_RT = SUM_AT_RT + 2 * FIRST_DIGIT + 2 * DIGITS  # hold rises at the register, plus whole words
REGISTER_AT: Pos = (-16, 0, 4)
HOLD_TOWER, SHIFT_TOWER, MASK_TOWER = (-15, 8), (-15, -1), (7, 9)  # x, z of their select blocks
FOLD_AT: Pos = (-8, 0, -10)
Flat = tuple[int, int]


def codes() -> tuple[int, ...]:
    """Return the ROM digit for every number 0..15 whose bits open the gates of r1, r2, r3, r4."""
    table = [0] * 16
    for level in range(16):
        first = level - 8 if level >= 8 else 7 - level
        second = first - 4 if first >= 4 else 3 - first
        third = second - 2 if second >= 2 else 1 - second
        table[(level >= 8) + 2 * (first < 4) + 4 * (second < 2) + 8 * (third == 0)] = level
    return tuple(table)


_GATE_LINES: tuple[tuple[tuple[Flat, ...], dict[Flat, int]], ...] = (
    (((-9, -6), (-9, -1)), {(-9, -2): 1}),
    (((-3, -7), (-3, -6), (6, -6), (6, -1), (3, -1)), {(6, -4): 3, (4, -1): 3}),
    (((2, -8), (9, -8), (9, 14), (3, 14), (3, 11)), {(9, -2): 4, (9, 9): 3, (3, 12): 4}),
    (((7, -13), (11, -13), (11, 16), (-13, 16), (-13, 11), (-9, 11)),
     {(11, -5): 4, (11, 8): 4, (6, 16): 4, (-6, 16): 4, (-10, 11): 3}),
)  # fmt: skip


def probe(register: int, digit: int) -> str:
    """Return the name of the probe of a digit; register 0 holds the last result, 1 the one before, ..."""
    return f"d{digit}" if register == 0 else f"d{digit}.{register}"


def plate(older: int = 0) -> tuple[Macro, Pos]:
    """Return one plate and the lane coordinate of its corner; `older` results are kept beside the last.

    Probes: `probe`.
    """
    sketch = Sketch("octal_plate")
    accumulator(sketch)
    stream_line(sketch, [(-12, -14), (-11, -14), (-11, -10), (-9, -10)], 0, "CDCCCDCC")
    place(sketch, load_cell("octal_fold").drawing, FOLD_AT)
    for corners, repeaters in _GATE_LINES:
        binary_line(sketch, corners, 0, repeaters)
    stream_line(sketch, [(-11, 2), (-13, 2), (-13, 4), (-15, 4)], 0, "CCDCDCC")
    rows = [register(sketch, REGISTER_AT, 2, more=older > 0)]
    rows += queue(sketch, REGISTER_AT, 2, older) if older else ()
    for number, places in enumerate(rows):
        for index, pos in enumerate(places):
            sketch.probes[probe(number, index)] = pos
    x, _, z = REGISTER_AT
    hold_z, shift_z = HOLD_TOWER[1] - 1, SHIFT_TOWER[1] + 1
    binary_line(sketch, [(x + 1, hold_z), (x + 1, z - HOLD_Z)], 0, {(x + 1, hold_z): 1})
    binary_line(sketch, [(x + 1, shift_z), (x + 1, z - SHIFT_Z)], 0, {(x + 1, shift_z): 1})
    binary_line(sketch, [(6, 7), (7, 7), (7, MASK_TOWER[1] - 1)], 0, {})
    sketch.probes["sum"] = seat("N", OUT)
    return sketch.build()


__all__ = ["PITCH", "codes", "plate", "probe"]
