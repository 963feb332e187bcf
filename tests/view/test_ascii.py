"""Layers as text: the inverse of parsing a drawing."""

import pytest

from craftc.blocks import Entity, Volume
from craftc.cells.drawing import CHARS, constant, parse
from craftc.errors import CellError
from craftc.view.ascii import character, draw

CELL = """
        y=0      y=1
z=0     #g#.#    ->+eo
z=1     ##0#f    |!.7L
"""


def test_draw_is_the_inverse_of_parse() -> None:
    volume = parse("cell", CELL, 0).volume
    for y in range(2):
        again = parse("again", draw(volume, y), 0).volume
        for z in range(2):
            for x in range(5):
                assert again.get((x, 0, z)) == volume.get((x, y, z))
                assert again.entity((x, 0, z)) == volume.entity((x, y, z))


def test_drawn_layer_reads_as_it_was_written() -> None:
    assert draw(parse("cell", CELL, 0).volume, 1).splitlines() == [
        "     y=1",
        "z=0  ->+eo",
        "z=1  |!.7L",
    ]


@pytest.mark.parametrize("char", sorted(CHARS))
def test_every_character_comes_back(char: str) -> None:
    assert character(CHARS[char]) == char


@pytest.mark.parametrize("level", range(16))
def test_every_constant_comes_back(level: int) -> None:
    volume = parse("cell", f"   y=0\nz=0  {character(*constant(level))}", 0).volume
    assert (volume.get((0, 0, 0)), volume.entity((0, 0, 0))) == constant(level)


def test_running_states_are_not_shown() -> None:
    assert character(CHARS["e"].with_props(powered="true", locked="true")) == "e"
    assert character(CHARS["-"].with_props(power=7)) == "-"
    assert character(CHARS[">"], Entity("comparator", 9)) == ">"


def test_block_without_character_is_named_with_its_place() -> None:
    volume = Volume((2, 1, 1))
    volume.set((1, 0, 0), "lever[face=floor,facing=north,powered=false]")
    assert draw(volume, 0).splitlines()[1:] == [
        "z=0  .?",
        "? at (1, 0, 0): minecraft:lever[face=floor,facing=north,powered=false]",
    ]


def test_wrong_barrel_is_not_drawn_as_its_neighbour() -> None:
    right, wrong = constant(9), (constant(9)[0], Entity("barrel", 8))
    assert character(*right) == "9"
    assert character(*wrong) != "9"


def test_absent_layer_is_refused() -> None:
    with pytest.raises(CellError, match=r"no layer y=3 \(legal: 0\.\.0\)"):
        draw(Volume((1, 1, 1)), 3)
