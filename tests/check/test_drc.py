"""Every design rule on a clean board, and on one in which just that rule is broken."""

from __future__ import annotations

import numpy as np
import pytest

from craftc.blocks import Volume
from craftc.cells.drawing import parse
from craftc.check.drc import Finding, check, require_clean
from craftc.errors import CraftcError, DrcError
from craftc.macros.engine import engine
from craftc.sim import settle

CLEAN = """
        y=0      y=1
z=0     .....    .....
z=1     ######   1}-e-#
z=2     .....    .....
"""


def _board() -> Volume:
    return settle(parse("clean", CLEAN, 0).volume)


def _rules(volume: Volume) -> set[str]:
    return {finding.rule for finding in check(volume)[1]}


def test_a_clean_board_and_a_whole_engine_pass() -> None:
    assert check(_board()) == (0, [])
    digits = np.random.default_rng(0).integers(0, 16, (5, 4, 2)).astype(np.uint8)
    require_clean(settle(engine(digits).volume))


def test_missing_support() -> None:
    board = _board()
    board.set((3, 0, 1), "minecraft:air")
    total, findings = check(board)
    assert total == 1
    assert findings[0].rule == "support" and findings[0].pos == (3, 1, 1)


def test_wall_torch_on_air() -> None:
    board = _board()
    board.set((2, 1, 0), "minecraft:redstone_wall_torch[facing=south,lit=true]")
    assert "support" in _rules(board)


def test_wrong_shape() -> None:
    board = _board()
    board.set((2, 1, 1), board.get((2, 1, 1)).with_props(north="side"))
    assert _rules(board) == {"shape"}


@pytest.mark.parametrize("block", ["minecraft:redstone_torch[lit=true]", "minecraft:redstone_block"])
def test_forbidden_side(block: str) -> None:
    board = _board()
    board.set((1, 0, 0), "minecraft:stone")
    board.set((1, 1, 0), block)
    assert "side" in _rules(board)


def test_powered_solid_beside_a_comparator() -> None:
    board = _board()
    board.set((1, 1, 0), "minecraft:stone")
    assert "side" not in _rules(board)
    board.set((0, 0, 0), "minecraft:stone")
    board.set((0, 1, 0), "minecraft:repeater[delay=1,facing=west,locked=false,powered=false]")
    assert "side" in _rules(board)


def test_a_barrel_beside_a_comparator_counts_as_a_solid() -> None:
    """mc-tick takes a barrel that something powers as a side input; a composter conducts nothing."""
    for block, judged in (("barrel", True), ("composter[level=3]", False)):
        board = _board()
        board.set((1, 1, 0), f"minecraft:{block}")
        assert "side" not in _rules(board)
        board.set((0, 0, 0), "minecraft:stone")
        board.set((0, 1, 0), "minecraft:repeater[delay=1,facing=west,locked=false,powered=false]")
        assert ("side" in _rules(board)) == judged


def test_unbaked_constant() -> None:
    board = parse("clean", CLEAN, 0).volume
    assert "entity" in _rules(board)


def test_ripening_composter() -> None:
    board = _board()
    board.set((0, 1, 1), "minecraft:composter[level=7]")
    with pytest.raises(CraftcError):
        check(board)


def test_require_clean_names_rule_place_and_remedy() -> None:
    board = _board()
    board.set((3, 0, 1), "minecraft:air")
    with pytest.raises(DrcError, match=r"1 design rule violations: support at \(3, 1, 1\)"):
        require_clean(board)
    assert "full block" in str(Finding("support", (0, 0, 0), "x"))
