"""One board with every family of states, over several chunks and regions, y from -64 to 319."""

from __future__ import annotations

from itertools import product

import pytest

from craftc.blocks import BlockState, Entity, Volume

ORIGIN = (-37, -64, -21)
SIZE = (70, 384, 50)
SIDES = ("north", "south", "east", "west")
make = BlockState.make

Content = tuple[BlockState, Entity | None]


def _wires() -> list[Content]:
    dust = [
        make("redstone_wire", east=e, north=n, south="side", west="up", power=p)
        for e, n, p in product(("none", "side", "up"), ("none", "side"), (0, 7, 15))
    ]
    repeaters = [
        make("repeater", facing=f, delay=d, locked=k, powered="true")
        for f, d, k in product(SIDES, (1, 2, 3, 4), ("true", "false"))
    ]
    return [(s, None) for s in dust + repeaters]


def _comparators() -> list[Content]:
    return [
        (make("comparator", facing=f, mode=m, powered="true" if s else "false"), Entity("comparator", s))
        for f, m, s in product(SIDES, ("compare", "subtract"), (0, 1, 9, 15))
    ]


def _contents() -> list[Content]:
    barrels = [(make("barrel", facing="up", open="false"), Entity("barrel", s)) for s in range(16)]
    composters = [(make("composter", level=n), None) for n in range(9)]
    lines = ("CRAFTC", 'quote " and \\', "grüße ☃", "4 bit")
    stand = make("oak_sign", rotation=8, waterlogged="false")
    wall = make("oak_wall_sign", facing="south", waterlogged="false")
    signs = [(stand, Entity("sign", lines=lines)), (wall, Entity("sign", lines=("RESET", "", "", "")))]
    hopper = make("hopper", facing="down", enabled="true")
    return [*barrels, *composters, *signs, (hopper, Entity("container", 7))]


def _parts() -> list[Content]:
    states = [make("redstone_torch", lit=lit) for lit in ("true", "false")]
    states += [make("redstone_wall_torch", facing=f, lit="true") for f in SIDES]
    states += [
        make(b, face=a, facing=f, powered="false")
        for b, a, f in product(("lever", "stone_button"), ("floor", "wall"), SIDES)
    ]
    states += [make("redstone_lamp", lit=lit) for lit in ("true", "false")]
    states += [make("target", power=0), make("smooth_stone_slab", type="top", waterlogged="false")]
    states += [make(n) for n in ("redstone_block", "stone", "glass", "white_concrete", "lime_wool")]
    states.append(make("note_block", instrument="harp", note=3, powered="false"))
    return [(s, None) for s in states]


def families() -> list[Content]:
    """Every (state, content) of the board."""
    return _wires() + _comparators() + _contents() + _parts()


def build_board() -> Volume:
    """Return the board: each member twice at y = -64, 13 and 319, and a stone in the far corner."""
    volume = Volume(SIZE, origin=ORIGIN)
    for k, y in enumerate((0, 77, 383)):
        for i, (state, entity) in enumerate(families()):
            volume.set((i % SIZE[0], y, 2 * (i // SIZE[0]) + k), state, entity)
            volume.set((SIZE[0] - 1 - i % SIZE[0], y, 40 + 2 * (i // SIZE[0]) - k), state, entity)
    volume.set((SIZE[0] - 1, SIZE[1] - 1, SIZE[2] - 1), make("stone"))
    return volume


@pytest.fixture(scope="session")
def board() -> Volume:
    """The board; tests must not change it."""
    return build_board()
