"""Errors of craftc. Every message names what, where, why, and what would be legal.

All are refusals of bad input or failed checks; none is a bug report. `cli.py` turns them
into one line and a non-zero exit code. Anything else that escapes is a defect of craftc.
"""

from __future__ import annotations

from collections.abc import Mapping


class CraftcError(Exception):
    """Base of every refusal. `legal` says what would have been accepted, if that can be said."""

    def __init__(self, message: str, *, where: str = "", legal: str = "") -> None:
        self.message = message
        self.where = where
        self.legal = legal
        prefix = f"{where}: " if where else ""
        suffix = f" (legal: {legal})" if legal else ""
        super().__init__(f"{prefix}{message}{suffix}")


class ModelError(CraftcError):
    """A checkpoint, weight or shape that cannot be used."""


class UnsupportedOp(CraftcError):
    """A layer or operator that the compiler does not know."""


class OverflowRefused(CraftcError):
    """An accumulator that could overflow; names the layer and the width it would need."""


class ConfigError(CraftcError):
    """An unknown or illegal setting."""


class FoldingError(ConfigError):
    """Illegal lanes or words per lane; names the legal values."""


class CellError(CraftcError):
    """A drawing or cell contract that is malformed."""


class PlacementError(CraftcError):
    """Two macros claim the same cell, or something does not fit."""


class RoutingError(CraftcError):
    """A net that found no legal path."""


class TimingError(CraftcError):
    """A signal that arrives outside its window."""


class DrcError(CraftcError):
    """A design rule broken by placed blocks."""


class LintError(CraftcError):
    """Errors that the lints found on a board."""


class LvsError(CraftcError):
    """The netlist extracted from the blocks differs from the one that was meant."""


class SimError(CraftcError):
    """A board that the simulator refuses."""


class FormatError(CraftcError):
    """A world, region, schematic or NBT file that is damaged or of an unknown form."""


class OutputError(CraftcError):
    """An output folder or file that cannot be written safely."""


class MismatchError(CraftcError):
    """Blocks, machine and golden model do not agree."""


def require_within(limits: Mapping[str, tuple[int, int, int]], where: str) -> None:
    """Raise ConfigError for the first name whose (value, low, high) is not low <= value <= high."""
    for name, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise ConfigError(f"{name} is {value}", where=where, legal=f"{low}..{high}")
