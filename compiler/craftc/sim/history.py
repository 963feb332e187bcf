"""When torches last turned off, and burn-out: kernels of the engine.

A torch that turned off TOGGLES times within TOGGLE_WINDOW_GT burns out. Its last turn-offs are kept as game
ticks modulo 2^16, 16 bytes per torch in a ring whose oldest place stands in the torch's word. So that an old
one never looks recent, `sweep` sets all that are out of the window to just out of it at least every SWEEP_GT
game ticks.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from craftc.sim import words as w
from craftc.sim.kernel import Longs, count_bits, hot, hot_inline, index, rarely, signed
from craftc.sim.react import BURNOUTS, NORMAL, NOW, SWEPT, Net, State, put

BURNT_GT = 160  # RedstoneTorchBlock.RESTART_DELAY
TOGGLES, TOGGLE_WINDOW_GT = 8, 60  # MAX_RECENT_TOGGLES, RECENT_TOGGLE_TIMER
BURNT = 1 << 7  # of a torch's word; bits 4-6 are the place of its oldest turn-off
SWEEP_GT = 2**14
WRAP = 2**16 - 1
LONG_AGO = WRAP - TOGGLE_WINDOW_GT  # at game tick 0


def torch_rows(is_torch: npt.NDArray[np.bool_]) -> Longs:
    """Return Net.torch of nodes that are torches or not, (nodes,)."""
    words = -(-len(is_torch) // 64)
    padded = np.zeros(64 * words, dtype=bool)
    padded[: len(is_torch)] = is_torch
    bits = np.packbits(padded, bitorder="little").view("<i8").astype(np.int64)
    count = padded.reshape(-1, 64).sum(axis=1)
    return np.stack([bits, np.cumsum(count) - count], axis=1)


@hot_inline
def torch_row(net: Net, n: int) -> int:
    """Return the row of torch n in State.toggles; of another node, that of the next torch."""
    block = n >> 6
    bits = signed(net.torch[index(block), 0])
    return signed(net.torch[index(block), 1]) + count_bits(bits & (1 << (n & 63)) - 1)


@hot_inline
def is_recent(state: State, row: int, place: int, now: int) -> bool:
    """Return whether a turn-off is within the window."""
    return (now - signed(state.toggles[index(row), index(place)])) & WRAP <= TOGGLE_WINDOW_GT


@hot_inline
def log_turn_off(net: Net, state: State, n: int, now: int) -> None:
    """Remember that a torch turned off; burn it out if that was too often."""
    word = signed(state.word[index(n)])
    row = torch_row(net, n)
    place = word >> w.SIDE & 7
    state.toggles[index(row), index(place)] = now & WRAP
    place = (place + 1) & 7
    word = word & ~(7 << w.SIDE) | place << w.SIDE
    if rarely(is_recent(state, row, place, now)):
        state.scalar[BURNOUTS] += 1
        word |= BURNT
        if word & w.IS_PENDING == 0:
            word |= w.IS_PENDING
            put(state, n, now, BURNT_GT // 2 * 4 + NORMAL)
    state.word[index(n)] = word


@hot
def sweep(state: State, now: int) -> None:
    """Set turn-offs that are out of the window to just out of it."""
    for row in range(len(state.toggles)):
        for place in range(TOGGLES):
            if not is_recent(state, row, place, now):
                state.toggles[row, place] = now - TOGGLE_WINDOW_GT - 1 & WRAP
    state.scalar[SWEPT] = now


@hot
def pass_time(state: State, ticks: int) -> None:
    """Let game ticks pass in which nothing is scheduled."""
    now = signed(state.scalar[NOW]) + ticks
    state.scalar[NOW] = now
    if now - state.scalar[SWEPT] <= SWEEP_GT:
        return
    if ticks > SWEEP_GT:  # too long for what is kept
        for row in range(len(state.toggles)):
            for place in range(TOGGLES):
                state.toggles[row, place] = now - TOGGLE_WINDOW_GT - 1 & WRAP
    sweep(state, now)
