"""Reads a user's picture of a digit as the 64 levers of the panel.

Ink and paper are told apart by the border, which must be paper for the most part; the picture is then
averaged over 8 x 8 equal areas, and a lever is on where more than THRESHOLD/16 of its area is ink, the
share that the training images use. Whatever cannot be told apart is refused, never guessed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from craftc.errors import ModelError
from craftc.model.digits import SIDE, THRESHOLD

MAX_SIDE = 4096
"""Largest picture read, pixels per side."""

MIN_CONTRAST = 48
"""Least difference between the lightest and the darkest pixel, of 255."""

CLEAR = 0.6
"""Share of the border that must lie on the paper's side of the middle grey."""

LEGAL = "a square picture of one dark digit on light paper, or light on dark, with a clear border"

Floats = npt.NDArray[np.float64]


def read_image(path: Path) -> npt.NDArray[np.int64]:
    """Return the levers (64,), 0 or 1, row-major from the top left.

    Raises ModelError if the file is no picture, is not square, too small or large, or unclear.
    """
    grey = _grey(path)
    low, high = float(grey.min()), float(grey.max())
    where = str(path)
    if high - low < MIN_CONTRAST:
        raise ModelError(f"shows no digit: contrast {high - low:.0f} of 255", where=where, legal=LEGAL)
    light = (grey - low) / (high - low)
    ink = light if not _paper_is_light(light, where) else 1 - light
    levers = (_averaged(ink) > THRESHOLD / 16).astype(np.int64).ravel()
    if not levers.any():
        raise ModelError("its strokes are too thin: no lever would be on", where=where, legal=LEGAL)
    return levers


def _grey(path: Path) -> Floats:
    """Return brightness (h, w), 0..255; what is transparent counts as white."""
    from PIL import Image, UnidentifiedImageError

    where = str(path)
    try:
        with Image.open(path) as image:
            width, height = image.size
            if width != height or not SIDE <= width <= MAX_SIDE:
                legal = f"a square of {SIDE}..{MAX_SIDE} pixels"
                raise ModelError(f"is {width} x {height} pixels", where=where, legal=legal)
            layer = image.convert("RGBA")
    except FileNotFoundError as error:
        raise ModelError("no such file", where=where, legal="a PNG file") from error
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ModelError("is not a picture", where=where, legal="a PNG file") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise ModelError(f"cannot be read: {error}", where=where, legal="a PNG file") from error
    paper = Image.new("RGBA", layer.size, "white")
    return np.asarray(Image.alpha_composite(paper, layer).convert("L"), dtype=np.float64)


def _paper_is_light(light: Floats, where: str) -> bool:
    """Return whether the border is light. Raises ModelError if it is neither light nor dark."""
    border = np.concatenate((light[0], light[-1], light[1:-1, 0], light[1:-1, -1]))
    share = float((border > 0.5).mean())
    if max(share, 1 - share) < CLEAR:
        why = f"is unclear: {share:.0%} of its border is light, so neither side is the paper"
        raise ModelError(why, where=where, legal=LEGAL)
    return share > 0.5


def _averaged(ink: Floats) -> Floats:
    """Return the mean ink of 8 x 8 equal areas, shape (8, 8); pixels on a line count in part."""
    weights = _overlap(ink.shape[0])  # (8, h)
    result: Floats = weights @ ink @ weights.T
    return result


def _overlap(size: int) -> Floats:
    """Return the share of every area that every pixel covers, shape (8, size); rows sum to 1."""
    edges = np.arange(SIDE + 1) * (size / SIDE)
    pixels = np.arange(size)
    low = np.maximum(edges[:-1, None], pixels[None, :])
    high = np.minimum(edges[1:, None], pixels[None, :] + 1)
    shares: Floats = np.maximum(high - low, 0) * (SIDE / size)
    return shares
