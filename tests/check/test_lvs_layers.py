"""The placed layers of a network, before routing: clean in all checks, and no change goes unseen."""

from __future__ import annotations

import numpy as np
import pytest

from craftc.blocks import Volume
from craftc.check import drc
from craftc.check.blocks import compare_blocks, normal
from craftc.check.lvs import compare
from craftc.config import BuildConfig
from craftc.model.random_model import random_model
from craftc.passes.fold import fold
from craftc.passes.place import Placement, place_layers
from craftc.sim import settle

PLANS = fold(random_model((16, 6, 4), seed=1), BuildConfig())
DEVICES = ("comparator", "repeater", "redstone_wall_torch", "redstone_torch")


@pytest.fixture(scope="module")
def placed() -> Placement:
    return place_layers(PLANS)


@pytest.fixture(scope="module")
def world(placed: Placement) -> Volume:
    return settle(placed.machine.volume(*placed.machine.extent()))


def test_placed_layers_are_clean(placed: Placement, world: Volume) -> None:
    report = compare(placed.machine, world, {}, placed.abutments)
    assert report.ok and report.links > 3000
    blocks = compare_blocks(placed.machine, world)
    assert blocks.ok and blocks.blocks > 10_000
    assert drc.check(world) == (0, [])


def test_every_abutment_is_needed(placed: Placement, world: Volume) -> None:
    for pair in placed.abutments:
        others = [p for p in placed.abutments if p != pair]
        report = compare(placed.machine, world, {}, others)
        assert not report.ok
        assert all(f"({pair[0]})" in f and f"({pair[1]})" in f for f in report.faults), report.faults


def test_every_missing_device_breaks_a_link(placed: Placement, world: Volume) -> None:
    table = np.array([s.short in DEVICES for s, _ in world.palette])
    cells = list(world.positions(table[world.ids]))
    for index in np.random.default_rng(0).choice(len(cells), 40, replace=False):
        broken = world.copy()
        broken.set(cells[index], "minecraft:air")
        links = compare(placed.machine, broken, {}, placed.abutments)
        blocks = compare_blocks(placed.machine, broken)
        place = f"({', '.join(map(str, cells[index]))})"
        assert not links.ok and blocks.fault_count == 1 and f"expected at {place}" in blocks.faults[0]


def test_every_changed_constant_is_noticed(placed: Placement, world: Volume) -> None:
    rng = np.random.default_rng(1)
    kinds = [k for k, (s, _) in enumerate(world.palette) if s.short in ("composter", "barrel")]
    cells = list(world.positions(np.isin(world.ids, kinds)))
    for index in rng.choice(len(cells), 60, replace=False):
        pos = cells[index]
        have = normal(world.get(pos), world.entity(pos))
        other = [k for k in kinds if normal(*world.palette.entries[k]) != have]
        broken = world.copy()
        broken.set(pos, *world.palette.entries[int(rng.choice(other))])
        assert compare(placed.machine, broken, {}, placed.abutments).ok  # links cannot tell
        assert compare_blocks(placed.machine, broken).fault_count == 1
