"""Scheduled block ticks as a chunk keeps them; the way back is ticks_read.py, which tells the form."""

from __future__ import annotations

from collections.abc import Sequence

from craftc.export import nbt
from craftc.sim.interface import BlockTick

Pos = tuple[int, int, int]


def tick_payloads(ticks: Sequence[BlockTick], origin: Pos) -> dict[tuple[int, int], list[bytes]]:
    """Return chunk (x, z) -> NBT compounds of its ticks, in the order in which they run; positions of
    `ticks` are local to `origin`."""
    found: dict[tuple[int, int], list[bytes]] = {}
    ordered = sorted(ticks, key=lambda tick: (tick.delay_gt, tick.priority, tick.order))
    for order, tick in enumerate(ordered):
        x, y, z = (a + b for a, b in zip(tick.pos, origin, strict=True))
        fields = {"i": nbt.string(tick.block)}
        numbers = {"p": tick.priority, "t": tick.delay_gt, "x": x, "y": y, "z": z, "o": order}
        fields |= {key: nbt.integer(value) for key, value in numbers.items()}
        found.setdefault((x >> 4, z >> 4), []).append(nbt.compound(fields).payload)
    return found
