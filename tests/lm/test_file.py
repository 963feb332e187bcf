"""The file of a language model: round trip, same bytes, and every kind of damage refused by name."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.lm.toys import toy

from craftc import lm
from craftc.errors import CraftcError, ModelError, OverflowRefused, UnsupportedOp
from craftc.lm.file import from_loaded
from craftc.model.checkpoint_file import load_plain


@pytest.mark.parametrize("short", [False, True])
def test_round_trip(tmp_path: Path, short: bool) -> None:
    model = toy(1, short)
    first = lm.save(model, tmp_path / "a.pt")
    back = lm.load(tmp_path / "a.pt")
    assert (back.name, back.numerics, back.graph, back.tokenizer, back.meta) == (
        model.name, model.numerics, model.graph, model.tokenizer, model.meta
    )  # fmt: skip
    for name, array in model.tensors.items():
        np.testing.assert_array_equal(back.tensors[name], array)
        assert back.tensors[name].dtype == array.dtype
    assert lm.save(back, tmp_path / "b.pt") == first
    assert lm.Dialogue(back, 3).say("ab") == lm.Dialogue(model, 3).say("ab")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A whole file, as loaded."""
    path = tmp_path_factory.mktemp("lm") / "toy.pt"
    lm.save(toy(1), path)
    loaded: dict[str, Any] = load_plain(path)
    return loaded


