"""Random networks of any size, for scaling tests: valid checkpoints with lively activations."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from craftc.errors import ModelError
from craftc.model.checkpoint import (
    ACTIVATION_MAX,
    CODE_MAX,
    Checkpoint,
    Int64,
    Layer,
    bias_range,
    make_layer,
)
from craftc.model.golden import run_layer

_SAMPLE = 256  # random inputs that choose shifts and biases
_SHIFTS = (0, 3, 6, 9, 12)  # whole octal digits


def random_model(sizes: Sequence[int], seed: int, weight_max: int = 7, input_bits: int = 1) -> Checkpoint:
    """Returns a random checkpoint with layers sizes[0] -> sizes[1] -> ...; same arguments, same model.

    Weights are uniform in -weight_max..weight_max. Each hidden layer gets the shift, a multiple
    of 3, that leaves the most activations strictly between 0 and 15 on random inputs, and biases
    that centre its sums as far as the constants reach.

    Raises ModelError for fewer than two sizes, sizes below 1 or a weight_max outside 1..7.
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ModelError(f"sizes are {list(sizes)}", where="random model", legal="two or more, each >= 1")
    if not 1 <= weight_max <= CODE_MAX:
        raise ModelError(f"weight_max is {weight_max}", where="random model", legal=f"1..{CODE_MAX}")
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 1 << input_bits, (_SAMPLE, sizes[0]), dtype=np.int64)
    layers: list[Layer] = []
    for index, (n_in, n_out) in enumerate(pairwise(sizes)):
        codes = rng.integers(-weight_max, weight_max, (n_out, n_in), endpoint=True)
        bits = input_bits if index == 0 else 4
        layer = _tuned(codes, bits, x, is_last=index == len(sizes) - 2)
        layers.append(layer)
        trace = run_layer(layer, x)
        x = trace.y if trace.h is None else trace.h
    name = "random-" + "-".join(map(str, sizes))
    meta = {"sizes": [int(n) for n in sizes], "seed": int(seed), "weight_max": int(weight_max)}
    return Checkpoint(name=name, layers=tuple(layers), meta=meta)


def _tuned(codes: Int64, input_bits: int, x: Int64, *, is_last: bool) -> Layer:
    """Returns the layer of these weights with shift and bias chosen on the sample x (B, n_in)."""
    constants = np.array([1, 1, 1, 1] if input_bits == 1 else [1, 8], dtype=np.int64)
    low, high = bias_range(constants)
    sums = x @ codes.T  # (B,n_in)x(n_in,n_out) -> (B,n_out)
    if is_last:
        bias = np.clip(-np.floor(sums.mean(axis=0)).astype(np.int64), low, high)
        return make_layer(codes, bias, constants, input_bits, None)
    best: tuple[int, Layer] | None = None
    for shift in _SHIFTS:
        centre = (ACTIVATION_MAX + 1 << shift) // 2
        bias = np.clip(centre - np.floor(sums.mean(axis=0)).astype(np.int64), low, high)
        h = (sums + bias) >> shift
        lively = int(np.count_nonzero((h > 0) & (h < ACTIVATION_MAX)))
        if best is None or lively > best[0]:
            best = lively, make_layer(codes, bias, constants, input_bits, shift)
    assert best is not None
    return best[1]
