"""Drawn cells behave as their authors measured them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sim.small import LEVER, Pos, draw

from craftc.blocks import Volume
from craftc.cells.drawing import parse
from craftc.sim.interface import Engine, Simulator

FULL_ADDER = """
        y=0      y=1
z=-1    ..#.###  ..|4>>-
z=0     .#####.  4>>>+A.
z=1     .#.##..  .|.AJ2.
z=2     .......  ...1...
"""
HEXRAM = """
          y=0       y=1
z=-1      ...#.#..  ...|.|..
z=0       ..##.##.  ..->#<{{{const}
z=1       ##.##...  -<#{{-...
z=2       .#......  .|......
"""
HEXDEC = """
        y=0                     y=1
z=-2    ..#....#....#....#....  ..|...#}#..#}#..#}#...
z=-1    ..#..##.#.##.#.##.#...  ..u.8}^.V4}^.V2}^.V...
z=0     .##.####.####.####.###  {const}}>#-}+>#-}+>#-}+>#-e-
z=1     .....###..###..###....  ....8}Vn.4}Vn.2}Vn....
z=2     ......####.####.####..  ......LUe-.LUe-.LUe-..
"""


def digit(value: int) -> str:
    """Return the drawing character of a constant (`mixed` constants)."""
    return "0123456789abcdjf"[value]


def adder_board(
    engine: Engine,
) -> tuple[Simulator, tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]:
    """Return (board, lever of p, lever of x, output dust); a lever on means a 0 bit."""
    drawing = parse("full_adder", FULL_ADDER, -3, "composter")
    volume, at = Volume((14, 3, 14)), (5, 0, 5)
    volume.paste(drawing.volume, (at[0] - 3, 0, at[2] - 1))

    def place(x: int, y: int, z: int) -> tuple[int, int, int]:
        return (x + at[0], y + at[1], z + at[2])

    def driver(x: int, z: int, step: int) -> tuple[int, int, int]:
        facing = "south" if step > 0 else "north"
        volume.set(place(x, 1, z + step), f"comparator[facing={facing},mode=subtract,powered=false]")
        volume.set(place(x, 1, z + 2 * step), "composter[level=1]")
        volume.set(place(x - 1, 1, z + step), "redstone_wire")
        volume.set(place(x - 2, 1, z + step), LEVER.with_props(powered="true"))
        for k in range(3):
            volume.set(place(x - k, 0, z + step), "stone")
        return place(x - 2, 1, z + step)

    p, x = driver(-2, 1, 1), driver(-1, -1, -1)
    return engine(volume), p, x, place(3, 1, -1)


def test_full_adder_adds_streams(engine: Engine) -> None:
    board, p, x, out = adder_board(engine)
    rng = np.random.default_rng(5)
    bits, gap = 20, 2
    words = rng.integers(0, 2**bits, size=(40, 2))
    words[0] = 2**bits - 1
    slot = 4 * (bits + gap)
    script = []
    for w, (a, b) in enumerate(words.tolist()):
        for k in range(bits + gap):
            script.append((w * slot + 4 * k, p, not a >> k & 1))
            script.append((w * slot + 4 * k + 2, x, not b >> k & 1))
    rows = board.run_script(script, slot * len(words) + 40, [out])[:, 0]
    for w, (a, b) in enumerate(words.tolist()):
        first = w * slot + 12  # lever to p 1 rt, p to out 5 rt; row r is after r + 1 gt
        got = [rows[first + 4 * k : first + 4 * k + 3].tolist() for k in range(bits + gap)]
        assert all(len(set(g)) == 1 for g in got), "each bit is stable over its slot"
        assert sum(g[0] << k for k, g in enumerate(got)) == a + b


def test_a_full_adder_with_a_wrong_constant_adds_wrongly(engine: Engine) -> None:
    board, p, x, out = adder_board(engine)
    broken = board.volume.copy()
    sources = [pos for pos in broken.positions(broken.ids != 0) if broken.get(pos).get("level") == "2"]
    broken.set(sources[0], "composter[level=1]")
    bad = engine(broken)
    script = [(0, p, False), (2, x, False)]
    assert not np.array_equal(board.run_script(script, 40, [out]), bad.run_script(script, 40, [out]))


def test_hexdec_gives_the_four_bits_of_every_digit(engine: Engine) -> None:
    for value in range(16):
        volume = draw(HEXDEC.replace("{const}", digit(value)), x0=-6)
        board = engine(volume)
        # corner (-6, 0, -2): bits 8 4 2 1 at (3,1,2) (8,1,2) (13,1,2) (15,1,0)
        outs = [board.power((x + 6, 1, z + 2)) for x, z in ((3, 2), (8, 2), (13, 2), (15, 0))]
        assert outs == [15 * (value >> k & 1) for k in (3, 2, 1, 0)], value


def test_hexram_writes_holds_reads_and_clears(engine: Engine) -> None:
    for value in (0, 1, 9, 15):
        text = HEXRAM.replace("{{", "{").replace("{const}", digit(value))
        drawing = parse("hexram", text, -3, "mixed")
        size = drawing.volume.size
        volume = Volume((size[0] + 2, size[1], size[2] + 4))
        volume.paste(drawing.volume, (0, 0, 2))
        # write enable' (2,1,-1), reset (0,1,-1), read enable' (-2,1,2) get a lever each
        levers = {}
        for name, (x, z), step in (("we", (2, -1), -1), ("reset", (0, -1), -1), ("rs", (-2, 2), 1)):
            spot = (x + 3, 1, z + 3 + step)
            volume.set((spot[0], 0, spot[2]), "stone")
            volume.set(spot, LEVER.with_props(powered="true"))
            levers[name] = spot
        board, out = engine(volume), (0, 1, 4)

        def pulse(
            name: str, ticks: int, board: Simulator = board, levers: dict[str, tuple[int, int, int]] = levers
        ) -> None:
            board.set_lever(levers[name], name == "reset")
            board.run(ticks)
            board.set_lever(levers[name], name != "reset")
            board.run(40)

        board.set_lever(levers["reset"], False)
        board.run(20)
        pulse("we", 12)
        board.run(600)
        assert board.power(out) == 0, "not selected"
        board.set_lever(levers["rs"], False)
        board.run(6)
        assert board.power(out) == value
        board.set_lever(levers["rs"], True)
        pulse("reset", 8)
        board.set_lever(levers["rs"], False)
        board.run(6)
        assert board.power(out) == 0


HEXROM = """
        y=-3        y=-2        y=-1        y=0         y=1         y=2
