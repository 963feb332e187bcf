"""When every strobe acts and when every window edge may arrive: the equations of pass `timing`.

Times are in rt after the output of the run pulse's splitter ("machine time"); the rules are told in
passes/timing.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from craftc.errors import TimingError
from craftc.macros import lane
from craftc.macros.clock import START_TO_CK_RT
from craftc.macros.conductor import TAP_RT
from craftc.macros.glue import JOIN_RT, PLAIN_RT
from craftc.macros.lane import tagged
from craftc.macros.strobe import SAMPLE_LEAD_RT
from craftc.passes.channels import REQUANT_CHANNELS, SHIFT_PULSE_RT, Channel, marked_late
from craftc.passes.place import Placement
from craftc.passes.program import Program, Window
from craftc.passes.wire import SIDES, parity_gates, window_name, window_sinks

P = lane.PERIOD_RT
MARGIN_RT = 1  # least distance of an edge from a sampling moment
LOAD_LEAD_RT, LOAD_HOLD_RT, LOAD_PULSE_RT = 5, 4, 3  # panel: load around ck (panel.py), one rt spare
MODE_LEAD_RT, MODE_HOLD_RT = 8, 8  # register file: loadmode around the pushes
HOLD_EARLY_RT = (4, 7)  # the marker is sampled for the push so much before it is for the requantiser
FORCE_RT = 1  # register file: force to x
DATA_SETUP_RT = 6  # register file: data before ck
Interval = tuple[int, int]


class Delays(Protocol):
    """Delays of nets: routed (`wire.Wiring`) or guessed (`wire.Guess`)."""

    def rt(self, net: str, sink: int = 0, driver: int = 0) -> int:
        """Return a delay in rt."""


class Solver:
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
        self.room: dict[int, int] = {}  # per layer: rt that its markers have to spare

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
        plan = self.placed.plans[layer]
        for part in range(plan.splits):
            times[tagged("clock", part)] = self._clock_out(layer, part)
        late = {tagged("late", g): marked_late(channels, g) for g in range(plan.groups)}
        if plan.shift is not None:
            for group, names in enumerate(late.values()):
                self._push(layer, times, names, group)
        gates = [f"{kind}_{side}" for side in SIDES for kind in ("open", "shift")]
        marked = [(name, n) for n, name in enumerate(gates)]
        markers = {"mark": marked}
        markers |= {name: [(gate, n) for n, gate in enumerate(names)] for name, names in late.items()}
        try:
            times |= {name: self._marker(layer, name, gated) for name, gated in markers.items()}
        except TimingError:  # all must read in slots of one parity
            if layer not in self.flip:
                raise
            self.flip[layer] = 1 - self.flip[layer]
            self.room.pop(layer)
            times |= {name: self._marker(layer, name, gated) for name, gated in markers.items()}

    def sample(self, layer: int, channel: str) -> int:
        """Return when slot 0 of a channel's gates is sampled, at their ports."""
        return self.out[layer][channel] - SAMPLE_LEAD_RT

    def _clock_out(self, layer: int, part: int) -> int:
        """Register clock: x must change midway between the samples of two slots."""
        latest, earliest = -(10**9), 10**9
        for side in SIDES:
            net = f"{tagged(f'x_{side}', part)}.{layer}"
            for k, name in enumerate((f"s0_{side}", f"s1_{side}")):
                at = self.sample(layer, tagged(name, part)) - self.wires.rt(net, k)
                latest, earliest = max(latest, at), min(earliest, at + P)
        low, high = latest + MARGIN_RT, earliest - MARGIN_RT
        if low > high and self.strict:
            raise TimingError(f"x must change in {low}..{high}", where=f"layer {layer}", legal="nearer wires")
        return (low + high) // 2 - self.x_latency[layer] - self._to_registers(layer, "clock", part)

    def _to_registers(self, layer: int, channel: str, part: int) -> int:
        """Return the delay from a channel (clock of the layer, push of the one before) to the registers."""
        if layer == 0:
            return self.wires.rt("clock.0")
        wire = self.wires.rt(f"{tagged(channel, part)}.{layer if channel == 'clock' else layer - 1}")
        return wire + PLAIN_RT + JOIN_RT + self.wires.rt(f"{tagged('registers', part)}.{layer}")

    def _marker(self, layer: int, name: str, gates: Sequence[tuple[str, int]]) -> int:
        """Marker pulse: on at every gate's sample, sampled itself while the parity clock is on."""
        low, high = -(10**9), 10**9
        for channel, sink in gates:
            at = self.sample(layer, channel) - self.wires.rt(f"{name}.{layer}", sink)
            low, high = max(low, at - SHIFT_PULSE_RT + MARGIN_RT), min(high, at - MARGIN_RT)
        number = parity_gates(self.placed).index(f"bank{layer}.{name}.parity")
        rise = self.clock + self.wires.rt("parity", number)
        start = self.made.of(layer, "read")[0].start
        best: tuple[bool, int, int, int] | None = None
        for time in range(low, high + 1):
            phase = (time - SAMPLE_LEAD_RT + start * P - rise) % (2 * P)
            room = min(phase % P, P - 1 - phase % P, time - low + 1, high - time + 1)
            wanted = self.flip.get(layer, phase // P)
            stays = self.strict and phase == phase % P  # with known wires the parity is kept if it can be
            if room >= MARGIN_RT and phase // P == wanted and (best is None or (stays, room) > best[:2]):
                best = (stays, room, time, phase // P)
        if best is None:
            raise TimingError(f"{name} has no phase in {low}..{high}", where=f"layer {layer}",
                              legal="nearer wires or another origin")  # fmt: skip
        self.flip.setdefault(layer, best[3])
        self.room[layer] = min(self.room.get(layer, P), best[1])
        return best[2]

    def _push(self, layer: int, times: dict[str, int], names: list[str], group: int) -> None:
        """Push clock: after the last data bit, before the first one may change."""
        late, sample, hold, word, push = (tagged(name, group) for name in REQUANT_CHANNELS)
        machine = self.placed.machine
        valid = machine.instances[tagged(f"requant{layer}", group)].macro.valid_rt  # type: ignore[attr-defined]
        y = self.origin[layer] + self.placed.y_rt[layer][group]
        wires = [self.wires.rt(f"{tagged(f'data{b}', group)}.{layer}") for b in range(4)]
        first = y + valid[0] + max(wires) + DATA_SETUP_RT
        last = y + valid[1] + min(wires) - LOAD_PULSE_RT - 1
        if first > last and self.strict:
            where = f"layer {layer}"
            raise TimingError(f"push in {first}..{last}", where=where, legal="data wires of like delay")
        arrive = max(last, (first + last) // 2)
        times[push] = arrive - self._to_registers(layer + 1, "push", group)
        # `hold` samples the marker shortly before `sample`; `word` carries it on to the sample of `push`
        wires = [self.wires.rt(f"{late}.{layer}", names.index(n)) for n in (sample, hold)]
        times[hold] = times[sample] - wires[0] + wires[1] - HOLD_EARLY_RT[0]
        first_word = times[hold] + SAMPLE_LEAD_RT + self.wires.rt(f"{hold}.{layer}") + MARGIN_RT
        last_word = times[push] - SAMPLE_LEAD_RT - self.wires.rt(f"{word}.{layer}") - MARGIN_RT
        earlier = min(max(first_word - last_word, 0), HOLD_EARLY_RT[1] - HOLD_EARLY_RT[0])
        times[hold] -= earlier
        first_word -= earlier
        low = max(first_word, last_word - P + 2 * MARGIN_RT)
        high = min(last_word, first_word + P - 2 * MARGIN_RT)
        if low > high and self.strict:
            raise TimingError(f"the marker cannot reach the push: {low}..{high}", where=f"layer {layer}",
                              legal="nearer wires")  # fmt: skip
        times[word] = (low + high) // 2

    def delays(self, layer: int, channels: Sequence[Channel]) -> list[int]:
        """Return the bank's delays (0..P-1) that give the output times."""
        ck = self.clock + self.wires.rt("ck", layer)
        return [(self.out[layer][c.name] - ck - self.constant_rt[layer]) % P for c in channels]

    def answer(self) -> int:
        """Return when the last class lamp can change last, in machine time."""
        last = self.placed.plans[-1]
        first = self.made.of(last.index, "read")[0].start
        wires = max(self.wires.rt(f"class{index}") for index in range(last.n_out))
        return self.origin[-1] + P * first + self.placed.done_rt + wires

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
            return self._mode_interval(layer, edge, window.segment)
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

    def _mode_interval(self, layer: int, edge: str, part: int) -> Interval:
        reads = self.made.of(layer - 1, "late", part)
        push = self.out[layer - 1][tagged("push", part)] + self._to_registers(layer, "push", part)
        if edge == "set":
            first = push + P * reads[0].start - MODE_LEAD_RT
            return first - P + 1, first
        last = push + P * (reads[-1].end - 2) + MODE_HOLD_RT
        scan = self.out[layer][tagged("clock", part)] + self._to_registers(layer, "clock", part)
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
