"""The queue of a bit-sliced board and its links: what both orders of execution share."""

from __future__ import annotations

from craftc.sim.devices import LAMP, REPEATER
from craftc.sim.engine import EXTREMELY_HIGH, HIGH, NORMAL, VERY_HIGH
from craftc.sim.history import BURNT_GT
from craftc.sim.kernel import hot_inline
from craftc.sim.lanes_torch import log_turn_off
from craftc.sim.lanes_words import (
    BURN,
    BURNOUTS,
    COPY,
    COPY_FLAG,
    COPY_ON,
    COPY_SET,
    DELAY_AT,
    EVENTS,
    FIXED,
    FREE,
    FRONT_AT,
    INSERT,
    LINE,
    LOCK,
    LOSS,
    MAIN,
    NOW,
    OP,
    OP_BITS,
    OUT,
    PENDING,
    PORT,
    POWER,
    PULL_ROW,
    QUEUED,
    RING,
    SOURCE,
    TURN,
    USED,
    USED_PLACES,
    Flow,
    Level,
    Wiring,
    analog,
    at_places,
    chosen,
    constant,
    count,
    differs,
    field,
    greater,
    higher,
    kind_of,
    lessened,
    level_at,
    number,
    turned,
    wanted,
    word,
)


@hot_inline
def group_of(entry: int) -> int:
    """Return the group of the second word of an entry of the queue."""
    return number(entry & word(0xFFFFFFFF))


@hot_inline
def next_of(entry: int) -> int:
    """Return the entry after one, or -1, from its second word."""
    return number(entry >> word(32)) - 1


@hot_inline
def give_back(flow: Flow, e: int) -> None:
    """Keep an entry for later use."""
    flow.entry[e, 1] = word(flow.scalar[FREE] + 1) << word(32)
    flow.scalar[FREE] = e


@hot_inline
def push(flow: Flow, n: int, mask: int, delay: int, priority: int) -> None:
    """Schedule ticks of the places `mask` of group n, behind everything of equal time and priority."""
    place = ((flow.scalar[NOW] + delay) & (RING - 1)) * 4 + priority
    flow.line[n * LINE + PENDING] |= mask
    last = flow.tail[place]
    empty = flow.head[place] < 0
    if not empty and group_of(flow.entry[last, 1]) == n:
        flow.entry[last, 0] |= mask
        return
    e = flow.scalar[FREE]
    if e >= 0:
        flow.scalar[FREE] = next_of(flow.entry[e, 1])
    else:
        e = flow.scalar[USED]
        flow.scalar[USED] = e + 1
    flow.entry[e, 0] = mask
    flow.entry[e, 1] = word(n)
    flow.scalar[QUEUED] += 1
    if empty:
        flow.head[place] = e
    else:
        flow.entry[last, 1] |= word(e + 1) << word(32)
    flow.tail[place] = e


@hot_inline
def ask(flow: Flow, n: int, fixed: int, want: int) -> None:
    """Schedule the ticks that the places `want` of group n ask for."""
    delay = field(fixed, DELAY_AT, 255)
    front = field(fixed, FRONT_AT, 1)
    kind = kind_of(fixed)
    if kind == REPEATER:
        if front:
            push(flow, n, want, delay, EXTREMELY_HIGH)
            return
        off = want & flow.line[n * LINE + OUT]
        if off != word(0):
            push(flow, n, off, delay, VERY_HIGH)
        if off == want:
            return
        want ^= off
        front = 1
    priority = HIGH if front and (kind == REPEATER or analog(kind)) else NORMAL
    push(flow, n, want, delay, priority)


@hot_inline
def light(flow: Flow, n: int, fixed: int, mask: int) -> None:
    """Light the lamps among the places `mask` of group n that have power."""
    if kind_of(fixed) == LAMP:
        on = mask & ~flow.line[n * LINE + OUT] & flow.line[n * LINE + POWER]
        if on != word(0):
            flow.line[n * LINE + OUT] |= on
            flow.scalar[EVENTS] += count(on & flow.mask[USED_PLACES])


@hot_inline
def react(wiring: Wiring, flow: Flow, n: int, mask: int) -> None:
    """Let the places `mask` of group n react to their inputs, as `engine.check` does."""
    fixed = flow.line[n * LINE + FIXED]
    free = mask & ~flow.line[n * LINE + PENDING]
    want = wanted(wiring, flow, n, fixed) & free
    if want != word(0):
        ask(flow, n, fixed, want)
    light(flow, n, fixed, free)


@hot_inline
def turned_off(flow: Flow, n: int, off: int) -> None:
    """Remember that torches turned off, and burn out those that did too often."""
    if flow.scalar[BURN] == 0:
        return
    burnt = log_turn_off(flow, n, off)
    if burnt != word(0):
        flow.scalar[BURNOUTS] += count(burnt & flow.mask[USED_PLACES])
        burnt &= ~flow.line[n * LINE + PENDING]
        if burnt != word(0):
            push(flow, n, burnt, BURNT_GT, NORMAL)


@hot_inline
def _flag(out: int) -> Level:
    return out, word(0), word(0), word(0)


