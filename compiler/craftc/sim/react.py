"""What a device does when one of its inputs changes: kernels shared by the engine and by stimuli.

See engine.py for the rules and words.py for the words and links.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from craftc.sim import ring as q
from craftc.sim import words as w
from craftc.sim.kernel import highest_bit, hot, hot_inline, index, rarely, signed
from craftc.sim.ring import Queue

EXTREMELY_HIGH, VERY_HIGH, HIGH, NORMAL = range(4)  # TickPriority -3..0
NOW, EVENTS, RUNS, PEAK, BURN, BURNOUTS, SHUFFLE, FLICKER = range(8)  # places in State.scalar
SCALARS = 8


class Net(NamedTuple):
    """What does not change.

    `link` as in words.py. Per node (nodes,): `row`, the first of its rows in State.sources, or -1;
    `rear`, what a comparator reads from a container (see links.py). `row` is empty
    if there are no rows. `torch` (nodes / 64, 2): a bit for every torch among 64 nodes, and the row in
    State.toggles of the first of them; empty if there are no torches. `wanted`, `asks` and
    `due` are words.WANTED, ASKS and DUE.
    """

    link: npt.NDArray[np.uint32]
    row: npt.NDArray[np.int32]
    torch: npt.NDArray[np.int64]
    rear: npt.NDArray[np.int8]
    wanted: npt.NDArray[np.uint8]
    asks: npt.NDArray[np.uint8]
    due: npt.NDArray[np.uint8]


class State(NamedTuple):
    """What changes: node words, source counts, torch histories, counters, the queue.

    `out` (nodes,) and `seen` (nodes, 2) are copies made from the words: outputs, and levels at the ports;
    ports that hold no level show 15 for any power.
    """

    word: npt.NDArray[np.int64]
    sources: npt.NDArray[np.uint16]  # (16 * (1 + rows),), of a row: a bit per level that has any, then counts
    toggles: npt.NDArray[np.uint8]  # (torches * TOGGLES,) when they last turned off; see history.py
    swept: npt.NDArray[np.int64]  # per block of nodes the game tick from which that is counted
    scalar: npt.NDArray[np.int64]
    queue: Queue

    @property
    def out(self) -> npt.NDArray[np.uint8]:
        """Outputs, (nodes,)."""
        return (self.word >> w.OUT).astype(np.uint8) & np.uint8(15)

    @property
    def seen(self) -> npt.NDArray[np.uint8]:
        """Levels at the main and side ports, (nodes, 2)."""
        return w.port_levels(self.word)


@hot_inline
def put(state: State, n: int, now: int, key: int) -> None:
    """Put node n into the queue; the caller sets the bit of its word."""
    q.push(state.queue, q.list_of(now, key), n)


@hot_inline
def reacted(net: Net, state: State, n: int, word: int, now: int) -> int:
    """Return the word of node n after it looked at its inputs: it schedules a tick, or changes at once."""
    out = word >> w.OUT & 31  # with IS_PENDING
    change = signed(net.wanted[index(word & 0xFFF)]) ^ out
    if 0 < change < 16:
        key = word >> (w.KEY + (w.KEY_BITS if out > 0 else 0)) & 63
        put(state, n, now, key)
        return word | w.IS_PENDING
    if rarely(change & w.AT_ONCE != 0):
        return at_once(net, state, n, word, now)
    return word


@hot
def at_once(net: Net, state: State, n: int, word: int, now: int) -> int:
    """Return the word of a lamp, trapdoor, note block or bulb after it took its output."""
    wanted = signed(net.wanted[word & 0xFFF])
    out = word >> w.OUT & 15
    code = word >> w.CODE & 15
    if code == w.BULB:
        word ^= 15 << w.SIDE
        if word >> w.SIDE & 15 == 0:  # its power went: only observers see that
            tell_late(net, state, word, 0, now)
            return word
        wanted = 15 - out
    elif code == w.SINK and out != wanted & 15:
        word |= 1 << w.SIDE
    if out != wanted & 15:
        state.scalar[EVENTS] += 1
        word ^= 15 << w.OUT
        tell_late(net, state, word, 1 if out == 0 else -1, now)
    return word


@hot
def tell_late(net: Net, state: State, word: int, sign: int, now: int) -> None:
    """Tell the readers of a node that changes at once, which are observers and, of a bulb, comparators: none
    of them changes at once. Sign 0: observers see a change and nothing else does."""
    place = word >> w.LINK & 0xFFFFFFFF
    single = word & w.SINGLE
    count = 1 if single else signed(net.link[place - 1]) & w.PAIRS - 1
    for e in range(place, place + count):
        link = place if single else signed(net.link[e])
        node = link >> 5
        there = signed(state.word[node])
        if sign == 0:
            if there >> w.CODE & 15 == w.OBSERVER and there & (w.IS_PENDING | 15 << w.OUT) == 0:
                put(state, node, now, there >> w.KEY & 63)
                state.word[node] = there | w.IS_PENDING
            continue
        amount = link & 15
        if there >> w.WIDE & 1:
            before = 0 if sign > 0 else amount
            level = counted(net, state, link, there, before, amount - before)
            there = there & ~15 | level
        else:
            there += sign * amount
        change = signed(net.wanted[there & 0xFFF]) ^ (there >> w.OUT & 31)
        if 0 < change < 16:
            put(state, node, now, there >> (w.KEY + (w.KEY_BITS if there >> w.OUT & 15 else 0)) & 63)
            there |= w.IS_PENDING
        state.word[node] = there


@hot_inline
def counted(net: Net, state: State, link: int, word: int, before: int, after: int) -> int:
    """Return the level of a port that has a row, one of whose sources moved from `before` to `after`.

    Without a branch: level 0 is counted in row 0, which belongs to no port.
    """
    node = link >> 5
    row = signed(net.row[index(node)]) + (link >> 4 & word >> w.WIDE & 1)
    first = row << 4
    mask = signed(state.sources[index(first)])
    place = first + before if before > 0 else 0
    left = signed(state.sources[index(place)]) - 1
    state.sources[index(place)] = left
    mask &= ~(signed(left == 0) << before)
    state.sources[index(first + after if after > 0 else 0)] += 1
    mask |= 1 << after
    state.sources[index(first)] = mask
    return level_of(net, node, link >> 4 & 1, mask)


@hot_inline
def level_of(net: Net, node: int, side: int, mask: int) -> int:
    """Return what a port with a row sees; `mask` has a bit for every level that comes from a source."""
    level = highest_bit(mask | 1)
    if side == 0:
        rear = signed(net.rear[index(node)])
        if rarely(rear >= 16):
            return rear - 16
        if rarely(rear >= 0 and level < 15):
            return rear
    return level


@hot_inline
def fed(net: Net, state: State, link: int, word: int, before: int, after: int) -> int:
    """Return the word of the node a link leads to, after the level that arrives changed."""
    shift = link >> 2 & 4
    if rarely(word >> w.WIDE >> (link >> 4 & 1) & 1 != 0):
        level = counted(net, state, link, word, before, after)
        return word & ~(15 << shift) | level << shift
    most = 15 if word & w.ANALOG << w.CODE else 1
    return word + (min(after, most) - min(before, most) << shift)


@hot
def tell(net: Net, state: State, link: int, flip: int, old: int, value: int, now: int) -> None:
    """Let the node that a link leads to see its source go from `old` to `value`, and react to it. `flip` is 0
    for links of what has levels and 15 for those of what is on or off."""
    node = link >> 5
    loss = (link ^ flip) & 15
    if max(old, value) > loss:
        word = signed(state.word[index(node)])
        word = fed(net, state, link, word, max(old - loss, 0), max(value - loss, 0))
        state.word[index(node)] = reacted(net, state, node, word, now)


@hot
def tell_pairs(
    net: Net, state: State, first: int, count: int, analog: bool, old: int, value: int, now: int
) -> None:
    """Tell all links of a list in which both ports of one device stand side by side: such a device looks
    only after both of its ports have the new value."""
    touched = False
    for e in range(first, first + count):
        link = signed(net.link[e])
        node = link >> 5
        amount = link & 15
        word = signed(state.word[node])
        if not analog:
            amount = 15 - amount
        if max(old, value) > amount:
            state.word[node] = fed(net, state, link, word, max(old - amount, 0), max(value - amount, 0))
            touched = True
        if e + 1 < first + count and signed(net.link[e + 1]) >> 5 == node:
            continue
        if touched:
            state.word[node] = reacted(net, state, node, signed(state.word[node]), now)
            touched = False


@hot
def give(net: Net, state: State, n: int, word: int, value: int, now: int) -> None:
    """Give node n, whose word is `word`, a new output and let every device whose input changes react."""
    old = word >> w.OUT & 15
    state.word[index(n)] = word ^ (old ^ value) << w.OUT
    flip = flip_of(word)
    place = word >> w.LINK & 0xFFFFFFFF
    if word & w.SINGLE:
        tell(net, state, place, flip, old, value, now)
        return
    count = signed(net.link[index(place - 1)])
    if rarely(count & w.PAIRS != 0):
        tell_pairs(net, state, place, count ^ w.PAIRS, flip == 0, old, value, now)
        return
    for e in range(place, place + count):
        tell(net, state, signed(net.link[index(e)]), flip, old, value, now)


@hot_inline
def flip_of(word: int) -> int:
    """Return what makes losses of the amounts in the links of a node: 0 if it has levels, else 15."""
    return (word >> w.CODE + 2 & 1) - 1 & 15
