"""The readout behind a real engine: every sum arrives in total, in its time, and twice where asked."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tests.oracle.client import Judge

from craftc.blocks import Volume
from craftc.blocks.dust import compute_shapes
from craftc.blocks.transform import transform_point, transformed
from craftc.cells.drawing import CHARS
from craftc.errors import PlacementError
from craftc.hw.netlist import Machine
from craftc.macros import lane
from craftc.macros.base import Macro, Pos
from craftc.macros.engine import Engine, engine
from craftc.passes import place
from craftc.passes.readout import Readout, readout
from craftc.sim import Board, settle

sys.path.insert(0, str(Path(__file__).parents[1] / "macros"))

from engine_bench import LEVER, ORIGIN_RT, Run, plan_run

Ints = npt.NDArray[np.int64]
OUT_Z = lane.CHAIN_Z + lane.OUT_V
WORDS, LEVELS, DIGITS = 6, 4, 5
SIDES = ("west", "north")


def end_of(border: int, side: str) -> Pos:
    """Return a consumer's port as pass `place` sets it."""
    return (border + place.CONSUMER_X + 6, -2, place.READOUT_Z - place.CONSUMER_NORTH + (side == "north"))


@dataclass
class Bench:
    """Engine, readout and the consumer's dust in one volume, with levers at the engine's feeds."""

    made: Engine
    found: Readout
    volume: Volume
    run: Run
    consumer: Pos  # local

    def trace(self, order: int = 0) -> npt.NDArray[np.uint8]:
        """Return levels per gt at the consumer."""
        end = 2 * (self.run.end_rt + self.found.delay_rt)
        return Board(self.volume, order=order).run_script(self.run.script.actions(), end, [self.consumer])


