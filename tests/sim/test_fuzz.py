"""A seeded slice of the differential fuzzing (docs/fuzz.md); CRAFTC_FUZZ_BATCHES makes it longer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from tests.oracle.client import judge_python
from tests.sim.differential import GAME_TICKS, Tally, examine
from tests.sim.judges import FLAGS, Judges
from tests.sim.ours import run_ours, run_reference, settled, tiles_of_rows
from tests.sim.reasons import explain
from tests.sim.shrink import as_text, differs, mchprs_differs, shrink
from tests.sim.tiles import Batch, cut, make_batch, put_spare

from craftc.blocks import Volume
from craftc.blocks.properties import completed
from craftc.sim import Board

FIRST = 1_000_000
BATCHES = int(os.environ.get("CRAFTC_FUZZ_BATCHES", "16"))
"""Batches of 64 boards; 16 take about 20 seconds of one core."""


@pytest.fixture(scope="module")
def judges() -> Iterator[Judges]:
    """A worker of the outside judges; skips where there is none."""
    python = judge_python()
    if python is None:
        pytest.skip("no outside judge: set CRAFTC_JUDGE_PYTHON to a Python with nucleation")
    with Judges(python) as worker:
        yield worker


@pytest.mark.slow
@pytest.mark.oracle
def test_every_difference_is_explained(judges: Judges) -> None:
    tally = Tally()
    for number in range(FIRST, FIRST + BATCHES):
        examine(judges, number, "core" if number % 8 == 0 else "portable", tally)
    assert tally.unexplained == []
    assert tally.boards >= 60 * BATCHES


def test_the_engines_agree_on_a_batch() -> None:
    batch, _ = settled(make_batch(FIRST, "core", 4, 20))
    rows = run_ours(batch, 80).trace
    assert len(rows) > 500
    assert rows == run_reference(batch, 80)


def test_batches_are_the_same_everywhere() -> None:
    first, second = make_batch(7, "core"), make_batch(7, "core")
    assert np.array_equal(first.volume.ids, second.volume.ids)
    assert np.array_equal(first.actions, second.actions)
    assert not np.array_equal(first.volume.ids, make_batch(8, "core").volume.ids)


def _slower(batch: Batch) -> tuple[Batch, int]:
    """Return the batch with one repeater of delay 1 made slower, and its tile."""
    volume = batch.volume.copy()
    for x, y, z in volume.positions(volume.ids != 0):
        state = volume.get((x, y, z))
        if state.short == "repeater" and state.get("delay") == "1":
            here = batch.actions[(batch.actions[:, 1] // 9 == x // 9) & (batch.actions[:, 3] // 9 == z // 9)]
            changed = replace(batch, volume=volume)
            volume.set((x, y, z), state.with_props(delay=2))
            if len(here) and run_ours(changed, 80).trace != run_ours(batch, 80).trace:
                return changed, z // 9 * 8 + x // 9
            volume.set((x, y, z), state)
    raise AssertionError("no repeater matters")


@pytest.mark.slow
@pytest.mark.oracle
def test_a_slower_repeater_is_found_and_cut_out(judges: Judges) -> None:
    batch, _ = settled(make_batch(3, "portable", 4, 20))
    changed, tile = _slower(batch)
    ours = run_ours(batch, 80)
    judges.put(changed)
    assert tile in tiles_of_rows(ours.trace ^ judges.mctick(80))
    assert not explain(cut(batch, tile), 80, "mctick")
    judges.put(batch)
    assert tile not in tiles_of_rows(ours.trace ^ judges.mctick(80))


@pytest.mark.slow
@pytest.mark.oracle
def test_a_difference_is_shrunk(judges: Judges) -> None:
    """A torch on a lamp is where MCHPRS differs; without its explanation the rest of the board goes away."""
    for number in range(20):
        batch, _ = settled(make_batch(number, "core", 2, 40))
        ours = run_ours(batch, GAME_TICKS)
        judges.put(batch)
        tiles = [
            tile
            for tile in sorted(mchprs_differs(judges, batch, ours, GAME_TICKS, FLAGS[0]))
            if explain(cut(batch, tile), GAME_TICKS, "mchprs") == "torch on lamp"
        ]
        if tiles:
            break
    board = cut(batch, tiles[0])
    small = shrink(judges, board, GAME_TICKS, "mchprs", FLAGS[0], without="torch on lamp")
    blocks = as_text(small).splitlines()
    assert (
        len(blocks) <= 4 and any("redstone_torch" in b for b in blocks) and any("lamp" in b for b in blocks)
    )


KNOWN = {
    "a subtraction clock runs": (
        "mctick", "own output",
        {(0, 0): "lever[face=floor,facing=north,powered=false]",
         (1, 0): "comparator[facing=west,mode=subtract]",
         (2, 0): "redstone_wire", (2, 1): "redstone_wire", (1, 1): "redstone_wire"},
    ),
    "an observer sees a lock": (
        "mctick", "observed lock",
        {(0, 1): "lever[face=floor,facing=north,powered=false]", (1, 1): "comparator[facing=west]",
         (2, 1): "repeater[facing=south,delay=3]", (2, 0): "observer[facing=south]"},
    ),
    "a wooden button can be pressed": (
        "mchprs", "wooden button", {(0, 0): "oak_button[face=floor]"},
    ),
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("name", sorted(KNOWN))
def test_where_fuzzing_found_that_judges_differ(judges: Judges, name: str) -> None:
    judge, reason, rows = KNOWN[name]
    volume = Volume((6, 3, 4))
    for (x, z), block in rows.items():
        volume.set((x, 0, z), "stone")
        volume.set((x, 1, z), block)
    put_spare(volume)
    x, z = next(iter(rows))
    board = Batch(Board(completed(volume)).write_back(), np.array([(4, x, 1, z)]))
    assert run_ours(board, 40).trace == run_reference(board, 40)
    assert differs(judges, board, 40, judge, FLAGS[0])
    assert explain(board, 40, judge) == reason


LAMP_BY_DUST = {
    (0, 2): "lever[face=floor,facing=north,powered=false]", (1, 2): "repeater[delay=2,facing=west]",
    (2, 2): "redstone_wire", (2, 1): "redstone_wire", (2, 0): "redstone_lamp[lit=false]",
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize(("last", "reason"), [(52, "rising dust"), (53, "")])
def test_a_lamp_that_is_due_while_its_dust_rises(judges: Judges, last: int, reason: str) -> None:
    """The lamp is told before all of its dust has risen, asks for another tick and goes off with it."""
    volume = Volume((6, 3, 4))
    for (x, z), block in LAMP_BY_DUST.items():
        volume.set((x, 0, z), "stone")
        volume.set((x, 1, z), block)
    volume.set((2, 0, 0), "air")
    put_spare(volume)
    uses = [(t, 0, 1, 2) for t in (0, 4, 32, 44, 48, last)]
    board = Batch(Board(completed(volume)).write_back(), np.array(uses))
    judges.put(board)
    assert run_reference(board, 80) == judges.mctick(80)
    assert (run_ours(board, 80).trace != run_reference(board, 80)) == bool(reason)
    assert explain(board, 80, "mctick") == reason
