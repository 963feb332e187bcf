"""Registers of octal digits that load, hold and give their word as a serial stream.

A register is a delay line of 2 rt per digit that can be stopped (circuits/freeze_pair)::

    hold  ---+-----+---e--+-----+---e-- ..     north of the stream; 15 = keep
    in    -> place place R place place R .. -> out
    shift ---+-----+---e--+-----+---e-- ..     south of the stream; 15 = let pass

Every second place the stream and both lines are relayed (R, e; 1 rt each), so that all places stop in
the same part of their digit. hold and shift are complements and change in the same rt.

`queue` puts more registers behind one. They open for exactly one word, when the register before them opens,
and so take over what it held: each run of a lane pushes the results before it one register on::

    hold  --e-+--------------.
              '-444-41 -> (-) -> torch -1-> hold of the others: not (hold 17 rt ago, but not 1 rt ago)
    out   --} C D C S D C S D C ->          4 rt, as the lines need
    shift --e-+-. 1 -> (-) -> 1 -------1-> shift of the others
              '-444-4 1 --'
"""

from __future__ import annotations

from craftc.cells.drawing import Drawing
from craftc.cells.library import load_cell
from craftc.macros.base import Pos, Sketch
from craftc.macros.rails import (
    DUST,
    STONE,
    binary_line,
    comparator,
    place,
    repeater,
    rotated,
    stream_line,
    wall_torch,
)

DIGITS = 8
PAIR_X = 9  # blocks per pair
LENGTH = PAIR_X * DIGITS // 2  # blocks from the first comparator to the one behind the register
HOLD_Z, SHIFT_Z = -2, 3  # rows of the lines beside the stream's row
FREEZE_RT = (
    2 * DIGITS
)  # hold rises this long after digit 0 stands before the first comparator: all 8 are inside
OUT_RT = 5  # shift rises to digit 0 behind the gate


def register(
    sketch: Sketch, at: Pos, turns: int = 0, *, gate: bool = False, more: bool = False
) -> tuple[Pos, ...]:
    """Draw a register whose first comparator is at `at` and whose stream flows east before `turns`.

    Returns the dust of every place, the one filled first (digit 0 of a word) first. Its lines begin at the
    first pair: drive them from the cell before. `gate` adds a comparator that gives nothing while the
    register holds; `more` keeps the relays at the end of stream and lines for what stands behind.
    """
    cell = load_cell("freeze_pair")
    places = []
    for pair in range(DIGITS // 2):
        step = rotated((PAIR_X * pair, 0, 0), turns)
        corner = (at[0] + step[0], at[1], at[2] + step[2])
        drawing = cell.drawing
        if pair == DIGITS // 2 - 1 and not more:
            drawing = _without_end(drawing, (SHIFT_Z,) if gate else (HOLD_Z, 0, SHIFT_Z))
        place(sketch, drawing, corner, turns)
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


def _without_end(drawing: Drawing, rows: tuple[int, ...]) -> Drawing:
    """Return a pair without the relays at the east end of the given rows (z)."""
    volume = drawing.volume.copy()
    for z in rows:
        volume.ids[:, z - drawing.corner[2], PAIR_X - 1] = 0
    return Drawing(drawing.name, volume, drawing.corner)


QUEUE_X = 9  # blocks between the register and those behind it


def queue(sketch: Sketch, at: Pos, turns: int, count: int) -> tuple[tuple[Pos, ...], ...]:
    """Draw `count` registers behind the one drawn at `at`; return the places of each, nearest first.

    After n runs register k of them holds what the one at `at` held after run n - 1 - k.
    """
    own = Sketch("queue")
    _windows(own)
    stream_line(own, [(0, 0), (QUEUE_X - 1, 0)], 0, "CDCSDCSDC")
    places = [register(own, (QUEUE_X + LENGTH * k, 0, 0), more=k < count - 1) for k in range(count)]
    macro, corner = own.build()
    step = rotated((LENGTH, 0, 0), turns)
    zero = (at[0] + step[0], at[1], at[2] + step[2])
    place(sketch, Drawing("queue", macro.volume, corner), zero, turns)
    out = []
    for row in places:
        turned = [rotated(pos, turns) for pos in row]
        out.append(tuple((zero[0] + x, zero[1] + y, zero[2] + z) for x, y, z in turned))
    return tuple(out)


def _windows(own: Sketch) -> None:
    """Draw what opens the registers of a queue: 4 rt after its lines at x = 0, for one word of digits."""
    slow, fast = (4, 4, 4, 4, 1), 6
    binary_line(own, [(0, HOLD_Z), (0, -6), (fast, -6)], 0, {})
    for x, delay in enumerate(slow, 1):
        own.on_floor((x, 0, -4), repeater("east", delay))
    own.on_floor((fast, 0, -5), repeater("south"))
    own.on_floor((fast, 0, -4), comparator("east", "subtract"))
    own.on_floor((fast + 1, 0, -4), STONE)
    own.on_floor((fast + 2, 0, -4), wall_torch("east"))
    binary_line(own, [(QUEUE_X, -4), (QUEUE_X, HOLD_Z)], 0, {(QUEUE_X, -3): 1})
    binary_line(own, [(0, SHIFT_Z), (0, 7), (fast, 7)], 0, {(x, 7): 4 for x in range(1, 5)})
    binary_line(own, [(0, 5), (fast - 1, 5)], 0, {(fast - 1, 5): 1})
    own.on_floor((fast, 0, 6), repeater("north"))
    own.on_floor((fast, 0, 5), comparator("east", "subtract"))
    own.on_floor((fast + 1, 0, 5), DUST)
    own.on_floor((fast + 2, 0, 5), repeater("east"))
    binary_line(own, [(QUEUE_X, 5), (QUEUE_X, SHIFT_Z)], 0, {(QUEUE_X, 4): 1})
