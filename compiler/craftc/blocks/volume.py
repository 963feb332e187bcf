"""A box of blocks as one array, with pasting, rotation and mirror.

Axes as in the game: x east, y up, z south. The array is indexed [y, z, x], so that its flat
order is the order of schematics and of chunk sections (x + z*W + y*W*L). Values are palette
indices. Local coordinates start at 0; `origin` is the world position of local (0, 0, 0).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from craftc.blocks.palette import BlockState, Entity, Palette
from craftc.errors import PlacementError

Pos = tuple[int, int, int]


class Volume:
    """Blocks of a box of size (x, y, z); starts as air."""

    def __init__(self, size: Pos, palette: Palette | None = None, origin: Pos = (0, 0, 0)) -> None:
        if min(size) < 1:
            raise PlacementError(f"empty box {size}", legal="every side at least 1")
        self.palette = palette if palette is not None else Palette()
        self.origin = origin
        self.ids: npt.NDArray[np.uint16] = np.zeros((size[1], size[2], size[0]), dtype=np.uint16)

    @property
    def size(self) -> Pos:
        """(x, y, z) in blocks."""
        y, z, x = self.ids.shape
        return (x, y, z)

    @property
    def volume(self) -> int:
        """Number of cells of the box."""
        return int(self.ids.size)

    @property
    def placed_blocks(self) -> int:
        """Number of cells that are not air."""
        return int(np.count_nonzero(self.ids))

    def set(self, pos: Pos, state: BlockState | str, entity: Entity | None = None) -> None:
        """Put one block at local (x, y, z), replacing what is there."""
        x, y, z = pos
        if min(pos) < 0 or x >= self.size[0] or y >= self.size[1] or z >= self.size[2]:
            raise PlacementError(f"{pos} lies outside the box {self.size}")
        self.ids[y, z, x] = self.palette.add(state, entity)

    def get(self, pos: Pos) -> BlockState:
        """Return the state at local (x, y, z)."""
        x, y, z = pos
        return self.palette.state(int(self.ids[y, z, x]))

    def entity(self, pos: Pos) -> Entity | None:
        """Return the block entity at local (x, y, z)."""
        x, y, z = pos
        return self.palette.entity(int(self.ids[y, z, x]))

    def copy(self) -> Volume:
        """Return an independent copy (palette copied too)."""
        out = Volume(self.size, origin=self.origin)
        out.ids = self.palette.remap_to(out.palette)[self.ids]
        return out

    def paste(self, other: Volume, at: Pos, *, overwrite: bool = False) -> None:
        """Put `other` with its corner at local `at`; its air leaves this volume as it is.

        Equal blocks may overlap. Raises PlacementError where unequal ones do, unless `overwrite`.
        """
        x, y, z = at
        sx, sy, sz = other.size
        if min(at) < 0 or x + sx > self.size[0] or y + sy > self.size[1] or z + sz > self.size[2]:
            raise PlacementError(f"box {other.size} at {at} lies outside {self.size}")
        new = other.palette.remap_to(self.palette)[other.ids]
        view = self.ids[y : y + sy, z : z + sz, x : x + sx]
        filled = new != 0
        if not overwrite:
            clash = filled & (view != 0) & (view != new)
            if clash.any():
                cy, cz, cx = (int(v[0]) for v in np.nonzero(clash))
                have = self.palette.state(int(view[cy, cz, cx]))
                want = self.palette.state(int(new[cy, cz, cx]))
                raise PlacementError(f"{want} meets {have}", where=f"({x + cx}, {y + cy}, {z + cz})")
        view[filled] = new[filled]

    def crop(self, low: Pos, high: Pos) -> Volume:
        """Return a copy of the cells low <= pos < high (local)."""
        out = Volume((high[0] - low[0], high[1] - low[1], high[2] - low[2]), self.palette)
        out.ids = self.ids[low[1] : high[1], low[2] : high[2], low[0] : high[0]].copy()
        return out

    def positions(self, mask: npt.NDArray[np.bool_]) -> Iterator[Pos]:
        """Yield local (x, y, z) of a mask shaped [y, z, x], in array order."""
        for y, z, x in np.argwhere(mask):
            yield (int(x), int(y), int(z))