z=-2    ..........  ..........  ...##.##.#  ..#-}#-}#+  ...##.##.#  ..#-}#-}#+
z=-1    ..........  ..........  ....##....  ...8}^....  ..#.##....  ..^5}^....
z=0     ##.##.##..  -e#Ee#Ep..  ..h..h....  ..#Q.#Q...  ..x#.x#...  ..#..#....
z=1     .......#..  ..M..M.|..  .##..#....  6}v..v....  .##.......  9}v.......
z=2     .......#..  .......|..  ...##.##.#  ..#-}#-}#+  ...##.##.#  ..#-}#-}#+
z=3     .......#..  .......|..  .##.##....  1}^9}^....  .##.......  7}^.......
z=4     ...##.##..  ..#wW#wJ..  ..h..h....  ..#Q.#Q...  ..x#.x#...  ..#..#....
z=5     ..........  ..M..M....  .##.##....  4}v3}v....  ....##....  ...2}v....
z=6     ..........  ..........  ...##.##.#  ..#-}#-}#+  ...##.##.#  ..#-}#-}#+
"""
WORDS = ((9, 0, 6, 15), (15, 7, 0, 10), (12, 6, 13, 0), (11, 14, 0, 8))  # in read order
READ_AT = ((0, 0), (1, 0), (1, 1), (0, 1))  # tower (i, g) of each word


def test_hexrom_reads_every_word_at_its_time(engine: Engine) -> None:
    """Digits are (level 0 south, level 0 north, level 1 south, level 1 north), period 5 rt, two columns."""
    drawing = parse("hexrom", HEXROM, -2, "barrel")
    size = drawing.volume.size
    volume = Volume((size[0] + 3, size[1], size[2]))
    volume.paste(drawing.volume, (3, 0, 0))

    def at(x: int, y: int, z: int) -> tuple[int, int, int]:
        return (x + 2 + 3, y + 3, z + 2)

    for x, block in ((-5, LEVER), (-4, "redstone_wire"), (-3, "repeater[facing=west,delay=1]")):
        volume.set(at(x, -3, 0), "stone")
        volume.set(at(x, -2, 0), block)
    board = engine(volume)
    outputs = [at(7, 2 * k, 4 * g + 2) for k in range(2) for g in range(-1, 2)]
    period, pulse, lever = 5, 4, at(-5, -2, 0)
    rows = board.run_script([(0, lever, True), (2 * pulse, lever, False)], 80, outputs)
    for n, (word, (i, g)) in enumerate(zip(WORDS, READ_AT, strict=True)):
        for k in range(2):
            rt = 1 + 1 + n * period + 2 + 2 * k + 1 + (2 - i)  # 1 rt of lever repeater
            middle = rows[2 * rt + 2]
            south, north = word[2 * k], word[2 * k + 1]
            assert middle[3 * k + g + 1] == south, (n, k)
            assert middle[3 * k + g] == north, (n, k)


TORCHROM = """
          y=-1      y=0       y=1       y=2
