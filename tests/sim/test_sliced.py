"""The bit-sliced engines behind the common interface: equal to the graph engine, and telling what runs."""

from __future__ import annotations

import os

import numpy as np
import pytest
from tests.sim.every_engine import ForcedLanes, ForcedTiles
from tests.sim.fuzz import random_board
from tests.sim.rows import LEVER, row
from tests.sim.sliced_fuzz import Count, boards, compare, compare_batch
from tests.sim.small import draw
from tests.sim.test_continue import actions_of, board_of
from tests.sim.test_tiles import levers_of, repeated

from craftc.errors import SimError
from craftc.sim import Board, tiles
from craftc.sim.interface import BlockTick, Engine
from craftc.sim.lanes_words import OUT, ROW
from craftc.sim.live import GraphSimulator
from craftc.sim.sliced import LanesSimulator, TilesSimulator
from craftc.sim.sliced.lanes import Copies
from craftc.sim.tiles import Tiles
from craftc.sim.trace import Plan, record

FIRST = 2_000_000
BATCHES = int(os.environ.get("CRAFTC_FUZZ_BATCHES", "4"))
"""Batches of 64 boards; 4 take about 8 seconds of one core."""


def test_random_boards_with_writes_and_checkpoints() -> None:
    total = Count()
    for number in range(FIRST, FIRST + BATCHES):
        for count in compare_batch(number).values():
            total.add(count)
    assert total.differences == []
    assert total.boards > 60 * BATCHES and total.writes > 30 * BATCHES
    assert total.hand_overs > 0 and total.sliced_to_the_end > total.boards // 2


def test_a_forgotten_order_of_ticks_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tiles, "_at_rest", lambda self: True)
    assert compare_batch(FIRST, {"tiles": ForcedTiles})["tiles"].differences


