"""Progress, tables and panels."""

import io
from dataclasses import dataclass

import pytest
from rich.console import Console

from craftc.commands import screen
from craftc.commands.screen import Stages, panel, rows_of, words


def shown(terminal: bool, patience_s: float, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what three steps of a stage write."""
    monkeypatch.setattr(screen, "PATIENCE_S", patience_s)
    text = io.StringIO()
    with Stages(Console(file=text, force_terminal=terminal, width=80)) as stages:
        for done in range(4):
            stages("route", done, 3)
    return text.getvalue()


def test_long_stage_on_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "route" in shown(True, 0.0, monkeypatch)


@pytest.mark.parametrize(("terminal", "patience_s"), [(False, 0.0), (True, 60.0), (False, 60.0)])
def test_short_stage_or_no_terminal_is_quiet(
    terminal: bool, patience_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown(terminal, patience_s, monkeypatch) == ""


@dataclass(frozen=True)
class Inner:
    bits: int = 9640


@dataclass(frozen=True)
class Report:
    size: tuple[int, int, int] = (10, 20, 3000)
    rom: Inner = Inner()
    ok: bool = True


def test_rows_flatten_dataclasses_and_mappings() -> None:
    expected = [("size", "10 x 20 x 3,000"), ("rom bits", "9,640"), ("ok", "yes")]
    assert rows_of(Report()) == expected
    assert rows_of({"size": [10, 20, 3000], "rom": {"bits": 9640}, "ok": True}) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.97222, "0.9722"), (12345.6, "12,346"), (None, "none"), (["a", "b"], "a, b"), ([], ""), ("x", "x")],
)
def test_words(value: object, text: str) -> None:
    assert words(value) == text


def test_panel_of_any_size_shows_every_lever() -> None:
    assert [len(line) for line in panel([1] * 40).splitlines()] == [64, 16]


def test_panel_is_row_major() -> None:
    bits = [0] * 64
    bits[1] = bits[8] = 1
    lines = panel(bits).splitlines()
    assert len(lines) == 8
    assert lines[0][2:4] == lines[1][0:2] != lines[0][0:2]
