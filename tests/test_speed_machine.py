"""The digit recogniser built for speed: faster than the default, proven as every build is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.oracle.client import Judge
from tests.verify.judges import judge_build

from craftc.config import BuildConfig
from craftc.estimate import estimate
from craftc.model.checkpoint_file import load_checkpoint
from craftc.passes.pipeline import build
from craftc.verify import run_once
from craftc.view.why import why

WEIGHTS = Path(__file__).parent.parent / "weights"
TOLERANCE = 0.05  # of the estimate, for volume and redstone ticks
DEFAULT_RT = 2843  # of the default build
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("speed")]  # one build for all
SPEED = BuildConfig(optimize="speed")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished, verified build."""
    out = tmp_path_factory.mktemp("worlds") / "speed"
    checkpoint = load_checkpoint(WEIGHTS / "digits.pt")
    build(checkpoint, SPEED, out=out, schem=None, images=WEIGHTS / "digits-test.npz")
    return out


def _report(world: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((world / "craftc" / "report.json").read_text())
    return made


def test_every_test_image_and_register_agrees_on_disk(world: Path) -> None:
    verify = _report(world)["verify"]
    assert verify["vectors"] == 360 and verify["mismatches"] == 0
    assert verify["registers_checked"] >= 360 * 32
    assert verify["drc_violations"] == 0 and verify["lvs_ok"] is True


def test_it_is_faster_and_the_estimate_says_so(world: Path) -> None:
    report = _report(world)
    assert report["redstone_ticks"] < 0.7 * DEFAULT_RT
    foretold = estimate(load_checkpoint(WEIGHTS / "digits.pt"), SPEED)
    for key, value in (("volume", foretold.volume), ("redstone_ticks", foretold.redstone_ticks)):
        assert abs(report[key] - value) <= TOLERANCE * report[key], key


def test_one_question(world: Path) -> None:
    found = run_once(world, index=17)
    assert found.predicted == found.golden == 1


def test_blocks_say_which_weight_and_which_group_they_are(world: Path) -> None:
    place = json.loads((world / "craftc" / "place.json").read_text())
    groups = place["layers"][0]["groups"]
    assert groups > 1 and place["layers"][1]["splits"] == groups
    rom = next(row["rom"] for row in place["instances"] if row["name"] == "engine0")
    x, y, z = rom["corner"]
    level = 32 // groups + 1  # the first of the second block, above an empty one
    facts = why(world, (x + 2, y + 3 + 2 * level, z + 1))
    assert facts["weight"].startswith(f"layer 0, neuron {32 // groups}, ")
    assert "empty level" in why(world, (x + 2, y + 1 + 2 * level, z + 1))["part"]


@pytest.mark.oracle
@pytest.mark.parametrize("engine", ["mchprs", "mchprs-opt"])
def test_outside_simulator_agrees(world: Path, tmp_path: Path, judge: Judge, engine: str) -> None:
    verdict = judge_build(world, engine, 2, tmp_path)
    assert verdict.images == 2 and verdict.wrong == ()
