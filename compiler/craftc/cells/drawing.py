"""Reads cell drawings: text grids in which one character is one block.

A drawing is a header line naming y levels, then one line per z holding one grid per level side
by side, separated by blanks::

            y=0     y=1
    z=-1    .g.g..  .|.|..
    z=0     .#.#gg  f>#>Tp

The first character of every grid is x = `x0`. `const` says what digits mean: "composter"
(composter[level=digit]), "barrel" (a barrel read as digit), or "mixed" (1..6 and 8 are
composters, 7 and 9 barrels, and a b c d j f are barrels read as 10 11 12 13 14 15).

The full table of characters is `CHARS`. Dust is drawn with its settled shape, but a placed
volume gets its shapes computed anew (blocks/dust.py), because borders differ from the middle.
"""

from __future__ import annotations

from dataclasses import dataclass

from craftc.blocks import BlockState, Entity, Volume
from craftc.errors import CellError

Pos = tuple[int, int, int]

_OUT = {"east": "west", "west": "east", "north": "south", "south": "north"}  # output -> facing


def _diode(name: str, output: str, **props: str | int) -> BlockState:
    return BlockState.make(name, facing=_OUT[output], powered="false", **props)


def _comparator(output: str, mode: str) -> BlockState:
    return _diode("comparator", output, mode=mode)


def _repeater(output: str, delay: int) -> BlockState:
    return _diode("repeater", output, delay=delay, locked="false")


def dust(*sides: str) -> BlockState:
    """Return unpowered redstone dust connected to the named sides ("up:west" climbs west)."""
    shape = dict.fromkeys(("north", "east", "south", "west"), "none")
    for side in sides:
        kind, _, name = side.rpartition(":")
        shape[name] = kind or "side"
    return BlockState.make("redstone_wire", power=0, **shape)


def _chars() -> dict[str, BlockState]:
    n, e, s, w = "north", "east", "south", "west"
    table: dict[str, BlockState] = {
        ".": BlockState.make("air"),
        "#": BlockState.make("stone"),
        "g": BlockState.make("glass"),
        "@": BlockState.make("redstone_block"),
    }
    for out, sub, cmp_ in ((e, ">", "}"), (w, "<", "{"), (n, "^", "A"), (s, "v", "V")):
        table[sub], table[cmp_] = _comparator(out, "subtract"), _comparator(out, "compare")
    for out, fast, slow in ((e, "e", "E"), (w, "w", "W"), (n, "n", "N"), (s, "u", "S")):
        table[fast], table[slow] = _repeater(out, 1), _repeater(out, 4)
    table["z"] = _repeater(w, 2)
    for lit, char in (("true", "!"), ("false", "i")):
        table[char] = BlockState.make("redstone_torch", lit=lit)
    for facing, on, off in ((e, "Q", "q"), (w, "X", "x"), (n, "H", "h"), (s, "M", "m")):
        table[on] = BlockState.make("redstone_wall_torch", facing=facing, lit="true")
        table[off] = BlockState.make("redstone_wall_torch", facing=facing, lit="false")
    shapes = {
        "+": (n, e, s, w), "-": (e, w), "|": (n, s), "o": (), "L": (n, e), "J": (n, w), "r": (s, e),
        "p": (s, w), "T": (e, s, w), "U": (n, e, w), "K": (n, e, s), "D": (n, s, w),
        "*": (e, s, "up:west"),
    }  # fmt: skip
    for char, sides in shapes.items():
        table[char] = dust(*sides)
    return table


CHARS: dict[str, BlockState] = _chars()
_LETTERS = {"a": 10, "b": 11, "c": 12, "d": 13, "j": 14, "f": 15}


def constant(level: int, prefer_composter: bool = True) -> tuple[BlockState, Entity | None]:
    """Return a block that a comparator reads as `level` (0..15).

    Composters give 0..6 and 8 (7 turns into 8 by itself after 20 gt: Minecraft Wiki, "Composter");
    everything else is a barrel, whose items the writers fill in.
    """
    if not 0 <= level <= 15:
        raise CellError(f"constant {level} is no signal strength", legal="0..15")
    if prefer_composter and level <= 8 and level != 7:
        return BlockState.make("composter", level=level), None
    return BlockState.make("barrel", facing="up", open="false"), Entity("barrel", level)


def _block(char: str, const: str, where: str) -> tuple[BlockState, Entity | None]:
    if char in "0123456789" and const == "composter":
        return BlockState.make("composter", level=char), None
    if char.isdigit():
        return constant(int(char), prefer_composter=const == "mixed")
    if const == "mixed" and char in _LETTERS:
        return constant(_LETTERS[char])
    state = CHARS.get(char)
    if state is None:
        raise CellError(f"unknown character {char!r}", where=where, legal="".join(CHARS))
    return state, None


@dataclass(frozen=True)
class Drawing:
    """A parsed drawing. `corner` is the drawing coordinate (x, y, z) of volume cell (0, 0, 0)."""

    name: str
    volume: Volume
    corner: Pos

    def local(self, pos: Pos) -> Pos:
        """Return the volume coordinate of a drawing coordinate."""
        return (pos[0] - self.corner[0], pos[1] - self.corner[1], pos[2] - self.corner[2])


def parse(name: str, text: str, x0: int, const: str = "mixed") -> Drawing:
    """Return the blocks of a drawing. Raises CellError naming the line of any fault."""
    lines = [line for line in text.splitlines() if line.strip()]
    cells: dict[Pos, tuple[BlockState, Entity | None]] = {}
    levels: list[int] = []
    for number, line in enumerate(lines, 1):
        words = line.split()
        where = f"drawing {name}, line {number}"
        if words[0].startswith("y="):
            levels = [int(w[2:]) for w in words]
            continue
        if not words[0].startswith("z=") or len(words) != len(levels) + 1:
            raise CellError(f"expected z=N and {len(levels)} grids", where=where)
        z = int(words[0][2:])
        for y, grid in zip(levels, words[1:], strict=True):
            for x, char in enumerate(grid, x0):
                cells[(x, y, z)] = _block(char, const, f"{where}, y={y}")
    if not cells:
        raise CellError("empty drawing", where=f"drawing {name}")
    low = tuple(min(p[i] for p in cells) for i in range(3))
    high = tuple(max(p[i] for p in cells) for i in range(3))
    volume = Volume((high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1))
    for (x, y, z), (state, entity) in cells.items():
        volume.set((x - low[0], y - low[1], z - low[2]), state, entity)
    return Drawing(name, volume, (low[0], low[1], low[2]))