z=0       .#.#.#.#  .|.|.|.|  ########  ----e---
z=1       .#.#.#.#  .|.|.|.|  .......M  ........
z=2       .#.#.#.#  .|.|.|.|  ########  ----e---
z=3       .#.#.#.#  .|.|.|.|  ...M.M..  ........
z=4       .#.#.#.#  .u.u.u.u  ########  ----e---
z=5       .#.#.#.#  .|.|.|.|  .....M.M  ........
z=6       .#.#.#.#  .|.|.|.|  ########  ----e---
z=7       .#.#.#.#  .|.|.|.|  .M.M.M..  ........
z=8       .#.#.#.#  .u.u.u.u  ........  ........
z=9       .#.#.#.#  .|.|.|.|  ........  ........
"""


def test_torchrom_shows_the_selected_word(engine: Engine) -> None:
    drawing = parse("torchrom", TORCHROM, -1, "barrel")
    size = drawing.volume.size
    volume = Volume((size[0] + 1, size[1], size[2]))
    volume.paste(drawing.volume, (1, 0, 0))
    levers = [(0, 3, 2 * r) for r in range(4)]
    for lever in levers:
        volume.set((0, 2, lever[2]), "stone")
        volume.set(lever, LEVER.with_props(powered="true"))
    board = engine(volume)
    for row, word in enumerate(("0001", "0110", "0011", "1110")):
        board.set_lever(levers[row], False)
        board.run(20)
        assert "".join("01"[board.power((2 + 2 * c, 1, 9)) > 0] for c in range(4)) == word
        board.set_lever(levers[row], True)
        board.run(20)


COUNT_ARRAY = """
        y=-2   y=-1   y=0    y=1    y=2
z=-1    .....  .....  .###.  .K+D.  .....
z=0     .....  .....  .###.  .VVV.  .....
z=1     .....  .ggg.  .rTp.  .###.  .rp..
z=2     .....  .###.  .VVV.  .####  @>>>-
z=3     .g.g.  .|.|.  .###.  .rTp.  .....
z=4     .####  @>>>-  .###.  .VVV.  .....
z=5     .....  .ggg.  .rTp.  .###.  ..rp.
z=6     .....  .###.  .VVV.  .####  @>>>-
z=7     .ggg.  .rTp.  .###.  .....  .....
z=8     .####  @>>>-  .....  .....  .....
"""


def test_count_array_counts_the_tapped_columns(engine: Engine) -> None:
    """Columns of level 1; rows 110, 101, 011, 111; output 15 - count."""
    drawing = parse("count_array", COUNT_ARRAY, -1, "composter")
    for pattern in range(8):
        size = drawing.volume.size
        volume = Volume((size[0], size[1], size[2] + 2))
        volume.paste(drawing.volume, (0, 0, 2))
        for column in range(3):
            x = column + 1
            if pattern >> column & 1:  # a comparator of level 1 feeds the entry dust
                volume.set((x, 3, 1), "comparator[facing=north,mode=compare,powered=false]")
                volume.set((x, 3, 0), "composter[level=1]")
                volume.set((x, 2, 1), "stone")
        board = engine(volume)
        bits = [pattern >> c & 1 for c in range(3)]
        for taps, (x, y, z) in (
            ((1, 1, 0), (4, 4, 5)),
            ((1, 0, 1), (4, 1, 7)),
            ((0, 1, 1), (4, 4, 9)),
            ((1, 1, 1), (4, 1, 11)),
        ):
            assert board.power((x, y, z)) == 15 - int(np.dot(taps, bits)), (pattern, taps)


TERNARY_TILE = """
        y=-3      y=-2      y=-1      y=0
