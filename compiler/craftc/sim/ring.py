"""The queue of scheduled ticks: a ring of RING game ticks x 4 priorities of first-in-first-out lists.

A list is a chain of chunks of CHUNK places: node numbers, and in the last place where the next chunk
begins. The first chunk of a list is its own for good, so that short lists, which are most of them on small
boards, need no other; further ones wait on a stack, and few are used again and again while little is
scheduled. Lists are read in memory order: the processor can look ahead.

Delays are even, so that the lists of even and odd game ticks do not mix: list number = (gt odd) * 512 +
(gt / 2 % 128) * 4 + priority. List p begins at p * CHUNK and stops before end[p]; an empty one stops where it
begins.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from craftc.sim.kernel import Ints, Longs, hot_inline, index, kernel, rarely, signed

RING = 256  # game ticks; longer than the longest delay
PRIORITIES = 4
LISTS = RING * PRIORITIES
CHUNK = 32
LAST = CHUNK - 1
AHEAD = 20  # so many places may be read behind the last entry
WAITING, FREE = range(2)  # places in Queue.used: scheduled ticks; chunks on the stack


class Queue(NamedTuple):
    """`item` (chunks * CHUNK,), `stack` of the numbers of unused chunks, `end` (LISTS,), `used`."""

    item: npt.NDArray[np.int32]
    stack: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    used: Longs


def make_queue(nodes: int) -> Queue:
    """Return an empty queue in which every node can stand once, and a list be copied (see `detach`)."""
    chunks = nodes // LAST + 3
    stack = np.arange(LISTS + chunks - 1, LISTS - 1, -1, dtype=np.int32)
    used = np.array([0, chunks], dtype=np.int64)
    end = np.arange(0, LISTS * CHUNK, CHUNK, dtype=np.int32)
    return Queue(np.empty((LISTS + chunks) * CHUNK + AHEAD, dtype=np.int32), stack, end, used)


@hot_inline
def first_list(now: int) -> int:
    """Return the number of the first of the four lists of a game tick."""
    return (now & 1) * (LISTS // 2) + (now >> 1 & RING // 2 - 1) * PRIORITIES


@hot_inline
def list_of(now: int, key: int) -> int:
    """Return the list of a tick scheduled at game tick `now`; key = delay / 2 * 4 + priority."""
    return (now & 1) * (LISTS // 2) | ((now >> 1) * PRIORITIES + key & LISTS // 2 - 1)


@hot_inline
def filled(queue: Queue, first: int) -> int:
    """Return which of the four lists from number `first` have entries, a bit for each."""
    bits = 0
    for k in range(PRIORITIES):
        bits |= signed(signed(queue.end[index(first + k)]) != (first + k) * CHUNK) << k
    return bits


@hot_inline
def extend(queue: Queue, at: int) -> int:
    """Chain a chunk to the full one whose last place is `at`; return its first place."""
    queue.used[FREE] -= 1
    chunk = signed(queue.stack[index(queue.used[FREE])]) * CHUNK
    queue.item[index(at)] = chunk
    return chunk


@hot_inline
def push(queue: Queue, place: int, node: int) -> None:
    """Append a node to list `place`."""
    at = signed(queue.end[index(place)])
    if rarely(at & LAST == LAST):
        at = extend(queue, at)
    queue.item[index(at)] = node
    queue.end[index(place)] = at + 1
    queue.used[WAITING] += 1


@hot_inline
def give_chunk(queue: Queue, at: int) -> None:
    """Put the chunk that holds place `at` back, unless it is a first one."""
    if at >= LISTS * CHUNK:
        queue.stack[index(queue.used[FREE])] = at // CHUNK
        queue.used[FREE] += 1


@hot_inline
def detach(queue: Queue, place: int) -> tuple[int, int]:
    """Empty a list that has entries; return where they begin and end now, in chunks of the caller."""
    begin = place * CHUNK
    end = signed(queue.end[index(place)])
    queue.end[index(place)] = begin
    queue.used[FREE] -= 1
    copy = signed(queue.stack[index(queue.used[FREE])]) * CHUNK
    for k in range(CHUNK):
        queue.item[index(copy + k)] = queue.item[index(begin + k)]
    return copy, end if end > begin + LAST else copy + end - begin


@kernel
def entries(queue: Queue, now: int, most: int) -> tuple[Ints, Ints, Ints]:
    """Return (node, game ticks from now, priority 0..3) of all entries, at most `most`, in the order in which
    they will run."""
    found = np.empty((3, most), np.int32)
    size = 0
    for delay in range(1, RING + 1):
        for priority in range(PRIORITIES):
            place = first_list(now + delay) + priority
            at = place * CHUNK
            end = signed(queue.end[place])
            while at != end:
                if at & LAST == LAST:
                    at = signed(queue.item[at])
                found[0, size] = queue.item[at]
                found[1, size] = delay
                found[2, size] = priority
                size += 1
                at += 1
    return found[0, :size].copy(), found[1, :size].copy(), found[2, :size].copy()
