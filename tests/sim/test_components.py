"""Every component beside dust, diodes and torches (test_physics.py): what it does, and when. Times in gt."""

from __future__ import annotations

import pytest
from tests.sim.rows import LEVER, flag, row, trace
from tests.sim.small import draw

from craftc.blocks import Entity
from craftc.errors import SimError
from craftc.sim.engines import ENGINES
from craftc.sim.interface import Engine, Simulator


class TestObserver:
    """`.<=` watches west: lever, observer, dust behind it."""

    def board(self, engine: Engine) -> Simulator:
        return engine(row("..-", x1="observer[facing=west,powered=false]"))

    def test_pulses_two_ticks_after_a_change_for_two_ticks(self, engine: Engine) -> None:
        board = self.board(engine)
        board.use(LEVER)
        assert trace(board, (2, 1, 0), 8) == [0, 15, 15, 0, 0, 0, 0, 0]
        board.use(LEVER)
        assert trace(board, (2, 1, 0), 6) == [0, 15, 15, 0, 0, 0]

    def test_does_not_see_a_change_within_its_pulse(self, engine: Engine) -> None:
        board = self.board(engine)
        board.use(LEVER)
        board.run(2)
        board.use(LEVER)
        assert trace(board, (2, 1, 0), 8) == [15, 0, 0, 0, 0, 0, 0, 0]

    def test_sees_a_change_that_comes_while_it_waits_only_once(self, engine: Engine) -> None:
        board = self.board(engine)
        board.use(LEVER)
        board.run(1)
        board.use(LEVER)
        assert trace(board, (2, 1, 0), 8) == [15, 15, 0, 0, 0, 0, 0, 0]

    def test_sees_dust_change_its_level(self, engine: Engine) -> None:
        board = engine(row(".-..", x2="observer[facing=west,powered=false]", x3="redstone_wire"))
        board.use(LEVER)
        assert trace(board, (3, 1, 0), 6) == [0, 15, 15, 0, 0, 0]

    def test_a_chain_hands_the_pulse_on(self, engine: Engine) -> None:
        volume = row("....-")
        for x in (1, 2, 3):
            volume.set((x, 1, 0), "observer[facing=west,powered=false]")
        board = engine(volume)
        board.use(LEVER)
        assert trace(board, (4, 1, 0), 12) == [0] * 5 + [15, 15] + [0] * 5

    def test_powers_the_block_behind_it_strongly(self, engine: Engine) -> None:
        board = engine(row("..#-", x1="observer[facing=west,powered=false]"))
        board.use(LEVER)
        assert trace(board, (3, 1, 0), 4) == [0, 15, 15, 0]

    def test_counts_at_the_side_of_a_comparator(self, engine: Engine) -> None:
        volume = draw("""
              y=0    y=1
        z=0   ####   4}-.
        z=1   ####   ....
        """)
        volume.set((1, 1, 1), "observer[facing=south,powered=true]")
        board = engine(volume, "trusted")
        board.set_block((0, 1, 0), "composter[level=5]")
        board.run(4)
        assert board.power((1, 1, 0)) == 0
        board.set_block((1, 1, 1), "air")
        board.run(4)
        assert board.power((1, 1, 0)) == 5

    def test_its_pulse_is_too_short_for_a_comparator_and_not_for_a_repeater(self, engine: Engine) -> None:
        for device, expected in (("}", [0] * 8), ("e", [0, 0, 0, 15, 15, 0, 0, 0])):
            board = engine(row(f"..{device}-", x1="observer[facing=west,powered=false]"))
            board.use(LEVER)
            assert trace(board, (3, 1, 0), 8) == expected

    def test_dust_turns_to_its_back_only(self, engine: Engine) -> None:
        volume = row(".-..", x2="observer[facing=east,powered=false]")
        assert engine(volume).block((1, 1, 0)).get("east") == "side"
        volume = row("..-.", lever=False, x1="observer[facing=east,powered=false]", x0="air")
        assert engine(volume).block((2, 1, 0)).get("west") == "side"  # a straight end
        beside = draw("""
              y=0    y=1
        z=0   ####   -...
        z=1   ####   |...
        """)
        beside.set((1, 1, 0), "observer[facing=west,powered=false]")
        assert engine(beside).block((0, 1, 0)).get("east") == "none"


