"""Exact analog lines: a digit stream along a given path with a given delay.

A level survives one dust and any number of comparators and solids, so a line is a word over

    D dust   C comparator (1 rt, only on straight cells)   S solid

in which D is followed by C, S by C or D, and C by C, S or D. A path of n cells can have any delay
between its fewest and its most comparators; `draw` finds the assignment with exactly the wanted
number, the most evenly spread first in path order, and refuses with the range.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from craftc.blocks import BlockState
from craftc.cells.drawing import dust
from craftc.errors import PlacementError
from craftc.macros.base import Pos, Sketch

AFTER = {"D": "C", "S": "CD", "C": "SDC"}
_FACING = {(-1, 0): "east", (1, 0): "west", (0, -1): "south", (0, 1): "north"}  # output -> input side


def corners(points: Sequence[Pos]) -> list[Pos]:
    """Return all cells of a polyline through `points` (each segment along x or z), ends included."""
    cells = [points[0]]
    for x, y, z in points[1:]:
        cx, cy, cz = cells[-1]
        if (cx != x) == (cz != z) or cy != y:
            raise PlacementError(f"{cells[-1]} to {(x, y, z)} is no straight level segment", where="stream")
        while cells[-1] != (x, y, z):
            cx, cy, cz = cells[-1]
            cells.append((cx + (x > cx) - (x < cx), cy, cz + (z > cz) - (z < cz)))
    return cells


def _straight(cells: Sequence[Pos], index: int) -> bool:
    if not 0 < index < len(cells) - 1:
        return False
    before, here, after = cells[index - 1], cells[index], cells[index + 1]
    return (here[0] - before[0], here[2] - before[2]) == (after[0] - here[0], after[2] - here[2])


def least_delay(cells: Sequence[Pos], first: str = "D") -> int:
    """Return the fewest comparators (rt) of a line over these cells; PlacementError if there is none."""
    for delay_rt in range(len(cells)):
        try:
            assign(cells, delay_rt, first)
        except PlacementError:
            continue
        return delay_rt
    raise PlacementError(f"no line over {len(cells)} cells", where=f"stream at {cells[0]}")


def assign(cells: Sequence[Pos], delay_rt: int, first: str = "D") -> str:
    """Return one letter per cell with exactly `delay_rt` comparators.

    `first` is what stands on the first cell already ("D", "S" or "C"); the last cell becomes dust.
    Raises PlacementError naming the legal delays if there is no such line.
    """

    @cache
    def finish(index: int, previous: str, left: int) -> str | None:
        """Letters of cells index.. after `previous`, with `left` comparators still to place."""
        if index == len(cells) - 1:
            return "D" if left == 0 and "D" in AFTER[previous] else None
        for letter in AFTER[previous]:
            if letter == "C" and (left == 0 or not _straight(cells, index)):
                continue
            tail = finish(index + 1, letter, left - (letter == "C"))
            if tail is not None:
                return letter + tail
        return None

    found = finish(1, first, delay_rt)
    if found is None:
        legal = [d for d in range(len(cells)) if finish(1, first, d) is not None]
        raise PlacementError(f"no line of {delay_rt} rt over {len(cells)} cells",
                             where=f"stream at {cells[0]}", legal=f"{legal} rt")  # fmt: skip
    return first + found


def draw(
    sketch: Sketch, points: Sequence[Pos], delay_rt: int, first: str = "D", *, place_last: bool = True
) -> None:
    """Draw a line through `points` with exactly `delay_rt`; the first cell is left as it is.

    Without `place_last` the last cell too is somebody else's dust.
    """
    cells = corners(points)
    letters = assign(cells, delay_rt, first)
    for index in range(1, len(cells) - (0 if place_last else 1)):
        letter = letters[index]
        here, before = cells[index], cells[index - 1]
        if letter == "S":
            sketch.put(here, BlockState.make("stone"))
        elif letter == "D":
            sketch.on_floor(here, dust())
        else:
            facing = _FACING[(here[0] - before[0], here[2] - before[2])]
            state = BlockState.make("comparator", facing=facing, mode="compare", powered="false")
            sketch.on_floor(here, state)


__all__ = ["assign", "corners", "draw", "least_delay"]
