"""Clock, window latch and one-shot: what starts, stops and paces a machine.

Clock, seen from above (x east, z south)::

    start -> latch -> run line -+-> ring of P rt, pulse 4 rt    -> ck
    stop  ->                    +-> ring of 2P rt, pulse P rt   -> ck2 (high in even words)

A ring (circuits/clock_ring) turns the rising run line into exactly one pulse, lets it circulate, and
blocks it when run is off. The latch (circuits/window_latch) keeps a second start without effect. The
idle clock has no events.
"""

from __future__ import annotations

from dataclasses import dataclass

from craftc.cells.drawing import CHARS
from craftc.cells.library import load_cell
from craftc.errors import ConfigError
from craftc.macros.base import Macro, Pos, Sketch
from craftc.macros.sketching import line, paste_cell

MIN_PERIOD_RT, MAX_PERIOD_RT = 9, 12  # the gap between pulses must exceed the longest repeater delay
PULSE_RT = 4  # width of a clock pulse
START_TO_CK_RT = 9  # start port rising to the first rising edge of ck (and of ck2)
REST_PERIODS = 3  # words of silence needed between stop and the next start
LATCH_RT = 3  # set or reset to q
ONE_SHOT_RT = 5  # in to out of the one-shot

_TAP_RT = 4  # delay from the ring's start to its tap (repeater at x = 1)
_GATE_RT = 2  # repeater and gate comparator at the ring's end
_CORE_X = 2  # last column of the ring's drawing that is the same for all periods
_RING_PITCH = 8  # z rows per ring
_RUN_X, _LATCH_AT = -2, (-7, 0, 6)


@dataclass(slots=True)
class Clock(Macro):
    """A clock with its contract.

    start rising at 0: ck is on during [START_TO_CK_RT + n*P, + PULSE_RT) and, if built, ck2 during
    [START_TO_CK_RT + 2n*P, + P) rt, n = 0, 1, ... until stop. Pulses are never cut.
    """

    period_rt: int = 0


def split_delay(total_rt: int, parts: int = 0) -> tuple[int, ...]:
    """Return repeater delays of 1..4 rt that add up to `total_rt`, as even as possible, longest first.

    `parts` 0 means as few as possible. Raises ConfigError if that number of repeaters cannot do it.
    """
    count = parts or -(-total_rt // 4)
    if total_rt < count or total_rt > 4 * count:
        raise ConfigError(f"{total_rt} rt by {count} repeaters", legal=f"{count}..{4 * count} rt")
    return tuple((total_rt + count - 1 - i) // count for i in range(count))


def ring(sketch: Sketch, z: int, period_rt: int, pulse_rt: int) -> int:
    """Draw a clock ring at row `z` and return the column of its east side.

    The run line enters at (-2, 0, z .. z + 5); the tap is the dust at (2, 0, z - 2).
    """
    shot = split_delay(pulse_rt, 3)
    delays: dict[Pos, int] = {(-1, 0, 1 + i): d for i, d in enumerate(shot)}
    paste_cell(sketch, "clock_ring", (0, 0, z), delays, (-2, _CORE_X))
    rest = split_delay(period_rt - _TAP_RT - _GATE_RT)
    for index, delay in enumerate(rest):
        sketch.on_floor((_CORE_X + 1 + index, 0, z), CHARS["e"].with_props(delay=delay))
    east = _CORE_X + 1 + len(rest)
    line(sketch, (east, 0, z), (east, 0, z + 2))
    line(sketch, (_CORE_X + 1, 0, z + 2), (east, 0, z + 2))
    line(sketch, (_CORE_X + 1, 0, z + 3), (_CORE_X + 1, 0, z + 3))
    return east


def _latch(sketch: Sketch, run_z: tuple[int, int]) -> None:
    """Draw the start latch west of the run line, and the run line itself."""
    paste_cell(sketch, "window_latch", _LATCH_AT, keep=(0, 4))
    x, _, z = _LATCH_AT
    del sketch.cells[(x + 4, 0, z + 1)], sketch.cells[(x + 4, -1, z + 1)]  # the block feeds the run line
    line(sketch, (_RUN_X, 0, run_z[0]), (_RUN_X, 0, run_z[1]))
    line(sketch, (x, 0, z - 3), (x + 3, 0, z - 3))
    sketch.port("start", (x, 0, z), "in", side="west")
    sketch.port("stop", (x, 0, z - 3), "in", side="west")


def clock(period_rt: int = 12, half_rate: bool = True) -> Clock:
    """Return the clock of that period. Raises ConfigError outside 9..12 rt.

    start: any pulse of at least 2 rt (a button does); a start while running changes nothing. stop:
    level or pulse of at least 2 rt; the next start must come REST_PERIODS later. While start and stop
    are both on, the clock runs.
    """
    if not MIN_PERIOD_RT <= period_rt <= MAX_PERIOD_RT:
        raise ConfigError(
            f"period {period_rt} rt", where="clock", legal=f"{MIN_PERIOD_RT}..{MAX_PERIOD_RT} rt"
        )
    sketch = Sketch("clock")
    rings = [("ck", 0, period_rt, PULSE_RT)]
    if half_rate:
        rings.append(("ck2", _RING_PITCH, 2 * period_rt, period_rt))
    _latch(sketch, (0, _LATCH_AT[2]))
    east = max(ring(sketch, z, period, pulse) for _, z, period, pulse in rings)
    if half_rate:
        line(sketch, (_RUN_X, 0, _LATCH_AT[2]), (_RUN_X, 0, _RING_PITCH))
    for name, z, _, _ in rings:
        line(sketch, (_CORE_X, 0, z - 2), (east, 0, z - 2))
        sketch.port(name, (east, 0, z - 2), "out", side="east", latency_rt=START_TO_CK_RT)
    macro, _ = sketch.build()
    return Clock(macro.name, macro.volume, macro.ports, macro.probes, period_rt)


def _cell_macro(name: str) -> Macro:
    cell = load_cell(name)
    return Macro(name, cell.drawing.volume.copy(), dict(cell.ports), dict(cell.probes))


def window_latch() -> Macro:
    """Return the set/reset latch: ports set, reset, q, not_q (circuits/window_latch).

    Pulses of at least 2 rt, edges of the two inputs 0 or at least 2 rt apart; set wins while both are on;
    q follows after LATCH_RT.
    """
    return _cell_macro("window_latch")


def one_shot() -> Macro:
    """Return the one-shot: ports in, out; a rising edge gives 4 rt after ONE_SHOT_RT (circuits/one_shot)."""
    return _cell_macro("one_shot")
