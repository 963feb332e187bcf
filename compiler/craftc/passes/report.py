"""Pass `report`: the figures of a finished build, as report.json and as a page for people.

Stable keys of report.json: model {name, parameters, weight_bits, sha256}, size, volume, placed_blocks,
rom {bits, volume, blocks_per_bit}, nodes, estimate {volume, redstone_ticks}, redstone_ticks, verify
{vectors, mismatches, drc_violations, lvs_ok, registers_checked, judges}, seconds, peak_rss_mb, files.
What was not measured is null. Everything measured comes from the blocks, not from the plans.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from craftc.blocks import Volume
from craftc.export.io_map import IoMap
from craftc.export.safe import atomic_write
from craftc.export.world import WorldReport
from craftc.model import Checkpoint
from craftc.passes.fold import LayerPlan
from craftc.passes.report_page import as_page
from craftc.verify import VerifyReport

WEIGHT_BITS = 4
Report = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class BuildFacts:
    """What the passes of a build found out.

    volume        the finished blocks; `rom_volume` the cells of all ROM banks' bounding boxes
    estimate      volume (blocks) and redstone_ticks that were foretold
    verify        None: not verified; drc_violations and lvs_ok None: not checked
    judges        outside simulators that agreed on the same blocks
    seconds       wall time per pass, in order; `files` bytes per file below the build's folder
    """

    checkpoint: Checkpoint
    sha256: str
    plans: Sequence[LayerPlan]
    volume: Volume
    io: IoMap
    rom_volume: int
    nodes: int
    estimate_volume: int
    estimate_redstone_ticks: int
    seconds: Mapping[str, float]
    mc: str = "1.20.4"
    verify: VerifyReport | None = None
    drc_violations: int | None = None
    lvs_ok: bool | None = None
    judges: tuple[str, ...] = ()
    world: WorldReport | None = None
    files: Mapping[str, int] = field(default_factory=dict)


def build_report(facts: BuildFacts) -> Report:
    """Return the contents of report.json."""
    bits = sum(plan.weight_bits for plan in facts.plans)
    ticks = facts.verify.redstone_ticks if facts.verify is not None else None
    return {
        "model": {
            "name": facts.checkpoint.name,
            "parameters": facts.checkpoint.parameters,
            "weight_bits": WEIGHT_BITS,
            "sizes": list(facts.checkpoint.sizes),
            "sha256": facts.sha256,
        },
        "size": list(facts.volume.size),
        "volume": facts.volume.volume,
        "placed_blocks": facts.volume.placed_blocks,
        "rom": {"bits": bits, "volume": facts.rom_volume, "blocks_per_bit": facts.rom_volume / bits},
        "nodes": facts.nodes,
        "lanes": sum(plan.lanes for plan in facts.plans),
        "words_per_lane": max(plan.passes * plan.words for plan in facts.plans),
        "sum_digits": max(plan.sum_digits for plan in facts.plans),
        "slots": facts.io.expected.slots,
        "layers": [layer_row(plan) for plan in facts.plans],
        "estimate": {"volume": facts.estimate_volume, "redstone_ticks": facts.estimate_redstone_ticks},
        "redstone_ticks": ticks,
        "verify": _verification(facts),
        "blocks": blocks_by_kind(facts.volume),
        "world": None if facts.world is None else asdict(facts.world),
        "mc": facts.mc,
        "seconds": {**facts.seconds, "total": sum(facts.seconds.values())},
        "peak_rss_mb": peak_rss_mb(),
        "machine": machine_text(),
        "files": dict(sorted(facts.files.items())),
    }


def layer_row(plan: LayerPlan) -> dict[str, int | None]:
    """Return how one layer is folded."""
    keys = ("index", "n_in", "n_out", "levels", "lanes", "passes", "words", "planes", "sum_digits", "shift",
            "weight_bits")  # fmt: skip
    return {key: getattr(plan, key) for key in keys}


def _verification(facts: BuildFacts) -> dict[str, Any]:
    found = facts.verify
    row: dict[str, Any] = {
        "vectors": 0 if found is None else found.vectors,
        "mismatches": None if found is None else found.mismatches,
        "drc_violations": facts.drc_violations,
        "lvs_ok": facts.lvs_ok,
        "registers_checked": 0 if found is None else found.registers_checked,
        "judges": list(facts.judges),
    }
    if found is not None:
        row |= {
            "checks": found.checks,
            "sequences": list(found.sequences),
            "accuracy": found.accuracy,
            "events": found.events,
            "seconds": found.seconds,
            "events_per_second": found.events_per_second,
            "lint": found.lint,
        }
    return row


def blocks_by_kind(volume: Volume) -> dict[str, int]:
    """Return how many blocks of each name (without namespace) there are, air left out, sorted by name."""
    counts = np.zeros(len(volume.palette), dtype=np.int64)
    for layer in volume.ids:
        counts += np.bincount(layer.reshape(-1), minlength=counts.size)
    found: dict[str, int] = {}
    for (state, _), count in zip(volume.palette, counts.tolist(), strict=True):
        if count and state.short != "air":
            found[state.short] = found.get(state.short, 0) + count
    return dict(sorted(found.items()))


def files_of(directory: Path) -> dict[str, int]:
    """Return the bytes of every file in DIR/craftc, and of all region files together as `region`."""
    room = directory / "craftc"
    found = {f"craftc/{f.name}": f.stat().st_size for f in sorted(room.iterdir()) if f.is_file()}
    regions = sorted((directory / "region").glob("*.mca"))
    return found | ({"region": sum(f.stat().st_size for f in regions)} if regions else {})


def peak_rss_mb() -> float | None:
    """Return the most memory this process has held, in MiB; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def machine_text() -> str:
    """Return what ran the build: system, processors, interpreter."""
    python = f"Python {platform.python_version()}, numpy {np.__version__}"
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, {python}"


def write_report(directory: Path, facts: BuildFacts) -> Report:
    """Write report.json and report.md into DIR/craftc, whole or not at all, and return the report."""
    report = build_report(facts)
    room = Path(directory) / "craftc"
    atomic_write(room / "report.md", as_page(report, facts.io).encode())
    atomic_write(room / "report.json", dumps(report).encode())
    return report


def dumps(report: Report) -> str:
    """Return the text of report.json."""
    return json.dumps(report, indent=2) + "\n"
