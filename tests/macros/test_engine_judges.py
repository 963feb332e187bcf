"""The engine in three simulators, every orientation and order of updates, and the lane device by device.

Running sums: the p dust of a lane carries its whole sum in every word, so that one run of 64 lanes proves
thousands of (code, bit) steps one by one, doublings included.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from tests.oracle.client import Judge, needs_judge, outside_levels

from craftc.blocks import Volume
from craftc.blocks.transform import transform_point, transformed
from craftc.macros import lane
from craftc.macros.base import Pos
from craftc.macros.engine import Engine, engine
from craftc.sim import Board, settle

from .engine_bench import ORIGIN_RT, Run, plan_run

Ints = npt.NDArray[np.int64]
ORIENTATIONS = [(turns, mirror) for turns in range(4) for mirror in (False, True)]
ORIGINS = [(0, 0, 0), (17, 3, -5), (-100, 5, 33), (1023, -60, -4097), (-7, 200, 8)]
DEVICES = ("comparator", "repeater", "composter", "barrel")


def digits(codes: Ints) -> npt.NDArray[np.uint8]:
    """Return ROM digits of int4 codes."""
    return (codes & 15).astype(np.uint8)


def running(codes: Ints, bits: Ints) -> Ints:
    """Return the sums (slots + 1, levels, 2) before every slot, and at the end."""
    words = len(codes)
    sums = [np.zeros(codes.shape[1:], dtype=np.int64)]
    for plane in range(len(bits)):
        if plane:
            sums.append(2 * sums[-1])
        for word in range(words):
            sums.append(sums[-1] + codes[word] * bits[plane, word])
    return np.array(sums)


def case(seed: int, words: int, levels: int, planes: int) -> tuple[Ints, Ints]:
    """Return random codes (words, levels, 2) and bits (planes, words, 2)."""
    rng = np.random.default_rng(seed)
    return rng.integers(-8, 8, (words, levels, 2)), rng.integers(0, 2, (planes, words, 2))


def out_cells(run: Run) -> list[Pos]:
    return [port.pos for port in run.outs]


# --- the lane alone -----------------------------------------------------------------------------


def running_sums(made: Engine, run: Run, sum_digits: int, order: int = 0) -> Ints:
    """Return the sums (4 game ticks, slots + 1, levels, 2) seen at the p dust of every lane."""
    probes = [made.probes[f"p_{k}_{side}"] for k in range(made.levels) for side in "ns"]
    board = Board(run.volume, order=order)
    samples = board.run_script(run.script.actions(), 2 * run.end_rt, probes)
    assert board.burnouts == 0
    levels = samples.reshape(-1, made.levels, 2)
    out = np.zeros((4, run.slots + 1, made.levels, 2), dtype=np.int64)
    for k in range(made.levels):
        start = ORIGIN_RT + lane.PERIOD_RT * np.arange(run.slots + 1) + lane.SKEW_RT * k
        for part in range(4):
            for i in range(sum_digits):
                out[part, :, k] += levels[2 * (start + 2 * i) + part - 1, k].astype(np.int64) << 3 * i
    return out


@pytest.mark.parametrize("sum_digits", [4, 5])
@pytest.mark.parametrize("planes", [1, 4])
def test_every_running_sum(sum_digits: int, planes: int) -> None:
    codes, bits = case(sum_digits, 180 // planes, 32, planes)
    made = engine(digits(codes))
    got = running_sums(made, plan_run(made, bits, sum_digits, planes=planes), sum_digits)
    want = running(codes, bits) % 8**sum_digits
    assert (got == want).all()
    vectors = bits.size // 2 * codes[0].size
    print(f"{vectors} (code, bit) vectors, {want.size} running sums, 4 game ticks each")
    assert vectors >= 10_000


def test_all_codes_with_all_activations() -> None:
    values = np.arange(16)
    bits = (values[None, :] >> np.arange(3, -1, -1)[:, None]) & 1  # (planes, activations)
    for activation in range(16):
        codes = np.arange(-8, 8).reshape(1, 8, 2)
        made = engine(digits(codes))
        plane_bits = np.repeat(bits[:, activation], 2).reshape(4, 1, 2)
        run = plan_run(made, plane_bits, 4, planes=4)
        got = running_sums(made, run, 4)[0, -1]
        assert (got == codes[0] * activation % 8**4).all(), activation


@pytest.mark.parametrize("order", range(1, 9))
def test_order_of_updates_does_not_matter(order: int) -> None:
    codes, bits = case(order, 24, 6, 3)
    made = engine(digits(codes))
    got = running_sums(made, plan_run(made, bits, 5, planes=3), 5, order)
    assert (got == running(codes, bits) % 8**5).all()


# --- broken lanes -------------------------------------------------------------------------------


def lane_cells(made: Engine, level: int) -> list[tuple[Pos, str]]:
    """Return the devices and constants of the south lane of a level: (engine cell, kind)."""
    plate = lane.plate(level % 2)
    assert made.bank is not None
    corner = (
        made.bank.volume.size[0] - 1 - (-2 - lane.X_LOW),
        2 + lane.LEVEL_PITCH * level,
        (made.volume.size[2] - 1) // 2 + lane.CHAIN_Z + lane.V_LOW,
    )
    out = []
    for pos in plate.volume.positions(plate.volume.ids != 0):
        kind = plate.volume.get(pos).short
        if kind in DEVICES:
            at = (corner[0] + pos[0], corner[1] + pos[1], corner[2] + pos[2])
            assert made.volume.get(at).short == kind
            out.append((at, kind))
    return out


def is_right(made: Engine, codes: Ints, bits: Ints) -> bool:
    """Return whether all sums arrive, and nothing leaves outside of the words in which sums do."""
    run = plan_run(made, bits, 5, planes=len(bits))
    got = Board(run.volume).run_script(run.script.actions(), 2 * run.end_rt, out_cells(run))
    first = 2 * (ORIGIN_RT + lane.PERIOD_RT * run.slots + run.outs[0].latency_rt)
    if got[: first - 1].any():
        return False
    return np.array_equal(run.sums(got), running(codes, bits)[-1])


def unnoticed(level: int, levels: int = 4) -> tuple[set[tuple[int, int]], int]:
    """Remove every device of a lane in turn; return (x, v) of what no check sees, and how many there are."""
    codes, bits = case(7, 100, levels, 3)
    made = engine(digits(codes))
    assert is_right(made, codes, bits)
    cells = lane_cells(made, level)
    missed = set()
    for at, _ in cells:
        kept = made.volume.get(at), made.volume.entity(at)
        made.volume.set(at, "minecraft:air")
        if is_right(made, codes, bits):
            assert made.bank is not None
            x0 = made.bank.volume.size[0] + 1
            missed.add((at[0] - x0, at[2] - (made.volume.size[2] - 1) // 2 - lane.CHAIN_Z))
        made.volume.set(at, *kept)
    print(f"level {level} of {levels}: {len(cells)} devices removed one by one, {len(missed)} not noticed")
    return missed, len(cells)


@pytest.mark.slow
@pytest.mark.parametrize("level", [0, 1, 2])
def test_every_missing_device_is_noticed(level: int) -> None:
    missed, removed = unnoticed(level)
    assert missed == set()
    assert removed >= 60


def test_only_the_receiving_link_is_idle_on_the_top_level() -> None:
    missed, _ = unnoticed(3)
    assert missed and all(v >= 19 for _, v in missed), missed


def test_every_missing_tower_part_is_noticed() -> None:
    codes, bits = case(8, 20, 4, 3)
    made = engine(digits(codes))
    assert is_right(made, codes, bits)
    half = (made.volume.size[2] - 1) // 2
    torches = [p for p in made.volume.positions(made.volume.ids != 0)
               if "torch" in made.volume.get(p).short and p[2] > half + 2]  # fmt: skip
    top = max(p[1] for p in torches)
    for at in torches:
        kept = made.volume.get(at)
        made.volume.set(at, "minecraft:air")
        assert not is_right(made, codes, bits), at
        made.volume.set(at, kept)
    assert top >= 8 and len(torches) == 5 * 7


# --- outside simulators -------------------------------------------------------------------------


def placed(run: Run, turns: int, mirror: bool) -> tuple[Volume, list[tuple[int, Pos, bool]], list[Pos]]:
    """Return volume, actions (gt) and outputs of a run in another orientation."""
    size = run.volume.size

    def at(pos: Pos) -> Pos:
        return transform_point(pos, size, turns, mirror)

    actions = [(gt, at(pos), on) for gt, pos, on in run.script.actions()]
    return transformed(run.volume, turns, mirror), actions, [at(p) for p in out_cells(run)]


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize(("turns", "mirror"), ORIENTATIONS)
@pytest.mark.parametrize("planes", [1, 3])
def test_outside_judges_see_the_same_game_tick_by_tick(
    judge: Judge, turns: int, mirror: bool, planes: int
) -> None:
    codes, bits = case(turns, 6, 3, planes)
    made = engine(digits(codes))
    run = plan_run(made, bits, 4, planes=planes)
    size = run.volume.size
    volume, actions, outs = placed(run, turns, mirror)
    sums = [transform_point(made.probes[f"p_{k}_{s}"], size, turns, mirror) for k in range(3) for s in "ns"]
    want = Board(volume).run_script(actions, 2 * run.end_rt, outs + sums)
    assert np.array_equal(run.sums(want), running(codes, bits)[-1])
    uses = [(gt, pos) for gt, pos, _ in actions]
    board = judge.save(settle(volume))
    for optimize in (False, True):
        got = judge.trace(board, uses, 2 * run.end_rt, outs + sums, engine="mchprs", optimize=optimize)
        assert np.array_equal(got, want[1::2]), f"MCHPRS, optimize {optimize}"
    got = judge.trace(board, uses, 2 * run.end_rt, outs + sums, engine="mctick", every_gt=1)
    assert np.array_equal(got, want), "mc-tick"


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize("origin", ORIGINS)
@needs_judge
def test_mc_tick_at_other_origins(origin: Pos) -> None:
    codes, bits = case(sum(origin) % 97, 5, 3, 2)
    run = plan_run(engine(digits(codes)), bits, 5, planes=2)
    uses = [(gt, pos) for gt, pos, _ in run.script.actions()]
    got = outside_levels(run.volume, "mc-tick", uses, 2 * run.end_rt, out_cells(run), origin)
    assert np.array_equal(run.sums(got, per_rt=1), running(codes, bits)[-1])


@pytest.mark.slow
@pytest.mark.oracle
def test_broken_lanes_are_wrong_in_the_judges_too(judge: Judge) -> None:
    codes, bits = case(7, 40, 3, 3)
    made = engine(digits(codes))
    cells = [pos for pos, kind in lane_cells(made, 1) if kind in ("comparator", "repeater")]
    for index in np.random.default_rng(5).choice(len(cells), 20, replace=False):
        kept = made.volume.get(cells[index])
        made.volume.set(cells[index], "minecraft:air")
        run = plan_run(made, bits, 5, planes=3)
        uses = [(gt, pos) for gt, pos, _ in run.script.actions()]
        board = judge.save(settle(run.volume))
        for name in ("mchprs", "mctick"):
            got = judge.trace(board, uses, 2 * run.end_rt, out_cells(run), engine=name)
            assert not np.array_equal(run.sums(got, per_rt=1), running(codes, bits)[-1]), cells[index]
        made.volume.set(cells[index], kept)
