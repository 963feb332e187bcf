"""The decoder of a lane, the lane behind a ROM bank, and the codes of its digits."""

from __future__ import annotations

import numpy as np

from craftc.blocks.transform import transformed
from craftc.macros import octal_lane
from craftc.macros.base import Pos, Sketch
from craftc.macros.octal_ring import CLOSED, PERIOD_RT, QUARTERS, seat
from craftc.macros.rails import comparator
from craftc.macros.rom_bank import rom_bank
from craftc.sim import Board

from .octal_bench import LEVER

START_RT = 4
BLOCK_RT = 10  # D at its dust to the blocking dust of quarter E; 8 rt more per quarter


def every_change() -> np.ndarray:
    """Return levels in which every change from one of 0..15 to another occurs: a closed walk."""
    out, used, here = [0], set(), 0
    stack = [0]
    path: list[int] = []
    while stack:
        here = stack[-1]
        after = next((b for b in range(16) if (here, b) not in used), None)
        if after is None:
            path.append(stack.pop())
        else:
            used.add((here, after))
            stack.append(after)
    assert out == [0]
    return np.array(path[::-1], dtype=np.uint8)


def bench(levels: np.ndarray) -> tuple[Board, Pos, list[Pos], int]:
    """Return a bank of one level with a plate: board, start lever, blocking dust, first D (rt)."""
    digits = np.zeros((len(levels), 1, 2), dtype=np.uint8)
    digits[:, 0, 1] = levels
    bank = rom_bank(digits, PERIOD_RT)
    plate, corner = octal_lane.plate()
    sketch = Sketch("lane")
    sketch.paste(plate.volume, corner)
    out = bank.d_out(0, 1)
    at = tuple(a - b for a, b in zip(octal_lane.LEVEL, out, strict=True))
    sketch.paste(bank.volume, (at[0], at[1], at[2]))
    start = bank.ports["start0"].pos
    lever = (start[0] + at[0] + 1, start[1] + at[1], start[2] + at[2])
    sketch.on_floor(lever, LEVER)
    macro, low = sketch.build()

    def local(pos: Pos) -> Pos:
        return (pos[0] - low[0], pos[1] - low[1], pos[2] - low[2])

    places = [local(seat(quarter, CLOSED)) for quarter in QUARTERS]
    return Board(transformed(macro.volume)), local(lever), places, START_RT + bank.start_rt[0]


def test_codes_are_a_permutation_that_keeps_zero() -> None:
    assert sorted(octal_lane.codes()) == list(range(16))
    assert octal_lane.codes()[0] == 0


def test_every_change_of_level_moves_each_gate_at_most_once() -> None:
    levels = every_change()
    assert len(levels) == 257
    board, lever, places, first = bench(levels)
    actions = [(2 * START_RT, lever, True), (2 * (START_RT + PERIOD_RT), lever, False)]
    seen = board.run_script(actions, 2 * (first + PERIOD_RT * (len(levels) + 2)), places, 2)
    bits = np.argsort(octal_lane.codes())[levels]  # numbers whose codes are the levels
    for index in range(4):
        closed = seen[:, index] >= 7
        edges = np.flatnonzero(np.diff(closed.astype(int))) + 2 - first
        assert set((edges - BLOCK_RT - 8 * index) % PERIOD_RT) <= {0}
        middle = first + BLOCK_RT + 8 * index + PERIOD_RT * np.arange(len(levels)) + 12
        assert np.array_equal(closed[middle], (bits >> index) & 1 == 0)
        assert set(seen[middle, index][~closed[middle]]) <= {0}


def test_comparators_of_the_relay_look_east() -> None:
    assert comparator("east").get("facing") == "west"
