"""The requantiser against clamp(y >> shift, 0, 15), in our simulator and in the outside judges."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from tests.oracle.client import ENGINES, needs_judge

from craftc.blocks import BlockState
from craftc.check import drc
from craftc.errors import ConfigError
from craftc.macros.base import Pos
from craftc.macros.requant import BITS, Requant, requant
from craftc.sim import settle

from .octal_bench import DUST, LEVER, SOURCE_RT, Bench, octal, relays, source, with_macro

NEURON_RT = 24
START_RT = 24
CASES = [(4, 0), (4, 3), (4, 6), (5, 0), (5, 3), (5, 6), (5, 9), (3, 0), (2, 0)]
Values = npt.NDArray[np.int64]


def golden(values: Values, shift: int) -> Values:
    return np.clip(values >> shift, 0, 15)


def values_for(sum_digits: int, shift: int, count: int, seed: int = 0) -> Values:
    """Return random values, half of them near the kept range, and the corners."""
    rng = np.random.default_rng(seed)
    limit = 8**sum_digits // 2
    near = min(limit, 20 << shift)
    edges = [min(limit - 1, k << shift) for k in (15, 16)]
    corners = np.array([0, -1, 1, limit - 1, -limit, *edges])
    half = (count - len(corners)) // 2
    rest = count - len(corners) - half
    return np.concatenate([corners, rng.integers(-near, near, half), rng.integers(-limit, limit, rest)])


def make_bench(macro: Requant, turns: int = 0, mirror: bool = False) -> tuple[Bench, tuple[Pos, ...], int]:
    """Return the bench, its y levers and the rt from their start to digit 0 at port y."""
    sketch = with_macro("bench", macro)
    x, y, z = macro.ports["y"].pos
    levers = source(sketch, (x - 1, y, z - 4))
    sketch.on_floor((x, y, z - 4), DUST)
    delay = SOURCE_RT + relays(sketch, (x, y, z - 3), (x, y, z - 1))
    x, y, z = macro.ports["ck"].pos
    sketch.on_floor((x + 1, y, z), LEVER)
    return Bench(sketch, turns, mirror), levers, delay


def drive(macro: Requant, bench: Bench, levers: tuple[Pos, ...], delay: int, values: Values, digits: int,
          late_rt: int = 0, width_rt: int = 4) -> int:  # fmt: skip
    """Send every value for two words and one strobe; return the rt of the run."""
    x, y, z = macro.ports["ck"].pos
    for index, value in enumerate(values):
        start = START_RT + NEURON_RT * index
        for word in range(2):
            bench.digits(levers, start + 12 * word, octal(int(value), digits))
        bench.pulse((x + 1, y, z), start + delay + macro.ck_rt + late_rt, width_rt)
    return START_RT + delay + NEURON_RT * len(values) + 60


def probes(macro: Requant) -> list[Pos]:
    return [macro.ports[f"data{bit}"].pos for bit in range(BITS)]


def read(levels: npt.NDArray[np.uint8], start: int, macro: Requant, count: int, per_rt: int) -> Values:
    """Return the value of each neuron, or -1 where a bit is not stable (or not 15) in its window.

    levels has per_rt rows per rt; row t holds the state (t + 1) / per_rt rt after the start.
    """
    weights = np.array([1, 2, 4, 8])
    out = np.zeros(count, dtype=np.int64)
    first, last = macro.valid_rt
    for index in range(count):
        begin = start + NEURON_RT * index
        window = levels[per_rt * (begin + first) - 1 : per_rt * (begin + last)]
        stable = (window == window[0]).all() and set(np.unique(window)) <= {0, 15}
        out[index] = int((window[0] > 0) @ weights) if stable else -1
    return out


def simulate(sum_digits: int, shift: int, values: Values, turns: int = 0, mirror: bool = False,
             late_rt: int = 0, width_rt: int = 4, macro: Requant | None = None) -> Values:  # fmt: skip
    macro = macro or requant(sum_digits, shift)
    bench, levers, delay = make_bench(macro, turns, mirror)
    rt = drive(macro, bench, levers, delay, values, sum_digits, late_rt, width_rt)
    levels = bench.run(rt, probes(macro))
    assert bench.burnouts == 0
    return read(levels, START_RT + delay, macro, len(values), 2)


@pytest.mark.parametrize(("sum_digits", "shift"), CASES)
def test_random_values(sum_digits: int, shift: int) -> None:
    values = values_for(sum_digits, shift, 200)
    assert (simulate(sum_digits, shift, values) == golden(values, shift)).all()


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0, 3, 6])
def test_all_values_of_four_digits(shift: int) -> None:
    values = np.random.default_rng(shift).permutation(np.arange(-2048, 2048))
    assert (simulate(4, shift, values) == golden(values, shift)).all()


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0, 3, 6])
def test_all_values_of_five_digits(shift: int) -> None:
    values = np.random.default_rng(shift).permutation(np.arange(-16384, 16384))[:12000]
    assert (simulate(5, shift, values) == golden(values, shift)).all()


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirror", [False, True])
def test_orientations(turns: int, mirror: bool) -> None:
    values = values_for(4, 3, 60, seed=turns)
    assert (simulate(4, 3, values, turns, mirror) == golden(values, 3)).all()


@pytest.mark.parametrize("width_rt", [2, 3, 10, 12])
def test_width_of_the_strobe_does_not_matter(width_rt: int) -> None:
    values = values_for(4, 3, 60)
    assert (simulate(4, 3, values, width_rt=width_rt) == golden(values, 3)).all()


@pytest.mark.parametrize("late_rt", [-2, -1, 1, 2])
def test_a_strobe_at_another_time_goes_red(late_rt: int) -> None:
    values = values_for(4, 3, 60)
    assert (simulate(4, 3, values, late_rt=late_rt) != golden(values, 3)).any()


def test_every_missing_device_goes_red() -> None:
    values = values_for(4, 0, 120)
    whole = requant(4, 0)
    devices = [p for p in whole.volume.positions(whole.volume.ids != 0)
               if whole.volume.get(p).short in ("comparator", "repeater", "composter", "barrel")]  # fmt: skip
    rng = np.random.default_rng(0)
    for index in rng.choice(len(devices), 25, replace=False):
        broken = requant(4, 0)
        broken.volume.set(devices[index], BlockState("minecraft:air"))
        assert (simulate(4, 0, values, macro=broken) != golden(values, 0)).any(), devices[index]


@pytest.mark.parametrize("shift", [0, 3, 6])
def test_design_rules(shift: int) -> None:
    assert drc.check(settle(make_bench(requant(4, shift))[0].volume)) == (0, [])


@pytest.mark.parametrize(("sum_digits", "shift"), [(4, 1), (4, 9), (4, -3), (1, 0), (5, 12)])
def test_impossible_shifts_are_refused(sum_digits: int, shift: int) -> None:
    with pytest.raises(ConfigError, match="requant"):
        requant(sum_digits, shift)


@pytest.mark.oracle
@needs_judge
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("turns", "mirror", "origin", "case"),
    [
        (0, False, (0, 0, 0), (4, 3)), (1, True, (17, 3, -5), (4, 3)), (2, False, (-100, 5, 33), (5, 0)),
        (3, True, (5, 0, 1), (4, 6)), (3, False, (1, 1, 1), (5, 3)),
    ],
)  # fmt: skip
def test_outside_judges_agree(
    engine: str, turns: int, mirror: bool, origin: Pos, case: tuple[int, int]
) -> None:
    macro = requant(*case)
    values = values_for(*case, 60, seed=turns)
    bench, levers, delay = make_bench(macro, turns, mirror)
    rt = drive(macro, bench, levers, delay, values, case[0])
    levels = bench.judge(engine, origin, rt, probes(macro))
    assert (read(levels, START_RT + delay, macro, len(values), 1) == golden(values, case[1])).all()
