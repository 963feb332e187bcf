"""The graph of a language model: formats, operators, rules, printed form. Start with `ops` and `graph`."""

from craftc.ir.build import Builder
from craftc.ir.graph import Graph, Node
from craftc.ir.ops import OPS
from craftc.ir.spec import check
from craftc.ir.textual import parse, show
from craftc.ir.types import Fixed, Short, Type

__all__ = ["OPS", "Builder", "Fixed", "Graph", "Node", "Short", "Type", "check", "parse", "show"]
