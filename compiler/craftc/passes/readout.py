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

from collections.abc import Sequence
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
DETOUR_X, DETOUR_Z, DETOUR_SPARE = 4, 6, 8  # where a detour leaves, beside the engine; blocks for its bends
LINK, LINK_RT = 2, 1  # cells and delay from an adder's output to the next adder of a chain
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
    delay = _to_consumer(sketch, y, consumer, side, twice)
    macro, at = sketch.build()
    return Readout(macro, at, LINE_RT + adder_rt + delay)


def _to_consumer(sketch: Sketch, y: Pos, consumer: Pos, side: str, twice: bool) -> int:
    """Draw the way from the last adder's output to the consumer; return its delay."""
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
    return delay + DIRECT_RT + _draw(sketch, last, place_last=False)


@dataclass(frozen=True, slots=True)
class Source:
    """A block of an engine: the height of its two outputs, and when digit 0 of a shifted slot is there."""

    y: int
    start_rt: int

    @property
    def drops(self) -> int:
        """Steps of two blocks down to the adders."""
        return (self.y - Y) // 2


def chain_step() -> Pos:
    """Return by how much each adder of a chain stands east, above and south of the one before it."""
    adder = turned(nsum(), 2, mirror_x=True)
    n, y = adder.ports["n"].pos, adder.ports["y"].pos
    return (y[0] - n[0], 0, y[2] - n[2] - LINK)


def adder_row(sources: Sequence[Source], out_z: int, wanted_z: int) -> int:
    """Return the z of the first adder's inputs: `wanted_z`, or so far north that every line can go down."""
    step = chain_step()[2]
    rows = [wanted_z]
    for number, source in enumerate(sources):
        adder = max(0, 2 * number - 1)
        rows.append(-out_z - stream.drops_cells(source.drops) - 2 - step * adder)
    return min(rows)


def gather(
    border_x: int, out_z: int, adder_z: int, column: int, sources: Sequence[Source], consumer: Pos,
    side: str, *, twice: bool, like_rt: int | None = None,
) -> Readout:  # fmt: skip
    """Return the readout of the blocks `sources` of one engine: the sum of all their streams, in a chain.

    Seen from above; the lines of the upper blocks come down just before their adders::

            y -> T, M and consumer as in `readout`
            |
          adder 2 <- s_1
            |
          adder 1 <- n_1     (each adder stands east of the one before)
            |
          adder 0 <- s_0
            ^ n_0

    `column`: east of the border, of the first line. `delay_rt` is the time, after the engine's digit 0 at p,
    at which digit 0 of the total arrives; it equals `like_rt` modulo two words if that is given. Raises
    PlacementError if a line cannot have its delay.
    """
    sketch = Sketch("readout")
    step, adder = chain_step(), turned(nsum(), 2, mirror_x=True)
    n, s, y = (adder.ports[name] for name in ("n", "s", "y"))
    ends: list[Pos] = []
    last = y.pos
    for number in range(2 * len(sources) - 1):
        at = (border_x + column + step[0] * number, Y, adder_z + step[2] * number)
        base = (at[0] - n.pos[0], Y - n.pos[1], at[2] - n.pos[2])
        sketch.paste(adder.volume, base)
        if number:
            stream.draw(sketch, [last, at], LINK_RT, place_last=False)
        else:
            ends.append(at)
        ends.append((base[0] + s.pos[0], Y, base[2] + s.pos[2]))
        last = (base[0] + y.pos[0], Y, base[2] + y.pos[2])
    rest = _to_consumer(sketch, last, consumer, side, twice)
    each = y.latency_rt + LINK_RT
    rest += each * (len(ends) - 2) + y.latency_rt
    first = _join(sketch, border_x, out_z, sources, ends, each, rest, like_rt)
    macro, at = sketch.build()
    return Readout(macro, at, first + rest)


def _join(
    sketch: Sketch, border_x: int, out_z: int, sources: Sequence[Source], ends: Sequence[Pos], each_rt: int,
    rest_rt: int, like_rt: int | None,
) -> int:  # fmt: skip
    """Draw all lines from the engine to the adders; return when the first two digits meet."""
    lines, earliest = [], []
    for number, end in enumerate(ends):
        source = sources[number // 2]
        start = (border_x, source.y, out_z * (1 if number % 2 else -1))
        later = each_rt * max(0, number - 1)  # the adder that this line feeds works so much later
        lines.append((start, end, source, later))
        least, _ = stream.delay_range(_way(start, end, 0), source.drops)
        earliest.append(source.start_rt + least - later)
    first = max(earliest)
    if like_rt is not None:
        first += (like_rt - first - rest_rt) % (2 * lane.PERIOD_RT)
    for start, end, source, later in lines:
        delay = first + later - source.start_rt
        lacking = delay - stream.delay_range(_way(start, end, 0), source.drops)[1]
        way = _way(start, end, 0 if lacking <= 0 else lacking // 2 + DETOUR_SPARE)
        stream.draw_down(sketch, way, delay, source.drops, place_last=False)
    return first


def _way(start: Pos, end: Pos, detour: int) -> list[Pos]:
    """Return the corners of a line at the height of its start; one that must wait goes back west first.

    Seen from above, of a north line::

        end
         |
         '------------------.
                            '---. <- detour blocks
                   start --.    |
        engine             '----'
    """
    (x, y, z), away = start, 1 if start[2] > 0 else -1
    if not detour:
        return [start, (end[0], y, z), (end[0], y, end[2])]
    west, row, back = x + DETOUR_X - detour, z + DETOUR_Z * away, z + (DETOUR_Z + 2) * away
    return [start, (x + DETOUR_X, y, z), (x + DETOUR_X, y, row), (west, y, row), (west, y, back),
            (end[0], y, back), (end[0], y, end[2])]  # fmt: skip


def _draw(sketch: Sketch, points: list[Pos], *, place_last: bool = True) -> int:
    """Draw a line with the least delay; return it."""
    delay = stream.least_delay(stream.corners(points))
    stream.draw(sketch, points, delay, place_last=place_last)
    return delay
