"""Shapes of blocks for pictures: every block state is a short list of coloured boxes.

Boxes are in sixteenths of a block, x east, y up, z south. Devices are drawn as seen with output
north and then turned, so a repeater is

        north (output)
      +------------+
      |    pin     |   fixed pin
      |            |
      |    pin     |   moves back by the delay
      +------------+

Powered, lit and locked states have other colours or an extra box; nothing else of the state shows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from craftc.blocks.palette import BlockState, Entity
from craftc.view.colours import DYES, Colour, block_colour, mix, scaled

_RING = ("north", "east", "south", "west")
_OPAQUE = 255


@dataclass(frozen=True, slots=True)
class Box:
    """One box: corners in sixteenths, colour, alpha 0..255, glow 0..255, dark lines on its edges."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    colour: Colour
    alpha: int = _OPAQUE
    glow: int = 0
    edges: bool = False


Shape = tuple[Box, ...]

_PLATE: Colour = (176, 178, 182)
_PIN_OFF: Colour = (96, 22, 20)
_PIN_ON: Colour = (255, 92, 54)
_STICK: Colour = (120, 92, 56)
_DUST_OFF: Colour = (92, 12, 12)
_DUST_ON: Colour = (255, 52, 30)
_LAMP_OFF: Colour = (108, 70, 44)
_LAMP_ON: Colour = (255, 214, 132)


def turned(box: Box, quarter_turns: int) -> Box:
    """Return the box turned clockwise, seen from above, about the middle of its block."""
    (x0, y0, z0), (x1, y1, z1) = box.low, box.high
    for _ in range(quarter_turns % 4):
        x0, z0, x1, z1 = 16 - z1, x0, 16 - z0, x1
    return replace(box, low=(x0, y0, z0), high=(x1, y1, z1))


def _turned(shape: Shape, facing: str) -> Shape:
    turns = _RING.index(facing) if facing in _RING else 0
    return tuple(turned(box, turns) for box in shape)


def _opposite(facing: str) -> str:
    return _RING[(_RING.index(facing) + 2) % 4] if facing in _RING else facing


def _cube(colour: Colour, alpha: int = _OPAQUE, glow: int = 0) -> Shape:
    return (Box((0, 0, 0), (16, 16, 16), colour, alpha, glow, edges=True),)


def _pin(x: float, z: float, on: bool) -> Box:
    glow = 150 if on else 0
    return Box((x - 1.5, 2, z - 1.5), (x + 1.5, 7, z + 1.5), _PIN_ON if on else _PIN_OFF, glow=glow)


def _plate(on: bool) -> Box:
    return Box((0, 0, 0), (16, 2, 16), mix(_PLATE, _PIN_ON, 0.12) if on else _PLATE, edges=True)


def _repeater(state: BlockState) -> Shape:
    on = state.get("powered") == "true"
    delay = int(state.get("delay", "1"))
    back = 5.0 + 2.0 * delay
    second = (
        Box((2, 2, back - 1), (14, 5, back + 1), (70, 72, 78))
        if state.get("locked") == "true"
        else _pin(8, back, on)
    )
    track = Box((7, 2, 4), (9, 2.2, 13), mix(_DUST_OFF, _DUST_ON, 0.8 if on else 0.0))
    return _turned((_plate(on), track, _pin(8, 3, on), second), _opposite(state.get("facing")))


def _comparator(state: BlockState) -> Shape:
    on = state.get("powered") == "true"
    subtract = state.get("mode") == "subtract"
    shape = (_plate(on), _pin(8, 3, subtract), _pin(4.5, 12, on), _pin(11.5, 12, on))
    return _turned(shape, _opposite(state.get("facing")))


def _wire(state: BlockState) -> Shape:
    power = int(state.get("power", "0"))
    colour = mix(_DUST_OFF, _DUST_ON, 0.35 + 0.65 * power / 15) if power else _DUST_OFF
    glow = 30 + 8 * power if power else 0
    boxes = [Box((5, 0, 5), (11, 1, 11), colour, glow=glow)]
    for turns, side in enumerate(_RING):
        reach = state.get(side, "none")
        if reach in ("side", "up"):
            boxes.append(turned(Box((6, 0, 0), (10, 1, 6), colour, glow=glow), turns))
        if reach == "up":
            boxes.append(turned(Box((6, 0, 0), (10, 16, 1), colour, glow=glow), turns))
    return tuple(boxes)


def _torch(state: BlockState, shift: float, rise: float) -> Shape:
    lit = state.get("lit", "true") == "true"
    head = _PIN_ON if lit else _PIN_OFF
    z = 8 + shift
    stick = Box((7, rise, z - 1), (9, rise + 7, z + 1), _STICK)
    flame = Box((6.3, rise + 6, z - 1.7), (9.7, rise + 9.4, z + 1.7), head, glow=190 if lit else 0)
    return (stick, flame)


def _wall_torch(state: BlockState) -> Shape:
    return _turned(_torch(state, 5, 3), state.get("facing"))


_ON_SURFACE = {
    "floor": ((5, 0, 4), (11, 3, 12)),
    "ceiling": ((5, 13, 4), (11, 16, 12)),
    "wall": ((5, 4, 13), (11, 12, 16)),
}


