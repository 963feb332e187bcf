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
from craftc.train.config import WEIGHT_MAX, ChatConfig, Scales
from craftc.train.scales import choose

EXACT_BITS = 24
"""float32 holds whole numbers below 2^24; past it a product is rounded, but stays past it."""
MAX_FRACTION = 14
"""Largest power of two in a weight's step."""


class Matrix(nn.Module):
    """One weight matrix with its code; its steps are set when training goes over to integers.

    A code c of row i stands for c * multiplier[i] * 2^-fraction.
    """

    def __init__(
        self, rows: int, columns: int, code: str, scales: Scales, std: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.fraction: Tensor
        self.multiplier: Tensor
        self.weight = nn.Parameter(torch.randn(rows, columns, generator=generator) * std)
        self.register_buffer("fraction", torch.zeros((), dtype=torch.int64))
        self.register_buffer("multiplier", torch.ones(rows, dtype=torch.int64))
        self.largest, self._scales = WEIGHT_MAX[code], scales

    def step(self) -> Tensor:
        """Returns what one unit of each row's codes stands for (rows,)."""
        return self.multiplier * 2.0 ** -int(self.fraction)

    def read(self, quantized: bool) -> Tensor:
        """Returns the weights (rows, columns), as codes times their steps if quantized."""
        if not quantized:
            return self.weight
        step = self.step()[:, None]
        return to_codes(self.weight, step, self.largest) * step

    def product(self, x: Tensor, quantized: bool) -> Tensor:
        """Returns W x (..., rows) of x (..., columns).

        In integers the sum is exact, and so is its product with the step as long as it is below 2^24 units;
        where it is not, the format that it is rounded to has ended (`calibrate` sees to that).
        """
        if not quantized:
            return x @ self.weight.T
        step = self.step()
        return (x @ to_codes(self.weight, step[:, None], self.largest).T) * step

    @torch.no_grad()
    def calibrate(self, low: int, high: int) -> None:
        """Chooses the steps that round the weights with the least squared error; fraction is low .. high."""
        self.set_steps(*choose(self.weight, self.largest, self._scales, low, high))

    @torch.no_grad()
    def set_steps(self, fraction: int, multiplier: Tensor) -> None:
        """Takes steps as they are: a fraction, and whole multipliers (rows,)."""
        self.fraction.fill_(fraction)
        self.multiplier.copy_(multiplier)

    @torch.no_grad()
    def codes(self) -> Tensor:
        """Returns the integer codes (rows, columns)."""
        found: Tensor = to_codes(self.weight, self.step()[:, None], self.largest).to(torch.int64)
        return found


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
        std, code, scales = 0.7 / math.sqrt(d), config.attention_code, config.scales
        self.norm1, self.norm2 = Norm(d), Norm(d)
        self.query = Matrix(d, d, code, scales, std, generator)
        self.key = Matrix(d, d, code, scales, std, generator)
        self.value = Matrix(d, d, code, scales, std, generator)
        self.project = Matrix(d, d, code, scales, std / depth, generator)
        self.up = Matrix(config.hidden, d, config.mlp_code, scales, std, generator)
        self.down = Matrix(
            d, config.hidden, config.mlp_code, scales, 0.7 / math.sqrt(config.hidden) / depth, generator
        )


class Gpt(nn.Module):
    """The model. `quantized` says whether it computes in integers."""

    def __init__(self, config: ChatConfig, vocabulary: int, generator: torch.Generator) -> None:
        super().__init__()
        d = config.width
        self.config, self.vocabulary = config, vocabulary
        self.quantized = False
        self.tokens = Matrix(vocabulary, d, config.embedding_code, config.scales, 0.05, generator)
        self.positions = Matrix(config.context, d, config.position_code, config.scales, 0.02, generator)
        self.blocks = nn.ModuleList(Block(config, generator) for _ in range(config.layers))
        self.norm = Norm(d)
        self.head = (
            None if config.tied else Matrix(vocabulary, d, config.head_code, config.scales, 0.05, generator)
        )
        self._formats = {
            n: config.format(n) for n in ("residual", "normed", "vectors", "activation", "logits")
        }

    def matrices(self) -> Iterator[Matrix]:
        """Yields all weight matrices in order of their names."""
        yield from (m for m in self.modules() if isinstance(m, Matrix))

    def quantize(self) -> None:
        """Goes over to integers: fixes the step of every matrix by its present weights."""
        for matrix in self.matrices():
            matrix.calibrate(*self._fractions(matrix))
        self.quantized = True

    def _fractions(self, matrix: Matrix) -> tuple[int, int]:
        """Returns the smallest and the largest fraction of a matrix's steps.

        A row of an embedding has to fit the residual stream bit by bit. A product of x and weights has no
        fewer bits after the point than the format it is rounded to, and if it is 2^24 units or more it has
        to lie outside of that format.
        """
        uses = [("normed", "logits")] if matrix is (self.head or self.tokens) else []
        for block in self.blocks:
            assert isinstance(block, Block)
            parts = (block.query, block.key, block.value)
            uses += [("normed", "vectors")] if any(matrix is part for part in parts) else []
            uses += [("vectors", "residual")] if matrix is block.project else []
            uses += [("normed", "activation")] if matrix is block.up else []
            uses += [("activation", "residual")] if matrix is block.down else []
        low, high = 0, MAX_FRACTION
        if matrix is self.tokens or matrix is self.positions:
            high = min(high, self._formats["residual"].frac)
        for source, target in uses:
            made = self._formats[target]
            least = made.frac - self._formats[source].frac
            low, high = max(low, least), min(high, least + EXACT_BITS - made.bits)
        return low, high

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
        return self._to(head.product(self._normed(self.norm, x), self.quantized), "logits")

    def _drop(self, x: Tensor) -> Tensor:
        """Returns x, or x with some numbers left out while floats are trained."""
        return functional.dropout(x, self.config.dropout, self.training and not self.quantized)

    def _to(self, x: Tensor, name: str) -> Tensor:
        return to_format(x, self._formats[name]) if self.quantized else x

    def _normed(self, norm: Norm, x: Tensor) -> Tensor:
        return self._to(norm(x, self._formats["residual"] if self.quantized else None), "normed")

    def _perceptron(self, block: Block, x: Tensor) -> Tensor:
        h = functional.relu(self._to(block.up.product(x, self.quantized), "activation"))
        return self._to(block.down.product(h, self.quantized), "residual")

    def _attend(self, block: Block, x: Tensor, hidden: Tensor, softmax: Softmax | None) -> Tensor:
        """Returns the projected attention (B, T, d) of normed x (B, T, d)."""
        batch, length, d = x.shape
        heads = self.config.heads
        q, k, v = (
            self._to(m.product(x, self.quantized), "vectors").view(batch, length, heads, -1).transpose(1, 2)
            for m in (block.query, block.key, block.value)
        )  # (B,heads,T,d/heads)
        if softmax is None:
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            weights = softmax(q @ k.transpose(2, 3) * (d // heads) ** -0.5, hidden)
            y = self._to(weights @ v, "vectors")
        y = y.transpose(1, 2).reshape(batch, length, d)
        return self._to(block.project.product(y, self.quantized), "residual")

    def parameter_count(self) -> int:
        """Returns the number of trained numbers, the multipliers of rows included if there are any."""
        rows = sum(m.multiplier.numel() for m in self.matrices()) if self.config.scales != "matrix" else 0
        return rows + sum(p.numel() for p in self.parameters())
