"""The real checkpoint: every step of its test vectors, bit for bit, and its tokens and files unchanged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from craftc import lm
from craftc.ir import parse, show
from craftc.model.craftgpt import import_craftgpt, weight_files


@pytest.fixture(scope="module")
def model(craftgpt: Path) -> lm.LanguageModel:
    """CraftGPT."""
    return import_craftgpt(craftgpt)


@pytest.fixture(scope="module")
def vectors(craftgpt: Path) -> list[dict[str, Any]]:
    """The dialogues of the original machine's emulator."""
    loaded: list[dict[str, Any]] = json.loads((craftgpt / "vectors.json").read_text(encoding="utf-8"))
    return loaded


def test_every_step_of_every_vector(model: lm.LanguageModel, vectors: list[dict[str, Any]]) -> None:
    """All eight (probability, id) pairs at every step, the tokens drawn, the text and the stop."""
    assert len(vectors) == 3 and sum(len(v["steps"]) for v in vectors) == 73
    for vector in vectors:
        assert lm.Dialogue(model, vector["seed"]).say(vector["prompt"]).to_json() == vector


def test_batch_gives_the_same_replies(model: lm.LanguageModel, vectors: list[dict[str, Any]]) -> None:
    turns = lm.converse(model, [v["prompt"] for v in vectors], [v["seed"] for v in vectors], batch=2)
    assert [t.to_json() | {"steps": 0} for t in turns] == [v | {"steps": 0} for v in vectors]


def test_one_changed_weight_is_noticed(model: lm.LanguageModel, vectors: list[dict[str, Any]]) -> None:
    tensors = dict(model.tensors)
    tensors["layers.3.attention.value"] = tensors["layers.3.attention.value"].copy()
    tensors["layers.3.attention.value"][100, 100] ^= 1
    broken = replace(model, tensors=tensors)
    vector = vectors[0]
    assert lm.Dialogue(broken, vector["seed"]).say(vector["prompt"]).to_json() != vector


def test_weight_files_come_back(model: lm.LanguageModel, craftgpt: Path) -> None:
    root = craftgpt / "weight_files"
    files = weight_files(model)
    assert {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()} == set(files)
    assert [name for name, data in files.items() if (root / name).read_bytes() != data] == []


def test_file_round_trip(model: lm.LanguageModel, tmp_path: Path) -> None:
    lm.save(model, tmp_path / "craftgpt.pt")
    back = lm.load(tmp_path / "craftgpt.pt")
    assert back.graph == model.graph and back.tokenizer == model.tokenizer
    assert all(np.array_equal(back.tensors[name], array) for name, array in model.tensors.items())
    assert weight_files(back) == weight_files(model)


def test_graph_is_printed_and_read(model: lm.LanguageModel) -> None:
    assert parse(show(model.graph)) == model.graph


def test_tokens(model: lm.LanguageModel, craftgpt: Path) -> None:
    """Every normal token, and every pair of neighbours that starts a text, is found again in its text."""
    listed = (craftgpt / "tokens.txt").read_text(encoding="utf-8").split("\n")[:-1]
    assert [text.replace("_", " ") for text in listed] == list(model.tokenizer.tokens)
    for token, text in enumerate(model.tokenizer.tokens[2:], 2):
        assert model.tokenizer.encode(text) == [token]
        assert model.tokenizer.decode([token]) == text


def test_tables_are_exponentials(model: lm.LanguageModel) -> None:
    steps = np.exp(-np.arange(1024) / 64)
    np.testing.assert_array_equal(model.tensors["softmax.attention"], np.round(2**18 * steps))
    np.testing.assert_array_equal(model.tensors["softmax.choice"], np.maximum(1, np.round(2**23 * steps)))


def test_integer_numerics_talk_alike(model: lm.LanguageModel, vectors: list[dict[str, Any]]) -> None:
    """The first candidate after a prompt agrees, and probabilities differ little."""
    other = model.with_numerics("integer")
    for vector in vectors:
        tokens = [*vector["prompt_tokens"], 1]
        executor = lm.Executor(other)
        for token in tokens:
            keys = executor.step([token], ["choice.keys"])["choice.keys"][0]
        wanted = vector["steps"][len(tokens) - 1][1]
        assert int(keys[0]) & 2047 == wanted[0][1]
        assert abs((int(keys[0]) >> 11) - wanted[0][0]) < 1 << 20


def test_recorded_operands_give_the_recorded_results(model: lm.LanguageModel) -> None:
    name = "layers.0.attention.query"
    for numerics in lm.NUMERICS:
        chosen = model.with_numerics(numerics)
        seen = lm.record(chosen, ["hello", "how are you?"], [1, 2], [name], limit=20)[name]
        assert seen.x.shape == (20, 240) and len(np.unique(seen.x, axis=0)) >= 10
        np.testing.assert_array_equal(lm.golden(chosen, name, seen.x), seen.y)
    matrix = lm.integer_weights(chosen, name)
    np.testing.assert_array_equal((seen.x @ matrix.weights.T) >> matrix.shift, seen.y)
    assert matrix.weights.shape == (240, 240) and np.abs(matrix.weights).max() <= 960
