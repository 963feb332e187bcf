"""Layout versus macros, block by block: what links cannot show.

Links (check/lvs.py) say which output reaches which input. They say nothing of the constant in a
composter or barrel, of a comparator's mode or of a repeater's delay, so a changed ROM digit would
leave them as they are. Here every block of every macro must stand in the world as it is drawn. Not
compared is what the game changes by itself: power, lit, locked, dust connections, comparator outputs.

Palettes are normalised to common codes once; per cell there is only array arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from craftc.blocks import BlockState, Entity, Palette, Volume
from craftc.errors import LvsError
from craftc.hw.netlist import Instance, Machine
from craftc.macros.base import Pos

REPORT_LIMIT = 5
STATE_PROPS = frozenset({"power", "powered", "lit", "locked"})
CONNECTIONS = frozenset({"north", "east", "south", "west"})
WIRE_DELAY_RT = 1  # all repeaters of wires (layout/route.py)
Key = tuple[BlockState, Entity | None]


@dataclass(frozen=True, slots=True)
class BlockReport:
    """How many blocks were compared, and the first differences in words (empty: none)."""

    blocks: int
    faults: tuple[str, ...]
    fault_count: int

    @property
    def ok(self) -> bool:
        """True if every block stands as drawn."""
        return self.fault_count == 0


@dataclass(slots=True)
class _Codes:
    """Common numbers of normalised palette entries; air is 0."""

    known: dict[Key, int] = field(default_factory=dict)

    def table(self, palette: Palette) -> npt.NDArray[np.int32]:
        """Return the code of every entry of a palette."""
        keys = [normal(state, entity) for state, entity in palette.entries]
        return np.array([self.known.setdefault(key, len(self.known)) for key in keys], dtype=np.int32)


def normal(state: BlockState, entity: Entity | None) -> Key:
    """Return an entry without what the game changes by itself."""
    drop = STATE_PROPS | CONNECTIONS if state.short == "redstone_wire" else STATE_PROPS
    kept = tuple((k, v) for k, v in state.props if k not in drop)
    return BlockState(state.name, kept), None if state.short == "comparator" else entity


def _described(state: BlockState, entity: Entity | None) -> str:
    has_level = entity is not None and entity.kind in ("barrel", "container")
    return f"{state} of level {entity.signal}" if entity and has_level else str(state)


def _corner(instance: Instance, world: Volume) -> Pos:
    low = tuple(a - o for a, o in zip(instance.at, world.origin, strict=True))
    size = instance.macro.volume.size
    if min(low) < 0 or any(a + s > w for a, s, w in zip(low, size, world.size, strict=True)):
        raise LvsError(f"box {size} at {low} lies outside the world {world.size}", where=instance.name)
    return (low[0], low[1], low[2])


class _Faults:
    def __init__(self, world: Volume) -> None:
        self.world = world
        self.texts: list[str] = []
        self.count = 0

    def add(self, owner: str, wanted: str, pos: Pos, count: int) -> None:
        """Note `count` differences, the first of them at local `pos`."""
        self.count += count
        if len(self.texts) < REPORT_LIMIT:
            found = _described(self.world.get(pos), self.world.entity(pos))
            more = f", and {count - 1} more" if count > 1 else ""
            self.texts.append(f"{owner}: {wanted} expected at {pos}, found {found}{more}")


def compare_blocks(
    machine: Machine, world: Volume, wires: Mapping[str, npt.NDArray[np.int32]] | None = None
) -> BlockReport:
    """Return the comparison of a world with its macros, and with its wires (cells (n, 3), local) if given.

    Wire cells must be dust or repeaters of WIRE_DELAY_RT. Positions are local to `world`. Raises
    LvsError if a macro does not lie within the world.
    """
    codes = _Codes()
    faults = _Faults(world)
    world_codes = codes.table(world.palette)
    compared = 0
    for name in sorted(machine.instances):
        instance = machine.instances[name]
        volume = instance.macro.volume
        x, y, z = _corner(instance, world)
        sx, sy, sz = volume.size
        have = world_codes[world.ids[y : y + sy, z : z + sz, x : x + sx]]
        want = codes.table(volume.palette)[volume.ids]
        filled = volume.ids != 0
        compared += int(np.count_nonzero(filled))
        wrong = np.flatnonzero(filled & (have != want))
        if len(wrong):
            cy, cz, cx = (int(v) for v in np.unravel_index(wrong[0], volume.ids.shape))
            wanted = _described(volume.get((cx, cy, cz)), volume.entity((cx, cy, cz)))
            faults.add(name, wanted, (x + cx, y + cy, z + cz), len(wrong))
    for name in sorted(wires or {}):
        compared += _compare_wire(faults, name, (wires or {})[name])
    return BlockReport(compared, tuple(faults.texts), faults.count)


def _compare_wire(faults: _Faults, name: str, cells: npt.NDArray[np.int32]) -> int:
    """Check the cells of one wire; return their number."""
    world = faults.world
    legal = np.array([
        s.short == "redstone_wire" or (s.short == "repeater" and s.get("delay") == str(WIRE_DELAY_RT))
        for s, _ in world.palette
    ])  # fmt: skip
    wrong = np.flatnonzero(~legal[world.ids[cells[:, 1], cells[:, 2], cells[:, 0]]])
    if len(wrong):
        x, y, z = (int(v) for v in cells[wrong[0]])
        faults.add(f"net {name}", f"dust or a repeater of {WIRE_DELAY_RT} rt", (x, y, z), len(wrong))
    return len(cells)


def require_same(report: BlockReport) -> None:
    """Raise LvsError with the first differences unless every block stands as drawn."""
    if not report.ok:
        text = "; ".join(report.faults)
        raise LvsError(f"{report.fault_count} wrong blocks: {text}", where="layout", legal="none")
