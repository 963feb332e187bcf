"""The passes of a build, in order, and `build`, which runs them.

fold       layers over lanes and words, ROM digits        passes/fold.py
program    what happens in which word slot                passes/program.py
assemble   floorplan, wires, phases                       passes/{place,wire,timing,assemble}.py
bake       settled idle blocks                            passes/machine.py
lvs        blocks against netlist                         check/{blocks,lvs}.py
prune      without what cannot matter                     passes/prune.py
drc        design rules on the blocks                     check/drc.py
write      world, schematic, io map, picture              passes/output.py
verify     the written files, simulated on every vector   verify/
report     report.json and report.md                      passes/report.py
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from craftc.config import BuildConfig
from craftc.errors import ConfigError, PlacementError, RoutingError, TimingError
from craftc.estimate.model import Estimate, estimate
from craftc.export.safe import check_replaceable, fresh_output
from craftc.model.checkpoint import Checkpoint
from craftc.passes.assemble import Assembly, assemble
from craftc.passes.fold import LayerPlan, fold
from craftc.passes.machine import Baked, Checked, bake, check_layout, check_rules, plans_text, without_idle
from craftc.passes.output import facts_of, io_of, write_folder, write_schematic
from craftc.passes.program import Program, as_text, pace_of
from craftc.passes.speed import foldings
from craftc.verify.vectors import Vectors, random_vectors, read_vectors

PASSES = ("fold", "program", "assemble", "bake", "lvs", "prune", "drc", "write", "verify", "report")
RANDOM_VECTORS = 8, 32  # least and most vectors of a model that brings no images
VECTOR_WEIGHTS = 640_000  # parameters times vectors, between these limits: large machines run slowly
LARGE, LARGE_SEQUENCES = 100_000, ("reset", "interrupt")  # parameters from which only these sequences run
Progress = Callable[[str, int, int], None]
Emit = Callable[[str], None]


class _Run:
    """Times the passes and prints their result where the user asked for it."""

    def __init__(self, print_after: Sequence[str], emit: Emit, progress: Progress | None) -> None:
        unknown = sorted(set(print_after) - set(PASSES))
        if unknown:
            raise ConfigError(f"no pass {unknown[0]!r}", where="--print-after", legal=", ".join(PASSES))
        self.wanted, self.emit, self.progress = set(print_after), emit, progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measure one pass and show that it runs."""
        if self.progress:
            self.progress(name, 0, 1)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)
        if self.progress:
            self.progress(name, 1, 1)

    def show(self, name: str, text: Callable[[], str]) -> None:
        """Print a pass's result if asked for."""
        if name in self.wanted:
            self.emit(text())


def build(
    checkpoint: Checkpoint,
    config: BuildConfig,
    *,
    out: Path | None,
    schem: Path | None,
    images: Path | None,
    print_after: Sequence[str] = (),
    emit: Emit = lambda text: None,
    progress: Progress | None = None,
) -> Mapping[str, Any]:
    """Return the report of a finished build; writes the world to `out` and a schematic to `schem`.

    `images` holds test vectors (`verify.read_vectors`). Raises a CraftcError of the pass that refuses; then
    nothing is left at `out` or `schem`.
    """
    run = _Run(print_after, emit, progress)
    if out is not None:
        check_replaceable(out)
    with run.timed("fold"):
        choices = foldings(checkpoint, config) if config.optimize == "speed" else [fold(checkpoint, config)]
    foretold = estimate(checkpoint, config, choices[0])
    baked, plans, checked = _machine(choices, config, run)
    if schem is not None:
        with run.timed("write"):
            write_schematic(baked, schem, config)
    if out is None:
        size, blocks = list(baked.volume.size), baked.volume.placed_blocks
        return {"size": size, "placed_blocks": blocks, "seconds": run.seconds}
    vectors = _vectors(checkpoint, config, images)
    return _folder(checkpoint, config, baked, checked, plans, vectors, foretold, out, run)


