"""Dialogues: streaming, batches, seeds, contexts that run full."""

from __future__ import annotations

import numpy as np
import pytest
from tests.lm.toys import CONTEXT, toy

from craftc import lm
from craftc.errors import ModelError

PROMPTS = ["ab cd", "a", "cdcd.", "jab a", "b", "abab cd", "hij", "dd"]


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("batch", [1, 3, 8, 100])
def test_batches_of_any_size_give_what_single_dialogues_give(batch: int, short: bool) -> None:
    model = toy(3, short)
    seeds = list(range(1, len(PROMPTS) + 1))
    together = lm.converse(model, PROMPTS, seeds, batch=batch)
    for turn, prompt, seed in zip(together, PROMPTS, seeds, strict=True):
        alone = lm.Dialogue(model, seed).say(prompt)
        assert turn.to_json() | {"steps": 0} == alone.to_json() | {"steps": 0}
    assert {turn.stop for turn in together} - {None}, "no dialogue ended by itself"


def test_warming_changes_nothing() -> None:
    dialogue = lm.Dialogue(toy(3), 2)
    dialogue.warm()
    assert dialogue.left == CONTEXT and dialogue.say("ab") == lm.Dialogue(toy(3), 2).say("ab")


def test_another_seed_gives_another_reply() -> None:
    replies = {turn.reply_tokens for turn in lm.converse(toy(3), ["ab"] * 40, list(range(1, 41)))}
    assert len(replies) > 5


def test_steps_hold_every_token_and_its_candidates() -> None:
    turn = lm.Dialogue(toy(3), 2).say("ab cd")
    processed = [*turn.prompt_tokens, 1, *turn.reply_tokens]
    assert [token for token, _ in turn.steps] == processed[:CONTEXT]
    for _, best in turn.steps:
        assert len(best) == 4 and best == sorted(best, reverse=True)


def test_turns_go_on_where_the_last_one_ended() -> None:
    dialogue = lm.Dialogue(toy(3), 2)
    first = dialogue.say("a")
    used = len(first.prompt_tokens) + 1 + len(first.reply_tokens)
    assert dialogue.left == CONTEXT - used
    before = dialogue.left
    if before > 4:
        dialogue.say("b")
        assert dialogue.left < before


def test_full_context_ends_clearly() -> None:
    model = toy(3)
    turns = [lm.Dialogue(model, seed) for seed in range(1, 30)]
    for dialogue in turns:
        turn = dialogue.say("ab cd ab cd")
        if turn.stop is None:
            assert dialogue.left == 0
            assert len(turn.prompt_tokens) + 1 + len(turn.reply_tokens) - 1 == CONTEXT
            with pytest.raises(ModelError, match="at most 0 of the 24 tokens are left"):
                dialogue.say("a")
            dialogue.reset()
            assert dialogue.say("ab cd ab cd") == turn
            return
    pytest.fail("no dialogue ran full: the test has lost its subject")


def test_prompt_longer_than_the_context_is_refused_before_anything_runs() -> None:
    dialogue = lm.Dialogue(toy(), 1)
    with pytest.raises(ModelError, match=r"takes 3[0-9] tokens.*at most 24"):
        dialogue.say("a" * 30)
    assert dialogue.left == CONTEXT
    with pytest.raises(ModelError, match="takes"):
        lm.converse(toy(), ["a", "a" * 30], [1, 1])


@pytest.mark.parametrize("seed", [0, -1, 512])
def test_seeds_the_generator_cannot_hold_are_refused(seed: int) -> None:
    with pytest.raises(ModelError, match=r"seed is .*legal: 1\.\.511"):
        lm.Dialogue(toy(), seed)
    with pytest.raises(ModelError, match="seed is"):
        lm.converse(toy(), ["a"], [seed])


def test_unknown_characters_are_named() -> None:
    with pytest.raises(ModelError, match=r"character 3 of ' a\?b': no token begins with '\?'"):
        lm.Dialogue(toy(), 1).say("a?b")


def test_empty_lists_and_unequal_lists() -> None:
    assert lm.converse(toy(), [], []) == []
    with pytest.raises(ModelError, match="2 prompts, 1 seeds"):
        lm.converse(toy(), ["a", "b"], [1])


def test_executor_refuses_what_it_cannot_take() -> None:
    executor = lm.Executor(toy(), 2)
    with pytest.raises(ModelError, match="dialogue 1: token 24"):
        executor.step([0, 24])
    for _ in range(CONTEXT):
        executor.step([0, 1])
    with pytest.raises(ModelError, match="the context of 24 tokens is full"):
        executor.step([0, 1])
    executor.restart([0, 1])
    with pytest.raises(ModelError, match="no operator 'nothing'"):
        executor.step([0, 1], ["nothing"])
    with pytest.raises(ModelError, match=r"choice.draw: needs the state"):
        executor.step([0, 1], ["choice.sample"])
    with pytest.raises(ModelError, match="a batch of 0"):
        lm.Executor(toy(), 0)


def test_record_gives_what_the_operator_took_and_gave() -> None:
    model = toy(3)
    seen = lm.record(model, PROMPTS[:3], [1, 2, 3], ["m.query", "m.head"], limit=17)
    assert seen["m.query"].x.shape == (17, 16) and seen["m.head"].y.shape == (17, 24)
    for name, found in seen.items():
        np.testing.assert_array_equal(lm.golden(model, name, found.x), found.y)
    assert set(seen["m.query"].dialogues.tolist()) == {0, 1, 2}
    with pytest.raises(ModelError, match="works on all positions"):
        lm.record(model, ["a"], [1], ["raw"])
    with pytest.raises(ModelError, match="no operator 'nothing'"):
        lm.record(model, ["a"], [1], ["nothing"])


def test_changed_weight_changes_the_record() -> None:
    model = toy(3)
    seen = lm.record(model, ["ab cd"], [1], ["m.query"])["m.query"]
    matrix = lm.integer_weights(model, "m.query")
    by_hand = (matrix.multiplier * (seen.x @ matrix.weights.T)) >> matrix.shift
    np.testing.assert_array_equal(by_hand, seen.y)
    broken = matrix.weights.copy()
    broken[3, 5] += 1
    assert ((seen.x @ broken.T) >> matrix.shift != seen.y).any()


def test_scores_are_the_softmax_of_the_logits() -> None:
    model = toy(3)
    rows = [[0, 3, 4, 1, 5], [0, 7], [2]]
    nats = lm.score(model, rows, batch=2)
    assert [len(n) for n in nats] == [4, 1, 0]
    executor = lm.Executor(model)
    z = executor.step([0], ["m.head"])["m.head"][0] / 2.0**10
    np.testing.assert_allclose(nats[1][0], -(z[7] - np.log(np.exp(z).sum())))