z=-2    ........  ..##....  ..VV....  ........
z=-1    ..gg....  ..rp....  ..##.##g  ...|4>>U
z=0     ..##....  ..VV....  .######.  4>>>>+A.
z=1     ........  ..##....  ..*p##..  ....AJ2.
z=2     ........  ........  ........  ....1...
"""


def ternary_row(engine: Engine, weights: tuple[int, ...]) -> tuple[Simulator, list[tuple[Pos, Pos]], Pos]:
    """Return (board, levers (-x, +x) per column, output dust); a lever on means a 0 bit."""
    tile = parse("ternary_tile", TERNARY_TILE, -4, "composter")
    count = len(weights)
    volume, origin = Volume((6 * count + 8, 4, 2 * count + 9)), (6, 3, 2 * count + 5)

    def at(column: int, x: int, y: int, z: int) -> Pos:
        return (origin[0] + 6 * column + x, origin[1] + y, origin[2] - 2 * column + z)

    levers = []
    for j, weight in enumerate(weights):
        block = tile.volume.copy()
        block.set(tile.local((-1, 0, -1)), "air")  # the drawn tap: weight +1
        if weight:
            block.set(tile.local((-1 if weight > 0 else -2, 0, -1)), "redstone_wire")
        if j == 0:
            block.set(tile.local((-3, 0, 1)), "air")
        volume.paste(block, at(j, -4, -3, -2))
        pair = []
        for x, side in ((-2, -1), (-1, 1)):
            volume.set(at(j, x, -1, -3), "redstone_wire")
            volume.set(at(j, x, -1, -4), "comparator[facing=north,mode=subtract,powered=false]")
            volume.set(at(j, x, -1, -5), "composter[level=1]")
            volume.set(at(j, x + side, -1, -4), "redstone_wire")
            pair.append(at(j, x + 2 * side, -1, -4))
            volume.set(pair[-1], LEVER.with_props(powered="true"))
            for dx, dz in ((0, -3), (0, -4), (side, -4), (2 * side, -4)):
                volume.set(at(j, x + dx, -2, dz), "stone")
        levers.append((pair[0], pair[1]))
    return engine(volume), levers, at(count - 1, 3, 0, -1)


@pytest.mark.parametrize("weights", [(1,), (-1,), (0, 1), (1, -1), (-1, -1), (1, 0), (1, 1, -1)])
def test_ternary_tiles_multiply_and_add(engine: Engine, weights: tuple[int, ...]) -> None:
    board, levers, out = ternary_row(engine, weights)
    bits, gap, count = 12, 4, len(weights)
    mask, slot = 2**bits - 1, 4 * (bits + gap)
    words = np.random.default_rng(3).integers(-100, 100, size=(8, count))
    script = []
    for w, values in enumerate(words.tolist()):
        for j, value in enumerate(values):
            for rail, stream in enumerate((-value & mask, value & mask)):
                for k in range(bits + gap):
                    time = w * slot + 4 * k + 12 * j + 2 * rail
                    script.append((time, levers[j][rail], not stream >> k & 1))
    rows = board.run_script(script, slot * len(words) + 100, [out])[:, 0]
    for w, values in enumerate(words.tolist()):
        first = w * slot + 2 * (6 * count + 1)
        got = [int(rows[first + 4 * k]) for k in range(bits)]
        assert sum(bit << k for k, bit in enumerate(got)) == int(np.dot(weights, values)) & mask, w
