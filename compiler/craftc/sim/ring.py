"""The queue of scheduled ticks: a ring of RING game ticks x 4 priorities of first-in-first-out lists.

A list is a chain of chunks of CHUNK places: node numbers, and in the last place where the next chunk
begins. The first chunk of a list is its own for good, so that short lists, which are most of them on small
boards, need no other; further ones wait on a stack, and few are used again and again while little is
scheduled. Lists are read in memory order: the processor can look ahead.

Delays are even, so that the lists of even and odd game ticks do not mix: list number = (gt odd) * 512 +
(gt / 2 % 128) * 4 + priority. List p begins at p * CHUNK and stops before end[p]; an empty one stops where it
begins. What waits is counted apart for even and odd game ticks: most boards use one of the two only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from craftc.sim.kernel import Ints, Longs, copy_half, hot_inline, index, kernel, rarely, signed

RING = 256  # game ticks; longer than the longest delay
PRIORITIES = 4
LISTS = RING * PRIORITIES
CHUNK = 64  # places
HALF = CHUNK // 2
LAST = CHUNK - 1
AHEAD = 20  # so many places may be read behind the last entry
FREE = 2  # place in Queue.used of the number of chunks on the stack; before it, what waits for even and odd
FLAT = LISTS * CHUNK  # here the four lists of a game tick are laid side by side if all of them are short
KEPT = LISTS + PRIORITIES  # so many chunks never come to the stack


class Queue(NamedTuple):
    """`item` (chunks * CHUNK,), `stack` of the numbers of unused chunks, `end` (LISTS,), `used` (3,)."""

    item: npt.NDArray[np.int32]
    stack: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    used: Longs


def make_queue(nodes: int) -> Queue:
    """Return an empty queue in which every node can stand once, and a list be copied (see `detach`)."""
    chunks = nodes // LAST + 3
    stack = np.arange(KEPT + chunks - 1, KEPT - 1, -1, dtype=np.int32)
    used = np.array([0, 0, chunks], dtype=np.int64)
    end = np.arange(0, LISTS * CHUNK, CHUNK, dtype=np.int32)
    return Queue(np.empty((KEPT + chunks) * CHUNK + AHEAD, dtype=np.int32), stack, end, used)


@hot_inline
def first_list(now: int) -> int:
    """Return the number of the first of the four lists of a game tick."""
    return (now & 1) * (LISTS // 2) + (now >> 1 & RING // 2 - 1) * PRIORITIES


@hot_inline
def list_of(now: int, key: int) -> int:
    """Return the list of a tick scheduled at game tick `now`; key = delay / 2 * 4 + priority."""
    return (now & 1) * (LISTS // 2) | ((now >> 1) * PRIORITIES + key & LISTS // 2 - 1)


@hot_inline
def count(queue: Queue, place: int) -> int:
    """Return how many entries list `place` has, or more than CHUNK if they are more than LAST."""
    return signed(queue.end[index(place)]) - place * CHUNK


@hot_inline
def empty(queue: Queue, place: int) -> None:
    """Make list `place` an empty one; its chunks are the caller's."""
    queue.end[index(place)] = place * CHUNK


@hot_inline
def _copy_chunk(item: Ints, to: int, source: int) -> None:
    copy_half(item, to, source)
    copy_half(item, to + HALF, source + HALF)


@hot_inline
def lay_flat(queue: Queue, first: int, a: int, b: int, c: int, d: int) -> None:
    """Copy four lists of at most LAST entries to FLAT, and empty them; a, b, c, d are their counts.

    Half chunks are copied, and whole ones where needed: that takes fewer instructions than to look where
    they end.
    """
    item = queue.item
    begin = first * CHUNK
    if a | b | c | d < HALF:
        copy_half(item, FLAT, begin)
        copy_half(item, FLAT + a, begin + CHUNK)
        copy_half(item, FLAT + a + b, begin + 2 * CHUNK)
        copy_half(item, FLAT + a + b + c, begin + 3 * CHUNK)
    else:
        _copy_chunk(item, FLAT, begin)
        _copy_chunk(item, FLAT + a, begin + CHUNK)
        _copy_chunk(item, FLAT + a + b, begin + 2 * CHUNK)
        _copy_chunk(item, FLAT + a + b + c, begin + 3 * CHUNK)
    for k in range(PRIORITIES):
        empty(queue, first + k)


@hot_inline
def taken(queue: Queue, place: int) -> tuple[int, int]:
    """Empty a list; return where it begins and ends. Its first chunk is overwritten by the next entries."""
    end = signed(queue.end[index(place)])
    empty(queue, place)
    return place * CHUNK, end


@hot_inline
def filled(a: int, b: int, c: int, d: int) -> int:
    """Return which of four numbers are not 0, a bit for each."""
    return signed(a != 0) | signed(b != 0) << 1 | signed(c != 0) << 2 | signed(d != 0) << 3


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
    queue.used[index(place // (LISTS // 2))] += 1


@hot_inline
def give_chunk(queue: Queue, at: int) -> None:
    """Put the chunk that holds place `at` back, unless it is a first one."""
    if at >= KEPT * CHUNK:
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
