"""When torches last turned off, and burn-out: kernels of the engine.

A torch that turned off TOGGLES times within TOGGLE_WINDOW_GT burns out. Its last turn-offs are kept as game
ticks modulo 256, a byte each, the last one first: one 64-bit number per torch, in which a new one pushes the
oldest out. So that an old one never looks recent, all that are out of the window are set to just out of it
before anything of a block of BLOCK nodes is looked at more than SWEEP_GT game ticks after that was last done:
ages then still fit a byte. Blocks in which nothing turns off are left alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from craftc.sim import words as w
from craftc.sim.kernel import Longs, count_bits, hot, hot_inline, index, load_word, rarely, signed, store_word
from craftc.sim.react import BURNOUTS, NORMAL, Net, State, put

BURNT_GT = 160  # RedstoneTorchBlock.RESTART_DELAY
TOGGLES, TOGGLE_WINDOW_GT = 8, 60  # MAX_RECENT_TOGGLES, RECENT_TOGGLE_TIMER
BURNT = 1 << 7  # of a torch's word
WRAP = 255
OLD = TOGGLE_WINDOW_GT + 1
LONG_AGO = -OLD & WRAP  # at game tick 0
SWEEP_GT = WRAP - 2 * OLD
"""What a sweep left is at most OLD; at this age of the sweep, and OLD later, it is still told from new."""
BLOCK_BITS = 12
BLOCK = 1 << BLOCK_BITS  # nodes


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
def fresh(net: Net, state: State, n: int, now: int) -> None:
    """Make turn-offs of the block of node n fit to be looked at."""
    if rarely(now - signed(state.swept[index(n >> BLOCK_BITS)]) > SWEEP_GT):
        sweep(net, state, n >> BLOCK_BITS, now)


@hot_inline
def is_recent(last: int, now: int) -> bool:
    """Return whether the oldest of the last turn-offs is within the window."""
    return (now - (last >> 56)) & WRAP <= TOGGLE_WINDOW_GT


@hot
def holds_off(net: Net, state: State, n: int, now: int) -> bool:
    """Return whether torch n, burnt out, must stay off."""
    fresh(net, state, n, now)
    return is_recent(load_word(state.toggles, torch_row(net, n) * TOGGLES), now)


@hot_inline
def log_turn_off(net: Net, state: State, n: int, now: int) -> None:
    """Remember that a torch turned off; burn it out if that was too often."""
    fresh(net, state, n, now)
    place = torch_row(net, n) * TOGGLES
    last = load_word(state.toggles, place) << 8 | now & WRAP
    store_word(state.toggles, place, last)
    if rarely(is_recent(last, now)):
        burn_out(state, n, now)


@hot
def burn_out(state: State, n: int, now: int) -> None:
    """Burn torch n out: it looks at its input again after BURNT_GT unless it has a tick scheduled."""
    word = signed(state.word[index(n)]) | BURNT
    state.scalar[BURNOUTS] += 1
    if word & w.IS_PENDING == 0:
        word |= w.IS_PENDING
        put(state, n, now, BURNT_GT // 2 * 4 + NORMAL)
    state.word[index(n)] = word


@hot
def sweep(net: Net, state: State, block: int, now: int) -> None:
    """Set the turn-offs of a block of nodes that are out of the window to just out of it."""
    after = (block + 1) * (BLOCK // 64)
    begin = signed(net.torch[block * (BLOCK // 64), 1])
    end = signed(net.torch[after, 1]) if after < len(net.torch) else len(state.toggles) // TOGGLES
    late = np.uint8(now)
    out = np.uint8(OLD if now - signed(state.swept[block]) <= SWEEP_GT + OLD else 0)
    for place in range(index(begin * TOGGLES), index(end * TOGGLES)):
        age = np.uint8(late - state.toggles[place])
        state.toggles[place] = np.uint8(late - np.uint8(OLD)) if age >= out else state.toggles[place]
    state.swept[block] = now


@hot
def sweep_all(net: Net, state: State, now: int) -> None:
    """Sweep all blocks, so that the age of every turn-off is that of its byte."""
    for block in range(len(state.swept)):
        sweep(net, state, block, now)