def node(plain: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the entry of a node."""
    found: dict[str, Any] = next(n for n in plain["graph"]["nodes"] if n["name"] == name)
    return found


def rename_input(p: dict[str, Any]) -> None:
    node(p, "x2")["inputs"] = ["x9", "x1"]


def not_a_number(p: dict[str, Any]) -> None:
    p["tensors"]["token"] = torch.full((24, 16), float("nan"))


def wide(p: dict[str, Any]) -> None:
    """Make a matrix of codes and inputs so wide that its sums do not fit int64."""
    for name, bits in (("wide", 30), ("m.down", 16)):
        node(p, name)["type"] = f"s{bits}.10[16]"
    node(p, "m.down")["params"].update(multiplier=(1 << 31) - 1)


BROKEN: list[tuple[Callable[[dict[str, Any]], object], type[CraftcError], str]] = [
    (lambda p: p.update(version=2), ModelError, "format version is 2 .*newer craftc"),
    (lambda p: p.update(format="other"), ModelError, "not of the format"),
    (lambda p: p.update(extra=1), ModelError, "unknown keys"),
    (lambda p: p.pop("tokenizer"), ModelError, "missing keys"),
    (lambda p: p.update(name=""), ModelError, "name is ''"),
    (lambda p: p.update(numerics="floats"), ModelError, "numerics 'floats'.*craftgpt, integer"),
    (lambda p: p["graph"].update(context=0), ModelError, "context is 0"),
    (lambda p: p["graph"].update(context=25), ModelError, "keeps 24 positions.*the context, 25"),
    (lambda p: p["graph"].update(nodes=[]), ModelError, "nodes is not a list"),
    (lambda p: p["graph"]["outputs"].update(keys="nobody"), ModelError, "output 'keys' is 'nobody'"),
    (lambda p: p["graph"]["outputs"].pop("state"), ModelError, "draws without a generator"),
    (lambda p: node(p, "m.up").update(op="convolve"), UnsupportedOp, "m.up: operator 'convolve'"),
    (lambda p: node(p, "m.up").update(type="s16.10[15]"), ModelError, r"makes s16.10\[15\].*s16.10\[16\]"),
    (lambda p: node(p, "m.up").update(type="f32"), ModelError, "'f32' is no"),
    (lambda p: node(p, "m.up")["params"].update(shift="a"), ModelError, "shift is 'a'"),
    (lambda p: node(p, "m.up")["params"].update(colour=1), ModelError, "unknown parameter 'colour'"),
    (lambda p: node(p, "m.up")["params"].pop("shift"), ModelError, "shift is None"),
    (lambda p: node(p, "m.up")["params"].update(multiplier=1 << 62), ModelError, "multiplier is"),
    (lambda p: node(p, "m.up")["params"].update(products="floored"), ModelError, "floored products of plain"),
    (lambda p: node(p, "m.up").update(tensors={}), ModelError, "has no tensor 'weights'"),
    (lambda p: node(p, "m.up").update(tensors={"weights": "gain"}), ModelError, "'gain' is of shape"),
    (lambda p: node(p, "m.up").update(inputs="x1"), ModelError, "inputs are 'x1'"),
    (rename_input, ModelError, "input 'x9' is not computed before it"),
    (lambda p: p["graph"]["nodes"].append(node(p, "m.up")), ModelError, "the name 'm.up' is taken"),
    (lambda p: p["tensors"].update(up=p["tensors"]["up"] + 100), ModelError, "weights reach .*int4"),
    (lambda p: p["tensors"].update(up=p["tensors"]["up"] * 0), ModelError, "m.up: all weights are 0"),
    (lambda p: p["tensors"].update(up=p["tensors"]["up"][:, :15]), ModelError, "not a plain contiguous"),
    (lambda p: p["tensors"].update(up=p["tensors"]["up"][:, :15].clone()), ModelError, "for 15 inputs"),
    (lambda p: p["tensors"].update(spare=torch.zeros(3, dtype=torch.int8)), ModelError, "no operator uses"),
    (lambda p: p["tensors"].pop("up"), ModelError, "tensor 'up' is missing"),
    (not_a_number, ModelError, r"tensor token: is nan at \[0, 0\]"),
    (lambda p: p["tensors"].update(token=torch.zeros(24, 16)), ModelError, "tensor token: is a float32"),
    (lambda p: wide(p), OverflowRefused, "sums need 6. bits"),
    (lambda p: p["tensors"].update(head=p["tensors"]["head"][:20].clone()), ModelError, "makes s16.10"),
    (lambda p: p["tokenizer"].update(tokens=["x"] * 3), ModelError, "both 'x'"),
    (lambda p: p["tokenizer"].update(tokens=[*"abcdefghijklmnopqrstuvwxy"]), ModelError, "25 tokens, the em"),
    (lambda p: p.update(meta={"x": float("inf")}), ModelError, "meta.x is inf"),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(BROKEN)))
def test_damage_is_refused(plain: dict[str, Any], index: int) -> None:
    change, kind, message = BROKEN[index]
    broken = copy.deepcopy(plain)
    change(broken)
    with pytest.raises(kind, match=message) as caught:
        from_loaded(broken, "some.pt")
    assert "some.pt" in str(caught.value)


def test_undamaged_file_is_accepted(plain: dict[str, Any]) -> None:
    assert from_loaded(copy.deepcopy(plain), "some.pt").name == "toy"


def test_files_that_are_no_models(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    with pytest.raises(ModelError, match="no such file"):
        lm.load(path)
    path.write_text("hello")
    with pytest.raises(ModelError, match="not a PyTorch archive"):
        lm.load(path)
    lm.save(toy(), path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError, match="cut off"):
        lm.load(path)
    at = data.index(toy().tensors["up"].tobytes())
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    with pytest.raises(ModelError, match="is damaged"):
        lm.load(path)


def test_code_in_a_file_is_never_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.write_text, (tmp_path / "ran", "x"))

    torch.save({"format": "craftc-language", "graph": Trap()}, tmp_path / "x.pt")
    with pytest.raises(ModelError, match="holds code"):
        lm.load(tmp_path / "x.pt")
    assert not (tmp_path / "ran").exists()


JUNK: list[Any] = [
    None, True, -1, 0, 1, 63, 1 << 31, 1 << 63, -(1 << 70), 1.5, float("nan"), "", "x", "s8.0", "s8.0[3]",
    "e5m10[T,16]", [], {}, [1], ["a"], {"a": 1}, b"x", torch.zeros(2, 2, dtype=torch.int8),
]  # fmt: skip
"""What is put in the place of a value."""


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the places of all values inside a value, itself included."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inside for place in places(item, (*path, key)))]


def test_any_value_replaced_by_junk_is_refused_or_runs(plain: dict[str, Any]) -> None:
    """No junk leads to another error than a refusal, neither in reading nor in talking."""
    rng = random.Random(0)
    spots = places(plain)[1:]
    refused = 0
    for _ in range(400):
        broken = copy.deepcopy(plain)
        *way, last = rng.choice(spots)
        inner: Any = broken
        for key in way:
            inner = inner[key]
        inner[last] = rng.choice(JUNK)
        try:
            lm.Dialogue(from_loaded(broken, "some.pt"), 1).say("ab")
        except CraftcError:
            refused += 1
    assert refused > 300
