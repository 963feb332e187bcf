"""Benchmarks of the parts that decide how long a build takes: `python benchmarks/run.py [NAME...]`.

Every benchmark is a function that returns rows (what, value, unit). Times are the median of REPEATS runs
after one that is not counted, because the first one compiles; the machine is named above the table.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import counters
import lanes
import numpy as np
import scale
import tiles
import tiles_large

import lm as language
import sim
import train
from craftc.blocks import Volume

REPEATS = 3
Row = tuple[str, float, str]


def median_s(work: Callable[[], object]) -> float:
    """Return the median seconds of a call."""
    work()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def plate(width: int, height: int, length: int) -> Volume:
    """Return layers of powered dust on stone with devices strewn in: what a machine looks like from afar."""
    volume = Volume((width, height, length))
    states = ("stone", "redstone_wire[east=side,north=side,power=9,south=side,west=side]")
    states += ("repeater[delay=2,facing=west,locked=false,powered=true]", "redstone_torch[lit=true]")
    stone, *devices = [volume.palette.add(state) for state in states]
    rng = np.random.default_rng(0)
    volume.ids[0::2] = stone
    volume.ids[1::2] = rng.choice([0, *devices], volume.ids[1::2].shape)
    return volume


def picture() -> list[Row]:
    """Return how fast the painter is."""
    from craftc.view.png import render

    volume = plate(320, 40, 400)
    seconds = median_s(lambda: render(volume))
    return [("picture", seconds, "s"), ("picture", volume.volume / seconds / 1e6, "M blocks/s")]


def schematic() -> list[Row]:
    """Return how fast schematics are written and read, and their size."""
    from craftc.export.schem import write_schem
    from craftc.export.schem_read import read_schem

    volume = plate(320, 40, 400)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "b.schem"
        writing = median_s(lambda: write_schem(volume, path))
        reading = median_s(lambda: read_schem(path))
        size = path.stat().st_size
    count = volume.volume / 1e6
    return [
        ("schematic, write", count / writing, "M blocks/s"),
        ("schematic, read", count / reading, "M blocks/s"),
        ("schematic, size", size * 8 / volume.volume, "bits/block"),
    ]


BENCHMARKS: dict[str, Callable[[], Iterable[Row]]] = {
    "picture": picture,
    "schematic": schematic,
    "lm": language.speed,
    "numerics": language.numerics,
    "training": train.training,
    **sim.BENCHMARKS,
    **lanes.BENCHMARKS,
    **tiles.BENCHMARKS,
}


LONG: dict[str, Callable[[list[str]], int]] = {
    "scale": scale.main,
    "counters": counters.main,
    "tiles-large": tiles_large.main,
}
"""Benchmarks of many minutes, which print a table of their own and run only when they are named."""


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all but the long ones; return 2 for an unknown name."""
    unknown = [name for name in names if name not in BENCHMARKS and name not in LONG]
    if unknown:
        print(f"unknown benchmark {unknown[0]!r} (legal: {', '.join([*BENCHMARKS, *LONG])})", file=sys.stderr)
        return 2
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for name in names or BENCHMARKS:
        if name in LONG:
            LONG[name]([])
            continue
        for what, value, unit in BENCHMARKS[name]():
            print(f"{what:40} {value:10.3f} {unit}", flush=True)
    print(f"{'peak memory':40} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:10.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
