"""Words of 64 and of 512 places, for kernels that are written once for both.

A row of places is a machine word of 64 bits in an array (rows,), or a *wide word* of 8 x 64 bits in an array
(rows, 8). The functions below tell by the array which it is; Numba compiles a kernel for each. Words know
& | ^ ~ and what is here; a wide word is one register with AVX-512, and two or four on other processors.

    place      511 ... 448 | ... | 127 ... 64 | 63 ... 1 0
    limb            7      | ... |     1      |     0
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from llvmlite import binding, ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils, config
from numba.core.typing import templates
from numba.extending import intrinsic, lower_builtin, models, register_model
from numba.np import arrayobj

Planes = npt.NDArray[np.uint64]
NARROW, WIDE = 64, 512
"""Places of a word."""
LIMBS = WIDE // NARROW
word = cast(Callable[[Any], int], np.uint64)
"""In kernels: an integer as a limb. Limbs and signed integers must never meet in one operation."""
ALL = np.uint64(2**64 - 1)
"""A limb of all places."""
_LIMB = ir.IntType(64)
_VECTOR = ir.VectorType(_LIMB, LIMBS)
_arrays: Any = arrayobj
_config: Any = config
_codegen: Any = cgutils
_templates: Any = templates
_lower: Any = lower_builtin
_signature: Any = templates.signature
_Load = Callable[[Any, Any], int]


class WideWord(types.Type):
    """The type of a wide word in a kernel."""

    def __init__(self) -> None:
        super().__init__(name="WideWord")


wide = WideWord()


@register_model(WideWord)
class _WideModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]


def _of(array: Any) -> Any:
    return wide if array.ndim == 2 else types.uint64


def _is_wide(array: Any) -> bool:
    return bool(array.ndim == 2)


def _model(array: Any) -> Any:
    return _VECTOR if _is_wide(array) else _LIMB


def _all(model: Any, value: int) -> Any:
    return ir.Constant(model, [value] * LIMBS if model is _VECTOR else value)


def _call(builder: Any, name: str, result: Any, args: list[Any]) -> Any:
    kind = ir.FunctionType(result, [arg.type for arg in args])
    return builder.call(_codegen.get_or_insert_function(builder.module, kind, name), args)


def _splat(builder: Any, value: Any, model: Any) -> Any:
    """Return a number in every limb."""
    if model is _LIMB:
        return value
    first = builder.insert_element(ir.Constant(model, ir.Undefined), value, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LIMBS), [0] * LIMBS)
    return builder.shuffle_vector(first, first, zeros)


# --- operators of wide words ----------------------------------------------------------------------


def _operator(functions: tuple[Any, ...], name: str) -> None:
    def build(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return getattr(builder, name)(*args)

    kinds = [wide] * (1 if name == "not_" else 2)
    template = type(f"_Wide_{name}", (_templates.ConcreteTemplate,), {"cases": [_signature(wide, *kinds)]})
    for function in functions:
        _templates.infer_global(function)(template)
        _lower(function, *kinds)(build)


_operator((operator.and_, operator.iand), "and_")
_operator((operator.or_, operator.ior), "or_")
_operator((operator.xor, operator.ixor), "xor")
_operator((operator.invert,), "not_")


# --- rows ---------------------------------------------------------------------------------------


def _pointer(context: Any, builder: Any, kind: Any, array: Any, row: Any) -> Any:
    data = _arrays.make_array(kind)(context, builder, array).data
    if not _is_wide(kind):
        return builder.gep(data, [row])
    return builder.gep(builder.bitcast(data, _VECTOR.as_pointer()), [row])


@cast(Callable[[Any], _Load], intrinsic)
def load(_: Any, array: Any, row: Any) -> tuple[Any, Any]:
    """Return a row of an array."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_pointer(context, builder, sig.args[0], *args), align=8)

    return _of(array)(array, types.int64), build


