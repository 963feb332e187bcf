"""`craftc build MODEL --only OPERATOR`: one matrix of a language model, from checkpoint to proven folder."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc import lm
from craftc.blocks import Volume
from craftc.check import blocks as block_check
from craftc.check import drc, lvs
from craftc.errors import ConfigError, ModelError, TimingError
from craftc.export.safe import atomic_write, check_replaceable, fresh_output
from craftc.export.schem import write_schem
from craftc.export.world import write_world
from craftc.macros.base import Pos
from craftc.passes.machine import moved
from craftc.passes.matrix.encode import SHIFT, X_BITS, check_weights, folded_digits
from craftc.passes.matrix.files import REPORT, REPORT_MD, ROOM, MatrixIo, save_io, save_vectors
from craftc.passes.matrix.fold import WORDS, Fold, choose_fold
from craftc.passes.matrix.layout import Placed, place_matrix
from craftc.passes.prune import prune
from craftc.sim import Board
from craftc.verify.matrix import verify_matrix
from craftc.verify.matrix_run import MatrixPorts

Longs = npt.NDArray[np.int64]
Progress = Callable[[str, int, int], None]
PROMPTS = ("hello", "how are you?", "what is your favorite animal?", "tell me about the sun.")
RECORDED = 400  # activations; the vectors are taken evenly from those that differ
CODE_BITS = 8
WORLD_LOW: Pos = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class MatrixTask:
    """Weights (m, n) of an operator and activations (v, n) with the golden results (v, m) of its rows."""

    name: str
    weights: Longs
    x: Longs
    y: Longs


def task_of(model: lm.LanguageModel, name: str, rows: int, inputs: int, vectors: int) -> MatrixTask:
    """Return a matrix or its first rows and inputs (0 = all), with activations recorded in dialogues.

    Fewer inputs than the matrix has are legal for a trial: the results are then those of the smaller
    matrix. Raises ModelError if the operator has another form than 24-bit activations and a shift of 11.
    """
    exact = model.with_numerics("integer")
    matrix = lm.integer_weights(exact, name)
    plain = matrix.shift == SHIFT and bool((np.asarray(matrix.multiplier) == 1).all())
    if not plain or matrix.x.bits != X_BITS or matrix.y.bits != X_BITS:
        raise ModelError(
            f"shift {matrix.shift}, {matrix.x} to {matrix.y}", where=name,
            legal=f"shift {SHIFT}, multiplier 1, {X_BITS} bits",
        )  # fmt: skip
    check_weights(matrix.weights, name)
    _check_part(name, matrix.weights, rows, inputs)
    seen = lm.record(exact, PROMPTS, [1] * len(PROMPTS), [name], RECORDED)[name]
    _, firsts = np.unique(seen.x, axis=0, return_index=True)
    if not 1 <= vectors <= len(firsts):
        raise ConfigError(f"{vectors} vectors", where=name, legal=f"1..{len(firsts)}")
    picked = np.sort(firsts)[np.linspace(0, len(firsts) - 1, vectors).astype(np.int64)]
    x, y = seen.x[picked], seen.y[picked]
    weights = matrix.weights[: rows or None, : inputs or None]
    if weights.shape[1] < x.shape[1]:
        x = x[:, : weights.shape[1]]
        total = (x @ weights.T) >> SHIFT
        y = (total + 2 ** (X_BITS - 1)) % 2**X_BITS - 2 ** (X_BITS - 1)
    return MatrixTask(name, weights, x, y[:, : len(weights)])


def _check_part(name: str, weights: Longs, rows: int, inputs: int) -> None:
    for what, value, most in zip(("rows", "inputs"), (rows, inputs), weights.shape, strict=True):
        if not 0 <= value <= most:
            raise ConfigError(f"{what} {value}", where=name, legal=f"0 (all) .. {most}")


class _Clock:
    """Seconds per pass."""

    def __init__(self, progress: Progress | None) -> None:
        self.seconds: dict[str, float] = {}
        self._progress, self._name, self._start = progress, "", time.perf_counter()

    def next(self, name: str) -> None:
        """End the pass under way and begin the next."""
        now = time.perf_counter()
        if self._name:
            self.seconds[self._name] = round(now - self._start, 2)
            if self._progress:
                self._progress(self._name, 1, 1)
        self._name, self._start = name, now
        if name and self._progress:
            self._progress(name, 0, 1)


def build_matrix(
    model: lm.LanguageModel, name: str, out: Path, *, rows: int = 0, inputs: int = 0, vectors: int = 24,
    lanes: int | None = None, words_per_lane: int | None = None, verify: bool = True,
    progress: Progress | None = None,
) -> Mapping[str, Any]:  # fmt: skip
    """Return the report of a finished build of one operator's matrix; writes its world to `out`.

    `lanes` or `words_per_lane` choose in how many passes it works (passes/matrix/fold.py). Raises a
    CraftcError of the pass that refuses; then nothing is left at `out`.
    """
    check_replaceable(out)
    weights = lm.integer_weights(model.with_numerics("integer"), name).weights
    _check_part(name, weights, rows, inputs)
    fold = choose_fold(rows or len(weights), inputs or weights.shape[1], lanes, words_per_lane)
    task = task_of(model, name, rows, inputs, vectors)
    return build_task(task, out, lanes=fold.lanes, verify=verify, progress=progress)


def build_task(
    task: MatrixTask, out: Path, *, lanes: int | None = None, verify: bool = True,
    progress: Progress | None = None,
) -> Mapping[str, Any]:  # fmt: skip
    """Return the report of a finished build; as `build_matrix`, for weights and activations at hand."""
    rows, inputs = task.weights.shape
    fold = choose_fold(rows, inputs, lanes)
    clock = _Clock(progress)
    clock.next("place")
    placed = place_matrix(folded_digits(task.weights, fold, task.name), fold)
    clock.next("bake")
    board = Board(placed.volume)
    if not board.quiet:
        raise TimingError("the idle machine does not come to rest", where="bake", legal="silence")
    baked, nodes, checked = _check(placed, board.write_back(), clock)
    clock.next("write")
    with fresh_output(out) as folder:
        _write(folder, out.name, task, placed, baked, fold)
        report = _report(task, placed, baked, nodes, fold, checked, clock)
        _write_report(folder, report)
        if verify:
            clock.next("verify")
            proof = verify_matrix(folder, progress)
            clock.next("")
            report = {**report, "seconds": clock.seconds, "proof": asdict(proof), "memory_mb": _memory_mb()}
        _write_report(folder, report)
    return report


def _check(placed: Placed, baked: Volume, clock: _Clock) -> tuple[Volume, int, dict[str, int]]:
    """Return the blocks without what cannot matter, their nodes, and what the checks counted.

    Raises DrcError or LvsError.
    """
    clock.next("lvs")
    meant = moved(placed.machine, placed.low)
    same = block_check.compare_blocks(meant, baked)
    block_check.require_same(same)
    layout = lvs.compare(meant, baked, {}, placed.abutments)
    lvs.require_equal(layout)
    clock.next("prune")
    read = {*placed.ports.values(), *(pos for row in (*placed.results, *placed.inputs) for pos in row)}
    found = prune(baked, read)
    clock.next("drc")
    violations = drc.require_clean(found.volume)
    counted = {"drc_violations": violations, "blocks_compared": same.blocks, "links_compared": layout.links}
    return found.volume, found.nodes, counted


def _write(folder: Path, title: str, task: MatrixTask, placed: Placed, baked: Volume, fold: Fold) -> None:
    baked.origin = WORLD_LOW
    size = baked.size
    start = placed.ports["start"]
    write_world(baked, folder, level_name=title, spawn=(start[0] + 3, start[1] + 1, start[2]), spawn_yaw=90.0)
    ports = MatrixPorts(placed.ports, tuple(placed.results), tuple(placed.inputs), fold.words, fold.passes)
    io = MatrixIo(task.name, WORLD_LOW, size, ports)
    (folder / ROOM).mkdir(exist_ok=True)
    save_io(folder, io)
    save_vectors(folder, task.x, task.y)
    write_schem(baked, folder / ROOM / "build.schem")


def _report(
    task: MatrixTask, placed: Placed, baked: Volume, nodes: int, fold: Fold, checked: Mapping[str, int],
    clock: _Clock,
) -> dict[str, Any]:  # fmt: skip
    rows, inputs = task.weights.shape
    rom_cells = sum(wall.volume.volume for wall in placed.walls)
    rom_bits, stored = CODE_BITS * rows * inputs, 4 * fold.lanes * fold.words
    return {
        "name": task.name, "numerics": "integer", "rows": rows, "inputs": inputs,
        "lanes": fold.lanes, "passes": fold.passes, "words_per_lane": fold.words,
        "words_per_weight": WORDS, "size": list(baked.size), "volume": baked.volume,
        "placed_blocks": baked.placed_blocks, "rom_volume": rom_cells,
        "code_bits": rom_bits, "stored_bits": stored,
        "cells_per_code_bit": round(baked.volume / rom_bits, 2),
        "blocks_per_code_bit": round(baked.placed_blocks / rom_bits, 2),
        "rom_cells_per_stored_bit": round(rom_cells / stored, 2),
        "nodes": nodes, **checked, "seconds": clock.seconds, "memory_mb": _memory_mb(),
    }  # fmt: skip


def _memory_mb() -> int:
    """Return the most memory this process has used, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


def _write_report(folder: Path, report: Mapping[str, Any]) -> None:
    room = folder / ROOM
    atomic_write(room / REPORT, (json.dumps(report, indent=1, sort_keys=True) + "\n").encode())
    lines = [f"# {report['name']}, {report['rows']} x {report['inputs']}", ""]
    lines += [f"* {key}: {value}" for key, value in report.items()]
    atomic_write(room / REPORT_MD, ("\n".join(lines) + "\n").encode())
