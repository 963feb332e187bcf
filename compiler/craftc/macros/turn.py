"""Macros turned and mirrored as a whole: blocks, ports and probes."""

from __future__ import annotations

from craftc.blocks.transform import transform_point, transformed
from craftc.macros.base import Macro, Port

_RING = ("north", "east", "south", "west")
_MIRROR = {"east": "west", "west": "east"}


def turn_side(side: str, quarter_turns: int, mirror_x: bool) -> str:
    """Return a compass side after the mirror (first) and the clockwise quarter turns."""
    if side not in _RING:
        return side
    if mirror_x:
        side = _MIRROR.get(side, side)
    return _RING[(_RING.index(side) + quarter_turns) % 4]


def turned(macro: Macro, quarter_turns: int = 0, mirror_x: bool = False) -> Macro:
    """Return a copy of the macro, mirrored in x if asked, then turned clockwise seen from above."""
    size = macro.volume.size
    ports = {
        name: Port(name, transform_point(p.pos, size, quarter_turns, mirror_x), p.direction, p.kind,
                   turn_side(p.side, quarter_turns, mirror_x), p.latency_rt)
        for name, p in macro.ports.items()
    }  # fmt: skip
    probes = {n: transform_point(p, size, quarter_turns, mirror_x) for n, p in macro.probes.items()}
    return Macro(macro.name, transformed(macro.volume, quarter_turns, mirror_x), ports, probes)
