"""Soft targets: what a teacher might have said where a reply goes on, in the student's tokens.

A draw of the teacher starts where one of the student's tokens does, or in the middle of one:

    teacher   | that| sounds| wonderful|.|
    student   | that| sounds| wonder|ful|.|        targets of `ful`: the text alone

At a common start every candidate counts as its first token of the student's, the drawn one as the token that
follows in the text; all ends are one. Elsewhere the text is the target: it is a sample of the same draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.errors import FormatError
from craftc.lm.choices import Choices
from craftc.lm.corpus import Corpus
from craftc.lm.tokenizer import Tokenizer

Array = npt.NDArray[Any]
_LONGEST = 1 << 16
"""More characters than a reply has."""


@dataclass(frozen=True, slots=True, eq=False)
class Soft:
    """Candidates of every draw: ids (n, k) of the student, weights (n, k) that sum to 1."""

    ids: Array
    weights: Array


def soften(
    corpus: Corpus, targets: Sequence[Array], choices: Choices, tokenizer: Tokenizer, softness: float
) -> tuple[Soft, list[Array]]:
    """Returns the soft targets, and for every document the draw of each of its targets, -1 for none.

    `targets` are the tokens that the model has to say in every document, ends of replies included.
    `softness` 0 takes the probabilities of the draw, 1 the teacher's own, and between is a mixture.
    Raises FormatError if the choices are not those of this text.
    """
    _check(corpus, choices)
    lengths = np.array([len(text) for text in tokenizer.tokens])
    end = (tokenizer.before or tokenizer.stops)[0]
    lengths[end] = 1
    said = np.concatenate(targets)
    spoken = np.array([len(text) for text in choices.tokens.tolist()])
    spoken[choices.ends] = 1
    drawn = choices.drawn.astype(np.int64)
    mine = _starts(lengths[said], np.flatnonzero(said == end))
    theirs = _starts(spoken[drawn], np.cumsum(choices.lengths, dtype=np.int64) - 1)
    place = np.minimum(np.searchsorted(theirs, mine), len(theirs) - 1)
    draws = np.where(theirs[place] == mine, place, -1)
    found = _in_students_tokens(choices, tokenizer, softness)
    met = draws >= 0
    own = choices.ids[draws[met]] == choices.drawn[draws[met], None]
    found.ids[draws[met]] = np.where(own, said[met, None], found.ids[draws[met]])
    return found, np.split(draws.astype(np.int32), np.cumsum([len(t) for t in targets])[:-1])


def _check(corpus: Corpus, choices: Choices) -> None:
    """Raises FormatError if the replies are not what was drawn."""
    replies = [reply for document in corpus.documents for reply in document.replies]
    where, legal = "choices", "the text they were written with, all of it"
    if len(replies) != len(choices.lengths):
        why = f"are of {len(choices.lengths):,} replies, the text has {len(replies):,}"
        raise FormatError(why, where=where, legal=legal)
    texts = choices.tokens.tolist()
    ends = np.cumsum(choices.lengths, dtype=np.int64)
    drawn = choices.drawn.tolist()
    for number, (reply, first, last) in enumerate(
        zip(replies, (ends - choices.lengths).tolist(), ends.tolist(), strict=True), start=1
    ):
        made = "".join(texts[token] for token in drawn[first : last - 1])
        if made != f" {reply}":
            why = f"say {made!r} where reply {number:,} of the text is {reply!r}"
            raise FormatError(why, where=where, legal=legal)


def _starts(lengths: Array, last: Array) -> Array:
    """Returns where each token starts: its reply times _LONGEST, plus the characters before it.

    `last` are the places of the tokens that end a reply.
    """
    reply = np.zeros(len(lengths), dtype=np.int64)
    reply[last[:-1] + 1] = 1
    reply = np.cumsum(reply)
    before = np.cumsum(lengths) - lengths
    first = np.concatenate([[0], last[:-1] + 1])
    found: Array = reply * _LONGEST + before - before[first][reply]
    return found


def _in_students_tokens(choices: Choices, tokenizer: Tokenizer, softness: float) -> Soft:
    """Returns every candidate as the first token that the student writes it with."""
    marks = {*tokenizer.before, *tokenizer.after, *tokenizer.stops}
    known = set("".join(text for n, text in enumerate(tokenizer.tokens) if n not in marks))
    first = np.full(len(choices.tokens), -1)
    for token, text in enumerate(choices.tokens.tolist()):
        if text and set(text) <= known:
            first[token] = tokenizer.encode(text)[0]
    first[choices.ends] = (tokenizer.before or tokenizer.stops)[0]
    ids = first[choices.ids]
    drawn = choices.drawn_weights().astype(np.float32)
    own = choices.weights.astype(np.float32)
    weights = (1 - softness) * drawn / drawn.sum(1, keepdims=True)
    weights += softness * own / own.sum(1, keepdims=True)
    weights[ids < 0] = 0  # a candidate without a text that the student knows
    weights[weights.sum(1) == 0, 0] = 1
    return Soft(np.maximum(ids, 0).astype(np.int16), weights / weights.sum(1, keepdims=True))
