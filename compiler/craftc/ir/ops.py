"""The operators of a language model, as data: inputs, parameters, tensors, and what each computes.

Every operator makes one value. `x` has N bits; M = 2^(N-1); "wrap" means modulo 2^bits of the output
format, read as two's complement if it is signed; "clamp" means the nearest value of that format;
`>>` is floor(x / 2^n), also of negative x; mag(x) is abs(x), except that mag(-M) = 0. All of it is exact.

A table per operator drives the checks (`spec`), the printed form (`textual`) and the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Value = int | str | bool | tuple[int, ...]

OVERFLOW = ("wrap", "clamp")
ROUNDING = ("floor", "nearest")
CODES = {
    "companded8": (0, 255),
    "ternary": (-1, 1),
    "int4": (-8, 7),
    "int8": (-128, 127),
    "int16": (-32768, 32767),
}
"""Weight codes of a matrix and the range of the stored integers."""

CODE_BITS = {"companded8": 8, "ternary": 2, "int4": 4, "int8": 8, "int16": 16}
"""Bits of storage per weight."""


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter: its kind, default (None: must be given), legal values and meaning."""

    kind: Literal["int", "bool", "choice", "ints"]
    text: str
    default: Value | None = None
    low: int = 0
    high: int = 1 << 62
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpSpec:
    """An operator: what it takes, what it needs, what it computes."""

    text: str
    inputs: tuple[str, ...]
    params: Mapping[str, Param] = field(default_factory=dict)
    tensors: Mapping[str, int] = field(default_factory=dict)  # rank by name; name? may be left out


def _count(text: str, default: int | None = None, low: int = 0, high: int = 62) -> Param:
    return Param("int", text, default, low, high)


_SHIFT = _count("bits dropped at the end")
_MULTIPLIER = Param("int", "integer factor before the shift", 1, 1, (1 << 31) - 1)
_OVERFLOW = Param("choice", "what happens outside the output format", "wrap", choices=OVERFLOW)
_ROUNDING = Param("choice", "nearest adds 2^(shift-1) before the shift", "floor", choices=ROUNDING)
_STORED = _count("width of the stored integers; 0: as narrow as they are", 0)
_HEADS = Param("int", "heads, each a run of neighbouring numbers", 1, 1, 1 << 16)
_PRODUCTS = Param("choice", "of exact integers, or of short floats", choices=("exact", "short"))

