"""The cells octal_fold, rail_turn and octal_double on their own: exact digits, every orientation, judges."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tests.oracle.client import ENGINES, needs_judge

from craftc.blocks import BlockState, Entity
from craftc.cells.library import load_cell
from craftc.macros.base import Pos, Sketch
from craftc.macros.octal_lane import codes
from craftc.macros.rails import comparator, place, spiral, stream_line

from .matrix_bench import Longs, add_source
from .octal_bench import DUST, LEVER, SKEW_RT, SOURCE_RT, Bench
from .test_octal_lane import every_change

PLACES: list[tuple[int, bool, Pos]] = [
    (0, False, (0, 0, 0)), (1, False, (-37, 4, 101)), (2, True, (800, 9, -5)), (3, True, (-6, 70, -1000))
]  # fmt: skip
ways = pytest.mark.parametrize(("turns", "mirror"), [(t, m) for t in range(4) for m in (False, True)])
judged = pytest.mark.parametrize(("engine", "turns", "mirror", "origin"),
                                 [(e, *p) for e in ENGINES for p in PLACES])  # fmt: skip
FIRST_RT = 40


def stable(levels: np.ndarray, first_rt: int, step_rt: int, count: int, per_rt: int, length_rt: int) -> Longs:
    """Return (count, probes): what stands for `length_rt` every `step_rt`; -1 where it changes."""
    start = per_rt * (first_rt + step_rt * np.arange(count))
    parts = np.stack([levels[start + k - 1] for k in range(per_rt * length_rt)]).astype(np.int64)
    return np.where((parts == parts[0]).all(axis=0), parts[0], -1)


# --- octal_fold ------------------------------------------------------------------------------------------

HELD_RT, HEX_RT = 32, 16  # a level is held; lever of weight 8 to the output of the source
LINES: tuple[tuple[str, Pos], ...] = (
    ("closed0", (-1, 0, 4)), ("closed1", (5, 0, 3)), ("closed2", (10, 0, 2)), ("closed3", (15, 0, -3))
)  # fmt: skip


@cache
def fold_sketch() -> tuple[Sketch, tuple[Pos, ...]]:
    """Return the cell behind a source of 0..15 with dust at its outputs, and the levers of 8, 4, 2, 1."""
    sketch = Sketch("fold")
    place(sketch, load_cell("octal_fold").drawing, (0, 0, 0))
    x, levers = -14, []
    sketch.put((x - 1, 0, 0), BlockState.parse("barrel[facing=up,open=false]"), Entity("barrel", 15))
    for step in range(14):
        sketch.on_floor((x + step, 0, 0), comparator("east", "subtract" if step % 4 == 0 else "compare"))
    for step, weight in zip((0, 4, 8, 12), (8, 4, 2, 1), strict=True):
        sketch.on_floor((x + step, 0, -1), comparator("south"))
        sketch.on_floor((x + step, 0, -2), comparator("south", "subtract"))
        sketch.put((x + step, 0, -3), BlockState.make("composter", level=weight))
        sketch.on_floor((x + step - 1, 0, -2), DUST)
        levers.append((x + step - 2, 0, -2))
        sketch.on_floor(levers[-1], LEVER)
    for _, pos in LINES:
        sketch.on_floor(pos, DUST)
    return sketch, tuple(levers)


def fold_bench(levels: np.ndarray, turns: int, mirror: bool) -> Bench:
    sketch, levers = fold_sketch()
    bench = Bench(sketch, turns, mirror)
    for index, level in enumerate(levels.tolist()):
        for number, (weight, lever) in enumerate(zip((8, 4, 2, 1), levers, strict=True)):
            bench.switch(lever, FIRST_RT - HEX_RT + HELD_RT * index + SKEW_RT * number, bool(level & weight))
    return bench


def fold_wanted(levels: np.ndarray) -> Longs:
    bits = np.argsort(codes())[levels]  # bit k opens gate k
    return 1 - (bits[:, None] >> np.arange(4) & 1)


def fold_found(levels: np.ndarray, count: int, per_rt: int) -> Longs:
    """Return (count, 4): 1 where a line is on during the whole of its word."""
    ports = load_cell("octal_fold").ports
    columns = [
        stable(levels[:, [k]] >= 7, FIRST_RT + ports[name].latency_rt, HELD_RT, count, per_rt, HELD_RT)
        for k, (name, _) in enumerate(LINES)
    ]
    return np.concatenate(columns, axis=1)


def run_fold(levels: np.ndarray) -> int:
    return FIRST_RT + HELD_RT * (len(levels) + 1)


@ways
def test_a_fold_gives_the_bits_of_every_level_after_every_other(turns: int, mirror: bool) -> None:
    levels = every_change()
    found = fold_bench(levels, turns, mirror).run(run_fold(levels), [pos for _, pos in LINES])
    assert np.array_equal(fold_found(found, len(levels), 2), fold_wanted(levels))


@needs_judge
@pytest.mark.oracle
@judged
def test_a_fold_in_outside_judges(engine: str, turns: int, mirror: bool, origin: Pos) -> None:
    levels = every_change()[turns * 60 : turns * 60 + 60]
    levels[0] = 0
    bench = fold_bench(levels, turns, mirror)
    found = bench.judge(engine, origin, run_fold(levels), [pos for _, pos in LINES])
    assert np.array_equal(fold_found(found, len(levels), 1), fold_wanted(levels))


# --- rail_turn -------------------------------------------------------------------------------------------

TURNS = 5
LINE_RT = 5


def turn_bench(digits: Longs, turns: int, mirror: bool) -> Bench:
    """Return a spiral of TURNS turns behind a source."""
    sketch = Sketch("spiral")
    spiral(sketch, (0, 0, 0), 0, TURNS, first=True)
    stream_line(sketch, [(-LINE_RT, 0), (-1, 0)], 0, "C" * LINE_RT)
    levers = add_source(sketch, (-LINE_RT - 1, 0, 0), 0)
    bench = Bench(sketch, turns, mirror)
    bench.digits(levers, FIRST_RT - SOURCE_RT - LINE_RT, digits)
    return bench


RAILS: list[Pos] = [(0, 4 * k, 0) for k in range(TURNS)]


def turn_found(levels: np.ndarray, count: int, per_rt: int) -> Longs:
    """Return (count, TURNS): the digits at every turn, 4 rt later at each."""
    columns = [stable(levels[:, [k]], FIRST_RT + 4 * k, 2, count, per_rt, 2) for k in range(TURNS)]
    return np.concatenate(columns, axis=1)


def octal_digits(count: int, seed: int) -> Longs:
    digits = np.random.default_rng(seed).integers(0, 8, count)
    digits[-1] = 0
    return digits


@pytest.mark.slow
def test_ten_thousand_digits_climb() -> None:
    digits = octal_digits(10_000, 5)
    levels = turn_bench(digits, 0, False).run(FIRST_RT + 2 * len(digits) + 40, RAILS)
    assert (turn_found(levels, len(digits), 2) == digits[:, None]).all()


@ways
def test_digits_climb_in_every_orientation(turns: int, mirror: bool) -> None:
    digits = octal_digits(400, turns)
    levels = turn_bench(digits, turns, mirror).run(FIRST_RT + 2 * len(digits) + 40, RAILS)
    assert (turn_found(levels, len(digits), 2) == digits[:, None]).all()


@needs_judge
@pytest.mark.oracle
@judged
def test_digits_climb_in_outside_judges(engine: str, turns: int, mirror: bool, origin: Pos) -> None:
    digits = octal_digits(60, 9)
    levels = turn_bench(digits, turns, mirror).judge(engine, origin, FIRST_RT + 2 * len(digits) + 40, RAILS)
    assert (turn_found(levels, len(digits), 1) == digits[:, None]).all()


# --- octal_double ----------------------------------------------------------------------------------------

WORD, BEFORE = 14, (0, 0, -2)  # digits with a 0 above; dust of the quarter before
RAIL_AT, SUM_AT, MASK_AT = (2, 0, -2), (4, 0, 8), (5, 0, 7)
NEXT_AT = (2, 0, 8)  # p of the quarter behind


def double_bench(digits: Longs, turns: int, mirror: bool) -> tuple[Bench, Pos]:
    """Return the cell behind a source, and the lever of its mask."""
    sketch = Sketch("double")
    place(sketch, load_cell("octal_double").drawing, (0, 0, 0))
    levers = add_source(sketch, (-1, 0, -2), 0)
    for pos in (BEFORE, RAIL_AT, MASK_AT, NEXT_AT):
        sketch.on_floor(pos, DUST)
    sketch.on_floor((0, 0, -1), comparator("south"))
    mask = (MASK_AT[0] + 1, 0, MASK_AT[2])
    sketch.on_floor(mask, LEVER)
    bench = Bench(sketch, turns, mirror)
    bench.digits(levers, FIRST_RT - SOURCE_RT, digits)
    return bench, mask


def double_case(words: int, seed: int) -> tuple[Longs, Longs]:
    """Return digits of words below 8^13, lowest first, and those of their doubles."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 8 ** (WORD - 1), words)
    values[1::5] = 8 ** (WORD - 1) - 1
    values[2::5] = values[2::5] // 8 * 8 + 4
    shifts = 3 * np.arange(WORD)
    return ((values[:, None] >> shifts) & 7).reshape(-1), ((2 * values[:, None] >> shifts) & 7).reshape(-1)


