"""Kernels that look at every cell once: which blocks there are, and how dust is connected."""

from __future__ import annotations

import numpy as np

from craftc.blocks.dust import NONE, SIDE, UP, DustCells, DustRules
from craftc.blocks.volume import Volume
from craftc.sim.grid import Grid
from craftc.sim.kernel import AnyArray, Bytes, Longs, hot, index, signed

_FULL_FACE = (3, 2, 5, 4)  # bit of DustRules.sturdy of a neighbour's face towards the dust, per side


def counts(volume: Volume) -> Longs:
    """Return how often each palette entry occurs, (entries,)."""
    count = np.zeros(len(volume.palette), dtype=np.int64)
    _tally(volume.ids.reshape(-1), count)
    return count


@hot
def _tally(ids: AnyArray, count: Longs) -> None:
    """Add up entries, equal ones in a row at once."""
    last = ids[0]
    run = 0
    for cell in range(len(ids)):
        entry = ids[index(cell)]
        if entry != last:
            count[index(last)] += run
            last = entry
            run = 0
        run += 1
    count[index(last)] += run


def dust_cells(grid: Grid, cell: Longs, flat: Longs, rules: DustRules) -> DustCells:
    """Return all dust with its shape as blocks.dust.dust_cells does; `cell` and `flat` are where it lies in
    the padded grid and in volume.ids."""
    shape = np.empty((len(cell), 4), dtype=np.uint8)
    _shapes(
        grid.entry, grid.off, cell, rules.dust, rules.dot, rules.conductor, rules.sturdy, rules.climbs,
        rules.draws, shape,
    )  # fmt: skip
    return DustCells(flat, shape)


@hot
def _shapes(
    entry: AnyArray,
    off: Longs,
    cell: Longs,
    dust: AnyArray,
    dot: AnyArray,
    conductor: AnyArray,
    sturdy: Bytes,
    climbs: AnyArray,
    draws: AnyArray,
    shape: AnyArray,
) -> None:
    up = off[1]
    for k in range(len(cell)):
        here = cell[k]
        open_above = not conductor[index(entry[index(here + up)])]
        joined = 0
        for side in range(4):
            beside = here + off[2 + side]
            there = index(entry[index(beside)])
            link = NONE
            if open_above and climbs[there] and dust[index(entry[index(beside + up)])]:
                link = UP if signed(sturdy[there]) >> _FULL_FACE[side] & 1 else SIDE
            elif draws[there, side] or (not conductor[there] and dust[index(entry[index(beside - up)])]):
                link = SIDE
            shape[k, side] = link
            joined |= signed(link != NONE) << side
        if joined == 0 and dot[index(entry[index(here)])]:
            continue
        fill = (0b0011 if joined & 0b1100 == 0 else 0) | (0b1100 if joined & 0b0011 == 0 else 0)
        for side in range(4):
            if (fill & ~joined) >> side & 1:
                shape[k, side] = SIDE
