"""Pass `wire`: the binary nets of the machine, and their routing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from craftc.blocks import Volume
from craftc.hw.netlist import Net
from craftc.layout import route as router
from craftc.macros.lane import tagged
from craftc.passes.channels import marked_late
from craftc.passes.place import Control, Placement
from craftc.passes.program import Program
from craftc.units import MAX_SIGNAL

MARGIN: tuple[int, int, int] = (12, 4, 12)  # free cells around the machine in which wires may run
CEILING = 8  # wires stay below this height (the yards are flat; only engines and the coil are taller)
PORT_HEADROOM = 4  # or this much above the highest port, where the coil has several storeys
STRENGTH = {"panel.x_n": 7, "panel.x_s": 7, "clock.ck": 9, "clock.ck2": 9}  # ports weaker than 15
TAP_STRENGTH = 14  # macros/conductor.py
SIDES = ("n", "s")
BLOCKS_PER_RT = 14.0
TREE_DETOUR = 1.2  # a wire to several sinks reaches the far ones by way of the near ones


@dataclass(frozen=True, slots=True)
class Wiring:
    """The routed machine: blocks, and the delay of every net from each driver to each sink in rt."""

    volume: Volume
    result: router.RouteResult

    def rt(self, net: str, sink: int = 0, driver: int = 0) -> int:
        """Return a delay in rt."""
        return self.result.nets[net].delay_rt[driver][sink]


@dataclass(frozen=True, slots=True)
class Guess:
    """Delays before routing: nearly one repeater per BLOCKS_PER_RT blocks of distance."""

    placed: Placement
    nets: Mapping[str, Net]

    def rt(self, net: str, sink: int = 0, driver: int = 0) -> int:
        """Return a delay in rt."""
        found = self.nets[net]
        start = self.placed.machine.port(found.drivers[driver]).pos
        end = self.placed.machine.port(found.sinks[sink]).pos
        distance = 1.0 * sum(abs(a - b) for a, b in zip(start, end, strict=True))
        distance *= TREE_DETOUR if len(found.sinks) > 2 else 1.0
        return max(1, round(distance / BLOCKS_PER_RT)) + (1 if len(found.drivers) > 1 else 0)


@dataclass(frozen=True, slots=True)
class Learned:
    """Delays after some ports have moved: as routed, corrected by how the guess changed."""

    wires: Wiring
    before: Guess  # at the ports that were routed
    now: Guess

    def rt(self, net: str, sink: int = 0, driver: int = 0) -> int:
        """Return a delay in rt."""
        guessed, old = self.now.rt(net, sink, driver), self.before.nets.get(net)
        if old is None or max(sink + 1 - len(old.sinks), driver + 1 - len(old.drivers)) > 0:
            return guessed
        return max(1, self.wires.rt(net, sink, driver) + guessed - self.before.rt(net, sink, driver))


def guess(placed: Placement, made: Program, control: Control) -> Guess:
    """Return guessed delays of all nets of a placement."""
    return Guess(placed, {net.name: net for net in nets(placed, made, control)})


def window_sinks(placed: Placement, made: Program) -> dict[str, list[str]]:
    """Return the ports that every window signal drives, by window name."""
    out: dict[str, list[str]] = {}
    for window in made.windows:
        name, layer = window_name(window.layer, window.signal, window.segment), window.layer
        bank = f"bank{layer}"
        channels = {c.name for c in placed.channels[layer]}
        out[name] = {
            "token": [f"{bank}.token{window.segment}.token"],
            "clock": [f"{bank}.{tagged('clock', window.segment)}.clock"],
            "read": [f"{bank}.mark.read"],
            "late": [f"{bank}.{tagged('late', window.segment)}.read"],
            "double": [f"{bank}.double_{s}.double" for s in SIDES if f"double_{s}" in channels],
            "load": ["panel.load"],
            "loadmode": [f"{tagged(f'file{layer}', window.segment)}.loadmode"],
            "force_n": [f"file{layer}.force_n"],
            "force_s": [f"file{layer}.force_s"],
            "first": [f"{bank}.amax_first.first"],
            "walk": [f"{bank}.amax_token.walk"],
        }[window.signal]
    return out


def window_name(layer: int, signal: str, segment: int = 0) -> str:
    """Return the name of a window's latch: signal and layer, and the segment of a token, part or group."""
    return f"{signal}{layer}_{segment}" if signal == "token" else tagged(f"{signal}{layer}", segment)


