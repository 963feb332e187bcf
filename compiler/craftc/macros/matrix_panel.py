"""What one switches on a matrix engine: start, load, the three levers of the load stream.

Coordinates: those of macros/matrix_base.py. A button's edge becomes a pulse of 4 rt (circuits/one_shot),
which sets a latch (circuits/window_latch) and, later by the wanted length, resets it. So a press of any
length gives one token::

    button -> one-shot -+--------> set   latch -> token
                        +- delay -> reset

The load stream is 7 less what is not switched on: levers 4, 2 and 1 take effect `SKEW_RT` apart, so each is
switched that much earlier than the one before it.
"""

from __future__ import annotations

from craftc.blocks import BlockState
from craftc.cells.drawing import CHARS, Drawing, constant
from craftc.cells.library import load_cell
from craftc.macros.base import Sketch
from craftc.macros.matrix_inputs import LOAD_TOKEN_RT, NORTH_X, NORTH_Y, SOUTH_X, SOUTH_Y
from craftc.macros.matrix_walls import NORTH_Z, SOUTH_Z, WALL_X
from craftc.macros.octal_ring import PERIOD_RT
from craftc.macros.rails import (
    DUST,
    STONE,
    Flat,
    binary_line,
    comparator,
    place,
    repeater,
    straight_pattern,
    stream_line,
)

WEIGHTS = (4, 2, 1)
SKEW_RT = 4
SOURCE_X, SOURCE_Z, STREAM_Y = 52, 3, -4
START_Y, START_Z, PANEL_X = -2, -15, 46
LOAD_Z, LOAD_NORTH_Z = -10, -28
SOUTH_Y_STEPS, NORTH_Y_STEPS = STREAM_Y - SOUTH_Y, STREAM_Y - NORTH_Y
SOUTH_STREAM_RT, NORTH_STREAM_RT = 13, 12
_LEVER = BlockState.parse("minecraft:lever[face=floor,facing=north,powered=false]")
_BUTTON = BlockState.parse("minecraft:stone_button[face=floor,facing=north,powered=false]")


def _latch(sketch: Sketch, x: int, y: int, z: int) -> None:
    """Draw the latch without its inverted output, flowing west; set at (x, y, z), output (x-4, y, z-1)."""
    drawing = load_cell("window_latch").drawing
    volume = drawing.volume.copy()
    volume.ids[:, :, 5 - drawing.corner[0] :] = 0
    place(sketch, Drawing("latch", volume, drawing.corner), (x, y, z), 2)


def _token(sketch: Sketch, name: str, x: int, y: int, z: int, length_rt: int) -> Flat:
    """Draw button (in the east), one-shot and latch; return the (x, z) of the token's first dust."""
    _latch(sketch, x, y, z)
    place(sketch, load_cell("one_shot").drawing, (x + 5, y, z), 2)
    line: tuple[Flat, ...] = ((x + 1, z + 1), (x + 1, z + 9), (x - 3, z + 9), (x - 3, z + 3))
    cells = [(x + 1, z + 2 + k) for k in (0, 2, 4, 6)] + [(x - 3, z + 8 - k) for k in range(4)]
    count = length_rt // 4
    binary_line(sketch, line, y, dict.fromkeys(cells[:count], 4))
    east = PANEL_X
    repeaters = {(cell, z): 1 for cell in range(x + 12, east - 1, 12)}
    binary_line(sketch, [(east - 2, z), (x + 6, z)], y, repeaters)
    sketch.on_floor((east - 1, y, z), repeater("west"))
    sketch.on_floor((east, y, z), CHARS["#"])
    sketch.put((east, y + 1, z), _BUTTON)
    sketch.probes[name] = (east, y + 1, z)
    return (x - 4, z - 1)


def _source(sketch: Sketch) -> None:
    """Draw the levers and the stream they make; the last comparator is at (SOURCE_X, STREAM_Y, SOURCE_Z)."""
    x, y, z = SOURCE_X, STREAM_Y, SOURCE_Z
    for step in range(10):
        mode = "subtract" if step % 4 == 1 else "compare"
        sketch.on_floor((x + step, y, z), comparator("west", mode))
    sketch.on_floor((x + 10, y, z), *constant(7))
    for step, weight in ((9, 4), (5, 2), (1, 1)):
        sketch.on_floor((x + step, y, z + 1), comparator("north"))
        sketch.on_floor((x + step, y, z + 2), comparator("north", "subtract"))
        sketch.on_floor((x + step, y, z + 3), *constant(weight))
        sketch.on_floor((x + step - 1, y, z + 2), DUST)
        sketch.on_floor((x + step - 2, y, z + 2), _LEVER)
        sketch.probes[f"load_{weight}"] = (x + step - 2, y, z + 2)


