"""Encoded documents, and the batches of one step.

The loss counts targets that the model has to say: replies
and their ends, or everything. Step s of seed n is always the same batch, whatever came before, so a resumed
run sees what an uninterrupted one would have seen. Documents longer than the context are cut at its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from craftc.errors import FormatError
from craftc.lm.choices import Choices
from craftc.lm.corpus import Corpus
from craftc.lm.encoding import Bool, Encoder, Int64
from craftc.lm.tokenizer import Tokenizer
from craftc.train.soft import Array, Soft, soften

LossOn = Literal["replies", "all"]
_POOL = 32
"""Batches that are sorted by length together, so that a batch holds documents of about one length."""


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """Documents as ids; counted[i][t] says whether predicting ids[i][t+1] from ids[i][:t+1] counts."""

    ids: tuple[Int64, ...]
    counted: tuple[Bool, ...]
    characters: int
    """Characters of the counted targets; an end counts none."""
    soft: Soft | None = None
    draws: tuple[Array, ...] = ()
    """With `soft`: its row for each prediction, -1 where the text is the target."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def targets(self) -> int:
        """Counted targets."""
        return int(sum(c.sum() for c in self.counted))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows padded to one length: ids (B, T), next ids (B, T), counted (B, T).

    With soft targets: candidates (n, k) of the n counted places in order, and their weights (n, k).
    """

    ids: Int64
    targets: Int64
    counted: Bool
    candidates: Int64 | None = None
    weights: Array | None = None


def encode_corpus(
    corpus: Corpus,
    tokenizer: Tokenizer,
    context: int,
    loss_on: LossOn = "replies",
    *,
    whole: bool = False,
    choices: Choices | None = None,
    softness: float = 0.0,
) -> Sequences:
    """Returns all documents cut to `context` predictions; those without a counted target are left out.

    With `whole`, documents that would be cut are left out too, so that other models can be measured on the
    very same text. With `choices`, targets are soft. Raises FormatError if no document is left, or if the
    choices belong to other text.
    """
    encoder = Encoder(tokenizer)
    lengths = np.array([len(text) for text in tokenizer.tokens], dtype=np.int64)
    lengths[[*tokenizer.before, *tokenizer.after, *tokenizer.stops]] = 0  # marks are no text
    encoded = [encoder.document(document) for document in corpus.documents]
    soft, numbers = None, [np.full(len(mask), -1, dtype=np.int32) for _, mask in encoded]
    if choices is not None:
        soft, found = soften(corpus, [row[1:][mask] for row, mask in encoded], choices, tokenizer, softness)
        for (_, mask), places, drawn in zip(encoded, numbers, found, strict=True):
            places[mask] = drawn
    ids: list[Int64] = []
    counted: list[Bool] = []
    draws: list[Array] = []
    characters = 0
    for (row, mask), places in zip(encoded, numbers, strict=True):
        if loss_on == "all":
            mask = np.ones_like(mask)
        if whole and len(mask) > context:
            continue
        row, mask = row[: context + 1], mask[:context]
        if mask.any():
            ids.append(row)
            counted.append(mask)
            draws.append(places[: len(mask)])
            characters += int(lengths[row[1:]][mask].sum())
    if not ids:
        raise FormatError(
            "no document has a reply within the context", where="data", legal=f"{context} tokens"
        )
    return Sequences(tuple(ids), tuple(counted), characters, soft, tuple(draws) if soft else ())


def pad(rows: Sequence[int], sequences: Sequences) -> Batch:
    """Returns the batch of some documents; padding is token 0 and does not count."""
    longest = max(len(sequences.counted[r]) for r in rows)
    ids = np.zeros((len(rows), longest), dtype=np.int64)
    targets = np.zeros_like(ids)
    counted = np.zeros(ids.shape, dtype=np.bool_)
    for place, row in enumerate(rows):
        n = len(sequences.counted[row])
        ids[place, :n] = sequences.ids[row][:-1]
        targets[place, :n] = sequences.ids[row][1:]
        counted[place, :n] = sequences.counted[row]
    if sequences.soft is None:
        return Batch(ids, targets, counted)
    draws = np.concatenate([sequences.draws[row][sequences.counted[row]] for row in rows])
    return Batch(ids, targets, counted, *_soft(sequences.soft, draws, targets[counted]))


def _soft(soft: Soft, draws: Array, targets: Int64) -> tuple[Int64, Array]:
    """Returns candidates and weights (n, k) of some draws; -1 is the target alone."""
    candidates, weights = soft.ids[draws].astype(np.int64), soft.weights[draws]
    alone = draws < 0
    candidates[alone, 0] = targets[alone]
    weights[alone] = np.arange(weights.shape[1]) == 0
    return candidates, weights


class Batches:
    """The batch of every step. With `world` processes, process `rank` gets every world-th row."""

    def __init__(self, sequences: Sequences, size: int, seed: int, rank: int = 0, world: int = 1) -> None:
        self._sequences = sequences
        self._size = min(size, len(sequences))
        self._seed, self._rank, self._world = seed, rank, world
        self.per_epoch = len(sequences) // self._size
        self._lengths = np.array([len(c) for c in sequences.counted])
        self._epoch, self._order = -1, np.zeros((0, 0), dtype=np.int64)

    def __call__(self, step: int) -> Batch:
        """Returns this process's part of the batch of a step."""
        epoch, number = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._shuffle(epoch)
        rows = self._order[number]
        mine = rows[self._rank :: self._world] if self._world <= len(rows) else rows[:1]
        return pad(mine.tolist(), self._sequences)

    def _shuffle(self, epoch: int) -> Int64:
        """Returns (batches, size) rows of one epoch: shuffled, then sorted by length in pools."""
        rng = np.random.default_rng([self._seed, epoch])
        order = rng.permutation(len(self._sequences))[: self.per_epoch * self._size]
        pool = _POOL * self._size
        parts = [order[i : i + pool] for i in range(0, len(order), pool)]
        sorted_parts = [p[np.argsort(self._lengths[p], kind="stable")] for p in parts]
        batches = np.concatenate(sorted_parts).reshape(self.per_epoch, self._size)
        return batches[rng.permutation(self.per_epoch)]
