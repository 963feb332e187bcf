"""A finished build on disk: what lies in DIR/craftc, read back and checked against each other.

    DIR/                world
    DIR/craftc/         build.schem  io.json  model.pt  picture.png  place.json  report.json  report.md
                        vectors.npz
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from craftc.blocks import Volume
from craftc.errors import FormatError, MismatchError
from craftc.export.io_map import IoMap, Pos, load_io, save_io
from craftc.export.schem_read import read_schem
from craftc.export.world_read import read_world
from craftc.model import Checkpoint, load_checkpoint, save_checkpoint
from craftc.verify.vectors import Vectors, load_vectors, save_vectors
from craftc.view.place_map import save_place

ROOM = "craftc"
SCHEM, REPORT, REPORT_MD, IO, PICTURE, MODEL, VECTORS, PLACE = (
    "build.schem", "report.json", "report.md", "io.json", "picture.png", "model.pt", "vectors.npz",
    "place.json",
)  # fmt: skip
LEGAL = "a folder that craftc build made"
BIT_BLOCKS = ("repeater",)
LEVEL_BLOCKS = ("comparator", "redstone_wire")


@dataclass(frozen=True, slots=True, eq=False)
class Build:
    """The files of a build that verification needs. They agree in sizes and checksum."""

    directory: Path
    checkpoint: Checkpoint
    io: IoMap
    vectors: Vectors

    def read_blocks(self) -> Volume:
        """Return the machine's box as it is in the world on disk.

        Raises FormatError if it is damaged, MismatchError if a lever, button, lamp or register is missing.
        """
        volume = read_world(self.directory, (self.io.low, self.io.high))
        require_blocks(self.io, volume)
        return volume


def write_room(
    directory: Path, checkpoint: Checkpoint, io: IoMap, vectors: Vectors, place: dict[str, Any]
) -> str:
    """Write model.pt, io.json, vectors.npz and place.json into DIR/craftc; return the sha256 of model.pt.

    Raises MismatchError if they do not fit each other, OutputError if they cannot be written.
    """
    require_fit(checkpoint, io, vectors)
    room = Path(directory) / ROOM
    room.mkdir(parents=True, exist_ok=True)
    save_io(io, room / IO)
    save_vectors(vectors, room / VECTORS)
    save_place(place, room / PLACE)
    return save_checkpoint(checkpoint, room / MODEL)


def require_same_schem(build: Build, volume: Volume) -> None:
    """Raise MismatchError naming the first block in which build.schem differs from the world's blocks."""
    path = build.directory / ROOM / SCHEM
    other = read_schem(path)
    if other.size != volume.size:
        raise MismatchError(f"has size {other.size}, the world {volume.size}", where=str(path))
    table = other.palette.remap_to(volume.palette)
    for y, (one, two) in enumerate(zip(volume.ids, other.ids, strict=True)):
        differs = one != table[two]
        if differs.any():
            z, x = (int(v) for v in np.argwhere(differs)[0])
            at = tuple(a + b for a, b in zip(volume.origin, (x, y, z), strict=True))
            blocks = f"{other.get((x, y, z))} {other.entity((x, y, z)) or ''}".strip()
            raise MismatchError(f"has {blocks} where the world has {volume.get((x, y, z))} at {at}",
                                where=str(path), legal="the blocks of the world")  # fmt: skip


def require_blocks(io: IoMap, volume: Volume) -> None:
    """Raise MismatchError unless every lever, button, lamp and register is the block that it should be.

    Needed because a plain solid in the place of a lamp is powered like one.
    """
    meant: list[tuple[str, Pos, tuple[str, ...]]] = [(n, i.pos, (i.block,)) for n, i in io.inputs.items()]
    meant += [(n, o.pos, (o.block,)) for n, o in io.outputs.items()]
    for name, register in io.registers.items():
        kinds: tuple[str, ...] = BIT_BLOCKS if register.pos is None else LEVEL_BLOCKS
        meant += [(name, cell, kinds) for cell in register.cells]
    for name, pos, legal in sorted(meant):
        found = volume.get(io.local(pos))
        if found.short not in legal:
            raise MismatchError(f"{name} at {pos} is {found}", where=IO, legal=" or ".join(legal))


def open_build(directory: Path) -> Build:
    """Return the build in a folder.

    Raises FormatError or ModelError for a missing or damaged file, MismatchError if model.pt is not the one
    in report.json or the interface does not fit the model.
    """
    room = Path(directory) / ROOM
    report = read_report(room / REPORT)
    path = room / MODEL
    checkpoint = load_checkpoint(path)
    require_same_model(path, report)
    build = Build(Path(directory), checkpoint, load_io(room / IO), load_vectors(room / VECTORS))
    require_fit(build.checkpoint, build.io, build.vectors)
    return build


def read_report(path: Path) -> dict[str, Any]:
    """Return report.json. Raises FormatError naming the file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FormatError("no such file", where=str(path), legal=LEGAL) from error
    except (OSError, ValueError) as error:
        raise FormatError(f"cannot be read: {error}", where=str(path), legal=LEGAL) from error
    if not isinstance(found, dict) or not isinstance(found.get("model"), dict):
        raise FormatError("has no key 'model'", where=str(path), legal=LEGAL)
    return found


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_same_model(path: Path, report: dict[str, Any]) -> None:
    """Raise MismatchError unless model.pt is the file that the machine was built from."""
    found, meant = sha256_of(path), report["model"].get("sha256")
    if found != meant:
        raise MismatchError(f"sha256 is {found}, report.json says {meant}", where=str(path),
                            legal="the checkpoint that was built")  # fmt: skip


def require_fit(checkpoint: Checkpoint, io: IoMap, vectors: Vectors) -> None:
    """Raise MismatchError unless levers, lamps, registers and vectors fit the model one to one."""
    meant = {f"h.{layer}.{j}" for layer, n in enumerate(checkpoint.sizes[1:-1]) for j in range(n)}
    pairs = (
        ("levers", len(io.levers), checkpoint.n_in),
        ("class lamps", len(io.classes), checkpoint.n_out),
        ("bits per test vector", vectors.n_in, checkpoint.n_in),
    )
    for what, found, wanted in pairs:
        if found != wanted:
            raise MismatchError(f"has {found} {what}, the model {wanted}", where=IO)
    odd = sorted(meant ^ set(io.registers))
    if odd:
        word = "lacks" if odd[0] in meant else "has an unknown"
        raise MismatchError(f"{word} register {odd[0]}", where=IO, legal="one per hidden neuron")
