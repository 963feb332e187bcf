"""A language model in exact integers: graph, tensors, tokenizer, and the numerics it is meant in.

Invariants: tensors are read-only integers; every LanguageModel that exists obeys `craftc.ir.spec` and
the rules here, so it can be executed without further checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from craftc.errors import ModelError
from craftc.ir.graph import Graph, Node
from craftc.ir.ops import COMPANDED_FRACTION
from craftc.ir.spec import check
from craftc.ir.types import Fixed
from craftc.lm.tokenizer import Tokenizer
from craftc.lm.weights import decode

Numerics = Literal["craftgpt", "integer"]
NUMERICS: tuple[str, ...] = get_args(Numerics)
ROM = "rom."
"""Tensors of this prefix belong to no operator; they are kept because a machine holds them."""

Array = npt.NDArray[Any]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LanguageModel:
    """A validated language model. Raises ModelError naming the operator that breaks a rule."""

    name: str
    numerics: Numerics
    graph: Graph
    tensors: Mapping[str, Array]
    tokenizer: Tokenizer
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "tensors", {name: _kept(name, a) for name, a in sorted(self.tensors.items())}
        )
        check(self.graph, self.tensors)
        _check_numerics(self)
        _check_tensors(self)
        _check_vocabulary(self)

    @property
    def context(self) -> int:
        """Positions of one dialogue."""
        return self.graph.context

    @property
    def vocabulary(self) -> int:
        """Tokens that the model can name, those without a text included."""
        (embedding,) = [n for n in self.graph if n.op == "embedding" and n.inputs == ("token",)]
        return int(self.tensors[embedding.tensors["table"]].shape[0])

    @property
    def parameters(self) -> int:
        """Trained numbers: tables of embeddings, gains, weights, multipliers; a shared tensor counts once."""
        kinds = {"table": "embedding", "gain": "layer_norm", "weights": "matmul"}
        names = {
            name
            for node in self.graph
            for key, name in node.tensors.items()
            if kinds.get(key) == node.op or key == "multipliers"
        }
        return sum(self.tensors[name].size for name in names)

    def with_numerics(self, numerics: str) -> LanguageModel:
        """Returns the model meant in other numerics; weights stay as they are.

        Raises ModelError for unknown numerics.
        """
        if numerics not in NUMERICS:
            raise ModelError(f"numerics {numerics!r}", where=self.name, legal=", ".join(NUMERICS))
        nodes = (
            n.with_params(products=products_of(n, numerics)) if n.op == "matmul" else n for n in self.graph
        )
        return replace(self, numerics=cast(Numerics, numerics), graph=self.graph.with_nodes(nodes))


def products_of(node: Node, numerics: str) -> str:
    """Returns what numerics ask of the products of a matmul: floored or exact."""
    return "floored" if numerics == "craftgpt" and node["code"] == "companded8" else "exact"


def _kept(name: str, array: Array) -> Array:
    """Returns a read-only contiguous array; refuses anything but integers up to 64 bits."""
    if array.dtype.kind not in "iu" or array.dtype == np.uint64:
        raise ModelError(f"tensor {name!r} is of {array.dtype}", where="model", legal="integers")
    kept = np.array(array, order="C", copy=array.flags.writeable or not array.flags.c_contiguous)
    kept.setflags(write=False)
    return kept


def _check_numerics(model: LanguageModel) -> None:
    if model.numerics not in NUMERICS:
        raise ModelError(f"numerics {model.numerics!r}", where=model.name, legal=", ".join(NUMERICS))
    for node in model.graph:
        if node.op == "matmul" and node["products"] != (wanted := products_of(node, model.numerics)):
            raise ModelError(
                f"products are {node['products']}",
                where=node.name,
                legal=f"{wanted}, as {model.numerics} says",
            )


def _check_tensors(model: LanguageModel) -> None:
    used = {name for node in model.graph for name in node.tensors.values()}
    spare = [name for name in model.tensors if name not in used and not name.startswith(ROM)]
    if spare:
        raise ModelError(
            f"no operator uses tensor {spare[0]!r}", where=model.name, legal=f"tensors in use, or {ROM}*"
        )


def _check_vocabulary(model: LanguageModel) -> None:
    """Embedding, unembedding and tokenizer speak of the same tokens."""
    embeddings = [n for n in model.graph if n.op == "embedding" and n.inputs == ("token",)]
    if len(embeddings) != 1:
        raise ModelError(f"{len(embeddings)} embeddings of the token", where=model.name, legal="one")
    rows, named = model.vocabulary, len(model.tokenizer.tokens)
    if not 0 < named <= rows:
        raise ModelError(
            f"the tokenizer has {named} tokens, the embedding {rows} rows",
            where=model.name,
            legal=f"1..{rows} tokens",
        )
    keys = model.graph.node(model.graph.outputs["keys"])
    if keys.op != "top_k":
        raise ModelError(f"keys come from {keys.op}", where=model.name, legal="top_k")
    scored = model.graph.types()[keys.inputs[0]].shape[0]
    if scored != rows:
        raise ModelError(
            f"{scored} tokens are scored, the embedding has {rows} rows",
            where=model.name,
            legal="equal numbers",
        )
    for node in model.graph:
        if node.op == "embedding" and node.inputs == ("position",):
            positions = len(model.tensors[node.tensors["table"]])
            if positions < model.context:
                raise ModelError(
                    f"{positions} positions are embedded, the context is {model.context}",
                    where=node.name, legal=f"at least {model.context}",
                )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class IntegerMatrix:
    """One matrix as exact integers: y = (multiplier * (weights @ x) [+ half]) >> shift, then overflow."""

    name: str
    weights: Int64  # (n_out, n_in), in units of 2^-fraction of the real weight, multiplier apart
    fraction: int
    multiplier: Int64  # (n_out,)
    shift: int
    x: Fixed
    y: Fixed
    overflow: str
    rounding: str


def integer_weights(model: LanguageModel, name: str) -> IntegerMatrix:
    """Returns a matrix of the model as exact integers with its scale and formats.

    Raises ModelError if no matmul has that name, naming those there are.
    """
    matrices = model.graph.names("matmul")
    if name not in matrices:
        raise ModelError(f"no matrix {name!r}", where=model.name, legal=", ".join(matrices))
    node = model.graph.node(name)
    x, y = model.graph.types()[node.inputs[0]].format, node.type.format
    assert isinstance(x, Fixed) and isinstance(y, Fixed)
    weights = decode(model.tensors[node.tensors["weights"]], node["code"])
    factors = (
        model.tensors[node.tensors["multipliers"]] if "multipliers" in node.tensors else node["multiplier"]
    )
    fraction = COMPANDED_FRACTION if node["code"] == "companded8" else y.frac - x.frac + node["shift"]
    return IntegerMatrix(
        name, weights, fraction, np.broadcast_to(np.asarray(factors, np.int64), weights.shape[:1]),
        node["shift"], x, y, node["overflow"], node["rounding"],
    )  # fmt: skip
