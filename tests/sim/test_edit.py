"""Writing blocks: what follows is what the reference engine does, on every engine."""

from __future__ import annotations

import pytest
from tests.sim.every_engine import EVERY
from tests.sim.test_continue import actions_of, board_of

from craftc.blocks import BlockState, Volume
from craftc.blocks.volume import Pos
from craftc.errors import SimError
from craftc.sim.interface import Engine
from craftc.sim.live import GraphSimulator
from craftc.sim.trace import Action, Plan, record

WRITES = (
    "air", "stone", "glass", "redstone_block", "redstone_wire", "redstone_torch", "redstone_lamp",
    "repeater[facing=west,delay=2]", "comparator[facing=north,mode=subtract]", "composter[level=5]",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(0, 120, 3))
def test_written_blocks_do_the_same_on_all_engines(seed: int) -> None:
    """One write on a quiet board, then levers. Left out (docs/simulator.md, Order): dust written over dust,
    and components written in a state that contradicts their inputs."""
    batch = board_of(seed)
    cells = list(batch.volume.positions(batch.volume.ids != 0))
    pos = cells[seed * 7 % len(cells)]
    write = Action(2, pos, BlockState.parse(WRITES[seed % len(WRITES)]))
    assert write.state is not None
    if write.state.short == "redstone_wire" and batch.volume.get(pos).short == "redstone_wire":
        return
    restless = GraphSimulator(batch.volume, "trusted")
    restless.set_block(pos, write.state)
    if pos in restless.restless():
        return
    use = [Action(a.at_gt + 20, a.pos) for a in actions_of(batch)[:3] if a.pos != pos]
    try:
        rows = [record(engine(batch.volume, "trusted"), [write, *use], Plan(90)) for engine in EVERY.values()]
    except SimError as error:
        assert "cannot be switched" in str(error)  # the write broke what a lever hung on
        return
    assert all(row == rows[0] for row in rows[1:])


@pytest.mark.parametrize(
    ("pos", "state", "word"),
    [((9, 0, 0), "stone", "box"), ((0, 0, 0), "piston", "piston"), ((0, 0, 0), "stone[lit=true]", "'lit'")],
)
def test_impossible_writes_are_refused(engine: Engine, pos: Pos, state: str, word: str) -> None:
    volume = Volume((2, 2, 1))
    volume.set((0, 0, 0), "stone")
    with pytest.raises(SimError, match=word):
        engine(volume).set_block(pos, state)
