"""Uses a machine as a player does: levers, RUN, RESET, lamps; and reads its registers.

Time is in game ticks (gt) after the press of run; 2 gt = 1 redstone tick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from craftc.export.io_map import DONE, RESET, RUN, IoMap, Register
from craftc.units import GT_PER_RT

Pos = tuple[int, int, int]
Int64 = npt.NDArray[np.int64]

LIMIT = 4
"""Times the expected game ticks after which a machine counts as stuck."""

SETTLE_GT = 400
"""Longest wait for levers and reset to take effect."""

CHUNK_GT = 256


class BoardLike(Protocol):
    """What a board must offer; `craftc.sim.Board` does. Positions are local."""

    @property
    def quiet(self) -> bool:
        """Whether nothing is scheduled."""

    @property
    def events(self) -> int:
        """Output changes so far."""

    @property
    def burnouts(self) -> int:
        """Torches burnt out so far."""

    def snapshot(self) -> Any:
        """Return a copy of the state."""

    def restore(self, snapshot: Any) -> None:
        """Go back to a state."""

    def set_lever(self, pos: Pos, on: bool) -> None:
        """Bring a lever to a position."""

    def use(self, pos: Pos) -> None:
        """Press a button."""

    def power(self, pos: Pos) -> int:
        """Return the level at a position."""

    def probe(self, positions: Sequence[Pos], game_ticks: int) -> npt.NDArray[np.uint8]:
        """Run, and return levels (game_ticks, positions)."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What one run gave.

    lit            classes whose lamp is on at the end
    done           whether the done lamp is on
    values         registers in the order of `Machine.registers`
    redstone_ticks from the press of run to the last change of a class lamp or the done lamp
    answer_gt      the same in game ticks
    events         output changes of the run
    rests          whether the machine came to rest in time
    burnouts       torches that burnt out
    """

    lit: tuple[int, ...]
    done: bool
    values: Int64
    answer_gt: int
    events: int
    rests: bool
    burnouts: int

    @property
    def redstone_ticks(self) -> int:
        """Redstone ticks to the answer, rounded up."""
        return -(-self.answer_gt // GT_PER_RT)


class Machine:
    """A board with its interface. `registers` are sorted by layer and neuron."""

    def __init__(self, board: BoardLike, io: IoMap) -> None:
        self.board = board
        self.io = io
        self.registers = sorted(io.registers.values(), key=lambda r: (r.layer, r.index))
        self.limit_gt = LIMIT * io.expected.game_ticks_per_inference
        self._levers = [io.local(p) for p in io.levers]
        self._lamps = [*(io.local(p) for p in io.classes), io.local(io.outputs[DONE].pos)]
        self._cells = [[io.local(c) for c in r.cells] for r in self.registers]
        self._baked = board.snapshot()

    def restart(self) -> None:
        """Go back to the machine as it was saved."""
        self.board.restore(self._baked)

    def draw(self, bits: npt.ArrayLike) -> bool:
        """Set all levers and return whether the machine came to rest again."""
        for pos, bit in zip(self._levers, np.asarray(bits).tolist(), strict=True):
            self.board.set_lever(pos, bool(bit))
        return self.settle()

    def settle(self) -> bool:
        """Run until nothing is scheduled, at most SETTLE_GT; return whether it is so."""
        for _ in range(SETTLE_GT):
            if self.board.quiet:
                return True
            self.board.probe((), 1)
        return self.board.quiet

    def press(self, button: str = RUN) -> None:
        """Press a button by name."""
        self.board.use(self.io.local(self.io.inputs[button].pos))

    def run(self, game_ticks: int) -> None:
        """Run that many game ticks."""
        self.board.probe((), game_ticks)

    def reset(self) -> bool:
        """Press reset; return whether the machine is then at rest with all lamps dark."""
        self.press(RESET)
        for _ in range(0, self.limit_gt, CHUNK_GT):
            if self.board.quiet:
                break
            self.run(CHUNK_GT)
        return self.board.quiet and not any(self.lamps())

    def lamps(self) -> tuple[bool, ...]:
        """Return the states of class_0, class_1, ..., done."""
        return tuple(self.board.power(p) > 0 for p in self._lamps)

    def ask(self, bits: npt.ArrayLike) -> Answer:
        """Set the levers, press run, and return the answer when the machine rests or is out of time."""
        self.draw(bits)
        before = self.board.events, self.board.burnouts
        values = np.zeros(len(self.registers), dtype=np.int64)
        late = [k for k, r in enumerate(self.registers) if r.at_gt is None]
        stops = sorted({r.at_gt for r in self.registers if r.at_gt is not None})
        shown = np.array(self.lamps()) * 1
        now = answer_gt = 0
        self.press(RUN)
        while now < self.limit_gt and not (self.board.quiet and not stops):
            step = min(CHUNK_GT, self.limit_gt - now, *(s - now for s in stops[:1]))
            shown, changed = self._watch(step, shown)
            answer_gt = now + changed if changed else answer_gt
            now += step
            if stops and now == stops[0]:
                self._read([k for k, r in enumerate(self.registers) if r.at_gt == now], values)
                stops.pop(0)
        self._read(late, values)
        *classes, done = self.lamps()
        return Answer(
            tuple(int(c) for c in np.flatnonzero(classes)), done, values, answer_gt,
            self.board.events - before[0], self.board.quiet, self.board.burnouts - before[1],
        )  # fmt: skip

    def _watch(self, game_ticks: int, shown: Int64) -> tuple[Int64, int]:
        """Run; return the lamps then, and after how many game ticks one changed last (0: none did)."""
        rows = (self.board.probe(self._lamps, game_ticks) > 0).astype(np.int64)
        changes = np.flatnonzero((np.diff(rows, axis=0, prepend=shown[None, :]) != 0).any(axis=1))
        return rows[-1], int(changes[-1]) + 1 if changes.size else 0

    def _read(self, numbers: list[int], values: Int64) -> None:
        for k in numbers:
            levels = [self.board.power(p) for p in self._cells[k]]
            if self.registers[k].pos is None:
                values[k] = sum((level > 0) << bit for bit, level in enumerate(levels))
            else:
                values[k] = levels[0]

    def watch_registers(self, game_ticks: int) -> Int64:
        """Run, and return the values of all registers after every game tick, (game_ticks, registers)."""
        levels = self.board.probe([c for cells in self._cells for c in cells], game_ticks)
        out = np.zeros((game_ticks, len(self.registers)), dtype=np.int64)
        at = 0
        for k, register in enumerate(self.registers):
            cells = levels[:, at : at + len(register.cells)].astype(np.int64)
            at += cells.shape[1]
            weights = 1 << np.arange(cells.shape[1])
            out[:, k] = cells[:, 0] if register.pos is not None else (cells > 0) @ weights
        return out

    def last_change_gt(self, register: Register) -> int:
        """Press run now; return when the register changed last before it is read (0: never)."""
        cells = self._cells[self.registers.index(register)]
        levels = np.array([self.board.power(p) for p in cells])
        self.press(RUN)
        end = register.at_gt or self.limit_gt
        now = last = 0
        while now < end and not (self.board.quiet and register.at_gt is None):
            step = min(CHUNK_GT, end - now)
            rows = self.board.probe(cells, step).astype(np.int64)
            changes = np.flatnonzero((np.diff(rows, axis=0, prepend=levels[None, :]) != 0).any(axis=1))
            last = now + int(changes[-1]) + 1 if changes.size else last
            levels, now = rows[-1], now + step
        return last
