"""How alike two models of one vocabulary are: replies that are equal, and nats on the same text.

Used for one model in two numerics, and for a student against its teacher.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from craftc.errors import ModelError
from craftc.lm.crowd import Progress, converse
from craftc.lm.dialogue import Turn
from craftc.lm.measure import score
from craftc.lm.model import LanguageModel


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two models on the same prompts and seeds; nats per token are on the replies of the first."""

    dialogues: int
    equal_replies: int
    reply_tokens: int
    equal_tokens: int
    """Tokens of the first model's replies before the first difference, and of equal replies all."""

    tokens: int
    """Tokens that were scored: replies and their stops."""

    nats: float
    other_nats: float
    spread: float
    """Mean absolute difference of the nats of one token."""

    @property
    def equal_share(self) -> float:
        """Share of the replies that are equal."""
        return self.equal_replies / self.dialogues

    @property
    def difference(self) -> float:
        """Nats per token that the other model has more."""
        return self.other_nats - self.nats


def agreement(
    model: LanguageModel,
    other: LanguageModel,
    prompts: Sequence[str],
    seeds: Sequence[int],
    progress: Progress | None = None,
) -> Agreement:
    """Returns how alike the replies of two models are, and how surprising the first one's are to each.

    Raises ModelError for models of different tokens, and for no dialogue at all.
    """
    if model.tokenizer != other.tokenizer:
        raise ModelError("has other tokens", where=other.name, legal=f"those of {model.name}")
    if not prompts:
        raise ModelError("no prompts", where="agreement", legal="one or more")
    turns = converse(model, prompts, seeds, progress=progress)
    others = converse(other, prompts, seeds, progress=progress)
    rows = [_row(model, turn) for turn in turns]
    starts = [len(turn.prompt_tokens) + len(model.tokenizer.after) - 1 for turn in turns]
    mine, theirs = (
        np.concatenate([n[start:] for n, start in zip(score(m, rows), starts, strict=True)])
        for m in (model, other)
    )
    return Agreement(
        dialogues=len(turns),
        equal_replies=sum(_drawn(a) == _drawn(b) for a, b in zip(turns, others, strict=True)),
        reply_tokens=sum(len(_drawn(turn)) for turn in turns),
        equal_tokens=sum(_common(_drawn(a), _drawn(b)) for a, b in zip(turns, others, strict=True)),
        tokens=len(mine),
        nats=float(mine.mean()),
        other_nats=float(theirs.mean()),
        spread=float(np.abs(theirs - mine).mean()),
    )


def _drawn(turn: Turn) -> tuple[int, ...]:
    return turn.reply_tokens if turn.stop is None else (*turn.reply_tokens, turn.stop)


def _row(model: LanguageModel, turn: Turn) -> list[int]:
    """Returns prompt, opening of the reply, reply and stop; cut at the context."""
    row = [*turn.prompt_tokens, *model.tokenizer.after, *_drawn(turn)]
    return row[: model.context + 1]


def _common(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    """Returns how many tokens agree from the start on."""
    for n, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return n
    return min(len(a), len(b))
