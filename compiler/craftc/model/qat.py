"""Quantization-aware training of Linear/ReLU stacks directly in the integers of the hardware.

Latent weights and biases are floats *in units of one code*; the forward pass rounds them, floors
the shifted sums and clamps to 0..15, and the gradient passes through round and floor unchanged
(straight-through). No scale is left to fold afterwards: what is trained is what is exported. The
only float is a temperature in front of the softmax, which argmax does not see. For the first
`warm` part of the steps rounding and flooring are left out (floor becomes - 1/2), then they
are switched on; on the digits this gains about one point over rounding from the first step.

torch is imported by this module: import it only where training happens.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from craftc.model.checkpoint import ACTIVATION_MAX, Int64, Layer, bias_range, make_layer

Float64 = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]  # phase, step, steps
Batches = Callable[[int], tuple[Tensor, Tensor]]  # step -> x (B, n_in), target probabilities (B, classes)
_EDGE = 0.49  # latent weights may pass the outermost code by less than half a code


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """Shape and integer format of one layer to be trained."""

    n_in: int
    n_out: int
    input_bits: int
    shift: int | None  # None for the last layer
    weight_max: int  # codes are -weight_max..weight_max
    bias_constants: tuple[int, ...]
    spread: float = 2 / 7  # standard deviation of the first latents, relative to weight_max


@dataclass(frozen=True, slots=True)
class FitConfig:
    """How long and how fast to train. Learning rates are in codes per step (Adam), cosine to 0."""

    steps: int
    lr: float
    warm: float = 0.3  # fraction of the steps without rounding


def straight_through(exact: Tensor, rounded: Tensor) -> Tensor:
    """Returns `rounded` with the gradient of `exact`."""
    return exact + (rounded - exact).detach()


class QatNet(nn.Module):
    """A stack of integer layers with float latents; `quantized=False` gives its float twin."""

    def __init__(
        self, specs: Sequence[LayerSpec], generator: torch.Generator, *, quantized: bool = True
    ) -> None:
        super().__init__()
        self.specs = tuple(specs)
        self.quantized = quantized
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(s.n_out, s.n_in, generator=generator) * (s.spread * s.weight_max))
            for s in specs
        )
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(s.n_out)) for s in specs)
        self.log_temperature = nn.Parameter(torch.tensor(math.log(0.02)))
        self.clamp_latents()

    def forward(self, x: Tensor, hard: bool = True) -> Tensor:
        """Returns logits times temperature (B, classes); `hard` rounds as the hardware does."""
        for spec, weight, bias in zip(self.specs, self.weights, self.biases, strict=True):
            x = self._layer(x, spec, weight, bias, hard and self.quantized)
        return x * self.log_temperature.exp()

    def _layer(self, x: Tensor, spec: LayerSpec, weight: Tensor, bias: Tensor, hard: bool) -> Tensor:
        """Returns one layer: (B, n_in) -> (B, n_out)."""
        if hard:
            weight, bias = straight_through(weight, weight.round()), straight_through(bias, bias.round())
        y = x @ weight.T + bias  # (B,n_in)x(n_in,n_out) -> (B,n_out)
        if spec.shift is None:
            return y
        y = y / (1 << spec.shift)
        if not self.quantized:
            return functional.relu(y)
        y = straight_through(y, y.floor()) if hard else y - 0.5
        return y.clamp(0, ACTIVATION_MAX)

    @torch.no_grad()
    def clamp_latents(self) -> None:
        """Moves latents back into what codes and bias constants can hold; the float twin is free."""
        if not self.quantized:
            return
        for spec, weight, bias in zip(self.specs, self.weights, self.biases, strict=True):
            edge = spec.weight_max + _EDGE
            weight.clamp_(-edge, edge)
            low, high = bias_range(spec.bias_constants)
            bias.clamp_(low, high)

    @torch.no_grad()
    def load_latents(self, weights: Sequence[Float64], biases: Sequence[Float64], temperature: float) -> None:
        """Starts from given latents (in codes) and the float value of one step of the last sums."""
        for mine, given in zip([*self.weights, *self.biases], [*weights, *biases], strict=True):
            mine.copy_(torch.from_numpy(given))
        self.log_temperature.fill_(math.log(temperature))
        self.clamp_latents()

    @torch.no_grad()
    def export(self) -> tuple[Layer, ...]:
        """Returns the integer layers that the hard forward pass computes."""
        return tuple(
            make_layer(
                _integers(weight), _integers(bias), list(spec.bias_constants), spec.input_bits, spec.shift
            )
            for spec, weight, bias in zip(self.specs, self.weights, self.biases, strict=True)
        )


def _integers(values: Tensor) -> Int64:
    """Returns a tensor rounded as the forward pass rounds it (half to even)."""
    rounded: Int64 = values.detach().round().numpy().astype(np.int64)
    return rounded


def fit(
    net: QatNet, batches: Batches, config: FitConfig, progress: Callable[[int], None] | None = None
) -> float:
    """Trains the net in place and returns the mean loss of the last tenth of the steps.

    Deterministic for equal arguments on one machine: the caller seeds the batches.
    """
    optimiser = torch.optim.Adam(
        [
            {"params": list(net.weights), "lr": config.lr},
            {"params": list(net.biases), "lr": 2 * config.lr},
            {"params": [net.log_temperature], "lr": 0.01},
        ],
        betas=(0.9, 0.99),
    )
    tail: list[float] = []
    for step in range(config.steps):
        fraction = step / config.steps
        scale = 0.5 * (1 + math.cos(math.pi * fraction))
        optimiser.param_groups[0]["lr"] = config.lr * scale + 1e-4
        optimiser.param_groups[1]["lr"] = 2 * config.lr * scale + 1e-4
        x, target = batches(step)
        loss = functional.cross_entropy(net(x, hard=fraction >= config.warm), target)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        net.clamp_latents()
        if fraction >= 0.9:
            tail.append(float(loss.detach()))
        if progress is not None:
            progress(step + 1)
    return sum(tail) / max(1, len(tail))
