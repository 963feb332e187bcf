"""Writes one block into a volume, and breaks what loses its support by that.

Support (canSurvive of Java 1.20.4): dust, diodes, standing torches, plates and carpets need a block
below that carries them; wall torches, levers and buttons a full face where they hang.
"""

from __future__ import annotations

import numpy as np

from craftc.blocks.instruments import instrument
from craftc.blocks.palette import AIR, BlockState, Entity
from craftc.blocks.properties import checked
from craftc.blocks.tables import DIRECTION, is_known, refusal, sturdy_faces, supports
from craftc.blocks.volume import Pos, Volume
from craftc.errors import SimError

_STEP = {
    "down": (0, -1, 0), "up": (0, 1, 0), "north": (0, 0, -1), "south": (0, 0, 1), "west": (-1, 0, 0),
    "east": (1, 0, 0),
}  # fmt: skip
_OPPOSITE = {"north": "south", "south": "north", "west": "east", "east": "west", "up": "down", "down": "up"}
_ON_FLOOR = frozenset({"redstone_wire", "repeater", "comparator", "redstone_torch"})


def with_block(volume: Volume, pos: Pos, state: BlockState | str, entity: Entity | None = None) -> Volume:
    """Return a copy with one block written and unsupported blocks broken.

    Raises SimError if the position lies outside or the block, a key or a value is unknown.
    """
    where = str(tuple(pos))
    written = BlockState.parse(state) if isinstance(state, str) else state
    if not all(0 <= p < s for p, s in zip(pos, volume.size, strict=True)):
        raise SimError("lies outside the box", where=where, legal=f"inside {volume.size}")
    if not is_known(written):
        raise refusal(written, where)
    out = volume.copy()
    state = checked(written, where)
    out.set(pos, state, _content(state, entity, volume, pos))
    _tune(out, pos)
    break_unsupported(out, pos)
    return out


def _tune(volume: Volume, pos: Pos) -> None:
    """Give a note block above or at `pos` the instrument of the block below it, if that is known."""
    for x, y, z in (pos, (pos[0], pos[1] + 1, pos[2])):
        if 0 < y < volume.size[1] and volume.get((x, y, z)).short == "note_block":
            sound = instrument(volume.get((x, y - 1, z)).short)
            if sound is not None:
                volume.set((x, y, z), volume.get((x, y, z)).with_props(instrument=sound))


def _content(state: BlockState, entity: Entity | None, volume: Volume, pos: Pos) -> Entity | None:
    """Return the block entity of a written block: a comparator over another one keeps its output.

    Raises SimError if that contradicts `powered`: the game then has both until it is told.
    """
    if state.short != "comparator":
        return entity
    old = volume.entity(pos) if volume.get(pos).short == "comparator" else entity
    kept = old if old is not None and old.kind == "comparator" else Entity("comparator", 0)
    on = "true" if kept.signal else "false"
    if state.get("powered") != on:
        why = f"{state} is written where a comparator gives {kept.signal}"
        raise SimError(why, where=str(tuple(pos)), legal=f"powered={on}, or --engine reference")
    return kept


def support_of(state: BlockState) -> str | None:
    """Return the direction in which a block hangs on its neighbour, or None if it needs none."""
    name = state.short
    if name in _ON_FLOOR or name.endswith(("_carpet", "_pressure_plate")):
        return "down"
    if name == "redstone_wall_torch":
        return _OPPOSITE[state.get("facing", "north")]
    if name == "lever" or name.endswith("_button"):
        face = state.get("face", "wall")
        if face != "wall":
            return "down" if face == "floor" else "up"
        return _OPPOSITE[state.get("facing", "north")]
    return None


def _stands(volume: Volume, pos: Pos) -> bool:
    direction = support_of(volume.get(pos))
    if direction is None:
        return True
    there = (pos[0] + _STEP[direction][0], pos[1] + _STEP[direction][1], pos[2] + _STEP[direction][2])
    if not all(0 <= p < s for p, s in zip(there, volume.size, strict=True)):
        return True  # what lies outside the box is not known to be air
    return _carries(volume.get(there), volume.get(pos), direction)


def _carries(holder: BlockState, held: BlockState, direction: str) -> bool:
    """Return whether a block holds another one that lies in the opposite of `direction` of it."""
    rim, centre = supports(holder)
    if held.short in ("repeater", "comparator"):
        return rim
    if held.short == "redstone_torch":
        return centre
    if held.short.endswith("_pressure_plate"):
        return rim or centre
    if held.short.endswith("_carpet"):
        return holder.short != "air"
    return bool(sturdy_faces(holder) >> (DIRECTION[direction] ^ 1) & 1)


def break_unsupported(volume: Volume, pos: Pos) -> None:
    """Turn the blocks around `pos` that hang on nothing into air, and so on outwards, in place."""
    doubtful = [pos]
    while doubtful:
        x, y, z = doubtful.pop()
        around = [(x, y, z), *((x + dx, y + dy, z + dz) for dx, dy, dz in _STEP.values())]
        for there in around:
            inside = all(0 <= p < s for p, s in zip(there, volume.size, strict=True))
            if inside and not _stands(volume, there):
                volume.ids[there[1], there[2], there[0]] = np.uint16(volume.palette.add(AIR))
                doubtful.append(there)
