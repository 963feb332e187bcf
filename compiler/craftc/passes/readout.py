"""Readout of one engine: two sum streams to the adder, and their total on to its consumer.

Seen from above (x east, z south), everything at the height of the engine's streams (y = -2)::

          y .-> T ---------> M -> consumer       T to M directly, and (for argmax) once more
            |   '-> 12 rt ->-'                   one word later, so that every word comes twice
          adder (inputs south, output north)
           | |
    out_n -' |          both lines have the same delay
             |
    out_s ---'
"""

from __future__ import annotations

from dataclasses import dataclass

from craftc.cells.drawing import dust
from craftc.layout import stream
from craftc.macros import lane
from craftc.macros.base import Macro, Pos, Sketch
from craftc.macros.readout import nsum
from craftc.macros.turn import turned

Y = -2  # height of the streams
LINE_RT = 52  # both sum lines
LINE_X = 4  # first line, blocks east of the engine's border
DIRECT_RT = 6  # from T to M
RISE = 4  # rows north of the adder in which the total runs east


@dataclass(frozen=True, slots=True)
class Readout:
    """The macro, its corner, and the delay from digit 0 at the engine's outputs to the consumer's port."""

    macro: Macro
    at: Pos
    delay_rt: int


def _adder(sketch: Sketch, border_x: int, adder_z: int) -> tuple[Pos, Pos, Pos, int]:
    """Place the adder with its inputs in row adder_z; return n, s, y and the delay."""
    adder = turned(nsum(), 2, mirror_x=True)
    n, s, y = (adder.ports[name] for name in ("n", "s", "y"))
    base = (border_x + LINE_X - n.pos[0], Y - n.pos[1], adder_z - n.pos[2])
    sketch.paste(adder.volume, base)

    def world(pos: Pos) -> Pos:
        return (base[0] + pos[0], base[1] + pos[1], base[2] + pos[2])

    return world(n.pos), world(s.pos), world(y.pos), y.latency_rt


def readout(border_x: int, out_z: int, adder_z: int, consumer: Pos, side: str, twice: bool) -> Readout:
    """Return the readout of an engine whose outputs stand at (border_x, Y, -out_z) and (.., +out_z).

    The total arrives at the dust `consumer` from its `side` ("north", "west" or "east"), every word twice if
    asked. Raises PlacementError if a line cannot have its delay.
    """
    sketch = Sketch("readout")
    n, s, y, adder_rt = _adder(sketch, border_x, adder_z)
    for sign, end in ((-1, n), (1, s)):
        start = (border_x, Y, sign * out_z)
        stream.draw(sketch, [start, (end[0], Y, start[2]), end], LINE_RT, place_last=False)
    row = y[2] - RISE
    fork, merge = (y[0] + 3, Y, row), (y[0] + 14, Y, row)
    delay = _draw(sketch, [y, (y[0], Y, row), fork])
    sketch.on_floor(merge, dust())
    stream.draw(sketch, [fork, merge], DIRECT_RT, place_last=False)
    if twice:
        high = row - 5
        loop = [fork, (fork[0], Y, high), (merge[0], Y, high), merge]
        stream.draw(sketch, loop, DIRECT_RT + lane.PERIOD_RT, place_last=False)
    beside = {"north": 0, "west": -3, "east": 3}[side]
    turn = (consumer[0] + beside, Y, row)
    last = [merge, turn, consumer] if side == "north" else [merge, turn, (turn[0], Y, consumer[2]), consumer]
    delay += _draw(sketch, last, place_last=False)
    macro, at = sketch.build()
    return Readout(macro, at, LINE_RT + adder_rt + delay + DIRECT_RT)


def _draw(sketch: Sketch, points: list[Pos], *, place_last: bool = True) -> int:
    """Draw a line with the least delay; return it."""
    delay = stream.least_delay(stream.corners(points))
    stream.draw(sketch, points, delay, place_last=place_last)
    return delay
