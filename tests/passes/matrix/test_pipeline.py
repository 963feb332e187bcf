"""A matrix from weights to a folder, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from craftc.cli import cli
from craftc.errors import FormatError, MismatchError, ModelError
from craftc.passes.matrix.encode import digits_of, expected, fixed_weights, nibbles, result_of
from craftc.passes.matrix.files import VECTORS, is_matrix, load_io, load_vectors, save_vectors
from craftc.passes.matrix.pipeline import MatrixTask, build_task
from craftc.verify.matrix import verify_matrix


def task(rows: int = 5, inputs: int = 3, vectors: int = 3) -> MatrixTask:
    rng = np.random.default_rng(6)
    weights = rng.integers(-960, 961, (rows, inputs))
    x = rng.integers(-(2**23), 2**23, (vectors, inputs))
    return MatrixTask("toy", weights, x, np.array([expected(weights, v) for v in x]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("matrix") / "toy"
    report = build_task(task(), out)
    assert report["drc_violations"] == 0
    assert report["proof"]["results"] == 15
    return out


def test_the_folder_is_verified_from_disk(folder: Path) -> None:
    assert is_matrix(folder)
    assert verify_matrix(folder).vectors == 3
    assert len(load_io(folder).ports.inputs) == 7
    assert json.loads((folder / "craftc" / "report.json").read_text())["lanes"] == 5


def test_the_folder_lints_without_idle_parts(folder: Path) -> None:
    found = CliRunner().invoke(cli, ["lint", str(folder), "--orders", "1", "--json"])
    report = json.loads(found.output)
    assert report["errors"] == 0 and "idle" not in report["rules"], report["findings"][:5]
    assert report["game_ticks"] > 2_000


def test_a_wrong_result_ends_the_verification(folder: Path) -> None:
    x, y = load_vectors(folder)
    wrong = y.copy()
    wrong[2, 4] += 1
    save_vectors(folder, x, wrong)
    with pytest.raises(MismatchError, match=r"y\.4 is"):
        verify_matrix(folder)
    save_vectors(folder, x, y)


def test_damaged_files_are_named(folder: Path, tmp_path: Path) -> None:
    room = tmp_path / "craftc"
    room.mkdir()
    (room / "io.json").write_text('{"version": 1, "kind": "matrix", "switches": {}}')
    assert is_matrix(tmp_path)
    with pytest.raises(FormatError, match=r"io\.json"):
        load_io(tmp_path)
    (room / VECTORS).write_bytes(b"nothing")
    with pytest.raises(FormatError, match=r"vectors\.npz"):
        load_vectors(tmp_path)
    assert not is_matrix(tmp_path / "elsewhere")


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match="1024"):
        digits_of(np.array([[1024]]))
    with pytest.raises(ModelError, match="shape"):
        digits_of(np.zeros((2, 0), dtype=np.int64))


def test_words_and_fixed_inputs_make_the_exact_product() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        weights = rng.integers(-1023, 1024, (4, 7))
        x = rng.integers(-(2**23), 2**23, 7)
        whole = np.concatenate([weights, fixed_weights(weights)], axis=1)
        held = [*(x + 2**23).tolist(), 2**8, 2**23, 2**23, 2**23]
        total = [0] * 4
        for row, line in enumerate(nibbles(whole).tolist()):
            for value, words in zip(held, line, strict=True):
                for place, bits in enumerate(words):
                    rails = [2 * value * 16**place << k for k in range(4)]
                    rails[3] = 8**12 - 2**9 - rails[2] if place == 2 else rails[3]
                    total[row] += sum(r for k, r in enumerate(rails) if bits >> k & 1)
        digits = np.array([[(t % 8**12) >> (12 + 3 * k) & 7 for k in range(8)] for t in total])
        assert np.array_equal(result_of(digits), expected(weights, x))
