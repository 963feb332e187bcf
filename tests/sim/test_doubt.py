"""Devices that are written in a state which their inputs contradict wait until something tells them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sim.component_boards import Action
from tests.sim.follow import changes, first_difference
from tests.sim.fuzz import random_board
from tests.sim.small import draw

from craftc.blocks import Volume
from craftc.errors import SimError
from craftc.sim import Board, settle
from craftc.sim.doubt import doubt_of
from craftc.sim.engines import ENGINES
from craftc.sim.live import GraphSimulator

GRAPH, REFERENCE = ENGINES["graph"], ENGINES["reference"]
WRITTEN = ("repeater", "redstone_torch", "redstone_wall_torch", "redstone_lamp")
RACES = (3, 9)  # a written torch and a comparator that it feeds run in one game tick


def _actions(volume: Volume, seed: int) -> list[Action]:
    """Five writes of a random `powered` or `lit` over devices, and levers between them."""
    rng = np.random.default_rng(seed)
    blocks = [(pos, volume.get(pos)) for pos in volume.positions(volume.ids != 0)]
    devices = [(pos, state) for pos, state in blocks if state.short in WRITTEN]
    levers = [pos for pos, state in blocks if state.short == "lever"]
    out = []
    for k in range(5):
        pos, state = devices[rng.integers(len(devices))]
        key = "lit" if state.get("lit") else "powered"
        value = "true" if rng.random() < 0.5 else "false"
        out.append(Action(17 * k, pos, state.with_props(**{key: value})))
        out += [Action(17 * k + int(rng.integers(1, 17)), p) for p in levers if rng.random() < 0.4]
    return sorted(out, key=lambda action: action.time_gt)


@pytest.mark.parametrize("seed", [s for s in range(13) if s not in RACES])
def test_written_states_last_as_long_as_in_the_game(seed: int) -> None:
    board = Board(random_board(seed))
    if board.quiet:
        volume = board.write_back()
        graph, reference = (changes(e, volume, _actions(volume, seed), 100) for e in (GRAPH, REFERENCE))
        assert not first_difference(graph, reference)


def test_a_written_repeater_is_told_by_the_dust_that_it_lights() -> None:
    volume = settle(draw("""
          y=0    y=1
      z=0 #####  -e-..
    """))  # fmt: skip
    for engine in (GRAPH, REFERENCE):
        board = engine(volume, "trusted")
        board.set_block((1, 1, 0), board.block((1, 1, 0)).with_props(powered="true"))
        board.run(1)
        assert board.power((2, 1, 0)) == 15
        board.run(1)
        assert board.power((2, 1, 0)) == 0 and board.quiet


def test_a_saved_contradiction_stands_until_it_is_told_and_survives_a_checkpoint() -> None:
    """Nothing tells a torch saved wrongly, until dust within two steps changes."""
    volume = settle(draw("""
          y=0    y=1
      z=0 #####  ..#..
      z=1 #####  .....
      z=2 #####  .--..
    """, ((0, 1, 2),)))  # fmt: skip
    volume.set((3, 1, 0), "redstone_wall_torch[facing=east,lit=false]")
    for engine in (GRAPH, REFERENCE):
        board = engine(volume, "trusted")
        board.run(40)
        assert board.block((3, 1, 0)).get("lit") == "false" and board.restless() == [(3, 1, 0)]
        again = engine.resume(board.save())  # type: ignore[attr-defined]
        for one in (board, again):
            one.run(10)
            assert one.block((3, 1, 0)).get("lit") == "false"
            one.use((0, 1, 2))
            one.run(10)
    graph = GraphSimulator(volume, "trusted")
    kept = graph.snapshot()
    assert graph.board.doubt is not None and doubt_of(Board(settle(volume), "trusted")) is None
    graph.set_block((3, 1, 1), "redstone_wire")
    graph.run(4)
    assert graph.block((3, 1, 0)).get("lit") == "true" and graph.board.doubt is None
    graph.restore(kept)
    assert graph.board.doubt is not None


def test_what_only_the_reference_engine_follows_is_refused() -> None:
    volume = settle(draw("""
          y=0    y=1
      z=0 #####  .-}-.
    """, ((0, 1, 0),)))  # fmt: skip
    board = GraphSimulator(volume, "trusted")
    with pytest.raises(
        SimError, match=r"over dust that gets power 0 .*legal: power=0, or --engine reference"
    ):
        board.set_block((1, 1, 0), board.block((1, 1, 0)).with_props(power=7))
    with pytest.raises(SimError, match="where a comparator gives 0"):
        board.set_block((2, 1, 0), board.block((2, 1, 0)).with_props(powered="true"))
    board.use((0, 1, 0))
    board.run(8)
    board.set_block((2, 1, 0), board.block((2, 1, 0)).with_props(mode="subtract"))
    assert board.power((2, 1, 0)) == 15  # a comparator keeps its output


def test_heads_on_note_blocks_are_refused_by_name() -> None:
    volume = draw("""
          y=0  y=1
      z=0 #    .
    """)  # fmt: skip
    volume.set((0, 1, 0), "zombie_head")
    with pytest.raises(SimError, match="zombie_head is a head, which changes the sound of a note block"):
        Board(volume)
