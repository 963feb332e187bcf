"""The hex ROM bank against its contract: levels, periods, segments, orientations, outside judges."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from tests.oracle.client import ENGINES, needs_judge, outside_levels

from craftc.blocks import Volume
from craftc.blocks.transform import transform_point, transformed
from craftc.cells.drawing import CHARS
from craftc.cells.library import load_cell
from craftc.errors import ConfigError, ModelError
from craftc.macros.rom_bank import RomBank, rom_bank, shift_delays, without_idle_chains
from craftc.sim.board import Board

ROOT = Path(__file__).resolve().parents[2]
LEVER = "minecraft:lever[face=floor,facing=north,powered=false]"
_WORD, _LEVEL = np.arange(16)[:, None], np.arange(3)[None]
ALL_LEVELS = np.stack([(_WORD + 5 * _LEVEL) % 16, (15 - _WORD + _LEVEL) % 16], axis=2).astype(np.uint8)


class Bench:
    """A bank in a world of its own: lever and repeater per start port, a reading comparator per output."""

    def __init__(self, bank: RomBank, turns: int = 0, mirror: bool = False) -> None:
        self.bank = bank
        sx, sy, sz = bank.volume.size
        self.volume = Volume((sx + 8, sy + 2, sz + 10))
        self.volume.paste(bank.volume, (1, 1, 5))
        levers = [self._start(f"start{i}") for i in range(len(bank.segments))]
        probes = [self._reader(k, side) for k in range(bank.levels) for side in (0, 1)]
        size = self.volume.size
        self.volume = transformed(self.volume, turns, mirror)
        self.levers = [transform_point(p, size, turns, mirror) for p in levers]
        self.probes = [transform_point(p, size, turns, mirror) for p in probes]

    def _start(self, name: str) -> tuple[int, int, int]:
        port = self.bank.ports[name]
        dx, dz, char = (1, 0, "w") if port.side == "east" else (0, -1, "u")
        x, y, z = port.pos[0] + 1, port.pos[1] + 1, port.pos[2] + 5
        for step, block in ((1, CHARS[char]), (2, LEVER)):
            self.volume.set((x + step * dx, y, z + step * dz), block)
            self.volume.set((x + step * dx, y - 1, z + step * dz), "stone")
        return (x + 2 * dx, y, z + 2 * dz)

    def _reader(self, level: int, side: int) -> tuple[int, int, int]:
        x, y, z = (a + b for a, b in zip(self.bank.d_out(level, side), (1, 1, 5), strict=True))
        self.volume.set((x + 1, y, z), CHARS["}"])
        self.volume.set((x + 1, y - 1, z), "stone")
        return (x, y, z)

    def words(self, segment: int) -> range:
        ends = (*self.bank.segments[1:], self.bank.words)
        return range(self.bank.segments[segment], ends[segment])

    def expected(self, digits: np.ndarray, segment: int) -> np.ndarray:
        """Levels after every game tick, lever at 0 (its repeater takes 1 rt)."""
        bank, words = self.bank, self.words(segment)
        ticks = 2 * (bank.start_rt[segment] + len(words) * bank.period_rt + 2 * bank.levels + 20)
        out = np.zeros((ticks, len(self.probes)), dtype=np.uint8)
        for level in range(bank.levels):
            for count, word in enumerate(words):
                rise = 2 * (1 + bank.start_rt[segment] + count * bank.period_rt + 2 * level)
                span = slice(rise - 1, rise - 1 + 2 * bank.period_rt)
                out[span, 2 * level : 2 * level + 2] = digits[word, level]
        return out

    def trace(self, segment: int, ticks: int, pulse_rt: int) -> np.ndarray:
        lever = self.levers[segment]
        script = [(0, lever, True), (2 * pulse_rt, lever, False)]
        return Board(self.volume).run_script(script, ticks, self.probes)


def wrong(
    digits: np.ndarray, period: int, segments: tuple[int, ...], turns: int = 0, mirror: bool = False
) -> int:
    bench = Bench(rom_bank(digits, period, segments), turns, mirror)
    count = 0
    for segment in range(len(segments)):
        want = bench.expected(digits, segment)
        count += int((bench.trace(segment, len(want), period) != want).sum())
    return count


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_every_level_on_both_sides(turns: int, mirror: bool) -> None:
    assert {tuple(sorted(set(ALL_LEVELS[..., s].ravel()))) for s in (0, 1)} == {tuple(range(16))}
    assert wrong(ALL_LEVELS, 12, (0, 7), turns, mirror) == 0


@pytest.mark.parametrize("period", [*range(4, 38), 45, 53, 64, 69])
def test_every_legal_period(period: int) -> None:
    digits = np.random.default_rng(period).integers(0, 16, (6, 3, 2)).astype(np.uint8)
    assert wrong(digits, period, (0, 2, 5)) == 0


def test_a_single_word_and_level() -> None:
    assert wrong(np.array([[[11, 4]]], dtype=np.uint8), 12, (0,)) == 0


def test_empty_rows_keep_their_chain() -> None:
    digits = np.zeros((5, 3, 2), dtype=np.uint8)
    digits[4, 1] = (13, 2)
    assert wrong(digits, 12, (0,)) == 0


def test_idle_ends_of_chains_can_go() -> None:
    digits = np.random.default_rng(1).integers(1, 16, (9, 4, 2)).astype(np.uint8)
    digits[6:, 0, 0] = digits[3:, 2, 1] = digits[:2, 3, 0] = 0
    bank = rom_bank(digits, 64)
    before = bank.volume.placed_blocks
    without_idle_chains(bank, digits)
    assert before - bank.volume.placed_blocks == 5 * (3 + 6)  # five blocks a word; early zeros stay
    bench = Bench(bank)
    want = bench.expected(digits, 0)
    assert (bench.trace(0, len(want), 64) == want).all()


def test_a_short_pulse_gives_short_digits() -> None:
    digits = np.full((3, 1, 2), 9, dtype=np.uint8)
    bench = Bench(rom_bank(digits, 64))
    want = bench.expected(digits, 0)
    first = 2 * (1 + bench.bank.start_rt[0]) - 1
    late = (np.arange(len(want)) - first) % 128 >= 64
    got = bench.trace(0, len(want), 32)
    assert (got == np.where(late[:, None], 0, want)).all() and got.any()


def test_a_pulse_of_another_length_is_noticed() -> None:
    digits = np.full((3, 1, 2), 9, dtype=np.uint8)
    bench = Bench(rom_bank(digits, 12, (0,)))
    want = bench.expected(digits, 0)
    assert (bench.trace(0, len(want), 12) == want).all()
    assert (bench.trace(0, len(want), 11) != want).any()


@pytest.mark.parametrize("char", "^v}xQhM")
def test_a_missing_part_is_noticed(char: str) -> None:
    digits = np.full((3, 2, 2), 9, dtype=np.uint8)
    bench = Bench(rom_bank(digits, 12, (0,)))
    box = bench.volume.ids[1:-1, 5:-5, 1 : 1 + bench.bank.volume.size[0]]
    at = np.argwhere(box == bench.volume.palette.add(CHARS[char]))[0]
    box[tuple(at)] = 0
    want = bench.expected(digits, 0)
    assert (bench.trace(0, len(want), 12) != want).any()


def test_the_drawing_is_what_the_builder_makes() -> None:
    cell = load_cell("rom_bank")
    digits = np.array([[[9, 0], [6, 15]], [[1, 8], [0, 10]], [[12, 7], [15, 3]]], dtype=np.uint8)
    bank = rom_bank(digits, 13, (0, 2))
    drawn = cell.drawing.volume
    assert (drawn.palette.remap_to(bank.volume.palette)[drawn.ids] == bank.volume.ids).all()
    for name, port in cell.ports.items():
        mine = bank.ports[name]
        assert (port.pos, port.direction, port.kind, port.side) == (
            mine.pos,
            mine.direction,
            mine.kind,
            mine.side,
        )
    assert cell.timing["entry_gt"] == 2 * (bank.start_rt[1] - bank.start_rt[0] - 2)
    assert [cell.ports[f"d{k}n"].latency_rt for k in (0, 1)] == [bank.start_rt[0], bank.start_rt[0] + 2]


@pytest.mark.parametrize(
    ("words", "levels", "most"), [(34, 32, 3.95), (64, 8, 4.5), (320, 20, 3.95), (640, 160, 3.78)]
)
def test_blocks_per_bit_all_in(words: int, levels: int, most: float) -> None:
    digits = np.random.default_rng(0).integers(0, 16, (words, levels, 2)).astype(np.uint8)
    began = time.perf_counter()
    bank = rom_bank(digits, 12, (0, words // 2))
    assert time.perf_counter() - began < 2
    assert bank.bits == digits.size * 4 >= 4096
    assert bank.blocks_per_bit <= most
    assert bank.volume.size == (3 * words + 1, 2 * levels + 2, 5)


def test_constants_are_composters_where_they_can_be() -> None:
    bank = rom_bank(np.arange(16, dtype=np.uint8).reshape(16, 1, 1).repeat(2, axis=2))
    used = np.bincount(bank.volume.ids.ravel(), minlength=len(bank.volume.palette))
    found = {e.signal if e else int(s.get("level")): s.short for i, (s, e) in enumerate(bank.volume.palette)
             if used[i] and s.short in ("barrel", "composter")}  # fmt: skip
    assert found == {c: "composter" if c <= 8 and c != 7 else "barrel" for c in range(1, 15)}


@pytest.mark.parametrize("period", [3, 70, 0, -1])
def test_illegal_period_names_the_range(period: int) -> None:
    with pytest.raises(ConfigError, match=r"4\.\.69"):
        shift_delays(period)


@pytest.mark.parametrize("segments", [(), (1,), (0, 0), (0, 3), (0, 2, 1)])
def test_illegal_segments(segments: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="segments"):
        rom_bank(np.zeros((3, 1, 2), dtype=np.uint8), 12, segments)


@pytest.mark.parametrize(
    "digits",
    [
        np.zeros((3, 2), np.uint8),
        np.zeros((3, 2, 3), np.uint8),
        np.full((1, 1, 2), 16, np.uint8),
        np.zeros((1, 1, 2), np.int64),
        np.zeros((0, 1, 2), np.uint8),
    ],
)
def test_illegal_digits(digits: np.ndarray) -> None:
    with pytest.raises(ModelError, match="rom bank"):
        rom_bank(digits)


@pytest.mark.oracle
@needs_judge
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("turns", "mirror", "origin", "period"),
    [
        (0, False, (0, 0, 0), 12),
        (1, True, (17, 3, -5), 12),
        (2, False, (-100, 5, 33), 13),
        (3, True, (5, 0, 1), 4),
    ],
)
def test_outside_judges_agree(
    engine: str, turns: int, mirror: bool, origin: tuple[int, int, int], period: int
) -> None:
    bench = Bench(rom_bank(ALL_LEVELS, period, (0, 7)), turns, mirror)
    want = bench.expected(ALL_LEVELS, 1)
    presses = [(0, bench.levers[1]), (2 * period, bench.levers[1])]
    got = outside_levels(bench.volume, engine, presses, len(want), bench.probes, origin)
    assert (got == want[1::2]).all()
