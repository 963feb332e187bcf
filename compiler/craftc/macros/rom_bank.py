"""Hex ROM bank: one row of words along x, two hex digits (north, south) per word and level.

Seen from above, at the height of level k (y = 2k; X is a word's tower, pitch 3)::

    z=-2   #-}#-}#-        maximum chain of the north digits, flows east
    z=-1   k}^k}^          gate (^) = 15 - constant; the constant k is 15 - digit
    z= 0   ..#Q.#Q         tower: select block A, wall torch to the next level (2 rt per level)
    z=+1   k}vk}v          gate of the south digit
    z=+2   #-}#-}#-        maximum chain of the south digits

and of the base at y = -2 (w, n, u: repeaters; one word's delay line, P - 1 rt)::

    z=-2   .-#             dust, solid
    z=-1   .un
    z= 0   w##             next word <- w <- solid <- u <- dust <- solid <- n <- word block
    z=+1   ..M             torch into the tower

Word 0 stands east. Its token walks west with P - 1 rt per word and each digit needs one hop (1 rt) more
to come back east, so digits arrive at the chain's end exactly every P rt and abut. Longer periods make
the two columns of repeaters longer (z = -1 .. -`delay_rows`). Constants: a
composter behind the comparator for 0..6 and 8, a barrel else; digit 0 builds nothing, digit 15 no constant.

The start pulse must last P rt, or less: digits then last as long, with 0 between them. The rows beside the
chains (z = -3, +3 at y >= 0) must stay free of anything that can be powered. Measured source of
all parts: cells.md 4.1, octal-lane.md 2.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from craftc.blocks import Palette, Volume
from craftc.cells.drawing import CHARS, constant
from craftc.errors import ConfigError, ModelError
from craftc.macros.base import Macro, Port, Pos

Ids = npt.NDArray[np.uint16]
Digits = npt.NDArray[np.uint8]

BITS_PER_DIGIT = 4
PITCH = 3  # blocks per word along x
MIN_PERIOD_RT, MAX_PERIOD_RT = 4, 69  # 2 * delay_rows + 1 repeaters of 1..4 rt make P - 1
TOWER_RT = 3  # start block to gate output at level 0: two torches and the gate
LEVEL_RT = 2  # two torches per level
SIDE_NAMES = ("n", "s")
_BASE = 3  # array row of level 0: y = -3 is row 0


@dataclass(slots=True)
class RomBank(Macro):
    """A bank with its contract.

    With start dust `start<i>` (ports) rising at time 0, the digit of word segments[i] + j, level k,
    stands at `d_out(k, side)` during [start_rt[i] + j*P + 2k, start_rt[i] + (j+1)*P + 2k) rt.
    """

    words: int = 0
    levels: int = 0
    period_rt: int = 12
    segments: tuple[int, ...] = (0,)
    start_rt: tuple[int, ...] = (TOWER_RT,)

    def d_out(self, level: int, side: int) -> Pos:
        """Return the local cell of the output dust of a level, side 0 = north, 1 = south.

        The cell east of it is outside the bank and meant for the rear of a comparator.
        """
        return self.ports[f"d{level}{SIDE_NAMES[side]}"].pos

    @property
    def bits(self) -> int:
        """Bits of information stored."""
        return self.words * self.levels * 2 * BITS_PER_DIGIT

    @property
    def blocks_per_bit(self) -> float:
        """Cells of the bounding box per stored bit."""
        return self.volume.volume / self.bits


def delay_rows(period_rt: int) -> int:
    """Return how many repeaters a word's delay line has northward, and again southward: 1 up to 13 rt.

    Raises ConfigError outside MIN_PERIOD_RT..MAX_PERIOD_RT.
    """
    if not MIN_PERIOD_RT <= period_rt <= MAX_PERIOD_RT:
        raise ConfigError(
            f"word period {period_rt} rt", where="rom bank", legal=f"{MIN_PERIOD_RT}..{MAX_PERIOD_RT} rt"
        )
    return max(1, -(-(period_rt - 5) // 8))


def shift_delays(period_rt: int) -> tuple[int, ...]:
    """Return the delays (rt) of the repeaters of one word: northward, southward, west; their sum is P - 1.

    Raises ConfigError as `delay_rows` does.
    """
    count = 2 * delay_rows(period_rt) + 1
    out, left = [], period_rt - 1
    for behind in range(count - 1, -1, -1):
        out.append(min(4, left - behind))
        left -= out[-1]
    return tuple(out)


def _checked(digits: Digits, segments: Sequence[int]) -> tuple[int, ...]:
    if digits.ndim != 3 or digits.shape[2] != 2 or min(digits.shape) < 1:
        raise ModelError(f"digits of shape {digits.shape}", where="rom bank", legal="(words, levels, 2)")
    if digits.dtype != np.uint8 or int(digits.max()) > 15:
        raise ModelError("digit above 15 or not uint8", where="rom bank", legal="uint8 in 0..15")
    starts = tuple(int(s) for s in segments)
    rising = all(a < b for a, b in pairwise(starts))
    if not starts or starts[0] != 0 or not rising or starts[-1] >= len(digits):
        raise ConfigError(
            f"segments {list(starts)}", where="rom bank", legal=f"rising from 0, below {len(digits)}"
        )
    return starts


class _Ink:
    """Palette entries of the characters of a drawing, added on first use."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette

    def __getitem__(self, char: str) -> int:
        return self.palette.add(CHARS[char])

    def repeater(self, char: str, delay: int) -> int:
        """Return the entry of repeater `char` with another delay."""
        return self.palette.add(CHARS[char].with_props(delay=delay))

    def constants(self) -> Ids:
        """Return table t: t[digit] = constant source 15 - digit, 0 for digits 0 and 15."""
        inner = [self.palette.add(*constant(15 - digit)) for digit in range(1, 15)]
        return np.array([0, *inner, 0], dtype=np.uint16)


