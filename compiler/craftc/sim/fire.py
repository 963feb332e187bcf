"""What happens when the scheduled tick of a node runs: kernels of the engine.

`run_some` runs a piece of a list. What is most frequent is done there, in few instructions and with few
branches that nobody could foresee; everything else by `run_node`, which does any node.
"""

from __future__ import annotations

from craftc.sim import ring as q
from craftc.sim import words as w
from craftc.sim.history import BURNT, TOGGLES, holds_off, log_turn_off, torch_row
from craftc.sim.kernel import hot, hot_inline, index, prefetch, rarely, signed
from craftc.sim.react import (
    BURN,
    VERY_HIGH,
    Net,
    State,
    at_once,
    counted,
    give,
    put,
    tell,
    tell_pairs,
)

_DIGITAL = w.ANALOG << w.CODE | 3 << w.WIDE  # bits that are 0 in what is on or off and has no rows
FAR_TORCHES = 300_000  # torches whose histories do not fit the second-level cache
_FLIP = 15 << w.OUT | w.IS_PENDING


@hot_inline
def _due(net: Net, state: State, n: int, word: int, now: int) -> int:
    """Return the output that node n, no repeater, takes when its scheduled tick runs."""
    value = signed(net.wanted[index(word & 0xFFF)]) & 15
    burnt = word >> w.CODE & 15 == w.TORCH and word & BURNT != 0 and value > 0 and word >> w.OUT & 15 == 0
    if rarely(burnt) and holds_off(net, state, n, now):
        return 0
    return value


@hot_inline
def _run_repeater(net: Net, state: State, n: int, word: int, now: int) -> int:
    out = word & 15 << w.OUT
    if word & 0xF0 or (out and word & 15):
        state.word[index(n)] = word
        return 0
    value = 0 if out else 15
    give(net, state, n, word, value, now)
    if rarely(value > 0 and word & 15 == 0):  # its input is off again: it turns off after its delay
        word = signed(state.word[index(n)])
        if word & w.IS_PENDING == 0:
            state.word[index(n)] = word | w.IS_PENDING
            put(state, n, now, word >> w.KEY & 60 | VERY_HIGH)
    return 1


@hot_inline
def _run_other(net: Net, state: State, n: int, word: int, now: int) -> int:
    value = _due(net, state, n, word, now)
    if value == word >> w.OUT & 15:
        state.word[index(n)] = word
        return 0
    give(net, state, n, word, value, now)
    if value == 0 and word >> w.CODE & 15 == w.TORCH and state.scalar[BURN] != 0:
        log_turn_off(net, state, n, now)
    return 1


@hot
def _run_observer(net: Net, state: State, n: int, word: int, now: int) -> int:
    """Begin or end a pulse. What it saw until now is no change any more."""
    word = word & ~(15 << w.SIDE) | (word & 15) << w.SIDE
    value = 15 - (word >> w.OUT & 15)
    if value > 0:
        word |= w.IS_PENDING
        put(state, n, now, word >> w.KEY & 63)
    give(net, state, n, word, value, now)
    return 1


@hot
def run_node(net: Net, state: State, n: int, now: int) -> int:
    """Run the scheduled tick of node n; return whether its output changed."""
    word = signed(state.word[index(n)]) & ~w.IS_PENDING
    if word & 15 << w.CODE == w.REPEATER:
        return _run_repeater(net, state, n, word, now)
    if rarely(word & w.LATE << w.CODE != 0):
        return _run_observer(net, state, n, word, now)
    return _run_other(net, state, n, word, now)


@hot_inline
def _asked(state: State, node: int, word: int, asks: int, key: int, now: int) -> int:
    """Put node into the queue if `asks` is 1, and return it. Without a branch on that, which nobody could
    foresee: where it is 0, a place behind the end of some list gets a number that nobody reads."""
    queue = state.queue
    place = q.list_of(now, key)
    at = signed(queue.end[index(place)])
    if rarely(at & q.LAST == q.LAST) and asks != 0:
        at = q.extend(queue, at)
    queue.item[index(at)] = node
    queue.end[index(place)] = at + asks
    state.word[index(node)] = word | asks << w.PENDING
    return asks


@hot_inline
def _look(net: Net, state: State, node: int, word: int, now: int) -> int:
    """Let a node that is on or off and whose word is `word` look at its inputs; return how many ticks it
    asked for that nobody counted."""
    asks = signed(net.asks[index(word & w.STATE)])
    if rarely(asks & w.AT_ONCE != 0):
        state.word[index(node)] = at_once(net, state, node, word, now)
        return 0
    key = word >> (asks & 31) & 63
    return _asked(state, node, word, (asks >> w.ASK_AT) & ~(word >> w.PENDING), key, now)


@hot
def _tell_digital(net: Net, state: State, link: int, was_on: int, now: int) -> int:
    tell(net, state, link, 15, 15 * was_on, 15 - 15 * was_on, now)
    return 0


