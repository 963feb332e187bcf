"""Rules of graphs: every rule is broken once, and names the node, what is wrong and what would be legal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.lm.toys import toy

from craftc.errors import CraftcError, ModelError, OverflowRefused, UnsupportedOp
from craftc.ir import Graph, check
from craftc.ir.graph import Node
from craftc.ir.types import parse_type


def changed(name: str, short: bool = False, tensors: dict[str, Any] | None = None, **change: Any) -> None:
    """Check a toy in which one node differs: its type, inputs, op or parameters."""
    model = toy(0, short)
    nodes = []
    for node in model.graph:
        if node.name == name:
            fields = {k: change.pop(k) for k in ("op", "inputs", "tensors_of") if k in change}
            kind = parse_type(change.pop("type")) if "type" in change else node.type
            node = Node(
                fields.get("op", node.op), node.name, fields.get("inputs", node.inputs), kind,
                {**node.params, **change}, fields.get("tensors_of", node.tensors),
            )  # fmt: skip
        nodes.append(node)
    check(model.graph.with_nodes(nodes), {**model.tensors, **(tensors or {})})


def test_toys_are_legal() -> None:
    for short in (False, True):
        changed("nobody", short)


ROWS = {"table": "token", "multipliers": "rows"}
LINES = {"weights": "query", "multipliers": "rows"}
BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"name": "x0", "inputs": ("e.token",)}, r"x0 \(add\): 1 inputs.*2: a, b"),
    ({"name": "x0", "type": "e5m10[16]"}, "takes or makes short floats"),
    ({"name": "x0", "inputs": ("e.token", "token")}, r"inputs are s16.10\[16\] and u5.0"),
    ({"name": "x0", "overflow": "saturate"}, "overflow is 'saturate'.*wrap, clamp"),
    ({"name": "e.token", "type": "s8.0[16]"}, "table reaches .*format s8.0"),
    ({"name": "e.token", "bits": 5}, "table needs 11 bits.*bits=5"),
    (
        {"name": "e.token", "tensors_of": ROWS, "tensors": {"rows": np.ones(5, np.int16)}},
        r"multipliers of shape \(5,\).*\(24,\), each at least 1",
    ),
    (
        {"name": "e.token", "tensors_of": ROWS, "tensors": {"rows": np.zeros(24, np.int16)}},
        "each at least 1",
    ),
    (
        {"name": "e.token", "tensors_of": ROWS, "tensors": {"rows": np.full(24, 9999, np.int16)}},
        "table reaches",
    ),
    (
        {"name": "e.token", "tensors_of": ROWS, "tensors": {"rows": np.full(24, 1 << 60)}},
        "rows need .* bits",
    ),
    (
        {"name": "m.query", "tensors_of": LINES, "tensors": {"rows": np.ones(15, np.int16)}},
        r"multipliers of shape \(15,\).*\(16,\), each at least 1",
    ),
    ({"name": "norm1", "negative_from": 7}, "negative_from is 7"),
    ({"name": "norm1", "variance_bias": 1 << 62}, "squares needs 63 bits"),
    ({"name": "norm1", "center": 1}, "center is 1.*True or False"),
    ({"name": "norm1", "gain_bits": 3}, "gain needs 9 bits"),
    ({"name": "norm1", "tensors": {"gain": np.full(16, -1)}}, "gain -1"),
    ({"name": "norm1", "tensors": {"gain": np.ones(15, np.int8)}}, "gain is for 15 inputs"),
    ({"name": "m.query", "code": "int3"}, "code is 'int3'"),
    ({"name": "m.query", "shift": 63}, r"shift is 63.*0\.\.62"),
    ({"name": "m.query", "short": True, "multiplier": 3}, "floored products with a scale"),
    (
        {"name": "m.query", "short": True, "tensors": {"query": np.full((16, 16), 128, np.uint8)}},
        "minus zero",
    ),
    ({"name": "query.word", "short": True, "bias": 30}, r"fields would be 30\.\.44.*0\.\.31"),
    ({"name": "query.word", "short": True, "type": "s16.0[16]"}, "makes s16.0 of s16.10"),
    ({"name": "keys", "capacity": 5}, "keeps 5 positions.*the context, 24"),
    ({"name": "keys", "type": "s17.10[T,16]"}, "makes s17.10 of s16.10"),
    ({"name": "keys", "type": "s16.10[16]"}, r"makes s16.10\[16\] .*s16.10\[T,16\]"),
    ({"name": "raw", "heads": 3, "type": "s20.8[3,T]"}, "3 heads do not divide 16"),
    ({"name": "raw", "products": "short"}, "short products of 'm.query'"),
    ({"name": "raw", "short": True, "shift": 10}, "sums of products need 90 bits.*at least 38"),
    ({"name": "raw", "inputs": ("keys", "m.query")}, "takes s16.10"),
    ({"name": "score", "multiplier": (1 << 31) - 1, "shift": 62}, "needs 62 bits"),
    ({"name": "attention.max", "type": "s21.8[2]"}, "makes s21.8 of s20.8"),
    ({"name": "attention.bucket", "inputs": ("x1", "score")}, "is not computed before it"),
    ({"name": "attention.bucket", "inputs": ("x0", "score")}, "takes s16.10"),
    ({"name": "attention.exp", "type": "u4.0[2,T]"}, r"table reaches 0\.\.4096"),
    ({"name": "weight", "inputs": ("x0", "attention.exp")}, "one factor per row"),
    ({"name": "mixed", "inputs": ("values", "values")}, "weights are|takes"),
    ({"name": "choice.keys", "k": 30, "type": "u18.0[30]"}, "chooses 30 of 24"),
    ({"name": "choice.keys", "id_bits": 4}, "chooses 4 of 24 with 4-bit numbers"),
    ({"name": "choice.keys", "type": "u17.0[4]"}, "keys do not fit u17.0"),
    ({"name": "choice.draw", "taps": (9, 9)}, r"taps are \(9, 9\)"),
    ({"name": "choice.draw", "taps": (8, 5)}, r"taps are \(8, 5\)"),
    ({"name": "choice.draw", "taps": 9}, "taps is 9"),
]


@pytest.mark.parametrize("index", range(len(BROKEN)))
def test_broken_rule_is_named(index: int) -> None:
    change, message = BROKEN[index]
    change = dict(change)
    name = change.pop("name")
    with pytest.raises(CraftcError, match=message) as caught:
        changed(name, **change)
    assert name in str(caught.value) or "computed" in str(caught.value)


def test_unknown_operators() -> None:
    with pytest.raises(UnsupportedOp, match=r"operator 'gelu'.*embedding, add"):
        changed("relu", op="gelu")


def test_sums_beyond_int64() -> None:
    wide = np.full((16, 16), 32767, np.int16)
    with pytest.raises(OverflowRefused, match=r"sums need 6. bits"):
        changed("m.query", tensors={"query": wide}, code="int16", multiplier=(1 << 31) - 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outputs": {}}, "lacks its keys"),
        ({"outputs": {"keys": "choice.keys", "best": "x0"}}, "output 'best'"),
        ({"inputs": {"token": parse_type("u5.0")}}, "'position' is not computed"),
        ({"inputs": {"token": parse_type("u5.0[3]")}}, "input 'token' is"),
        ({"inputs": {"colour": parse_type("u5.0")}}, "input 'colour' is"),
    ],
)
def test_graph_without_its_ends(change: dict[str, Any], message: str) -> None:
    model = toy()
    with pytest.raises(ModelError, match=message):
        check(replace(model.graph, **change), model.tensors)


def test_needed_leaves_out_what_nothing_asks_for() -> None:
    graph: Graph = toy().graph
    caches = graph.needed(graph.names("cache"))
    assert {node.name for node in caches} == {
        "e.token", "e.place", "x0", "norm1", "m.key", "m.value", "keys", "values"
    }  # fmt: skip
    drawn = graph.needed(["choice.sample"], given=["choice.keys", "state"])
    assert [node.name for node in drawn] == ["choice.draw", "choice.sample"]
    with pytest.raises(ModelError, match=r"no operator 'y'.*\.\.\. \(\d+ in all\)"):
        graph.node("y")
