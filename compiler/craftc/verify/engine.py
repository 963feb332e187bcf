"""Runs all checks of a machine on any board: every vector, runs without reset, reset, reset during a run.

Vectors are shared out among threads, each with a board of its own; the simulator's kernels run outside
Python's lock. The sequences run on the first board.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace

import numpy as np

from craftc.errors import ConfigError
from craftc.export.io_map import IoMap
from craftc.model import Checkpoint, GoldenModel
from craftc.verify.batch import COPIES, ask_many, can_ask_many
from craftc.verify.compare import Golden, Mismatch, first_difference, golden_of
from craftc.verify.machine import Answer, BoardLike, Machine
from craftc.verify.vectors import UNKNOWN, Vectors

Progress = Callable[[str, int, int], None]
SEQUENCES = ("rerun", "reset", "interrupt")
RERUNS = 6
MOMENTS, MOMENTS_GT = (
    16,
    100_000,
)  # resets during a run: at most so many, and about so many game ticks of runs
HEEDED_GT = 20  # from RUN until a press of RESET counts: the start line must have come by
STAGE = "simulate"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was checked and found; `mismatches` is 0 exactly if everything agreed.

    vectors            runs from the saved state, one per test vector
    checks             all runs, those of sequences included, and resets
    mismatches         checks that differ from the model in anything
    registers_checked  activations compared, over all runs
    sequences          names of the sequences that ran besides
    accuracy           share of labelled vectors whose lamp is the label; None without labels
    redstone_ticks     slowest answer, from the press of run to the last lamp
    events             output changes over all runs; `seconds` is the wall time of all checks
    lint               counts of the lints, and the first error in words; None if they did not run
    """

    vectors: int
    mismatches: int
    registers_checked: int
    sequences: tuple[str, ...]
    accuracy: float | None
    redstone_ticks: int
    events: int
    seconds: float
    nodes: int
    first: Mismatch | None = None
    checks: int = 0
    lint: Mapping[str, object] | None = None

    @property
    def events_per_second(self) -> float:
        """Output changes per second of wall time."""
        return self.events / self.seconds if self.seconds else 0.0


@dataclass(slots=True)
class _Tally:
    """Counts while the checks run."""

    checks: int = 0
    answers: int = 0
    wrong: list[tuple[int, Mismatch]] = field(default_factory=list)
    redstone_ticks: int = 0
    events: int = 0
    right_labels: int = 0

    def add(self, answer: Answer, mismatch: Mismatch | None, order: int) -> None:
        self.checks += 1
        self.answers += 1
        self.redstone_ticks = max(self.redstone_ticks, answer.redstone_ticks)
        self.events += answer.events
        if mismatch is not None:
            self.wrong.append((order, mismatch))


def verify_machine(
    boards: Sequence[BoardLike],
    io: IoMap,
    checkpoint: Checkpoint,
    vectors: Vectors,
    *,
    sequences: Sequence[str] = SEQUENCES,
    progress: Progress | None = None,
) -> VerifyReport:
    """Return what all checks of a machine found; one thread per board, all boards equal.

    Raises ConfigError for no board or an unknown sequence.
    """
    unknown = sorted(set(sequences) - set(SEQUENCES))
    if unknown or not boards:
        raise ConfigError(f"sequence {unknown[:1]}, {len(boards)} boards", where="verify",
                          legal=f"{', '.join(SEQUENCES)}; one board or more")  # fmt: skip
    began = time.perf_counter()
    machines = [Machine(board, io) for board in boards]
    golden = golden_of(GoldenModel(checkpoint).run(vectors.bits), machines[0].registers)
    tally = _Tally()
    _all_vectors(machines, vectors, golden, tally, progress)
    for name in sequences:
        _SEQUENCE[name](machines[0], vectors, golden, tally)
    known = int(np.count_nonzero(vectors.labels != UNKNOWN))
    wrong = sorted(tally.wrong, key=lambda item: item[0])
    first = _timed(machines[0], vectors, wrong[0][1]) if wrong else None
    return VerifyReport(
        len(vectors), len(wrong), golden.values.shape[1] * tally.answers, tuple(sequences),
        tally.right_labels / known if known else None, tally.redstone_ticks, tally.events,
        time.perf_counter() - began, int(getattr(boards[0], "nodes", 0)), first, tally.checks,
    )  # fmt: skip


