"""The rules of redstone, each as a small board. Times in game ticks (gt)."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sim.small import draw

from craftc.blocks import BlockState, Entity, Volume
from craftc.errors import SimError
from craftc.sim import settle
from craftc.sim.interface import Engine

ROW = """
      y=0          y=1
z=0   ###########  {row}
"""


def row(devices: str, lever: bool = True) -> Volume:
    """Return one line of devices on stone; the first cell is a lever."""
    text = ROW.replace("{row}", devices.ljust(11, "."))
    return draw(text, ((0, 1, 0),) if lever else ())


def levels(engine: Engine, volume: Volume, script: list[tuple[int, bool]], ticks: int, x: int) -> list[int]:
    """Return the level at (x, 1, 0) after each gt; the lever at the origin follows the script."""
    board = engine(volume)
    return [
        int(v) for v in board.run_script([(t, (0, 1, 0), on) for t, on in script], ticks, [(x, 1, 0)])[:, 0]
    ]


class TestPower:
    def test_dust_loses_one_per_block_and_reaches_fifteen(self, engine: Engine) -> None:
        volume = Volume((20, 2, 1))
        for x in range(20):
            volume.set((x, 0, 0), "stone")
            volume.set((x, 1, 0), "redstone_wire")
        volume.set((0, 1, 0), "redstone_block")
        board = engine(volume)
        assert [board.power((x, 1, 0)) for x in range(1, 20)] == [15 - k for k in range(15)] + [0] * 4

    def test_strong_power_lights_dust_around_a_block_and_weak_power_does_not(self, engine: Engine) -> None:
        # lever, repeater -> block -> dust beside it; lever, dust -> block -> dust beside it
        assert engine(row(".e#-")).power((3, 1, 0)) == 0
        strong, weak = row(".e#-"), row(".-#-")
        for volume, expected in ((strong, 15), (weak, 0)):
            board = engine(volume)
            board.use((0, 1, 0))
            board.run(10)
            assert board.power((3, 1, 0)) == expected
            assert board.power((2, 1, 0)) == 15  # the block is powered either way

    def test_weak_power_runs_repeater_comparator_and_torch(self, engine: Engine) -> None:
        for device, expected in (("e", 15), ("}", 15), ("Q", 0)):
            board = engine(row(f".-#{device}-"))
            board.use((0, 1, 0))
            board.run(10)
            assert board.power((3, 1, 0)) == expected

    def test_torch_powers_the_block_above_strongly(self, engine: Engine) -> None:
        volume = draw("""
            y=0  y=1  y=2  y=3
      z=0   ##   !.   #-   .-
        """)  # fmt: skip
        volume.set((1, 1, 0), "stone")
        board = engine(volume)
        assert board.power((0, 2, 0)) == 15 and board.power((1, 2, 0)) == 15

    def test_block_is_the_maximum_of_comparators(self, engine: Engine) -> None:
        volume = draw("""
              y=0      y=1
      z=0     #######  3}#-}..
      z=1     ..###..  ..A....
      z=2     ..#....  ..6....
        """)  # fmt: skip
        assert engine(volume).power((3, 1, 0)) == 6

    def test_glass_carries_dust_up_but_not_down(self, engine: Engine) -> None:
        # dust at the bottom left, glass with dust on top at the right
        text = """
            y=0   y=1   y=2
      z=0   ###   .-g   ..-
        """
        up = draw(text)
        up.set((0, 1, 0), "redstone_block")
        assert engine(up).power((2, 2, 0)) == 14
        down = draw(text.replace("..-", "..-@").replace("###", "####").replace(".-g", ".-gg"))
        assert engine(down).power((2, 2, 0)) == 15 and engine(down).power((1, 1, 0)) == 0

    def test_stone_carries_dust_both_ways_unless_covered(self, engine: Engine) -> None:
        text = """
            y=0    y=1    y=2
      z=0   ####   .-##   {}.-@
        """
        assert engine(draw(text.format("."))).power((1, 1, 0)) == 14
        covered = draw(text.format("."))
        covered.set((1, 2, 0), "stone")
        assert engine(covered).power((1, 1, 0)) == 0

    def test_a_lever_powers_its_block_strongly(self, engine: Engine) -> None:
        volume = draw("""
            y=0   y=1
      z=0   ###   .#-
        """)  # fmt: skip
        volume.set((0, 1, 0), "lever[face=wall,facing=west,powered=true]")
        assert engine(volume).power((2, 1, 0)) == 15

    def test_target_is_a_conductor_that_dust_points_at(self, engine: Engine) -> None:
        volume = row(".-.e", lever=True)
        volume.set((2, 1, 0), "target[power=0]")
        board = engine(volume)
        board.use((0, 1, 0))
        board.run(4)
        assert board.power((3, 1, 0)) == 15


class TestRepeater:
    @pytest.mark.parametrize("delay", [1, 2, 3, 4])
    def test_delay(self, delay: int, engine: Engine) -> None:
        volume = row("..-")
        volume.set((1, 1, 0), BlockState.make("repeater", facing="west", delay=delay, powered="false"))
        trace = levels(engine, volume, [(0, True)], 10, 2)
        assert trace == [0] * (2 * delay - 1) + [15] * (11 - 2 * delay)

    def test_lengthens_a_short_pulse(self, engine: Engine) -> None:
        trace = levels(engine, row(".E-"), [(0, True), (2, False)], 24, 2)
        assert trace == [0] * 7 + [15] * 8 + [0] * 9

    def test_locks_from_the_side_and_resumes(self, engine: Engine) -> None:
        # main line along x, locking repeater from the north at x=2
        volume = draw("""
              y=0    y=1
      z=0     .###.  .....
      z=1     .###.  ..u..
      z=2     #####  .-e-.
        """)  # fmt: skip
        volume.set((2, 1, 0), "lever[face=floor,facing=north,powered=false]")
        volume.set((0, 1, 2), "lever[face=floor,facing=north,powered=false]")
        board, data, lock, out = engine(volume), (0, 1, 2), (2, 1, 0), (3, 1, 2)
        board.set_lever(data, True)
        board.run(6)
        board.set_lever(lock, True)
        board.run(6)
        board.set_lever(data, False)
        board.run(40)
        assert board.power(out) == 15, "locked: keeps its output"
        assert board.write_back().get((2, 1, 2)).get("locked") == "true"
        board.set_lever(lock, False)
        board.run(6)
        assert board.power(out) == 0

    def test_is_not_locked_by_dust(self, engine: Engine) -> None:
        volume = draw("""
              y=0    y=1
      z=0     .#...  .|...
      z=1     ####.  .e-..
        """)  # fmt: skip
        volume.set((0, 1, 1), "redstone_block")
        volume.set((1, 1, 0), "redstone_block")
        assert engine(volume).power((2, 1, 1)) == 15


class TestComparator:
    @pytest.mark.parametrize("rear", [0, 3, 8, 15])
    @pytest.mark.parametrize("side", [0, 3, 9, 15])
    @pytest.mark.parametrize("mode", ["compare", "subtract"])
    def test_function(self, rear: int, side: int, mode: str, engine: Engine) -> None:
        volume = draw("""
              y=0    y=1
      z=0     .#...  .....
      z=1     .#...  .....
      z=2     ####.  ...-.
        """)  # fmt: skip
        barrel = BlockState.make("barrel", facing="up", open="false")
        volume.set((0, 1, 2), barrel, Entity("barrel", rear))
        volume.set((1, 1, 0), barrel, Entity("barrel", side))
        volume.set((1, 1, 1), "comparator[facing=north,mode=compare,powered=false]")
        volume.set((1, 1, 2), BlockState.make("comparator", facing="west", mode=mode, powered="false"))
        volume.set((2, 1, 2), "stone")
        expected = max(rear - side, 0) if mode == "subtract" else (rear if rear >= side else 0)
        assert engine(volume).power((3, 1, 2)) == expected

    def test_takes_one_redstone_tick(self, engine: Engine) -> None:
        assert levels(engine, row(".}-"), [(0, True)], 4, 2) == [0, 15, 15, 15]

    @pytest.mark.parametrize(
        ("block", "counts"),
        [
            ("redstone_wall_torch[facing=north,lit=true]", False),
            ("stone", False),
            ("redstone_block", True),
            ("lever[face=floor,facing=north,powered=true]", False),
        ],
    )
    def test_what_counts_as_side(self, block: str, counts: bool, engine: Engine) -> None:
        volume = draw("""
              y=0    y=1
      z=0     ####.  4>-..
      z=1     ####.  .....
      z=2     ####.  .#...
        """)  # fmt: skip
        volume.set((1, 1, 1), block)
        volume.set((1, 1, 2), "redstone_block" if block == "stone" else "stone")
        assert engine(volume).power((2, 1, 0)) == (0 if counts else 4)

    def test_side_block_powered_strongly_does_not_count(self, engine: Engine) -> None:
        volume = draw("""
              y=0    y=1
      z=0     ####.  4>-..
      z=1     ####.  .#...
      z=2     ####.  .n...
      z=3     ####.  .@...
        """)  # fmt: skip
        board = engine(volume)
        assert board.power((1, 1, 1)) == 15 and board.power((2, 1, 0)) == 4

    def test_reads_a_container_through_one_block_but_not_when_it_is_full(self, engine: Engine) -> None:
        assert engine(row("5#}-", lever=False)).power((3, 1, 0)) == 5
        powered = draw("""
              y=0    y=1
      z=0     ####.  5#}-.
      z=1     .#...  .n...
      z=2     .#...  .@...
        """)  # fmt: skip
        assert engine(powered).power((3, 1, 0)) == 15
        assert engine(row("5##}", lever=False)).power((3, 1, 0)) == 0

    @pytest.mark.parametrize("level", [0, 1, 5, 6, 8])
    def test_reads_composters(self, level: int, engine: Engine) -> None:
        volume = row("..-", lever=False)
        volume.set((0, 1, 0), BlockState.make("composter", level=level))
        volume.set((1, 1, 0), "comparator[facing=west,mode=compare,powered=false]")
        assert engine(volume).power((1, 1, 0)) == level

    def test_output_into_its_own_side_oscillates(self, engine: Engine) -> None:
        volume = draw("""
              y=0    y=1
      z=0     ####.  @>-..
      z=1     .###.  .U-..
        """)  # fmt: skip
        board = engine(volume)
        assert not board.quiet
        trace = board.probe([(2, 1, 0)], 12, every_gt=2)[:, 0]
        assert set(np.abs(np.diff(trace.astype(int)))) == {13}  # 15 and 2 in turn


class TestTorch:
    def test_inverts_after_one_redstone_tick(self, engine: Engine) -> None:
        assert levels(engine, row(".-#Q-"), [(0, True), (10, False)], 16, 4) == [15, 0] + [0] * 9 + [15] * 5

    def test_burns_out_at_the_eighth_turn_off_and_returns(self, engine: Engine) -> None:
        def script(period: int) -> list[tuple[int, bool]]:
            return [(t * period + d, bool(1 - d * 2 // period)) for t in range(8) for d in (0, period // 2)]

        fast = levels(engine, row(".-#Q-"), script(8), 300, 4)  # turn-offs at 2, 10, .. 58: within 60 gt
        assert fast[57:217] == [0] * 160 and fast[217:] == [15] * 83
        slow = levels(engine, row(".-#Q-"), script(10), 300, 4)  # the eighth comes 70 gt after the first
        assert slow[80:] == [15] * 220

    def test_a_self_clocked_torch_burns_out(self, engine: Engine) -> None:
        loop = draw("""
              y=0    y=1
      z=0     ####   #Q-.
      z=1     ####   |.|.
      z=2     ####   L-J.
        """)  # fmt: skip
        board = engine(loop)
        board.run(200)
        assert board.burnouts == 1 and board.power((1, 1, 0)) == 0


class TestInputsAndLamps:
    @pytest.mark.parametrize(
        ("name", "ticks"), [("stone_button", 20), ("polished_blackstone_button", 20), ("oak_button", 30)]
    )
    def test_button_time(self, name: str, ticks: int, engine: Engine) -> None:
        volume = row(".-", lever=False)
        volume.set((0, 1, 0), BlockState.make(name, face="floor", facing="north", powered="false"))
        board = engine(volume)
        board.use((0, 1, 0))
        trace = board.probe([(1, 1, 0)], 40)[:, 0]
        assert list(trace) == [15] * (ticks - 1) + [0] * (41 - ticks)

    def test_lamp_lights_at_once_and_goes_off_after_four_gt(self, engine: Engine) -> None:
        volume = row(".-.")
        volume.set((2, 1, 0), "redstone_lamp[lit=false]")
        assert levels(engine, volume, [(2, True), (8, False)], 16, 2) == [0, 0] + [15] * 9 + [0] * 5

    def test_lamp_survives_a_gap_shorter_than_four_gt(self, engine: Engine) -> None:
        volume = row(".-.")
        volume.set((2, 1, 0), "redstone_lamp[lit=false]")
        assert 0 not in levels(engine, volume, [(0, True), (8, False), (11, True)], 20, 2)

    def test_lever_toggles(self, engine: Engine) -> None:
        board = engine(row(".-"))
        for expected in (15, 0, 15):
            board.use((0, 1, 0))
            assert board.power((1, 1, 0)) == expected


class TestRefusals:
    @pytest.mark.parametrize("name", ["sticky_piston[facing=up]", "hopper", "dropper[facing=up]", "frobnitz"])
    def test_unknown_blocks_are_named_with_their_place(self, name: str, engine: Engine) -> None:
        volume = row(".-")
        volume.set((5, 1, 0), name)
        with pytest.raises(SimError, match=r"\(5, 1, 0\).*minecraft:" + name.partition("[")[0]):
            engine(volume)

    def test_composter_that_ripens(self, engine: Engine) -> None:
        volume = row(".-")
        volume.set((5, 1, 0), "composter[level=7]")
        with pytest.raises(SimError, match="level=7"):
            engine(volume)

    def test_switching_what_is_no_switch(self, engine: Engine) -> None:
        board = engine(row(".-"))
        for pos in ((1, 0, 0), (40, 0, 0)):
            with pytest.raises(SimError, match=r"cannot be switched|outside the box"):
                board.use(pos)

    def test_a_clock_is_not_quiet(self, engine: Engine) -> None:
        clock = draw("""
              y=0    y=1
      z=0     ####   @>-.
      z=1     .###   .n|.
      z=2     .###   .LJ.
        """)  # fmt: skip
        board = engine(clock)
        with pytest.raises(SimError, match="still running"):
            board.run_until_quiet(100)
        with pytest.raises(SimError, match="still running"):
            settle(clock)
