"""Pass `write`: the build's folder, from baked blocks to files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from craftc.config import BuildConfig
from craftc.estimate.model import Estimate
from craftc.export.io_map import Expected, IoMap
from craftc.export.schem import write_schem
from craftc.export.world import WorldReport, write_world
from craftc.macros import lane
from craftc.model.checkpoint import Checkpoint
from craftc.passes.fold import LayerPlan
from craftc.passes.interface import interface
from craftc.passes.machine import Baked, Checked, expected_rt, rom_volume
from craftc.passes.report import BuildFacts, files_of
from craftc.units import GT_PER_RT
from craftc.verify import VerifyReport
from craftc.verify.folder import write_room
from craftc.verify.vectors import Vectors
from craftc.view.place_map import place_map
from craftc.view.png import render_png

SPAWN_SOUTH, SPAWN_UP = 7, -1  # the player stands on the platform south of the run button, looking north
PICTURE_PIXELS = 2_000_000
NORTH_YAW = 180.0
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the world's figures, the interface, and the model's sha256."""

    world: WorldReport
    io: IoMap
    sha256: str


def io_of(baked: Baked, plans: tuple[LayerPlan, ...]) -> IoMap:
    """Return the interface of the baked machine in world coordinates."""
    size = baked.volume.size
    high = tuple(a + b for a, b in zip(baked.low, size, strict=True))
    ticks = GT_PER_RT * expected_rt(baked.assembly)
    expected = Expected(baked.assembly.made.slots, ticks, GT_PER_RT * lane.PERIOD_RT)
    box = (baked.low, (high[0], high[1], high[2]))
    return interface(baked.assembly.placed.machine, plans, box, expected, shift=baked.shift)


def write_schematic(baked: Baked, path: Path, config: BuildConfig) -> None:
    """Write the machine as a Sponge schematic."""
    write_schem(baked.volume, path, config.schem_version, mc=config.mc)


def write_folder(
    folder: Path, name: str, checkpoint: Checkpoint, config: BuildConfig, baked: Baked,
    plans: tuple[LayerPlan, ...], vectors: Vectors, progress: Progress | None,
) -> Written:  # fmt: skip
    """Write world, schematic, interface, model, vectors, place map and picture into `folder`."""
    io = io_of(baked, plans)
    run = io.inputs["run"].pos
    spawn = (run[0], run[1] + SPAWN_UP, run[2] + SPAWN_SOUTH)

    def chunks(done: int, total: int) -> None:
        if progress:
            progress("chunks", done, total)

    world = write_world(baked.volume, folder, level_name=name, spawn=spawn, spawn_yaw=NORTH_YAW,
                        mc=config.mc, progress=chunks)  # fmt: skip
    made = baked.assembly
    wires = {net: routed.cells for net, routed in made.wires.result.nets.items()}
    place = place_map(made.placed.machine, plans, shift=baked.shift, wires=wires,
                      wires_from=made.wires.volume.origin)  # fmt: skip
    sha256 = write_room(folder, checkpoint, io, vectors, place)
    write_schematic(baked, folder / "craftc" / "build.schem", config)
    render_png(baked.volume, folder / "craftc" / "picture.png", max_pixels=PICTURE_PIXELS)
    return Written(world, io, sha256)


def facts_of(
    folder: Path, checkpoint: Checkpoint, baked: Baked, plans: tuple[LayerPlan, ...], written: Written,
    foretold: Estimate, checked: Checked, seconds: Mapping[str, float], found: VerifyReport | None = None,
) -> BuildFacts:  # fmt: skip
    """Return what the report is made of."""
    return BuildFacts(
        checkpoint=checkpoint, sha256=written.sha256, plans=plans, volume=baked.volume, io=written.io,
        rom_volume=rom_volume(baked.assembly), nodes=baked.nodes, estimate_volume=foretold.volume,
        estimate_redstone_ticks=foretold.redstone_ticks, seconds=dict(seconds), verify=found,
        drc_violations=checked.drc_violations, lvs_ok=checked.layout.ok, world=written.world,
        files=files_of(folder),
    )  # fmt: skip
