"""The demo beside a random network with ten times its neurons in every layer: what does a weight cost?

    python benchmarks/scale.py                      build both, print the figures side by side
    python benchmarks/scale.py 320-160-50           another random network
    python benchmarks/scale.py --save random.pt     only write the random network, for `craftc build`

Both are built, checked and verified on disk as by `craftc build`, each in a process of its own. The large one
takes several minutes and 4 GB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SIZES = "640-320-100"
SEED = 0
DEMO = Path(__file__).resolve().parents[1] / "weights" / "digits.pt"
Report = dict[str, Any]
Figure = tuple[str, float]


def figures(report: Report) -> list[Figure]:
    """Return the figures of a report.json that grow with the network, as (name, value)."""
    verify, seconds = report["verify"], report["seconds"]
    built = sum(value for name, value in seconds.items() if name not in ("verify", "total"))
    return [
        ("volume, blocks", report["volume"]),
        ("placed blocks", report["placed_blocks"]),
        ("ROM bits", report["rom"]["bits"]),
        ("ROM volume, blocks", report["rom"]["volume"]),
        ("nodes", report["nodes"]),
        ("redstone ticks per answer", report["redstone_ticks"]),
        ("events per answer", verify["events"] / max(verify["checks"], 1)),
        ("build, s", built),
        ("verify, s", seconds["verify"]),
        ("peak memory, MB", report["peak_rss_mb"]),
        ("world, bytes", report["files"]["region"]),
    ]


def side_by_side(small: Report, large: Report) -> str:
    """Return both machines' figures, and how those per weight compare (1: cost grows as the weights do)."""
    weights = [report["rom"]["bits"] / 4 for report in (small, large)]
    rows = [f"{'':26} {small['model']['name']:>14} {large['model']['name']:>20} {'per weight':>12}"]
    rows.append(f"{'weights and biases':26} {weights[0]:14,.0f} {weights[1]:20,.0f}")
    sizes = [" x ".join(map(str, report["size"])) for report in (small, large)]
    rows.append(f"{'size':26} {sizes[0]:>14} {sizes[1]:>20}")
    for (name, a), (_, b) in zip(figures(small), figures(large), strict=True):
        rows.append(f"{name:26} {a:14,.0f} {b:20,.0f} {(b / weights[1]) / (a / weights[0]):11.2f}x")
    for report in (small, large):
        found = report["verify"]
        rows.append(
            f"{report['model']['name']}: {found['vectors']} vectors, {found['registers_checked']} registers, "
            f"{found['mismatches']} mismatches, {found['drc_violations']} design rule violations, "
            f"layout {'equal' if found['lvs_ok'] else 'DIFFERS'}"
        )
    return "\n".join(rows)


def save_random(sizes: str, path: Path) -> None:
    """Write the random network of these layer sizes."""
    from craftc.model import random_model, save_checkpoint

    save_checkpoint(random_model([int(n) for n in sizes.split("-")], SEED), path)


def built(model: Path, folder: Path) -> Report:
    """Return the report of a model that a fresh process builds into `folder`."""
    subprocess.run([sys.executable, "-m", "craftc", "build", str(model), "-o", str(folder)], check=True)
    report: Report = json.loads((folder / "craftc" / "report.json").read_text(encoding="utf-8"))
    return report


def main(arguments: list[str]) -> int:
    """Build both machines and print their figures, or write the random network."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sizes", nargs="?", default=SIZES, help="layer sizes of the random network")
    parser.add_argument("--save", type=Path, help="write the random network here and build nothing")
    chosen = parser.parse_args(arguments)
    if chosen.save is not None:
        save_random(chosen.sizes, chosen.save)
        return 0
    with tempfile.TemporaryDirectory() as room:
        model = Path(room) / "random.pt"
        save_random(chosen.sizes, model)
        small, large = built(DEMO, Path(room) / "digits"), built(model, Path(room) / "random")
    print(side_by_side(small, large))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
