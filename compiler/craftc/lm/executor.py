"""Runs a language model on a batch of dialogues, one token of each at a time, with its caches.

Every dialogue of the batch has its own position. A step feeds one token to each and gives the values that
were asked for; operators that nothing asked for are left out (a prompt token needs no unembedding).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.errors import ModelError
from craftc.ir.graph import Node
from craftc.ir.site import Site
from craftc.lm.model import Array, Int64, LanguageModel
from craftc.lm.operators import Moment, Run, compile_node
from craftc.lm.threads import one_blas_thread


@dataclass(frozen=True, slots=True)
class _Step:
    run: Run
    name: str
    inputs: tuple[str, ...]


class Executor:
    """A model at work on `batch` dialogues; exact, deterministic."""

    def __init__(self, model: LanguageModel, batch: int = 1, like: Executor | None = None) -> None:
        """Shares the decoded weights of `like`, if of the same model. Raises ModelError for a batch of 0."""
        if batch < 1:
            raise ModelError(f"a batch of {batch}", where=model.name, legal="1 or more")
        self.model = model
        self.moment = Moment(np.zeros(batch, dtype=np.int64))
        self._types = model.graph.types()
        self._compiled: dict[str, _Step] = like._compiled if like is not None and like.model is model else {}
        self._plans: dict[tuple[str, ...], tuple[_Step, ...]] = {}
        self._caches = tuple(model.graph.names("cache"))

    @property
    def positions(self) -> Int64:
        """(B,) position that the next token of each dialogue takes."""
        return self.moment.positions

    def site(self, node: Node) -> Site:
        """Returns a node with the types of its inputs and its tensors."""
        tensors = {key: self.model.tensors[name] for key, name in node.tensors.items()}
        return Site(node, tuple(self._types[name] for name in node.inputs), tensors)

    def step(self, tokens: npt.ArrayLike, want: Sequence[str] = ()) -> Mapping[str, Array]:
        """Feeds one token to every dialogue and returns the wanted values by name, each (B, ...).

        Raises ModelError if a context is full, naming the dialogue, if a token is not of the vocabulary, or
        for a value that a step does not make.
        """
        given = np.asarray(tokens, dtype=np.int64)
        full = np.flatnonzero(self.positions >= self.model.context)
        if full.size:
            where, legal = f"dialogue {int(full[0])}", "a new dialogue"
            raise ModelError(f"the context of {self.model.context} tokens is full", where=where, legal=legal)
        outside = np.flatnonzero((given < 0) | (given >= self.model.vocabulary))
        if outside.size:
            where, legal = f"dialogue {int(outside[0])}", f"0..{self.model.vocabulary - 1}"
            raise ModelError(f"token {int(given[outside[0]])}", where=where, legal=legal)
        values: dict[str, Array] = {"token": given, "position": self.positions}
        self._run((*self._caches, *want), values)
        self.moment.positions = self.positions + 1
        return {name: values[name] for name in want}

    def draw(self, keys: Array, states: Array) -> tuple[Int64, Int64]:
        """Returns the tokens drawn from candidates (B, k), and the states (B,) of the generators afterwards.

        Raises ModelError for a model that does not draw.
        """
        outputs = self.model.graph.outputs
        if "sample" not in outputs:
            raise ModelError("has no generator", where=self.model.name, legal="a model with prbs and sample")
        values = {outputs["keys"]: keys, "state": states}
        self._run((outputs["state"], outputs["sample"]), values)
        return values[outputs["sample"]], values[outputs["state"]]

    def restart(self, rows: npt.ArrayLike) -> None:
        """Begins new dialogues in some rows; their caches are overwritten as they go."""
        self.positions[np.asarray(rows, dtype=np.int64)] = 0

    def keep(self, rows: npt.ArrayLike) -> None:
        """Keeps only some rows of the batch, in the given order."""
        index = np.asarray(rows, dtype=np.int64)
        positions = self.positions[index]
        seen = int(positions.max(initial=0))
        caches: dict[str, Array] = {}
        for name, kept in self.moment.caches.items():
            caches[name] = np.zeros((len(index), *kept.shape[1:]), dtype=kept.dtype)
            caches[name][:, :seen] = kept[index, :seen]
        self.moment = Moment(positions, caches)

    def _run(self, targets: tuple[str, ...], values: dict[str, Array]) -> None:
        """Computes the targets from the values that are there, and puts everything into `values`."""
        key = (*targets, "|", *values)
        if key not in self._plans:
            self._plans[key] = self._plan(targets, frozenset(values))
        with one_blas_thread():
            for step in self._plans[key]:
                values[step.name] = step.run(self.moment, [values[name] for name in step.inputs])

    def _plan(self, targets: tuple[str, ...], given: frozenset[str]) -> tuple[_Step, ...]:
        graph = self.model.graph
        for name in targets:
            if name not in given:
                graph.node(name)  # raises for an unknown one
        nodes = graph.needed(targets, given)
        for node in nodes:
            for name in node.inputs:
                if name in graph.inputs and name not in given:
                    raise ModelError(f"needs the {name}", where=node.name, legal="values of one step")
            if node.name not in self._compiled:
                self._compiled[node.name] = _Step(compile_node(self.site(node)), node.name, node.inputs)
        return tuple(self._compiled[node.name] for node in nodes)


def golden(model: LanguageModel, name: str, *inputs: npt.ArrayLike) -> Int64:
    """Returns what one operator of the model gives for a batch of inputs, each (n, ...).

    Raises ModelError for an unknown operator, a wrong shape, or values outside the input's format.
    """
    node = model.graph.node(name)
    executor = Executor(model)
    site = executor.site(node)
    arrays: list[Array] = []
    for what, kind, given in zip(node.inputs, site.types, inputs, strict=True):
        array = np.asarray(given)
        low, high = kind.format.low, kind.format.high
        if array.dtype.kind not in "iu" or array.shape[1:] != kind.shape:
            raise ModelError(f"{what} is {array.dtype}{list(array.shape)}", where=name, legal=f"n x {kind}")
        if array.size and not low <= int(array.min()) <= int(array.max()) <= high:
            raise ModelError(
                f"{what} reaches {array.min()}..{array.max()}", where=name, legal=f"{low}..{high}"
            )
        arrays.append(array.astype(np.int64))
    made: Int64 = compile_node(site)(Moment(np.zeros(len(arrays[0]), dtype=np.int64)), arrays)
    return made
