"""The checks on a board without blocks: a sound machine passes, and every fault is found and named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from craftc.errors import ConfigError, MismatchError
from craftc.model import GoldenModel
from craftc.verify import Vectors, VerifyReport, random_vectors, require_equal, verify_machine
from craftc.verify.engine import MOMENTS, moments
from craftc.verify.machine import BoardLike, Machine

from .fake_board import ANSWER_GT, MODEL, REST_GT, FakeBoard, Faults, interface

VECTORS = random_vectors(6, 12, 3)
CLASSES = GoldenModel(MODEL).classify(VECTORS.bits)


def verified(faults: Faults | None = None, vectors: Vectors = VECTORS, jobs: int = 1) -> VerifyReport:
    """Return the report on a broken board."""
    boards: list[BoardLike] = [FakeBoard(faults=faults) for _ in range(jobs)]
    return verify_machine(boards, interface(), MODEL, vectors)


def test_vectors_reach_several_classes() -> None:
    assert len(set(CLASSES.tolist())) == 3


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_a_sound_machine_passes(jobs: int) -> None:
    report = verified(jobs=jobs)
    assert (report.vectors, report.mismatches, report.first) == (12, 0, None)
    assert report.registers_checked == 7 * (12 + 6 + 1 + MOMENTS)
    assert report.redstone_ticks == (REST_GT - 10) // 2 and report.accuracy is None
    assert report.sequences == ("rerun", "reset", "interrupt")
    require_equal(report, Path("x"))


def test_accuracy_counts_labels() -> None:
    labels = CLASSES.copy()
    labels[:3] = (labels[:3] + 1) % 3
    labels[3] = -1
    report = verified(vectors=Vectors(VECTORS.bits, labels, VECTORS.index))
    assert report.accuracy == 8 / 11 and report.mismatches == 0


def test_progress_counts_up() -> None:
    seen: list[tuple[str, int, int]] = []
    verify_machine([FakeBoard()], interface(), MODEL, VECTORS, progress=lambda *a: seen.append(a))
    assert seen == [("simulate", k, 12) for k in range(1, 13)]


def test_a_wrong_register_is_named_with_its_tick() -> None:
    report = verified(Faults(flip={"h.1.2": 8}))
    first = report.first
    assert first is not None and (first.layer, first.register, first.vector) == (1, "h.1.2", 0)
    assert int(first.found) == int(first.expected) ^ 8
    assert first.game_tick == 137  # three ticks before it is read
    assert report.mismatches == 12 + 6 + 1 + MOMENTS


def test_the_first_layer_is_named_before_later_ones() -> None:
    report = verified(Faults(flip={"h.1.0": 1, "h.0.3": 2, "h.0.1": 4}, lamps={0: 1, 1: 2, 2: 0}))
    assert report.first is not None and report.first.register == "h.0.1"


def test_a_wrong_lamp_is_found_where_it_matters() -> None:
    report = verified(Faults(lamps={int(CLASSES[0]): None}))
    first = report.first
    assert first is not None and first.layer is None
    assert (first.register, first.vector, first.found) == ("class", 0, "no class lamp")
    assert report.mismatches >= int((CLASSES[0] == CLASSES).sum())


def test_a_swapped_lamp_says_both_classes() -> None:
    one, two = int(CLASSES[0]), (int(CLASSES[0]) + 1) % 3
    first = verified(Faults(lamps={one: two, two: one})).first
    assert first is not None and (first.expected, first.found) == (str(one), str(two))
    assert first.game_tick == REST_GT - 10


@pytest.mark.parametrize(
    ("faults", "register", "check"),
    [
        (Faults(never_done=True), "done", "vector"),
        (Faults(never_rests=True), "rest", "vector"),
        (Faults(burns=True), "burnout", "vector"),
        (Faults(reset_dead=True), "lamps", "reset"),
    ],
)
def test_faults_of_the_whole_machine(faults: Faults, register: str, check: str) -> None:
    first = verified(faults).first
    assert first is not None and (first.register, first.check, first.layer) == (register, check, None)


def test_state_left_over_from_the_last_run_is_found() -> None:
    report = verified(Faults(remembers=True))
    assert report.first is not None and report.first.check == "rerun"
    assert 1 <= report.mismatches <= 5


def test_a_reset_during_a_run_that_breaks_the_machine_is_found() -> None:
    report = verified(Faults(wedged_after_gt=0))
    assert report.first is not None and report.first.check == "interrupt"
    late = verified(Faults(wedged_after_gt=REST_GT * 3 // 4))
    assert late.first is not None and late.first.check == "interrupt"
    assert 1 <= late.mismatches < report.mismatches


@pytest.mark.parametrize("run_gt", [1, 30, 5_700, 60_000, 10**6])
def test_moments_of_resets_spread_over_a_run(run_gt: int) -> None:
    found = moments(run_gt)
    assert found == sorted(found) and found[0] >= 0 and found[-1] <= run_gt
    assert len(found) == (MOMENTS if run_gt <= 5_700 else 1)


def test_the_error_names_layer_register_and_tick() -> None:
    report = verified(Faults(flip={"h.0.2": 8}))
    found = int(GoldenModel(MODEL).run(VECTORS.bits).hidden[0][0, 2])
    with pytest.raises(MismatchError) as caught:
        require_equal(report, Path("w/x"))
    where = "w/x, layer 0, h.0.2, game tick 97"
    why = f"is {found ^ 8}, should be {found} (vector 0; 35 of 52 checks differ)"
    assert str(caught.value) == f"{where}: {why}"


def test_registers_are_read_in_their_moment() -> None:
    machine = Machine(FakeBoard(), interface())
    answer = machine.ask(VECTORS.bits[0])
    trace = GoldenModel(MODEL).run(VECTORS.bits[:1])
    assert np.array_equal(answer.values, np.concatenate([h[0] for h in trace.hidden]))
    assert answer.answer_gt == REST_GT - 10 and answer.lit == (int(CLASSES[0]),) and answer.done
    assert answer.answer_gt > ANSWER_GT


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ConfigError, match="rerun, reset, interrupt"):
        verify_machine([FakeBoard()], interface(), MODEL, VECTORS, sequences=("twice",))
    with pytest.raises(ConfigError, match="0 boards"):
        verify_machine([], interface(), MODEL, VECTORS)
