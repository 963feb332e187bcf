"""The handwritten digits: 1,797 scans of 8x8 pixels, binarised to the 64 levers of the panel.

Origin: "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI Machine
Learning Repository, CC BY 4.0; the 1,797 images of its test part as scikit-learn ships them
(`sklearn.datasets.load_digits`), values 0..16 per pixel. A lever is on where the value is above
`THRESHOLD`. Pixel order is row-major from the top left: bit 8*row + column.

scikit-learn is needed for training only. The 360 test images, bit-packed, with their labels
and the scan numbers, lie in weights/digits-test.npz and are read without it.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from craftc.errors import ConfigError, ModelError
from craftc.model.checkpoint import Int64

THRESHOLD = 7  # of 16; a lever is on above it, chosen by 5-fold validation on the training images
SPLIT_SEED = 1
TEST_IMAGES = 360  # 20 % of 1,797, rounded up
SIDE = 8  # pixels per row and rows per image
CLASSES = 10
_KEYS = ("index", "labels", "packed", "threshold")

UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class ImageSet:
    """Binarised images with labels."""

    bits: Int64  # (n, 64), 0 or 1
    labels: Int64  # (n,), 0..9
    index: Int64  # (n,), position in the original set of 1,797

    def __len__(self) -> int:
        """Number of images."""
        return int(self.labels.size)


@dataclass(frozen=True, slots=True, eq=False)
class Digits:
    """The two parts of the split, and the grey values that training may dither."""

    train: ImageSet
    test: ImageSet
    train_grey: UInt8  # (n_train, 64), 0..16


def _load_grey() -> tuple[UInt8, Int64]:
    """Returns the grey images (1797, 64) 0..16 and labels; ConfigError without scikit-learn."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ConfigError(
            "training on the digits needs scikit-learn, which is not installed",
            where="digits",
            legal="pip install 'craftc[train]'",
        ) from error
    found = load_digits()
    return found.data.astype(np.uint8), found.target.astype(np.int64)


def digits_split(
    labels: npt.ArrayLike, seed: int = SPLIT_SEED, n_test: int = TEST_IMAGES
) -> tuple[Int64, Int64]:
    """Returns (train, test) indices, ascending: a stratified split that depends on labels and seed only.

    Every class gives floor(n_test * share) images to the test part; the classes with the largest
    remainders (lowest class first on a tie) give one more until there are n_test.
    """
    values = np.asarray(labels, dtype=np.int64)
    classes, counts = np.unique(values, return_counts=True)
    exact = counts * n_test  # numerators over len(values)
    take = exact // values.size
    order = np.lexsort((classes, -(exact % values.size)))
    take[order[: n_test - int(take.sum())]] += 1
    rng = np.random.default_rng(seed)
    parts = [
        rng.permutation(np.flatnonzero(values == cls))[:count]
        for cls, count in zip(classes, take, strict=True)
    ]
    test = np.sort(np.concatenate(parts)).astype(np.int64)
    return np.setdiff1d(np.arange(values.size, dtype=np.int64), test), test


def binarise(grey: npt.ArrayLike, threshold: int = THRESHOLD) -> Int64:
    """Returns 1 where the grey value is above the threshold, else 0, as int64."""
    bits: Int64 = (np.asarray(grey) > threshold).astype(np.int64)
    return bits


def digits_data(seed: int = SPLIT_SEED) -> Digits:
    """Returns the 1,437 training and 360 test images; raises ConfigError without scikit-learn."""
    grey, labels = _load_grey()
    train, test = digits_split(labels, seed)
    bits = binarise(grey)
    return Digits(
        train=ImageSet(bits[train], labels[train], train),
        test=ImageSet(bits[test], labels[test], test),
        train_grey=grey[train],
    )


def save_images(images: ImageSet, path: Path) -> None:
    """Writes images bit-packed (8 bytes each) with labels and indices as .npz; same images, same bytes."""
    with path.open("wb") as file:
        np.savez(
            file,
            packed=np.packbits(images.bits.astype(np.uint8), axis=1),
            labels=images.labels.astype(np.uint8),
            index=images.index.astype(np.uint16),
            threshold=np.array(THRESHOLD, dtype=np.int64),
        )


def load_images(path: Path) -> ImageSet:
    """Returns the images of a file that `save_images` wrote; raises ModelError for anything else."""
    where = str(path)
    legal = "an .npz written by craftc train digits"
    try:
        with np.load(path, allow_pickle=False) as stored:
            if sorted(stored.files) != list(_KEYS):
                raise ModelError(f"arrays are {sorted(stored.files)}", where=where, legal=", ".join(_KEYS))
            packed, labels, index = stored["packed"], stored["labels"], stored["index"]
    except FileNotFoundError as error:
        raise ModelError("no such file", where=where, legal=legal) from error
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise ModelError("is not an .npz file of images", where=where, legal=legal) from error
    n = labels.size
    if packed.shape != (n, SIDE) or labels.shape != (n,) or index.shape != (n,) or packed.dtype != np.uint8:
        raise ModelError(
            f"shapes are {packed.shape}, {labels.shape}, {index.shape}",
            where=where,
            legal="(n, 8), (n,), (n,)",
        )
    if n and int(labels.max()) >= CLASSES:
        raise ModelError(f"a label is {int(labels.max())}", where=where, legal="0..9")
    bits = np.unpackbits(packed, axis=1).astype(np.int64)
    return ImageSet(bits, labels.astype(np.int64), index.astype(np.int64))
