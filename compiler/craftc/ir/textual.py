"""The printed form of a graph, and back.

    context 64
    input token: u11.0
    embedding.token: s24.18[240] = embedding(token) table=@embedding.token
    layers.0.norm1: s24.18[240] = layer_norm(embedding) gain=@layers.0.norm1 mean_multiplier=17895697 ...
    output keys = choice.keys

Parameters that have their default are left out; `@` marks a tensor. `parse(show(graph))` equals the graph.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from craftc.errors import ModelError
from craftc.ir.graph import Graph, Node
from craftc.ir.ops import OPS, Value
from craftc.ir.types import parse_type

_NAME = r"[\w.]+"
_NODE = re.compile(rf"({_NAME}): (\S+) = ({_NAME})\(([^)]*)\)(.*)")
_FIELD = re.compile(rf"({_NAME})=(\S+)")


def show(graph: Graph) -> str:
    """Returns the graph as text, one operator a line."""
    lines = [f"context {graph.context}"]
    lines += [f"input {name}: {kind}" for name, kind in graph.inputs.items()]
    lines += [show_node(node) for node in graph]
    lines += [f"output {role} = {name}" for role, name in graph.outputs.items()]
    return "\n".join(lines) + "\n"


def show_node(node: Node) -> str:
    """Returns one operator as a line of text."""
    fields = [f"{key}=@{tensor}" for key, tensor in node.tensors.items()]
    known = OPS[node.op].params if node.op in OPS else {}
    fields += [
        f"{key}={_show_value(value)}"
        for key, value in node.params.items()
        if key not in known or value != known[key].default
    ]
    return " ".join([f"{node.name}: {node.type} = {node.op}({', '.join(node.inputs)})", *fields])


def _show_value(value: Value) -> str:
    if isinstance(value, tuple):
        return f"({','.join(map(str, value))})"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def parse(text: str) -> Graph:
    """Returns the graph of a text; its rules are not checked here.

    Raises ModelError naming the line that cannot be read.
    """
    context, inputs, nodes, outputs = 0, {}, [], {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        where = f"line {number}"
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "context" and len(words) == 2 and words[1].isdigit():
            context = int(words[1])
        elif words[0] == "input" and len(words) == 3 and words[1].endswith(":"):
            inputs[words[1][:-1]] = parse_type(words[2])
        elif words[0] == "output" and len(words) == 4 and words[2] == "=":
            outputs[words[1]] = words[3]
        else:
            nodes.append(_parse_node(line.strip(), where))
    return Graph(context, inputs, tuple(nodes), outputs)


def _parse_node(line: str, where: str) -> Node:
    found = _NODE.fullmatch(line)
    if found is None:
        raise ModelError(
            f"cannot read {line!r}", where=where, legal="name: type = operator(inputs) key=value"
        )
    name, kind, op, inputs, rest = found.groups()
    fields = dict(_FIELD.findall(rest))
    if _FIELD.sub("", rest).strip():
        raise ModelError(f"cannot read {rest.strip()!r}", where=where, legal="key=value, apart by spaces")
    tensors = {key: value[1:] for key, value in fields.items() if value.startswith("@")}
    params = {key: _parse_value(value) for key, value in fields.items() if not value.startswith("@")}
    return Node(
        op, name, tuple(i.strip() for i in inputs.split(",") if i.strip()), parse_type(kind), params, tensors
    )


def _parse_value(text: str) -> Value:
    named: Mapping[str, Value] = {"true": True, "false": False}
    if text in named:
        return named[text]
    if text.startswith("(") and text.endswith(")"):
        return tuple(int(part) for part in text[1:-1].split(",") if part)
    return int(text) if re.fullmatch(r"-?\d+", text) else text
