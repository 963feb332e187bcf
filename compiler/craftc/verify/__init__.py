"""Proof that the blocks on disk compute what the model computes.

    vectors   test vectors and their file
    folder    the files of a build, read back and checked against each other
    machine   levers, buttons, lamps and registers of a board
    compare   answers against the golden model, the first difference in order of cause
    engine    all vectors and sequences on any board
    run       the same for a folder: `run_verify`, `run_once`
    window    when registers hold their values
"""

from craftc.verify.compare import Mismatch
from craftc.verify.engine import VerifyReport, verify_machine
from craftc.verify.run import RunResult, require_equal, run_once, run_verify, verify_build
from craftc.verify.vectors import (
    Vectors,
    image_vectors,
    load_vectors,
    random_vectors,
    read_vectors,
    save_vectors,
)
from craftc.verify.window import Holding, holding_windows, with_read_times

__all__ = [
    "Holding",
    "Mismatch",
    "RunResult",
    "Vectors",
    "VerifyReport",
    "holding_windows",
    "image_vectors",
    "load_vectors",
    "random_vectors",
    "read_vectors",
    "require_equal",
    "run_once",
    "run_verify",
    "save_vectors",
    "verify_build",
    "verify_machine",
    "with_read_times",
]
