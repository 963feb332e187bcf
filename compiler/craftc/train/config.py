"""Settings of a chat training: shape, number formats, schedule. Read from TOML; unknown keys are refused."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from craftc.errors import ConfigError, CraftcError
from craftc.ir.types import Fixed, parse_format

WeightCode = Literal["ternary", "int4", "int8"]
Scales = Literal["matrix", "shift", "row"]
WEIGHT_MAX: Mapping[str, int] = {"ternary": 1, "int4": 7, "int8": 127}
"""Largest code of a weight; codes are symmetric."""

_EXACT_BITS = 24
"""float32 holds integers below 2^24 exactly, so a sum of products below it is exact in any order."""


@dataclass(frozen=True, slots=True)
class ChatConfig:
    """How a small language model is made. Raises ConfigError on an illegal value, naming the legal ones."""

    name: str = "chat"
    """Name written into the checkpoint."""

    vocabulary_kind: Literal["bpe", "characters"] = "bpe"
    """Learned pieces of words, or the 32 characters of the console."""
    vocabulary: int = 256
    """Tokens, marks included, 64..512; characters always make 34."""
    width: int = 64
    """Numbers in the residual stream."""
    layers: int = 2
    """Blocks of attention and perceptron."""
    heads: int = 4
    """Heads of attention; width / heads must be a power of 4, so that the score's divisor is a shift."""
    hidden: int = 256
    """Hidden units of a perceptron."""
    context: int = 64
    """Tokens of the longest dialogue."""
    tied: bool = True
    """Whether the head reads the token embedding instead of a matrix of its own."""

    embedding_code: WeightCode = "int4"
    """Weights of the token embedding, and of the head if tied."""
    position_code: WeightCode = "int4"
    """Weights of the position embedding."""
    attention_code: WeightCode = "int4"
    """Weights of query, key, value and projection."""
    mlp_code: WeightCode = "int4"
    """Weights of both matrices of a perceptron."""
    head_code: WeightCode = "int4"
    """Weights of an untied head."""
    scales: Scales = "matrix"
    """What a code of a matrix means: one power of two, a power of two per row, or a whole number per row."""
    residual: str = "s16.10"
    """Format of the residual stream; sums are clamped to it."""
    normed: str = "s8.4"
    """Format after a norm, what matrices read."""
    vectors: str = "s8.4"
    """Format of queries, keys, values and the output of attention."""
    activation: str = "s8.4"
    """Format of hidden units."""
    logits: str = "s16.8"
    """Format of logits."""

    loss_on: Literal["replies", "all"] = "replies"
    """Targets that count: what the model has to say, or every token."""
    targets: Literal["text", "choices"] = "text"
    """The text, or what the teacher might have said instead: the choices.npz beside the data."""
    softness: float = 0.0
    """Of choices: 0, the probabilities that the teacher draws with; 1, those it gives before the draw."""
    unknown: Literal["refuse", "skip"] = "refuse"
    """What to do with a document that holds a character outside the charset."""
    held_out: float = 0.02
    """Share of the documents kept from training if no held-out file is given."""
    steps: int = 2000
    """Steps in floats."""
    quantized_steps: int = 1000
    """Steps in integers, after those in floats."""
    batch: int = 64
    """Documents per step, over all processes."""
    lr: float = 4e-3
    """Largest learning rate in floats; rises for `warmup` steps, then falls as a cosine."""
    quantized_lr: float = 1e-3
    """Largest learning rate in integers; falls as a cosine."""
    matrix_lr: float = 2.0
    """Learning rate of the matrices inside blocks, relative to that of everything else (see `loop.Muon`)."""
    warmup: int = 100
    """Steps of rising learning rate, at the start of either phase."""
    weight_decay: float = 0.01
    """Decay of the matrices inside blocks, per unit of their learning rate."""
    dropout: float = 0.0
    """Share of the numbers that are left out of every branch during the steps in floats."""
    evaluate_every: int = 250
    """Steps between looks at the held-out documents."""
    save_every: int = 250
    """Steps between checkpoints to resume from."""
    seed: int = 0
    """Seed of the first weights and of the order of documents."""

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_kind(field.name, getattr(self, field.name), field.default)
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                _refuse(name, getattr(self, name), ", ".join(choices))
        for name, (low, high) in _RANGES.items():
            if not low <= getattr(self, name) <= high:
                _refuse(name, getattr(self, name), f"{low}..{high}")
        self._check_heads()
        self._check_formats()

    def _check_heads(self) -> None:
        legal = [h for h in range(1, self.width + 1) if self.width % h == 0 and _power_of_4(self.width // h)]
        if self.heads not in legal:
            _refuse("heads", self.heads, ", ".join(map(str, legal)) or f"no count for width {self.width}")

    def _check_formats(self) -> None:
        for name, bits in _FORMAT_BITS.items():
            if self.format(name).bits > bits or not self.format(name).signed:
                _refuse(name, getattr(self, name), f"signed, at most {bits} bits")
        finer = self.format("logits").frac - self.format("normed").frac
        if self.tied and self.scales != "matrix" and finer > self.format("residual").frac:
            legal = f"at most {finer} bits more than normed after the point of logits, or scales matrix"
            raise ConfigError("logits are too fine for a tied head", where="settings", legal=legal)
        widest = max(self.width, self.hidden)
        code = max(
            WEIGHT_MAX[getattr(self, n)]
            for n in ("embedding_code", "attention_code", "mlp_code", "head_code")
        )
        if (
            (widest * code)
            << (max(self.format("normed").bits, self.format("activation").bits) - 1)
            >> _EXACT_BITS
        ):
            raise ConfigError(
                f"sums of {widest} products may pass 2^{_EXACT_BITS}",
                where="settings",
                legal="narrower formats or codes, or a smaller width",
            )

    def format(self, name: str) -> Fixed:
        """Returns one of the formats. Raises ConfigError if it is no fixed-point format."""
        try:
            found = parse_format(getattr(self, name))
        except CraftcError as error:
            raise ConfigError(error.message, where=f"setting {name}", legal="for example s16.10") from error
        if not isinstance(found, Fixed):
            _refuse(name, getattr(self, name), "a fixed-point format, for example s16.10")
        assert isinstance(found, Fixed)
        return found

    def fingerprint(self) -> str:
        """Returns 16 hex digits that differ for different settings."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> ChatConfig:
        """Returns the settings of a mapping; what it lacks keeps its default. Raises ConfigError."""
        known = [f.name for f in fields(cls)]
        unknown = sorted(str(key) for key in values if key not in known)
        if unknown:
            raise ConfigError(f"unknown key {unknown[0]!r}", where="settings", legal=", ".join(known))
        return cls(**values)


def read_config(path: Path) -> ChatConfig:
    """Returns the settings of a TOML file. Raises ConfigError if it cannot be read or a value is illegal."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"cannot be read: {error}", where=str(path), legal="a TOML file of settings"
        ) from error
    return ChatConfig.from_mapping(values)


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "vocabulary_kind": ("bpe", "characters"),
    "loss_on": ("replies", "all"),
    "scales": get_args(Scales),
    "targets": ("text", "choices"),
    "unknown": ("refuse", "skip"),
    **{
        f"{part}_code": get_args(WeightCode) for part in ("embedding", "position", "attention", "mlp", "head")
    },
}

