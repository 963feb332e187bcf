"""Design rules on placed blocks: what must hold whatever the circuit is meant to do.

Rules (each finding names coordinates, rule and remedy):

    support      dust, diodes, torches, levers and buttons stand on or hang at something that carries them
    shape        the saved connections of dust are those its neighbours imply
    side         the two side cells of a comparator hold air, glass, dust, a diode, a composter, or a solid
                 (a barrel is one) that nothing powers: mc-tick takes powered solids and torches there as side
                 inputs, the game and MCHPRS do not
    composter    no composter of level 7 (it ripens to 8 by itself)
    entity       a comparator that reads a constant is saved with its output

Adjacency that joins two nets is not judged here: it shows as a foreign link in check/lvs.py. Torch
burn-out and race margins need a run or a schedule: check/sta.py and verify.

Everything is array arithmetic over tiles of the box, each with a border that holds all it depends on; empty
tiles are skipped, so the cost is linear in the cells of the tiles that hold anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.blocks import BlockState
from craftc.blocks.dust import SIDES, dust_cells
from craftc.blocks.tables import known_tables
from craftc.blocks.volume import Pos, Volume
from craftc.errors import DrcError
from craftc.sim.devices import COMPARE, DUST, REPEATER, SUBTRACT, TORCH, DeviceTables, device_tables

Mask = npt.NDArray[np.bool_]
Table = npt.NDArray[np.bool_]
Ids = npt.NDArray[np.uint16]
Longs = npt.NDArray[np.int64]

# y, z, x steps of directions 0 down, 1 up, 2 north, 3 south, 4 west, 5 east
STEPS = ((-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1))
SIDE_OK = frozenset({"air", "glass", "redstone_wire", "repeater", "comparator", "composter"})
REPORT_LIMIT = 20
TILE = np.array((32, 64, 128))  # cells y, z, x that are judged at once
BORDER = 2  # a rule looks at neighbours of neighbours
SHAPE_WORDS = ("none", "side", "up")  # in the order of blocks/dust.py
REMEDY = {
    "support": "put a full block under it (or behind a wall torch)",
    "shape": "compute dust shapes for the whole volume before saving",
    "side": "move the block away from the comparator's side, or use glass",
    "composter": "use a barrel for 7",
    "entity": "bake the settled state before saving",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule at local (x, y, z)."""

    rule: str
    pos: Pos
    block: str

    def __str__(self) -> str:
        return f"{self.rule} at {self.pos}: {self.block}; {REMEDY[self.rule]}"


def neighbour(values: npt.NDArray[Any], direction: int) -> npt.NDArray[Any]:
    """Return an array whose cell holds the value of its neighbour in `direction` (edges: 0)."""
    out = np.zeros_like(values)
    source, target = [slice(None)] * 3, [slice(None)] * 3
    for axis, step in enumerate(STEPS[direction]):
        if step == 1:
            target[axis], source[axis] = slice(0, -1), slice(1, None)
        elif step == -1:
            target[axis], source[axis] = slice(1, None), slice(0, -1)
    out[tuple(target)] = values[tuple(source)]
    return out


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the rules need to know of every palette entry."""

    devices: DeviceTables
    conductor: Table
    top: Table  # carries what stands on it
    support: npt.NDArray[np.int8]  # direction of the support, -1 where none is needed
    side_ok: Table
    ripe: Table
    dead: Table  # comparators saved without output
    constant: Table  # read by comparators as more than 0
    dust: Table
    shape: npt.NDArray[np.int8]  # (entries, 4): saved connections of dust as numbers, -1 for others
    points: Table  # (entries, 4): dust that points west, east, north, south

    @classmethod
    def of(cls, volume: Volume) -> _Rules:
        """Return the tables of a volume's palette. Raises SimError on blocks that no rule knows."""
        tables = known_tables(volume)
        ripe = _flag(volume, lambda s: s.short == "composter" and s.get("level") == "7")
        devices, _ = device_tables(volume)
        dead = [s.short == "comparator" and (e is None or e.signal == 0) for s, e in volume.palette]
        words = {word: number for number, word in enumerate(SHAPE_WORDS)}
        dust = _flag(volume, lambda s: s.short == "redstone_wire")
        shape = [[words.get(s.get(side, ""), -1) for side in SIDES] for s, _ in volume.palette]
        sides = ("south", "north", "east", "west")  # of a neighbour north, south, west, east
        points = [[s.get(side, "none") != "none" for side in sides] for s, _ in volume.palette]
        return cls(
            devices, tables.conductor, tables.top, _support_direction(volume),
            _flag(volume, lambda s: s.short in SIDE_OK), ripe, np.array(dead, dtype=np.bool_),
            tables.analog > 0, dust, np.array(shape, dtype=np.int8),
            np.array(points, dtype=np.bool_) & dust[:, None],
        )  # fmt: skip