def double_found(levels: np.ndarray, count: int, per_rt: int) -> Longs:
    """Return (count, 2): the digits at the rail and those of the double."""
    late = load_cell("octal_double").ports["s"].latency_rt
    rail = stable(levels[:, [0]], FIRST_RT + 1, 2, count, per_rt, 2)
    return np.concatenate([rail, stable(levels[:, [1]], FIRST_RT + 1 + late, 2, count, per_rt, 2)], axis=1)


@pytest.mark.slow
def test_ten_thousand_digits_are_doubled() -> None:
    digits, doubled = double_case(720, 3)
    levels = double_bench(digits, 0, False)[0].run(FIRST_RT + 2 * len(digits) + 40, [RAIL_AT, SUM_AT])
    assert np.array_equal(double_found(levels, len(digits), 2), np.stack([digits, doubled], axis=1))


@ways
def test_digits_are_doubled_in_every_orientation(turns: int, mirror: bool) -> None:
    digits, doubled = double_case(30, turns)
    bench, _ = double_bench(digits, turns, mirror)
    levels = bench.run(FIRST_RT + 2 * len(digits) + 40, [RAIL_AT, SUM_AT])
    assert np.array_equal(double_found(levels, len(digits), 2), np.stack([digits, doubled], axis=1))


def test_a_mask_keeps_the_sum_at_zero_but_not_the_rail() -> None:
    digits, _ = double_case(10, 8)
    bench, mask = double_bench(digits, 0, False)
    bench.switch(mask, 0, True)
    levels = bench.run(FIRST_RT + 2 * len(digits) + 40, [RAIL_AT, SUM_AT])
    found = double_found(levels, len(digits), 2)
    assert np.array_equal(found[:, 0], digits) and not found[:, 1].any()


