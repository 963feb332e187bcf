"""Shared fixtures: the outside judge, and boards that others made."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # makes `tests.oracle.client` importable with importlib mode

if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # workers that fill one cache of kernels at once can take each other's; numba reads this at import
    _kernels = Path(os.environ.get("NUMBA_CACHE_DIR", ROOT / ".pytest_cache" / "numba"))
    os.environ["NUMBA_CACHE_DIR"] = str(_kernels / worker)

from tests.oracle.client import Judge  # noqa: E402 - needs the lines above


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """A running outside judge; skips with a reason where there is none."""
    with Judge.start() as worker:
        yield worker


@pytest.fixture(scope="session")
def boards() -> Path:
    """Folder of boards that others made; skips with a reason where it is absent."""
    folder = Path(os.environ.get("CRAFTC_BOARDS", str(ROOT.parent / "shared" / "boards")))
    if not folder.is_dir():
        pytest.skip("no boards: set CRAFTC_BOARDS to the folder of shared boards")
    return folder


@pytest.fixture(scope="session")
def craftgpt() -> Path:
    """Folder of CraftGPT's weights and test vectors; skips with a reason where it is absent."""
    folder = Path(os.environ.get("CRAFTC_CRAFTGPT", str(ROOT.parent / "shared" / "craftgpt")))
    if not (folder / "weight_files").is_dir():
        pytest.skip("no weights of CraftGPT: set CRAFTC_CRAFTGPT to their folder")
    return folder
