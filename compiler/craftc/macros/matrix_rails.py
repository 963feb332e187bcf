"""From the generator to four stacks of lanes: rails, edge and idle.

Seen from above; the bank's tower row is z = -16, mirror image on both sides::

                 west stacks (even levels)   east stacks (odd levels), `EAST_X` further
      north      NW                          NE           = mirror images in z of
      bank ->    ---- D of odd levels runs on east ---->
      south      SW (above the generator)    SE

A rail's spiral stands at the same place in every stack, turned or mirrored with it. Each rail crosses over in
one plane of its own (`HEIGHTS`), where no other rail lies: north in `NORTH_RT` = one word, so that the
digits of the north side come one word later; east in `EAST_RT`, as D of the odd levels does. Therefore all
four rails of a stack keep their phases, whatever the length of their ways.

edge and idle are binary; their delays are the sums of the repeaters listed here.
"""

from __future__ import annotations

from dataclasses import dataclass

from craftc.blocks.transform import transformed
from craftc.cells.drawing import CHARS, Drawing
from craftc.cells.library import load_cell
from craftc.macros.base import Pos, Sketch
from craftc.macros.octal_lane import HOLD_TOWER, SHIFT_TOWER
from craftc.macros.octal_ring import PERIOD_RT, QUARTERS, rail_seat
from craftc.macros.rails import (
    STONE,
    Flat,
    binary_line,
    cells_of,
    place,
    repeater,
    rotated,
    spiral,
    stream_line,
    wall_torch,
)

AXIS_Z = -16
EAST_X, EAST_RT = 30, 20
NORTH_RT = PERIOD_RT
HEIGHTS = {"E": 8, "S": 12, "W": 16, "N": 20}
FIRST_Y = 24  # lowest lanes of the west stacks; east stacks 2 higher
LOW_Y, HIGH_Y = 2, 4  # where the towers of SW, and of the other stacks, begin

_NORTH: dict[str, tuple[Flat, ...]] = {
    "E": ((-9, 0), (-8, 0), (-8, -32), (-9, -32)),
    "S": ((1, -2), (-2, -2), (-2, -30), (1, -30)),
    "W": ((4, 9), (4, 8), (0, 8), (0, -40), (4, -40), (4, -41)),
    "N": ((-8, 11), (-8, -43)),
}
_EAST: dict[str, tuple[Flat, ...]] = {
    "E": ((-10, 1), (-10, 2), (12, 2), (12, -5), (18, -5), (18, -3)),
    "S": ((2, -1), (2, 3), (37, 3), (37, -4), (35, -4)),
    "W": ((3, 10), (2, 10), (2, 16), (36, 16), (36, 13)),
    "N": ((-7, 12), (-6, 12), (-6, 14), (19, 14)),
}


def mirrored_z(z: int) -> int:
    """Return z on the other side of the bank."""
    return 2 * AXIS_Z - z


def bent_pattern(corners: tuple[Flat, ...], rt: int) -> str:
    """Return a pattern for a polyline with dust at its corners and `rt` comparators in all."""
    cells = cells_of(corners)
    bends = {corners[k] for k in range(1, len(corners) - 1)}
    kinds = ["D" if c in bends else "C" for c in cells]
    surplus = kinds.count("C") - rt
    index = 1
    while surplus > 0 and index < len(cells) - 1:
        if kinds[index - 1 : index + 3] == ["C"] * 4 and surplus > 1:
            kinds[index : index + 2] = ["S", "D"]
            surplus, index = surplus - 2, index + 3
        elif kinds[index - 1 : index + 2] == ["C"] * 3:
            kinds[index] = "D"
            surplus, index = surplus - 1, index + 2
        else:
            index += 1
    return "".join(kinds)


def _mirrored(drawing: Drawing) -> Drawing:
    """Return a drawing with z negated (its coordinate z = 0 stays)."""
    volume = transformed(drawing.volume, 2, mirror_x=True)
    length = drawing.volume.size[2]
    corner = (drawing.corner[0], drawing.corner[1], -(drawing.corner[2] + length - 1))
    return Drawing(drawing.name, volume, corner)


def _spiral_north(sketch: Sketch, at: Pos, turns: int, count: int) -> None:
    """Stack mirrored turns, the lowest driven from outside; `at` is the place in the south."""
    south = Sketch("north")
    spiral(south, at, turns, count, first=True)
    macro, corner = south.build()
    place(sketch, _mirrored(Drawing("north", macro.volume, corner)), (0, 0, 2 * AXIS_Z))


def _half_turn(sketch: Sketch, at: Pos, turns: int) -> None:
    """Draw the upper half of a turn whose rail dust would be at `at`; its dust two blocks up is driven."""
    cell = load_cell("rail_turn").drawing
    volume = cell.volume.copy()
    volume.ids[: 2 - cell.corner[1]] = 0
    place(sketch, Drawing(cell.name, volume, cell.corner), at, turns)
    for low in ((2, 1, -2), (2, 1, -1)):
        step = rotated(low, turns)
        pos = (at[0] + step[0], at[1] + step[1], at[2] + step[2])
        sketch.cells.setdefault(pos, (STONE, None))


