"""What a language model's machine would cost, operator by operator: counted, then priced by coefficients.

Weights, bits and words are counted from the model. Volume, ticks and events are those counts times the
coefficients of one table, each marked as measured on a built machine or extrapolated. Operators that hold no
data are counted in words of a lane (estimate/operators.py) and priced apart, as extrapolated; those without
a formula are listed as not estimated, never as free.

A matrix is streamed by lanes: a lane works on one output at a time, a word of the ROM after the other; a
weight takes one or more words. Matrices run one after the other.

    words per lane = ceil(outputs / lanes) * inputs * words per weight
    digits         = octal digits of a sum: of x, weights and log2(inputs) bits, or of what the result keeps
    rt             = words per lane * max(rt per word, 2 * (digits + 4)) + rt per matrix
    events         = all words * events per word * digits / 12
    volume         = bits of ROM * blocks per bit + words per lane * blocks per word
                     + lanes * blocks per lane
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields

from craftc.errors import ConfigError
from craftc.estimate.operators import work_of
from craftc.ir.graph import Node
from craftc.ir.ops import CODE_BITS
from craftc.ir.site import width_bits
from craftc.lm.model import Array, LanguageModel

LANES = 48
"""Lanes unless told otherwise: those of the machine that was built by hand."""

WORDS_PER_WEIGHT = {"companded8": 3, "ternary": 1, "int4": 1, "int8": 2, "int16": 4}
"""Hex digits that a lane takes for one weight; a companded weight is an exact integer of 11 bits."""

WEIGHT_BITS = {"companded8": 11, "ternary": 2, "int4": 4, "int8": 8, "int16": 16}
"""Bits of a decoded weight."""

DIGIT_BITS = 4
BUILT_DIGITS, FLUSH_DIGITS, DIGIT_RT = 12, 4, 2
"""Octal digits of a sum in the matrix that was built, digits between two sums, rt per digit."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A cost per unit, and where it comes from."""

    value: float
    unit: str
    measured: bool
    source: str


@dataclass(frozen=True, slots=True)
class Coefficients:
    """All coefficients; fields are named after what they multiply."""

    rom_bit: Coefficient
    matrix_bit: Coefficient
    tower: Coefficient
    lane: Coefficient
    word: Coefficient
    matrix: Coefficient
    event: Coefficient

    def by_kind(self, measured: bool) -> Mapping[str, Coefficient]:
        """Returns the measured coefficients, or the others, by name."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: c for name, c in found.items() if c.measured == measured}


COEFFICIENTS = Coefficients(
    rom_bit=Coefficient(
        3.87, "cells per bit of a table's ROM", True, "ROM bank of 256 words x 32 levels, decision 0001"
    ),
    matrix_bit=Coefficient(
        2.66, "blocks per bit of a matrix's ROM", True, "fit to built octal matrices, decision 0010"
    ),
    tower=Coefficient(251, "blocks per word of a lane", True, "the same: towers, tokens, input registers"),
    lane=Coefficient(1157, "blocks per lane", True, "the same: adders, rails, result register"),
    word=Coefficient(32, "rt per word", True, "the same"),
    matrix=Coefficient(882, "rt per matrix", True, "the same: lead, tail and fixed words, start to done"),
    event=Coefficient(1_286, "events per word", True, "the same, 240 lanes of 737 words"),
)
"""The one table that estimates use."""


@dataclass(frozen=True, slots=True)
class Built:
    """A matrix that was built, and what its blocks cost: figures of a report, not of a formula."""

    name: str
    shape: tuple[int, int]
    """(outputs, inputs); another model's matrix of that name is another one."""

    lanes: int
    blocks: int
    redstone_ticks: int
    events: int


BUILT: tuple[Built, ...] = (
    Built("layers.0.attention.query", (240, 240), 240, 2_342_580, 23_922, 221_715_932),
    Built("layers.0.attention.query", (240, 240), 120, 2_437_560, 47_514, 286_422_674),
)
"""Matrices of CraftGPT that were built and simulated."""


@dataclass(frozen=True, slots=True)
class Row:
    """Costs of one operator; None where there is no coefficient."""

    name: str
    op: str
    shape: str
    weights: int
    bits: int
    """Bits as the checkpoint holds them."""

    rom_bits: int
    """Bits of ROM, padded to hex digits for matrices."""

    volume: int
    lanes: int | None = None
    words_per_lane: int | None = None
    redstone_ticks: int | None = None
    events: int | None = None


@dataclass(frozen=True, slots=True)
class Extrapolated:
    """All operators of a kind that hold no data, or that do more than read it: counted, but never built."""

    op: str
    nodes: int
    words: int
    lanes: int
    redstone_ticks: int
    events: int


@dataclass(frozen=True, slots=True)
class LanguageEstimate:
    """Rows of operators that hold data, their sums, what is extrapolated beside them, what is left out."""

    rows: tuple[Row, ...]
    cache_bits: int
    extrapolated: tuple[Extrapolated, ...]
    not_estimated: Mapping[str, int]
    """Operators for which there is no formula, by kind: neither volume nor time is known."""

    coefficients: Coefficients
    built: tuple[tuple[Built, Row], ...] = ()
    """Matrices of this model that were built, each beside its row at the lanes it was built with."""

    def total(self, field: str) -> int:
        """Returns the sum of a field over all rows that have it."""
        return sum(getattr(row, field) or 0 for row in self.rows)


