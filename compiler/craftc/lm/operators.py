"""What each operator computes, for a batch of dialogues: the definition that hardware is compared with.

`compile_node` turns a node into a function of arrays. The batch axis comes first; a value of shape
[T, ...] has the longest dialogue's T, and entries past a dialogue's own length are never looked at by the
operators that run along T (max, sum, weighted_sum). Everything is int64 and exact: `craftc.ir.spec` has
bounded every intermediate number below 2^62.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.errors import ModelError
from craftc.ir.site import Site
from craftc.ir.types import Fixed, Format, Short
from craftc.lm import kernels
from craftc.lm.weights import decode, exact_product

Array = npt.NDArray[Any]


@dataclass(slots=True)
class Moment:
    """Where every dialogue of a batch stands: positions (B,) and what its caches hold."""

    positions: Array
    caches: dict[str, Array] = field(default_factory=dict)

    @property
    def lengths(self) -> Array:
        """(B,) positions seen, the present one included."""
        return self.positions + 1


Run = Callable[[Moment, list[Array]], Array]


def fit(x: Array, format: Fixed, overflow: str = "wrap") -> Array:
    """Returns x wrapped into a format, or clamped."""
    if overflow == "clamp":
        return np.clip(x, format.low, format.high)
    if not format.signed:
        return x & (format.modulus - 1)
    return ((x - format.low) & (format.modulus - 1)) + format.low


def magnitude(x: Array, bits: int) -> Array:
    """Returns abs(x), except that the least number of a width has magnitude 0."""
    return np.abs(x) & ((1 << (bits - 1)) - 1)


def _fixed(format: Format) -> Fixed:
    assert isinstance(format, Fixed)  # spec has checked it
    return format


def _shifted(x: Array, shift: int, rounding: str) -> Array:
    return (x + _half(shift, rounding)) >> shift


def _half(shift: int, rounding: str) -> int:
    return 1 << shift >> 1 if rounding == "nearest" else 0


def _embedding(site: Site) -> Run:
    table = site.tensors["table"].astype(np.int64) << site.node["shift"]
    if "multipliers" in site.tensors:
        table *= site.tensors["multipliers"].astype(np.int64)[:, None]
    return lambda moment, args: table[args[0]]


def _add(site: Site) -> Run:
    out, overflow = _fixed(site.node.type.format), site.node["overflow"]
    return lambda moment, args: fit(args[0] + args[1], out, overflow)


def _layer_norm(site: Site) -> Run:
    node, bits = site.node, site.types[0].format.bits
    gain = site.tensors["gain"].astype(np.int64) >> node["gain_drop"]
    out = _fixed(node.type.format)
    p: dict[str, Any] = {key: node[key] for key in (
        "center", "mean_multiplier", "mean_shift", "variance_bias", "variance_bits", "root_multiplier",
        "root_shift", "numerator_bits", "inverse_bits", "inverse_shift", "gain_shift", "negative_from",
    )}  # fmt: skip
    half, mask = 1 << (bits - 1), out.high

    def limited(r: Array) -> Array:
        return np.minimum(r, mask) if node["overflow"] == "clamp" else r & mask

    def run(moment: Moment, args: list[Array]) -> Array:
        x = args[0]
        total = x.sum(axis=1, keepdims=True)  # (B, 1)
        mean = np.sign(total) * (np.abs(total) * p["mean_multiplier"] >> p["mean_shift"])
        d = (x - mean if p["center"] else x) & (2 * half - 1)  # (B, W), 0 .. 2^N - 1
        size = np.where(d < half, d, (2 * half - d) & (half - 1))
        squares = (p["variance_bias"] + (size * size).sum(axis=1, keepdims=True)) & (
            (1 << p["variance_bits"]) - 1
        )
        sigma = p["root_multiplier"] * root(squares) >> p["root_shift"]
        inverse = reciprocal(p["numerator_bits"], sigma, node.name) & ((1 << p["inverse_bits"]) - 1)
        negative = d >= p["negative_from"]
        a = np.where(negative, (2 * half - d) & (half - 1), d)
        r = limited(limited(a * inverse >> p["inverse_shift"]) * gain >> p["gain_shift"])
        return np.where(negative, -r, r)

    return run


def root(x: Array) -> Array:
    """Returns floor(sqrt(x)) of numbers 0 .. 2^62 - 1."""
    found = np.sqrt(x.astype(np.float64)).astype(np.int64)
    found -= found * found > x
    found += (found + 1) * (found + 1) <= x
    return found


def reciprocal(numerator_bits: int, x: Array, where: str) -> Array:
    """Returns floor(2^numerator_bits / x). Raises ModelError if an x is 0, as the hardware would hang."""
    if not x.all():
        legal = "a trained model; sums that neither vanish nor wrap to 0"
        raise ModelError("divides by zero", where=where, legal=legal)
    return np.int64(1 << numerator_bits) // x


def _matmul(site: Site) -> Run:
    node, out = site.node, _fixed(site.node.type.format)
    codes = site.tensors["weights"]
    if node["products"] == "floored":
        turned = np.ascontiguousarray(codes.T)
        return lambda moment, args: fit(kernels.floored(turned, args[0]), out, node["overflow"])
    weights = decode(codes, node["code"])
    factors = np.full(len(weights), node["multiplier"], dtype=np.int64)
    if "multipliers" in site.tensors:
        factors = site.tensors["multipliers"].astype(np.int64)
    product = exact_product(weights, _fixed(site.types[0].format))
    half = _half(node["shift"], node["rounding"])

    def run(moment: Moment, args: list[Array]) -> Array:
        total = product(args[0])  # (B, n_in) x (n_in, n_out) -> (B, n_out)
        made = np.empty(total.shape, dtype=np.int64)
        clamp = node["overflow"] == "clamp"
        kernels.finish(total, factors, node["shift"], half, out.low, out.high, clamp, made)
        return made

    return run


def _relu(site: Site) -> Run:
    out = _fixed(site.node.type.format)
    return lambda moment, args: fit(np.maximum(args[0], 0), out)


def _requantise(site: Site) -> Run:
    node, out = site.node, _fixed(site.node.type.format)
    return lambda moment, args: fit(
        _shifted(args[0] * node["multiplier"], node["shift"], node["rounding"]), out, node["overflow"]
    )


def _pack(site: Site) -> Run:
    source, out, bias = _fixed(site.types[0].format), site.node.type.format, site.node["bias"]
    assert isinstance(out, Short)

    def run(moment: Moment, args: list[Array]) -> Array:
        x = np.where(args[0] == -source.modulus // 2, 0, args[0]) if source.signed else args[0]
        made = np.empty(x.shape, dtype=np.int64)
        kernels.pack(np.ascontiguousarray(x).ravel(), made.ravel(), out.bits, out.mantissa, bias)
        return made

    return run


def _cache(site: Site) -> Run:
    name, capacity = site.node.name, site.node["capacity"]
    dtype = np.int32 if site.node.type.format.bits < 32 else np.int64

    def run(moment: Moment, args: list[Array]) -> Array:
        x = args[0]
        if name not in moment.caches:
            moment.caches[name] = np.zeros((len(x), capacity, x.shape[1]), dtype=dtype)
        kept = moment.caches[name]
        kept[np.arange(len(x)), moment.positions] = x
        return kept[:, : int(moment.lengths.max())]

    return run


def _scores(site: Site) -> Run:
    node, out, source = site.node, _fixed(site.node.type.format), site.types[0].format

    def run(moment: Moment, args: list[Array]) -> Array:
        q, k = args
        made = np.zeros((len(q), node["heads"], k.shape[1]), dtype=np.int64)
        if isinstance(source, Short):
            kernels.short_scores(q, k, moment.lengths, made, source.mantissa, source.bits, node["shift"])
        else:
            kernels.exact_scores(q, k, moment.lengths, made)
            made >>= node["shift"]
        return fit(made, out, node["overflow"])

    return run


def _weighted_sum(site: Site) -> Run:
    node, out, source = site.node, _fixed(site.node.type.format), site.types[0].format

    def run(moment: Moment, args: list[Array]) -> Array:
        w, v = args
        made = np.zeros((len(w), v.shape[2]), dtype=np.int64)
        if isinstance(source, Short):
            kernels.short_sums(w, v, moment.lengths, made, source.mantissa, source.bits, node["shift"])
        else:
            kernels.exact_sums(w, v, moment.lengths, made)
            made >>= node["shift"]
        return fit(made, out, node["overflow"])

    return run


def _scale(site: Site) -> Run:
    node, bits, out = site.node, site.types[0].format.bits, _fixed(site.node.type.format)

    def run(moment: Moment, args: list[Array]) -> Array:
        size: Array = (magnitude(args[0], bits) * node["multiplier"] >> node["shift"]) & out.high
        return np.where(args[0] < 0, -size, size)

    return run


def _max(site: Site) -> Run:
    low = site.types[0].format.low
    return lambda moment, args: np.max(_seen(site, moment, args[0], low), axis=-1)


def _sum(site: Site) -> Run:
    out = _fixed(site.node.type.format)
    return lambda moment, args: fit(_seen(site, moment, args[0], 0).sum(axis=-1), out)


def _seen(site: Site, moment: Moment, x: Array, blank: int) -> Array:
    """Returns x (B, ..., T) with what lies past a dialogue's length replaced; x itself if T is no axis."""
    if site.shape()[-1] != "T" or int(moment.lengths.min()) == x.shape[-1]:
        return x
    past = np.arange(x.shape[-1]) >= moment.lengths[:, None]  # (B, T)
    return np.where(past.reshape(len(x), *[1] * (x.ndim - 2), -1), blank, x)


