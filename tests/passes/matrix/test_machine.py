"""Small matrix engines end to end: exact results, clean rules, and faults that show."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tests.oracle.client import ENGINES, needs_judge, outside_levels

from craftc.blocks import Volume
from craftc.check import blocks, drc, lvs
from craftc.errors import SimError
from craftc.passes.machine import moved
from craftc.passes.matrix.encode import expected, folded_digits, result_of
from craftc.passes.matrix.fold import Fold
from craftc.passes.matrix.layout import Placed, place_matrix
from craftc.sim import Board, settle
from craftc.verify.matrix_run import MatrixPorts, load_actions, run_product

ROWS, INPUTS = 9, 3


@cache
def machine(passes: int = 1, seed: int = 0) -> tuple[Placed, MatrixPorts, np.ndarray]:
    """Return a machine of random weights that needs every stack and two lanes in some."""
    rows = ROWS * passes - (passes > 1)  # in the last of several passes one lane has no row
    weights = np.random.default_rng(seed).integers(-1023, 1024, (rows, INPUTS))
    fold = Fold(rows, INPUTS, ROWS)
    placed = place_matrix(folded_digits(weights, fold), fold)
    ports = MatrixPorts(placed.ports, tuple(placed.results), tuple(placed.inputs), fold.words, passes)
    return placed, ports, weights


def vectors(count: int, seed: int = 1) -> np.ndarray:
    """Return activations: both ends of the range, 0, -1, and random ones."""
    some = np.random.default_rng(seed).integers(-(2**23), 2**23, (count, INPUTS))
    some[:4] = np.array([[-(2**23)] * 3, [2**23 - 1] * 3, [0, 0, 0], [-1, -1, 1]])[: len(some[:4])]
    return some


@pytest.mark.parametrize("passes", [1, 2, 3])
def test_products_are_exact_one_after_the_other(passes: int) -> None:
    placed, ports, weights = machine(passes)
    board = Board(placed.volume)
    for x in vectors(12):
        found, _ = run_product(board, ports, x)
        assert np.array_equal(found, expected(weights, x)), x
    assert board.burnouts == 0


def test_the_last_load_counts() -> None:
    placed, ports, weights = machine()
    board = Board(placed.volume)
    for first, second in zip(vectors(4, seed=2), vectors(4, seed=3), strict=True):
        board.run_script(load_actions(ports, first), 2 * ports.load_rt)
        assert np.array_equal(run_product(board, ports, second)[0], expected(weights, second))


@pytest.mark.parametrize(("order", "passes"), [(3, 1), (11, 1), (5, 2)])
def test_the_order_of_devices_within_a_tick_does_not_matter(order: int, passes: int) -> None:
    placed, ports, weights = machine(passes)
    board = Board(placed.volume, order=order, flicker=True)
    for x in vectors(6, seed=order):
        assert np.array_equal(run_product(board, ports, x)[0], expected(weights, x))


@pytest.mark.parametrize("passes", [1, 2])
def test_blocks_keep_the_rules_and_the_netlist(passes: int) -> None:
    placed, _, _ = machine(passes)
    board = Board(placed.volume)
    assert board.quiet
    baked = board.write_back()
    assert drc.check(baked) == (0, [])
    meant = moved(placed.machine, placed.low)
    assert blocks.compare_blocks(meant, baked).ok
    report = lvs.compare(meant, baked, {}, placed.abutments)
    assert report.ok, report.faults


def test_a_changed_rom_digit_changes_one_result() -> None:
    placed, ports, weights = machine()
    other = weights.copy()
    other[4, 1] += 1 if other[4, 1] < 1023 else -1
    fold = Fold(ROWS, INPUTS, ROWS)
    changed = place_matrix(folded_digits(other, fold), fold)
    x = vectors(5)[4]
    found, _ = run_product(Board(changed.volume), ports, x)
    assert np.flatnonzero(found != expected(weights, x)).tolist() == [4]
    assert not blocks.compare_blocks(moved(placed.machine, placed.low), changed.volume).ok


def without_a_device(seed: int) -> tuple[Placed, Volume]:
    """Return a machine and its blocks with one device of a lane, the base or a register taken away."""
    placed, _, _ = machine()
    rng = np.random.default_rng(seed)
    instance = placed.machine.instances[("lane.5", "base", "input.1")[seed % 3]]
    volume = instance.macro.volume
    table = np.array([s.short in ("comparator", "repeater") for s, _ in volume.palette])
    y, z, x = rng.choice(np.argwhere(table[volume.ids]))
    at = instance.world((int(x), int(y), int(z)))
    broken = placed.volume.copy()
    broken.set((at[0] - placed.low[0], at[1] - placed.low[1], at[2] - placed.low[2]), "minecraft:air")
    return placed, broken


def test_removed_devices_show() -> None:
    noticed = 0
    for seed in range(12):
        placed, broken = without_a_device(seed)
        _, ports, weights = machine()
        assert not lvs.compare(moved(placed.machine, placed.low), broken, {}, placed.abutments).ok
        board = Board(broken)
        try:
            found = [
                np.array_equal(run_product(board, ports, x)[0], expected(weights, x)) for x in vectors(8)
            ]
        except SimError:
            found = [False]
        noticed += not all(found)
    assert noticed >= 10  # some ends of lines drive nothing


@needs_judge
@pytest.mark.oracle
@pytest.mark.parametrize(("engine", "passes"), [*((e, 1) for e in ENGINES), ("mchprs", 2), ("mc-tick", 2)])
def test_outside_judges_multiply_the_same(engine: str, passes: int) -> None:
    placed, ports, weights = machine(passes)
    start = 2 * ports.load_rt
    run = 2 * (32 * ports.words + 500)
    uses, wanted = [], []
    for index, x in enumerate(vectors(6, seed=8)[4:]):
        begin = index * (start + run)
        uses += [(begin + time, pos) for time, pos, _ in load_actions(ports, x)]
        uses.append((begin + start, ports.switches["start"]))
        wanted.append(expected(weights, x))
    probes = [p for places in ports.results for p in places]
    levels = outside_levels(settle(placed.volume), engine, uses, 2 * (start + run), probes)
    for index, y in enumerate(wanted):
        held = levels[(index + 1) * (start + run) // 2 - 1].reshape(len(weights), 8)
        assert np.array_equal(result_of(held), y)