def _lever(state: BlockState) -> Shape:
    face, on = state.get("face", "floor"), state.get("powered") == "true"
    low, high = _ON_SURFACE.get(face, _ON_SURFACE["floor"])
    base = Box(low, high, (104, 106, 110))
    head = _PIN_ON if on else (70, 52, 34)
    glow = 160 if on else 0
    if face == "wall":
        tip = (4.0, 7.0) if on else (9.0, 12.0)
        stick = Box((7, tip[0], 7), (9, tip[1], 13), _STICK)
        knob = Box((6.5, tip[0], 5), (9.5, tip[1], 8), head, glow=glow)
        return _turned((base, stick, knob), state.get("facing"))
    z = 3.0 if on else 10.0
    bottom, top = (3, 10) if face == "floor" else (6, 13)
    stick = Box((7, bottom, 7), (9, top - 1, 9), _STICK)
    knob = Box((6.5, top - 3, z), (9.5, top, z + 3), head, glow=glow)
    return _turned((base, stick, knob), state.get("facing"))


def _button(state: BlockState) -> Shape:
    face, on = state.get("face", "floor"), state.get("powered") == "true"
    deep = 1.0 if on else 2.0
    low, high = {
        "floor": ((5, 0, 6), (11, deep, 10)),
        "ceiling": ((5, 16 - deep, 6), (11, 16, 10)),
        "wall": ((5, 6, 16 - deep), (11, 10, 16)),
    }.get(face, ((5, 0, 6), (11, deep, 10)))
    wooden = "stone" not in state.short
    colour = block_colour(state.short) if wooden else (150, 152, 156)
    return _turned((Box(low, high, scaled(colour, 1.2 if on else 1.0)),), state.get("facing"))


def _sign(state: BlockState) -> Shape:
    wood = block_colour(state.short)
    if "wall" in state.short:
        return _turned((Box((0, 4, 14), (16, 12, 16), wood, edges=True),), state.get("facing"))
    facing = _RING[(round(int(state.get("rotation", "0")) / 4) + 2) % 4]
    post = Box((7, 0, 7), (9, 8, 9), scaled(wood, 0.8))
    return _turned((post, Box((0, 8, 7), (16, 16, 9), wood, edges=True)), facing)


def _container(state: BlockState, entity: Entity | None) -> Shape:
    colour = block_colour(state.short)
    level = int(state.get("level", "0")) if state.short == "composter" else (entity.signal if entity else 0)
    inner = mix(scaled(colour, 0.5), (196, 222, 96), level / 15)
    lid = Box((2, 15.9, 2), (14, 16, 14), inner)
    return (*_cube(colour), lid)


def _slab(state: BlockState) -> Shape:
    low, high = {"bottom": (0, 8), "top": (8, 16)}.get(state.get("type", "bottom"), (0, 16))
    return (Box((0, low, 0), (16, high, 16), block_colour(state.short), edges=True),)


def shape_of(state: BlockState, entity: Entity | None = None) -> Shape:
    """Return the boxes of a block state; air is an empty shape, an unknown block a plain cube."""
    name = state.short
    if name in ("air", "cave_air", "void_air", "light", "structure_void", "barrier"):
        return ()
    simple = _DEVICES.get(name)
    if simple is not None:
        return simple(state)
    if name in ("composter", "barrel"):
        return _container(state, entity)
    if name.endswith("_button"):
        return _button(state)
    if name.endswith("_sign"):
        return _sign(state)
    if name.endswith("_slab"):
        return _slab(state)
    if name.endswith("_carpet"):
        return (Box((0, 0, 0), (16, 1, 16), block_colour(name), edges=True),)
    if name.endswith("glass"):
        return _cube(block_colour(name), alpha=150 if name == "tinted_glass" else 64)
    return _cube(block_colour(name), glow=60 if name in ("glowstone", "sea_lantern") else 0)


def is_full_cube(shape: Shape) -> bool:
    """Return whether the shape hides everything behind it: an opaque box that fills the block."""
    return any(b.low == (0, 0, 0) and b.high == (16, 16, 16) and b.alpha == _OPAQUE for b in shape)


def _redstone_torch(state: BlockState) -> Shape:
    return _torch(state, 0, 0)


def _lamp(state: BlockState) -> Shape:
    lit = state.get("lit") == "true"
    return _cube(_LAMP_ON if lit else _LAMP_OFF, glow=220 if lit else 0)


def _redstone_block(_: BlockState) -> Shape:
    return _cube(block_colour("redstone_block"), glow=40)


def _target(_: BlockState) -> Shape:
    rings = Box((4, 15.9, 4), (12, 16, 12), DYES["red"])
    return (*_cube(block_colour("target")), rings)


_DEVICES = {
    "redstone_wire": _wire,
    "repeater": _repeater,
    "comparator": _comparator,
    "redstone_torch": _redstone_torch,
    "redstone_wall_torch": _wall_torch,
    "lever": _lever,
    "redstone_lamp": _lamp,
    "redstone_block": _redstone_block,
    "target": _target,
}
