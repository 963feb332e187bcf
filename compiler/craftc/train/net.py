"""The small GPT that is trained: pre-norm, no biases, learned positions, ReLU perceptrons.

    x = tokens[id] + positions[t]
    x = x + project(attention(norm(x)))      `layers` times
    x = x + down(relu(up(norm(x))))
    logits = head(norm(x))                   head = tokens if tied

The same parameters run in floats (`quantized` off, the first phase) and in the integers of the hardware
(`arithmetic`); `export` writes the graph of the latter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from craftc.ir.types import Fixed
from craftc.train.arithmetic import (
    GAIN_BITS,
    Softmax,
    rms_norm,
    through,
    to_codes,
    to_format,
)
from craftc.train.config import WEIGHT_MAX, ChatConfig

MAX_FRACTION = 10
"""Largest power of two in a weight's step, 2^-10: a step of the residual stream."""


class Matrix(nn.Module):
    """One weight matrix with its code; `fraction` is set when training goes over to integers."""

    def __init__(self, rows: int, columns: int, code: str, std: float, generator: torch.Generator) -> None:
        super().__init__()
        self.fraction: Tensor
        self.weight = nn.Parameter(torch.randn(rows, columns, generator=generator) * std)
        self.register_buffer("fraction", torch.zeros((), dtype=torch.int64))
        self.largest = WEIGHT_MAX[code]

    def read(self, quantized: bool) -> Tensor:
        """Returns the weights (rows, columns), as codes times their step if quantized."""
        if not quantized:
            return self.weight
        return to_codes(self.weight, int(self.fraction), self.largest)

    @torch.no_grad()
    def calibrate(self) -> None:
        """Chooses the power-of-two step that rounds the weights with the least squared error."""
        errors = []
        for fraction in range(MAX_FRACTION + 1):
            codes = (self.weight * 2.0**fraction).round().clamp(-self.largest, self.largest)
            errors.append(float((codes * 2.0**-fraction - self.weight).square().sum()))
        self.fraction.fill_(min(range(len(errors)), key=lambda f: errors[f]))

    @torch.no_grad()
    def codes(self) -> Tensor:
        """Returns the integer codes (rows, columns)."""
        scaled: Tensor = self.read(True) * 2.0 ** int(self.fraction)
        return scaled.round().to(torch.int64)


