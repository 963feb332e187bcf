"""Kernels that drive a running board: levers and buttons, scripts of them, probes."""

from __future__ import annotations

from craftc.sim import words as w
from craftc.sim.engine import NORMAL, Net, State, run, schedule, set_output
from craftc.sim.kernel import Bytes, Ints, Longs, hot, hot_inline, signed


@hot_inline
def _sample(state: State, start: Longs, source: Ints, loss: Bytes, out: Bytes, row: int) -> None:
    for p in range(len(start) - 1):
        level = 0
        for e in range(start[p], start[p + 1]):
            level = max(level, (signed(state.word[source[e]]) >> w.OUT & 15) - signed(loss[e]))
        out[row, p] = level


@hot
def run_script(
    net: Net,
    state: State,
    ticks: int,
    every: int,
    actions: Longs,
    start: Longs,
    source: Ints,
    loss: Bytes,
    out: Bytes,
) -> None:
    """Run `ticks` game ticks; actions (k, 3) of (ticks run before it, node, level) sorted by time;
    after each `every` ticks one row of `out` gets the probed levels."""
    done = 0
    row = 0
    t = 0
    while True:
        while done < len(actions) and actions[done, 0] == t:
            use(net, state, actions[done, 1], actions[done, 2])
            done += 1
        if t == ticks:
            return
        until = min(ticks, (t // every + 1) * every)
        if done < len(actions):
            until = min(until, signed(actions[done, 0]))
        run(net, state, until - t)
        t = until
        if t % every == 0:
            _sample(state, start, source, loss, out, row)
            row += 1


@hot
def use(net: Net, state: State, n: int, value: int) -> None:
    """Set a lever to `value` (0 or 15) or press a button (value 15); the present state is left alone."""
    word = signed(state.word[n])
    if word >> w.OUT & 15 == value:
        return
    set_output(net, state, n, value)
    if word >> w.CODE & 15 == w.BUTTON:
        schedule(state, n, (word >> w.KEY & 60) >> 1, NORMAL)
