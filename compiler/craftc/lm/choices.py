"""What a teacher might have said at every token of its replies: the candidates of each draw.

    choices.npz, for the n draws of all replies of train.txt, the ends of replies included, in its order
        tokens   (V,)    text of every token of the teacher
        ends     (e,)    tokens that end a reply
        floor    ()      least probability of a candidate that is drawn, but for the best
        lengths  (r,)    draws of every reply
        drawn    (n,)    the token that was drawn
        ids      (n, k)  candidates, best first
        weights  (n, k)  the teacher's probabilities of them

Probabilities are in units of 2^-15. Whoever trains on them learns from one dialogue what hard targets say in
many.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from craftc.errors import FormatError
from craftc.lm.model import LanguageModel

Array = npt.NDArray[Any]
Draws = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Of one reply: the tokens drawn (n,), its end included, and the keys of their candidates (n, k)."""
CHOICES = "choices.npz"
WEIGHT_BITS = 15
_DTYPES = {
    "tokens": np.dtype(np.str_),
    **{name: np.dtype(np.uint16) for name in ("ends", "lengths", "floor", "drawn", "ids", "weights")},
}


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """The arrays of the file; `lengths` counts the draws of each reply, in the order of the dialogues."""

    tokens: Array
    ends: Array
    floor: Array
    lengths: Array
    drawn: Array
    ids: Array
    weights: Array

    def drawn_weights(self) -> Array:
        """Returns int64 (n, k): the probabilities of the draw, units of 2^-15, rows that sum to 2^15.

        A candidate under the floor is never drawn, and the best one takes what is left.
        """
        p = self.weights.astype(np.int64)
        p[:, 1:][p[:, 1:] < int(self.floor)] = 0
        p[:, 0] = (1 << WEIGHT_BITS) - p[:, 1:].sum(axis=1)
        return p

    def to_bytes(self) -> bytes:
        """Returns the file; equal choices give equal bytes."""
        buffer = io.BytesIO()
        np.savez(buffer, **{name: getattr(self, name).astype(kind) for name, kind in _DTYPES.items()})
        return buffer.getvalue()


def make_choices(teacher: LanguageModel, replies: Sequence[Draws]) -> Choices:
    """Returns the choices of replies."""
    node = teacher.graph.node(teacher.graph.outputs["sample"])
    bits = teacher.graph.types()[teacher.graph.outputs["state"]].format.bits  # a draw is 0 .. 2^bits - 1
    unit = max(0, bits - WEIGHT_BITS), max(0, WEIGHT_BITS - bits)
    keys = np.concatenate([found for _, found in replies])  # (n, k), largest first
    p = np.minimum(keys >> node["id_bits"] + unit[0] << unit[1], (1 << WEIGHT_BITS) - 1)
    return Choices(
        np.array([teacher.tokenizer.decode([token]) for token in range(teacher.vocabulary)]),
        np.array(teacher.tokenizer.stops),
        np.array(-(-int(node["floor"]) >> unit[0]) << unit[1]),
        np.array([len(drawn) for drawn, _ in replies]),
        np.concatenate([drawn for drawn, _ in replies]),
        np.where(p > 0, keys & ((1 << node["id_bits"]) - 1), 0),
        p,
    )


def read_choices(path: Path) -> Choices:
    """Returns the choices of a file. Raises FormatError if it is absent, damaged or contradicts itself."""
    legal = f"the {CHOICES} that craftc data distill wrote beside its train.txt"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise FormatError(f"cannot be read: {error}", where=str(path), legal=legal) from error
    if set(found) != set(_DTYPES) or any(
        found[name].dtype.kind != kind.kind for name, kind in _DTYPES.items()
    ):
        raise FormatError("holds other arrays", where=str(path), legal=legal)
    choices = Choices(**found)
    if why := _contradiction(choices):
        raise FormatError(why, where=str(path), legal=legal)
    return choices


def _contradiction(c: Choices) -> str:
    """Returns what is wrong with the arrays, or ""."""
    n = len(c.drawn)
    if c.ids.ndim != 2 or c.ids.shape != c.weights.shape or len(c.ids) != n or not n:
        return f"has {n} draws and candidates of shapes {c.ids.shape} and {c.weights.shape}"
    if int(c.lengths.sum()) != n or not (c.lengths > 0).all():
        return f"has replies of {int(c.lengths.sum())} draws, and {n} draws"
    if max(int(c.ids.max()), int(c.drawn.max()), int(c.ends.max(initial=0))) >= len(c.tokens):
        return f"names tokens past the last of {len(c.tokens)}"
    if int(c.weights.sum(axis=1, dtype=np.int64).max()) > 1 << WEIGHT_BITS:
        return "has probabilities that sum to more than 1"
    if c.floor.shape:
        return f"has floors of shape {c.floor.shape}"
    return ""
