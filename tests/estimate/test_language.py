"""Estimates of language models: what is counted is exact, what is priced is marked, nothing is free."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.lm.toys import WIDTH, toy

from craftc.errors import ConfigError
from craftc.estimate.language import (
    COEFFICIENTS,
    WORDS_PER_WEIGHT,
    Built,
    Coefficient,
    estimate_language,
    sum_digits,
)
from craftc.model.craftgpt import import_craftgpt


def events_of(name: str, each: float) -> int:
    """Return the events of a matrix of the toy: its words, priced by the digits of its sums."""
    model = toy()
    node = model.graph.node(name)
    outputs, inputs = model.tensors[node.tensors["weights"]].shape
    x = model.graph.types()[node.inputs[0]]
    digits = sum_digits(x.format.bits, node["code"], inputs, node.type.format.bits, node["shift"])
    words = outputs * inputs * WORDS_PER_WEIGHT[node["code"]]
    return round(words * each * digits / 12)


def test_counts_follow_from_the_parallelism() -> None:
    costs = estimate_language(toy(), lanes=5)
    row = next(row for row in costs.rows if row.name == "m.query")
    assert (row.weights, row.bits, row.lanes) == (256, 1024, 5)
    assert row.words_per_lane == 4 * WIDTH  # 16 outputs on 5 lanes: 4 rounds of 16 inputs
    assert row.redstone_ticks == 4 * WIDTH * COEFFICIENTS.word.value + COEFFICIENTS.matrix.value
    assert row.events == events_of("m.query", COEFFICIENTS.event.value)


def test_words_per_lane_choose_the_lanes() -> None:
    costs = estimate_language(toy(), words_per_lane=3 * WIDTH + 1)
    row = next(row for row in costs.rows if row.name == "m.query")
    assert (row.lanes, row.words_per_lane) == (6, 3 * WIDTH)
    assert estimate_language(toy(), lanes=1000).rows[-1].lanes != 1000


@pytest.mark.parametrize(
    ("lanes", "words", "message"),
    [
        (3, 100, "both lanes and words"),
        (0, None, "0 lanes"),
        (None, WIDTH - 1, "at least 16, the words of one"),
    ],
)
def test_impossible_parallelism_is_refused(lanes: int | None, words: int | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        estimate_language(toy(), lanes, words)


def test_shared_tensors_count_once_and_nothing_is_free() -> None:
    costs = estimate_language(toy())
    assert [row.name for row in costs.rows].count("gain") == 1
    assert all(row.volume > 0 and row.bits > 0 for row in costs.rows)
    found = {row.op for row in costs.extrapolated}
    assert {"scores", "max", "reciprocal", "layer_norm"} <= found
    assert {"prbs", "cache"} <= set(costs.not_estimated) and not found & set(costs.not_estimated)
    assert costs.cache_bits == 2 * 24 * WIDTH * 16


def test_coefficients_are_prices() -> None:
    dear = replace(COEFFICIENTS, event=Coefficient(1000, "events per word", True, "a test"))
    costs = estimate_language(toy(), coefficients=dear)
    names = toy().graph.names("matmul")
    assert costs.total("events") == sum(events_of(name, 1000) for name in names)
    assert "event" in costs.coefficients.by_kind(measured=True)
    assert set(COEFFICIENTS.by_kind(True)) | set(COEFFICIENTS.by_kind(False)) == {
        "rom_bit", "matrix_bit", "tower", "lane", "word", "matrix", "event"
    }  # fmt: skip


def test_built_matrices_stand_beside_the_formula() -> None:
    built = (Built("m.query", (16, 16), 4, 1000, 200, 3000), Built("m.query", (16, 8), 4, 1, 1, 1))
    costs = estimate_language(toy(), built=built)
    ((found, row),) = costs.built
    assert found is built[0] and row.name == "m.query" and row.lanes == 4
    assert estimate_language(toy()).built == ()


def test_craftgpt_holds_the_bits_of_the_original(craftgpt: Path) -> None:
    """46,008,448 bits of ROM, in the widths that its author states."""
    costs = estimate_language(import_craftgpt(craftgpt))
    by_op = {op: sum(row.bits for row in costs.rows if row.op == op) for op in {row.op for row in costs.rows}}
    assert by_op == {
        "matmul": 36_864_000, "embedding": 8_570_880, "layer_norm": 74_880, "table": 44_032, "rom": 454_656
    }  # fmt: skip
    assert costs.total("bits") == 46_008_448 and costs.cache_bits == 2_949_120
    assert costs.total("weights") == 5_087_280


@pytest.mark.parametrize(
    ("x_bits", "code", "inputs", "out_bits", "shift", "digits"),
    [
        (24, "companded8", 240, 24, 11, 12),  # what was built: results keep bits 11..34 of a sum
        (8, "int4", 64, 20, 4, 6),  # 8 + 4 + 6 bits
        (8, "ternary", 64, 20, 4, 6),
        (8, "int4", 288, 8, 0, 3),  # wraps at 8 bits
    ],
)
def test_sums_are_as_long_as_their_numbers_need(
    x_bits: int, code: str, inputs: int, out_bits: int, shift: int, digits: int
) -> None:
    assert sum_digits(x_bits, code, inputs, out_bits, shift) == digits


def test_operators_without_data_are_counted_and_kept_apart() -> None:
    model = toy()
    costs = estimate_language(model, lanes=8)
    work = {row.op: row for row in costs.extrapolated}
    scores = [node for node in model.graph if node.op == "scores"]
    types = model.graph.types()
    words = sum(-(-min(types[n].format.bits for n in node.inputs) // 4) for node in scores)
    assert work["scores"].words == words * model.context * WIDTH
    assert work["max"].redstone_ticks >= model.context * COEFFICIENTS.word.value
    assert all(row.words > 0 and row.redstone_ticks > 0 for row in costs.extrapolated)
    assert costs.total("redstone_ticks") == sum(r.redstone_ticks or 0 for r in costs.rows)  # matrices alone


def test_more_lanes_help_until_words_wait_for_each_other() -> None:
    ticks = [
        {row.op: row.redstone_ticks for row in estimate_language(toy(), lanes=lanes).extrapolated}
        for lanes in (1, 8, 1000)
    ]
    assert ticks[0]["scores"] > ticks[1]["scores"] > ticks[2]["scores"]
    assert ticks[1]["reciprocal"] == ticks[2]["reciprocal"] == 1728
