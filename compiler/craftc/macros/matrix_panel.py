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
from craftc.macros.matrix_inputs import LOAD_TOKEN_RT
from craftc.macros.octal_ring import PERIOD_RT
from craftc.macros.rails import DUST, Flat, binary_line, comparator, place, repeater, stream_line

WEIGHTS = (4, 2, 1)
SKEW_RT = 4
SOURCE_X, SOURCE_Z, STREAM_Y = 52, 3, -4
START_Y, START_Z, PANEL_X = -2, -15, 46
LOAD_Z = -10
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
    """Draw start, load and the load stream into the base. Probes: start, load, load_4, load_2, load_1."""
    x, z = _token(sketch, "start", -4, START_Y, START_Z, PERIOD_RT)
    binary_line(sketch, [(x - 1, z), (-12, z)], START_Y, {(-12, z): 1})
    x, z = _token(sketch, "load", 12, STREAM_Y, LOAD_Z, LOAD_TOKEN_RT)
    binary_line(sketch, [(x - 1, z), (-19, z)], STREAM_Y, {(-4, z): 1, (-18, z): 1})
    _source(sketch)
    stream_line(
        sketch, [(SOURCE_X - 1, SOURCE_Z), (0, SOURCE_Z), (0, -9), (-19, -9)], STREAM_Y,
        "CSD" * 16 + "CCC" + "D" + "CSDCSDCSDCS" + "D" + "CSDCSDCSDCSDCSDCCSC",
    )  # fmt: skip
