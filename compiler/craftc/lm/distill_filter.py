"""Which distilled replies are kept: finished, neither too short nor too long, no loops, no invented words.

Nothing is repaired. Whoever asks cuts a dialogue before its first refused reply.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

CHARSET = " abcdefghijklmnopqrstuvwxyz.,?!'"
"""The 32 characters of the console, by code."""

ENDINGS = ("", "s", "es", "d", "ed", "er", "est", "ing", "ly", "'s", "y", "ness")
"""What a known word may end in and still be known."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits of a reply. Counts of words unless said otherwise."""

    least: int = 3
    most: int = 30
    same_word: int = 2
    """A word of four letters or more may occur this often in one reply."""
    repeated: int = 2
    """No run of this many words may occur twice in one reply."""
    words: frozenset[str] = field(default_factory=frozenset)
    """Known words; empty: every word is known."""


def refusal(reply: str, rules: Rules, earlier: Sequence[str] = ()) -> str:
    """Returns why a reply is refused, in a word or two, or "" if it is kept."""
    if not set(reply) <= set(CHARSET):
        return "characters"
    words = [w.strip(".,?!") for w in reply.split()]
    if not rules.least <= len(words) <= rules.most:
        return "length"
    if reply[-1] not in ".?!":
        return "unfinished"
    if reply in earlier or _loops(words, rules):
        return "repetition"
    if rules.words and not all(known(word, rules.words) for word in words):
        return "invented word"
    return ""


def known(word: str, words: frozenset[str]) -> bool:
    """Returns whether a word is listed, bare or before one of the endings."""
    return any(word.endswith(end) and word[: len(word) - len(end)] in words for end in ENDINGS)


def _loops(words: Sequence[str], rules: Rules) -> bool:
    """Returns whether words follow themselves, stand on both sides of `and`, or come too often."""
    runs = Counter(tuple(words[i : i + rules.repeated]) for i in range(len(words) - rules.repeated + 1))
    if any(n > 1 for n in runs.values()):
        return True
    if any(a == b for a, b in pairwise(words)):
        return True
    if any(a == c and b in ("and", "or") for a, b, c in zip(words, words[1:], words[2:], strict=False)):
        return True
    return any(n > rules.same_word and len(w) > 3 for w, n in Counter(words).items())


def known_words(tokens: Sequence[str]) -> frozenset[str]:
    """Returns the whole words of a token list: those that begin with a space and hold letters only."""
    return frozenset(t[1:] for t in tokens if t[:1] == " " and t[1:].replace("'", "").isalpha())
