"""Base of a matrix engine: what the control digits of its ROM drive, and the rail generator.

Coordinates: those of the lanes (macros/octal_lane.py), y = 0 at level 0 of the walls. The four lowest levels
of the south wall hold control digits, 15 or 0: levels 0 and 2 "last word of a group", level 1 "even
word", level 3 "odd word". From them, in rt after D of a word begins at level 0::

    edge    first 8 rt of every word, and while no word is read  -> flush of the generator, mask of lanes
    idle    no word is read                                      -> hold of the result registers, done
    last    a group's last word                                  -> new input, r4 stopped, -r3 given

Everything is drawn at fixed cells; the delays are those of the repeaters listed here.
"""

from __future__ import annotations

from craftc.cells.drawing import constant
from craftc.macros.base import Sketch
from craftc.macros.octal_ring import generator
from craftc.macros.rails import DUST, STONE, binary_line, comparator, repeater, wall_torch

CONTROL_LEVELS = 4
LAST_Y, EVEN_Y, NEGATE_Y, ODD_Y = 0, 2, 4, 6
EDGE_AT_RT = 10  # after D of a word at level 0: the edge pulse at `EDGE`
IDLE_AT_RT = 13  # after the end of the last word: idle at `IDLE`
EDGE, IDLE = (10, -13), (1, -13)  # x, z at y = EVEN_Y


def _last(sketch: Sketch) -> None:
    """Draw the lines of level 0: r4 is stopped, and what W gives is dropped."""
    binary_line(
        sketch, [(-12, -14), (-11, -14), (-11, -6), (-15, -6), (-15, 13), (-10, 13)], LAST_Y,
        {(-12, -14): 4, (-11, -11): 4, (-11, -8): 4, (-13, -6): 4, (-15, -3): 4, (-15, 1): 4, (-15, 5): 4,
         (-15, 9): 2, (-11, 13): 1, (-10, 13): 1},
    )  # fmt: skip
    binary_line(
        sketch, [(-10, -14), (14, -14), (14, 19), (-5, 19), (-5, 17)], LAST_Y,
        {(-5, -14): 4, (5, -14): 4, (14, -10): 4, (14, 0): 4, (14, 12): 4, (5, 19): 4},
    )  # fmt: skip


def _negate(sketch: Sketch) -> None:
    """Draw the lines of level 2: the window of the negative multiple, NOT late OR NOT later."""
    binary_line(
        sketch, [(-12, -14), (-6, -14), (-6, 9)], NEGATE_Y,
        {(-12, -14): 4, (-8, -14): 4, (-6, -12): 4, (-6, -8): 4, (-6, -4): 4, (-6, 0): 4, (-6, 4): 4},
    )  # fmt: skip
    sketch.on_floor((-6, NEGATE_Y, 10), STONE)
    sketch.on_floor((-6, NEGATE_Y, 11), wall_torch("south"))
    binary_line(
        sketch, [(-5, 3), (-4, 3), (-4, 9)], NEGATE_Y,
        {(-4, 4): 4, (-4, 5): 4, (-4, 6): 4, (-4, 7): 4, (-4, 8): 2},
    )  # fmt: skip
    sketch.on_floor((-4, NEGATE_Y, 10), STONE)
    sketch.on_floor((-4, NEGATE_Y, 11), wall_torch("south"))
    binary_line(sketch, [(-4, 12), (-6, 12)], NEGATE_Y, {})


def _phases(sketch: Sketch) -> None:
    """Bring even and odd to y = EVEN_Y, rows z = -14 and -12, at the same time."""
    y = EVEN_Y
    binary_line(sketch, [(-12, -14), (-11, -14), (-11, -17), (2, -17), (2, -14), (8, -14)], y,
                {(-12, -14): 4, (-3, -17): 1, (2, -15): 1, (4, -14): 1})  # fmt: skip
    binary_line(sketch, [(-12, -14), (-1, -14), (-1, -12)], ODD_Y, {(-12, -14): 1, (-1, -13): 1})
    for x in range(3):
        sketch.on_floor((x, ODD_Y - 1 - x, -12), DUST)
    binary_line(sketch, [(3, -12), (8, -12)], y, {(4, -12): 1})


def _edges(sketch: Sketch) -> None:
    """Draw edge and idle from even (z = -14) and odd (z = -12)."""
    y = EVEN_Y
    for z, way in ((-14, -1), (-12, 1)):
        binary_line(sketch, [(5, z + way), (5, z + 2 * way), (9, z + 2 * way), (9, z + way)], y,
                    {(6, z + 2 * way): 4, (7, z + 2 * way): 4})  # fmt: skip
        sketch.on_floor((9, y, z), comparator("east", "subtract"))
        sketch.on_floor((10, y, z), DUST)
    sketch.on_floor((6, y, -13), *constant(1))
    sketch.on_floor((7, y, -13), comparator("east", "subtract"))
    for x in (8, 9):
        sketch.on_floor((x, y, -13), repeater("east", 3))
    sketch.on_floor((10, y, -13), DUST)
    sketch.on_floor((5, y, -13), comparator("west", "subtract"))
    for x in (4, 3, 2):
        sketch.on_floor((x, y, -13), repeater("west"))
    sketch.on_floor((1, y, -13), DUST)


def _flush(sketch: Sketch) -> None:
    """Draw the line from edge to the generator's flush, 10 rt."""
    y = EVEN_Y
    binary_line(sketch, [(11, -13), (11, 3)], y, {(11, -10): 3, (11, 0): 4})
    sketch.on_floor((11, y - 1, 4), DUST)
    binary_line(sketch, [(11, 5), (11, 7), (6, 7)], 0, {(11, 6): 3})


def base() -> Sketch:
    """Return control and generator as a sketch; lines to towers start at `EDGE` and `IDLE`."""
    sketch = Sketch("matrix_base")
    generator(sketch)
    for draw in (_last, _negate, _phases, _edges, _flush):
        draw(sketch)
    return sketch
