"""What a lane costs, measured; docs/decisions/0001-lane.md must quote these very numbers."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from craftc.blocks import Volume
from craftc.config import BuildConfig
from craftc.macros import lane
from craftc.macros.engine import engine
from craftc.macros.rom_bank import rom_bank
from craftc.model.checkpoint_file import load_checkpoint
from craftc.model.golden import GoldenModel
from craftc.passes.fold import fold
from craftc.sim import Board

sys.path.insert(0, str(Path(__file__).parent))

from engine_bench import ORIGIN_RT, plan_run

Ints = npt.NDArray[np.int64]
ROOT = Path(__file__).resolve().parents[2]
DECISION = ROOT / "docs" / "decisions" / "0001-lane.md"
WORDS, LEVELS = 34, 32  # the first layer of the digit recogniser, bias words included


def planes_of(values: Ints, bits: int) -> Ints:
    """Return the bit planes (bits, words, 2) of inputs (words, 2), highest first."""
    return values[None] >> np.arange(bits - 1, -1, -1)[:, None, None] & 1


def row(name: str, codes: Ints, bits: Ints, sum_digits: int) -> str:
    """Return a table row: rt and events per MAC, those of ROM and decode, and readout events per sum."""
    words, levels, _ = codes.shape
    made = engine((codes & 15).astype(np.uint8))
    run = plan_run(made, bits, sum_digits, planes=len(bits))
    start, end = 2 * (ORIGIN_RT - 24), 2 * (ORIGIN_RT + lane.PERIOD_RT * run.slots)
    board, last, counts = Board(run.volume), 0, [0]
    actions = run.script.actions()
    for until in (start, end, 2 * run.end_rt):
        board.run_script([(t - last, p, on) for t, p, on in actions if last <= t < until], until - last)
        counts.append(board.events)
        last = until
    rom = Board(run.volume)
    rom.run_script([a for a in actions if a[1] == run.script.levers["start0"]], 2 * run.end_rt)
    lanes = 2 * levels
    events, readout = counts[2] - counts[1], counts[3] - counts[2]
    return (
        f"| {name} | {words} x {levels} | {run.slots * lane.PERIOD_RT / words:.0f} "
        f"| {events / lanes / words:.0f} | {rom.events / lanes / words:.0f} | {readout / lanes:.0f} |"
    )


def random_row(name: str, words: int, levels: int, bits: int, sum_digits: int) -> str:
    rng = np.random.default_rng(words + bits)
    codes = rng.integers(-8, 8, (words, levels, 2))
    return row(name, codes, planes_of(rng.integers(0, 1 << bits, (words, 2)), bits), sum_digits)


def network_row(layer: int) -> str:
    checkpoint = load_checkpoint(ROOT / "weights" / "digits.pt")
    plan = fold(checkpoint, BuildConfig())[layer]
    packed = np.load(ROOT / "weights" / "digits-test.npz")["packed"]
    pixels = np.unpackbits(packed, axis=1).astype(np.int64)
    x = GoldenModel(checkpoint).run(pixels).layers[layer].x[0]
    codes = plan.rom[: len(plan.north)].astype(np.int64)
    values = np.stack([x[list(plan.north)], x[list(plan.south)]], axis=1)
    codes = np.where(codes > 7, codes - 16, codes)
    return row(f"digits, layer {layer}", codes, planes_of(values, plan.planes), plan.sum_digits)


def lane_row() -> str:
    """Return the parts of one lane with its share of the towers."""
    volumes = [lane.south_lanes(levels).volume for levels in (10, 12)]

    def count(volume: Volume, *names: str) -> int:
        table = np.array([s.short in names for s, _ in volume.palette])
        return int(np.count_nonzero(table[volume.ids]))

    def per_lane(*names: str) -> int:
        return (count(volumes[1], *names) - count(volumes[0], *names)) // 2

    nodes = (Board(volumes[1]).nodes - Board(volumes[0]).nodes) // 2
    placed = (volumes[1].placed_blocks - volumes[0].placed_blocks) // 2
    box = volumes[1].size[0] * volumes[1].size[2] * lane.LEVEL_PITCH
    torches = per_lane("redstone_torch", "redstone_wall_torch")
    constants = per_lane("composter", "barrel")
    return (
        f"| {box} | {placed} | {per_lane('comparator')} | {per_lane('repeater')} | {torches} | {constants} "
        f"| {nodes} |"
    )


def rom_row(words: int, levels: int) -> str:
    digits = np.random.default_rng(words).integers(0, 16, (words, levels, 2)).astype(np.uint8)
    bank = rom_bank(digits)
    nodes = Board(bank.volume).nodes / digits.size
    size = " x ".join(map(str, bank.volume.size))
    placed = bank.volume.placed_blocks / bank.bits
    return f"| {words} x {levels} x 2 | {size} | {bank.blocks_per_bit:.2f} | {placed:.2f} | {nodes:.2f} |"


def quoted(rows: list[str]) -> None:
    text = DECISION.read_text(encoding="utf-8")
    missing = [r for r in rows if r not in text]
    print("\n".join(rows))
    assert missing == []


def test_parts_of_a_lane() -> None:
    quoted([lane_row()])


def test_blocks_per_bit_of_the_rom() -> None:
    quoted([rom_row(16, 32), rom_row(34, 32), rom_row(256, 32), rom_row(256, 64)])


def test_events_per_mac() -> None:
    quoted([
        network_row(0), network_row(1),
        random_row("1-bit", WORDS, LEVELS, 1, 4), random_row("4-bit", WORDS, LEVELS, 4, 5),
        random_row("8-bit", WORDS, LEVELS, 8, 5),
        random_row("1-bit", 128, 32, 1, 5), random_row("1-bit", 256, 16, 1, 5),
        random_row("1-bit", WORDS, 8, 1, 4), random_row("1-bit", WORDS, 64, 1, 4),
    ])  # fmt: skip


@pytest.mark.parametrize("wrong", ["| 928 | 222 | 54 ", "| 16 x 32 x 2 | 49 x 66 x 5 | 3.00 "])
def test_an_unmeasured_number_is_noticed(wrong: str) -> None:
    with pytest.raises(AssertionError):
        quoted([wrong])
