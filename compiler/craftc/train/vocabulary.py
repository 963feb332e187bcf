"""Small vocabularies: learned by byte-pair merging, or the characters alone.

The tokens are found with the `tokenizers` library, but text is cut as the hardware cuts it (`Tokenizer`):
always the longest token that is a prefix of the rest, a walk through a trie, which on small vocabularies is
as short as replaying the merges. Ids 0 and 1 are the marks ` [inst]` and ` [/inst]`; then come the 32
characters in the order of their codes, then the learned tokens in the order in which they were merged, so a
smaller vocabulary is a prefix of a larger one. No token reaches over the end of a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from craftc.errors import ConfigError
from craftc.lm.corpus import Corpus
from craftc.lm.distill_filter import CHARSET
from craftc.lm.encoding import WORD
from craftc.lm.tokenizer import Tokenizer

Kind = Literal["bpe", "characters"]
USER, MODEL = 0, 1
"""Ids of the marks: the user's turn begins, the model's turn begins."""
MARKS = (" [inst]", " [/inst]")
LEAST, MOST = 64, 512
LONGEST = 16
"""Characters of the longest token, as in CraftGPT's list."""


def train_vocabulary(corpus: Corpus, kind: Kind, size: int) -> Tokenizer:
    """Returns a tokenizer of `size` tokens, or fewer if the text has no more pairs to merge.

    Raises ConfigError for an illegal size and, for kind "bpe", if `tokenizers` is not installed.
    """
    chat = corpus.documents[0].chat
    if kind == "characters":
        return make_tokenizer((), chat)
    if not LEAST <= size <= MOST:
        raise ConfigError(f"is {size}", where="setting vocabulary", legal=f"{LEAST}..{MOST}, or characters")
    texts = (f" {part}" for document in corpus.documents for part in document.parts)
    return make_tokenizer(_merges(texts, size - len(MARKS) - len(CHARSET)), chat)


def make_tokenizer(learned: Sequence[str], chat: bool = True) -> Tokenizer:
    """Returns the tokenizer of marks, characters and learned tokens.

    Dialogues are marked as CraftGPT's; a story begins and ends with token 0, and a prompt is its beginning.
    """
    after = (MODEL,) if chat else ()
    tokens = (*MARKS, *CHARSET, *learned)
    return Tokenizer(tokens, before=(USER,), after=after, stops=(USER, MODEL), start=" ", lower=True)


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
