"""Operators against the original machine's formulas, on random words and on the edges where sums wrap."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.lm import formulas as f

from craftc.errors import ModelError
from craftc.ir.graph import Node
from craftc.ir.site import Site
from craftc.ir.types import parse_type
from craftc.lm.operators import Moment, compile_node, root
from craftc.model.craftgpt.graph import craftgpt_graph

Array = npt.NDArray[Any]
EDGES = [0, 1, 2, f.HALF - 2, f.HALF - 1, f.HALF, f.HALF + 1, f.HALF + 2, f.WORD - 2, f.WORD - 1]
WORDS = st.one_of(st.sampled_from(EDGES), st.integers(0, f.WORD - 1), st.integers(0, 4095))


def words(rng: np.random.Generator, *shape: int) -> Array:
    """Return random words of which some lie on the edges."""
    found = rng.integers(0, f.WORD, shape)
    edges = rng.choice(EDGES, shape)
    return np.where(rng.random(shape) < 0.2, edges, found)


def signed(u: Array) -> Array:
    """Return words as the two's complement numbers that operators take."""
    return np.where(u < f.HALF, u, u - f.WORD)


def unsigned(x: Array) -> list[Any]:
    """Return numbers as words."""
    listed: list[Any] = (x % f.WORD).tolist()
    return listed


@cache
def node_of(op: str) -> Node:
    """Return the first node of an operator as the original machine sets it."""
    rng = np.random.default_rng(0)
    tensors: dict[str, Array] = {"embedding.token": np.zeros((1920, 240), np.int32)}
    tensors |= {"embedding.position": np.zeros((64, 240), np.int32), "norm": np.ones(240, np.int32)}
    tensors |= {"unembedding": np.zeros((1920, 240), np.uint8)}
    tensors |= {name: np.zeros(1024, np.int32) for name in ("softmax.attention", "softmax.choice")}
    for layer in range(6):
        tensors |= {f"layers.{layer}.norm{n}": np.ones(240, np.int32) for n in (1, 2)}
        for name in ("query", "key", "value", "projection"):
            tensors[f"layers.{layer}.attention.{name}"] = rng.integers(0, 128, (240, 240)).astype(np.uint8)
        tensors[f"layers.{layer}.mlp.up"] = np.zeros((960, 240), np.uint8)
        tensors[f"layers.{layer}.mlp.down"] = np.zeros((240, 960), np.uint8)
    graph = craftgpt_graph(tensors)
    return next(node for node in graph if node.op == op)


def run(node: Node, types: list[str], tensors: dict[str, Array], *inputs: Array, length: int = 1) -> Array:
    """Return what an operator gives for a batch."""
    site = Site(node, tuple(parse_type(text) for text in types), tensors)
    moment = Moment(np.full(len(inputs[0]), length - 1, dtype=np.int64))
    return compile_node(site)(moment, [np.asarray(x, dtype=np.int64) for x in inputs])


@pytest.mark.parametrize("batch", [1, 7])
def test_floored_products(batch: int) -> None:
    rng = np.random.default_rng(batch)
    codes = rng.integers(0, 256, (40, 60)).astype(np.uint8)
    codes[codes == 128] = 1
    x = words(rng, batch, 60)
    node = node_of("matmul")
    found = run(node, ["s24.18[60]"], {"weights": codes}, signed(x))
    assert unsigned(found) == [f.matmul(codes.tolist(), row) for row in x.tolist()]
    other = codes.copy()
    other[0, 0] ^= 128
    x[:, 0] = 1 << 20
    assert (run(node, ["s24.18[60]"], {"weights": other}, signed(x)) != found).any()


def test_exact_products_of_long_sums() -> None:
    rng = np.random.default_rng(1)
    weights = rng.integers(-32768, 32768, (5, 500)).astype(np.int16)
    x = rng.integers(-(1 << 33), 1 << 33, (3, 500))
    params: dict[str, Any] = {
        "code": "int16",
        "products": "exact",
        "shift": 13,
        "multiplier": 3,
        "rounding": "nearest",
    }
    node = Node("matmul", "m", ("x",), parse_type("s40.0[5]"), params | {"overflow": "clamp"})
    found = run(node, ["s34.0[500]"], {"weights": weights}, x)
    for b in range(3):
        for i in range(5):
            total = 3 * sum(int(w) * int(v) for w, v in zip(weights[i], x[b], strict=True))
            assert int(found[b, i]) == min(max((total + (1 << 12)) >> 13, -(1 << 39)), (1 << 39) - 1)


