"""A small network goes all the way: world on disk, every vector simulated, every pass shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from craftc.config import BuildConfig
from craftc.errors import ConfigError, UnsupportedOp
from craftc.model.random_model import random_model
from craftc.passes.pipeline import PASSES, RANDOM_VECTORS, build

SIZES = (5, 3, 2)
QUIET = BuildConfig(verify=False)


@pytest.mark.slow
def test_a_small_machine_is_built_proven_and_shown(tmp_path: Path) -> None:
    shown: list[str] = []
    out, schem = tmp_path / "small", tmp_path / "small.schem"
    report = build(random_model(SIZES, 3), BuildConfig(), out=out, schem=schem, images=None,
                   print_after=("fold", "program", "assemble", "lvs"), emit=shown.append)  # fmt: skip
    assert report["verify"]["vectors"] == RANDOM_VECTORS[1] and report["verify"]["mismatches"] == 0
    assert report["verify"]["registers_checked"] > 0 and report["verify"]["lvs_ok"] is True
    assert {"rerun", "reset", "interrupt"} <= set(report["verify"]["sequences"])
    assert [text.split()[0] for text in shown[:2]] == ["layer", "slots"] and "equal" in shown[3]
    assert schem.read_bytes() == (out / "craftc" / "build.schem").read_bytes()


@pytest.mark.slow
def test_the_same_network_gives_the_same_blocks(tmp_path: Path) -> None:
    for name in ("a", "b"):
        report = build(random_model(SIZES, 5), QUIET, out=None, schem=tmp_path / name, images=None)
        assert report["placed_blocks"] > 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_cannot_be_built_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "one"
    with pytest.raises(UnsupportedOp, match="layer"):
        build(random_model((9, 2, 5), 3), BuildConfig(), out=out, schem=None, images=None)
    assert list(tmp_path.iterdir()) == []


def test_unknown_pass_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no pass 'melt'.*fold.*report"):
        build(random_model(SIZES, 3), BuildConfig(), out=None, schem=None, images=None, print_after=("melt",))
    assert PASSES[0] == "fold"
