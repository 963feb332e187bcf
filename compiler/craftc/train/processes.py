"""One training over several processes, as `torchrun` starts them: who am I, and sums over all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn


@dataclass(frozen=True, slots=True)
class Process:
    """This process: its number, how many there are, and the device it computes on."""

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def total(self, value: float) -> float:
        """Returns the sum of a number over all processes."""
        if self.world == 1:
            return value
        tensor = torch.tensor([value], dtype=torch.float64, device=self.device)
        distributed.all_reduce(tensor)
        return float(tensor)

    def add_gradients(self, net: nn.Module) -> None:
        """Replaces every gradient by its sum over all processes."""
        if self.world == 1:
            return
        gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in net.parameters()]
        flat = torch.cat([g.reshape(-1) for g in gradients])
        distributed.all_reduce(flat)
        start = 0
        for parameter in net.parameters():
            end = start + parameter.numel()
            parameter.grad = flat[start:end].view_as(parameter)
            start = end

    def on(self, array: object) -> Tensor:
        """Returns a numpy array as a tensor on the device."""
        return torch.as_tensor(array).to(self.device)


@contextmanager
def process() -> Iterator[Process]:
    """Yields this process, joined with the others if `torchrun` started it."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")
    if world == 1:
        yield Process(0, 1, device)
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Process(distributed.get_rank(), world, device)
    finally:
        distributed.destroy_process_group()