class TestTrapdoor:
    def test_follows_its_power_at_once(self, engine: Engine) -> None:
        board = engine(row(".-.", x2="oak_trapdoor[facing=north,half=bottom,open=false,powered=false]"))
        for on in (True, False):
            board.use(LEVER)
            state = board.block((2, 1, 0))
            assert (state.get("open") == "true", state.get("powered") == "true") == (on, on)

    def test_hand_moves_wood_and_not_iron(self, engine: Engine) -> None:
        board = engine(row(".", x2="spruce_trapdoor", x3="iron_trapdoor"))
        board.use((2, 1, 0))
        assert flag(board, (2, 1, 0), "open") and not flag(board, (2, 1, 0), "powered")
        with pytest.raises(SimError, match="iron_trapdoor"):
            board.use((3, 1, 0))

    def test_is_closed_by_power_that_goes_after_a_hand_opened_it(self, engine: Engine) -> None:
        board = engine(row(".-.", x2="oak_trapdoor[half=bottom,open=false,powered=false]"))
        board.use((2, 1, 0))
        board.use(LEVER)
        assert flag(board, (2, 1, 0), "open")
        board.use(LEVER)
        assert not flag(board, (2, 1, 0), "open")

    def test_dust_climbs_over_it_and_falls_when_it_opens(self) -> None:
        volume = draw("""
              y=0   y=1   y=2
        z=0   ###   .-.   ..-
        """)
        volume.set(LEVER, "lever[face=floor,facing=north,powered=false]")
        volume.set((2, 1, 0), "oak_trapdoor[facing=west,half=top,open=false,powered=false]")
        with pytest.raises(SimError, match=r"\(2, 2, 0\).*held by a trapdoor"):
            ENGINES["graph"](volume)
        board = ENGINES["reference"](volume)
        assert board.block((1, 1, 0)).get("east") == "side" and board.block((2, 2, 0)).get("west") == "side"
        board.use(LEVER)
        assert board.block((2, 2, 0)).short == "air" and flag(board, (2, 1, 0), "open")


class TestNoteBlock:
    def test_shows_its_power(self, engine: Engine) -> None:
        board = engine(row(".-.", x2="note_block[instrument=basedrum,note=3,powered=false]"))
        board.use(LEVER)
        assert flag(board, (2, 1, 0), "powered") and board.block((2, 1, 0)).get("note") == "3"
        board.use(LEVER)
        assert not flag(board, (2, 1, 0), "powered")

    def test_a_hand_raises_the_pitch_and_comes_round(self, engine: Engine) -> None:
        board = engine(row(".", x2="note_block[instrument=basedrum,note=23,powered=false]"))
        notes = []
        for _ in range(3):
            board.use((2, 1, 0))
            notes.append(board.block((2, 1, 0)).get("note"))
        assert notes == ["24", "0", "1"]

    def test_conducts(self, engine: Engine) -> None:
        board = engine(row(".e.-", x2="note_block[instrument=basedrum]"))
        board.use(LEVER)
        assert trace(board, (3, 1, 0), 3) == [0, 15, 15]

    def test_takes_the_instrument_of_the_block_below(self, engine: Engine) -> None:
        board = engine(row(".", x2="note_block[instrument=basedrum]"))
        board.set_block((2, 0, 0), "gold_block")
        assert board.block((2, 1, 0)).get("instrument") == "bell"


class TestPlates:
    @pytest.mark.parametrize(
        ("off", "on", "level"),
        [
            ("stone_pressure_plate[powered=false]", "stone_pressure_plate[powered=true]", 15),
            ("oak_pressure_plate[powered=false]", "oak_pressure_plate[powered=true]", 15),
            ("heavy_weighted_pressure_plate[power=0]", "heavy_weighted_pressure_plate[power=6]", 6),
        ],
    )
    def test_gives_power_around_and_through_the_block_below(
        self, engine: Engine, off: str, on: str, level: int
    ) -> None:
        volume = draw("""
              y=0    y=1    y=2
        z=0   ####   .#-.   ..|.
        """)
        volume.set((1, 2, 0), off)
        board = engine(volume)
        assert board.power((2, 1, 0)) == 0
        board.set_block((1, 2, 0), on)
        assert board.power((2, 1, 0)) == level and board.power((1, 2, 0)) == level
        board.run(60)
        assert board.power((2, 1, 0)) == level
        board.set_block((1, 2, 0), off)
        assert board.power((2, 1, 0)) == 0

    def test_a_hit_target_gives_weak_power(self, engine: Engine) -> None:
        board = engine(row("..-", lever=False, x1="target[power=0]", x0="redstone_wire"))
        board.set_block((1, 1, 0), "target[power=9]")
        assert board.power((2, 1, 0)) == 9 and board.power((0, 1, 0)) == 9


