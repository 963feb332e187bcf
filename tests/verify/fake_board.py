"""A board without blocks: computes the golden model, and can be broken in chosen ways.

The interface lies on a line: lever_i at x = i, class_j at x = 100 + j, registers from x = 200 on.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from craftc.export.io_map import Expected, Input, IoMap, Output, Register
from craftc.model import Checkpoint, GoldenModel, random_model

Pos = tuple[int, int, int]
EXPECTED_GT, REGISTERS_GT, SCAN_GT, ANSWER_GT, REST_GT = 400, 100, 180, 300, 320
MODEL = random_model((6, 4, 3, 3), seed=5)


def interface(checkpoint: Checkpoint = MODEL) -> IoMap:
    """Return an interface for a model; layer l stands in its registers from 100 + 40*l gt on."""
    inputs = {f"lever_{i}": Input((i, 0, 0), "lever", "level") for i in range(checkpoint.n_in)}
    inputs |= {n: Input((90 + k, 0, 0), "stone_button", "pulse") for k, n in enumerate(("run", "reset"))}
    outputs = {f"class_{j}": Output((100 + j, 0, 0)) for j in range(checkpoint.n_out)}
    outputs["done"] = Output((99, 0, 0))
    registers = {}
    x = 200
    for layer, n in enumerate(checkpoint.sizes[1:-1]):
        for j in range(n):
            bits = tuple((x + b, 0, 0) for b in range(4))
            registers[f"h.{layer}.{j}"] = Register(layer, j, bits, at_gt=REGISTERS_GT + 40 * layer)
            x += 4
    return IoMap((0, 0, 0), (1000, 1, 1), inputs, outputs, Expected(10, EXPECTED_GT, 24), registers)


@dataclass
class Faults:
    """What is wrong with a board."""

    flip: dict[str, int] = field(default_factory=dict)  # register -> XOR on its value
    lamps: dict[int, int | None] = field(default_factory=dict)  # class -> lamp shown
    never_done: bool = False
    never_rests: bool = False
    burns: bool = False
    reset_dead: bool = False
    remembers: bool = False  # a run without reset repeats the last answer
    wedged_after_gt: int | None = None  # a reset so late in a run, or later, breaks the machine


class FakeBoard:
    """A `BoardLike` for `interface(checkpoint)`."""

    def __init__(self, checkpoint: Checkpoint = MODEL, faults: Faults | None = None) -> None:
        self.model = GoldenModel(checkpoint)
        self.faults = faults or Faults()
        self.io = interface(checkpoint)
        self.state: dict[str, Any] = {"levers": [0] * checkpoint.n_in, "wedged": False}
        self.state |= {"t": None, "trace": None}
        self.events = 0
        self.burnouts = 0

    @property
    def quiet(self) -> bool:
        """Whether no run is in progress."""
        t = self.state["t"]
        return t is None or (t >= REST_GT and not self.faults.never_rests)

    def snapshot(self) -> Any:
        """Return a copy of the state."""
        return copy.deepcopy(self.state)

    def restore(self, snapshot: Any) -> None:
        """Go back to a state."""
        self.state = copy.deepcopy(snapshot)

    def set_lever(self, pos: Pos, on: bool) -> None:
        """Set a lever."""
        self.state["levers"][pos[0]] = int(on)

    def use(self, pos: Pos) -> None:
        """Press run or reset."""
        self.events += 1
        if pos == self.io.inputs["run"].pos:
            kept = self.faults.remembers and self.state["trace"] is not None
            if not kept:
                self.state["trace"] = self.model.run(np.array([self.state["levers"]]))
            self.state["t"] = None if self.state["wedged"] else 0
        elif not self.faults.reset_dead:
            t, after = self.state["t"], self.faults.wedged_after_gt
            wedged = t is not None and after is not None and after <= t < REST_GT
            self.state |= {"t": None, "trace": None, "wedged": wedged}

    def power(self, pos: Pos) -> int:
        """Return the level at a position."""
        t, trace = self.state["t"], self.state["trace"]
        if t is None:
            return 0
        if pos == self.io.outputs["done"].pos:
            return 15 * (t >= REST_GT - 10 and not self.faults.never_done)
        if pos in self.io.classes:
            winner = int(trace.classes[0])
            shown = self.faults.lamps.get(winner, winner)
            return 15 * (t >= ANSWER_GT and shown == self.io.classes.index(pos))
        return self._register(pos, t, trace)

    def _register(self, pos: Pos, t: int, trace: Any) -> int:
        for name, register in self.io.registers.items():
            if pos in register.bits:
                start = REGISTERS_GT + 40 * register.layer - 3
                value = int(trace.hidden[register.layer][0, register.index]) ^ self.faults.flip.get(name, 0)
                if t >= start + 80:
                    value = 0
                return 15 * (t >= start and value >> register.bits.index(pos) & 1)
        return 0

    def probe(self, positions: Sequence[Pos], game_ticks: int) -> Any:
        """Run, and return levels."""
        rows = []
        for _ in range(game_ticks):
            if self.state["t"] is not None:
                self.state["t"] += 1
                self.events += 1
                self.burnouts += self.faults.burns and self.state["t"] == 50
            rows.append([self.power(p) for p in positions])
        return np.array(rows, dtype=np.uint8).reshape(game_ticks, len(positions))
