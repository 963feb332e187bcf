"""What a search works on: arrays per cell, the task, and the labels it makes."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]


class Grid(NamedTuple):
    """Per cell of the padded box, flat. `shape` is (y, z, x)."""

    shape: I64
    flags: U8
    owner: I32  # net whose fixed elements disturb the cell; -1 none, -2 several
    halo: I32  # elements of other nets that disturb an element here
    solid: I32  # supports of other nets
    own: I32  # elements of the own tree that disturb an element here
    own_solid: I32
    history: F32
    seen: I32  # search number of the three arrays below
    cost: F32  # cheapest label pushed
    strong: U8  # its strength
    closed: U8  # strongest label expanded
    column: U8  # per column (z, x): whether dust is legal at any height


class Task(NamedTuple):
    """One search. Starts are tree dusts; a goal is a dust cell with the repeater cell that follows it."""

    net: int
    number: int
    start: I64
    start_strength: I64
    start_rt: I64
    goal: I64
    goal_repeater: I64
    low: I64  # window (y, z, x), inclusive
    high: I64
    present: float  # cost of disturbing one element of another net
    repeater_cost: float
    max_rt: int  # most repeaters up to and including the last one
    limit: int  # labels
    greed: float  # weight of the estimate: a wire costs at most this times the cheapest


class Labels(NamedTuple):
    """Labels of a search; `end` is the one at a goal, or -1. `near` is the one nearest to a goal."""

    cell: I64
    parent: I32
    strength: U8
    rt: I32
    by_repeater: U8
    end: int
    near: int
    used: int


@nb.njit(cache=True)
def add_all(counts, cells, sign):  # type: ignore[no-untyped-def]
    """Add `sign` to every one of `cells`, as often as it is listed."""
    for cell in cells:
        counts[cell] += sign


@nb.njit(cache=True)
def inside(task, at):  # type: ignore[no-untyped-def]
    """Whether (y, z, x) lies in the window."""
    return (
        task.low[0] <= at[0] <= task.high[0]
        and task.low[1] <= at[1] <= task.high[1]
        and task.low[2] <= at[2] <= task.high[2]
    )


@nb.njit(cache=True)
def place(grid, cell):  # type: ignore[no-untyped-def]
    """Return (y, z, x) of a flat cell."""
    nz, nx = grid.shape[1], grid.shape[2]
    rest = cell // nx
    return rest // nz, rest % nz, cell % nx