def _flag(volume: Volume, wanted: Callable[[BlockState], bool]) -> Table:
    return np.array([wanted(s) for s, _ in volume.palette], dtype=np.bool_)


def _support_direction(volume: Volume) -> npt.NDArray[np.int8]:
    """Return per palette entry the direction of its support, -1 where it needs none."""
    rows = []
    facing = {"north": 2, "south": 3, "west": 4, "east": 5}
    for state, _ in volume.palette:
        name = state.short
        if name in ("redstone_wire", "repeater", "comparator", "redstone_torch"):
            rows.append(0)
        elif name == "redstone_wall_torch":
            rows.append(facing[state.get("facing")] ^ 1)
        elif name == "lever" or name.endswith("_button"):
            face = state.get("face", "wall")
            rows.append(0 if face == "floor" else 1 if face == "ceiling" else facing[state.get("facing")] ^ 1)
        else:
            rows.append(-1)
    return np.array(rows, dtype=np.int8)


def _unsupported(ids: Ids, rules: _Rules) -> Mask:
    needs, carries = rules.support[ids], rules.top[ids]
    bad = np.zeros(ids.shape, dtype=np.bool_)
    for direction in range(6):
        bad |= (needs == direction) & ~neighbour(carries, direction)
    return bad


def _maybe_powered(ids: Ids, rules: _Rules) -> Mask:
    """Return the solids that something placed could power, strongly or weakly."""
    strong = rules.devices.strong[ids]
    powered = np.zeros(ids.shape, dtype=np.bool_)
    for direction in range(6):  # the neighbour in `direction` powers this cell if it points back at it
        powered |= (neighbour(strong, direction) >> (direction ^ 1)) & 1 > 0
    powered |= neighbour((rules.devices.kind == DUST)[ids], 1)
    for column, direction in enumerate(range(2, 6)):
        powered |= neighbour(rules.points[:, column][ids], direction)
    return powered & rules.conductor[ids]


def _bad_sides(ids: Ids, rules: _Rules) -> Mask:
    kinds = rules.devices.kind[ids]
    comparator = (kinds == COMPARE) | (kinds == SUBTRACT)
    fine = rules.side_ok[ids]
    solid = rules.conductor[ids] & ~_maybe_powered(ids, rules)
    devices = rules.devices
    inert = ~np.isin(devices.kind, (TORCH, REPEATER)) & ~rules.conductor & (devices.gives == 0)
    bad_side = ~(fine | solid | inert[ids])
    sides = devices.sides[ids]
    bad = np.zeros(ids.shape, dtype=np.bool_)
    for direction in range(2, 6):
        bad |= comparator & ((sides >> direction) & 1 > 0) & neighbour(bad_side, direction)
    return bad


