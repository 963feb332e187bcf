"""The packed engine: long lists of ticks, ports with many sources, scripts in one call, refusals."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.sim.fuzz import random_board, random_script

from craftc.blocks import BlockState, Volume
from craftc.errors import SimError
from craftc.sim import Board
from craftc.sim.devices import LEVER
from craftc.sim.pack import make_engine
from craftc.sim.ring import CHUNK
from craftc.sim.settle import check_all

ROWS = 3 * CHUNK + 5
LENGTH = 6
COPIES = 40
Pos = tuple[int, int, int]


def rows_of_repeaters(rows: int) -> Volume:
    """Return rows of dust that one lever drives together, each with a chain of repeaters and a lamp."""
    volume = Volume((LENGTH + 3, 2, 2 * rows))
    volume.ids[0] = volume.palette.add("stone")
    source = volume.palette.add("redstone_block")
    volume.ids[1, ::2, 0] = source
    for x in range(LENGTH):
        state = BlockState.make("repeater", facing="west", delay=1 + x % 4, locked="false", powered="false")
        volume.ids[1, ::2, x + 1] = volume.palette.add(state)
    volume.ids[1, ::2, LENGTH + 1] = volume.palette.add("redstone_lamp[lit=false]")
    return volume


def test_lists_longer_than_a_chunk_run_like_short_ones() -> None:
    few, many = Board(rows_of_repeaters(1), "trusted"), Board(rows_of_repeaters(ROWS), "trusted")
    for board in (few, many):  # nothing was on: let all look at their inputs
        check_all(board._net, board._state)
    probes = [(x, 1, 0) for x in range(LENGTH + 2)]
    alone = few.probe(probes, 60)
    assert alone[-1].min() == 15
    for z in (0, 2 * (CHUNK - 1), 2 * CHUNK, 2 * (ROWS - 1)):
        board = Board(rows_of_repeaters(ROWS), "trusted")
        check_all(board._net, board._state)
        assert np.array_equal(board.probe([(x, 1, z) for x, _, _ in probes], 60), alone)
    many.run(60)
    assert many.events == ROWS * few.events and many.peak_ticks_per_gt == ROWS


def test_a_snapshot_in_the_middle_of_long_lists() -> None:
    board = Board(rows_of_repeaters(ROWS), "trusted")
    check_all(board._net, board._state)
    board.run(3)
    kept = board.snapshot()
    probes = [(LENGTH, 1, 2 * z) for z in range(ROWS)]
    first = board.probe(probes, 40)
    board.restore(kept)
    assert np.array_equal(board.probe(probes, 40), first)


@pytest.mark.parametrize("levers", [2, 15, 16, 40])
def test_a_port_counts_all_its_sources(levers: int) -> None:
    """Levers beside one line of dust hold a repeater on until the last near one is off."""
    volume = Volume((levers + 4, 3, 3))
    volume.ids[0] = volume.palette.add("stone")
    for x in range(levers):
        volume.set((x, 1, 1), "stone")
        volume.set((x, 2, 1), "redstone_wire")
        volume.set((x, 1, 0), "stone")
        volume.set((x, 2, 0), "lever[face=floor,facing=north,powered=false]")
    end = levers
    volume.set((end, 1, 1), "stone")
    volume.set(
        (end, 2, 1), BlockState.make("repeater", facing="west", delay=1, locked="false", powered="false")
    )
    board = Board(volume, "placed")
    near = range(max(0, levers - 15), levers)
    for x in range(levers):
        board.set_lever((x, 2, 0), True)
    board.run(4)
    assert board.power((end, 2, 1)) == 15
    for x in near:
        assert board.power((end, 2, 1)) == 15
        board.set_lever((x, 2, 0), False)
        board.run(4)
    assert board.power((end, 2, 1)) == 0


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_a_script_in_one_call_is_the_same_tick_by_tick(seed: int) -> None:
    volume = random_board(seed)
    whole, steps = Board(volume), Board(volume)
    levers = [whole.position(int(n)) for n in np.flatnonzero(whole.graph.kind == LEVER)]
    probes = [whole.position(n) for n in range(whole.nodes)]
    script = random_script(seed, levers, 6, 13)
    rows = whole.run_script(script, 100, probes)
    for t in range(100):
        for _, pos, on in [action for action in script if action[0] == t]:
            steps.set_lever(pos, on)
        steps.run(1)
        assert [steps.power(p) for p in probes] == rows[t].tolist()
    assert whole.events == steps.events and whole.ticks_run == steps.ticks_run


def beside(volume: Volume, copies: int) -> Volume:
    """Return a board and copies of it along z, three cells of air apart."""
    width, height, length = volume.size
    made = Volume((width, height, copies * (length + 3)), volume.palette)
    for k in range(copies):
        made.ids[:, k * (length + 3) : k * (length + 3) + length] = volume.ids
    return made


@pytest.mark.parametrize("seed", range(0, 120, 4))
def test_boards_run_alone_as_in_a_crowd(seed: int) -> None:
    """Short lists of a game tick are laid side by side, long ones run chunk by chunk; ticks of even and odd
    game ticks are counted apart: what 40 equal boards do at once one of them does alone."""
    volume = random_board(seed)
    alone, crowd = Board(volume), Board(beside(volume, COPIES))
    levers = [alone.position(int(n)) for n in np.flatnonzero(alone.graph.kind == LEVER)]
    script = random_script(seed, levers, 8, 9)
    step = volume.size[2] + 3
    far = [0, 1, COPIES // 2, COPIES - 1]
    probes = [alone.position(n) for n in range(alone.nodes)]
    one = alone.run_script(script, 90, probes)
    many = crowd.run_script(
        [(t, (x, y, z + k * step), on) for t, (x, y, z), on in script for k in range(COPIES)],
        90,
        [(x, y, z + k * step) for k in far for x, y, z in probes],
    )
    assert np.array_equal(many.reshape(90, len(far), len(probes)), np.repeat(one[:, None], len(far), axis=1))
    assert (crowd.events, crowd.ticks_run) == (COPIES * alone.events, COPIES * alone.ticks_run)
    assert crowd.peak_ticks_per_gt == COPIES * alone.peak_ticks_per_gt


def test_delays_that_the_queue_cannot_hold_are_refused() -> None:
    graph = Board(rows_of_repeaters(1), "trusted").graph
    for delay in (3, 32):
        bad = dataclasses.replace(graph, delay=np.full(graph.nodes, delay, dtype=np.uint8))
        with pytest.raises(SimError, match="delay"):
            make_engine(bad, bad.value)