def _rails_south(sketch: Sketch) -> None:
    """Draw spirals of the south stacks and the lines between them, up to the lowest lanes."""
    for quarter in QUARTERS:
        (x, _, z), turns = rail_seat(quarter)
        high = HEIGHTS[quarter]
        spiral(sketch, (x, 8, z), turns, (FIRST_Y - 8) // 4)
        line = _EAST[quarter]
        stream_line(sketch, line, high, bent_pattern(line, EAST_RT))
        _half_turn(sketch, (x + EAST_X, high - 2, z), turns)
        spiral(sketch, (x + EAST_X, high + 2, z), turns, (FIRST_Y - high) // 4)


def _rails_north(sketch: Sketch) -> None:
    """Draw the lines across the bank, and the mirror images of what the south stacks have."""
    half = Sketch("rails_north")
    for quarter in QUARTERS:
        (x, _, z), turns = rail_seat(quarter)
        high = HEIGHTS[quarter]
        spiral(half, (x, high, z), turns, (FIRST_Y - high) // 4, first=True)
        line = _EAST[quarter]
        stream_line(half, line, high, bent_pattern(line, EAST_RT))
        _half_turn(half, (x + EAST_X, high - 2, z), turns)
        spiral(half, (x + EAST_X, high + 2, z), turns, (FIRST_Y - high) // 4)
    macro, corner = half.build()
    place(sketch, _mirrored(Drawing("rails_north", macro.volume, corner)), (0, 0, 2 * AXIS_Z))
    for quarter in QUARTERS:
        line = _NORTH[quarter]
        stream_line(sketch, line, HEIGHTS[quarter], bent_pattern(line, NORTH_RT))


@dataclass(frozen=True, slots=True)
class _Way:
    corners: tuple[Flat, ...]
    repeaters: dict[Flat, int]
    y: int = LOW_Y


def _edge_ways() -> tuple[_Way, ...]:
    north = mirrored_z
    return (
        _Way(((10, 1), (7, 1), (7, 8)), {(8, 1): 1, (7, 8): 4}),
        _Way(((12, -13), (12, north(1)), (7, north(1)), (7, north(8))),
             {(12, -18): 3, (12, -28): 4, (8, north(1)): 1, (7, north(8)): 4}),
        _Way(((13, -13), (39, -13), (39, 1), (37, 1), (37, 8)),
             {(16, -13): 3, (24, -13): 4, (32, -13): 4, (38, -13): 4, (39, -9): 1, (39, -4): 4, (38, 1): 4,
              (37, 3): 4, (37, 8): 4}),
        _Way(((39, -14), (39, north(1)), (37, north(1)), (37, north(8))),
             {(39, -17): 1, (39, -22): 4, (38, north(1)): 4, (37, north(3)): 4, (37, north(8)): 4}),
    )  # fmt: skip


def _register_ends(sketch: Sketch, x: int, y: int, flip: bool) -> None:
    """Draw the last cells of idle before the towers of hold and shift; its line runs along column x."""

    def z(value: int) -> int:
        return mirrored_z(value) if flip else value

    low, high, near = SHIFT_TOWER[1], HOLD_TOWER[1], x + 4
    sketch.on_floor((x + 1, y, z(low)), CHARS["+"])
    sketch.on_floor((x + 2, y, z(low)), STONE)
    sketch.on_floor((x + 3, y, z(low)), wall_torch("east"))
    sketch.on_floor((near, y, z(low)), repeater("east", 3))
    binary_line(sketch, [(x, z(high)), (near, z(high))], y, {(near, z(high)): 4})


def _idle(sketch: Sketch) -> None:
    """Draw idle to the towers: 31 rt at LOW_Y, 33 at HIGH_Y, and EAST_RT more in the east."""
    binary_line(
        sketch, [(1, -12), (1, -8), (-20, -8), (-20, 7)], LOW_Y,
        {(1, -10): 2, (-2, -8): 4, (-5, -8): 4, (-9, -8): 4, (-13, -8): 4, (-17, -8): 4, (-20, -3): 4},
    )  # fmt: skip
    _register_ends(sketch, -20, LOW_Y, False)
    sketch.on_floor((2, LOW_Y + 1, -8), CHARS["+"])
    y = HIGH_Y
    binary_line(sketch, [(3, -8), (13, -8), (13, -24), (-20, -24), (-20, -39)], y,
                {(5, -8): 4, (13, -12): 1, (13, -22): 4, (5, -24): 4, (-3, -24): 4, (-11, -24): 4,
                 (-18, -24): 3, (-20, -28): 2})  # fmt: skip
    _register_ends(sketch, -20, y, True)
    binary_line(sketch, [(14, -8), (26, -8), (26, -6), (10, -6), (10, 7)], y,
                {(15 + k, -8): 4 for k in range(9)} | {(20, -6): 2, (16, -6): 2, (10, -3): 2})  # fmt: skip
    _register_ends(sketch, 10, y, False)
    binary_line(sketch, [(13, -25), (13, -26), (26, -26), (26, -28), (10, -28), (10, -39)], y,
                {(15 + k, -26): 4 for k in range(8)} | {(20, -28): 3, (10, -29): 2})  # fmt: skip
    _register_ends(sketch, 10, y, True)


def distribution(sketch: Sketch) -> None:
    """Draw rails, edge and idle of all four stacks into the base."""
    _rails_south(sketch)
    _rails_north(sketch)
    for way in _edge_ways():
        binary_line(sketch, way.corners, way.y, way.repeaters)
    _idle(sketch)
