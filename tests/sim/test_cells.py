"""Drawn cells behave as their authors measured them."""

from __future__ import annotations

import numpy as np
from tests.sim.small import LEVER, draw

from craftc.blocks import Volume
from craftc.cells.drawing import parse
from craftc.sim import Board

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


def adder_board() -> tuple[Board, tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]:
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
    return Board(volume), p, x, place(3, 1, -1)


def test_full_adder_adds_streams() -> None:
    board, p, x, out = adder_board()
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


def test_a_full_adder_with_a_wrong_constant_adds_wrongly() -> None:
    board, p, x, out = adder_board()
    broken = board.volume.copy()
    sources = [pos for pos in broken.positions(broken.ids != 0) if broken.get(pos).get("level") == "2"]
    broken.set(sources[0], "composter[level=1]")
    bad = Board(broken)
    script = [(0, p, False), (2, x, False)]
    assert not np.array_equal(board.run_script(script, 40, [out]), bad.run_script(script, 40, [out]))


def test_hexdec_gives_the_four_bits_of_every_digit() -> None:
    for value in range(16):
        volume = draw(HEXDEC.replace("{const}", digit(value)), x0=-6)
        board = Board(volume)
        # corner (-6, 0, -2): bits 8 4 2 1 at (3,1,2) (8,1,2) (13,1,2) (15,1,0)
        outs = [board.power((x + 6, 1, z + 2)) for x, z in ((3, 2), (8, 2), (13, 2), (15, 0))]
        assert outs == [15 * (value >> k & 1) for k in (3, 2, 1, 0)], value


def test_hexram_writes_holds_reads_and_clears() -> None:
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
        board, out = Board(volume), (0, 1, 4)

        def pulse(
            name: str, ticks: int, board: Board = board, levers: dict[str, tuple[int, int, int]] = levers
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
