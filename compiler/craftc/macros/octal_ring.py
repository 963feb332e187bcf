"""Rings of four octal adders: the accumulator of a lane, and the generator of its rails.

Seen from above (x east, z south); letters are quarters, named by the way their digits flow::

        E E E              Each quarter is the same cell, turned: E -> S -> W -> N -> E. Digits take 7 rt
      N       S            through an adder and 1 rt around a corner: 32 rt = one word of 16 digits.
      N       S            A quarter's x input and its rail lie outside the ring, 8 rt later than those
      N       S            of the quarter before.
        W W W

A word is `SUM_DIGITS` digits, lowest first, and flush digits of 0. In an accumulator every quarter adds
its rail if its gate is open: sum += b0 r1 + b1 r2 + b2 r3 + b3 r4. The generator doubles in every quarter:
r1, r2 = 2 r1, r3 = 4 r1, r4 = 8 r1 leave as rails, and 16 r1 is the r1 of the next word.

All cells have (0, 0, 0) at the p dust of quarter S (`SEATS`).
"""

from __future__ import annotations

from craftc.cells.drawing import constant
from craftc.cells.library import load_cell
from craftc.macros.base import Pos, Sketch
from craftc.macros.rails import DUST, comparator, place, repeater, rotated, spiral, stream_line

SUM_DIGITS, WORD_DIGITS = 12, 16
PERIOD_RT = 2 * WORD_DIGITS
QUARTER_RT = 8
ADDER_RT = 7
QUARTERS = ("E", "S", "W", "N")  # in the order of their rails r1 .. r4
SEATS: dict[str, tuple[Pos, int]] = {  # where p of a quarter lies, and its clockwise turns
    "E": ((-8, 0, 2), 3), "S": ((0, 0, 0), 0), "W": ((2, 0, 8), 1), "N": ((-6, 0, 10), 2),
}  # fmt: skip
RAIL = (2, 0, -2)  # of a quarter: the rail's dust, the rear of the gate
CLOSED = (3, 0, -1)  # of a quarter: the gate's blocking dust
OUT = (4, 0, 8)  # of a quarter: its sum
MASK = (5, 0, 7)  # of a quarter: blocks its sum
RAIL_RT = 0  # p of the generator to the first dust of its rail
LOW_DIGIT = 3  # the negative multiple is given from this digit on: below it every r4 of a last word is 0
NEGATIVE_Y = 4  # the negative multiple joins rail 4 in the turn that stands at this height
_NEGATIVE_LINE = "CDCSDCDCCSDCDCCD"  # rail r3 to the negator


def seat(quarter: str, local: Pos) -> Pos:
    """Return the ring coordinate of a local coordinate of a quarter."""
    at, turns = SEATS[quarter]
    x, y, z = rotated(local, turns)
    return (at[0] + x, at[1] + y, at[2] + z)


def rail_seat(quarter: str) -> tuple[Pos, int]:
    """Return where the rail dust of a quarter lies, and the clockwise turns of its spiral."""
    return seat(quarter, RAIL), SEATS[quarter][1]


def accumulator(sketch: Sketch) -> None:
    """Draw an accumulator ring with one turn of every rail; the mask is dust at S."""
    unit = load_cell("octal_unit").drawing
    for quarter in QUARTERS:
        at, turns = SEATS[quarter]
        place(sketch, unit, at, turns)
        rail, _ = rail_seat(quarter)
        spiral(sketch, rail, turns, 1)
    sketch.on_floor(seat("S", MASK), DUST)


def generator(sketch: Sketch) -> None:
    """Draw the generator with the first two turns of every rail.

    Inputs: the input stream at `INJECT` (dust), `FLUSH` (dust beside S: 15 = digit is 0), `DROP` (repeater
    reading from the south: 15 = what W gives is replaced by the input), `STOP4` (repeater, reading from
    the west: 15 = r4 stays away from its rail) and `NEGATE` (dust, 0 = the negative r3 goes to rail 4).
    """
    unit = load_cell("octal_double").drawing
    for quarter in QUARTERS:
        at, turns = SEATS[quarter]
        place(sketch, unit, at, turns)
        spiral(sketch, rail_seat(quarter)[0], turns, 2, first=True)
    gate = seat("N", (2, 0, -3))
    sketch.cells[gate] = (comparator("south", "subtract"), None)
    sketch.on_floor(STOP4, repeater("east"))
    stream_line(sketch, [(3, 10), (2, 10), (2, 15), (-7, 15)], NEGATIVE_Y, _NEGATIVE_LINE)
    sketch.on_floor((-7, NEGATIVE_Y, 14), comparator("west", "subtract"))
    sketch.on_floor((-6, NEGATIVE_Y, 14), comparator("west", "subtract"))
    sketch.on_floor((-5, NEGATIVE_Y, 14), *constant(7))
    sketch.on_floor(NEGATE, DUST)
    sketch.on_floor(FLUSH, DUST)
    for z in range(13, 17):
        sketch.on_floor((-5, 0, z), repeater("north"))
    stream_line(sketch, [(-6, 16), (-6, 13)], 0, "DCDC")


STOP4: Pos = seat("N", (3, 0, -3))  # inside the spiral, beside its first comparator
NEGATE: Pos = (-6, NEGATIVE_Y, 13)
FLUSH: Pos = seat("S", MASK)
DROP: Pos = (-5, 0, 16)
INJECT: Pos = (-6, 0, 16)
