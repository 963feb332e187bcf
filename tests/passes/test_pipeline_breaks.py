"""A build whose blocks are broken between two passes ends with the error of the check that must see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from craftc.blocks import Volume
from craftc.config import BuildConfig
from craftc.errors import CraftcError, DrcError, LvsError, MismatchError
from craftc.model.random_model import random_model
from craftc.passes import pipeline
from craftc.passes.assemble import Assembly, assemble
from craftc.passes.fold import LayerPlan
from craftc.passes.machine import Baked, bake
from craftc.sim.board import settle

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("breaks")]
MODEL = random_model((5, 3, 2), 3)
Break = Callable[[Baked, Volume], None]
_MADE: list[tuple[Assembly, Baked]] = []


def _places(volume: Volume, name: str) -> list[tuple[int, int, int]]:
    wanted = np.array([state.short == name for state, _ in volume.palette])
    return list(volume.positions(wanted[volume.ids]))


def _wire_cell(baked: Baked) -> tuple[int, int, int]:
    """The first cell of a routed net, local to the volume."""
    wires = baked.assembly.wires
    name = sorted(wires.result.nets)[0]
    origin = wires.volume.origin
    x, y, z = (
        int(c) + o - low
        for c, o, low in zip(wires.result.nets[name].cells[0], origin, baked.low, strict=True)
    )
    return (x, y, z)


def cut_a_wire(baked: Baked, volume: Volume) -> None:
    """Take the first dust or repeater of a net away, and let the rest settle."""
    volume.set(_wire_cell(baked), "air")
    settled = settle(volume)
    volume.palette, volume.ids = settled.palette, settled.ids


def take_a_floor(baked: Baked, volume: Volume) -> None:
    """Leave a repeater without support."""
    x, y, z = _places(volume, "repeater")[0]
    volume.set((x, y - 1, z), "air")


def power_from_outside(baked: Baked, volume: Volume) -> None:
    """Put a source on the floor's place below a wire: its dust is always on."""
    x, y, z = _wire_cell(baked)
    volume.set((x, y - 1, z), "redstone_block")


def turn_a_comparator(baked: Baked, volume: Volume) -> None:
    """Exchange compare and subtract in one comparator."""
    at = _places(volume, "comparator")[7]
    state = volume.get(at)
    other = "compare" if state.get("mode") == "subtract" else "subtract"
    volume.set(at, state.with_props(mode=other), volume.entity(at))


BREAKS: dict[str, tuple[Break, tuple[type[CraftcError], ...]]] = {
    "wire": (cut_a_wire, (LvsError,)),
    "floor": (take_a_floor, (DrcError,)),
    "source": (power_from_outside, (DrcError, LvsError)),
    "comparator": (turn_a_comparator, (LvsError,)),
}


def _assembled(plans: tuple[LayerPlan, ...]) -> tuple[Assembly, Baked]:
    if not _MADE:
        made = assemble(plans, None)
        _MADE.append((made, bake(made)))
    return _MADE[0]


@pytest.mark.parametrize("name", BREAKS)
def test_broken_blocks_end_the_build(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damage, errors = BREAKS[name]

    def broken(assembly: Assembly) -> Baked:
        baked = _MADE[0][1]
        volume = baked.volume.copy()
        damage(baked, volume)
        return replace(baked, volume=volume)

    monkeypatch.setattr(pipeline, "assemble", lambda plans, progress, pace: _assembled(plans)[0])
    monkeypatch.setattr(pipeline, "bake", broken)
    with pytest.raises(errors):
        pipeline.build(MODEL, BuildConfig(), out=tmp_path / "broken", schem=None, images=None)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_rom_digit_ends_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that keep every rule but hold another weight are found by running them."""
    other = random_model((5, 3, 2), 4)
    real = pipeline.fold
    monkeypatch.setattr(pipeline, "fold", lambda checkpoint, config: real(other, config))
    with pytest.raises(MismatchError):
        pipeline.build(MODEL, BuildConfig(), out=tmp_path / "wrong", schem=None, images=None)
    assert list(tmp_path.iterdir()) == []
