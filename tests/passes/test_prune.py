"""What cannot matter is taken out, and what stays does the same as before."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sim.fuzz import random_board, random_script

from craftc.blocks import Volume
from craftc.blocks.volume import Pos
from craftc.check import idle
from craftc.lint import Setting, lint_board
from craftc.passes import prune as pass_prune
from craftc.passes.prune import prune
from craftc.sim import Board, settle
from craftc.sim.devices import KIND_NAMES

LEVER = "lever[face=floor,facing=north,powered=false]"
EAST = "repeater[facing=west,delay=1]"
COMPARE = "comparator[facing=west,mode=compare]"
BOARDS, TICKS = 60, 240


def line(*blocks: str, z: int = 1, into: Volume | None = None) -> Volume:
    """Blocks along x on a floor."""
    volume = into or Volume((12, 4, 6))
    for x, block in enumerate(blocks):
        volume.set((x, 0, z), "stone")
        volume.set((x, 1, z), block)
    return volume


def kinds(volume: Volume) -> list[str]:
    """Kinds of the nodes of a board, in array order."""
    return [KIND_NAMES[k] for k in Board(volume, "trusted").graph.kind]


def test_a_line_that_nobody_drives_goes_with_its_floor() -> None:
    driven = line(LEVER, "redstone_wire", EAST, "redstone_wire", "redstone_lamp")
    alone = settle(driven).placed_blocks
    found = prune(
        settle(line("redstone_wire", COMPARE, "stone", "redstone_wire", EAST, z=4, into=driven)), ()
    )
    assert found.volume.placed_blocks == alone + 1  # the floor under the stone that was between devices
    assert kinds(found.volume) == ["lever", "repeater", "lamp"] and found.nodes == 3


def test_the_dead_beginning_of_a_chain_goes_and_the_rest_stays() -> None:
    volume = line("stone", "redstone_wire", COMPARE, "stone", "redstone_wire", COMPARE, "redstone_lamp")
    for z, block in ((2, "repeater[facing=south,delay=1]"), (3, LEVER)):
        volume.set((3, 0, z), "stone")
        volume.set((3, 1, z), block)
    found = prune(settle(volume), ())
    assert kinds(found.volume) == ["compare", "lamp", "repeater", "lever"]
    assert found.volume.get((2, 1, 1)).short == "air" and found.volume.get((5, 1, 1)).short == "comparator"


def test_what_is_always_shut_off_is_idle_and_so_is_what_feeds_it() -> None:
    """A comparator that subtracts a constant 15 gives nothing, whatever the lever does."""
    volume = line(LEVER, "redstone_wire", "comparator[facing=west,mode=subtract]", "redstone_lamp")
    volume.set((2, 1, 2), "redstone_block")
    found = prune(settle(volume), ())
    assert kinds(found.volume) == ["lever", "lamp"]


def test_ports_are_read_whatever_stands_there() -> None:
    volume = settle(line(LEVER, "redstone_wire", EAST, "redstone_wire"))
    assert kinds(prune(volume, ()).volume) == ["lever"]
    for port in ((2, 1, 1), (3, 1, 1), (4, 1, 1)):
        assert kinds(prune(volume, [port]).volume) == ["lever", "repeater"]


def test_dust_that_would_take_another_shape_keeps_its_neighbour() -> None:
    """Without the idle repeater in the south, the dust would point east, into the lamp."""
    volume = line(LEVER, "redstone_wire", "redstone_lamp")
    volume.set((1, 0, 0), "redstone_lamp")  # lit by the dust through its floor
    volume.set((1, 0, 2), "stone")
    volume.set((1, 1, 2), "repeater[facing=north,delay=1]")
    settled = settle(volume)
    found = prune(settled, ())
    assert found.removed == 0 and kinds(found.volume) == ["lamp", "lever", "lamp", "repeater"]


def link_count(volume: Volume) -> int:
    """Links of a board's graph."""
    return len(Board(volume, "trusted").graph.link.target)


def places(volume: Volume, *names: str) -> list[Pos]:
    """Positions of blocks of these names."""
    wanted = np.array([state.short in names for state, _ in volume.palette])
    return list(volume.positions(wanted[volume.ids]))


def same_lamps(before: Volume, after: Volume, levers: list[Pos], seed: int = 1) -> bool:
    """Whether every device of `after`, lamps above all, does what it did before."""
    script = random_script(seed, levers, 8, 24)
    read = places(after, "redstone_lamp", "repeater", "comparator", "redstone_torch", "redstone_wall_torch")
    one, two = (Board(v, "trusted").run_script(script, TICKS, read) for v in (before, after))
    return bool(read) and np.array_equal(one, two)


def settled_boards() -> list[tuple[int, Volume]]:
    """Random boards that come to rest."""
    out = []
    for seed in range(BOARDS):
        board = Board(random_board(seed))
        if board.quiet:
            out.append((seed, board.write_back()))
    return out


def test_random_boards_do_the_same_and_have_nothing_idle_left() -> None:
    removed = 0
    for seed, volume in settled_boards():
        found = prune(volume, ())
        removed += found.removed
        assert places(volume, "redstone_lamp") == places(found.volume, "redstone_lamp")
        assert not places(found.volume, "redstone_lamp") or same_lamps(
            volume, found.volume, places(volume, "lever"), seed
        ), seed
        assert prune(found.volume, ()).removed == 0, seed
    assert removed > 500


def test_a_pruned_board_lints_without_idle_parts() -> None:
    volume = settle(line(LEVER, "redstone_wire", EAST, "redstone_lamp", "redstone_wire", EAST))
    assert lint_board(volume, Setting(orders=0)).counts().get("idle", 0) > 0
    assert "idle" not in lint_board(prune(volume, ()).volume, Setting(orders=0)).counts()


def test_taking_out_what_matters_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The links are compared: an analysis that calls a driven repeater idle changes nothing."""
    volume = settle(line(LEVER, "redstone_wire", EAST, "redstone_wire", "redstone_lamp"))

    def wrong(*args: object) -> idle.Needed:
        right = idle.needed(*args)  # type: ignore[arg-type]
        return idle.Needed(right.node, np.zeros_like(right.dust))

    monkeypatch.setattr(pass_prune, "needed", wrong)
    found = prune(volume, ())
    assert found.removed == 0 and link_count(found.volume) == link_count(volume)
