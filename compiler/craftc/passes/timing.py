"""Pass `timing`: phases of all strobes and taps of the coil, from the delays of the routed wires.

Times are in rt after the output of the run pulse's splitter ("machine time"). Given are

    ck(n)     = C + n*P at the clock's output            tap(m) = T + m*P at the coil's border
    engine    slot w of layer l: digit 0 of the sums at p at origin[l] + w*P

and every channel is an equation: the pulse of slot w must arrive at the port that it drives at
origin + w*P + act, so its delay is known modulo P; its gates are sampled SAMPLE_LEAD_RT before its
output. Every window edge is an inequality: it must arrive after one sample and before the next, and a
tap word and a trim of 2..8 rt are chosen so that it does. What cannot be met raises TimingError with
the signal, the interval and the candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from craftc.errors import TimingError
from craftc.macros import lane
from craftc.macros.clock import LATCH_RT, START_TO_CK_RT
from craftc.macros.conductor import TAP_RT
from craftc.macros.glue import FAN_RT, JOIN_RT, TRIM_RT
from craftc.macros.strobe import SAMPLE_LEAD_RT
from craftc.passes.channels import SHIFT_PULSE_RT, Channel
from craftc.passes.place import Control, Placement, Tap
from craftc.passes.program import Program, Window
from craftc.passes.wire import SIDES, window_name, window_sinks

P = lane.PERIOD_RT
MARGIN_RT = 1  # least distance of an edge from a sampling moment
KEEP_ROOM_RT = 2  # a tap moves if its edge comes nearer than this to a border of its interval
LOAD_LEAD_RT, LOAD_HOLD_RT, LOAD_PULSE_RT = 5, 4, 3  # panel: load around ck (panel.py), one rt spare
MODE_LEAD_RT, MODE_HOLD_RT = 8, 8  # register file: loadmode around the pushes
HOLD_EARLY_RT = 4  # the marker is sampled for the push this long before it is for the requantiser
FORCE_RT = 1  # register file: force to x
DATA_SETUP_RT = 6  # register file: data before ck
Interval = tuple[int, int]


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


class Delays(Protocol):
    """Delays of nets: routed (`wire.Wiring`) or guessed (`wire.Guess`)."""

    def rt(self, net: str, sink: int = 0, driver: int = 0) -> int:
        """Return a delay in rt."""


class _Solver:
    def __init__(self, placed: Placement, made: Program, wires: Delays, constant_rt: Sequence[int],
                 origin: Sequence[int], strict: bool) -> None:  # fmt: skip
        self.strict = strict
        self.placed, self.made, self.wires = placed, made, wires
        self.constant_rt, self.origin = constant_rt, origin
        self.clock = wires.rt("run", 0) + START_TO_CK_RT
        self.coil = wires.rt("run", 1) + TAP_RT
        self.out: list[dict[str, int]] = [{} for _ in placed.plans]  # output time of slot 0
        self.x_latency = [placed.machine.port(f"{'panel' if k == 0 else f'file{k}'}.x_n").latency_rt
                          for k in range(len(placed.plans))]  # fmt: skip
        self.intervals: dict[tuple[str, str, int], Interval] = {}
        self.flip: dict[int, int] = {}

    # --- channels ---------------------------------------------------------------------------

    def channels(self) -> None:
        """Fix the output time of every channel."""
        for layer in range(len(self.placed.plans)):
            self.layer_channels(layer)

    def layer_channels(self, layer: int) -> None:
        """Fix the output time of every channel of a layer."""
        channels, times = self.placed.channels[layer], self.out[layer]
        for channel in channels:
            if channel.act_rt is not None:
                wire = self.wires.rt(f"{channel.name}.{layer}")
                times[channel.name] = self.origin[layer] + channel.act_rt - wire
        times["clock"] = self._clock_out(layer)
        names = [c.name for c in channels if c.name in ("sample", "hold", "amax_ck", "amax_load")]
        if self.placed.plans[layer].shift is not None:
            self._push(layer, times, names)
        gates = [f"{kind}_{side}" for side in SIDES for kind in ("open", "shift")]
        marked = [(name, n) for n, name in enumerate(gates)]
        fixed = [(name, n) for n, name in enumerate(names)]
        times["mark"] = self._marker(layer, "mark", marked)
        try:
            times["late"] = self._marker(layer, "late", fixed)
        except TimingError:  # both must read in slots of one parity
            self.flip[layer] = 1 - self.flip[layer]
            times["mark"] = self._marker(layer, "mark", marked)
            times["late"] = self._marker(layer, "late", fixed)

    def sample(self, layer: int, channel: str) -> int:
        """Return when slot 0 of a channel's gates is sampled, at their ports."""
        return self.out[layer][channel] - SAMPLE_LEAD_RT

    def _clock_out(self, layer: int) -> int:
        """Register clock: x must change midway between the samples of two slots."""
        latest, earliest = -(10**9), 10**9
        for side in SIDES:
            for k, name in enumerate((f"s0_{side}", f"s1_{side}")):
                at = self.sample(layer, name) - self.wires.rt(f"x_{side}.{layer}", k)
                latest, earliest = max(latest, at), min(earliest, at + P)
        low, high = latest + MARGIN_RT, earliest - MARGIN_RT
        if low > high and self.strict:
            raise TimingError(f"x must change in {low}..{high}", where=f"layer {layer}", legal="nearer wires")
        return (low + high) // 2 - self.x_latency[layer] - self._to_registers(layer, "clock")

    def _to_registers(self, layer: int, channel: str) -> int:
        """Return the delay from a channel (clock of the layer, push of the one before) to the registers."""
        if layer == 0:
            return self.wires.rt("clock.0")
        wire = self.wires.rt(f"clock.{layer}" if channel == "clock" else f"push.{layer - 1}")
        return wire + TRIM_RT[0] + JOIN_RT + self.wires.rt(f"registers.{layer}")

    def _marker(self, layer: int, name: str, gates: Sequence[tuple[str, int]]) -> int:
        """Marker pulse: on at every gate's sample, sampled itself while the parity clock is on."""
        low, high = -(10**9), 10**9
        for channel, sink in gates:
            at = self.sample(layer, channel) - self.wires.rt(f"{name}.{layer}", sink)
            low, high = max(low, at - SHIFT_PULSE_RT + MARGIN_RT), min(high, at - MARGIN_RT)
        number = 2 * layer + (name == "late")
        rise = self.clock + self.wires.rt("parity", number)
        start = self.made.of(layer, "read")[0].start
        best: tuple[int, int, int] | None = None
        for time in range(low, high + 1):
            phase = (time - SAMPLE_LEAD_RT + start * P - rise) % (2 * P)
            room = min(phase % P, P - 1 - phase % P, time - low + 1, high - time + 1)
            wanted = self.flip.get(layer, phase // P)
            if room >= MARGIN_RT and phase // P == wanted and (best is None or room > best[0]):
                best = (room, time, phase // P)
        if best is None:
            raise TimingError(f"{name} has no phase in {low}..{high}", where=f"layer {layer}",
                              legal="nearer wires or another origin")  # fmt: skip
        self.flip.setdefault(layer, best[2])
        return best[1]

    def _push(self, layer: int, times: dict[str, int], names: list[str]) -> None:
        """Push clock: after the last data bit, before the first one may change."""
        machine = self.placed.machine
        valid = machine.instances[f"requant{layer}"].macro.valid_rt  # type: ignore[attr-defined]
        y = self.origin[layer] + self.placed.y_rt[layer]
        wires = [self.wires.rt(f"data{b}.{layer}") for b in range(4)]
        first = y + valid[0] + max(wires) + DATA_SETUP_RT
        last = y + valid[1] + min(wires) - LOAD_PULSE_RT - 1
        if first > last and self.strict:
            where = f"layer {layer}"
            raise TimingError(f"push in {first}..{last}", where=where, legal="data wires of like delay")
        arrive = max(last, (first + last) // 2)
        times["push"] = arrive - self._to_registers(layer + 1, "push")
        # `hold` samples the marker shortly before `sample`; `word` carries it on to the sample of `push`
        wires = [self.wires.rt(f"late.{layer}", names.index(n)) for n in ("sample", "hold")]
        times["hold"] = times["sample"] - wires[0] + wires[1] - HOLD_EARLY_RT
        first_word = times["hold"] + SAMPLE_LEAD_RT + self.wires.rt(f"hold.{layer}") + MARGIN_RT
        last_word = times["push"] - SAMPLE_LEAD_RT - self.wires.rt(f"word.{layer}") - MARGIN_RT
        low = max(first_word, last_word - P + 2 * MARGIN_RT)
        high = min(last_word, first_word + P - 2 * MARGIN_RT)
        if low > high and self.strict:
            raise TimingError(f"the marker cannot reach the push: {low}..{high}", where=f"layer {layer}",
                              legal="nearer wires")  # fmt: skip
        times["word"] = (low + high) // 2

    def delays(self, layer: int, channels: Sequence[Channel]) -> list[int]:
        """Return the bank's delays (0..P-1) that give the output times."""
        ck = self.clock + self.wires.rt("ck", layer)
        return [(self.out[layer][c.name] - ck - self.constant_rt[layer]) % P for c in channels]

    # --- windows ----------------------------------------------------------------------------

    def edge_interval(self, window: Window, edge: str, sink: str) -> Interval:
        """Return when an edge may arrive at a sink port, both ends included, in machine time."""
        slot = window.start if edge == "set" else window.end
        layer = window.layer
        if window.signal == "load":
            ck = self.out[0]["clock"] + self.wires.rt("clock.0") + P * (window.start + 1)
            if edge == "set":
                return ck - LOAD_LEAD_RT - P + 1, ck - LOAD_LEAD_RT
            return ck + LOAD_PULSE_RT + LOAD_HOLD_RT, ck + LOAD_PULSE_RT + LOAD_HOLD_RT + P - 1
        if window.signal == "loadmode":
            return self._mode_interval(layer, edge)
        if window.signal.startswith("force"):
            side = window.signal[-1]
            spans = []
            for k, name in enumerate((f"s0_{side}", f"s1_{side}")):
                at = self.sample(layer, name) - self.wires.rt(f"x_{side}.{layer}", k) - FORCE_RT + P * slot
                spans.append((at - P + MARGIN_RT, at - MARGIN_RT))
            return max(s[0] for s in spans), min(s[1] for s in spans)
        channel = sink.split(".")[1]
        at = self.sample(layer, channel) + P * slot
        return at - P + MARGIN_RT, at - MARGIN_RT

    def _mode_interval(self, layer: int, edge: str) -> Interval:
        reads = self.made.of(layer - 1, "read")
        push = self.out[layer - 1]["push"] + self._to_registers(layer, "push")
        if edge == "set":
            first = push + P * reads[0].start - MODE_LEAD_RT
            return first - P + 1, first
        last = push + P * (reads[-1].end - 2) + MODE_HOLD_RT
        scan = self.out[layer]["clock"] + self._to_registers(layer, "clock")
        scan += P * self.made.of(layer, "clock")[0].start - MODE_LEAD_RT
        return last, min(last + P - 1, scan)

    def latch_intervals(self) -> dict[tuple[str, str], list[Interval]]:
        """Return per (window, edge) the intervals of the latch's output, one per tap in time order."""
        sinks = window_sinks(self.placed, self.made)
        out: dict[tuple[str, str], list[Interval]] = {}
        for window in self.made.windows:
            name = window_name(window.layer, window.signal, window.segment)
            for edge in ("set", "reset"):
                low, high = -(10**9), 10**9
                for k, sink in enumerate(sinks[name]):
                    span = self.edge_interval(window, edge, sink)
                    wire = self.wires.rt(f"w.{name}", k)
                    low, high = max(low, span[0] - wire), min(high, span[1] - wire)
                out.setdefault((name, edge), []).append((low, high))
        return out


def solve(
    placed: Placement, made: Program, wires: Delays, old: Control, origin: Sequence[int], *,
    strict: bool = True, move: bool = True,
) -> Timing:  # fmt: skip
    """Return phases, trims and taps for these wires.

    `move` allows other tap words than those of `old`; without `strict` (guessed wires) empty spans are
    taken at their middle. Raises TimingError if something cannot be met.
    """
    solver = _Solver(placed, made, wires, placed.constants, origin, strict)
    solver.channels()
    control = _taps(solver, old, move)
    delays = [solver.delays(k, c) for k, c in enumerate(placed.channels)]
    return Timing(control, delays, list(origin), solver.flip)


def phases(
    placed: Placement, made: Program, wires: Delays, origin: Sequence[int], layer: int, *, strict: bool
) -> list[int]:
    """Return by how many rt (0..P-1) a layer's origin may be later so that its channels can be timed."""
    found = []
    for phase in range(P):
        later = [start + phase for start in origin]
        try:
            _Solver(placed, made, wires, placed.constants, later, strict).layer_channels(layer)
        except TimingError:
            continue
        found.append(phase)
    return found


def _lead(solver: _Solver, old: Control, window: str, edge: str) -> list[int]:
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


def _taps(solver: _Solver, old: Control, move: bool) -> Control:
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
    end = solver.origin[-1] + P * solver.made.slots
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