def estimate_language(
    model: LanguageModel,
    lanes: int | None = None,
    words_per_lane: int | None = None,
    coefficients: Coefficients = COEFFICIENTS,
    built: tuple[Built, ...] = BUILT,
) -> LanguageEstimate:
    """Returns the costs of a model's machine at a chosen parallelism.

    `lanes` are lanes per matrix; `words_per_lane` gives every matrix as many lanes as it needs to stream at
    most that many words each. Raises ConfigError if both are given, or the words do not hold one output.
    """
    if lanes is not None and words_per_lane is not None:
        raise ConfigError("both lanes and words per lane", where="estimate", legal="one of them")
    if lanes is not None and lanes < 1:
        raise ConfigError(f"{lanes} lanes", where="estimate", legal="1 or more")
    rows: list[Row] = []
    seen: set[str] = set()
    for node in model.graph:
        if node.op == "matmul":
            rows.append(_matrix(model, node, lanes, words_per_lane, coefficients))
        rows += [
            _rom(model, node, name, coefficients)
            for key, name in node.tensors.items()
            if name not in seen and not (node.op == "matmul" and key == "weights")
        ]
        seen.update(node.tensors.values())
    rows += [
        _table(name, "rom", a, width_bits(a), coefficients)
        for name, a in model.tensors.items()
        if name not in seen
    ]
    caches = [node for node in model.graph if node.op == "cache"]
    cache_bits = sum(model.context * node.type.count * node.type.format.bits for node in caches)
    others, without = _others(model, LANES if lanes is None else lanes, coefficients)
    known = {(n.name, model.tensors[n.tensors["weights"]].shape): n for n in model.graph if n.op == "matmul"}
    beside = tuple(
        (b, _matrix(model, known[b.name, b.shape], b.lanes, None, coefficients))
        for b in built
        if (b.name, b.shape) in known
    )
    return LanguageEstimate(tuple(rows), cache_bits, others, without, coefficients, beside)


def _others(
    model: LanguageModel, lanes: int, coefficients: Coefficients
) -> tuple[tuple[Extrapolated, ...], dict[str, int]]:
    """Returns the work of all operators beside matrices by kind, and how many there are without a formula."""
    types = model.graph.types()
    found: dict[str, list[tuple[int, int]]] = {}
    without: Counter[str] = Counter()
    for node in model.graph:
        work = work_of(node, types, model.context)
        if work is not None:
            streamed = max(-(-work.words // lanes), work.chain)
            found.setdefault(node.op, []).append((work.words, streamed))
        elif not node.tensors:
            without[node.op] += 1
    c = coefficients
    others = [
        Extrapolated(op, len(pairs), sum(w for w, _ in pairs), lanes,
                     round(sum(s for _, s in pairs) * c.word.value),
                     round(sum(w for w, _ in pairs) * c.event.value))
        for op, pairs in sorted(found.items())
    ]  # fmt: skip
    return tuple(others), dict(sorted(without.items()))


def sum_digits(x_bits: int, code: str, inputs: int, out_bits: int, shift: int) -> int:
    """Returns the octal digits that a lane must keep of a sum of `inputs` products.

    All bits of the sum, or, since results wrap, those up to the highest that the result keeps after `shift`.
    """
    whole = x_bits + WEIGHT_BITS[code] + (inputs - 1).bit_length()
    return -(-min(whole, out_bits + shift + 1) // 3)


def _matrix(
    model: LanguageModel, node: Node, lanes: int | None, words: int | None, coefficients: Coefficients
) -> Row:
    outputs, inputs = model.tensors[node.tensors["weights"]].shape
    per_output = inputs * WORDS_PER_WEIGHT[node["code"]]
    if words is not None:
        if words < per_output:
            legal = f"at least {per_output}, the words of one output"
            raise ConfigError(f"{words} words per lane", where=node.name, legal=legal)
        used = -(-outputs // (words // per_output))
    else:
        used = min(LANES if lanes is None else lanes, outputs)
    streamed = -(-outputs // used) * per_output
    x_bits = model.graph.types()[node.inputs[0]].format.bits
    digits = sum_digits(x_bits, node["code"], inputs, node.type.format.bits, node["shift"])
    word_rt = max(coefficients.word.value, DIGIT_RT * (digits + FLUSH_DIGITS))
    rom_bits = outputs * per_output * DIGIT_BITS
    c = coefficients
    return Row(
        name=node.name, op=node.op, shape=f"{inputs} -> {outputs}", weights=outputs * inputs,
        bits=outputs * inputs * CODE_BITS[node["code"]], rom_bits=rom_bits,
        volume=round(rom_bits * c.matrix_bit.value + streamed * c.tower.value + used * c.lane.value),
        lanes=used, words_per_lane=streamed,
        redstone_ticks=round(streamed * word_rt + c.matrix.value),
        events=round(outputs * per_output * c.event.value * digits / BUILT_DIGITS),
    )  # fmt: skip


def _rom(model: LanguageModel, node: Node, name: str, coefficients: Coefficients) -> Row:
    array = model.tensors[name]
    declared = {"table": node.type.format.bits, "embedding": node["bits"], "layer_norm": node["gain_bits"]}
    bits = declared.get(node.op) or width_bits(array)
    return _table(name, node.op, array, bits, coefficients)


def _table(name: str, op: str, array: Array, bits: int, coefficients: Coefficients) -> Row:
    total = array.size * bits
    trained = array.size if op in ("embedding", "layer_norm", "matmul") else 0
    shape = f"{' x '.join(map(str, array.shape))} of {bits} bits"
    return Row(name, op, shape, trained, total, total, round(total * coefficients.rom_bit.value))
