"""Bit-plane multiply-accumulate lanes: one plate per level, stacked at y pitch 2.

Reference frame of this file ("lane frame"): x = 0 is the D dust; the last solid of the ROM chain
is x = -2. v counts away from the chain row (v = 0); a south lane stands at z = v + CHAIN_Z, a north
lane at z = -(v + CHAIN_Z). y = 0 is the device layer of level 0, its floor is y = -1, and the
feeds of the broadcast towers run along x at y = -2.

    ROM chain ->  x=-2 # | relay, D dust, decode  (v = -2 .. 6)
                         | merge, double, adder   (v = 7 .. 18)
                         | link to the level below (v = 19 .. 26)

Two plates differ only in their link: a level sends its sum down in one column and receives the
sum of the level above in another, and the columns alternate from level to level.

Timing (redstone ticks in the level's own frame, which lags 2 rt per level): digit 0 of the running
sum stands at the p dust at time 0 modulo the word period P. Offsets of the strobes are `STROBES`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from craftc.blocks import BlockState, Volume
from craftc.blocks.transform import transformed
from craftc.cells.drawing import Drawing, dust, parse
from craftc.cells.library import load_cell
from craftc.errors import PlacementError
from craftc.macros.base import Macro, Port, Pos

CHAIN_Z = 2  # distance of the ROM chain from the tower row, blocks (rom_bank)
DIGITS_PER_WORD = 6  # NL: octal digits of a word, sum digits plus flush digits
PERIOD_RT = 2 * DIGITS_PER_WORD
LEVEL_PITCH = 2  # blocks of y per level
SKEW_RT = 2  # rt by which level k + 1 runs later than level k (two torches of a tower)

X_LOW, X_HIGH = -3, 12  # lane frame, inclusive; feeds enter at X_HIGH
V_LOW, V_HIGH = -2, 26
FEED_Y = -2
OUT_V = 24  # row of the outgoing link of level 0 (an even level)
OUT_X = 4


@dataclass(frozen=True, slots=True)
class Tower:
    """A broadcast tower: select block at (x, v), torches on the `toward` side of it."""

    signal: str
    x: int
    v: int
    toward: str  # "east" or "west"


# Every tower carries the complement of its feed: feed high = gate open.
TOWERS: tuple[Tower, ...] = (
    Tower("s0", 6, 1, "east"),
    Tower("s1", -2, 4, "west"),
    Tower("double", 8, 7, "east"),
    Tower("open", 0, 15, "west"),
    Tower("shift", 7, 26, "east"),
)


@dataclass(frozen=True, slots=True)
class Strobe:
    """When a blocker must be 0 at its gate, in rt after digit 0 stands at p.

    `start_rt` may exceed the period: the strobe then belongs to the content that stood at p in the
    word before. `tower_rt` is the delay from the feed dust at the border to the gate.
    """

    start_rt: int
    tower_rt: int


STROBES: dict[str, Strobe] = {
    "s0": Strobe(-5, 1),
    "s1": Strobe(-3, 1),
    "open": Strobe(10, 1),
    "double": Strobe(11, 2),
    "shift": Strobe(11, 2),
}
INPUT_SIGNALS = ("s0", "s1")  # strobes that an input bit gates
D_TO_S0_RT = (5, 5)  # earliest and latest s0 start after D stands at the last chain solid (5 digits)
OUT_RT = 12  # digit 0 at the outgoing block of level 0, after p


def plate(parity: int) -> Drawing:
    """Return the plate of an even (0) or odd (1) level: lane plus link, drawn in lane frame."""
    lane = load_cell("lane").drawing
    link = load_cell("link_odd" if parity else "link_even").drawing
    size = (X_HIGH - X_LOW + 1, 2, V_HIGH - V_LOW + 1)
    volume = Volume(size)
    for part in (lane, link):
        at = (part.corner[0] - X_LOW, part.corner[1] + 1, part.corner[2] - V_LOW)
        volume.paste(part.volume, at)
    return Drawing("plate", volume, (X_LOW, -1, V_LOW))


def _torch(facing: str, lit: bool) -> BlockState:
    return BlockState.make("redstone_wall_torch", facing=facing, lit=str(lit).lower())


def _tower(volume: Volume, tower: Tower, levels: int, at: Pos) -> None:
    """Build one zig-zag torch tower with its feed line; `at` is (x, y, z) of level 0's select block."""
    x, y, z = at
    step = 1 if tower.toward == "east" else -1
    back = "west" if step == 1 else "east"
    stone = volume.palette.add("minecraft:stone")
    out_torch = volume.palette.add(_torch(tower.toward, False))
    in_torch = volume.palette.add(_torch(back, True))
    column = volume.ids[:, z, :]
    top = y + LEVEL_PITCH * (levels - 1)
    column[y : top + 1 : 2, x] = stone
    column[y:top:2, x + step] = out_torch
    column[y + 1 : top : 2, x + step] = stone
    column[y + 1 : top : 2, x] = in_torch
    column[y - 1, x] = volume.palette.add("minecraft:redstone_torch[lit=true]")
    column[y - 2, x] = stone
    feed = slice(x + 1, x + 1 + (X_HIGH - tower.x))
    column[y - 2, feed] = volume.palette.add(dust("east", "west"))
    column[y - 3, feed] = stone


