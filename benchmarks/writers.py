"""Prints seconds per million cells of the world and schematic writers beside mcschematic.

Boxes of 10 % uniformly random blocks of 51 states (seed 0), and one world with 2,560 comparators and
barrels in every chunk. Each number is the median of `--repeat` runs; files go to a temporary folder.
mcschematic's time includes its setBlock calls, which are how it is filled.

    python benchmarks/writers.py [--millions 1 10] [--repeat 3] [--no-mcschematic]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import mcschematic
import numpy as np

from craftc.blocks import BlockState, Entity, Volume
from craftc.export.schem import read_schem, write_schem
from craftc.export.world import read_world, write_world

SIDES = {1: (100, 100, 100), 10: (250, 160, 250), 50: (500, 200, 500)}
FILLED = 0.1
LEVELS = (1, 3, 6)


def states() -> list[BlockState]:
    """51 states: dust, repeaters, torch, stone, redstone block."""
    make = BlockState.make
    dust = [
        make("redstone_wire", east="none", north="side", south="side", west="none", power=p)
        for p in range(16)
    ]
    repeaters = [
        make("repeater", facing=f, delay=d, locked="false", powered=p)
        for f in ("north", "south", "east", "west")
        for d in (1, 2, 3, 4)
        for p in ("true", "false")
    ]
    return [*dust, *repeaters, make("redstone_torch", lit="true"), make("stone"), make("redstone_block")]


def random_box(millions: int) -> Volume:
    """A box of about `millions` million cells, 10 % filled."""
    volume = Volume(SIDES[millions], origin=(0, -64, 0))
    for state in states():
        volume.palette.add(state)
    rng = np.random.default_rng(0)
    shape = volume.ids.shape
    filled = rng.random(shape, dtype=np.float32) < FILLED
    volume.ids = np.where(filled, rng.integers(1, 52, shape, dtype=np.uint16), np.uint16(0))
    return volume


def entity_box() -> Volume:
    """64 chunks of 256 layers' height with 2,560 comparators and barrels each, on stone."""
    volume = Volume((128, 256, 128), origin=(0, -64, 0))
    stone = volume.palette.add("stone")
    entries = [
        volume.palette.add(BlockState.make(kind, facing="east"), Entity(kind, s))
        for kind in ("comparator", "barrel")
        for s in range(16)
    ]
    volume.ids[::2] = stone
    rng = np.random.default_rng(0)
    for y in range(1, 21, 2):  # 10 layers of 256
        volume.ids[y] = rng.choice(np.array(entries, dtype=np.uint16), volume.ids[y].shape)
    return volume


def median(repeat: int, job: Callable[[Path], object]) -> tuple[float, float]:
    """Median seconds of `job`, and megabytes it left in its folder."""
    seconds, size = [], 0
    for _ in range(repeat):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            job(Path(folder))
            seconds.append(time.perf_counter() - start)
            size = sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file())
    return statistics.median(seconds), size / 1e6


def by_mcschematic(volume: Volume, folder: Path) -> None:
    """Write the same blocks the way mcschematic is used."""
    schem = mcschematic.MCSchematic()
    names = [str(s) for s, _ in volume.palette]
    for y, z, x in np.argwhere(volume.ids).tolist():
        schem.setBlock((x, y, z), names[volume.ids[y, z, x]])
    schem.save(str(folder), "b", mcschematic.Version.JE_1_20_4)


def to_world(volume: Volume, folder: Path, level: int) -> None:
    """Write a world at a zlib level."""
    write_world(volume, folder / "w", level_name="b", spawn=(0, 0, 0), spawn_yaw=0.0, level=level)


def row(name: str, volume: Volume, seconds: float, size: float) -> None:
    """Print one line of the table."""
    cells = volume.volume / 1e6
    print(f"{name:<28} {cells:>8.1f} {seconds:>9.3f} {seconds / cells:>10.4f} {size:>8.2f}", flush=True)


def boxes(volume: Volume, repeat: int, rival: bool) -> None:
    """Measure all writers and readers on one box."""
    for level in LEVELS:
        row(f"world, zlib {level}", volume, *median(repeat, lambda p, k=level: to_world(volume, p, k)))
    for level in LEVELS:
        job = lambda p, k=level: write_schem(volume, p / "b.schem", level=k)  # noqa: E731
        row(f"schem v2, zlib {level}", volume, *median(repeat, job))
    if rival:
        row("mcschematic", volume, *median(repeat, lambda p: by_mcschematic(volume, p)))
    with tempfile.TemporaryDirectory() as folder:
        to_world(volume, Path(folder), 3)
        write_schem(volume, Path(folder) / "b.schem")
        row("read world", volume, median(repeat, lambda _: read_world(Path(folder) / "w"))[0], 0.0)
        row("read schem", volume, median(repeat, lambda _: read_schem(Path(folder) / "b.schem"))[0], 0.0)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--millions", type=int, nargs="+", default=[1, 10], choices=sorted(SIDES))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--no-mcschematic", action="store_true")
    args = parser.parse_args()
    print(f"{'writer':<28} {'M cells':>8} {'s':>9} {'s/M cells':>10} {'MB':>8}")
    for millions in args.millions:
        boxes(random_box(millions), args.repeat, not args.no_mcschematic)
    volume = entity_box()
    print("\n64 chunks with 2,560 comparators and barrels each")
    seconds, size = median(args.repeat, lambda p: to_world(volume, p, 1))
    row("world, zlib 1", volume, seconds, size)
    print(f"{seconds / 64 * 1000:.2f} ms per chunk, all in")


if __name__ == "__main__":
    main()
