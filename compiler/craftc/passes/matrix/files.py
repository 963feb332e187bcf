"""The folder of a built matrix: the world, and DIR/craftc with io.json, vectors.npz, report.json, report.md.

io.json: {"version": 1, "kind": "matrix", "name": ..., "box": {"low": [x, y, z], "high": [x, y, z]},
"words": ROM words of a run, "passes": how often a lane works on a row,
"switches": {"start": [x, y, z], "load": ..., "load_north": ..., "load_4": ..., "load_2": ...,
"load_1": ..., "done": ...}, "registers": {"x.<j>": 8 positions, "y.<i>": 8 positions}}. Positions are world
coordinates; a register's positions are dust whose strength is a digit, base 8, lowest first. Every
pass has its own registers: n for the activations, 4 for the fixed inputs (passes/matrix/encode.py), and
before the next pass 3 unused ones that take 0.

vectors.npz: x (v, n) and y (v, m), int64: what the operator took in dialogues and what the golden model gave.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.errors import FormatError
from craftc.export.safe import atomic_file, atomic_write
from craftc.macros.base import Pos
from craftc.verify.matrix_run import MatrixPorts

ROOM = "craftc"
IO, VECTORS, REPORT, REPORT_MD = "io.json", "vectors.npz", "report.json", "report.md"
VERSION, KIND = 1, "matrix"
SWITCHES = ("start", "load", "load_north", "load_4", "load_2", "load_1", "done")
LEGAL = "a folder that craftc build --only made"


@dataclass(frozen=True, slots=True)
class MatrixIo:
    """What io.json says; positions in world coordinates, low <= position < high."""

    name: str
    low: Pos
    high: Pos
    ports: MatrixPorts

    def local_ports(self) -> MatrixPorts:
        """Return the ports with positions counted from the low corner."""

        def local(pos: Pos) -> Pos:
            return (pos[0] - self.low[0], pos[1] - self.low[1], pos[2] - self.low[2])

        return MatrixPorts(
            {name: local(pos) for name, pos in self.ports.switches.items()},
            tuple(tuple(map(local, places)) for places in self.ports.results),
            tuple(tuple(map(local, places)) for places in self.ports.inputs),
            self.ports.words,
            self.ports.passes,
        )


def is_matrix(directory: Path) -> bool:
    """Return whether a folder holds a built matrix."""
    try:
        plain = json.loads((directory / ROOM / IO).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(plain, dict) and plain.get("kind") == KIND


def save_io(directory: Path, io: MatrixIo) -> None:
    """Write io.json."""
    registers = {f"x.{j}": places for j, places in enumerate(io.ports.inputs)}
    registers |= {f"y.{i}": places for i, places in enumerate(io.ports.results)}
    plain = {
        "version": VERSION, "kind": KIND, "name": io.name, "words": io.ports.words, "passes": io.ports.passes,
        "box": {"low": io.low, "high": io.high},
        "switches": dict(sorted(io.ports.switches.items())),
        "registers": dict(sorted(registers.items())),
    }  # fmt: skip
    atomic_write(directory / ROOM / IO, (json.dumps(plain, sort_keys=True) + "\n").encode())


def load_io(directory: Path) -> MatrixIo:
    """Return what io.json of a folder says. Raises FormatError naming the file and the field."""
    path = directory / ROOM / IO
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(f"cannot be read: {error}", where=str(path), legal=LEGAL) from error
    if not isinstance(plain, dict) or (plain.get("version"), plain.get("kind")) != (VERSION, KIND):
        raise FormatError("is not the interface of a matrix", where=str(path), legal=LEGAL)
    try:
        switches = {name: _pos(plain["switches"][name]) for name in SWITCHES}
        registers = {name: tuple(map(_pos, places)) for name, places in plain["registers"].items()}
        low, high = _pos(plain["box"]["low"]), _pos(plain["box"]["high"])
        words, passes = int(plain["words"]), int(plain["passes"])
        ports = MatrixPorts(switches, _row(registers, "y"), _row(registers, "x"), words, passes)
        name = str(plain["name"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"has no good {error}", where=str(path), legal=LEGAL) from error
    return MatrixIo(name, low, high, ports)


def _pos(value: Any) -> Pos:
    x, y, z = value
    return (int(x), int(y), int(z))


def _row(registers: dict[str, tuple[Pos, ...]], letter: str) -> tuple[tuple[Pos, ...], ...]:
    count = sum(name.startswith(f"{letter}.") for name in registers)
    return tuple(registers[f"{letter}.{k}"] for k in range(count))


def save_vectors(directory: Path, x: npt.NDArray[np.int64], y: npt.NDArray[np.int64]) -> None:
    """Write vectors.npz."""
    with atomic_file(directory / ROOM / VECTORS) as file:
        np.savez_compressed(file, x=x, y=y)


def load_vectors(directory: Path) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return x (v, n) and y (v, m). Raises FormatError naming the file."""
    path = directory / ROOM / VECTORS
    try:
        with np.load(path, allow_pickle=False) as held:
            x, y = held["x"], held["y"]
    except (OSError, ValueError, KeyError) as error:
        raise FormatError(f"cannot be read: {error}", where=str(path), legal=LEGAL) from error
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or {x.dtype, y.dtype} != {np.dtype(np.int64)}:
        raise FormatError(f"holds {x.dtype} {x.shape} and {y.dtype} {y.shape}", where=str(path), legal=LEGAL)
    return x, y
