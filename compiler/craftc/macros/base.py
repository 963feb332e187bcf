"""Macros: placed pieces of hardware with named ports.

A macro is a volume plus ports. Binary signals are dust of strength >= 1 (on) or 0 (off);
streams are octal digits 0..7 on one dust, one digit per 2 rt; levels are held strengths 0..15.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from craftc.blocks import BlockState, Entity, Palette, Volume
from craftc.errors import PlacementError

Pos = tuple[int, int, int]

STEP: dict[str, Pos] = {
    "east": (1, 0, 0), "west": (-1, 0, 0), "south": (0, 0, 1), "north": (0, 0, -1),
    "up": (0, 1, 0), "down": (0, -1, 0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Port:
    """A cell of a macro that is meant for the outside.

    pos         local cell of the port's dust
    direction   "in" or "out"
    kind        "binary", "stream" or "level"
    side        compass side on which the neighbouring cell is free for a wire
    latency_rt  delay from the macro's reference to this port, where a contract states one
    """

    name: str
    pos: Pos
    direction: str
    kind: str = "binary"
    side: str = "east"
    latency_rt: int = 0


@dataclass(slots=True)
class Macro:
    """Blocks and ports; `probes` name cells whose state has a meaning (registers, sums)."""

    name: str
    volume: Volume
    ports: dict[str, Port] = field(default_factory=dict)
    probes: dict[str, Pos] = field(default_factory=dict)


class Sketch:
    """Blocks at free integer coordinates, for leaf cells and small macros; becomes a Macro.

    Coordinates may be negative; `build` shifts everything so that the lowest corner is 0.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.cells: dict[Pos, tuple[BlockState, Entity | None]] = {}
        self.ports: dict[str, Port] = {}
        self.probes: dict[str, Pos] = {}

    def put(self, pos: Pos, state: BlockState, entity: Entity | None = None) -> None:
        """Place a block. Equal blocks may meet; unequal ones raise PlacementError."""
        have = self.cells.get(pos)
        if have is not None and have != (state, entity):
            raise PlacementError(f"{state} meets {have[0]}", where=f"{self.name} at {pos}")
        self.cells[pos] = (state, entity)

    def on_floor(
        self, pos: Pos, state: BlockState, entity: Entity | None = None, floor: str = "minecraft:stone"
    ) -> None:
        """Place a block and a supporting block under it (an existing support stays)."""
        self.put(pos, state, entity)
        below = (pos[0], pos[1] - 1, pos[2])
        if below not in self.cells:
            self.cells[below] = (BlockState(floor), None)

    def paste(self, volume: Volume, corner: Pos) -> None:
        """Copy the non-air cells of a (small) volume with its corner at `corner`."""
        for pos in volume.positions(volume.ids != 0):
            at = (corner[0] + pos[0], corner[1] + pos[1], corner[2] + pos[2])
            self.put(at, volume.get(pos), volume.entity(pos))

    def port(self, name: str, pos: Pos, direction: str, kind: str = "binary", side: str = "east",
             latency_rt: int = 0) -> None:  # fmt: skip
        """Name a port at a sketch coordinate."""
        self.ports[name] = Port(name, pos, direction, kind, side, latency_rt)

    def build(self, palette: Palette | None = None) -> tuple[Macro, Pos]:
        """Return the macro and the sketch coordinate of its corner."""
        low = tuple(min(p[i] for p in self.cells) for i in range(3))
        high = tuple(max(p[i] for p in self.cells) for i in range(3))
        corner: Pos = (low[0], low[1], low[2])
        volume = Volume((high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1), palette)
        for pos, (state, entity) in sorted(self.cells.items()):
            volume.set(_minus(pos, corner), state, entity)
        ports = {
            n: Port(n, _minus(p.pos, corner), p.direction, p.kind, p.side, p.latency_rt)
            for n, p in sorted(self.ports.items())
        }
        probes = {n: _minus(p, corner) for n, p in sorted(self.probes.items())}
        return Macro(self.name, volume, ports, probes), corner


def _minus(a: Pos, b: Pos) -> Pos:
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])