def bench(side: str, twice: bool, bits: Ints, codes: Ints, without: Pos | None = None) -> Bench:
    made = engine((codes & 15).astype(np.uint8))
    width, _, depth = made.volume.size
    end = end_of(width - 1, side)
    found = readout(width - 1, OUT_Z, place.READOUT_Z, end, side, twice)
    macro = found.macro
    if without is not None:
        macro = Macro(macro.name, macro.volume.copy())
        macro.volume.set(without, "minecraft:air")
    machine = Machine()
    machine.add("engine", made, (0, -3, -(depth // 2)))
    machine.add("readout", macro, found.at)
    low, high = machine.extent()
    low, high = (low[0], low[1] - 1, low[2] - 2), (max(high[0], end[0] + 2), high[1], high[2])
    volume = machine.volume(low, high)

    def local(pos: Pos) -> Pos:
        return (pos[0] - low[0], pos[1] - low[1], pos[2] - low[2])

    consumer = local(end)
    volume.set(consumer, CHARS["+"])
    volume.set((consumer[0], consumer[1] - 1, consumer[2]), "minecraft:stone")
    run = plan_run(made, bits, DIGITS, planes=len(bits))
    corner = local((0, -3, -(depth // 2)))
    levers = {}
    for name, pos in run.script.levers.items():
        x, y, z = levers[pos] = (pos[0] + corner[0], pos[1] + corner[1], pos[2] + corner[2])
        volume.set((x, y, z), LEVER)
        volume.set((x, y - 1, z), "minecraft:stone")
        run.script.levers[name] = (x, y, z)
    run.script.edges = {(t, levers[pos]): on for (t, pos), on in run.script.edges.items()}
    return Bench(made, found, compute_shapes(volume), run, consumer)


def case(seed: int) -> tuple[Ints, Ints, Ints]:
    """Return bits (2 planes, words, 2), codes (words, levels, 2) and the totals (levels,)."""
    rng = np.random.default_rng(seed)
    codes, bits = rng.integers(-8, 8, (WORDS, LEVELS, 2)), rng.integers(0, 2, (2, WORDS, 2))
    sums = [np.einsum("wls,ws->l", codes, plane) for plane in bits]
    return bits, codes, 2 * sums[0] + sums[1]


def words_of(bench: Bench, samples: npt.NDArray[np.uint8], per_rt: int = 2) -> tuple[Ints, Ints]:
    """Return (values in shift words, values in the words after them); -10**6 where a digit is unsteady."""
    out = np.zeros((2, LEVELS), dtype=np.int64)
    latency = bench.run.outs[0].latency_rt + bench.found.delay_rt
    for k, slot in enumerate(bench.run.reads):
        for late in range(2):
            start = ORIGIN_RT + lane.PERIOD_RT * (slot + late) + latency
            rows = per_rt * (start + 2 * np.arange(lane.DIGITS_PER_WORD))[:, None] + np.arange(2 * per_rt) - 1
            digits = samples[rows, 0]
            steady = (digits == digits[:, :1]).all() and not digits[DIGITS + 1 :].any()
            value = lane.decode_octal(digits[:, 0].astype(np.int64), DIGITS)
            out[late, k] = value if steady else -(10**6)
    return out[0], out[1]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_sums_arrive(side: str, twice: bool, seed: int) -> None:
    bits, codes, want = case(seed)
    made = bench(side, twice, bits, codes)
    first, second = words_of(made, made.trace())
    assert np.array_equal(first, want)
    assert np.array_equal(second, want if twice else np.zeros_like(want))


def test_nothing_arrives_before_the_first_sum() -> None:
    bits, codes, _ = case(1)
    made = bench("west", True, bits, codes)
    start = ORIGIN_RT + lane.PERIOD_RT * made.run.slots + made.run.outs[0].latency_rt + made.found.delay_rt
    samples = made.trace()
    assert not samples[: 2 * start - 1].any() and samples[2 * start - 1 :].any()


@pytest.mark.parametrize("order", [1, 2, 3])
def test_order_of_updates_does_not_matter(order: int) -> None:
    bits, codes, want = case(order)
    made = bench("north", True, bits, codes)
    first, second = words_of(made, made.trace(order))
    assert np.array_equal(first, want) and np.array_equal(second, want)


def test_both_lines_are_equally_long_for_unequal_ways() -> None:
    bits, codes, want = case(2)
    for side in range(2):
        alone = codes.copy()
        alone[:, :, 1 - side] = 0
        made = bench("west", False, bits, alone)
        first, _ = words_of(made, made.trace())
        half = [np.einsum("wl,w->l", alone[:, :, side], plane[:, side]) for plane in bits]
        assert np.array_equal(first, 2 * half[0] + half[1])
    assert want.any()


def test_missing_parts_are_noticed() -> None:
    bits, codes, want = case(3)
    volume = bench("west", True, bits, codes).found.macro.volume
    kinds = ("comparator", "composter", "barrel")
    cells = [p for p in volume.positions(volume.ids != 0) if volume.get(p).short in kinds]
    for index in np.random.default_rng(0).choice(len(cells), 24, replace=False):
        made = bench("west", True, bits, codes, without=cells[index])
        first, second = words_of(made, made.trace())
        assert not (np.array_equal(first, want) and np.array_equal(second, want)), cells[index]


def test_a_line_too_long_for_its_delay_is_refused() -> None:
    with pytest.raises(PlacementError, match=r"no line of \d+ rt over \d+ cells.*legal"):
        readout(30, OUT_Z, place.READOUT_Z - 300, (60, -2, place.READOUT_Z - 320), "west", False)


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize(("turns", "mirror"), [(0, False), (1, True), (2, False), (3, True)])
def test_outside_judges_agree(judge: Judge, turns: int, mirror: bool) -> None:
    bits, codes, want = case(turns)
    made = bench(SIDES[turns % 2], True, bits, codes)
    size = made.volume.size
    volume = transformed(made.volume, turns, mirror)
    uses = [(t, transform_point(p, size, turns, mirror)) for t, p, _ in made.run.script.actions()]
    probe = [transform_point(made.consumer, size, turns, mirror)]
    end = 2 * (made.run.end_rt + made.found.delay_rt)
    board, ours = judge.save(settle(volume)), made.trace()
    for name, optimize in (("mchprs", False), ("mchprs", True), ("mctick", False)):
        got = judge.trace(board, uses, end, probe, engine=name, optimize=optimize)
        assert np.array_equal(got, ours[1::2]), (name, optimize)
    assert np.array_equal(words_of(made, got, per_rt=1)[1], want)
