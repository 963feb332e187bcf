"""Folded ROM banks against the contract of a bank: every row, every level, turned and mirrored."""

from __future__ import annotations

import numpy as np
import pytest

from craftc.blocks import Volume
from craftc.blocks.transform import transform_point, transformed
from craftc.cells.drawing import CHARS
from craftc.errors import ConfigError
from craftc.macros.rom_rows import RomRows, rom_rows
from craftc.sim.board import Board

LEVER = "minecraft:lever[face=floor,facing=north,powered=false]"
PAD = 4
FEED = {"east": (1, 0, "w"), "west": (-1, 0, "e"), "south": (0, 1, "n")}


class Bench:
    """A folded bank with a lever and a repeater before every start port, a comparator behind every output."""

    def __init__(self, bank: RomRows, turns: int = 0, mirror: bool = False) -> None:
        self.bank = bank
        sx, sy, sz = bank.volume.size
        volume = Volume((sx + 2 * PAD, sy + 2, sz + 2 * PAD))
        volume.paste(bank.volume, (PAD, 1, PAD))
        levers, probes = [], []
        for index in range(len(bank.segments)):
            port = bank.ports[f"start{index}"]
            dx, dz, char = FEED[port.side]
            x, y, z = (a + b for a, b in zip(port.pos, (PAD, 1, PAD), strict=True))
            for step, block in ((1, CHARS[char]), (2, LEVER)):
                volume.set((x + step * dx, y, z + step * dz), block)
                volume.set((x + step * dx, y - 1, z + step * dz), "stone")
            levers.append((x + 2 * dx, y, z + 2 * dz))
        for level in range(bank.levels):
            for side in (0, 1):
                x, y, z = (a + b for a, b in zip(bank.d_out(level, side), (PAD, 1, PAD), strict=True))
                volume.set((x + 1, y, z), CHARS["}"])
                volume.set((x + 1, y - 1, z), "stone")
                probes.append((x, y, z))
        size = volume.size
        self.volume = transformed(volume, turns, mirror)
        self.levers = [transform_point(p, size, turns, mirror) for p in levers]
        self.probes = [transform_point(p, size, turns, mirror) for p in probes]

    def wrong(self, digits: np.ndarray, segment: int, late_rt: int = 0) -> int:
        """Return how many samples of all outputs differ from the contract after a start of a segment."""
        bank = self.bank
        ends = (*bank.segments[1:], bank.words)
        words = range(bank.segments[segment], ends[segment])
        ticks = 2 * (bank.start_rt[segment] + len(words) * bank.period_rt + 2 * bank.levels + 20)
        want = np.zeros((ticks, len(self.probes)), dtype=np.uint8)
        for level in range(bank.levels):
            for count, word in enumerate(words):
                rise = 2 * (1 + late_rt + bank.start_rt[segment] + count * bank.period_rt + 2 * level)
                want[rise - 1 : rise - 1 + 2 * bank.period_rt, 2 * level : 2 * level + 2] = digits[
                    word, level
                ]
        lever = self.levers[segment]
        script = [(0, lever, True), (2 * bank.period_rt, lever, False)]
        return int((Board(self.volume).run_script(script, ticks, self.probes) != want).sum())


def _digits(words: int, levels: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 16, (words, levels, 2)).astype(np.uint8)


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 7])
def test_every_row_keeps_the_contract_of_a_bank(rows: int) -> None:
    digits = _digits(4 * rows, 3)
    bench = Bench(rom_rows(digits, 12, tuple(range(0, 4 * rows, 4))))
    assert [bench.wrong(digits, k) for k in range(rows)] == [0] * rows


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_turned_and_mirrored(turns: int, mirror: bool) -> None:
    digits = _digits(9, 2)
    bench = Bench(rom_rows(digits, 12, (0, 3, 6)), turns, mirror)
    assert [bench.wrong(digits, k) for k in range(3)] == [0, 0, 0]


def test_other_contents_and_times_are_noticed() -> None:
    digits = _digits(6, 2)
    digits[4, 1] = (3, 9)
    bench = Bench(rom_rows(digits, 12, (0, 3)))
    other = digits.copy()
    other[4, 1, 0] = 4
    assert bench.wrong(other, 1) > 0
    assert bench.wrong(digits, 1, late_rt=1) > 0


@pytest.mark.parametrize("segments", [(0, 2), (0, 3, 5), (1, 3)])
def test_unequal_segments_are_refused(segments: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError):
        rom_rows(_digits(6, 2), 12, segments)
