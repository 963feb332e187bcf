"""Makes graphs node by node: shapes are inferred, so whoever builds names formats and parameters only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from craftc.ir.graph import Graph, Node
from craftc.ir.ops import Value
from craftc.ir.rules import SHAPES
from craftc.ir.site import Site
from craftc.ir.types import Format, Type, parse_format


class Builder:
    """A graph in the making.

    >>> import numpy as np
    >>> made = Builder(4, {"table": np.zeros((8, 2), np.int8)}, vocabulary=8)
    >>> made.add("embedding", "x", "token", format="s8.4", tensors={"table": "table"})
    'x'
    """

    def __init__(
        self,
        context: int,
        tensors: Mapping[str, npt.NDArray[Any]],
        vocabulary: int,
        state_bits: int | None = None,
    ) -> None:
        """`state_bits` is the width of the random generator, None for a graph that does not draw."""
        self.context = context
        self.tensors = tensors
        self.inputs = {
            "token": Type(parse_format(f"u{max(1, (vocabulary - 1).bit_length())}.0")),
            "position": Type(parse_format(f"u{max(1, (context - 1).bit_length())}.0")),
        }
        if state_bits is not None:
            self.inputs["state"] = Type(parse_format(f"u{state_bits}.0"))
        self._nodes: list[Node] = []
        self._types = dict(self.inputs)

    def add(
        self,
        op: str,
        name: str,
        *inputs: str,
        format: str,
        tensors: Mapping[str, str] | None = None,
        **params: Value,
    ) -> str:
        """Appends an operator and returns its name; the shape of its value follows from its inputs."""
        node = Node(op, name, inputs, Type(parse_format(format)), params, dict(tensors or {}))
        arrays = {key: self.tensors[tensor] for key, tensor in node.tensors.items()}
        shape = SHAPES[op](Site(node, tuple(self._types[i] for i in inputs), arrays))
        self._nodes.append(Node(op, name, inputs, Type(node.type.format, shape), params, node.tensors))
        self._types[name] = self._nodes[-1].type
        return name

    def format(self, name: str) -> Format:
        """Returns the format of a value made so far."""
        return self._types[name].format

    def finish(self, **outputs: str) -> Graph:
        """Returns the graph; `outputs` are the roles logits, keys, state, sample."""
        return Graph(self.context, dict(self.inputs), tuple(self._nodes), outputs)
