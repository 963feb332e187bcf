"""Clock, latch and one-shot against their contracts, edge by edge."""

from __future__ import annotations

import numpy as np
import pytest
from tests.oracle.client import ENGINES, needs_judge

from craftc.blocks.dust import compute_shapes
from craftc.cells.library import load_cell
from craftc.check import drc
from craftc.errors import ConfigError
from craftc.macros.base import Macro, Sketch
from craftc.macros.clock import (
    LATCH_RT,
    ONE_SHOT_RT,
    PULSE_RT,
    REST_PERIODS,
    START_TO_CK_RT,
    clock,
    one_shot,
    ring,
    split_delay,
    window_latch,
)
from craftc.sim.board import Board, settle

from .pulse_bench import PLACES, Event, PulseBench, Waves, devices, pulse, waves


def ticking(start: int, words: int, period: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Spans of ck and ck2 for a start at `start` and that many clock pulses."""
    first = start + START_TO_CK_RT
    ck = [(first + n * period, first + n * period + PULSE_RT) for n in range(words)]
    return ck, [(first + n * period, first + (n + 1) * period) for n in range(0, words, 2)]


@pytest.mark.parametrize("period", range(9, 13))
@pytest.mark.parametrize("width", [2, 3, 4, 10, 40])
def test_exact_edges_over_many_words(period: int, width: int) -> None:
    length = 24 * period
    got = PulseBench(clock(period)).trace(pulse("start", 5, 5 + width), length, ["ck", "ck2"])
    assert (got == waves(length, *ticking(5, 30, period))).all()


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_orientations(turns: int, mirror: bool) -> None:
    got = PulseBench(clock(), turns, mirror).trace(pulse("start", 3, 13), 300, ["ck", "ck2"])
    assert (got == waves(300, *ticking(3, 30, 12))).all()


@pytest.mark.parametrize("again", range(1, 30))
def test_a_second_start_changes_nothing(again: int) -> None:
    script = [*pulse("start", 0, again), *pulse("start", again + 2, again + 7)] if again > 1 else []
    script = script or pulse("start", 0, 60)
    got = PulseBench(clock()).trace(script, 300, ["ck", "ck2"])
    assert (got == waves(300, *ticking(0, 30, 12))).all()


@pytest.mark.parametrize("phase", range(0, 25))
@pytest.mark.parametrize("width", [2, 200])
def test_stop_kills_for_good_and_cuts_no_pulse(phase: int, width: int) -> None:
    stop = 100 + phase
    script = [*pulse("start", 0, 10), *pulse("stop", stop, stop + width)]
    got = PulseBench(clock()).trace(script, 500, ["ck", "ck2"])
    words = int(np.count_nonzero(np.diff(got[:, 0].astype(int)) == 1))
    ck, _ = ticking(0, words, 12)
    assert stop - 12 - PULSE_RT <= ck[-1][0] <= stop + 12 + PULSE_RT
    assert (got[:, 0] == waves(500, ck)[:, 0]).all()
    assert not got[stop + 3 * 12 + 8 :, 1].any()
    edges = np.flatnonzero(np.diff(got[:, 1].astype(int))) + 1
    assert (edges == START_TO_CK_RT + 12 * np.arange(len(edges))).all() and len(edges) % 2 == 0
    assert abs(int(edges[-1]) - ck[-1][0]) <= 24


@pytest.mark.parametrize("phase", range(0, 24, 3))
def test_start_again_after_the_rest(phase: int) -> None:
    stop = 150 + phase
    again = stop + REST_PERIODS * 12
    script = [*pulse("start", 0, 10), *pulse("stop", stop, stop + 4), *pulse("start", again, again + 2)]
    got = PulseBench(clock()).trace(script, again + 200, ["ck", "ck2"])[again:]
    assert (got == waves(again + 200, *ticking(again, 30, 12))[again:]).all()


def test_idle_is_silent_and_clean() -> None:
    bench = PulseBench(clock())
    board = Board(bench.volume)
    board.run(500)
    assert board.quiet and board.events == 0
    script = [*pulse("start", 0, 10), *pulse("stop", 300, 310)]
    board.run_script([(2 * t, bench.levers[n], on) for t, n, on in script], 1000)
    assert board.quiet and board.burnouts == 0
    assert drc.check(settle(bench.volume)) == (0, [])


def test_the_drawn_ring_is_what_the_builder_makes() -> None:
    sketch = Sketch("ring")
    ring(sketch, 0, 12, PULSE_RT)
    macro, corner = sketch.build()
    cell = load_cell("clock_ring")
    assert corner == cell.drawing.corner

    built, drawn = compute_shapes(macro.volume), compute_shapes(cell.drawing.volume)
    assert built.size == drawn.size
    for pos in built.positions(np.ones(built.ids.shape, dtype=np.bool_)):
        one, other = built.get(pos), drawn.get(pos)
        assert one.short == other.short and one.get("facing") == other.get("facing")


def test_the_drawn_ring_keeps_its_contract() -> None:
    cell = load_cell("clock_ring")
    macro = Macro("ring", cell.drawing.volume, dict(cell.ports))
    got = PulseBench(macro).trace(pulse("run", 5, 200), 300, ["ck"])
    period, width = (int(cell.timing[k]) // 2 for k in ("period_gt", "width_gt"))
    first = 5 + cell.ports["ck"].latency_rt
    count = int(np.count_nonzero(np.diff(got[:, 0].astype(int)) == 1))
    assert 13 <= count <= 15
    spans = [(first + n * period, first + n * period + width) for n in range(count)]
    assert (got == waves(300, spans)).all()
    assert cell.ports["ck"].latency_rt + LATCH_RT == START_TO_CK_RT


def test_without_half_rate_it_is_smaller() -> None:
    single = clock(half_rate=False)
    got = PulseBench(single).trace(pulse("start", 0, 4), 300, ["ck"])
    assert (got == waves(300, ticking(0, 30, 12)[0])).all()
    assert single.volume.volume < clock().volume.volume <= 512


def test_a_missing_device_is_noticed() -> None:
    script = [*pulse("start", 0, 10), *pulse("stop", 200, 210), *pulse("start", 300, 310)]
    macro = clock()
    want = PulseBench(macro).trace(script, 400, ["ck", "ck2"])
    missed = []
    for pos in devices(macro):
        bench = PulseBench(macro, without=pos)
        board = Board(bench.volume)
        rows = board.run_script(
            [(2 * t, bench.levers[n], on) for t, n, on in script], 801, [bench.at["ck"], bench.at["ck2"]]
        )
        if (want == (rows[1::2][:400] > 0)).all():
            missed.append(pos)
    assert len(missed) <= 2, missed  # the two lock repeaters only matter for a stop within a pulse


@pytest.mark.parametrize("period", [8, 13, 0])
def test_illegal_period(period: int) -> None:
    with pytest.raises(ConfigError, match=r"9\.\.12"):
        clock(period)


@pytest.mark.parametrize(("total", "parts"), [(0, 1), (5, 1), (1, 2)])
def test_impossible_delays(total: int, parts: int) -> None:
    with pytest.raises(ConfigError, match="repeaters"):
        split_delay(total, parts)


def test_split_delay() -> None:
    for total in range(0, 40):
        delays = split_delay(total)
        assert sum(delays) == total and all(1 <= d <= 4 for d in delays) and len(delays) == -(-total // 4)


# --- latch ----------------------------------------------------------------------------------------


def latch_model(script: list[Event], length: int) -> Waves:
    """q and not_q: while set is on, on; else off after a reset."""
    drive = {name: waves(length, spans(script, name, length))[:, 0] for name in ("set", "reset")}
    out = np.zeros((length, 2), dtype=np.bool_)
    q = False
    for t in range(length):
        q = bool(drive["set"][t]) or (q and not drive["reset"][t])
        if t + LATCH_RT < length:
            out[t + LATCH_RT, 0] = q
        if t + LATCH_RT + 1 < length:
            out[t + LATCH_RT + 1, 1] = not q
    out[: LATCH_RT + 1, 1] = True
    return out


def spans(script: list[Event], name: str, length: int) -> list[tuple[int, int]]:
    """The on times of a port."""
    times = [t for t, n, _ in sorted(script, key=lambda e: e[0]) if n == name]
    times += [length] * (len(times) % 2)
    return list(zip(times[::2], times[1::2], strict=True))


def random_latch_script(seed: int, length: int) -> list[Event]:
    """Pulses of 2 rt and more; any two edges are 0 or at least 2 rt apart."""
    rng = np.random.default_rng(seed)
    script: list[Event] = []
    for name in ("set", "reset"):
        t = 2 * int(rng.integers(1, 10))
        while t < length - 40:
            width = 2 * int(rng.integers(1, 7))
            script += pulse(name, t, t + width)
            t += width + 2 * int(rng.integers(1, 15))
    return script


@pytest.mark.parametrize("seed", range(12))
def test_latch_against_its_model(seed: int) -> None:
    script = random_latch_script(seed, 400)
    got = PulseBench(window_latch(), seed % 4, seed % 2 == 1).trace(script, 400, ["q", "not_q"])
    assert (got == latch_model(script, 400)).all()


@pytest.mark.parametrize("offset", range(-6, 8, 2))
@pytest.mark.parametrize("held", [2, 4, 6])
def test_latch_under_overlapping_set_and_reset(offset: int, held: int) -> None:
    script = [*pulse("set", 20, 20 + held), *pulse("reset", 20 + offset, 24 + offset)]
    bench = PulseBench(window_latch())
    got = bench.trace(script, 100, ["q", "not_q"])
    assert (got == latch_model(script, 100)).all()
    board = Board(bench.volume)
    board.run_script([(2 * t, bench.levers[n], on) for t, n, on in script], 200)
    assert board.quiet and board.burnouts == 0


def test_one_latch_part_missing_is_noticed() -> None:
    script = [*pulse("set", 10, 14), *pulse("reset", 40, 44), *pulse("set", 60, 62)]
    macro = window_latch()
    want = latch_model(script, 100)
    for pos in devices(macro):
        assert (PulseBench(macro, without=pos).trace(script, 100, ["q", "not_q"]) != want).any(), pos


# --- one-shot -------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 8, 10, 15, 30])
def test_one_shot(width: int) -> None:
    script = [*pulse("in", 4, 4 + width), *pulse("in", 13 + width, 20 + width)]
    got = PulseBench(one_shot()).trace(script, 80, ["out"])
    rises = [4 + ONE_SHOT_RT, 13 + width + ONE_SHOT_RT]
    assert (got == waves(80, [(r, r + PULSE_RT) for r in rises])).all()


def test_one_shot_notices_a_missing_part() -> None:
    macro = one_shot()
    want = waves(60, [(4 + ONE_SHOT_RT, 4 + ONE_SHOT_RT + PULSE_RT)])
    for pos in devices(macro):
        got = PulseBench(macro, without=pos).trace(pulse("in", 4, 24), 60, ["out"])
        assert (got != want).any(), pos


# --- outside judges -------------------------------------------------------------------------------


@pytest.mark.oracle
@needs_judge
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("turns", "mirror", "origin"), PLACES)
def test_outside_judges_agree(
    engine: str, turns: int, mirror: bool, origin: tuple[int, int, int]
) -> None:
    stop = 280 + 7 * turns
    script = [
        *pulse("start", 2, 12), *pulse("start", 30, 33), *pulse("stop", stop, stop + 3),
        *pulse("start", stop + 40, stop + 42),
    ]  # fmt: skip
    bench = PulseBench(clock(), turns, mirror)
    names = ["ck", "ck2"]
    assert (
        bench.judge(engine, script, 460, names, origin) == bench.trace(script, 460, names)
    ).all()
    latch = PulseBench(window_latch(), turns, mirror)
    script = random_latch_script(turns, 400)
    got = latch.judge(engine, script, 400, ["q", "not_q"], origin)
    assert (got == latch_model(script, 400)).all()
    shot = PulseBench(one_shot(), turns, mirror)
    script = [e for i, w in enumerate((1, 2, 3, 4, 7, 20)) for e in pulse("in", 4 + 40 * i, 4 + 40 * i + w)]
    want = waves(260, [(4 + 40 * i + ONE_SHOT_RT, 8 + 40 * i + ONE_SHOT_RT) for i in range(6)])
    assert (shot.judge(engine, script, 260, ["out"], origin) == want).all()


# --- ten thousand pulses --------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("turns", "mirror"), [(t, m) for t in range(4) for m in (False, True)])
def test_many_pulses_in_every_orientation(turns: int, mirror: bool) -> None:
    """1,300 pulses and more into latch and one-shot in each orientation, every redstone tick compared."""
    length = 30_000
    script = random_latch_script(100 + 2 * turns + mirror, length)
    got = PulseBench(window_latch(), turns, mirror).trace(script, length, ["q", "not_q"])
    assert (got == latch_model(script, length)).all() and len(script) > 4 * 1300
    rng = np.random.default_rng(turns)
    widths = rng.integers(1, 20, 1300)
    starts = 4 + np.cumsum(widths + rng.integers(9, 20, 1300)) - widths
    pulses = [e for s, w in zip(starts.tolist(), widths.tolist(), strict=True) for e in pulse("in", s, s + w)]
    length = int(starts[-1]) + 60
    want = waves(length, [(s + ONE_SHOT_RT, s + ONE_SHOT_RT + PULSE_RT) for s in starts.tolist()])
    assert (PulseBench(one_shot(), turns, mirror).trace(pulses, length, ["out"]) == want).all()
