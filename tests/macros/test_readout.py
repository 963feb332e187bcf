"""The sum of two octal streams, in our simulator and in the outside judges."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from tests.oracle.client import ENGINES, needs_judge

from craftc.blocks import BlockState
from craftc.check import drc
from craftc.macros.base import Macro, Pos
from craftc.macros.readout import nsum
from craftc.sim import settle

from .octal_bench import DUST, SOURCE_RT, Bench, octal, relays, source, with_macro

WORD_RT = 12
START_RT = 24
Words = npt.NDArray[np.int64]


def make_bench(macro: Macro, turns: int = 0, mirror: bool = False) -> tuple[Bench, list[tuple[Pos, ...]]]:
    """Return the bench and the levers of n and s; digits reach both ports together."""
    sketch = with_macro("bench", macro)
    x, y, z = macro.ports["n"].pos
    levers = [source(sketch, (x - 1, y, z - 3))]
    sketch.on_floor((x, y, z - 3), DUST)
    delay = relays(sketch, (x, y, z - 2), (x, y, z - 1))
    x, y, z = macro.ports["s"].pos
    levers.append(source(sketch, (x - 1, y, z - 10)))
    sketch.on_floor((x, y, z - 10), DUST)
    assert delay == 2
    relays(sketch, (x, y, z - 9), (x, y, z - 1))
    return Bench(sketch, turns, mirror), levers


def drive(bench: Bench, levers: list[tuple[Pos, ...]], words: Words, digits: int, late_s_rt: int = 0) -> int:
    """Send the pairs one after the other; return the rt of the run."""
    for index, (n, s) in enumerate(words):
        start = START_RT + WORD_RT * index
        bench.digits(levers[0], start, octal(int(n), digits))
        bench.digits(levers[1], start - 7 + late_s_rt, octal(int(s), digits))  # nine relays instead of two
    return START_RT + WORD_RT * (len(words) + 3)


def read(levels: npt.NDArray[np.uint8], macro: Macro, count: int, digits: int, per_rt: int) -> Words:
    """Return the sums modulo 8^digits, or -1 where a digit is not stable for its 2 rt."""
    out = np.zeros(count, dtype=np.int64)
    for index in range(count):
        start = START_RT + WORD_RT * index + SOURCE_RT + 2 + macro.ports["y"].latency_rt
        for digit in range(digits):
            at = per_rt * (start + 2 * digit)
            window = levels[at - 1 : at + 2 * per_rt - 1, 0]
            if (window != window[0]).any():
                out[index] = -1
                break
            out[index] += int(window[0]) << 3 * digit
    return out


def pairs(digits: int, count: int, seed: int = 0) -> Words:
    rng = np.random.default_rng(seed)
    top = 8**digits
    corners = np.array([[top - 1, 1], [1, top - 1], [top - 1, top - 1], [0, 0], [top // 2, top // 2]])
    mirrored = rng.integers(0, top, 5)
    ripples = np.stack([mirrored, top - 1 - mirrored], axis=1)
    return np.concatenate([corners, ripples, rng.integers(0, top, (count - 10, 2))])


def simulate(digits: int, words: Words, macro: Macro | None = None, late_s_rt: int = 0,
             turns: int = 0, mirror: bool = False) -> Words:  # fmt: skip
    macro = macro or nsum()
    bench, levers = make_bench(macro, turns, mirror)
    rt = drive(bench, levers, words, digits, late_s_rt)
    return read(bench.run(rt, [macro.ports["y"].pos]), macro, len(words), digits, 2)


@pytest.mark.parametrize("digits", [2, 3, 4, 5])
def test_sums(digits: int) -> None:
    words = pairs(digits, 150)
    assert (simulate(digits, words) == words.sum(axis=1) % 8**digits).all()


@pytest.mark.slow
def test_ten_thousand_sums() -> None:
    words = pairs(5, 10_000, seed=3)
    assert (simulate(5, words) == words.sum(axis=1) % 8**5).all()


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirror", [False, True])
def test_orientations(turns: int, mirror: bool) -> None:
    words = pairs(4, 40, seed=turns)
    assert (simulate(4, words, turns=turns, mirror=mirror) == words.sum(axis=1) % 8**4).all()


@pytest.mark.parametrize("late_s_rt", [-1, 1])
def test_streams_out_of_step_go_red(late_s_rt: int) -> None:
    words = pairs(4, 40)
    assert (simulate(4, words, late_s_rt=late_s_rt) != words.sum(axis=1) % 8**4).any()


def test_no_flush_digit_goes_red() -> None:
    words = pairs(6, 60)
    assert (simulate(6, words) != words.sum(axis=1) % 8**6).any()


def test_every_missing_device_goes_red() -> None:
    words = pairs(5, 80)
    whole = nsum()
    for pos in whole.volume.positions(whole.volume.ids != 0):
        if whole.volume.get(pos).short in ("comparator", "composter", "barrel"):
            broken = nsum()
            broken.volume.set(pos, BlockState("minecraft:air"))
            assert (simulate(5, words, broken) != words.sum(axis=1) % 8**5).any(), pos


def test_design_rules() -> None:
    assert drc.check(settle(make_bench(nsum())[0].volume)) == (0, [])


@pytest.mark.oracle
@needs_judge
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("turns", "mirror", "origin"),
    [(0, False, (0, 0, 0)), (1, True, (17, 3, -5)), (2, True, (-100, 5, 33)), (3, False, (5, 0, 1))],
)
def test_outside_judges_agree(engine: str, turns: int, mirror: bool, origin: Pos) -> None:
    macro = nsum()
    words = pairs(5, 40, seed=turns)
    bench, levers = make_bench(macro, turns, mirror)
    rt = drive(bench, levers, words, 5)
    levels = bench.judge(engine, origin, rt, [macro.ports["y"].pos])
    assert (read(levels, macro, len(words), 5, 1) == words.sum(axis=1) % 8**5).all()
