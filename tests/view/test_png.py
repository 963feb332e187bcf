"""Pictures: not blank, deterministic, of the stated size, and true to states and occlusion."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from craftc.blocks import Volume
from craftc.blocks.transform import transformed
from craftc.errors import OutputError
from craftc.view.png import MAX_CANVAS, frame_for, render, render_png

STONE = "stone"
WIRE = "redstone_wire[east=side,north=none,power={power},south=none,west=side]"
SMALL = 60_000  # pixels


def machine(lit: str = "false", power: int = 0) -> Volume:
    """Return a plate with one of everything on it."""
    volume = Volume((8, 3, 6))
    for x in range(8):
        for z in range(6):
            volume.set((x, 0, z), STONE)
    volume.set((1, 1, 1), WIRE.format(power=power))
    volume.set((2, 1, 1), "repeater[delay=3,facing=west,locked=true,powered=false]")
    volume.set((3, 1, 1), "comparator[facing=west,mode=subtract,powered=true]")
    volume.set((4, 1, 1), "redstone_torch[lit=true]")
    volume.set((5, 1, 1), "redstone_wall_torch[facing=east,lit=false]")
    volume.set((1, 1, 3), "lever[face=floor,facing=north,powered=true]")
    volume.set((2, 1, 3), "stone_button[face=floor,facing=north,powered=false]")
    volume.set((3, 1, 3), f"redstone_lamp[lit={lit}]")
    volume.set((4, 1, 3), "oak_sign[rotation=4,waterlogged=false]")
    volume.set((5, 1, 3), "composter[level=5]")
    volume.set((6, 1, 3), "glass")
    volume.set((6, 2, 3), "some_mod_block")
    return volume


def test_picture_is_not_blank() -> None:
    picture = render(machine(), max_pixels=SMALL)
    flat = picture.reshape(-1, 3)
    assert len(np.unique(flat, axis=0)) > 100
    empty = render(Volume((8, 3, 6)), max_pixels=SMALL)
    changed = (picture != empty).any(axis=2).mean()
    assert 0.02 < changed < 0.98


def test_same_volume_gives_same_bytes(tmp_path: Path) -> None:
    sizes = [render_png(machine(), tmp_path / name, max_pixels=SMALL) for name in ("a.png", "b.png")]
    assert sizes[0] == sizes[1]
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_palette_order_does_not_matter() -> None:
    volume = machine()
    other = Volume(volume.size)
    for state, entity in reversed(list(volume.palette)):
        other.palette.add(state, entity)
    other.ids = volume.palette.remap_to(other.palette)[volume.ids]
    assert np.array_equal(render(volume, max_pixels=SMALL), render(other, max_pixels=SMALL))


def test_lit_lamp_is_brighter() -> None:
    off, on = (render(machine(lit), max_pixels=SMALL).astype(int) for lit in ("false", "true"))
    assert (off != on).any()
    assert on.sum() > off.sum()


def test_powered_wire_differs_and_grows_brighter() -> None:
    sums = [int(render(machine(power=p), max_pixels=SMALL).astype(int)[..., 0].sum()) for p in (0, 1, 15)]
    assert sums[0] < sums[1] < sums[2]


def test_hidden_block_does_not_show_and_visible_one_does() -> None:
    base, inside, outside = (Volume((5, 5, 5)) for _ in range(3))
    for volume in (base, inside, outside):
        volume.ids[:] = volume.palette.add(STONE)
    inside.set((2, 2, 2), "red_wool")
    outside.set((2, 4, 2), "red_wool")
    pictures = [render(v, max_pixels=SMALL) for v in (base, inside, outside)]
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


def green_pixels(*front: tuple[int, int, int]) -> int:
    """Return how many pixels show a lime block at (1, 1, 1) behind red ones."""
    volume = Volume((4, 4, 4))
    volume.set((1, 1, 1), "lime_wool")
    for pos in front:
        volume.set(pos, "red_wool")
    picture = render(volume, max_pixels=SMALL).astype(int)
    red, green, blue = (picture[..., c] for c in range(3))
    return int(((green > 1.2 * red) & (green > 1.8 * blue)).sum())


@pytest.mark.parametrize("front", [(2, 1, 1), (1, 2, 1), (1, 1, 2)])
def test_nearer_block_covers_one_face(front: tuple[int, int, int]) -> None:
    assert 0.5 * green_pixels() < green_pixels(front) < 0.8 * green_pixels()


def test_block_on_the_line_of_sight_covers_all() -> None:
    assert green_pixels() > 100
    assert green_pixels((3, 3, 3)) == 0


@pytest.mark.parametrize("behind", [(0, 1, 1), (1, 0, 1), (1, 1, 0), (0, 0, 0)])
def test_farther_block_covers_nothing(behind: tuple[int, int, int]) -> None:
    assert green_pixels(behind) >= 0.95 * green_pixels()


@pytest.mark.parametrize("size", [(1, 1, 1), (8, 3, 6), (200, 30, 90), (3000, 60, 1500)])
@pytest.mark.parametrize("budget", [20_000, 3_000_000])
def test_frame_obeys_formula_and_budget(size: tuple[int, int, int], budget: int) -> None:
    width, height, length = size
    frame = frame_for(size, budget)
    s, k, b = frame.scale, frame.reduce, frame.border
    expected = (
        -(-(width + length) * 2 * s // k) + 2 * b,
        -(-((width + length) * s + height * 2 * s) // k) + 2 * b,
    )
    assert frame.size == expected
    assert frame.size[0] * frame.size[1] <= budget


def test_file_has_the_stated_size(tmp_path: Path) -> None:
    size = render_png(machine(), tmp_path / "x.png", max_pixels=SMALL)
    with Image.open(tmp_path / "x.png") as image:
        assert image.size == size == frame_for((8, 3, 6), SMALL).size


def test_crop_shows_only_that_part() -> None:
    volume = machine()
    part = volume.crop((0, 0, 0), (4, 2, 4))
    cropped = render(volume, max_pixels=SMALL, crop=((0, 0, 0), (4, 2, 4)))
    assert np.array_equal(cropped, render(part, max_pixels=SMALL))


def test_turned_picture_is_the_picture_of_the_turned_volume() -> None:
    volume = machine()
    for turns in range(4):
        picture = render(volume, max_pixels=SMALL, quarter_turns=turns)
        assert np.array_equal(picture, render(transformed(volume, turns), max_pixels=SMALL))
    assert not np.array_equal(
        render(volume, max_pixels=SMALL), render(volume, max_pixels=SMALL, quarter_turns=2)
    )


def test_bad_crop_is_refused() -> None:
    with pytest.raises(OutputError, match=r"crop \(0, 0, 0\)\.\.\(9, 1, 1\) \(legal: 0 <= low < high"):
        render(machine(), crop=((0, 0, 0), (9, 1, 1)))


def test_absurd_size_is_refused_before_any_work() -> None:
    with pytest.raises(OutputError, match=f"{MAX_CANVAS:,} pixels"):
        frame_for((2**20, 384, 2**20))


@pytest.mark.slow
def test_millions_of_blocks_in_seconds() -> None:
    rng = np.random.default_rng(0)
    volume = Volume((400, 32, 400))  # 5.1 M cells
    for name in ("stone", "glass", "redstone_torch[lit=true]", WIRE.format(power=9)):
        volume.palette.add(name)
    volume.ids = rng.integers(0, 5, volume.ids.shape).astype(np.uint16)
    picture = render(volume)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 1000
