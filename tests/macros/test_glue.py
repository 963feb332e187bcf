"""The small parts against their contracts, edge by edge, turned, mirrored, and broken device by device."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from craftc.check import drc
from craftc.macros import glue
from craftc.macros.base import Macro
from craftc.sim.board import Board, settle

from .pulse_bench import ENGINES, JUDGE, PLACES, Event, PulseBench, Waves, devices, pulse, waves

needs_judge = pytest.mark.skipif(not JUDGE.exists(), reason="no judge environment")
Case = tuple[Macro, list[Event], list[str], Waves]  # macro, script, ports, their waveforms
LENGTH = 90


def stretch_case() -> Case:
    """Two pulses of 4 rt, the second as early as it may come."""
    script = [*pulse("in", 5, 9), *pulse("in", 29, 33)]
    starts = [t + glue.STRETCH_RT for t in (5, 29)]
    return glue.stretcher(), script, ["out"], waves(LENGTH, [(s, s + glue.TOKEN_RT) for s in starts])


def gate_case() -> Case:
    """A pulse while free, one while busy, one that begins busy, and one that busy ends."""
    script = [*pulse("in", 3, 8), *pulse("busy", 15, 45), *pulse("in", 20, 25), *pulse("in", 40, 55),
              *pulse("in", 60, 75), *pulse("busy", 66, 80)]  # fmt: skip
    spans = [(3, 8), (45, 55), (60, 66)]
    gate = glue.start_gate()
    late = gate.ports["out"].latency_rt
    return gate, script, ["out"], waves(LENGTH, [(a + late, b + late) for a, b in spans])


CASES: dict[str, Callable[[], Case]] = {"stretcher": stretch_case, "start_gate": gate_case}


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
def test_outside_judges_agree(name: str, engine: str, tmp_path: Path) -> None:
    macro, script, ports, want = CASES[name]()
    for turns, mirror, origin in PLACES:
        bench = PulseBench(macro, turns, mirror)
        assert (bench.judge(engine, script, LENGTH, ports, tmp_path, origin) == want).all(), (turns, mirror)


def test_a_short_pulse_does_not_become_a_token() -> None:
    got = PulseBench(glue.stretcher()).trace(pulse("in", 5, 7), LENGTH, ["out"])
    edges = np.count_nonzero(np.diff(got[:, 0].astype(int)))
    assert edges > 2  # copies of 2 rt do not meet


def test_constant_is_on_from_the_start() -> None:
    macro = glue.constant_on()
    board = Board(macro.volume)
    assert board.quiet and board.power(macro.ports["out"].pos) == 15


def test_button_gives_ten_ticks() -> None:
    macro = glue.button(("", "RUN"), "green_concrete")
    board = Board(macro.volume)
    out = [macro.ports["out"].pos]
    got = board.run_script([(0, macro.probes["button"], True)], 60, out)[:, 0]
    assert (got[1::2] == np.where((np.arange(30) >= 0) & (np.arange(30) < 10), 15, 0)).all()
    board.use(macro.probes["button"])
    assert board.probe(out, 60)[:, 0].tolist() == got.tolist()


def test_lamp_follows_and_stays_two_ticks() -> None:
    macro = glue.lamp(("", "7"))
    bench = PulseBench(macro)
    bench.at["lamp"] = tuple(p + m for p, m in zip(macro.probes["lamp"], (3, 0, 3), strict=True))
    got = bench.levels(pulse("in", 4, 20), 40, ["lamp"])[:, 0]
    assert (got == np.where((np.arange(40) >= 5) & (np.arange(40) < 23), 15, 0)).all()


@pytest.mark.parametrize("label", [(), ("a",), ("a", "b", "c", "d"), ("a", "b", "c", "d", "e")])
def test_signs_have_four_lines(label: tuple[str, ...]) -> None:
    for macro in (glue.button(label, "stone"), glue.lamp(label)):
        signs = [e for _, e in macro.volume.palette if e is not None and e.kind == "sign"]
        assert [s.lines for s in signs] == [(label + ("",) * 4)[:4]]


@pytest.mark.parametrize(
    "macro",
    [glue.stretcher(), glue.start_gate(), glue.constant_on(), glue.button((), "stone"), glue.lamp(())],
    ids=lambda m: m.name,
)
def test_design_rules(macro: Macro) -> None:
    assert drc.check(settle(macro.volume)) == (0, [])
