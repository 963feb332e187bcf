"""The printed form of a graph, and the rules that hold for every graph."""

from __future__ import annotations

import pytest
from tests.lm.toys import toy

from craftc.errors import ModelError
from craftc.ir import parse, show
from craftc.ir.ops import OPS
from craftc.ir.rules import RULES, SHAPES
from craftc.lm.operators import MAKERS

LINES = """\
context 24
input token: u5.0
input position: u5.0
input state: u9.0
e.token: s16.10[16] = embedding(token) table=@token
e.place: s16.10[16] = embedding(position) table=@place
x0: s16.10[16] = add(e.token, e.place)
norm1: s16.10[16] = layer_norm(x0) gain=@gain mean_multiplier=65536 mean_shift=20 variance_bias=9 \
variance_bits=36 root_multiplier=16384 root_shift=16 numerator_bits=30 inverse_bits=24 inverse_shift=18 \
gain_shift=8 negative_from=32768 overflow=clamp
m.query: s16.10[16] = matmul(norm1) weights=@query code=int4 products=exact shift=5
"""


@pytest.mark.parametrize("short", [False, True])
def test_printed_and_read(short: bool) -> None:
    graph = toy(0, short).graph
    assert parse(show(graph)) == graph
    assert show(parse(show(graph))) == show(graph)


def test_golden_text() -> None:
    assert show(toy().graph).startswith(LINES)


def test_comments_and_empty_lines() -> None:
    text = show(toy().graph)
    assert parse("# a graph\n\n" + text) == parse(text)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x = add(a, b)", "line 1: cannot read 'x = add"),
        ("x: s8.0[4] = add(a, b) overflow clamp", "line 1: cannot read 'overflow clamp'"),
        ("x: f8[4] = add(a, b)", "'f8' is no number format"),
        ("input token u5.0", "cannot read"),
    ],
)
def test_unreadable_lines_are_named(line: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        parse(line)


def test_every_operator_is_described_checked_and_executed() -> None:
    assert set(OPS) == set(SHAPES) == set(RULES) == set(MAKERS)
    assert all(spec.text for spec in OPS.values())
