"""Asks outside simulators (MCHPRS and mc-tick, through nucleation) what a board does.

They run in another Python. It is found by CRAFTC_JUDGE_PYTHON, else `.venv-judge/bin/python` at the
repository root; without either `Judge.start` skips the test and says why.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from craftc.blocks import Volume
from craftc.export.schem import write_schem
from craftc.sim import settle

Pos = tuple[int, int, int]
ROOT = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("judge_worker.py")
ENGINES = ("mchprs", "mchprs-opt", "mc-tick")


def judge_python() -> Path | None:
    """Return the judges' Python, or None."""
    named = os.environ.get("CRAFTC_JUDGE_PYTHON")
    path = Path(named) if named else ROOT / ".venv-judge" / "bin" / "python"
    return path if path.exists() else None


needs_judge = pytest.mark.skipif(judge_python() is None, reason="no outside judge: make judge")


class Judge:
    """A running worker process. Use as a context manager, or call `close`."""

    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen(
            [str(python), str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._folder = tempfile.TemporaryDirectory(prefix="craftc-judge-")
        self._written = 0

    @classmethod
    def start(cls) -> Judge:
        """Return a worker; skips the test where there is no judges' Python."""
        python = judge_python()
        if python is None:
            pytest.skip("no outside judge: set CRAFTC_JUDGE_PYTHON to a Python with nucleation")
        return cls(python)

    def close(self) -> None:
        """End the worker and remove its files."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=30)
        self._folder.cleanup()

    def __enter__(self) -> Judge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def save(self, volume: Volume) -> Path:
        """Return a .schem of the volume; one save serves many questions."""
        self._written += 1
        path = Path(self._folder.name) / f"board{self._written}.schem"
        write_schem(volume, path)
        return path

    def trace(
        self,
        board: Volume | Path,
        actions: Sequence[tuple[int, Pos]],
        game_ticks: int,
        probes: Sequence[Pos],
        *,
        engine: str = "mchprs",
        every_gt: int = 2,
        optimize: bool = False,
        settle: str = "InWorld",
        origin: Pos = (0, 0, 0),
        custom_io: Sequence[Pos] | None = None,
    ) -> npt.NDArray[np.uint8]:
        """Return levels (game_ticks // every_gt, probes) as Board.probe does.

        `board` must be baked (craftc.sim.settle). An action (t, position) is a right-click when t game
        ticks have run. For MCHPRS all times are even, and `custom_io` are the dust positions read
        (default: those probes that are dust). `origin` is where mc-tick puts the board's corner. Raises
        AssertionError with the worker's error.
        """
        path = board if isinstance(board, Path) else self.save(board)
        if custom_io is None:
            custom_io = [p for p in probes if isinstance(board, Path) or _is_dust(board, p)]
        request = {
            "schem": str(path),
            "engine": engine,
            "optimize": optimize,
            "settle": settle,
            "origin": list(origin),
            "actions": [[int(t), *map(int, p)] for t, p in actions],
            "game_ticks": game_ticks,
            "every_gt": every_gt,
            "probes": [list(map(int, p)) for p in probes],
            "custom_io": [list(map(int, p)) for p in custom_io],
        }
        return self._ask(request).reshape(-1, len(probes))

    def _ask(self, request: dict[str, Any]) -> npt.NDArray[np.uint8]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the judge died on {request['engine']} {request['schem']}"
        answer = json.loads(line)
        assert "trace" in answer, answer
        return np.array(answer["trace"], dtype=np.uint8)


@functools.cache
def _shared() -> Judge:
    python = judge_python()
    assert python is not None, "tests that ask a judge carry `needs_judge`"
    judge = Judge(python)
    atexit.register(judge.close)
    return judge


def outside_levels(
    volume: Volume,
    engine: str,
    uses: Sequence[tuple[int, Pos]],
    game_ticks: int,
    probes: Sequence[Pos],
    origin: Pos = (0, 0, 0),
) -> npt.NDArray[np.uint8]:
    """Return levels of dust (game_ticks // 2, probes) after every second game tick, in one of ENGINES.

    `volume` is settled first; a use (t, position) is a right-click when t game ticks (even) have run.
    """
    name = "mctick" if engine == "mc-tick" else "mchprs"
    return _shared().trace(
        settle(volume), uses, game_ticks, probes, engine=name, optimize=engine == "mchprs-opt", origin=origin
    )


def _is_dust(volume: Volume, pos: Pos) -> bool:
    return volume.get(pos).short == "redstone_wire"