class Norm(nn.Module):
    """Gains of one norm; stored as gain * sqrt(width), 0 or more."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.full((width,), math.sqrt(width)))

    def read(self) -> Tensor:
        """Returns the gains rounded to multiples of 2^-GAIN_BITS."""
        gain = self.gain.clamp(min=0.0, max=1023.0 / (1 << GAIN_BITS))
        return through(gain, (gain.detach() * (1 << GAIN_BITS)).round() / (1 << GAIN_BITS))

    def forward(self, x: Tensor, residual: Fixed | None) -> Tensor:
        """Returns the norm of x, exact for a residual format, in floats for None."""
        if residual is not None:
            return rms_norm(x, self.read(), residual)
        size = torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-5)
        return x * size * self.gain


class Block(nn.Module):
    """Attention and perceptron of one layer."""

    def __init__(self, config: ChatConfig, generator: torch.Generator) -> None:
        super().__init__()
        d, depth = config.width, math.sqrt(2 * config.layers)
        std, code = 0.7 / math.sqrt(d), config.attention_code
        self.norm1, self.norm2 = Norm(d), Norm(d)
        self.query = Matrix(d, d, code, std, generator)
        self.key = Matrix(d, d, code, std, generator)
        self.value = Matrix(d, d, code, std, generator)
        self.project = Matrix(d, d, code, std / depth, generator)
        self.up = Matrix(config.hidden, d, config.mlp_code, std, generator)
        self.down = Matrix(
            d, config.hidden, config.mlp_code, 0.7 / math.sqrt(config.hidden) / depth, generator
        )


class Gpt(nn.Module):
    """The model. `quantized` says whether it computes in integers."""

    def __init__(self, config: ChatConfig, vocabulary: int, generator: torch.Generator) -> None:
        super().__init__()
        d = config.width
        self.config, self.vocabulary = config, vocabulary
        self.quantized = False
        self.tokens = Matrix(vocabulary, d, config.embedding_code, 0.05, generator)
        self.positions = Matrix(config.context, d, config.position_code, 0.02, generator)
        self.blocks = nn.ModuleList(Block(config, generator) for _ in range(config.layers))
        self.norm = Norm(d)
        self.head = None if config.tied else Matrix(vocabulary, d, config.head_code, 0.05, generator)
        self._formats = {
            n: config.format(n) for n in ("residual", "normed", "vectors", "activation", "logits")
        }

    def matrices(self) -> Iterator[Matrix]:
        """Yields all weight matrices in order of their names."""
        yield from (m for m in self.modules() if isinstance(m, Matrix))

    def quantize(self) -> None:
        """Goes over to integers: fixes the step of every matrix by its present weights."""
        for matrix in self.matrices():
            matrix.calibrate()
        self.quantized = True

    def forward(self, ids: Tensor, wanted: Tensor | None = None) -> Tensor:
        """Returns logits (B, T, vocabulary), or (n, vocabulary) of the n positions set in `wanted`."""
        x = self.tokens.read(self.quantized)[ids] + self.positions.read(self.quantized)[: ids.shape[1]]
        x = self._drop(self._to(x, "residual"))
        hidden = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool, device=ids.device).triu(1)
        softmax = Softmax.make(ids.device) if self.quantized else None
        for block in self.blocks:
            assert isinstance(block, Block)
            x = self._to(
                x + self._drop(self._attend(block, self._normed(block.norm1, x), hidden, softmax)), "residual"
            )
            x = self._to(x + self._drop(self._perceptron(block, self._normed(block.norm2, x))), "residual")
        if wanted is not None:
            x = x[wanted]  # (B,T,d) -> (n,d)
        head = self.tokens if self.head is None else self.head
        return self._to(self._normed(self.norm, x) @ head.read(self.quantized).T, "logits")

    def _drop(self, x: Tensor) -> Tensor:
        """Returns x, or x with some numbers left out while floats are trained."""
        return functional.dropout(x, self.config.dropout, self.training and not self.quantized)

    def _to(self, x: Tensor, name: str) -> Tensor:
        return to_format(x, self._formats[name]) if self.quantized else x

    def _normed(self, norm: Norm, x: Tensor) -> Tensor:
        return self._to(norm(x, self._formats["residual"] if self.quantized else None), "normed")

    def _perceptron(self, block: Block, x: Tensor) -> Tensor:
        h = functional.relu(self._to(x @ block.up.read(self.quantized).T, "activation"))
        return self._to(h @ block.down.read(self.quantized).T, "residual")

    def _attend(self, block: Block, x: Tensor, hidden: Tensor, softmax: Softmax | None) -> Tensor:
        """Returns the projected attention (B, T, d) of normed x (B, T, d)."""
        batch, length, d = x.shape
        heads = self.config.heads
        q, k, v = (
            self._to(x @ m.read(self.quantized).T, "vectors").view(batch, length, heads, -1).transpose(1, 2)
            for m in (block.query, block.key, block.value)
        )  # (B,heads,T,d/heads)
        if softmax is None:
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            weights = softmax(q @ k.transpose(2, 3) * (d // heads) ** -0.5, hidden)
            y = self._to(weights @ v, "vectors")
        y = y.transpose(1, 2).reshape(batch, length, d)
        return self._to(y @ block.project.read(self.quantized).T, "residual")

    def parameter_count(self) -> int:
        """Returns the number of trained numbers."""
        return sum(p.numel() for p in self.parameters())