@hot_inline
def _carried(flow: Flow, n: int, levels: bool, loss: int) -> Level:
    """Return what a link of that loss gives of group n to a device that takes levels, or only on and off."""
    at = n * LINE + OUT
    if analog(kind_of(flow.line[n * LINE + FIXED])):
        level = level_at(flow, at)
        if levels:
            return level if loss == 0 else lessened(level, loss)
        if loss == 0:
            return _flag(level[0] | level[1] | level[2] | level[3])
        return _flag(greater(level, constant(loss)))
    if levels:
        return at_places(flow.line[at], constant(15 - loss))
    return _flag(flow.line[at])


@hot_inline
def _pulled(wiring: Wiring, flow: Flow, levels: bool, port_row: int) -> Level:
    """Return the level of a port from all its sources."""
    level = _flag(word(0))
    for k in range(wiring.pull[port_row], wiring.pull[port_row + 1]):
        row = wiring.pulled[k]
        new = _carried(flow, wiring.extra[row, SOURCE], levels, wiring.extra[row, LOSS])
        new = _moved(wiring, row, new)
        level = higher(level, new) if levels else _flag(level[0] | new[0])
    return level


@hot_inline
def _moved(wiring: Wiring, row: int, new: Level) -> Level:
    """Return a level of the source's places at the places of the target."""
    part = wiring.part[row]
    turn = wiring.extra[row, TURN]
    new = at_places(part, new)
    return turned(new[0], turn), turned(new[1], turn), turned(new[2], turn), turned(new[3], turn)


@hot_inline
def carried_places(wiring: Wiring, row: int, places: int) -> int:
    """Return where places of the source of a link with `extra` lie in its target."""
    return turned(places & wiring.part[row], wiring.extra[row, TURN])


@hot_inline
def _set_flag(flow: Flow, at: int, new: int) -> int:
    changed: int = new ^ flow.line[at]
    flow.line[at] = new
    return changed


@hot_inline
def _set_level(flow: Flow, at: int, new: Level) -> int:
    changed = differs(new, level_at(flow, at))
    flow.line[at] = new[0]
    flow.line[at + 1] = new[1]
    flow.line[at + 2] = new[2]
    flow.line[at + 3] = new[3]
    return changed


@hot_inline
def _relay_extra(wiring: Wiring, flow: Flow, n: int, port: int, op: int, row: int) -> int:
    """Bring a port up to date by a link that inserts or pulls; return the places at which it changed."""
    there = port >> 1
    levels = analog(kind_of(flow.line[there * LINE + FIXED]))
    at = there * LINE + (MAIN + 4 * (port & 1) if levels else POWER + (port & 1))
    if op == INSERT:
        new = _moved(wiring, row, _carried(flow, n, levels, wiring.extra[row, LOSS]))
        part = turned(wiring.part[row], wiring.extra[row, TURN])
        if levels:
            return _set_level(flow, at, chosen(part, new, level_at(flow, at)))
        return _set_flag(flow, at, new[0] | (flow.line[at] & ~part))
    new = _pulled(wiring, flow, levels, wiring.extra[row, PULL_ROW])
    if levels:
        return _set_level(flow, at, new)
    return _set_flag(flow, at, new[0])


@hot_inline
def relay(wiring: Wiring, flow: Flow, n: int, port: int, op: int, arg: int) -> int:
    """Bring the port that a link of group n feeds up to date; return the places at which it changed."""
    there = (port >> 1) * LINE
    if op == COPY_FLAG:
        return _set_flag(flow, there + POWER + (port & 1), flow.line[n * LINE + OUT])
    if op == COPY:
        new = level_at(flow, n * LINE + OUT)
        if arg > 0:
            new = lessened(new, arg)
        return _set_level(flow, there + MAIN + 4 * (port & 1), new)
    if op == COPY_ON:
        return _set_flag(flow, there + POWER + (port & 1), _carried(flow, n, False, arg)[0])
    if op == COPY_SET:
        new = at_places(flow.line[n * LINE + OUT], constant(arg))
        return _set_level(flow, there + MAIN + 4 * (port & 1), new)
    return _relay_extra(wiring, flow, n, port, op, arg)


@hot_inline
def port_of(wiring: Wiring, e: int) -> int:
    """Return the port that link e feeds."""
    return number(wiring.link[e, PORT])


@hot_inline
def op_of(wiring: Wiring, e: int) -> int:
    """Return the operation of link e."""
    return number(wiring.link[e, OP]) & ((1 << OP_BITS) - 1)


@hot_inline
def arg_of(wiring: Wiring, e: int) -> int:
    """Return the argument of link e's operation."""
    return number(wiring.link[e, OP]) >> OP_BITS


@hot_inline
def turn_of(wiring: Wiring, e: int) -> int:
    """Return by how many places link e rotates."""
    if op_of(wiring, e) < INSERT:
        return 0
    return number(wiring.extra[arg_of(wiring, e), TURN])


__all__ = ["LOCK", "arg_of", "ask", "carried_places", "give_back", "group_of", "light", "next_of", "op_of",
           "port_of", "push", "react", "relay", "turn_of", "turned_off"]  # fmt: skip
