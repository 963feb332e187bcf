"""The file a training is resumed from: weights, optimisers, step, and what it belongs to.

It is refused for other settings or other data. Loaded with `weights_only=True`.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from craftc.errors import ConfigError, ModelError
from craftc.export.safe import atomic_write
from craftc.train.batches import Sequences
from craftc.train.config import ChatConfig

_FORMAT = "craftc-training 2"
_KEYS = {
    "config",
    "data",
    "float_nats",
    "format",
    "net",
    "optimisers",
    "quantized",
    "seconds",
    "step",
    "tokens",
}


@dataclass(frozen=True, slots=True)
class Run:
    """What a training is: settings and data. Only the same may be resumed."""

    config: ChatConfig
    data: str
    """Digest of the encoded documents."""


def digest(sequences: Sequences) -> str:
    """Returns 16 hex digits of all encoded documents and their targets."""
    found = hashlib.sha256()
    for ids, counted in zip(sequences.ids, sequences.counted, strict=True):
        found.update(ids.tobytes())
        found.update(counted.tobytes())
    if sequences.soft is not None:
        for array in (sequences.soft.ids, sequences.soft.weights, *sequences.draws):
            found.update(array.tobytes())
    return found.hexdigest()[:16]


def save_state(path: Path, run: Run, **values: Any) -> None:
    """Writes the state beside and renames it. Raises OutputError if it cannot be written."""
    buffer = io.BytesIO()
    torch.save({"format": _FORMAT, "config": asdict(run.config), "data": run.data, **values}, buffer)
    atomic_write(path, buffer.getvalue())


def load_state(path: Path, run: Run) -> dict[str, Any]:
    """Returns the state in a file.

    Raises ModelError if it is absent or damaged, ConfigError if it belongs to other settings or other data,
    naming the first setting that differs.
    """
    where, legal = str(path), "a file that craftc train chat wrote, or no --resume"
    try:
        found = torch.load(path, weights_only=True, map_location="cpu")
    except FileNotFoundError as error:
        raise ModelError("no training to resume", where=where, legal=legal) from error
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"cannot be read: {why}", where=where, legal=legal) from error
    if not isinstance(found, dict) or found.get("format") != _FORMAT or set(found) != _KEYS:
        raise ModelError("is not the state of a training", where=where, legal=legal)
    mine = asdict(run.config)
    for key, value in found["config"].items():
        if mine.get(key) != value:
            why = f"was made with {key} = {value!r}, not {mine.get(key)!r}"
            raise ConfigError(why, where=where, legal="the settings it was made with, or no --resume")
    if found["data"] != run.data:
        raise ConfigError("was made with other data", where=where, legal="the same data, or no --resume")
    return found
