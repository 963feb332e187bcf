"""Agreement of two models: equal models agree wholly, others by what was counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.lm.toys import toy

from craftc import lm
from craftc.errors import ModelError
from craftc.lm import crowd
from craftc.lm.agreement import agreement
from craftc.lm.tokenizer import Tokenizer

PROMPTS = ["ab", "cd", "ab cd", "a", "j", "hij"] * 4
SEEDS = list(range(1, len(PROMPTS) + 1))


def test_model_agrees_with_itself() -> None:
    found = agreement(toy(3), toy(3), PROMPTS, SEEDS)
    assert (found.equal_share, found.equal_tokens, found.difference, found.spread) == (
        1.0,
        found.reply_tokens,
        0,
        0,
    )
    assert found.dialogues == len(PROMPTS) and found.tokens >= found.reply_tokens > 0


def test_nats_are_of_the_replies() -> None:
    model = toy(3)
    found = agreement(model, toy(4), PROMPTS, SEEDS)
    total, count = 0.0, 0
    for turn in lm.converse(model, PROMPTS, SEEDS):
        drawn = [*turn.reply_tokens, *([] if turn.stop is None else [turn.stop])]
        row = [*turn.prompt_tokens, 1, *drawn]
        nats = lm.score(model, [row])[0][len(turn.prompt_tokens) :]
        total, count = total + float(nats.sum()), count + len(nats)
    assert found.tokens == count and found.nats == pytest.approx(total / count)
    assert found.equal_share < 1 and found.equal_tokens < found.reply_tokens
    assert found.difference == pytest.approx(found.other_nats - found.nats) and found.spread > 0


def test_numerics_are_nearly_alike() -> None:
    model = toy(3, short=True)
    found = agreement(model, model.with_numerics("integer"), PROMPTS, SEEDS)
    assert abs(found.difference) < 0.5


def test_other_vocabularies_are_refused() -> None:
    model = toy(3)
    tokens = Tokenizer((*model.tokenizer.tokens[:-1], "zz"), (0,), (1,), (0, 1), start=" ", lower=True)
    with pytest.raises(ModelError, match="has other tokens"):
        agreement(model, replace(model, tokenizer=tokens), PROMPTS, SEEDS)
    with pytest.raises(ModelError, match="no prompts"):
        agreement(model, model, [], [])


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_nothing(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts, seeds = PROMPTS * 3, list(range(1, 3 * len(PROMPTS) + 1))
    alone = [lm.Dialogue(toy(3), seed).say(p).reply_tokens for p, seed in zip(prompts, seeds, strict=True)]
    seen: list[int] = []
    monkeypatch.setattr(crowd, "processors", lambda: threads)
    turns = lm.converse(
        toy(3), prompts, seeds, batch=4, progress=lambda stage, done, total: seen.append(done)
    )
    assert [turn.reply_tokens for turn in turns] == alone
    assert np.diff(seen).min() >= 0 and 0 < max(seen) <= len(prompts)


def test_error_in_a_thread_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bool:
        raise ModelError("stop here")

    monkeypatch.setattr(crowd._Crowd, "step", fail)
    with pytest.raises(ModelError, match="stop here"):
        lm.converse(toy(3), PROMPTS, SEEDS)