def _draw_digits(ids: Ids, digits: Digits, ink: _Ink, tower: int) -> None:
    """Place gates, constants and their supports of one side pair; digits are (words, levels, 2)."""
    words = len(digits)
    values = digits[::-1].transpose(1, 0, 2)  # (levels, words from west to east, side)
    sources = ink.constants()
    for side, (row, gate) in enumerate(((tower - 1, "^"), (tower + 1, "v"))):
        value = values[:, :, side]
        built, weighed = value > 0, sources[value] > 0
        layer, floor = ids[_BASE::2, row], ids[_BASE - 1 : -1 : 2, row]
        layer[:, 2::PITCH] = np.where(built, ink[gate], 0)
        layer[:, 1::PITCH] = np.where(weighed, ink["}"], 0)
        layer[:, 0 : PITCH * words : PITCH] = sources[value]
        floor[:, 2::PITCH] = np.where(built, ink["#"], 0)
        floor[:, 1::PITCH] = np.where(weighed, ink["#"], 0)


def _draw_chains(ids: Ids, ink: _Ink, tower: int) -> None:
    for row in (tower - 2, tower + 2):
        layer, floor = ids[_BASE::2, row], ids[_BASE - 1 : -1 : 2, row]
        layer[:, 2::PITCH] = ink["#"]
        for offset, char in ((3, "-"), (4, "}")):
            layer[:, offset::PITCH] = ink[char]
            floor[:, offset::PITCH] = ink["#"]


def _draw_towers(ids: Ids, ink: _Ink, tower: int) -> None:
    middle = ids[_BASE:, tower]
    middle[0::2, 2::PITCH] = ink["#"]
    middle[0:-1:2, 3::PITCH] = ink["Q"]
    middle[1::2, 3::PITCH] = ink["#"]
    middle[1::2, 2::PITCH] = ink["x"]


def _draw_base(ids: Ids, delays: tuple[int, ...], ink: _Ink) -> None:
    """Place word blocks, base torches and the delay line, as if there were one segment."""
    stone, rows = ink["#"], len(delays) // 2
    tower = rows + 1
    base, floor, feet = ids[1], ids[0], ids[2]
    base[tower, 2::PITCH] = stone
    base[tower + 1, 2::PITCH] = ink["M"]
    feet[tower + 1, 2::PITCH] = stone
    feet[tower, 2::PITCH] = ink["h"]
    east = slice(2 + PITCH, None, PITCH)  # every word but the last (west-most)
    middle = slice(1 + PITCH, -2, PITCH)
    west = slice(PITCH, -3, PITCH)
    for step in range(rows):
        base[tower - 1 - step, east] = ink.repeater("n", delays[step])
        base[1 + step, middle] = ink.repeater("u", delays[rows + step])
        floor[1 + step, east] = floor[1 + step, middle] = stone
    base[0, east] = stone
    base[0, middle], floor[0, middle] = ink["|"], stone
    base[tower, middle] = stone
    base[tower, west], floor[tower, west] = ink.repeater("w", delays[-1]), stone


