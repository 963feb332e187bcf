"""Pictures of builds: an isometric painter, camera looking at the east, south and top faces.

    shapes.py    block state -> coloured boxes
    sprites.py   boxes -> pixels, once per palette entry
    painter.py   all visible blocks -> canvas
    here         scale, ground, shadow, glow, file

The canvas is painted at a whole scale s and reduced by a whole factor k, which smooths all edges. With
a build of W x H x L blocks (x, y, z) and a border of b pixels the picture has

    width  = ceil((W + L) * 2s / k) + 2b          height = ceil(((W + L) * s + H * 2s) / k) + 2b

No texture of the game is used. Equal volumes give equal bytes.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from craftc.blocks import Volume
from craftc.blocks.transform import transformed
from craftc.errors import OutputError
from craftc.export.safe import atomic_write
from craftc.view.painter import Canvas, Rays, cast_rays, paint
from craftc.view.sprites import make_sprites

Pos = tuple[int, int, int]

MAX_PIXELS = 3_000_000
"""Default size of a picture, pixels."""

MAX_CANVAS = 120_000_000
"""Largest canvas, pixels before reduction; 5 bytes each."""

_STEPS = sorted(
    [(s, k) for s in range(1, 17) for k in (2, 3)] + [(1, k) for k in range(4, 257)],
    key=lambda step: (-step[0] / step[1], step[1]),
)
"""Pairs (s, k), largest picture first."""

_SKY = ((222, 230, 239), (172, 184, 198))
"""Background at the top and at the bottom."""

_GROUND_SHADOW = np.array((0.34, 0.32, 0.27), dtype=np.float32)
"""What a full ground shadow takes of red, green and blue."""

_STRIP = 256  # rows composed at a time

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Frame:
    """Geometry of one picture; pixels, except `scale` and `reduce`."""

    scale: int  # s: canvas pixels per quarter of a block's width
    reduce: int  # k: canvas pixels per picture pixel
    border: int
    inner: tuple[int, int]  # (w, h) without border

    @property
    def size(self) -> tuple[int, int]:
        """(w, h) of the picture."""
        return (self.inner[0] + 2 * self.border, self.inner[1] + 2 * self.border)

    @property
    def canvas(self) -> tuple[int, int]:
        """(w, h) of the canvas."""
        return (self.inner[0] * self.reduce, self.inner[1] * self.reduce)


def frame_for(size: Pos, max_pixels: int = MAX_PIXELS) -> Frame:
    """Return the largest frame of at most `max_pixels` for a build of `size` = (x, y, z).

    Raises OutputError if the canvas would be too large, or `max_pixels` too small for any picture.
    """
    width, height, length = size
    for scale, reduce in _STEPS:
        w = -(-(width + length) * 2 * scale // reduce)
        h = -(-((width + length) * scale + height * 2 * scale) // reduce)
        frame = Frame(scale, reduce, 8 + max(w, h) // 24, (w, h))
        if math.prod(frame.size) <= max_pixels:
            if math.prod(frame.canvas) > MAX_CANVAS:
                break
            return frame
    legal = f"a smaller crop, or a build whose canvas fits {MAX_CANVAS:,} pixels"
    raise OutputError(f"{width} x {height} x {length} blocks in {max_pixels:,} pixels", legal=legal)


def render_png(
    volume: Volume,
    path: Path,
    *,
    max_pixels: int = MAX_PIXELS,
    crop: tuple[Pos, Pos] | None = None,
    quarter_turns: int = 0,
) -> tuple[int, int]:
    """Draw `volume` into a PNG file, whole or not at all, and return its (width, height) in pixels.

    `crop` = (low, high), local, low <= block < high, shows that part only. The build is turned clockwise,
    seen from above, before it is drawn: 1 shows its east and north sides, 2 north and west, 3 west and
    south. Raises OutputError if the crop is empty or outside, if it is too large for a picture, or if the
    file cannot be written.
    """
    picture = render(volume, max_pixels=max_pixels, crop=crop, quarter_turns=quarter_turns)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG", compress_level=6)
    atomic_write(Path(path), buffer.getvalue())
    return (picture.shape[1], picture.shape[0])


def render(
    volume: Volume,
    *,
    max_pixels: int = MAX_PIXELS,
    crop: tuple[Pos, Pos] | None = None,
    quarter_turns: int = 0,
) -> npt.NDArray[np.uint8]:
    """Return the picture as (h, w, 3) red green blue; arguments and errors as for `render_png`."""
    if crop is not None:
        volume = _cropped(volume, crop)
    if quarter_turns % 4:
        volume = transformed(volume, quarter_turns)
    ids = volume.ids
    height, length, width = ids.shape
    frame = frame_for((width, height, length), max_pixels)
    used = np.zeros(len(volume.palette), dtype=np.bool_)
    for layer in ids:
        used[np.unique(layer)] = True
    sprites = make_sprites(volume.palette, np.flatnonzero(used).tolist(), frame.scale)
    rays = cast_rays(ids, sprites.opaque)
    corner = (length * 2 * frame.scale, height * 2 * frame.scale)
    colour, glow = paint(ids, sprites, rays, frame.scale, corner, frame.canvas)
    small, light = _reduced(colour, glow, frame)
    del colour, glow
    return _composed(small, light, _ground(rays, corner, frame), frame)


def _cropped(volume: Volume, crop: tuple[Pos, Pos]) -> Volume:
    low, high = crop
    for axis, limit in enumerate(volume.size):
        if not 0 <= low[axis] < high[axis] <= limit:
            legal = f"0 <= low < high <= {volume.size}"
            raise OutputError(f"crop {low}..{high}", where="picture", legal=legal)
    return volume.crop(low, high)


def _reduced(colour: Canvas, glow: Canvas, frame: Frame) -> tuple[Canvas, Canvas]:
    """Return (colour, light) at picture size: (h, w, 4) premultiplied, and (h, w, 3) shining colour."""
    k, (w, h) = frame.reduce, frame.inner
    small = np.zeros((h, w, 4), dtype=np.uint8)
    light = np.zeros((h, w, 3), dtype=np.uint8)
    for top in range(0, h, _STRIP):
        rows = slice(top, min(h, top + _STRIP))
        part = colour[rows.start * k : rows.stop * k].reshape(-1, k, w, k, 4)
        shine = glow[rows.start * k : rows.stop * k].reshape(-1, k, w, k, 1)
        small[rows] = part.mean(axis=(1, 3), dtype=np.float32).round()
        lit = part[..., :3] * (shine.astype(np.float32) / 255)
        light[rows] = lit.mean(axis=(1, 3), dtype=np.float32).round()
    return small, light


def _ground(rays: Rays, corner: tuple[int, int], frame: Frame) -> Floats:
    """Return the blurred shadow on the ground at picture size, (h, w), 0..1."""
    w, h = frame.size
    k, s = frame.reduce, frame.scale
    mask = np.zeros((h, w), dtype=np.uint8)
    u = (((np.arange(w) + 0.5 - frame.border) * k - corner[0]) / (2 * s))[None, :]  # x - z
    for top in range(0, h, _STRIP):
        rows = np.arange(top, min(h, top + _STRIP))
        v = (((rows + 0.5 - frame.border) * k - corner[1]) / s)[:, None]  # x + z
        ray = np.floor(u + v).astype(np.int64) + 1  # 2x + y + 1 at y = 0
        z = np.floor((v - u) / 2).astype(np.int64)
        inside = (z >= 0) & (z < rays.shape[0]) & (ray >= 0) & (ray < rays.shape[1])
        hit = rays[np.where(inside, z, 0), np.where(inside, ray, 0)] >= 0
        mask[rows] = np.where(inside & hit, 255, 0)
    radius = max(1.5, 3.0 * s / k)
    blurred = Image.fromarray(mask).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(blurred, dtype=np.float32) / np.float32(255)


def _composed(small: Canvas, light: Canvas, ground: Floats, frame: Frame) -> npt.NDArray[np.uint8]:
    """Return background, ground shadow, blocks and glow in one picture, (h, w, 3)."""
    w, h = frame.size
    b = frame.border
    full = np.zeros((h, w, 4), dtype=np.uint8)
    full[b : h - b, b : w - b] = small
    halo = np.zeros((h, w, 3), dtype=np.uint8)
    halo[b : h - b, b : w - b] = light
    bloom = _bloom(halo, max(1.5, 4.0 * frame.scale / frame.reduce))
    out = np.empty((h, w, 3), dtype=np.uint8)
    sky = np.array(_SKY, dtype=np.float32)
    for top in range(0, h, _STRIP):
        rows = slice(top, min(h, top + _STRIP))
        t = (np.arange(rows.start, rows.stop, dtype=np.float32) / max(1, h - 1))[:, None, None]
        base = (sky[0] * (1 - t) + sky[1] * t) * (1 - ground[rows, :, None] * _GROUND_SHADOW)
        cover = full[rows, :, 3:].astype(np.float32) / 255
        mixed = base * (1 - cover) + full[rows, :, :3]
        added = bloom[rows].astype(np.float32)
        screen = 255 - (255 - np.minimum(mixed, 255)) * (255 - added) / 255
        out[rows] = np.clip(screen, 0, 255).round()
    return out


def _bloom(light: Canvas, radius: float) -> Canvas:
    """Return the shining colour spread over its neighbourhood, (h, w, 3)."""
    image = Image.fromarray(light)
    near = np.asarray(image.filter(ImageFilter.GaussianBlur(radius * 0.4)), dtype=np.uint16)
    far = np.asarray(image.filter(ImageFilter.GaussianBlur(radius * 1.6)), dtype=np.uint16)
    total: npt.NDArray[np.uint16] = near // 2 + far
    return np.minimum(total, 255).astype(np.uint8)
