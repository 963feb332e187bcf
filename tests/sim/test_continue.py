"""What must not change what a board does: a checkpoint, a world saved in between, a rotation.

Boards are random tiles (tiles.py), stopped in the middle of a computation.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sim.every_engine import EVERY
from tests.sim.ours import settled
from tests.sim.reasons import depends_on_order
from tests.sim.tiles import SIDE, Batch, cut, make_batch

from craftc.blocks import BlockState, Volume
from craftc.blocks.transform import transform_point, transformed
from craftc.commands.boards import read_board
from craftc.errors import FormatError, SimError
from craftc.export.ticks_read import read_ticks
from craftc.export.world import write_world
from craftc.sim.checkpoint import load_bytes
from craftc.sim.interface import Engine, Simulator
from craftc.sim.live import GraphSimulator
from craftc.sim.reference import Reference
from craftc.sim.trace import Action, Plan, Row, record

GAME_TICKS, BATCHES = 60, 4
FEW = settings(max_examples=25, deadline=None, derandomize=True,
               suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])  # fmt: skip
_BATCHES: dict[int, Batch] = {}


def board_of(seed: int) -> Batch:
    """One settled tile with actions every 7 game ticks."""
    number, tile = divmod(seed, 64)
    if number not in _BATCHES:
        _BATCHES[number], _ = settled(make_batch(number, "core", 8, 7))
    return cut(_BATCHES[number], tile)


def actions_of(batch: Batch) -> list[Action]:
    """The actions of a board."""
    return [Action(t, (x, y, z)) for t, x, y, z in batch.actions.tolist()]


def split(actions: list[Action], at_gt: int) -> tuple[list[Action], list[Action]]:
    """The actions before a game tick, and the others."""
    return [a for a in actions if a.at_gt < at_gt], [a for a in actions if a.at_gt >= at_gt]


def moved(rows: list[Row], by_gt: int) -> list[Row]:
    """Rows with later times."""
    return [(row[0] + by_gt, *row[1:]) for row in rows]


SEEDS = st.integers(0, 64 * BATCHES - 1)
STOPS = st.integers(1, GAME_TICKS - 1)


@FEW
@given(seed=SEEDS, stop=STOPS)
def test_checkpoint_and_resume_equal_a_straight_run(engine: Engine, seed: int, stop: int) -> None:
    board = board_of(seed)
    early, late = split(actions_of(board), stop)
    whole = record(engine(board.volume, "trusted"), early + late, Plan(GAME_TICKS))
    running = engine(board.volume, "trusted")
    first = record(running, early, Plan(stop))
    saved = running.save()
    resumed = engine.resume(saved)
    assert resumed.now_gt == stop and resumed.save() == saved
    counters = (resumed.events, resumed.ticks_run, resumed.burnouts)
    assert counters == (running.events, running.ticks_run, running.burnouts)
    assert first + record(resumed, late, Plan(GAME_TICKS - stop)) == whole


@FEW
@given(seed=SEEDS, stop=STOPS)
def test_blocks_and_ticks_are_the_whole_state(engine: Engine, seed: int, stop: int) -> None:
    board = board_of(seed)
    early, late = split(actions_of(board), stop)
    running = engine(board.volume, "trusted")
    record(running, early, Plan(stop))
    if running.burnouts:
        return  # the game forgets the turn-offs of torches when it loads a world
    again = engine(running.write_back(), "trusted", ticks=running.pending())
    rest = record(running, late, Plan(GAME_TICKS - stop))
    assert (
        moved(record(again, [replace(a, at_gt=a.at_gt - stop) for a in late], Plan(GAME_TICKS - stop)), stop)
        == rest
    )


@FEW
@given(seed=SEEDS, stop=STOPS)
def test_the_reference_engine_goes_on_where_another_stopped(engine: Engine, seed: int, stop: int) -> None:
    board = board_of(seed)
    early, late = split(actions_of(board), stop)
    first = engine(board.volume, "trusted")
    record(first, early, Plan(stop))
    if first.burnouts or depends_on_order(board, GAME_TICKS):
        return
    reference = Reference(first.write_back(), "trusted", ticks=first.pending())
    rest = record(first, late, Plan(GAME_TICKS - stop))
    later = [replace(a, at_gt=a.at_gt - stop) for a in late]
    assert moved(record(reference, later, Plan(GAME_TICKS - stop)), stop) == rest


@FEW
@given(seed=SEEDS, stop=STOPS)
def test_graph_tiles_and_lanes_resume_one_another(seed: int, stop: int) -> None:
    """Their checkpoints are of one form, and go on the same even on races."""
    board = board_of(seed)
    early, late = split(actions_of(board), stop)
    whole = record(GraphSimulator(board.volume, "trusted"), early + late, Plan(GAME_TICKS))
    names = ("graph", "tiles", "lanes")
    for before, after in zip(names, (*names[1:], names[0]), strict=True):
        running = EVERY[before](board.volume, "trusted")
        first = record(running, early, Plan(stop))
        assert first + record(EVERY[after].resume(running.save()), late, Plan(GAME_TICKS - stop)) == whole


@pytest.mark.parametrize("seed", [3, 17, 70, 129])
@pytest.mark.parametrize("stop", [9, 30])
def test_a_world_saved_in_between_goes_on(tmp_path: Path, engine: Engine, seed: int, stop: int) -> None:
    board = board_of(seed)
    early, late = split(actions_of(board), stop)
    volume = board.volume.copy()
    volume.origin = (13, 70, -5)  # over the borders of four chunks
    running = engine(volume, "trusted")
    record(running, early, Plan(stop))
    place = running.write_back()
    write_world(
        place, tmp_path / "w", level_name="w", spawn=(13, 80, -5), spawn_yaw=0.0, ticks=running.pending()
    )
    read = read_board(tmp_path / "w")
    offset = np.array(read.volume.origin) - np.array(volume.origin)  # the world's box has no empty rim
    dx, dy, dz = (int(v) for v in offset)
    assert len(read.ticks) == len(running.pending())
    again = engine(read.volume, "trusted", ticks=read.ticks)
    rest = record(running, late, Plan(GAME_TICKS - stop))
    later = [Action(a.at_gt - stop, (a.pos[0] - dx, a.pos[1] - dy, a.pos[2] - dz)) for a in late]
    found = moved(record(again, later, Plan(GAME_TICKS - stop)), stop)
    assert [(t, x + dx, y + dy, z + dz, a, b) for t, x, y, z, a, b in found] == rest


def _state(text: str, turns: int, mirror: bool) -> str:
    """A state turned with its board."""
    volume = Volume((1, 1, 1))
    volume.set((0, 0, 0), BlockState.parse(text))
    return str(transformed(volume, turns, mirror).get((0, 0, 0)))


@FEW
@given(seed=SEEDS, turns=st.integers(0, 3), mirror=st.booleans())
def test_a_turned_board_makes_a_turned_trace(engine: Engine, seed: int, turns: int, mirror: bool) -> None:
    board = board_of(seed)
    if depends_on_order(board, GAME_TICKS):
        return
    actions = actions_of(board)
    straight = record(engine(board.volume, "trusted"), actions, Plan(GAME_TICKS))
    size = board.volume.size
    assert size[2] == SIDE
    turned = [replace(a, pos=transform_point(a.pos, size, turns, mirror)) for a in actions]
    found = record(engine(transformed(board.volume, turns, mirror), "trusted"), turned, Plan(GAME_TICKS))
    wanted = {
        (
            t,
            *transform_point((x, y, z), size, turns, mirror),
            _state(a, turns, mirror),
            _state(b, turns, mirror),
        )
        for t, x, y, z, a, b in straight
    }
    assert set(found) == wanted


def test_a_forgotten_tick_is_noticed() -> None:
    """Without its scheduled ticks a running board stands still, so the tests above can fail."""
    for seed in range(64):
        board = board_of(seed)
        running: Simulator = GraphSimulator(board.volume, "trusted")
        record(running, split(actions_of(board), 9)[0], Plan(9))
        if running.pending():
            break
    again = GraphSimulator(running.write_back(), "trusted")
    rest = record(running, [], Plan(20))
    assert rest and moved(record(again, [], Plan(20)), 9) != rest


def test_damaged_checkpoints_are_refused(engine: Engine) -> None:
    saved = engine(board_of(3).volume, "trusted").save()
    for data in (b"", saved[:100], saved[:-30], b"PK" + saved[2:200]):
        with pytest.raises(SimError, match="checkpoint"):
            engine.resume(data)
    with pytest.raises(SimError, match="--engine"):
        load_bytes(saved, "other")


def test_damaged_ticks_are_refused(tmp_path: Path) -> None:
    volume = Volume((1, 2, 1), origin=(0, 64, 0))
    volume.set((0, 0, 0), "stone")
    from craftc.sim.interface import BlockTick

    ticks = [BlockTick((0, 0, 0), "minecraft:stone", 2, 9)]
    write_world(volume, tmp_path / "w", level_name="w", spawn=(0, 70, 0), spawn_yaw=0.0, ticks=ticks)
    with pytest.raises(FormatError, match=r"scheduled tick at \(0, 64, 0\): priority 9"):
        read_ticks(tmp_path / "w")
