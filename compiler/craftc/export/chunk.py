"""One chunk of the Anvil format (since 1.18) as NBT bytes, and packed integers both ways.

Section data: 4096 palette indices in order y*256 + z*16 + x, each of max(4, ceil(log2 n)) bits,
floor(64 / bits) per 64-bit word from the lowest bits up, never crossing a word (Minecraft Wiki,
"Chunk format"). Heightmaps: 256 values of 9 bits in order z*16 + x, packed the same way.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from craftc.blocks import BlockState
from craftc.export import nbt
from craftc.export.container import McVersion
from craftc.export.entities import Coding

MIN_Y = -64
MAX_Y = 319
SECTIONS = range(MIN_Y // 16, (MAX_Y + 1) // 16)
"""Section numbers of the overworld, -4..19."""

CELLS = 4096
HEIGHT_BITS = 9
HEIGHTMAPS = ("MOTION_BLOCKING", "MOTION_BLOCKING_NO_LEAVES", "OCEAN_FLOOR", "WORLD_SURFACE")

_U16 = npt.NDArray[np.uint16]
_BIOMES = nbt.named(
    "biomes",
    nbt.compound({"palette": nbt.list_of(nbt.STRING, [nbt.text_payload("minecraft:the_void")])}),
)


def bits_for(states: int) -> int:
    """Return the bits per block of a section palette of `states` entries."""
    return max(4, (states - 1).bit_length())


def pack(values: npt.NDArray[np.integer], bits: int) -> npt.NDArray[np.uint64]:
    """Return the words that hold `values` of `bits` bits each, floor(64 / bits) per word."""
    per = 64 // bits
    words = -(-values.size // per)
    padded = np.zeros(words * per, dtype=np.uint64)
    padded[: values.size] = values
    grid = padded.reshape(words, per)
    out = grid[:, 0].copy()
    for lane in range(1, per):
        out |= grid[:, lane] << np.uint64(lane * bits)
    return out


def unpack(words: npt.NDArray[np.generic], bits: int, count: int) -> _U16:
    """Return `count` values from packed words; the inverse of `pack`."""
    per = 64 // bits
    plain = words.astype(np.int64).view(np.uint64)
    out = np.empty((plain.size, per), dtype=np.uint16)
    mask = np.uint64((1 << bits) - 1)
    for lane in range(per):
        out[:, lane] = (plain >> np.uint64(lane * bits)) & mask
    return out.reshape(-1)[:count]


def words_for(bits: int, count: int = CELLS) -> int:
    """Return how many words `count` packed values take."""
    return -(-count // (64 // bits))


class ChunkEncoder:
    """Makes chunk documents for one palette. Nothing is kept between chunks."""

    def __init__(self, code: Coding, mc: McVersion) -> None:
        self.code = code
        self._states = [_state_payload(s) for s in code.states]
        self._lookup = np.zeros(len(code.states), dtype=np.uint16)
        self._version = nbt.named("DataVersion", nbt.integer(mc.data_version))
        self._air = {y: self._single(y, 0) for y in SECTIONS}

    def encode(self, x: int, z: int, ids: _U16, floor: int, ticks: Sequence[bytes] = ()) -> tuple[bytes, int]:
        """Return (NBT document, number of block entities) of chunk (x, z).

        `ids` [16 k, 16, 16] are palette indices of whole sections from world height `floor` up
        (a multiple of 16); everything else is air. k = 0 gives an empty chunk. `ticks` are the payloads of
        its scheduled block ticks (ticks.py).
        """
        count, entities = self._entities(x, z, ids, floor)
        states = self.code.state_of[ids]
        fields = {
            "xPos": nbt.integer(x),
            "zPos": nbt.integer(z),
            "yPos": nbt.integer(SECTIONS.start),
            "Status": nbt.string("minecraft:full"),
            "LastUpdate": nbt.long(0),
            "InhabitedTime": nbt.long(0),
            "isLightOn": nbt.byte(0),
            "sections": nbt.list_of(nbt.COMPOUND, self._sections(states, floor)),
            "block_entities": nbt.Tag(nbt.LIST, nbt.list_head(nbt.COMPOUND, count) + entities),
            "block_ticks": nbt.list_of(nbt.COMPOUND, ticks),
            "fluid_ticks": nbt.list_of(nbt.COMPOUND, ()),
            "PostProcessing": nbt.list_of(nbt.LIST, ()),
            "structures": nbt.compound({"References": nbt.compound({}), "starts": nbt.compound({})}),
            "Heightmaps": _heightmaps(states, floor),
        }
        body = b"".join(nbt.named(k, v) for k, v in fields.items())
        return nbt.head(nbt.COMPOUND, "") + self._version + body + b"\0", count

    def _entities(self, x: int, z: int, ids: _U16, floor: int) -> tuple[int, bytes]:
        kinds = self.code.entity_of[ids].reshape(-1)
        hits = np.flatnonzero(kinds)
        if not hits.size:
            return 0, b""
        columns = ((hits & 15) + 16 * x, (hits >> 8) + floor, (hits >> 4 & 15) + 16 * z)
        return hits.size, self.code.payloads(kinds[hits], np.stack(columns, axis=1).astype(np.int32))

    def _sections(self, states: _U16, floor: int) -> list[bytes]:
        first = floor // 16
        boxes = states.reshape(-1, CELLS)
        return [
            self._section(y, boxes[y - first]) if first <= y < first + len(boxes) else self._air[y]
            for y in SECTIONS
        ]

    def _section(self, y: int, cells: _U16) -> bytes:
        if not cells.any():
            return self._air[y]
        used = np.flatnonzero(np.bincount(cells, minlength=len(self._states)))
        if used.size == 1:
            return self._single(y, int(used[0]))
        self._lookup[used] = np.arange(used.size)
        data = nbt.long_array(pack(self._lookup[cells], bits_for(used.size)))
        return self._compound(y, used.tolist(), nbt.named("data", data))

    def _single(self, y: int, state: int) -> bytes:
        return self._compound(y, [state], b"")

    def _compound(self, y: int, used: Sequence[int], data: bytes) -> bytes:
        palette = nbt.list_of(nbt.COMPOUND, (self._states[i] for i in used))
        blocks = nbt.named("palette", palette) + data + b"\0"
        return nbt.named("Y", nbt.byte(y)) + nbt.head(nbt.COMPOUND, "block_states") + blocks + _BIOMES + b"\0"


def _state_payload(state: BlockState) -> bytes:
    fields = {"Name": nbt.string(state.name)}
    if state.props:
        fields["Properties"] = nbt.compound({k: nbt.string(v) for k, v in state.props})
    return nbt.compound(fields).payload


def _heightmaps(states: _U16, floor: int) -> nbt.Tag:
    """Return the four maps: highest block that is not air, as y - MIN_Y + 1, 0 for an empty column."""
    tops = np.zeros(256, dtype=np.int64)
    if states.size:
        filled = states.reshape(-1, 256) != 0
        from_top = filled[::-1].argmax(axis=0)
        tops = np.where(filled.any(axis=0), len(filled) - from_top + floor - MIN_Y, 0)
    words = nbt.long_array(pack(tops, HEIGHT_BITS))
    return nbt.compound(dict.fromkeys(HEIGHTMAPS, words))
