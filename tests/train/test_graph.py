"""What is trained is what is exported: the golden model gives the net's integers, bit for bit."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.train.models import random_model, random_net, small_config

from craftc.errors import ModelError
from craftc.lm.corpus import Document
from craftc.lm.encoding import Encoder
from craftc.lm.executor import Executor
from craftc.lm.file import load, save
from craftc.lm.model import LanguageModel
from craftc.train.graph import draw_table, to_model
from craftc.train.net import Gpt
from craftc.train.restore import to_net
from craftc.train.vocabulary import make_tokenizer

SHAPES: list[dict[str, Any]] = [
    {},
    {"width": 64, "heads": 4, "layers": 2, "hidden": 96},
    {"width": 48, "heads": 3, "hidden": 40, "tied": False},
    {"width": 4, "heads": 1, "hidden": 4},
    {"attention_code": "ternary", "mlp_code": "ternary", "embedding_code": "int8"},
    {"scales": "row", "width": 64, "heads": 4, "layers": 2, "hidden": 96},
    {"scales": "row", "mlp_code": "ternary", "embedding_code": "int8", "tied": False},
    {"scales": "shift", "residual": "s16.8", "normed": "s8.5", "activation": "s9.4", "logits": "s18.10"},
    {"residual": "s16.8", "normed": "s8.5", "vectors": "s7.3", "activation": "s9.4", "logits": "s18.10"},
]


def golden_logits(model: LanguageModel, ids: np.ndarray) -> np.ndarray:
    """Returns the integers (B, T, V) of the golden model."""
    name = model.graph.outputs["logits"]
    executor = Executor(model, len(ids))
    return np.stack([executor.step(ids[:, t], [name])[name] for t in range(ids.shape[1])], axis=1)


def net_logits(net: Gpt, ids: np.ndarray) -> np.ndarray:
    """Returns the same integers from torch."""
    with torch.no_grad():
        found = net(torch.from_numpy(ids)).double() * (1 << net.config.format("logits").frac)
    return found.numpy()


@pytest.mark.parametrize("spread", [1.0, 9.0])
@pytest.mark.parametrize("changes", SHAPES, ids=lambda c: ",".join(map(str, c.values())) or "default")
def test_golden_model_is_the_net(changes: dict[str, Any], spread: float) -> None:
    config = small_config(**changes)
    net = random_net(config, seed=3, spread=spread)
    model = to_model(net, make_tokenizer(()), {})
    ids = np.random.default_rng(5).integers(0, net.vocabulary, (3, config.context))
    golden = golden_logits(model, ids)
    assert np.array_equal(golden, net_logits(net, ids))
    assert np.array_equal(golden, net_logits(net.double(), ids))
    assert model.parameters == net.parameter_count()


def test_one_wrong_weight_is_noticed() -> None:
    net = random_net(small_config(), seed=3, spread=2.0)
    model = to_model(net, make_tokenizer(()), {})
    with torch.no_grad():
        net.blocks[0].up.weight[0, 0] += 2.0 ** -int(net.blocks[0].up.fraction)
    ids = np.random.default_rng(5).integers(0, net.vocabulary, (4, 48))
    assert not np.array_equal(golden_logits(model, ids), net_logits(net, ids))


@pytest.mark.parametrize("changes", SHAPES, ids=lambda c: ",".join(map(str, c.values())) or "default")
def test_models_are_read_back_into_nets(changes: dict[str, Any]) -> None:
    config = small_config(**changes)
    net = random_net(config, seed=3, spread=9.0)
    model = to_model(net, make_tokenizer(()), {"config": asdict(config)})
    again = to_model(to_net(model), make_tokenizer(()), {"config": asdict(config)})
    assert again.graph == model.graph
    assert all(np.array_equal(again.tensors[name], model.tensors[name]) for name in model.tensors)


def test_files_without_scales_mean_one_per_matrix() -> None:
    config = asdict(small_config())
    net = random_net(small_config(), seed=3, spread=9.0)
    older = {key: value for key, value in config.items() if key not in ("scales", "targets", "softness")}
    again = to_net(to_model(net, make_tokenizer(()), {"config": older}))
    assert asdict(again.config) == config
    ids = np.random.default_rng(5).integers(0, net.vocabulary, (3, 48))
    assert np.array_equal(net_logits(again, ids), net_logits(net, ids))


def test_other_models_are_no_nets() -> None:
    model = random_model()
    with pytest.raises(ModelError, match="holds no settings of a training"):
        to_net(model)
    wrong = replace(model, meta={"config": asdict(small_config(hidden=40))})
    with pytest.raises(ModelError, match=r"mlp\.up' has the shape \(32, 16\)"):
        to_net(wrong)


@pytest.mark.parametrize("name", ["chat-s", "chat-m"])
def test_shipped_models_are_what_was_trained(name: str) -> None:
    path = Path(__file__).parents[2] / "weights" / f"{name}.pt"
    model = load(path)
    net = to_net(model)
    texts = ("hello", "how are you?", "i feel sad because i lost my book.", "what is love?")
    rows = [Encoder(model.tokenizer).document(Document((t, "it is so."), True))[0] for t in texts]
    ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    for row, found in zip(ids, rows, strict=True):
        row[: len(found)] = found
    assert np.array_equal(golden_logits(model, ids), net_logits(net, ids))


def test_exported_models_survive_their_file(tmp_path: Path) -> None:
    model = random_model(seed=1)
    save(model, tmp_path / "m.pt")
    assert load(tmp_path / "m.pt").graph == model.graph


def test_probabilities_fit_their_format() -> None:
    table = draw_table()
    assert table[0] == (1 << 23) - 1 and table[-1] == 1


def test_floats_are_no_model() -> None:
    net = Gpt(small_config(), 34, torch.Generator().manual_seed(0))
    with pytest.raises(ModelError, match="was not trained in integers"):
        to_model(net, make_tokenizer(()), {})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(value: float) -> None:
    net = random_net(small_config())
    with torch.no_grad():
        net.positions.weight[2, 1] = value
    with pytest.raises(ModelError, match=r"positions\.weight holds a value that is not finite"):
        to_model(net, make_tokenizer(()), {})