_RANGES: Mapping[str, tuple[float, float]] = {
    "vocabulary": (64, 512),
    "width": (4, 1024),
    "layers": (1, 64),
    "hidden": (4, 4096),
    "context": (8, 1024),
    "held_out": (0.001, 0.5),
    "steps": (0, 10**7),
    "quantized_steps": (1, 10**7),
    "batch": (1, 65536),
    "lr": (1e-6, 1.0),
    "quantized_lr": (1e-6, 1.0),
    "matrix_lr": (1e-3, 1000.0),
    "warmup": (0, 10**6),
    "weight_decay": (0.0, 10.0),
    "dropout": (0.0, 0.9),
    "softness": (0.0, 1.0),
    "evaluate_every": (1, 10**7),
    "save_every": (1, 10**7),
    "seed": (0, (1 << 63) - 1),
}

_FORMAT_BITS: Mapping[str, int] = {"residual": 16, "normed": 12, "vectors": 8, "activation": 12, "logits": 20}


def _power_of_4(n: int) -> bool:
    return n & (n - 1) == 0 and n.bit_length() % 2 == 1


def _check_kind(name: str, value: object, default: object) -> None:
    kinds = (int, float) if isinstance(default, float) else (type(default),)
    if not isinstance(value, kinds) or (isinstance(value, bool) and not isinstance(default, bool)):
        _refuse(name, value, type(default).__name__)


def _refuse(name: str, value: object, legal: str) -> None:
    raise ConfigError(f"is {value!r}", where=f"setting {name}", legal=legal)
