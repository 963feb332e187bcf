"""Proof that the blocks of a matrix on disk give what the golden model gives."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from craftc.errors import MismatchError
from craftc.export.world_read import read_world
from craftc.passes.matrix.files import load_io, load_vectors
from craftc.sim import Board
from craftc.verify.matrix_run import Progress, run_products


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


def verify_matrix(directory: Path, progress: Progress | None = None, limit: int | None = None) -> MatrixProof:
    """Return what was compared. Blocks are read from the world in `directory`, in their saved states.

    Raises FormatError for a damaged file, MismatchError for the first wrong result.
    """
    io = load_io(directory)
    xs, ys = (values[:limit] for values in load_vectors(directory))
    volume = read_world(directory, (io.low, io.high))
    board = Board(volume, settle="trusted")
    began = time.perf_counter()
    found, ticks, lanes = run_products(board, io.local_ports(), xs, progress)
    wrong = np.argwhere(found != ys)
    if len(wrong):
        vector, row = (int(v) for v in wrong[0])
        raise MismatchError(
            f"y.{row} is {found[vector, row]}, not {ys[vector, row]}; {len(wrong)} of {ys.size} differ",
            where=f"{directory}, vector {vector}", legal="equal results",
        )  # fmt: skip
    macs = len(xs) * xs.shape[1] * ys.shape[1]
    return MatrixProof(
        len(xs), int(ys.size), board.nodes, ticks, io.ports.load_rt, lanes.events,
        round(lanes.events / macs, 1), lanes.burnouts, round(time.perf_counter() - began, 1),
    )  # fmt: skip
