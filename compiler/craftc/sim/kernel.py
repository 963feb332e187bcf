"""Decorators for compiled kernels; both keep the type of the function.

`kernel` is for set-up code that makes arrays. `hot` is for the engine: compiled without reference
counting, which costs ten times the work itself there; such kernels make no arrays and no slices.

Machine code is cached on disk. Numba dates a cached kernel by its own file only, although it holds
code of kernels in other files; here the date is a digest of all files of this folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

F = TypeVar("F", bound=Callable[..., Any])
AnyArray = npt.NDArray[Any]
Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]
signed = cast(Callable[[Any], int], np.int64)  # in kernels: an unsigned byte as a signed integer
index = cast(Callable[[Any], Any], np.uint64)  # in kernels: an index that is known not to be negative
_jit = cast(Any, njit)
_arrays: Any = arrayobj
_tools: Any = cgutils


def _sources() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


SOURCES = _sources()


def _compiled(function: F, **options: bool) -> F:
    dispatcher = _jit(cache=True, nogil=True, **options)(function)
    cache_file = dispatcher._cache._cache_file
    cache_file._source_stamp = (cache_file._source_stamp, SOURCES)
    cache_file._load_index = _forgiving(cache_file._load_index)
    return cast(F, dispatcher)


def _forgiving(load: Callable[[], dict[Any, Any]]) -> Callable[[], dict[Any, Any]]:
    """Return Numba's reader of a cache index; an index that names types which no longer exist is empty."""

    def wrapped() -> dict[Any, Any]:
        try:
            return load()
        except (AttributeError, ImportError):
            return {}

    return wrapped


def kernel(function: F) -> F:
    """Return the function compiled, with its machine code cached on disk."""
    return _compiled(function)


def hot(function: F) -> F:
    """Return the function compiled without reference counting."""
    return _compiled(function, _nrt=False)


def hot_inline(function: F) -> F:
    """Return the function compiled into every caller."""
    return _compiled(function, _nrt=False, forceinline=True)


@cast(Callable[[Any], Callable[[Any], bool]], intrinsic)
def rarely(_: Any, condition: Any) -> tuple[Any, Any]:
    """Return the condition, and tell the compiler that it is seldom true: code for it is put aside."""

    def build(__: Any, builder: Any, ___: Any, args: Any) -> Any:
        bit = ir.IntType(1)
        expect = builder.module.declare_intrinsic("llvm.expect", [bit], ir.FunctionType(bit, [bit, bit]))
        return builder.call(expect, [args[0], ir.Constant(bit, 0)])

    return types.boolean(types.boolean), build


@cast(Callable[[Any], Callable[[Any], int]], intrinsic)
def highest_bit(_: Any, number: Any) -> tuple[Any, Any]:
    """Return the place of the highest bit of a positive number."""

    def build(__: Any, builder: Any, ___: Any, args: Any) -> Any:
        wide, bit = ir.IntType(64), ir.IntType(1)
        zeros = builder.module.declare_intrinsic("llvm.ctlz", [wide], ir.FunctionType(wide, [wide, bit]))
        leading = builder.call(zeros, [args[0], ir.Constant(bit, 1)])
        return builder.sub(ir.Constant(wide, 63), leading)

    return types.int64(types.int64), build


@cast(Callable[[Any], Callable[[Any], int]], intrinsic)
def lowest_bit(_: Any, number: Any) -> tuple[Any, Any]:
    """Return the place of the lowest bit of a number other than 0."""

    def build(__: Any, builder: Any, ___: Any, args: Any) -> Any:
        wide, bit = ir.IntType(64), ir.IntType(1)
        zeros = builder.module.declare_intrinsic("llvm.cttz", [wide], ir.FunctionType(wide, [wide, bit]))
        return builder.call(zeros, [args[0], ir.Constant(bit, 1)])

    return types.int64(types.int64), build


@cast(Callable[[Any], Callable[[Any], int]], intrinsic)
def count_bits(_: Any, number: Any) -> tuple[Any, Any]:
    """Return how many bits of a number are set."""

    def build(__: Any, builder: Any, ___: Any, args: Any) -> Any:
        wide = ir.IntType(64)
        return builder.call(
            builder.module.declare_intrinsic("llvm.ctpop", [wide], ir.FunctionType(wide, [wide])), [args[0]]
        )

    return types.int64(types.int64), build


@cast(Callable[[Any], Callable[[Any, Any], None]], intrinsic)
def prefetch(_: Any, array: Any, place: Any) -> tuple[Any, Any]:
    """Ask the processor to fetch item number `place` of an array; any place is harmless."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        made = _arrays.make_array(signature.args[0])(context, builder, args[0])
        pointer = builder.gep(made.data, [args[1]])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        fetch = builder.module.declare_intrinsic(
            "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte] + 3 * [number])
        )
        builder.call(fetch, [builder.bitcast(pointer, byte), number(1), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), build


@cast(Callable[[Any], Callable[[Any, Any, Any], None]], intrinsic)
def copy_half(_: Any, array: Any, to: Any, source: Any) -> tuple[Any, Any]:
    """Copy 32 items of an array from place `source` to place `to`; the two may not overlap."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        made = _arrays.make_array(signature.args[0])(context, builder, args[0])
        size = 32 * context.get_abi_sizeof(context.get_data_type(signature.args[0].dtype))
        _tools.raw_memcpy(
            builder, builder.gep(made.data, [args[1]]), builder.gep(made.data, [args[2]]),
            context.get_constant(types.intp, size), 1,
        )  # fmt: skip
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), build


def _bytes_as_word(builder: Any, context: Any, array: Any, value: Any, place: Any) -> Any:
    made = _arrays.make_array(array)(context, builder, value)
    return builder.bitcast(builder.gep(made.data, [place]), ir.IntType(64).as_pointer())


@cast(Callable[[Any], Callable[[Any, Any], int]], intrinsic)
def load_word(_: Any, array: Any, place: Any) -> tuple[Any, Any]:
    """Return eight bytes of an array from `place` on as one number, the first byte lowest."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _bytes_as_word(builder, context, signature.args[0], args[0], args[1])
        return builder.load(pointer, align=1)

    return types.int64(array, types.int64), build


@cast(Callable[[Any], Callable[[Any, Any, Any], None]], intrinsic)
def store_word(_: Any, array: Any, place: Any, number: Any) -> tuple[Any, Any]:
    """Write a number to eight bytes of an array from `place` on, the first byte lowest."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _bytes_as_word(builder, context, signature.args[0], args[0], args[1])
        builder.store(args[2], pointer, align=1)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), build
