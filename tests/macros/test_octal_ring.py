"""The accumulator ring: sums of words on four rails, and the generator of those rails."""

from __future__ import annotations

import numpy as np
import pytest
from tests.oracle.client import ENGINES, needs_judge

from craftc.blocks import Volume
from craftc.macros.octal_ring import OUT, PERIOD_RT, QUARTERS, SUM_DIGITS
from craftc.sim import Board

from .matrix_bench import RAIL_RT, Longs, ring_bench, seat, words_of
from .octal_bench import Bench

FIRST_RT = 64  # digit 0 of word 0 at the rail of quarter E
SUM_RT = 31  # from there to digit 0 of the sum behind quarter N
OPEN_AT = 13  # the lever of the mask, after digit 0 of a word at the first rail


def cases(count: int, seed: int) -> tuple[Longs, Longs]:
    """Return values (count, 4) and gates: corners, complements that ripple, random."""
    rng = np.random.default_rng(seed)
    top = 8**SUM_DIGITS
    values = rng.integers(0, top, (count, 4))
    values[1::7, 1] = top - 1 - values[1::7, 0]
    values[2::7] = [top - 1, 1, top - 1, 0]
    gates = rng.integers(0, 2, (count, 4))
    gates[1::7, :2] = 1
    return values, gates


def drive(values: Longs, gates: Longs, turns: int = 0, mirror: bool = False) -> Bench:
    """Return a bench with all levers set for these words."""
    sketch, sources, blocks, opener = ring_bench()
    bench = Bench(sketch, turns, mirror)
    for word in range(len(values) + 1):
        bench.pulse(opener, FIRST_RT + PERIOD_RT * word + OPEN_AT, 2 * SUM_DIGITS)
    for word in range(len(values)):
        for index, quarter in enumerate(QUARTERS):
            at = FIRST_RT + PERIOD_RT * word + 8 * index
            bench.digits(sources[quarter], at - RAIL_RT, words_of(values[word, index], SUM_DIGITS))
            bench.switch(blocks[quarter], at - 4, not gates[word, index])
    return bench


def sums(levels: np.ndarray, count: int, per_rt: int) -> Longs:
    """Return the running sums, -1 where a digit is not stable."""
    start = FIRST_RT + SUM_RT + PERIOD_RT * np.arange(count)[:, None] + 2 * np.arange(SUM_DIGITS)
    parts = np.stack([levels[per_rt * start + k, 0] for k in range(-1, 2 * per_rt - 1)])
    value = (parts[0].astype(np.int64) << (3 * np.arange(SUM_DIGITS))).sum(axis=1)
    return np.where((parts == parts[0]).all(axis=(0, 2)), value, -1)


def wanted(values: Longs, gates: Longs) -> Longs:
    total, out = 0, []
    for word in (values * gates).tolist():
        total = (total + sum(word)) % 8**SUM_DIGITS
        out.append(total)
    return np.array(out)


def run_rt(count: int) -> int:
    return FIRST_RT + PERIOD_RT * (count + 2)


@pytest.mark.slow
def test_ten_thousand_additions() -> None:
    values, gates = cases(2_500, 0)
    bench = drive(values, gates)
    levels = bench.run(run_rt(len(values)), [seat("N", OUT)])
    assert np.array_equal(sums(levels, len(values), 2), wanted(values, gates))


@pytest.mark.parametrize(
    ("turns", "mirror"), [(0, False), (1, False), (2, False), (3, False), (0, True), (1, True)]
)
def test_every_orientation(turns: int, mirror: bool) -> None:
    values, gates = cases(40, turns + 7 * mirror)
    bench = drive(values, gates, turns, mirror)
    levels = bench.run(run_rt(len(values)), [seat("N", OUT)])
    assert np.array_equal(sums(levels, len(values), 2), wanted(values, gates))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_order_within_a_tick_does_not_matter(order: int) -> None:
    values, gates = cases(30, 5)
    bench = drive(values, gates)
    board = Board(bench.volume, order=order, flicker=True)
    actions = [(2 * time, bench.at(lever), on) for time, lever, on in bench.changes()]
    levels = board.run_script(actions, 2 * run_rt(len(values)), [bench.at(seat("N", OUT))], 2)
    assert np.array_equal(sums(levels, len(values), 1), wanted(values, gates))


@needs_judge
@pytest.mark.oracle
@pytest.mark.parametrize(
    ("engine", "turns", "mirror", "origin"),
    [(engine, k, k == 2, ((0, 0, 0), (-37, 4, 101), (800, 9, -5))[k % 3])
     for k, engine in enumerate((*ENGINES, "mc-tick"))],
)  # fmt: skip
def test_outside_judges(engine: str, turns: int, mirror: bool, origin: tuple[int, int, int]) -> None:
    values, gates = cases(12, 9)
    bench = drive(values, gates, turns, mirror)
    levels = bench.judge(engine, origin, run_rt(len(values)), [seat("N", OUT)])
    assert np.array_equal(sums(levels, len(values), 1), wanted(values, gates))


def test_removed_devices_are_noticed() -> None:
    values, gates = cases(14, 3)
    bench = drive(values, gates)
    table = np.array([s.short in ("comparator", "barrel", "composter") for s, _ in bench.volume.palette])
    low, high = bench.at((-8, 0, -2)), bench.at((4, 0, 12))
    ring = np.zeros(bench.volume.ids.shape, dtype=bool)
    ring[low[1], low[2] : high[2] + 1, low[0] : high[0] + 1] = True
    places = np.argwhere(table[bench.volume.ids] & ring)
    unnoticed = 0
    intact: Volume = bench.volume
    for y, z, x in places[::4]:
        bench.volume = intact.copy()
        bench.volume.ids[y, z, x] = 0
        levels = bench.run(run_rt(len(values)), [seat("N", OUT)])
        unnoticed += bool(np.array_equal(sums(levels, len(values), 2), wanted(values, gates)))
    assert len(places) > 40
    assert unnoticed == 0
