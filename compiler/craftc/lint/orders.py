"""The same run under other orders of events: permuted queues, rotations and mirrors.

A permuted board (Board's `order`) notifies in random order; what the game leaves to the place of a board is
covered by that and by rotations and mirrors, for the game's tick priorities are kept. With `priorities`
permuted too, what is due in one game tick runs in any order; `flicker` also adds the needless ticks that
falling dust may cause. A board without races does the same under all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from craftc.blocks.transform import transform_point, transformed
from craftc.blocks.volume import Volume
from craftc.lint.history import Piece, Recorder, Stimulus
from craftc.sim import Board, engine


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run a board again: a seed of the order (0: the game's), or a rotation and mirror."""

    order: int = 0
    priorities: bool = False
    flicker: bool = False
    quarter_turns: int = 0
    mirror: bool = False

    @property
    def strict(self) -> bool:
        """Whether the game could run the board in this order at some place."""
        return not (self.priorities or self.flicker)

    def __str__(self) -> str:
        if self.order:
            words = f"order {self.order}" + (" without priorities" if self.priorities else "")
            return words + (" with flickering dust" if self.flicker else "")
        return f"{self.quarter_turns} quarter turns" + (", mirrored" if self.mirror else "")


def variants(orders: int, turns: bool) -> tuple[Variant, ...]:
    """Return `orders` permuted orders, by turns with priorities, without, and with flicker; and with `turns`
    the seven rotations and mirrors."""
    permuted = tuple(Variant(k, priorities=k % 3 == 2, flicker=k % 3 == 0) for k in range(1, orders + 1))
    turned = tuple(Variant(quarter_turns=q, mirror=m) for m in (False, True) for q in range(4) if q or m)
    return permuted + (turned if turns else ())


class Rerun(Protocol):
    """A run of a board under another order."""

    def advance(self, until_gt: int, most_rows: int | None = None) -> Piece:
        """Return the piece from where the last one ended, in the node numbers of the board as it stands."""
        ...


def reruns(
    volume: Volume, script: Sequence[Stimulus], chosen: Sequence[Variant]
) -> list[tuple[Variant, Rerun]]:
    """Return the variants with runs that begin in the saved states of `volume`."""
    out: list[tuple[Variant, Rerun]] = []
    for variant in chosen:
        if variant.order:
            board = Board(volume, "trusted", order=variant.order, flicker=variant.flicker)
            if not variant.priorities:
                board._state.scalar[engine.SHUFFLE] = 0
            out.append((variant, Recorder(board, script, outputs_only=True)))
        else:
            out.append((variant, _Turned(volume, script, variant)))
    return out


class _Turned:
    """The run of a turned board."""

    def __init__(self, volume: Volume, script: Sequence[Stimulus], variant: Variant) -> None:
        turns, mirror = variant.quarter_turns, variant.mirror
        board = Board(transformed(volume, turns, mirror), "trusted")
        moved = [
            Stimulus(item.at_gt, transform_point(item.pos, volume.size, turns, mirror), item.on)
            for item in script
        ]
        self._recorder = Recorder(board, moved, outputs_only=True)
        self._back = _back(board, volume, variant)

    def advance(self, until_gt: int, most_rows: int | None = None) -> Piece:
        """Return the piece from where the last one ended, in the node numbers of the board as it stands."""
        return self._recorder.advance(until_gt, most_rows).moved(self._back)


def _back(board: Board, volume: Volume, variant: Variant) -> npt.NDArray[np.int64]:
    """Return per node of a turned board the node number on the board as it stands."""
    y, z, x = np.unravel_index(board.graph.cell, board.volume.ids.shape)
    width, _, length = board.volume.size
    for _ in range((4 - variant.quarter_turns) % 4):
        x, z, width, length = length - 1 - z, x, length, width
    if variant.mirror:
        x = width - 1 - x
    flat = np.ravel_multi_index((y, z, x), volume.ids.shape)
    return np.argsort(np.argsort(flat))
