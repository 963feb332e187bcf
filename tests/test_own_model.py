"""What docs/own-model.md tells users to do works, and worlds/tug, which came of it, is sound."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from craftc.model import GoldenModel, load_checkpoint
from craftc.verify import read_vectors

ROOT = Path(__file__).parent.parent
WORLD = ROOT / "worlds" / "tug"
PAGE = (ROOT / "docs" / "own-model.md").read_text(encoding="utf-8")


def _craftc(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *line.split()]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _lines() -> list[str]:
    """Return the commands of the page, in order."""
    return re.findall(r"^    (craftc .+)$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after step 1 and 2 of the page."""
    made = tmp_path_factory.mktemp("own")
    (code,) = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    subprocess.run([sys.executable, "-c", code], cwd=made, check=True)
    found = _craftc(next(line for line in _lines() if " quantize " in line), made)
    assert found.returncode == 0 and "100.00%" in found.stdout, found.stderr
    return made


def test_the_model_of_the_page_is_right_about_every_pull(folder: Path) -> None:
    vectors = read_vectors(folder / "pulls.npz", 8, 3)
    assert len(vectors) == 256
    golden = GoldenModel(load_checkpoint(folder / "tug.pt"))
    assert golden.accuracy(vectors.bits.astype("int64"), vectors.labels) == 1


def test_estimates_of_the_page(folder: Path) -> None:
    for line in (line for line in _lines() if " estimate " in line):
        found = _craftc(line, folder)
        assert found.returncode == 0 and "redstone ticks" in found.stdout, found.stderr


@pytest.mark.slow
def test_the_example_world_answers() -> None:
    report = json.loads((WORLD / "craftc" / "report.json").read_text())
    assert report["verify"]["vectors"] == 256 and report["verify"]["mismatches"] == 0
    assert _craftc(f"craftc verify {WORLD}", ROOT).returncode == 0
    asked = next(line for line in _lines() if " run " in line)
    found = _craftc(f"{asked} --json", ROOT)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["class"] == 2
    assert _craftc(next(line for line in _lines() if " why " in line), ROOT).returncode == 0
