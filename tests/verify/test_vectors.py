"""Vectors are kept exactly, and other files are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftc.errors import ConfigError, FormatError, ModelError
from craftc.verify import (
    Vectors,
    image_vectors,
    load_vectors,
    random_vectors,
    read_vectors,
    save_vectors,
)

IMAGES = Path(__file__).parents[2] / "weights" / "digits-test.npz"


@settings(max_examples=30, deadline=None)
@given(n_in=st.integers(1, 70), count=st.integers(1, 9), seed=st.integers(0, 99))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, n_in: int, count: int, seed: int) -> None:
    path = tmp_path_factory.mktemp("v") / "vectors.npz"
    vectors = random_vectors(n_in, count, seed)
    save_vectors(vectors, path)
    found = load_vectors(path)
    assert np.array_equal(found.bits, vectors.bits) and found.n_in == n_in
    assert np.array_equal(found.labels, vectors.labels) and np.array_equal(found.index, vectors.index)
    first = path.read_bytes()
    save_vectors(random_vectors(n_in, count, seed), path)
    assert path.read_bytes() == first


def test_images_of_the_test_split() -> None:
    vectors = image_vectors(IMAGES)
    assert (len(vectors), vectors.n_in) == (360, 64)
    assert vectors.label(0) == int(vectors.labels[0]) and random_vectors(3, 1, 0).label(0) is None
    assert len(vectors.first(20)) == 20 and vectors.first(None) is vectors


def test_vectors_of_a_user_are_read(tmp_path: Path) -> None:
    x = np.array([[0, 1, 1], [1, 0, 0]])
    np.savez(tmp_path / "x.npz", x=x)
    np.savez(tmp_path / "xy.npz", x=x.astype(np.float32), y=np.array([1, 0], dtype=np.uint8))
    bare, both = (read_vectors(tmp_path / name, 3, 2) for name in ("x.npz", "xy.npz"))
    assert np.array_equal(bare.bits, x) and np.array_equal(both.bits, x)
    assert [bare.label(0), both.label(0), both.label(1)] == [None, 1, 0]
    assert len(read_vectors(IMAGES, 64, 10)) == 360


@pytest.mark.parametrize(
    ("y", "n_in", "found"),
    [
        ([0, 2], 3, r"legal: 2 whole numbers, 0\.\.1"),
        ([0, -1], 3, "whole numbers"),
        ([0.0, 1.0], 3, "y is float64"),
        ([0], 3, r"y is int64 \(1,\)"),
        ([0, 1], 4, "x has shape"),
    ],
)
def test_vectors_of_another_network_are_refused(
    y: list[float], n_in: int, found: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "v.npz", x=np.zeros((2, 3)), y=np.array(y))
    with pytest.raises(ModelError, match=found):
        read_vectors(tmp_path / "v.npz", n_in, 2)
    with pytest.raises(ModelError, match="64 pixels"):
        read_vectors(IMAGES, 63, 10)
    (tmp_path / "text.npz").write_text("no zip")
    with pytest.raises(ModelError, match=r"text\.npz"):
        read_vectors(tmp_path / "text.npz", 3, 2)


def arrays() -> dict[str, Any]:
    """Return the arrays of a sound file: two vectors of nine bits."""
    one = np.zeros(2, dtype=np.int64)
    packed = np.zeros((2, 2), dtype=np.uint8)
    return {"packed": packed, "n_in": np.array(9, dtype=np.int64), "labels": one, "index": one}


@pytest.mark.parametrize(
    "change",
    [
        {"packed": np.zeros((2, 3), dtype=np.uint8)},
        {"packed": np.zeros((2, 2), dtype=np.int64)},
        {"packed": np.zeros((3, 2), dtype=np.uint8)},
        {"packed": np.zeros(2, dtype=np.uint8)},
        {"n_in": np.array(0, dtype=np.int64)},
        {"n_in": np.array([9], dtype=np.int64)},
        {"labels": np.zeros(2)},
        {"more": np.zeros(2)},
        {"index": np.array([None, None])},
    ],
)
def test_other_arrays_are_refused(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "v.npz"
    np.savez(path, **arrays())
    assert load_vectors(path).n_in == 9
    np.savez(path, **(arrays() | change))
    with pytest.raises(FormatError, match=r"v\.npz"):
        load_vectors(path)


def test_bad_vectors_are_refused(tmp_path: Path) -> None:
    one = np.zeros(1, dtype=np.int64)
    with pytest.raises(ConfigError, match="a bit is 2"):
        Vectors(np.full((1, 3), 2, dtype=np.uint8), one, one)
    with pytest.raises(ConfigError, match="n >= 1"):
        Vectors(np.zeros((0, 3), dtype=np.uint8), one[:0], one[:0])
    (tmp_path / "v.npz").write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(FormatError, match=r"not an \.npz"):
        load_vectors(tmp_path / "v.npz")
