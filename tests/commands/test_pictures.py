"""Pictures of digits as levers: sizes, both polarities, and refusals."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from craftc.commands.pictures import _overlap, read_image
from craftc.errors import ModelError

RING = np.zeros((8, 8), dtype=np.uint8)
RING[1:7, 2:6] = 1
RING[3:5, 3:5] = 0


def save(pixels: np.ndarray, path: Path, mode: str = "L") -> Path:
    """Write pixels 0..255 as a PNG."""
    Image.fromarray(pixels.astype(np.uint8)).convert(mode).save(path)
    return path


@pytest.mark.parametrize("factor", [1, 2, 3, 25])
@pytest.mark.parametrize("dark_on_light", [True, False])
def test_any_size_and_polarity_gives_the_same_levers(
    factor: int, dark_on_light: bool, tmp_path: Path
) -> None:
    big = np.kron(RING, np.ones((factor, factor), dtype=np.uint8))
    pixels = 230 - 200 * big if dark_on_light else 20 + 200 * big
    levers = read_image(save(pixels, tmp_path / "ring.png"))
    assert levers.dtype == np.int64
    assert np.array_equal(levers, RING.ravel())


def test_real_test_images_come_back_exactly(tmp_path: Path) -> None:
    from craftc.model.digits import load_images

    images = load_images(Path(__file__).parents[2] / "weights" / "digits-test.npz")
    for number in range(25):
        bits = images.bits[number].reshape(8, 8)
        levers = read_image(save(255 - 255 * bits, tmp_path / "digit.png"))
        assert np.array_equal(levers, images.bits[number])


def test_colours_and_transparency(tmp_path: Path) -> None:
    ink = np.zeros((8, 8, 4), dtype=np.uint8)
    ink[RING == 1] = (20, 20, 120, 255)  # dark blue on nothing
    assert np.array_equal(read_image(save(ink, tmp_path / "a.png", "RGBA")), RING.ravel())


def test_threshold_is_the_share_of_ink(tmp_path: Path) -> None:
    for parts, expected in ((7, 0), (8, 1)):  # of 16
        pixels = np.full((32, 32), 255)
        pixels[16:24, 16:24] = 0  # full ink elsewhere, so that the range is known
        cell = np.full(16, 255)
        cell[:parts] = 0
        pixels[8:12, 8:12] = cell.reshape(4, 4)
        assert read_image(save(pixels, tmp_path / "t.png"))[8 * 2 + 2] == expected


@pytest.mark.parametrize("size", [8, 9, 13, 100])
def test_areas_cover_every_pixel_once(size: int) -> None:
    shares = _overlap(size)
    assert np.allclose(shares.sum(axis=1), 1)
    assert np.allclose(shares.sum(axis=0), 8 / size)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.full((8, 8), 128), "shows no digit: contrast 0 of 255"),
        (np.full((8, 9), 128), "is 9 x 8 pixels"),
        (np.full((7, 7), 128), "is 7 x 7 pixels"),
        (np.arange(256).reshape(16, 16), "is unclear: 50% of its border is light"),
    ],
)
def test_unclear_picture_is_refused(pixels: np.ndarray, message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=message):
        read_image(save(pixels, tmp_path / "x.png"))


def test_hair_line_is_refused(tmp_path: Path) -> None:
    pixels = np.full((80, 80), 255)
    pixels[40, 20:60] = 0
    with pytest.raises(ModelError, match="too thin"):
        read_image(save(pixels, tmp_path / "x.png"))


def test_other_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    with pytest.raises(ModelError, match=r"text\.png: is not a picture"):
        read_image(text)
    with pytest.raises(ModelError, match="no such file"):
        read_image(tmp_path / "absent.png")
    with pytest.raises(ModelError, match="cannot be read"):
        read_image(tmp_path)


def test_truncated_picture_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64))
    path = save(noise, tmp_path / "x.png")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ModelError, match="cannot be read"):
        read_image(path)
