"""Answers of a machine against the golden model: exact, and the first difference in order of cause.

Order: activations of layer 0 first, then of later layers, then the class lamps, then whether the machine
came to rest with the done lamp on and no torch burnt out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from craftc.errors import MismatchError
from craftc.export.io_map import Register
from craftc.model import Trace
from craftc.verify.machine import Answer, Int64


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first difference of one run.

    check      "vector", "rerun", "reset" or "interrupt" (reset during a run)
    vector     number of the test vector
    layer      layer of the register; None for lamps and the machine as a whole
    register   name of the register in io.json, or "class", "done", "rest", "burnout", "lamps"
    game_tick  after the press of run: when the register or lamp got the wrong value, or was read
    """

    check: str
    vector: int
    layer: int | None
    register: str
    expected: str
    found: str
    game_tick: int

    @property
    def where(self) -> str:
        """Layer, register and tick in words."""
        layer = "" if self.layer is None else f"layer {self.layer}, "
        return f"{layer}{self.register}, game tick {self.game_tick}"



@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """Expected values: registers (n, registers), in the machine's order, and classes (n,)."""

    values: Int64
    classes: Int64


def golden_of(trace: Trace, registers: list[Register]) -> Golden:
    """Return what the registers and lamps must show for every vector of a trace."""
    columns = [trace.hidden[r.layer][:, r.index] for r in registers]
    values = np.stack(columns, axis=1) if columns else np.zeros((len(trace.logits), 0), dtype=np.int64)
    return Golden(values, trace.classes)


def first_difference(
    answer: Answer, golden: Golden, vector: int, registers: list[Register], check: str
) -> Mismatch | None:
    """Return the first difference of an answer, or None. The tick of a register is that of its reading."""
    wrong = np.flatnonzero(answer.values != golden.values[vector])
    at = answer.answer_gt
    if wrong.size:
        k = int(wrong[0])
        register = registers[k]
        meant, found = int(golden.values[vector, k]), int(answer.values[k])
        name = f"h.{register.layer}.{register.index}"
        return Mismatch(check, vector, register.layer, name, str(meant), str(found), register.at_gt or at)
    meant = int(golden.classes[vector])
    if answer.lit != (meant,):
        return Mismatch(check, vector, None, "class", str(meant), lamps_in_words(answer.lit), at)
    if not answer.rests:
        return Mismatch(check, vector, None, "rest", "at rest", "still running", at)
    if not answer.done:
        return Mismatch(check, vector, None, "done", "on", "off", at)
    if answer.burnouts:
        return Mismatch(check, vector, None, "burnout", "0 torches", f"{answer.burnouts} torches", at)
    return None


def lamps_in_words(lit: tuple[int, ...]) -> str:
    """Return the lit class lamps as a reader says them."""
    if not lit:
        return "no class lamp"
    return str(lit[0]) if len(lit) == 1 else f"lamps {', '.join(map(str, lit))}"


def refusal(mismatch: Mismatch, count: int, total: int, where: str) -> MismatchError:
    """Return the error that tells a failed verification: `count` of `total` checks differ."""
    during = "" if mismatch.check == "vector" else f", during {mismatch.check}"
    return MismatchError(
        f"is {mismatch.found}, should be {mismatch.expected} "
        f"(vector {mismatch.vector}{during}; {count} of {total} checks differ)",
        where=f"{where}, {mismatch.where}",
    )
