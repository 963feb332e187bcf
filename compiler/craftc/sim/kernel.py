"""Decorators for compiled kernels; both keep the type of the function.

`kernel` is for set-up code that makes arrays. `hot` is for the engine: compiled without reference
counting, which costs ten times the work itself there; such kernels make no arrays and no slices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])
AnyArray = npt.NDArray[Any]
Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]
signed = cast(Callable[[Any], int], np.int64)  # in kernels: an unsigned byte as a signed integer
_jit = cast(Any, njit)


def kernel(function: F) -> F:
    """Return the function compiled, with its machine code cached on disk."""
    return cast(F, _jit(cache=True, nogil=True)(function))


def hot(function: F) -> F:
    """Return the function compiled without reference counting."""
    return cast(F, _jit(cache=True, nogil=True, _nrt=False)(function))


def hot_inline(function: F) -> F:
    """Return the function compiled into every caller."""
    return cast(F, _jit(cache=True, nogil=True, _nrt=False, forceinline=True)(function))
