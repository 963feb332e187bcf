"""Lets outside simulators answer the test vectors of a build, on its own build.schem."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.oracle.client import judge_python

from craftc.export.io_map import DONE, RUN
from craftc.model import GoldenModel
from craftc.verify.folder import open_build

SCRIPT = Path(__file__).with_name("judge_machine.py")
MC_TICK_CELLS = 8_000_000
"""Largest box of mc-tick, cells."""

SLACK = 2
"""Times the expected ticks that a judge runs per image."""


@dataclass(frozen=True)
class Verdict:
    """What a judge said: number of images, images whose lamps are wrong, seconds per image."""

    engine: str
    images: int
    wrong: tuple[int, ...]
    seconds: tuple[float, ...]


def judge_build(
    directory: Path, engine: str, count: int, work: Path, origin: tuple[int, int, int] = (0, 0, 0)
) -> Verdict:
    """Return what an outside simulator says about the first `count` vectors; `work` is a scratch folder."""
    build = open_build(directory)
    size = [h - lo for lo, h in zip(build.io.low, build.io.high, strict=True)]
    if engine == "mc-tick" and int(np.prod(size)) > MC_TICK_CELLS:
        raise ValueError(f"{size} is too large for mc-tick")
    vectors = build.vectors.first(count)
    io = build.io
    lamps = [io.local(p) for p in (*io.classes, io.outputs[DONE].pos)]
    job = {
        "schem": str(directory / "craftc" / "build.schem"),
        "engine": engine,
        "origin": origin,
        "levers": [io.local(p) for p in io.levers],
        "run": io.local(io.inputs[RUN].pos),
        "lamps": lamps,
        "images": vectors.bits.tolist(),
        "ticks": SLACK * io.expected.game_ticks_per_inference // 2,
    }
    path = work / f"job-{engine}.json"
    path.write_text(json.dumps(job))
    command = [str(judge_python()), SCRIPT, path]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    classes = GoldenModel(build.checkpoint).classify(vectors.bits)
    wanted = np.zeros((len(vectors), len(lamps)), dtype=np.int64)
    wanted[np.arange(len(vectors)), classes] = 1
    wanted[:, -1] = 1
    wrong = np.flatnonzero((np.array(said["lamps"]) != wanted).any(axis=1))
    return Verdict(engine, len(vectors), tuple(int(k) for k in wrong), tuple(said["seconds"]))