@needs_judge
@pytest.mark.oracle
@judged
def test_digits_are_doubled_in_outside_judges(engine: str, turns: int, mirror: bool, origin: Pos) -> None:
    digits, doubled = double_case(8, turns)
    bench, _ = double_bench(digits, turns, mirror)
    levels = bench.judge(engine, origin, FIRST_RT + 2 * len(digits) + 40, [RAIL_AT, SUM_AT])
    assert np.array_equal(double_found(levels, len(digits), 1), np.stack([digits, doubled], axis=1))


# --- broken cells ----------------------------------------------------------------------------------------


def unnoticed(name: str, bench: Bench, probes: list[Pos], rt: int, y0: int = 0) -> int:
    """Count the devices of the cell at (0, y0, 0) without which a bench gives the same levels."""
    good = bench.run(rt, probes)
    intact, drawing = bench.volume, load_cell(name).drawing
    kinds = ("comparator", "repeater", "composter", "barrel")
    count = 0
    for local in drawing.volume.positions(drawing.volume.ids != 0):
        if drawing.volume.get(local).short not in kinds:
            continue
        x, y, z = (a + b for a, b in zip(local, drawing.corner, strict=True))
        bench.volume = intact.copy()
        bench.volume.set(bench.at((x, y + y0, z)), "minecraft:air")
        count += bool(np.array_equal(bench.run(rt, probes), good))
    return count


def test_removed_devices_of_every_cell_are_noticed() -> None:
    levels = every_change()
    fold = fold_bench(levels, 0, False)
    assert unnoticed("octal_fold", fold, [pos for _, pos in LINES], run_fold(levels)) == 0
    digits = octal_digits(80, 1)
    rt = FIRST_RT + 2 * len(digits) + 40
    assert unnoticed("rail_turn", turn_bench(digits, 0, False), RAILS, rt, y0=4) == 0
    digits, _ = double_case(12, 2)
    bench, _ = double_bench(digits, 0, False)
    probes = [RAIL_AT, SUM_AT, NEXT_AT]
    assert unnoticed("octal_double", bench, probes, FIRST_RT + 2 * len(digits) + 40) == 0
