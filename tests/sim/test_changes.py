"""What a hand and a written block do, and what is refused. Times in gt."""

from __future__ import annotations

import pytest
from tests.sim.rows import LEVER, row, trace
from tests.sim.small import draw

from craftc.blocks import BlockState
from craftc.errors import SimError
from craftc.sim.interface import Engine


class TestHand:
    def test_repeater_takes_the_next_delay(self, engine: Engine) -> None:
        board = engine(row(".e-"))
        for delay in (2, 3, 4, 1, 2):
            board.use((1, 1, 0))
            assert board.block((1, 1, 0)).get("delay") == str(delay)
        board.use(LEVER)
        assert trace(board, (2, 1, 0), 6) == [0, 0, 0, 15, 15, 15]

    def test_comparator_changes_its_mode_at_once(self, engine: Engine) -> None:
        volume = draw("""
              y=0    y=1
        z=0   ####   8}-.
        z=1   .#..   .A..
        z=2   .#..   .3..
        """)
        board = engine(volume)
        assert board.power((2, 1, 0)) == 8
        board.use((1, 1, 0))
        assert board.power((2, 1, 0)) == 5 and board.block((1, 1, 0)).get("mode") == "subtract"

    def test_dust_becomes_a_dot_and_a_cross_again(self, engine: Engine) -> None:
        volume = draw("""
              y=0    y=1
        z=0   ###    ...
        z=1   ###    .+.
        z=2   ###    ...
        """)
        board = engine(volume)
        board.use((1, 1, 1))
        sides = [board.block((1, 1, 1)).get(s) for s in ("north", "east", "south", "west")]
        assert sides == ["none"] * 4
        board.use((1, 1, 1))
        assert board.block((1, 1, 1)).get("north") == "side"

    def test_a_dot_powers_nothing_beside_it(self, engine: Engine) -> None:
        volume = row("..", lever=False)
        volume.set((1, 1, 0), "redstone_wire[east=none,north=none,south=none,west=none,power=0]")
        volume.set((2, 1, 0), "redstone_lamp[lit=false]")
        volume.set((1, 0, 0), "redstone_block")
        board = engine(volume)
        assert board.power((1, 1, 0)) == 15 and board.power((2, 1, 0)) == 0
        board.use((1, 1, 0))
        assert board.power((2, 1, 0)) == 15

    def test_blocks_without_reaction_are_refused_by_name_and_place(self, engine: Engine) -> None:
        with pytest.raises(SimError, match=r"\(2, 0, 0\).*minecraft:stone"):
            engine(row(".-")).use((2, 0, 0))


class TestSetBlock:
    def test_breaking_a_lever_that_is_on(self, engine: Engine) -> None:
        board = engine(row(".-"))
        board.use(LEVER)
        board.set_block(LEVER, "minecraft:air")
        assert board.power((1, 1, 0)) == 0

    def test_breaking_the_block_under_a_lever_takes_both(self, engine: Engine) -> None:
        board = engine(row(".-"))
        board.use(LEVER)
        board.set_block((0, 0, 0), "air")
        assert board.block(LEVER).short == "air" and board.power((1, 1, 0)) == 0

    def test_dust_falls_with_its_support(self, engine: Engine) -> None:
        board = engine(row(".--e-"))
        board.use(LEVER)
        board.run(4)
        board.set_block((2, 0, 0), "glass")
        assert board.power((2, 1, 0)) == 14
        board.set_block((2, 0, 0), "air")
        assert board.block((2, 1, 0)).short == "air"
        assert trace(board, (4, 1, 0), 3) == [15, 0, 0]

    def test_a_block_between_cuts_dust_that_climbs(self, engine: Engine) -> None:
        volume = draw("""
              y=0    y=1    y=2
        z=0   ###    .-#    ..-
        """)
        volume.set((0, 1, 0), "redstone_block")
        board = engine(volume)
        assert board.power((2, 2, 0)) == 14 and board.block((1, 1, 0)).get("east") == "up"
        board.set_block((1, 2, 0), "stone")
        assert board.power((2, 2, 0)) == 0 and board.block((1, 1, 0)).get("east") == "side"
        board.set_block((1, 2, 0), "air")
        assert board.power((2, 2, 0)) == 14

    def test_placed_source_and_device_come_to_life(self, engine: Engine) -> None:
        board = engine(row("..-.", lever=False))
        board.set_block((1, 1, 0), "redstone_block")
        assert board.power((2, 1, 0)) == 15
        board.set_block((3, 1, 0), "repeater[delay=1,facing=west,locked=false,powered=false]")
        board.set_block((4, 1, 0), "redstone_wire")
        assert trace(board, (4, 1, 0), 4)[-1] == 15

    def test_written_dust_takes_its_shape(self, engine: Engine) -> None:
        board = engine(row("..-.", lever=False, x0="air"))
        board.set_block((3, 1, 0), "redstone_wire")
        assert board.block((3, 1, 0)).get("west") == "side" and board.block((3, 1, 0)).get("north") == "none"
        board.set_block((6, 1, 0), "redstone_wire")
        assert board.block((6, 1, 0)).get("west") == "none", "alone it is a dot"

    def test_levers_and_buttons_can_be_set(self, engine: Engine) -> None:
        volume = draw("""
              y=0   y=1
        z=0   ###   .#-
        """)
        volume.set((0, 1, 0), "lever[face=wall,facing=west,powered=false]")
        board = engine(volume)
        board.set_block((0, 1, 0), "lever[face=wall,facing=west,powered=true]")
        assert board.power((2, 1, 0)) == 15

    @pytest.mark.parametrize(
        "name", ["sticky_piston[facing=up]", "hopper", "mod:thing", "composter[level=7]"]
    )
    def test_refused_blocks(self, engine: Engine, name: str) -> None:
        board = engine(row(".-"))
        with pytest.raises(SimError, match=r"\(3, 1, 0\)"):
            board.set_block((3, 1, 0), name)

    @pytest.mark.parametrize("name", ["repeater[delay=5]", "lever[colour=red]"])
    def test_states_that_a_block_does_not_have(self, engine: Engine, name: str) -> None:
        board = engine(row(".-"))
        with pytest.raises(SimError):
            board.set_block((3, 1, 0), name)


class TestRefusedByReason:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [("piston[facing=up]", "moves blocks"), ("hopper", "moves items"), ("daylight_detector", "sun")],
    )
    def test_named_with_place_and_reason(self, engine: Engine, name: str, reason: str) -> None:
        volume = row(".-")
        volume.set((4, 1, 0), BlockState.parse(name))
        with pytest.raises(SimError, match=rf"\(4, 1, 0\).*{reason}"):
            engine(volume)