def first_levels(blocks: Sequence[int]) -> tuple[int, ...]:
    """Return the first level of every block of a stack; one empty level lies between two blocks."""
    return tuple(sum(blocks[:b]) + b for b in range(len(blocks)))


def tagged(name: str, number: int) -> str:
    """Return the name of the numbered one of several alike: `name`, `name_1`, `name_2`, .."""
    return f"{name}_{number}" if number else name


def _towers(volume: Volume, blocks: Sequence[int], split: bool, floor: int) -> dict[str, Port]:
    """Build all towers; those of the input bits begin anew in every block of a split stack."""
    ports: dict[str, Port] = {}
    height = sum(blocks) + len(blocks) - 1
    for tower in TOWERS:
        apart = split and tower.signal in INPUT_SIGNALS
        parts = zip(first_levels(blocks), blocks, strict=True) if apart else ((0, height),)
        for number, (first, levels) in enumerate(parts):
            at = (tower.x - X_LOW, floor + LEVEL_PITCH * first, tower.v - V_LOW)
            _tower(volume, tower, levels, at)
            name = tagged(tower.signal, number)
            ports[name] = Port(name, (X_HIGH - X_LOW, at[1] - 2, at[2]), "in")
    return ports


def south_lanes(levels: int, blocks: Sequence[int] = (), split: bool = False) -> Macro:
    """Return a stack of `levels` south lanes with their broadcast towers.

    With `blocks` the levels stand in several blocks, from bottom to top, and the sums of each leave below
    it, at its own height (`out`, `out_1`, ..)::

        level 5  loop --.              block 1
        level 4  loop <-'-.
        level 3           '--> out_1   empty but for the towers
        level 2  loop --.              block 0
        level 1  loop <-'-.
        level 0  loop <---'-.
                            '--> out

    `levels` counts the empty ones too. With `split` the towers s0 and s1 begin anew in every block, with
    feeds of their own (`s0`, `s0_1`, ..): each block then has its own inputs.

    Ports: `<signal>` feeds (binary, in, at the east border, y = FEED_Y); `out` is the solid block
    below level 0's link whose weak power is the outgoing stream (a comparator reads it from the
    east). Probes: `p_<k>` and `s_<k>`, the running sum of level k at its p dust and after the adder.
    """
    blocks = tuple(blocks) or (levels,)
    if min(blocks) < 1 or levels != sum(blocks) + len(blocks) - 1:
        raise PlacementError(
            f"{levels} levels in blocks {blocks}", where="lane stack", legal="at least 1 each"
        )
    floor = 3  # local y of level 0's devices
    size = (X_HIGH - X_LOW + 1, floor + LEVEL_PITCH * (levels - 1) + 1, V_HIGH - V_LOW + 1)
    volume = Volume(size)
    plates = [plate(0), plate(1)]
    probes: dict[str, Pos] = {}
    outs: dict[str, Port] = {}
    for number, (first, count) in enumerate(zip(first_levels(blocks), blocks, strict=True)):
        for level in range(first, first + count):
            y = floor + LEVEL_PITCH * level
            volume.paste(plates[(level - first) % 2].volume, (0, y - 1, 0))
            probes[f"p_{level}"] = (2 - X_LOW, y, 12 - V_LOW)
        out = (OUT_X - X_LOW, floor - 2 + LEVEL_PITCH * first, OUT_V - V_LOW)
        volume.set(out, "minecraft:stone")
        name = tagged("out", number)
        outs[name] = Port(name, out, "out", "stream", "east", OUT_RT + SKEW_RT * first)
    ports = _towers(volume, blocks, split, floor) | outs
    return Macro("south_lanes", volume, ports, probes)


def mirrored(macro: Macro) -> Macro:
    """Return the macro with z negated (a north stack from a south stack)."""
    volume = transformed(macro.volume, quarter_turns=2, mirror_x=True)
    length = macro.volume.size[2]

    def flip(pos: Pos) -> Pos:
        return (pos[0], pos[1], length - 1 - pos[2])

    turn = {"north": "south", "south": "north"}
    ports = {
        n: Port(n, flip(p.pos), p.direction, p.kind, turn.get(p.side, p.side), p.latency_rt)
        for n, p in macro.ports.items()
    }
    return Macro(macro.name.replace("south", "north"), volume, ports,
                 {n: flip(p) for n, p in macro.probes.items()})  # fmt: skip


def decode_octal(samples: np.ndarray, digits: int) -> int:
    """Return the two's complement value of octal digits, least significant first."""
    value = int(sum(int(d) << (3 * i) for i, d in enumerate(samples[:digits])))
    return value - 8**digits if value >= 8**digits // 2 else value


__all__ = ["PERIOD_RT", "STROBES", "TOWERS", "decode_octal", "mirrored", "parse", "plate", "south_lanes"]
