"""Drives an engine by levers: the test bench shared by lane and engine tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.blocks import Volume
from craftc.blocks.dust import compute_shapes
from craftc.macros import lane
from craftc.macros.base import Macro, Port, Pos
from craftc.macros.engine import Engine
from craftc.sim import Board

ORIGIN_RT = 60  # digit 0 of the sum of slot 0 stands at p
LEVER = "minecraft:lever[face=floor,facing=north,powered=false]"


def with_levers(macro: Macro) -> tuple[Volume, dict[str, Pos]]:
    """Return the macro with a lever beside every input port of its east border, and their positions."""
    x, y, z = macro.volume.size
    volume = Volume((x + 2, y, z))
    volume.paste(macro.volume, (0, 0, 0))
    levers = {}
    for name, port in macro.ports.items():
        if port.direction == "in" and port.side == "east":
            px, py, pz = port.pos
            levers[name] = (px + 1, py, pz)
            volume.set(levers[name], LEVER)
            volume.set((px + 1, py - 1, pz), "minecraft:stone")
    shaped = compute_shapes(volume)
    return (volume if shaped is None else shaped), levers


@dataclass
class Script:
    """Lever actions in rt, collected as pulses."""

    levers: dict[str, Pos]

    def __post_init__(self) -> None:
        self.edges: dict[tuple[int, Pos], list[bool]] = {}

    def pulse(self, lever: str, start_rt: int, width_rt: int) -> None:
        """Switch a lever on for `width_rt`."""
        self.edges.setdefault((start_rt, self.levers[lever]), []).append(True)
        self.edges.setdefault((start_rt + width_rt, self.levers[lever]), []).append(False)

    def strobe(self, signal: str, side: str, slot: int, width_rt: int, shift_rt: int = 0) -> None:
        """Open the gates of a signal in a slot, as lane.STROBES says."""
        times = lane.STROBES[signal]
        start = ORIGIN_RT + lane.PERIOD_RT * slot + times.start_rt - times.tower_rt + shift_rt
        self.pulse(f"{signal}_{side}", start, width_rt)

    def actions(self) -> list[tuple[int, Pos, bool]]:
        """Return (gt, position, on), sorted; an off and an on at the same moment cancel."""
        return [(2 * t, pos, on[0]) for (t, pos), on in sorted(self.edges.items()) if len(on) == 1]


@dataclass
class Run:
    """An engine under levers, with everything needed to read its sums."""

    volume: Volume
    script: Script
    outs: list[Port]
    reads: list[int]  # slots in which the sums of levels 0, 1, .. leave
    slots: int  # slots of words and doublings
    sum_digits: int

    @property
    def end_rt(self) -> int:
        """When the last sum has left."""
        return ORIGIN_RT + lane.PERIOD_RT * (self.reads[-1] + 5)

    def sums(self, samples: npt.NDArray[np.uint8], per_rt: int = 2) -> npt.NDArray[np.int64]:
        """Return the sums (levels, 2) of samples at the outputs; row r is after r + 1 parts of a rt.

        A digit that does not stand for its whole 2 rt gives the least int64 everywhere.
        """
        sums = np.zeros((len(self.reads), 2), dtype=np.int64)
        for k, slot in enumerate(self.reads):
            start = ORIGIN_RT + lane.PERIOD_RT * slot + self.outs[0].latency_rt
            for side in range(2):
                for part in range(-1, 2 * per_rt - 1):
                    rows = [per_rt * (start + 2 * i) + part for i in range(lane.DIGITS_PER_WORD)]
                    value = lane.decode_octal(samples[rows, side].astype(np.int64), self.sum_digits)
                    if part != -1 and value != sums[k, side]:
                        return np.full_like(sums, np.iinfo(np.int64).min)
                    sums[k, side] = value
        return sums


def plan_run(
    engine: Engine,
    bits: npt.NDArray[np.int64],
    sum_digits: int,
    *,
    planes: int = 1,
    d_to_s0_rt: int = 6,
    late_mask_rt: int = 0,
) -> Run:
    """Return the run of an engine for input bits (planes, words, 2), MSB plane first."""
    volume, levers = with_levers(engine)
    script = Script(levers)
    words, levels = bits.shape[1], engine.levels
    slots = planes * (words + 1) - 1
    for plane in range(planes):
        first = plane * (words + 1)
        s0_rt = ORIGIN_RT + lane.PERIOD_RT * first + lane.STROBES["s0"].start_rt
        script.pulse("start0", s0_rt - d_to_s0_rt - engine.d_rt[0], lane.PERIOD_RT)
        for side, column in (("n", 0), ("s", 1)):
            for word in np.flatnonzero(bits[plane, :, column]):
                script.strobe("s0", side, first + int(word), 2)
                script.strobe("s1", side, first + int(word), 2 * (sum_digits - 1))
            if plane:
                script.strobe("double", side, first - 1, 2 * sum_digits, -lane.PERIOD_RT)
    reads = [slots + 2 * k for k in range(levels)]
    for side in "ns":
        for slot in range(-3, slots + 2 * levels + 2):
            signal = "shift" if slot in reads else "open"
            script.strobe(signal, side, slot, 2 * sum_digits, late_mask_rt if signal == "open" else 0)
    outs = [engine.ports["out_n"], engine.ports["out_s"]]
    return Run(volume, script, outs, reads, slots, sum_digits)


def run_engine(
    engine: Engine,
    bits: npt.NDArray[np.int64],
    sum_digits: int,
    *,
    planes: int = 1,
    d_to_s0_rt: int = 6,
    late_mask_rt: int = 0,
) -> npt.NDArray[np.int64]:
    """Return the sums (levels, 2) of an engine for input bits (planes, words, 2), MSB plane first."""
    run = plan_run(engine, bits, sum_digits, planes=planes, d_to_s0_rt=d_to_s0_rt, late_mask_rt=late_mask_rt)
    board = Board(run.volume)
    return run.sums(board.run_script(run.script.actions(), 2 * run.end_rt, [p.pos for p in run.outs], 1))
