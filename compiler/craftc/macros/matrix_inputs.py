"""Input registers of a matrix under its ROM walls: one register of 8 octal digits per input.

There are two layers of them: the upper one belongs to the south wall, the lower one to the north wall. Dust
goes down to each from under a word block (`STAIRS`). Coordinates: (0, 1, 0) is the last dust of the stairs,
y of the device layer = 0. Seen from above::

    z= 0   tap: the word being read lets the register flow out
    z= 3   -- OR node --           x = -3 .. 2
    z= 5   <- load token (16 rt long), 31 rt per input
    z= 7   <- load stream, 3 rt per input
    z=12   register, flowing south (shift line x = -3, hold line x = 2)
    z=51   -> output stream, 3 rt per input

The lines of OR climb over rows 5 and 7. A token in the load row lets the word that passes in the load stream
into the register and keeps it; a read empties it.
"""

from __future__ import annotations

from craftc.macros.base import Macro, Pos, Sketch
from craftc.macros.matrix_walls import WALL_X
from craftc.macros.octal_register import DIGITS, LENGTH, register
from craftc.macros.rails import DUST, STONE, comparator, repeater, wall_torch

PITCH = 9  # blocks of x per register: three towers of its wall
SOUTH_X, SOUTH_Y, NORTH_X, NORTH_Y = WALL_X - 4, -8, WALL_X - 9, -12  # first register of each wall
SOUTH_TAP_Z, NORTH_TAP_Z = -16, -14
OR_Z, TOKEN_Z, LOAD_Z, REGISTER_Z = 3, 5, 7, 12
OUT_Z = REGISTER_Z + LENGTH + 3
TOKEN_DELAYS = (4, 4, 4, 4, 4, 4, 4, 3)
TOKEN_RT = sum(TOKEN_DELAYS)  # per input
STREAM_RT = 3  # per input, both streams
SLOT_RT = TOKEN_RT - STREAM_RT  # time between two words in the load stream
LOAD_TOKEN_RT = 2 * DIGITS
STAIRS: tuple[tuple[Pos, ...], ...] = (
    ((0, 5, 4), (0, 4, 3), (0, 3, 2), (0, 2, 1), (0, 1, 0)),
    ((2, 9, -6), (2, 8, -5), (1, 7, -5), (0, 6, -5), (0, 5, -4), (0, 4, -3), (0, 3, -2), (0, 2, -1),
     (0, 1, 0)),
)  # fmt: skip
# dust from under a word block of the south wall, and of the north wall, down to the tap
READ_DELAY_RT = 4  # of the tap, so that inputs meet the generator
LOAD_AFTER_RT = 2  # the token rises at its dust this long after digit 0 at the same input's load dust


def _crossing(sketch: Sketch, x: int) -> None:
    """Lay the line of OR at column x over the token and load rows; its last dust is at (x, 1, 9)."""
    for z, y in ((OR_Z + 1, 1), (5, 2), (6, 2), (7, 2), (8, 2), (9, 1)):
        sketch.put((x, y, z), DUST)
        sketch.put((x, y - 1, z), STONE)


def input_register(north: bool = False) -> tuple[Macro, Pos]:
    """Return the register of one input, under the south wall or the north wall, and the place of its corner.

    Probes d0..d7: the digits held. Rows reach from x = -8 to 0 (token, load) and 0 to 8 (output).
    """
    sketch = Sketch("matrix_input")
    for x, y, z in STAIRS[north]:
        sketch.put((x, y, z), DUST)
        sketch.put((x, y - 1, z), STONE)
    sketch.on_floor((0, 0, 1), repeater("south", READ_DELAY_RT))
    sketch.on_floor((0, 0, 2), DUST)
    for x in range(-3, 3):
        sketch.on_floor((x, 0, OR_Z), DUST)
    sketch.on_floor((0, 0, OR_Z + 1), repeater("north"))
    _rows(sketch)
    _crossing(sketch, -3)
    _crossing(sketch, 2)
    sketch.on_floor((-3, 0, 10), DUST)
    sketch.on_floor((-3, 0, 11), repeater("south"))
    sketch.on_floor((2, 0, 10), wall_torch("south"))
    sketch.on_floor((2, 0, 11), DUST)
    for z in range(LOAD_Z + 1, REGISTER_Z):
        sketch.on_floor((0, 0, z), comparator("south"))
    for index, pos in enumerate(register(sketch, (0, 0, REGISTER_Z), 1, gate=True)):
        sketch.probes[f"d{index}"] = pos
    for z in (OUT_Z - 2, OUT_Z - 1):
        sketch.on_floor((0, 0, z), comparator("south"))
    return sketch.build()


def _rows(sketch: Sketch) -> None:
    sketch.on_floor((0, 0, TOKEN_Z), DUST)
    for k, delay in enumerate(TOKEN_DELAYS):
        sketch.on_floor((-1 - k, 0, TOKEN_Z), repeater("west", delay))
    for k, kind in enumerate("DCSDCSDCS"):
        state = {"D": DUST, "S": STONE, "C": comparator("west")}[kind]
        sketch.on_floor((-k, 0, LOAD_Z), state)
    for k, kind in enumerate("SDCSDCSDC"):
        state = {"D": DUST, "S": STONE, "C": comparator("east")}[kind]
        sketch.on_floor((k, 0, OUT_Z), state)
