"""report.json has its promised keys, counts what is there, and the page says what happened."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from craftc.blocks import Volume
from craftc.config import BuildConfig
from craftc.export.io_map import Expected, Input, IoMap, Output
from craftc.model import load_checkpoint
from craftc.passes.fold import fold
from craftc.passes.report import (
    BuildFacts,
    blocks_by_kind,
    build_report,
    dumps,
    files_of,
    machine_text,
    peak_rss_mb,
    write_report,
)
from craftc.passes.report_page import as_page
from craftc.verify import Mismatch, VerifyReport

STABLE = {
    "model": {"name", "parameters", "weight_bits"},
    "rom": {"bits", "volume", "blocks_per_bit"},
    "estimate": {"volume", "redstone_ticks"},
    "verify": {"vectors", "mismatches", "drc_violations", "lvs_ok", "registers_checked", "judges"},
}
PLAIN = {"size", "volume", "placed_blocks", "nodes", "redstone_ticks", "seconds", "peak_rss_mb", "files"}
DIGITS = Path(__file__).parents[2] / "weights" / "digits.pt"


def interface() -> IoMap:
    """Return an interface of 12 levers and 11 classes."""
    inputs = {f"lever_{i}": Input((i, 1, 3), "lever", "level") for i in range(12)}
    inputs |= {n: Input((k, 1, 0), "stone_button", "pulse") for k, n in enumerate(("run", "reset"))}
    outputs = {f"class_{j}": Output((j, 1, 1)) for j in range(11)} | {"done": Output((0, 1, 2))}
    return IoMap((0, 0, 0), (20, 4, 5), inputs, outputs, Expected(90, 2160, 24))


def facts(**changes: Any) -> BuildFacts:
    """Return facts about a small volume that claims to be the digits machine."""
    checkpoint = load_checkpoint(DIGITS)
    volume = Volume((20, 4, 5))
    volume.set((0, 0, 0), "stone")
    volume.set((1, 0, 0), "redstone_lamp[lit=true]")
    volume.set((2, 0, 0), "redstone_lamp[lit=false]")
    found = BuildFacts(
        checkpoint, "ab" * 32, fold(checkpoint, BuildConfig()), volume, interface(), 30_000, 77, 420, 1050,
        {"fold": 0.25, "place": 1.5},
    )  # fmt: skip
    return replace(found, **changes)


def verified(mismatches: int = 0) -> VerifyReport:
    """Return a report of a verification."""
    first = Mismatch("vector", 3, 0, "h.0.1", "4", "5", 900) if mismatches else None
    return VerifyReport(
        360, mismatches, 11776, ("rerun", "reset"), 0.975, 1003, 5_000_000, 10.0, 77, first, 368
    )


def test_stable_keys() -> None:
    report = json.loads(dumps(build_report(facts(verify=verified(), drc_violations=0, lvs_ok=True))))
    assert set(report) >= PLAIN | set(STABLE)
    for key, inner in STABLE.items():
        assert set(report[key]) >= inner, key
    assert report["model"]["sha256"] == "ab" * 32 and report["model"]["parameters"] == 2410
    assert report["redstone_ticks"] == 1003 and report["verify"]["events_per_second"] == 500_000
    assert report["verify"]["lvs_ok"] is True and report["seconds"]["total"] == 1.75


def test_figures_come_from_the_blocks() -> None:
    report = build_report(facts())
    assert (report["size"], report["volume"], report["placed_blocks"]) == ([20, 4, 5], 400, 3)
    assert report["blocks"] == {"redstone_lamp": 2, "stone": 1}
    bits = sum(row["weight_bits"] for row in report["layers"])
    assert report["rom"] == {"bits": bits, "volume": 30_000, "blocks_per_bit": 30_000 / bits}
    assert report["layers"][1]["shift"] is None and report["lanes"] >= 2


def test_what_was_not_measured_is_null() -> None:
    report = build_report(facts())
    assert report["redstone_ticks"] is None and report["verify"]["mismatches"] is None
    assert report["verify"]["lvs_ok"] is None and report["world"] is None
    page = as_page(report, interface())
    assert "**not verified**" in page and "| redstone ticks per answer | not measured |" in page


def test_the_page_of_a_sound_build() -> None:
    page = as_page(build_report(facts(verify=verified(), drc_violations=0, lvs_ok=True)), interface())
    assert "every answer and every register agrees" in page
    assert "| run | stone_button | 0 | 1 | 0 |" in page and "`//paste`" in page
    assert page.index("| class_2 |") < page.index("| class_10 |") < page.index("| done |")
    assert "| share of images whose lamp is the label | 97.50% |" in page
    assert "| redstone_lamp | 2 |\n| stone | 1 |" in page


def test_the_page_of_a_failed_build_does_not_praise_it() -> None:
    page = as_page(build_report(facts(verify=verified(5))), interface())
    assert "**Verification failed**: 5 checks" in page and "every answer" not in page


def test_blocks_are_counted_per_name() -> None:
    volume = Volume((4, 1, 1))
    volume.set((1, 0, 0), "repeater[delay=1,facing=west,locked=false,powered=false]")
    volume.set((2, 0, 0), "repeater[delay=4,facing=east,locked=false,powered=true]")
    assert blocks_by_kind(volume) == {"repeater": 2}


def test_both_files_are_written(tmp_path: Path) -> None:
    report = write_report(tmp_path, facts(verify=verified()))
    assert json.loads((tmp_path / "craftc" / "report.json").read_text()) == report
    assert (tmp_path / "craftc" / "report.md").read_text() == as_page(report, interface())


def test_files_and_machine(tmp_path: Path) -> None:
    (tmp_path / "craftc").mkdir()
    (tmp_path / "craftc" / "io.json").write_text("{}")
    assert files_of(tmp_path) == {"craftc/io.json": 2}
    (tmp_path / "region").mkdir()
    (tmp_path / "region" / "r.0.0.mca").write_bytes(b"123")
    assert files_of(tmp_path)["region"] == 3
    assert "Python 3" in machine_text() and "/" not in machine_text()
    assert (peak_rss_mb() or 0) > 20


@pytest.mark.parametrize("key", sorted(PLAIN | set(STABLE)))
def test_every_stable_key_is_documented(key: str) -> None:
    from craftc.passes import report

    assert key in (report.__doc__ or "")
