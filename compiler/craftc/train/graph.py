"""Writes the trained network as a language model of the IR: the same integers, operator by operator.

Every number here is what `arithmetic` and `net` compute with; the golden model of the graph gives the logits
of `Gpt` in quantized form bit for bit. Drawing is CraftGPT's: a second table of exponentials, the eight best
tokens, a 23-bit generator and a floor of 12.5 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.errors import ModelError
from craftc.ir.build import Builder
from craftc.ir.types import Fixed
from craftc.lm.model import LanguageModel
from craftc.lm.tokenizer import Tokenizer
from craftc.train import arithmetic as a
from craftc.train.net import Block, Gpt, Matrix, Norm

Array = npt.NDArray[Any]
STATE_BITS, TAP, DRAW_STEPS = 23, 18, 256
"""x^23 + x^18 + 1, 256 steps per number: CraftGPT's generator."""
PROBABILITY_BITS = 23
CANDIDATES = 8
DRAW_FLOOR = 1 << 20
"""12.5 % in units of 2^-23."""
LOGIT_STEP_BITS = 6
"""The exponential of the draw has steps of 2^-6."""
LOGIT_TABLE_SIZE = 1024
_DRAW_RECIPROCAL_BITS = 46
_NORM_INVERSE_BITS = a.NUMERATOR_BITS - a.FLOOR_BITS + 1


def draw_table() -> npt.NDArray[np.int64]:
    """Returns max(1, round(2^23 exp(-i / 64))), entry 0 one less so that a probability stays below 1."""
    exponential = np.rint(
        2.0**PROBABILITY_BITS * np.exp(-np.arange(LOGIT_TABLE_SIZE) / (1 << LOGIT_STEP_BITS))
    )
    found: npt.NDArray[np.int64] = np.clip(exponential, 1, (1 << PROBABILITY_BITS) - 1).astype(np.int64)
    return found


def to_model(net: Gpt, tokenizer: Tokenizer, meta: Mapping[str, Any]) -> LanguageModel:
    """Returns the language model that computes what the quantized net computes.

    Raises ModelError if a weight is not finite or the net was not trained in integers.
    """
    check_finite(net)
    if not net.quantized:
        raise ModelError(
            "was not trained in integers", where=net.config.name, legal="quantized_steps of 1 or more"
        )
    writer = _Writer(net, tokenizer)
    return LanguageModel(net.config.name, "integer", writer.graph(), writer.tensors, tokenizer, meta)


def check_finite(net: Gpt) -> None:
    """Raises ModelError naming the first weight that is no finite number."""
    for name, value in net.state_dict().items():
        if not bool(np.isfinite(value.cpu().numpy()).all()):
            raise ModelError(
                f"{name} holds a value that is not finite", where=net.config.name, legal="numbers"
            )


