"""The worker that runs batches in the judges' Python; see tests/oracle/batch_worker.py."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
from tests.sim.tiles import Batch

from craftc.export.schem import write_schem

WORKER = Path(__file__).parents[1] / "oracle" / "batch_worker.py"
FLAGS = ((False, False), (True, False), (False, True), (True, True))
"""MCHPRS (optimize, io_only)."""

Levels = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]
Row = tuple[int, int, int, int, str, str]


class Judges:
    """A running worker of the judges' Python. Use as a context manager."""

    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen(
            [str(python), str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._folder = tempfile.TemporaryDirectory(prefix="craftc-batch-")
        self.room = Path(self._folder.name)

    def __enter__(self) -> Judges:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._folder.cleanup()

    def put(self, batch: Batch) -> None:
        """Make `batch` (baked) what is asked about."""
        write_schem(batch.volume, self.room / "board.schem")
        np.save(self.room / "actions.npy", batch.actions)

    def _ask(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        files = {
            "schem": "board.schem",
            "actions": "actions.npy",
            "probes": "probes.npy",
            "out": request["out"],
        }
        request |= {key: str(self.room / name) for key, name in files.items()}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer.get("done"), answer

    def mchprs(
        self, game_ticks: int, probes: Positions, optimize: bool, io_only: bool, io: Positions
    ) -> Levels:
        """Return levels (game_ticks // 2, probes)."""
        np.save(self.room / "probes.npy", probes)
        self._ask({"engine": "mchprs", "game_ticks": game_ticks, "optimize": optimize, "io_only": io_only,
                   "custom_io": io.reshape(-1).tolist(), "out": "levels.npy"})  # fmt: skip
        return np.asarray(np.load(self.room / "levels.npy"))

    def mctick(self, game_ticks: int) -> set[Row]:
        """Return the net changes."""
        self._ask({"engine": "mctick", "game_ticks": game_ticks, "out": "changes.json"})
        return {tuple(row) for row in json.loads((self.room / "changes.json").read_text())}  # type: ignore[misc]
