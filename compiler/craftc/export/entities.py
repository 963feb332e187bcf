"""Block entities: byte templates patched with coordinates, and the way back.

Every palette entry that carries a block entity becomes one template. Writing n blocks is one
`tile` and three column stores, so 2,500 comparators of a chunk cost microseconds each way.
Chunk form and schematic form differ only in how the position is stored, and it comes first:

    chunk      x I, y I, z I, id, keepPacked, fields          int32 at bytes 4, 12, 20
    schematic  Pos I[3], Id, fields or Data {fields}          int32 at bytes 10, 14, 18
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.blocks import BlockState, Entity, Palette, Volume
from craftc.errors import FormatError
from craftc.export import nbt, nbt_read
from craftc.export.container import SLOTS, McVersion, items_tag, signal_of
from craftc.units import MAX_SIGNAL

_U16 = npt.NDArray[np.uint16]
_OFFSETS = {"chunk": (4, 12, 20), "schem2": (10, 14, 18), "schem3": (10, 14, 18)}
_SIGN_LINES = 4


def entity_id(state: BlockState) -> str:
    """Return the block entity id that belongs to a block, or "" if craftc writes none for it."""
    if state.short == "comparator" or state.name in SLOTS:
        return state.name
    if state.short.endswith("_hanging_sign"):
        return "minecraft:hanging_sign"
    if state.short.endswith("_sign"):
        return "minecraft:sign"
    return "minecraft:shulker_box" if state.short.endswith("shulker_box") else ""


def kind_of(block_id: str) -> str:
    """Return the Entity kind of a block entity id, or "" if it is of no interest."""
    if block_id in ("minecraft:comparator", "minecraft:barrel"):
        return block_id.partition(":")[2]
    if block_id in ("minecraft:sign", "minecraft:hanging_sign"):
        return "sign"
    return "container" if block_id in SLOTS else ""


@dataclass(frozen=True, slots=True)
class Coding:
    """A palette prepared for writing; the order depends on the blocks only, not on how they were added.

    states     distinct states, air first, then sorted
    state_of   palette index -> index in `states`
    templates  distinct block entities, sorted; entry 0 is empty and means none
    entity_of  palette index -> index in `templates`
    offsets    bytes of x, y, z in a template
    """

    states: tuple[BlockState, ...]
    state_of: _U16
    templates: tuple[bytes, ...]
    entity_of: _U16
    offsets: tuple[int, int, int]

    def payloads(self, kinds: _U16, xyz: npt.NDArray[np.int32]) -> bytes:
        """Return the list items of n block entities: template numbers [n], positions [n, 3] (x, y, z).

        Grouped by template, otherwise in the given order.
        """
        order = np.argsort(kinds, kind="stable")
        kinds, xyz = kinds[order], xyz[order]
        starts = np.flatnonzero(np.diff(kinds, prepend=0))
        parts = []
        for start, stop in zip(starts, [*starts[1:], kinds.size], strict=True):
            template = np.frombuffer(self.templates[kinds[start]], dtype=np.uint8)
            rows = np.tile(template, (stop - start, 1))
            for axis, at in enumerate(self.offsets):
                column = xyz[start:stop, axis].astype(">i4").reshape(-1, 1)
                rows[:, at : at + 4] = column.view(np.uint8)
            parts.append(rows.tobytes())
        return b"".join(parts)


def coding(palette: Palette, mc: McVersion, form: str) -> Coding:
    """Return the palette prepared for `form`: "chunk", "schem2" or "schem3".

    Raises FormatError if an entry carries content that does not belong to its block.
    """
    entries = list(palette)
    states = [entries[0][0], *sorted({s for s, _ in entries[1:]} - {entries[0][0]})]
    number = {state: i for i, state in enumerate(states)}
    bodies = [_template(state, entity, mc, form) for state, entity in entries]
    templates = sorted({*bodies, b""})
    rank = {body: i for i, body in enumerate(templates)}
    return Coding(
        tuple(states),
        np.array([number[s] for s, _ in entries], dtype=np.uint16),
        tuple(templates),
        np.array([rank[b] for b in bodies], dtype=np.uint16),
        _OFFSETS[form],
    )


def _template(state: BlockState, entity: Entity | None, mc: McVersion, form: str) -> bytes:
    """Return the payload of one list item with position 0, or b"" for a block without content."""
    block_id = entity_id(state)
    if not block_id:
        if entity is not None:
            legal = "comparator, sign, " + ", ".join(n.partition(":")[2] for n in SLOTS)
            raise FormatError(f"{state} carries {entity.kind} content", where="palette", legal=legal)
        return b""
    fields = _fields(state, block_id, entity, mc)
    if form == "chunk":
        head = {axis: nbt.integer(0) for axis in "xyz"}
        head |= {"id": nbt.string(block_id), "keepPacked": nbt.byte(0)}
        return nbt.compound(head | fields).payload
    head = {"Pos": nbt.int_array((0, 0, 0)), "Id": nbt.string(block_id)}
    return nbt.compound(head | (fields if form == "schem2" else {"Data": nbt.compound(fields)})).payload


def _fields(state: BlockState, block_id: str, entity: Entity | None, mc: McVersion) -> dict[str, nbt.Tag]:
    kind = kind_of(block_id)
    entity = entity if entity is not None else Entity(kind)
    if entity.kind != kind:
        raise FormatError(f"{state} carries {entity.kind} content", where="palette", legal=kind)
    if kind == "sign":
        return _sign_fields(entity.lines)
    if not 0 <= entity.signal <= MAX_SIGNAL:
        raise FormatError(f"{state} has signal {entity.signal}", where="palette", legal=f"0..{MAX_SIGNAL}")
    if kind == "comparator":
        return {"OutputSignal": nbt.integer(entity.signal)}
    return {"Items": items_tag(entity.signal, SLOTS[block_id], mc)}


def _sign_fields(lines: tuple[str, ...]) -> dict[str, nbt.Tag]:
    if len(lines) > _SIGN_LINES:
        raise FormatError(f"a sign of {len(lines)} lines", where="palette", legal="at most 4 lines")

    def side(texts: tuple[str, ...]) -> nbt.Tag:
        padded = [*texts, *[""] * (_SIGN_LINES - len(texts))]
        messages = [json.dumps({"text": t}, ensure_ascii=False, separators=(",", ":")) for t in padded]
        return nbt.compound(
            {
                "messages": nbt.list_of(nbt.STRING, (nbt.text_payload(m) for m in messages)),
                "color": nbt.string("black"),
                "has_glowing_text": nbt.byte(0),
            }
        )

    return {"front_text": side(lines), "back_text": side(()), "is_waxed": nbt.byte(1)}


def state_from(text: str, where: str) -> BlockState:
    """Return the state that a file spells as `text`. Raises FormatError that names `where`."""
    try:
        return BlockState.parse(text)
    except FormatError as error:
        raise FormatError(error.message, where=where, legal=error.legal) from error


def entity_from(block_id: str, fields: Mapping[str, Any], where: str) -> Entity | None:
    """Return the content of a block entity that was read, or None for kinds of no interest.

    Raises FormatError if a field is missing, of another type, or out of range.
    """
    kind = kind_of(block_id)
    if kind == "comparator":
        signal = nbt_read.want(fields, "OutputSignal", int, where)
        if not 0 <= signal <= MAX_SIGNAL:
            raise FormatError(f"OutputSignal {signal}", where=where, legal=f"0..{MAX_SIGNAL}")
        return Entity(kind, signal)
    if kind == "sign":
        side = nbt_read.want(fields, "front_text", dict, where)
        messages = nbt_read.want(side, "messages", list, where)
        return Entity(kind, lines=tuple(_plain(m, where) for m in messages))
    if kind:
        items = nbt_read.want(fields, "Items", list, where)
        return Entity(kind, signal_of(items, SLOTS[block_id], where))
    return None


def put_entities(
    volume: Volume, xyz: npt.NDArray[np.int32], block_id: str, entity: Entity, where: str
) -> None:
    """Set the content of the blocks at local positions [n, 3] (x, y, z).

    Raises FormatError if a block cannot have this content or was given content before.
    """
    place = (xyz[:, 1], xyz[:, 2], xyz[:, 0])
    flat = np.ravel_multi_index(place, volume.ids.shape)
    if np.unique(flat).size != flat.size:
        raise FormatError("one block is given content twice", where=where, legal="once per block")
    old, back = np.unique(volume.ids[place], return_inverse=True)
    new = np.empty(old.size, dtype=np.uint16)
    for i, index in enumerate(old.tolist()):
        state, before = volume.palette.entries[index]
        if before is not None or entity_id(state) != block_id:
            x, y, z = (xyz[int(np.argmax(back == i))] + np.array(volume.origin)).tolist()
            why = f"the block there is {state}" + (" and was given content before" if before else "")
            here = f"{where} at ({x}, {y}, {z})"
            raise FormatError(why, where=here, legal=f"one content per block of {block_id}")
        new[i] = volume.palette.add(state, entity)
    volume.ids[place] = new[back]


def _plain(message: object, where: str) -> str:
    """Return the text of one sign line: JSON up to 1.21.4, a plain string or compound later."""
    if isinstance(message, dict):
        return str(message.get("text", ""))
    if not isinstance(message, str):
        raise FormatError(f"a sign line is a {type(message).__name__}", where=where, legal="text")
    try:
        value = json.loads(message)
    except ValueError:
        return message
    return str(value.get("text", "")) if isinstance(value, dict) else str(value)
