"""What happens inside dialogues: recorded operands of an operator, and how surprising a text is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.errors import ModelError
from craftc.ir.types import Fixed
from craftc.lm.crowd import BATCH, converse
from craftc.lm.executor import Executor
from craftc.lm.model import Array, Int64, LanguageModel


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Operands of one operator in the order in which dialogues met them; row n of x gave row n of y."""

    x: Int64  # (n, ...) its first input
    y: Int64  # (n, ...)
    dialogues: Int64  # (n,) number of the dialogue


def record(
    model: LanguageModel,
    prompts: Sequence[str],
    seeds: Sequence[int],
    operators: Sequence[str],
    limit: int | None = None,
) -> dict[str, Recording]:
    """Returns what the named operators took and gave in dialogues, at most `limit` rows of each.

    Rows are ordered by step, then by dialogue. Raises ModelError for an unknown operator, or one that works
    on all positions at once.
    """
    nodes = [model.graph.node(name) for name in operators]
    types = model.graph.types()
    for node in nodes:
        if "T" in (*node.type.shape, *types[node.inputs[0]].shape):
            raise ModelError(
                "works on all positions", where=node.name, legal="operators without T in their types"
            )
    names = sorted({name for node in nodes for name in (node.name, node.inputs[0])})
    seen: dict[str, list[Array]] = {name: [] for name in names}
    who: list[Array] = []
    room = {"left": limit}

    def watch(values: dict[str, Array], rows: Array) -> None:
        count = len(rows) if room["left"] is None else min(len(rows), room["left"])
        if room["left"] is not None:
            room["left"] -= count
        who.append(rows[:count].copy())
        for name in names:
            seen[name].append(values[name][:count].copy())

    converse(model, prompts, seeds, batch=BATCH, watch=watch, want=names)
    joined = {name: np.concatenate(parts) for name, parts in seen.items()}
    return {n.name: Recording(joined[n.inputs[0]], joined[n.name], np.concatenate(who)) for n in nodes}


def score(
    model: LanguageModel, rows: Sequence[Sequence[int]], batch: int = BATCH
) -> list[npt.NDArray[np.float64]]:
    """Returns, per row of tokens, -log of the probability of its tokens 1, 2, ... given those before.

    Probabilities are the softmax of the integer logits (temperature 1), taken in float64: the table of
    exponentials and its rounding play no part. Raises ModelError for a row longer than the context.
    """
    logits = model.graph.outputs.get("logits")
    if logits is None:
        raise ModelError("names no logits", where=model.name, legal="a graph with the output logits")
    form = model.graph.types()[logits].format
    assert isinstance(form, Fixed)
    found: list[npt.NDArray[np.float64]] = []
    for start in range(0, len(rows), batch):
        found += _score(model, rows[start : start + batch], logits, 2.0**-form.frac)
    return found


def _score(
    model: LanguageModel, rows: Sequence[Sequence[int]], logits: str, unit: float
) -> list[npt.NDArray[np.float64]]:
    longest = max(map(len, rows))
    tokens = np.zeros((len(rows), longest), dtype=np.int64)
    for n, row in enumerate(rows):
        tokens[n, : len(row)] = row
    nats = np.zeros((len(rows), max(longest - 1, 0)))
    executor = Executor(model, len(rows))
    for t in range(longest - 1):
        z = executor.step(tokens[:, t], [logits])[logits] * unit  # (B, V)
        top = z.max(axis=1, keepdims=True)
        total = np.log(np.exp(z - top).sum(axis=1)) + top[:, 0]
        nats[:, t] = total - np.take_along_axis(z, tokens[:, t + 1 : t + 2], axis=1)[:, 0]
    return [nats[n, : max(len(row) - 1, 0)] for n, row in enumerate(rows)]
