"""Boards that others made, with random lever stimuli, in every orientation, by us and by the judges.

dff and register4 come without levers: they get some at the wires that nothing drives. Left out:

    adder4_cells      its latches feed themselves, which MCHPRS drops, and have repeaters and solids beside
                      comparators, which mc-tick takes as inputs; the two engines are compared on it
    hexanalog_trunk   its chains of comparators depend on tick priorities that mc-tick does not keep
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.oracle.client import judge_python
from tests.sim.judges import FLAGS, Judges, Row
from tests.sim.ours import Ours, run_engine, run_ours
from tests.sim.tiles import Batch

from craftc.blocks import BlockState, Volume
from craftc.blocks.transform import transform_point, transformed
from craftc.export.schem_read import read_schem
from craftc.lint import lint_board
from craftc.sim import Board
from craftc.sim.devices import LEVER
from craftc.sim.interface import Engine
from craftc.sim.reference import Reference

GAME_TICKS, ROUNDS = 160, 4
TURNS = [(turns, mirror) for mirror in (False, True) for turns in range(4)]
SMALL = ["dff", "register4", "bus_cross8", "hexanalog_trunk", "adder4_cells"]
NO_MCTICK = {"hexanalog_trunk", "adder4_cells"}
NO_MCHPRS = {"adder4_cells"}


def with_levers(volume: Volume) -> Volume:
    """Return the board, one cell wider all around, with levers beside the wires that nothing drives."""
    x, y, z = volume.size
    out = Volume((x + 2, y + 1, z + 2))
    out.paste(volume, (1, 0, 1))
    for finding in lint_board(out).findings:
        if finding.rule == "idle" and finding.what.startswith("nothing can power this dust"):
            px, py, pz = finding.pos
            for there in ((px - 1, py, pz), (px + 1, py, pz), (px, py, pz - 1), (px, py, pz + 1)):
                below = (there[0], there[1] - 1, there[2])
                if out.get(there).short == "air" and out.get(below).short in ("air", "stone"):
                    out.set(below, "stone")
                    out.set(there, "lever[face=floor,facing=north,powered=false]")
                    break
    return out


@functools.cache
def board_of(folder: Path, name: str) -> Batch:
    """A settled board with random lever turns."""
    volume = read_schem(folder / f"{name}.schem")
    if name in ("dff", "register4"):
        volume = with_levers(volume)
    baked = Board(volume).write_back()
    board = Board(baked, "trusted")
    levers = [board.position(int(n)) for n in np.flatnonzero(board.graph.kind == LEVER)]
    rng = np.random.default_rng(len(name))
    gap = GAME_TICKS // ROUNDS
    rows = [(k * gap, *pos) for k in range(ROUNDS) for pos in levers if rng.random() < 0.5]
    return Batch(baked, np.array(rows, dtype=np.int64).reshape(-1, 4))


def turned(batch: Batch, turns: int, mirror: bool) -> Batch:
    """The board and its stimuli, turned."""
    size = batch.volume.size
    rows = [(t, *transform_point((x, y, z), size, turns, mirror)) for t, x, y, z in batch.actions.tolist()]
    return Batch(transformed(batch.volume, turns, mirror), np.array(rows, dtype=np.int64).reshape(-1, 4))


@functools.cache
def _state(text: str, turns: int, mirror: bool) -> str:
    volume = Volume((1, 1, 1))
    volume.set((0, 0, 0), BlockState.parse(text))
    return str(transformed(volume, turns, mirror).get((0, 0, 0)))


def turned_rows(rows: set[Row], size: tuple[int, int, int], turns: int, mirror: bool) -> set[Row]:
    """A trace, turned."""
    return {
        (
            t,
            *transform_point((x, y, z), size, turns, mirror),
            _state(a, turns, mirror),
            _state(b, turns, mirror),
        )
        for t, x, y, z, a, b in rows
    }


@pytest.fixture(scope="module")
def judges() -> Iterator[Judges]:
    """A worker of the outside judges; skips where there is none."""
    python = judge_python()
    if python is None:
        pytest.skip("no outside judge: set CRAFTC_JUDGE_PYTHON to a Python with nucleation")
    with Judges(python) as worker:
        yield worker


@pytest.mark.parametrize("name", SMALL)
def test_the_engines_agree_in_every_orientation(engine: Engine, boards: Path, name: str) -> None:
    batch = board_of(boards, name)
    straight = run_ours(batch, GAME_TICKS).trace
    assert len(straight) > 50 and straight == run_engine(engine, batch, GAME_TICKS)
    for turns, mirror in TURNS[1:] if engine is not Reference else ():
        found = run_engine(engine, turned(batch, turns, mirror), GAME_TICKS)
        assert found == turned_rows(straight, batch.volume.size, turns, mirror), (turns, mirror)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mult4x4_stacked", "alu8"])
def test_large_boards_turn_with_their_stimuli(boards: Path, name: str) -> None:
    batch = board_of(boards, name)
    straight = run_ours(batch, GAME_TICKS).trace
    assert len(straight) > 1000
    for turns, mirror in ((1, False), (2, True)):
        found = run_ours(turned(batch, turns, mirror), GAME_TICKS).trace
        assert found == turned_rows(straight, batch.volume.size, turns, mirror), (turns, mirror)


def _mchprs_agrees(judges: Judges, batch: Batch, ours: Ours, flags: tuple[bool, bool]) -> bool:
    names = np.array([s.short for s, _ in batch.volume.palette])
    x, y, z = ours.cells.T
    read = np.ones(len(ours.cells), dtype=np.bool_)
    if any(flags):  # the optimiser folds what is not asked for; lamps stay
        read = names[batch.volume.ids[y, z, x]] == "redstone_lamp"
    if not read.any():
        return True
    theirs = judges.mchprs(GAME_TICKS, ours.cells[read], *flags, ours.cells[-1:])
    return bool(np.array_equal(theirs, ours.levels[:, read]))


@pytest.mark.oracle
@pytest.mark.parametrize("name", [name for name in SMALL if name not in NO_MCHPRS & NO_MCTICK])
def test_the_judges_agree_in_every_orientation(boards: Path, judges: Judges, name: str) -> None:
    for turns, mirror in TURNS:
        batch = turned(board_of(boards, name), turns, mirror)
        ours = run_ours(batch, GAME_TICKS)
        judges.put(batch)
        if name not in NO_MCTICK:
            assert ours.trace == judges.mctick(GAME_TICKS), (turns, mirror)
        for flags in FLAGS:
            assert _mchprs_agrees(judges, batch, ours, flags), (turns, mirror, flags)


@pytest.mark.slow
@pytest.mark.oracle
def test_the_judges_agree_on_a_multiplier(boards: Path, judges: Judges) -> None:
    batch = turned(board_of(boards, "mult4x4_stacked"), 3, True)
    ours = run_ours(batch, GAME_TICKS)
    judges.put(batch)
    assert ours.trace == judges.mctick(GAME_TICKS)
    assert all(_mchprs_agrees(judges, batch, ours, flags) for flags in FLAGS[:2])


@pytest.mark.oracle
def test_a_changed_board_is_noticed(boards: Path, judges: Judges) -> None:
    batch = board_of(boards, "bus_cross8")
    volume = batch.volume.copy()
    pos = next(p for p in volume.positions(volume.ids != 0) if volume.get(p).short == "repeater")
    volume.set(pos, volume.get(pos).with_props(delay=4))
    judges.put(Batch(volume, batch.actions))
    assert run_ours(batch, GAME_TICKS).trace != judges.mctick(GAME_TICKS)