def _bucket(site: Site) -> Run:
    out, shift = _fixed(site.node.type.format), site.node["shift"]
    return lambda moment, args: fit((args[0][..., None] - args[1]) >> shift, out)


def _table(site: Site) -> Run:
    table = np.append(site.tensors["table"].astype(np.int64), 0)
    return lambda moment, args: table[np.minimum(args[0], len(table) - 1)]


def _reciprocal(site: Site) -> Run:
    node, out = site.node, _fixed(site.node.type.format)
    return lambda moment, args: fit(reciprocal(node["numerator_bits"], args[0], node.name), out)


def _multiply(site: Site) -> Run:
    out, shift = _fixed(site.node.type.format), site.node["shift"]
    return lambda moment, args: fit(args[0][..., None] * args[1] >> shift, out)


def _top_k(site: Site) -> Run:
    node = site.node

    def run(moment: Moment, args: list[Array]) -> Array:
        keys = args[0] << node["id_bits"] | np.arange(args[0].shape[1])  # (B, V)
        best = np.partition(keys, keys.shape[1] - node["k"], axis=1)[:, -node["k"] :]
        return np.sort(best, axis=1)[:, ::-1]

    return run


def _prbs(site: Site) -> Run:
    (width, tap), steps = site.node["taps"], site.node["steps"]

    def run(moment: Moment, args: list[Array]) -> Array:
        made = np.empty_like(args[0])
        kernels.prbs(args[0], made, width, tap, steps)
        return made

    return run


def _sample(site: Site) -> Run:
    node = site.node

    def run(moment: Moment, args: list[Array]) -> Array:
        made = np.empty_like(args[1])
        kernels.sample(args[0], args[1], made, node["id_bits"], node["floor"])
        return made

    return run


MAKERS: Mapping[str, Callable[[Site], Run]] = {
    "embedding": _embedding, "add": _add, "layer_norm": _layer_norm, "matmul": _matmul, "relu": _relu,
    "requantise": _requantise, "pack": _pack, "cache": _cache, "scores": _scores, "scale": _scale,
    "max": _max, "bucket": _bucket, "table": _table, "sum": _sum, "reciprocal": _reciprocal,
    "multiply": _multiply, "weighted_sum": _weighted_sum, "top_k": _top_k, "prbs": _prbs, "sample": _sample,
}  # fmt: skip
"""Makes the function of every operator."""


def compile_node(site: Site) -> Run:
    """Returns the function of a node; its tensors are decoded once, here."""
    return MAKERS[site.node.op](site)
