"""Weight files of CraftGPT to a language model and back, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.errors import ModelError
from craftc.export.safe import fresh_output
from craftc.lm.file import require_trained
from craftc.lm.model import LanguageModel
from craftc.model.craftgpt.graph import craftgpt_graph
from craftc.model.craftgpt.layout import (
    CONTEXT,
    FILES,
    HIDDEN,
    LAYERS,
    VOCABULARY,
    WIDTH,
    bank_to_matrix,
    join_attention,
    matrix_to_bank,
    split_attention,
)
from craftc.model.craftgpt.source import FOLDER, TOKENS, numbers, read_source, to_le24
from craftc.model.craftgpt.tokens import rom_tensors, token_list, tokenizer_of

Array = npt.NDArray[Any]
NAME = "craftgpt"
ORIGIN = {
    "origin": "sammyuri/craftgpt, weight_files",
    "licence": "MIT, copyright 2025 sammyuri",
    "training_data": "TinyChat (starhopp3r/TinyChat, CC-BY-NC-4.0), as far as is known",
}


def import_craftgpt(path: Path) -> LanguageModel:
    """Returns CraftGPT from its weight files, in the `craftgpt` numerics.

    Raises FormatError naming the first file that is missing, surplus or damaged, ModelError if the weights
    are not those of a trained model.
    """
    source = read_source(path)
    values = {file.path: numbers(source, file) for file in FILES}
    tensors = _tensors(values)
    chars, indices, trie = [values[f"tokens/{name}.bin"] for name in ("chars", "indices", "trie")]
    tokenizer = tokenizer_of(chars, indices, trie, source.tokens, source.where)
    tensors |= rom_tensors(chars, indices, trie)
    model = LanguageModel(NAME, "craftgpt", craftgpt_graph(tensors), tensors, tokenizer, dict(ORIGIN))
    require_trained(model)
    return model


def _stack(
    values: Mapping[str, Array], folder: str, stem: str, first: int, files: int, shape: tuple[int, ...]
) -> Array:
    """Returns `files` files from number `first` on, each reshaped, on a new first axis."""
    return np.stack([values[f"{folder}/{stem}_{n}.bin"].reshape(shape) for n in range(first, first + files)])


def _tensors(values: Mapping[str, Array]) -> dict[str, Array]:
    """Returns the tensors of all operators."""
    token = _signed18(_stack(values, "embedding", "wte", 1, 60, (32, WIDTH))).reshape(VOCABULARY, WIDTH)
    place = _signed18(_stack(values, "embedding", "wpe", 1, 2, (32, WIDTH))).reshape(CONTEXT, WIDTH)
    heads = [bank_to_matrix(_stack(values, "unembedding", "lm_head", f, 24, (40, WIDTH))) for f in (1, 25)]
    tensors = {"embedding.token": token, "embedding.position": place, "unembedding": np.concatenate(heads)}
    tensors["softmax.attention"], tensors["softmax.choice"] = values["softmax.bin"], values["softmax_2.bin"]
    for n in range(2 * LAYERS):
        tensors[f"layers.{n // 2}.norm{n % 2 + 1}"] = values[f"layernorm/ln_{n + 1}.bin"]
    tensors["norm"] = values[f"layernorm/ln_{2 * LAYERS + 1}.bin"]
    for layer in range(LAYERS):
        bank = bank_to_matrix(_stack(values, "attention", "att", 24 * layer + 1, 24, (40, WIDTH)))
        for name, part in split_attention(bank).items():
            tensors[f"layers.{layer}.attention.{name}"] = part
        up, down = 48 * layer + 1, 48 * layer + 25
        tensors[f"layers.{layer}.mlp.up"] = bank_to_matrix(_stack(values, "mlp", "mlp", up, 24, (40, WIDTH)))
        tensors[f"layers.{layer}.mlp.down"] = bank_to_matrix(
            _stack(values, "mlp", "mlp", down, 24, (10, HIDDEN))
        )
    return tensors


def _signed18(x: Array) -> Array:
    return (x ^ (1 << 17)) - (1 << 17)


def weight_files(model: LanguageModel) -> dict[str, bytes]:
    """Returns the bytes of all 560 weight files by path.

    Raises ModelError for a model that is not of CraftGPT's shape, naming the tensor.
    """
    _check_shape(model)
    t = model.tensors
    made: dict[str, bytes] = {}
    _put(
        made,
        "embedding",
        "wte",
        1,
        [to_le24(part & (1 << 18) - 1) for part in np.split(t["embedding.token"], 60)],
    )
    _put(
        made,
        "embedding",
        "wpe",
        1,
        [to_le24(part & (1 << 18) - 1) for part in np.split(t["embedding.position"], 2)],
    )
    norms = [t[f"layers.{n // 2}.norm{n % 2 + 1}"] for n in range(2 * LAYERS)]
    _put(made, "layernorm", "ln", 1, [to_le24(gain) for gain in (*norms, t["norm"])])
    for layer in range(LAYERS):
        parts = {k: t[f"layers.{layer}.attention.{k}"] for k in ("key", "value", "query", "projection")}
        _put(made, "attention", "att", 24 * layer + 1, _bank(join_attention(parts)))
        _put(made, "mlp", "mlp", 48 * layer + 1, _bank(t[f"layers.{layer}.mlp.up"]))
        _put(made, "mlp", "mlp", 48 * layer + 25, _bank(t[f"layers.{layer}.mlp.down"]))
    for group, part in enumerate(np.split(t["unembedding"], 2)):
        _put(made, "unembedding", "lm_head", 24 * group + 1, _bank(part))
    made["softmax.bin"], made["softmax_2.bin"] = to_le24(t["softmax.attention"]), to_le24(t["softmax.choice"])
    for name in ("chars", "indices", "trie"):
        made[f"tokens/{name}.bin"] = to_le24(t[f"rom.{name}"])
    return made


def _put(made: dict[str, bytes], folder: str, stem: str, first: int, contents: list[bytes]) -> None:
    for n, data in enumerate(contents, first):
        made[f"{folder}/{stem}_{n}.bin"] = data


def _bank(matrix: Array) -> list[bytes]:
    return [file.tobytes() for file in matrix_to_bank(matrix)]


def _check_shape(model: LanguageModel) -> None:
    """Raises ModelError unless the model has exactly the tensors of CraftGPT."""
    wanted: dict[str, tuple[int, ...]] = {
        "embedding.token": (VOCABULARY, WIDTH), "embedding.position": (CONTEXT, WIDTH), "norm": (WIDTH,),
        "unembedding": (VOCABULARY, WIDTH), "softmax.attention": (1024,), "softmax.choice": (1024,),
        "rom.chars": (1 << 14,), "rom.indices": (2048,), "rom.trie": (1 << 14,),
    }  # fmt: skip
    for layer in range(LAYERS):
        name = f"layers.{layer}"
        wanted |= {f"{name}.attention.{k}": (WIDTH, WIDTH) for k in ("key", "value", "query", "projection")}
        wanted |= {f"{name}.mlp.up": (HIDDEN, WIDTH), f"{name}.mlp.down": (WIDTH, HIDDEN)}
        wanted |= {f"{name}.norm1": (WIDTH,), f"{name}.norm2": (WIDTH,)}
    for name in sorted(set(wanted) | set(model.tensors)):
        found = model.tensors[name].shape if name in model.tensors else None
        if found != wanted.get(name):
            what = f"tensor {name!r} has shape {found}"
            raise ModelError(what, where=model.name, legal=f"{wanted.get(name)}, as CraftGPT has")


def export_craftgpt(model: LanguageModel, folder: Path) -> int:
    """Writes `weight_files/` and `tokens.txt` into a new folder; returns the number of files.

    Raises ModelError for another model, OutputError if the folder holds something or cannot be written.
    """
    files = {f"{FOLDER}/{path}": data for path, data in weight_files(model).items()}
    files[TOKENS] = token_list(model.tokenizer.tokens)
    with fresh_output(folder) as place:
        for path, data in files.items():
            target = place / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    return len(files)
