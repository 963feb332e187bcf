"""The lanes engine: vector k equals the graph engine on vector k, game tick by game tick."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.fuzz import random_board
from tests.sim.small import draw

from craftc.errors import SimError
from craftc.export.schem import read_schem
from craftc.sim import Board, lanes_build, lanes_group, lanes_load
from craftc.sim import lanes_free as free
from craftc.sim.devices import LEVER
from craftc.sim.lanes import ORDERS, Lanes, best_order, best_places
from craftc.sim.lanes_build import Plan, with_room
from craftc.sim.lanes_torch import HISTORY
from craftc.sim.lanes_words import DELAY_AT, FREELY, HAZARD, LIST, NOW, SCALARS, WHAT, Flow
from craftc.sim.wide import ALL, NARROW, WIDE, limbs

Pos = tuple[int, int, int]
Script = list[tuple[int, Pos, npt.NDArray[np.bool_]]]


def positions(board: Board, kind: int) -> list[Pos]:
    return [board.position(int(n)) for n in np.flatnonzero(board.graph.kind == kind)]


def random_stimuli(levers: list[Pos], copies: int, seed: int, rounds: int, gap_gt: int) -> Script:
    """Every round, every lever gets new values with probability 1/2."""
    rng = np.random.default_rng(seed)
    return [
        (k * gap_gt, lever, rng.integers(0, 2, copies).astype(bool))
        for k in range(rounds)
        for lever in levers
        if rng.random() < 0.5
    ]


def lanes_trace(lanes: Lanes, script: Script, game_ticks: int) -> npt.NDArray[np.uint8]:
    """Outputs of all nodes after every game tick, (game_ticks, nodes, copies)."""
    rows = []
    for t in range(game_ticks):
        for _, lever, on in [action for action in script if action[0] == t]:
            lanes.set_lever(lever, on)
        lanes.run(1)
        rows.append(lanes.outputs())
    return np.array(rows)


def board_trace(board: Board, script: Script, copy: int, game_ticks: int) -> npt.NDArray[np.uint8]:
    """The same of one board, (game_ticks, nodes)."""
    rows = []
    for t in range(game_ticks):
        for _, lever, on in [action for action in script if action[0] == t]:
            board.set_lever(lever, bool(on[copy]))
        board.run(1)
        rows.append(board._state.out.copy())
    return np.array(rows)


def require_equal(board: Board, lanes: Lanes, script: Script, game_ticks: int, step: int = 1) -> None:
    start = board.snapshot()
    trace = lanes_trace(lanes, script, game_ticks)
    events = 0
    for copy in range(0, lanes.copies, step):
        board.restore(start)
        before = board.events
        assert np.array_equal(board_trace(board, script, copy, game_ticks), trace[:, :, copy]), copy
        events += board.events - before
    if step == 1:
        assert lanes.events == events


@pytest.mark.parametrize(("places", "copies"), [(NARROW, 64), (WIDE, 130)])
@pytest.mark.parametrize("order", ORDERS)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=12, deadline=None)
def test_every_vector_equals_the_graph_engine(order: str, places: int, copies: int, seed: int) -> None:
    board = Board(random_board(seed))
    script = random_stimuli(positions(board, LEVER), copies, seed, rounds=12, gap_gt=5)
    require_equal(board, Lanes(board, copies, order, places=places), script, 60)


@pytest.mark.parametrize("order", ORDERS)
def test_all_places_of_a_wide_word_and_a_second_word(order: str) -> None:
    board = Board(random_board(11))
    script = random_stimuli(positions(board, LEVER), WIDE + 3, 11, rounds=8, gap_gt=6)
    require_equal(board, Lanes(board, WIDE + 3, order, places=WIDE), script, 50)


def test_words_are_chosen_by_the_number_of_copies() -> None:
    assert best_places(NARROW) == NARROW and best_places(WIDE) == WIDE
    assert best_order(NARROW) == "free" and best_order(WIDE) == "exact"
    assert Lanes(Board(random_board(1)), 300).places == WIDE


@pytest.mark.slow
@pytest.mark.parametrize("copies", [64, 400])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "name", ["adder4_cells", "dff", "register4", "hexanalog_trunk", "mult4x4_stacked", "alu8"]
)
def test_boards_of_others(boards: Path, name: str, order: str, copies: int) -> None:
    board = Board(read_schem(boards / f"{name}.schem"), "trusted")
    script = random_stimuli(positions(board, LEVER), copies, 3, rounds=4, gap_gt=37)
    require_equal(board, Lanes(board, copies, order), script, 150, step=copies // 7)


def careless_trace(board: Board, script: Script, game_ticks: int) -> npt.NDArray[np.uint8]:
    """Outputs in free order with every hazard forgotten."""
    lanes = Lanes(board, 64)
    group = lanes._groups[0]
    rows = []
    for t in range(game_ticks):
        for _, lever, on in [action for action in script if action[0] == t]:
            lanes.set_lever(lever, on)
        free.run_free(group.running.wiring, group.flow, int(group.flow.scalar[NOW]) + 1)
        group.flow.mask[HAZARD] = 0
        rows.append(lanes.outputs())
    return np.array(rows)


def test_hazards_are_found_where_free_order_alone_would_be_wrong() -> None:
    found = wrong = 0
    for seed in range(200):
        board = Board(random_board(seed))
        script = random_stimuli(positions(board, LEVER), 64, seed, rounds=12, gap_gt=5)
        lanes = Lanes(board, 64)
        trace = lanes_trace(lanes, script, 60)
        if lanes.returns:
            found += 1
            wrong += not np.array_equal(careless_trace(board, script, 60), trace)
        if wrong:
            break
    assert found and wrong


GROWS = (9, 11, 27)
"""Random boards on which a queue with room for one entry grows in the midst of a game tick."""


def _differs(order: str, seeds: tuple[int, ...]) -> bool:
    """Whether a vector of one of the boards is not that of the graph engine."""
    for seed in seeds:
        board = Board(random_board(seed))
        script = random_stimuli(positions(board, LEVER), 64, seed, rounds=12, gap_gt=5)
        try:
            require_equal(board, Lanes(board, 64, order, places=NARROW), script, 60, step=9)
        except AssertionError:
            return True
    return False


@pytest.mark.parametrize("order", ORDERS)
def test_the_queue_grows_in_the_midst_of_a_game_tick(order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    grown = []

    def noted(flow: Flow, more: int) -> Flow:
        new = with_room(flow, more)
        grown.append(new is not flow and int(flow.scalar[LIST]) > 0)
        return new

    monkeypatch.setattr(lanes_build, "ROOM", 1)
    monkeypatch.setattr(lanes_group, "with_room", noted)
    assert not _differs(order, GROWS) and sum(grown) >= len(GROWS)


@pytest.mark.parametrize("order", ORDERS)
def test_a_game_tick_begun_twice_is_noticed(order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(flow: Flow, more: int) -> Flow:
        flow.scalar[LIST] = 0
        return with_room(flow, more)

    monkeypatch.setattr(lanes_build, "ROOM", 1)
    monkeypatch.setattr(lanes_group, "with_room", careless)
    assert _differs(order, GROWS)


def test_places_added_to_earlier_entries_are_noticed_in_exact_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """What free order may do, exact order must not."""
    assert not _differs("exact", (134,))
    monkeypatch.setattr(lanes_group, "FREELY", SCALARS - 1)  # so that the mark is never taken away
    empty = lanes_build.empty_flow

    def marked(plan: Plan) -> Flow:
        flow = empty(plan)
        flow.scalar[FREELY] = 1
        return flow

    monkeypatch.setattr(lanes_load, "empty_flow", marked)
    assert _differs("exact", (134,))


def test_a_wrong_count_of_turn_offs_is_noticed() -> None:
    volume = draw(CLOCK)
    for wrong in (False, True):
        board = Board(volume)
        board.run(21)
        lanes = Lanes(board, 3)
        if wrong:
            limbs(lanes._groups[0].flow.log)[HISTORY] ^= ALL  # the lowest bit of the counters of the torch
        try:
            require_equal(board, lanes, [], 300)
        except AssertionError:
            assert wrong
        else:
            assert not wrong and board.burnouts == 1


def test_a_wrong_delay_is_noticed() -> None:
    board = Board(draw(ROW.replace("DEVICES", ".e}e-"), ((0, 1, 0),)))
    lanes = Lanes(board, 3)
    lanes._groups[0].flow.unit[board.node_at((3, 1, 0)), WHAT] += 2 << DELAY_AT
    script = [(0, (0, 1, 0), np.array([True, False, True]))]
    with pytest.raises(AssertionError):
        require_equal(board, lanes, script, 20)


ROW = """
      y=0          y=1
