"""Design rules on placed blocks: what must hold whatever the circuit is meant to do.

Rules (each finding names coordinates, rule and remedy):

    support      dust, diodes, torches, levers and buttons stand on or hang at something that carries them
    shape        the saved connections of dust are those its neighbours imply
    side         the two side cells of a comparator hold air, glass, dust, a diode, a container, or a solid
                 that nothing powers: simulators disagree about powered solids and torches there
    composter    no composter of level 7 (it ripens to 8 by itself)
    entity       a comparator that reads a constant is saved with its output

Adjacency that joins two nets is not judged here: it shows as a foreign link in check/lvs.py. Torch
burn-out and race margins need a run or a schedule: check/sta.py and verify.

Everything is array arithmetic over the box; the cost is linear in its cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.blocks.dust import SIDES, compute_shapes
from craftc.blocks.tables import known_tables
from craftc.blocks.volume import Pos, Volume
from craftc.errors import DrcError
from craftc.sim.devices import COMPARE, DUST, REPEATER, SUBTRACT, TORCH, DeviceTables, device_tables

Mask = npt.NDArray[np.bool_]
Table = npt.NDArray[np.bool_]

# y, z, x steps of directions 0 down, 1 up, 2 north, 3 south, 4 west, 5 east
STEPS = ((-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1))
SIDE_OK = frozenset({"air", "glass", "redstone_wire", "repeater", "comparator", "composter", "barrel"})
REPORT_LIMIT = 20
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


def _named(volume: Volume, names: frozenset[str]) -> Table:
    return np.array([s.short in names for s, _ in volume.palette], dtype=np.bool_)


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


def _unsupported(volume: Volume, top: Table) -> Mask:
    needs = _support_direction(volume)[volume.ids]
    carries = top[volume.ids]
    bad = np.zeros(volume.ids.shape, dtype=np.bool_)
    for direction in range(6):
        bad |= (needs == direction) & ~neighbour(carries, direction).astype(np.bool_)
    return bad


def maybe_powered(volume: Volume, devices: DeviceTables, conductor: Table) -> Mask:
    """Return the solids that something placed could power, strongly or weakly."""
    strong = devices.strong[volume.ids]
    powered = np.zeros(volume.ids.shape, dtype=np.bool_)
    for direction in range(6):
        # the neighbour in `direction` powers this cell if it points back at it
        powered |= (neighbour(strong, direction).astype(np.int64) >> (direction ^ 1)) & 1 > 0
    is_dust = devices.kind == DUST
    powered |= neighbour(is_dust[volume.ids], 1).astype(np.bool_)
    for direction, side in ((2, "south"), (3, "north"), (4, "east"), (5, "west")):
        points = np.array([s.get(side, "none") != "none" for s, _ in volume.palette]) & is_dust
        powered |= neighbour(points[volume.ids], direction).astype(np.bool_)
    return powered & conductor[volume.ids]


def _bad_sides(volume: Volume, devices: DeviceTables, conductor: Table) -> Mask:
    kinds = devices.kind[volume.ids]
    comparator = (kinds == COMPARE) | (kinds == SUBTRACT)
    fine = _named(volume, SIDE_OK)[volume.ids]
    solid = conductor[volume.ids] & ~maybe_powered(volume, devices, conductor)
    inert = ~np.isin(devices.kind, (TORCH, REPEATER)) & ~conductor & (devices.gives == 0)
    bad_side = ~(fine | solid | inert[volume.ids])
    sides = devices.sides[volume.ids]
    bad = np.zeros(volume.ids.shape, dtype=np.bool_)
    for direction in range(2, 6):
        bad |= comparator & ((sides >> direction) & 1 > 0) & neighbour(bad_side, direction).astype(np.bool_)
    return bad


def _misshapen(volume: Volume) -> Mask:
    """Dust whose saved connections differ from those its neighbours imply."""
    wanted = compute_shapes(volume)
    pairs = volume.ids.astype(np.int64) * len(wanted.palette) + wanted.ids
    found, where = np.unique(pairs, return_inverse=True)
    differs = np.zeros(len(found), dtype=np.bool_)
    for index, pair in enumerate(found):
        have, want = (volume.palette.state(int(pair) // len(wanted.palette)),
                      wanted.palette.state(int(pair) % len(wanted.palette)))  # fmt: skip
        differs[index] = any(have.get(side) != want.get(side) for side in SIDES)
    return np.asarray(differs[where].reshape(volume.ids.shape), dtype=np.bool_)


def _ripe(volume: Volume) -> Mask:
    table = np.array([s.short == "composter" and s.get("level") == "7" for s, _ in volume.palette])
    return np.asarray(table[volume.ids], dtype=np.bool_)


def _unbaked(volume: Volume, devices: DeviceTables, analog: npt.NDArray[np.int16]) -> Mask:
    """Comparators in compare mode behind a constant whose saved output is not what they must show."""
    dead = np.array([s.short == "comparator" and (e is None or e.signal == 0) for s, e in volume.palette])
    constant = np.where(analog > 0, 1, 0)[volume.ids]
    bad = np.zeros(volume.ids.shape, dtype=np.bool_)
    reads = devices.reads[volume.ids]
    compare = devices.kind[volume.ids] == COMPARE
    for direction in range(2, 6):
        bad |= ((reads >> direction) & 1 > 0) & (neighbour(constant, direction) > 0)
    return np.asarray(bad & dead[volume.ids] & compare & _quiet_sides(volume, devices), dtype=np.bool_)


def _quiet_sides(volume: Volume, devices: DeviceTables) -> Mask:
    """Comparators whose two side cells give no signal at all."""
    gives = (devices.gives != 0) | (devices.kind == DUST)
    quiet = np.ones(volume.ids.shape, dtype=np.bool_)
    sides = devices.sides[volume.ids]
    for direction in range(2, 6):
        quiet &= ~(((sides >> direction) & 1 > 0) & neighbour(gives[volume.ids], direction).astype(np.bool_))
    return quiet


def _masks(volume: Volume) -> Iterator[tuple[str, Mask]]:
    tables = known_tables(volume)
    yield "composter", _ripe(volume)
    devices, _ = device_tables(volume)
    yield "support", _unsupported(volume, tables.top)
    yield "shape", _misshapen(volume)
    yield "side", _bad_sides(volume, devices, tables.conductor)
    yield "entity", _unbaked(volume, devices, tables.analog)


def check(volume: Volume, limit: int = REPORT_LIMIT) -> tuple[int, list[Finding]]:
    """Return (number of violations, the first `limit` findings of every rule) of settled blocks."""
    total = 0
    findings: list[Finding] = []
    for rule, mask in _masks(volume):
        count = int(np.count_nonzero(mask))
        total += count
        for index in np.flatnonzero(mask)[: min(count, limit)]:
            y, z, x = (int(v) for v in np.unravel_index(index, mask.shape))
            findings.append(Finding(rule, (x, y, z), str(volume.get((x, y, z)))))
    return total, findings


def require_clean(volume: Volume) -> int:
    """Return the number of violations, 0. Raises DrcError with the first findings if a rule is broken."""
    total, findings = check(volume)
    if total:
        shown = "; ".join(str(f) for f in findings[:3])
        raise DrcError(f"{total} design rule violations: {shown}", where="blocks", legal="none")
    return total