def _draw_entries(ids: Ids, columns: npt.NDArray[np.int64], ink: _Ink, tower: int) -> None:
    """Cut the delay line east of the given towers and open the start dust of word 0."""
    ids[1, 0:tower, columns + PITCH] = 0
    ids[0, 1:tower, columns + PITCH] = 0
    ids[1, tower, -1] = ink["-"]
    ids[0, tower, -1] = ink["#"]


def _ports(words: int, levels: int, columns: npt.NDArray[np.int64], tower: int) -> dict[str, Port]:
    ports = {"start0": Port("start0", (PITCH * words, 1, tower), "in", "binary", "east")}
    for index, column in enumerate(columns.tolist(), 1):
        ports[f"start{index}"] = Port(f"start{index}", (column + 2, 1, 0), "in", "binary", "north")
    for level in range(levels):
        for name, z in zip(SIDE_NAMES, (tower - 2, tower + 2), strict=True):
            pos = (PITCH * words, _BASE + 2 * level, z)
            ports[f"d{level}{name}"] = Port(f"d{level}{name}", pos, "out", "level", "east", LEVEL_RT * level)
    return ports


def rom_bank(
    digits: Digits, period_rt: int = 12, segments: Sequence[int] = (0,), palette: Palette | None = None
) -> RomBank:
    """Return the bank of `digits` (words, levels, 2), uint8 0..15.

    Its box is (3 * words + 1, 2 * levels + 2, 4 + delay_rows(period_rt)).

    `segments` are the words with a start port of their own, rising from 0; a segment's token ends at
    its last word. Raises ModelError for bad digits, ConfigError for an illegal period or segments.
    """
    starts = _checked(digits, segments)
    delays = shift_delays(period_rt)
    rows = len(delays) // 2
    tower = rows + 1
    words, levels, _ = digits.shape
    volume = Volume((PITCH * words + 1, 2 * levels + 2, tower + 3), palette)
    ink = _Ink(volume.palette)
    columns = 2 + PITCH * (words - 1 - np.array(starts[1:], dtype=np.int64))
    _draw_digits(volume.ids, digits, ink, tower)
    _draw_chains(volume.ids, ink, tower)
    _draw_towers(volume.ids, ink, tower)
    _draw_base(volume.ids, delays, ink)
    _draw_entries(volume.ids, columns, ink, tower)
    entry = sum(delays[rows:])
    start_rt = tuple(TOWER_RT + s + (entry if s else 0) for s in starts)
    return RomBank(
        "rom_bank", volume, _ports(words, levels, columns, tower), {}, words, levels, period_rt, starts,
        start_rt,
    )  # fmt: skip


def without_idle_chains(bank: RomBank, digits: Digits) -> None:
    """Take away all chain pieces of a bank behind which (west of which) there is no digit above 0."""
    words = bank.words
    tower = bank.volume.size[2] - 3
    index = np.arange(words)[:, None, None]
    last = np.maximum.accumulate(np.where(digits > 0, index, -1)[::-1], axis=0)[::-1]
    used = last >= 0  # (words, levels, 2): at this word or a later one there is a digit
    columns = np.repeat(used[::-1], PITCH, axis=0)  # a word's solid, dust and comparator, from west to east
    for side, row in enumerate((tower - 2, tower + 2)):
        idle = ~columns[:, :, side].T  # (levels, columns)
        for layer in (_BASE, _BASE - 1):
            stop = layer + 2 * bank.levels
            part = bank.volume.ids[layer:stop:2, row, 2 : 2 + PITCH * words]
            part[idle[:, : part.shape[1]]] = 0
