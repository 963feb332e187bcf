"""Import and quantization of a user's own Linear/ReLU stack."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from craftc.errors import ConfigError, CraftcError, ModelError, UnsupportedOp
from craftc.model import GoldenModel, load_checkpoint, prove
from craftc.model.importer import import_stack
from craftc.model.quantize import QuantizeConfig, load_calibration, quantize_file

SIZES = (20, 12, 8, 4)


def sequential(sizes: tuple[int, ...] = SIZES, seed: int = 0) -> torch.nn.Sequential:
    """Returns a random Linear/ReLU stack with wide first-layer weights."""
    torch.manual_seed(seed)
    layers: list[torch.nn.Module] = []
    for a, b in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


@pytest.fixture
def inputs(tmp_path: Path) -> np.ndarray:
    """Writes cal.npz and returns its binary inputs."""
    x = np.random.default_rng(1).integers(0, 2, (400, SIZES[0]))
    np.savez(tmp_path / "cal.npz", x=x)
    return x


def test_follows_the_float_model(tmp_path: Path, inputs: np.ndarray) -> None:
    model = sequential()
    torch.save({"state_dict": model.state_dict(), "config": {"name": "mine"}}, tmp_path / "m.pt")
    config = QuantizeConfig(steps=300, rates=(0.05,))
    result = quantize_file(tmp_path / "m.pt", tmp_path / "cal.npz", tmp_path / "q.pt", config)
    again = quantize_file(tmp_path / "m.pt", tmp_path / "cal.npz", tmp_path / "q2.pt", config)
    assert (tmp_path / "q.pt").read_bytes() == (tmp_path / "q2.pt").read_bytes()
    loaded = load_checkpoint(tmp_path / "q.pt")
    assert loaded.name == "mine" and loaded.sizes == SIZES
    assert [layer.shift in (0, 3, 6, 9) for layer in loaded.layers] == [True, True, False]
    wanted = model(torch.from_numpy(inputs).float()).argmax(dim=1).numpy()
    agreement = GoldenModel(loaded).accuracy(inputs, wanted)
    assert agreement == result.agreement == again.agreement == loaded.meta["float_agreement"]
    assert agreement >= 0.85
    prove(loaded, 6)


def test_without_distillation_and_a_forced_shift(tmp_path: Path, inputs: np.ndarray) -> None:
    torch.save(sequential().state_dict(), tmp_path / "m.pt")
    config = QuantizeConfig(steps=0, shifts=(2,))
    result = quantize_file(tmp_path / "m.pt", tmp_path / "cal.npz", tmp_path / "q.pt", config)
    assert [layer.shift for layer in result.checkpoint.layers] == [2, 2, None]
    assert result.agreement >= 0.7


def test_one_layer_and_no_bias(tmp_path: Path, inputs: np.ndarray) -> None:
    weight = torch.randn(3, SIZES[0], generator=torch.Generator().manual_seed(0))
    torch.save({"0.weight": weight}, tmp_path / "m.pt")
    result = quantize_file(
        tmp_path / "m.pt", tmp_path / "cal.npz", tmp_path / "q.pt", QuantizeConfig(steps=0)
    )
    assert result.checkpoint.layers[0].bias_constants.size == 0
    assert result.agreement >= 0.9


def test_dead_units_and_zero_weights(tmp_path: Path, inputs: np.ndarray) -> None:
    model = sequential()
    with torch.no_grad():
        model[0].weight[0] = 0
        model[0].bias[0] = -1
        model[2].bias[1] = -1e6
        model[2].bias[2] = 1e3
    torch.save(model.state_dict(), tmp_path / "m.pt")
    result = quantize_file(
        tmp_path / "m.pt", tmp_path / "cal.npz", tmp_path / "q.pt", QuantizeConfig(steps=0)
    )
    assert result.agreement >= 0.7


def _linear(n_out: int, n_in: int) -> torch.Tensor:
    return torch.ones(n_out, n_in)


@pytest.mark.parametrize(
    ("plain", "error", "message"),
    [
        ({"conv.weight": _linear(2, 2)}, UnsupportedOp, r"key 'conv\.weight' is not of an nn\.Sequential"),
        ({"0.weight": torch.ones(2, 1, 3, 3)}, UnsupportedOp, r"0\.weight has 4 dimensions"),
        ({"0.weight": _linear(2, 2), "1.running_mean": torch.ones(2)}, UnsupportedOp, r"a BatchNorm is not"),
        (
            {"0.weight": _linear(2, 2), "1.weight": torch.ones(2)},
            UnsupportedOp,
            r"1\.weight has 1 dimensions",
        ),
        ({"0.weight": _linear(2, 2), "3.weight": _linear(2, 2)}, UnsupportedOp, r"module 3 has weights"),
        ({"0.net.weight": _linear(2, 2)}, UnsupportedOp, r"0\.net\.weight"),
        (
            {"0.weight": _linear(3, 2), "2.weight": _linear(2, 4)},
            ModelError,
            r"2\.weight has 4 inputs after 3",
        ),
        ({"0.weight": _linear(3, 2), "0.bias": torch.ones(2)}, ModelError, r"0\.bias has shape \(2,\)"),
        ({"0.bias": torch.ones(2)}, ModelError, r"0\.weight is missing"),
        ({"0.weight": torch.tensor([[1.0, float("inf")]])}, ModelError, r"0\.weight: is inf at \[0, 1\]"),
        ({"0.weight": torch.tensor([[float("nan")]])}, ModelError, r"is nan at \[0, 0\]"),
        ({"0.weight": torch.ones(2, 2, dtype=torch.int64)}, ModelError, r"is a int64 tensor"),
        ({"0.weight": 3.0}, ModelError, r"is a float"),
        ({}, ModelError, r"the state dict is empty"),
        ([1], ModelError, r"holds a list"),
        ({"state_dict": {}, "optimizer": 1}, ModelError, r"unknown keys \['optimizer'\]"),
        ({"state_dict": 3}, ModelError, r"not a dictionary"),
        (
            {"state_dict": {"0.weight": _linear(2, 2)}, "config": {"width": 3}},
            ModelError,
            r"config has unknown keys \['width'\]",
        ),
        (
            {"state_dict": {"0.weight": _linear(2, 2)}, "config": {"layers": ["Linear", "GELU", "Linear"]}},
            UnsupportedOp,
            r"layer 1 is 'GELU', ReLU is expected",
        ),
        (
            {"state_dict": {"0.weight": _linear(2, 2)}, "config": {"layers": ["Linear", "ReLU"]}},
            UnsupportedOp,
            r"does not end in Linear",
        ),
        (
            {"state_dict": {"0.weight": _linear(2, 2)}, "config": {"layers": ["Linear", "ReLU", "Linear"]}},
            ModelError,
            r"weights are at \[0\] \(legal: \[0, 2\]\)",
        ),
    ],
)
def test_unsupported_stack_is_refused(
    plain: Any, error: type[CraftcError], message: str, tmp_path: Path
) -> None:
    torch.save(plain, tmp_path / "m.pt")
    with pytest.raises(error, match=message):
        import_stack(tmp_path / "m.pt")


def test_quantized_file_and_whole_module_are_refused(tmp_path: Path, inputs: np.ndarray) -> None:
    torch.save(sequential(), tmp_path / "module.pt")
    with pytest.raises(ModelError, match=r"holds code or objects.*state_dict\(\)"):
        import_stack(tmp_path / "module.pt")
    torch.save(sequential().state_dict(), tmp_path / "m.pt")
    quantize_file(tmp_path / "m.pt", tmp_path / "cal.npz", tmp_path / "q.pt", QuantizeConfig(steps=0))
    with pytest.raises(ModelError, match="already quantized"):
        import_stack(tmp_path / "q.pt")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": np.zeros((2, 20))}, "no array named x"),
        ({"x": np.full((2, 20), 0.5)}, "values other than 0 and 1"),
        ({"x": np.full((2, 20), 2)}, "values other than 0 and 1"),
        ({"x": np.full((2, 20), np.nan)}, "values other than 0 and 1"),
        ({"x": np.zeros((2, 19))}, r"x has shape \(2, 19\) \(legal: \(batch, 20\)"),
        ({"x": np.zeros((0, 20))}, r"x has shape \(0, 20\)"),
        ({"x": np.array([[None] * 20])}, "is not an .npz file of numbers"),
        ({"x": np.array([["1"] * 20])}, "values other than 0 and 1"),
    ],
)
def test_calibration_is_refused(arrays: dict[str, np.ndarray], message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "cal.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=message):
        load_calibration(tmp_path / "cal.npz", 20)


def test_calibration_that_is_no_npz(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("0 1 0 1")
    np.save(tmp_path / "one.npy", np.zeros((2, 20)))
    for name in ("text.npz", "one.npy", "absent.npz"):
        with pytest.raises(ModelError, match=name):
            load_calibration(tmp_path / name, 20)


def test_bias_beyond_the_constants_is_refused_by_layer(tmp_path: Path, inputs: np.ndarray) -> None:
    model = sequential()
    with torch.no_grad():
        model[4].bias[0] = 1000.0
    torch.save(model.state_dict(), tmp_path / "m.pt")
    with pytest.raises(
        ModelError, match=r"m: layer 2: biases reach .* need \d+ constants \(legal: 4 constants"
    ):
        quantize_file(
            tmp_path / "m.pt",
            tmp_path / "cal.npz",
            tmp_path / "q.pt",
            QuantizeConfig(steps=0, max_constants=4),
        )
    assert not (tmp_path / "q.pt").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"weight_max": 8},
        {"shifts": ()},
        {"shifts": (13,)},
        {"steps": -1},
        {"rates": (0.05, 0.0)},
        {"rates": ()},
        {"max_constants": 0},
    ],
)
def test_config_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"quantize: .*legal: "):
        QuantizeConfig(**changes)
