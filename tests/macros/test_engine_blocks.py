"""Engines whose levels stand in blocks: the sums of every block leave at its own height, at the same time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from tests.macros.engine_bench import ORIGIN_RT, Script, with_levers

from craftc.check import drc
from craftc.errors import PlacementError
from craftc.macros import lane
from craftc.macros.engine import Engine, engine
from craftc.sim import Board, settle

DIGITS = 4
Ints = npt.NDArray[np.int64]


def engine_of(codes: Ints, blocks: tuple[int, ...], split: bool) -> Engine:
    """Return the engine of codes (words, sum of the blocks, 2), with empty levels put between blocks."""
    words = len(codes)
    rom = np.zeros((words, sum(blocks) + len(blocks) - 1, 2), dtype=np.uint8)
    start = 0
    for first, count in zip(lane.first_levels(blocks), blocks, strict=True):
        rom[:, first : first + count] = codes[:, start : start + count] & 15
        start += count
    return engine(rom, blocks=blocks, split=split)


def strobes(script: Script, made: Engine, bits: Ints, blocks: tuple[int, ...], split: bool) -> None:
    """Script words with the bits (inputs of a block, words, 2), then a shift and a hold word per level."""
    words, reads = bits.shape[1], [bits.shape[1] + 2 * k for k in range(max(blocks))]
    s0_rt = ORIGIN_RT + lane.STROBES["s0"].start_rt
    script.pulse("start0", s0_rt - 6 - made.d_rt[0], lane.PERIOD_RT)
    for side, column in (("n", 0), ("s", 1)):
        for number, first in enumerate(lane.first_levels(blocks) if split else (0,)):
            name = lane.tagged(side, number)
            for word in np.flatnonzero(bits[number, :, column]):
                for signal, width in (("s0", 2), ("s1", 2 * (DIGITS - 1))):
                    script.strobe(signal, name, int(word), width, lane.SKEW_RT * first)
        for slot in range(-3, words + 2 * max(blocks) + 2):
            script.strobe("shift" if slot in reads else "open", side, slot, 2 * DIGITS)


def sums_of(made: Engine, bits: Ints, blocks: tuple[int, ...], split: bool) -> Ints:
    """Return the sums (sum of the blocks, 2) that leave the engine."""
    volume, levers = with_levers(made)
    script = Script(levers)
    strobes(script, made, bits, blocks, split)
    words = bits.shape[1]
    outs = [made.ports[lane.tagged(f"out_{s}", b)] for b in range(len(blocks)) for s in "ns"]
    end = ORIGIN_RT + lane.PERIOD_RT * (words + 2 * max(blocks) + 3) + outs[-1].latency_rt
    board = Board(volume)
    samples = board.run_script(script.actions(), 2 * end, [port.pos for port in outs])
    assert board.burnouts == 0
    found = []
    for b, count in enumerate(blocks):
        for level in range(count):
            for side in range(2):
                port = 2 * b + side
                start = ORIGIN_RT + lane.PERIOD_RT * (words + 2 * level) + outs[port].latency_rt
                rows = [2 * (start + 2 * i) for i in range(lane.DIGITS_PER_WORD)]
                found.append(lane.decode_octal(samples[rows, port].astype(np.int64), DIGITS))
    return np.array(found).reshape(-1, 2)


def expected(codes: Ints, bits: Ints, blocks: tuple[int, ...], split: bool) -> Ints:
    """Return the sums (sum of the blocks, 2) in integers."""
    block = np.repeat(np.arange(len(blocks)), blocks) if split else np.zeros(sum(blocks), dtype=np.int64)
    return np.einsum("wls,lws->ls", codes, bits[block])


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("blocks", [(3, 3), (4, 2, 3), (1, 1), (5,)])
def test_every_block_has_its_sums(blocks: tuple[int, ...], split: bool) -> None:
    rng = np.random.default_rng(sum(blocks) + split)
    codes = rng.integers(-8, 8, (7, sum(blocks), 2))
    bits = rng.integers(0, 2, (len(blocks), 7, 2))
    got = sums_of(engine_of(codes, blocks, split), bits, blocks, split)
    assert np.array_equal(got, expected(codes, bits, blocks, split))


def test_a_digit_in_an_empty_level_changes_nothing() -> None:
    codes = np.full((3, 4, 2), 5)
    bits = np.ones((2, 3, 2), dtype=np.int64)
    rom = np.zeros((3, 5, 2), dtype=np.uint8)
    rom[:, :2], rom[:, 2], rom[:, 3:] = 5, 9, 5
    made = engine(rom, blocks=(2, 2))
    assert np.array_equal(sums_of(made, bits, (2, 2), False), expected(codes, bits, (2, 2), False))


def test_blocks_keep_the_design_rules() -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(-8, 8, (4, 6, 2))
    assert drc.check(settle(engine_of(codes, (3, 3), True).volume)) == drc.check(
        settle(engine_of(codes, (6,), False).volume)
    )


def test_one_block_is_the_engine_without_blocks() -> None:
    rom = np.random.default_rng(1).integers(0, 16, (4, 3, 2)).astype(np.uint8)
    one, other = engine(rom), engine(rom, blocks=(3,), split=True)
    assert np.array_equal(one.volume.ids, other.volume.ids) and one.ports == other.ports


@pytest.mark.parametrize("blocks", [(2, 2), (4, 1), (5, 0)])
def test_blocks_that_are_not_the_levels_are_refused(blocks: tuple[int, ...]) -> None:
    with pytest.raises(PlacementError, match="at least 1 each"):
        lane.south_lanes(4, blocks)
