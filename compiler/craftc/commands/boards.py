"""Boards for the simulator: blocks, scheduled ticks and port names of whatever holds them.

    FILE.schem      Sponge schematic, version 2 or 3
    FILE.nbt        structure of a structure block
    FILE.litematic  Litematica schematic, with its pending block ticks
    DIR             Java world (1.18 or later), with its scheduled block ticks; a build of craftc

Coordinates count from the low corner of the structure: of the box in io.json for a build, of all blocks
that are not air for another world. Port names come from `craftc/io.json` of a build, or from an io.json
beside the file whose box has the same size.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from craftc.blocks.volume import Volume
from craftc.commands.files import read_blocks
from craftc.errors import FormatError
from craftc.export.io_map import FILE as IO_FILE
from craftc.export.io_map import IoMap, load_io
from craftc.sim.interface import BlockTick

if TYPE_CHECKING:
    from craftc.verify.matrix_run import MatrixPorts


@dataclass(frozen=True, slots=True)
class Given:
    """What a file holds. `ticks` are in local positions; `io` is None where nothing names ports; `matrix` are
    the ports of a built matrix, local."""

    volume: Volume
    ticks: tuple[BlockTick, ...]
    io: IoMap | None
    matrix: MatrixPorts | None = None


def read_board(source: Path) -> Given:
    """Return the board in a file or folder. Raises FormatError for anything damaged or of unknown kind."""
    if source.is_dir():
        return _read_folder(source)
    if source.suffix == ".litematic":
        from craftc.export.litematic_read import read_litematic

        volume, ticks = read_litematic(source)
    else:
        volume, ticks = read_blocks(source), ()
    return Given(volume, ticks, _io_beside(source, volume))


def _read_folder(source: Path) -> Given:
    from craftc.export.ticks_read import read_ticks
    from craftc.export.world_read import read_world
    from craftc.passes.matrix.files import is_matrix
    from craftc.passes.matrix.files import load_io as load_matrix_io

    if is_matrix(source):
        found = load_matrix_io(source)
        volume = read_world(source, (found.low, found.high))
        return Given(volume, tuple(_local(read_ticks(source), volume)), None, found.local_ports())
    io = load_io(source / IO_FILE) if (source / IO_FILE).is_file() else None
    volume = read_world(source, None if io is None else (io.low, io.high))
    return Given(volume, tuple(_local(read_ticks(source), volume)), io)


def _local(ticks: Iterable[BlockTick], volume: Volume) -> Iterable[BlockTick]:
    """Yield the ticks that lie in the volume, in its coordinates."""
    for tick in ticks:
        x, y, z = (a - b for a, b in zip(tick.pos, volume.origin, strict=True))
        if all(0 <= v < s for v, s in zip((x, y, z), volume.size, strict=True)):
            yield replace(tick, pos=(x, y, z))


def _io_beside(source: Path, volume: Volume) -> IoMap | None:
    path = source.with_name("io.json")
    if not path.is_file():
        return None
    try:
        io = load_io(path)
    except FormatError:
        return None  # somebody else's file of that name
    size = tuple(h - low for low, h in zip(io.low, io.high, strict=True))
    return io if size == volume.size else None