def _machine(
    choices: Sequence[tuple[LayerPlan, ...]], config: BuildConfig, run: _Run
) -> tuple[Baked, tuple[LayerPlan, ...], Checked]:
    with run.timed("assemble"):
        made = _assembled(choices, config, run)
    plans = made.placed.plans
    run.show("fold", lambda: plans_text(plans))
    run.show("program", lambda: as_text(made.made))
    run.show("assemble", lambda: _assembly_text(made))
    with run.timed("bake"):
        baked = bake(made)
    run.show("bake", lambda: f"size {baked.volume.size}  nodes {baked.nodes}  quiet")
    with run.timed("lvs"):
        layout = check_layout(baked)
    run.show("lvs", lambda: f"links {layout.links}  nets {layout.nets}  equal")
    with run.timed("prune"):
        baked, removed = without_idle(baked, io_of(baked, plans).cells())
    run.show("prune", lambda: f"blocks removed {removed}  nodes {baked.nodes}")
    with run.timed("drc"):
        violations = check_rules(baked)
    run.show("drc", lambda: f"violations {violations}")
    return baked, plans, Checked(violations, layout)


def _assembled(choices: Sequence[tuple[LayerPlan, ...]], config: BuildConfig, run: _Run) -> Assembly:
    """Return the first of the foldings that can be wired and timed. Raises what the last one raises."""
    for plans in choices[:-1]:
        try:
            return assemble(plans, run.progress, pace_of(config.optimize))
        except (PlacementError, RoutingError, TimingError):
            continue
    return assemble(choices[-1], run.progress, pace_of(config.optimize))


def _assembly_text(made: Assembly) -> str:
    instances, routed = sorted(made.placed.machine.instances.items()), sorted(made.wires.result.nets.items())
    rows = [f"{n}  at {i.at}  size {i.macro.volume.size}" for n, i in instances]
    nets = [f"net {n}  rt {r.delay_rt}  blocks {len(r.cells)}" for n, r in routed]
    return "\n".join([*rows, *nets])


def _vectors(checkpoint: Checkpoint, config: BuildConfig, images: Path | None) -> Vectors:
    if images is not None:
        return read_vectors(images, checkpoint.n_in, checkpoint.n_out)
    fewest, most = RANDOM_VECTORS
    count = min(max(VECTOR_WEIGHTS // checkpoint.parameters, fewest), most)
    return random_vectors(checkpoint.n_in, count, config.seed)


def _folder(
    checkpoint: Checkpoint, config: BuildConfig, baked: Baked, checked: Checked, plans: tuple[LayerPlan, ...],
    vectors: Vectors, foretold: Estimate, out: Path, run: _Run,
) -> Mapping[str, Any]:  # fmt: skip
    from craftc.passes.report import build_report, write_report
    from craftc.verify import require_equal, verify_build
    from craftc.verify.engine import SEQUENCES

    with fresh_output(out) as folder:
        with run.timed("write"):
            written = write_folder(folder, out.name, checkpoint, config, baked, plans, vectors, run.progress)
        run.show("write", lambda: f"chunks {written.world.chunks}  blocks {written.world.blocks}")
        facts = facts_of(folder, checkpoint, baked, plans, written, foretold, checked, run.seconds)
        write_report(folder, facts)
        if config.verify:
            with run.timed("verify"):
                sequences = LARGE_SEQUENCES if checkpoint.parameters >= LARGE else SEQUENCES
                found = verify_build(folder, progress=run.progress, sequences=sequences)
            require_equal(found, out)
            run.show("verify", lambda: f"vectors {found.vectors}  mismatches {found.mismatches}")
            facts = facts_of(folder, checkpoint, baked, plans, written, foretold, checked, run.seconds, found)
        write_report(folder, facts)
        run.show("report", lambda: (folder / "craftc" / "report.md").read_text(encoding="utf-8"))
        return build_report(facts)


__all__ = ["PASSES", "Program", "build"]
