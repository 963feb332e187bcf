"""Proof that the blocks of a matrix on disk give what the golden model gives."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from craftc.blocks import Volume
from craftc.errors import LintError, MismatchError
from craftc.export.world_read import read_world
from craftc.lint.board import FEW_ORDERS, lint_board
from craftc.lint.chunks import forced_of
from craftc.lint.matrix import matrix_setting
from craftc.passes.matrix.files import load_io, load_vectors
from craftc.sim import Board
from craftc.verify.matrix_run import Longs, MatrixPorts, run_product

Progress = Callable[[str, int, int], None]
JOBS = 2  # boards that run at the same time


@dataclass(frozen=True, slots=True)
class MatrixProof:
    """What a verification found: every result of every vector was compared.

    events counts all vectors, and the loads; the others are per vector.
    """

    vectors: int
    results: int
    nodes: int
    run_rt: int
    load_rt: int
    events: int
    events_per_mac: float
    burnouts: int
    seconds: float
    lint: dict[str, object] | None = None


def verify_matrix(
    directory: Path, progress: Progress | None = None, limit: int | None = None, *, lints: bool = True
) -> MatrixProof:
    """Return what was compared, and the counts of the lints. Blocks are read from the world in `directory`.

    They stand in their saved states. Raises FormatError for a damaged file, MismatchError for the first wrong
    result, LintError for the first error of the lints.
    """
    io = load_io(directory)
    xs, ys = (values[:limit] for values in load_vectors(directory))
    volume = read_world(directory, (io.low, io.high))
    boards = [Board(volume, settle="trusted") for _ in range(min(JOBS, len(xs)))]
    began = time.perf_counter()
    found, ticks = _products(boards, io.local_ports(), xs, progress)
    wrong = np.argwhere(found != ys)
    if len(wrong):
        vector, row = (int(v) for v in wrong[0])
        raise MismatchError(
            f"y.{row} is {found[vector, row]}, not {ys[vector, row]}; {len(wrong)} of {ys.size} differ",
            where=f"{directory}, vector {vector}",
            legal="equal results",
        )
    macs = len(xs) * xs.shape[1] * ys.shape[1]
    events, burnouts = sum(board.events for board in boards), sum(board.burnouts for board in boards)
    proof = MatrixProof(
        len(xs), int(ys.size), boards[0].nodes, ticks, io.ports.load_rt, events, round(events / macs, 1),
        burnouts, round(time.perf_counter() - began, 1),
    )  # fmt: skip
    if not lints:
        return proof
    boards.clear()
    return replace(proof, lint=_lint(directory, volume, io.local_ports(), xs[0], progress))


def _lint(
    directory: Path, volume: Volume, ports: MatrixPorts, x: Longs, progress: Progress | None
) -> dict[str, object]:
    """Return the counts of the lints on a product. Raises LintError naming the first error."""
    setting = replace(matrix_setting(ports, x, forced_of(directory)), orders=FEW_ORDERS, turns=False)
    tell = None if progress is None else partial(progress, "lint")
    report = lint_board(volume, setting, tell)
    if report.errors:
        what = f"{report.errors} lint errors, first {report.findings[0]}"
        raise LintError(what, where=str(directory), legal="none; craftc lint shows all")
    return report.plain()


def _products(
    boards: Sequence[Board], ports: MatrixPorts, xs: Longs, progress: Progress | None
) -> tuple[Longs, int]:
    """Return the results (v, m), every board running its share of the vectors, and the rt of the last."""
    found = np.zeros((len(xs), len(ports.results)), dtype=np.int64)
    done: list[int] = []

    def share(first: int) -> int:
        ticks = 0
        for index in range(first, len(xs), len(boards)):
            found[index], ticks = run_product(boards[first], ports, xs[index])
            done.append(index)
            if progress:
                progress("verify", len(done), len(xs))
        return ticks

    with ThreadPoolExecutor(len(boards)) as pool:
        ticks = list(pool.map(share, range(len(boards))))
    return found, max(ticks)