class TestCopperBulb:
    @pytest.mark.parametrize("name", ["copper_bulb", "waxed_oxidized_copper_bulb"])
    def test_turns_over_with_every_rising_edge_at_once(self, engine: Engine, name: str) -> None:
        board = engine(row(".-.", x2=f"{name}[lit=false,powered=false]"))
        seen = []
        for _ in range(4):
            board.use(LEVER)
            seen.append((flag(board, (2, 1, 0), "lit"), flag(board, (2, 1, 0), "powered")))
        assert seen == [(True, True), (True, False), (False, True), (False, False)]

    def test_is_read_by_comparators_and_conducts_nothing(self, engine: Engine) -> None:
        board = engine(row(".-.}-", x2="copper_bulb[lit=false,powered=false]"))
        board.use(LEVER)
        assert trace(board, (4, 1, 0), 3) == [0, 15, 15]
        board.use(LEVER)
        assert trace(board, (4, 1, 0), 3) == [15, 15, 15]
        board.use(LEVER)
        assert trace(board, (4, 1, 0), 3) == [15, 0, 0]

    def test_is_hidden_by_a_container_before_it(self, engine: Engine) -> None:
        volume = row("..}-", lever=False, x0="copper_bulb[lit=true,powered=false]")
        volume.set((1, 1, 0), "respawn_anchor[charges=2]")
        assert engine(volume).power((3, 1, 0)) == 7


SOURCES = [
    ("composter[level=6]", None, 6),
    ("cauldron", None, 0),
    ("water_cauldron[level=2]", None, 2),
    ("powder_snow_cauldron[level=3]", None, 3),
    ("lava_cauldron", None, 3),
    ("cake[bites=0]", None, 14),
    ("cake[bites=6]", None, 2),
    ("candle_cake[lit=false]", None, 14),
    ("end_portal_frame[eye=true,facing=north]", None, 15),
    ("end_portal_frame[eye=false,facing=north]", None, 0),
    ("respawn_anchor[charges=1]", None, 3),
    ("respawn_anchor[charges=3]", None, 11),
    ("respawn_anchor[charges=4]", None, 15),
    ("beehive[facing=north,honey_level=5]", None, 5),
    ("bee_nest[facing=north,honey_level=2]", None, 2),
    ("waxed_copper_bulb[lit=true,powered=false]", None, 15),
    ("barrel[facing=up,open=false]", 9, 9),
    ("chest[facing=north]", 4, 4),
    ("trapped_chest[facing=north]", 2, 2),
    ("jukebox[has_record=true]", 13, 13),
    ("chiseled_bookshelf[facing=north]", 5, 5),
    ("brewing_stand", 3, 3),
    ("decorated_pot", 7, 7),
    ("furnace[facing=north,lit=false]", 1, 1),
]


class TestComparatorSources:
    @pytest.mark.parametrize(("state", "signal", "level"), SOURCES, ids=[s[0] for s in SOURCES])
    @pytest.mark.parametrize("between", [".", "#"])
    def test_reading(self, engine: Engine, state: str, signal: int | None, level: int, between: str) -> None:
        volume = row(f".{between}}}-" if between == "#" else ".}-", lever=False)
        volume.set((0, 1, 0), state, None if signal is None else Entity("container", signal))
        assert engine(volume).power((3 if between == "#" else 2, 1, 0)) == level

    def test_follows_a_source_that_changes(self, engine: Engine) -> None:
        board = engine(row(".#}-", lever=False, x0="composter[level=2]"))
        board.set_block((0, 1, 0), "composter[level=5]")
        assert trace(board, (3, 1, 0), 3) == [2, 5, 5]

    def test_is_told_of_a_broken_container_through_a_block_but_not_of_a_broken_composter(
        self, engine: Engine
    ) -> None:
        for state, after in (("barrel[facing=up,open=false]", 0), ("composter[level=5]", 5)):
            volume = row("5#}-", lever=False)
            volume.set((0, 1, 0), state, Entity("barrel", 5) if after == 0 else None)
            board = engine(volume)
            board.set_block((0, 1, 0), "air")
            board.run(3)
            assert board.power((3, 1, 0)) == after

    def test_a_hand_empties_a_full_composter(self, engine: Engine) -> None:
        board = engine(row(".}-", lever=False, x0="composter[level=8]"))
        board.use((0, 1, 0))
        assert trace(board, (2, 1, 0), 3) == [8, 0, 0]
