"""The routing fabric: where a wire may lie, which moves it may make, what disturbs what.

A wire is a chain of elements, each a dust or a repeater on a support block of its own. Moves from a dust
at P of strength s (h is one of four horizontal steps):

    flat       dust at P+h                   s - 1, 0 rt
    up         dust at P+h+1                 s - 1, 0 rt, P+1 (the head) must not conduct
    down       dust at P+h-1                 s - 1, 0 rt, P+h (the head of the lower one) must not conduct
    repeater   repeater P+h, dust P+2h       15, 1 rt

Two elements of different wires disturb each other if they stand in the same or in side-adjacent columns
and their heights differ by at most 1: dust joins (also diagonally), a support blocks, or a dust powers
a block that another element reads. Two levels apart they may cross freely (a bridge), unless the
support of the upper one fills the head of a step of the lower one: stone there cuts the step. Wires never
power a block strongly, because every repeater points into a dust. Rules: cells.md P1, P4, P11.

Existing blocks: a component is anything that gives or takes redstone power; a conductor that touches a
component is live. A dust keeps clear of components by the rule above and touches no live conductor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.blocks import Volume
from craftc.blocks.tables import tables_of
from craftc.errors import RoutingError
from craftc.macros.base import STEP, Pos

Mask = npt.NDArray[np.bool_]
Bounds = tuple[Pos, Pos]

PAD = 3  # cells around the routed box, so that neighbours of every legal cell exist
NO_DUST, NO_CLIMB, NO_REPEATER = 1, 2, 4
SIDES: tuple[Pos, ...] = ((1, 0, 0), (-1, 0, 0), (0, 0, 1), (0, 0, -1))
HALO: tuple[Pos, ...] = tuple(
    (x, y, z) for x, z in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)) for y in (-1, 0, 1)
)
_BELOW_SUPPORT = frozenset({"redstone_wire", "redstone_torch", "redstone_wall_torch", "redstone_lamp"})
_COMPONENTS = _BELOW_SUPPORT | {"repeater", "comparator", "lever", "redstone_block", "target"}
_COMPONENTS |= {"stone_button", "polished_blackstone_button"}


@dataclass(frozen=True, slots=True)
class Terminal:
    """An end of a wire at a port: `pos` is the port's dust, `side` where its free neighbour cell lies.

    A driver's wire starts with a dust beside the port; `strength` is that of the port's dust when on.
    A sink's wire ends with dust, repeater, port; its strength is not used.
    """

    pos: Pos
    side: str
    strength: int = 15

    def cell(self, steps: int) -> Pos:
        """Return the cell `steps` outside the port."""
        d = STEP[self.side]
        return (self.pos[0] + steps * d[0], self.pos[1], self.pos[2] + steps * d[2])


def shifted(mask: Mask, step: Pos) -> Mask:
    """Return m with m[p] = mask[p + step]; outside is False."""
    out = np.zeros_like(mask)
    source, target = [], []
    for offset in (step[1], step[2], step[0]):
        source.append(slice(max(offset, 0), None if offset >= 0 else offset))
        target.append(slice(max(-offset, 0), None if offset <= 0 else -offset))
    out[tuple(target)] = mask[tuple(source)]
    return out


class Fabric:
    """Legal cells of a box `bounds` (low, high exclusive) of a volume, padded; arrays are [y, z, x]."""

    def __init__(self, volume: Volume, bounds: Bounds | None = None, keepout: Mask | None = None) -> None:
        low, high = bounds if bounds is not None else ((0, 0, 0), volume.size)
        if min(low) < 0 or any(a >= b or b > s for a, b, s in zip(low, high, volume.size, strict=True)):
            raise RoutingError(f"bounds {low}..{high} outside the box {volume.size}")
        if keepout is not None and keepout.shape != volume.ids.shape:
            raise RoutingError(f"keepout of shape {keepout.shape}", legal=str(volume.ids.shape))
        self.volume = volume
        self.corner: Pos = (low[0] - PAD, low[1] - PAD, low[2] - PAD)
        self.shape = tuple(high[i] - low[i] + 2 * PAD for i in (1, 2, 0))
        self._kinds()
        inside = np.zeros(self.shape, dtype=np.bool_)
        inside[PAD:-PAD, PAD:-PAD, PAD:-PAD] = True
        closed = self._window(keepout) if keepout is not None else np.zeros(self.shape, dtype=np.bool_)
        inside &= shifted(self._in_volume(), (0, -1, 0)) & ~closed & ~shifted(closed, (0, -1, 0))
        self.flags = np.where(inside & self._dust_legal(), 0, NO_DUST).astype(np.uint8)
        self.flags |= np.where(shifted(self.conductor, (0, 1, 0)), NO_CLIMB, 0).astype(np.uint8)
        self.inside = inside

    def _overlap(self) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        """Return where volume and padded box meet, as slices of the volume and of the box."""
        source, target = [], []
        for axis, start in enumerate((self.corner[1], self.corner[2], self.corner[0])):
            begin, end = max(start, 0), min(start + self.shape[axis], self.volume.ids.shape[axis])
            source.append(slice(begin, end))
            target.append(slice(begin - start, end - start))
        return tuple(source), tuple(target)

    def _window(self, values: Mask) -> Mask:
        """Return the padded box of a volume-shaped mask; outside is False."""
        out = np.zeros(self.shape, dtype=np.bool_)
        source, target = self._overlap()
        out[target] = values[source]
        return out

    def _in_volume(self) -> Mask:
        out = np.zeros(self.shape, dtype=np.bool_)
        out[self._overlap()[1]] = True
        return out

    def _kinds(self) -> None:
        palette = self.volume.palette
        source, target = self._overlap()
        ids = np.zeros(self.shape, dtype=np.uint16)  # entry 0 is air
        ids[target] = self.volume.ids[source]
        names = [state.short for state, _ in palette]
        conductor = tables_of(palette).conductor

        def cells(flags: list[bool] | Mask) -> Mask:
            return np.asarray(np.asarray(flags, dtype=np.bool_)[ids])

        self.filled = cells([n not in ("air", "cave_air", "void_air") for n in names])
        self.component = cells([n in _COMPONENTS for n in names])
        self.conductor = cells(conductor)
        self._under = cells([n in _BELOW_SUPPORT for n in names])
        touched = np.zeros(self.shape, dtype=np.bool_)
        for step in (*SIDES, (0, 1, 0), (0, -1, 0)):
            touched |= shifted(self.component, step)
        self.live = self.conductor & touched
        self._inert = self.conductor & ~touched

    def _dust_legal(self) -> Mask:
        bad = self.filled | shifted(self._under, (0, -2, 0))
        floor = ~self.filled | self._inert
        bad |= ~shifted(floor, (0, -1, 0)) | shifted(self.component | self.live, (0, 1, 0))
        for step in SIDES:
            bad |= shifted(self.live, step)
            for rise in (-1, 0, 1):
                bad |= shifted(self.component, (step[0], rise, step[2]))
        return ~bad

    def local(self, pos: Pos) -> Pos:
        """Return padded-box (x, y, z) of a volume position, clipped into the padding."""
        x, y, z = (p - c for p, c in zip(pos, self.corner, strict=True))
        limit = (self.shape[2], self.shape[0], self.shape[1])
        return tuple(min(max(v, 2), s - 3) for v, s in zip((x, y, z), limit, strict=True))  # type: ignore[return-value]

    def flat(self, pos: Pos) -> int:
        """Return the flat index of a volume position in the padded box."""
        x, y, z = self.local(pos)
        return (y * self.shape[1] + z) * self.shape[2] + x

    def position(self, flat: int) -> Pos:
        """Return the volume position of a flat index."""
        rest, x = divmod(int(flat), self.shape[2])
        y, z = divmod(rest, self.shape[1])
        return (x + self.corner[0], y + self.corner[1], z + self.corner[2])

    def dust_faults(self, pos: Pos, exempt: Pos | None = None) -> list[str]:
        """Return why no dust may lie at `pos`, each reason with its block; cell `exempt` is not looked at."""
        x, y, z = self.local(pos)
        if not self.inside[y, z, x]:
            return [f"{pos} is outside the bounds or kept out"]
        faults = []
        for dx, dy, dz in (*HALO, (0, -2, 0)):
            at = (pos[0] + dx, pos[1] + dy, pos[2] + dz)
            cell = (y + dy, z + dz, x + dx)
            column = dx == 0 and dz == 0
            if at == exempt or not self.filled[cell]:
                continue
            if column and dy == -1:
                blocked = (not self._inert[cell] and exempt is None) or not self.conductor[cell]
            elif dy == -2:
                blocked = bool(self._under[cell])
            else:
                blocked = bool(self.component[cell]) or (column and dy == 0)
                blocked = blocked or (bool(self.live[cell]) and (dy == 0 or column) and exempt is None)
            if blocked:
                faults.append(f"{self.volume.get(at).short} at {at}")
        return faults

    def repeater_faults(self, pos: Pos) -> list[str]:
        """Return why no repeater may stand at `pos` in front of a port (its neighbours may be components)."""
        x, y, z = self.local(pos)
        if not self._in_volume()[y - 1, z, x]:
            return [f"{pos} is outside the box"]
        bad = [(0, 0, 0)] if self.filled[y, z, x] else []
        if self.filled[y - 1, z, x]:
            bad += [] if self.conductor[y - 1, z, x] else [(0, -1, 0)]
        elif self._under[y - 2, z, x]:
            bad.append((0, -2, 0))
        cells = [(pos[0], pos[1] + dy, pos[2]) for _, dy, _ in bad]
        return [f"{self.volume.get(at).short} at {at}" for at in cells]
