"""Options of build that would do nothing are refused, not ignored."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from craftc.commands.build import build


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--only", "m", "--schem-version", "3"], "--schem-version does nothing with --only"),
        (["--only", "m", "--optimize", "area"], "--optimize does nothing with --only"),
        (["--only", "m", "--schem", "a.schem"], "--schem does nothing with --only"),
        (["--rows", "3"], "--rows does nothing without --only"),
        (["--inputs", "3"], "--inputs does nothing without --only"),
    ],
)
def test_options_that_would_do_nothing(options: list[str], word: str, tmp_path: Path) -> None:
    model = tmp_path / "model.pt"
    model.write_bytes(b"")
    result = CliRunner().invoke(build, [str(model), "-o", str(tmp_path / "out"), *options])
    assert result.exit_code == 2 and word in result.output
    assert not (tmp_path / "out").exists()
