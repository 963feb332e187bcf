"""Differential fuzzing of the simulator against MCHPRS and mc-tick, in a long run.

    python benchmarks/fuzz.py --boards 100000 --seed 0 --out fuzz.json
    python benchmarks/fuzz.py --summary fuzz.json more.json
    python benchmarks/fuzz.py --sliced --boards 20000 --seed 0 --out sliced.json

Batches of 64 boards are numbered from the seed on; the same number is the same batch everywhere. The report
is written after every fourth batch, so a run can be stopped at any time. With --sliced, tiles and lanes are
compared with the graph engine; no judge is needed then. See docs/fuzz.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.oracle.client import judge_python  # noqa: E402 - needs the line above
from tests.sim.differential import Tally, examine  # noqa: E402
from tests.sim.judges import Judges  # noqa: E402
from tests.sim.sliced_fuzz import Count, compare_batch  # noqa: E402

STYLES = ("portable", "core", "portable", "wide", "portable", "portable", "portable", "wide")


def main() -> None:
    """Run until enough boards are compared, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--boards", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("fuzz.json"))
    parser.add_argument("--sliced", action="store_true", help="Compare tiles and lanes with graph instead.")
    parser.add_argument("--summary", type=Path, nargs="+", help="Reports to add up and print as tables.")
    arguments = parser.parse_args()
    if arguments.summary:
        print(summary([json.loads(path.read_text()) for path in arguments.summary]))
        return
    if arguments.sliced:
        compare_sliced(arguments.boards, arguments.seed, arguments.out)
        return
    python = judge_python()
    if python is None:
        sys.exit("no outside judge: set CRAFTC_JUDGE_PYTHON to a Python with nucleation")
    tally, began, batch = Tally(), time.monotonic(), arguments.seed
    with Judges(python) as judges:
        while tally.boards < arguments.boards:
            examine(judges, batch, STYLES[batch % len(STYLES)], tally)
            batch += 1
            if batch % 4 == 0:
                report(arguments.out, tally, arguments.seed, batch, time.monotonic() - began)
    report(arguments.out, tally, arguments.seed, batch, time.monotonic() - began)
    print(arguments.out.read_text())


def compare_sliced(boards: int, seed: int, path: Path) -> None:
    """Compare the bit-sliced engines with the graph engine, and write what was found."""
    total: dict[str, Count] = {}
    began, batch = time.process_time(), seed
    while sum(count.boards for count in total.values()) < boards:
        for name, count in compare_batch(batch).items():
            total.setdefault(name, Count()).add(count)
        batch += 1
        facts = {"first_batch": seed, "last_batch": batch - 1, "seconds": time.process_time() - began}
        found = {name: asdict(count) for name, count in total.items()}
        path.write_text(json.dumps({**facts, "engines": found}, indent=1, sort_keys=True) + "\n")


def summary(reports: list[dict[str, Any]]) -> str:
    """Return the tables of docs/fuzz.md for the sum of some reports."""
    asked: Counter[str] = Counter()
    explained: Counter[str] = Counter()
    for found in reports:
        asked.update(found["asked"])
        explained.update(found["explained"])
    reasons = sorted({key.split(": ")[1] for key in explained})
    batches = ", ".join(f"{found['first_batch']} to {found['last_batch']}" for found in reports)
    boards = sum(found["boards"] for found in reports)
    unexplained = sum(len(found["unexplained"]) for found in reports)
    restless = sum(found["restless"] for found in reports)
    lines = [
        f"{boards:,} boards (batches {batches}; {restless:,} more did not come to rest); "
        f"{unexplained} differences without a reason.",
        "",
        "| judge | boards | " + " | ".join(reasons) + " |",
        "|---|---|" + "---|" * len(reasons),
    ]
    for judge in sorted(asked):
        counts = [explained[f"{judge}: {reason}"] for reason in reasons]
        lines.append(f"| {judge} | {asked[judge]:,} | " + " | ".join(f"{n:,}" for n in counts) + " |")
    return "\n".join(lines)


def report(path: Path, tally: Tally, first: int, last: int, seconds: float) -> None:
    """Write what was found so far."""
    facts = {"first_batch": first, "last_batch": last - 1, "seconds": round(seconds, 1), **asdict(tally)}
    path.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
