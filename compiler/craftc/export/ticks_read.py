"""Scheduled block ticks of a saved world: what runs on when its chunks are loaded.

A chunk keeps `block_ticks` [{i block id, t game ticks from now, p priority -3..3, x, y, z}]. Loading
numbers the ticks of a chunk -n..-1 in list order; ticks due together run by (priority, number). craftc
writes one more field, `o`: the order over all chunks, which the game does not keep.
Source: Minecraft Wiki "Chunk format"; LevelChunkTicks and SavedTick of Java 1.20.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from craftc.errors import FormatError
from craftc.export import nbt_read
from craftc.export.region import RegionReader
from craftc.sim.interface import BlockTick

_LOWEST, _HIGHEST = -3, 3
_EMPTY = b"\x09\0\x0bblock_ticks\0\0\0\0\0"
"""The field of a chunk without scheduled ticks: a list of no type and length 0."""


def saved_tick(item: object, keys: tuple[str, str, str, str], index: int, where: str) -> BlockTick:
    """Return the tick in a compound; `keys` name block, delay, priority and order (optional: `index`).

    Raises FormatError if a field is missing or out of range.
    """
    if not isinstance(item, Mapping):
        raise FormatError("a scheduled tick is not a compound", where=where)
    block_key, delay_key, priority_key, order_key = keys
    x, y, z = (nbt_read.want(item, axis, int, f"{where}, scheduled tick") for axis in "xyz")
    here = f"{where}, scheduled tick at ({x}, {y}, {z})"
    priority = nbt_read.want(item, priority_key, int, here)
    if not _LOWEST <= priority <= _HIGHEST:
        raise FormatError(f"priority {priority}", where=here, legal=f"{_LOWEST}..{_HIGHEST}")
    delay = nbt_read.want(item, delay_key, int, here)
    order = nbt_read.want(item, order_key, int, here) if order_key in item else index
    return BlockTick((x, y, z), nbt_read.want(item, block_key, str, here), max(delay, 1), priority, order)


def read_ticks(world: Path) -> tuple[BlockTick, ...]:
    """Return the scheduled block ticks of a world, world positions, in the order in which ties run.

    Raises FormatError that names the chunk for anything damaged.
    """
    found: list[BlockTick] = []
    for path in sorted((Path(world) / "region").glob("r.*.mca")):
        if not path.stat().st_size:
            continue
        region = RegionReader(path)
        for x, z in region.chunks():
            found += _of_chunk(region.document(x, z), region.label(x, z))
    return tuple(sorted(found, key=lambda tick: tick.order))


def _of_chunk(document: bytes, where: str) -> list[BlockTick]:
    if b"block_ticks" not in document or _EMPTY in document:
        return []
    _, root = nbt_read.parse(document, where, ("block_entities",))
    items: list[Any] = nbt_read.want(root, "block_ticks", list, where) if "block_ticks" in root else []
    first = -len(items)
    return [saved_tick(item, ("i", "t", "p", "o"), first + k, where) for k, item in enumerate(items)]
