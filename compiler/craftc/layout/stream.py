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


def drops_cells(drops: int) -> int:
    """Return the straight cells at the end of a line that goes down `drops` times, its last dust included."""
    return 2 * drops + 2 if drops else 0


def delay_range(points: Sequence[Pos], drops: int = 0) -> tuple[int, int]:
    """Return the least and the greatest delay (rt) of `draw_down`; PlacementError if there is no line.

    Every delay between them is possible.
    """
    cells = corners(points)
    level = cells[: len(cells) - drops_cells(drops)]
    _require_room(cells, level)
    found = _delays(_shape(level))
    if not found:
        raise PlacementError(f"no line over {len(level)} cells", where=f"stream at {cells[0]}")
    extra = drops + 1 if drops else 0
    return min(found) + extra, max(found) + extra


def _shape(cells: Sequence[Pos]) -> str:
    """Return a letter per cell: s for straight ones."""
    return "".join("s" if _straight(cells, k) else "c" for k in range(len(cells)))


@cache
def _delays(shape: str) -> frozenset[int]:
    """Return all delays of lines from dust to dust over cells of these kinds."""
    after: dict[str, set[int]] = {"D": {0}, "S": set(), "C": set()}
    for kind in shape[1:]:
        turned = after["D"] | after["S"] | after["C"] if kind == "s" else set()
        after = {"C": {d + 1 for d in turned}, "S": after["C"], "D": after["S"] | after["C"]}
    return frozenset(after["D"])


def _require_room(cells: Sequence[Pos], level: Sequence[Pos]) -> None:
    """Raise PlacementError unless the descent at the end of the line lies on straight cells."""
    bends = [k for k in range(len(level), len(cells) - 1) if not _straight(cells, k)]
    if len(level) < 2 or bends:
        raise PlacementError(f"no room to go down over the last {len(cells) - len(level)} cells",
                             where=f"stream at {cells[0]}", legal="a longer last segment")  # fmt: skip


def draw_down(
    sketch: Sketch, points: Sequence[Pos], delay_rt: int, drops: int = 0, *, place_last: bool = True
) -> None:
    """Draw a line as `draw` does, which goes down two blocks `drops` times just before its last cell.

    All points are given at the height of the first; the last cell lies 2 * drops lower. Side view::

        D  C  #                 # is powered strongly, the dust under it has its level,
           .  D                 the block under that is powered weakly and read from behind
              #  C  #
                 .  D
                    #  C  D     the last dust, two drops lower
    """
    if not drops:
        draw(sketch, points, delay_rt, place_last=place_last)
        return
    cells = corners(points)
    level = cells[: len(cells) - drops_cells(drops)]
    _require_room(cells, level)
    draw(sketch, [*_bends(level)], delay_rt - drops - 1)
    here, before = cells[len(level)], cells[len(level) - 1]
    facing = _FACING[(here[0] - before[0], here[2] - before[2])]
    relay = BlockState.make("comparator", facing=facing, mode="compare", powered="false")
    stone = BlockState.make("stone")
    for step in range(drops + 1):
        x, y, z = cells[len(level) + 2 * step]
        y -= 2 * step
        sketch.on_floor((x, y, z), relay)
        x, _, z = cells[len(level) + 2 * step + 1]
        if step < drops:
            sketch.put((x, y, z), stone)
            sketch.put((x, y - 1, z), dust())
            sketch.put((x, y - 2, z), stone)
        elif place_last:
            sketch.on_floor((x, y, z), dust())


def _bends(cells: Sequence[Pos]) -> list[Pos]:
    """Return the first cell, the corners and the last cell of a line."""
    inner = [cells[k] for k in range(1, len(cells) - 1) if not _straight(cells, k)]
    return [cells[0], *inner, cells[-1]]


__all__ = ["assign", "corners", "delay_range", "draw", "draw_down", "drops_cells", "least_delay"]
