"""Readouts of engines in blocks, behind the real engine: totals of every block, and of all together."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from tests.macros.engine_bench import LEVER, ORIGIN_RT, Script
from tests.macros.test_engine_blocks import DIGITS, engine_of, expected, strobes

from craftc.blocks.dust import compute_shapes
from craftc.cells.drawing import CHARS
from craftc.hw.netlist import Machine
from craftc.macros import lane
from craftc.macros.base import Pos
from craftc.macros.engine import Engine
from craftc.passes import place
from craftc.passes.readout import Readout, Source, adder_row, chain_step, gather
from craftc.sim import Board

Ints = npt.NDArray[np.int64]
WORDS = 5


def sources_of(made: Engine, blocks: tuple[int, ...]) -> list[Source]:
    """Return the outputs of every block, as pass `place` finds them."""
    ports = [made.ports[lane.tagged("out_n", b)] for b in range(len(blocks))]
    return [Source(place.ENGINE_Y + p.pos[1], p.latency_rt) for p in ports]


def readouts(made: Engine, blocks: tuple[int, ...], together: bool) -> tuple[list[Readout], list[Pos]]:
    """Return one readout per block, or one of all, with the dust where their totals arrive."""
    sources, border = sources_of(made, blocks), made.volume.size[0] - 1
    groups = [sources] if together else [[source] for source in sources]
    found: list[Readout] = []
    ends: list[Pos] = []
    z = place.READOUT_Z + place.GROUP_PITCH
    for number, group in enumerate(groups):
        z = adder_row(group, place.OUT_Z, z - place.GROUP_PITCH)
        column = place.COLUMN + place.COLUMN_PITCH * (len(groups) - 1 - number)
        step, further = chain_step(), 2 * len(group) - 2
        end = (border + column + 32 + step[0] * further, -2, z + step[2] * further - place.CONSUMER_NORTH)
        like = found[0].delay_rt if found else None
        found.append(gather(border, place.OUT_Z, z, column, group, end, "west", twice=False, like_rt=like))
        ends.append(end)
    return found, ends


def totals(blocks: tuple[int, ...], together: bool, codes: Ints, bits: Ints) -> tuple[Ints, list[int]]:
    """Return the totals (blocks or 1, levels) that arrive in the shift words, and when digit 0 does."""
    made = engine_of(codes, blocks, together)
    found, ends = readouts(made, blocks, together)
    machine = Machine()
    depth = made.volume.size[2]
    machine.add("engine", made, (0, place.ENGINE_Y, -(depth // 2)))
    for number, one in enumerate(found):
        machine.add(f"readout{number}", one.macro, one.at)
    low, high = machine.extent()
    low, high = (low[0], low[1] - 1, low[2] - 2), (max(high[0], *(e[0] + 2 for e in ends)), high[1], high[2])
    volume = machine.volume(low, high)

    def local(pos: Pos) -> Pos:
        return (pos[0] - low[0], pos[1] - low[1], pos[2] - low[2])

    def put(pos: Pos, block: object) -> Pos:
        volume.set(pos, block)  # type: ignore[arg-type]
        volume.set((pos[0], pos[1] - 1, pos[2]), "minecraft:stone")
        return pos

    cells = [put(local(end), CHARS["+"]) for end in ends]
    corner = local((0, place.ENGINE_Y, -(depth // 2)))
    levers = {
        name: put((p.pos[0] + 1 + corner[0], p.pos[1] + corner[1], p.pos[2] + corner[2]), LEVER)
        for name, p in made.ports.items() if p.direction == "in" and p.side == "east"
    }  # fmt: skip
    script = Script(levers)
    strobes(script, made, bits, blocks, together)
    end_rt = ORIGIN_RT + lane.PERIOD_RT * (WORDS + 2 * max(blocks) + 3) + max(f.delay_rt for f in found)
    board = Board(compute_shapes(volume))
    samples = board.run_script(script.actions(), 2 * end_rt, cells)
    assert board.burnouts == 0
    out = np.zeros((len(ends), max(blocks)), dtype=np.int64)
    for number, one in enumerate(found):
        for level in range(max(blocks)):
            start = ORIGIN_RT + lane.PERIOD_RT * (WORDS + 2 * level) + one.delay_rt
            rows = 2 * (start + 2 * np.arange(lane.DIGITS_PER_WORD))[:, None] + np.arange(4) - 1
            digits = samples[rows, number]
            assert (digits == digits[:, :1]).all(), "a digit that does not stand for its 2 rt"
            out[number, level] = lane.decode_octal(digits[:, 0].astype(np.int64), DIGITS)
    return out, [one.delay_rt for one in found]


@pytest.mark.parametrize("blocks", [(3, 3), (4, 3, 3)])
def test_every_block_has_a_readout_of_its_own(blocks: tuple[int, ...]) -> None:
    rng = np.random.default_rng(len(blocks))
    codes, bits = rng.integers(-8, 8, (WORDS, sum(blocks), 2)), rng.integers(0, 2, (1, WORDS, 2))
    got, delays = totals(blocks, False, codes, bits)
    want = expected(codes, bits, blocks, False).sum(axis=1)
    start = 0
    for number, count in enumerate(blocks):
        assert np.array_equal(got[number, :count], want[start : start + count])
        start += count
    assert all((b - a) % (2 * lane.PERIOD_RT) == 0 for a, b in pairwise(delays))


@pytest.mark.parametrize("parts", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_the_sums_of_all_blocks_are_added(parts: int) -> None:
    rng = np.random.default_rng(parts)
    blocks = (3,) * parts
    codes, bits = rng.integers(-8, 8, (WORDS, 3 * parts, 2)), rng.integers(0, 2, (parts, WORDS, 2))
    got, _ = totals(blocks, True, codes, bits)
    want = expected(codes, bits, blocks, True).sum(axis=1).reshape(parts, 3).sum(axis=0)
    assert np.array_equal(got[0], want)


def test_a_line_that_must_wait_makes_a_detour() -> None:
    made = engine_of(np.zeros((2, 36, 2), dtype=np.int64), (12, 12, 12), True)
    found, _ = readouts(made, (12, 12, 12), True)
    assert found[0].at[0] < made.volume.size[0] - 1, "the lines of the first block go back west"
