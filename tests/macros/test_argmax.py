"""The argmax unit against numpy.argmax, in our simulator and in the outside judges."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest
from tests.oracle.client import ENGINES, needs_judge

from craftc.blocks import BlockState
from craftc.check import drc
from craftc.errors import ConfigError
from craftc.macros.argmax import NEURON_RT, Argmax, argmax, value_limit
from craftc.macros.base import STEP, Pos
from craftc.sim import settle

from .octal_bench import DUST, LEVER, SOURCE_RT, Bench, comparator, octal, source, with_macro

START_RT = 24
RELAYS = 4  # between the source and port y
GAP_RT = 26  # between two runs, odd steps added so that runs meet every phase of the loop
Values = npt.NDArray[np.int64]


def runs_of(classes: int, sum_digits: int, count: int, seed: int = 0) -> Values:
    """Return (count, classes) logits: full range, small with ties, negative, near the top, descending."""
    rng = np.random.default_rng(seed)
    limit = value_limit(sum_digits)
    ranges = [(1 - limit, limit), (-2, 3), (1 - limit, 0), (limit - 6, limit), (1 - limit, 6 - limit)]
    rows = [rng.integers(*ranges[k % len(ranges)], classes) for k in range(count)]
    for k in range(6, count, 7):
        rows[k] = np.sort(rows[k])[:: -1 if k % 2 else 1]
    return np.array(rows)


Levers = dict[str, tuple[Pos, ...]]


def make_bench(macro: Argmax, turns: int = 0, mirror: bool = False) -> tuple[Bench, Levers]:
    """Return the bench and its levers: those of y, and one per binary input."""
    sketch = with_macro("bench", macro)
    x, y, z = macro.ports["y"].pos
    levers = {"y": source(sketch, (x - RELAYS - 1, y, z))}
    sketch.on_floor((x - RELAYS, y, z), DUST)
    for step in range(1, RELAYS):
        sketch.on_floor((x - step, y, z), comparator("west"))
    for name, port in macro.ports.items():
        if port.direction == "in" and port.kind == "binary":
            dx, dy, dz = STEP[port.side]
            px, py, pz = port.pos
            levers[name] = ((px + dx, py + dy, pz + dz),)
            sketch.on_floor(levers[name][0], LEVER)
    return Bench(sketch, turns, mirror), levers


def drive(macro: Argmax, bench: Bench, levers: Levers, runs: Values, digits: int) -> list[int]:
    """Send all runs; return the rt at which the lamps of each must stand."""
    rng = np.random.default_rng(1)
    start, done = START_RT, []
    for row in runs:
        zero = start + SOURCE_RT + RELAYS - 1
        bench.pulse(levers["clear"][0], zero - 12, 6)
        for index, value in enumerate(row):
            word = octal(int(value), digits)
            word[digits] = rng.integers(0, 2)  # a carry out of the top digit
            for copy in range(2):
                bench.digits(levers["y"], start + NEURON_RT * index + 12 * copy, word)
            for name in ("ck", "load") + (("first", "token") if index == 0 else ()):
                strobe = getattr(macro, name)
                bench.pulse(levers[name][0], zero + NEURON_RT * index + strobe.start_rt, strobe.width_rt)
        done.append(zero + macro.done_rt)
        start = done[-1] - SOURCE_RT + GAP_RT + len(done) % 5
    return done


def lamps(macro: Argmax, classes: int) -> list[Pos]:
    return [macro.ports[f"lamp{index}"].pos for index in range(classes)]


def winners(levels: npt.NDArray[np.uint8], done: list[int], per_rt: int) -> Values:
    """Return the lamp that alone is on at each of the times and 8 rt later, or -1."""
    out = []
    for time in done:
        rows = levels[[per_rt * time - 1, per_rt * (time + 8) - 1]]
        on = np.flatnonzero(rows[0])
        fine = len(on) == 1 and rows[0][on[0]] == 15 and (rows[0] == rows[1]).all()
        out.append(int(on[0]) if fine else -1)
    return np.array(out)


def simulate(macro: Argmax, sum_digits: int, runs: Values, turns: int = 0, mirror: bool = False) -> Values:
    classes = runs.shape[1]
    bench, levers = make_bench(macro, turns, mirror)
    done = drive(macro, bench, levers, runs, sum_digits)
    levels = bench.run(done[-1] + 20, lamps(macro, classes))
    assert bench.burnouts == 0
    return winners(levels, done, 2)


@pytest.mark.parametrize("sum_digits", [2, 4, 5])
def test_random_runs(sum_digits: int) -> None:
    runs = runs_of(4, sum_digits, 60)
    assert (simulate(argmax(4, sum_digits), sum_digits, runs) == runs.argmax(axis=1)).all()


@pytest.mark.slow
@pytest.mark.parametrize("sum_digits", [4, 5])
def test_ten_classes(sum_digits: int) -> None:
    runs = runs_of(10, sum_digits, 500, seed=7)
    assert (simulate(argmax(10, sum_digits), sum_digits, runs) == runs.argmax(axis=1)).all()


@pytest.mark.slow
def test_a_hundred_classes() -> None:
    runs = runs_of(100, 5, 10, seed=2)
    assert (simulate(argmax(100, 5), 5, runs) == runs.argmax(axis=1)).all()


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_few_classes(classes: int) -> None:
    runs = runs_of(classes, 4, 30)
    assert (simulate(argmax(classes, 4), 4, runs) == runs.argmax(axis=1)).all()


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirror", [False, True])
def test_orientations(turns: int, mirror: bool) -> None:
    runs = runs_of(3, 5, 20, seed=turns)
    assert (simulate(argmax(3, 5), 5, runs, turns, mirror) == runs.argmax(axis=1)).all()


def test_first_of_equal_words_wins() -> None:
    runs = np.array([[5, 5, 5], [-7, -7, -9], [-9, -7, -7], [0, 0, 0]])
    assert simulate(argmax(3, 4), 4, runs).tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize("name", ["first", "token"])
@pytest.mark.parametrize("early_rt", [-4, -2, 2, 4])
def test_loose_strobes_may_shift(name: str, early_rt: int) -> None:
    runs = runs_of(4, 5, 20)
    unit = argmax(4, 5)
    strobe = getattr(unit, name)
    setattr(unit, name, dataclasses.replace(strobe, start_rt=strobe.start_rt - early_rt))
    assert (simulate(unit, 5, runs) == runs.argmax(axis=1)).all()


@pytest.mark.parametrize("name", ["ck", "load"])
@pytest.mark.parametrize("early_rt", [-2, -1, 1, 2])
def test_exact_strobes_at_another_time_go_red(name: str, early_rt: int) -> None:
    runs = runs_of(4, 5, 60)
    unit = argmax(4, 5)
    strobe = getattr(unit, name)
    setattr(unit, name, dataclasses.replace(strobe, start_rt=strobe.start_rt - early_rt))
    assert (simulate(unit, 5, runs) != runs.argmax(axis=1)).any()


@pytest.mark.parametrize("width_rt", [2, 3, 10, 12])
def test_width_of_ck_does_not_matter(width_rt: int) -> None:
    runs = runs_of(4, 5, 20)
    unit = argmax(4, 5)
    unit.ck = dataclasses.replace(unit.ck, width_rt=width_rt)
    assert (simulate(unit, 5, runs) == runs.argmax(axis=1)).all()


def test_values_outside_the_bound_go_red() -> None:
    limit = value_limit(4)
    runs = np.array([[-2 * limit, 2 * limit - 1, 0]])
    assert simulate(argmax(3, 4), 4, runs)[0] != 1


def test_every_missing_device_goes_red() -> None:
    runs = runs_of(3, 4, 30)
    whole = argmax(3, 4)
    devices = [p for p in whole.volume.positions(whole.volume.ids != 0)
               if whole.volume.get(p).short in ("comparator", "repeater", "composter", "barrel")]  # fmt: skip
    devices = [p for p in devices if p[0] < whole.volume.size[0] - 8]  # the last delay drives nothing
    for index in np.random.default_rng(0).choice(len(devices), 25, replace=False):
        broken = argmax(3, 4)
        broken.volume.set(devices[index], BlockState("minecraft:air"))
        assert (simulate(broken, 4, runs) != runs.argmax(axis=1)).any(), devices[index]


def test_clear_puts_all_lamps_out() -> None:
    unit = argmax(3, 4)
    bench, levers = make_bench(unit)
    done = drive(unit, bench, levers, np.array([[1, 2, 0]]), 4)
    bench.pulse(levers["clear"][0], done[0] + 20, 4)
    levels = bench.run(done[0] + 50, lamps(unit, 3))
    assert levels[2 * done[0]].tolist() == [0, 15, 0]
    assert not levels[-1].any()


def test_idle_stops_the_loop_and_leaves_no_trace() -> None:
    unit, runs = argmax(3, 4), np.array([[-5, 77, 3], [8, -1, 9]])
    bench, levers = make_bench(unit)
    done = drive(unit, bench, levers, runs, 4)
    bench.pulse(levers["idle"][0], done[0] + 9, 12)
    bench.switch(levers["idle"][0], done[1] + 30, True)
    levels = bench.run(done[1] + 100, [*lamps(unit, 3), unit.probes["complement"]])
    assert winners(levels[:, :3], done, 2).tolist() == [1, 2]
    running, resting = (levels[2 * (done[1] + rt) :][:40, 3] for rt in (5, 60))
    assert len(np.unique(running)) > 1 and len(np.unique(resting)) == 1


def test_design_rules() -> None:
    assert drc.check(settle(make_bench(argmax(3, 5))[0].volume)) == (0, [])


@pytest.mark.parametrize(("classes", "sum_digits"), [(0, 4), (-1, 4), (3, 6), (3, 1)])
def test_impossible_sizes_are_refused(classes: int, sum_digits: int) -> None:
    with pytest.raises(ConfigError, match="argmax"):
        argmax(classes, sum_digits)


@pytest.mark.oracle
@needs_judge
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("turns", "mirror", "origin", "sum_digits"),
    [
        (0, False, (0, 0, 0), 5), (1, True, (17, 3, -5), 4),
        (2, False, (-100, 5, 33), 5), (3, True, (5, 0, 1), 4),
    ],
)  # fmt: skip
def test_outside_judges_agree(
    engine: str, turns: int, mirror: bool, origin: Pos, sum_digits: int
) -> None:
    runs = runs_of(4, sum_digits, 14, seed=turns)
    unit = argmax(4, sum_digits)
    bench, levers = make_bench(unit, turns, mirror)
    done = drive(unit, bench, levers, runs, sum_digits)
    levels = bench.judge(engine, origin, done[-1] + 20, lamps(unit, 4))
    assert (winners(levels, done, 1) == runs.argmax(axis=1)).all()
