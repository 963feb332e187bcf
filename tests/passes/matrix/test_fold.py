"""Lanes and passes: which are legal, and how words, registers and rows are counted."""

from __future__ import annotations

import numpy as np
import pytest

from craftc.errors import ConfigError
from craftc.passes.matrix.encode import control_digits, digits_of, folded_digits, registers_of
from craftc.passes.matrix.fold import PAUSE_WORDS, Fold, choose_fold, folds


def test_the_folds_of_a_large_matrix() -> None:
    assert [(f.lanes, f.passes, f.words, f.registers) for f in folds(240, 240)] == [
        (240, 1, 737, 244), (120, 2, 1478, 491), (80, 3, 2219, 738), (60, 4, 2960, 985)
    ]  # fmt: skip
    assert choose_fold(240, 240).lanes == 240
    assert choose_fold(240, 240, words=1478).lanes == 120
    assert choose_fold(300, 8).lanes == 150  # more rows than one pass can hold


@pytest.mark.parametrize(
    ("lanes", "words", "message"),
    [(121, None, "240, 120, 80, 60"), (None, 1000, "737, 1478, 2219, 2960"), (240, 737, "one of them")],
)
def test_other_folds_are_refused_by_name(lanes: int | None, words: int | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        choose_fold(240, 240, lanes, words)


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(ConfigError, match="at most 1120"):
        folds(1121, 4)


def test_every_pass_has_its_words_and_registers() -> None:
    weights = np.random.default_rng(2).integers(-900, 901, (5, 3))
    fold = Fold(5, 3, 3)
    digits, control = folded_digits(weights, fold), control_digits(fold)
    assert digits.shape == (fold.words, 3) and control.shape == (fold.words, 4)
    second = fold.pass_words + PAUSE_WORDS
    assert np.array_equal(digits[: fold.pass_words], digits_of(weights[:3]))
    assert np.array_equal(digits[second:, :2], digits_of(weights[3:]))
    assert not digits[second:, 2].any() and not digits[fold.pass_words : second].any()
    assert np.array_equal(control[second:], control[: fold.pass_words])
    assert not control[fold.pass_words : second].any()
    held = registers_of(np.array([1, -2, 3]), fold.passes)
    assert held.shape == (fold.registers, 8)
    assert np.array_equal(held[:7], held[10:]) and not held[7:10].any()