def nets(placed: Placement, made: Program, control: Control) -> list[Net]:
    """Return all nets of the machine, in a fixed order."""
    return [*_layer_nets(placed), *_window_nets(placed, made, control), *_control_nets(placed)]


def _net(name: str, drivers: list[str], sinks: list[str]) -> Net:
    def split(ref: str) -> tuple[str, str]:
        instance, _, port = ref.rpartition(".")
        if instance.startswith("bank") and "." in instance:  # gates: bank0.<channel>.<gate>
            instance, _, channel = instance.partition(".")
            port = f"{channel}.{port}"
        return instance, port

    return Net(name, tuple(map(split, drivers)), tuple(map(split, sinks)))


def _layer_nets(placed: Placement) -> Iterator[Net]:
    for plan, channels in zip(placed.plans, placed.channels, strict=True):
        layer, bank = plan.index, f"bank{plan.index}"
        for channel in channels:
            sinks = [s for s in channel.drives if not s.endswith(".ck") or s.startswith("argmax")
                     or s.startswith("requant")]  # fmt: skip
            if sinks:
                yield _net(f"{channel.name}.{layer}", [f"{bank}.{channel.name}"], sinks)
        for part in range(plan.splits):
            source = "panel" if layer == 0 else tagged(f"file{layer}", part)
            for side in SIDES:
                gates = [f"{bank}.{tagged(f'{signal}_{side}', part)}.x" for signal in ("s0", "s1")]
                yield _net(f"{tagged(f'x_{side}', part)}.{layer}", [f"{source}.x_{side}"], gates)
        marked = [f"{bank}.{kind}_{side}.shift" for side in SIDES for kind in ("open", "shift")]
        yield _net(f"mark.{layer}", [f"{bank}.mark"], marked)
        for group in range(plan.groups):
            late = tagged("late", group)
            names = marked_late(channels, group)
            yield _net(f"{late}.{layer}", [f"{bank}.{late}"], [f"{bank}.{name}.shift" for name in names])
        if plan.shift is not None:
            for group in range(plan.groups):
                yield from _requant_nets(layer, group)
        if layer == 0:
            yield _net("clock.0", ["bank0.clock"], ["panel.ck"])
            continue
        for part in range(plan.splits):
            clock, push, joined = (tagged(n, part) for n in ("clock", "push", f"clocks{layer}"))
            yield _net(f"{clock}.{layer}", [f"{bank}.{clock}"], [f"{joined}.in0"])
            yield _net(f"{push}.{layer - 1}", [f"bank{layer - 1}.{push}"], [f"{joined}.in1"])
            registers, file = tagged("registers", part), tagged(f"file{layer}", part)
            yield _net(f"{registers}.{layer}", [f"{joined}.out"], [f"{file}.ck"])
    yield _net("argmax_token", ["longer.out"], ["argmax.token"])


def _requant_nets(layer: int, group: int) -> Iterator[Net]:
    """Yield the nets from the markers of a group and from its requantiser to its register file."""
    bank, requant = f"bank{layer}", tagged(f"requant{layer}", group)
    file = tagged(f"file{layer + 1}", group)
    hold, word, push = (tagged(name, group) for name in ("hold", "word", "push"))
    yield _net(f"{hold}.{layer}", [f"{bank}.{hold}"], [f"{bank}.{word}.hold"])
    yield _net(f"{word}.{layer}", [f"{bank}.{word}"], [f"{bank}.{push}.word"])
    for bit in range(4):
        data = tagged(f"data{bit}", group)
        yield _net(f"{data}.{layer}", [f"{requant}.data{bit}"], [f"{file}.data{bit}"])
    on, planes = tagged(f"on{layer + 1}", group), tagged("pl", group)
    yield _net(f"{planes}.{layer + 1}", [f"{on}.out"], [f"{file}.pl0"])


def _window_nets(placed: Placement, made: Program, control: Control) -> Iterator[Net]:
    used: dict[int, int] = {}
    shared = control.shared
    edges: dict[tuple[str, str], list[str]] = {}
    for tap in control.taps:
        port = f"conductor.tap{tap.word}"
        if tap.word in shared:
            number = used.get(tap.word, 0)
            used[tap.word] = number + 1
            port = f"fan{tap.word}.out{number}"
        edges.setdefault((tap.window, tap.edge), []).append(port)
    for word in sorted(shared):
        yield _net(f"fan{word}", [f"conductor.tap{word}"], [f"fan{word}.in"])
    for (window, edge), drivers in sorted(edges.items()):
        if window == "done":
            yield _net("finish", drivers, ["clock.stop", "busy.reset", "finished.in", "aborted.in"])
        elif len(drivers) == 1:
            yield _net(f"{edge}.{window}", drivers, [f"w.{window}.{edge}"])
        else:
            joined = f"or.{edge}.{window}"
            for number, driver in enumerate(drivers):
                yield _net(f"{edge}{number}.{window}", [driver], [f"{joined}.in{number}"])
            yield _net(f"{edge}.{window}", [f"{joined}.out"], [f"w.{window}.{edge}"])
    for window, sinks in sorted(window_sinks(placed, made).items()):
        yield _net(f"w.{window}", [f"w.{window}.q"], sinks)


