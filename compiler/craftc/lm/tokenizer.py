"""Text to tokens and back: repeatedly the longest token that begins the rest of the text.

Ids that open a turn or end a reply have a text to show, but are never found in a prompt. Ids past the
list have no text: a model may give them a probability, and they decode to nothing legible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from craftc.errors import ModelError

KIND = "longest-prefix"
NO_TEXT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Tokenizer:
    """A token list and how a turn is made of it."""

    tokens: tuple[str, ...]
    before: tuple[int, ...] = ()
    """Ids processed before a prompt, the opening of the user's turn."""

    after: tuple[int, ...] = ()
    """Ids processed after it, the opening of the model's turn."""

    stops: tuple[int, ...] = ()
    """Ids that end a reply; they are drawn, never processed."""

    start: str = ""
    """Text put before a prompt."""

    lower: bool = False
    """Whether prompts are lower-cased."""

    def __post_init__(self) -> None:
        _check(self)

    @cached_property
    def _ids(self) -> dict[str, int]:
        special = {*self.before, *self.after, *self.stops}
        return {text: i for i, text in enumerate(self.tokens) if i not in special}

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._ids), default=0)

    def encode(self, text: str) -> list[int]:
        """Returns the ids of a text as it stands.

        Raises ModelError naming the first character, from 1, at which no token begins.
        """
        found: list[int] = []
        at = 0
        while at < len(text):
            for size in range(min(self._longest, len(text) - at), 0, -1):
                if (token := self._ids.get(text[at : at + size])) is not None:
                    break
            else:
                legal = "characters " + repr("".join(sorted({c for t in self._ids for c in t})))
                raise ModelError(f"no token begins with {text[at]!r}", where=_place(text, at), legal=legal)
            found.append(token)
            at += size
        return found

    def prompt(self, text: str) -> list[int]:
        """Returns the ids of a user's turn: its opening, then the prompt. Raises as `encode` does."""
        if not text.strip():
            raise ModelError("is empty", where="prompt", legal="some text")
        return [*self.before, *self.encode(self.start + (text.lower() if self.lower else text))]

    def decode(self, ids: Sequence[int]) -> str:
        """Returns the text of ids; one without a text shows as a replacement character."""
        return "".join(self.tokens[i] if 0 <= i < len(self.tokens) else NO_TEXT for i in ids)

    def to_plain(self) -> dict[str, Any]:
        """Returns the dictionary of docs/lm-checkpoint.md."""
        return {
            "kind": KIND, "tokens": list(self.tokens), "before": list(self.before), "after": list(self.after),
            "stops": list(self.stops), "start": self.start, "lower": self.lower,
        }  # fmt: skip


def _place(text: str, at: int) -> str:
    around = text[max(0, at - 12) : at + 12]
    return f"character {at + 1} of {text!r}" if len(text) <= 40 else f"character {at + 1}, in {around!r}"


def _check(tokenizer: Tokenizer) -> None:
    """Raises ModelError unless texts are distinct and not empty, and the special ids exist."""
    seen: dict[str, int] = {}
    for index, text in enumerate(tokenizer.tokens):
        if not text:
            raise ModelError(
                f"token {index} is empty", where="tokenizer", legal="a text of 1 or more characters"
            )
        if text in seen:
            raise ModelError(
                f"tokens {seen[text]} and {index} are both {text!r}",
                where="tokenizer",
                legal="distinct texts",
            )
        seen[text] = index
    for name in ("before", "after", "stops"):
        for token in getattr(tokenizer, name):
            if not 0 <= token < len(tokenizer.tokens):
                raise ModelError(
                    f"{name} names token {token}", where="tokenizer", legal=f"0..{len(tokenizer.tokens) - 1}"
                )


def from_plain(plain: Any) -> Tokenizer:
    """Returns the tokenizer of a dictionary. Raises ModelError naming what is missing or of a wrong type."""
    kinds = {
        "kind": str,
        "tokens": list,
        "before": list,
        "after": list,
        "stops": list,
        "start": str,
        "lower": bool,
    }
    if not isinstance(plain, dict) or set(plain) != set(kinds):
        raise ModelError("is not a tokenizer", where="tokenizer", legal=", ".join(kinds))
    for key, kind in kinds.items():
        value = plain[key]
        inner = str if key == "tokens" else int
        if type(value) is not kind or (
            isinstance(value, list) and any(type(item) is not inner for item in value)
        ):
            raise ModelError(f"{key} is not what it must be", where="tokenizer", legal=kind.__name__)
    if plain["kind"] != KIND:
        raise ModelError(f"kind is {plain['kind']!r}", where="tokenizer", legal=repr(KIND))
    return Tokenizer(
        tuple(plain["tokens"]), tuple(plain["before"]), tuple(plain["after"]), tuple(plain["stops"]),
        plain["start"], plain["lower"],
    )  # fmt: skip
