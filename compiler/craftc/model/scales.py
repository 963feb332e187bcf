"""Scales of a float stack: how its real numbers become codes, shifts and 4-bit activations.

ReLU is positively homogeneous, so every hidden unit j may have its own scale a[j]:
h[j] = a[j] * (integer 0..15). With the input scales a_in folded into the columns,
v[j] = w[j] * a_in and step[j] = a[j] / 2^shift, the codes are round(v[j] / step[j]). For each
layer the shift (0, 3, 6 or 9: whole octal digits) and for each unit the step that reproduce the
float activations best are searched. The last layer has one step, because argmax compares its sums.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from craftc.model.checkpoint import ACTIVATION_MAX, Int64
from craftc.model.golden import requantize
from craftc.model.importer import Float64, FloatStack

_CLIPS = (1.0, 0.85, 0.7, 0.55, 0.45)  # tried ranges, relative to the largest weight or activation


@dataclass(frozen=True, slots=True, eq=False)
class Latents:
    """One layer in latents (floats in units of one code) with the scales of its outputs."""

    weight: Float64  # (n_out, n_in), |.| <= weight_max after rounding
    bias: Float64  # (n_out,)
    shift: int | None
    scale: Float64  # (n_out,), float value of one integer step of the output


def find_scales(stack: FloatStack, x: Int64, weight_max: int, shifts: Sequence[int]) -> list[Latents]:
    """Returns the latents of all layers, each calibrated on the integers that the layers before give."""
    sums = stack.run(x.astype(np.float64))
    scale: Float64 = np.ones(x.shape[1])
    codes: list[Latents] = []
    for index, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
        folded = weight * scale  # (n_out,n_in) * (n_in,)
        if index == len(stack.weights) - 1:
            codes.append(_last_layer(folded, bias, x, sums[index], weight_max))
        else:
            codes.append(_hidden_layer(folded, bias, x, sums[index], weight_max, shifts))
            scale = codes[-1].scale
            x = requantize(_sums(codes[-1], x), codes[-1].shift or 0)
    return codes


def _sums(codes: Latents, x: Int64) -> Int64:
    """Returns the integer sums of rounded latents: (B, n_in) -> (B, n_out)."""
    sums: Int64 = x @ np.rint(codes.weight).astype(np.int64).T + np.rint(codes.bias).astype(np.int64)
    return sums


def _steps(folded: Float64, weight_max: int) -> Float64:
    """Returns (n_out,) steps with which the largest weight of every row is the largest code."""
    largest = np.abs(folded).max(axis=1)
    return np.where(largest > 0, largest, 1.0) / weight_max


def _hidden_layer(
    folded: Float64, bias: Float64, x: Int64, sums: Float64, weight_max: int, shifts: Sequence[int]
) -> Latents:
    """Returns the latents of a hidden layer: of all shifts and clips, per layer and per unit the best.

    The step of a unit is bounded from below by its weights (smaller steps clip them) and wanted
    as small as its activations allow (15 steps of 2^shift reach the largest).
    """
    wanted = np.maximum(sums, 0)  # (B, n_out)
    best: tuple[float, Latents] | None = None
    by_weight = _steps(folded, weight_max)
    top = np.where(wanted.max(axis=0) > 0, wanted.max(axis=0), by_weight)
    for shift in shifts:
        by_activation = top / (ACTIVATION_MAX << shift)
        tries = [np.maximum(by_activation, by_weight) * clip for clip in _CLIPS]
        tries += [np.maximum(by_activation * clip, by_weight) for clip in _CLIPS[1:]]
        error, codes = _best_units(tries, folded, bias, x, wanted, shift, weight_max)
        if best is None or error < best[0]:
            best = error, codes
    assert best is not None
    return best[1]


def _best_units(
    tries: list[Float64],
    folded: Float64,
    bias: Float64,
    x: Int64,
    wanted: Float64,
    shift: int,
    weight_max: int,
) -> tuple[float, Latents]:
    """Returns the relative squared error and, for every unit, the latents of the best step tried."""
    errors: list[Float64] = []
    made: list[Latents] = []
    for step in tries:
        weight = np.clip(folded / step[:, None], -weight_max, weight_max)
        half = (1 << shift) / 2 if shift else 0.5  # floor loses half a step on average
        codes = Latents(weight, bias / step + half, shift, step * (1 << shift))
        h = requantize(_sums(codes, x), shift)
        errors.append(np.square(h * codes.scale - wanted).mean(axis=0))  # (n_out,)
        made.append(codes)
    pick = np.argmin(np.stack(errors), axis=0)  # (n_out,)
    unit = np.arange(pick.size)
    power = np.square(wanted).mean(axis=0)
    relative = np.stack(errors)[pick, unit].sum() / max(float(power.sum()), 1e-30)
    chosen = Latents(
        weight=np.stack([c.weight for c in made])[pick, unit],
        bias=np.stack([c.bias for c in made])[pick, unit],
        shift=shift,
        scale=np.stack([c.scale for c in made])[pick, unit],
    )
    return float(relative), chosen


def _last_layer(folded: Float64, bias: Float64, x: Int64, sums: Float64, weight_max: int) -> Latents:
    """Returns the latents of the last layer with the one step that reproduces the logits best."""
    largest = float(np.abs(folded).max()) or 1.0
    best: tuple[float, Latents] | None = None
    for clip in _CLIPS:
        step = largest * clip / weight_max
        weight = np.clip(folded / step, -weight_max, weight_max)
        codes = Latents(weight, bias / step, None, np.full(bias.shape, step))
        error = float(np.square(_sums(codes, x) * step - sums).mean())
        if best is None or error < best[0]:
            best = error, codes
    assert best is not None
    return best[1]
