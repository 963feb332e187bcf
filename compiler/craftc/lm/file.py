"""Reading and writing the .pt file of a language model (docs/lm-checkpoint.md).

The archive is checked, and loaded with `weights_only=True`, by the same functions as the files of other
models; nothing in a file is ever executed. torch is imported when a file is read or written, not before.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from craftc.errors import ModelError, OverflowRefused, UnsupportedOp
from craftc.export.safe import atomic_write
from craftc.ir.graph import Graph, Node
from craftc.ir.ops import Value
from craftc.ir.types import Type, parse_type
from craftc.lm.model import Array, LanguageModel, Numerics
from craftc.lm.tokenizer import from_plain
from craftc.model.checkpoint_file import check_keys, check_meta, load_plain

FORMAT = "craftc-language"
VERSION = 1
_TOP = ("format", "graph", "meta", "name", "numerics", "tensors", "tokenizer", "version")
_GRAPH = ("context", "inputs", "nodes", "outputs")
_NODE = ("inputs", "name", "op", "params", "tensors", "type")
_DTYPES = ("uint8", "int8", "int16", "int32", "int64")
MAX_CONTEXT = 1 << 20
MAX_NODES = 1 << 20


def save(model: LanguageModel, path: Path) -> str:
    """Writes the model and returns the sha256 of the file; same model, same bytes.

    Written beside and renamed. Raises OutputError if it cannot be written, ModelError for metadata that the
    format cannot hold.
    """
    import torch

    check_meta(model.meta, str(path))
    buffer = io.BytesIO()
    torch.save(_canonical(_to_plain(model)), buffer)
    atomic_write(path, buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def _canonical(value: Any) -> Any:
    """Returns a copy in which equal strings are one object: pickle writes such a string once only."""
    if isinstance(value, dict):
        return {_canonical(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return sys.intern(value) if type(value) is str else value


def _to_plain(model: LanguageModel) -> dict[str, Any]:
    """Returns the dictionary that goes into the file; parameters are written out, defaults included."""
    import torch

    graph = model.graph
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": model.name,
        "numerics": model.numerics,
        "graph": {
            "context": graph.context,
            "inputs": {name: str(kind) for name, kind in graph.inputs.items()},
            "nodes": [_node_to_plain(node) for node in graph],
            "outputs": dict(graph.outputs),
        },
        "tensors": {name: torch.from_numpy(array.copy()) for name, array in model.tensors.items()},
        "tokenizer": model.tokenizer.to_plain(),
        "meta": dict(model.meta),
    }


def _node_to_plain(node: Node) -> dict[str, Any]:
    params = {key: list(v) if isinstance(v, tuple) else v for key, v in node.params.items()}
    return {
        "name": node.name, "op": node.op, "inputs": list(node.inputs), "type": str(node.type),
        "params": params, "tensors": dict(node.tensors),
    }  # fmt: skip


def is_language_model(plain: Any) -> bool:
    """Returns whether a loaded .pt object says that it is a language model."""
    return isinstance(plain, dict) and plain.get("format") == FORMAT


def load(path: Path) -> LanguageModel:
    """Returns the model in a .pt file.

    Raises ModelError, naming the file and the field, for anything that docs/lm-checkpoint.md does not
    allow, and UnsupportedOp or OverflowRefused for operators that cannot be executed.
    """
    return from_loaded(load_plain(path), str(path))


def from_loaded(plain: Any, where: str) -> LanguageModel:
    """Returns the model of a loaded .pt object; raises as `load` does."""
    if not is_language_model(plain):
        legal = "a file of craftc import or craftc train chat"
        raise ModelError(f"is a .pt file, but not of the format {FORMAT!r}", where=where, legal=legal)
    version = plain.get("version")
    if type(version) is not int or version != VERSION:
        legal = f"{VERSION}; a newer craftc may read it"
        raise ModelError(f"format version is {version!r}", where=where, legal=legal)
    check_keys(plain, _TOP, where)
    if not isinstance(plain["name"], str) or not plain["name"]:
        raise ModelError(f"name is {plain['name']!r}", where=where, legal="a non-empty string")
    check_meta(plain["meta"], where)
    graph = _graph(plain["graph"], where)
    tensors = _tensors(plain["tensors"], where)
    numerics = cast(Numerics, plain["numerics"])
    try:
        tokenizer = from_plain(plain["tokenizer"])
        model = LanguageModel(plain["name"], numerics, graph, tensors, tokenizer, plain["meta"])
        require_trained(model)
    except (ModelError, UnsupportedOp, OverflowRefused) as error:
        raise type(error)(error.message, where=f"{where}: {error.where}", legal=error.legal) from error
    return model


def require_trained(model: LanguageModel) -> None:
    """Raises ModelError naming the first matrix whose weights are all equal: nothing was trained there."""
    for node in model.graph:
        if node.op == "matmul":
            weights = model.tensors[node.tensors["weights"]]
            if weights.size > 1 and weights.min() == weights.max():
                what = f"all weights are {int(weights.flat[0])}: the model is not trained"
                raise ModelError(what, where=node.name, legal="weights that differ")


def _tensors(plain: Any, where: str) -> dict[str, Array]:
    """Returns the tensors as arrays; refuses floats (naming NaN), other types, views."""
    from craftc.model.checkpoint_file import tensor_array

    if not isinstance(plain, dict) or any(not isinstance(name, str) for name in plain):
        raise ModelError("tensors is not a dictionary of names", where=where, legal="tensors by name")
    found: dict[str, Array] = {}
    for name, tensor in plain.items():
        dtype = str(getattr(tensor, "dtype", "")).removeprefix("torch.")
        wanted = dtype if dtype in _DTYPES else "int64"
        found[name] = tensor_array(tensor, wanted, f"{where}: tensor {name}")
    return found


def _graph(plain: Any, where: str) -> Graph:
    """Returns the graph; its rules are checked when the model is made."""
    _mapping(plain, _GRAPH, f"{where}: graph")
    context, nodes = plain["context"], plain["nodes"]
    if type(context) is not int or not 1 <= context <= MAX_CONTEXT:
        raise ModelError(f"context is {context!r}", where=where, legal=f"1..{MAX_CONTEXT}")
    if not isinstance(nodes, list) or not 1 <= len(nodes) <= MAX_NODES:
        raise ModelError("nodes is not a list", where=f"{where}: graph", legal="a list of dictionaries")
    inputs = {name: parse_type(text) for name, text in _texts(plain["inputs"], f"{where}: inputs").items()}
    outputs = _texts(plain["outputs"], f"{where}: outputs")
    return Graph(context, inputs, tuple(_node(n, f"{where}: node {i}") for i, n in enumerate(nodes)), outputs)


def _node(plain: Any, where: str) -> Node:
    _mapping(plain, _NODE, where)
    for key in ("name", "op", "type"):
        if not isinstance(plain[key], str):
            raise ModelError(f"{key} is {plain[key]!r}", where=where, legal="a string")
    where = f"{where}, {plain['name']!r}"
    inputs = plain["inputs"]
    if not isinstance(inputs, list) or any(not isinstance(name, str) for name in inputs):
        raise ModelError(f"inputs are {inputs!r}", where=where, legal="a list of names")
    try:
        kind: Type = parse_type(plain["type"])
    except ModelError as error:
        raise ModelError(error.message, where=where, legal=error.legal) from error
    return Node(plain["op"], plain["name"], tuple(inputs), kind, _params(plain["params"], where),
                _texts(plain["tensors"], f"{where}: tensors"))  # fmt: skip


def _params(plain: Any, where: str) -> dict[str, Value]:
    if not isinstance(plain, dict) or any(not isinstance(key, str) for key in plain):
        raise ModelError("params is not a dictionary", where=where, legal="values by name")
    return {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()}


def _texts(plain: Any, where: str) -> dict[str, str]:
    if not isinstance(plain, dict) or any(not isinstance(t, str) for pair in plain.items() for t in pair):
        raise ModelError("is not a dictionary of names", where=where, legal="strings by name")
    return dict(plain)


def _mapping(plain: Any, keys: tuple[str, ...], where: str) -> None:
    if not isinstance(plain, Mapping):
        raise ModelError(f"is a {type(plain).__name__}", where=where, legal="a dictionary")
    check_keys(plain, keys, where)
