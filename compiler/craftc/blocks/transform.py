"""Rotation and mirror of volumes, block states included.

A rotation by `quarter_turns` about the vertical axis takes east to south to west to north
(clockwise seen from above). `mirror_x` negates x (east <-> west).
"""

from __future__ import annotations

import numpy as np

from craftc.blocks.palette import BlockState, Palette
from craftc.blocks.volume import Volume

_RING = ("north", "east", "south", "west")


def _turn(direction: str, quarter_turns: int) -> str:
    return _RING[(_RING.index(direction) + quarter_turns) % 4] if direction in _RING else direction


def _mirror(direction: str) -> str:
    return {"east": "west", "west": "east"}.get(direction, direction)


def _map_state(state: BlockState, quarter_turns: int, mirror_x: bool) -> BlockState:
    props = []
    for key, value in state.props:
        if mirror_x:
            key, value = _mirror(key), _mirror(value)
        key, value = _turn(key, quarter_turns), _turn(value, quarter_turns)
        if key == "axis" and quarter_turns % 2:
            value = {"x": "z", "z": "x"}.get(value, value)
        if key == "rotation":  # standing sign: 0 = south, sixteenths clockwise seen from above
            angle = (16 - int(value)) % 16 if mirror_x else int(value)
            value = str((angle + 4 * quarter_turns) % 16)
        props.append((key, value))
    return BlockState(state.name, tuple(sorted(props)))


def transformed(volume: Volume, quarter_turns: int = 0, mirror_x: bool = False) -> Volume:
    """Return a turned copy of `volume`; the mirror is applied first. Origin is kept."""
    turns = quarter_turns % 4
    palette = Palette()
    table = np.array(
        [palette.add(_map_state(s, turns, mirror_x), e) for s, e in volume.palette], dtype=np.uint16
    )
    ids = table[volume.ids]
    if mirror_x:
        ids = ids[:, :, ::-1]
    # np.rot90 turns axis x (2) towards axis z (1): east (+x) goes to south (+z).
    ids = np.rot90(ids, k=turns, axes=(2, 1)) if turns else ids
    out = Volume((ids.shape[2], ids.shape[0], ids.shape[1]), palette, volume.origin)
    out.ids = np.ascontiguousarray(ids)
    return out


def transform_point(
    pos: tuple[int, int, int], size: tuple[int, int, int], quarter_turns: int = 0, mirror_x: bool = False
) -> tuple[int, int, int]:
    """Return where local `pos` of a volume of `size` lies after `transformed`."""
    x, y, z = pos
    width, _, length = size
    if mirror_x:
        x = width - 1 - x
    for _ in range(quarter_turns % 4):
        x, z, width, length = length - 1 - z, x, length, width
    return (x, y, z)
