"""Small random language models: one in companded codes and short floats, one in exact integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.ir import Builder
from craftc.lm import LanguageModel, Tokenizer

WIDTH, HEADS, CONTEXT = 16, 2, 24
TOKENS = (" [a]", " [b]", " ", *"abcdefghij", " ab", "cd", ".", "ab ")
VOCABULARY = 24
Array = npt.NDArray[Any]


def tokenizer() -> Tokenizer:
    """Return the tokenizer of all toys: 24 ids, 17 of them with a text."""
    return Tokenizer(TOKENS, (0,), (1,), (0, 1), start=" ", lower=True)


def _norm(g: Builder, name: str, x: str, form: str) -> str:
    bits = int(form[1:].split(".")[0])
    return g.add(
        "layer_norm", name, x, format=form, tensors={"gain": "gain"},
        mean_multiplier=(1 << 20) // WIDTH, mean_shift=20, variance_bias=9, variance_bits=2 * bits + 4,
        root_multiplier=(1 << 16) // 4, root_shift=16, numerator_bits=30, inverse_bits=24, inverse_shift=18,
        gain_shift=8, negative_from=1 << (bits - 1), overflow="clamp",
    )  # fmt: skip


def _softmax(g: Builder, name: str, x: str, shift: int) -> tuple[str, str]:
    form = str(g.format(x))
    most = g.add("max", f"{name}.max", x, format=form)
    steps = g.add("bucket", f"{name}.bucket", most, x, format="u16.4", shift=shift)
    e = g.add("table", f"{name}.exp", steps, format="u13.12", tensors={"table": "table"})
    return e, g.add("sum", f"{name}.sum", e, format="u20.12")


def _attention(g: Builder, x: str, short: bool, matrix: Any) -> str:
    words = []
    for part in ("query", "key", "value"):
        made = matrix(part, x)
        form = "e5m10" if short else str(g.format(made))
        words.append(g.add("pack", f"{part}.word", made, format=form, bias=9) if short else made)
    keys = g.add("cache", "keys", words[1], format=str(g.format(words[1])), capacity=CONTEXT)
    values = g.add("cache", "values", words[2], format=str(g.format(words[2])), capacity=CONTEXT)
    products = {"heads": HEADS, "products": "short" if short else "exact"}
    raw = g.add("scores", "raw", words[0], keys, format="s20.8", shift=58 if short else 4, **products)
    score = g.add("scale", "score", raw, format="s20.8", multiplier=181, shift=8)
    e, total = _softmax(g, "attention", score, 6)
    one = g.add("reciprocal", "reciprocal", total, format="u25.12", numerator_bits=24)
    weight = g.add("multiply", "weight", one, e, format="u13.12", shift=12)
    if short:
        weight = g.add("pack", "weight.word", weight, format="e5m10", bias=5)
    mixed = g.add(
        "weighted_sum",
        "mixed",
        weight,
        values,
        format=str(g.format(x)),
        shift=46 if short else 12,
        **products,
    )
    return str(matrix("projection", mixed))


def toy_tensors(seed: int, short: bool) -> dict[str, Array]:
    """Return random tensors of a toy."""
    rng = np.random.default_rng(seed)
    sizes = dict.fromkeys(("query", "key", "value", "projection", "down"), (WIDTH, WIDTH))
    sizes |= {"up": (WIDTH, WIDTH), "head": (VOCABULARY, WIDTH)}
    tensors: dict[str, Array] = {}
    for name, size in sizes.items():
        low, high, kind = (0, 255, np.uint8) if short else (-8, 8, np.int8)
        codes = rng.integers(low, high, size).astype(kind)
        tensors[name] = np.where(codes == 128, 5, codes).astype(kind) if short else codes
    tensors["token"] = rng.integers(-900, 900, (VOCABULARY, WIDTH)).astype(np.int16)
    tensors["place"] = rng.integers(-300, 300, (CONTEXT, WIDTH)).astype(np.int16)
    tensors["gain"] = rng.integers(200, 400, WIDTH).astype(np.int16)
    tensors["table"] = np.round(4096 * np.exp(-np.arange(200) / 16)).astype(np.int16)
    return tensors


def toy(seed: int = 0, short: bool = False) -> LanguageModel:
    """Return a one-layer model: companded codes and short floats if `short`, else int4 and exact products."""
    tensors = toy_tensors(seed, short)
    g = Builder(CONTEXT, tensors, VOCABULARY, state_bits=9)
    stream = "s16.10"

    def matrix(name: str, x: str, overflow: str = "wrap") -> str:
        code, products, shift = ("companded8", "floored", 11) if short else ("int4", "exact", 5)
        return g.add("matmul", f"m.{name}", x, format=stream, tensors={"weights": name}, code=code,
                     products=products, shift=shift, overflow=overflow)  # fmt: skip

    token = g.add("embedding", "e.token", "token", format=stream, tensors={"table": "token"})
    place = g.add("embedding", "e.place", "position", format=stream, tensors={"table": "place"})
    x = g.add("add", "x0", token, place, format=stream)
    x = g.add(
        "add",
        "x1",
        x,
        _attention(g, _norm(g, "norm1", x, stream), short, matrix),
        format=stream,
        overflow="clamp",
    )
    up = g.add("relu", "relu", matrix("up", _norm(g, "norm2", x, stream)), format=stream)
    narrow = g.add("requantise", "narrow", up, format="s12.6", shift=4, overflow="clamp", rounding="nearest")
    wide = g.add("requantise", "wide", narrow, format=stream, multiplier=16, shift=0)
    x = g.add("add", "x2", x, matrix("down", wide), format=stream, overflow="clamp")
    logits = matrix("head", _norm(g, "norm", x, stream), "clamp")
    e, total = _softmax(g, "choice", logits, 4)
    one = g.add("reciprocal", "choice.one", total, format="u29.12", numerator_bits=28)
    p = g.add("multiply", "choice.p", one, e, format="u13.12", shift=16)
    keys = g.add("top_k", "choice.keys", p, format="u18.0", k=4, id_bits=5)
    draw = g.add("prbs", "choice.draw", "state", format="u9.0", taps=(9, 5), steps=20)
    sample = g.add("sample", "choice.sample", keys, draw, format="u5.0", id_bits=5, floor=16)
    graph = g.finish(logits=logits, keys=keys, state=draw, sample=sample)
    numerics: Any = "craftgpt" if short else "integer"
    return LanguageModel("toy", numerics, graph, tensors, tokenizer(), {"made": "for tests"})