z=0   ###########  DEVICES......
"""


def test_many_groups_and_threads_give_what_one_board_gives() -> None:
    board = Board(random_board(4))
    script = random_stimuli(positions(board, LEVER), 150, 4, rounds=6, gap_gt=5)
    require_equal(board, Lanes(board, 150, jobs=2, places=NARROW), script, 30)


CLOCK = """
      y=0    y=1
z=0   ####   #Q-.
z=1   ####   |.|.
z=2   ####   L-J.
"""


@pytest.mark.parametrize("order", ORDERS)
def test_a_running_clock_goes_on_in_every_copy(order: str) -> None:
    """A torch that feeds itself burns out: scheduled ticks and turn-offs are taken over from the board."""
    board = Board(draw(CLOCK))
    board.run(21)
    assert not board.quiet
    require_equal(board, Lanes(board, 5, order), [], 300)
    assert board.burnouts == 1


def test_buttons_are_pressed_in_the_copies_named() -> None:
    volume = draw(ROW.replace("DEVICES", ".e---"))
    volume.set((0, 1, 0), "minecraft:stone_button[face=floor,facing=north,powered=false]")
    board = Board(volume)
    lanes = Lanes(board, 70)
    who = np.arange(70) % 3 == 0
    lanes.press((0, 1, 0), who)
    seen = lanes.probe([(4, 1, 0)], 40)
    board.use((0, 1, 0))
    assert np.array_equal(seen[:, 0, 0], board.probe([(4, 1, 0)], 40)[:, 0])
    assert seen[:, 0, who].any() and not seen[:, 0, ~who].any()


def test_probes_read_dust_and_every_second_tick() -> None:
    board = Board(draw(ROW.replace("DEVICES", ".-}-e-"), ((0, 1, 0),)))
    lanes = Lanes(board, 2)
    lanes.set_lever((0, 1, 0), [True, False])
    cells = [(x, 1, 0) for x in range(1, 6)]
    seen = lanes.probe(cells, 11, every_gt=2)
    board.set_lever((0, 1, 0), True)
    assert np.array_equal(seen[:, :, 0], board.probe(cells, 11, 2)) and not seen[:, :, 1].any()
    assert lanes.now_gt == 11 and np.array_equal(lanes.power(cells)[:, 0], [board.power(c) for c in cells])


def test_a_snapshot_brings_all_copies_back() -> None:
    board = Board(draw(ROW.replace("DEVICES", ".-}-e-"), ((0, 1, 0),)))
    lanes = Lanes(board, 2)
    kept, before = lanes.snapshot(), lanes.outputs()
    lanes.set_lever((0, 1, 0), True)
    with pytest.raises(SimError, match="scheduled ticks"):
        lanes.restore(lanes.snapshot())
    lanes.run(20)
    assert lanes.quiet and not np.array_equal(lanes.outputs(), before)
    lanes.restore(kept)
    assert np.array_equal(lanes.outputs(), before)


def test_what_is_refused() -> None:
    board = Board(draw(ROW.replace("DEVICES", ".e---"), ((0, 1, 0),)))
    for copies, order, jobs in ((0, "free", 1), (1, "fast", 1), (1, "free", 0)):
        with pytest.raises(SimError):
            Lanes(board, copies, order, jobs)
    with pytest.raises(SimError, match="128 per word"):
        Lanes(board, 1, places=128)
    lanes = Lanes(board, 2)
    with pytest.raises(SimError, match="a repeater"):
        lanes.set_lever((1, 1, 0), True)
    with pytest.raises(SimError, match="game ticks"):
        lanes.run(-1)
    with pytest.raises(SimError, match="sampling"):
        lanes.probe([], 4, 0)
