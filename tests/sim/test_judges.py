"""Our simulator against MCHPRS and mc-tick: random boards, and boards that others made.

Left out, each with its reason:
* boards on which our own result depends on the order of events in a game tick or on needless ticks
  (Board(order=..., flicker=...)): the judges differ there among themselves;
* boards where a torch burns out (MCHPRS has no burn-out);
* boards with a device whose own output reaches its own input over dust: MCHPRS drops such links (a
  repeater held up by its own output falls there; in mc-tick it holds), and mc-tick lets some comparators
  of this kind go on later;
* against mc-tick, lamps under quick stimuli: as in the game, a lamp due to go off may be told of a
  low input once more while dust rises step by step, and then goes off 4 gt early at the next low;
* a torch on top of a lamp: MCHPRS lights the lamp; in the game a torch gives nothing downwards;
* against mc-tick, comparators with a torch, lever or conductor at their side (it counts those).
mc-tick also lets repeaters due in one tick run without the priority of a repeater that faces a diode;
such boards are races and fall under the first reason.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tests.oracle.client import Judge
from tests.sim.fuzz import Pos, random_board, random_script, without_risky_sides

from craftc.blocks import Volume
from craftc.export.schem import read_schem
from craftc.sim import Board
from craftc.sim.devices import CONSTANT, LEVER

pytestmark = pytest.mark.oracle
TICKS = 200
Script = list[tuple[int, Pos, bool]]
Rows = npt.NDArray[np.uint8]


def positions(board: Board, mask: npt.NDArray[np.bool_]) -> list[Pos]:
    """Positions of the nodes under a mask."""
    return [board.position(int(n)) for n in np.flatnonzero(mask)]


def drives_itself(board: Board) -> bool:
    """Whether any node is linked to itself."""
    link = board.graph.link
    source = np.repeat(np.arange(board.nodes), np.diff(link.start))
    return bool((link.target >> 1 == source).any())


def clicks(script: Script) -> list[tuple[int, Pos]]:
    """The script as right-clicks, every action changing a lever."""
    return [(t, pos) for t, pos, _ in script]


def sound_run(baked: Volume, script: Script, probes: list[Pos]) -> Rows | None:
    """Return the trace every 2 gt, or None if it depends on event order or a torch burns out."""
    board = Board(baked, "trusted")
    rows = board.run_script(script, TICKS, probes, 2)
    if board.burnouts:
        return None
    for order in range(1, 13):
        other = Board(baked, "trusted", order=order, flicker=order > 6)
        if not np.array_equal(rows, other.run_script(script, TICKS, probes, 2)):
            return None
    return rows


def compare(judge: Judge, seed: int, gap_gt: int) -> tuple[int, int]:
    """Compare one random board; return how often (MCHPRS, mc-tick) were asked and agreed."""
    volume = random_board(seed)
    if seed % 2:
        volume = without_risky_sides(volume)
    board = Board(volume)
    levers = positions(board, board.graph.kind == LEVER)
    if not board.quiet or not levers:
        return (0, 0)
    baked = board.write_back()
    script = random_script(seed, levers, TICKS // gap_gt, gap_gt)
    probes = positions(board, ~np.isin(board.graph.kind, (LEVER, CONSTANT)))
    rows = sound_run(baked, script, probes) if probes else None
    if rows is None:
        return (0, 0)
    if drives_itself(board):
        return (0, 0)
    path, dummy = judge.save(baked), (baked.size[0] - 1, 1, baked.size[2] - 1)
    asked = [1, 0]
    theirs = judge.trace(path, clicks(script), TICKS, probes, custom_io=[dummy])
    assert np.array_equal(rows, theirs), f"MCHPRS differs on board {seed}"
    if seed % 2:
        theirs = judge.trace(path, clicks(script), TICKS, probes, engine="mctick")
        lamp = np.array([baked.get(p).short == "redstone_lamp" for p in probes])
        watched = ~lamp | (gap_gt >= 40)
        assert np.array_equal(rows[:, watched] > 0, theirs[:, watched] > 0), f"mc-tick differs on {seed}"
        asked[1] = 1
    return (asked[0], asked[1])


@pytest.mark.parametrize("gap_gt", [40, 6])
def test_random_boards(judge: Judge, gap_gt: int) -> None:
    asked = np.array([compare(judge, seed + 10_000 * gap_gt, gap_gt) for seed in range(60)]).sum(axis=0)
    assert asked[0] >= 15 and asked[1] >= 6, f"too few comparable boards: {asked}"


@pytest.mark.slow
@pytest.mark.parametrize("gap_gt", [40, 12, 6, 4])
def test_many_random_boards(judge: Judge, gap_gt: int) -> None:
    asked = np.array([compare(judge, seed, gap_gt) for seed in range(500)]).sum(axis=0)
    assert asked[0] >= 150 and asked[1] >= 60, f"too few comparable boards: {asked}"


def test_a_changed_board_is_noticed(judge: Judge) -> None:
    volume = Volume((5, 2, 1))
    for x in range(5):
        volume.set((x, 0, 0), "stone")
    for x, block in enumerate(
        ("lever[face=floor,facing=north,powered=false]", "redstone_wire", "repeater[facing=west,delay=1]",
         "redstone_wire", "redstone_wire")
    ):  # fmt: skip
        volume.set((x, 1, 0), block)
    slower = volume.copy()
    slower.set((2, 1, 0), "repeater[facing=west,delay=2]")
    script: Script = [(0, (0, 1, 0), True)]
    probe: list[Pos] = [(3, 1, 0)]
    mine = Board(volume).run_script(script, 20, probe, 2)
    for board, same in ((volume, True), (slower, False)):
        theirs = judge.trace(Board(board).write_back(), clicks(script), 20, probe)
        assert np.array_equal(mine, theirs) == same


BOARDS = ["alu8", "bus_cross8", "hexanalog_trunk", "kogge_stone_32bit", "mult4x4_stacked"]


def board_script(board: Board, seed: int, rounds: int, gap_gt: int) -> Script:
    """Random lever changes, starting from the saved levers."""
    rng = np.random.default_rng(seed)
    levers = positions(board, board.graph.kind == LEVER)
    on = {lever: board.power(lever) > 0 for lever in levers}
    script: Script = []
    for k in range(rounds):
        for lever in levers:
            if rng.random() < 0.5:
                on[lever] = not on[lever]
                script.append((k * gap_gt, lever, on[lever]))
    return script


@pytest.mark.parametrize("name", BOARDS)
def test_shared_boards_follow_mchprs_tick_by_tick(judge: Judge, boards: Path, name: str) -> None:
    baked = Board(read_schem(boards / f"{name}.schem")).write_back()  # one was saved without OutputSignal
    board = Board(baked, "trusted")
    script = board_script(board, 1, 5, 120)
    devices = positions(board, ~np.isin(board.graph.kind, (LEVER, CONSTANT)))
    pick = np.random.default_rng(2).permutation(len(devices))[:300]
    probes = [devices[int(k)] for k in np.sort(pick)]
    dust = np.unravel_index(int(board.graph.dust.flat[0]), board.volume.ids.shape)
    dummy = (int(dust[2]), int(dust[0]), int(dust[1]))
    mine = board.run_script(script, 600, probes, 2)
    assert mine.any() and board.events > 0
    theirs = judge.trace(baked, clicks(script), 600, probes, custom_io=[dummy])
    assert np.array_equal(mine, theirs)


@pytest.mark.parametrize("name", [*BOARDS, "adder4_cells", "dff", "register4"])
def test_shared_boards_were_saved_settled(boards: Path, name: str) -> None:
    board = Board(read_schem(boards / f"{name}.schem"), "trusted")
    board.run(200)
    assert board.events == 0 and board.nodes > 0
