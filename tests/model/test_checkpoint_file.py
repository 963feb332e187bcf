"""The .pt format: round trip, same bytes, and one refusal for every kind of damage."""

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from craftc.errors import ModelError, OutputError
from craftc.model import Checkpoint, load_checkpoint, random_model, save_checkpoint

MODEL = random_model((12, 6, 4), 2)


@pytest.fixture
def plain(tmp_path: Path) -> dict[str, Any]:
    """Returns the dictionary of a good file."""
    save_checkpoint(MODEL, tmp_path / "good.pt")
    loaded: dict[str, Any] = torch.load(tmp_path / "good.pt", weights_only=True)
    return loaded


def same(a: Checkpoint, b: Checkpoint) -> bool:
    """Returns whether two checkpoints are equal in every number."""
    pairs = zip(a.layers, b.layers, strict=True)
    return (a.name, dict(a.meta)) == (b.name, dict(b.meta)) and all(
        np.array_equal(x.weight_codes, y.weight_codes)
        and np.array_equal(x.bias, y.bias)
        and np.array_equal(x.bias_constants, y.bias_constants)
        and (x.input_bits, x.shift, x.activation) == (y.input_bits, y.shift, y.activation)
        for x, y in pairs
    )


def test_round_trip_and_same_bytes(tmp_path: Path) -> None:
    first = save_checkpoint(MODEL, tmp_path / "a.pt")
    assert save_checkpoint(load_checkpoint(tmp_path / "a.pt"), tmp_path / "sub" / "b.pt") == first
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "sub" / "b.pt").read_bytes()
    assert same(load_checkpoint(tmp_path / "a.pt"), MODEL)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.pt", "sub"]


