"""Pass `timing`: phases of all strobes and taps of the coil, from the delays of the routed wires.

Times are in rt after the output of the run pulse's splitter ("machine time"). Given are

    ck(n)     = C + n*P at the clock's output            tap(m) = T + m*P at the coil's border
    engine    slot w of layer l: digit 0 of the sums at p at origin[l] + w*P

and every channel is an equation: the pulse of slot w must arrive at the port that it drives at
origin + w*P + act, so its delay is known modulo P; its gates are sampled SAMPLE_LEAD_RT before its
output. Every window edge is an inequality: it must arrive after one sample and before the next, and a
tap word and a trim (macros/glue.py) are chosen so that it does. What cannot be met raises TimingError with
the signal, the interval and the candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from craftc.errors import TimingError
from craftc.macros import lane
from craftc.macros.clock import LATCH_RT
from craftc.macros.glue import FAN_RT, JOIN_RT, TRIM_RT
from craftc.passes.place import Control, Placement, Tap
from craftc.passes.program import Program
from craftc.passes.solver import Delays, Interval, Solver

P = lane.PERIOD_RT
KEEP_ROOM_RT = 2  # a tap moves if its edge comes nearer than this to a border of its interval


@dataclass(slots=True)
class Timing:
    """Solved phases. `delays[l][i]` is the delay of channel i of bank l; `origin[l]` in machine time."""

    control: Control
    delays: list[list[int]] = field(default_factory=list)
    origin: list[int] = field(default_factory=list)
    flip: dict[int, int] = field(default_factory=dict)  # 1: the layer must read in slots of the other parity
    slack_rt: int = 99


class EarlyTapError(TimingError):
    """A tap would lie before the coil: every origin must be later."""


class EarlyLayerError(TimingError):
    """A layer would begin before its inputs stand: more slots must lie between two layers."""


def solve(
    placed: Placement, made: Program, wires: Delays, old: Control, origin: Sequence[int], *,
    strict: bool = True, move: bool = True, exact_end: bool = False,
) -> Timing:  # fmt: skip
    """Return phases, trims and taps for these wires.

    `move` allows other tap words than those of `old`; without `strict` (guessed wires) empty spans are
    taken at their middle. `exact_end`: done when the lamps stand (program.Pace). Raises TimingError if
    something cannot be met.
    """
    solver = Solver(placed, made, wires, placed.constants, origin, strict)
    solver.channels()
    end = solver.answer() if exact_end else solver.origin[-1] + P * solver.made.slots
    control = _taps(solver, old, move, end)
    delays = [solver.delays(k, c) for k, c in enumerate(placed.channels)]
    return Timing(control, delays, list(origin), solver.flip)


def phases(
    placed: Placement, made: Program, wires: Delays, origin: Sequence[int], layer: int, *, strict: bool
) -> dict[int, int]:
    """Return by how many rt (0..P-1) a layer's origin may be later so that its channels can be timed.

    With each goes what its markers then have to spare (rt), less P where its reads must change parity.
    """
    found = {}
    for phase in range(P):
        later = [start + phase for start in origin]
        try:
            solver = Solver(placed, made, wires, placed.constants, later, strict)
            solver.layer_channels(layer)
        except TimingError:
            continue
        found[phase] = solver.room[layer] - P * solver.flip[layer]
    return found


def _lead(solver: Solver, old: Control, window: str, edge: str) -> list[int]:
    """Return per tap of a window edge the delay from the coil's tap to the latch, without trims."""
    mine = [tap for tap in old.taps if tap.window == window and tap.edge == edge]
    shared = old.shared
    out = []
    last = solver.wires.rt(f"{edge}.{window}") + LATCH_RT
    for number, tap in enumerate(mine):
        way = solver.wires.rt(f"fan{tap.word}") + FAN_RT if tap.word in shared else 0
        if len(mine) > 1:
            way += solver.wires.rt(f"{edge}{number}.{window}") + JOIN_RT
        out.append(solver.coil + way + last)
    return out


def _taps(solver: Solver, old: Control, move: bool, end: int) -> Control:
    trims: dict[str, list[int]] = {}
    taps: list[Tap] = []
    for (window, edge), spans in sorted(solver.latch_intervals().items()):
        spans.sort()
        if window.startswith("loadmode") and edge == "reset" and spans[-1][0] > spans[-1][1]:
            raise EarlyLayerError(f"{window} ends after its layer begins", where=f"spans {spans}",
                                  legal="more slots between layers")  # fmt: skip
        words = [t.word for t in old.taps if t.window == window and t.edge == edge]
        leads = _lead(solver, old, window, edge)
        fit = _fit(spans, leads, words) if solver.strict or not move else None
        if move and (fit is None or fit[0] < KEEP_ROOM_RT):
            fit = _fit(spans, leads, None)
        if fit is None or (fit[0] < 0 and solver.strict):
            raise TimingError(f"{edge} of window {window} cannot arrive in time", where=f"spans {spans[:2]}",
                              legal="nearer wires or another origin")  # fmt: skip
        _, common, chosen = fit
        trims.setdefault(window, [TRIM_RT[0]] * 2)[0 if edge == "set" else 1] = common
        taps += [Tap(word, window, edge, trim) for word, trim in chosen]
    done = -(-(end - solver.coil) // P)
    taps.append(Tap(done if move else next(t.word for t in old.taps if t.window == "done"), "done", "set"))
    if min(tap.word for tap in taps) < 0:
        raise EarlyTapError("a tap lies before the coil", where=str(min(taps)), legal="a later origin")
    return Control(tuple(sorted(taps)), {k: (v[0], v[1]) for k, v in sorted(trims.items())})


def _fit(
    spans: Sequence[Interval], leads: Sequence[int], words: Sequence[int] | None
) -> tuple[int, int, list[tuple[int, int]]] | None:
    """Return (room, latch trim, (word, trim) per tap) with all edges deepest inside their spans.

    With one tap only the latch's trim counts. `words` None: the words are chosen too, for middle trims.
    """
    best: tuple[int, int, list[tuple[int, int]]] | None = None
    single = len(spans) == 1
    middle = sum(TRIM_RT) // 2
    for common in range(TRIM_RT[0], TRIM_RT[1] + 1):
        room, chosen = 99, []
        for k, ((low, high), lead) in enumerate(zip(spans, leads, strict=True)):
            center = (low + high) // 2
            free = round((center - lead - middle * (1 if single else 2)) / P)
            word = free if words is None else words[k]
            options = (0,) if single else range(TRIM_RT[0], TRIM_RT[1] + 1)
            arrive = lead + common + word * P
            inside, trim = max((min(arrive + t - low, high - arrive - t), t) for t in options)
            room = min(room, inside)
            chosen.append((word, TRIM_RT[0] if single else trim))
        if best is None or room > best[0]:
            best = (room, common, chosen)
    return best


__all__ = ["Delays", "EarlyLayerError", "EarlyTapError", "Timing", "phases", "solve"]