def test_rows_with_multipliers() -> None:
    rng = np.random.default_rng(3)
    table, rows = rng.integers(-7, 8, (9, 5)).astype(np.int8), rng.integers(1, 256, 9).astype(np.int16)
    index, x = np.array([3, 8, 0]), rng.integers(-128, 128, (3, 5))
    kind = parse_type("s16.10[5]")
    tensors = {"table": table, "multipliers": rows}
    found = run(Node("embedding", "e", ("i",), kind, {"shift": 2}), ["u4.0"], tensors, index)
    assert found.tolist() == [[int(v) * int(rows[i]) * 4 for v in table[i]] for i in index.tolist()]
    params: dict[str, Any] = {"code": "int4", "products": "exact", "shift": 3, "rounding": "nearest"}
    node = Node("matmul", "m", ("x",), parse_type("s16.0[9]"), params | {"overflow": "clamp"})
    found = run(node, ["s8.0[5]"], {"weights": table, "multipliers": rows}, x)
    for b in range(3):
        for i in range(9):
            total = int(rows[i]) * sum(int(w) * int(v) for w, v in zip(table[i], x[b], strict=True))
            assert int(found[b, i]) == min(max((total + 4) >> 3, -(1 << 15)), (1 << 15) - 1)


def test_layer_norm() -> None:
    rng = np.random.default_rng(2)
    stored = rng.integers(0, f.WORD, 240)
    spans = [f.WORD, 1 << 20, 1 << 12, 40]
    rows = [words(rng, 240), *(rng.integers(0, span, 240) - span // 2 for span in spans)]
    rows += [np.full(240, value) for value in EDGES]
    x = np.stack(rows) % f.WORD
    found = run(node_of("layer_norm"), ["s24.18[240]"], {"gain": stored}, signed(x))
    assert unsigned(found) == [f.layer_norm(row, stored.tolist()) for row in x.tolist()]


@settings(deadline=None)  # the first call compiles
@given(st.lists(WORDS, min_size=1, max_size=30))
def test_packing(values: list[int]) -> None:
    node = node_of("pack")
    x = np.array([values])
    assert run(node, [f"s24.18[{len(values)}]"], {}, signed(x)).tolist() == [[f.pack(v, 0) for v in values]]
    shifted = node.with_params(bias=5)
    halved = [v % f.HALF for v in values]
    assert run(shifted, [f"u23.22[{len(values)}]"], {}, np.array([halved])).tolist() == [
        [f.pack(v, 4) for v in halved]
    ]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=20))
def test_short_products(pairs: list[tuple[int, int]]) -> None:
    a, b = ([f.pack(v, 0) for v in side] for side in zip(*pairs, strict=True))
    wanted = f.u24(sum(f.fmul(p, q, 5) for p, q in zip(a, b, strict=True)))
    node = Node("scores", "s", ("q", "k"), parse_type("s24.13[1,T]"), {"products": "short", "shift": 61})
    types = [f"e5m10[{len(a)}]", f"e5m10[T,{len(a)}]"]
    assert unsigned(run(node, types, {}, np.array([a]), np.array([[b]]))) == [[[wanted]]]


def test_attention_of_a_head_with_its_cache() -> None:
    """The chain of operators from scores to the weighted sum, as the graph has it, on words that wrap."""
    rng = np.random.default_rng(3)
    table = np.round(2**18 * np.exp(-np.arange(1024) / 64)).astype(np.int64)
    for length, spread in ((1, f.WORD), (4, f.WORD), (9, 1 << 19), (30, 1 << 20)):
        q, k, v = (rng.integers(0, spread, shape) for shape in (48, (length, 48), (length, 48)))
        packed = [np.vectorize(lambda u: f.pack(int(u), 0))(x) for x in (q, k, v)]
        wanted = f.attend(packed[0].tolist(), packed[1].tolist(), packed[2].tolist(), table.tolist())
        assert unsigned(attention(packed[0], packed[1], packed[2], table)) == wanted


def attention(q: Array, k: Array, v: Array, table: Array) -> Array:
    """Return the output of one head, through the operators."""
    values: dict[str, Array] = {"q": q[None], "k": k[None], "v": v[None]}
    types = {"q": "e5m10[48]", "k": "e5m10[T,48]", "v": "e5m10[T,48]"}
    chain: list[tuple[str, str, tuple[str, ...], str, dict[str, Any]]] = [
        ("scores", "raw", ("q", "k"), "s24.13[1,T]", {"products": "short", "shift": 61}),
        ("scale", "c", ("raw",), "s24.16[1,T]", {"multiplier": 4_331_858, "shift": 23}),
        ("max", "top", ("c",), "s24.16[1]", {}),
        ("bucket", "step", ("top", "c"), "u14.6[1,T]", {"shift": 10}),
        ("table", "e", ("step",), "u19.18[1,T]", {}),
        ("sum", "sum", ("e",), "u24.18[1]", {}),
        ("reciprocal", "one", ("sum",), "u40.21[1]", {"numerator_bits": 39}),
        ("multiply", "w", ("one", "e"), "u23.22[1,T]", {"shift": 17}),
        ("pack", "word", ("w",), "e5m10[1,T]", {"bias": 5}),
        ("weighted_sum", "out", ("word", "v"), "s24.18[48]", {"products": "short", "shift": 56}),
    ]
    for op, name, inputs, kind, params in chain:
        node = Node(op, name, inputs, parse_type(kind), params)
        tensors = {"table": table} if op == "table" else {}
        values[name] = run(
            node, [types[i] for i in inputs], tensors, *(values[i] for i in inputs), length=len(k)
        )
        types[name] = kind
    return values["out"][0]


