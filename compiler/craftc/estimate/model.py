"""What a model's machine will cost: folded, scheduled and placed, but neither wired nor simulated.

Exact before building: lanes, words, ROM bits, ROM volume. From the floorplan: size and volume (the box
of all macros and a margin for wires). From the program: redstone ticks. Blocks and nodes are those of
the placed macros and of wires of guessed length. Events are fitted to the digits machine: words and
sums by unit costs (docs/decisions/0001-lane.md), the rest per slot and lane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from craftc.blocks import Volume
from craftc.config import BuildConfig
from craftc.macros import lane
from craftc.model.checkpoint import Checkpoint
from craftc.passes.assemble import first_placement
from craftc.passes.fold import LayerPlan, fold
from craftc.passes.program import pace_of
from craftc.passes.speed import Plans, foldings
from craftc.passes.wire import BLOCKS_PER_RT, guess
from craftc.sim.devices import DUST, device_tables

WIRE_MARGIN = (4, 2, 4)  # blocks by which wires widen the box of the macros, x y z, both sides together
START_RT = 90  # from the button to the first word of the coil, and from its last tap to the lamp
BLOCKS_PER_WIRE_CELL = 2  # dust or repeater, and its support
EVENTS_PER_MAC, EVENTS_PER_SUM_AND_LEVEL = 90, 60  # measured; per word and lane, per neuron and level
EVENTS_PER_SLOT_AND_LANE = 20  # fitted: strobes, towers, registers, control


@dataclass(frozen=True, slots=True)
class Estimate:
    """Foretold figures; volume in blocks, size x y z."""

    size: tuple[int, int, int]
    volume: int
    placed_blocks: int
    rom_bits: int
    rom_volume: int
    blocks_per_bit: float
    lanes: int
    words_per_lane: int
    nodes: int
    redstone_ticks: int
    events: int
    seconds_at_20_ticks: float
    chunks: int


def estimate(checkpoint: Checkpoint, config: BuildConfig, folded: Plans | None = None) -> Estimate:
    """Return the costs of the machine that `build` would make; `folded`: its plans, where they are known.

    Raises what `fold` and `place` refuse."""
    plans = folded or _plans(checkpoint, config)
    pace = pace_of(config.optimize)
    placed, made, control = first_placement(plans, pace)
    low, high = placed.machine.extent()
    size = tuple(h - lo + m for h, lo, m in zip(high, low, WIRE_MARGIN, strict=True))
    wires = guess(placed, made, control)
    ways = [wires.rt(n.name, k) for n in wires.nets.values() for k in range(len(n.sinks))]
    lanes = sum(p.lanes for p in plans)
    volumes = [i.macro.volume for i in placed.machine.instances.values()]
    bits = sum(p.weight_bits for p in plans)
    rom = sum(e.bank.volume.volume for e in placed.engines if e.bank is not None)
    end = next(tap.word for tap in control.taps if tap.window == "done")
    words = end if pace.exact_end else made.slots + pace.origin_words
    ticks = lane.PERIOD_RT * words + START_RT
    return Estimate(
        size=(size[0], size[1], size[2]),
        volume=size[0] * size[1] * size[2],
        placed_blocks=sum(v.placed_blocks for v in volumes)
        + round(BLOCKS_PER_WIRE_CELL * BLOCKS_PER_RT * sum(ways)),
        rom_bits=bits, rom_volume=rom, blocks_per_bit=round(rom / bits, 3),
        lanes=max(p.lanes for p in plans), words_per_lane=max(p.rom.shape[0] for p in plans),
        nodes=sum(map(_nodes, volumes)) + sum(ways),
        redstone_ticks=ticks,
        events=round(sum(map(_events, plans))) + EVENTS_PER_SLOT_AND_LANE * made.slots * lanes,
        seconds_at_20_ticks=ticks / 10, chunks=(size[0] // 16 + 3) * (size[2] // 16 + 3),
    )  # fmt: skip


def _plans(checkpoint: Checkpoint, config: BuildConfig) -> Plans:
    return foldings(checkpoint, config)[0] if config.optimize == "speed" else fold(checkpoint, config)


def _nodes(volume: Volume) -> int:
    """Return the devices of a macro that are nodes of the simulator."""
    kinds = device_tables(volume)[0].kind
    return int(np.count_nonzero((kinds > DUST)[volume.ids]))


def _events(plan: LayerPlan) -> float:
    words = float(plan.rom.shape[0] * plan.planes * plan.lanes * EVENTS_PER_MAC)
    return words + EVENTS_PER_SUM_AND_LEVEL * plan.passes * plan.levels * plan.lanes
