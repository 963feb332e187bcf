"""Random small boards of every component the simulator has, and random actions on them.

Three layers of devices on a floor; everything stands where the game lets it stand. Nothing is settled:
bake the board first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from craftc.blocks import BlockState, Volume
from craftc.blocks.instruments import instrument
from craftc.blocks.names import BUTTONS, PLATES, TRAPDOORS
from craftc.blocks.properties import complete
from craftc.blocks.tables import sturdy_faces, supports

Pos = tuple[int, int, int]
SIDES = ("north", "east", "south", "west")
STEP = {"north": (0, -1), "south": (0, 1), "west": (-1, 0), "east": (1, 0)}
KINDS: dict[str, float] = {
    "dust": 30, "repeater": 11, "comparator": 10, "torch": 4, "wall_torch": 3, "lever": 5, "wall_lever": 2,
    "button": 3, "wall_button": 1, "plate": 2, "stone": 9, "glass": 4, "lamp": 3, "target": 1,
    "redstone_block": 1, "source": 4, "observer": 5, "trapdoor": 4, "note_block": 3, "bulb": 3, "slab": 1,
    "air": 8,
}  # fmt: skip
SOURCES = (
    "composter[level=3]", "composter[level=8]", "water_cauldron[level=2]", "cake[bites=3]",
    "beehive[honey_level=4]",
    "respawn_anchor[charges=2]", "end_portal_frame[eye=true]", "cauldron", "lava_cauldron",
)  # fmt: skip
ON_TOP = frozenset({"dust", "repeater", "comparator", "torch", "lever", "button", "plate"})
HANGING = frozenset({"wall_torch", "wall_lever", "wall_button"})


def _pick(rng: np.random.Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]


def _state(kind: str, rng: np.random.Generator) -> BlockState:
    """Return a random state of a kind that stands on the floor or stands alone."""
    facing = _pick(rng, SIDES)
    make = BlockState.make
    if kind == "repeater":
        return make(kind, facing=facing, delay=int(rng.integers(1, 5)))
    if kind == "comparator":
        return make(kind, facing=facing, mode=_pick(rng, ("compare", "subtract")))
    if kind == "lever":
        return make(kind, face="floor", facing=facing)
    if kind == "button":
        return make(_pick(rng, ("stone_button", "oak_button")), face="floor", facing=facing)
    if kind == "plate":
        return make(_pick(rng, ("stone_pressure_plate", "heavy_weighted_pressure_plate")))
    if kind == "observer":
        return make(kind, facing=_pick(rng, (*SIDES, "up", "down")))
    if kind == "trapdoor":
        name = _pick(rng, ("oak_trapdoor", "iron_trapdoor"))
        return make(name, facing=facing, half=_pick(rng, ("top", "bottom")), open="false")
    if kind == "bulb":
        return make(_pick(rng, ("copper_bulb", "waxed_copper_bulb")), lit=_pick(rng, ("true", "false")))
    if kind == "slab":
        return make("smooth_stone_slab", type=_pick(rng, ("top", "bottom", "double")))
    if kind == "source":
        return BlockState.parse(_pick(rng, SOURCES))
    names = {
        "dust": "redstone_wire", "torch": "redstone_torch", "lamp": "redstone_lamp",
        "note_block": "note_block[instrument=basedrum]",
    }  # fmt: skip
    return BlockState.parse(names.get(kind, kind))


def _hanging(kind: str, volume: Volume, pos: Pos, rng: np.random.Generator) -> BlockState | None:
    """Return a torch, lever or button on a full side beside `pos`, or None if there is none."""
    good = []
    for index, side in enumerate(SIDES):
        back = SIDES[(index + 2) % 4]
        bx, bz = pos[0] + STEP[back][0], pos[2] + STEP[back][1]
        inside = 0 <= bx < volume.size[0] and 0 <= bz < volume.size[2]
        if inside and volume.get((bx, pos[1], bz)).short not in TRAPDOORS:
            face = {"north": 2, "south": 3, "west": 4, "east": 5}[side]
            if sturdy_faces(volume.get((bx, pos[1], bz))) >> face & 1:
                good.append(side)
    if not good:
        return None
    facing = _pick(rng, tuple(good))
    if kind == "wall_torch":
        return BlockState.make("redstone_wall_torch", facing=facing)
    name = "lever" if kind == "wall_lever" else _pick(rng, ("stone_button", "oak_button"))
    return BlockState.make(name, face="wall", facing=facing)


def _stands(kind: str, below: BlockState) -> bool:
    rim, centre = supports(below)
    if kind == "dust":
        return bool(sturdy_faces(below) & 2)
    if kind in ("repeater", "comparator"):
        return rim
    if kind == "torch":
        return centre
    if kind in ("lever", "button"):
        return bool(sturdy_faces(below) & 2)
    return kind != "plate" or rim or centre


def _tuned(state: BlockState, below: BlockState) -> BlockState:
    """Return the state with all keys; a note block has the instrument of the block below it."""
    if state.short == "note_block":
        return complete(state.with_props(instrument=instrument(below.short) or "harp"))
    return state if state.short == "redstone_wire" else complete(state)


def component_board(
    seed: int,
    width: int = 6,
    length: int = 6,
    without: frozenset[str] = frozenset(),
    held_by_trapdoors: bool = False,
) -> Volume:
    """Return a random board; `without` names kinds (keys of KINDS) that must not occur.

    `held_by_trapdoors`: whether devices may stand on trapdoors, which only the reference engine knows.
    """
    rng = np.random.default_rng(seed)
    kinds = tuple(k for k in KINDS if k not in without)
    weight = np.array([KINDS[k] for k in kinds])
    volume = Volume((width, 5, length), origin=(int(rng.integers(64)), 60, int(rng.integers(64))))
    for x in range(width):
        for z in range(length):
            volume.set((x, 0, z), "glass" if rng.random() < 0.08 else "stone")
    for y in (1, 2, 3):
        for x in range(width):
            for z in range(length):
                below = volume.get((x, y - 1, z))
                if y > 1 and (below.short == "air" or rng.random() < 0.35):
                    continue
                kind = str(rng.choice(kinds, p=weight / weight.sum()))
                if kind in HANGING:
                    state = _hanging(kind, volume, (x, y, z), rng)
                elif kind in ON_TOP and not (
                    _stands(kind, below) and (held_by_trapdoors or below.short not in TRAPDOORS)
                ):
                    state = None
                else:
                    state = _state(kind, rng)
                if state is not None:
                    volume.set((x, y, z), _tuned(state, below))
    return volume


@dataclass(frozen=True, slots=True)
class Action:
    """A right-click at `pos`, or, with a state, a write; after `time_gt` game ticks."""

    time_gt: int
    pos: Pos
    state: BlockState | None = None


def random_actions(volume: Volume, seed: int, rounds: int, gap_gt: int, writes: bool = True) -> list[Action]:
    """Return actions: in every round each lever, button and plate moves with probability 1/3."""
    rng = np.random.default_rng(seed)
    pressed: dict[Pos, bool] = {}
    actions = []
    for k in range(rounds):
        for pos in volume.positions(volume.ids != 0):
            state = volume.get(pos)
            if state.short in PLATES and writes and rng.random() < 0.33:
                pressed[pos] = not pressed.get(pos, False)
                actions.append(Action(k * gap_gt, pos, _stepped(state, pressed[pos], rng)))
            elif (state.short == "lever" or state.short in BUTTONS) and rng.random() < 0.33:
                actions.append(Action(k * gap_gt, pos))
    return actions


def _stepped(state: BlockState, on: bool, rng: np.random.Generator) -> BlockState:
    if state.short.startswith("heavy"):
        return state.with_props(power=int(rng.integers(1, 16)) if on else 0)
    return state.with_props(powered="true" if on else "false")
