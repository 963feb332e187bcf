"""The queue of scheduled ticks: a ring of RING game ticks x 4 priorities of first-in-first-out lists.

A list is a chain of chunks of CHUNK places: node numbers, and in the last place where the next chunk
begins. Chunks without entries wait on a stack, so that few chunks are used again and again while little is
scheduled. Lists are read in memory order: the processor can look ahead.

Delays are even, so that the lists of even and odd game ticks do not mix: list number = (gt odd) * 512 +
(gt / 2 % 128) * 4 + priority. List p begins at ends[2*p] and stops before ends[2*p + 1]; the end of an
empty list is NOWHERE, the last place of chunk 0, which is never used.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from craftc.sim.kernel import Ints, Longs, hot_inline, index, kernel, rarely, signed

RING = 256  # game ticks; longer than the longest delay
PRIORITIES = 4
LISTS = RING * PRIORITIES
CHUNK = 64
LAST = CHUNK - 1
NOWHERE = LAST
AHEAD = 20  # so many places may be read behind the last entry
FILLED, FREE = range(2)  # places in Queue.used: lists that are not empty; chunks on the stack


class Queue(NamedTuple):
    """`item` (chunks * CHUNK,), `stack` of the numbers of unused chunks, `ends` (2 * LISTS,), `used`."""

    item: npt.NDArray[np.int32]
    stack: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]
    used: Longs


def make_queue(nodes: int) -> Queue:
    """Return an empty queue in which every node can stand once."""
    chunks = nodes // LAST + min(nodes, LISTS) + 2
    stack = np.arange(chunks, 0, -1, dtype=np.int32)
    used = np.array([0, chunks], dtype=np.int64)
    ends = np.full(2 * LISTS, NOWHERE, dtype=np.int32)
    return Queue(np.empty((chunks + 1) * CHUNK + AHEAD, dtype=np.int32), stack, ends, used)


@hot_inline
def first_list(now: int) -> int:
    """Return the number of the first of the four lists of a game tick."""
    return (now & 1) * (LISTS // 2) + (now >> 1 & RING // 2 - 1) * PRIORITIES


@hot_inline
def list_of(now: int, key: int) -> int:
    """Return the list of a tick scheduled at game tick `now`; key = delay / 2 * 4 + priority."""
    return (now & 1) * (LISTS // 2) | ((now >> 1) * PRIORITIES + key & LISTS // 2 - 1)


@hot_inline
def push(queue: Queue, place: int, node: int) -> None:
    """Append a node to list `place`."""
    at = signed(queue.ends[index(2 * place + 1)])
    if rarely(at & LAST == LAST):
        queue.used[FREE] -= 1
        chunk = signed(queue.stack[index(queue.used[FREE])]) * CHUNK
        if at == NOWHERE:
            queue.ends[index(2 * place)] = chunk
            queue.used[FILLED] += 1
        else:
            queue.item[index(at)] = chunk
        at = chunk
    queue.item[index(at)] = node
    queue.ends[index(2 * place + 1)] = at + 1


@hot_inline
def give_chunk(queue: Queue, at: int) -> None:
    """Put the chunk that holds place `at` back."""
    queue.stack[index(queue.used[FREE])] = at // CHUNK
    queue.used[FREE] += 1


@hot_inline
def forget(queue: Queue, place: int) -> None:
    """Make a list that has entries an empty one; its chunks stay with the caller."""
    queue.ends[index(2 * place + 1)] = NOWHERE
    queue.used[FILLED] -= 1


@kernel
def entries(queue: Queue, now: int, most: int) -> tuple[Ints, Ints, Ints]:
    """Return (node, game ticks from now, priority 0..3) of all entries, at most `most`, in the order in which
    they will run."""
    found = np.empty((3, most), np.int32)
    size = 0
    for delay in range(1, RING + 1):
        for priority in range(PRIORITIES):
            place = first_list(now + delay) + priority
            at = signed(queue.ends[2 * place])
            end = signed(queue.ends[2 * place + 1])
            while end != NOWHERE and at != end:
                if at & LAST == LAST:
                    at = signed(queue.item[at])
                found[0, size] = queue.item[at]
                found[1, size] = delay
                found[2, size] = priority
                size += 1
                at += 1
    return found[0, :size].copy(), found[1, :size].copy(), found[2, :size].copy()