@cast(Callable[[Any], Callable[[Any, Any, Any], None]], intrinsic)
def store(_: Any, array: Any, row: Any, value: Any) -> tuple[Any, Any]:
    """Set a row of an array."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(context, builder, sig.args[0], *args[:2]), align=8)
        return context.get_dummy_value()

    return types.void(array, types.int64, _of(array)), build


@cast(Callable[[Any], _Load], intrinsic)
def spread(_: Any, array: Any, bit: Any) -> tuple[Any, Any]:
    """Return all places of a word as in an array if a bit, 0 or 1, is set, and none if not."""

    def build(_: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _splat(builder, builder.neg(args[1]), _model(sig.args[0]))

    return _of(array)(array, types.int64), build


@cast(Callable[[Any], _Load], intrinsic)
def single(_: Any, array: Any, place: Any) -> tuple[Any, Any]:
    """Return one place, of a word as in an array."""

    def build(_: Any, builder: Any, sig: Any, args: Any) -> Any:
        model = _model(sig.args[0])
        bit = _splat(builder, builder.shl(_LIMB(1), builder.and_(args[1], _LIMB(63))), model)
        if model is _LIMB:
            return bit
        limb = _splat(builder, builder.lshr(args[1], _LIMB(6)), model)
        here = builder.icmp_unsigned("==", limb, ir.Constant(model, list(range(LIMBS))))
        return builder.select(here, bit, _all(model, 0))

    return _of(array)(array, types.int64), build


@cast(Callable[[Any], Callable[[Any], int]], intrinsic)
def nothing(_: Any, array: Any) -> tuple[Any, Any]:
    """Return no place, of a word as in an array."""

    def build(_: Any, __: Any, sig: Any, ___: Any) -> Any:
        return _all(_model(sig.args[0]), 0)

    return _of(array)(array), build


# --- words --------------------------------------------------------------------------------------


@cast(Callable[[Any], Callable[[Any], bool]], intrinsic)
def some(_: Any, places: Any) -> tuple[Any, Any]:
    """Return whether any place is set."""

    def build(_: Any, builder: Any, sig: Any, args: Any) -> Any:
        model = _VECTOR if sig.args[0] == wide else _LIMB
        limbs = builder.icmp_unsigned("!=", args[0], _all(model, 0))
        if model is _LIMB:
            return limbs
        return builder.icmp_unsigned("!=", builder.bitcast(limbs, ir.IntType(LIMBS)), ir.IntType(LIMBS)(0))

    return types.boolean(places), build


@cast(Callable[[Any], Callable[[Any], int]], intrinsic)
def count(_: Any, places: Any) -> tuple[Any, Any]:
    """Return the number of places set."""

    def build(_: Any, builder: Any, sig: Any, args: Any) -> Any:
        if sig.args[0] != wide:
            return _call(builder, "llvm.ctpop.i64", _LIMB, [args[0]])
        counts = _call(builder, "llvm.ctpop.v8i64", _VECTOR, [args[0]])
        return _call(builder, "llvm.vector.reduce.add.v8i64", _LIMB, [counts])

    return types.int64(places), build


@cast(Callable[[Any], Callable[[Any, Any, Any], None]], intrinsic)
def add_count(_: Any, array: Any, row: Any, places: Any) -> tuple[Any, Any]:
    """Add to a row of an array, limb by limb, how many places are set."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, sig.args[0], *args[:2])
        model, name = (_VECTOR, "v8i64") if _is_wide(sig.args[0]) else (_LIMB, "i64")
        more = _call(builder, f"llvm.ctpop.{name}", model, [args[2]])
        builder.store(builder.add(builder.load(pointer, align=8), more), pointer, align=8)
        return context.get_dummy_value()

    return types.void(array, types.int64, _of(array)), build


def _can_permute() -> bool:
    """Return whether kernels are compiled for processors that permute the limbs of a register."""
    as_host = _config.CPU_NAME is None and _config.CPU_FEATURES is None
    return as_host and bool(binding.get_host_cpu_features().get("avx512f"))


def _rotated_wide(builder: Any, x: Any, turn: Any) -> Any:
    """Return x rotated: whole limbs by a permutation, the rest by a funnel shift of two such words."""
    if not PERMUTES:
        return _rotated_in_memory(builder, x, turn)
    whole = _splat(builder, builder.lshr(turn, _LIMB(6)), _VECTOR)
    parts = []
    for base in (0, -1):
        order = ir.Constant(_VECTOR, [(k + base) % LIMBS for k in range(LIMBS)])
        order = builder.and_(builder.sub(order, whole), _all(_VECTOR, LIMBS - 1))
        parts.append(_call(builder, "llvm.x86.avx512.permvar.di.512", _VECTOR, [x, order]))
    bits = _splat(builder, builder.and_(turn, _LIMB(63)), _VECTOR)
    return _call(builder, "llvm.fshl.v8i64", _VECTOR, [*parts, bits])