def panel(sketch: Sketch) -> None:
    """Draw start, both loads and the load stream. Probes: start, load, load_north, load_4, load_2, load_1."""
    x, z = _token(sketch, "start", -4, START_Y, START_Z, PERIOD_RT)
    _start_lines(sketch, x - 1, z)
    x, z = _token(sketch, "load", 12, STREAM_Y, LOAD_Z, LOAD_TOKEN_RT)
    _load_south(sketch, x - 1, z)
    x, z = _token(sketch, "load_north", 12, STREAM_Y, LOAD_NORTH_Z, LOAD_TOKEN_RT)
    _load_north(sketch, x - 1, z)
    _source(sketch)
    stream_line(
        sketch, [(SOURCE_X - 1, SOURCE_Z), (0, SOURCE_Z), (0, -9), (-19, -9)], STREAM_Y,
        "CSD" * 16 + "CCC" + "D" + "CSDCSDCSDCS" + "D" + "CSDCSDCSDCSDCSDCCSC",
    )  # fmt: skip
    _load_streams(sketch)


def _start_lines(sketch: Sketch, x: int, z: int) -> None:
    """Draw the start lines: the north wall starts one word after the south wall."""
    end = WALL_X + 1
    south = {(-12, z): 1, (-26, z): 1, (-38, z): 1, (-52, z): 1, (end, SOUTH_Z): 1}
    binary_line(sketch, [(x, z), (-57, z), (-57, SOUTH_Z), (end, SOUTH_Z)], START_Y, south)
    late = {(k, NORTH_Z): 4 for k in range(-49, -41)} | {(-52, NORTH_Z): 1, (end, NORTH_Z): 1}
    binary_line(sketch, [(-40, z), (-40, NORTH_Z), (end, NORTH_Z)], START_Y, late)


def _descend(sketch: Sketch, x: int, y: int, z: int, steps: int) -> int:
    """Draw a stream going west and one block down in every two blocks and rt; return the next free x."""
    for k in range(steps):
        sketch.on_floor((x - 2 * k, y - k, z), comparator("west"))
        sketch.put((x - 2 * k - 1, y - k, z), STONE)
        sketch.on_floor((x - 2 * k - 1, y - k - 1, z), DUST)
    return x - 2 * steps


def _stairs(sketch: Sketch, x: int, y: int, z: int, steps: int) -> int:
    """Draw dust going west and down one block with each block; return the next free x."""
    for k in range(steps):
        sketch.on_floor((x - k, y - k - 1, z), DUST)
    return x - steps


def _load_streams(sketch: Sketch) -> None:
    """Draw the load stream from its fork to both rows of registers."""
    x, z = -20, LOAD_Z + 1
    sketch.on_floor((x, STREAM_Y, z), DUST)
    left = _descend(sketch, x - 1, STREAM_Y, z, SOUTH_Y_STEPS)
    line = left - SOUTH_X
    stream_line(sketch, [(left, z), (SOUTH_X + 1, z)], SOUTH_Y, straight_pattern(line, SOUTH_STREAM_RT))
    sketch.on_floor((x, STREAM_Y, z + 1), comparator("south"))
    sketch.on_floor((x, STREAM_Y, z + 2), DUST)
    left = _descend(sketch, x - 1, STREAM_Y, z + 2, NORTH_Y_STEPS)
    line = left - NORTH_X
    ends = [(left, z + 2), (NORTH_X + 1, z + 2)]
    stream_line(sketch, ends, NORTH_Y, straight_pattern(line, NORTH_STREAM_RT))


def _load_south(sketch: Sketch, x: int, z: int) -> None:
    """Draw the token line to the registers of the south wall, as late as their load stream."""
    binary_line(sketch, [(x, z), (-19, z)], STREAM_Y, {(-4, z): 1, (-18, z): 1})
    left = _stairs(sketch, -20, STREAM_Y, z, SOUTH_Y_STEPS)
    binary_line(sketch, [(left, z), (SOUTH_X + 1, z)], SOUTH_Y,
                {(-25, z): 4, (-33, z): 4, (-41, z): 4, (-49, z): 4, (-57, z): 1})  # fmt: skip


def _load_north(sketch: Sketch, x: int, z: int) -> None:
    """Draw the token line to the registers of the north wall, as late as their load stream."""
    binary_line(sketch, [(x, z), (-45, z)], STREAM_Y,
                {(-4, z): 4, (-16, z): 3, (-30, z): 4, (-43, z): 4})  # fmt: skip
    left = _stairs(sketch, -46, STREAM_Y, z, NORTH_Y_STEPS)
    end = LOAD_Z + 1
    binary_line(sketch, [(left, z), (left, end), (NORTH_X + 1, end)], NORTH_Y,
                {(left, z + 2): 4, (left, z + 14): 1, (left - 8, end): 3})  # fmt: skip