def _all_vectors(
    machines: list[Machine], vectors: Vectors, golden: Golden, tally: _Tally, progress: Progress | None
) -> None:
    """Run every vector from the saved state."""
    free: queue.SimpleQueue[Machine] = queue.SimpleQueue()
    for machine in machines:
        free.put(machine)

    def some(numbers: range) -> tuple[range, list[Answer], int]:
        machine = free.get()
        try:
            return numbers, *_asked(machine, vectors, numbers)
        finally:
            free.put(machine)

    size = COPIES if can_ask_many(machines[0], len(vectors)) else 1
    pool = ThreadPoolExecutor(len(machines))
    done = 0
    try:
        starts = range(0, len(vectors), size)
        runs = [pool.submit(some, range(k, min(k + size, len(vectors)))) for k in starts]
        for run in as_completed(runs):
            numbers, answers, events = run.result()
            tally.events += events
            for number, answer in zip(numbers, answers, strict=True):
                found = first_difference(answer, golden, number, machines[0].registers, "vector")
                tally.add(answer, found, number)
                tally.right_labels += answer.lit == (int(vectors.labels[number]),)
                done += 1
                if progress is not None:
                    progress(STAGE, done, len(vectors))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _asked(machine: Machine, vectors: Vectors, numbers: range) -> tuple[list[Answer], int]:
    """Return the answers to some vectors from the saved state, and output changes they do not count."""
    if len(numbers) > 1:
        together = ask_many(machine, vectors.bits[numbers.start : numbers.stop])
        if together is not None:
            return together
    answers = []
    for number in numbers:
        machine.restart()
        answers.append(machine.ask(vectors.bits[number]))
    return answers, 0


def _pick(vectors: Vectors, golden: Golden, count: int) -> list[int]:
    """Return up to `count` vectors, neighbours of different class where possible (repeats if too few)."""
    _, firsts = np.unique(golden.classes, return_index=True)
    order = [*sorted(int(k) for k in firsts), *range(len(vectors))]
    return [order[k % len(order)] for k in range(count)]


def _compare(
    machine: Machine, vectors: Vectors, golden: Golden, tally: _Tally, number: int, check: str
) -> None:
    answer = machine.ask(vectors.bits[number])
    found = first_difference(answer, golden, number, machine.registers, check)
    tally.add(answer, found, len(vectors) + tally.checks)


def _rerun(machine: Machine, vectors: Vectors, golden: Golden, tally: _Tally) -> None:
    """Ask several vectors one after another without any reset."""
    machine.restart()
    for number in _pick(vectors, golden, RERUNS):
        _compare(machine, vectors, golden, tally, number, "rerun")


def _reset(machine: Machine, vectors: Vectors, golden: Golden, tally: _Tally) -> None:
    """Reset after an answer: dark and at rest, and the next answer is right."""
    one, two = _pick(vectors, golden, 2)
    machine.restart()
    machine.ask(vectors.bits[one])
    _require_dark(machine, vectors, tally, one, "reset")
    _compare(machine, vectors, golden, tally, two, "reset")


def _interrupt(machine: Machine, vectors: Vectors, golden: Golden, tally: _Tally) -> None:
    """Reset at moments spread over a run: dark and at rest each time, and the next answer is right."""
    one, two = _pick(vectors, golden, 2)
    for moment_gt in moments(machine.io.expected.game_ticks_per_inference):
        machine.restart()
        machine.draw(vectors.bits[one])
        machine.press()
        machine.run(moment_gt)
        _require_dark(machine, vectors, tally, one, "interrupt")
        _compare(machine, vectors, golden, tally, two, "interrupt")


def moments(run_gt: int) -> list[int]:
    """Return the game ticks after RUN at which a run of that length is interrupted, ascending."""
    count = min(MOMENTS, max(1, MOMENTS_GT // max(run_gt, 1)))
    first = min(HEEDED_GT, run_gt // 2)
    return [first + (run_gt - first) * (2 * k + 1) // (2 * count) for k in range(count)]


def _require_dark(machine: Machine, vectors: Vectors, tally: _Tally, number: int, check: str) -> None:
    tally.checks += 1
    if not machine.reset():
        state = "lamps on" if machine.board.quiet else "still running"
        found = Mismatch(check, number, None, "lamps", "dark and at rest after reset", state, 0)
        tally.wrong.append((len(vectors) + tally.checks, found))


_SEQUENCE: dict[str, Callable[[Machine, Vectors, Golden, _Tally], None]] = {
    "rerun": _rerun,
    "reset": _reset,
    "interrupt": _interrupt,
}


def _timed(machine: Machine, vectors: Vectors, found: Mismatch) -> Mismatch:
    """Return a mismatch of a register with the tick at which it got its wrong value, by running it again."""
    if found.layer is None or found.check != "vector":
        return found
    machine.restart()
    machine.draw(vectors.bits[found.vector])
    changed = machine.last_change_gt(machine.io.registers[found.register])
    return replace(found, game_tick=changed) if changed else found
