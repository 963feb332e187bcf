"""Figures of a model on text and in talk, against sums done by hand."""

from dataclasses import replace

import numpy as np
import pytest
from tests.train.models import babbler, random_model

from craftc.errors import FormatError, ModelError
from craftc.lm.corpus import Document
from craftc.lm.dialogue import Turn
from craftc.lm.evaluate import agreement, evaluate_model, likelihood, prompt_of, read, talk
from craftc.lm.executor import Executor
from craftc.lm.model import LanguageModel

SENTENCES = (" the dog is here.", " we are so old.")
TALKS = (
    Document(("hello", "the dog is here."), True),
    Document(("hi", "we are so old.", "why", "no."), True),
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    """A model that answers with one of two sentences."""
    return babbler(SENTENCES, tmp_path_factory.mktemp("babbler"))


def by_hand(model: LanguageModel, document: Document) -> float:
    """Returns the nats of replies and ends, fed token by token."""
    tokenizer = model.tokenizer
    ids: list[int] = []
    said: list[bool] = []
    for number, part in enumerate(document.parts):
        reply = number % 2 == 1
        tokens = tokenizer.encode(" " + part)
        ids += [1 if reply else 0, *tokens]
        said += [not reply and number > 0, *[reply] * len(tokens)]
    ids, said = [*ids, 0], [*said, True]
    name, total = model.graph.outputs["logits"], 0.0
    unit = 2.0 ** -model.graph.types()[name].format.frac
    executor = Executor(model)
    for t in range(len(ids) - 1):
        z = executor.step([ids[t]], [name])[name][0] * unit
        p = np.exp(z) / np.exp(z).sum()
        if said[t + 1]:
            total -= float(np.log(p[0] + p[1] if ids[t + 1] == 0 else p[ids[t + 1]]))
    return total


def test_nats_are_those_of_single_steps(model: LanguageModel) -> None:
    readings = read(model, TALKS)
    assert np.allclose([r.nats for r in readings], [by_hand(model, d) for d in TALKS])
    assert [r.tokens for r in readings] == [2, 7] and [r.characters for r in readings] == [17, 19]
    whole = likelihood(readings)
    assert whole.tokens == 9 and np.isclose(whole.nats_per_character * 36, whole.nats_per_token * 9)


def test_a_trained_model_prefers_what_it_was_trained_on(model: LanguageModel) -> None:
    other = random_model(seed=1, learned=SENTENCES, context=64)
    assert (
        likelihood(read(model, TALKS[:1])).nats_per_token
        < 1
        < likelihood(read(other, TALKS[:1])).nats_per_token
    )


def test_a_model_agrees_with_itself_and_not_with_noise(model: LanguageModel) -> None:
    mine, theirs = read(model, TALKS), read(random_model(seed=1, context=64), TALKS)
    assert agreement(mine, mine) == 1.0 and agreement(mine, theirs) < 1.0
    assert agreement([replace(mine[0], best={})], [mine[0]]) == 0.0


def test_all_figures_at_once(model: LanguageModel) -> None:
    seen: list[str] = []
    long = Document(("hello", "a" * 70 + "."), True)
    found = evaluate_model(model, [*TALKS, long], teacher=model, progress=lambda *now: seen.append(now[0]))
    assert (found.documents, found.too_long, found.agreement) == (2, 1, 1.0)
    assert found.teacher == found.text and found.talk.replies == 2 and found.talk.ended == 1.0
    assert "reading with small" in seen and "dialogues" in seen


def test_stories_are_continued(model: LanguageModel) -> None:
    found = evaluate_model(model, [Document(("the dog is here. the dog",), False)], replies=1)
    assert prompt_of(Document(("the dog is here. the dog",), False)) == "the dog is"
    assert found.talk.replies == 1 and found.text.tokens == found.text.characters - 17 + 2


def test_documents_that_do_not_fit_are_refused(model: LanguageModel) -> None:
    with pytest.raises(FormatError, match="none of 1 documents fits"):
        evaluate_model(model, [Document(("a" * 70, "b."), True)])


def test_unknown_characters_are_named(model: LanguageModel) -> None:
    with pytest.raises(ModelError, match="no token begins with '7'"):
        evaluate_model(model, [Document(("a", "7."), True)])


def test_talk_counts_ends_repetition_and_variety() -> None:
    def turn(reply: str, stop: int | None) -> Turn:
        return Turn(1, "a", (0,), (2,), reply, stop)

    found = talk([turn(" it is so", 0), turn(" it is it is", None), turn(" it is so", 1)])
    assert (found.replies, found.ended, found.distinct) == (3, 2 / 3, 2 / 3)
    assert np.isclose(found.repeated_pairs, (0 + 1 / 3 + 0) / 3) and np.isclose(found.words, 10 / 3)
    assert talk([]).replies == 0


def test_only_logits_can_be_read(model: LanguageModel) -> None:
    outputs = {role: name for role, name in model.graph.outputs.items() if role != "logits"}
    mute = replace(model, graph=replace(model.graph, outputs=outputs))
    with pytest.raises(ModelError, match="names no logits"):
        read(mute, TALKS)
