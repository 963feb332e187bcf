"""The program, executed word by word in numpy, computes the network; the digits program is fixed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftc.config import BuildConfig
from craftc.errors import TimingError
from craftc.model.checkpoint_file import load_checkpoint
from craftc.model.golden import GoldenModel, requantize
from craftc.model.random_model import random_model
from craftc.passes.fold import LayerPlan, fold
from craftc.passes.program import (
    CALM,
    HASTY,
    PIPE_SLOTS,
    READ_SLOTS,
    Program,
    Window,
    as_text,
    pace_of,
    program,
    reads_of,
    require_rules,
)

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).with_name("digits_program.txt")
PLAIN = BuildConfig()


def on(windows: tuple[Window, ...], slot: int) -> bool:
    return any(w.start <= slot < w.end for w in windows)


def word_at(plan: LayerPlan, tokens: tuple[Window, ...], slot: int) -> int | None:
    """Return the ROM word that is selected in a slot; a token ends with its segment, two never run."""
    ends = (*plan.segments[1:], plan.passes * plan.words)
    words = []
    for token in tokens:
        word = plan.segments[token.segment] + slot - token.start
        if token.start <= slot and word < ends[token.segment]:
            words.append(word)
    assert len(words) <= 1, f"slot {slot}: words {words} at once"
    return words[0] if words else None


def inputs_of(
    plan: LayerPlan, x: np.ndarray, plane: int, clocked: int, forced: tuple[bool, bool], undefined: int
) -> list[int]:
    """Return the bits at the lanes; what no clock brings is `undefined` (1: only a digit 0 hides it)."""
    bits = []
    for side, inputs in enumerate((plan.north, plan.south)):
        stream = [int(x[i]) >> plane & 1 for i in inputs]
        if plan.planes == 1:
            stream += [1] * (plan.const_north, plan.const_south)[side]
        known = stream[clocked] if 0 <= clocked < len(stream) else undefined
        bits.append(1 if forced[side] else known)
    return bits


SIGNALS = ("token", "clock", "load", "force_n", "force_s", "double")


def execute(
    plans: tuple[LayerPlan, ...], made: Program, x: np.ndarray, undefined: int = 1
) -> list[np.ndarray]:
    """Return the sums of every layer for one input vector, word slot by word slot."""
    results, begin = [], 0
    for plan in plans:
        windows = {s: made.of(plan.index, s) for s in SIGNALS}
        y = np.zeros(plan.passes * plan.levels, dtype=np.int64)
        for pass_index, read in enumerate(made.of(plan.index, "read")):
            acc = np.zeros((plan.levels, 2), dtype=np.int64)
            plane, clocked = plan.planes - 1, 0
            for slot in range(begin, read.start):
                word = word_at(plan, windows["token"], slot)
                is_clock = on(windows["clock"], slot) and not on(windows["load"], slot)
                forced = on(windows["force_n"], slot), on(windows["force_s"], slot)
                if on(windows["double"], slot):
                    assert word is None, "a word and a doubling in one slot"
                    acc, plane, clocked = 2 * acc, plane - 1, 0
                elif word is not None:
                    codes = plan.rom[word].astype(np.int64)
                    bits = inputs_of(plan, x, plane, clocked if is_clock else -1, forced, undefined)
                    acc += np.where(codes > 7, codes - 16, codes) * bits
                clocked += is_clock
            assert plane == 0
            y[pass_index * plan.levels : (pass_index + 1) * plan.levels] = acc.sum(axis=1)
            begin = read.end
        results.append(y[: plan.n_out])
        x = results[-1] if plan.shift is None else requantize(results[-1], plan.shift)
    return results


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.tuples(st.integers(4, 20), st.integers(3, 12), st.integers(1, 8)),
    seed=st.integers(0, 1000),
    optimize=st.sampled_from(["area", "balanced"]),
    parity=st.tuples(st.integers(0, 1), st.integers(0, 1)),
)
def test_the_program_computes_the_network(
    sizes: tuple[int, ...], seed: int, optimize: str, parity: tuple[int, int]
) -> None:
    checkpoint = random_model(sizes, seed)
    plans = fold(checkpoint, BuildConfig(optimize=optimize))  # type: ignore[arg-type]
    made = program(plans, dict(enumerate(parity)))
    assert all(w.start % 2 == parity[w.layer] for w in made.windows if w.signal == "read")
    x = np.random.default_rng(seed).integers(0, 2, sizes[0])
    want = GoldenModel(checkpoint).run(x[None])
    for got, layer in zip(execute(plans, made, x), want.layers, strict=True):
        assert np.array_equal(got, layer.y[0])


def test_three_layers() -> None:
    checkpoint = random_model((10, 7, 6, 3), 3)
    plans = fold(checkpoint, PLAIN)
    x = np.random.default_rng(0).integers(0, 2, 10)
    got = execute(plans, program(plans), x)
    want = GoldenModel(checkpoint).run(x[None])
    assert all(np.array_equal(g, t.y[0]) for g, t in zip(got, want.layers, strict=True))


@pytest.mark.parametrize("signal", ["token", "clock", "double", "force_n", "force_s"])
def test_every_window_matters(signal: str) -> None:
    checkpoint = random_model((40, 12, 4), 1)
    plans = fold(checkpoint, PLAIN)
    made = program(plans)
    xs = np.random.default_rng(0).integers(0, 2, (12, 40))
    want = [execute(plans, made, x)[-1] for x in xs]
    windows = [w for w in made.windows if w.signal == signal and not on(made.of(0, "load"), w.start)]
    assert windows
    for window in windows:
        left = Program(tuple(w for w in made.windows if w is not window), made.slots)
        try:
            got = [execute(plans, left, x, undefined=int(signal == "clock"))[-1] for x in xs]
        except AssertionError:
            continue
        assert not np.array_equal(got, want), window


def test_times_of_the_layers() -> None:
    plans = fold(random_model((12, 9, 5), 0), PLAIN)
    made = program(plans)
    for plan in plans:
        reads = made.of(plan.index, "read")
        slots = [READ_SLOTS * reads_of(plan, p) for p in range(plan.passes)]
        assert [w.end - w.start for w in reads] == slots
        assert len(made.of(plan.index, "double")) == (plan.planes - 1) * plan.passes
    first = made.of(0, "read")[-1].end
    assert made.of(1, "token")[0].start == first + PIPE_SLOTS
    assert made.slots == made.of(1, "read")[-1].end + PIPE_SLOTS


def test_rules_can_fail() -> None:
    plans = fold(random_model((12, 9, 5), 0), PLAIN)
    made = program(plans)
    token = made.of(1, "token")[0]
    twice = Program((*made.windows, replace(token, start=token.start + 1, end=token.end + 1)), made.slots)
    with pytest.raises(TimingError, match=r"layer 1: token windows .* overlap"):
        require_rules(twice, plans, {})
    with pytest.raises(TimingError, match=r"layer \d: read starts in slot \d+"):
        require_rules(made, plans, {0: 1, 1: 1})


def digits_plans() -> tuple[LayerPlan, ...]:
    return fold(load_checkpoint(ROOT / "weights" / "digits.pt"), PLAIN)


def test_golden_text_of_the_digits_program() -> None:
    assert as_text(program(digits_plans())) + "\n" == GOLDEN.read_text(encoding="utf-8")


def test_the_digits_program_computes_the_digits_network() -> None:
    checkpoint = load_checkpoint(ROOT / "weights" / "digits.pt")
    plans = digits_plans()
    made = program(plans)
    x = np.random.default_rng(1).integers(0, 2, (3, checkpoint.n_in))
    want = GoldenModel(checkpoint).run(x)
    for row in range(len(x)):
        got = execute(plans, made, x[row])
        assert all(np.array_equal(g, t.y[row]) for g, t in zip(got, want.layers, strict=True))


def test_speed_alone_is_hasty() -> None:
    assert [pace_of(name) for name in ("area", "balanced", "speed")] == [CALM, CALM, HASTY]
    assert HASTY.origin_step % 2 == 0 and CALM.origin_step % 2 == 0
