"""Verifies and uses finished builds: the blocks as they are read back from disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from craftc.blocks import Volume
from craftc.errors import ConfigError, LintError, MismatchError, SimError
from craftc.lint.board import FEW_ORDERS, lint_board
from craftc.lint.chunks import forced_of
from craftc.lint.machine import machine_setting
from craftc.model import GoldenModel
from craftc.sim import Board
from craftc.verify.compare import lamps_in_words, refusal
from craftc.verify.engine import SEQUENCES, Progress, VerifyReport, verify_machine
from craftc.verify.folder import Build, open_build, require_same_schem
from craftc.verify.machine import Machine

JOBS = 2


@dataclass(frozen=True, slots=True)
class RunResult:
    """One question to the machine and its answer.

    predicted       class whose lamp is lit
    golden          class of the model; `label` is the right one where it is known
    redstone_ticks  from the press of run to the last change of a class lamp or the done lamp
    events          output changes of the run; `seconds` is its wall time
    lamps           state of every class lamp
    """

    bits: tuple[int, ...]
    predicted: int
    golden: int
    label: int | None
    redstone_ticks: int
    events: int
    seconds: float
    lamps: tuple[bool, ...]


def boards_of(volume: Volume, count: int) -> list[Board]:
    """Return `count` boards in the saved state of a volume. Raises SimError if it is not at rest."""
    with ThreadPoolExecutor(count) as pool:
        boards = list(pool.map(lambda _: Board(volume, settle="trusted"), range(count)))
    require_rest(boards[0])
    return boards


def require_rest(board: Board) -> None:
    """Raise SimError naming the first device whose saved state is not what its surroundings imply.

    Such a device stands still until something near it changes, so the game and simulators would differ.
    """
    restless = board.restless()
    if restless:
        local = restless[0]
        where = tuple(a + b for a, b in zip(board.volume.origin, local, strict=True))
        raise SimError(f"{board.volume.get(local)} and {len(restless) - 1} more are saved in a state that "
                       "their inputs contradict", where=str(where), legal="settled states")  # fmt: skip


def verify_build(
    directory: Path,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
    jobs: int = JOBS,
    sequences: Sequence[str] = SEQUENCES,
) -> VerifyReport:
    """Return what all checks of the build in a folder found, mismatches included.

    `limit`: only the first so many vectors; `jobs`: threads. Raises FormatError, ModelError or MismatchError
    if files are damaged or do not belong together, SimError if the blocks cannot be simulated.
    """
    if jobs < 1:
        raise ConfigError(f"jobs is {jobs}", where="verify", legal="1 or more")
    build = open_build(Path(directory))
    vectors = build.vectors.first(limit)
    volume = build.read_blocks()
    require_same_schem(build, volume)
    boards = boards_of(volume, min(jobs, len(vectors)))
    found = verify_machine(
        boards, build.io, build.checkpoint, vectors, sequences=sequences, progress=progress
    )
    return replace(found, lint=_lint(build, volume, progress))


def _lint(build: Build, volume: Volume, progress: Progress | None) -> dict[str, object]:
    """Return the counts of the lints on one question to the machine, and the first error in words."""
    setting = machine_setting(build.io, forced_of(build.directory))
    tell = None if progress is None else partial(progress, "lint")
    report = lint_board(volume, replace(setting, orders=FEW_ORDERS, turns=False), tell)
    first = str(report.findings[0]) if report.errors else None
    return {**report.plain(), "first": first}


def run_verify(
    directory: Path, *, limit: int | None = None, progress: Progress | None = None, jobs: int = JOBS
) -> VerifyReport:
    """Return the report of a build that passed every check.

    Raises MismatchError naming layer, register and game tick of the first difference, LintError naming
    the first error of the lints, and what `verify_build` raises.
    """
    report = verify_build(directory, limit=limit, progress=progress, jobs=jobs)
    require_equal(report, directory)
    return report


def require_equal(report: VerifyReport, directory: Path) -> None:
    """Raise MismatchError with the first difference, if there is one, or LintError with the first error."""
    if report.first is not None:
        raise refusal(report.first, report.mismatches, report.checks, str(directory))
    if report.lint is not None and report.lint["errors"]:
        what = f"{report.lint['errors']} lint errors, first {report.lint['first']}"
        raise LintError(what, where=str(directory), legal="none; craftc lint shows all")


def run_once(
    directory: Path,
    *,
    index: int | None = None,
    bits: npt.ArrayLike | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Return the answer to test vector `index` of a build, or to `bits` (n_in,) of 0 and 1.

    Raises ConfigError unless exactly one of them is given and fits, MismatchError if not exactly one class
    lamp lights, and what `verify_build` raises.
    """
    build = open_build(Path(directory))
    drawn, label = _question(build, index, bits)
    _tell(progress, 0)
    machine = Machine(boards_of(build.read_blocks(), 1)[0], build.io)
    _tell(progress, 1)
    began = time.perf_counter()
    answer = machine.ask(drawn)
    seconds = time.perf_counter() - began
    _tell(progress, 2)
    if len(answer.lit) != 1 or not answer.rests:
        state = "" if answer.rests else ", and the machine is still running"
        raise MismatchError(f"the answer is {lamps_in_words(answer.lit)}{state}", where=str(directory),
                            legal="one class lamp")  # fmt: skip
    golden = int(GoldenModel(build.checkpoint).classify(drawn[None, :])[0])
    lamps = tuple(j in answer.lit for j in range(build.checkpoint.n_out))
    shown = tuple(int(b) for b in drawn)
    return RunResult(
        shown, answer.lit[0], golden, label, answer.redstone_ticks, answer.events, seconds, lamps
    )


def _tell(progress: Progress | None, done: int) -> None:
    if progress is not None:
        progress("run", done, 2)


def _question(
    build: Build, index: int | None, bits: npt.ArrayLike | None
) -> tuple[npt.NDArray[np.int64], int | None]:
    """Return bits (n_in,) and the label, if known."""
    if (index is None) == (bits is None):
        raise ConfigError("index and bits are both given or both missing", where="run", legal="one of them")
    if index is not None:
        if not 0 <= index < len(build.vectors):
            legal = f"0..{len(build.vectors) - 1}"
            raise ConfigError(f"no test image {index}", where=str(build.directory), legal=legal)
        return build.vectors.bits[index].astype(np.int64), build.vectors.label(index)
    given = np.asarray(bits)
    n_in = build.checkpoint.n_in
    if given.shape != (n_in,) or given.dtype.kind not in "iub" or not np.isin(given, (0, 1)).all():
        raise ConfigError(f"bits of shape {given.shape}", where="run", legal=f"({n_in},) of 0 and 1")
    return given.astype(np.int64), None
