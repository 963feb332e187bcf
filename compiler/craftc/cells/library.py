"""Loads leaf cells: a readable drawing (`layout.txt`) and its contract (`cell.toml`).

A cell is a folder `circuits/<name>/`. `cell.toml` holds these keys and no others::

    name    = "rom_bank"            # equals the folder's name
    x0      = -2                    # x of the first character of every grid
    const   = "mixed"               # what digits mean: composter, barrel or mixed (cells/drawing.py)
    purpose = "One sentence."

    [[ports]]                       # cells meant for the outside, drawing coordinates
    name = "start"
    pos = [4, -2, 0]                # x, y, z
    direction = "in"                # in | out
    kind = "binary"                 # binary | stream | level
    unit = "strength 0 or 15"       # what the values mean
    side = "east"                   # optional, default east: where the free neighbour cell lies
    latency_gt = 0                  # optional, default 0: delay from the cell's reference

    [[probes]]                      # optional: inner cells whose state has a meaning
    name = "sum"
    pos = [1, 1, 7]

    [timing]                        # optional: keys ending in _gt are game ticks (integers), others text
    period_gt = 24

    [provenance]                    # where the cell comes from and what was proven; texts
    source = "..."
    proof = "..."

    [vectors]                       # optional: truth table or test vectors; texts (file names, description)
    file = "truth.json"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from craftc.cells.drawing import Drawing, Pos, parse
from craftc.errors import CellError
from craftc.macros.base import STEP, Port
from craftc.units import GT_PER_RT

CONSTS = ("composter", "barrel", "mixed")
KINDS = ("binary", "stream", "level")
_TOP = {"name", "x0", "const", "purpose", "ports", "probes", "timing", "provenance", "vectors"}
_REQUIRED = {"name", "x0", "const", "purpose", "ports", "provenance"}
_PORT = {"name", "pos", "direction", "kind", "unit", "side", "latency_gt"}
_PORT_REQUIRED = {"name", "pos", "direction", "kind", "unit"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A leaf cell. Positions are local to `drawing.volume`; `timing` values ending in _gt are game ticks.

    `units` says per port what its values mean; `folder` holds the files named in `vectors`.
    """

    name: str
    purpose: str
    drawing: Drawing
    ports: Mapping[str, Port]
    units: Mapping[str, str]
    probes: Mapping[str, Pos]
    timing: Mapping[str, int | str]
    provenance: Mapping[str, str]
    vectors: Mapping[str, str]
    folder: Path


