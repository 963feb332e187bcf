"""What each block state is to the simulator: kind, direction masks, delay.

Directions are numbered as in the game: 0 down, 1 up, 2 north (-z), 3 south (+z), 4 west (-x),
5 east (+x); the opposite of d is d ^ 1. A mask has bit d set for direction d.

Source: SignalGetter, DiodeBlock, ComparatorBlock, RedstoneTorchBlock, FaceAttachedHorizontalBlock,
PoweredBlock of Java 1.20.4 (Mojang mappings); Minecraft Wiki "Redstone components".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from craftc.blocks import names
from craftc.blocks.palette import BlockState, Entity
from craftc.blocks.tables import (
    Tables,
    first_position,
    known_tables,
    refuse_entries,
    used_entries,
)
from craftc.blocks.volume import Volume
from craftc.errors import SimError

DOWN, UP, NORTH, SOUTH, WEST, EAST = range(6)
DIRECTION = {"down": 0, "up": 1, "north": 2, "south": 3, "west": 4, "east": 5}
ALL = 0b111111

# Node kinds. NOTHING and DUST are kinds of cells only; every other kind is a node. A LEVEL_OBSERVER faces
# what has levels (dust, weighted plates, targets); an INPUT is a pressure plate or a hit target.
NOTHING, DUST, TORCH, REPEATER, COMPARE, SUBTRACT, LAMP, CONSTANT, LEVER, BUTTON = range(10)
OBSERVER, LEVEL_OBSERVER, TRAPDOOR, NOTE_BLOCK, BULB, INPUT = range(10, 16)
KIND_NAMES = (
    "nothing", "dust", "torch", "repeater", "compare", "subtract", "lamp", "constant", "lever", "button",
    "observer", "observer", "trapdoor", "note block", "copper bulb", "plate or target",
)  # fmt: skip

STONE_BUTTON_GT = 20  # Minecraft Wiki "Button": stone kinds 1 s
WOODEN_BUTTON_GT = 30  # wooden kinds 1.5 s
LAMP_OFF_GT = 4  # RedstoneLampBlock
DIODE_GT = 2  # one redstone tick: comparator, and repeater per delay step
TORCH_GT = 2  # RedstoneTorchBlock.TOGGLE_DELAY
OBSERVER_GT = 2  # ObserverBlock: from a change to the pulse, and length of the pulse


@dataclass(frozen=True, slots=True)
class DeviceTables:
    """Per palette entry, shape (entries,).

    kind     one of the kinds above
    gives    mask of directions towards receivers that get the signal (getSignal)
    strong   mask of directions in which a conductor is powered strongly (getDirectSignal)
    reads    mask of directions the main input is read from
    sides    mask of directions side inputs are read from
    delay    game ticks from input to output (button: pressed time)
    value    output level as saved, 0..15
    """

    kind: npt.NDArray[np.uint8]
    gives: npt.NDArray[np.uint8]
    strong: npt.NDArray[np.uint8]
    reads: npt.NDArray[np.uint8]
    sides: npt.NDArray[np.uint8]
    delay: npt.NDArray[np.uint8]
    value: npt.NDArray[np.uint8]


_Row = tuple[int, int, int, int, int, int, int]
_INERT_ROW: _Row = (NOTHING, 0, 0, 0, 0, 0, 0)


def _bit(direction: int) -> int:
    return 1 << direction


def _lit(state: BlockState, key: str) -> int:
    return 15 if state.get(key) == "true" else 0


def _diode(state: BlockState, entity: Entity | None) -> _Row:
    facing = DIRECTION[state.get("facing", "north")]
    out = _bit(facing ^ 1)
    sides = 0b111100 & ~(_bit(facing) | out)
    if state.short == "repeater":
        delay = DIODE_GT * int(state.get("delay", "1"))
        return (REPEATER, out, out, _bit(facing), sides, delay, _lit(state, "powered"))
    kind = SUBTRACT if state.get("mode") == "subtract" else COMPARE
    level = entity.signal if entity is not None and entity.kind == "comparator" else 0
    return (kind, out, out, _bit(facing), sides, DIODE_GT, level)


def _support(state: BlockState) -> int:
    """Return the direction of the block that a torch, lever or button hangs on."""
    name = state.short
    if name == "redstone_torch":
        return DOWN
    if name == "redstone_wall_torch":
        return DIRECTION[state.get("facing", "north")] ^ 1
    face = state.get("face", "wall")
    if face != "wall":
        return DOWN if face == "floor" else UP
    return DIRECTION[state.get("facing", "north")] ^ 1


@lru_cache(maxsize=2**16)
def _row(state: BlockState, entity: Entity | None) -> _Row:
    name = state.short
    if name in ("repeater", "comparator"):
        return _diode(state, entity)
    if name == "redstone_wire":
        return (DUST, 0, 0, 0, 0, 0, 0)
    if name in ("redstone_torch", "redstone_wall_torch"):
        support = _bit(_support(state))
        value = 15 if state.get("lit", "true") == "true" else 0
        return (TORCH, ALL & ~support, _bit(UP), support, 0, TORCH_GT, value)
    if name == "redstone_lamp":
        return (LAMP, 0, 0, ALL, 0, LAMP_OFF_GT, _lit(state, "lit"))
    if name == "redstone_block":
        return (CONSTANT, ALL, 0, 0, 0, 0, 15)
    if name == "lever":
        return (LEVER, ALL, _bit(_support(state)), 0, 0, 0, _lit(state, "powered"))
    if name.endswith("_button"):
        stone = name in ("stone_button", "polished_blackstone_button")
        delay = STONE_BUTTON_GT if stone else WOODEN_BUTTON_GT
        return (BUTTON, ALL, _bit(_support(state)), 0, 0, delay, _lit(state, "powered"))
    return _late_row(state)


def _late_row(state: BlockState) -> _Row:
    """Return the row of an observer, a block that only shows its power, or an input that mobs move."""
    name = state.short
    if name == "observer":
        facing = DIRECTION[state.get("facing", "south")]
        back = _bit(facing ^ 1)
        return (OBSERVER, back, back, 0, 0, OBSERVER_GT, _lit(state, "powered"))
    if name in names.PLATES:
        level = int(state.get("power", str(_lit(state, "powered"))))
        return (INPUT, ALL, _bit(DOWN), 0, 0, 0, level)
    if name == "target" and state.get("power", "0") != "0":
        return (INPUT, ALL, 0, 0, 0, 0, int(state.get("power")))
    for kind, found in ((TRAPDOOR, name in names.TRAPDOORS), (NOTE_BLOCK, name == "note_block")):
        if found:
            return (kind, 0, 0, ALL, 0, 0, _lit(state, "powered"))
    if name in names.BULBS:
        return (BULB, 0, 0, ALL, 0, 0, _lit(state, "lit"))
    return _INERT_ROW


def device_tables(volume: Volume, used: npt.NDArray[np.bool_] | None = None) -> tuple[DeviceTables, Tables]:
    """Return device and block tables of a volume's palette, of which `used` tells what occurs where that is
    known. Raises SimError on blocks it may not hold.

    Composters of level 7 are refused: they turn into level 8 by themselves (Minecraft Wiki "Composter").
    """
    used = used_entries(volume) if used is None else used
    tables = known_tables(volume, used)
    ripening = [
        i for i, (s, _) in enumerate(volume.palette) if s.short == "composter" and s.get("level") == "7"
    ]
    refuse_entries(volume, [i for i in ripening if used[i]], "turns into level 8 by itself")
    rows = []
    for index, (state, entity) in enumerate(volume.palette):
        try:
            rows.append(_row(state, entity))
        except (KeyError, ValueError) as error:
            if not used[index]:
                rows.append(_INERT_ROW)
                continue
            where = str(first_position(volume, index))
            raise SimError(f"{state} has an impossible property value {error}", where=where) from error
    columns = np.array(rows, dtype=np.uint8).T
    return DeviceTables(*(np.ascontiguousarray(column) for column in columns)), tables
