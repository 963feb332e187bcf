"""Connection shapes of dust."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.fuzz import random_board

from craftc.blocks import BlockState, Volume
from craftc.blocks.dust import compute_shapes
from craftc.blocks.tables import faces, tables_of
from craftc.cells.drawing import dust
from craftc.export.schem import read_schem

CENTRE = (2, 1, 2)
UNSET = "redstone_wire"


def shape_with(*placed: tuple[tuple[int, int, int], str], wire: BlockState | str = UNSET) -> dict[str, str]:
    """Return the sides of a dust at the centre of stone floor, other blocks given by offset."""
    volume = Volume((5, 4, 5))
    volume.ids[0] = volume.palette.add("stone")
    volume.set(CENTRE, wire)
    for (dx, dy, dz), block in placed:
        volume.set((CENTRE[0] + dx, CENTRE[1] + dy, CENTRE[2] + dz), block)
    state = compute_shapes(volume).get(CENTRE)
    return {k: state.get(k) for k in ("north", "east", "south", "west")}


def sides(**given: str) -> dict[str, str]:
    """All sides none but those given."""
    return {"north": "none", "east": "none", "south": "none", "west": "none"} | given


CROSS = sides(north="side", east="side", south="side", west="side")


def test_alone_is_a_cross_and_a_saved_dot_stays() -> None:
    assert shape_with() == CROSS
    assert shape_with(wire=dust()) == sides()


def test_one_connection_reaches_out_on_both_ends() -> None:
    assert shape_with(((1, 0, 0), UNSET)) == sides(east="side", west="side")
    assert shape_with(((0, 0, -1), UNSET), wire=dust()) == sides(north="side", south="side")


def test_two_axes_are_a_corner() -> None:
    assert shape_with(((1, 0, 0), UNSET), ((0, 0, 1), UNSET)) == sides(east="side", south="side")


@pytest.mark.parametrize(
    ("block", "connects"),
    [
        ("repeater[facing=west]", True), ("repeater[facing=east]", True), ("repeater[facing=north]", False),
        ("comparator[facing=north]", True), ("lever", True), ("stone_button", True), ("oak_button", True),
        ("redstone_torch", True), ("redstone_wall_torch[facing=north]", True), ("redstone_block", True),
        ("target", True), ("redstone_lamp", False), ("stone", False), ("glass", False), ("composter", False),
        ("observer[facing=east]", True), ("observer[facing=west]", False), ("observer[facing=up]", False),
    ],
)  # fmt: skip
def test_what_dust_connects_to(block: str, connects: bool) -> None:
    assert shape_with(((1, 0, 0), block)) == (sides(east="side", west="side") if connects else CROSS)


def test_climbs_full_blocks_unless_covered() -> None:
    for block, expected in (("stone", "up"), ("glass", "up"), ("oak_slab[type=top]", "side")):
        step = (((1, 0, 0), block), ((1, 1, 0), UNSET))
        assert shape_with(*step) == sides(east=expected, west="side"), block
        assert shape_with(*step, ((0, 1, 0), "stone")) == CROSS
        assert shape_with(*step, ((0, 1, 0), "glass")) == sides(east=expected, west="side")


def test_falls_past_open_neighbours_only() -> None:
    below = ((1, -1, 0), UNSET)
    assert shape_with(below) == sides(east="side", west="side")
    assert shape_with(below, ((1, 0, 0), "glass")) == sides(east="side", west="side")
    assert shape_with(below, ((1, 0, 0), "stone")) == CROSS


def test_at_the_border_outside_is_air() -> None:
    volume = Volume((2, 1, 1))
    volume.set((0, 0, 0), UNSET)
    volume.set((1, 0, 0), UNSET)
    for pos in ((0, 0, 0), (1, 0, 0)):
        assert compute_shapes(volume).get(pos).get("north") == "none"
        assert compute_shapes(volume).get(pos).get("east") == "side"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_computing_twice_changes_nothing_and_leaves_the_input_alone(seed: int) -> None:
    volume = random_board(seed)
    before = volume.ids.copy()
    once = compute_shapes(volume)
    twice = compute_shapes(once)
    assert (volume.ids == before).all()
    assert (twice.palette.remap_to(once.palette)[twice.ids] == once.ids).all()


@pytest.mark.parametrize("name", ["alu8", "hexanalog_trunk", "adder4_cells", "mult4x4_stacked"])
def test_shapes_of_boards_that_others_saved(boards: Path, name: str) -> None:
    volume = read_schem(boards / f"{name}.schem")
    shaped = compute_shapes(volume)
    assert (shaped.palette.remap_to(volume.palette)[shaped.ids] == volume.ids).all()


def test_a_wrong_shape_is_noticed(boards: Path) -> None:
    volume = read_schem(boards / "adder4_cells.schem")
    wires = [
        i for i, (s, _) in enumerate(volume.palette) if s.short == "redstone_wire" and s.get("east") == "side"
    ]
    state = volume.palette.state(wires[0])
    place = next(iter(volume.positions(volume.ids == wires[0])))
    volume.set(place, state.with_props(east="up"))
    assert compute_shapes(volume).get(place) == state


def test_tables_know_families_and_refuse_the_rest() -> None:
    for name, expected in {
        "lime_concrete": (True, True, True), "glass": (False, True, True), "air": (False, False, False),
        "redstone_block": (False, True, True), "barrel": (True, True, True),
        "oak_sign": (False, False, False), "stone_slab[type=top]": (False, True, False),
        "stone_slab[type=double]": (True, True, True), "target": (True, True, True),
    }.items():  # fmt: skip
        assert faces(BlockState.parse(name)) == expected, name
    for name in ("piston", "hopper", "mod:stone", "rail", "frobnitz"):
        assert faces(BlockState.parse(name)) is None, name


def test_tables_of_a_palette_mark_unknown_entries() -> None:
    volume = Volume((1, 1, 1))
    volume.set((0, 0, 0), "piston")
    assert tables_of(volume.palette).known.tolist() == [True, False]