def _control_nets(placed: Placement) -> Iterator[Net]:
    layers = range(len(placed.plans))
    yield _net("button", ["run.out"], ["start.in"])
    yield _net("wipe", ["reset.out"], ["clears.in1", "abort.set"])
    yield _net("stopped", ["abort.q"], ["finished.busy"])
    yield _net("wanted", ["abort.not_q"], ["aborted.busy"])
    yield _net("aborted", ["aborted.out"], ["clears.in2"])
    yield _net("finished", ["finished.out"], ["done.set"])
    yield _net("busy", ["busy.q"], ["start.busy", "lamp_busy.in"])
    yield _net("idle", ["busy.not_q"], ["argmax.idle"])
    yield _net("done", ["done.q"], ["lamp_done.in"])
    yield _net("started", ["start.out"], ["edge.in"])
    yield _net("begin", ["edge.out"], ["begin.in"])
    yield _net("run", ["begin.out0"], ["clock.start", "conductor.run", "busy.set"])
    yield _net("fresh", ["begin.out1"], ["clears.in0", "abort.reset"])
    yield _net("clear", ["clears.out"], ["argmax.clear", "done.reset"])
    for index in range(placed.plans[-1].n_out):
        yield _net(f"class{index}", [f"argmax.lamp{index}"], [f"lamp{index}.in"])
    yield _net("ck", ["clock.ck"], [f"bank{k}.ck" for k in layers])
    yield _net("parity", ["clock.ck2"], parity_gates(placed))


def parity_gates(placed: Placement) -> list[str]:
    """Return the gates that the half-rate clock drives: those of all markers."""
    return [f"bank{p.index}.{marker}.parity" for p in placed.plans
            for marker in ("mark", *(tagged("late", g) for g in range(p.groups)))]  # fmt: skip


def connect(placed: Placement, made: Program, control: Control, earlier: Wiring | None = None) -> Wiring:
    """Route all nets of the machine and return its blocks; wires of `earlier` stay where their ports do.

    Raises RoutingError or PlacementError.
    """
    machine = placed.machine
    machine.nets = nets(placed, made, control)
    low, high = machine.extent()
    low = (low[0] - MARGIN[0], low[1] - 1, low[2] - MARGIN[2])
    highest = max(machine.port(ref).pos[1] for net in machine.nets for ref in (*net.drivers, *net.sinks))
    top = max(CEILING, highest + PORT_HEADROOM)
    high = (high[0] + MARGIN[0], max(high[1] + 1, top), high[2] + MARGIN[2])
    volume = machine.volume(low, high)
    wanted = []
    for net in machine.nets:
        drivers = tuple(_terminal(placed, ref, low) for ref in net.drivers)
        sinks = tuple(_terminal(placed, ref, low) for ref in net.sinks)
        wanted.append(router.Net(net.name, drivers, sinks))
    ceiling = (high[0] - low[0], top - low[1], high[2] - low[2])
    known = None
    if earlier is not None:
        was = earlier.volume.origin
        known = router.Earlier(earlier.result, (was[0] - low[0], was[1] - low[1], was[2] - low[2]))
    result = router.route(volume, wanted, bounds=((0, 0, 0), ceiling), earlier=known)
    return Wiring(volume, result)


def _terminal(placed: Placement, ref: tuple[str, str], low: tuple[int, int, int]) -> router.Terminal:
    port = placed.machine.port(ref)
    pos = (port.pos[0] - low[0], port.pos[1] - low[1], port.pos[2] - low[2])
    strength = TAP_STRENGTH if ref[0] == "conductor" else STRENGTH.get(".".join(ref), MAX_SIGNAL)
    return router.Terminal(pos, port.side, strength)


__all__ = ["Mapping", "Wiring", "connect", "nets", "parity_gates", "window_name", "window_sinks"]
