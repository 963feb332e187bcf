"""Which weight file holds what: names, sizes, and the order of rows in a bank (raw bytes, no headers).

A bank is 24 files of two lanes each; P passes fill 2 P rows per file, 20 passes (down: 5). Row j of file i
belongs to lane A, row j + P to lane B, (A, B) = (2 i, 2 i + 1) for even i and swapped for odd i, the
mirrored twin. Pass j on lane l gives output 48 j + l.

Source: the weight files and emulator of sammyuri/craftgpt (MIT), as described by their author.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

WIDTH, LAYERS, HEADS, HIDDEN = 240, 6, 5, 960
CONTEXT, VOCABULARY, NAMED = 64, 1920, 1906
LANES, HEAD = 48, 48
TABLE = 1024
ROM_ENTRIES = 1 << 14

Kind = Literal["codes", "le24"]
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file: `folder/name`, how its bytes are read, how many numbers, the largest of them."""

    folder: str
    name: str
    kind: Kind
    count: int
    most: int

    @property
    def path(self) -> str:
        """Path below the folder of weight files."""
        return f"{self.folder}/{self.name}" if self.folder else self.name

    @property
    def size(self) -> int:
        """Bytes."""
        return self.count * (3 if self.kind == "le24" else 1)


def _group(folder: str, stem: str, files: int, kind: Kind, count: int, most: int) -> list[WeightFile]:
    return [WeightFile(folder, f"{stem}_{n}.bin", kind, count, most) for n in range(1, files + 1)]


FILES: tuple[WeightFile, ...] = (
    *_group("embedding", "wte", 60, "le24", 32 * WIDTH, (1 << 18) - 1),
    *_group("embedding", "wpe", 2, "le24", 32 * WIDTH, (1 << 18) - 1),
    *_group("layernorm", "ln", 2 * LAYERS + 1, "le24", WIDTH, (1 << 24) - 1),
    *_group("attention", "att", 24 * LAYERS, "codes", 40 * WIDTH, 255),
    *_group("mlp", "mlp", 48 * LAYERS, "codes", 40 * WIDTH, 255),
    *_group("unembedding", "lm_head", 48, "codes", 40 * WIDTH, 255),
    WeightFile("", "softmax.bin", "le24", TABLE, (1 << 24) - 1),
    WeightFile("", "softmax_2.bin", "le24", TABLE, (1 << 24) - 1),
    WeightFile("tokens", "chars.bin", "le24", ROM_ENTRIES, 63),
    WeightFile("tokens", "indices.bin", "le24", 2048, ROM_ENTRIES - 1),
    WeightFile("tokens", "trie.bin", "le24", ROM_ENTRIES, (1 << 20) - 1),
)
"""All 560 files, 6,156,432 bytes."""

MINUS_ZERO = 128
"""The one code that no file holds."""


def lane_rows(passes: int) -> npt.NDArray[np.int64]:
    """Returns the output (24, 2 * passes) that each row of each file of a bank belongs to."""
    file = np.arange(24)[:, None]
    swapped = file % 2  # odd files are mirrored twins: their first half is the upper lane
    first = np.broadcast_to(2 * file + swapped, (24, passes))
    second = np.broadcast_to(2 * file + 1 - swapped, (24, passes))
    lanes = np.concatenate([first, second], axis=1)  # (24, 2 P)
    turns = np.tile(np.arange(passes), 2)[None, :]
    found: npt.NDArray[np.int64] = LANES * turns + lanes
    return found


def bank_to_matrix(files: Array) -> Array:
    """Returns the matrix (48 P, n_in) of a bank's files (24, 2 P, n_in), rows in order of outputs."""
    rows = lane_rows(files.shape[1] // 2).ravel()
    matrix = np.empty((rows.size, files.shape[2]), dtype=files.dtype)
    matrix[rows] = files.reshape(rows.size, -1)
    return matrix


def matrix_to_bank(matrix: Array) -> Array:
    """Returns the files (24, 2 P, n_in) of a matrix (48 P, n_in); undoes `bank_to_matrix`."""
    rows = lane_rows(len(matrix) // LANES)
    return matrix[rows]


def split_attention(matrix: Array) -> dict[str, Array]:
    """Returns key, value, query and projection (240, 240) of an attention bank (960, 240).

    Pass 3h gives the keys of head h, 3h+1 the values, 3h+2 the queries, 15+h rows of the projection.
    """
    turns = matrix.reshape(20, LANES, -1)
    parts = {name: turns[k:15:3] for k, name in enumerate(("key", "value", "query"))}
    parts["projection"] = turns[15:]
    return {name: np.ascontiguousarray(part).reshape(WIDTH, -1) for name, part in parts.items()}


def join_attention(parts: dict[str, Array]) -> Array:
    """Returns the attention bank (960, 240) of its four matrices; undoes `split_attention`."""
    turns = np.empty((20, LANES, WIDTH), dtype=parts["key"].dtype)
    for k, name in enumerate(("key", "value", "query")):
        turns[k:15:3] = parts[name].reshape(HEADS, HEAD, WIDTH)
    turns[15:] = parts["projection"].reshape(HEADS, HEAD, WIDTH)
    return turns.reshape(20 * LANES, WIDTH)