def _misshapen(volume: Volume, rules: _Rules) -> Mask:
    """Dust whose saved connections differ from those its neighbours imply."""
    cells = dust_cells(volume)
    bad = np.zeros(volume.ids.size, dtype=np.bool_)
    bad[cells.flat] = (rules.shape[volume.ids.reshape(-1)[cells.flat]] != cells.shape).any(axis=1)
    return bad.reshape(volume.ids.shape)


def _unbaked(ids: Ids, rules: _Rules) -> Mask:
    """Comparators in compare mode behind a constant whose saved output is not what they must show."""
    constant = rules.constant[ids]
    bad = np.zeros(ids.shape, dtype=np.bool_)
    reads = rules.devices.reads[ids]
    compare = rules.devices.kind[ids] == COMPARE
    for direction in range(2, 6):
        bad |= ((reads >> direction) & 1 > 0) & neighbour(constant, direction)
    return np.asarray(bad & rules.dead[ids] & compare & _quiet_sides(ids, rules), dtype=np.bool_)


def _quiet_sides(ids: Ids, rules: _Rules) -> Mask:
    """Comparators whose two side cells give no signal at all."""
    gives = (rules.devices.gives != 0) | (rules.devices.kind == DUST)
    quiet = np.ones(ids.shape, dtype=np.bool_)
    sides = rules.devices.sides[ids]
    for direction in range(2, 6):
        quiet &= ~(((sides >> direction) & 1 > 0) & neighbour(gives[ids], direction))
    return quiet


def _masks(tile: Volume, rules: _Rules) -> Iterator[tuple[str, Mask]]:
    yield "composter", rules.ripe[tile.ids]
    yield "support", _unsupported(tile.ids, rules)
    yield "shape", _misshapen(tile, rules)
    yield "side", _bad_sides(tile.ids, rules)
    yield "entity", _unbaked(tile.ids, rules)


def _tiles(volume: Volume) -> Iterator[tuple[Volume, tuple[slice, ...], Longs]]:
    """Yield the tiles that hold anything: blocks with a border, the tile's place in them, its corner."""
    shape = volume.ids.shape
    for corner in np.ndindex(*(-(-n // t) for n, t in zip(shape, TILE, strict=True))):
        low = np.array(corner) * TILE
        high = np.minimum(low + TILE, shape)
        if not volume.ids[low[0] : high[0], low[1] : high[1], low[2] : high[2]].any():
            continue
        first, last = np.maximum(low - BORDER, 0), np.minimum(high + BORDER, shape)
        around = volume.crop((first[2], first[0], first[1]), (last[2], last[0], last[1]))
        yield around, tuple(map(slice, low - first, high - first)), low


def check(volume: Volume, limit: int = REPORT_LIMIT) -> tuple[int, list[Finding]]:
    """Return (number of violations, the first `limit` findings of every rule) of settled blocks."""
    rules = _Rules.of(volume)
    found: dict[str, list[Longs]] = {rule: [] for rule in REMEDY}
    for around, inner, corner in _tiles(volume):
        for rule, mask in _masks(around, rules):
            cells = np.argwhere(mask[inner])
            if len(cells):
                found[rule].append(np.ravel_multi_index(tuple((cells + corner).T), volume.ids.shape))
    total, findings = 0, []
    for rule in ("composter", "support", "shape", "side", "entity"):
        where = np.sort(np.concatenate(found[rule])) if found[rule] else np.zeros(0, dtype=np.int64)
        total += len(where)
        for index in where[:limit]:
            y, z, x = (int(v) for v in np.unravel_index(index, volume.ids.shape))
            findings.append(Finding(rule, (x, y, z), str(volume.get((x, y, z)))))
    return total, findings


def require_clean(volume: Volume) -> int:
    """Return the number of violations, 0. Raises DrcError with the first findings if a rule is broken."""
    total, findings = check(volume)
    if total:
        shown = "; ".join(str(f) for f in findings[:3])
        raise DrcError(f"{total} design rule violations: {shown}", where="blocks", legal="none")
    return total