def _rotated_in_memory(builder: Any, x: Any, turn: Any) -> Any:
    """Return x rotated: whole limbs by two loads from x written twice, the rest by a funnel shift.

    buffer   x0 x1 ... x7 x0 x1 ... x7      limbs q: upper from 8 - q on, lower from 7 - q on
    """
    pair = _codegen.alloca_once(builder, ir.ArrayType(_VECTOR, 2))
    zero, one = ir.IntType(32)(0), ir.IntType(32)(1)
    for half in (zero, one):
        builder.store(x, builder.gep(pair, [zero, half]))
    limbs = builder.bitcast(pair, _LIMB.as_pointer())
    shift = builder.lshr(turn, _LIMB(6))
    parts = []
    for base in (8, 7):
        pointer = builder.gep(limbs, [builder.sub(_LIMB(base), shift)])
        parts.append(builder.load(builder.bitcast(pointer, _VECTOR.as_pointer()), align=8))
    bits = _splat(builder, builder.and_(turn, _LIMB(63)), _VECTOR)
    return _call(builder, "llvm.fshl.v8i64", _VECTOR, [*parts, bits])


PERMUTES = _can_permute()


@cast(Callable[[Any], _Load], intrinsic)
def rotated(_: Any, places: Any, turn: Any) -> tuple[Any, Any]:
    """Return a word rotated left by 0..63 or 0..511 places."""

    def build(_: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, turn = args
        if sig.args[0] == wide:
            return _rotated_wide(builder, x, turn)
        return _call(builder, "llvm.fshl.i64", _LIMB, [x, x, turn])

    return places(places, types.int64), build


# --- numbers of a table ---------------------------------------------------------------------------


def _place(context: Any, builder: Any, kind: Any, args: Any) -> Any:
    """Return where a number of a table (rows, width) is; no index counts from the end."""
    table, row, width, column = args
    data = _arrays.make_array(kind)(context, builder, table).data
    return builder.gep(data, [builder.add(builder.mul(row, width), column)])


@cast(Callable[[Any], Callable[[Any, Any, Any, Any], int]], intrinsic)
def item(_: Any, table: Any, row: Any, width: Any, column: Any) -> tuple[Any, Any]:
    """Return a number of a table (rows, width) of 32-bit integers."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.sext(builder.load(_place(context, builder, sig.args[0], args)), _LIMB)

    return types.int64(table, types.int64, types.int64, types.int64), build


@cast(Callable[[Any], Callable[[Any, Any, Any, Any, Any], None]], intrinsic)
def set_item(_: Any, table: Any, row: Any, width: Any, column: Any, value: Any) -> tuple[Any, Any]:
    """Set a number of a table (rows, width) of 32-bit integers."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, sig.args[0], args[:4])
        builder.store(builder.trunc(args[4], ir.IntType(32)), place)
        return context.get_dummy_value()

    return types.void(table, *[types.int64] * 4), build


@cast(Callable[[Any], Callable[[Any, Any], None]], intrinsic)
def prefetch_row(_: Any, array: Any, row: Any) -> tuple[Any, Any]:
    """Ask the processor to fetch a row of an array; any row is harmless."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        pointer = builder.bitcast(_pointer(context, builder, sig.args[0], *args), byte)
        _call(builder, "llvm.prefetch.p0i8", ir.VoidType(), [pointer, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), build


# --- arrays, outside kernels ----------------------------------------------------------------------


def rows(count: int, places: int) -> Planes:
    """Return `count` rows of no places, (count,) or (count, 8); wide ones begin at multiples of 64 bytes.

    The operating system gives memory only to rows that are used.
    """
    if places == NARROW:
        return np.zeros(count, dtype=np.uint64)
    room = np.zeros((count + 1) * LIMBS, dtype=np.uint64)
    skip = -room.ctypes.data % (8 * LIMBS) // 8
    return room[skip : skip + count * LIMBS].reshape(count, LIMBS)


def limbs(planes: Planes) -> Planes:
    """Return rows as (rows, limbs), of either width."""
    return planes[:, None] if planes.ndim == 1 else planes


def places_of(planes: Planes) -> int:
    """Return how many places a row has."""
    return NARROW if planes.ndim == 1 else WIDE


def packed(bits: npt.NDArray[np.bool_], places: int) -> Planes:
    """Return (rows, any number of bits) as rows of `places` places, the first bit at place 0.

    Bits must not be more than places.
    """
    out = rows(len(bits), places)
    padded = np.zeros((len(bits), places), dtype=np.uint8)
    padded[:, : bits.shape[1]] = bits
    limbs(out)[:] = np.packbits(padded, axis=1, bitorder="little").view("<u8")
    return out
