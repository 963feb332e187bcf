"""Boards of the simulator's benchmarks: clocked lines of equal cells, built by numpy.

One line, seen from above (y = 1), stone below all but torches and torch supports:

    x   0     1     2     3 ...
    z=0 block comp  dust  L cells eastwards, then a lamp
    z=1       rep   dust
    z=2       dust  dust

Unless said otherwise lines have 100 cells, as many lines as it takes: the layout in which MCHPRS's set-up was
first measured (it grows with the length of the box rather than with the blocks). The comparator subtracts its
own delayed output: a clock of period 2 (1 + d) rt, d the delay of the repeater. A cell is a repeater of delay
1, a comparator, or stone + wall torch + dust (after one repeater).
"""

from __future__ import annotations

from craftc.blocks import Volume

LENGTH = 100  # cells of a line
GAP = 4  # z from line to line
HEAD = 3  # cells of the clock along x
CELLS = {
    "repeaters": ("repeater[delay=1,facing=west,locked=false,powered=false]",),
    "comparators": ("comparator[facing=west,mode=compare,powered=false]",),
    "torches": (
        "stone",
        "redstone_wall_torch[facing=east,lit=false]",
        "redstone_wire[east=side,north=none,power=0,south=none,west=side]",
    ),
}
BARE = ("stone", "redstone_wall_torch[facing=east,lit=false]")  # nothing below these


def _dust(*sides: str) -> str:
    words = ",".join(f"{s}={'side' if s in sides else 'none'}" for s in ("east", "north", "south", "west"))
    return f"redstone_wire[{words},power=0]"


def lines(kind: str, count: int, *, clock_delay: int = 1, length: int = LENGTH) -> Volume:
    """Return a board of about `count` cells of a kind (a key of CELLS), in lines of `length` cells."""
    length = min(count, length)
    rows = count // length
    pattern = CELLS[kind]
    lead = 1 if kind == "torches" else 0
    width = HEAD + lead + length * len(pattern) + 1
    volume = Volume((width, 2, GAP * rows))
    add = volume.palette.add
    floor, top = volume.ids[0], volume.ids[1]
    stone = add("stone")

    def put(x: int, z: int, state: str) -> None:
        top[z::GAP, x] = add(state)
        floor[z::GAP, x] = stone

    put(0, 0, "redstone_block")
    put(1, 0, "comparator[facing=west,mode=subtract,powered=false]")
    put(1, 1, f"repeater[delay={clock_delay},facing=south,locked=false,powered=false]")
    put(2, 0, _dust("east", "south", "west"))
    put(2, 1, _dust("north", "south"))
    put(2, 2, _dust("north", "west"))
    put(1, 2, _dust("east", "north"))
    if lead:
        put(HEAD, 0, CELLS["repeaters"][0])
    for offset, state in enumerate(pattern):
        top[::GAP, HEAD + lead + offset : width - 1 : len(pattern)] = add(state)
        if len(pattern) == 1 or state not in BARE:
            floor[::GAP, HEAD + lead + offset : width - 1 : len(pattern)] = stone
    put(width - 1, 0, "redstone_lamp[lit=false]")
    return volume
