"""What a model's machine will cost: folded, scheduled and placed, but neither wired nor simulated.

Exact before building: lanes, words, ROM bits, ROM volume. From the floorplan: size and volume (the box
of all macros and a margin for wires). From the program: redstone ticks. By unit costs measured on the
digits machine (docs/decisions/0001-lane.md): nodes, events, placed blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

from craftc.config import BuildConfig
from craftc.macros import lane
from craftc.model.checkpoint import Checkpoint
from craftc.passes.assemble import ORIGIN_WORDS, first_placement
from craftc.passes.fold import LayerPlan, fold

WIRE_MARGIN = (4, 2, 4)  # blocks by which wires widen the box of the macros, x y z, both sides together
START_RT = 90  # from the button to the first word of the coil, and from its last tap to the lamp
NODES_PER_LANE, NODES_PER_DIGIT, NODES_FIXED = 67, 3.8, 3500  # measured
BLOCKS_PER_LANE, BLOCKS_PER_DIGIT, BLOCKS_FIXED = 222, 6.5, 24_000  # measured
EVENTS_PER_MAC, EVENTS_PER_SUM_AND_LEVEL = 90, 60  # measured; per word and lane, per neuron and level


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


def estimate(checkpoint: Checkpoint, config: BuildConfig) -> Estimate:
    """Return the costs of the machine that `build` would make. Raises what `fold` and `place` refuse."""
    plans = fold(checkpoint, config)
    placed, made = first_placement(plans)
    low, high = placed.machine.extent()
    size = tuple(h - lo + m for h, lo, m in zip(high, low, WIRE_MARGIN, strict=True))
    digits = sum(2 * p.rom.shape[0] * p.rom.shape[1] for p in plans)
    lanes = sum(p.lanes for p in plans)
    bits = sum(p.weight_bits for p in plans)
    rom = sum(e.bank.volume.volume for e in placed.engines if e.bank is not None)
    ticks = lane.PERIOD_RT * (made.slots + ORIGIN_WORDS) + START_RT
    return Estimate(
        size=(size[0], size[1], size[2]),
        volume=size[0] * size[1] * size[2],
        placed_blocks=round(BLOCKS_PER_LANE * lanes + BLOCKS_PER_DIGIT * digits + BLOCKS_FIXED),
        rom_bits=bits, rom_volume=rom, blocks_per_bit=round(rom / bits, 3),
        lanes=max(p.lanes for p in plans), words_per_lane=max(p.rom.shape[0] for p in plans),
        nodes=round(NODES_PER_LANE * lanes + NODES_PER_DIGIT * digits + NODES_FIXED),
        redstone_ticks=ticks, events=round(sum(map(_events, plans))),
        seconds_at_20_ticks=ticks / 10, chunks=(size[0] // 16 + 3) * (size[2] // 16 + 3),
    )  # fmt: skip


def _events(plan: LayerPlan) -> float:
    words = float(plan.rom.shape[0] * plan.planes * plan.lanes * EVENTS_PER_MAC)
    return words + EVENTS_PER_SUM_AND_LEVEL * plan.passes * plan.levels * plan.lanes
