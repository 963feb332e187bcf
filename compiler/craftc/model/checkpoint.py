"""The quantized model: frozen dataclasses, their rules, and the exact integers of the hardware.

Layer l computes, in int64 and without rounding,

    y[j] = sum_i weight_codes[j, i] * x[i] + bias[j]          (n_out, n_in) x (n_in,) -> (n_out,)
    h[j] = min(max(y[j] >> shift, 0), 15)                     hidden layers, arithmetic shift = floor

and the class is the lowest index among the largest y of the last layer. Weight codes are
int4, -8..7. Inputs of the first layer are 1 bit or 4 bits wide, of every later layer 4 bits.

A bias has no hardware of its own: it is a row of further weights on inputs that never change,
the bias constants. They are all 1 before a layer of binary inputs and 1 or 8 before a layer of
4-bit inputs:

    bias[j] = sum_k bias_codes(layer)[j, k] * bias_constants[k],   bias_codes in -8..7

Invariants: arrays are read-only; every Checkpoint that exists obeys `validate`. Reading and
writing files is in `checkpoint_file`; docs/checkpoint.md is the format.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from craftc.errors import ModelError

CODE_MIN = -8
CODE_MAX = 7
ACTIVATION_MAX = 15  # 4-bit unsigned, a signal strength
SHIFT_MAX = 12
BIAS_STEP = 8  # the larger bias constant of a 4-bit layer: one octal digit
MAX_WEIGHTS = 1 << 28  # per layer; far above the largest model planned, stops absurd files

Activation = Literal["relu4", "none"]
Int8 = npt.NDArray[np.int8]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One linear layer in integers, with the activation that follows it."""

    weight_codes: Int8  # (n_out, n_in), -8..7
    bias: Int64  # (n_out,)
    bias_constants: Int64  # (n_const,), in streaming order after the n_in inputs
    input_bits: int  # 1 or 4
    shift: int | None  # None exactly when activation == "none"
    activation: Activation

    @property
    def n_in(self) -> int:
        """Number of inputs, without the bias constants."""
        return int(self.weight_codes.shape[1])

    @property
    def n_out(self) -> int:
        """Number of outputs."""
        return int(self.weight_codes.shape[0])

    @property
    def input_max(self) -> int:
        """Largest value of one input: 1 or 15."""
        return (1 << self.input_bits) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A validated quantized network: layers in order, a name, and free metadata."""

    name: str
    layers: tuple[Layer, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        validate(self)

    @property
    def n_in(self) -> int:
        """Inputs of the network."""
        return self.layers[0].n_in

    @property
    def n_out(self) -> int:
        """Outputs (classes) of the network."""
        return self.layers[-1].n_out

    @property
    def sizes(self) -> tuple[int, ...]:
        """Widths from input to output, e.g. (64, 32, 10)."""
        return (self.n_in, *(layer.n_out for layer in self.layers))

    @property
    def parameters(self) -> int:
        """Weights plus biases, as the user counts them (bias constants not expanded)."""
        return sum(layer.weight_codes.size + layer.bias.size for layer in self.layers)


def make_layer(
    weight_codes: npt.ArrayLike,
    bias: npt.ArrayLike,
    bias_constants: npt.ArrayLike,
    input_bits: int,
    shift: int | None,
) -> Layer:
    """Returns a layer with read-only arrays of the exact types; shift None makes it a last layer.

    Raises ModelError if a value is not an integer or does not fit its type.
    """
    return Layer(
        weight_codes=_exact(weight_codes, np.int8, "weight_codes"),
        bias=_exact(bias, np.int64, "bias"),
        bias_constants=_exact(bias_constants, np.int64, "bias_constants"),
        input_bits=input_bits,
        shift=shift,
        activation="none" if shift is None else "relu4",
    )


def _exact(values: npt.ArrayLike, dtype: type, what: str) -> npt.NDArray[Any]:
    """Returns a read-only contiguous copy; refuses values that the type cannot hold."""
    given = np.asarray(values)
    if given.size == 0:
        given = given.astype(np.int64)
    if given.dtype.kind not in "iu":
        raise ModelError(f"{what} has type {given.dtype}", where="layer", legal="integers")
    info = np.iinfo(dtype)
    if given.size and (int(given.min()) < info.min or int(given.max()) > info.max):
        raise ModelError(f"{what} does not fit {info.dtype}", where="layer", legal=f"{info.min}..{info.max}")
    made: npt.NDArray[Any] = np.array(given, dtype=dtype, order="C", copy=True)
    made.setflags(write=False)
    return made


def bias_range(constants: npt.ArrayLike) -> tuple[int, int]:
    """Returns the least and the largest bias that these constants can carry."""
    total = int(np.asarray(constants, dtype=np.int64).sum())
    return CODE_MIN * total, CODE_MAX * total


def bias_codes(layer: Layer, where: str = "layer") -> Int8:
    """Returns int8 (n_out, n_const) codes in -8..7 with codes @ bias_constants == bias, exactly.

    Deterministic: the constants of 8 take floor(bias / 8) as far as they reach, the constants
    of 1 take the rest, and within each kind the codes are filled from the left. With at least
    one constant of 1 every integer of `bias_range` is reachable.

    Raises ModelError naming the layer, the output and the range.
    """
    low, high = bias_range(layer.bias_constants)
    outside = np.flatnonzero((layer.bias < low) | (layer.bias > high))
    if outside.size:
        j = int(outside[0])
        raise ModelError(
            f"bias[{j}] = {int(layer.bias[j])} does not fit the {layer.bias_constants.size} bias "
            f"constants {layer.bias_constants.tolist()}",
            where=where,
            legal=f"{low}..{high}, or more constants",
        )
    eights = layer.bias_constants == BIAS_STEP
    n_eights = int(eights.sum())
    coarse = np.clip(layer.bias // BIAS_STEP, CODE_MIN * n_eights, CODE_MAX * n_eights)  # (n_out,)
    codes = np.zeros((layer.n_out, layer.bias_constants.size), dtype=np.int8)
    codes[:, eights] = _fill(coarse, n_eights)
    codes[:, ~eights] = _fill(layer.bias - BIAS_STEP * coarse, codes.shape[1] - n_eights)
    return codes


def _fill(total: Int64, count: int) -> Int8:
    """Returns int8 (n, count) codes in -8..7 whose row sums are `total`, filled from the left."""
    codes = np.zeros((total.size, count), dtype=np.int8)
    rest = total.copy()
    for k in range(count):
        codes[:, k] = np.clip(rest, CODE_MIN, CODE_MAX)
        rest -= codes[:, k]
    return codes


def constants_for(bias: npt.ArrayLike, input_bits: int) -> Int64:
    """Returns the shortest list of bias constants that carries every value of `bias`.

    (1, 1, ...) for binary inputs; (1), (1, 8), (1, 8, 1, 8), ... for 4-bit inputs; empty if all are 0.
    """
    values = np.asarray(bias, dtype=np.int64)
    constants: list[int] = []
    while True:
        low, high = bias_range(constants)
        if not values.size or (low <= int(values.min()) and int(values.max()) <= high):
            return np.array(constants, dtype=np.int64)
        constants.append(1 if input_bits == 1 or len(constants) % 2 == 0 else BIAS_STEP)


def validate(checkpoint: Checkpoint) -> None:
    """Raises ModelError naming the first layer and field that breaks a rule of this module."""
    if not checkpoint.layers:
        raise ModelError("the model has no layers", where=checkpoint.name, legal="one or more")
    last = len(checkpoint.layers) - 1
    for index, layer in enumerate(checkpoint.layers):
        where = f"{checkpoint.name}: layer {index}"
        _check_shapes(layer, where)
        _check_values(layer, where, is_first=index == 0, is_last=index == last)
        bias_codes(layer, where)
        if index and layer.n_in != checkpoint.layers[index - 1].n_out:
            raise ModelError(
                f"weight_codes has {layer.n_in} inputs, the layer before has "
                f"{checkpoint.layers[index - 1].n_out} outputs",
                where=where,
                legal="equal numbers",
            )


def _check_shapes(layer: Layer, where: str) -> None:
    """Raises ModelError if an array has the wrong rank, length or is empty."""
    if layer.weight_codes.ndim != 2 or 0 in layer.weight_codes.shape:
        raise ModelError(
            f"weight_codes has shape {layer.weight_codes.shape}",
            where=where,
            legal="(n_out, n_in), both >= 1",
        )
    if layer.bias.shape != (layer.n_out,):
        raise ModelError(f"bias has shape {layer.bias.shape}", where=where, legal=f"({layer.n_out},)")
    if layer.bias_constants.ndim != 1:
        raise ModelError(
            f"bias_constants has shape {layer.bias_constants.shape}", where=where, legal="one dimension"
        )


def _check_values(layer: Layer, where: str, *, is_first: bool, is_last: bool) -> None:
    """Raises ModelError if a number is outside what the hardware can hold."""
    low, high = int(layer.weight_codes.min()), int(layer.weight_codes.max())
    if low < CODE_MIN or high > CODE_MAX:
        raise ModelError(
            f"weight_codes reach {low}..{high}", where=where, legal=f"{CODE_MIN}..{CODE_MAX} (int4)"
        )
    bits = (1, 4) if is_first else (4,)
    if layer.input_bits not in bits:
        raise ModelError(f"input_bits is {layer.input_bits}", where=where, legal=" or ".join(map(str, bits)))
    _check_activation(layer, where, is_last=is_last)
    allowed = {1} if layer.input_bits == 1 else {1, BIAS_STEP}
    found = set(layer.bias_constants.tolist())
    if found - allowed or (found and 1 not in found):
        raise ModelError(
            f"bias_constants are {layer.bias_constants.tolist()}",
            where=where,
            legal=f"values of {sorted(allowed)} for {layer.input_bits}-bit inputs, at least one 1, or none",
        )


def _check_activation(layer: Layer, where: str, *, is_last: bool) -> None:
    """Raises ModelError unless hidden layers are relu4 with a shift and the last is none without."""
    wanted = "none" if is_last else "relu4"
    if layer.activation != wanted:
        raise ModelError(
            f"activation is {layer.activation!r} in {'the last' if is_last else 'a hidden'} layer",
            where=where,
            legal=repr(wanted),
        )
    if is_last and layer.shift is not None:
        raise ModelError(f"shift is {layer.shift} in the last layer", where=where, legal="None")
    if not is_last and (layer.shift is None or not 0 <= layer.shift <= SHIFT_MAX):
        raise ModelError(f"shift is {layer.shift}", where=where, legal=f"0..{SHIFT_MAX}")
