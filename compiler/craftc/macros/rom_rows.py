"""Folded ROM: rows of hex ROM banks behind each other, whose digit chains are joined by turns.

Seen from above; digits flow along the arrows, each row starts at its own port (s)::

         .-> row 0  -> -> -> -> -> lanes
    turn |
         '-- row 1  <- <- <- <- <-.
    s1 --^                        | turn
             row 2  -> -> -> -> --'
                                  ^-- s2

Odd rows are turned by 180 degrees, so that the two chains of a turn lie inside each other and need no
crossing. Both have the same delay at all levels: the north and the south digit of a word arrive
together. Below the turns, at the height of the token lines, run the start lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from craftc.blocks import Palette, Volume
from craftc.blocks.transform import transform_point, transformed
from craftc.cells.drawing import CHARS
from craftc.errors import ConfigError, PlacementError
from craftc.layout import stream
from craftc.macros.base import Port, Pos, Sketch
from craftc.macros.rom_bank import PITCH, SIDE_NAMES, Digits, RomBank, rom_bank
from craftc.macros.shift_register import wire

ROW_PITCH = 6  # z from row to row: five of a bank, and one column that must stay empty
EAST_SHIFT = 9  # blocks by which all rows but the first stand further west, for turns and start lines
INNER, OUTER = 5, 7  # columns of a turn's two lines, counted from the nearer end of its rows
LEVEL_Y = 3  # array row of level 0, as in rom_bank
BASE_Y = 1  # array row of the token lines
START_X = 8  # blocks of a western start line


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its first word and its words, its corner in the macro, and whether it is turned."""

    first: int
    words: int
    at: Pos
    turned: bool


@dataclass(slots=True)
class RomRows(RomBank):
    """A folded bank: the contract of RomBank, with `segments[i]` starting row i, and its rows' places."""

    rows: tuple[Row, ...] = ()


