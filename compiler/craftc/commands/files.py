"""Reads whatever holds blocks: a build, a world, a schematic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from craftc.errors import FormatError

if TYPE_CHECKING:
    from craftc.blocks import Volume

Pos = tuple[int, int, int]
LEGAL = "a folder with a world, or a file .schem, .nbt or .litematic"
REPORT = Path("craftc") / "report.json"


def read_blocks(source: Path) -> Volume:
    """Return the blocks of a world folder, schematic or structure. Raises FormatError for anything else."""
    from craftc.export.litematic_read import read_litematic
    from craftc.export.schem_read import read_schem
    from craftc.export.structure_read import read_structure
    from craftc.export.world_read import read_world

    if not source.exists():
        raise FormatError("no such file or folder", where=str(source), legal=LEGAL)
    if source.is_dir():
        return read_world(source)
    if source.suffix == ".nbt":
        return read_structure(source)
    if source.suffix == ".litematic":
        return read_litematic(source)[0]
    if source.suffix != ".schem":
        raise FormatError(f"is of unknown kind {source.suffix!r}", where=str(source), legal=LEGAL)
    return read_schem(source)


def corner_of(volume: Volume, source: Path) -> Pos:
    """Return what coordinates of `source` start from: the place in a world, (0, 0, 0) in a schematic."""
    return volume.origin if source.is_dir() else (0, 0, 0)


def local(position: Pos, volume: Volume, source: Path) -> Pos:
    """Return array coordinates of a position given in the coordinates of `source`."""
    corner = corner_of(volume, source)
    return (position[0] - corner[0], position[1] - corner[1], position[2] - corner[2])


def read_report(folder: Path) -> dict[str, Any]:
    """Return the report of a build. Raises FormatError if the folder is no build or it is damaged."""
    path = folder / REPORT
    legal = "a folder that craftc build made"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FormatError(f"holds no {REPORT}", where=str(folder), legal=legal) from error
    except (OSError, ValueError) as error:
        raise FormatError(f"cannot be read: {error}", where=str(path), legal=legal) from error
    if not isinstance(found, dict):
        raise FormatError("is not one JSON object", where=str(path), legal=legal)
    return found
