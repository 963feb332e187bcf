"""Weight files of CraftGPT's form with random numbers and invented words, for tests without the real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from craftc.lm.tokenizer import Tokenizer
from craftc.model.craftgpt.layout import FILES, NAMED
from craftc.model.craftgpt.source import to_le24
from craftc.model.craftgpt.tokens import CHARACTERS, END, END_OF_RECORD, LAST, SPECIAL, token_list

CODE = {character: code for code, character in CHARACTERS.items()}


def invented_tokens() -> list[str]:
    """Return 1,906 distinct texts: two special ones, all characters, and words that share beginnings."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [*"-!.,?;'", " ", *letters, *(f" {a}" for a in letters)]
    words += [f" {a}{b}{c}" for a in letters for b in letters for c in "aeiou"]
    return [*SPECIAL, *words[: NAMED - len(SPECIAL)]]


def token_roms(texts: list[str]) -> dict[str, bytes]:
    """Return the three token ROMs of a token list."""
    chars, indices = [0, 2, 0, 2], [0, 2]
    for text in texts[len(SPECIAL) :]:
        indices.append(len(chars))
        chars += [*(CODE[c] for c in text), END]
    padded = {"chars": (chars, 1 << 14), "indices": (indices, 2048), "trie": (trie(texts), 1 << 14)}
    return {
        f"tokens/{name}.bin": to_le24(np.array(values + [0] * (size - len(values))))
        for name, (values, size) in padded.items()
    }


def trie(texts: list[str]) -> list[int]:
    """Return the trie of all but the special tokens, breadth first; the root record begins at 0."""
    ids = {text: n for n, text in enumerate(texts) if n >= len(SPECIAL)}
    prefixes = {text[:n] for text in ids for n in range(len(text) + 1)}
    children = {p: sorted(q for q in prefixes if len(q) == len(p) + 1 and q.startswith(p)) for p in prefixes}
    order = sorted(prefixes, key=lambda p: (len(p), p))
    sizes = {p: len(children[p]) + (1 if not children[p] else 1 + (p in ids)) for p in order}
    starts = dict(zip(order, np.cumsum([0, *(sizes[p] for p in order)]).tolist(), strict=False))
    made: list[int] = []
    for p in order:
        if not children[p]:
            made.append(LAST << 14 | ids[p])
            continue
        made += [END << 14 | ids[p]] if p in ids else []
        made += [CODE[q[-1]] << 14 | starts[q] for q in children[p]]
        made.append(END_OF_RECORD << 14)
    return made


def write_fake(folder: Path, seed: int = 0) -> Path:
    """Write a complete set of weight files with tokens.txt into a folder, and return it."""
    rng = np.random.default_rng(seed)
    texts = invented_tokens()
    roms = token_roms(texts)
    for file in FILES:
        path = folder / "weight_files" / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.path in roms:
            path.write_bytes(roms[file.path])
        elif file.kind == "codes":
            codes = rng.integers(0, 256, file.count).astype(np.uint8)
            path.write_bytes(np.where(codes == 128, 7, codes).astype(np.uint8).tobytes())
        else:
            most = {"softmax.bin": (1 << 18), "softmax_2.bin": 1 << 23}.get(file.path, file.most)
            path.write_bytes(to_le24(rng.integers(0, most + 1, file.count)))
    (folder / "tokens.txt").write_bytes(token_list(texts))
    Tokenizer(tuple(texts))
    return folder
