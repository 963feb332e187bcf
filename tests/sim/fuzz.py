"""Random small boards: every supported device, placed so that it is supported and legal."""

from __future__ import annotations

import numpy as np

from craftc.blocks import BlockState, Volume

Pos = tuple[int, int, int]
SIDES = ("north", "east", "south", "west")
STEP = {"north": (0, -1), "south": (0, 1), "west": (-1, 0), "east": (1, 0)}
DEVICES = (
    "dust", "repeater", "comparator", "torch", "lever", "block", "lamp", "glass", "target", "composter",
    "redstone_block", "air",
)  # fmt: skip
WEIGHTS = np.array([34, 13, 11, 5, 5, 9, 3, 4, 1, 2, 1, 12], dtype=float)
SOLID = ("stone", "redstone_lamp", "target")
RISKY = (*SOLID, "redstone_torch", "redstone_wall_torch", "lever")


def _device(name: str, rng: np.random.Generator) -> BlockState:
    side = SIDES[rng.integers(4)]
    if name == "repeater":
        return BlockState.make(
            name, facing=side, delay=int(rng.integers(1, 5)), locked="false", powered="false"
        )
    if name == "comparator":
        mode = ("compare", "subtract")[rng.integers(2)]
        return BlockState.make(name, facing=side, mode=mode, powered="false")
    if name == "lever":
        return BlockState.make(name, face="floor", facing=side, powered="false")
    if name == "composter":
        return BlockState.make(name, level=int(rng.choice([0, 1, 3, 5, 8])))
    states = {
        "dust": "redstone_wire", "torch": "redstone_torch[lit=true]", "block": "stone",
        "lamp": "redstone_lamp[lit=false]", "glass": "glass", "target": "target[power=0]",
        "redstone_block": "redstone_block", "air": "air",
    }  # fmt: skip
    return BlockState.parse(states[name])


def _pick(rng: np.random.Generator, names: tuple[str, ...]) -> str:
    weights = np.array([WEIGHTS[DEVICES.index(n)] for n in names])
    return names[int(rng.choice(len(names), p=weights / weights.sum()))]


def _wall_torch(volume: Volume, pos: Pos, rng: np.random.Generator) -> None:
    x, y, z = pos
    behind = {side: (x - STEP[side][0], y, z - STEP[side][1]) for side in SIDES}
    good = [
        side
        for side, (bx, _, bz) in behind.items()
        if 0 <= bx < volume.size[0] and 0 <= bz < volume.size[2] and volume.get((bx, y, bz)).short == "stone"
    ]
    if good:
        side = good[rng.integers(len(good))]
        volume.set(pos, BlockState.make("redstone_wall_torch", facing=side, lit="true"))


def random_board(seed: int, width: int = 7, length: int = 7) -> Volume:
    """Return a board of two layers of devices on a floor of stone and some glass.

    A lone dust at the far end is there for judges that need something to watch.
    """
    rng = np.random.default_rng(seed)
    volume = Volume((width + 3, 4, length))
    for x in range(width):
        for z in range(length):
            volume.set((x, 0, z), "glass" if rng.random() < 0.08 else "stone")
            volume.set((x, 1, z), _device(_pick(rng, DEVICES), rng))
    upper = tuple(n for n in DEVICES if n not in ("block", "glass", "lever"))
    on_lamp = tuple(n for n in upper if n != "torch")  # MCHPRS lights a lamp by the torch on top of it
    for x in range(width):
        for z in range(length):
            below = volume.get((x, 1, z)).short
            if below in (*SOLID, "glass") and rng.random() < 0.7:
                volume.set(
                    (x, 2, z), _device(_pick(rng, on_lamp if below == "redstone_lamp" else upper), rng)
                )
            if volume.get((x, 1, z)).short == "air" and rng.random() < 0.6:
                _wall_torch(volume, (x, 1, z), rng)
    volume.set((width + 2, 0, length - 1), "stone")
    volume.set((width + 2, 1, length - 1), "redstone_wire")
    return volume


def without_risky_sides(volume: Volume, risky: tuple[str, ...] = RISKY) -> Volume:
    """Return a copy in which repeaters stand for the comparators that have a torch, lever or conductor
    at a side, where mc-tick differs from the game (it takes those as side inputs)."""
    out = volume.copy()
    for x, y, z in volume.positions(volume.ids != 0):
        state = volume.get((x, y, z))
        if state.short != "comparator":
            continue
        axis = "xz" if state.get("facing") in ("north", "south") else "zx"
        for side in SIDES:
            dx, dz = STEP[side]
            there = (x + dx, y, z + dz)
            if (axis[0] == "x") == (dx != 0) and _inside(volume, there) and volume.get(there).short in risky:
                facing = state.get("facing")
                out.set(
                    (x, y, z),
                    BlockState.make("repeater", facing=facing, delay=1, locked="false", powered="false"),
                )
    return out


def _inside(volume: Volume, pos: Pos) -> bool:
    return all(0 <= p < s for p, s in zip(pos, volume.size, strict=True))


def random_script(seed: int, levers: list[Pos], rounds: int, gap_gt: int) -> list[tuple[int, Pos, bool]]:
    """Return lever actions: in every round each lever turns with probability 1/2."""
    rng = np.random.default_rng(seed)
    on = dict.fromkeys(levers, False)
    script = []
    for k in range(rounds):
        for lever in levers:
            if rng.random() < 0.5:
                on[lever] = not on[lever]
                script.append((k * gap_gt, lever, on[lever]))
    return script
