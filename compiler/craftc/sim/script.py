"""Runs of timed stimuli, cut into pieces between which nothing is done to the board."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from craftc.blocks.volume import Pos
from craftc.errors import SimError
from craftc.sim.board import Board, Levels

Act = Callable[[int, bool], None]
Piece = Callable[[int, int, Sequence[Pos]], Levels]
Row = tuple[int, int, int]


def prepared(board: Board, actions: Iterable[tuple[int, Pos, bool]], game_ticks: int) -> list[Row]:
    """Return actions as (game tick, node, level), sorted. Raises SimError as Board.run_script does."""
    return sorted((board._action(*action, game_ticks) for action in actions), key=lambda action: action[0])


def in_pieces(
    act: Act,
    piece: Piece,
    actions: Iterable[Row],
    span: tuple[int, int],
    probes: Sequence[Pos],
    every_gt: int,
) -> Levels:
    """Return what Board.run_script returns from game tick span[0] to span[1] of a script, with `act` (node,
    on) for stimuli and `piece` (game ticks, every, probes) for what lies between."""
    require_sampling(span[1], every_gt)
    rows = [np.zeros((0, len(probes)), dtype=np.uint8)]
    now, game_ticks = span
    for time, node, level in actions:
        rows.extend(_between(piece, now, time, every_gt, probes))
        now = time
        act(node, level > 0)
    rows.extend(_between(piece, now, game_ticks, every_gt, probes))
    return np.concatenate(rows)


def require_sampling(game_ticks: int, every_gt: int) -> None:
    """Raise SimError unless rows can be taken that often."""
    if every_gt < 1 or game_ticks < 0:
        raise SimError(f"bad sampling {game_ticks}/{every_gt}", legal="game_ticks >= 0, every_gt >= 1")


def _between(piece: Piece, now: int, until: int, every: int, probes: Sequence[Pos]) -> list[Levels]:
    """Run from `now` to `until`, with a row of levels at every multiple of `every`."""
    rows = []
    if now % every:
        first = min(until, now + every - now % every)
        rows.append(piece(first - now, max(1, first - now), probes))
        if first % every:
            rows.pop()
        now = first
    if until > now:
        rows.append(piece(until - now, every, probes))
    return rows
