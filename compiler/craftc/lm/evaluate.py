"""How good a language model is on text and in talk, in exact integers.

On text: the nats of what the model has to say (replies and their ends), per token and per character, so that
vocabularies compare. The end of a reply is any of the model's stop tokens. Only documents that fit whole into
the contexts of all models compared are used. In talk: replies to the first turns of the same documents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from craftc.errors import FormatError, ModelError
from craftc.ir.types import Fixed
from craftc.lm.corpus import Document
from craftc.lm.crowd import converse
from craftc.lm.dialogue import Turn
from craftc.lm.encoding import Bool, Encoder, Int64
from craftc.lm.executor import Executor
from craftc.lm.model import LanguageModel

Progress = Callable[[str, int, int], None]
Float64 = npt.NDArray[np.float64]
BATCH = 64


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Surprise at what has to be said."""

    nats_per_token: float
    nats_per_character: float
    tokens: int
    """Counted tokens, ends included."""
    characters: int


@dataclass(frozen=True, slots=True)
class Talk:
    """What replies are like."""

    replies: int
    ended: float
    """Share that end with a stop token, not with the context."""
    repeated_pairs: float
    """Share of the word pairs of a reply that it has said before, mean over replies."""
    distinct: float
    """Different replies over all replies."""
    words: float
    """Mean words per reply."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One model on one file of documents, beside its teacher if there is one."""

    documents: int
    too_long: int
    """Documents left out because a context is too short."""
    text: Likelihood
    talk: Talk
    teacher: Likelihood | None = None
    agreement: float | None = None
    """Share of word starts at which the best tokens of model and teacher begin alike (see `agreement`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One document read by a model: nats of what it has to say, and its best token at every word start."""

    nats: float
    tokens: int
    characters: int
    best: dict[int, str]
    """Text of the most probable token by offset in the replies, where a word begins there."""


def evaluate_model(
    model: LanguageModel,
    documents: Sequence[Document],
    teacher: LanguageModel | None = None,
    replies: int = 200,
    seed: int = 1,
    progress: Progress | None = None,
) -> Evaluation:
    """Returns the figures of a model on documents.

    Raises FormatError if no document fits the contexts or holds a reply, ModelError for a character that a
    model does not know and for a model that does not draw.
    """
    models = [model] if teacher is None else [model, teacher]
    fitting = [d for d in documents if all(_fits(d, m) for m in models)]
    if not fitting:
        legal = f"documents of at most {min(m.context for m in models)} tokens"
        raise FormatError(f"none of {len(documents)} documents fits", where=model.name, legal=legal)
    mine = read(model, fitting, progress)
    theirs = read(teacher, fitting, progress) if teacher is not None else None
    prompts = [prompt_of(d) for d in fitting[:replies]]
    turns = converse(model, prompts, [seed + n for n in range(len(prompts))], progress=progress)
    return Evaluation(
        documents=len(fitting),
        too_long=len(documents) - len(fitting),
        text=likelihood(mine),
        talk=talk(turns),
        teacher=likelihood(theirs) if theirs is not None else None,
        agreement=agreement(mine, theirs) if theirs is not None else None,
    )


def _fits(document: Document, model: LanguageModel) -> bool:
    return len(Encoder(model.tokenizer).document(document)[0]) - 1 <= model.context


