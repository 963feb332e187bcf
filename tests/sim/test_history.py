"""Turn-offs of torches are kept modulo 2^16 game ticks: none is ever taken for a recent one."""

from __future__ import annotations

import numpy as np
import pytest

from craftc.blocks import BlockState, Volume
from craftc.sim import Board
from craftc.sim.history import TOGGLES, WRAP, torch_rows
from craftc.sim.react import SWEPT

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
@pytest.mark.parametrize("wait", [WRAP + 1 - 40, 2 * WRAP + 2 - 40, WRAP // 2, 61])
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
    board._state.scalar[SWEPT] = 2**40
    board.run(WRAP + 1 - 40)
    turn_off(board, TOGGLES - 1)
    assert board.burnouts > 0


@pytest.mark.parametrize("nodes", [1, 63, 64, 65, 1000])
def test_rows_of_torches_are_their_ranks(nodes: int) -> None:
    is_torch = np.random.default_rng(nodes).random(nodes) < 0.3
    rows = torch_rows(is_torch)
    for n in np.flatnonzero(is_torch).tolist():
        below = int(rows[n >> 6, 0]) & (1 << (n & 63)) - 1
        assert int(rows[n >> 6, 1]) + below.bit_count() == int(is_torch[:n].sum())
