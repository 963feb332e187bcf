"""Reading a user's own float network: a stack of torch.nn.Linear and ReLU as a state dict.

Accepted files (`torch.save`, loaded with weights_only=True):

    nn.Sequential(...).state_dict()                    keys "0.weight", "0.bias", "2.weight", ...
    {"state_dict": <the same>, "config": {"name": "mine", "layers": ["Linear", "ReLU", "Linear"]}}

Linear modules stand at positions 0, 2, 4, ..., with ReLU between them; both keys of config are
optional. A Linear without bias has bias 0. Everything else is refused by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.errors import ModelError, UnsupportedOp
from craftc.model.checkpoint_file import FORMAT, load_plain, tensor_array

Float64 = npt.NDArray[np.float64]
_KEY = re.compile(r"^(0|[1-9][0-9]{0,5})\.(.+)$")
_LEGAL = "nn.Sequential of Linear, ReLU, Linear, ... ending in Linear"
_CONFIG_KEYS = ("layers", "name")
_TYPICAL = {  # parameters that betray the kind of a module
    "running_mean": "BatchNorm",
    "running_var": "BatchNorm",
    "num_batches_tracked": "BatchNorm",
    "weight_ih_l0": "recurrent layer",
    "in_proj_weight": "MultiheadAttention",
}


@dataclass(frozen=True, slots=True, eq=False)
class FloatStack:
    """A float network: h = relu(W x + b) for every layer but the last, which has no activation."""

    name: str
    weights: tuple[Float64, ...]  # each (n_out, n_in)
    biases: tuple[Float64, ...]  # each (n_out,)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Widths from input to output."""
        return (int(self.weights[0].shape[1]), *(int(w.shape[0]) for w in self.weights))

    def run(self, x: Float64) -> tuple[Float64, ...]:
        """Returns the sums before the activation of every layer, each (B, n_out)."""
        sums: list[Float64] = []
        for weight, bias in zip(self.weights, self.biases, strict=True):
            sums.append(x @ weight.T + bias)
            x = np.maximum(sums[-1], 0)
        return tuple(sums)


def import_stack(path: Path) -> FloatStack:
    """Returns the float network in a .pt file.

    Raises UnsupportedOp naming a module or key that is not Linear or ReLU, ModelError for a file that
    cannot be read, NaN or infinite values, and shapes that do not chain.
    """
    where = str(path)
    plain = load_plain(path)
    if not isinstance(plain, Mapping):
        raise ModelError(f"holds a {type(plain).__name__}", where=where, legal="a state dict")
    if plain.get("format") == FORMAT:
        raise ModelError("is already quantized", where=where, legal="a float state dict")
    state, config = plain, {}
    if "state_dict" in plain:
        unknown = sorted(str(key) for key in plain if key not in ("state_dict", "config"))
        if unknown:
            raise ModelError(f"unknown keys {unknown}", where=where, legal="state_dict, config")
        state, config = plain["state_dict"], plain.get("config", {})
    if not isinstance(state, Mapping) or not isinstance(config, Mapping):
        raise ModelError("state_dict or config is not a dictionary", where=where, legal="dictionaries")
    modules = _modules(state, where)
    name = _check_config(config, modules, where) or path.stem
    return _stack(name, modules, where)


def _modules(state: Mapping[Any, Any], where: str) -> dict[int, dict[str, Float64]]:
    """Returns position -> {"weight": (n_out, n_in), "bias": (n_out,)} with every rule of a Linear checked."""
    modules: dict[int, dict[str, Float64]] = {}
    for key in sorted(state, key=str):
        match = _KEY.match(key) if isinstance(key, str) else None
        if match is None:
            raise UnsupportedOp(
                f"key {key!r} is not of an nn.Sequential", where=where, legal="'0.weight', '0.bias', ..."
            )
        kind = match[2].rsplit(".", 1)[-1]
        if match[2] not in ("weight", "bias"):
            guess = _TYPICAL.get(kind, "module")
            raise UnsupportedOp(f"key {key!r}: a {guess} is not supported", where=where, legal=_LEGAL)
        values = tensor_array(state[key], "float", f"{where}: {key}")
        if kind == "weight" and values.ndim != 2:
            raise UnsupportedOp(
                f"{key} has {values.ndim} dimensions, so module {match[1]} is no Linear",
                where=where,
                legal=_LEGAL,
            )
        modules.setdefault(int(match[1]), {})[kind] = values
    if not modules:
        raise ModelError("the state dict is empty", where=where, legal=_LEGAL)
    return modules


def _check_config(config: Mapping[Any, Any], modules: Mapping[int, Any], where: str) -> str:
    """Returns the name in config, or ""; refuses unknown keys and a layer list that does not fit."""
    unknown = sorted(str(key) for key in config if key not in _CONFIG_KEYS)
    if unknown:
        raise ModelError(f"config has unknown keys {unknown}", where=where, legal=", ".join(_CONFIG_KEYS))
    name = config.get("name", "")
    if not isinstance(name, str):
        raise ModelError(f"config name is {name!r}", where=where, legal="a string")
    if "layers" not in config:
        return name
    layers = config["layers"]
    if not isinstance(layers, list):
        raise ModelError("config layers is not a list", where=where, legal='["Linear", "ReLU", "Linear"]')
    for position, kind in enumerate(layers):
        wanted = "Linear" if position % 2 == 0 else "ReLU"
        if kind != wanted:
            raise UnsupportedOp(
                f"layer {position} is {kind!r}, {wanted} is expected", where=where, legal=_LEGAL
            )
    if len(layers) % 2 == 0:
        raise UnsupportedOp("the list of layers does not end in Linear", where=where, legal=_LEGAL)
    if sorted(modules) != list(range(0, len(layers), 2)):
        raise ModelError(
            f"weights are at {sorted(modules)}", where=where, legal=f"{list(range(0, len(layers), 2))}"
        )
    return name


def _stack(name: str, modules: Mapping[int, Mapping[str, Float64]], where: str) -> FloatStack:
    """Returns the stack; refuses gaps, missing weights and shapes that do not chain."""
    weights: list[Float64] = []
    biases: list[Float64] = []
    for expected, position in zip(range(0, 2 * len(modules), 2), sorted(modules), strict=True):
        if position != expected:
            raise UnsupportedOp(
                f"module {position} has weights, the next Linear is expected at {expected} after one ReLU",
                where=where,
                legal=_LEGAL,
            )
        module = modules[position]
        if "weight" not in module:
            raise ModelError(
                f"{position}.weight is missing", where=where, legal="weight and bias of every Linear"
            )
        weight = module["weight"]
        bias = module.get("bias", np.zeros(weight.shape[0]))
        if bias.shape != (weight.shape[0],):
            raise ModelError(
                f"{position}.bias has shape {bias.shape}", where=where, legal=f"({weight.shape[0]},)"
            )
        if weights and weight.shape[1] != weights[-1].shape[0]:
            raise ModelError(
                f"{position}.weight has {weight.shape[1]} inputs after {weights[-1].shape[0]} outputs",
                where=where,
                legal="equal numbers",
            )
        if 0 in weight.shape:
            raise ModelError(f"{position}.weight has shape {weight.shape}", where=where, legal="both >= 1")
        weights.append(weight)
        biases.append(bias)
    return FloatStack(name, tuple(weights), tuple(biases))
