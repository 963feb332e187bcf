"""A node where it stands: the types of its inputs, its tensors, and the rules that many operators share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from craftc.ir.graph import Node
from craftc.ir.types import Dimension, Fixed, Type

Array = npt.NDArray[Any]
Shape = tuple[Dimension, ...]
Fault = tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Site:
    """A node with the types of its inputs and the arrays of its tensors."""

    node: Node
    types: tuple[Type, ...]
    tensors: Mapping[str, Array]

    def shape(self, index: int = 0) -> Shape:
        """Shape of one input."""
        return self.types[index].shape

    @property
    def fixed(self) -> bool:
        """Whether all inputs and the output are fixed-point."""
        return all(isinstance(t.format, Fixed) for t in (*self.types, self.node.type))


def all_fixed(site: Site) -> Fault:
    """Refuses short floats."""
    return None if site.fixed else ("takes or makes short floats", "fixed-point formats")


def same_format(site: Site) -> Fault:
    """The value has the format of the first input."""
    made, given = site.node.type.format, site.types[0].format
    return None if made == given else (f"makes {made} of {given}", str(given))


def rank(index: int, axes: int) -> Callable[[Site], Fault]:
    """One input has so many axes."""

    def rule(site: Site) -> Fault:
        found = len(site.shape(index))
        return None if found == axes else (f"input {site.node.inputs[index]!r} has {found} axes", str(axes))

    return rule


def equal_shapes(site: Site) -> Fault:
    """The two inputs have one shape."""
    if site.shape(0) == site.shape(1):
        return None
    return f"inputs are {site.types[0]} and {site.types[1]}", "equal shapes"


def width(tensor: str, axis: int) -> Callable[[Site], Fault]:
    """A tensor is as long as the input along one of its axes."""

    def rule(site: Site) -> Fault:
        found, wanted = site.tensors[tensor].shape[axis], site.shape()[-1]
        return (
            None if found == wanted else (f"{tensor} is for {found} inputs, there are {wanted}", str(wanted))
        )

    return rule


def stored(param: str, tensor: str) -> Callable[[Site], Fault]:
    """The stored integers fit the width that is declared for them."""

    def rule(site: Site) -> Fault:
        bits, needed = site.node[param], width_bits(site.tensors[tensor])
        return None if not bits or needed <= bits else (f"{tensor} needs {needed} bits", f"{param}={bits}")

    return rule


def width_bits(array: Array) -> int:
    """Returns the bits that every number of an array needs: two's complement if one is negative.

    >>> width_bits(np.array([3, 0])), width_bits(np.array([-4, 3]))
    (2, 3)
    """
    low, high = int(array.min()), int(array.max())
    if low >= 0:
        return max(1, high.bit_length())
    return 1 + max((-low - 1).bit_length(), max(high, 0).bit_length())