OPS: Mapping[str, OpSpec] = {
    "embedding": OpSpec(
        "row `index` of the table, times multipliers[index], times 2^shift",
        ("index",),
        {"shift": _count("left shift of the stored integers", 0), "bits": _STORED},
        {"table": 2, "multipliers?": 1},
    ),
    "add": OpSpec("a + b, wrapped or clamped", ("a", "b"), {"overflow": _OVERFLOW}),
    "layer_norm": OpSpec(
        """T = sum x;  m = sign(T) * (abs(T) * mean_multiplier >> mean_shift), 0 if not center
        d = x - m, modulo 2^N, 0 .. 2^N - 1;  V = (variance_bias + sum mag(d)^2) mod 2^variance_bits
        sigma = (root_multiplier * floor(sqrt V)) >> root_shift
        inv = floor(2^numerator_bits / sigma) mod 2^inverse_bits
        negative = d >= negative_from;  a = (2^N - d) mod M if negative else d
        r = a * inv >> inverse_shift;  r = r * (gain >> gain_drop) >> gain_shift
        each r modulo 2^(out bits - 1), or clamped below it;  y = -r if negative else r""",
        ("x",),
        {
            "center": Param("bool", "subtract the mean (LayerNorm) or not (RMSNorm)", True),
            "mean_multiplier": Param("int", "2^mean_shift / width", 1, 1, (1 << 32) - 1),
            "mean_shift": _count("see mean_multiplier", 0),
            "variance_bias": Param("int", "epsilon, in units of the sum of squares", 0, 0, 1 << 62),
            "variance_bits": _count("where the sum of squares wraps", low=1),
            "root_multiplier": Param("int", "2^root_shift / sqrt(width)", 1, 1, (1 << 31) - 1),
            "root_shift": _count("see root_multiplier", 0),
            "numerator_bits": _count("the reciprocal is of 2^this"),
            "inverse_bits": _count("width of the reciprocal", low=1, high=32),
            "inverse_shift": _count("bits dropped after the reciprocal"),
            "gain_bits": _STORED,
            "gain_drop": _count("low bits of a stored gain that are not used", 0),
            "gain_shift": _count("fraction bits of a gain"),
            "negative_from": Param("int", "least d that counts as negative", None, 1, 1 << 40),
            "overflow": _OVERFLOW,
        },
        {"gain": 1},
    ),
    "matmul": OpSpec(
        """floored: sum over j of +-((x_j * b) >> s) + ((x_j * m) >> (s + 3)), b, m, s, sign from the code
        exact: (multiplier * sum over j of w_j * x_j) >> shift, w_j the decoded integer;
        row i is multiplied by multipliers[i] instead, if they are given""",
        ("x",),
        {
            "code": Param("choice", "how weights are stored", choices=tuple(CODES)),
            "products": Param("choice", "floored one by one, or exact with one shift at the end",
                              choices=("floored", "exact")),
            "multiplier": _MULTIPLIER,
            "shift": _SHIFT,
            "rounding": _ROUNDING,
            "overflow": _OVERFLOW,
        },
        {"weights": 2, "multipliers?": 1},
    ),
    "relu": OpSpec("max(x, 0)", ("x",)),
    "requantise": OpSpec(
        "(x * multiplier) >> shift, wrapped or clamped",
        ("x",),
        {"multiplier": _MULTIPLIER, "shift": _SHIFT, "rounding": _ROUNDING, "overflow": _OVERFLOW},
    ),
    "pack": OpSpec(
        """0 if mag(x) = 0; else with i the top set bit of mag(x): sign, field = i + bias,
        mantissa = floor(mag(x) * 2^mantissa bits / 2^i) without its leading one""",
        ("x",),
        {"bias": Param("int", "field of the value 1", None, -64, 64)},
    ),
    "cache": OpSpec(
        "x of positions 0..p in order; x of position p is added now",
        ("x",),
        {"capacity": Param("int", "positions that are kept", None, 1, 1 << 20)},
    ),
    "scores": OpSpec(
        """for head h and position t: sum over j of q_j * k_tj in that head
        exact: the sum is shifted right by `shift`
        short: each product is (2^mantissa + man_q) * (2^mantissa + man_k) * 2^(field_q + field_k) >> shift,
        then its sign; 0 if a word is 0 but for its sign""",
        ("q", "k"),
        {"heads": _HEADS, "products": _PRODUCTS, "shift": _SHIFT, "overflow": _OVERFLOW},
    ),
    "scale": OpSpec(
        "sign(x) * ((mag(x) * multiplier >> shift) mod 2^(out bits - 1))",
        ("x",),
        {"multiplier": _MULTIPLIER, "shift": _SHIFT},
    ),
    "max": OpSpec("the largest number along the last axis", ("x",)),
    "bucket": OpSpec("(max - x) >> shift", ("max", "x"), {"shift": _SHIFT}),
    "table": OpSpec("table[x], 0 past its end", ("x",), {}, {"table": 1}),
    "sum": OpSpec("the sum along the last axis, wrapped", ("x",)),
    "reciprocal": OpSpec(
        "floor(2^numerator_bits / x)", ("x",), {"numerator_bits": _count("see the formula")}
    ),
    "multiply": OpSpec(
        "(factor * x) >> shift, wrapped; one factor per row of x", ("factor", "x"), {"shift": _SHIFT}
    ),
    "weighted_sum": OpSpec(
        "for head h and number j in it: sum over t of w_ht * v_tj; products as in `scores`",
        ("w", "v"),
        {"heads": _HEADS, "products": _PRODUCTS, "shift": _SHIFT, "overflow": _OVERFLOW},
    ),
    "top_k": OpSpec(
        "the k largest keys p * 2^id_bits + id, largest first",
        ("p",),
        {"k": Param("int", "candidates", None, 1, 64), "id_bits": _count("bits of a token number", high=20)},
    ),
    "prbs": OpSpec(
        """`steps` times: bit = state bit taps[0]-1 xor state bit taps[1]-1,
        state = (state << 1 without its top bit) + bit; taps[0] is the width of the state""",
        ("state",),
        {"taps": Param("ints", "(width, other tap)"),
         "steps": Param("int", "steps per number", None, 1, 1 << 16)},
    ),
    "sample": OpSpec(
        """u = draw;  for the candidates from the last to the second: skip it if p < floor,
        else u = u - p, and choose it if u < 0;  if none is chosen, the first""",
        ("keys", "draw"),
        {"id_bits": _count("bits of a token number", high=20),
         "floor": Param("int", "least probability considered", 0)},
    ),
}  # fmt: skip
"""All operators by name."""


@dataclass(frozen=True, slots=True)
class CompandedCode:
    """What the 7 low bits of a companded8 code mean: magnitude = (8 b + m) / 2^(s + 3)."""

    shift: int  # s
    digit: int  # b, 0..7
    low: int  # m, 0..7

    @property
    def units(self) -> int:
        """Magnitude in units of 2^-11."""
        return (8 * self.digit + self.low) << (8 - self.shift)


COMPANDED_FRACTION = 11
"""Decoded companded8 weights are integers in units of 2^-11, |w| <= 960."""


def companded(code: int) -> CompandedCode:
    """Returns the parts of a companded8 magnitude code 0..127 (five segments, finer near zero)."""
    for first, shift, base in ((120, 2, 1), (112, 3, 1), (96, 5, 2), (64, 7, 4), (0, 8, 0)):
        if code >= first:
            return CompandedCode(shift, base + (code - first) // 8, code % 8)
    raise ValueError(code)
