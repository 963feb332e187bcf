"""Static proof, with the actual weights, that no accumulator result can overflow.

The machine adds one bit plane of the inputs at a time, the most significant plane first:

    acc = 0;  for p = input_bits-1 .. 0:  acc = 2*acc + sum_i w[j, i] * bit_p(x[i])

where i runs over the inputs and then the bias constants, in streaming order. The accumulator
has D octal digits and computes modulo 8^D, read as two's complement.

Theorem. If the final sum y[j] lies in -8^D/2 .. 8^D/2 - 1 for every input, then the D digits
that the accumulator holds at the end are exactly y[j], whatever the intermediate values were.
Proof. Reduction modulo 8^D is a ring homomorphism from the integers: doubling and adding commute
with it, so the accumulator ends with y[j] mod 8^D, and the two's complement reading is the only
integer of that residue in the interval. Intermediate wraps are harmless because nothing reads
the accumulator before the last plane: shift, ReLU and argmax see only the final value.

Hence the width needed is that of the final range (`LayerRange.digits`). The ranges of all
partial sums and of all Horner intermediates are computed too (`intermediate`), and the width in
which nothing ever wraps is `digits_no_wrap`; it is reported, not required.

Inputs are taken as independent, each 0 .. 2^bits - 1, so every bound of y is reached by an
actual input pattern of that layer (x[i] = max where w has the wanted sign, else 0).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from craftc.errors import OverflowRefused
from craftc.model.checkpoint import Checkpoint, Int8, Int64, Layer, bias_codes

BITS_PER_DIGIT = 3  # one octal digit


@dataclass(frozen=True, slots=True, eq=False)
class LayerRange:
    """Exact ranges of the sums of one layer, over all inputs."""

    low: Int64  # (n_out,) least y
    high: Int64  # (n_out,) largest y
    intermediate: tuple[int, int]  # least and largest value at any step of the stream, all outputs

    @property
    def bits(self) -> int:
        """Two's complement bits that hold every final sum."""
        return signed_bits(int(self.low.min()), int(self.high.max()))

    @property
    def digits(self) -> int:
        """Octal digits that hold every final sum: the accumulator width that is required."""
        return digits_for(self.bits)

    @property
    def digits_no_wrap(self) -> int:
        """Octal digits with which no intermediate value wraps either."""
        return digits_for(signed_bits(*self.intermediate))

    @property
    def compare_digits(self) -> int:
        """Octal digits that hold every difference y[a] - y[b] of two outputs, as a comparator forms it.

        Bounded by the extreme sums; with one output there is no difference, and the result is `digits`.
        """
        if self.low.size < 2:
            return self.digits
        spread = int(self.high.max()) - int(self.low.min())
        return max(self.digits, digits_for(signed_bits(-spread, spread)))


def signed_bits(low: int, high: int) -> int:
    """Returns the least two's complement width in bits that holds low..high.

    >>> signed_bits(-8, 7), signed_bits(-9, 0), signed_bits(0, 8), signed_bits(0, 0)
    (4, 5, 5, 1)
    """
    return 1 + max((-low - 1).bit_length() if low < 0 else 0, high.bit_length() if high > 0 else 0)


def digits_for(bits: int) -> int:
    """Returns the octal digits of a width in bits, at least 1."""
    return -(-bits // BITS_PER_DIGIT)


def streamed_weights(layer: Layer) -> Int8:
    """Returns int8 (n_out, n_in + n_const): weights, then bias codes, in streaming order."""
    return np.concatenate([layer.weight_codes, bias_codes(layer)], axis=1)


def layer_range(layer: Layer) -> LayerRange:
    """Returns the exact ranges of one layer."""
    weights = layer.weight_codes.astype(np.int64)
    positive = np.maximum(weights, 0).sum(axis=1)  # (n_out,n_in) -> (n_out,)
    negative = np.minimum(weights, 0).sum(axis=1)
    return LayerRange(
        low=negative * layer.input_max + layer.bias,
        high=positive * layer.input_max + layer.bias,
        intermediate=_intermediate(layer),
    )


def _intermediate(layer: Layer) -> tuple[int, int]:
    """Returns the least and largest accumulator value at any step, over all outputs and inputs.

    Before plane p the accumulator holds the sum over the upper bits, x >> (p+1); doubling it and
    adding the first n terms of plane p gives sum w*(2*(x >> (p+1)) + bit_p if i < n). Every
    input can be 0 in all planes or 1 in all of them, so the extremes over x are reached
    term by term; the constants contribute exactly. The prefix sums give every n at once.
    """
    low_seen, high_seen = 0, 0
    weights = layer.weight_codes.astype(np.int64)
    biases = bias_codes(layer).astype(np.int64)
    zero = np.zeros((layer.n_out, 1), dtype=np.int64)
    for plane in range(layer.input_bits - 1, -1, -1):
        upper = layer.input_max >> (plane + 1)
        constants = layer.bias_constants
        fixed = 2 * (biases @ (constants >> (plane + 1)))[:, None]  # (n_out, 1)
        added = np.cumsum(np.concatenate([zero, biases * ((constants >> plane) & 1)], axis=1), axis=1)
        for sign in (1, -1):
            part = np.maximum(sign * weights, 0)
            total = part.sum(axis=1, keepdims=True)
            prefix = np.concatenate([zero, np.cumsum(part, axis=1)], axis=1)
            inputs = 2 * upper * total + prefix  # (n_out, n_in + 1), before any constant of this plane
            after = inputs[:, -1:] + sign * added  # (n_out, n_const + 1)
            extreme = int(max((inputs + sign * fixed).max(), (after + sign * fixed).max()))
            low_seen, high_seen = (
                (low_seen, max(high_seen, extreme)) if sign > 0 else (min(low_seen, -extreme), high_seen)
            )
    return low_seen, high_seen


def prove(checkpoint: Checkpoint, max_digits: int | None = None) -> tuple[LayerRange, ...]:
    """Returns the ranges of every layer; `max_digits` is the widest accumulator that may be built.

    Raises OverflowRefused naming the layer, the output, its range, and the width it would need.
    """
    ranges = tuple(layer_range(layer) for layer in checkpoint.layers)
    if max_digits is not None:
        require_digits(checkpoint.name, ranges, [max_digits] * len(ranges))
    return ranges


def require_digits(name: str, ranges: Sequence[LayerRange], digits: Sequence[int]) -> None:
    """Raises OverflowRefused unless layer k fits digits[k] octal digits, for every k."""
    for index, (found, allowed) in enumerate(zip(ranges, digits, strict=True)):
        if found.digits <= allowed:
            continue
        reach = np.maximum(-found.low - 1, found.high)
        j = int(np.argmax(reach))
        raise OverflowRefused(
            f"output {j} reaches {int(found.low[j])}..{int(found.high[j])} and needs {found.bits} bits = "
            f"{found.digits} octal digits, {allowed} are allowed",
            where=f"{name}: layer {index}",
            legal=f"at least {found.digits} digits, or smaller weights or fewer inputs",
        )
