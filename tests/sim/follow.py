"""Runs engines side by side: the same actions, compared block by block after every game tick."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tests.sim.component_boards import Action, Pos

from craftc.blocks import Volume
from craftc.sim import Board
from craftc.sim.devices import CONSTANT
from craftc.sim.engine import set_output
from craftc.sim.interface import BlockTick, Change, Engine, Simulator

ORDERS = 8


def act(board: Simulator, action: Action) -> None:
    """Do an action; a click on a block that has been broken does nothing."""
    if action.state is not None:
        board.set_block(action.pos, action.state)
    elif board.block(action.pos).short != "air":
        board.use(action.pos)


def changes(engine: Engine, volume: Volume, actions: Sequence[Action], ticks: int) -> list[list[Change]]:
    """Return the changes of blocks per game tick on a board that starts as saved."""
    board = engine(volume, "trusted")
    rest = sorted(actions, key=lambda a: a.time_gt)
    found = []
    for t in range(ticks):
        while rest and rest[0].time_gt <= t:
            act(board, rest.pop(0))
        board.run(1)
        found.append(board.take_changes())
    return found


def first_difference(one: list[list[Change]], two: list[list[Change]]) -> str:
    """Return where two runs differ first, or an empty text."""
    for t, (left, right) in enumerate(zip(one, two, strict=True), 1):
        a, b = ({c.pos: (str(c.before), str(c.after)) for c in side} for side in (left, right))
        for pos in sorted({*a, *b}):
            if a.get(pos) != b.get(pos):
                return f"gt {t}, {pos}: {a.get(pos)} and {b.get(pos)}"
    return ""


def racy(volume: Volume, actions: Sequence[Action], ticks: int, orders: int = ORDERS) -> bool:
    """Return whether the graph engine's result depends on the order of events within a game tick, or on
    ticks that falling dust may cause needlessly. Writes may only be those of plates."""
    rows = _levels(Board(volume, "trusted"), actions, ticks)
    return any(
        not np.array_equal(
            rows, _levels(Board(volume, "trusted", order=k, flicker=k > orders // 2), actions, ticks)
        )
        for k in range(1, orders + 1)
    )


def _levels(
    board: Board, actions: Sequence[Action], ticks: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    watched: list[Pos] = [board.position(int(n)) for n in np.flatnonzero(board.graph.kind != CONSTANT)]
    shape = board.volume.ids.shape
    y, z, x = np.unravel_index(board.graph.dust.flat, shape)
    watched += list(zip(x.tolist(), y.tolist(), z.tolist(), strict=True))
    rows, now = [], 0
    for action in [*sorted(actions, key=lambda a: a.time_gt), Action(ticks, (0, 0, 0))]:
        if action.time_gt > now:
            rows.append(board.probe(watched, action.time_gt - now))
            now = action.time_gt
        if now < ticks and action.state is None:
            board.use(action.pos)
        elif now < ticks and action.state is not None:
            powered = "15" if action.state.get("powered") == "true" else "0"
            level = int(action.state.get("power", powered))
            set_output(board._net, board._state, board.node_at(action.pos), level)
    return np.concatenate(rows)


def same_ticks(one: list[BlockTick], two: list[BlockTick]) -> bool:
    """Return whether the same blocks have ticks scheduled for the same times."""
    return {(t.pos, t.delay_gt) for t in one} == {(t.pos, t.delay_gt) for t in two}
