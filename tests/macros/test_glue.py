"""Constants, buttons, lamps and signs against their contracts."""

from __future__ import annotations

import numpy as np
import pytest

from craftc.check import drc
from craftc.macros import glue
from craftc.macros.base import Macro
from craftc.sim.board import Board, settle

from .pulse_bench import PulseBench, pulse


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
    [glue.start_gate(), glue.constant_on(), glue.button((), "stone"), glue.lamp(())],
    ids=lambda m: m.name,
)
def test_design_rules(macro: Macro) -> None:
    assert drc.check(settle(macro.volume)) == (0, [])
