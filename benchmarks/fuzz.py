"""Differential fuzzing of the simulator against MCHPRS and mc-tick, in a long run.

    python benchmarks/fuzz.py --boards 100000 --seed 0 --out fuzz.json

Batches of 64 boards are numbered from the seed on; the same number is the same batch everywhere. The report
is written after every 16 batches, so a run can be stopped at any time. See docs/fuzz.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.oracle.client import judge_python  # noqa: E402 - needs the line above
from tests.sim.differential import Judges, Tally, examine  # noqa: E402

STYLES = ("portable", "portable", "portable", "core")


def main() -> None:
    """Run until enough boards are compared, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--boards", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("fuzz.json"))
    arguments = parser.parse_args()
    python = judge_python()
    if python is None:
        sys.exit("no outside judge: set CRAFTC_JUDGE_PYTHON to a Python with nucleation")
    tally, began, batch = Tally(), time.monotonic(), arguments.seed
    with Judges(python) as judges:
        while tally.boards < arguments.boards:
            examine(judges, batch, STYLES[batch % len(STYLES)], tally)
            batch += 1
            if batch % 16 == 0:
                report(arguments.out, tally, arguments.seed, batch, time.monotonic() - began)
    report(arguments.out, tally, arguments.seed, batch, time.monotonic() - began)
    print(arguments.out.read_text())


def report(path: Path, tally: Tally, first: int, last: int, seconds: float) -> None:
    """Write what was found so far."""
    facts = {"first_batch": first, "last_batch": last - 1, "seconds": round(seconds, 1), **asdict(tally)}
    path.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
