"""Turn-offs of torches are kept modulo 256 game ticks: an old one is never taken for a recent one."""

from __future__ import annotations

import numpy as np
import pytest

from craftc.blocks import BlockState, Volume
from craftc.sim import Board
from craftc.sim.history import BLOCK, OLD, SWEEP_GT, TOGGLES, WRAP, sweep, torch_rows
from craftc.sim.queue import torch_ages

LEVER, TORCH, END = (0, 1, 0), (2, 1, 0), 6


def torch_and_clock(clock: bool) -> Volume:
    """Return a torch on a block with a lever, and perhaps a clock beside it that never rests."""
    volume = Volume((END, 2, 6))
    volume.ids[0] = volume.palette.add("stone")
    volume.set((1, 1, 0), "stone")
    volume.set(LEVER, "lever[face=wall,facing=west,powered=false]")
    volume.set(TORCH, "redstone_wall_torch[facing=east,lit=true]")
    if clock:
        comparator = BlockState.make("comparator", facing="west", mode="subtract", powered="false")
        repeater = BlockState.make("repeater", facing="south", delay=4, locked="false", powered="false")
        volume.set((0, 1, 3), "redstone_block")
        volume.set((1, 1, 3), comparator)
        volume.set((1, 1, 4), repeater)
        for pos in ((2, 1, 3), (2, 1, 4), (2, 1, 5), (1, 1, 5)):
            volume.set(pos, "redstone_wire")
    return volume


def turn_off(board: Board, times: int) -> None:
    """Turn the torch off and on again, 3 rt each."""
    for _ in range(times):
        for on in (True, False):
            board.set_lever(LEVER, on)
            board.run(3)


@pytest.mark.parametrize("clock", [True, False])
@pytest.mark.parametrize("wait", [61, SWEEP_GT, SWEEP_GT + OLD, WRAP + 1 - 40, 2 * WRAP + 2 - 40, 50_000])
def test_turn_offs_of_long_ago_do_not_burn_a_torch_out(clock: bool, wait: int) -> None:
    board = Board(torch_and_clock(clock))
    assert board.quiet is not clock
    turn_off(board, TOGGLES - 1)
    board.run(wait)
    turn_off(board, TOGGLES - 1)
    assert board.burnouts == 0 and board.power(TORCH) == 15
    turn_off(board, 1)
    assert board.burnouts == 1 and board.power(TORCH) == 0


def test_without_sweeping_they_would() -> None:
    board = Board(torch_and_clock(True))
    turn_off(board, TOGGLES - 1)
    board._state.swept[:] = 2**40
    board.run(WRAP + 1 - 40)
    turn_off(board, TOGGLES - 1)
    assert board.burnouts > 0


@pytest.mark.parametrize("times", [1, 3, TOGGLES - 1, TOGGLES])
def test_ages_are_told_at_every_distance_from_the_last_sweep(times: int) -> None:
    """Every turn-off has the age it has, or is told apart from one; whatever was looked at in between."""
    rng = np.random.default_rng(times)
    board = Board(torch_and_clock(False))
    when: list[int] = []
    for _ in range(400):
        for _ in range(int(rng.integers(0, times + 1))):
            board.set_lever(LEVER, True)
            board.run(3)
            when.append(board.now_gt - 1)
            board.set_lever(LEVER, False)
            board.run(int(rng.choice([3, 20, 35])))
        board.run(int(rng.choice([0, 1, 60, 61, SWEEP_GT - 60, SWEEP_GT, SWEEP_GT + 1, SWEEP_GT + OLD, 700])))
        if rng.random() < 0.5:
            continue
        ages = [board.now_gt - t for t in when[-TOGGLES:] if board.now_gt - t < OLD]
        if board.burnouts:
            return  # what follows is not every lever
        found = torch_ages(board)[1][0]
        assert found[found >= 0].tolist() == ages


def test_a_sweep_leaves_other_blocks_alone() -> None:
    """Rows of repeaters and torches; the second block of nodes is swept, the first is not."""
    rows = BLOCK // 2
    volume = Volume((8, 2, 2 * rows))
    volume.ids[0] = volume.palette.add("stone")
    volume.ids[1, ::2, 0] = volume.palette.add("lever[face=floor,facing=west,powered=false]")
    volume.ids[1, ::2, 1] = volume.palette.add("stone")
    volume.ids[1, ::2, 2] = volume.palette.add("redstone_wall_torch[facing=east,lit=true]")
    board = Board(volume)
    assert len(board._state.swept) == 1 and board.nodes == BLOCK
    two = Board(rows_and_one_more(volume))
    assert len(two._state.swept) == 2
    before = two._state.toggles.copy()
    sweep(two._net, two._state, 1, 500)
    moved = np.flatnonzero(two._state.toggles != before)
    assert two._state.swept.tolist() == [0, 500]
    assert moved.min() >= BLOCK // 2 * TOGGLES and set(two._state.toggles[moved]) == {(500 - OLD) & WRAP}


def rows_and_one_more(volume: Volume) -> Volume:
    """Return the board with four more rows."""
    more = Volume((volume.size[0], volume.size[1], volume.size[2] + 8))
    ids = np.array([more.palette.add(state) for state, _ in volume.palette], dtype=np.uint16)
    more.ids[:, : volume.size[2]] = ids[volume.ids]
    more.ids[:, volume.size[2] :] = more.ids[:, :8]
    return more


@pytest.mark.parametrize("nodes", [1, 63, 64, 65, 1000])
def test_rows_of_torches_are_their_ranks(nodes: int) -> None:
    is_torch = np.random.default_rng(nodes).random(nodes) < 0.3
    rows = torch_rows(is_torch)
    for n in np.flatnonzero(is_torch).tolist():
        below = int(rows[n >> 6, 0]) & (1 << (n & 63)) - 1
        assert int(rows[n >> 6, 1]) + below.bit_count() == int(is_torch[:n].sum())
