"""Many random boards in one volume: tiles with two cells of air between them, so that none feels another.

One volume is set up and run at once, by us and by the judges, which makes a board cost milliseconds. A board
is named by its batch (a seed) and its tile; `tile_board` cuts it out.

Styles: "core" has the components of the graph engine; "portable" is core without the forms on which judges
are known to differ whatever the timing (a torch on a lamp; a torch, lever or solid beside a comparator);
"wide" is portable with observers and note blocks, and without lamps, which observers of mc-tick do not see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.blocks import Entity, Palette, Volume
from craftc.blocks.tables import tables_of
from craftc.blocks.volume import Pos

SIDE, HEIGHT, GAP, ROW = 7, 4, 2, 8
PITCH = SIDE + GAP
TILES = ROW * ROW
_AROUND = {"north": (0, 1), "south": (0, -1), "west": (1, 0), "east": (-1, 0)}
"""facing of a wall block -> (dx, dz) of the block it hangs on."""

_FACINGS = tuple(_AROUND)
Ids = npt.NDArray[np.uint16]
Mask = npt.NDArray[np.bool_]


def _states() -> dict[str, list[str]]:
    """Return the states of every kind, each as likely as the others of its kind."""
    return {
        "dust": ["redstone_wire"],
        "repeater": [f"repeater[facing={f},delay={d},locked=false,powered=false]"
                     for f in _FACINGS for d in (1, 2, 3, 4)],
        "comparator": [f"comparator[facing={f},mode={m},powered=false]"
                       for f in _FACINGS for m in ("compare", "subtract")],
        "torch": ["redstone_torch[lit=true]"],
        "lever": [f"lever[face=floor,facing={f},powered=false]" for f in _FACINGS],
        "button": ["stone_button[face=floor,facing=north,powered=false]"],
        "wooden_button": ["oak_button[face=floor,facing=north,powered=false]"],
        "stone": ["stone"],
        "glass": ["glass"],
        "lamp": ["redstone_lamp[lit=false]"],
        "target": ["target[power=0]"],
        "slab": ["smooth_stone_slab[type=top,waterlogged=false]"],
        "source": [*(f"composter[level={k}]" for k in (0, 1, 3, 5, 8)), "barrel[facing=up,open=false]"],
        "cake": ["cake[bites=2]"],
        "redstone_block": ["redstone_block"],
        "air": ["air"],
        "observer": [f"observer[facing={f},powered=false]" for f in (*_FACINGS, "up", "down")],
        "note_block": ["note_block[instrument=basedrum,note=0,powered=false]"],
    }  # fmt: skip


FLOOR: Mapping[str, float] = {"stone": 92, "glass": 8}
LOWER: Mapping[str, float] = {
    "dust": 34, "repeater": 13, "comparator": 11, "torch": 5, "lever": 5, "button": 1.5, "stone": 9,
    "glass": 4, "lamp": 3, "target": 1, "slab": 1, "source": 3, "redstone_block": 1, "air": 12,
}  # fmt: skip
ODD: Mapping[str, Mapping[str, float]] = {
    "portable": {},
    "core": {"wooden_button": 0.2, "cake": 0.1},
    "wide": {"observer": 5, "note_block": 3, "lamp": 0},
}
"""What a style has besides the others, or in place of; in core seldom, because judges differ about it."""

STYLES = tuple(ODD)

UPPER: Mapping[str, float] = {
    "dust": 34, "repeater": 8, "comparator": 7, "torch": 5, "button": 1, "lamp": 2, "target": 1, "source": 2,
    "redstone_block": 1, "air": 45,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """A volume of tiles and what is done to it: rows (actions, 4) of game tick, x, y, z, sorted by tick."""

    volume: Volume
    actions: npt.NDArray[np.int64]


class Kit:
    """A palette of all states, and the numbers of those of each kind."""

    def __init__(self) -> None:
        self.palette = Palette()
        self.of: dict[str, list[int]] = {}
        for kind, states in _states().items():
            self.of[kind] = [self.palette.add(state, _content(state)) for state in states]
        self.wall = {
            facing: [
                self.palette.add(f"redstone_wall_torch[facing={facing},lit=true]"),
                self.palette.add(f"lever[face=wall,facing={facing},powered=false]"),
                self.palette.add(f"stone_button[face=wall,facing={facing},powered=false]"),
            ]
            for facing in _FACINGS
        }
        names = [state.short for state, _ in self.palette]
        self.top = tables_of(self.palette).top
        self.full = tables_of(self.palette).conductor
        self.stands = np.isin(
            names, ["redstone_wire", "repeater", "comparator", "redstone_torch"]
        ) | np.array([s.get("face") == "floor" for s, _ in self.palette])
        self.names = np.array(names)

    def draw(self, rng: np.random.Generator, weights: Mapping[str, float], shape: tuple[int, int]) -> Ids:
        """Return random palette numbers."""
        numbers = [n for kind in weights for n in self.of[kind]]
        chance = np.array([weights[kind] / len(self.of[kind]) for kind in weights for _ in self.of[kind]])
        return np.array(numbers, dtype=np.uint16)[
            rng.choice(len(numbers), size=shape, p=chance / chance.sum())
        ]


def _content(state: str) -> Entity | None:
    if state.startswith("barrel"):
        return Entity("barrel", 9)
    return Entity("comparator", 0) if state.startswith("comparator") else None


def _hang(kit: Kit, layer: Ids, rng: np.random.Generator) -> None:
    """Put torches, levers and buttons on the sides of solids, in free cells, in place."""
    solid, free = kit.full[layer], kit.names[layer] == "air"
    for facing, (dx, dz) in _AROUND.items():
        behind = np.roll(solid, (-dz, -dx), axis=(0, 1))  # the cell at (z + dz, x + dx)
        chosen = free & behind & (rng.random(layer.shape) < 0.1)
        picks = np.array(kit.wall[facing], dtype=np.uint16)[
            rng.choice(3, size=layer.shape, p=[0.7, 0.2, 0.1])
        ]
        layer[chosen] = picks[chosen]
        free = free & ~chosen


def _portable(kit: Kit, ids: Ids) -> None:
    """Take away, in place, what judges are known to see differently at any timing."""
    names = kit.names[ids]
    torch_on_lamp = np.zeros(ids.shape, dtype=np.bool_)
    torch_on_lamp[1:] = (names[1:] == "redstone_torch") & (names[:-1] == "redstone_lamp")
    ids[torch_on_lamp] = 0
    givers = ["redstone_torch", "redstone_wall_torch", "lever", "stone_button", "oak_button", "observer"]
    risky = kit.full[ids] | np.isin(names, givers)
    west_east = np.array(
        [s.short == "comparator" and s.get("facing") in ("north", "south") for s, _ in kit.palette]
    )
    north_south = np.array(
        [s.short == "comparator" and s.get("facing") in ("west", "east") for s, _ in kit.palette]
    )
    beside_x = np.roll(risky, 1, axis=2) | np.roll(risky, -1, axis=2)
    beside_z = np.roll(risky, 1, axis=1) | np.roll(risky, -1, axis=1)
    ids[(west_east[ids] & beside_x) | (north_south[ids] & beside_z)] = 0


def _drop_unsupported(kit: Kit, ids: Ids) -> None:
    """Take away, in place, what stands on nothing or hangs on nothing, until all stands."""
    table = [(facing, np.isin(np.arange(len(kit.names)), kit.wall[facing])) for facing in _FACINGS]
    while True:
        bad = np.zeros(ids.shape, dtype=np.bool_)
        bad[1:] = kit.stands[ids[1:]] & ~kit.top[ids[:-1]]
        for facing, mask in table:
            dx, dz = _AROUND[facing]
            bad |= mask[ids] & ~np.roll(kit.full[ids], (-dz, -dx), axis=(1, 2))
        if not bad.any():
            return
        ids[bad] = 0


def _cells() -> Mask:
    """Return which (z, x) of a batch belong to tiles."""
    line = np.arange(ROW * PITCH) % PITCH < SIDE
    return line[:, None] & line[None, :]


def make_batch(seed: int, style: str = "core", rounds: int = 8, gap_gt: int = 20) -> Batch:
    """Return the batch of a seed; the actions turn every lever and button with probability 1/2 a round."""
    rng = np.random.default_rng([seed, {"core": 0, "portable": 1, "wide": 2}[style]])
    kit = Kit()
    shape = (ROW * PITCH, ROW * PITCH)
    inside = _cells()
    ids = np.zeros((HEIGHT, *shape), dtype=np.uint16)
    ids[0] = np.where(inside, kit.draw(rng, FLOOR, shape), 0)
    ids[1] = np.where(inside, kit.draw(rng, {**LOWER, **ODD[style]}, shape), 0)
    upper = UPPER if style != "wide" else {**UPPER, "observer": 4, "note_block": 1, "lamp": 0}
    ids[2] = np.where(inside & kit.top[ids[1]], kit.draw(rng, upper, shape), 0)
    for layer in ids[1:3]:
        _hang(kit, layer, rng)
        layer[~inside] = 0
    if style != "core":
        _portable(kit, ids)
    names = kit.names[ids]
    ids[1:][(names[1:] == "note_block") & (names[:-1] != "stone")] = 0  # basedrum is the sound of stone
    _drop_unsupported(kit, ids)
    volume = Volume((1, 1, 1), kit.palette)
    volume.ids = ids
    put_spare(volume)
    return Batch(volume, _actions(volume, rng, rounds, gap_gt))


def _actions(volume: Volume, rng: np.random.Generator, rounds: int, gap_gt: int) -> npt.NDArray[np.int64]:
    switch = np.array([s.short == "lever" or s.short.endswith("_button") for s, _ in volume.palette])
    y, z, x = np.nonzero(switch[volume.ids])
    rows = []
    for k in range(rounds):
        chosen = rng.random(len(x)) < 0.5
        time = np.full(int(chosen.sum()), k * gap_gt)
        rows.append(np.stack([time, x[chosen], y[chosen], z[chosen]], axis=1))
    return np.concatenate(rows).astype(np.int64)


def spare(volume: Volume) -> Pos:
    """Return the cell of the lone dust of a batch."""
    return (volume.size[0] - 1, 1, volume.size[2] - 1)


def put_spare(volume: Volume) -> None:
    """Put the lone dust that MCHPRS needs as an input and output of its own (it disturbs the dust it is)."""
    x, y, z = spare(volume)
    volume.set((x, y - 1, z), "stone")
    volume.set((x, y, z), "redstone_wire")


def tile_of(x: npt.NDArray[np.int64], z: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the tile numbers of cells."""
    return np.asarray(z // PITCH * ROW + x // PITCH)


def corner(tile: int) -> Pos:
    """Return the low corner of a tile."""
    return (tile % ROW * PITCH, 0, tile // ROW * PITCH)


def without_tiles(volume: Volume, tiles: set[int]) -> Volume:
    """Return a copy in which some tiles are empty."""
    out = volume.copy()
    for tile in tiles:
        x, _, z = corner(tile)
        out.ids[:, z : z + SIDE, x : x + SIDE] = 0
    return out


def cut(batch: Batch, tile: int) -> Batch:
    """Return one tile as a batch of its own."""
    x, _, z = corner(tile)
    ids = batch.volume.ids[:, z : z + SIDE, x : x + SIDE]
    used, back = np.unique(ids, return_inverse=True)
    volume = Volume((SIDE + 3, HEIGHT, SIDE))
    table = [volume.palette.add(*batch.volume.palette.entries[int(i)]) for i in used]
    volume.ids[:, :, :SIDE] = np.array(table, dtype=np.uint16)[back.reshape(ids.shape)]
    put_spare(volume)
    t, ax, ay, az = batch.actions.T
    mine = tile_of(ax, az) == tile
    return Batch(volume, np.stack([t, ax - x, ay, az - z], axis=1)[mine])
