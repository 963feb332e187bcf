"""NBT, the tagged binary format of Minecraft files: checked decoder.

Values come as int, float, str, list, dict, and numpy arrays for the three array types. Lists of
block entities can be had as runs: items whose bytes are equal except for the position are compared
and read by numpy, so that 10^6 comparators need no Python loop.
Source of the layout: Minecraft Wiki, "NBT format".
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.errors import FormatError
from craftc.export.nbt import (
    BYTE,
    BYTE_ARRAY,
    COMPOUND,
    DOUBLE,
    END,
    FLOAT,
    INT,
    INT_ARRAY,
    LIST,
    LONG,
    LONG_ARRAY,
    SHORT,
    STRING,
)

_NAMES = (
    "end",
    "byte",
    "short",
    "int",
    "long",
    "float",
    "double",
    "byte-array",
    "string",
    "list",
    "compound",
    "int-array",
    "long-array",
)
_FIXED = {BYTE: ">b", SHORT: ">h", INT: ">i", LONG: ">q", FLOAT: ">f", DOUBLE: ">d"}
_STRUCTS = {kind: struct.Struct(form) for kind, form in _FIXED.items()}
_ARRAYS = {BYTE_ARRAY: "i1", INT_ARRAY: ">i4", LONG_ARRAY: ">i8"}
_U16 = struct.Struct(">H")
_MAX_DEPTH = 128
_AHEAD = 8
"""First number of items compared at once in a run; it doubles while they agree."""

_POSITIONS = (
    ({0: b"\x03\0\1x", 8: b"\x03\0\1y", 16: b"\x03\0\1z"}, (4, 12, 20)),
    ({0: b"\x0b\0\3Pos\0\0\0\3"}, (10, 14, 18)),
)
"""Ways in which an item may start so that its x, y, z lie at known bytes: chunk form, schematic form."""


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring items of a list that differ only in their position.

    fields  the first of them, decoded
    xyz     int32 [n, 3], or None for a single item whose position is not in a known place
    """

    fields: dict[str, Any]
    xyz: npt.NDArray[np.int32] | None