def rom_rows(
    digits: Digits, period_rt: int = 12, segments: Sequence[int] = (0,), palette: Palette | None = None
) -> RomRows:
    """Return the bank of `digits` (words, levels, 2) with one row per segment.

    All segments must have the same number of words. Raises ModelError or ConfigError as `rom_bank` does.
    """
    words, levels, _ = digits.shape
    ends = (*segments, words)
    lengths = {b - a for a, b in pairwise(ends)}
    if len(lengths) != 1 or min(lengths) < 1:
        raise ConfigError(f"segments {list(segments)[:8]}", where="rom rows", legal="equally long segments")
    length = lengths.pop()
    count = len(segments)
    shift = EAST_SHIFT + 2 * ((count - 1) // 2) if count > 2 else 0
    west = START_X if count > 1 else 0
    first_x = west + shift
    bottom = ROW_PITCH * (count - 1) + 5
    size = (first_x + PITCH * length + 1, 2 * levels + 2, bottom + (2 if count > 2 else 0))
    volume = Volume(size, palette)
    banks, rows = [], []
    for number, first in enumerate(segments):
        bank = rom_bank(digits[first : first + length], period_rt, (0,), volume.palette)
        at = (first_x if number == 0 else west, 0, ROW_PITCH * number)
        turned = number % 2 == 1
        volume.paste(transformed(bank.volume, 2) if turned else bank.volume, at)
        banks.append(bank)
        rows.append(Row(first, length, at, turned))
    start_rt, ports = _join(volume, banks, rows)
    return RomRows("rom_rows", volume, ports, {}, words, levels, period_rt, tuple(segments), start_rt,
                   tuple(rows))  # fmt: skip


def _at(bank: RomBank, row: Row, pos: Pos) -> Pos:
    """Return where a cell of a bank lies in the macro."""
    local = transform_point(pos, bank.volume.size, 2, False) if row.turned else pos
    return (row.at[0] + local[0], row.at[1] + local[1], row.at[2] + local[2])


def _join(
    volume: Volume, banks: Sequence[RomBank], rows: Sequence[Row]
) -> tuple[tuple[int, ...], dict[str, Port]]:
    """Draw turns and start lines; return the contract's start delays and the ports."""
    first, levels = banks[0], banks[0].levels
    ports = {}
    for level in range(levels):
        for name in SIDE_NAMES:
            port = first.ports[f"d{level}{name}"]
            ports[port.name] = Port(port.name, _at(first, rows[0], port.pos), "out", "level", "east",
                                    port.latency_rt)  # fmt: skip
    start = _at(first, rows[0], first.ports["start0"].pos)
    ports["start0"] = Port("start0", start, "in", "binary", "east")
    start_rt, chain = [first.start_rt[0]], 0
    for number in range(1, len(rows)):
        chain += _turn(volume, banks, rows, number) + rows[number - 1].words
        delay, ports[f"start{number}"] = _start(volume, banks, rows, number)
        start_rt.append(banks[number].start_rt[0] + chain + delay)
    return tuple(start_rt), ports


def _turn(volume: Volume, banks: Sequence[RomBank], rows: Sequence[Row], number: int) -> int:
    """Join the chains of row `number` to the far ends of the row before, at all levels; return the delay."""
    way = -1 if number % 2 else 1  # where the turn lies
    ends = {}
    for side, name in enumerate(SIDE_NAMES):
        out = _at(banks[number], rows[number], banks[number].ports[f"d0{name}"].pos)
        into = _at(banks[number - 1], rows[number - 1], (0, LEVEL_Y, 4 * side))
        ends[side] = out, into
    edge = (min if way < 0 else max)(cell[0] for pair in ends.values() for cell in pair)
    inner = min(ends, key=lambda side: abs(ends[side][0][2] - ends[side][1][2]))
    paths = []
    for side, (out, into) in ends.items():
        column = edge + way * (INNER if side == inner else OUTER)
        paths.append([out, (column, out[1], out[2]), (column, out[1], into[2]), into])
    delay = _common_delay(paths)
    sketch = Sketch("rom_turn")
    for path in paths:
        stream.draw(sketch, path, delay)
        x, y, z = path[-1]
        sketch.on_floor((x - way, y, z), CHARS["}" if way < 0 else "{"])
    part, corner = sketch.build(volume.palette)
    for level in range(banks[0].levels):
        volume.paste(part.volume, (corner[0], corner[1] + 2 * level, corner[2]))
    return delay


def _common_delay(paths: Sequence[Sequence[Pos]]) -> int:
    """Return the least delay (rt) that all paths can have. Raises PlacementError if there is none."""
    cells = [stream.corners(path) for path in paths]
    for delay in range(max(map(len, cells))):
        try:
            for path in cells:
                stream.assign(path, delay)
        except PlacementError:
            continue
        return delay
    raise PlacementError("no common delay of the two lines of a turn", where="rom rows")


def _start(volume: Volume, banks: Sequence[RomBank], rows: Sequence[Row], number: int) -> tuple[int, Port]:
    """Draw the start line of a row from a free border; return its delay and its port."""
    bank, row = banks[number], rows[number]
    x, y, z = _at(bank, row, bank.ports["start0"].pos)
    sketch = Sketch("rom_start")
    if row.turned:
        end, side = (x - START_X, y, z), "west"
        path, last = [end, (x - 2, y, z)], ((x - 1, y, z), "e")
    else:
        later = sum(1 for k in range(number + 1, len(rows)) if not rows[k].turned)
        column = x + 4 + 2 * later
        end, side = (column, y, volume.size[2] - 1), "south"
        path, last = [end, (column, y, z), (x + 2, y, z)], ((x + 1, y, z), "w")
    delay = wire(sketch, path)
    sketch.on_floor(last[0], CHARS[last[1]])
    part, corner = sketch.build(volume.palette)
    volume.paste(part.volume, corner)
    name = f"start{number}"
    return delay + 1, Port(name, end, "in", "binary", side)


__all__ = ["ROW_PITCH", "RomRows", "Row", "rom_rows"]