def prompt_of(document: Document) -> str:
    """Returns what a model is asked: the first turn of a dialogue, the first half of a story's words."""
    if document.chat:
        return document.parts[0]
    words = document.parts[0].split()
    return " ".join(words[: max(1, len(words) // 2)])


def likelihood(readings: Sequence[Reading]) -> Likelihood:
    """Returns the mean nats over all readings."""
    nats = sum(r.nats for r in readings)
    tokens, characters = sum(r.tokens for r in readings), sum(r.characters for r in readings)
    return Likelihood(nats / tokens, nats / characters, tokens, characters)


def agreement(mine: Sequence[Reading], theirs: Sequence[Reading]) -> float:
    """Returns how often the best tokens at the start of a word begin alike: one is a prefix of the other.

    Counted where both models have a token boundary; models of different vocabularies compare.
    """
    alike = [
        a.best[at].startswith(b.best[at]) or b.best[at].startswith(a.best[at])
        for a, b in zip(mine, theirs, strict=True)
        for at in sorted(set(a.best) & set(b.best))
    ]
    return float(np.mean(alike)) if alike else 0.0


def talk(turns: Sequence[Turn]) -> Talk:
    """Returns what replies are like; the figures of no replies are 0."""
    if not turns:
        return Talk(0, 0.0, 0.0, 0.0, 0.0)
    words = [turn.reply.split() for turn in turns]
    return Talk(
        replies=len(turns),
        ended=float(np.mean([turn.stop is not None for turn in turns])),
        repeated_pairs=float(np.mean([_repeated(w) for w in words])),
        distinct=len({turn.reply for turn in turns}) / len(turns),
        words=float(np.mean([len(w) for w in words])),
    )


def _repeated(words: Sequence[str]) -> float:
    """Returns the share of word pairs that stood in the reply before."""
    pairs = Counter(pairwise(words))
    total = sum(pairs.values())
    return (total - len(pairs)) / total if total else 0.0


def read(
    model: LanguageModel, documents: Sequence[Document], progress: Progress | None = None
) -> list[Reading]:
    """Returns how the model reads every document. Raises ModelError if one is longer than the context."""
    encoder = Encoder(model.tokenizer)
    rows = [encoder.document(document) for document in documents]
    order = sorted(range(len(rows)), key=lambda n: len(rows[n][0]))  # batches of about one length
    found: dict[int, Reading] = {}
    for start in range(0, len(order), BATCH):
        part = order[start : start + BATCH]
        found.update(zip(part, _read([rows[n] for n in part], model), strict=True))
        if progress is not None:
            progress(f"reading with {model.name}", start + len(part), len(order))
    return [found[n] for n in range(len(rows))]


def _read(rows: Sequence[tuple[Int64, Bool]], model: LanguageModel) -> list[Reading]:
    name = model.graph.outputs.get("logits")
    if name is None:
        raise ModelError("names no logits", where=model.name, legal="a graph with the output logits")
    form = model.graph.types()[name].format
    assert isinstance(form, Fixed)
    longest = max(len(ids) for ids, _ in rows)
    tokens = np.zeros((len(rows), longest), dtype=np.int64)
    for n, (ids, _) in enumerate(rows):
        tokens[n, : len(ids)] = ids
    nats = np.zeros((len(rows), longest - 1))
    best = np.zeros((len(rows), longest - 1), dtype=np.int64)
    executor = Executor(model, len(rows))
    for t in range(longest - 1):
        z = executor.step(tokens[:, t], [name])[name] * 2.0**-form.frac  # (B, V)
        nats[:, t] = _surprise(z, tokens[:, t + 1], model.tokenizer.stops)
        best[:, t] = z.argmax(axis=1)
    return [
        _reading(ids, counted, nats[n, : len(counted)], best[n, : len(counted)], model)
        for n, (ids, counted) in enumerate(rows)
    ]


def _surprise(z: Float64, targets: Int64, stops: Sequence[int]) -> Float64:
    """Returns (B,) nats of the targets given logits (B, V); a stop counts as all stops together."""
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    stop = np.isin(targets, stops)
    chosen = np.where(
        stop, e[:, list(stops)].sum(axis=1), np.take_along_axis(e, targets[:, None], axis=1)[:, 0]
    )
    found: Float64 = np.log(e.sum(axis=1)) - np.log(chosen)
    return found


def _reading(ids: Int64, counted: Bool, nats: Float64, best: Int64, model: LanguageModel) -> Reading:
    marks = {*model.tokenizer.before, *model.tokenizer.after, *model.tokenizer.stops}
    offset = 0
    choices: dict[int, str] = {}
    for t in np.flatnonzero(counted).tolist():
        target = int(ids[t + 1])
        text = "" if target in marks else model.tokenizer.tokens[target]
        if text.startswith(" "):
            choices[offset] = model.tokenizer.decode([int(best[t])])
        offset += len(text)
    return Reading(float(nats[counted].sum()), int(counted.sum()), offset, choices)
