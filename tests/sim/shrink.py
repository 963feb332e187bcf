"""Makes the smallest board on which a judge still differs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from tests.sim.judges import Judges
from tests.sim.ours import Ours, run_ours, tiles_of_levels
from tests.sim.reasons import explain
from tests.sim.tiles import Batch, spare

from craftc.blocks.properties import complete
from craftc.sim import Board


def mchprs_differs(
    judges: Judges, batch: Batch, ours: Ours, game_ticks: int, flags: tuple[bool, bool]
) -> set[int]:
    """Return the tiles that MCHPRS does not agree on; with the optimizer or io_only, lamps alone are read."""
    optimize, io_only = flags
    names = np.array([s.short for s, _ in batch.volume.palette])
    x, y, z = ours.cells.T
    mask = np.ones(len(ours.cells), dtype=np.bool_)
    if optimize or io_only:
        mask = names[batch.volume.ids[y, z, x]] == "redstone_lamp"
    if not mask.any():
        return set()
    io = np.array([spare(batch.volume)])
    theirs = judges.mchprs(game_ticks, ours.cells[mask], optimize, io_only, io)
    full = ours.levels.copy()
    full[:, mask] = theirs
    return tiles_of_levels(ours, full, mask)


def differs(judges: Judges, batch: Batch, game_ticks: int, judge: str, flags: tuple[bool, bool]) -> bool:
    """Whether a judge differs on a single settled board."""
    ours = run_ours(batch, game_ticks)
    judges.put(batch)
    if judge == "mctick":
        return ours.trace != judges.mctick(game_ticks)
    return bool(mchprs_differs(judges, batch, ours, game_ticks, flags))


def shrink(
    judges: Judges, batch: Batch, game_ticks: int, judge: str, flags: tuple[bool, bool], without: str = ""
) -> Batch:
    """Return the smallest board found that a judge still differs on without an explanation, or with the
    explanation `without` alone."""

    def bad(other: Batch) -> bool:
        board = Board(other.volume)
        if not board.quiet:
            return False
        baked = replace(other, volume=board.write_back())
        if not differs(judges, baked, game_ticks, judge, flags):
            return False
        return explain(baked, game_ticks, judge) == without

    best = _fewer_actions(batch, bad)
    changed = True
    while changed:
        changed = False
        x, y, z = spare(best.volume)
        kept = {(x, y, z), (x, y - 1, z)}
        for pos in [p for p in best.volume.positions(best.volume.ids != 0) if p not in kept]:
            smaller = _without(best, pos)
            if smaller is not None and bad(smaller):
                best, changed = smaller, True
        best = _fewer_actions(best, bad)
    return replace(best, volume=Board(best.volume).write_back())


def _fewer_actions(batch: Batch, bad: Any) -> Batch:
    for k in range(len(batch.actions) - 1, -1, -1):
        fewer = replace(batch, actions=np.delete(batch.actions, k, axis=0))
        if bad(fewer):
            batch = fewer
    return batch


def _without(batch: Batch, pos: tuple[int, int, int]) -> Batch | None:
    """Return the board without one block and its actions, or None if something would lose its support."""
    from craftc.sim.edit import with_block

    out = with_block(batch.volume, pos, "air")
    if int((out.ids != 0).sum()) != int((batch.volume.ids != 0).sum()) - 1:
        return None
    _, x, y, z = batch.actions.T
    return Batch(out, batch.actions[~((x == pos[0]) & (y == pos[1]) & (z == pos[2]))])


def as_text(batch: Batch) -> str:
    """Return a board and its actions as text: one block a line, then one action a line."""
    lines = [
        f"{x},{y},{z} {complete(batch.volume.get((x, y, z)))}"
        for x, y, z in batch.volume.positions(batch.volume.ids != 0)
    ]
    return "\n".join(lines + [f"use {x},{y},{z}@{t}" for t, x, y, z in batch.actions.tolist()])
