"""An engine: one ROM bank with a north and a south lane per level, for one layer of a network.

Seen from above (x east, z south), with the ports of the east border::

            ROM bank (words)         | lanes
      z<0                            | north lanes  (mirror image)   <- s0 s1 open double shift
      z=0   towers, token walks west | <------------------------------ start
      z>0                            | south lanes                   <- s0 s1 open double shift

All feeds enter at the east border at y = -2 (array row 1) and are active-high: a feed that is
on opens its gates. The sums of level 0 leave there too, as streams on the dust of `out_n`, `out_s`.
A folded bank (macros/rom_rows.py) has its further rows south of the first; their start ports lie in the
west and in the south of the bank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from craftc.blocks import BlockState, Volume
from craftc.cells.drawing import dust
from craftc.macros import lane
from craftc.macros.base import Macro, Port, Pos
from craftc.macros.rom_bank import Digits, RomBank, rom_bank
from craftc.macros.rom_rows import rom_rows

LEVEL_ROW = 3  # array row (y) of level 0's devices
START_LINE_RT = 1  # repeater between the start line and the bank
SIDES = ("n", "s")


@dataclass(slots=True)
class Engine(Macro):
    """An engine with its contract.

    Strobe times are those of `lane.STROBES`, counted from the moment digit 0 of the sum stands at
    the p dust of level 0. `d_rt[i]`: the digit of the first word of segment i stands at the lanes'
    inputs of level 0 this many rt after the start line of segment i rises at the border. `axis_z` is
    the local z of the tower row between the lanes.
    """

    bank: RomBank | None = None
    bank_at: Pos = (0, 0, 0)
    axis_z: int = 0
    levels: int = 0
    d_rt: tuple[int, ...] = ()


def _place_lanes(volume: Volume, south: Macro, x: int, center_z: int, ports: dict[str, Port],
                 probes: dict[str, Pos]) -> None:  # fmt: skip
    north = lane.mirrored(south)
    south_z = center_z + lane.CHAIN_Z + lane.V_LOW
    north_z = center_z - lane.CHAIN_Z - lane.V_HIGH
    for side, stack, z in (("n", north, north_z), ("s", south, south_z)):
        at = (x, 0, z)
        volume.paste(stack.volume, at)
        for name, port in stack.ports.items():
            pos = (at[0] + port.pos[0], at[1] + port.pos[1], at[2] + port.pos[2])
            key = name_of(name, side)
            ports[key] = Port(key, pos, port.direction, port.kind, "east", port.latency_rt)
        for name, pos in stack.probes.items():
            probes[f"{name}_{side}"] = (at[0] + pos[0], at[1] + pos[1], at[2] + pos[2])


def _stream_line(volume: Volume, start: Pos, east_x: int) -> tuple[Pos, int]:
    """Relay a stream from the block at `start` east to the border; return its last dust and the delay (rt).

    Pattern, 3 blocks per rt: comparator, solid, dust (the level is exact over one dust). The border
    cell is dust in any case, so the line must not end on a comparator's place.
    """
    x, y, z = start
    relay = BlockState.make("comparator", facing="west", mode="compare", powered="false")
    delay_rt = 0
    for offset in range(1, east_x - x + 1):
        kind = 0 if x + offset == east_x else offset % 3
        state = (dust("east", "west"), relay, BlockState.make("stone"))[kind]
        volume.set((x + offset, y, z), state)
        volume.set((x + offset, y - 1, z), "minecraft:stone")
        delay_rt += kind == 1
    return (east_x, y, z), delay_rt


def _start_line(volume: Volume, start: Pos, east_x: int) -> None:
    """Wire the bank's first start dust to the east border: one repeater, then dust."""
    x, y, z = start
    volume.set((x + 1, y, z), BlockState.make("repeater", facing="east", delay=1, locked="false",
                                              powered="false"))  # fmt: skip
    volume.set((x + 1, y - 1, z), "minecraft:stone")
    line = slice(x + 2, east_x + 1)
    volume.ids[y, z, line] = volume.palette.add(dust("east", "west"))
    volume.ids[y - 1, z, line] = volume.palette.add("minecraft:stone")


def name_of(signal: str, side: str) -> str:
    """Return the engine's name of a port of one side's lanes: `s0_1` of side n is `s0_n_1`."""
    head, _, number = signal.partition("_")
    return f"{head}_{side}_{number}" if number else f"{head}_{side}"


def engine(
    digits: Digits, segments: Sequence[int] = (0,), *, folded: bool = False, blocks: Sequence[int] = (),
    split: bool = False,
) -> Engine:  # fmt: skip
    """Return the engine of `digits` (words, levels, 2), uint8 0..15, with a start per segment.

    `folded`: every segment is a row of the bank. `blocks` and `split`: as `lane.south_lanes`; the digits of
    the empty levels between blocks should be 0. Raises ModelError or ConfigError as `rom_bank` or
    `rom_rows` does.
    """
    bank = (rom_rows if folded else rom_bank)(digits, lane.PERIOD_RT, segments)
    levels = int(digits.shape[1])
    width, height, depth = bank.volume.size
    lane_x = width - 1 - (-2 - lane.X_LOW)  # the output dust of the bank is lane x = -2
    reach = lane.CHAIN_Z + lane.V_HIGH
    east_x = lane_x + lane.X_HIGH - lane.X_LOW
    volume = Volume((east_x + 1, max(height, 2 * levels + 2), max(2 * reach + 1, reach - 2 + depth)))
    bank_at = (0, 0, reach - 2)
    volume.paste(bank.volume, bank_at)
    ports: dict[str, Port] = {}
    probes: dict[str, Pos] = {}
    south = lane.south_lanes(levels, blocks, split)
    _place_lanes(volume, south, lane_x, reach, ports, probes)
    start = bank.ports["start0"].pos
    _start_line(volume, (start[0], start[1], start[2] + bank_at[2]), east_x)
    ports["start0"] = Port("start0", (east_x, 1, reach), "in")
    for index in range(1, len(bank.segments)):
        inner = bank.ports[f"start{index}"]
        pos = (inner.pos[0], inner.pos[1], inner.pos[2] + bank_at[2])
        ports[inner.name] = Port(inner.name, pos, "in", "binary", inner.side)
    for name in [n for n in ports if n.startswith("out_")]:
        port = ports[name]
        pos, delay_rt = _stream_line(volume, port.pos, east_x)
        ports[port.name] = Port(port.name, pos, "out", "stream", "east", port.latency_rt + delay_rt)
    extra = np.array([START_LINE_RT] + [0] * (len(bank.segments) - 1))
    d_rt = tuple(int(v) for v in np.array(bank.start_rt) + extra)
    return Engine("engine", volume, ports, probes, bank, bank_at, reach, levels, d_rt)
