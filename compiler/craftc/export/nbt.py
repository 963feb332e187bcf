"""NBT, the tagged binary format of Minecraft files: typed encoder and checked decoder.

Encoding builds `Tag` values (kind and big-endian payload) with one function per type, so that
streamed writers can join payloads that they made themselves. Decoding gives plain Python values:
int, float, str, list, dict, and numpy arrays for the three array types.
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

END, BYTE, SHORT, INT, LONG, FLOAT, DOUBLE = range(7)
BYTE_ARRAY, STRING, LIST, COMPOUND, INT_ARRAY, LONG_ARRAY = range(7, 13)

_NAMES = [
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
]
_FIXED = {BYTE: ">b", SHORT: ">h", INT: ">i", LONG: ">q", FLOAT: ">f", DOUBLE: ">d"}
_ARRAYS = {BYTE_ARRAY: "i1", INT_ARRAY: ">i4", LONG_ARRAY: ">i8"}
_STRUCTS = {kind: struct.Struct(form) for kind, form in _FIXED.items()}
_MAX_DEPTH = 128
_U16 = struct.Struct(">H")
_I32 = struct.Struct(">i")


@dataclass(frozen=True, slots=True)
class Tag:
    """One value: its type number and its payload, without a name."""

    kind: int
    payload: bytes


def byte(value: int) -> Tag:
    """Return a signed 8-bit tag."""
    return Tag(BYTE, struct.pack(">b", value))


def short(value: int) -> Tag:
    """Return a 16-bit tag; 32,768 to 65,535 are stored as the same bits."""
    return Tag(SHORT, struct.pack(">H", value & 0xFFFF))


def integer(value: int) -> Tag:
    """Return a signed 32-bit tag."""
    return Tag(INT, struct.pack(">i", value))


def long(value: int) -> Tag:
    """Return a signed 64-bit tag."""
    return Tag(LONG, struct.pack(">q", value))


def float32(value: float) -> Tag:
    """Return a 32-bit float tag."""
    return Tag(FLOAT, struct.pack(">f", value))


def float64(value: float) -> Tag:
    """Return a 64-bit float tag."""
    return Tag(DOUBLE, struct.pack(">d", value))


def string(text: str) -> Tag:
    """Return a string tag (Java's modified UTF-8). Raises FormatError above 65,535 bytes."""
    return Tag(STRING, text_payload(text))


def byte_array(values: npt.NDArray[np.generic]) -> Tag:
    """Return a byte-array tag of 8-bit values."""
    return Tag(BYTE_ARRAY, _I32.pack(values.size) + np.ascontiguousarray(values, dtype=np.int8).tobytes())


def int_array(values: Iterable[int]) -> Tag:
    """Return a 32-bit array tag."""
    data = np.fromiter(values, dtype=">i4")
    return Tag(INT_ARRAY, _I32.pack(data.size) + data.tobytes())


def long_array(values: npt.NDArray[np.generic]) -> Tag:
    """Return a 64-bit array tag; unsigned values keep their bits."""
    data = values.astype(">i8") if values.dtype.kind == "i" else values.astype(">u8")
    return Tag(LONG_ARRAY, _I32.pack(values.size) + data.tobytes())


def list_of(kind: int, payloads: Iterable[bytes]) -> Tag:
    """Return a list tag of payloads that all have type `kind`."""
    items = list(payloads)
    return Tag(LIST, list_head(kind, len(items)) + b"".join(items))


def compound(fields: Mapping[str, Tag]) -> Tag:
    """Return a compound tag; fields keep the order of the mapping."""
    return Tag(COMPOUND, b"".join(named(name, tag) for name, tag in fields.items()) + b"\0")


def list_head(kind: int, count: int) -> bytes:
    """Return the first 5 bytes of a list payload; an empty list has type end."""
    return struct.pack(">bi", kind if count else END, count)


def named(name: str, tag: Tag) -> bytes:
    """Return a tag as a field of a compound: type, name, payload."""
    return head(tag.kind, name) + tag.payload


def head(kind: int, name: str) -> bytes:
    """Return the type byte and name before the payload of a field."""
    return bytes((kind,)) + text_payload(name)


def document(fields: Mapping[str, Tag], name: str = "") -> bytes:
    """Return a whole NBT file: the root compound with its name."""
    return named(name, compound(fields))


def text_payload(text: str) -> bytes:
    """Return the length and the modified UTF-8 bytes of a string."""
    if text.isascii() and "\0" not in text:
        data = text.encode("ascii")
    else:
        units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2")
        data = b"".join(chr(u).encode("utf-8", "surrogatepass") if u else b"\xc0\x80" for u in units.tolist())
    if len(data) > 0xFFFF:
        raise FormatError(f"a string of {len(data)} bytes", where="NBT", legal="at most 65,535 bytes")
    return _U16.pack(len(data)) + data


def pack_gzip(data: bytes, level: int = 6) -> bytes:
    """Return `data` compressed as gzip with time stamp 0, so that equal input gives equal bytes."""
    squeeze = zlib.compressobj(level, zlib.DEFLATED, 31)
    return squeeze.compress(data) + squeeze.flush()


def unpack_gzip(data: bytes, where: str) -> bytes:
    """Return the content of a gzip file. Raises FormatError if it is damaged or no gzip at all."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(
            f"not a whole gzip file: {error}", where=where, legal="gzip-compressed NBT"
        ) from error


def parse(data: bytes, where: str) -> tuple[str, dict[str, Any]]:
    """Return (root name, root compound) of a whole NBT document.

    Raises FormatError that names `where` and the byte offset if the document is cut, nested too
    deeply, holds an unknown type, or has bytes after its end.
    """
    reader = _Decoder(data, where)
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

    def __init__(self, data: bytes, where: str) -> None:
        self.data, self.where, self.at = data, where, 0

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
            out[name] = self.value(kind, depth + 1)
        return out

    def items(self, depth: int) -> list[Any]:
        kind, count = self.number(BYTE), self.number(INT)
        if count > 0 and kind == END:
            raise self.fail(f"a list of {count} values without a type")
        if count > len(self.data) - self.at:
            raise self.fail(f"a list of {count} values but {len(self.data) - self.at} bytes are left")
        return [self.value(kind, depth + 1) for _ in range(count)]

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
    value = fields.get(key)
    if isinstance(value, kind):
        return value
    kinds = kind if isinstance(kind, tuple) else (kind,)
    legal = " or ".join(k.__name__ for k in kinds)
    found = "is missing" if value is None else f"is a {type(value).__name__}"
    raise FormatError(f"field {key} {found}", where=where, legal=legal)
