"""Strobe banks: exact edges of every pulse, whole words whatever the windows do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tests.oracle.client import ENGINES, needs_judge

from craftc.check import drc
from craftc.errors import ConfigError
from craftc.macros.strobe import (
    CHAIN_COLUMNS,
    HELD_LEAD_RT,
    SAMPLE_LEAD_RT,
    ChannelSpec,
    Gate,
    StrobeBank,
    strobe_bank,
)
from craftc.sim.board import Board, settle

from .pulse_bench import PLACES, Event, PulseBench, Waves, devices, pulse

P = 12
WORDS = 24
FIRST = 3  # rt at which the first clock pulse reaches the bank
LENGTH = P * WORDS + 60

ENGINE_BANK = (
    ChannelSpec("s0", 3, 2, (Gate("x", sync=False),)),
    ChannelSpec("s1", 5, 8, (Gate("x", sync=False),)),
    ChannelSpec("open", 10, 10, (Gate("clear", invert=True),)),
    ChannelSpec("double", 15, 10, (Gate("win"),)),
    ChannelSpec("shift", 23, 8, (Gate("win"), Gate("parity"))),
    ChannelSpec("token", 0, 0, (Gate("win"),)),
    ChannelSpec("xck", 7, 4, (Gate("win"),)),
)
ALL_WIDTHS = tuple(ChannelSpec(f"w{w}", 2 * w, w) for w in range(2, 11))


def clocked(period: int = P, words: int = WORDS) -> list[Event]:
    return [e for n in range(words) for e in pulse("ck", FIRST + n * period, FIRST + n * period + 4)]


def outputs(bank: StrobeBank) -> list[str]:
    return [name for name, port in bank.ports.items() if port.direction == "out"]


def slots(bank: StrobeBank, spec: ChannelSpec, length: int, words: int = WORDS) -> list[int]:
    """Start times of the pulses of a channel."""
    first = FIRST + bank.constant_rt + spec.delay_rt
    return [first + n * bank.period_rt for n in range(words) if first + n * bank.period_rt < length]


def ungated(bank: StrobeBank, specs: Sequence[ChannelSpec], length: int) -> Waves:
    out = np.zeros((length, len(specs)), dtype=np.bool_)
    for column, spec in enumerate(specs):
        for start in slots(bank, spec, length):
            out[start : start + spec.width_rt, column] = True
    return out


def random_windows(bank: StrobeBank, seed: int, low: float, high: float) -> list[Event]:
    """Every gate input toggles at random half ticks, `low` to `high` rt apart."""
    rng = np.random.default_rng(seed)
    script: list[Event] = []
    for name, port in sorted(bank.ports.items()):
        if port.direction == "out" or name == "ck":
            continue
        t, on = 5.0, True
        while t < P * WORDS:
            script.append((t, name, on))
            t, on = t + float(rng.integers(int(2 * low), int(2 * high) + 1)) / 2, not on
    return script


def level_at(script: Sequence[Event], name: str, start: float, end: float) -> bool | None:
    """The level of a port during [start, end], None if it changes there."""
    level = False
    for t, n, on in sorted(script, key=lambda e: e[0]):
        if n == name and t < start:
            level = on
        elif n == name and t <= end:
            return None
    return level


def wanted(spec: ChannelSpec, script: Sequence[Event], slot: int) -> bool | None:
    """Whether a channel must give its pulse in a slot; None where a gate is too near to its edge."""
    passes = True
    for gate in spec.gates:
        at = slot - SAMPLE_LEAD_RT
        level = level_at(script, f"{spec.name}.{gate.name}", at - 5, at + 1)
        if level is None:
            return None
        passes &= level != gate.invert
    return passes


def faults(bank: StrobeBank, specs: Sequence[ChannelSpec], script: Sequence[Event], got: Waves) -> int:
    """Count slots that are neither empty nor whole, or not what the windows ask for."""
    count = 0
    for column, spec in enumerate(specs):
        wave, width = got[:, column], spec.width_rt or bank.period_rt
        covered = np.zeros(len(wave), dtype=np.bool_)
        for slot in slots(bank, spec, len(got) - bank.period_rt):
            part = wave[slot : slot + width]
            covered[slot : slot + width] = True
            asked = wanted(spec, script, slot)
            count += not (part.all() or not part.any()) or asked not in (None, bool(part[0]))
        last = slots(bank, spec, len(got) - bank.period_rt)[-1] + bank.period_rt
        first = slots(bank, spec, len(got))[0]
        count += int(wave[first:last][~covered[first:last]].sum())
    return count


@pytest.mark.parametrize("period", range(9, 13))
def test_every_width_and_period(period: int) -> None:
    specs = [s for s in ALL_WIDTHS if s.width_rt <= period - 2]
    bank = strobe_bank(specs, period)
    length = period * WORDS
    got = PulseBench(bank).trace(clocked(period), length, [s.name for s in specs])
    assert (got == ungated(bank, specs, length)).all()
    for spec in specs:
        assert bank.ports[spec.name].latency_rt == bank.constant_rt + spec.delay_rt


@pytest.mark.parametrize("width", [2, 4, 10])
def test_every_delay(width: int) -> None:
    specs = [ChannelSpec(f"d{d}", d, width) for d in range(24)]
    bank = strobe_bank(specs)
    got = PulseBench(bank).trace(clocked(), LENGTH, [s.name for s in specs])
    assert (got == ungated(bank, specs, LENGTH)).all()


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_sloppy_windows_give_whole_words(turns: int, mirror: bool) -> None:
    specs = [s for s in ENGINE_BANK if s.gates[0].sync]
    bank = strobe_bank(specs)
    script = clocked() + random_windows(bank, turns, 12, 40)
    got = PulseBench(bank, turns, mirror).trace(script, LENGTH, [s.name for s in specs])
    assert got.any(axis=0).all() and faults(bank, specs, script, got) == 0


@pytest.mark.parametrize("seed", range(10))
def test_chattering_windows_give_whole_words(seed: int) -> None:
    specs = [s for s in ENGINE_BANK if s.gates[0].sync]
    bank = strobe_bank(specs)
    script = clocked() + random_windows(bank, seed, 0.5, 8)
    got = PulseBench(bank).trace(script, LENGTH, [s.name for s in specs])
    assert faults(bank, specs, script, got) == 0


def test_every_phase_of_a_window_edge() -> None:
    specs = [ChannelSpec("token", 4, 0, (Gate("win"),)), ChannelSpec("double", 9, 10, (Gate("win"),))]
    bank = strobe_bank(specs)
    bench = PulseBench(bank)
    for half in range(2 * P + 4):
        start = 60 + half / 2
        script: list[Event] = clocked()
        for name in ("token.win", "double.win"):
            script += [(start, name, True), (start + 3 * P, name, False)]
        got = bench.trace(script, LENGTH, ["token", "double"])
        assert faults(bank, specs, script, got) == 0
        # both edges lie at the same phase: exactly three words
        assert got[:, 0].sum() == 3 * P and got[:, 1].sum() == 3 * 10


@pytest.mark.parametrize("width", [2, 3, 4, 7, 10])
@pytest.mark.parametrize("inverts", [(False,), (True,), (False, True), (True, True), (False, False)])
def test_held_gates(width: int, inverts: tuple[bool, ...]) -> None:
    gates = tuple(Gate(n, sync=False, invert=i) for n, i in zip("ab", inverts, strict=False))
    spec = ChannelSpec("c", 6, width, gates)
    bank = strobe_bank([spec])
    start = slots(bank, spec, LENGTH)[0]
    script = clocked()
    rng = np.random.default_rng(width)
    levels = rng.integers(0, 2, (WORDS, len(gates))).astype(bool)
    for word in range(WORDS):
        t = start + word * P - 1 - HELD_LEAD_RT - 1  # acts 2 rt before the output slot starts
        script += [(t, f"c.{g.name}", bool(levels[word, i])) for i, g in enumerate(gates)]
    want = np.zeros(LENGTH, dtype=np.bool_)
    for word in range(WORDS):
        if all(levels[word, i] != g.invert for i, g in enumerate(gates)):
            want[start + word * P : start + word * P + width] = True
    assert (PulseBench(bank).trace(script, LENGTH, ["c"])[:, 0] == want).all()


def test_idle_is_silent_full_strength_and_clean() -> None:
    bank = strobe_bank(ENGINE_BANK + ALL_WIDTHS)
    bench = PulseBench(bank)
    board = Board(bench.volume)
    assert board.quiet
    names = outputs(bank)
    script = [(5 if n.endswith(".x") else t, n, on or n.endswith(".x"))
              for t, n, on in random_windows(bank, 1, 30, 50)]  # fmt: skip
    levels = bench.levels(clocked() + script, LENGTH, names)
    assert set(np.unique(levels)) == {0, 15} and (levels.max(axis=0) == 15).all()
    assert drc.check(settle(bench.volume)) == (0, [])


def test_columns_keep_ports_in_place() -> None:
    early = strobe_bank([ChannelSpec("a", 0, 4)], columns=CHAIN_COLUMNS)
    late = strobe_bank([ChannelSpec("a", 23, 4)], columns=CHAIN_COLUMNS)
    assert early.ports["a"].pos == late.ports["a"].pos and early.constant_rt == late.constant_rt


def test_missing_parts_are_noticed() -> None:
    specs = (ENGINE_BANK[0], ENGINE_BANK[2], ENGINE_BANK[4], ENGINE_BANK[5])
    bank = strobe_bank(specs)
    script = clocked() + random_windows(bank, 3, 3, 20)
    script = [(float(int(t)), n, on) for t, n, on in script]
    names = [s.name for s in specs]
    bench = PulseBench(bank)
    want = bench.trace(script, LENGTH, names)
    actions = [(int(2 * t), bench.levers[n], on) for t, n, on in script]
    for pos in devices(bank):
        broken = PulseBench(bank, without=pos)
        rows = Board(broken.volume).run_script(actions, 2 * LENGTH, [broken.at[n] for n in names])
        assert ((rows[1::2] > 0) != want).any(), pos


@pytest.mark.parametrize(
    "spec",
    [
        ChannelSpec("a", -1, 4),
        ChannelSpec("a", 24, 4),
        ChannelSpec("a", 0, 1),
        ChannelSpec("a", 0, 11),
        ChannelSpec("a", 0, 0),
        ChannelSpec("a", 0, 0, (Gate("g", sync=False),)),
        ChannelSpec("a", 0, 0, (Gate("g", invert=True),)),
        ChannelSpec("a", 0, 4, (Gate("f"), Gate("g"), Gate("h"))),
    ],
)
def test_illegal_channels(spec: ChannelSpec) -> None:
    with pytest.raises(ConfigError, match="strobe channel 'a'"):
        strobe_bank([spec])


def test_illegal_banks() -> None:
    with pytest.raises(ConfigError, match="twice"):
        strobe_bank([ChannelSpec("a", 0, 4), ChannelSpec("a", 1, 4)])
    with pytest.raises(ConfigError, match="no channel"):
        strobe_bank([])
    with pytest.raises(ConfigError, match="period"):
        strobe_bank([ChannelSpec("a", 0, 4)], 13)


@pytest.mark.oracle
@needs_judge
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("turns", "mirror", "origin"), PLACES)
def test_outside_judges_agree(
    engine: str, turns: int, mirror: bool, origin: tuple[int, int, int]
) -> None:
    specs = (*ENGINE_BANK, *ALL_WIDTHS, ChannelSpec("pair", 4, 3, (Gate("a"), Gate("b", invert=True))))
    bank = strobe_bank(specs)
    script = clocked()
    for t, name, on in random_windows(bank, 10 + turns, 2, 30):
        if not name.endswith(".x"):
            script.append((float(int(t)), name, on))
    for name in ("s0.x", "s1.x"):
        script += pulse(name, FIRST + 5 * P - 2, FIRST + 9 * P - 2)
    bench = PulseBench(bank, turns, mirror)
    names = [s.name for s in specs]
    got = bench.judge(engine, script, LENGTH, names, origin)
    synced = [i for i, s in enumerate(specs) if s.gates and s.gates[0].sync]
    assert faults(bank, [specs[i] for i in synced], script, got[:, synced]) == 0
    others = [i for i in range(len(specs)) if i not in synced]
    assert (got == bench.trace(script, LENGTH, names))[:, others].all()
