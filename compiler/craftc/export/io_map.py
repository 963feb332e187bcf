"""The interface of a machine as io.json: where its levers, buttons, lamps and registers stand.

All positions are world coordinates (x, y, z). Names that every machine has:

    inputs     lever_<i> (level), run and reset (pulse)
    outputs    class_<j> and done
    registers  h.<layer>.<j>, an activation: a repeater per bit, the low bit first, powered = 1; or one
               position whose level is the value

    {"version": 1, "origin": [x, y, z], "box": {"low": [x, y, z], "high": [x, y, z]},
     "inputs": {"run": {"block": "stone_button", "kind": "pulse", "pos": [x, y, z]}, ...},
     "outputs": {"done": {"block": "redstone_lamp", "pos": [x, y, z]}, ...},
     "registers": {"h.0.3": {"bits": [[x, y, z], ...], "layer": 0, "index": 3, "at_gt": 2310}, ...},
     "probes": {"name": [x, y, z], ...},
     "expected": {"slots": n, "game_ticks_per_inference": n, "word_period_gt": n}}

`at_gt` says when a register holds its value, in game ticks after the press of run; without it the value
is read when the machine has come to rest. `high` is exclusive. Unknown keys are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from craftc.errors import FormatError
from craftc.export.safe import atomic_write

Pos = tuple[int, int, int]
InputKind = Literal["pulse", "level"]

VERSION = 1
FILE = Path("craftc") / "io.json"
BITS = 4
RUN, RESET, DONE = "run", "reset", "done"
_LEVER, _CLASS = re.compile(r"lever_(\d+)"), re.compile(r"class_(\d+)")
_TOP = ("box", "expected", "inputs", "origin", "outputs", "probes", "registers", "version")
_EXPECTED = ("game_ticks_per_inference", "slots", "word_period_gt")


@dataclass(frozen=True, slots=True)
class Input:
    """A lever ("level") or a button ("pulse")."""

    pos: Pos
    block: str
    kind: InputKind


@dataclass(frozen=True, slots=True)
class Output:
    """A lamp."""

    pos: Pos
    block: str = "redstone_lamp"


@dataclass(frozen=True, slots=True)
class Register:
    """An activation: `bits` (low bit first), or else one `pos` whose level 0..15 is the value."""

    layer: int
    index: int
    bits: tuple[Pos, ...] = ()
    pos: Pos | None = None
    at_gt: int | None = None

    @property
    def cells(self) -> tuple[Pos, ...]:
        """The positions that are read."""
        return self.bits if self.pos is None else (self.pos,)


@dataclass(frozen=True, slots=True)
class Expected:
    """What one inference should take."""

    slots: int
    game_ticks_per_inference: int
    word_period_gt: int


@dataclass(frozen=True, slots=True)
class IoMap:
    """The interface of one machine. `low` <= position < `high` for every position.

    Raises FormatError on construction if a name, number or position breaks the rules of this module.
    """

    low: Pos
    high: Pos
    inputs: Mapping[str, Input]
    outputs: Mapping[str, Output]
    expected: Expected
    registers: Mapping[str, Register] = field(default_factory=dict)
    probes: Mapping[str, Pos] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(self)

    @property
    def levers(self) -> tuple[Pos, ...]:
        """Positions of lever_0, lever_1, ..."""
        return tuple(self.inputs[f"lever_{i}"].pos for i in range(_count(self.inputs, _LEVER)))

    @property
    def classes(self) -> tuple[Pos, ...]:
        """Positions of class_0, class_1, ..."""
        return tuple(self.outputs[f"class_{j}"].pos for j in range(_count(self.outputs, _CLASS)))

    def local(self, pos: Pos) -> Pos:
        """Return array coordinates (from the low corner) of a world position."""
        return (pos[0] - self.low[0], pos[1] - self.low[1], pos[2] - self.low[2])

    def cells(self) -> frozenset[Pos]:
        """Return all positions of the interface in array coordinates."""
        return frozenset(self.local(pos) for _, pos in _positions(self))


def _count(names: Iterable[str], pattern: re.Pattern[str]) -> int:
    return sum(pattern.fullmatch(name) is not None for name in names)


def _check(io: IoMap) -> None:
    if any(a >= b for a, b in zip(io.low, io.high, strict=True)):
        raise FormatError(f"box {io.low}..{io.high} is empty", where="io map", legal="low < high")
    for name, found in sorted(_positions(io)):
        if not all(lo <= v < hi for lo, v, hi in zip(io.low, found, io.high, strict=True)):
            raise FormatError(f"{name} at {found} lies outside", where="io map", legal=f"{io.low}..{io.high}")
    for prefix, names, pattern in (("lever_", io.inputs, _LEVER), ("class_", io.outputs, _CLASS)):
        wanted = {f"{prefix}{i}" for i in range(_count(names, pattern))}
        missing = sorted(wanted - set(names))
        if missing or not wanted:
            absent = missing[0] if missing else f"{prefix}0"
            raise FormatError(f"has no {absent}", where="io map", legal=f"{prefix}0, {prefix}1, ...")
    for name, legal in ((RUN, io.inputs), (RESET, io.inputs), (DONE, io.outputs)):
        if name not in legal:
            raise FormatError(f"has no {name}", where="io map", legal="run, reset, done")
    for name, register in sorted(io.registers.items()):
        _check_register(name, register, io.expected.game_ticks_per_inference)
    if min(io.expected.game_ticks_per_inference, io.expected.slots, io.expected.word_period_gt) < 1:
        raise FormatError(f"expected is {io.expected}", where="io map", legal="numbers above 0")


def _check_register(name: str, register: Register, latest_gt: int) -> None:
    where = f"io map, register {name}"
    if name != f"h.{register.layer}.{register.index}" or min(register.layer, register.index) < 0:
        raise FormatError(f"is named {name}", where=where, legal=f"h.{register.layer}.{register.index}")
    if (register.pos is None) != (len(register.bits) == BITS) or (register.pos and register.bits):
        raise FormatError(f"has {len(register.bits)} bits", where=where, legal=f"{BITS} bits, or one pos")
    if register.at_gt is not None and not 1 <= register.at_gt <= latest_gt:
        raise FormatError(f"at_gt is {register.at_gt}", where=where, legal=f"1..{latest_gt}")


def _positions(io: IoMap) -> Iterable[tuple[str, Pos]]:
    yield from ((name, i.pos) for name, i in io.inputs.items())
    yield from ((name, o.pos) for name, o in io.outputs.items())
    yield from ((name, cell) for name, r in io.registers.items() for cell in r.cells)
    yield from io.probes.items()


# --- JSON -----------------------------------------------------------------------------------


def to_plain(io: IoMap) -> dict[str, Any]:
    """Return the dictionary that io.json holds."""
    return {
        "version": VERSION,
        "origin": list(io.low),
        "box": {"low": list(io.low), "high": list(io.high)},
        "inputs": {
            n: {"pos": list(i.pos), "block": i.block, "kind": i.kind} for n, i in sorted(io.inputs.items())
        },
        "outputs": {n: {"pos": list(o.pos), "block": o.block} for n, o in sorted(io.outputs.items())},
        "registers": {n: _plain_register(r) for n, r in sorted(io.registers.items())},
        "probes": {n: list(p) for n, p in sorted(io.probes.items())},
        "expected": {key: getattr(io.expected, key) for key in _EXPECTED},
    }


def _plain_register(register: Register) -> dict[str, Any]:
    plain: dict[str, Any] = {"layer": register.layer, "index": register.index}
    if register.pos is None:
        plain["bits"] = [list(b) for b in register.bits]
    else:
        plain |= {"pos": list(register.pos), "kind": "level"}
    if register.at_gt is not None:
        plain["at_gt"] = register.at_gt
    return plain


def dumps(io: IoMap) -> str:
    """Return the text of io.json; equal maps give equal text."""
    return json.dumps(to_plain(io), indent=1, sort_keys=True) + "\n"


def save_io(io: IoMap, path: Path) -> None:
    """Write io.json whole or not at all. Raises OutputError if it cannot be written."""
    atomic_write(path, dumps(io).encode())


def load_io(path: Path) -> IoMap:
    """Return the interface in a file. Raises FormatError naming the file and the field."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FormatError("no such file", where=str(path), legal="a folder that craftc build made") from error
    except (OSError, ValueError) as error:
        raise FormatError(f"cannot be read: {error}", where=str(path), legal="an intact io.json") from error
    return from_plain(plain, str(path))


