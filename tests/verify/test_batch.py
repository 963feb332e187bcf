"""Many questions at once give the report that one after another gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from craftc.verify import VerifyReport, batch, verify_build
from craftc.verify.machine import Machine

from .damage import swap_bits, with_interface
from .fake_board import FakeBoard, interface
from .tiny_machine import write_build


def reports(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[VerifyReport, VerifyReport]:
    """Return the report of single questions and of batches, times left out."""
    single = verify_build(folder)
    asked = []
    ask_many = batch.ask_many

    def counted(*args: object) -> object:
        asked.append(ask_many(*args))  # type: ignore[arg-type]
        return asked[-1]

    monkeypatch.setattr(batch, "WORTH", 1)
    monkeypatch.setattr("craftc.verify.engine.ask_many", counted)
    together = verify_build(folder)
    assert asked and all(answers is not None for answers in asked)
    return replace(single, seconds=0.0), replace(together, seconds=0.0)


def test_batches_report_what_single_questions_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    single, together = reports(write_build(tmp_path / "tiny"), monkeypatch)
    assert single == together and together.mismatches == 0


def test_batches_find_the_same_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_interface(write_build(tmp_path / "tiny"), tmp_path / "bad", swap_bits("h.0.0", 0, 2))
    single, together = reports(tmp_path / "bad", monkeypatch)
    assert single == together and together.mismatches > 0


def test_few_vectors_and_other_boards_are_asked_one_by_one() -> None:
    machine = Machine(FakeBoard(), interface())
    assert not batch.can_ask_many(machine, 10**6)
    assert batch.WORTH > batch.COPIES
