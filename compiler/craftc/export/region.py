"""Region files (.mca): 32 x 32 chunks in sectors of 4096 bytes.

    bytes 0..4095      per chunk (x & 31) + 32 (z & 31): sector number (3 bytes), sector count (1 byte)
    bytes 4096..8191   time stamps, all 0 here so that equal worlds give equal bytes
    from sector 2      u32 length (1 + compressed bytes), byte 2 (zlib), data, padded to a sector

A chunk of more than 255 sectors goes to its own file c.X.Z.mcc and sets bit 7 of the type byte.
Source: Minecraft Wiki, "Region file format".
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np

from craftc.errors import FormatError
from craftc.export import nbt_read

SECTOR = 4096
MAX_SECTORS = 255
SIDE = 32

_HEADER = 2 * SECTOR
_ZLIB, _GZIP, _RAW, _APART = 2, 1, 3, 128


def region_name(chunk_x: int, chunk_z: int) -> str:
    """Return the file name of the region that holds a chunk."""
    return f"r.{chunk_x >> 5}.{chunk_z >> 5}.mca"


class RegionWriter:
    """Writes the chunks of one region as they come; the header comes last. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._table = np.zeros(SIDE * SIDE, dtype=">u4")
        self._next = _HEADER // SECTOR
        self._file = path.open("wb")
        self._file.write(bytes(_HEADER))

    def add(self, chunk_x: int, chunk_z: int, packed: bytes) -> None:
        """Append a zlib-compressed chunk document."""
        kind, data = _ZLIB, packed
        if -(-(len(packed) + 5) // SECTOR) > MAX_SECTORS:
            (self.path.parent / f"c.{chunk_x}.{chunk_z}.mcc").write_bytes(packed)
            kind, data = _ZLIB | _APART, b""
        sectors = -(-(len(data) + 5) // SECTOR)
        record = (len(data) + 1).to_bytes(4, "big") + bytes((kind,)) + data
        self._file.write(record.ljust(sectors * SECTOR, b"\0"))
        self._table[(chunk_x & 31) + SIDE * (chunk_z & 31)] = self._next << 8 | sectors
        self._next += sectors

    def __enter__(self) -> RegionWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if kind is None:
                self._file.seek(0)
                self._file.write(self._table.tobytes())


class RegionReader:
    """Checked access to the chunks of one region file.

    Raises FormatError (file, chunk, why) if the name or header is malformed, sectors overlap or lie
    outside the file, or a record is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        parts = path.name.split(".")
        try:
            self.x, self.z = int(parts[1]), int(parts[2])
        except (IndexError, ValueError) as error:
            raise FormatError("not a region file name", where=str(path), legal="r.X.Z.mca") from error
        try:
            self._data = np.memmap(path, dtype=np.uint8, mode="r")
        except (OSError, ValueError) as error:
            raise FormatError(f"cannot be read: {error}", where=str(path), legal="a region file") from error
        if self._data.size < _HEADER:
            why = f"{self._data.size} bytes, shorter than its header"
            raise FormatError(why, where=str(path), legal=f"at least {_HEADER} bytes")
        table = self._data[:SECTOR].view(">u4").astype(np.int64)
        self._start, self._count = table >> 8, table & 255
        self._check_sectors()

    def _check_sectors(self) -> None:
        used = np.flatnonzero(self._count)
        order = used[np.argsort(self._start[used], kind="stable")]
        ends = self._start[order] + self._count[order]
        if order.size and self._start[order[0]] < 2:
            raise self._fail(int(order[0]), "its sectors overlap the header", "sector 2 or later")
        clash = np.flatnonzero(self._start[order[1:]] < ends[:-1])
        if clash.size:
            raise self._fail(int(order[clash[0] + 1]), "its sectors overlap those of another chunk")

    def _fail(self, slot: int, why: str, legal: str = "") -> FormatError:
        return FormatError(why, where=self.label(*self.chunk_at(slot)), legal=legal)

    def label(self, chunk_x: int, chunk_z: int) -> str:
        """Return the words that name a chunk of this file in messages."""
        return f"{self.path}, chunk ({chunk_x}, {chunk_z})"

    def chunk_at(self, slot: int) -> tuple[int, int]:
        """Return the chunk coordinates of a header entry."""
        return (self.x * SIDE + slot % SIDE, self.z * SIDE + slot // SIDE)

    def chunks(self) -> Iterator[tuple[int, int]]:
        """Yield the coordinates of the chunks present, in header order."""
        for slot in np.flatnonzero(self._count):
            yield self.chunk_at(int(slot))

    def has(self, chunk_x: int, chunk_z: int) -> bool:
        """Return whether the header lists a chunk."""
        inside = (chunk_x >> 5, chunk_z >> 5) == (self.x, self.z)
        return inside and bool(self._count[(chunk_x & 31) + SIDE * (chunk_z & 31)])

    def document(self, chunk_x: int, chunk_z: int) -> bytes:
        """Return the uncompressed NBT of a chunk that is present."""
        slot = (chunk_x & 31) + SIDE * (chunk_z & 31)
        at, room = int(self._start[slot]) * SECTOR, int(self._count[slot]) * SECTOR
        if at + 5 > self._data.size:
            why = f"starts at byte {at} but the file has {self._data.size}"
            raise self._fail(slot, why, "a complete file")
        length = int.from_bytes(self._data[at : at + 4].tobytes(), "big")
        if not 1 <= length <= room - 4:
            raise self._fail(slot, f"record length {length} in {room} bytes of sectors", f"1..{room - 4}")
        if at + 4 + length > self._data.size:
            why = f"ends at byte {at + 4 + length} but the file has {self._data.size}"
            raise self._fail(slot, why, "a complete file")
        packed = self._data[at + 5 : at + 4 + length].tobytes()
        return self._expand(slot, int(self._data[at + 4]), packed)

    def _expand(self, slot: int, kind: int, packed: bytes) -> bytes:
        where = self.label(*self.chunk_at(slot))
        if kind & _APART:
            apart = self.path.parent / "c.{}.{}.mcc".format(*self.chunk_at(slot))
            try:
                packed = apart.read_bytes()
            except OSError as error:
                raise FormatError(f"its file {apart.name} cannot be read", where=where) from error
        if kind & 127 == _GZIP:
            return nbt_read.unpack_gzip(packed, where)
        if kind & 127 == _RAW:
            return packed
        if kind & 127 != _ZLIB:
            raise FormatError(f"compression type {kind}", where=where, legal="1 gzip, 2 zlib or 3 none")
        engine = zlib.decompressobj()
        try:
            out = engine.decompress(packed)
        except zlib.error as error:
            raise FormatError(f"its data are damaged: {error}", where=where, legal="a zlib stream") from error
        if not engine.eof or engine.unused_data:
            raise FormatError("its zlib stream does not end with the record", where=where)
        return out
