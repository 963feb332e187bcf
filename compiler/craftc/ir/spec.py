"""The rules of a language-model graph: `check` runs them all and names the first that is broken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from craftc.errors import ModelError, UnsupportedOp
from craftc.ir.graph import INPUTS, ROLES, Graph, Node
from craftc.ir.ops import OPS, Param
from craftc.ir.rules import RULES, SHAPES
from craftc.ir.site import Fault, Site
from craftc.ir.types import Fixed, Type

Array = npt.NDArray[Any]


def check(graph: Graph, tensors: Mapping[str, Array]) -> None:
    """Raises ModelError, UnsupportedOp or OverflowRefused naming the first node and rule that is broken."""
    types: dict[str, Type] = {}
    for name, kind in graph.inputs.items():
        if name not in INPUTS or kind.shape or not isinstance(kind.format, Fixed):
            raise ModelError(
                f"input {name!r} is {kind}", where="graph", legal=f"numbers named {', '.join(INPUTS)}"
            )
        types[name] = kind
    for node in graph.nodes:
        site = _site(node, types, tensors)
        _check_shape(site)
        for rule in RULES[node.op]:
            _raise(rule(site), node)
        if node.op == "cache" and node["capacity"] != graph.context:
            _raise((f"keeps {node['capacity']} positions", f"the context, {graph.context}"), node)
        types[node.name] = node.type
    _check_outputs(graph, types)


def _site(node: Node, types: Mapping[str, Type], tensors: Mapping[str, Array]) -> Site:
    """Returns the node with what it refers to; refuses unknown operators, values, parameters, tensors."""
    if node.op not in OPS:
        raise UnsupportedOp(f"operator {node.op!r}", where=node.name, legal=", ".join(OPS))
    if not node.name or node.name in types:
        raise ModelError(f"the name {node.name!r} is taken or empty", where="graph", legal="a new name")
    op = OPS[node.op]
    if len(node.inputs) != len(op.inputs):
        _raise((f"{len(node.inputs)} inputs", f"{len(op.inputs)}: {', '.join(op.inputs)}"), node)
    for name in node.inputs:
        if name not in types:
            _raise((f"input {name!r} is not computed before it", "an earlier node or an input"), node)
    for key in sorted({*node.params} - {*op.params}):
        _raise((f"unknown parameter {key!r}", ", ".join(op.params) or "none"), node)
    for key, param in op.params.items():
        _raise(_check_param(key, node[key], param), node)
    return Site(node, tuple(types[name] for name in node.inputs), _arrays(node, tensors))


def _arrays(node: Node, tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Returns the arrays of a node's tensors; refuses missing ones and wrong ranks."""
    wanted = {name.rstrip("?"): (rank, name.endswith("?")) for name, rank in OPS[node.op].tensors.items()}
    for key in sorted({*node.tensors} - {*wanted}):
        _raise((f"unknown tensor {key!r}", ", ".join(wanted) or "none"), node)
    found: dict[str, Array] = {}
    for key, (rank, optional) in wanted.items():
        if key not in node.tensors:
            if not optional:
                _raise((f"has no tensor {key!r}", f"a tensor of {rank} axes"), node)
            continue
        array = tensors.get(node.tensors[key])
        if array is None or array.ndim != rank or array.size == 0:
            what = "missing" if array is None else f"of shape {array.shape}"
            _raise((f"tensor {node.tensors[key]!r} is {what}", f"{rank} axes, not empty"), node)
        else:
            found[key] = array
    return found


def _check_param(key: str, value: object, param: Param) -> Fault:
    legal = {
        "int": f"{param.low}..{param.high}", "bool": "True or False",
        "choice": ", ".join(param.choices), "ints": "integers",
    }[param.kind]  # fmt: skip
    good = {
        "int": type(value) is int and param.low <= value <= param.high,
        "bool": type(value) is bool,
        "choice": value in param.choices,
        "ints": isinstance(value, tuple) and all(type(v) is int for v in value),
    }[param.kind]
    return None if good else (f"{key} is {value!r}", legal)


def _check_shape(site: Site) -> None:
    wanted = SHAPES[site.node.op](site)
    if site.node.type.shape != wanted:
        _raise((f"makes {site.node.type}", str(Type(site.node.type.format, wanted))), site.node)


def _check_outputs(graph: Graph, types: Mapping[str, Type]) -> None:
    for role, name in graph.outputs.items():
        if role not in ROLES or name not in types:
            raise ModelError(
                f"output {role!r} is {name!r}", where="graph", legal=f"a node, as {', '.join(ROLES)}"
            )
    if "keys" not in graph.outputs or not {"token", "position"} <= set(graph.inputs):
        raise ModelError("lacks its keys, token or position", where="graph", legal="all three")
    if ("state" in graph.outputs) != ("sample" in graph.outputs):
        raise ModelError(
            "draws without a generator", where="graph", legal="both state and sample, or neither"
        )


def _raise(fault: Fault, node: Node) -> None:
    if fault is not None:
        raise ModelError(fault[0], where=f"{node.name} ({node.op})", legal=fault[1])