class Attack:
    """Pickles to a call that creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


def test_pickle_that_runs_code_is_refused_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    torch.save({"format": "craftc-quantized", "layers": Attack(mark)}, tmp_path / "zip.pt")
    (tmp_path / "raw.pt").write_bytes(pickle.dumps(Attack(mark)))
    with pytest.raises(ModelError, match=r"zip\.pt: holds code or objects, which are never run"):
        load_checkpoint(tmp_path / "zip.pt")
    with pytest.raises(ModelError, match=r"raw\.pt: is not a PyTorch archive"):
        load_checkpoint(tmp_path / "raw.pt")
    assert not mark.exists()
    torch.load(tmp_path / "zip.pt", weights_only=False)
    assert mark.exists(), "the attack must work where nothing stops it"


def test_text_missing_and_foreign_files(tmp_path: Path) -> None:
    (tmp_path / "text.pt").write_text("these are my weights\n")
    (tmp_path / "empty.pt").write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "other.pt", "w") as archive:
        archive.writestr("a.txt", "hello")
    with zipfile.ZipFile(tmp_path / "packed.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", "hello" * 1000)
    torch.save({"0.weight": torch.zeros(2, 2)}, tmp_path / "float.pt")
    for name, message in {
        "text": "is not a PyTorch archive",
        "empty": "is not a PyTorch archive",
        "other": "is a zip file, but not a PyTorch archive",
        "packed": "is compressed",
        "float": "not of the format 'craftc-quantized'.*run craftc quantize",
        "absent": "no such file",
    }.items():
        with pytest.raises(ModelError, match=rf"{name}\.pt: .*{message}"):
            load_checkpoint(tmp_path / f"{name}.pt")


def test_every_cut_is_refused(tmp_path: Path) -> None:
    save_checkpoint(MODEL, tmp_path / "good.pt")
    data = (tmp_path / "good.pt").read_bytes()
    cut = tmp_path / "cut.pt"
    for size in range(0, len(data), 97):
        cut.write_bytes(data[:size])
        with pytest.raises(ModelError, match=r"cut\.pt: "):
            load_checkpoint(cut)


def test_flipped_bits_never_load_as_another_model(tmp_path: Path) -> None:
    save_checkpoint(MODEL, tmp_path / "good.pt")
    data = (tmp_path / "good.pt").read_bytes()
    rng = np.random.default_rng(0)
    bad = tmp_path / "bad.pt"
    refused = 0
    for _ in range(150):
        at = int(rng.integers(len(data)))
        bad.write_bytes(data[:at] + bytes([data[at] ^ (1 << int(rng.integers(8)))]) + data[at + 1 :])
        try:
            assert same(load_checkpoint(bad), MODEL)
        except ModelError:
            refused += 1
    assert refused > 50


def _set(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda plain: plain.__setitem__(key, value)


def _set_layer(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda plain: plain["layers"][0].__setitem__(key, value)


NAN = torch.tensor([0.0, float("nan")])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("version", 2), r"format version is 2 \(legal: 1; a newer craftc may read it\)"),
        (_set("version", True), r"format version is True"),
        (_set("extra", 1), r"unknown keys \['extra'\]"),
        (lambda p: p.pop("name"), r"missing keys \['name'\]"),
        (_set("name", ""), r"name is ''"),
        (_set("layers", {}), r"layers is not a list"),
        (_set("layers", []), r"the model has no layers"),
        (_set("layers", [3]), r"layer 0: is a int"),
        (_set("meta", {"a": float("inf")}), r"meta\.a is inf"),
        (_set("meta", {"a": [torch.zeros(1)]}), r"meta\.a\[0\] is a Tensor"),
        (_set("meta", {3: 4}), r"not a string"),
        (_set("meta", 3), r"meta is a int"),
        (_set_layer("scale", 1.0), r"layer 0: unknown keys \['scale'\]"),
        (lambda p: p["layers"][1].pop("bias"), r"layer 1: missing keys \['bias'\]"),
        (
            _set_layer("weight_codes", torch.full((6, 12), 8, dtype=torch.int8)),
            r"layer 0: weight_codes reach 8\.\.8",
        ),
        (_set_layer("weight_codes", torch.zeros(6, 11, dtype=torch.int8)), None),
        (_set_layer("weight_codes", torch.zeros(5, 12, dtype=torch.int8)), r"bias has shape \(6,\)"),
        (_set_layer("weight_codes", torch.zeros(6, 12)), r"is a float32 tensor"),
        (_set_layer("weight_codes", torch.tensor([[float("nan")]])), r"weight_codes: is nan at \[0, 0\]"),
        (_set_layer("weight_codes", [[1]]), r"is a list"),
        (
            _set_layer("weight_codes", torch.zeros(1, dtype=torch.int8).expand(1 << 20, 1 << 20)),
            r"not a plain contiguous tensor",
        ),
        (_set_layer("weight_codes", torch.eye(6).to_sparse()), r"weight_codes"),
        (_set_layer("bias", NAN), r"bias: is nan at \[1\]"),
        (_set_layer("bias", torch.zeros(6, dtype=torch.int32)), r"bias: is a int32 tensor"),
        (_set_layer("bias", torch.full((6,), 100)), r"bias\[0\] = 100 does not fit"),
        (_set_layer("bias_constants", [1, 8]), r"bias_constants are \[1, 8\]"),
        (_set_layer("bias_constants", [1, 10**30]), r"bias_constants"),
        (_set_layer("bias_constants", [1.0]), r"bias_constants is not a list of integers"),
        (_set_layer("input_bits", 1.0), r"input_bits or shift is not an integer"),
        (_set_layer("shift", 13), r"shift is 13"),
        (_set_layer("shift", None), r"activation is 'relu4' with shift None"),
        (_set_layer("activation", "gelu"), r"activation is 'gelu'"),
    ],
)
def test_changed_field_is_refused(
    change: Callable[[dict[str, Any]], None], message: str | None, plain: dict[str, Any], tmp_path: Path
) -> None:
    change(plain)
    torch.save(plain, tmp_path / "bad.pt")
    if message is None:  # a narrower first layer is another legal model
        assert load_checkpoint(tmp_path / "bad.pt").n_in == 11
        return
    with pytest.raises(ModelError, match=message) as caught:
        load_checkpoint(tmp_path / "bad.pt")
    assert str(caught.value).startswith(str(tmp_path / "bad.pt"))


def test_unwritable_place_and_metadata(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        save_checkpoint(MODEL, tmp_path / "file" / "x.pt")
    with pytest.raises(ModelError, match=r"meta\.a is nan"):
        save_checkpoint(Checkpoint("m", MODEL.layers, {"a": float("nan")}), tmp_path / "x.pt")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]
