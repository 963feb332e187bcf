"""Connection shapes of redstone dust, as the game computes them.

Rule (RedStoneWireBlock.getConnectionState, Java 1.20.4; Minecraft Wiki "Redstone Dust"), for
every horizontal side of a dust at P with neighbour N:

    up      nothing conducting above P, dust on top of N, N carries dust or is a trapdoor, and N's face
            towards P is full
    side    the same, but N's face is not full; or N is dust, a repeater along this axis, or another
            signal source; or N does not conduct and dust lies below N
    none    otherwise

Then a dust with no connection is a cross (four sides) unless it was saved as a dot, and a dust
connected on one axis only reaches out on both ends of it. A dot is a dust saved with all four
properties `none`; dust saved without the four properties counts as a cross.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from craftc.blocks.names import TRAPDOORS
from craftc.blocks.palette import BlockState, Palette
from craftc.blocks.tables import BoolTable, Tables, is_signal_source, tables_of
from craftc.blocks.volume import Volume

SIDES = ("north", "south", "west", "east")  # order of all four-column arrays of this module
NONE, SIDE, UP = 0, 1, 2
_WORDS = ("none", "side", "up")
_OPPOSITE = (1, 0, 3, 2)
_AXIS = {"north": (0, 1), "south": (0, 1), "west": (2, 3), "east": (2, 3)}

Shapes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class DustCells:
    """All dust of a volume. `flat` are flat indices into volume.ids; `shape` is (len(flat), 4) of
    NONE, SIDE, UP in the order of SIDES."""

    flat: npt.NDArray[np.int64]
    shape: Shapes


@dataclass(frozen=True, slots=True)
class DustRules:
    """Per palette entry: dust, dot, conductor, faces, draws dust from each side."""

    dust: BoolTable
    dot: BoolTable
    conductor: BoolTable
    sturdy: npt.NDArray[np.uint8]  # mask of full faces
    climbs: BoolTable  # dust on top of it is reached from beside
    draws: BoolTable  # (entries, 4): a dust whose neighbour in direction SIDES[d] this is connects


@lru_cache(maxsize=2**16)
def _row(state: BlockState) -> tuple[bool, ...]:
    """Return (dust, dot, trapdoor, draws dust north, south, west, east of it)."""
    name = state.short
    draws = [name == "redstone_wire" or is_signal_source(state)] * 4
    if name == "repeater":
        for side in _AXIS[state.get("facing", "north")]:
            draws[side] = True
    elif name == "observer":
        draws = [side == state.get("facing") for side in SIDES]
    dot = name == "redstone_wire" and all(state.get(k) == "none" for k in SIDES)
    return name == "redstone_wire", dot, name in TRAPDOORS, *draws


def rules_of(palette: Palette, tables: Tables) -> DustRules:
    """Return what decides on shapes, per palette entry."""
    rows = np.array([_row(state) for state, _ in palette], dtype=np.bool_)
    dust, dot, trapdoor = np.ascontiguousarray(rows[:, :3].T)
    climbs = tables.top | trapdoor
    return DustRules(dust, dot, tables.conductor, tables.sturdy, climbs, np.ascontiguousarray(rows[:, 3:]))


class _Neighbours:
    """Palette entries beside given cells; outside the box is air."""

    def __init__(self, volume: Volume, flat: npt.NDArray[np.int64]) -> None:
        height, length, width = volume.ids.shape
        padded = np.zeros((height + 2, length + 2, width + 2), dtype=np.uint16)
        padded[1:-1, 1:-1, 1:-1] = volume.ids
        row, x = np.divmod(flat, width)
        y, z = np.divmod(row, length)
        self._ids = padded.reshape(-1)
        self._steps = (1, (length + 2) * (width + 2), width + 2)
        self._cell = ((y + 1) * (length + 2) + z + 1) * (width + 2) + x + 1

    def at(self, dx: int, dy: int, dz: int) -> npt.NDArray[np.uint16]:
        """Return the entries at an offset, shape (cells,)."""
        step = dx * self._steps[0] + dy * self._steps[1] + dz * self._steps[2]
        there: npt.NDArray[np.uint16] = self._ids[self._cell + step]
        return there


_STEP = ((0, -1), (0, 1), (-1, 0), (1, 0))  # (dx, dz) of SIDES
_FACE_TOWARDS = (3, 2, 5, 4)  # bit of Tables.sturdy of a neighbour's face towards the dust, per side


def _links(near: _Neighbours, rules: DustRules) -> Shapes:
    """Return the links before the dot and extension rules, shape (cells, 4)."""
    open_above = ~rules.conductor[near.at(0, 1, 0)]
    columns = []
    for side, (dx, dz) in enumerate(_STEP):
        beside = near.at(dx, 0, dz)
        climbs = open_above & rules.climbs[beside] & rules.dust[near.at(dx, 1, dz)]
        full = (rules.sturdy[beside] >> _FACE_TOWARDS[side] & 1).astype(np.bool_)
        falls = ~rules.conductor[beside] & rules.dust[near.at(dx, -1, dz)]
        flat = rules.draws[beside, side] | falls
        column = np.where(climbs, np.where(full, UP, SIDE), np.where(flat, SIDE, NONE))
        columns.append(column.astype(np.uint8))
    return np.stack(columns, axis=1) if columns else np.zeros((0, 4), np.uint8)


def _extend(links: Shapes, dot: BoolTable) -> Shapes:
    """Return the links with crosses and straight ends filled in; dots stay dots."""
    joined = links != NONE
    no_ns = ~(joined[:, 0] | joined[:, 1])
    no_ew = ~(joined[:, 2] | joined[:, 3])
    stays_dot = dot & no_ns & no_ew
    out = links.copy()
    for side, empty_axis in ((0, no_ew), (1, no_ew), (2, no_ns), (3, no_ns)):
        fill = empty_axis & ~joined[:, side] & ~stays_dot
        out[fill, side] = SIDE
    return out


def dust_cells(
    volume: Volume, tables: Tables | None = None, flat: npt.NDArray[np.int64] | None = None
) -> DustCells:
    """Return every dust of the volume with its computed shape, in array order; `flat` are the flat indices
    of all dust where they are known."""
    rules = rules_of(volume.palette, tables or tables_of(volume.palette))
    if flat is None:
        flat = np.flatnonzero(rules.dust[volume.ids.reshape(-1)])
    links = _links(_Neighbours(volume, flat), rules)
    return DustCells(flat, _extend(links, rules.dot[volume.ids.ravel()[flat]]))


def write_shapes(volume: Volume, cells: DustCells, power: npt.NDArray[np.uint8] | None = None) -> None:
    """Set shape, and power (cells,) if given, of all dust of `volume` in place."""
    flat_ids = volume.ids.reshape(-1)
    entry = flat_ids[cells.flat].astype(np.int64)
    code = entry * 81 + cells.shape.astype(np.int64) @ np.array([27, 9, 3, 1])
    key = code * 16 + (power if power is not None else 0)
    keys, inverse = np.unique(key, return_inverse=True)
    table = np.zeros(len(keys), dtype=np.uint16)
    for index, value in enumerate(keys):
        code, level = divmod(int(value), 16)
        old, shape = divmod(code, 81)
        digits = (shape // 27, shape // 9 % 3, shape // 3 % 3, shape % 3)
        state, entity = volume.palette.entries[old]
        shown = level if power is not None else int(state.get("power", "0"))
        sides = {name: _WORDS[digit] for name, digit in zip(SIDES, digits, strict=True)}
        table[index] = volume.palette.add(state.with_props(power=shown, **sides), entity)
    flat_ids[cells.flat] = table[inverse.reshape(-1)]


def compute_shapes(volume: Volume) -> Volume:
    """Return a copy of the volume in which every dust has its computed connection properties."""
    out = volume.copy()
    write_shapes(out, dust_cells(volume))
    return out
