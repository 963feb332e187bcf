"""Properties of states: completed, checked, refused."""

from __future__ import annotations

import pytest

from craftc.blocks import BlockState, Volume
from craftc.blocks.properties import checked, complete, completed, keys_of
from craftc.errors import SimError


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("repeater[facing=west]", "minecraft:repeater[delay=1,facing=west,locked=false,powered=false]"),
        ("comparator", "minecraft:comparator[facing=north,mode=compare,powered=false]"),
        ("redstone_torch", "minecraft:redstone_torch[lit=true]"),
        ("lever[powered=true]", "minecraft:lever[face=wall,facing=north,powered=true]"),
        ("redstone_wire[power=3]",
         "minecraft:redstone_wire[east=none,north=none,power=3,south=none,west=none]"),
        ("stone", "minecraft:stone"),
        ("oak_slab", "minecraft:oak_slab[type=bottom,waterlogged=false]"),
        ("red_wall_banner", "minecraft:red_wall_banner[facing=north]"),
    ],
)  # fmt: skip
def test_missing_keys_take_their_defaults(given: str, whole: str) -> None:
    assert str(complete(BlockState.parse(given))) == whole


def test_defaults_are_legal() -> None:
    for name in ("redstone_wire", "note_block", "observer", "iron_trapdoor", "composter", "light"):
        for default, legal in keys_of(name).values():
            assert default in legal


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("repeater[delay=5]", "delay=5"),
        ("stone[lit=true]", "no property 'lit'"),
        ("lever[power=1]", "'power'"),
    ],
)
def test_impossible_states_are_refused(state: str, word: str) -> None:
    with pytest.raises(SimError, match=word):
        checked(BlockState.parse(state), "here")


def test_dust_without_sides_stays_bare() -> None:
    volume = Volume((2, 1, 1))
    volume.set((0, 0, 0), "redstone_wire")
    volume.set((1, 0, 0), "redstone_lamp")
    out = completed(volume)
    assert str(out.get((0, 0, 0))) == "minecraft:redstone_wire"
    assert str(out.get((1, 0, 0))) == "minecraft:redstone_lamp[lit=false]"
    assert str(volume.get((1, 0, 0))) == "minecraft:redstone_lamp"