def from_plain(plain: Any, where: str = "io.json") -> IoMap:
    """Return the interface in a dictionary. Raises FormatError naming the field that breaks the format."""
    if isinstance(plain, dict) and plain.get("version") != VERSION:
        raise FormatError(f"version is {plain.get('version')!r}", where=where, legal=str(VERSION))
    top = _fields(plain, where, _TOP)
    box = _fields(top["box"], f"{where}, box", ("low", "high"))
    low, high = _pos(box["low"], f"{where}, box low"), _pos(box["high"], f"{where}, box high")
    if _pos(top["origin"], f"{where}, origin") != low:
        raise FormatError("origin is not the low corner of the box", where=where, legal=str(list(low)))
    counts = _fields(top["expected"], f"{where}, expected", _EXPECTED)
    expected = Expected(**{k: _int(v, f"{where}, expected {k}") for k, v in counts.items()})
    try:
        return IoMap(
            low, high,
            {n: _input(v, f"{where}, input {n}") for n, v in _table(top["inputs"], where)},
            {n: _output(v, f"{where}, output {n}") for n, v in _table(top["outputs"], where)},
            expected,
            {n: _register(v, f"{where}, register {n}") for n, v in _table(top["registers"], where)},
            {n: _pos(v, f"{where}, probe {n}") for n, v in _table(top["probes"], where)},
        )  # fmt: skip
    except FormatError as error:
        if error.where.startswith(where):
            raise
        raise FormatError(error.message, where=f"{where}, {error.where}", legal=error.legal) from error


