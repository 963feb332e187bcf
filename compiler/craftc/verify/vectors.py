"""Test vectors of a build: input bits, the right class where it is known, and where they come from.

The file is an .npz of `packed` (n, ceil(n_in / 8)) uint8, `n_in`, `labels` (n,) int64 with -1 for unknown,
and `index` (n,) int64, the number of the image in its source.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from craftc.errors import ConfigError, FormatError, ModelError
from craftc.export.safe import atomic_write
from craftc.model.digits import load_images
from craftc.model.quantize import load_calibration

Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]

UNKNOWN = -1
_KEYS = ("index", "labels", "n_in", "packed")
_LEGAL = "an intact vectors.npz of a build"


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """Inputs (n, n_in) of 0 and 1, labels (n,) or UNKNOWN, and source numbers (n,)."""

    bits: UInt8
    labels: Int64
    index: Int64

    def __post_init__(self) -> None:
        n = len(self.bits)
        if self.bits.ndim != 2 or self.labels.shape != (n,) or self.index.shape != (n,) or not n:
            shapes = f"{self.bits.shape}, {self.labels.shape}, {self.index.shape}"
            raise ConfigError(f"shapes are {shapes}", where="vectors", legal="(n, n_in), (n,), (n,), n >= 1")
        if self.bits.size and int(self.bits.max()) > 1:
            raise ConfigError(f"a bit is {int(self.bits.max())}", where="vectors", legal="0 or 1")

    def __len__(self) -> int:
        """Number of vectors."""
        return int(self.labels.size)

    @property
    def n_in(self) -> int:
        """Inputs of one vector."""
        return int(self.bits.shape[1])

    def first(self, limit: int | None) -> Vectors:
        """Return the first `limit` vectors (None: all). Raises ConfigError for a limit below 1."""
        if limit is None or limit >= len(self):
            return self
        if limit < 1:
            raise ConfigError(f"limit is {limit}", where="vectors", legal="1 or more")
        return Vectors(self.bits[:limit], self.labels[:limit], self.index[:limit])

    def label(self, number: int) -> int | None:
        """Return the right class of a vector, or None."""
        found = int(self.labels[number])
        return None if found == UNKNOWN else found


def image_vectors(path: Path) -> Vectors:
    """Return the images of a file that `craftc train digits` wrote. Raises ModelError for anything else."""
    images = load_images(path)
    return Vectors(images.bits.astype(np.uint8), images.labels, images.index)


def read_vectors(path: Path, n_in: int, classes: int) -> Vectors:
    """Return the vectors of an .npz: images that `craftc train digits` wrote, or x (n, n_in) and y (n,).

    x holds 0 and 1; y, the right classes, may be missing. Raises ModelError for anything else, and for
    vectors of another network.
    """
    where = str(path)
    if _names(path) >= {"packed", "threshold"}:
        found = image_vectors(path)
        if found.n_in != n_in:
            raise ModelError(f"its images have {found.n_in} pixels", where=where, legal=f"{n_in}")
        return found
    x = load_calibration(path, n_in)
    labels = np.full(len(x), UNKNOWN, dtype=np.int64)
    if "y" in _names(path):
        with np.load(path, allow_pickle=False) as stored:
            y = stored["y"]
        if y.shape != (len(x),) or y.dtype.kind not in "iu" or int(y.min()) < 0 or int(y.max()) >= classes:
            raise ModelError(f"y is {y.dtype} {y.shape}", where=where,
                             legal=f"{len(x)} whole numbers, 0..{classes - 1}")  # fmt: skip
        labels = y.astype(np.int64)
    return Vectors(x.astype(np.uint8), labels, np.arange(len(x), dtype=np.int64))


def _names(path: Path) -> frozenset[str]:
    """Return the names of the arrays in an .npz file, none for a file that is not one."""
    try:
        with zipfile.ZipFile(path) as archive:
            return frozenset(name.removesuffix(".npy") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return frozenset()


def random_vectors(n_in: int, count: int, seed: int) -> Vectors:
    """Return `count` random vectors of unknown class; equal arguments give equal vectors."""
    bits = np.random.default_rng(seed).integers(0, 2, (count, n_in), dtype=np.uint8)
    return Vectors(bits, np.full(count, UNKNOWN, dtype=np.int64), np.arange(count, dtype=np.int64))


def save_vectors(vectors: Vectors, path: Path) -> None:
    """Write vectors whole or not at all; equal vectors give equal bytes. Raises OutputError."""
    buffer = io.BytesIO()
    packed = np.packbits(vectors.bits, axis=1)
    n_in = np.array(vectors.n_in, dtype=np.int64)
    np.savez(buffer, packed=packed, n_in=n_in, labels=vectors.labels, index=vectors.index)
    atomic_write(path, buffer.getvalue())


def load_vectors(path: Path) -> Vectors:
    """Return the vectors of a file that `save_vectors` wrote. Raises FormatError for anything else."""
    where = str(path)
    try:
        with np.load(path, allow_pickle=False) as stored:
            if sorted(stored.files) != list(_KEYS):
                raise FormatError(f"arrays are {sorted(stored.files)}", where=where, legal=", ".join(_KEYS))
            found = {key: np.asarray(stored[key]) for key in _KEYS}
    except FileNotFoundError as error:
        raise FormatError("no such file", where=where, legal=_LEGAL) from error
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise FormatError("is not an .npz file of vectors", where=where, legal=_LEGAL) from error
    return _unpacked(found, where)


def _unpacked(found: dict[str, npt.NDArray[np.generic]], where: str) -> Vectors:
    packed, labels, index, n_in = found["packed"], found["labels"], found["index"], found["n_in"]
    kinds = [str(a.dtype) for a in (packed, labels, index, n_in)]
    width = int(n_in.astype(np.int64)) if n_in.shape == () and n_in.dtype == np.int64 else -1
    if kinds != ["uint8", "int64", "int64", "int64"] or packed.ndim != 2 or width < 1:
        raise FormatError(f"types are {', '.join(kinds)}", where=where, legal=_LEGAL)
    if packed.shape[1] != -(-width // 8):
        raise FormatError(f"{packed.shape[1]} bytes for {width} inputs", where=where, legal=_LEGAL)
    try:
        bits = np.unpackbits(packed.astype(np.uint8), axis=1, count=width)
        return Vectors(bits, labels.astype(np.int64), index.astype(np.int64))
    except ConfigError as error:
        raise FormatError(error.message, where=where, legal=error.legal) from error
