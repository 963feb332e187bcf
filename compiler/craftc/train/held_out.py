"""How well a net predicts documents it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

from craftc.train.batches import Sequences, pad
from craftc.train.net import Gpt
from craftc.train.processes import Process

_ROWS = 64


@dataclass(frozen=True, slots=True)
class Nats:
    """Mean surprise over counted targets, and per character of their texts."""

    per_token: float
    per_character: float


@torch.no_grad()
def measure(net: Gpt, sequences: Sequences, process: Process) -> Nats:
    """Returns the net's nats, in the arithmetic that it is in."""
    total = 0.0
    net.eval()
    by_length = sorted(range(len(sequences)), key=lambda row: len(sequences.counted[row]))
    for start in range(0, len(by_length), _ROWS):
        batch = pad(by_length[start : start + _ROWS], sequences)
        wanted = process.on(batch.counted)
        logits = net(process.on(batch.ids), wanted)
        total += float(
            functional.cross_entropy(logits.double(), process.on(batch.targets)[wanted], reduction="sum")
        )
    return Nats(total / sequences.targets, total / max(1, sequences.characters))
