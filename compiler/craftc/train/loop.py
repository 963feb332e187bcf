"""The training loop: a phase in floats, then one in integers; resumable, the same for the same seed.

Matrices inside the blocks are trained by Muon (steps orthogonalised by a Newton-Schulz iteration, Jordan et
al. 2024), embeddings, heads and gains by Adam. The loss of a step is the mean over the counted targets of all
processes, so the number of processes changes the result only by rounding.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from craftc.errors import ModelError
from craftc.train.batches import Batch, Batches, Sequences
from craftc.train.held_out import Nats, measure
from craftc.train.net import Gpt
from craftc.train.processes import Process
from craftc.train.state import Run, load_state, save_state

Progress = Callable[[str, int, int], None]  # phase, step, steps
Log = Callable[[str, float, int], None]  # name, value, step
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_MOMENTUM = 0.95
_CLIP = 1.0
_STRIDE = 1_000_003
"""Between seeds, so that the dropout of one training is not that of another, a step later."""
_LEAST_LR = 0.02
"""Share of the largest learning rate that is left at the end of a phase."""


class Muon(Optimizer):
    """Momentum whose update is replaced by the nearest matrix with equal singular values."""

    def __init__(self, parameters: list[nn.Parameter], lr: float, weight_decay: float) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Moves every matrix by `lr`, times the root of its rows per column if it is tall."""
        for group in self.param_groups:
            for p in group["params"]:
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                momentum.mul_(_MOMENTUM).add_(p.grad)
                update = orthogonal(p.grad + _MOMENTUM * momentum)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update, alpha=-group["lr"] * max(1.0, p.shape[0] / p.shape[1]) ** 0.5)


def orthogonal(g: Tensor) -> Tensor:
    """Returns g with its singular values brought near 1 (five Newton-Schulz steps)."""
    a, b, c = _NEWTON_SCHULZ
    x: Tensor = g / (g.norm() + 1e-7)
    tall = g.shape[0] > g.shape[1]
    x = x.T if tall else x
    for _ in range(5):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x.T if tall else x


@dataclass(slots=True, eq=False)
class Trainer:
    """One training. `run` goes on from where the state stands and returns when all steps are done."""

    net: Gpt
    run_id: Run
    training: Sequences
    held_out: Sequences
    process: Process
    state_path: Path
    progress: Progress | None = None
    log: Log | None = None
    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    float_nats: Nats | None = None
    _optimisers: list[Optimizer] = field(default_factory=list)

    def __post_init__(self) -> None:
        config = self.run_id.config
        inner = [p for n, p in self.net.named_parameters() if n.startswith("blocks.") and p.ndim == 2]
        others = [p for n, p in self.net.named_parameters() if not (n.startswith("blocks.") and p.ndim == 2)]
        self._optimisers = [
            Muon(inner, config.lr, config.weight_decay),
            torch.optim.Adam(others, lr=config.lr, betas=(0.9, 0.98)),
        ]

    def resume(self) -> None:
        """Goes back to the state in the file. Raises as `load_state` does."""
        found = load_state(self.state_path, self.run_id)
        self.net.load_state_dict(found["net"])
        self.net.quantized = bool(found["quantized"])
        for optimiser, state in zip(self._optimisers, found["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        self.step, self.seconds, self.tokens = found["step"], found["seconds"], found["tokens"]
        self.float_nats = Nats(*found["float_nats"]) if found["float_nats"] else None

    def run(self) -> Nats:
        """Trains to the end and returns the nats of the integers on the held-out documents.

        Raises ModelError when the loss is no longer finite.
        """
        config = self.run_id.config
        total = config.steps + config.quantized_steps
        batches = Batches(self.training, config.batch, config.seed, self.process.rank, self.process.world)
        began = time.monotonic() - self.seconds
        while self.step < total:
            if self.step == config.steps and not self.net.quantized:
                self._go_over()
            loss = self._one(batches)
            self.step += 1
            self.seconds = time.monotonic() - began
            self._after(loss, total)
        return measure(self.net, self.held_out, self.process)

    def _go_over(self) -> None:
        """Notes what the floats reach, and goes over to integers."""
        self.float_nats = measure(self.net, self.held_out, self.process)
        self.net.quantize()
        for optimiser in self._optimisers:
            optimiser.state.clear()

    def _one(self, batches: Batches) -> float:
        """Makes one step and returns its loss."""
        batch = batches(self.step)
        self.net.train()
        number = self.process.world * self.step + self.process.rank
        torch.manual_seed((_STRIDE * self.run_id.config.seed + number) % (1 << 63))
        wanted = self.process.on(batch.counted)
        count = self.process.total(float(batch.counted.sum()))
        logits = self.net(self.process.on(batch.ids), wanted)
        loss = self._surprise(logits, batch, wanted) / max(1.0, count)
        self.net.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.process.add_gradients(self.net)
        nn.utils.clip_grad_norm_(self.net.parameters(), _CLIP)
        rate = self._rate()
        for optimiser in self._optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate * (self.run_id.config.matrix_lr if isinstance(optimiser, Muon) else 1.0)
            optimiser.step()
        self.tokens += int(batch.ids.size) * self.process.world
        return self.process.total(float(loss.detach()))

    def _surprise(self, logits: Tensor, batch: Batch, wanted: Tensor) -> Tensor:
        """Returns the summed cross-entropy of the counted targets, soft where the data has candidates."""
        if batch.candidates is None:
            targets = self.process.on(batch.targets)[wanted]
            return functional.cross_entropy(logits, targets, reduction="sum")
        found = logits.log_softmax(-1).gather(1, self.process.on(batch.candidates))
        return -(found * self.process.on(batch.weights)).sum()

    def _rate(self) -> float:
        """Returns the learning rate of this step: it rises, then falls as a cosine, in either phase."""
        config = self.run_id.config
        first, steps, top = (0, config.steps, config.lr)
        if self.net.quantized:
            first, steps, top = config.steps, config.quantized_steps, config.quantized_lr
        done = self.step - first
        fall = 0.5 * (1 + math.cos(math.pi * done / max(1, steps)))
        return top * min(1.0, (done + 1) / max(1, config.warmup)) * max(_LEAST_LR, fall)

    def _after(self, loss: float, total: int) -> None:
        """Checks, logs, reports and saves after a step."""
        config = self.run_id.config
        if not math.isfinite(loss):
            legal = "a smaller learning rate"
            raise ModelError(f"loss is {loss} at step {self.step}", where=config.name, legal=legal)
        if not self.process.first:
            return
        phase = "integers" if self.net.quantized else "floats"
        if self.progress is not None:
            self.progress(f"training in {phase}", self.step, total)
        if self.log is not None:
            self.log("loss/training", loss, self.step)
            self.log("learning rate", self._rate(), self.step)
            if self.step % config.evaluate_every == 0 or self.step == total:
                nats = measure(self.net, self.held_out, self.process)
                self.log(f"nats per token/{phase}", nats.per_token, self.step)
                self.log(f"nats per character/{phase}", nats.per_character, self.step)
        if self.step % config.save_every == 0 or self.step == total:
            self._save()

    def _save(self) -> None:
        nats = self.float_nats
        save_state(
            self.state_path,
            self.run_id,
            net=self.net.state_dict(),
            optimisers=[optimiser.state_dict() for optimiser in self._optimisers],
            quantized=self.net.quantized,
            step=self.step,
            seconds=self.seconds,
            tokens=self.tokens,
            float_nats=[nats.per_token, nats.per_character] if nats else [],
        )
