"""The graph of a language model: operators in order of execution, each making one named value.

A graph is for one position of one dialogue. Its inputs are `token`, `position` and, for drawing, the
`state` of the generator; `cache` nodes remember earlier positions. Outputs name the nodes that play a
role: `logits`, `keys` (candidates), `state` (the generator after a draw), `sample` (the token drawn).

Graphs are frozen. Whoever makes one runs `craftc.ir.spec.check` on it before using it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from craftc.errors import ModelError
from craftc.ir.ops import OPS, Value
from craftc.ir.types import Type

INPUTS = ("token", "position", "state")
"""Inputs of a graph; `state` only if it draws."""

ROLES = ("logits", "keys", "state", "sample")
"""Roles that an output can have; `keys` is required."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operator. Its value has the node's name; parameters that are left out get their defaults."""

    op: str
    name: str
    inputs: tuple[str, ...]
    type: Type
    params: Mapping[str, Value] = field(default_factory=dict)
    tensors: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = OPS[self.op].params if self.op in OPS else {}
        defaults = {key: p.default for key, p in known.items() if p.default is not None}
        whole = {**defaults, **self.params}
        order = [*(key for key in known if key in whole), *(key for key in whole if key not in known)]
        object.__setattr__(self, "params", {key: whole[key] for key in order})

    def __getitem__(self, param: str) -> Any:
        """Returns a parameter, None if it has no default and was not given."""
        return self.params.get(param)

    def with_params(self, **changes: Value) -> Node:
        """Returns the node with some parameters changed."""
        return replace(self, params={**self.params, **changes})


@dataclass(frozen=True, slots=True)
class Graph:
    """Operators in order of execution, with the types of the inputs and the roles of the outputs."""

    context: int
    inputs: Mapping[str, Type]
    nodes: tuple[Node, ...]
    outputs: Mapping[str, str]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def node(self, name: str) -> Node:
        """Returns the node of that name. Raises ModelError that names some of the legal ones."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise ModelError(f"no operator {name!r}", where="graph", legal=_some(self.names()))

    def names(self, op: str | None = None) -> list[str]:
        """Returns the names of all nodes, or of those of one operator, in order."""
        return [node.name for node in self.nodes if op is None or node.op == op]

    def types(self) -> dict[str, Type]:
        """Returns the type of every value, inputs included."""
        return {**self.inputs, **{node.name: node.type for node in self.nodes}}

    def needed(self, targets: Iterable[str], given: Iterable[str] = ()) -> tuple[Node, ...]:
        """Returns the nodes that the targets depend on, themselves included, in order of execution.

        Values that are `given` are not computed, nor what only they depend on.
        """
        known = set(given)
        wanted = set(targets)
        kept: list[Node] = []
        for node in reversed(self.nodes):
            if node.name in wanted and node.name not in known:
                wanted.update(node.inputs)
                kept.append(node)
        return tuple(reversed(kept))

    def with_nodes(self, nodes: Iterable[Node]) -> Graph:
        """Returns the graph with other nodes."""
        return replace(self, nodes=tuple(nodes))


def _some(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f", ... ({len(names)} in all)" if len(names) > most else "")
