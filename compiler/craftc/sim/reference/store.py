"""The reference engine's board as a volume, and as a checkpoint."""

from __future__ import annotations

import numpy as np

from craftc.blocks.palette import Palette
from craftc.blocks.volume import Volume
from craftc.sim.checkpoint import Saved, load_bytes, save_bytes
from craftc.sim.interface import BlockTick
from craftc.sim.reference.torch import TURN_OFFS
from craftc.sim.reference.world import MARGIN, World

NAME = "reference"
Counters = tuple[int, int, int, int, int]


def volume_of(world: World) -> Volume:
    """Return the blocks of a world as an independent volume."""
    ids = np.array(world.ids, dtype=np.uint16).reshape(world.shape)
    inner = ids[MARGIN:-MARGIN, MARGIN:-MARGIN, MARGIN:-MARGIN]
    used, where = np.unique(inner, return_inverse=True)
    palette = Palette()
    table = np.array([palette.add(*world.book.palette.entries[int(i)]) for i in used], dtype=np.uint16)
    out = Volume(world.size, palette, world.origin)
    out.ids = table[where.reshape(inner.shape)]
    return out


def _flat(world: World, cell: int) -> int:
    x, y, z = world.position(cell)
    return (y * world.size[2] + z) * world.size[0] + x


def save(world: World, ticks: list[BlockTick], counters: Counters) -> bytes:
    """Return the checkpoint of a world."""
    cells = sorted({cell for _, cell in world.turn_offs})
    ages = np.full((len(cells), TURN_OFFS), -1, dtype=np.int64)
    for row, cell in enumerate(cells):
        past = [world.ticks.now - time for time, where in world.turn_offs if where == cell][-TURN_OFFS:]
        ages[row, TURN_OFFS - len(past) :] = past
    flat = np.array([_flat(world, cell) for cell in cells], dtype=np.int64)
    return save_bytes(Saved(volume_of(world), tuple(ticks), flat, ages, counters), NAME)


def load(data: bytes) -> Saved:
    """Return what `save` wrote. Raises SimError on anything else."""
    return load_bytes(data, NAME)


def put_history(world: World, saved: Saved) -> None:
    """Give the torches of a fresh world their last turn-offs."""
    length, width = world.size[2], world.size[0]
    for flat, ages in zip(saved.torch_cell.tolist(), saved.torch_ages.tolist(), strict=True):
        y, rest = divmod(flat, length * width)
        cell = world.cell((rest % width, y, rest // width))
        world.turn_offs += [(world.ticks.now - age, cell) for age in ages if age >= 0]
    world.turn_offs.sort()
