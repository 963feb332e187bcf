"""What a language model's machine would cost, operator by operator: counted, then priced by coefficients.

Weights, bits and words are counted from the model. Volume, ticks and events are those counts times the
coefficients of one table, each marked as measured on a built machine or extrapolated. Operators for which
there is no coefficient are listed as not estimated, never as free.

A matrix is streamed by lanes: a lane works on one output at a time, a word of the ROM after the other; a
weight takes one or more words. Matrices run one after the other.

    words per lane = ceil(outputs / lanes) * inputs * words per weight
    rt             = words per lane * rt per word + rt per matrix
    events         = all words * events per word
    volume         = bits of ROM * blocks per bit + lanes * blocks per lane
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields

from craftc.errors import ConfigError
from craftc.ir.graph import Node
from craftc.ir.ops import CODE_BITS
from craftc.ir.site import width_bits
from craftc.lm.model import Array, LanguageModel

LANES = 48
"""Lanes unless told otherwise: those of the machine that was built by hand."""

WORDS_PER_WEIGHT = {"companded8": 3, "ternary": 1, "int4": 1, "int8": 2, "int16": 4}
"""Hex digits that a lane takes for one weight; a companded weight is an exact integer of 11 bits."""

DIGIT_BITS = 4


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
        3.87, "blocks per bit of ROM", True, "ROM bank of 256 words x 32 levels, decision 0001"
    ),
    lane=Coefficient(
        2500, "blocks per lane", False, "octal lane with its share of rails, design formula +-40 %"
    ),
    word=Coefficient(32, "rt per word", True, "built octal matrix of 240 x 240, decision 0010"),
    matrix=Coefficient(862, "rt per matrix", True, "the same: lead, tail and fixed words, start to done"),
    event=Coefficient(1307, "events per word", True, "the same, 240 lanes of 737 words in one row"),
)
"""The one table that estimates use."""


@dataclass(frozen=True, slots=True)
class Built:
    """A matrix that was built, and what its blocks cost: figures of a report, not of a formula."""

    name: str
    shape: tuple[int, int]
    """(outputs, inputs); another model's matrix of that name is another one."""

    lanes: int
    volume: int
    redstone_ticks: int
    events: int


BUILT: tuple[Built, ...] = (
    Built("layers.0.attention.query", (240, 240), 240, 51_869_160, 23_902, 225_776_787),
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
class LanguageEstimate:
    """Rows of all operators that hold data, their sums, and what was left out."""

    rows: tuple[Row, ...]
    cache_bits: int
    not_estimated: Mapping[str, int]
    """Operators without data, by kind: neither volume nor time is known."""

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
    without = Counter(node.op for node in model.graph if not node.tensors)
    known = {(n.name, model.tensors[n.tensors["weights"]].shape): n for n in model.graph if n.op == "matmul"}
    beside = tuple(
        (b, _matrix(model, known[b.name, b.shape], b.lanes, None, coefficients))
        for b in built
        if (b.name, b.shape) in known
    )
    return LanguageEstimate(tuple(rows), cache_bits, dict(sorted(without.items())), coefficients, beside)


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
    rom_bits = outputs * per_output * DIGIT_BITS
    c = coefficients
    return Row(
        name=node.name, op=node.op, shape=f"{inputs} -> {outputs}", weights=outputs * inputs,
        bits=outputs * inputs * CODE_BITS[node["code"]], rom_bits=rom_bits,
        volume=round(rom_bits * c.rom_bit.value + used * c.lane.value), lanes=used, words_per_lane=streamed,
        redstone_ticks=round(streamed * c.word.value + c.matrix.value),
        events=round(outputs * per_output * c.event.value),
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
