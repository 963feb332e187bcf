"""Formats and types: printed, read, refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from craftc.errors import ModelError
from craftc.ir.types import Fixed, Short, Type, parse_format, parse_type

FIXED = st.builds(Fixed, st.integers(1, 62), st.integers(0, 99), st.booleans())
SHORT = st.builds(Short, st.integers(2, 6), st.integers(1, 15))
SHAPES = st.lists(st.one_of(st.integers(1, 5000), st.just("T")), max_size=3).map(tuple)


@given(st.one_of(FIXED, SHORT), SHAPES)
def test_printed_and_read(form: Fixed | Short, shape: tuple[int | str, ...]) -> None:
    kind = Type(form, shape)  # type: ignore[arg-type]
    assert parse_type(str(kind)) == kind
    assert parse_format(str(form)) == form


def test_ranges() -> None:
    assert (Fixed(24, 18).low, Fixed(24, 18).high, Fixed(24, 18).modulus) == (
        -(1 << 23),
        (1 << 23) - 1,
        1 << 24,
    )
    assert (Fixed(23, 22, False).low, Fixed(23, 22, False).high) == (0, (1 << 23) - 1)
    assert Short(5, 10).bits == 16
    assert Type(Fixed(8, 0), ("T", 4)).count == 4


@pytest.mark.parametrize("text", ["", "f32", "s24", "s24.", "e5", "s0.0", "u63.0", "e9m2", "e5m99"])
def test_no_formats(text: str) -> None:
    with pytest.raises(ModelError, match="legal"):
        parse_format(text)


@pytest.mark.parametrize("text", ["s8.0[]", "s8.0[0]", "s8.0[a]", "s8.0[1,]", "s8.0[TT]", "[3]"])
def test_no_types(text: str) -> None:
    with pytest.raises(ModelError, match="legal"):
        parse_type(text)
