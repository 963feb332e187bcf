"""The exact reference: what every machine built from a checkpoint must compute.

int64 throughout, no rounding, no tolerance. `overflow.prove` bounds every sum far below
2^63 for any checkpoint that can be built. torch is not imported here.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.errors import ModelError
from craftc.model.checkpoint import ACTIVATION_MAX, Checkpoint, Int64, Layer


@dataclass(frozen=True, slots=True, eq=False)
class LayerTrace:
    """Values of one layer for a batch of B inputs."""

    x: Int64  # (B, n_in) inputs
    y: Int64  # (B, n_out) sums with bias, before the activation
    h: Int64 | None  # (B, n_out) activations 0..15; None for the last layer


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Values of all layers for a batch of B inputs."""

    layers: tuple[LayerTrace, ...]

    @property
    def logits(self) -> Int64:
        """(B, n_classes) sums of the last layer."""
        return self.layers[-1].y

    @property
    def hidden(self) -> tuple[Int64, ...]:
        """(B, n) activations of every hidden layer, in order."""
        return tuple(layer.h for layer in self.layers if layer.h is not None)

    @property
    def classes(self) -> Int64:
        """(B,) index of the largest logit, the lowest index on a tie."""
        winners: Int64 = np.argmax(self.logits, axis=1).astype(np.int64)
        return winners


@dataclass(frozen=True, slots=True, eq=False)
class GoldenModel:
    """The reference interpreter of one checkpoint."""

    checkpoint: Checkpoint

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> "GoldenModel":
        """Returns the reference model of a checkpoint."""
        return cls(checkpoint)

    def run(self, x: npt.ArrayLike) -> Trace:
        """Returns the trace of a batch of inputs (B, n_in).

        Raises ModelError if the shape is wrong or a value is not an integer of the input range.
        """
        values = checked_inputs(x, self.checkpoint.layers[0])
        traces: list[LayerTrace] = []
        for layer in self.checkpoint.layers:
            trace = run_layer(layer, values)
            traces.append(trace)
            if trace.h is not None:
                values = trace.h
        return Trace(tuple(traces))

    def classify(self, x: npt.ArrayLike) -> Int64:
        """Returns the class of every input of a batch (B, n_in) -> (B,); ties go to the lowest index."""
        return self.run(x).classes

    def accuracy(self, x: npt.ArrayLike, labels: npt.ArrayLike) -> float:
        """Returns the fraction of inputs whose class equals the label."""
        return float(np.mean(self.classify(x) == np.asarray(labels)))


def run_layer(layer: Layer, x: Int64) -> LayerTrace:
    """Returns the sums and activations of one layer for inputs (B, n_in), which are not checked."""
    y = x @ layer.weight_codes.astype(np.int64).T + layer.bias  # (B,n_in)x(n_in,n_out) -> (B,n_out)
    return LayerTrace(x=x, y=y, h=None if layer.shift is None else requantize(y, layer.shift))


def requantize(y: Int64, shift: int) -> Int64:
    """Returns min(max(y >> shift, 0), 15); the shift is arithmetic, so it rounds down."""
    clamped: Int64 = np.clip(y >> shift, 0, ACTIVATION_MAX)
    return clamped


def checked_inputs(x: npt.ArrayLike, layer: Layer) -> Int64:
    """Returns x as int64 (B, n_in); refuses other shapes, fractions, and values out of range."""
    given = np.asarray(x)
    if given.ndim != 2 or given.shape[1] != layer.n_in:
        raise ModelError(f"shape is {given.shape}", where="input", legal=f"(batch, {layer.n_in})")
    if given.dtype.kind not in "iub":
        raise ModelError(f"type is {given.dtype}", where="input", legal="integers")
    if given.size and (int(given.min()) < 0 or int(given.max()) > layer.input_max):
        raise ModelError(
            f"values reach {int(given.min())}..{int(given.max())}",
            where="input",
            legal=f"0..{layer.input_max}",
        )
    values: Int64 = given.astype(np.int64)
    return values
