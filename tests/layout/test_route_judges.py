"""Routed wires in outside simulators, turned and mirrored: sinks follow their driver, others stay at 0."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from wires import random_bench

from craftc.blocks.transform import transform_point, transformed
from craftc.export.schem import write_schem
from craftc.layout.route import route
from craftc.sim.board import settle

ROOT = Path(__file__).resolve().parents[2]
JUDGE = ROOT / ".venv-judge" / "bin" / "python"
SCRIPT = ROOT / "tests" / "macros" / "rom_judge.py"


@pytest.mark.oracle
@pytest.mark.skipif(not JUDGE.exists(), reason="no judge environment")
@pytest.mark.parametrize("engine", ["mchprs", "mchprs-opt", "mc-tick"])
@pytest.mark.parametrize(
    ("turns", "mirror", "origin"), [(0, False, (0, 0, 0)), (1, True, (33, 7, -21)), (2, False, (-5, 0, 160))]
)
def test_outside_judges_agree(
    tmp_path: Path, engine: str, turns: int, mirror: bool, origin: tuple[int, int, int]
) -> None:
    bench = random_bench((50, 8, 50), 6, 2, 2, 3)
    result = route(bench.volume, bench.nets)
    size = bench.volume.size
    write_schem(settle(transformed(bench.volume, turns, mirror)), tmp_path / "wires.schem")
    sinks = [(net.name, k, t.pos) for net in bench.nets for k, t in enumerate(net.sinks)]
    for net in bench.nets[:3]:
        driver = len(net.drivers) - 1
        delays = result.nets[net.name].delay_rt[driver]
        ticks, off = 4 * max(delays) + 20, 2 * max(delays) + 10
        job = {
            "schem": str(tmp_path / "wires.schem"), "engine": engine, "origin": origin,
            "lever": transform_point(bench.levers[net.name][driver], size, turns, mirror), "press": [0, off],
            "probes": [transform_point(pos, size, turns, mirror) for _, _, pos in sinks], "ticks": ticks,
        }  # fmt: skip
        (tmp_path / "job.json").write_text(json.dumps(job))
        done = subprocess.run(
            [JUDGE, SCRIPT, tmp_path / "job.json"], capture_output=True, text=True, check=True
        )
        got = np.array(json.loads(done.stdout)) > 0
        now = np.arange(2, ticks + 1, 2)
        for column, (name, k, _) in enumerate(sinks):
            late = 2 * delays[k] if name == net.name else ticks + off
            assert (got[:, column] == ((now >= late) & (now < late + off))).all(), (name, k)
