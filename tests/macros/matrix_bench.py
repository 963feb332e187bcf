"""Lever-driven boards around the octal cells of a matrix engine."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from craftc.blocks import BlockState
from craftc.cells.drawing import CHARS, Drawing
from craftc.macros import octal_ring
from craftc.macros.base import Pos, Sketch
from craftc.macros.octal_ring import QUARTERS, SEATS, WORD_DIGITS
from craftc.macros.rails import STONE, place, repeater, rotated, stream_line, wall_torch

from .octal_bench import LEVER, SOURCE_RT, source

Longs = npt.NDArray[np.int64]
RAIL_RT = SOURCE_RT + 1  # first lever to the rail dust: the source and the last comparator of a turn below
SIDES = ("east", "south", "west", "north")


@cache
def _source() -> tuple[Drawing, tuple[Pos, ...]]:
    sketch = Sketch("source")
    levers = source(sketch, (0, 0, 0))
    macro, corner = sketch.build()
    return Drawing("source", macro.volume, corner), levers


def add_source(sketch: Sketch, at: Pos, turns: int) -> tuple[Pos, ...]:
    """Build a source whose last comparator is at `at` and points east before `turns`; return its levers."""
    drawing, levers = _source()
    place(sketch, drawing, at, turns)
    out = [rotated(lever, turns) for lever in levers]
    return tuple((at[0] + p[0], at[1] + p[1], at[2] + p[2]) for p in out)


def seat(quarter: str, local: Pos) -> Pos:
    return octal_ring.seat(quarter, local)


def ring_bench() -> tuple[Sketch, dict[str, tuple[Pos, ...]], dict[str, Pos], Pos]:
    """Return an accumulator with sources below its rails: sketch, sources, blocking levers, and the lever
    that opens the mask, 1 rt late."""
    sketch = Sketch("ring")
    octal_ring.accumulator(sketch)
    sources, blocks = {}, {}
    for quarter in QUARTERS:
        turns = SEATS[quarter][1]
        sources[quarter] = add_source(sketch, seat(quarter, (4, -1, -3)), (turns + 1) % 4)
        sketch.on_floor(seat(quarter, (4, 0, -1)), repeater(SIDES[(turns + 2) % 4]))
        blocks[quarter] = seat(quarter, (5, 0, -1))
        sketch.on_floor(blocks[quarter], LEVER)
    sketch.on_floor(seat("S", (6, 0, 7)), wall_torch("west"))
    sketch.on_floor(seat("S", (7, 0, 7)), STONE)
    opener = seat("S", (7, 1, 7))
    sketch.put(opener, LEVER)
    return sketch, sources, blocks, opener


def register_bench(build: object = None) -> tuple[Sketch, tuple[Pos, ...], Pos, Pos, tuple[Pos, ...]]:
    """Return a register behind a source: sketch, source levers, hold and shift levers, places."""
    from craftc.macros.octal_register import HOLD_Z, SHIFT_Z, register

    sketch = Sketch("register")
    places = register(sketch, (0, 0, 0))
    stream_line(sketch, [(-16, 0), (-1, 0)], 0, "C" * 16)
    levers = add_source(sketch, (-17, 0, 0), 0)
    hold, shift = (-1, 0, HOLD_Z), (-1, 0, SHIFT_Z)
    for pos in (hold, shift):
        sketch.on_floor(pos, LEVER)
    return sketch, levers, hold, shift, places


def words_of(values: Longs, digits: int) -> Longs:
    """Return (..., WORD_DIGITS): octal digits of values modulo 8^digits, flush digits 0."""
    places = np.arange(WORD_DIGITS)
    return np.where(places < digits, (values[..., None] >> (3 * np.minimum(places, 20))) & 7, 0)


__all__ = ["CHARS", "BlockState", "add_source", "register_bench", "ring_bench", "seat", "words_of"]
