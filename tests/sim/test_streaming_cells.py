"""More drawn cells: converter, decoder, T-flip-flop lane, octal adder."""

from __future__ import annotations

import pytest
from tests.sim.small import LEVER, Pos, draw

from craftc.blocks import Volume
from craftc.cells.drawing import Drawing, parse
from craftc.sim.interface import Engine

CONVERTER = """
        y=0    y=1
z=-1    .#.    .|.
z=0     .##    1>-
"""
DECODER = """
        y=-5      y=-4      y=-3      y=-2      y=-1      y=0
z=-2    ........  ........  ....#..#  ....|..|  ........  ........
z=-1    ........  ........  ....#..#  ....|..|  ........  ........
z=0     ........  ..#..#..  ..!#.!#.  ..#w##w#  ..i..i..  ..#..#..
z=1     ..#..#..  ..|..|..  ....#..#  ....u..u  ..#..#..  ..u..u..
z=2     #######.  --U--U-.  ....#..#  ....|..|  ..#..#..  ..|..|..
z=3     ........  ........  ....#..#  ....|..|  ........  ........
z=4     ........  ..#..#..  ..!#.!#.  ..#w##w#  ..i..i..  ..#..#..
z=5     ..#..#..  ..|..|..  ........  ........  ..#..#..  ..u..u..
z=6     #######.  --U--U-.  ........  ........  ..#..#..  ..|..|..
"""
TFF_BIT = """
         y=0      y=1
z=-2     ######.  r---Tp.
z=-1     #...##.  |...nu.
z=0      ###..##  Le-#Q>-
z=1      .#.....  .n.....
z=2      .......  .H.....
z=3      .......  .#.....
z=4      .##....  .^-....
z=5      .#.....  .|.....
"""
OCTAL_ADDER = """
        y=0     y=1
z=-1    .g.g..  .|.|..
z=0     .#.#gg  f>#>Tp
z=1     ...###  ..6}vV
z=2     ...gg.  ...LD#
z=3     ....#.  ....Vf
z=4     ....g#  ....Kv
z=5     ...###  ..8}VV
z=6     ....##  ...8>v
z=7     .....g  .....|
"""


def framed(drawing: Drawing, before: Pos, after: Pos) -> Volume:
    """Return the drawing in a box that is larger by `before` and `after` blocks per axis."""
    size = drawing.volume.size
    x, y, z = (s + b + a for s, b, a in zip(size, before, after, strict=True))
    volume = Volume((x, y, z))
    volume.paste(drawing.volume, before)
    return volume


def with_lever(volume: Volume, pos: Pos, on: bool = False) -> Pos:
    """Put a lever on a stone; return its position."""
    volume.set((pos[0], pos[1] - 1, pos[2]), "stone")
    volume.set(pos, LEVER.with_props(powered="true" if on else "false"))
    return pos


def test_converter_inverts_fifteen_to_one(engine: Engine) -> None:
    assert engine(draw(CONVERTER, x0=1)).power((2, 1, 1)) == 1
    driven = framed(parse("converter", CONVERTER, 1), (0, 0, 1), (0, 0, 0))
    lever = with_lever(driven, (1, 1, 0))
    board = engine(driven)
    board.use(lever)
    assert board.power((1, 1, 1)) == 15
    assert board.probe([(2, 1, 2)], 4)[:, 0].tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("column", [0, 1])
@pytest.mark.parametrize("row", [0, 1])
def test_decoder_selects_one_word(engine: Engine, column: int, row: int) -> None:
    drawing = parse("decoder", DECODER, -2)
    volume = framed(drawing, (1, 0, 1), (0, 0, 0))

    def at(x: int, y: int, z: int) -> Pos:
        return (x + 3, y + 5, z + 3)

    columns = [with_lever(volume, at(3 * i + 2, -2, -3), on=True) for i in range(2)]  # active low
    rows = [with_lever(volume, at(-3, -4, 4 * g + 2)) for g in range(2)]
    board = engine(volume)
    probes = {(i, g): at(3 * i, 0, 4 * g + 2) for i in range(2) for g in range(2)}
    assert not any(board.power(p) for p in probes.values())
    board.use(columns[column])
    board.use(rows[row])
    board.run(30)
    assert {k for k, p in probes.items() if board.power(p)} == {(column, row)}


def test_flip_flops_count_pulses(engine: Engine) -> None:
    """Three bits at offsets (6k, 0, -3k); every 2-rt pulse adds one, modulo 8."""
    bit, bits = parse("tff_bit", TFF_BIT, 0), 3
    volume = Volume((6 * bits + 3, 2, 3 * bits + 9))
    base = 3 * bits + 1
    for k in range(bits):
        volume.paste(bit.volume, (6 * k + 1, 0, base - 3 * k - 2))
    gates = [(6 * k + 1 + 1, 1, base - 3 * k + 5) for k in range(bits)]
    lever = with_lever(volume, (gates[0][0], 1, gates[0][2] + 1))
    board = engine(volume)
    board.run(200)
    outs = [(6 * k + 3, 1, base - 3 * k) for k in range(bits)]

    def value() -> int:
        return sum((board.power(p) > 0) << k for k, p in enumerate(outs))

    seen = [value()]
    for _ in range(9):
        board.use(lever)
        board.run(4)
        board.use(lever)
        board.run(2 * (5 * bits + 6))
        seen.append(value())
    assert seen == [(seen[0] + k) % 8 for k in range(10)]


def test_octal_adder_at_rest(engine: Engine) -> None:
    """With constant digits s = p + x + c mod 8; c is 1 above 7, 0 below, and holds itself at 7."""
    drawing = parse("octal_adder", OCTAL_ADDER, -4)
    for p in range(8):
        for x in range(8):
            volume = framed(drawing, (0, 0, 2), (0, 0, 0))
            for column, digit in ((1, p), (3, x)):
                volume.set((column, 1, 1), "comparator[facing=north,mode=compare,powered=false]")
                volume.set((column, 0, 1), "stone")
                block, entity = parse("c", f"    y=0\nz=0 {digit}", 0).volume.palette.entries[1]
                volume.set((column, 1, 0), block, entity)
            board = engine(volume)
            board.run(100)
            carries = [0] if p + x < 7 else [1] if p + x > 7 else [0, 1]
            assert board.power((5, 1, 10)) in [(p + x + c) % 8 for c in carries], (p, x)
