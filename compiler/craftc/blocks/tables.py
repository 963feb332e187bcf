"""What the simulator needs to know about block states, by name.

Predicates (Java 1.20.4, decompiled names in Mojang mappings; Minecraft Wiki pages "Conductivity",
"Opacity", "Redstone Dust"):

conductor   `isRedstoneConductor`: may be powered and hands power on. Default is a full cube
            collision box; glass, glowstone, sea lanterns, leaves, ice, redstone blocks, observers,
            bulbs and others are declared `never`.
sturdy      `isFaceSturdy` of each of the six faces. A full top carries dust; dust in front of a full
            side climbs with shape `up` instead of `side`; switches and torches hang on full sides.

Names that are listed nowhere (names.py) are unknown and refused: a wrong guess would be a wrong
machine. Refused with a reason: everything that moves or holds moving items, and what follows the sky,
mobs or players. Waterlogged blocks are taken as dry: standing water does not change redstone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from craftc.blocks import names
from craftc.blocks.palette import BlockState, Entity, Palette
from craftc.blocks.volume import Volume
from craftc.errors import SimError

BoolTable = npt.NDArray[np.bool_]
DIRECTION = {"down": 0, "up": 1, "north": 2, "south": 3, "west": 4, "east": 5}
_DOWN, _UP, _SIDES, _ALL_FACES = 0b1, 0b10, 0b111100, 0b111111
_RING = ("north", "east", "south", "west")  # clockwise seen from above

LEGAL = "blocks listed in craftc/blocks/names.py"


@dataclass(frozen=True, slots=True)
class Tables:
    """Predicates per palette entry, shape (len(palette),). `known` is False for refused names.

    sturdy   bit d: the face towards direction d (0 down, 1 up, 2 north, 3 south, 4 west, 5 east) is full
    top      bit 1 of it
    analog   what a comparator in front reads, 0..15, or -1
    """

    known: BoolTable
    conductor: BoolTable
    top: BoolTable
    sturdy: npt.NDArray[np.uint8]
    signal_source: BoolTable
    analog: npt.NDArray[np.int16]


def is_conductor(state: BlockState) -> bool:
    """Return whether a block of known name conducts."""
    name = state.short
    if name in names.SLABS:
        return state.get("type") == "double"
    return name in names.CONDUCTORS or name in names.ACTIVE_CONDUCTORS


def _turned(side: str, quarter_turns: int) -> int:
    return 1 << DIRECTION[_RING[(_RING.index(side) + quarter_turns) % 4]]


def _stairs_faces(state: BlockState) -> int:
    """Return the full faces of stairs: the base, and the sides of its high part."""
    facing, shape = state.get("facing", "north"), state.get("shape", "straight")
    base = _UP if state.get("half") == "top" else _DOWN
    if shape.startswith("outer"):
        return base
    high = _turned(facing, 0)
    if shape.startswith("inner"):
        high |= _turned(facing, -1 if shape.endswith("left") else 1)
    return base | high


def _trapdoor_faces(state: BlockState) -> int:
    """Return the full face of a trapdoor: where it lies closed, or the side it leans on when open."""
    if state.get("open") == "true":
        return _turned(state.get("facing", "north"), 2)
    return _UP if state.get("half") == "top" else _DOWN


def sturdy_faces(state: BlockState) -> int:
    """Return the mask of full faces of a block of known name."""
    name = state.short
    if name in names.CONDUCTORS or name in names.ACTIVE_CONDUCTORS or name in names.GLASSY:
        return _ALL_FACES
    if name in names.SLABS:
        return {"double": _ALL_FACES, "top": _UP}.get(state.get("type", "bottom"), _DOWN)
    if name in names.STAIRS:
        return _stairs_faces(state)
    if name in names.TRAPDOORS:
        return _trapdoor_faces(state)
    if name == "composter":
        return _ALL_FACES & ~_UP
    if name == "ladder":
        return _turned(state.get("facing", "north"), 2)
    flat = name in ("end_portal_frame", "repeater", "comparator") or name.endswith("_carpet")
    return _DOWN if flat else 0


def supports(state: BlockState) -> tuple[bool, bool]:
    """Return whether the top carries (diodes, torches): a firm rim, a firm centre (SupportType).

    A full top has both. Composters and cauldrons have a rim only, fences and posts a centre only.
    """
    name = state.short
    full = bool(sturdy_faces(state) & _UP)
    rim = name == "composter" or name in names.CAULDRONS
    post = name in names.FENCES or name in names.PANES or (name in names.WALLS and state.get("up") == "true")
    rod = name in ("chain", "end_rod") and (state.get("axis") == "y" or state.get("facing") == "up")
    return full or rim, full or post or rod


def is_known(state: BlockState) -> bool:
    """Return whether the simulator has a rule for the block."""
    name = state.short
    return state.name.startswith("minecraft:") and (
        name in names.CONDUCTORS
        or name in names.ACTIVE_CONDUCTORS
        or name in names.GLASSY
        or name in names.INERT
        or name in names.SLABS
        or name in names.STAIRS
        or name in names.TRAPDOORS
    )


def faces(state: BlockState) -> tuple[bool, bool, bool] | None:
    """Return (conducts, full top, all sides full) of a state, or None if its name is unknown."""
    if not is_known(state):
        return None
    sturdy = sturdy_faces(state)
    return is_conductor(state), bool(sturdy & _UP), sturdy & _SIDES == _SIDES


def is_signal_source(state: BlockState) -> bool:
    """Return whether dust turns towards the block on every side."""
    return state.short in names.SIGNAL_SOURCES


def _number(state: BlockState, key: str, default: int) -> int:
    return int(state.get(key, str(default)))


def _level_of_state(state: BlockState) -> int:
    """Return the reading of blocks that carry it in their state, or -1."""
    name = state.short
    if name == "composter":
        return _number(state, "level", 0)
    if name in ("water_cauldron", "powder_snow_cauldron"):
        return _number(state, "level", 1)
    if name == "cake":
        return 2 * (7 - _number(state, "bites", 0))
    if name in ("beehive", "bee_nest"):
        return _number(state, "honey_level", 0)
    if name == "respawn_anchor":
        return _number(state, "charges", 0) * 15 // 4
    if name == "end_portal_frame":
        return 15 if state.get("eye") == "true" else 0
    if name in names.BULBS:
        return 15 if state.get("lit") == "true" else 0
    if name in names.CANDLE_CAKES:
        return 14
    return {"cauldron": 0, "lava_cauldron": 3}.get(name, -1)


def analog_level(state: BlockState, entity: Entity | None) -> int:
    """Return what a comparator reads from this block, 0..15, or -1 if it is no such source.

    Levels by state: composter `level`, cauldrons `level` (lava 3), cake 2 * (7 - bites), cake with
    candle 14, hives `honey_level`, respawn anchor charges * 15 // 4, end portal frame 15 with an eye,
    copper bulb 15 while lit. Containers: the entity's `signal`, 0 without entity. Source: Minecraft Wiki
    "Redstone Comparator"; getAnalogOutputSignal of the blocks.
    """
    level = _level_of_state(state)
    if level < 0 and state.short in names.CONTAINERS:
        return entity.signal if entity is not None else 0
    return level


def tables_of(palette: Palette) -> Tables:
    """Return the predicate tables of a palette; unknown entries are marked, not refused."""
    rows = np.array([_row(state, entity) for state, entity in palette], dtype=np.int16)
    sturdy = rows[:, 2].astype(np.uint8)
    return Tables(
        known=rows[:, 0] > 0,
        conductor=rows[:, 1] > 0,
        top=(sturdy & _UP) > 0,
        sturdy=sturdy,
        signal_source=rows[:, 3] > 0,
        analog=rows[:, 4].copy(),
    )


@lru_cache(maxsize=2**16)
def _row(state: BlockState, entity: Entity | None) -> tuple[bool, bool, int, bool, int]:
    known = is_known(state)
    conducts = known and is_conductor(state)
    return known, conducts, sturdy_faces(state), is_signal_source(state), analog_level(state, entity)


def used_entries(volume: Volume) -> BoolTable:
    """Return which palette entries occur in the volume, shape (len(palette),)."""
    used = np.zeros(len(volume.palette), dtype=np.bool_)
    for layer in volume.ids:  # one y level at a time: an index is widened to 8 bytes
        used[layer] = True
    return used


def first_position(volume: Volume, entry: int) -> tuple[int, int, int]:
    """Return local (x, y, z) of the first block, in array order, that has a palette entry."""
    y, z, x = np.unravel_index(int(np.argmax(volume.ids.ravel() == entry)), volume.ids.shape)
    return (int(x), int(y), int(z))


def refusal(state: BlockState, where: str = "") -> SimError:
    """Return the error that refuses a block: by its reason if it has one."""
    reason = names.REFUSED.get(state.short) if state.name.startswith("minecraft:") else None
    if reason is None:
        return SimError(f"{state} is not a block whose redstone rule is known", where=where, legal=LEGAL)
    return SimError(f"{state} {reason}: the simulator does not model it", where=where, legal=LEGAL)


def known_tables(volume: Volume, used: BoolTable | None = None) -> Tables:
    """Return the tables of a volume's palette. Raises SimError naming an unknown block and its place."""
    tables = tables_of(volume.palette)
    unknown = np.flatnonzero((used_entries(volume) if used is None else used) & ~tables.known)
    if len(unknown):
        state = volume.palette.state(int(unknown[0]))
        raise refusal(state, str(first_position(volume, int(unknown[0]))))
    return tables


def refuse_entries(volume: Volume, entries: Iterable[int] | npt.NDArray[np.intp], why: str) -> None:
    """Raise SimError naming block and position of the first of `entries`, if there is one."""
    for entry in entries:
        x, y, z = first_position(volume, int(entry))
        raise SimError(f"{volume.palette.state(int(entry))} {why}", where=f"({x}, {y}, {z})", legal=LEGAL)
