"""Sprites: every palette entry of a volume drawn once as a list of pixels.

Projection of the painter, scale s (integer pixels), block coordinates x, y, z:

    px = (x - z) * 2s          py = (x + z) * s - y * 2s

so a block fills a hexagon of 4s x 4s pixels with three visible faces, top, south (left) and east
(right); whatever has a larger x + y + z on the same pixel is nearer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.blocks.palette import Palette
from craftc.view.shapes import Box, Shape, is_full_cube, shape_of

TOP, SOUTH, EAST = 0, 1, 2
SHADES = (1.0, 0.78, 0.56)
"""Brightness of the top, south and east face."""

SHADOW = np.array((0.70, 0.73, 0.81))
"""What a shadow leaves of red, green and blue: sky light is blue."""

_EDGE = 0.045  # width of the darker line on edges, blocks
_FINE = 4  # scale from which edges can be seen

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sprites:
    """Pixels of all entries, one after another; entry i owns start[i] <= p < start[i + 1].

    dx, dy count from the pixel of the block's (0, 0, 0) corner. `colour` has one row per light:
    0 in the sun, 1 in shadow.
    """

    start: npt.NDArray[np.int64]
    dx: npt.NDArray[np.int32]
    dy: npt.NDArray[np.int32]
    colour: npt.NDArray[np.uint8]  # (2, pixels, 3)
    alpha: npt.NDArray[np.uint8]
    glow: npt.NDArray[np.uint8]
    opaque: npt.NDArray[np.bool_]  # per entry: a full cube that hides what is behind it


class _Canvas:
    """One sprite under construction, 4s x 4s pixels."""

    def __init__(self, scale: int) -> None:
        side = 4 * scale
        self.scale = scale
        self.rgb = np.zeros((side, side, 3))
        self.alpha = np.zeros((side, side), dtype=np.uint8)
        self.glow = np.zeros((side, side), dtype=np.uint8)
        self.depth = np.full((side, side), -1.0)
        centre = np.arange(side) + 0.5 - 2 * scale
        self.u = np.broadcast_to(centre[None, :] / (2 * scale), (side, side))  # x - z
        self.v = np.broadcast_to(centre[:, None] / scale, (side, side))  # x + z - 2y

    def add(self, box: Box) -> None:
        """Draw the three visible faces of a box."""
        (x0, y0, z0), (x1, y1, z1) = ([c / 16 for c in corner] for corner in (box.low, box.high))
        u, v = self.u, self.v
        total = v + 2 * y1
        self._face(box, TOP, (total + u) / 2, (x0, x1), (total - u) / 2, (z0, z1), y1)
        x = z1 + u
        self._face(box, SOUTH, x, (x0, x1), (x + z1 - v) / 2, (y0, y1), z1)
        z = x1 - u
        self._face(box, EAST, z, (z0, z1), (x1 + z - v) / 2, (y0, y1), x1)

    def _face(
        self,
        box: Box,
        face: int,
        a: Floats,
        a_range: tuple[float, float],
        b: Floats,
        b_range: tuple[float, float],
        plane: float,
    ) -> None:
        inside = (a >= a_range[0]) & (a < a_range[1]) & (b >= b_range[0]) & (b < b_range[1])
        depth = a + b + plane
        hit = inside & (depth > self.depth)
        shade = np.full(a.shape, SHADES[face])
        alpha = np.full(a.shape, box.alpha, dtype=np.uint8)
        if box.edges and self.scale >= _FINE:
            near = np.minimum(
                np.minimum(a - a_range[0], a_range[1] - a), np.minimum(b - b_range[0], b_range[1] - b)
            )
            line = near < _EDGE
            shade[line] *= 0.84 if box.alpha == 255 else 1.1
            alpha[line] = np.maximum(alpha[line], 150)
        self.depth[hit] = depth[hit]
        lift = box.glow / 255  # what shines is not darkened by its angle
        shade = shade + (1 - shade) * lift
        self.rgb[hit] = (np.array(box.colour)[None, None, :] * shade[:, :, None])[hit]
        self.alpha[hit] = alpha[hit]
        self.glow[hit] = box.glow


def _sprite(shape: Shape, scale: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Return pixel offsets (n, 2) and values (n, 5): red, green, blue, alpha, glow."""
    canvas = _Canvas(scale)
    for box in shape:
        canvas.add(box)
    ys, xs = np.nonzero(canvas.alpha)
    offsets = np.stack((xs, ys), axis=1).astype(np.int32) - 2 * scale
    values = np.empty((len(ys), 5), dtype=np.float64)
    values[:, :3], values[:, 3], values[:, 4] = (c[ys, xs] for c in (canvas.rgb, canvas.alpha, canvas.glow))
    return offsets, values


def make_sprites(palette: Palette, used: Iterable[int], scale: int) -> Sprites:
    """Return the sprites of the entries in `used`; every other entry gets no pixels."""
    count = len(palette)
    memo: dict[Shape, tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]] = {}
    opaque = np.zeros(count, dtype=np.bool_)
    empty = (np.zeros((0, 2), np.int32), np.zeros((0, 5)))
    parts = [empty] * count
    for index in used:
        shape = shape_of(palette.state(index), palette.entity(index))
        opaque[index] = is_full_cube(shape)
        if shape not in memo:
            memo[shape] = _sprite(shape, scale)
        parts[index] = memo[shape]
    lengths = np.array([len(offsets) for offsets, _ in parts], dtype=np.int64)
    offsets = np.concatenate([offsets for offsets, _ in parts])
    values = np.concatenate([values for _, values in parts])
    rgb, glow = values[:, :3], values[:, 4:]
    shaded = rgb * (SHADOW + (1 - SHADOW) * glow / 255)
    return Sprites(
        start=np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths))),
        dx=np.ascontiguousarray(offsets[:, 0]),
        dy=np.ascontiguousarray(offsets[:, 1]),
        colour=np.rint(np.stack((rgb, shaded))).astype(np.uint8),
        alpha=values[:, 3].astype(np.uint8),
        glow=values[:, 4].astype(np.uint8),
        opaque=opaque,
    )
