"""Pass `place`: floorplan of the machine, engines in a row from west to east.

Seen from above (x east, z south; 0 is the axis of the engines)::

    z < -60   readout 0, requantiser 0          readout 1, argmax, class lamps
    z ~ 0     engine 0 | bank 0 | registers 1 | engine 1 | bank 1
    z > 60    panel, run button, clock, conductor, window latches

Everything stands at y = 0 (streams and feeds at y = -2); only engines and the coil are taller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from craftc.hw.netlist import Machine
from craftc.macros import lane
from craftc.macros.argmax import argmax
from craftc.macros.base import Macro, Pos
from craftc.macros.clock import clock, one_shot, window_latch
from craftc.macros.conductor import conductor
from craftc.macros.engine import Engine, engine
from craftc.macros.glue import button, constant_on, lamp, start_gate, stretcher
from craftc.macros.panel import panel
from craftc.macros.register_file import register_file
from craftc.macros.requant import requant
from craftc.macros.turn import turned
from craftc.passes.channels import Channel, bank, layer_channels, readout_channels
from craftc.passes.fold import LayerPlan
from craftc.passes.readout import Readout, readout

BANK_GAP, FILE_GAP, ENGINE_GAP = 14, 16, 8  # routing columns in x
READOUT_Z = -66  # z of the adders' inputs
CONTROL_Z = 70
LATCH_PITCH = (12, 9)
CONSUMER_X, CONSUMER_NORTH = 30, 14  # a consumer's corner in x, and its y port in z, from border and adders
PANEL_COLUMNS = 8


@dataclass(slots=True)
class Placement:
    """The machine before routing, with what the timing pass needs to know."""

    machine: Machine
    plans: tuple[LayerPlan, ...]
    channels: list[list[Channel]] = field(default_factory=list)
    banks_at: list[Pos] = field(default_factory=list)
    readouts: list[Readout] = field(default_factory=list)
    abutments: list[tuple[str, str]] = field(default_factory=list)
    engines: list[Engine] = field(default_factory=list)


def place_layers(plans: Sequence[LayerPlan]) -> Placement:
    """Return engines, banks, registers and readouts of all layers, placed."""
    out = Placement(Machine(), tuple(plans))
    x = 0
    for plan in plans:
        x = _place_layer(out, plan, x)
    return out


def _place_layer(out: Placement, plan: LayerPlan, x: int) -> int:
    """Place one layer from column x; return the first free column east of it."""
    made = engine(plan.rom, plan.segments)
    out.engines.append(made)
    width, _, depth = made.volume.size
    out.machine.add(f"engine{plan.index}", made, (x, -3, -(depth // 2)))
    border = x + width - 1
    channels = layer_channels(plan, made.d_rt)
    if plan.shift is not None:
        channels += readout_channels(plan, 0)
    out.channels.append(channels)
    strobes = turned(bank(channels, [0] * len(channels)), mirror_x=True)
    at = (border + BANK_GAP, -3, -(strobes.volume.size[2] // 2))
    out.banks_at.append(at)
    out.machine.add(f"bank{plan.index}", strobes, at)
    east = at[0] + strobes.volume.size[0]
    _place_readout(out, plan, border, made)
    if plan.shift is not None:
        registers = register_file(plan.n_out)
        east += FILE_GAP
        out.machine.add(f"file{plan.index + 1}", registers, (east, -3, -(registers.volume.size[2] // 2)))
        east += registers.volume.size[0]
    return east + ENGINE_GAP


def _place_readout(out: Placement, plan: LayerPlan, border: int, made: Engine) -> None:
    """Place the readout of a layer and its consumer, whose y port lies south of the line's end."""
    out_z = lane.CHAIN_Z + lane.OUT_V
    consumer: Macro
    if plan.shift is not None:
        name, consumer = f"requant{plan.index}", requant(plan.sum_digits, plan.shift)
    else:
        name, consumer = "argmax", argmax(plan.n_out, plan.sum_digits)
    port = consumer.ports["y"]
    at = (border + CONSUMER_X, -2 - port.pos[1], READOUT_Z - CONSUMER_NORTH - port.pos[2])
    out.machine.add(name, consumer, at)
    end = (at[0] + port.pos[0], -2, at[2] + port.pos[2])
    made_readout = readout(border, out_z, READOUT_Z, end, port.side, twice=plan.shift is None)
    out.readouts.append(made_readout)
    out.machine.add(f"readout{plan.index}", made_readout.macro, made_readout.at)
    out.abutments += [(f"engine{plan.index}", f"readout{plan.index}"), (f"readout{plan.index}", name)]


def place_control(out: Placement, taps: Sequence[int], windows: Mapping[str, int]) -> None:
    """Place panel, buttons, clock, conductor with these taps, and a latch per window signal."""
    machine, first = out.machine, out.plans[0]
    machine.add("panel", panel(first.n_in, first.const_north, first.const_south, PANEL_COLUMNS),
                (100, -3, CONTROL_Z + 40))  # fmt: skip
    machine.add("clock", clock(lane.PERIOD_RT), (40, -1, CONTROL_Z + 20))
    coil = turned(conductor(taps, lane.PERIOD_RT), mirror_x=True)
    machine.add("conductor", coil, (40 - 16 - coil.volume.size[0], -1, CONTROL_Z))
    for name, macro, at in (
        ("run", button(("", "RUN"), "green_concrete"), (90, -1, CONTROL_Z + 60)),
        ("start", start_gate(), (40, -1, CONTROL_Z + 60)),
        ("edge", one_shot(), (54, -1, CONTROL_Z + 60)),
        ("token", stretcher(), (70, -1, CONTROL_Z + 60)),
        ("on", constant_on(), (150, -1, CONTROL_Z)),
        ("busy", window_latch(), (40, -1, CONTROL_Z + 50)),
    ):
        machine.add(name, macro, at)
    for index, name in enumerate(sorted(windows)):
        column, row = index % 8, index // 8
        at = (70 + LATCH_PITCH[0] * column, -1, CONTROL_Z + LATCH_PITCH[1] * row)
        machine.add(f"window.{name}", window_latch(), at)


__all__ = ["Placement", "lamp", "place_control", "place_layers"]
