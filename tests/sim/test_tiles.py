"""The tiles engine: equal to the graph engine game tick by game tick, and its groups are the graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.macros.engine_bench import plan_run
from tests.sim.fuzz import random_board
from tests.sim.small import draw

from craftc.blocks import Volume
from craftc.errors import SimError
from craftc.macros.engine import engine
from craftc.sim import Board, tiles_script
from craftc.sim.devices import LEVER
from craftc.sim.tiles import Tiles
from craftc.sim.tiles_build import make_groups, make_links, place_nodes, require_same
from craftc.sim.tiles_find import Tiling, find_tiling
from craftc.sim.wide import NARROW, WIDE, limbs

Pos = tuple[int, int, int]
Actions = list[tuple[int, Pos, bool]]


def repeated(part: Volume, times: int, gap: int = 1) -> Volume:
    """Return `times` copies of a board beside each other in z."""
    x, y, z = part.size
    volume = Volume((x, y, (z + gap) * times))
    for k in range(times):
        volume.paste(part, (0, 0, k * (z + gap)))
    return volume


def levers_of(board: Board) -> list[Pos]:
    return [board.position(int(n)) for n in np.flatnonzero(board.graph.kind == LEVER)]


def random_actions(levers: list[Pos], seed: int, rounds: int, gap_gt: int) -> Actions:
    rng = np.random.default_rng(seed)
    return [
        (k * gap_gt, lever, bool(rng.integers(2)))
        for k in range(rounds)
        for lever in levers
        if rng.random() < 0.6
    ]


def require_equal(board: Board, tiles: Tiles, actions: Actions, game_ticks: int) -> None:
    """Run both, and compare all outputs after every game tick. `tiles` runs another board of the volume."""
    for t in range(game_ticks):
        for _, lever, on in [action for action in actions if action[0] == t]:
            board.set_lever(lever, on)
            tiles.set_lever(lever, on)
        board.run(1)
        tiles.run(1)
        assert np.array_equal(board._state.out, tiles.outputs()), t
    assert (board.events, board.now_gt) == (tiles.events, tiles.now_gt)


@pytest.mark.parametrize("places", [NARROW, WIDE])
@pytest.mark.parametrize("interleave", [1, 3])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_repeated_random_boards(interleave: int, places: int, seed: int) -> None:
    volume = repeated(random_board(seed), 9)
    board = Board(volume)
    tiling = Tiling(1, 8, None, 1.0)
    tiles = Tiles(Board(volume), tiling, interleave, places=places)
    require_equal(board, tiles, random_actions(levers_of(board), seed, 6, 7), 50)


def test_a_wrong_tiling_costs_speed_only() -> None:
    """The groups of any tiling are the graph, even one that has nothing to do with the board."""
    for seed, tiling in enumerate(
        (Tiling(1, 5, None, 1.0), Tiling(2, 3, (1, 31), 1.0), Tiling(0, 1, None, 1.0))
    ):
        volume = repeated(random_board(seed + 20), 9)
        tiles = Tiles(Board(volume), tiling, 2, least_gain=0.0)
        assert tiles.how.startswith(f"{tiles.board.nodes} nodes in ")
        board = Board(volume)
        require_equal(board, tiles, random_actions(levers_of(board), seed, 5, 7), 40)


def bank(words: int, levels: int) -> tuple[Volume, Actions, list[Pos], int]:
    """Return a bank with its lanes under levers, its stimuli, the outputs to read, and the game ticks."""
    rng = np.random.default_rng(0)
    made = engine(rng.integers(0, 16, (words, levels, 2)).astype(np.uint8))
    run = plan_run(made, rng.integers(0, 2, (1, words, 2)), 6)
    actions = sorted(run.script.actions(), key=lambda action: action[0])
    return run.volume, actions, [port.pos for port in run.outs], actions[-1][0] + 40


@pytest.mark.parametrize(("places", "interleave"), [(NARROW, 1), (NARROW, 6), (WIDE, 1), (WIDE, 6)])
def test_a_bank_is_found_to_be_levels_and_sides_and_runs_alike(places: int, interleave: int) -> None:
    volume, actions, outs, game_ticks = bank(8, 12)
    board = Board(volume)
    tiling = find_tiling(board.graph, volume.ids.shape)
    assert tiling is not None and tiling.axis == 0 and tiling.mirror is not None and tiling.mirror[0] == 1
    tiles = Tiles(Board(volume), interleave=interleave, places=places)
    assert "every" in tiles.how and tiles.returns == 0
    seen = board.run_script(actions, game_ticks, outs, 3)
    assert np.array_equal(seen, tiles.run_script(actions, game_ticks, outs, 3)) and seen.any()
    assert np.array_equal(board._state.out, tiles.outputs()) and board.events == tiles.events
    assert [tiles.power(p) for p in outs] == [board.power(p) for p in outs]


def test_state_goes_back_to_the_board_and_on() -> None:
    volume, actions, _, game_ticks = bank(4, 12)
    half = game_ticks // 2
    board = Board(volume)
    board.run_script([a for a in actions if a[0] < half], half)
    tiles = Tiles(Board(volume))
    tiles.run_script([a for a in actions if a[0] < half], half)
    given = tiles.to_board()
    assert np.array_equal(given._state.out, board._state.out)
    assert np.array_equal(given._state.seen, board._state.seen)
    later = [(t - half, p, on) for t, p, on in actions if t >= half]
    board.run_script(later, game_ticks - half)
    given.run_script(later, game_ticks - half)
    assert np.array_equal(given._state.out, board._state.out)


def test_unlike_boards_are_left_to_the_graph_engine() -> None:
    volume = random_board(3)
    tiles = Tiles(Board(volume))
    assert tiles.how == "no equal parts: run by the graph engine"
    board = Board(volume)
    require_equal(board, tiles, random_actions(levers_of(board), 3, 6, 7), 50)


def test_where_the_order_matters_the_graph_engine_takes_over_and_gives_back() -> None:
    returned = 0
    for seed in (26, 49, 92):
        volume = repeated(random_board(seed), 30)
        board = Board(volume)
        tiles = Tiles(Board(volume), Tiling(1, 8, None, 1.0))
        actions = random_actions(levers_of(board), seed, 8, 5)
        require_equal(board, tiles, [*actions, *[(t + 300, p, on) for t, p, on in actions]], 360)
        returned += tiles.returns
    assert returned >= 3


def _script_differs(seeds: tuple[int, ...], places: int) -> tuple[bool, int]:
    """Return whether readings of a script differ from the graph engine's, and how often that took over."""
    returned = 0
    for seed in seeds:
        volume = repeated(random_board(seed), 30)
        board = Board(volume)
        tiles = Tiles(Board(volume), Tiling(1, 8, None, 1.0), places=places, least_gain=0.0)
        probes = [board.position(n) for n in range(0, board.nodes, 7)]
        for every in (1, 3):
            actions = random_actions(levers_of(board), seed + every, 12, 5)
            wanted = board.run_script(actions, 100, probes, every)
            if not np.array_equal(tiles.run_script(actions, 100, probes, every), wanted):
                return True, returned
            if not np.array_equal(board._state.out, tiles.outputs()) or board.events != tiles.events:
                return True, returned
        returned += tiles.returns
    return False, returned


