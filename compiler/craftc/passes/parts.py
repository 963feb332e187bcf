"""How a layer is cut for speed: its neurons into groups that are read at once, its inputs into parts.

    groups   the levels of a hidden layer stand in blocks (macros/lane.py); every block has a readout, a
             requantiser and a register file of its own, so that all blocks are read at the same time
    splits   every neuron has a level in each of several blocks; block i adds up part i of the inputs, which
             register file i holds, and the sums of all blocks are added behind the engine

So the groups of a layer are the parts of the next: chunk i of h_0 .. h_(n-1) in either.
"""

from __future__ import annotations

from itertools import pairwise

from craftc.macros.lane import first_levels

MAX_CUTS = 4  # most groups of a layer: more would cost more in skew and adders than they save


def chunks(count: int, parts: int) -> tuple[range, ...]:
    """Return `count` things cut into consecutive ranges, the longer ones first."""
    short, more = divmod(count, parts)
    ends = [part * short + min(part, more) for part in range(parts + 1)]
    return tuple(range(a, b) for a, b in pairwise(ends))


def blocks_of(levels: int, groups: int, splits: int) -> tuple[int, ...]:
    """Return the levels of every block, from bottom to top, of a layer with `levels` neurons at a time."""
    return (levels,) * splits if splits > 1 else tuple(len(c) for c in chunks(levels, groups))


def block_of(level: int, blocks: tuple[int, ...]) -> tuple[int, int] | None:
    """Return (block, level inside it) of a level of the stack, or None for an empty one between blocks."""
    for block, first in enumerate(first_levels(blocks)):
        if first <= level < first + blocks[block]:
            return block, level - first
    return None


def halves(inputs: range) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the inputs of the north and of the south lanes of a part, in streaming order."""
    half = (len(inputs) + 1) // 2
    return tuple(inputs[:half]), tuple(inputs[half:])
