"""Passes `bake` to `drc`: from a routed machine to baked blocks that keep every rule."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from craftc.blocks import Volume
from craftc.check import blocks as block_check
from craftc.check import drc, lvs
from craftc.errors import TimingError
from craftc.hw.netlist import Instance, Machine
from craftc.macros.base import Pos
from craftc.passes.assemble import Assembly
from craftc.passes.fold import LayerPlan
from craftc.passes.prune import prune
from craftc.sim import Board

WORLD_Y = 0  # world height of the lowest block: MCHPRS has none below
GROUND = "minecraft:smooth_stone"


@dataclass(frozen=True, slots=True, eq=False)
class Baked:
    """Settled blocks; `low` is the machine coordinate of their corner, `volume.origin` its world place."""

    assembly: Assembly
    volume: Volume
    low: Pos
    nodes: int

    @property
    def shift(self) -> Pos:
        """What added to a machine coordinate gives the world coordinate."""
        world = self.volume.origin
        return (world[0] - self.low[0], world[1] - self.low[1], world[2] - self.low[2])


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks of the baked blocks found."""

    drc_violations: int
    layout: lvs.LvsReport


def _box(volume: Volume) -> tuple[Pos, Pos]:
    """Return the bounding box (low, high exclusive) of what is not air, local."""
    spans = []
    for axes in ((0, 1), (1, 2), (0, 2)):  # x, y, z of an array [y, z, x]
        hit = np.flatnonzero((volume.ids != 0).any(axis=axes))
        spans.append((int(hit[0]), int(hit[-1]) + 1))
    low, high = zip(*spans, strict=True)
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def bake(assembly: Assembly) -> Baked:
    """Return the machine's blocks, cropped, in their settled idle state.

    Raises TimingError if the idle machine does not come to rest.
    """
    routed = assembly.wires.volume
    low, high = _box(routed)
    cropped = routed.crop(low, high)
    board = Board(cropped)
    if not board.quiet:
        raise TimingError("the idle machine does not come to rest", where="bake", legal="silence")
    volume = board.write_back()
    volume.origin = (0, WORLD_Y, 0)
    corner = routed.origin
    return Baked(assembly, volume, (corner[0] + low[0], corner[1] + low[1], corner[2] + low[2]), board.nodes)


def without_idle(baked: Baked, read: Collection[Pos]) -> tuple[Baked, int]:
    """Return the machine without what cannot matter, and how many blocks went; `read`: its ports, local."""
    found = prune(baked.volume, read)
    return replace(baked, volume=found.volume, nodes=found.nodes), found.removed


def check_rules(baked: Baked) -> int:
    """Return the number of design rule violations found. Raises DrcError if there is any."""
    return drc.require_clean(baked.volume)


def moved(machine: Machine, low: Pos) -> Machine:
    """Return the machine in coordinates whose origin is `low`."""
    out = Machine(nets=list(machine.nets))
    for name, found in machine.instances.items():
        at = (found.at[0] - low[0], found.at[1] - low[1], found.at[2] - low[2])
        out.instances[name] = Instance(name, found.macro, at)
    return out


def check_layout(baked: Baked) -> lvs.LvsReport:
    """Return the comparison of blocks and netlist. Raises LvsError on any difference."""
    assembly = baked.assembly
    machine = moved(assembly.placed.machine, baked.low)
    origin = assembly.wires.volume.origin
    offset = np.array([origin[k] - baked.low[k] for k in range(3)], dtype=np.int32)
    wires = {name: net.cells + offset for name, net in assembly.wires.result.nets.items()}
    world = Volume(baked.volume.size, baked.volume.palette)
    world.ids = baked.volume.ids
    block_check.require_same(block_check.compare_blocks(machine, world, wires))
    report = lvs.compare(machine, world, wires, assembly.placed.abutments)
    lvs.require_equal(report)
    return report


def rom_volume(assembly: Assembly) -> int:
    """Return the cells of the bounding boxes of all ROM banks."""
    return sum(e.bank.volume.volume for e in assembly.placed.engines if e.bank is not None)


def expected_rt(assembly: Assembly) -> int:
    """Return the redstone ticks from the run button to the done lamp, from the solved timing."""
    wires, timing = assembly.wires, assembly.timing
    done = next(t.word for t in timing.control.taps if t.window == "done")
    before = wires.rt("button") + wires.rt("started") + wires.rt("begin")
    return before + wires.rt("run", 1) + 12 * done + wires.rt("finish", 2) + wires.rt("finished") + FIXED_RT


FIXED_RT = 20  # start gate, one-shot, splitter, coil tap, latch and lamp wire, rounded up


def plans_text(plans: Sequence[LayerPlan]) -> str:
    """Return how the layers are folded, as text."""
    rows = [
        f"layer {p.index}: {p.n_in} -> {p.n_out}  levels {p.levels}  lanes {p.lanes}  passes {p.passes}  "
        f"words {p.words}  planes {p.planes}  sum digits {p.sum_digits}  shift {p.shift}"
        for p in plans
    ]
    return "\n".join(rows)
