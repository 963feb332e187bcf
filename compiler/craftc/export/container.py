"""Game versions, and items that make a container read as a wanted signal strength.

A comparator reads a container as floor(14 f) + (1 if f > 0), where f is the mean over the slots of
count / stack size (Minecraft Wiki, "Redstone Comparator"; MCHPRS `block_entities.rs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from craftc.errors import ConfigError, FormatError
from craftc.export import nbt, nbt_read
from craftc.units import MAX_SIGNAL

FILLER = "minecraft:redstone"
STACK = 64

SLOTS: Mapping[str, int] = {
    "minecraft:barrel": 27,
    "minecraft:chest": 27,
    "minecraft:dispenser": 9,
    "minecraft:dropper": 9,
    "minecraft:furnace": 3,
    "minecraft:hopper": 5,
    "minecraft:shulker_box": 27,
    "minecraft:trapped_chest": 27,
}
"""Slots of each container that can be written and read, by block entity id."""

_SMALL_STACKS: Mapping[str, int] = {
    "minecraft:egg": 16,
    "minecraft:ender_pearl": 16,
    "minecraft:snowball": 16,
    "minecraft:totem_of_undying": 1,
    "minecraft:wooden_shovel": 1,
    "minecraft:wooden_sword": 1,
}
_FULL_STACKS = frozenset(
    f"minecraft:{name}"
    for name in ("redstone", "stone", "cobblestone", "dirt", "stick", "redstone_block", "redstone_torch")
)


@dataclass(frozen=True, slots=True)
class McVersion:
    """What differs between supported game versions.

    name             as shown in the launcher
    data_version     number in every file (Minecraft Wiki, "Data version")
    item_count       "Count" (byte, with `tag`) up to 1.20.4; "count" (int, with `components`) from 1.20.5
    """

    name: str
    data_version: int
    item_count: str


VERSIONS: Mapping[str, McVersion] = {
    v.name: v
    for v in (
        McVersion("1.20.4", 3700, "Count"),
        McVersion("1.20.6", 3839, "count"),
        McVersion("1.21.1", 3955, "count"),
    )
}


def version(mc: str) -> McVersion:
    """Return the row of a game version. Raises ConfigError that names the supported ones."""
    row = VERSIONS.get(mc)
    if row is None:
        raise ConfigError(f"game version {mc!r} is not supported", where="--mc", legal=", ".join(VERSIONS))
    return row


def items_for(signal: int, slots: int = 27) -> int:
    """Return how many items of stack size 64 make a container of `slots` read as `signal` (0..15).

    0 for 0, else max(1, ceil((signal - 1) * slots * 64 / 14)). Raises FormatError out of range.
    """
    if not 0 <= signal <= MAX_SIGNAL:
        raise FormatError(f"signal {signal} of a container", legal=f"0..{MAX_SIGNAL}")
    if signal == 0:
        return 0
    return max(1, -(-(signal - 1) * slots * STACK // 14))


def items_tag(signal: int, slots: int, mc: McVersion) -> nbt.Tag:
    """Return the list `Items` for a signal: stacks of redstone dust from slot 0 on."""
    left, payloads = items_for(signal, slots), []
    for slot in range(-(-left // STACK)):
        count = min(STACK, left - slot * STACK)
        amount = nbt.byte(count) if mc.item_count == "Count" else nbt.integer(count)
        fields = {"Slot": nbt.byte(slot), "id": nbt.string(FILLER), mc.item_count: amount}
        payloads.append(nbt.compound(fields).payload)
    return nbt.list_of(nbt.COMPOUND, payloads)


def signal_of(items: Sequence[Mapping[str, Any]], slots: int, where: str) -> int:
    """Return the comparator reading of a container's `Items`, old or new item form.

    Raises FormatError on a slot outside the container, a count outside the stack, or an item whose
    stack size is not known here.
    """
    filled: dict[int, tuple[int, int]] = {}
    for item in items:
        slot = nbt_read.want(item, "Slot", int, where)
        name = nbt_read.want(item, "id", str, where)
        count = nbt_read.want(item, "count" if "count" in item else "Count", int, where)
        size = STACK if name in _FULL_STACKS else _SMALL_STACKS.get(name, 0)
        if not size:
            known = ", ".join(sorted(_FULL_STACKS | set(_SMALL_STACKS)))
            raise FormatError(f"item {name} of unknown stack size", where=where, legal=known)
        if not 0 <= slot < slots or slot in filled or not 1 <= count <= size:
            legal = f"each slot 0..{slots - 1} once, count 1..{size}"
            raise FormatError(f"{count} x {name} in slot {slot}", where=where, legal=legal)
        filled[slot] = (count, size)
    if not filled:
        return 0
    parts = sum(count * (STACK // size) for count, size in filled.values())
    return 14 * parts // (slots * STACK) + 1
