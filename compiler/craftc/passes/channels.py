"""Strobe channels of every layer, and when each must act.

All times are in rt after digit 0 of the sum of slot 0 stands at the p dust of level 0 of that layer's
engine ("engine time"); slot w adds w periods. A channel's `act_rt` is the moment at which its pulse
must arrive at the port it drives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from craftc.macros import lane
from craftc.macros.strobe import CHAIN_COLUMNS, ChannelSpec, Gate, StrobeBank, strobe_bank
from craftc.passes.fold import LayerPlan

SIDES = ("n", "s")
D_TO_S0_RT = 6  # inside the window of `lane` for 4 and for 5 sum digits
REGISTER_PULSE_RT = 4  # register clocks: low for 2..5 rt is legal
SAMPLE_PULSE_RT = 4
SHIFT_PULSE_RT = 10  # the shift marker, sampled by other channels


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
    """Return the ten channels that feed the engine's towers."""
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
            name = f"{signal}_{side}"
            out.append(Channel(name, width, (gates[signal],), (f"{engine}.{name}",), act))
    return out


def layer_channels(plan: LayerPlan, d_rt: Sequence[int]) -> list[Channel]:
    """Return all channels of a layer, north to south; `d_rt`: the engine's start-to-digit delays."""
    feeds = {c.name: c for c in feed_channels(plan)}
    north = [feeds[n] for n in ("shift_n", "open_n", "double_n", "s1_n", "s0_n") if n in feeds]
    south = [feeds[n] for n in ("s0_s", "s1_s", "double_s", "open_s", "shift_s") if n in feeds]
    channels = north
    s0 = lane.STROBES["s0"].start_rt
    for index in range(plan.passes):
        act = s0 - D_TO_S0_RT - d_rt[index]
        start = f"engine{plan.index}.start{index}"
        channels.append(Channel(f"token{index}", 0, (Gate("token"),), (start,), act))
    channels += south
    source = "panel.ck" if plan.index == 0 else f"file{plan.index}.ck"
    channels.append(Channel("clock", REGISTER_PULSE_RT, (Gate("clock"),), (source,), None))
    marker = (Gate("read"), Gate("parity"))
    channels.append(Channel("mark", SHIFT_PULSE_RT, marker, (), None))
    return channels


def readout_channels(plan: LayerPlan, sample_act_rt: int) -> list[Channel]:
    """Return the channels of a hidden layer's requantiser: sample, and push into the next registers.

    `sample_act_rt`: when the requantiser's ck must rise, in engine time of the shifted slot.
    """
    follow = Channel("word", 0, (Gate("shift"),), (), None)
    return [
        Channel("sample", SAMPLE_PULSE_RT, (Gate("shift"),), (f"requant{plan.index}.ck",), sample_act_rt),
        follow,
        Channel("push", REGISTER_PULSE_RT, (Gate("word"),), (f"file{plan.index + 1}.ck",), None),
    ]


def bank(channels: Sequence[Channel], delays_rt: Sequence[int]) -> StrobeBank:
    """Return the bank of these channels with the given delays."""
    specs = [
        ChannelSpec(c.name, d, c.width_rt, c.gates) for c, d in zip(channels, delays_rt, strict=True)
    ]
    return strobe_bank(specs, lane.PERIOD_RT, CHAIN_COLUMNS)