class _Writer:
    """Collects tensors first, since shapes are inferred from them, then appends nodes."""

    def __init__(self, net: Gpt, tokenizer: Tokenizer) -> None:
        self._net, self._config = net, net.config
        self.tensors = _tensors(net)
        self._b = Builder(net.config.context, self.tensors, len(tokenizer.tokens), STATE_BITS)
        self._id_bits = max(1, (net.vocabulary - 1).bit_length())

    def graph(self) -> Any:
        """Returns the graph of one position."""
        residual = self._config.residual
        token = self._embed("tokens", "token", self._net.tokens)
        position = self._embed("positions", "position", self._net.positions)
        x = self._b.add("add", "embedded", token, position, format=residual, overflow="clamp")
        for number, block in enumerate(self._net.blocks):
            assert isinstance(block, Block)
            x = self._attention(f"layers.{number}.attention", block, x)
            x = self._perceptron(f"layers.{number}.mlp", block, x)
        normed = self._norm("norm", self._net.norm, x)
        head, tensor = (self._net.tokens, "tokens") if self._net.head is None else (self._net.head, "head")
        logits = self._matmul("head", head, normed, "normed", "logits", tensor)
        return self._draw(logits)

    def _embed(self, name: str, index: str, matrix: Matrix) -> str:
        shift = self._config.format("residual").frac - int(matrix.fraction)
        return self._b.add(
            "embedding",
            f"{name}.row",
            index,
            format=self._config.residual,
            tensors={"table": name, **self._multipliers(name)},
            shift=shift,
        )

    def _multipliers(self, name: str) -> dict[str, str]:
        """Returns the multipliers of a matrix's rows as a tensor of an operator, if it has any."""
        tensor = f"{name}.multipliers"
        return {"multipliers": tensor} if tensor in self.tensors else {}

    def _matmul(self, name: str, matrix: Matrix, x: str, source: str, target: str, tensor: str = "") -> str:
        """Appends y = W x, rounded half up to the target format and clamped."""
        fraction = self._config.format(source).frac + int(matrix.fraction)
        drop = fraction - self._config.format(target).frac
        return self._b.add(
            "matmul",
            name,
            x,
            format=getattr(self._config, target),
            tensors={"weights": tensor or name, **self._multipliers(tensor or name)},
            code=_code_name(matrix),
            products="exact",
            multiplier=1 << max(0, -drop),
            shift=max(0, drop),
            rounding="nearest" if drop > 0 else "floor",
            overflow="clamp",
        )

    def _norm(self, name: str, norm: Norm, x: str) -> str:
        """Appends x / |x| * gain and its rounding to what matrices read."""
        residual, normed = self._config.format("residual"), self._config.format("normed")
        wide = self._b.add(
            "layer_norm",
            f"{name}.wide",
            x,
            format=str(a.NORM_OUT),
            tensors={"gain": f"{name}.gain"},
            center=False,
            variance_bias=1 << 2 * a.FLOOR_BITS,
            variance_bits=2 * residual.bits - 1 + self._config.width.bit_length(),
            numerator_bits=a.NUMERATOR_BITS,
            inverse_bits=_NORM_INVERSE_BITS,
            inverse_shift=a.NUMERATOR_BITS - a.UNIT_BITS,
            gain_shift=a.UNIT_BITS + a.GAIN_BITS - a.NORM_OUT.frac,
            negative_from=1 << (residual.bits - 1),
            overflow="clamp",
        )
        return self._round(name, wide, a.NORM_OUT, normed)

    def _round(self, name: str, x: str, source: Fixed, target: Fixed) -> str:
        shift = source.frac - target.frac
        rounding = "nearest" if shift else "floor"
        return self._b.add(
            "requantise", name, x, format=str(target), shift=shift, rounding=rounding, overflow="clamp"
        )

    def _attention(self, name: str, block: Block, x: str) -> str:
        """Appends one attention and its residual sum."""
        heads, vectors = self._config.heads, self._config.format("vectors")
        normed = self._norm(f"{name}.norm", block.norm1, x)
        parts = {"query": block.query, "key": block.key, "value": block.value}
        q, k, v = (self._matmul(f"{name}.{p}", m, normed, "normed", "vectors") for p, m in parts.items())
        keys, values = (
            self._b.add("cache", f"{one}s", one, format=str(vectors), capacity=self._config.context)
            for one in (k, v)
        )
        size_bits = (self._config.width // heads).bit_length() - 1
        form = Fixed(2 * vectors.bits + size_bits, 2 * vectors.frac + size_bits // 2)  # / sqrt(head size)
        scores = self._b.add(
            "scores", f"{name}.scores", q, keys, format=str(form), heads=heads, products="exact", shift=0
        )
        weights = self._softmax(name, scores, form)
        wide = Fixed(vectors.bits + a.WEIGHT_FRACTION, vectors.frac + a.WEIGHT_FRACTION)
        gathered = self._b.add(
            "weighted_sum", f"{name}.gathered", weights, values, format=str(wide), heads=heads,
            products="exact", shift=0,
        )  # fmt: skip
        y = self._round(f"{name}.mixed", gathered, wide, vectors)
        y = self._matmul(f"{name}.project", block.project, y, "vectors", "residual")
        return self._b.add("add", f"{name}.sum", x, y, format=self._config.residual, overflow="clamp")

    def _softmax(self, name: str, scores: str, form: Fixed) -> str:
        """Appends the weights (heads, T) of scores of a format; no sum or quotient can leave its format."""
        top = self._b.add("max", f"{name}.max", scores, format=str(form))
        steps = self._steps(f"{name}.steps", top, scores, form, a.SCORE_STEP_BITS)
        entry_bits = a.SCORE_TOP.bit_length()
        e = self._b.add(
            "table", f"{name}.exp", steps, format=f"u{entry_bits}.{entry_bits}", tensors={"table": "exp"}
        )
        sum_bits = (self._config.context * a.SCORE_TOP).bit_length()
        total = self._b.add("sum", f"{name}.total", e, format=f"u{sum_bits}.{entry_bits}")
        most = (1 << a.SCORE_RECIPROCAL_BITS) // a.SCORE_TOP  # the best position's entry is SCORE_TOP
        inverse = self._b.add(
            "reciprocal", f"{name}.inverse", total, numerator_bits=a.SCORE_RECIPROCAL_BITS,
            format=f"u{most.bit_length()}.{a.SCORE_RECIPROCAL_BITS - entry_bits}",
        )  # fmt: skip
        drop = a.SCORE_RECIPROCAL_BITS - a.WEIGHT_FRACTION
        return self._b.add(
            "multiply", f"{name}.weights", inverse, e, format=f"u8.{a.WEIGHT_FRACTION}", shift=drop
        )

    def _steps(self, name: str, top: str, x: str, form: Fixed, step_bits: int) -> str:
        """Appends the distance from the largest number, in steps of 2^-step_bits."""
        shift = form.frac - step_bits
        return self._b.add("bucket", name, top, x, format=f"u{form.bits - shift}.{step_bits}", shift=shift)

    def _perceptron(self, name: str, block: Block, x: str) -> str:
        """Appends one perceptron and its residual sum."""
        normed = self._norm(f"{name}.norm", block.norm2, x)
        h = self._matmul(f"{name}.up", block.up, normed, "normed", "activation")
        h = self._b.add("relu", f"{name}.hidden", h, format=self._config.activation)
        y = self._matmul(f"{name}.down", block.down, h, "activation", "residual")
        return self._b.add("add", f"{name}.sum", x, y, format=self._config.residual, overflow="clamp")

    def _draw(self, logits: str) -> Any:
        """Appends probabilities, candidates and the draw; returns the finished graph."""
        add, form = self._b.add, self._config.format("logits")
        top = add("max", "draw.max", logits, format=str(form))
        steps = self._steps("draw.steps", top, logits, form, LOGIT_STEP_BITS)
        e = add("table", "draw.exp", steps, format="u23.23", tensors={"table": "draw.table"})
        total = add("sum", "draw.total", e, format=f"u{PROBABILITY_BITS + self._id_bits}.23")
        inverse = add(
            "reciprocal", "draw.inverse", total, format="u24.23", numerator_bits=_DRAW_RECIPROCAL_BITS
        )
        p = add("multiply", "draw.p", inverse, e, format=f"u{PROBABILITY_BITS}.23", shift=PROBABILITY_BITS)
        key_bits = PROBABILITY_BITS + self._id_bits
        k = min(CANDIDATES, self._net.vocabulary)
        keys = add("top_k", "draw.keys", p, format=f"u{key_bits}.0", k=k, id_bits=self._id_bits)
        state = add(
            "prbs", "draw.state", "state", format=f"u{STATE_BITS}.0", taps=(STATE_BITS, TAP), steps=DRAW_STEPS
        )
        sample = add(
            "sample",
            "draw.token",
            keys,
            state,
            format=f"u{self._id_bits}.0",
            id_bits=self._id_bits,
            floor=DRAW_FLOOR,
        )
        return self._b.finish(logits=logits, keys=keys, state=state, sample=sample)


def _code_name(matrix: Matrix) -> str:
    return {1: "ternary", 7: "int4", 127: "int8"}[matrix.largest]


def named_matrices(net: Gpt) -> dict[str, Matrix]:
    """Returns all matrices by the names of their tensors."""
    named = {"tokens": net.tokens, "positions": net.positions}
    if net.head is not None:
        named["head"] = net.head
    for number, block in enumerate(net.blocks):
        assert isinstance(block, Block)
        attention, mlp = f"layers.{number}.attention", f"layers.{number}.mlp"
        named |= {
            f"{attention}.{part}": getattr(block, part) for part in ("query", "key", "value", "project")
        }
        named |= {f"{mlp}.up": block.up, f"{mlp}.down": block.down}
    return named


def named_norms(net: Gpt) -> dict[str, Norm]:
    """Returns all norms by the names of their operators; the tensor of gains is `<name>.gain`."""
    norms = {"norm": net.norm}
    for number, block in enumerate(net.blocks):
        assert isinstance(block, Block)
        norms |= {f"layers.{number}.attention.norm": block.norm1, f"layers.{number}.mlp.norm": block.norm2}
    return norms


def _tensors(net: Gpt) -> dict[str, Array]:
    """Returns all tables, codes and gains by the names that the graph uses."""
    found: dict[str, Array] = {
        "exp": a.score_table().astype(np.int16),
        "draw.table": draw_table().astype(np.int32),
    }
    for name, matrix in named_matrices(net).items():
        found[name] = matrix.codes().cpu().numpy().astype(np.int8)
        if net.config.scales != "matrix":
            found[f"{name}.multipliers"] = matrix.multiplier.cpu().numpy().astype(np.int16)
    for name, norm in named_norms(net).items():
        gain = (norm.read().detach() * (1 << a.GAIN_BITS)).round()
        found[f"{name}.gain"] = gain.cpu().numpy().astype(np.int16)
    return found