def test_a_phantom_taken_for_rest_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick that does nothing, which free order leaves out: found on this board of a long run."""
    seed = 13648
    board = boards(seed // 64)[seed]
    assert not compare("tiles", ForcedTiles, board, seed).differences
    monkeypatch.setattr(tiles, "phantom_waits", lambda flow: False)
    assert compare("tiles", ForcedTiles, board, seed).differences


def test_copies_that_differ_are_noticed() -> None:
    board = ForcedLanes(row(".e-}-"))
    runner = board._runner
    assert isinstance(runner, Copies)
    runner._flow.row[runner._flow.unit[1, ROW] + OUT] ^= np.uint64(8)
    for read in (board.write_back, lambda: board.probe([(1, 1, 0), (2, 1, 0)], 3)):
        with pytest.raises(SimError, match="equal stimuli differ"):
            read()


def test_boards_of_equal_parts_are_sliced_and_others_left() -> None:
    volume = repeated(random_board(26), 12)
    board = TilesSimulator(volume)
    assert board.sliced and "groups" in board.how and board.hand_overs == 0
    lone = TilesSimulator(random_board(3))
    assert not lone.sliced and lone.how == "no equal parts: run by the graph engine"
    assert GraphSimulator(random_board(3)).how == "graph engine"


@pytest.mark.parametrize("engine", [ForcedTiles, ForcedLanes])
def test_components_that_are_not_sliced_are_named(engine: type[TilesSimulator | LanesSimulator]) -> None:
    volume = row(".-.", x2="oak_trapdoor[half=bottom,open=false,powered=false]")
    board = engine(volume)
    assert board.how == "not bit-sliced: trapdoor; run by the graph engine" and not board.sliced
    board.use(LEVER)
    assert board.block((2, 1, 0)).get("open") == "true"
    board.set_block((2, 1, 0), "redstone_lamp")
    board.use(LEVER)
    board.use(LEVER)
    board.run(1)
    assert board.sliced and board.block((2, 1, 0)).get("lit") == "true"


@pytest.mark.parametrize("engine", [ForcedTiles, ForcedLanes])
def test_plates_and_targets_are_sliced(engine: type[TilesSimulator | LanesSimulator]) -> None:
    volume = row(".-}-}-", lever=False, x0="heavy_weighted_pressure_plate[power=0]")
    board, graph = engine(volume), GraphSimulator(volume)
    assert board.sliced
    for power in (7, 7, 3, 15, 0):
        for each in (board, graph):
            each.set_block((0, 1, 0), f"heavy_weighted_pressure_plate[power={power}]")
            each.run(9)
        assert board.sliced and board.power((5, 1, 0)) == graph.power((5, 1, 0)) == power
        assert board.take_changes() == graph.take_changes()


def test_a_write_hands_over_until_slicing_pays_again() -> None:
    class Patient(ForcedTiles):
        again_after = 1.0

    board = Patient(row(".e-e-e-"))
    assert board.sliced
    board.set_block((8, 1, 0), "stone")
    board.run(1)
    assert not board.sliced and board.hand_overs == 1 and "was written" in board.how
    while board.events < board.nodes:
        board.use(LEVER)
        board.run(20)
    board.run(1)
    assert board.sliced and board.hand_overs == 1


def test_levers_turned_by_writing_stay_sliced() -> None:
    board, straight = ForcedTiles(row(".e-")), GraphSimulator(row(".e-"))
    for powered in ("true", "true", "false"):
        state = board.block(LEVER).with_props(powered=powered)
        for each in (board, straight):
            each.set_block(LEVER, state)
            each.run(3)
        assert board.take_changes() == straight.take_changes() and board.sliced
    assert board.hand_overs == 0


@pytest.mark.parametrize("engine", [ForcedTiles, ForcedLanes])
def test_snapshots_reach_back_over_writes(engine: type[TilesSimulator | LanesSimulator]) -> None:
    batch = board_of(3)
    board = engine(batch.volume, "trusted")
    actions = actions_of(batch)
    early = [a for a in actions if a.at_gt < 30]
    begin = record(board, early, Plan(30))
    kept = board.snapshot()
    later = [a for a in actions if 30 <= a.at_gt < 60]
    first = record(board, later, Plan(30))
    counts = (board.events, board.burnouts, board.now_gt)
    board.set_block((3, 3, 3), "redstone_block")
    board.run(9)
    board.restore(kept)
    assert board.now_gt == 30 and record(board, later, Plan(30)) == first
    assert (board.events, board.burnouts, board.now_gt) == counts
    board.reset()
    assert board.now_gt == 0 and record(board, early, Plan(30)) == begin and board.sliced


def test_coming_to_rest_takes_as_long_as_on_the_graph_engine() -> None:
    for seed in range(40):
        volume = repeated(random_board(seed), 3)
        graph, sliced = GraphSimulator(volume), (ForcedTiles(volume), ForcedLanes(volume))
        if not graph.quiet:
            continue
        for lever in levers_of(Board(volume)):
            for board in (graph, *sliced):
                board.use(lever)
        try:
            wanted: object = graph.run_until_quiet(60)
        except SimError as error:
            wanted = str(error)
        for board in sliced:
            try:
                assert board.run_until_quiet(60) == wanted
            except SimError as error:
                assert str(error) == wanted


def test_a_clock_is_named_where_it_does_not_come_to_rest() -> None:
    with pytest.raises(SimError, match="still running after 5 game ticks; 1 devices"):
        ForcedTiles(draw(CLOCK)).run_until_quiet(5)


@pytest.mark.parametrize("engine", [GraphSimulator, ForcedTiles, ForcedLanes])
def test_a_dark_lamp_lights_when_a_source_falls_that_changes_nothing(engine: Engine) -> None:
    volume = row("...", lever=False, x0="stone_button[face=floor,powered=true]", x2="redstone_block")
    volume.set((1, 1, 0), "redstone_lamp[lit=false]")
    board = engine(volume, "trusted", ticks=[BlockTick((0, 1, 0), "minecraft:stone_button", 5)])
    assert board.how in (
        "graph engine",
        "devices stand against their inputs: run by the graph engine until they are told",
    )
    board.run(4)
    assert not board.take_changes()
    board.run(1)
    assert [change.pos for change in board.take_changes()] == [(0, 1, 0), (1, 1, 0)]
    assert board.block((1, 1, 0)).get("lit") == "true"


@pytest.mark.parametrize("engine", [ForcedTiles, ForcedLanes])
def test_turn_offs_before_a_checkpoint_count(engine: type[TilesSimulator | LanesSimulator]) -> None:
    graph = GraphSimulator(draw(CLOCK))
    graph.run(15)
    graph.take_changes()
    board = engine.resume(graph.save())
    assert board.sliced and not graph.quiet
    for _ in range(200):
        graph.run(1)
        board.run(1)
        assert board.take_changes() == graph.take_changes() and board.burnouts == graph.burnouts
    assert board.burnouts == 1


CLOCK = """
      y=0    y=1
z=0   ####   #Q-.
z=1   ####   |.|.
z=2   ####   L-J.
"""
