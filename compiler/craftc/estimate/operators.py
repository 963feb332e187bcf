"""What the operators without a ROM of their own would take on lanes: additions and products, counted.

A lane adds one word in 32 rt, and a product takes a word per hex digit of the multiplier, whether that
digit comes from a ROM or from a register. So these operators are counted in words of a lane::

    words     all additions and digits of multipliers of one token at full context
    chain     the words that follow one another however many lanes there are
    rt        max(ceil(words / lanes), chain) * rt per word

Nothing of this is built; what a lane and a word cost is measured on matrices. Counts follow the formulas
of ir/ops.py; a division or a root gives one bit per subtraction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

from craftc.ir.graph import Node
from craftc.ir.types import Type

DIGIT_BITS = 4


@dataclass(frozen=True, slots=True)
class Work:
    """Words of a lane that an operator takes, and how many of them wait for each other."""

    words: int
    chain: int


def work_of(node: Node, types: Mapping[str, Type], context: int) -> Work | None:
    """Returns the work of an operator, None where no formula is known (pack, table, prbs, sample, cache)."""
    rule = _RULES.get(node.op)
    return None if rule is None else rule(node, types, context)


def _count(kind: Type, context: int) -> int:
    return prod(context if size == "T" else size for size in kind.shape)


def _hex(bits: int) -> int:
    """Returns the words of a product whose multiplier has so many bits."""
    return max(1, -(-bits // DIGIT_BITS))


def _each(words: int) -> Callable[[Node, Mapping[str, Type], int], Work]:
    """Returns the rule of an operator that takes `words` words per number of its result."""
    return lambda node, types, context: Work(words * _count(node.type, context), words)


def _scaled(node: Node, types: Mapping[str, Type], context: int) -> Work:
    words = _hex(int(node["multiplier"]).bit_length())
    return Work(words * _count(node.type, context), words)


def _reduced(node: Node, types: Mapping[str, Type], context: int) -> Work:
    """Returns one word per number of the input; those of one result follow one another."""
    numbers = _count(types[node.inputs[0]], context)
    return Work(numbers, -(-numbers // _count(node.type, context)))


def _multiply(node: Node, types: Mapping[str, Type], context: int) -> Work:
    words = _hex(min(types[name].format.bits for name in node.inputs))
    return Work(words * _count(node.type, context), words)


def _products(node: Node, types: Mapping[str, Type], context: int) -> Work:
    """Returns the words of scores and weighted_sum: a product per number of the cache."""
    first, cached = (types[name] for name in node.inputs)
    words = _hex(min(first.format.bits, cached.format.bits)) * _count(cached, context)
    return Work(words, -(-words // _count(node.type, context)))


def _reciprocal(node: Node, types: Mapping[str, Type], context: int) -> Work:
    bits = min(int(node["numerator_bits"]) + 1, node.type.format.bits)
    return Work(bits * _count(node.type, context), bits)


def _layer_norm(node: Node, types: Mapping[str, Type], context: int) -> Work:
    """Returns sum, mean, squares, root, reciprocal and the two products of a norm."""
    width, bits = _count(node.type, context), types[node.inputs[0]].format.bits
    root, inverse = -(-int(node["variance_bits"]) // 2), int(node["inverse_bits"])
    gain = _hex((int(node["gain_bits"]) or bits) - int(node["gain_drop"]))
    mean = 2 * width if node["center"] else 0
    squares, products = width * _hex(bits), width * (_hex(inverse) + gain)
    chain = (width + 1 if node["center"] else 0) + squares + root + inverse + _hex(inverse) + gain
    return Work(mean + squares + root + inverse + products, chain)


def _top_k(node: Node, types: Mapping[str, Type], context: int) -> Work:
    """Returns k comparisons for every candidate; those with the k best follow one another no further."""
    numbers = _count(types[node.inputs[0]], context)
    return Work(int(node["k"]) * numbers, numbers)


_RULES: Mapping[str, Callable[[Node, Mapping[str, Type], int], Work]] = {
    "add": _each(1), "relu": _each(1), "bucket": _each(1), "requantise": _scaled, "scale": _scaled,
    "max": _reduced, "sum": _reduced, "multiply": _multiply, "scores": _products,
    "weighted_sum": _products, "reciprocal": _reciprocal, "layer_norm": _layer_norm, "top_k": _top_k,
}  # fmt: skip