@settings(max_examples=20, deadline=None)
@given(st.lists(WORDS, min_size=8, max_size=40), st.integers(0, 1000))
def test_choice_of_eight(values: list[int], seed: int) -> None:
    """Ties go to the larger id, far logits get nothing, and a wrapped sum is reproduced."""
    rng = np.random.default_rng(seed)
    logits = np.concatenate([values, rng.choice(values, 40)]).tolist()
    table = np.maximum(1, np.round(2**23 * np.exp(-np.arange(1024) / 64))).astype(np.int64)
    n = len(logits)
    z = signed(np.array([logits]))
    steps: list[tuple[str, tuple[str, ...], str, dict[str, Any]]] = [
        ("max", ("z",), "s24.18", {}),
        ("bucket", ("max", "z"), f"u12.6[{n}]", {"shift": 12}),
        ("table", ("bucket",), f"u24.23[{n}]", {}),
        ("sum", ("table",), "u32.23", {}),
        ("reciprocal", ("sum",), "u47.23", {"numerator_bits": 46}),
        ("multiply", ("reciprocal", "table"), f"u24.23[{n}]", {"shift": 23}),
        ("top_k", ("multiply",), "u35.0[8]", {"k": 8, "id_bits": 11}),
    ]
    values_of, types = {"z": z}, {"z": f"s24.18[{n}]"}
    for op, inputs, kind, params in steps:
        node = Node(op, op, inputs, parse_type(kind), params)
        tensors = {"table": table} if op == "table" else {}
        values_of[op] = run(node, [types[i] for i in inputs], tensors, *(values_of[i] for i in inputs))
        types[op] = kind
    keys = values_of["top_k"][0].tolist()
    assert [(key >> 11, key % 2**11) for key in keys] == f.choose(logits, table.tolist())


def test_probabilities_survive_a_sum_that_wraps() -> None:
    """1,920 equal logits make the sum of exponentials wrap; the product of 71 bits is kept exact."""
    logits = [5] * 1920
    table = [2**23] + [1] * 1023
    total = 1920 * 2**23 % 2**32
    e, one = np.full((1, 1920), 2**23), np.array([2**46 // total])
    node = Node("multiply", "p", ("one", "e"), parse_type("u24.23[1920]"), {"shift": 23})
    p = run(node, ["u47.23", "u24.23[1920]"], {}, one, e)
    assert set(p[0].tolist()) == {f.choose(logits, table)[0][0]}


@settings(deadline=None)  # the first call compiles
@given(st.integers(1, 2**23 - 1))
def test_generator(state: int) -> None:
    node = node_of("prbs")
    assert run(node, ["u23.0"], {}, np.array([state])).tolist() == [f.advance(state)]


def test_generator_has_the_full_period() -> None:
    node = Node("prbs", "d", ("state",), parse_type("u9.0"), {"taps": (9, 5), "steps": 1})
    state, seen = 1, set[int]()
    while state not in seen:
        seen.add(state)
        state = int(run(node, ["u9.0"], {}, np.array([state]))[0])
    assert (len(seen), state) == (511, 1)


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(0, 2**23), min_size=8, max_size=8), st.integers(0, 2**23 - 1))
def test_drawing(probabilities: list[int], u: int) -> None:
    best = [(p, 100 + n) for n, p in enumerate(sorted(probabilities, reverse=True))]
    keys = np.array([[p << 11 | token for p, token in best]])
    assert run(node_of("sample"), ["u35.0[8]", "u23.0"], {}, keys, np.array([u])).tolist() == [
        f.draw(best, u)
    ]


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 2**62 - 1), st.integers(0, 2**31 - 1))
def test_roots(x: int, r: int) -> None:
    for value in (x, r * r, max(0, r * r - 1)):
        assert int(root(np.array([value]))[0]) == math.isqrt(value)


@pytest.mark.parametrize("op", ["reciprocal", "layer_norm"])
def test_division_by_zero_is_a_clear_end(op: str) -> None:
    if op == "reciprocal":
        node = Node(op, "r", ("x",), parse_type("u24.0"), {"numerator_bits": 20})
        with pytest.raises(ModelError, match="r: divides by zero"):
            run(node, ["u24.0"], {}, np.array([3, 0]))
    else:
        node = node_of(op).with_params(variance_bias=0)
        with pytest.raises(ModelError, match="norm1: divides by zero"):
            run(node, ["s24.18[240]"], {"gain": np.ones(240)}, np.zeros((1, 240)))
