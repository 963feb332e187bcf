"""Turned and mirrored macros: blocks, ports, sides and probes move together, and the circuit still works."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from craftc.macros.base import STEP, Macro, Pos
from craftc.macros.clock import clock, one_shot
from craftc.macros.glue import button, start_gate
from craftc.macros.rom_bank import rom_bank
from craftc.macros.turn import turn_side, turned

from .pulse_bench import PulseBench, pulse

SIDES = ("north", "east", "south", "west")
BANK = rom_bank(np.arange(12, dtype=np.uint8).reshape(3, 2, 2))
MACROS = [clock(), one_shot(), start_gate(), button(("A",), "stone"), BANK]
ways = pytest.mark.parametrize(("turns", "mirror"), [(t, m) for t in range(4) for m in (False, True)])
macros = pytest.mark.parametrize("macro", MACROS, ids=lambda m: m.name)


def same(a: Macro, b: Macro) -> bool:
    """Return whether two macros have equal blocks, block contents, ports and probes."""
    keys = a.volume.palette.remap_to(b.volume.palette)[a.volume.ids]
    return np.array_equal(keys, b.volume.ids) and a.ports == b.ports and a.probes == b.probes


def inside(macro: Macro, pos: Pos) -> bool:
    return all(0 <= p < s for p, s in zip(pos, macro.volume.size, strict=True))


@macros
def test_four_turns_and_two_mirrors_change_nothing(macro: Macro) -> None:
    around = macro
    for _ in range(4):
        around = turned(around, 1)
    assert same(around, macro)
    assert same(turned(turned(macro, mirror_x=True), mirror_x=True), macro)
    assert not same(turned(macro, 1), macro) and not same(turned(macro, mirror_x=True), macro)


@macros
@ways
def test_turns_add_up(macro: Macro, turns: int, mirror: bool) -> None:
    step_by_step = turned(macro, 0, mirror)
    for _ in range(turns):
        step_by_step = turned(step_by_step, 1)
    assert same(turned(macro, turns, mirror), step_by_step)
    assert same(turned(macro, turns + 4, mirror), step_by_step)


def beside(macro: Macro, name: str) -> str:
    """Return the block on a port's free side ("air" outside)."""
    port = macro.ports[name]
    x, y, z = (a + b for a, b in zip(port.pos, STEP[port.side], strict=True))
    return macro.volume.get((x, y, z)).short if inside(macro, (x, y, z)) else "air"


def misplaced(macro: Macro, moved: Macro) -> list[str]:
    """Return the ports and probes whose block or free side did not move with them."""
    wrong = []
    for name, port in macro.ports.items():
        new = moved.ports[name]
        kept = replace(new, pos=port.pos, side=port.side) == port
        fits = inside(moved, new.pos) and moved.volume.get(new.pos).short == macro.volume.get(port.pos).short
        if not (kept and fits and beside(moved, name) == beside(macro, name) == "air"):
            wrong.append(name)
    for name, pos in macro.probes.items():
        new_pos = moved.probes[name]
        if not inside(moved, new_pos) or moved.volume.get(new_pos).short != macro.volume.get(pos).short:
            wrong.append(name)
    return wrong


@macros
@ways
def test_ports_and_probes_move_with_their_blocks(macro: Macro, turns: int, mirror: bool) -> None:
    moved = turned(macro, turns, mirror)
    assert moved.volume.placed_blocks == macro.volume.placed_blocks
    assert misplaced(macro, moved) == []


@pytest.mark.parametrize(("turns", "mirror"), [(1, False), (2, False), (3, False), (0, True)])
def test_ports_left_behind_are_noticed(turns: int, mirror: bool) -> None:
    macro = clock()
    moved = turned(macro, turns, mirror)
    assert misplaced(macro, Macro("clock", moved.volume, macro.ports))


def test_the_original_is_left_alone() -> None:
    macro = start_gate()
    before = macro.volume.ids.copy(), dict(macro.ports)
    turned(macro, 1, True).volume.set((0, 0, 0), "minecraft:glass")
    assert np.array_equal(macro.volume.ids, before[0]) and macro.ports == before[1]


@pytest.mark.parametrize(
    ("side", "turns", "mirror", "want"),
    [("east", 1, False, "south"), ("south", 1, False, "west"), ("north", 2, False, "south"),
     ("east", 0, True, "west"), ("north", 0, True, "north"), ("east", 1, True, "north"),
     ("up", 3, True, "up"), ("down", 1, False, "down")],
)  # fmt: skip
def test_sides(side: str, turns: int, mirror: bool, want: str) -> None:
    assert turn_side(side, turns, mirror) == want


@given(st.sampled_from(SIDES), st.integers(-8, 8), st.booleans())
def test_a_side_points_where_its_block_is_moved(side: str, turns: int, mirror: bool) -> None:
    macro = start_gate()
    x, _, z = STEP[side]
    a, b = (4, 0, 1), (4 + x, 0, 1 + z)
    macro.volume = macro.volume.crop((0, 0, 0), (5, 2, 3))
    macro.probes = {"a": (2, 0, 1), "b": (b[0] - a[0] + 2, 0, b[2])}
    moved = turned(macro, turns, mirror).probes
    step = tuple(q - p for p, q in zip(moved["a"], moved["b"], strict=True))
    assert step == STEP[turn_side(side, turns, mirror)]


@ways
def test_a_turned_macro_works(turns: int, mirror: bool) -> None:
    script = [*pulse("in", 3, 8), *pulse("busy", 15, 40), *pulse("in", 20, 30)]
    got = PulseBench(turned(start_gate(), turns, mirror)).trace(script, 50, ["out"])
    assert np.array_equal(got, PulseBench(start_gate()).trace(script, 50, ["out"])) and got.any()
