"""A board handed to a kernel as the address of one array of addresses.

Calling a kernel with Net and State costs 2.4 microseconds, most of what a short run takes, because Numba
looks at every array. Here the arrays are made inside the kernel from where they lie: 0.2 microseconds.
The caller keeps Net and State alive; State.word and the rest are never replaced, only overwritten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

from craftc.sim.drive import use
from craftc.sim.engine import advance, run
from craftc.sim.kernel import AnyArray, Longs, hot, hot_inline
from craftc.sim.react import Net, State
from craftc.sim.ring import Queue

_arrays: Any = arrayobj
_tools: Any = cgutils
_types: Any = types


def _array_at(dtype: Any, axes: int = 1) -> Callable[[Any, Any], AnyArray]:
    """Return a function for kernels: (address, shape) -> the array that lies there."""
    made = _types.Array(dtype, axes, "C")

    def at(_: Any, __: Any, ___: Any) -> tuple[Any, Any]:
        def build(context: Any, builder: Any, ____: Any, args: Any) -> Any:
            item = context.get_data_type(dtype)
            size = context.get_constant(_types.intp, context.get_abi_sizeof(item))
            shape = _tools.unpack_tuple(builder, args[1], axes)
            strides = [size] if axes == 1 else [builder.mul(shape[1], size), size]
            array = _arrays.make_array(made)(context, builder)
            _arrays.populate_array(
                array,
                data=builder.inttoptr(args[0], item.as_pointer()),
                shape=_tools.pack_array(builder, shape),
                strides=_tools.pack_array(builder, strides),
                itemsize=size,
                meminfo=None,
            )
            return array._getvalue()

        return made(_types.int64, _types.UniTuple(_types.int64, axes)), build

    return cast(Callable[[Any, Any], AnyArray], intrinsic(at))


_longs = _array_at(_types.int64)
_ints = _array_at(_types.int32)
_words = _array_at(_types.uint32)
_signed_bytes = _array_at(_types.int8)
_bytes = _array_at(_types.uint8)
_shorts = _array_at(_types.uint16)
_long_rows = _array_at(_types.int64, 2)
TABLE = 48  # numbers in the array of addresses


def addresses(net: Net, state: State) -> Longs:
    """Return the addresses and shapes of all arrays, (arrays * 3,)."""
    rows = []
    for array in (*net, *state[:-1], *state.queue):
        rows += [array.__array_interface__["data"][0], array.shape[0], array.shape[-1]]
    return np.array(rows, dtype=np.int64)


@hot_inline
def _net(a: Longs) -> Net:
    return Net(
        _words(a[0], (a[1],)), _ints(a[3], (a[4],)), _long_rows(a[6], (a[7], a[8])),
        _signed_bytes(a[9], (a[10],)), _bytes(a[12], (a[13],)), _bytes(a[15], (a[16],)),
        _bytes(a[18], (a[19],)),
    )  # fmt: skip


@hot_inline
def _state(a: Longs) -> State:
    queue = Queue(
        _ints(a[36], (a[37],)), _ints(a[39], (a[40],)), _ints(a[42], (a[43],)), _longs(a[45], (a[46],))
    )
    return State(
        _longs(a[21], (a[22],)), _shorts(a[24], (a[25],)), _bytes(a[27], (a[28],)),
        _longs(a[30], (a[31],)), _longs(a[33], (a[34],)), queue,
    )  # fmt: skip


@hot
def run_at(place: int, ticks: int) -> None:
    """Run the board at `place` for `ticks` game ticks; see engine.run."""
    run(_net(_longs(place, (TABLE,))), _state(_longs(place, (TABLE,))), ticks)


@hot
def advance_at(place: int, ticks: int, most: int) -> int:
    """Return the game ticks that the board at `place` ran; see engine.advance."""
    return advance(_net(_longs(place, (TABLE,))), _state(_longs(place, (TABLE,))), ticks, most)


@hot
def use_at(place: int, n: int, value: int) -> None:
    """Set a lever or press a button of the board at `place`; see drive.use."""
    use(_net(_longs(place, (TABLE,))), _state(_longs(place, (TABLE,))), n, value)