def circuits_folder() -> Path:
    """Return the folder of all cells: inside an installed package, else at the top of the repository."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_circuits"
    return installed if installed.is_dir() else package.parent.parent / "circuits"


def cell_names() -> tuple[str, ...]:
    """Return the names of all cells, sorted."""
    return tuple(sorted(p.parent.name for p in circuits_folder().glob("*/cell.toml")))


@cache
def load_cell(name: str) -> Cell:
    """Return the cell of that name. Raises CellError naming file and key of any fault."""
    folder = circuits_folder() / name
    if "/" in name or not (folder / "cell.toml").is_file():
        raise CellError(f"no cell {name!r}", legal=", ".join(cell_names()))
    return read_cell(folder)


def read_cell(folder: Path) -> Cell:
    """Return the cell in `folder`. Raises CellError naming file and key of any fault."""
    where = f"{folder.name}/cell.toml"
    try:
        raw = tomllib.loads((folder / "cell.toml").read_text(encoding="utf-8"))
        layout = (folder / "layout.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CellError(f"cannot be read: {error}", where=where) from error
    _keys(raw, _TOP, _REQUIRED, where)
    if raw["name"] != folder.name:
        raise CellError(f"name is {raw['name']!r}", where=where, legal=folder.name)
    x0, const = _integer(raw, "x0", where), _text(raw, "const", where)
    if const not in CONSTS:
        raise CellError(f"const is {const!r}", where=where, legal=", ".join(CONSTS))
    drawing = parse(folder.name, layout, x0, const)
    ports, units = _ports(raw["ports"], drawing, where)
    probes = _probes(raw.get("probes", []), drawing, where)
    return Cell(
        folder.name, _text(raw, "purpose", where), drawing, ports, units, probes,
        _timing(raw.get("timing", {}), f"{where}, timing"),
        _texts(raw["provenance"], f"{where}, provenance"),
        _texts(raw.get("vectors", {}), f"{where}, vectors"), folder,
    )  # fmt: skip


def _keys(table: object, known: set[str], required: set[str], where: str) -> None:
    if not isinstance(table, dict):
        raise CellError("is not a table", where=where)
    unknown, missing = sorted(set(table) - known), sorted(required - set(table))
    if unknown:
        raise CellError(f"unknown key {unknown[0]!r}", where=where, legal=", ".join(sorted(known)))
    if missing:
        raise CellError(f"key {missing[0]!r} is missing", where=where, legal=", ".join(sorted(required)))


def _text(table: Mapping[str, object], key: str, where: str) -> str:
    value = table[key]
    if not isinstance(value, str) or not value:
        raise CellError(f"{key} is {value!r}", where=where, legal="a text")
    return value


def _integer(table: Mapping[str, object], key: str, where: str) -> int:
    value = table[key]
    if not isinstance(value, int) or isinstance(value, bool):
        raise CellError(f"{key} is {value!r}", where=where, legal="an integer")
    return value


def _choice(table: Mapping[str, object], key: str, legal: tuple[str, ...], where: str) -> str:
    value = _text(table, key, where)
    if value not in legal:
        raise CellError(f"{key} is {value!r}", where=where, legal=", ".join(legal))
    return value


def _position(table: Mapping[str, object], drawing: Drawing, where: str) -> Pos:
    value = table["pos"]
    if not isinstance(value, list) or len(value) != 3 or not all(type(v) is int for v in value):
        raise CellError(f"pos is {value!r}", where=where, legal="[x, y, z]")
    local = drawing.local((value[0], value[1], value[2]))
    if min(local) < 0 or any(p >= s for p, s in zip(local, drawing.volume.size, strict=True)):
        raise CellError(f"pos {value} lies outside the drawing", where=where)
    return local


def _list(value: object, where: str) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise CellError("is not a list of tables", where=where)
    return value


def _ports(value: object, drawing: Drawing, where: str) -> tuple[Mapping[str, Port], Mapping[str, str]]:
    ports: dict[str, Port] = {}
    units: dict[str, str] = {}
    for number, row in enumerate(_list(value, f"{where}, ports"), 1):
        at = f"{where}, port {number}"
        _keys(row, _PORT, _PORT_REQUIRED, at)
        name = _text(row, "name", at)
        full = {"side": "east", "latency_gt": 0, **row}
        side = _choice(full, "side", tuple(STEP), at)
        latency, odd = divmod(_integer(full, "latency_gt", at), GT_PER_RT)
        if name in ports or odd:
            raise CellError(f"port {name!r} is named twice or has an odd latency_gt", where=at)
        direction, kind = _choice(full, "direction", ("in", "out"), at), _choice(full, "kind", KINDS, at)
        ports[name] = Port(name, _position(full, drawing, at), direction, kind, side, latency)
        units[name] = _text(full, "unit", at)
    return MappingProxyType(ports), MappingProxyType(units)


def _probes(value: object, drawing: Drawing, where: str) -> Mapping[str, Pos]:
    probes: dict[str, Pos] = {}
    for number, row in enumerate(_list(value, f"{where}, probes"), 1):
        at = f"{where}, probe {number}"
        _keys(row, {"name", "pos"}, {"name", "pos"}, at)
        probes[_text(row, "name", at)] = _position(row, drawing, at)
    return MappingProxyType(probes)


def _timing(value: object, where: str) -> Mapping[str, int | str]:
    if not isinstance(value, dict):
        raise CellError("is not a table", where=where)
    out: dict[str, int | str] = {}
    for key in value:
        out[key] = _integer(value, key, where) if key.endswith("_gt") else _text(value, key, where)
    return MappingProxyType(out)


def _texts(value: object, where: str) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise CellError("is not a table", where=where)
    return MappingProxyType({key: _text(value, key, where) for key in value})
