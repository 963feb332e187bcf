"""Documents as token ids, and which of their tokens a model has to say.

    dialogue    [before] user [after] reply [before] user [after] reply [end]
    story       [end] text [end]

`before` and `after` open the turns of user and model; the token after a reply ends it. For CraftGPT and the
models trained here that is the mark of the user's next turn, so the end of a reply needs no token of its own.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from craftc.errors import ModelError
from craftc.lm.corpus import Document
from craftc.lm.tokenizer import Tokenizer

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
WORD = r" ?[a-z']+| ?[.,?!]+| "
"""A word with the space before it; tokens learned here are parts of such words."""
_SPLIT = re.compile(WORD)


class Encoder:
    """Cuts much text fast: a tokenizer none of whose tokens crosses a word cuts each word on its own."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Raises ModelError for a tokenizer without a stop token, with which nothing could end."""
        if not tokenizer.stops:
            raise ModelError("has no token that ends a reply", where="tokenizer", legal="one or more stops")
        self.tokenizer = tokenizer
        marks = {*tokenizer.before, *tokenizer.after, *tokenizer.stops}
        texts = (text for n, text in enumerate(tokenizer.tokens) if n not in marks)
        self._by_word = all(_SPLIT.fullmatch(text) for text in texts)
        self._seen: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        """Returns the ids of a turn's text, as `Tokenizer.encode` of start + text. Raises ModelError."""
        whole = self.tokenizer.start + text
        words = _SPLIT.findall(whole)
        if not self._by_word or sum(map(len, words)) != len(whole):
            return self.tokenizer.encode(whole)  # names a character that it does not know
        ids: list[int] = []
        for word in words:
            if word not in self._seen:
                self._seen[word] = self.tokenizer.encode(word)
            ids += self._seen[word]
        return ids

    def document(self, document: Document) -> tuple[Int64, Bool]:
        """Returns ids (n,) and, for each of the n - 1 predictions, whether the model has to make it."""
        tokenizer = self.tokenizer
        end = (tokenizer.before or tokenizer.stops)[0]
        ids: list[int] = []
        said: list[bool] = []
        for number, part in enumerate(document.parts):
            reply = number % 2 == 1 or not document.chat
            opening = tokenizer.after if document.chat and reply else (tokenizer.before or (end,))
            ids += opening
            said += [document.chat and not reply and number > 0, *[False] * (len(opening) - 1)][
                : len(opening)
            ]
            tokens = self.encode(part)
            ids += tokens
            said += [reply] * len(tokens)
        return np.array([*ids, end], dtype=np.int64), np.array([*said, True], dtype=np.bool_)[1:]
