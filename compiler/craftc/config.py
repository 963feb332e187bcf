"""Settings of a build: one frozen dataclass, every field with its unit, nothing read from elsewhere.

Whether a number of lanes divides a network is known only with the network at hand; the folding pass
refuses it there and names the legal values. Here stand the rules that hold for every network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from craftc.errors import ConfigError
from craftc.export.container import VERSIONS

Optimize = Literal["area", "balanced", "speed"]
SchemVersion = Literal[2, 3]

OPTIMIZE: tuple[str, ...] = get_args(Optimize)
GAME_VERSIONS: tuple[str, ...] = tuple(VERSIONS)
SCHEM_VERSIONS: tuple[int, ...] = get_args(SchemVersion)
MAX_FOLD = 1 << 16
"""Largest count of lanes or words that is considered at all; above it the number is a slip."""

MAX_SEED = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class BuildConfig:
    """How to build a machine. Raises ConfigError on an illegal value, naming the legal ones."""

    lanes: int | None = None
    """Multiply-accumulate lanes that run side by side, count; None: the optimizer chooses."""

    words_per_lane: int | None = None
    """Weight words that each lane streams, count; None: the optimizer chooses."""

    optimize: Optimize = "balanced"
    """What the optimizer minimises: blocks of volume ("area"), redstone ticks per answer ("speed"), or the
    ticks of a machine whose neurons all have lanes and whose wires have room ("balanced")."""

    mc: str = "1.20.4"
    """Minecraft Java version of the save."""

    schem_version: SchemVersion = 2
    """Sponge schematic version of craftc/build.schem."""

    verify: bool = True
    """Read the finished build back and simulate it on every test vector."""

    seed: int = 0
    """Seed of the random test vectors of a model that brings no images."""

    def __post_init__(self) -> None:
        for key, kind in _KINDS.items():
            _check_kind(key, getattr(self, key), kind)
        _check_range("lanes", self.lanes, 1, MAX_FOLD)
        _check_range("words_per_lane", self.words_per_lane, 1, MAX_FOLD)
        _check_range("seed", self.seed, 0, MAX_SEED)
        _check_choice("optimize", self.optimize, OPTIMIZE)
        _check_choice("mc", self.mc, GAME_VERSIONS)
        _check_choice("schem_version", self.schem_version, SCHEM_VERSIONS)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> BuildConfig:
        """Return the settings of a mapping; what it lacks keeps its default.

        Raises ConfigError on an unknown key, naming the legal ones, and on an illegal value.
        """
        known = [f.name for f in fields(cls)]
        unknown = sorted(str(key) for key in values if key not in known)
        if unknown:
            raise ConfigError(f"unknown key {unknown[0]!r}", where="settings", legal=", ".join(known))
        return cls(**values)

    def to_mapping(self) -> dict[str, Any]:
        """Return all settings; `from_mapping` of it gives an equal object."""
        return asdict(self)


_KINDS: dict[str, tuple[type, ...]] = {
    "lanes": (int, type(None)),
    "words_per_lane": (int, type(None)),
    "optimize": (str,),
    "mc": (str,),
    "schem_version": (int,),
    "verify": (bool,),
    "seed": (int,),
}


def _check_kind(key: str, value: object, kinds: tuple[type, ...]) -> None:
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        legal = " or ".join("none" if k is type(None) else k.__name__ for k in kinds)
        raise ConfigError(f"is {value!r}", where=f"setting {key}", legal=legal)


def _check_range(key: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise ConfigError(f"is {value}", where=f"setting {key}", legal=f"{low}..{high}")


def _check_choice(key: str, value: object, choices: tuple[object, ...]) -> None:
    if value not in choices:
        legal = ", ".join(str(choice) for choice in choices)
        raise ConfigError(f"is {value!r}", where=f"setting {key}", legal=legal)