class Memo:
    """Compounds of lists named `name` that were decoded before, by their bytes.

    A compound ends itself, so none is the beginning of another: the bytes at the cursor match at
    most one that is known. Repeated items come back as the same object; treat them as read-only.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.known: dict[bytes, dict[str, Any]] = {}
        self.sizes: list[int] = []

    def find(self, data: bytes, at: int) -> tuple[int, dict[str, Any]] | None:
        """Return (size, value) of the known compound at `at`."""
        for size in self.sizes:
            value = self.known.get(data[at : at + size])
            if value is not None:
                return size, value
        return None

    def add(self, raw: bytes, value: dict[str, Any]) -> None:
        """Keep a compound."""
        self.known[raw] = value
        if len(raw) not in self.sizes:
            self.sizes.append(len(raw))


def unpack_gzip(data: bytes, where: str) -> bytes:
    """Return the content of a gzip file. Raises FormatError if it is damaged or no gzip at all."""
    if not data:
        raise FormatError("an empty file", where=where, legal="gzip-compressed NBT")
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(
            f"not a whole gzip file: {error}", where=where, legal="gzip-compressed NBT"
        ) from error


def parse(
    data: bytes, where: str, runs: Iterable[str] = (), memo: Memo | None = None
) -> tuple[str, dict[str, Any]]:
    """Return (root name, root compound) of a whole NBT document.

    Lists of compounds under a name in `runs`, at any depth, come as list[Run]; `memo` speeds up lists
    whose items recur in many documents. Raises FormatError that names `where` and the byte offset if
    the document is cut, nested too deeply, holds an unknown type, or has bytes after its end.
    """
    reader = _Decoder(data, where, frozenset(runs), memo)
    kind = reader.number(BYTE)
    if kind != COMPOUND:
        raise reader.fail(f"the root has type {kind}", "a compound (10)")
    name = reader.text()
    root = reader.compound(0)
    if reader.at != len(data):
        raise reader.fail(f"{len(data) - reader.at} bytes after the end of the root compound", "none")
    return name, root


class _Decoder:
    """Cursor over the bytes of one document."""

    def __init__(self, data: bytes, where: str, runs: frozenset[str], memo: Memo | None) -> None:
        self.data, self.where, self.runs, self.memo, self.at = data, where, runs, memo, 0

    def fail(self, why: str, legal: str = "") -> FormatError:
        return FormatError(why, where=f"{self.where}, NBT byte {self.at}", legal=legal)

    def take(self, size: int, what: str) -> int:
        """Advance by `size`; return the offset before."""
        start = self.at
        if size < 0 or start + size > len(self.data):
            left = len(self.data) - start
            raise self.fail(f"{what} needs {size} bytes but {left} are left", "a complete file")
        self.at = start + size
        return start

    def number(self, kind: int) -> Any:
        form = _STRUCTS[kind]
        return form.unpack_from(self.data, self.take(form.size, _NAMES[kind]))[0]

    def text(self) -> str:
        size = _U16.unpack_from(self.data, self.take(2, "a string length"))[0]
        start = self.take(size, "a string")
        raw = self.data[start : start + size]
        try:
            if raw.isascii():
                return raw.decode("ascii")
            pairs = raw.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
            return pairs.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeError as error:
            raise self.fail(f"a string is not modified UTF-8 ({error})") from error

    def array(self, kind: int) -> npt.NDArray[np.generic]:
        count = self.number(INT)
        item = np.dtype(_ARRAYS[kind])
        start = self.take(count * item.itemsize, f"a {_NAMES[kind]} of {count} values")
        return np.frombuffer(self.data, dtype=item, count=count, offset=start)

    def compound(self, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        while kind := self.number(BYTE):
            name = self.text()
            out[name] = self.list_named(name, depth + 1) if kind == LIST else self.value(kind, depth + 1)
        return out

    def list_named(self, name: str, depth: int) -> list[Any]:
        if name in self.runs:
            return self.grouped(depth)
        if self.memo is None or name != self.memo.name:
            return self.items(depth)
        kind, count = self.list_head()
        if kind != COMPOUND:
            return [self.value(kind, depth + 1) for _ in range(count)]
        return [self.remembered(self.memo, depth + 1) for _ in range(count)]

    def remembered(self, memo: Memo, depth: int) -> dict[str, Any]:
        start = self.at
        hit = memo.find(self.data, start)
        if hit is not None:
            self.at += hit[0]
            return hit[1]
        value = self.compound(depth)
        memo.add(self.data[start : self.at], value)
        return value

    def list_head(self) -> tuple[int, int]:
        """Return (type, count) of a list after checking them."""
        kind, count = self.number(BYTE), self.number(INT)
        if count > 0 and kind == END:
            raise self.fail(f"a list of {count} values without a type")
        if count > len(self.data) - self.at:
            raise self.fail(f"a list of {count} values but {len(self.data) - self.at} bytes are left")
        return kind, count

    def items(self, depth: int) -> list[Any]:
        kind, count = self.list_head()
        return [self.value(kind, depth + 1) for _ in range(count)]

    def grouped(self, depth: int) -> list[Run]:
        """Return a list of compounds as runs."""
        kind, left = self.list_head()
        if left > 0 and kind != COMPOUND:
            raise self.fail(f"a list of {_NAMES[kind] if 0 <= kind < 13 else kind}", "a list of compounds")
        out = []
        while left > 0:
            start = self.at
            fields = self.compound(depth + 1)
            size = self.at - start
            xyz = self.repeats(start, size, left)
            if xyz is not None:
                self.at = start + len(xyz) * size
            left -= 1 if xyz is None else len(xyz)
            out.append(Run(fields, xyz))
        return out

    def repeats(self, start: int, size: int, limit: int) -> npt.NDArray[np.int32] | None:
        """Return the positions of the items of `size` bytes from `start` on that repeat the first one."""
        first = self.data[start : start + size]
        offsets = next((o for m, o in _POSITIONS if all(first.startswith(v, k) for k, v in m.items())), None)
        if offsets is None:
            return None
        rows = np.frombuffer(self.data, np.uint8, offset=start)
        rows = rows[: min(limit, rows.size // size) * size].reshape(-1, size)
        free = np.ones(size, dtype=bool)
        free[[at + i for at in offsets for i in range(4)]] = False
        count, ahead = 1, _AHEAD
        while count < len(rows):
            same = ((rows[count : count + ahead] == rows[0]) | ~free).all(axis=1)
            agree = len(same) if same.all() else int(np.argmin(same))
            count += agree
            if agree < len(same):
                break
            ahead *= 2
        columns = [rows[:count, at : at + 4].copy().view(">i4")[:, 0] for at in offsets]
        return np.stack(columns, axis=1).astype(np.int32)

    def value(self, kind: int, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise self.fail(f"nested deeper than {_MAX_DEPTH} levels")
        if kind in _STRUCTS:
            return self.number(kind)
        if kind in _ARRAYS:
            return self.array(kind)
        if kind == STRING:
            return self.text()
        if kind == LIST:
            return self.items(depth)
        if kind == COMPOUND:
            return self.compound(depth)
        raise self.fail(f"unknown tag type {kind}", "0 to 12")


def want(fields: Mapping[str, Any], key: str, kind: type | tuple[type, ...], where: str) -> Any:
    """Return fields[key] after checking its Python type. Raises FormatError if absent or of another type."""
    if not isinstance(fields, Mapping):
        raise FormatError(f"a {type(fields).__name__} without fields", where=where, legal="a compound")
    value = fields.get(key)
    if isinstance(value, kind):
        return value
    kinds = kind if isinstance(kind, tuple) else (kind,)
    legal = " or ".join(k.__name__ for k in kinds)
    found = "is missing" if value is None else f"is a {type(value).__name__}"
    raise FormatError(f"field {key} {found}", where=where, legal=legal)
