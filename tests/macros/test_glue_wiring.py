"""The parts that shape and share control pulses, edge by edge, and broken device by device."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.oracle.client import ENGINES, needs_judge

from craftc.check import drc
from craftc.errors import CraftcError
from craftc.macros import glue
from craftc.macros.base import Macro
from craftc.macros.clock import LATCH_RT
from craftc.sim.board import settle

from .pulse_bench import PLACES, Event, PulseBench, Waves, devices, pulse, waves

Case = tuple[Macro, list[Event], list[str], Waves]  # macro, script, ports, their waveforms
LENGTH = 110


def unit_case(set_rt: int = 5, reset_rt: int = 8) -> Case:
    """Two windows; not_q follows q after 1 rt."""
    script = [*pulse("set", 2, 6), *pulse("reset", 30, 34), *pulse("set", 56, 60), *pulse("reset", 80, 84)]
    on = [(s + set_rt + LATCH_RT, r + reset_rt + LATCH_RT) for s, r in ((2, 30), (56, 80))]
    off = [(0, on[0][0] + 1), (on[0][1] + 1, on[1][0] + 1), (on[1][1] + 1, LENGTH)]
    return glue.window_unit(set_rt, reset_rt), script, ["q", "not_q"], waves(LENGTH, on, off)


def fan_case(count: int = glue.MAX_FAN) -> Case:
    """One pulse to all outputs."""
    spans = [(4 + glue.FAN_RT, 9 + glue.FAN_RT)]
    names = [f"out{k}" for k in range(count)]
    return glue.fan_out(count), pulse("in", 4, 9), names, waves(LENGTH, *[spans] * count)


def join_case(count: int = 4) -> Case:
    """One pulse per input, one after the other, the last two overlapping; trims all differ."""
    trims = [glue.TRIM_RT[0] + k % 7 for k in range(count)]
    starts = [14 + 6 * k - trim for k, trim in enumerate(trims)]
    ends = [start + (8 if k == count - 2 else 3) for k, start in enumerate(starts)]
    script = [e for k in range(count) for e in pulse(f"in{k}", starts[k], ends[k])]
    late = [trim + glue.JOIN_RT for trim in trims]
    spans = [(a + t, b + t) for a, b, t in zip(starts, ends, late, strict=True)]
    return glue.join(trims), script, ["out"], waves(LENGTH, spans)


def longer_case(extra_rt: int = 6) -> Case:
    """A pulse of one word, and one of just `extra_rt` (the copy must begin before the pulse ends)."""
    script = [*pulse("in", 5, 17), *pulse("in", 50, 50 + extra_rt)]
    spans = [(5, 17 + extra_rt), (50, 50 + 2 * extra_rt)]
    late = glue.LONGER_RT
    return glue.longer(extra_rt), script, ["out"], waves(LENGTH, [(a + late, b + late) for a, b in spans])


def gate_case() -> Case:
    """A pulse while free, one while busy, one that begins busy, and one that busy ends."""
    script = [*pulse("in", 3, 8), *pulse("busy", 15, 45), *pulse("in", 20, 25), *pulse("in", 40, 55),
              *pulse("in", 60, 75), *pulse("busy", 66, 80)]  # fmt: skip
    spans = [(3, 8), (45, 55), (60, 66)]
    gate = glue.start_gate()
    late = gate.ports["out"].latency_rt
    return gate, script, ["out"], waves(LENGTH, [(a + late, b + late) for a, b in spans])


CASES: dict[str, Callable[[], Case]] = {
    "window_unit": unit_case, "fan_out": fan_case, "join": join_case, "longer": longer_case,
    "start_gate": gate_case,
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("turns", "mirror"), [(t, m) for t in range(4) for m in (False, True)])
def test_edges(name: str, turns: int, mirror: bool) -> None:
    macro, script, ports, want = CASES[name]()
    assert (PulseBench(macro, turns, mirror).trace(script, LENGTH, ports) == want).all()


@pytest.mark.parametrize("name", CASES)
def test_every_missing_device_is_noticed(name: str) -> None:
    macro, script, ports, want = CASES[name]()
    for pos in devices(macro):
        bench = PulseBench(macro, without=pos)
        try:
            got = bench.trace(script, LENGTH, ports)
        except AssertionError:
            continue  # no rest, or changes between redstone ticks
        assert (got != want).any(), pos


@pytest.mark.oracle
@needs_judge
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("engine", ENGINES)
def test_outside_judges_agree(name: str, engine: str) -> None:
    macro, script, ports, want = CASES[name]()
    for turns, mirror, origin in PLACES:
        bench = PulseBench(macro, turns, mirror)
        assert (bench.judge(engine, script, LENGTH, ports, origin) == want).all(), (turns, mirror)


@pytest.mark.parametrize("set_rt", [glue.TRIM_RT[0], 9, glue.TRIM_RT[1]])
@pytest.mark.parametrize("reset_rt", [glue.TRIM_RT[0], 10, glue.TRIM_RT[1]])
def test_trimmed_windows(set_rt: int, reset_rt: int) -> None:
    macro, script, ports, want = unit_case(set_rt, reset_rt)
    assert (PulseBench(macro).trace(script, LENGTH, ports) == want).all()


@pytest.mark.parametrize("count", [1, 2, glue.MAX_FAN])
def test_fans(count: int) -> None:
    macro, script, ports, want = fan_case(count)
    levels = PulseBench(macro).levels(script, LENGTH, ports)
    assert ((levels == 15) == want).all()


@pytest.mark.parametrize("count", [2, 3, glue.MAX_JOIN])
def test_joins(count: int) -> None:
    macro, script, ports, want = join_case(count)
    assert (PulseBench(macro).trace(script, LENGTH, ports) == want).all()


def test_a_pulse_shorter_than_its_extension_gets_a_gap() -> None:
    got = PulseBench(glue.longer(6)).trace(pulse("in", 5, 9), LENGTH, ["out"])
    assert np.count_nonzero(np.diff(got[:, 0].astype(int))) == 4


@pytest.mark.parametrize("extra_rt", range(2, 7))
def test_longer_pulses(extra_rt: int) -> None:
    macro, script, ports, want = longer_case(extra_rt)
    assert (PulseBench(macro).trace(script, LENGTH, ports) == want).all()


@pytest.mark.parametrize("count", [0, glue.MAX_FAN + 1])
def test_illegal_fans(count: int) -> None:
    with pytest.raises(CraftcError, match=rf"legal: 1\.\.{glue.MAX_FAN}"):
        glue.fan_out(count)


@pytest.mark.parametrize("count", [0, glue.MAX_JOIN + 1])
def test_illegal_joins(count: int) -> None:
    with pytest.raises(CraftcError, match=rf"legal: 1\.\.{glue.MAX_JOIN}"):
        glue.join([glue.TRIM_RT[0]] * count)


@pytest.mark.parametrize("trim_rt", [glue.TRIM_RT[0] - 1, glue.TRIM_RT[1] + 1])
def test_trims_out_of_range_name_it(trim_rt: int) -> None:
    for make in (lambda: glue.window_unit(trim_rt), lambda: glue.join([trim_rt])):
        with pytest.raises(CraftcError, match=r"\.\."):
            make()


@pytest.mark.parametrize(
    "macro",
    [
        glue.window_unit(),
        glue.fan_out(5),
        glue.join([glue.TRIM_RT[0]] * 6),
        glue.longer(6),
        glue.start_gate(),
    ],
    ids=lambda m: m.name,
)
def test_design_rules(macro: Macro) -> None:
    assert drc.check(settle(macro.volume)) == (0, [])
