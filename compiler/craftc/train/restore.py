"""Reads a trained language model back into a net, so that torch can check it, or go on from it."""

from __future__ import annotations

import torch

from craftc.errors import ModelError
from craftc.ir.graph import Node
from craftc.ir.types import Fixed
from craftc.lm.model import LanguageModel
from craftc.train import arithmetic as a
from craftc.train.config import ChatConfig
from craftc.train.graph import named_matrices, named_norms
from craftc.train.net import Gpt, Matrix


def to_net(model: LanguageModel) -> Gpt:
    """Returns the net in integers whose logits are the model's; `to_model` of it gives the same graph.

    Raises ModelError for a model that `craftc train chat` did not make, ConfigError for settings that this
    version does not know.
    """
    settings = model.meta.get("config")
    if not isinstance(settings, dict):
        legal = "a model of craftc train chat"
        raise ModelError("holds no settings of a training", where=model.name, legal=legal)
    net = Gpt(ChatConfig.from_mapping(settings), model.vocabulary, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for name, matrix in named_matrices(net).items():
            _set(matrix, name, model)
        for name, norm in named_norms(net).items():
            gain = torch.from_numpy(model.tensors[f"{name}.gain"].copy()).float()
            norm.gain.copy_(gain / (1 << a.GAIN_BITS))
    net.quantized = True
    return net


def _set(matrix: Matrix, name: str, model: LanguageModel) -> None:
    codes = torch.from_numpy(model.tensors[name].copy()).float()
    if codes.shape != matrix.weight.shape:
        found, legal = tuple(codes.shape), f"{tuple(matrix.weight.shape)}, as the settings say"
        raise ModelError(f"tensor {name!r} has the shape {found}", where=model.name, legal=legal)
    node = next(n for n in model.graph if name in n.tensors.values())
    multipliers = matrix.multiplier
    if "multipliers" in node.tensors:
        multipliers = torch.from_numpy(model.tensors[node.tensors["multipliers"]].copy())
    matrix.set_steps(_fraction(model, node), multipliers)
    matrix.weight.copy_(codes * matrix.step()[:, None])


def _fraction(model: LanguageModel, node: Node) -> int:
    """Returns f where a code c of this embedding or matmul means c * 2^-f."""
    made = node.type.format
    assert isinstance(made, Fixed)
    if node.op == "embedding":
        return made.frac - int(node["shift"])
    read = model.graph.types()[node.inputs[0]].format
    assert isinstance(read, Fixed)
    return made.frac - read.frac + int(node["shift"]) - (int(node["multiplier"]).bit_length() - 1)
