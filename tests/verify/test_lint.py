"""Verification runs the lints: their counts are in the report, and an error of theirs fails it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from craftc.errors import LintError
from craftc.verify import require_equal
from craftc.verify.engine import VerifyReport

COUNTS = {"errors": 0, "warnings": 7, "first": None}
CLEAN = VerifyReport(3, 0, 12, (), None, 900, 5000, 2.5, 400, lint=COUNTS)


def test_warnings_pass() -> None:
    require_equal(CLEAN, Path("build"))


def test_an_error_fails() -> None:
    lint = {"errors": 1, "warnings": 0, "first": "error: race at 1,2,3: torch fires; delay it"}
    with pytest.raises(LintError, match="1 lint errors, first error: race at 1,2,3"):
        require_equal(replace(CLEAN, lint=lint), Path("build"))
