"""The painter: puts the sprites of all visible blocks onto one canvas, back to front.

Going through the array in its own order (y, then z, then x, all ascending) is already back to front:
a block can only cover another one whose three coordinates are all smaller or equal. So nothing is
sorted and no depth buffer is needed; time is one look at every cell plus the pixels of the visible
blocks, memory is the canvas alone.

The sun stands in the west, half as far out as it is high: all blocks with one value of (2x + y, z) lie
on one ray of light, a block shades its own ray and the two beside it, and every block under the highest
opaque one that shades its ray is in shadow.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from craftc.view.sprites import Sprites

Canvas = npt.NDArray[np.uint8]
Ids = npt.NDArray[np.uint16]
Rays = npt.NDArray[np.int32]


def cast_rays(ids: Ids, opaque: npt.NDArray[np.bool_]) -> Rays:
    """Return the height of the highest opaque block that shades a ray, -1 where none does.

    Shape (z, 2x + y + 1).
    """
    height, length, width = ids.shape
    rays = np.full((length, 2 * width + height + 1), -1, dtype=np.int32)
    for y in range(height):  # ascending, so that the last one written is the highest
        blocks = opaque[ids[y]]  # (z, x)
        view = rays[:, y + 1 : y + 1 + 2 * width : 2]
        view[blocks] = y
    wide = rays.copy()
    np.maximum(wide[:, 1:], rays[:, :-1], out=wide[:, 1:])
    np.maximum(wide[:, :-1], rays[:, 1:], out=wide[:, :-1])
    return wide


def paint(
    ids: Ids, sprites: Sprites, rays: Rays, scale: int, corner: tuple[int, int], size: tuple[int, int]
) -> tuple[Canvas, Canvas]:
    """Return (colour, glow) of a canvas: (h, w, 4) premultiplied red green blue alpha, and (h, w).

    `corner` is the canvas pixel (x, y) of block (0, 0, 0), `size` is (w, h). Blocks must lie inside.
    """
    width, height = size
    colour = np.zeros((height, width, 4), dtype=np.uint8)
    glow = np.zeros((height, width), dtype=np.uint8)
    _paint(
        ids,
        sprites.start,
        sprites.dx,
        sprites.dy,
        sprites.colour,
        sprites.alpha,
        sprites.glow,
        sprites.opaque,
        rays,
        scale,
        corner[0],
        corner[1],
        colour,
        glow,
    )
    return colour, glow


@njit(cache=True)
def _paint(
    ids: Ids,
    start: npt.NDArray[np.int64],
    dx: npt.NDArray[np.int32],
    dy: npt.NDArray[np.int32],
    rgb: npt.NDArray[np.uint8],
    alpha: npt.NDArray[np.uint8],
    shine: npt.NDArray[np.uint8],
    opaque: npt.NDArray[np.bool_],
    rays: Rays,
    scale: int,
    x0: int,
    y0: int,
    colour: Canvas,
    glow: Canvas,
) -> None:
    height, length, width = ids.shape
    for y in range(height):
        for z in range(length):
            for x in range(width):
                entry = ids[y, z, x]
                first, last = start[entry], start[entry + 1]
                if first == last:
                    continue
                if y + 1 < height and z + 1 < length and x + 1 < width:
                    above, south, east = ids[y + 1, z, x], ids[y, z + 1, x], ids[y, z, x + 1]
                    if opaque[above] and opaque[south] and opaque[east]:
                        continue
                light = 1 if rays[z, 2 * x + y + 1] > y else 0
                left = x0 + (x - z) * 2 * scale
                top = y0 + (x + z) * scale - y * 2 * scale
                for p in range(first, last):
                    row, column = top + dy[p], left + dx[p]
                    a = np.int32(alpha[p])
                    if a == 255:
                        for c in range(3):
                            colour[row, column, c] = rgb[light, p, c]
                        colour[row, column, 3] = 255
                        glow[row, column] = shine[p]
                    else:
                        rest = np.int32(255) - a
                        for c in range(3):
                            mixed = rgb[light, p, c] * a + colour[row, column, c] * rest
                            colour[row, column, c] = mixed // 255
                        colour[row, column, 3] = a + colour[row, column, 3] * rest // 255
                        glow[row, column] = glow[row, column] * rest // 255
