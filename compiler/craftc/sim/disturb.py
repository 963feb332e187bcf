"""Disturbs the order of events, so that what depends on it shows: kernels the engine calls on request."""

from __future__ import annotations

from craftc.sim import ring as q
from craftc.sim import words as w
from craftc.sim.kernel import hot, hot_inline, signed
from craftc.sim.react import NORMAL, NOW, SHUFFLE, Net, State, put

SHUFFLES = 3  # rounds of random dealing into four lists


@hot_inline
def random(state: State) -> int:
    """Return the next 15 random bits."""
    state.scalar[SHUFFLE] = (state.scalar[SHUFFLE] * 1103515245 + 12345) & 0x7FFFFFFF | 1 << 40
    return signed(state.scalar[SHUFFLE] >> 16 & 0x7FFF)


@hot
def shuffle(state: State, now: int) -> None:
    """Deal the entries of the four lists of a game tick at random, several times."""
    queue = state.queue
    first = q.first_list(now)
    for _ in range(SHUFFLES):
        for place in range(first, first + 4):
            if signed(queue.end[place]) == place * q.CHUNK:
                continue
            at, end = q.detach(queue, place)
            while at != end:
                if at & q.LAST == q.LAST:
                    following = signed(queue.item[at])
                    q.give_chunk(queue, at)
                    at = following
                queue.used[now & 1] -= 1
                q.push(queue, first + (random(state) & 3), signed(queue.item[at]))
                at += 1
            q.give_chunk(queue, at - 1)


@hot
def flicker(net: Net, state: State, n: int, old: int) -> None:
    """Schedule, at random, ticks of the comparators both of whose inputs node n fed with less than `old` for
    a moment.

    Dust never falls below where it ends, and what a device makes of one input only rises or only falls with
    that. Two inputs fall one after the other; what a comparator makes of one that fell and one that did not
    yet may differ from what stood before and from what comes out.
    """
    own = signed(state.word[n])
    if own & w.SINGLE:
        return
    first = own >> w.LINK & 0xFFFFFFFF
    count = signed(net.link[first - 1]) & w.PAIRS - 1
    analog = own >> w.CODE & w.ANALOG
    for k in range(count - 1):
        link = signed(net.link[first + k])
        word = signed(state.word[link >> 5])
        code = word >> w.CODE & 15
        if link >> 5 != signed(net.link[first + k + 1]) >> 5 or not w.COMPARE <= code <= w.SUBTRACT:
            continue
        if (analog and link & 15 >= old) or word & w.IS_PENDING or random(state) & 1 == 0:
            continue
        state.word[link >> 5] = word | w.IS_PENDING
        put(state, link >> 5, state.scalar[NOW], word >> w.KEY & 63 | NORMAL)
