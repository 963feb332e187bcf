"""Layers cut into groups and parts: every weight once, windows of every part, and the fastest cut chosen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftc.config import BuildConfig
from craftc.errors import FoldingError, PlacementError
from craftc.model.checkpoint import BIAS_STEP, Checkpoint
from craftc.model.random_model import random_model
from craftc.passes import speed
from craftc.passes.assemble import with_late_windows
from craftc.passes.fold import LayerPlan, fold, legal_cuts
from craftc.passes.parts import MAX_CUTS, block_of, blocks_of, chunks, halves
from craftc.passes.program import program
from craftc.passes.speed import NEVER, Plans, foldings

PLAIN, SPEED = BuildConfig(), BuildConfig(optimize="speed")


@given(count=st.integers(0, 200), parts=st.integers(1, 9))
def test_chunks_are_everything_once(count: int, parts: int) -> None:
    found = chunks(count, parts)
    assert len(found) == parts and [i for c in found for i in c] == list(range(count))
    sizes = [len(c) for c in found]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] - sizes[-1] <= 1


def test_levels_of_blocks() -> None:
    assert blocks_of(10, 3, 1) == (4, 3, 3) and blocks_of(3, 1, 2) == (3, 3) and blocks_of(5, 1, 1) == (5,)
    assert [block_of(level, (2, 1)) for level in range(5)] == [(0, 0), (0, 1), None, (1, 0), None]


def sums(plan: LayerPlan, x: np.ndarray) -> np.ndarray:
    """Return the sums of a layer from its ROM: every part of the inputs with its own block of levels."""
    rom = plan.rom.astype(np.int64)
    rom = np.where(rom > 7, rom - 16, rom)
    out = np.zeros(plan.n_out, dtype=np.int64)
    for block, count in enumerate(plan.blocks):
        first = sum(plan.blocks[:block]) + block
        north, south = halves(chunks(plan.n_in, plan.splits)[block if plan.splits > 1 else 0])
        bits = np.zeros((plan.words, 2), dtype=np.int64)
        for side, inputs in enumerate((north, south)):
            bits[: len(inputs), side] = x[list(inputs)]
        if plan.planes == 4:
            start = plan.words - plan.const_north - plan.const_south
            bits[start : start + plan.const_north, 0] = 1
            bits[start + plan.const_north :, 1] = BIAS_STEP
        else:
            bits[len(north) : len(north) + plan.const_north, 0] = 1
            bits[len(south) : len(south) + plan.const_south, 1] = 1
        found = np.einsum("wls,ws->l", rom[:, first : first + count], bits)
        begin = 0 if plan.splits > 1 else sum(plan.blocks[:block])
        out[begin : begin + count] += found
    return out


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.tuples(st.integers(4, 20), st.integers(6, 20), st.integers(1, 8)),
    cut=st.integers(2, MAX_CUTS),
    seed=st.integers(0, 1000),
)
def test_cut_layers_hold_every_weight(sizes: tuple[int, int, int], cut: int, seed: int) -> None:
    checkpoint = random_model(sizes, seed)
    if cut not in legal_cuts(sizes[1], sizes[2]):
        with pytest.raises(FoldingError):
            fold(checkpoint, PLAIN, (cut,))
        return
    plans = fold(checkpoint, PLAIN, (cut,))
    assert (plans[0].groups, plans[1].splits) == (cut, cut)
    rng = np.random.default_rng(seed)
    for plan, layer in zip(plans, checkpoint.layers, strict=True):
        x = rng.integers(0, 2 if plan.planes == 1 else 16, plan.n_in)
        assert np.array_equal(sums(plan, x), layer.weight_codes.astype(np.int64) @ x + layer.bias)
        empty = [k for k in range(plan.height) if block_of(k, plan.blocks) is None]
        assert len(empty) == cut - 1 and not plan.rom[:, empty].any()


def test_windows_of_every_part() -> None:
    plans = fold(random_model((12, 11, 4), 1), PLAIN, (3,))
    made = with_late_windows(program(plans), plans)
    groups = chunks(11, 3)
    assert [len(g) for g in groups] == [4, 4, 3]
    read = made.of(0, "read")[0]
    for number, group in enumerate(groups):
        late = made.of(0, "late", number)
        assert [(w.start, w.end - w.start) for w in late] == [(read.start, 8)]  # 3 neurons: one push more
        assert [w.end - w.start for w in made.of(1, "clock", number)] == [(len(group) + 1) // 2] * 4
        assert len(made.of(1, "loadmode", number)) == 1
    assert read.end - read.start == 8
    starts = [[w.start for w in made.of(1, "clock", number)] for number in range(3)]
    assert starts[0] == starts[1] == starts[2]


@pytest.mark.parametrize(
    ("sizes", "cuts", "text"),
    [
        ((8, 5, 3), (2,), "layer 0: 2 groups"),
        ((8, 12, 12, 3), (2, 2), "layer 1: 2 groups"),
        ((8, 12, 80), (2,), "layer 1: 2 parts of 80 levels"),
    ],
)
def test_illegal_cuts_are_refused(sizes: tuple[int, ...], cuts: tuple[int, ...], text: str) -> None:
    with pytest.raises(FoldingError, match=text):
        fold(random_model(sizes, 0), PLAIN, cuts)


def words_by(
    checkpoint: Checkpoint, words: dict[speed.Cuts, int], monkeypatch: pytest.MonkeyPatch
) -> list[speed.Cuts]:
    """Return the groups of the hidden layers of all foldings, if these are their words."""
    monkeypatch.setattr(speed, "answer_word", lambda plans: words[tuple(p.groups for p in plans[:-1])])
    return [tuple(p.groups for p in plans[:-1]) for plans in foldings(checkpoint, SPEED)]


def test_the_fastest_cut_comes_first_and_no_cut_last(monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = random_model((8, 12, 4), 0)
    words = {(1,): 50, (2,): 40, (3,): 45, (4,): NEVER}
    assert words_by(checkpoint, words, monkeypatch) == [(2,), (3,), (1,)]
    assert words_by(checkpoint, dict.fromkeys(words, 50), monkeypatch) == [(1,)]


def test_neighbours_are_not_both_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = random_model((8, 6, 7, 4), 0)
    words = {(1, 1): 50, (1, 2): 40}
    assert words_by(checkpoint, words, monkeypatch) == [(1, 2), (1, 1)]


def test_networks_that_cannot_be_cut_are_not_cut() -> None:
    for sizes, settings_ in (((9, 2), SPEED), ((8, 5, 3), SPEED),
                             ((8, 12, 4), BuildConfig(optimize="speed", lanes=12))):  # fmt: skip
        found = foldings(random_model(sizes, 0), settings_)
        assert len(found) == 1 and all(p.groups == 1 for p in found[0])


def test_a_folding_without_a_place_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(plans: Plans, pace: object) -> None:
        raise PlacementError("no room")

    monkeypatch.setattr(speed, "first_placement", refuse)
    checkpoint = random_model((8, 12, 4), 0)
    assert speed.answer_word(fold(checkpoint, PLAIN)) == NEVER
    assert len(foldings(checkpoint, SPEED)) == 1
