"""Routed wires: legal, exact in delay, silent towards each other, deterministic, and refused by name."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wires import Bench, random_bench, wrong_sinks

from craftc.blocks import Volume
from craftc.errors import RoutingError
from craftc.layout.fabric import Terminal
from craftc.layout.route import Net, positions, route
from craftc.macros.rom_bank import rom_bank
from craftc.sim.board import Board


def straight(length: int, height: int = 6) -> Bench:
    bench = Bench((length + 12, height, 13))
    bench.net("wire", [((3, 2, 6), "east")], [((length + 6, 2, 6), "west")])
    return bench


@pytest.mark.parametrize("length", [0, 1, 2, 13, 14, 15, 16, 29, 30, 31, 32, 60])
def test_a_straight_wire_has_the_fewest_repeaters(length: int) -> None:
    bench = straight(length)
    result = route(bench.volume, bench.nets)
    # strength 14 at the first dust, 14 cells of dust per further repeater and 2 cells for itself
    dusts = length + 1
    repeaters = 1 + max(0, -(-(dusts - 14) // 16))
    net = result.nets["wire"]
    assert net.delay_rt == ((repeaters,),)
    assert net.dust + net.repeaters == net.length[0] == dusts + 1
    assert wrong_sinks(bench, result) == 0


@pytest.mark.parametrize("rise", [-6, -3, 3, 6])
def test_stairs_carry_both_ways(rise: int) -> None:
    bench = Bench((30, 12, 13))
    bench.net("up", [((3, 5, 6), "east")], [((20, 5 + rise if 5 + rise >= 1 else 1, 6), "west")])
    result = route(bench.volume, bench.nets)
    assert wrong_sinks(bench, result) == 0


def crossing() -> Bench:
    bench = Bench((25, 7, 25))
    bench.net("west-east", [((4, 2, 12), "east")], [((20, 2, 12), "west")])
    bench.net("north-south", [((12, 2, 4), "south")], [((12, 2, 20), "north")])
    return bench


def test_two_wires_cross_by_a_bridge() -> None:
    bench = crossing()
    result = route(bench.volume, bench.nets)
    cells = positions(result)
    assert wrong_sinks(bench, result) == 0
    columns = [{(x, z) for x, _, z in cells[name]} for name in ("west-east", "north-south")]
    assert columns[0] & columns[1]


def test_a_flat_box_with_one_layer_cannot_cross() -> None:
    bench = crossing()
    before = bench.volume.ids.copy()
    walls = np.zeros(bench.volume.ids.shape, dtype=np.bool_)
    walls[:, :4], walls[:, 21:], walls[:, :, :4], walls[:, :, 21:] = True, True, True, True
    with pytest.raises(RoutingError, match=r"still disturb each other after 8 rounds.*west-east"):
        route(bench.volume, bench.nets, walls, ((0, 2, 0), (25, 3, 25)), max_rounds=8)
    assert (bench.volume.ids == before).all()


def test_a_bus_of_parallel_wires() -> None:
    bench = Bench((40, 6, 40))
    for row in range(12):
        bench.net(f"bit{row:02}", [((4, 2, 6 + 2 * row), "east")], [((34, 2, 28 - 2 * row), "west")])
    result = route(bench.volume, bench.nets)
    assert wrong_sinks(bench, result) == 0


def test_drivers_share_a_net_without_feeding_back() -> None:
    bench = Bench((50, 7, 50))
    bench.net(
        "or", [((5, 2, 5), "east"), ((5, 2, 25), "east"), ((5, 4, 40), "east")],
        [((44, 2, 10), "west"), ((44, 3, 40), "west")],
    )  # fmt: skip
    result = route(bench.volume, bench.nets)
    assert len(result.nets["or"].delay_rt) == 3
    assert wrong_sinks(bench, result) == 0


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.sampled_from([(10, 2, 2), (14, 1, 1), (8, 1, 3), (6, 3, 2)]))
def test_random_boards_are_exact(seed: int, kind: tuple[int, int, int]) -> None:
    bench = random_bench((64, 9, 64), *kind, seed)
    assert wrong_sinks(bench, route(bench.volume, bench.nets)) == 0


def test_equal_input_gives_equal_wires() -> None:
    results = []
    for _ in range(2):
        bench = random_bench((60, 8, 60), 10, 2, 2, 7)
        route(bench.volume, bench.nets)
        results.append(bench.volume.ids)
    assert (results[0] == results[1]).all()


def test_a_cut_wire_is_noticed() -> None:
    bench = straight(20)
    result = route(bench.volume, bench.nets)
    x, y, z = result.nets["wire"].cells[8].tolist()
    bench.volume.set((x, y, z), "air")
    assert wrong_sinks(bench, result) == 2  # neither on nor off arrives


def test_a_dust_between_two_wires_is_noticed() -> None:
    bench = Bench((30, 5, 20))
    for row, z in enumerate((6, 8)):
        bench.net(f"w{row}", [((3, 2, z), "east")], [((24, 2, z), "west")])
    result = route(bench.volume, bench.nets)
    assert wrong_sinks(bench, result) == 0
    bench.volume.set((6, 2, 7), "minecraft:redstone_wire")
    bench.volume.set((6, 1, 7), "stone")
    assert wrong_sinks(bench, result) > 0


def test_a_delay_limit_is_kept_or_refused() -> None:
    bench = straight(32)
    bench.nets = [Net("wire", bench.nets[0].drivers, bench.nets[0].sinks, 3)]
    assert route(bench.volume, bench.nets).nets["wire"].delay_rt == ((3,),)
    bench = straight(32)
    bench.nets = [Net("wire", bench.nets[0].drivers, bench.nets[0].sinks, 2)]
    with pytest.raises(RoutingError, match=r"net wire from .*no path within 2 rt"):
        route(bench.volume, bench.nets)


def test_a_walled_sink_names_the_blocks() -> None:
    bench = straight(20)
    for x in range(20, 32):
        for z in range(13):
            for y in range(6):
                if (x == 20 or z in (0, 12)) and bench.volume.get((x, y, z)).short == "air":
                    bench.volume.set((x, y, z), "minecraft:redstone_lamp[lit=false]")
    with pytest.raises(
        RoutingError, match=r"net wire from \(3, 2, 6\) east to \(26, 2, 6\) west.*redstone_lamp at"
    ):
        route(bench.volume, bench.nets)


def test_keepout_and_bounds_are_respected() -> None:
    bench = straight(20, 8)
    keepout = np.zeros(bench.volume.ids.shape, dtype=np.bool_)
    keepout[:, 5:8, 10:14] = True
    before = bench.volume.ids.copy()
    result = route(bench.volume, bench.nets, keepout, ((0, 1, 2), (32, 6, 11)))
    assert (bench.volume.ids[keepout] == before[keepout]).all()
    cells = result.nets["wire"].cells
    assert (cells >= (0, 1, 2)).all() and (cells < (32, 6, 11)).all()
    assert wrong_sinks(bench, result) == 0


def test_wires_stay_away_from_foreign_parts() -> None:
    bench = straight(24, 8)
    spots = [(12, 2, 6), (12, 2, 4), (16, 2, 7), (20, 2, 5)]
    for pos, block in zip(spots, ("redstone_torch[lit=true]", "lever[face=floor,facing=north,powered=true]",
                                  "redstone_block", "redstone_torch[lit=true]"), strict=True):  # fmt: skip
        bench.volume.set(pos, f"minecraft:{block}")
        bench.volume.set((pos[0], 1, pos[2]), "stone")
    assert wrong_sinks(bench, route(bench.volume, bench.nets)) == 0


def test_a_wire_starts_a_rom_bank() -> None:
    digits = np.random.default_rng(3).integers(1, 16, (9, 3, 2)).astype(np.uint8)
    bank = rom_bank(digits, 12, (0, 4))
    corner = (10, 2, 14)
    bench = Bench((bank.volume.size[0] + 25, 14, 34))
    bench.volume.paste(bank.volume, corner)
    for index in range(2):
        bench.net(f"start{index}", [((4, 3 + 2 * index, 24 + 4 * index), "south")], [])
        port = bank.ports[f"start{index}"]
        at = tuple(a + b for a, b in zip(port.pos, corner, strict=True))
        driver = bench.nets[-1].drivers
        bench.nets[-1] = Net(f"start{index}", driver, (Terminal(at, port.side),))
    result = route(bench.volume, bench.nets)
    outs = [
        tuple(a + b for a, b in zip(bank.d_out(k, s), corner, strict=True)) for k in range(3) for s in (0, 1)
    ]
    for index, words in enumerate((range(4), range(4, 9))):
        board = Board(bench.volume)
        lever = bench.levers[f"start{index}"][0]
        got = board.run_script([(0, lever, True), (24, lever, False)], 400, outs)
        want = np.zeros_like(got)
        for count, word in enumerate(words):
            for level in range(3):
                lead = result.nets[f"start{index}"].delay_rt[0][0] + bank.start_rt[index]
                rise = 2 * (lead + 12 * count + 2 * level)
                want[rise - 1 : rise + 23, 2 * level : 2 * level + 2] = digits[word, level]
        assert (got == want).all()


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (Net("a", (), (Terminal((20, 2, 6), "west"),)), "needs a driver and a sink"),
        (Net("a", (Terminal((3, 2, 6), "up"),), (Terminal((20, 2, 6), "west"),)), "side 'up'"),
        (
            Net("a", (Terminal((3, 2, 6), "east", 1),), (Terminal((20, 2, 6), "west"),)),
            "strength 1 is below 2",
        ),
        (Net("a", (Terminal((3, 2, 6), "east"),), (Terminal((0, 2, 6), "west"),)), "outside the box"),
    ],
)
def test_bad_nets_are_refused(net: Net, message: str) -> None:
    with pytest.raises(RoutingError, match=message):
        route(Volume((30, 6, 13)), [net])


def test_ends_of_two_nets_that_touch_are_refused() -> None:
    bench = Bench((30, 6, 20))
    bench.net("a", [((3, 2, 6), "east")], [((20, 2, 6), "west")])
    bench.net("b", [((3, 2, 12), "east")], [((20, 2, 7), "west")])
    with pytest.raises(RoutingError, match="disturbs an end of a"):
        route(bench.volume, bench.nets)


def test_two_nets_of_one_name_are_refused() -> None:
    bench = straight(10)
    with pytest.raises(RoutingError, match="two nets of one name"):
        route(bench.volume, [bench.nets[0], bench.nets[0]])


@pytest.mark.slow
def test_hundreds_of_wires_in_seconds() -> None:
    warm = straight(5)
    route(warm.volume, warm.nets)
    bench = random_bench((200, 20, 200), 100, 1, 3, 1)
    began = time.process_time()
    result = route(bench.volume, bench.nets)
    assert time.process_time() - began < 30
    assert wrong_sinks(bench, result) == 0
