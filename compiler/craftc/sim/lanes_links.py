"""The links of a bit-sliced board: how a change of a group reaches the ports that it feeds."""

from __future__ import annotations

from craftc.sim.kernel import hot_inline
from craftc.sim.lanes_levels import (
    Level,
    any_bit,
    at_places,
    chosen,
    constant,
    differs,
    greater,
    higher,
    lessened,
)
from craftc.sim.lanes_words import (
    ARG,
    COPY,
    COPY_FLAG,
    COPY_ON,
    COPY_SET,
    INSERT,
    INSERT_FLAG,
    LEVELS,
    LOSS,
    OP,
    PORT,
    PULL_FLAG,
    PULL_ROW,
    SOURCE,
    TURN,
    Flow,
    Wiring,
    extra_of,
    level_at,
    link_of,
)
from craftc.sim.wide import load, nothing, rotated, store


@hot_inline
def _moved(wiring: Wiring, extra: int, x: int) -> int:
    """Return where places of the source of a link lie in its target."""
    x = x & load(wiring.part, 2 * extra)
    turn = extra_of(wiring, extra, TURN)
    if turn == 0:
        return x
    return rotated(x, turn)


@hot_inline
def _moved_level(wiring: Wiring, extra: int, a: Level) -> Level:
    a = at_places(load(wiring.part, 2 * extra), a)
    turn = extra_of(wiring, extra, TURN)
    if turn == 0:
        return a
    return rotated(a[0], turn), rotated(a[1], turn), rotated(a[2], turn), rotated(a[3], turn)


@hot_inline
def carried_places(wiring: Wiring, extra: int, places: int) -> int:
    """Return where places of the source of a link with `extra` lie in its target."""
    return _moved(wiring, extra, places)


@hot_inline
def _is_on(flow: Flow, out: int, levels: int, loss: int) -> int:
    """Return where outputs, rows `out` on, are on behind a loss."""
    if not levels:
        return load(flow.row, out)
    level = level_at(flow, out)
    return any_bit(level) if loss == 0 else greater(level, constant(flow.row, loss))


@hot_inline
def _level(flow: Flow, out: int, levels: int, loss: int) -> Level:
    """Return outputs, rows `out` on, less a loss."""
    if not levels:
        return at_places(load(flow.row, out), constant(flow.row, 15 - loss))
    level = level_at(flow, out)
    return level if loss == 0 else lessened(level, constant(flow.row, loss))


@hot_inline
def _set_flag(flow: Flow, row: int, new: int) -> int:
    changed: int = new ^ load(flow.row, row)
    store(flow.row, row, new)
    return changed


@hot_inline
def _set_level(flow: Flow, row: int, new: Level) -> int:
    changed = differs(new, level_at(flow, row))
    for bit in range(4):
        store(flow.row, row + bit, new[bit])
    return changed


@hot_inline
def _given_flag(wiring: Wiring, flow: Flow, x: int) -> int:
    """Return what a link gives to ports that are on or off; x is its row of `extra`."""
    return _moved(
        wiring,
        x,
        _is_on(flow, extra_of(wiring, x, SOURCE), extra_of(wiring, x, LEVELS), extra_of(wiring, x, LOSS)),
    )


@hot_inline
def _given_level(wiring: Wiring, flow: Flow, x: int) -> Level:
    """Return what a link gives to ports with levels; x is its row of `extra`."""
    given = _level(flow, extra_of(wiring, x, SOURCE), extra_of(wiring, x, LEVELS), extra_of(wiring, x, LOSS))
    return _moved_level(wiring, x, given)


@hot_inline
def _pull_flag(wiring: Wiring, flow: Flow, row: int, pull: int) -> int:
    """Work a port that is on or off out from all its sources; return the places at which it changed."""
    on = nothing(flow.row)
    for k in range(wiring.pull[pull], wiring.pull[pull + 1]):
        on |= _given_flag(wiring, flow, wiring.pulled[k])
    return _set_flag(flow, row, on)


@hot_inline
def _pull(wiring: Wiring, flow: Flow, row: int, pull: int) -> int:
    """Work a port with levels out from all its sources; return the places at which it changed."""
    level = constant(flow.row, 0)
    for k in range(wiring.pull[pull], wiring.pull[pull + 1]):
        level = higher(level, _given_level(wiring, flow, wiring.pulled[k]))
    return _set_level(flow, row, level)


@hot_inline
def _relay_extra(wiring: Wiring, flow: Flow, row: int, op: int, x: int) -> int:
    """Bring a port up to date by a link that inserts or pulls; return the places at which it changed."""
    if op == INSERT_FLAG:
        there = load(wiring.part, 2 * x + 1)
        return _set_flag(flow, row, _given_flag(wiring, flow, x) | (load(flow.row, row) & ~there))
    if op == INSERT:
        there = load(wiring.part, 2 * x + 1)
        return _set_level(flow, row, chosen(there, _given_level(wiring, flow, x), level_at(flow, row)))
    if op == PULL_FLAG:
        return _pull_flag(wiring, flow, row, extra_of(wiring, x, PULL_ROW))
    return _pull(wiring, flow, row, extra_of(wiring, x, PULL_ROW))


@hot_inline
def relay(wiring: Wiring, flow: Flow, out: int, e: int) -> int:
    """Bring the port that link e feeds from outputs in rows `out` on up to date; return the places at which
    it changed."""
    op = link_of(wiring, e, OP)
    row = link_of(wiring, e, PORT)
    arg = link_of(wiring, e, ARG)
    if op == COPY_FLAG:
        return _set_flag(flow, row, load(flow.row, out))
    if op == COPY:
        return _set_level(flow, row, _level(flow, out, 1, arg))
    if op == COPY_ON:
        return _set_flag(flow, row, _is_on(flow, out, 1, arg))
    if op == COPY_SET:
        return _set_level(flow, row, at_places(load(flow.row, out), constant(flow.row, arg)))
    return _relay_extra(wiring, flow, row, op, arg)
