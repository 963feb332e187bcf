"""The token ROMs of CraftGPT: characters, where each token begins, and the trie that finds the longest.

`indices[id]` is where token id begins in `chars`; its characters follow until a 1. A trie entry is
tag (6 bits) << 14 + argument (14 bits), a record is a run of entries, the root record begins at 0.

    tag 1   the prefix so far is token `argument`; children follow
    tag 2   the record ends
    tag 3   the prefix is token `argument`, and the record ends
    else    a character code: the record of that child begins at `argument`
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.errors import FormatError
from craftc.lm.tokenizer import Tokenizer
from craftc.model.craftgpt.layout import NAMED

Array = npt.NDArray[Any]
USER, MODEL = 0, 1
SPECIAL = (" [inst]", " [/inst]")
END, END_OF_RECORD, LAST = 1, 2, 3
_PUNCTUATION = {16: "!", 17: "?", 18: ".", 19: ",", 20: ";", 21: "-", 22: "'", 63: " "}
CHARACTERS = {**_PUNCTUATION, **{32 + n: chr(ord("a") + n) for n in range(26)}}
"""Character of every code, the two codes of the special tokens apart."""


def spelled(chars: Array, indices: Array, where: str) -> list[str]:
    """Returns the text of every token as the ROMs spell it.

    Raises FormatError naming the entry that is no character, or a token that has no end.
    """
    texts = list(SPECIAL)
    for token in range(len(SPECIAL), NAMED):
        at, text = int(indices[token]), ""
        while (code := int(chars[at])) != END:
            if code not in CHARACTERS or at + 1 >= len(chars):
                legal = "a character code, ended by 1"
                raise FormatError(f"entry {at} is {code}", where=f"{where}: tokens/chars.bin", legal=legal)
            text += CHARACTERS[code]
            at += 1
        texts.append(text)
    return texts


def walked(trie: Array, where: str) -> dict[int, str]:
    """Returns the tokens that the trie finds, by id.

    Raises FormatError naming the entry that leads outside, is reached twice, or has no end.
    """
    found: dict[int, str] = {}
    pending = [(0, "")]
    seen: set[int] = set()
    while pending:
        at, prefix = pending.pop()
        while True:
            if at >= len(trie) or at in seen:
                legal = f"records inside 0..{len(trie) - 1} that end and are reached once"
                raise FormatError(f"entry {at} is no record", where=f"{where}: tokens/trie.bin", legal=legal)
            seen.add(at)
            tag, argument = int(trie[at]) >> 14, int(trie[at]) & (1 << 14) - 1
            if tag in (END, LAST):
                found[argument] = prefix
            elif tag in CHARACTERS:
                pending.append((argument, prefix + CHARACTERS[tag]))
            elif tag not in (0, END_OF_RECORD):
                raise FormatError(
                    f"entry {at} has tag {tag}", where=f"{where}: tokens/trie.bin", legal="a tag"
                )
            if tag in (END_OF_RECORD, LAST):
                break
            at += 1
    return found


def tokenizer_of(chars: Array, indices: Array, trie: Array, listed: bytes | None, where: str) -> Tokenizer:
    """Returns the tokenizer that the ROMs describe.

    Raises FormatError naming the first token on which the character ROM, the trie and tokens.txt differ.
    """
    texts = spelled(chars, indices, where)
    found = walked(trie, where)
    for token in range(len(SPECIAL), NAMED):
        if found.get(token) != texts[token]:
            legal = f"{texts[token]!r}, as tokens/chars.bin spells it"
            raise FormatError(
                f"token {token} is {found.get(token)!r}", where=f"{where}: tokens/trie.bin", legal=legal
            )
    surplus = sorted(set(found) - set(range(NAMED)))
    if surplus:
        legal = f"0..{NAMED - 1}"
        raise FormatError(f"names token {surplus[0]}", where=f"{where}: tokens/trie.bin", legal=legal)
    if listed is not None:
        _compare(listed, texts, where)
    return Tokenizer(tuple(texts), (USER,), (MODEL,), (USER, MODEL), start=" ", lower=True)


def _compare(listed: bytes, texts: list[str], where: str) -> None:
    """Raises FormatError naming the first line of tokens.txt that differs from the ROMs."""
    if listed != token_list(texts):
        lines = listed.decode("utf-8", "replace").split("\n")
        wanted = token_list(texts).decode().split("\n")
        at = next((i for i, pair in enumerate(zip(lines, wanted, strict=False)) if pair[0] != pair[1]),
                  min(len(lines), len(wanted)))  # fmt: skip
        is_ = repr(lines[at]) if at < len(lines) else "missing"
        legal = repr(wanted[at]) if at < len(wanted) else f"{NAMED} lines"
        raise FormatError(f"line {at + 1} is {is_}", where=f"{where}: tokens.txt", legal=legal)


def token_list(texts: list[str] | tuple[str, ...]) -> bytes:
    """Returns tokens.txt: a token per line, `_` for a space."""
    return "".join(f"{text.replace(' ', '_')}\n" for text in texts).encode()


def rom_tensors(chars: Array, indices: Array, trie: Array) -> dict[str, Array]:
    """Returns the ROMs as tensors that belong to no operator."""
    return {
        "rom.chars": chars.astype(np.uint8), "rom.indices": indices.astype(np.int16),
        "rom.trie": trie.astype(np.int32),
    }  # fmt: skip
