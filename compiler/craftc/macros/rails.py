"""Straight analog lines, spirals and binary lines for the octal machines.

A stream (octal digits, 2 rt each) or a held level crosses a comparator unchanged in 1 rt and may lie
on one dust at a time; lines are therefore patterns of comparator (C), solid (S) and dust (D), of which
neither D D nor S S may touch. A binary line is dust with repeaters at chosen cells.

Coordinates are those of a Sketch: x east, y up, z south. A floor lies under every placed cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from craftc.blocks import BlockState, Volume
from craftc.blocks.transform import transform_point, transformed
from craftc.cells.drawing import CHARS, Drawing
from craftc.cells.library import load_cell
from craftc.errors import PlacementError
from craftc.macros.base import Pos, Sketch

TURN_Y = 4  # blocks (and rt) per turn of a spiral
_OUT = {(1, 0): "east", (-1, 0): "west", (0, 1): "south", (0, -1): "north"}
_FACING = {"east": "west", "west": "east", "north": "south", "south": "north"}
DUST, STONE = CHARS["+"], CHARS["#"]
Flat = tuple[int, int]  # x, z


def comparator(out: str, mode: str = "compare") -> BlockState:
    """Return a comparator whose output points `out`."""
    return BlockState.make("comparator", facing=_FACING[out], mode=mode, powered="false")


def repeater(out: str, delay_rt: int = 1) -> BlockState:
    """Return a repeater whose output points `out`."""
    return BlockState.make("repeater", facing=_FACING[out], delay=delay_rt, locked="false", powered="false")


def wall_torch(facing: str, lit: bool = True) -> BlockState:
    """Return a torch that hangs on the block opposite to `facing`."""
    return BlockState.make("redstone_wall_torch", facing=facing, lit=str(lit).lower())


def rotated(pos: Pos, turns: int) -> Pos:
    """Return `pos` after clockwise quarter turns about (0, 0, 0)."""
    x, y, z = pos
    for _ in range(turns % 4):
        x, z = -z, x
    return (x, y, z)


def place(sketch: Sketch, drawing: Drawing, at: Pos, turns: int = 0) -> None:
    """Put a drawing, turned clockwise about its coordinate (0, 0, 0), with that coordinate at `at`.

    Dust that meets dust stays: shapes are computed for the whole world later.
    """
    volume = transformed(drawing.volume, turns)
    zero = transform_point(drawing.local((0, 0, 0)), drawing.volume.size, turns)
    for local in volume.positions(volume.ids != 0):
        pos = (at[0] + local[0] - zero[0], at[1] + local[1] - zero[1], at[2] + local[2] - zero[2])
        state, have = volume.get(local), sketch.cells.get(pos)
        if have is None or (have[0].short, state.short) != ("redstone_wire", "redstone_wire"):
            sketch.put(pos, state, volume.entity(local))


def cells_of(corners: Sequence[Flat]) -> list[Flat]:
    """Return all cells of a polyline of axis-parallel legs. Raises PlacementError for another leg."""
    cells = [corners[0]]
    for a, b in pairwise(corners):
        dx, dz = b[0] - a[0], b[1] - a[1]
        if (dx and dz) or not (dx or dz):
            raise PlacementError(f"no straight leg from {a} to {b}", legal="one axis")
        step = ((dx > 0) - (dx < 0), (dz > 0) - (dz < 0))
        for k in range(1, abs(dx) + abs(dz) + 1):
            cells.append((a[0] + k * step[0], a[1] + k * step[1]))
    return cells


def _way(cells: Sequence[Flat], index: int) -> str:
    """Return where the device at `index` points: to the next cell, at the end as before it."""
    here = cells[index]
    if index + 1 < len(cells):
        after = cells[index + 1]
        return _OUT[(after[0] - here[0], after[1] - here[1])]
    before = cells[index - 1]
    return _OUT[(here[0] - before[0], here[1] - before[1])]


def binary_line(sketch: Sketch, corners: Sequence[Flat], y: int, repeaters: Mapping[Flat, int]) -> int:
    """Lay dust along a polyline with repeaters (delay in rt) at the given cells; return the delay in rt.

    Raises PlacementError if a repeater lies beside the line or a stretch of dust is longer than 15.
    """
    cells = cells_of(corners)
    missing = sorted(set(repeaters) - set(cells))
    if missing:
        raise PlacementError(f"repeater at {missing[0]} is not on the line", where=sketch.name)
    run = 0
    for index, (x, z) in enumerate(cells):
        delay = repeaters.get((x, z))
        run = 0 if delay else run + 1
        if run > 15:
            raise PlacementError("more than 15 dust in a row", where=f"{sketch.name} at {(x, y, z)}")
        if delay:
            sketch.on_floor((x, y, z), repeater(_way(cells, index), delay))
        elif (x, y, z) not in sketch.cells:
            sketch.on_floor((x, y, z), DUST)
    return sum(repeaters.values())


def stream_line(sketch: Sketch, corners: Sequence[Flat], y: int, pattern: str) -> int:
    """Lay an analog line along a polyline, one letter of `pattern` (C, S, D) per cell; return its rt.

    Raises PlacementError if the pattern has another length or two D or two S touch.
    """
    cells = cells_of(corners)
    if len(cells) != len(pattern) or "DD" in pattern or "SS" in pattern:
        raise PlacementError(
            f"pattern {pattern}", where=sketch.name, legal=f"{len(cells)} letters, no DD, no SS"
        )
    for index, ((x, z), kind) in enumerate(zip(cells, pattern, strict=True)):
        state = DUST if kind == "D" else STONE if kind == "S" else comparator(_way(cells, index))
        sketch.on_floor((x, y, z), state)
    return pattern.count("C")


def straight_pattern(cells: int, rt: int, ends: str = "C") -> str:
    """Return a pattern of `cells` letters with `rt` comparators that begins and ends with `ends`.

    Raises PlacementError if there is none (a comparator is needed at least every third cell).
    """
    groups = [1 + min(2, g) for g in _spread(cells - rt, rt - 1)] if rt > 1 else []
    text = ends + "".join({1: "C", 2: "DC", 3: "SDC"}[g] for g in groups)
    if len(text) != cells or text.count("C") != rt:
        raise PlacementError(f"{rt} comparators in {cells} cells", legal=f"{-(-(cells + 2) // 3)}..{cells}")
    return text


def _spread(extra: int, slots: int) -> list[int]:
    """Return `slots` numbers that add up to `extra`, as even as possible."""
    return [extra * (k + 1) // slots - extra * k // slots for k in range(slots)]


def spiral(
    sketch: Sketch, at: Pos, turns: int, count: int, *, first: bool = False, last: bool = False
) -> None:
    """Stack `count` turns of a rail (circuits/rail_turn), the lowest with its rail dust at `at`.

    `turns` rotates it clockwise. `first` leaves out what belongs to a turn below: the dust at `at` is
    then driven from outside. `last` ends the topmost turn at its rail dust.
    """
    cell = load_cell("rail_turn").drawing
    for k in range(count):
        drawing = cell
        if first and k == 0:
            volume = cell.volume.copy()
            volume.ids[: -cell.corner[1]] = 0
            drawing = Drawing(cell.name, volume, cell.corner)
            for low in ((0, -1, 0), (0, -1, -1)):
                step = rotated(low, turns)
                sketch.cells.setdefault((at[0] + step[0], at[1] - 1, at[2] + step[2]), (STONE, None))
        if last and k == count - 1:
            volume = cell.volume.copy()
            volume.ids[1 - cell.corner[1] :] = 0
            volume.ids[-cell.corner[1]] = np.where(_is_dust(volume), volume.ids[-cell.corner[1]], 0)
            drawing = Drawing(cell.name, volume, cell.corner)
        place(sketch, drawing, (at[0], at[1] + TURN_Y * k, at[2]), turns)


def _is_dust(volume: Volume) -> npt.NDArray[np.bool_]:
    """Return where the rail layer of a turn (y = 0 of its drawing) is dust."""
    table = np.array([state.short == "redstone_wire" for state, _ in volume.palette])
    return np.asarray(table[volume.ids[1]], dtype=np.bool_)
