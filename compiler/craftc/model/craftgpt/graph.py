"""The arithmetic of CraftGPT as operators: formats, shifts and constants of the original machine.

Residual stream, matrix inputs and outputs: 24-bit Q.18, wrapping. Keys, values, queries and attention
weights: 16-bit short floats. See `craftc.ir.ops` for the formula of every operator.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from craftc.ir.build import Builder
from craftc.ir.graph import Graph
from craftc.ir.ops import COMPANDED_FRACTION
from craftc.model.craftgpt.layout import CONTEXT, HEADS, LAYERS, VOCABULARY

STREAM = "s24.18"
WORD = "e5m10"
MEAN = 17_895_697  # floor(2^32 / 240)
ROOT = 8_663_717  # floor(2^27 / sqrt(240))
EPSILON = 164_926_744  # floor(1e-5 * 240 * 2^36)
SCORE = 4_331_858  # floor(2^26 / sqrt(240)): the width, not the size of a head
ID_BITS = 11
LEAST = 1 << 20  # an eighth, in Q.23: candidates below it are passed over


class _Graph(Builder):
    """The parts of the graph that occur in every layer."""

    def norm(self, name: str, x: str) -> str:
        """Layer norm with a gain of 24 bits, whose lowest bit is dropped."""
        return self.add(
            "layer_norm", name, x, format=STREAM, tensors={"gain": name},
            mean_multiplier=MEAN, mean_shift=32, variance_bias=EPSILON, variance_bits=48,
            root_multiplier=ROOT, root_shift=27, numerator_bits=36, inverse_bits=24, inverse_shift=18,
            gain_bits=24, gain_drop=1, gain_shift=21, negative_from=(1 << 23) - 1,
        )  # fmt: skip

    def matrix(self, name: str, x: str) -> str:
        """Matrix of companded codes; each product is floored twice."""
        return self.add(
            "matmul", name, x, format=STREAM, tensors={"weights": name},
            code="companded8", products="floored", shift=COMPANDED_FRACTION,
        )  # fmt: skip

    def exponentials(
        self, name: str, x: str, shift: int, table: str, formats: tuple[str, str, str]
    ) -> tuple[str, str]:
        """Returns the exponentials of x - max x from a table of steps of 1/64, and their sum."""
        bucket, exponential, total = formats
        most = self.add("max", f"{name}.max", x, format=str(self.format(x)))
        steps = self.add("bucket", f"{name}.bucket", most, x, format=bucket, shift=shift)
        e = self.add("table", f"{name}.exp", steps, format=exponential, tensors={"table": table})
        return e, self.add("sum", f"{name}.sum", e, format=total)

    def attention(self, name: str, x: str) -> str:
        """All heads of one layer, projection included."""
        q, k, v = (
            self.add("pack", f"{name}.{part}.word", self.matrix(f"{name}.{part}", x), format=WORD, bias=9)
            for part in ("query", "key", "value")
        )
        keys = self.add("cache", f"{name}.keys", k, format=WORD, capacity=CONTEXT)
        values = self.add("cache", f"{name}.values", v, format=WORD, capacity=CONTEXT)
        raw = self.add(
            "scores", f"{name}.raw", q, keys, format=STREAM, heads=HEADS, products="short", shift=61
        )
        score = self.add("scale", f"{name}.score", raw, format="s24.16", multiplier=SCORE, shift=23)
        e, total = self.exponentials(name, score, 10, "softmax.attention", ("u14.6", "u19.18", "u24.18"))
        one = self.add("reciprocal", f"{name}.reciprocal", total, format="u40.21", numerator_bits=39)
        weight = self.add("multiply", f"{name}.weight", one, e, format="u23.22", shift=17)
        word = self.add("pack", f"{name}.weight.word", weight, format=WORD, bias=5)
        out = self.add(
            "weighted_sum",
            f"{name}.mixed",
            word,
            values,
            format=STREAM,
            heads=HEADS,
            products="short",
            shift=56,
        )
        return self.matrix(f"{name}.projection", out)


def craftgpt_graph(tensors: Mapping[str, npt.NDArray[Any]]) -> Graph:
    """Returns the graph of CraftGPT over its tensors, in the `craftgpt` numerics."""
    g = _Graph(CONTEXT, tensors, VOCABULARY, state_bits=23)
    token, place = (
        g.add("embedding", name, source, format=STREAM, tensors={"table": name}, bits=18)
        for name, source in (("embedding.token", "token"), ("embedding.position", "position"))
    )
    x = g.add("add", "embedding", token, place, format=STREAM)
    for layer in range(LAYERS):
        name = f"layers.{layer}"
        mixed = g.attention(f"{name}.attention", g.norm(f"{name}.norm1", x))
        x = g.add("add", f"{name}.middle", x, mixed, format=STREAM)
        up = g.add(
            "relu", f"{name}.mlp.relu", g.matrix(f"{name}.mlp.up", g.norm(f"{name}.norm2", x)), format=STREAM
        )
        x = g.add("add", f"{name}.out", x, g.matrix(f"{name}.mlp.down", up), format=STREAM)
    logits = g.matrix("unembedding", g.norm("norm", x))
    e, total = g.exponentials("choice", logits, 12, "softmax.choice", ("u12.6", "u24.23", "u32.23"))
    one = g.add("reciprocal", "choice.reciprocal", total, format="u47.23", numerator_bits=46)
    p = g.add("multiply", "choice.probability", one, e, format="u24.23", shift=23)
    keys = g.add("top_k", "choice.keys", p, format="u35.0", k=8, id_bits=ID_BITS)
    draw = g.add("prbs", "choice.draw", "state", format="u23.0", taps=(23, 18), steps=256)
    token = g.add("sample", "choice.sample", keys, draw, format="u11.0", id_bits=ID_BITS, floor=LEAST)
    return g.finish(logits=logits, keys=keys, state=draw, sample=token)
