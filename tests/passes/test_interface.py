"""The io map of a placed machine names every lever, lamp and register at the right block."""

from __future__ import annotations

import pytest

from craftc.config import BuildConfig
from craftc.errors import PlacementError
from craftc.export.io_map import Expected
from craftc.hw.netlist import Machine
from craftc.macros.glue import button, lamp
from craftc.macros.panel import panel
from craftc.macros.register_file import register_file
from craftc.model import random_model
from craftc.passes.fold import fold
from craftc.passes.interface import interface

PLANS = fold(random_model((8, 5, 3), seed=4), BuildConfig())
SHIFT = (100, -60, 7)


def placed() -> Machine:
    """Return the parts with an interface, side by side."""
    machine = Machine()
    parts = {"panel": panel(8), "file1": register_file(5)}
    parts |= {n: button(("", n), "minecraft:green_concrete") for n in ("run", "reset")}
    parts |= {n: lamp(("", n)) for n in ("lamp0", "lamp1", "lamp2", "lamp_done")}
    x = 0
    for name, macro in parts.items():
        machine.add(name, macro, (x, 3, -2))
        x += macro.volume.size[0] + 2
    return machine


def test_every_name_is_the_right_block() -> None:
    machine = placed()
    low, high = machine.extent()
    volume = machine.volume(low, high)
    io = interface(machine, PLANS, (low, high), Expected(1, 900, 24), shift=SHIFT, read_gt={0: 500})
    assert (len(io.levers), len(io.classes), len(io.registers)) == (8, 3, 5)
    assert io.low == (low[0] + 100, low[1] - 60, low[2] + 7)
    for name, found in {**io.inputs, **io.outputs}.items():
        assert volume.get(io.local(found.pos)).short == found.block, name
    cells = [c for r in io.registers.values() for c in r.cells]
    assert len(set(cells)) == 20
    assert {volume.get(io.local(c)).short for c in cells} == {"repeater"}
    assert {r.at_gt for r in io.registers.values()} == {500}


@pytest.mark.parametrize("missing", ["reset", "lamp2", "lamp_done", "file1", "panel"])
def test_a_missing_part_is_named(missing: str) -> None:
    machine = placed()
    box = machine.extent()
    del machine.instances[missing]
    with pytest.raises(PlacementError, match=f"no probe {missing}"):
        interface(machine, PLANS, box, Expected(1, 900, 24))
