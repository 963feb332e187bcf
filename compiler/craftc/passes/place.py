"""Pass `place`: floorplan of the machine, engines in a row from west to east.

Seen from above (x east, z south; 0 is the axis of the engines)::

    z < -60   readout 0, requantiser 0          readout 1, argmax, class lamps
    z ~ 0     engine 0 | bank 0 | registers 1 | engine 1 | bank 1
    z > 60    panel, run button, clock, conductor, window latches

Everything stands at y = 0 (streams and feeds at y = -2); only engines and the coil are taller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isqrt

from craftc.hw.netlist import Machine
from craftc.macros import lane
from craftc.macros.argmax import argmax
from craftc.macros.base import Macro
from craftc.macros.clock import clock, one_shot
from craftc.macros.conductor import conductor
from craftc.macros.engine import Engine, engine
from craftc.macros.glue import (
    JOIN_PITCH,
    PLAIN_REPEATERS,
    PLAIN_RT,
    TRIM_RT,
    button,
    constant_on,
    fan_out,
    join,
    lamp,
    longer,
    platform,
    start_gate,
    window_unit,
)
from craftc.macros.panel import panel
from craftc.macros.register_file import register_file
from craftc.macros.requant import requant
from craftc.macros.turn import turned
from craftc.passes.channels import Channel, argmax_channels, bank, layer_channels, requant_channels
from craftc.passes.fold import LayerPlan
from craftc.passes.parts import chunks
from craftc.passes.readout import Source, adder_row, chain_step, gather, readout

BANK_GAP, FILE_GAP, ENGINE_GAP = 16, 22, 6  # routing columns in x
READOUT_Z = -88  # z of the adders' inputs
OUT_Z = lane.CHAIN_Z + lane.OUT_V  # z of the sums of the south lanes
ENGINE_Y, STREAM_Y = -3, -2  # of the engines' floor, and of their sums
COLUMN, COLUMN_PITCH, GROUP_PITCH = 4, 6, 26  # first line of a readout, x and z from group to group
YARD_GAP = 24  # rows between a bank and the control yard south of it
CONTROL_Z = 66
LATCH_PITCH, LATCH_ROWS, LATCH_GAP, LATCH_X, JOIN_GAP = (34, 14), 90, 8, 14, 2
FAN_GAP, FAN_PITCH, FAN_NORTH = 20, 2, 10
ROOM_STEP = 6  # blocks by which channels of the control yard grow per step of `room`
FILE_ON_Z, FILE_CK_Z = 52, 43  # rows of a register file, local
TOKEN_EXTRA_RT = 6
LAMP_PITCH = 4
PLATFORM = (40, 7)  # blocks x, z: where the player arrives, south of the buttons
PLATFORM_SIGNS = (
    ("DRAW", "with the levers", "of the panel", ""),
    ("RUN", "starts the", "machine", ""),
    ("ANSWER", "is the lit lamp", "north of the", "panel"),
    ("RESET", "stops and", "clears", ""),
)
COIL_NORTH = 7  # rows by which the coil begins north of the other control parts
COIL_ROW, COIL_DEPTH = 36, 90  # rows of the coil per storey: all taps of a small machine lie on the ground
CONSUMER_X, CONSUMER_NORTH = 30, 14  # a consumer's corner in x, and its y port in z, from border and adders
PANEL_COLUMNS = 8, 20  # least and most pixels in a row of the panel
CONSOLE_CLASSES = 16  # lamps of more classes stand in a row behind the argmax, not at the console
ARGMAX_NORTH = 36  # rows by which a long argmax stands further north, so that it can run back west
LONGER_WEST = 16  # blocks from the token's stretcher to the argmax's port
LAMP_NORTH = 6  # blocks from a lamp port of the argmax to the lamp's own


@dataclass(slots=True)
class Placement:
    """The machine before routing, with what the timing pass needs to know.

    `y_rt[l][g]`: digit 0 of a shifted slot at the consumer of group g of layer l, in engine time.
    """

    machine: Machine
    plans: tuple[LayerPlan, ...]
    channels: list[list[Channel]] = field(default_factory=list)
    y_rt: list[list[int]] = field(default_factory=list)
    constants: list[int] = field(default_factory=list)  # constant_rt of the banks
    done_rt: int = 0  # after the first shifted word of the last layer, in engine time: all lamps stand
    abutments: list[tuple[str, str]] = field(default_factory=list)
    engines: list[Engine] = field(default_factory=list)

    def copied(self) -> Placement:
        """Return the same placement, to which instances can be added."""
        return replace(self, machine=Machine(dict(self.machine.instances), list(self.machine.nets)))

    @property
    def middle_x(self) -> int:
        """Column in the middle between the first and the last bank."""
        first, last = self.machine.instances["bank0"], self.machine.instances[f"bank{len(self.plans) - 1}"]
        return (first.at[0] + last.at[0]) // 2

    @property
    def control_z(self) -> int:
        """First row of the control yard: CONTROL_Z, or south of the banks if one of them reaches so far."""
        banks = [self.machine.instances[f"bank{p.index}"] for p in self.plans]
        south = max(b.at[2] + b.macro.volume.size[2] for b in banks)
        return CONTROL_Z if south < CONTROL_Z else south + YARD_GAP


@dataclass(frozen=True, slots=True, order=True)
class Tap:
    """A tap of the coil: at `word` it sets or resets (`edge`) the window `window`.

    `trim_rt` is the delay of its input where several taps are joined.
    """

    word: int
    window: str
    edge: str
    trim_rt: int = TRIM_RT[0]


@dataclass(frozen=True, slots=True)
class Control:
    """Taps of the coil, and the trims (set, reset) in rt of every window latch."""

    taps: tuple[Tap, ...]
    trims: Mapping[str, tuple[int, int]]

    @property
    def shared(self) -> dict[int, int]:
        """Words with more than one tap, and how many."""
        words = [tap.word for tap in self.taps]
        return {w: words.count(w) for w in sorted(set(words)) if words.count(w) > 1}

    @property
    def joins(self) -> dict[tuple[str, str], int]:
        """Window edges with more than one tap, and how many."""
        edges = [(tap.window, tap.edge) for tap in self.taps]
        return {e: edges.count(e) for e in sorted(set(edges)) if edges.count(e) > 1}


def place_layers(plans: Sequence[LayerPlan], delays: Sequence[list[int]] = ()) -> Placement:
    """Return engines, banks (with these channel delays, or 0), registers and readouts, placed."""
    out = Placement(Machine(), tuple(plans))
    x = 0
    for plan in plans:
        x = _place_layer(out, plan, x, delays[plan.index] if delays else [])
    return out


def _place_layer(out: Placement, plan: LayerPlan, x: int, delays: list[int]) -> int:
    """Place one layer from column x; return the first free column east of it."""
    made = engine(plan.rom, plan.segments, folded=plan.folded, blocks=plan.blocks, split=plan.splits > 1)
    out.engines.append(made)
    width = made.volume.size[0]
    out.machine.add(f"engine{plan.index}", made, (x, -3, -made.axis_z))
    border = x + width - 1
    channels = _ordered(_place_readout(out, plan, border, made) + layer_channels(plan, made.d_rt))
    out.channels.append(channels)
    made_bank = bank(channels, delays or [0] * len(channels))
    out.constants.append(made_bank.constant_rt)
    strobes = turned(made_bank, mirror_x=True)
    gap = BANK_GAP + COLUMN_PITCH * (plan.groups - 1)
    at = (border + gap, -3, -strobes.ports["token0"].pos[2])  # the start line's channel on the axis
    out.machine.add(f"bank{plan.index}", strobes, at)
    east = at[0] + strobes.volume.size[0]
    if plan.shift is not None:
        for group, neurons in enumerate(chunks(plan.n_out, plan.groups)):
            east = _place_file(out, plan.index + 1, group, len(neurons), east + FILE_GAP)
    return east + ENGINE_GAP


def _place_file(out: Placement, layer: int, part: int, values: int, x: int) -> int:
    """Place a register file of a layer's inputs from column x; return the first free column east of it."""
    registers = register_file(values)
    at = (x, -3, -(registers.volume.size[2] // 2))
    file, on, clocks = (lane.tagged(f"{name}{layer}", part) for name in ("file", "on", "clocks"))
    out.machine.add(file, registers, at)
    out.machine.add(on, constant_on(), (x - 12, -1, at[2] + FILE_ON_Z))
    out.machine.add(clocks, join((PLAIN_RT,) * 2, PLAIN_REPEATERS), (x - 14, -1, at[2] + FILE_CK_Z))
    return x + registers.volume.size[0]


def _ordered(channels: list[Channel]) -> list[Channel]:
    """Return the channels north to south, each near what it drives, so that wires are short and alike."""
    north = ("late", "sample", "amax_ck", "amax_load", "amax_first", "amax_token",
             "shift_n", "open_n", "double_n", "s1_n", "s0_n", "mark", "hold", "word", "push")  # fmt: skip
    south = ("s0_s", "s1_s", "double_s", "open_s", "shift_s", "clock")
    found = {c.name: c for c in channels}
    axis = [c for c in channels if c.name.startswith("token")]
    near = [*(n for n in north if n in found), *(c.name for c in axis), *(n for n in south if n in found)]
    far = [n for n in found if n not in near]  # of further parts and groups
    return [found[n] for n in (*near, *far)]


def _place_readout(out: Placement, plan: LayerPlan, border: int, made: Engine) -> list[Channel]:
    """Place the readouts of a layer and their consumers; return the consumers' channels."""
    outs = [made.ports[lane.tagged("out_n", b)] for b in range(len(plan.blocks))]
    sources = [Source(ENGINE_Y + port.pos[1], port.latency_rt) for port in outs]
    out.y_rt.append([])
    if plan.groups == 1:
        return _place_group(out, plan, border, 0, sources, COLUMN, adder_row(sources, OUT_Z, READOUT_Z))
    channels: list[Channel] = []
    z = READOUT_Z + GROUP_PITCH
    for group, source in enumerate(sources):
        z = adder_row([source], OUT_Z, z - GROUP_PITCH)
        column = COLUMN + COLUMN_PITCH * (plan.groups - 1 - group)
        channels += _place_group(out, plan, border, group, [source], column, z)
    return channels


def _place_group(
    out: Placement, plan: LayerPlan, border: int, group: int, sources: Sequence[Source], column: int, z: int
) -> list[Channel]:
    """Place the readout of some blocks, with its first adder at z, and the consumer of their sum.

    The first line runs `column` blocks east of the engine's border.
    """
    step, further = chain_step(), 2 * len(sources) - 2
    hidden = requant(plan.sum_digits, plan.shift) if plan.shift is not None else None
    last = argmax(plan.n_out, plan.sum_digits) if hidden is None else None
    back = last is not None and plan.n_out > CONSOLE_CLASSES
    consumer: Macro = hidden or last  # type: ignore[assignment]
    if back:
        consumer = turned(consumer, mirror_x=True)
    name = "argmax" if hidden is None else lane.tagged(f"requant{plan.index}", group)
    port = consumer.ports["y"]
    north = CONSUMER_NORTH + (ARGMAX_NORTH if back else 0)
    x = border + CONSUMER_X + column - COLUMN + step[0] * further - (port.pos[0] if back else 0)
    at = (x, STREAM_Y - port.pos[1], z + step[2] * further - north - port.pos[2])
    out.machine.add(name, consumer, at)
    end = (at[0] + port.pos[0], STREAM_Y, at[2] + port.pos[2])
    if len(plan.blocks) == 1:
        placed = readout(border, OUT_Z, z, end, port.side, twice=hidden is None)
        y_rt = sources[0].start_rt + placed.delay_rt
    else:
        like = out.y_rt[plan.index][0] if group else None
        placed = gather(border, OUT_Z, z, column, sources, end, port.side, twice=hidden is None, like_rt=like)
        y_rt = placed.delay_rt
    reading = lane.tagged(f"readout{plan.index}", group)
    out.machine.add(reading, placed.macro, placed.at)
    out.abutments += [(f"engine{plan.index}", reading), (reading, name)]
    out.y_rt[plan.index].append(y_rt)
    if hidden is not None:
        return requant_channels(plan, y_rt + hidden.ck_rt, group)
    assert last is not None
    out.done_rt = y_rt + last.done_rt
    token, made_longer = consumer.ports["token"], turned(longer(TOKEN_EXTRA_RT), mirror_x=back)
    x = at[0] + token.pos[0] + (LONGER_WEST - made_longer.volume.size[0] + 1 if back else -LONGER_WEST)
    out.machine.add("longer", made_longer, (x, at[1], at[2] - 8))
    return argmax_channels(last, y_rt)


def place_control(out: Placement, control: Control, room: int = 0) -> None:
    """Place panel, buttons, clock, coil with its taps, splitters, and a trimmed latch per window.

    `room` widens the channels between them, where a first floorplan could not be wired or timed.
    """
    machine, first = out.machine, out.plans[0]
    middle, control_z = out.middle_x, out.control_z
    columns = min(max(PANEL_COLUMNS[0], isqrt(first.n_in - 1) + 1), PANEL_COLUMNS[1])
    pixels = panel(first.n_in, first.const_north, first.const_south, columns)
    machine.add("panel", pixels, (middle + 30, -3, control_z + 10))
    coil = conductor(sorted({tap.word for tap in control.taps}), lane.PERIOD_RT, COIL_ROW, COIL_DEPTH)
    coil_at = (middle - 30, -1, control_z - COIL_NORTH)
    machine.add("conductor", coil, coil_at)
    fan_z, fan_gap = control_z - FAN_NORTH, FAN_GAP + ROOM_STEP * room
    order = sorted(control.shared.items(), key=lambda item: coil.ports[f"tap{item[0]}"].pos[::-1])
    for word, count in order:
        machine.add(f"fan{word}", fan_out(count), (coil_at[0] - fan_gap, -1, fan_z))
        fan_z += 3 * count + FAN_PITCH
    _place_windows(machine, control, coil_at[0] - fan_gap, control_z, room)
    south = control_z + 10 + pixels.volume.size[2] + 6
    machine.add("clock", clock(lane.PERIOD_RT), (middle + 52, -1, south - 2))
    for name, macro, at in (
        ("run", button(("", "RUN"), "green_concrete"), (middle + 30, -1, south + 26)),
        ("reset", button(("", "RESET"), "red_concrete"), (middle + 48, -1, south + 26)),
        ("start", start_gate(), (middle + 22, -1, south + 6)),
        ("clears", join((PLAIN_RT,) * 3, PLAIN_REPEATERS), (middle + 62, -1, south + 18)),
        ("abort", window_unit(), (middle + 80, -1, south + 20)),
        ("finished", start_gate(), (middle + 102, -1, south + 4)),
        ("aborted", start_gate(), (middle + 26, -1, south + 14)),
        ("edge", one_shot(), (middle + 26, -1, south)),
        ("begin", turned(fan_out(2), 2), (middle + 34, -1, south + 8)),
        ("busy", window_unit(), (middle + 42, -1, south + 14)),
        ("done", window_unit(), (middle + 116, -1, south)),
    ):
        machine.add(name, macro, at)
    machine.add("platform", platform(*PLATFORM, PLATFORM_SIGNS), (middle + 20, -1, south + 31))
    _place_lamps(machine, out.plans[-1].n_out, middle + 30, control_z)


def _place_lamps(machine: Machine, classes: int, x: int, control_z: int) -> None:
    """Place the class lamps at the console, or behind the argmax if there are many, and busy and done."""
    at_console = classes <= CONSOLE_CLASSES
    for index in range(classes):
        made, name = lamp(("", str(index))), f"lamp{index}"
        if at_console:
            machine.add(name, made, (x + LAMP_PITCH * index, -1, control_z - 2))
            continue
        made, port = turned(made, 2), machine.port(f"argmax.lamp{index}").pos
        inner = made.ports["in"].pos
        at = (port[0] - inner[0], port[1] - inner[1], port[2] - LAMP_NORTH - inner[2])
        machine.add(name, made, at)
    first = classes + 1 if at_console else 0
    for number, name in enumerate(("busy", "done"), first):
        at = (x + LAMP_PITCH * number, -1, control_z - 2)
        machine.add(f"lamp_{name}", lamp(("", name.upper())), at)


def _window_depths(control: Control) -> dict[str, tuple[int, int]]:
    """Return per window the rows of its reset part and of the whole: the joins of its edges, or a latch."""
    out = {}
    for name in sorted(control.trims):
        parts = [JOIN_PITCH * control.joins.get((name, edge), 1) + JOIN_GAP for edge in ("reset", "set")]
        out[name] = (parts[0], max(LATCH_PITCH[1], sum(parts)))
    return out


def _place_windows(machine: Machine, control: Control, east: int, control_z: int, room: int) -> None:
    """Place the window latches west of column `east`, each with the joins of its edges on its west side."""
    depths = _window_depths(control)
    pitch, gap = LATCH_PITCH[0] + ROOM_STEP * room, LATCH_GAP + ROOM_STEP * room
    places: list[tuple[str, int, int]] = []
    column, z = 0, 0
    for name, (_, depth) in depths.items():
        if z and z + depth > LATCH_ROWS:
            column, z = column + 1, 0
        places.append((name, column, z))
        z += depth
    for name, number, row in places:
        x = east - gap - pitch * (column + 1 - number)
        machine.add(f"w.{name}", window_unit(*control.trims[name]), (x + LATCH_X, -1, control_z + row))
        for edge, dz in (("reset", 0), ("set", depths[name][0])):
            if (name, edge) in control.joins:
                trims = [t.trim_rt for t in control.taps if (t.window, t.edge) == (name, edge)]
                machine.add(f"or.{edge}.{name}", join(trims), (x, -1, control_z + row + dz))


__all__ = ["Control", "Placement", "Tap", "place_control", "place_layers"]
