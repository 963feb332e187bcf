"""Import and export of weight files: every known form, byte for byte; every damage named."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.lm.toys import toy
from tests.model.craftgpt.fake import invented_tokens, write_fake

from craftc.errors import FormatError, ModelError, OutputError
from craftc.lm import LanguageModel
from craftc.model.craftgpt import export_craftgpt, import_craftgpt, weight_files
from craftc.model.craftgpt.layout import (
    FILES,
    bank_to_matrix,
    join_attention,
    lane_rows,
    matrix_to_bank,
    split_attention,
)


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of invented weight files; not to be changed."""
    return write_fake(tmp_path_factory.mktemp("fake"))


@pytest.fixture(scope="module")
def model(fake: Path) -> LanguageModel:
    """The model of the invented weight files."""
    return import_craftgpt(fake)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Return the weight files below a folder."""
    root = folder / "weight_files"
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*.bin")}


def test_there_are_560_files_of_6156432_bytes() -> None:
    assert len(FILES) == 560 and sum(file.size for file in FILES) == 6_156_432


def test_shape(model: LanguageModel) -> None:
    assert (model.parameters, model.vocabulary, model.context) == (5_087_280, 1920, 64)
    assert model.tokenizer.tokens == tuple(invented_tokens())
    assert len(model.graph.names("matmul")) == 37


def test_written_back_byte_for_byte(fake: Path, model: LanguageModel, tmp_path: Path) -> None:
    assert weight_files(model) == bytes_of(fake)
    assert export_craftgpt(model, tmp_path / "out") == 561
    assert bytes_of(tmp_path / "out") == bytes_of(fake)
    assert (tmp_path / "out" / "tokens.txt").read_bytes() == (fake / "tokens.txt").read_bytes()
    with pytest.raises(OutputError, match="holds something"):
        export_craftgpt(model, tmp_path / "out")


def test_other_forms(fake: Path, model: LanguageModel, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in (fake / "weight_files").rglob("*.bin"):
        shutil.copy(path, flat / path.name)
    packed = tmp_path / "craftgpt-main.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(fake.rglob("*")):
            archive.write(path, Path("craftgpt-main") / path.relative_to(fake))
        archive.writestr("craftgpt-main/README.md", "about")
        archive.writestr("craftgpt-main/emulator/other.py", "x = 1")
    for form in (fake / "weight_files", flat, packed):
        found = import_craftgpt(form)
        assert found.graph == model.graph and found.tokenizer == model.tokenizer
        assert all(np.array_equal(found.tensors[k], v) for k, v in model.tensors.items())


def copy_of(fake: Path, tmp_path: Path) -> Path:
    """Return a copy of the weight files that a test may damage."""
    return Path(shutil.copytree(fake, tmp_path / "copy"))


def patch(path: Path, at: int, data: bytes) -> None:
    """Overwrite some bytes of a file."""
    old = path.read_bytes()
    path.write_bytes(old[:at] + data + old[at + len(data) :])


W = "weight_files/"
DAMAGE: list[tuple[Callable[[Path], object], str]] = [
    (lambda f: (f / W / "mlp/mlp_7.bin").unlink(), "lacks mlp/mlp_7.bin"),
    (lambda f: shutil.rmtree(f / W / "layernorm"), "lacks layernorm/ln_1.bin and 12 more"),
    (lambda f: (f / W / "mlp/mlp_289.bin").write_bytes(b"x"), "holds mlp/mlp_289.bin, which is no"),
    (lambda f: (f / W / "notes.txt").write_bytes(b"x"), "holds notes.txt"),
    (lambda f: (f / W / "mlp/mlp_7.bin").write_bytes(bytes(9599)), "mlp_7.bin: is 9,599 bytes.*9,600"),
    (lambda f: (f / W / "mlp/mlp_7.bin").write_bytes(bytes(2 << 20)), "mlp_7.bin: is too large"),
    (lambda f: patch(f / W / "mlp/mlp_7.bin", 10, b"\x80"), "mlp_7.bin: entry 10 is 128"),
    (lambda f: patch(f / W / "embedding/wte_3.bin", 5, b"\x04"), r"wte_3.bin: entry 1 is .*0\.\.262143"),
    (lambda f: patch(f / W / "tokens/chars.bin", 12, b"\x07"), "chars.bin: entry 4 is 7"),
    (lambda f: patch(f / W / "tokens/trie.bin", 0, b"\xff\xff"), "trie.bin: entry 16384 is no record"),
    (lambda f: patch(f / W / "tokens/chars.bin", 12, b"\x11"), "token 2 is '-'.*'[?]', as tokens/chars"),
    (lambda f: (f / "tokens.txt").write_bytes(b"x\n"), r"tokens.txt: line 1 is 'x' \(legal: '_\[inst\]'"),
    (lambda f: patch(f / "tokens.txt", 0, b"-"), "tokens.txt: line 1 is"),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(DAMAGE)))
def test_damage_is_named(fake: Path, tmp_path: Path, index: int) -> None:
    change, message = DAMAGE[index]
    folder = copy_of(fake, tmp_path)
    change(folder)
    with pytest.raises(FormatError, match=message):
        import_craftgpt(folder)


def test_places_that_hold_no_weights(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such folder"):
        import_craftgpt(tmp_path / "none")
    with pytest.raises(FormatError, match=r"lacks attention/att_1.bin and 559 more"):
        import_craftgpt(tmp_path)
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(FormatError, match="is not a zip"):
        import_craftgpt(tmp_path / "x.txt")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(FormatError, match=r"holds 0 files softmax.bin"):
        import_craftgpt(tmp_path / "x.zip")


def test_damaged_zip(fake: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(fake.rglob("*.bin")):
            archive.write(file, file.relative_to(fake))
    data = bytearray(path.read_bytes())
    data[data.index(b"softmax.bin") + 500] ^= 1
    path.write_bytes(data)
    with pytest.raises(FormatError, match="the zip is damaged"):
        import_craftgpt(path)


def test_weights_that_were_never_trained(fake: Path, tmp_path: Path) -> None:
    folder = copy_of(fake, tmp_path)
    for n in range(1, 25):
        (folder / W / f"mlp/mlp_{n}.bin").write_bytes(bytes([5]) * 9600)
    with pytest.raises(ModelError, match=r"layers.0.mlp.up: all weights are 5: the model is not trained"):
        import_craftgpt(folder)


def test_other_models_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"tensor 'down' has shape .*as CraftGPT has"):
        export_craftgpt(toy(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("passes", [5, 20])
def test_bank_order(passes: int) -> None:
    """Row j of file i is output 48 j + l of lane l = 2 i (even i), and its twin's rows are swapped."""
    rows = lane_rows(passes)
    assert rows[0, 0] == 0 and rows[0, passes] == 1 and rows[1, 0] == 3 and rows[1, passes] == 2
    assert rows[0, 1] == 48 and sorted(rows.ravel().tolist()) == list(range(48 * passes))
    files = np.random.default_rng(0).integers(0, 255, (24, 2 * passes, 6))
    np.testing.assert_array_equal(matrix_to_bank(bank_to_matrix(files)), files)
    assert (bank_to_matrix(files)[48 * 2 + 3] == files[1, 2]).all()


def test_attention_order() -> None:
    bank = np.arange(960)[:, None] * np.ones((1, 240), np.int64)
    parts = split_attention(bank)
    assert parts["key"][48 + 1, 0] == 48 * 3 + 1  # head 1: pass 3
    assert parts["value"][0, 0] == 48 and parts["query"][239, 0] == 48 * 14 + 47
    assert parts["projection"][100, 0] == 15 * 48 + 100
    np.testing.assert_array_equal(join_attention(parts), bank)


def test_random_damage_of_token_roms_is_refused_or_harmless(fake: Path, tmp_path: Path) -> None:
    """Whatever a trie says, reading it ends, and nothing but a refusal comes out."""
    folder = copy_of(fake, tmp_path)
    rng = np.random.default_rng(0)
    refused = 0
    for turn in range(40):
        path = folder / W / ("tokens/trie.bin", "tokens/chars.bin", "tokens/indices.bin")[turn % 3]
        whole = path.read_bytes()
        patch(path, int(rng.integers(0, 6000)), rng.bytes(2))
        try:
            import_craftgpt(folder)
        except FormatError:
            refused += 1
        path.write_bytes(whole)
    assert refused > 30