@hot_inline
def _tell_switch(net: Net, state: State, link: int, was_on: int, now: int) -> int:
    """Let a node see its source, which is on or off, change; return how many ticks it asked for that nobody
    counted."""
    node = link >> 5
    word = signed(state.word[index(node)])
    if rarely(word & _DIGITAL != 0):
        return _tell_digital(net, state, link, was_on, now)
    amount = (link & 15) << (link >> 2 & 4)
    return _look(net, state, node, word + (amount ^ -was_on) + was_on, now)


@hot
def _tell_other(net: Net, state: State, link: int, old: int, value: int, now: int) -> int:
    tell(net, state, link, 0, old, value, now)
    return 0


@hot_inline
def _tell_level(net: Net, state: State, link: int, old: int, value: int, now: int) -> int:
    """Let a node see its source, which has levels, change; return how many ticks it asked for that nobody
    counted."""
    node = link >> 5
    loss = link & 15
    before = max(old - loss, 0)
    after = max(value - loss, 0)
    word = signed(state.word[index(node)])
    if rarely(before | after == 0):
        return 0
    shift = link >> 2 & 4
    if word & w.ANALOG << w.CODE == 0:
        if rarely(word & 3 << w.WIDE != 0):
            return _tell_other(net, state, link, old, value, now)
        word += signed(after > 0) - signed(before > 0) << shift
        return _look(net, state, node, word, now)
    if word >> w.WIDE >> (link >> 4 & 1) & 1 != 0:
        word = word & ~(15 << shift) | counted(net, state, link, word, before, after) << shift
    else:
        word += after - before << shift
    change = signed(net.wanted[index(word & 0xFFF)]) ^ (word >> w.OUT & 31)  # with IS_PENDING
    return _asked(state, node, word, signed(index(change - 1) < index(15)), word >> w.KEY & 63, now)


@hot_inline
def _switch(net: Net, state: State, n: int, own: int, now: int) -> int:
    """Turn a node on or off, and tell; return how many ticks were asked for that nobody counted."""
    state.word[index(n)] = own ^ _FLIP
    was_on = own >> w.OUT & 1
    place = own >> w.LINK & 0xFFFFFFFF
    if own & w.SINGLE:
        return _tell_switch(net, state, place, was_on, now)
    count = signed(net.link[index(place - 1)])
    if rarely(count & w.PAIRS != 0):
        tell_pairs(net, state, place, count ^ w.PAIRS, False, 15 * was_on, 15 - 15 * was_on, now)
        return 0
    asked = 0
    for e in range(place, place + count):
        asked += _tell_switch(net, state, signed(net.link[index(e)]), was_on, now)
    return asked


@hot_inline
def _level(net: Net, state: State, own: int, old: int, value: int, now: int) -> int:
    """Tell what a comparator feeds; return how many ticks were asked for that nobody counted."""
    place = own >> w.LINK & 0xFFFFFFFF
    if own & w.SINGLE:
        return _tell_level(net, state, place, old, value, now)
    count = signed(net.link[index(place - 1)])
    if rarely(count & w.PAIRS != 0):
        tell_pairs(net, state, place, count ^ w.PAIRS, True, old, value, now)
        return 0
    asked = 0
    for e in range(place, place + count):
        asked += _tell_level(net, state, signed(net.link[index(e)]), old, value, now)
    return asked


@hot_inline
def run_some(net: Net, state: State, at: int, stop: int, now: int) -> tuple[int, int]:
    """Run the entries of places at..stop-1 of the queue; return how many outputs changed, and how many ticks
    were asked for that nobody counted."""
    unchanged = asked = 0
    for k in range(at, stop):
        n = signed(state.queue.item[index(k)])
        prefetch(state.word, signed(state.queue.item[index(k + 6)]))
        own = signed(state.word[index(n)])
        due = signed(net.due[index(own & w.STATE)])
        old = own >> w.OUT & 15
        if own & w.ANALOG << w.CODE == 0:
            if rarely((old ^ due) & ~w.LOGS != 15):
                unchanged += 1 - run_node(net, state, n, now)
                continue
            asked += _switch(net, state, n, own, now)
            if due & w.LOGS and state.scalar[BURN] != 0:
                log_turn_off(net, state, n, now)
        else:
            if rarely(old == due or due & w.SLOW != 0):
                unchanged += 1 - run_node(net, state, n, now)
                continue
            state.word[index(n)] = own ^ ((old ^ due) << w.OUT | w.IS_PENDING)
            asked += _level(net, state, own, old, due, now)
    return stop - at - unchanged, asked


@hot
def fetch(net: Net, state: State, at: int) -> None:
    """Ask for the words of a whole chunk of the queue, and the histories of torches: on large boards they
    come from far."""
    many = len(state.toggles) > FAR_TORCHES * TOGGLES
    for k in range(at, at + q.LAST):
        n = signed(state.queue.item[index(k)])
        prefetch(state.word, n)
        if many:
            n = min(max(n, 0), len(state.word) - 1)  # the last chunk of a list is not full
            prefetch(state.toggles, torch_row(net, n) * TOGGLES)
