"""NBT, the tagged binary format of Minecraft files: typed encoder.

It builds `Tag` values (kind and big-endian payload) with one function per type, so that streamed
writers can join payloads that they made themselves. `nbt_read` is the way back.
Source of the layout: Minecraft Wiki, "NBT format".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.errors import FormatError

END, BYTE, SHORT, INT, LONG, FLOAT, DOUBLE = range(7)
BYTE_ARRAY, STRING, LIST, COMPOUND, INT_ARRAY, LONG_ARRAY = range(7, 13)

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
