"""Strobe channels of every layer, and when each must act.

All times are in rt after digit 0 of the sum of slot 0 stands at the p dust of level 0 of that layer's
engine ("engine time"); slot w adds w periods. A channel's `act_rt` is the moment at which its pulse
must arrive at the port it drives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from craftc.macros import lane
from craftc.macros.argmax import Argmax
from craftc.macros.glue import LONGER_RT
from craftc.macros.strobe import CHAIN_COLUMNS, ChannelSpec, Gate, StrobeBank, strobe_bank
from craftc.passes.fold import LayerPlan

SIDES = ("n", "s")
D_TO_S0_RT = 6  # inside the window of `lane` for 4 and for 5 sum digits
REGISTER_PULSE_RT = 3  # register clocks: low for 2..4 rt is legal
SAMPLE_PULSE_RT = 4
SHIFT_PULSE_RT = 10  # the shift marker, sampled by other channels
REQUANT_CHANNELS = ("late", "sample", "hold", "word", "push")
MARKED_LATE = ("sample", "hold", "amax_ck", "amax_load")  # what the late marker gates
LONGER_WIRE_RT = 2  # meant delay between the token's stretcher and argmax; the port is loose by 2 rt


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of a layer's bank: pulse width, gates, and the port (instance.port) that it drives.

    `act_rt` is None where the pass `timing` chooses the phase (registers, shift marker).
    """

    name: str
    width_rt: int
    gates: tuple[Gate, ...]
    drives: tuple[str, ...]
    act_rt: int | None


def feed_channels(plan: LayerPlan) -> list[Channel]:
    """Return the channels that feed the engine's towers: ten, and four per further part of the inputs."""
    nd2 = 2 * plan.sum_digits
    widths = {"s0": 2, "s1": nd2 - 2, "open": nd2, "double": nd2, "shift": nd2}
    gates = {
        "s0": Gate("x"), "s1": Gate("x"), "open": Gate("shift", invert=True),
        "double": Gate("double"), "shift": Gate("shift"),
    }  # fmt: skip
    engine = f"engine{plan.index}"
    out = []
    for side in SIDES:
        for signal, width in widths.items():
            if signal == "double" and plan.planes == 1:
                continue
            strobe = lane.STROBES[signal]
            act = strobe.start_rt - strobe.tower_rt
            if signal == "double":  # the slot of the doubling word; the gate opens one word before
                act -= lane.PERIOD_RT
            parts = plan.splits if signal in lane.INPUT_SIGNALS else 1
            for part, first in enumerate(lane.first_levels(plan.blocks)[:parts]):
                name = lane.tagged(f"{signal}_{side}", part)
                later = lane.SKEW_RT * first
                out.append(Channel(name, width, (gates[signal],), (f"{engine}.{name}",), act + later))
    return out


def layer_channels(plan: LayerPlan, d_rt: Sequence[int]) -> list[Channel]:
    """Return feeds, tokens, register clock and shift marker of a layer; `d_rt`: the engine's start-to-digit
    delays per segment."""
    channels = feed_channels(plan)
    s0 = lane.STROBES["s0"].start_rt
    for index in range(len(plan.segments)):
        act = s0 - D_TO_S0_RT - d_rt[index]
        start = f"engine{plan.index}.start{index}"
        channels.append(Channel(f"token{index}", 0, (Gate("token"),), (start,), act))
    for part in range(plan.splits):
        source = "panel" if plan.index == 0 else lane.tagged(f"file{plan.index}", part)
        name = lane.tagged("clock", part)
        channels.append(Channel(name, REGISTER_PULSE_RT, (Gate("clock"),), (f"{source}.ck",), None))
    marker = (Gate("read"), Gate("parity"))
    channels.append(Channel("mark", SHIFT_PULSE_RT, marker, (), None))
    return channels


def requant_channels(plan: LayerPlan, sample_rt: int, group: int = 0) -> list[Channel]:
    """Return the channels behind a group of a hidden layer: late marker, sample, and push into its registers.

    `sample_rt`: when the requantiser's ck must rise, in engine time of the shifted slot.
    """
    requant, file = (lane.tagged(f"{n}", group) for n in (f"requant{plan.index}", f"file{plan.index + 1}"))
    late, sample, hold, word, push = (lane.tagged(n, group) for n in REQUANT_CHANNELS)
    return [
        Channel(late, SHIFT_PULSE_RT, (Gate("read"), Gate("parity")), (), None),
        Channel(sample, SAMPLE_PULSE_RT, (Gate("shift"),), (f"{requant}.ck",), sample_rt),
        Channel(hold, 0, (Gate("shift"),), (), None),
        Channel(word, 0, (Gate("hold"),), (), None),
        Channel(push, REGISTER_PULSE_RT, (Gate("word"),), (f"{file}.ck",), None),
    ]


def argmax_channels(unit: Argmax, y_rt: int) -> list[Channel]:
    """Return the channels of the argmax unit; `y_rt`: digit 0 at its port y, in engine time."""
    return [
        Channel("late", SHIFT_PULSE_RT, (Gate("read"), Gate("parity")), (), None),
        Channel("amax_ck", unit.ck.width_rt, (Gate("shift"),), ("argmax.ck",), y_rt + unit.ck.start_rt),
        Channel("amax_load", unit.load.width_rt, (Gate("shift"),), ("argmax.load",),
                y_rt + unit.load.start_rt),
        Channel("amax_first", 0, (Gate("first"),), ("argmax.first",),
                y_rt + unit.first.start_rt),
        Channel("amax_token", 0, (Gate("walk"),), ("longer.in",),
                y_rt + unit.token.start_rt - LONGER_RT - LONGER_WIRE_RT),
    ]  # fmt: skip


def marked_late(channels: Sequence[Channel], group: int) -> list[str]:
    """Return the names of the channels that the late marker of a group gates, in the order of the bank."""
    names = {lane.tagged(name, group) for name in MARKED_LATE}
    return [c.name for c in channels if c.name in names]


def bank(channels: Sequence[Channel], delays_rt: Sequence[int]) -> StrobeBank:
    """Return the bank of these channels with the given delays."""
    specs = [ChannelSpec(c.name, d, c.width_rt, c.gates) for c, d in zip(channels, delays_rt, strict=True)]
    return strobe_bank(specs, lane.PERIOD_RT, CHAIN_COLUMNS)
