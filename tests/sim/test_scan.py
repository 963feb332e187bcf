"""What the engine reads of all cells in one pass is what the block tables say cell by cell."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.sim.component_boards import component_board
from tests.sim.fuzz import random_board

from craftc.blocks import Volume
from craftc.blocks.dust import DustCells, dust_cells, rules_of
from craftc.blocks.tables import tables_of, used_entries
from craftc.sim import scan
from craftc.sim.devices import DUST, device_tables
from craftc.sim.graph import _grid, _unpad, extract


def shapes(volume: Volume, **changed: object) -> DustCells:
    """Return the dust of a volume as the engine reads it, by rules of which some may be changed."""
    tables = tables_of(volume.palette)
    devices, _ = device_tables(volume)
    count = scan.counts(volume)
    grid, _, cell = _grid(volume, devices, tables.conductor, tables.analog, count)
    rules = dataclasses.replace(rules_of(volume.palette, tables), **changed)
    return scan.dust_cells(grid, cell, _unpad(cell, volume), rules)


def dotted(volume: Volume) -> Volume:
    """Return a volume in which all dust was saved as dots."""
    dust = [k for k, (state, _) in enumerate(volume.palette) if state.short == "redstone_wire"]
    dot = volume.palette.add("redstone_wire[east=none,north=none,power=0,south=none,west=none]")
    volume.ids[np.isin(volume.ids, dust)] = dot
    return volume


BOARDS = [
    *(random_board(seed) for seed in range(30)),
    *(component_board(seed) for seed in range(30)),
    *(dotted(random_board(seed)) for seed in range(30, 40)),
]


@pytest.mark.parametrize("volume", BOARDS)
def test_dust_has_the_shapes_of_the_block_rules(volume: Volume) -> None:
    ours, theirs = extract(volume).dust, dust_cells(volume)
    assert np.array_equal(ours.flat, theirs.flat)
    assert np.array_equal(ours.shape, theirs.shape)


@pytest.mark.parametrize("rule", ["climbs", "draws", "dot", "conductor", "sturdy"])
def test_a_rule_that_is_changed_shows(rule: str) -> None:
    """Every rule decides on some dust of these boards."""
    differ = 0
    for volume in BOARDS:
        rules = rules_of(volume.palette, tables_of(volume.palette))
        other = shapes(volume, **{rule: np.zeros_like(getattr(rules, rule))})
        differ += not np.array_equal(other.shape, dust_cells(volume).shape)
    assert differ > 0


@pytest.mark.parametrize("volume", BOARDS[::8])
def test_entries_are_counted(volume: Volume) -> None:
    count = scan.counts(volume)
    assert count.tolist() == np.bincount(volume.ids.ravel(), minlength=len(volume.palette)).tolist()
    assert np.array_equal(count > 0, used_entries(volume))
    assert count[device_tables(volume)[0].kind == DUST].sum() == len(dust_cells(volume).flat)
