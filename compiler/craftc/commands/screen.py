"""What the terminal shows: progress bars with a time of arrival, tables, digits.

Progress appears only on a terminal, and only for stages that are not done after two seconds.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import TracebackType
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

PATIENCE_S = 2.0
"""Seconds a stage may last before it gets a bar."""


class Stages:
    """Progress of a command: call it with (stage, done, total); use as a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._stage = ""
        self._began_s = 0.0
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> Stages:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Note that `done` of `total` steps of a stage are finished."""
        if stage != self._stage:
            self._stop()
            self._stage, self._began_s = stage, time.monotonic()
        if not self._console.is_terminal:
            return
        if self._bar is None:
            if time.monotonic() - self._began_s < PATIENCE_S or done >= total:
                return
            self._start(stage, total)
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)

    def _start(self, stage: str, total: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        self._bar = Progress(*columns, *times, console=self._console, transient=True)
        self._bar.start()
        self._task = self._bar.add_task(stage, total=total)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def say(text: str = "") -> None:
    """Write one line to standard output."""
    click.echo(text)


def words(value: Any) -> str:
    """Return a value as people read it: thousands grouped, sizes as a x b x c."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        joint = " x " if value and all(isinstance(v, int) for v in value) else ", "
        return joint.join(words(v) for v in value)
    return "none" if value is None else str(value)


def rows_of(value: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Return (name, value) rows of a mapping or dataclass, nested ones as `outer inner`."""
    if is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name) for f in fields(value)}
    rows: list[tuple[str, str]] = []
    for key, item in value.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(item, Mapping) or (is_dataclass(item) and not isinstance(item, type)):
            rows += rows_of(item, f"{name} ")
        else:
            rows.append((name, words(item)))
    return rows


def table(rows: Iterable[tuple[str, str]]) -> None:
    """Write rows with their values in one column."""
    found = list(rows)
    width = max((len(name) for name, _ in found), default=0)
    for name, value in found:
        say(f"  {name:{width}}  {value}")


def panel(bits: Sequence[int]) -> str:
    """Return the levers of a panel as lines of blocks, row-major from the top left.

    A square number of levers is drawn as a square, any other in rows of 32.
    """
    root = math.isqrt(len(bits))
    side = root if root * root == len(bits) else 32
    unicode = "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()
    on, off = ("██", "··") if unicode else ("##", "..")
    return "\n".join(
        "".join(on if bit else off for bit in bits[start : start + side])
        for start in range(0, len(bits), side)
    )