@pytest.mark.parametrize("places", [NARROW, WIDE])
@pytest.mark.parametrize("readings", [64, 2**15])
def test_scripts_with_readings(places: int, readings: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles_script, "READINGS", readings)
    differs, returned = _script_differs((3, 26, 49, 92), places)
    assert not differs and returned > 0


def test_a_hazard_in_a_script_passed_over_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tiles, "_hand_over", lambda self, until: self._groups.flow.mask.fill(0))
    assert _script_differs((3, 26, 49, 92), NARROW)[0]


def _same(graph_volume: Volume, break_it: str, places: int) -> None:
    board = Board(graph_volume)
    shape = graph_volume.ids.shape
    tiling = find_tiling(board.graph, shape)
    assert tiling is not None
    placing = place_nodes(board.graph, shape, tiling, 2, places)
    groups, links = make_groups(board.graph, placing), make_links(board.graph, placing)
    if break_it == "delay":
        groups.delay[5] ^= 4
    if break_it == "constant":
        rear = limbs(groups.rear)
        rear[np.flatnonzero(rear.any(axis=1))[0]] ^= np.uint64(1)
    if break_it == "part":
        part = limbs(links.part)[3]
        limb = np.flatnonzero(part)[0]
        part[limb] &= part[limb] - np.uint64(1)
    if break_it == "turn":
        links.turn[3] ^= 1
    if break_it == "loss":
        links.loss[7] += 1
    if break_it == "place":
        placing.place[1] = placing.place[0]
        placing.group[1] = placing.group[0]
    require_same(board.graph, placing, groups, links)


@pytest.mark.parametrize("places", [NARROW, WIDE])
def test_groups_are_proved_to_be_the_graph(places: int) -> None:
    volume = bank(4, 12)[0]
    _same(volume, "", places)
    for fault in ("delay", "constant", "part", "turn", "loss", "place"):
        with pytest.raises(SimError, match="not the graph"):
            _same(volume, fault, places)


def test_what_is_refused() -> None:
    board = Board(draw(ROW, ((0, 1, 0),)))
    tiles = Tiles(board)
    with pytest.raises(SimError, match="interleave"):
        Tiles(board, interleave=0)
    with pytest.raises(SimError, match="128 places"):
        Tiles(board, places=128)
    with pytest.raises(SimError, match="a lever or a button"):
        tiles.use((1, 1, 0))
    with pytest.raises(SimError, match="game ticks"):
        tiles.run(-1)
    with pytest.raises(SimError, match="sampling"):
        tiles.probe([], 3, 0)
    with pytest.raises(SimError, match="outside the run"):
        tiles.run_script([(9, (0, 1, 0), True)], 5)


ROW = """
      y=0          y=1
z=0   ###########  .e---......
"""


def test_levers_toggle_by_use() -> None:
    volume, _, _, _ = bank(2, 12)
    tiles, board = Tiles(Board(volume)), Board(volume)
    lever = levers_of(board)[0]
    for _ in range(3):
        tiles.use(lever)
        board.use(lever)
        tiles.run(9)
        board.run(9)
        assert np.array_equal(board._state.out, tiles.outputs())


def test_tilings_compare_and_read_well() -> None:
    tiling = Tiling(0, 2, (1, 56), 0.8)
    assert tiling.words == "every 2 blocks in y, mirrored in z, 80% of nodes alike"
    assert replace(tiling, mirror=None).words == "every 2 blocks in y, 80% of nodes alike"
