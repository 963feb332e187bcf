"""Registers of octal digits that load, hold and give their word as a serial stream.

A register is a delay line of 2 rt per digit that can be stopped (circuits/freeze_pair)::

    hold  ---+-----+---e--+-----+---e-- ..     north of the stream; 15 = keep
    in    -> place place R place place R .. -> out
    shift ---+-----+---e--+-----+---e-- ..     south of the stream; 15 = let pass

Every second place the stream and both lines are relayed (R, e; 1 rt each), so that all places stop in
the same part of their digit. hold and shift are complements and change in the same rt.
"""

from __future__ import annotations

from craftc.cells.library import load_cell
from craftc.macros.base import Pos, Sketch
from craftc.macros.rails import DUST, comparator, place, repeater, rotated

DIGITS = 8
PAIR_X = 9  # blocks per pair
LENGTH = PAIR_X * DIGITS // 2  # blocks from the first comparator to the one behind the register
HOLD_Z, SHIFT_Z = -2, 3  # rows of the lines beside the stream's row
FREEZE_RT = (
    2 * DIGITS
)  # hold rises this long after digit 0 stands before the first comparator: all 8 are inside
OUT_RT = 5  # shift rises to digit 0 behind the gate


def register(sketch: Sketch, at: Pos, turns: int = 0, *, gate: bool = False) -> tuple[Pos, ...]:
    """Draw a register whose first comparator is at `at` and whose stream flows east before `turns`.

    Returns the dust of every place, the one filled first (digit 0 of a word) first. Its lines begin at the
    first pair: drive them from the cell before. `gate` adds a comparator that gives nothing while the
    register holds.
    """
    cell = load_cell("freeze_pair")
    places = []
    for pair in range(DIGITS // 2):
        step = rotated((PAIR_X * pair, 0, 0), turns)
        corner = (at[0] + step[0], at[1], at[2] + step[2])
        place(sketch, cell.drawing, corner, turns)
        for name in ("d0", "d1"):
            local = cell.probes[name]
            x, y, z = rotated(
                (local[0] + cell.drawing.corner[0], 0, local[2] + cell.drawing.corner[2]), turns
            )
            places.append((corner[0] + x, corner[1] + y, corner[2] + z))
    if gate:
        _gate(sketch, at, turns)
    return tuple(reversed(places))


def _gate(sketch: Sketch, at: Pos, turns: int) -> None:
    names = ("east", "south", "west", "north")
    rows = ((0, 0, comparator(names[turns % 4], "subtract")), (0, -1, DUST), (0, HOLD_Z, DUST))
    for x, z, state in rows:
        step = rotated((LENGTH + x, 0, z), turns)
        sketch.on_floor((at[0] + step[0], at[1], at[2] + step[2]), state)
    last = rotated((LENGTH - 1, 0, SHIFT_Z), turns)
    pos = (at[0] + last[0], at[1], at[2] + last[2])
    sketch.cells[pos] = (repeater(names[turns % 4]), None)
