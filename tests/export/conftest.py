"""One board with every family of states, over several chunks and regions, y from -64 to 319."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from craftc.blocks import BlockState, Entity, Volume
from craftc.export.world import write_world

ORIGIN = (-37, -64, -21)
SIZE = (70, 384, 50)
SIDES = ("north", "south", "east", "west")
ITEMS = (0, 1, 124, 247, 371, 494, 618, 741, 864, 988, 1111, 1235, 1358, 1482, 1605, 1728)
"""Redstone dust in a barrel for signals 0..15, from the rule floor(14 f) + (f > 0)."""

HOPPER_7 = 138  # ceil(6 * 5 * 64 / 14)
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


def _stacks(count: int) -> tuple[tuple[int, int], ...]:
    return tuple((slot, min(64, count - 64 * slot)) for slot in range(-(-count // 64)))


def _wanted(state: BlockState, entity: Entity | None) -> object:
    if entity is None:
        return None
    if entity.kind == "comparator":
        return ("OutputSignal", entity.signal)
    if entity.kind == "sign":
        return ("lines", entity.lines)
    return ("Items", _stacks(ITEMS[entity.signal] if entity.kind == "barrel" else HOPPER_7))


def plain_content(fields: Mapping[str, Any]) -> object:
    """Return block entity fields, as any reader gave them, in the form that `facts` uses."""
    if "OutputSignal" in fields:
        return ("OutputSignal", int(fields["OutputSignal"]))
    if "front_text" in fields:
        assert int(fields["is_waxed"]) == 1
        assert [json.loads(str(m)) for m in fields["back_text"]["messages"]] == [{"text": ""}] * 4
        return ("lines", tuple(json.loads(str(m))["text"] for m in fields["front_text"]["messages"]))
    assert all(str(i["id"]) == "minecraft:redstone" for i in fields["Items"])
    return ("Items", tuple(sorted((int(i["Slot"]), int(i["Count"])) for i in fields["Items"])))


Facts = dict[tuple[int, int, int], tuple[str, object]]


@pytest.fixture(scope="session")
def facts(board: Volume) -> Facts:
    """Local position -> (state text, content) of every block of the board that is not air."""
    return {
        p: (str(board.get(p)), _wanted(board.get(p), board.entity(p)))
        for p in board.positions(board.ids != 0)
    }


@pytest.fixture(scope="session")
def content() -> Any:
    """`plain_content`."""
    return plain_content


@pytest.fixture(scope="session")
def world(board: Volume, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The board as a world folder; tests must not change it."""
    path = tmp_path_factory.mktemp("worlds") / "board"
    write_world(board, path, level_name="board", spawn=(1, -60, 2), spawn_yaw=180.0)
    return path


def same_blocks(one: Volume, two: Volume) -> bool:
    """Return whether two volumes have equal sizes, states and contents, whatever their palettes."""
    if one.size != two.size:
        return False
    copy = one.copy()
    table = two.palette.remap_to(copy.palette)
    return bool(np.array_equal(copy.ids, table[two.ids]))


@pytest.fixture(scope="session")
def same() -> Callable[[Volume, Volume], bool]:
    """`same_blocks`."""
    return same_blocks
