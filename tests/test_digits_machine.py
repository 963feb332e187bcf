"""The whole way: the shipped digit model becomes a world, and the world on disk is the model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.oracle.client import Judge
from tests.verify.damage import change_rom, swap_bits, swap_lamps, with_interface
from tests.verify.judges import judge_build

from craftc.config import BuildConfig
from craftc.errors import MismatchError
from craftc.estimate import estimate
from craftc.model.checkpoint_file import load_checkpoint
from craftc.model.digits import load_images
from craftc.model.golden import GoldenModel
from craftc.passes.pipeline import build
from craftc.verify import run_once, run_verify, verify_build
from craftc.view.why import why

WEIGHTS = Path(__file__).parent.parent / "weights"
TOLERANCE = 0.05  # of the estimate, for volume and redstone ticks
JUDGED = 20  # images that every outside simulator answers
MC_TICK = pytest.param("mc-tick", marks=pytest.mark.xdist_group("mc-tick"))  # 20 to 30 s per image
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("digits")]  # one build for all


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished, verified build of the digit recogniser."""
    out = tmp_path_factory.mktemp("worlds") / "digits"
    checkpoint = load_checkpoint(WEIGHTS / "digits.pt")
    build(checkpoint, BuildConfig(), out=out, schem=None, images=WEIGHTS / "digits-test.npz")
    return out


def _report(world: Path) -> dict[str, object]:
    made: dict[str, object] = json.loads((world / "craftc" / "report.json").read_text())
    return made


def test_every_test_image_and_register_agrees_on_disk(world: Path) -> None:
    verify = _report(world)["verify"]
    assert isinstance(verify, dict)
    assert verify["vectors"] == 360 and verify["mismatches"] == 0
    assert verify["registers_checked"] >= 360 * 32
    assert verify["drc_violations"] == 0 and verify["lvs_ok"] is True


def test_accuracy_of_the_blocks_is_that_of_the_integers(world: Path) -> None:
    images = load_images(WEIGHTS / "digits-test.npz")
    golden = GoldenModel.from_checkpoint(load_checkpoint(world / "craftc" / "model.pt"))
    assert golden.accuracy(images.bits.astype(np.int64), images.labels) >= 0.95


def test_estimate_is_close(world: Path) -> None:
    report = _report(world)
    foretold = estimate(load_checkpoint(WEIGHTS / "digits.pt"), BuildConfig())
    for key, value in (("volume", foretold.volume), ("redstone_ticks", foretold.redstone_ticks)):
        measured = report[key]
        assert isinstance(measured, int)
        assert abs(measured - value) <= TOLERANCE * measured, key
    rom = report["rom"]
    assert isinstance(rom, dict) and rom["blocks_per_bit"] <= 4.5


def test_one_question(world: Path) -> None:
    found = run_once(world, index=17)
    assert found.predicted == found.golden == 1
    assert 2000 < found.redstone_ticks < 3000


def test_a_changed_rom_constant_is_found_and_named(world: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    change_rom(world, bad)
    with pytest.raises(MismatchError, match=r"h\.0\.|build\.schem|layer 0"):
        run_verify(bad, limit=40)


def test_a_swapped_register_bit_is_found(world: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    with_interface(world, bad, swap_bits("h.0.4"))
    assert verify_build(bad, limit=40).mismatches > 0


def test_swapped_lamps_are_found(world: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    with_interface(world, bad, swap_lamps())
    assert verify_build(bad, limit=40).mismatches > 0


def test_every_block_of_the_rom_says_which_weight_it_is(world: Path) -> None:
    place = json.loads((world / "craftc" / "place.json").read_text())
    assert "engine0" in json.dumps(place)
    answer = why(world, (99, 3, 155))
    assert answer


@pytest.mark.oracle
@pytest.mark.parametrize("engine", ["mchprs", "mchprs-opt", MC_TICK])
def test_outside_simulator_agrees(world: Path, tmp_path: Path, judge: Judge, engine: str) -> None:
    verdict = judge_build(world, engine, JUDGED, tmp_path)
    assert verdict.images == JUDGED and verdict.wrong == ()
