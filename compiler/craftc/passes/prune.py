"""Pass `prune`: takes out what cannot matter, so that no cell of a macro stands idle where nobody uses it.

Removed are devices and dust that are off for ever or that nobody reads (check/idle.py), and then the
constants and supports that have neither device nor dust on any side any more::

    before   # + } # + } # A # + }          a maximum chain whose first words are 0
                          ^
    after                 A # + }
                          ^

Every link between the devices that stay must be the same afterwards, with the same loss; where it would not,
what stood beside dust that changes its shape is kept.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.blocks.dust import write_shapes
from craftc.blocks.volume import Pos, Volume
from craftc.check.drc import STEPS
from craftc.check.idle import Mask, needed
from craftc.sim.devices import device_tables
from craftc.sim.graph import Graph, extract

Longs = npt.NDArray[np.int64]
MAX_ROUNDS = 8
SUPPORTS = ("stone", "glass")
"""Blocks that macros place under or behind devices."""


@dataclass(frozen=True, slots=True, eq=False)
class Pruned:
    """The blocks that stay; how many were taken out (`removed`), and the nodes that stay."""

    volume: Volume
    removed: int
    nodes: int


def prune(volume: Volume, read: Collection[Pos]) -> Pruned:
    """Return a settled machine without what cannot matter; `read` are the positions of its ports, local.

    The volume is taken as it is saved: levers and buttons are its only inputs.
    """
    graph = extract(volume)
    keep = needed(volume, graph, graph.value, read)
    idle: Longs = np.concatenate([graph.cell[~keep.node], graph.dust.flat[~keep.dust]])
    kept: Mask = np.zeros(volume.ids.size, dtype=np.bool_)
    kept[graph.cell[keep.node]] = True
    wanted = _links(graph, kept)
    for _ in range(MAX_ROUNDS):
        trial = volume.copy()
        trial.ids.reshape(-1)[idle] = 0
        found = extract(trial)
        if np.array_equal(_links(found, kept), wanted):
            write_shapes(trial, found.dust)
            _strip(trial, idle)
            return Pruned(trial, volume.placed_blocks - trial.placed_blocks, found.nodes)
        idle = _away_from_changed(volume, graph, found, idle)
    return Pruned(volume, 0, graph.nodes)


def _links(graph: Graph, kept: Mask) -> Longs:
    """Return the links between devices that stay as sorted numbers: cells, port and loss."""
    source = np.repeat(graph.cell, np.diff(graph.link.start))
    target = graph.cell[graph.link.target >> 1]
    mine = kept[source] & kept[target]
    key = (source * kept.size + target) * 32 + (graph.link.target & 1) * 16 + graph.loss
    return np.sort(key[mine])


def _away_from_changed(volume: Volume, before: Graph, after: Graph, idle: Longs) -> Longs:
    """Return the cells of `idle` that are not beside, nor a step up or down from, dust of another shape."""
    same = np.isin(before.dust.flat, after.dust.flat)
    changed = before.dust.flat[same][(before.dust.shape[same] != after.dust.shape).any(axis=1)]
    near = np.zeros(volume.ids.shape, dtype=np.bool_)
    near.reshape(-1)[changed] = True
    wide = near.copy()
    for _, dz, dx in STEPS[2:]:
        wide |= _shifted(near, (0, dz, dx))
    tall = wide.copy()
    for dy in (-1, 1):
        tall |= _shifted(wide, (dy, 0, 0))
    return idle[~tall.reshape(-1)[idle]]


def _shifted(mask: Mask, step: tuple[int, int, int]) -> Mask:
    """Return `mask` moved by one step (y, z, x); what comes from outside is False."""
    out = np.zeros_like(mask)
    to = tuple(slice(max(s, 0), n + min(s, 0)) for s, n in zip(step, mask.shape, strict=True))
    of = tuple(slice(max(-s, 0), n + min(-s, 0)) for s, n in zip(step, mask.shape, strict=True))
    out[to] = mask[of]
    return out


def _strip(volume: Volume, idle: Longs) -> None:
    """Take out, in place, constants and supports beside removed cells that no device or dust touches."""
    devices, tables = device_tables(volume)
    inert = tables.analog >= 0
    inert |= np.array([state.short in SUPPORTS for state, _ in volume.palette], dtype=np.bool_)
    used = (devices.kind != 0) | np.array([_stays(state.short) for state, _ in volume.palette])
    removed = np.zeros(volume.ids.shape, dtype=np.bool_)
    removed.reshape(-1)[idle] = True
    ids = volume.ids
    candidate, touched = np.zeros_like(removed), np.zeros_like(removed)
    for step in STEPS:
        candidate |= _shifted(removed, step)
    candidate &= inert[ids]
    alive = used[ids]
    for step in STEPS:
        touched |= _shifted(alive, step)
    ids[candidate & ~touched] = 0


def _stays(name: str) -> bool:
    """Return whether a block that is no device needs what it stands on."""
    return name.endswith("_sign")