def _fields(plain: Any, where: str, keys: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    if not isinstance(plain, dict):
        raise FormatError("is no JSON object", where=where, legal=", ".join(keys))
    unknown = sorted(set(plain) - set(keys) - set(optional))
    missing = sorted(set(keys) - set(plain))
    if unknown or missing:
        what = f"unknown key {unknown[0]!r}" if unknown else f"no key {missing[0]!r}"
        raise FormatError(what, where=where, legal=", ".join((*keys, *optional)))
    return plain


def _table(plain: Any, where: str) -> Iterable[tuple[str, Any]]:
    if not isinstance(plain, dict):
        raise FormatError("is no JSON object", where=where, legal="names and what they mean")
    return plain.items()


def _int(value: Any, where: str) -> int:
    if type(value) is not int:
        raise FormatError(f"is {value!r}", where=where, legal="an integer")
    return value


def _str(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise FormatError(f"is {value!r}", where=where, legal="a string")
    return value


def _pos(value: Any, where: str) -> Pos:
    if not isinstance(value, list) or len(value) != 3 or any(type(v) is not int for v in value):
        raise FormatError(f"is {value!r}", where=where, legal="[x, y, z]")
    return (value[0], value[1], value[2])


def _input(plain: Any, where: str) -> Input:
    found = _fields(plain, where, ("pos", "block", "kind"))
    if found["kind"] not in ("pulse", "level"):
        raise FormatError(f"kind is {found['kind']!r}", where=where, legal="pulse or level")
    return Input(_pos(found["pos"], where), _str(found["block"], where), cast(InputKind, found["kind"]))


def _output(plain: Any, where: str) -> Output:
    found = _fields(plain, where, ("pos", "block"))
    return Output(_pos(found["pos"], where), _str(found["block"], where))


def _register(plain: Any, where: str) -> Register:
    level = isinstance(plain, dict) and "pos" in plain
    keys = ("layer", "index", "pos", "kind") if level else ("layer", "index", "bits")
    found = _fields(plain, where, keys, ("at_gt",))
    if level and found["kind"] != "level":
        raise FormatError(f"kind is {found['kind']!r}", where=where, legal="level")
    at_gt = _int(found["at_gt"], f"{where}, at_gt") if "at_gt" in found else None
    layer, index = _int(found["layer"], f"{where}, layer"), _int(found["index"], f"{where}, index")
    if level:
        return Register(layer, index, pos=_pos(found["pos"], where), at_gt=at_gt)
    if not isinstance(found["bits"], list):
        raise FormatError(f"bits is {found['bits']!r}", where=where, legal="a list of positions")
    return Register(layer, index, tuple(_pos(b, f"{where}, bits") for b in found["bits"]), at_gt=at_gt)
