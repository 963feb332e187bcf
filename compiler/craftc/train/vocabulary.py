"""Small vocabularies: learned by byte-pair merging, or the characters alone.

The tokens are found with the `tokenizers` library, but text is cut as the hardware cuts it (`Tokenizer`):
always the longest token that is a prefix of the rest, a walk through a trie, which on small vocabularies is
as short as replaying the merges. Ids 0 and 1 are the marks ` [inst]` and ` [/inst]`; then come the 32
characters in the order of their codes, then the learned tokens in the order in which they were merged, so a
smaller vocabulary is a prefix of a larger one. No token reaches over the end of a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from craftc.errors import ConfigError
from craftc.lm.distill_filter import CHARSET
from craftc.lm.tokenizer import Tokenizer
from craftc.train.corpus import Corpus

Kind = Literal["bpe", "characters"]
USER, MODEL = 0, 1
"""Ids of the marks: the user's turn begins, the model's turn begins."""
MARKS = (" [inst]", " [/inst]")
LEAST, MOST = 64, 512
LONGEST = 16
"""Characters of the longest token, as in CraftGPT's list."""
WORD = r" ?[a-z']+| ?[.,?!]+| +"
"""A word with the space before it; tokens are parts of such words."""
_SPLIT = re.compile(WORD)


def train_vocabulary(corpus: Corpus, kind: Kind, size: int) -> Tokenizer:
    """Returns a tokenizer of `size` tokens, or fewer if the text has no more pairs to merge.

    Raises ConfigError for an illegal size and, for kind "bpe", if `tokenizers` is not installed.
    """
    if kind == "characters":
        return make_tokenizer(())
    if not LEAST <= size <= MOST:
        raise ConfigError(f"is {size}", where="setting vocabulary", legal=f"{LEAST}..{MOST}, or characters")
    texts = (f" {part}" for document in corpus.documents for part in document.parts)
    return make_tokenizer(_merges(texts, size - len(MARKS) - len(CHARSET)))


def make_tokenizer(learned: Sequence[str]) -> Tokenizer:
    """Returns the tokenizer of marks, characters and learned tokens, for dialogues as CraftGPT has them."""
    tokens = (*MARKS, *CHARSET, *learned)
    return Tokenizer(tokens, before=(USER,), after=(MODEL,), stops=(USER, MODEL), start=" ", lower=True)


def _merges(texts: Iterator[str], count: int) -> list[str]:
    """Returns the first `count` merged tokens in order of merging."""
    try:
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
    except ImportError as error:
        legal = "pip install 'craftc[train]', or vocabulary_kind characters"
        raise ConfigError("learning tokens needs tokenizers", where="vocabulary", legal=legal) from error
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORD), "isolated")
    trainer = trainers.BpeTrainer(
        vocab_size=count + len(CHARSET),
        initial_alphabet=list(CHARSET),
        show_progress=False,
        max_token_length=LONGEST,
    )
    tokenizer.train_from_iterator(texts, trainer)
    by_id = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    return [text for text, _ in by_id if len(text) > 1]


class Encoder:
    """Cuts much text fast: a tokenizer none of whose tokens crosses a word cuts each word on its own."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._seen: dict[str, list[int]] = {}
        self._by_word = all(_SPLIT.fullmatch(text) for text in tokenizer.tokens[len(MARKS) :])

    def encode(self, text: str) -> list[int]:
        """Returns the ids of one space and the text, as `Tokenizer.encode` does. Raises ModelError."""
        words = _SPLIT.findall(f" {text}")
        if not self._by_word or sum(map(len, words)) != len(text) + 1:
            return self._tokenizer.encode(f" {text}")  # names a character that it does not know
        ids: list[int] = []
        for word in words:
            if word not in self._seen:
                self._seen[word] = self._tokenizer.encode(word)
            ids += self._seen[word]
        return ids
