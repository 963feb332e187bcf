"""What every operator demands, as data: the shape it makes of its inputs, and further rules.

A rule returns None, or what is wrong and what would be legal. Sums are bounded here with the weights
themselves, so that an int64 never overflows while a graph is executed. `spec.check` runs the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from craftc.errors import OverflowRefused
from craftc.ir.ops import CODES, COMPANDED_FRACTION
from craftc.ir.site import (
    Array,
    Fault,
    Shape,
    Site,
    all_fixed,
    equal_shapes,
    rank,
    same_format,
    stored,
    width,
)
from craftc.ir.types import Fixed, Short

INT64_BITS = 62
"""Magnitudes stay below 2^62, so a sum of two still fits int64."""


def _same(site: Site) -> Shape:
    return site.shape()


def _without_last(site: Site) -> Shape:
    return site.shape()[:-1]


def _row(site: Site) -> Shape:
    return (int(site.tensors["table"].shape[1]),)


def _heads_by_time(site: Site) -> Shape:
    return (site.node["heads"], "T")


SHAPES: Mapping[str, Callable[[Site], Shape]] = {
    "embedding": _row, "add": _same, "layer_norm": _same, "relu": _same, "requantise": _same, "pack": _same,
    "matmul": lambda site: (int(site.tensors["weights"].shape[0]),),
    "cache": lambda site: ("T", *site.shape()),
    "scores": _heads_by_time, "scale": _same, "max": _without_last, "bucket": lambda site: site.shape(1),
    "table": _same, "sum": _without_last, "reciprocal": _same, "multiply": lambda site: site.shape(1),
    "weighted_sum": lambda site: site.shape(1)[1:],
    "top_k": lambda site: (site.node["k"],), "prbs": _same, "sample": lambda _: (),
}  # fmt: skip


def _embedding(site: Site) -> Fault:
    table, out = site.tensors["table"].astype(np.int64), site.node.type.format
    factors = site.tensors.get("multipliers")
    if fault := _multipliers(factors, table):
        return fault
    if factors is not None:
        most = int(np.abs(table).max()) * int(factors.max()) << site.node["shift"]
        if most.bit_length() >= INT64_BITS:
            return f"rows need {most.bit_length() + 1} bits", f"at most {INT64_BITS}"
        table = table * factors.astype(np.int64)[:, None]
    source, rows = site.types[0], table.shape[0]
    low, high = int(table.min()) << site.node["shift"], int(table.max()) << site.node["shift"]
    if low < out.low or high > out.high:
        return f"table reaches {low}..{high}", f"{out.low}..{out.high}, format {out}"
    if not isinstance(source.format, Fixed) or source.format.high < rows - 1:
        return f"{rows} rows cannot be named by {source}", f"at most {source.format.high + 1} rows"
    return None


def _matmul(site: Site) -> Fault:
    node, weights = site.node, site.tensors["weights"]
    low, high = CODES[node["code"]]
    if weights.size and (int(weights.min()) < low or int(weights.max()) > high):
        return f"weights reach {weights.min()}..{weights.max()}", f"{low}..{high} ({node['code']})"
    if node["code"] == "companded8":
        return _companded(site)
    if node["products"] == "floored":
        return "floored products of plain integers", "exact"
    return _exact_sum(site, weights.astype(np.int64))


def _companded(site: Site) -> Fault:
    node, weights = site.node, site.tensors["weights"]
    zero = np.argwhere(weights == 128)
    if zero.size:
        return f"code 128 (minus zero) at {zero[0].tolist()}", "0..127, 129..255"
    if node["products"] == "exact":
        return _exact_sum(site, np.full(weights.shape, 960))
    floored = (node["multiplier"], node["shift"], node["rounding"], "multipliers" in site.tensors)
    if floored != (1, COMPANDED_FRACTION, "floor", False):
        return "floored products with a scale", f"multiplier 1, shift {COMPANDED_FRACTION}, floor"
    if site.types[0].format.bits > 28 or site.node.type.format.bits > 32:
        return f"floored products of {site.types[0].format}", "inputs up to 28 bits, outputs up to 32"
    return None


def _exact_sum(site: Site, weights: Array) -> Fault:
    """The largest sum, over all inputs of the format, times its multiplier, stays below 2^62."""
    source = site.types[0].format
    largest = int(np.abs(weights).sum(axis=1).max()) * max(-source.low, source.high)
    factors = site.tensors.get("multipliers")
    if fault := _multipliers(factors, weights):
        return fault
    largest *= int(factors.max()) if factors is not None else site.node["multiplier"]
    if largest.bit_length() >= INT64_BITS:
        raise OverflowRefused(
            f"sums need {largest.bit_length() + 1} bits", where=site.node.name, legal=f"at most {INT64_BITS}"
        )
    return None


def _multipliers(factors: Array | None, rows: Array) -> Fault:
    """One positive factor per row, if there are any."""
    if factors is None or (factors.shape == rows.shape[:1] and int(factors.min()) >= 1):
        return None
    return f"multipliers of shape {factors.shape}", f"{rows.shape[:1]}, each at least 1"


def _layer_norm(site: Site) -> Fault:
    node, bits, size = site.node, site.types[0].format.bits, site.shape()[-1]
    assert isinstance(size, int)
    if site.types[0].format.low == 0 or node.type.format.low == 0:
        return f"makes {node.type.format} of {site.types[0].format}", "signed formats"
    if not 1 << (bits - 2) <= node["negative_from"] <= 1 << (bits - 1):
        return f"negative_from is {node['negative_from']}", f"about 2^{bits - 1}"
    gain = site.tensors["gain"]
    if int(gain.min()) < 0:
        return f"gain {int(gain.min())}", "0 or more"
    sums = {
        "mean": (size << (bits - 1)) * node["mean_multiplier"],
        "squares": node["variance_bias"] + (size << (2 * bits - 2)),
        "root": node["root_multiplier"] << (node["variance_bits"] + 1) // 2,
        "scaled": 1 << (bits - 1 + node["inverse_bits"]),
        "gained": int(gain.max())
        << max(node.type.format.bits, bits - 1 + node["inverse_bits"] - node["inverse_shift"]),
    }
    if node["overflow"] == "wrap":
        sums["gained"] = int(gain.max()) << node.type.format.bits
    for what, most in sums.items():
        if most.bit_length() > INT64_BITS:
            return f"the {what} needs {most.bit_length()} bits", f"at most {INT64_BITS}"
    return None


def _pack(site: Site) -> Fault:
    out, source = site.node.type.format, site.types[0].format
    if not isinstance(out, Short) or not isinstance(source, Fixed):
        return f"makes {out} of {source}", "a short float of a fixed-point number"
    first, last = site.node["bias"], site.node["bias"] + source.high.bit_length() - 1
    if first < 0 or last >> out.exponent:
        return f"fields would be {first}..{last}", f"0..{(1 << out.exponent) - 1}"
    return None


def _products(site: Site) -> Fault:
    """Both factors are of the kind that `products` names, and the exact sum fits."""
    kinds = Short if site.node["products"] == "short" else Fixed
    for name, given in zip(site.node.inputs, site.types, strict=True):
        if not isinstance(given.format, kinds):
            return f"{site.node['products']} products of {name!r}, {given}", kinds.__name__
    if kinds is Fixed and sum(t.format.bits for t in site.types) + 16 > INT64_BITS:
        return "the sum of products may overflow", f"factors of at most {INT64_BITS - 16} bits together"
    return None if kinds is Fixed else _short_products(site)


def _short_products(site: Site) -> Fault:
    a, b = (t.format for t in site.types)
    assert isinstance(a, Short)
    if a != b:
        return f"multiplies {a} by {b}", "one format"
    most = 2 * (a.mantissa + 1) + 2 * ((1 << a.exponent) - 1) - site.node["shift"] + 16
    if most > INT64_BITS:
        return (
            f"sums of products need {most} bits",
            f"a shift of at least {site.node['shift'] + most - INT64_BITS}",
        )
    return None


def _scaled(site: Site) -> Fault:
    """x times the multiplier, and half a unit, stay below 2^62."""
    bits = site.types[0].format.bits + int(site.node["multiplier"]).bit_length()
    if max(bits, site.node["shift"]) >= INT64_BITS:
        return f"needs {max(bits, site.node['shift'])} bits", f"below {INT64_BITS}"
    return None


def _long_sum(site: Site) -> Fault:
    bits = site.types[0].format.bits + 16
    return (
        None if bits <= INT64_BITS else (f"sums of {site.types[0].format}", f"at most {INT64_BITS - 16} bits")
    )


def _attention(site: Site) -> Fault:
    is_scores = site.node.op == "scores"
    vector, kept = (site.shape(0), site.shape(1)) if is_scores else (site.shape(1)[1:], site.shape(1))
    heads, size = site.node["heads"], vector[0] if vector else 0
    if len(kept) != 2 or kept[0] != "T" or kept[1] != size:
        return f"takes {site.types[0]} and {site.types[1]}", "a vector and a cache of the same width"
    if not isinstance(size, int) or size % heads:
        return f"{heads} heads do not divide {size}", "a divisor"
    if not is_scores and site.shape(0) != (heads, "T"):
        return f"weights are {site.types[0]}", f"[{heads},T]"
    return None


def _bucket(site: Site) -> Fault:
    if site.types[0].format != site.types[1].format or site.shape(0) != site.shape(1)[:-1]:
        return f"takes {site.types[0]} and {site.types[1]}", "x and its largest numbers, in one format"
    return None


def _table(site: Site) -> Fault:
    table, out = site.tensors["table"], site.node.type.format
    if int(table.min()) < out.low or int(table.max()) > out.high:
        return f"table reaches {table.min()}..{table.max()}", f"{out.low}..{out.high}, format {out}"
    return None


def _multiply(site: Site) -> Fault:
    """Products beyond int64 are exact too where the output keeps only bits below the 64th."""
    if site.shape(0) != site.shape(1)[:-1]:
        return f"takes {site.types[0]} and {site.types[1]}", "one factor per row"
    kept = site.node["shift"] + site.node.type.format.bits
    if sum(t.format.bits for t in site.types) > INT64_BITS and kept > INT64_BITS:
        return f"keeps bits up to {kept} of a long product", f"at most {INT64_BITS}"
    return None


def _top_k(site: Site) -> Fault:
    entries, k = site.shape()[-1], site.node["k"]
    if not isinstance(entries, int) or entries > 1 << site.node["id_bits"] or k > entries:
        return (
            f"chooses {k} of {entries} with {site.node['id_bits']}-bit numbers",
            "k <= entries <= 2^id_bits",
        )
    if site.types[0].format.bits + site.node["id_bits"] > site.node.type.format.bits:
        return f"keys do not fit {site.node.type.format}", "probability and number together"
    return None


def _prbs(site: Site) -> Fault:
    taps = site.node["taps"]
    if len(taps) != 2 or not 1 <= taps[1] < taps[0] or taps[0] != site.types[0].format.bits:
        return f"taps are {taps} of {site.types[0]}", "(bits of the state, a smaller tap)"
    return None


RULES: Mapping[str, tuple[Callable[[Site], Fault], ...]] = {
    "embedding": (rank(0, 0), _embedding, stored("bits", "table")),
    "add": (all_fixed, equal_shapes),
    "layer_norm": (all_fixed, rank(0, 1), width("gain", 0), _layer_norm, stored("gain_bits", "gain")),
    "matmul": (all_fixed, rank(0, 1), width("weights", 1), _matmul),
    "relu": (all_fixed,),
    "requantise": (all_fixed, _scaled),
    "pack": (_pack,),
    "cache": (rank(0, 1), same_format),
    "scores": (_attention, _products),
    "scale": (all_fixed, _scaled),
    "max": (all_fixed, same_format),
    "bucket": (all_fixed, _bucket),
    "table": (all_fixed, _table),
    "sum": (all_fixed, _long_sum),
    "reciprocal": (all_fixed,),
    "multiply": (all_fixed, _multiply),
    "weighted_sum": (_attention, _products),
    "top_k": (all_fixed, rank(0, 1), _top_k),
    "prbs": (all_fixed, rank(0, 0), _prbs),
    "sample": (all_fixed, rank(0, 1), rank(1, 0)),
}
"""Further rules of every operator, in the order in which they are tried."""
