"""The reference engine: the game's orders, start states, checkpoints."""

from __future__ import annotations

import pytest
from tests.sim.component_boards import component_board
from tests.sim.fuzz import random_board
from tests.sim.small import draw

from craftc.blocks import Volume
from craftc.errors import SimError
from craftc.sim.engines import ENGINES
from craftc.sim.interface import BlockTick, Change
from craftc.sim.reference import Reference
from craftc.sim.reference.dust import hash_order
from craftc.sim.reference.rules import Rule
from craftc.sim.reference.ticks import MOST_PER_TICK, Ticks
from craftc.sim.reference.updates import MOST_CHAINED
from craftc.sim.reference.world import World
from craftc.sim.watch import changed_blocks

GRAPH = ENGINES["graph"]
INVERTER = """
      y=0     y=1
z=0   ######  .-#Q-.
"""
LEVER = (0, 1, 0)


def inverter(settle_mode: str = "placed") -> Reference:
    """A lever, an inverter, a dust."""
    return Reference(draw(INVERTER, (LEVER,)), settle_mode)


def states(board: Reference) -> list[str]:
    """All block states in array order."""
    volume = board.blocks()
    return [f"{volume.palette.entries[i]}" for i in volume.ids.ravel().tolist()]


class TestOrders:
    def test_dust_tells_in_the_order_of_a_java_hash_set(self) -> None:
        # at the origin: hashes 0, -31, 31, -961, 961, -1, 1 of itself, down, up, north, south, west, east
        world = World(Volume((3, 3, 3), origin=(-1, -1, -1)))
        cell = world.cell((1, 1, 1))
        down, up, north, south, west, east = (cell + step for step in world.step)
        assert hash_order(world, cell) == [cell, north, west, south, east, down, up]

    def test_the_place_in_the_world_decides_that_order(self) -> None:
        orders = set()
        for x in range(40):
            world = World(Volume((3, 3, 3), origin=(x, 60 + x // 3, 7 * x)))
            cell = world.cell((1, 1, 1))
            orders.add(tuple(c - cell for c in hash_order(world, cell)))
        assert len(orders) > 3

    def test_neighbours_are_told_west_east_down_up_north_south(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world, told = World(Volume((5, 5, 5))), []
        monkeypatch.setattr(Rule, "neighbour_changed", lambda rule, w, cell, entry: told.append(cell))
        cell = world.cell((2, 2, 2))
        world.notify_around(cell)
        world.notify_around(cell, skip=3)
        w, e, d, u, n, s = (cell + world.step[k] for k in (4, 5, 0, 1, 2, 3))
        assert told == [w, e, d, u, n, s, w, e, d, u, n]

    def test_updates_asked_for_while_one_runs_come_before_its_brothers(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world, told = World(Volume((9, 9, 9))), []
        first, there = world.cell((4, 4, 4)), world.cell((1, 1, 1))

        def react(rule: Rule, w: World, cell: int, entry: object) -> None:
            told.append(cell)
            if cell == first + w.step[4]:
                w.notify(there)
                w.notify(there + 1)

        monkeypatch.setattr(Rule, "neighbour_changed", react)
        world.notify_around(first)
        assert told[:4] == [first + world.step[4], there, there + 1, first + world.step[5]]

    def test_an_endless_chain_of_updates_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World(Volume((3, 3, 3)))
        monkeypatch.setattr("craftc.sim.reference.updates.MOST_CHAINED", 1000)
        monkeypatch.setattr(Rule, "neighbour_changed", lambda rule, w, cell, entry: w.notify(cell))
        with pytest.raises(
            SimError, match="1000 updates" if MOST_CHAINED == 1000 else "updates in one chain"
        ):
            world.notify(world.cell((1, 1, 1)))

    def test_ticks_run_by_time_priority_and_order(self) -> None:
        ticks = Ticks()
        for cell, delay, priority in ((1, 2, 0), (2, 2, -3), (3, 1, 0), (4, 2, -1), (5, 2, -1)):
            ticks.schedule(cell, "x", delay, priority)
        ticks.schedule(1, "x", 1)  # has one already
        assert [cell for cell, _ in ticks.begin()] == [3]
        assert [cell for cell, _ in ticks.begin()] == [2, 4, 5, 1]

    def test_a_due_tick_makes_room_before_it_runs(self) -> None:
        ticks = Ticks()
        ticks.schedule(1, "x", 1)
        (key,) = ticks.begin()
        assert ticks.runs_now(1, "x") and not ticks.is_scheduled(1, "x")
        ticks.schedule(1, "x", 1)
        ticks.runs(key)
        assert not ticks.runs_now(1, "x") and ticks.is_scheduled(1, "x")

    def test_what_is_over_the_limit_of_a_tick_waits(self) -> None:
        ticks = Ticks()
        for cell in range(MOST_PER_TICK + 3):
            ticks.schedule(cell, "x", 1)
        assert len(ticks.begin()) == MOST_PER_TICK and len(ticks.begin()) == 3


class TestStart:
    def test_trusted_states_stand_until_an_update_comes(self) -> None:
        volume = draw(INVERTER, (LEVER,))
        volume.set((3, 1, 0), "redstone_wall_torch[facing=east,lit=false]")
        board = Reference(volume, "trusted")
        board.run(20)
        assert board.power((4, 1, 0)) == 0 and board.restless() == [(3, 1, 0)]
        board.use(LEVER)
        board.use(LEVER)
        board.run(2)
        assert board.power((4, 1, 0)) == 15

    def test_scheduled_ticks_of_a_save_resume(self) -> None:
        board = inverter()
        board.use(LEVER)
        board.run(1)
        saved, ticks = board.write_back(), board.pending()
        assert ticks == [BlockTick((3, 1, 0), "minecraft:redstone_wall_torch", 1, 0, 0)]
        again = Reference(saved, "trusted", ticks=ticks)
        again.run(1)
        board.run(1)
        assert again.power((4, 1, 0)) == board.power((4, 1, 0)) == 0

    def test_a_tick_for_another_block_is_dropped(self) -> None:
        board = Reference(
            draw(INVERTER, (LEVER,)), "trusted", ticks=[BlockTick((3, 1, 0), "minecraft:repeater", 1)]
        )
        assert board.quiet

    def test_observers_and_bulbs_keep_still_while_a_board_settles(self) -> None:
        volume = draw("""
              y=0      y=1
        z=0   #######  @-..-..
        """)
        volume.set((2, 1, 0), "copper_bulb[lit=true,powered=false]")
        volume.set((3, 1, 0), "observer[facing=west,powered=false]")
        board = Reference(volume)
        assert str(board.block((2, 1, 0))) == "minecraft:copper_bulb[lit=true,powered=true]"
        assert board.quiet and board.power((4, 1, 0)) == 0

    @pytest.mark.parametrize("seed", range(30))
    def test_boards_settle_as_in_the_graph_engine(self, seed: int) -> None:
        volume = component_board(seed + 400) if seed % 2 else random_board(seed + 400)
        graph, mine = GRAPH(volume), Reference(volume)
        assert graph.quiet == mine.quiet
        if mine.quiet:
            assert changed_blocks(graph.blocks(), mine.blocks()) == [] and mine.restless() == []

    def test_boards_only_the_reference_engine_knows_settle_too(self) -> None:
        volume = draw("""
              y=0   y=1   y=2
        z=0   ###   @-.   ...
        """)
        volume.set((2, 1, 0), "oak_trapdoor[facing=west,half=top,open=false,powered=false]")
        volume.set((2, 2, 0), "lever[face=floor,facing=north,powered=false]")
        with pytest.raises(SimError, match="held by a trapdoor"):
            GRAPH(volume)
        board = Reference(volume)
        assert board.block((2, 2, 0)).short == "air" and board.block((2, 1, 0)).get("open") == "true"


class TestChanges:
    def test_net_changes_since_the_last_call_in_array_order(self) -> None:
        board = inverter()
        assert board.take_changes() == []
        board.use(LEVER)
        found = board.take_changes()
        assert [c.pos for c in found] == [LEVER, (1, 1, 0)]
        assert isinstance(found[0], Change) and found[1].after.get("power") == "15"
        assert board.take_changes() == []

    def test_a_block_that_is_back_has_not_changed(self) -> None:
        board = inverter()
        board.use(LEVER)
        board.use(LEVER)
        assert board.take_changes() == []


class TestCheckpoint:
    @pytest.mark.parametrize("stop", [0, 1, 7, 30, 58, 61, 100])
    def test_resuming_equals_going_on(self, stop: int) -> None:
        straight = inverter()
        resumed = None
        for t in range(140):
            if t == stop:
                resumed = Reference.resume(straight.save())
            for board in filter(None, (straight, resumed)):
                if t % 4 == 0 and t < 100:  # burns the torch out
                    board.use(LEVER)
                board.run(1)
        assert resumed is not None and states(resumed) == states(straight)
        assert resumed.pending() == straight.pending() and resumed.now_gt == straight.now_gt == 140
        assert (resumed.events, resumed.burnouts) == (straight.events, straight.burnouts)
        assert straight.burnouts == 1

    def test_a_checkpoint_of_another_engine_is_refused(self) -> None:
        data = GRAPH(draw(INVERTER, (LEVER,))).save()
        with pytest.raises(SimError, match="graph"):
            Reference.resume(data)
