"""Outside simulators answer like the model on the same schematic, and see a broken machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.oracle.client import ENGINES, needs_judge

from .judges import judge_build
from .tiny_machine import GATE, build_blocks, write_build

pytestmark = [pytest.mark.oracle, needs_judge]


@pytest.mark.parametrize("engine", ENGINES)
def test_judges_agree_with_the_model(engine: str, tmp_path: Path) -> None:
    verdict = judge_build(write_build(tmp_path / "tiny"), engine, 4, tmp_path)
    assert (verdict.images, verdict.wrong) == (4, ())


@pytest.mark.parametrize("engine", ENGINES)
def test_judges_see_a_changed_gate(engine: str, tmp_path: Path) -> None:
    volume, corner = build_blocks()
    wire = "redstone_wire[east=side,north=side,power=0,south=none,west=side]"
    volume.set((GATE[0] - corner[0], GATE[1] - corner[1], GATE[2] - corner[2]), wire)
    verdict = judge_build(write_build(tmp_path / "tiny", volume), engine, 4, tmp_path)
    assert verdict.wrong == (2, 3)
