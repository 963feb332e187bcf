"""What `info` and `estimate` show of a language model."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from craftc.commands.screen import rows_of, say, table, words

if TYPE_CHECKING:
    from craftc.estimate.language import LanguageEstimate
    from craftc.lm import LanguageModel

COLUMNS = (
    "operator",
    "shape",
    "weights",
    "bits",
    "blocks",
    "lanes",
    "words/lane",
    "rt/token",
    "events/token",
)


def load_language(path: Path) -> LanguageModel | None:
    """Returns the language model in a file, None if the file is of another format of ours.

    Raises ModelError if it is a language model that cannot be used, or no .pt file at all.
    """
    from craftc.lm.file import from_loaded, is_language_model
    from craftc.model.checkpoint_file import load_plain

    plain = load_plain(path)
    return from_loaded(plain, str(path)) if is_language_model(plain) else None


def info_rows(model: LanguageModel, path: Path) -> list[tuple[str, str]]:
    """Returns facts about a language model: sizes, numerics, formats, tokens, and what holds its bits."""
    from craftc.estimate.language import estimate_language

    graph, tokens = model.graph, model.tokenizer
    costs = estimate_language(model)
    kinds = Counter(node.op for node in graph)
    rows = rows_of({"name": model.name, "numerics": model.numerics, "parameters": model.parameters})
    rows += rows_of(
        {"context": model.context, "vocabulary": model.vocabulary, "tokens with text": len(tokens.tokens)}
    )
    rows.append(("formats", ", ".join(sorted({str(node.type.format) for node in graph}))))
    rows.append(("operators", ", ".join(f"{kinds[op]} {op}" for op in kinds)))
    for op in dict.fromkeys(row.op for row in costs.rows):
        chosen = [row for row in costs.rows if row.op == op]
        bits, weights = sum(row.bits for row in chosen), sum(row.weights for row in chosen)
        rows.append(
            (f"{op} bits", f"{bits:,} in {len(chosen)}" + (f", {weights:,} weights" if weights else ""))
        )
    rows += rows_of({"all bits": costs.total("bits"), "cache bits": costs.cache_bits})
    rows += rows_of(dict(model.meta))
    return [*rows, ("sha256", hashlib.sha256(path.read_bytes()).hexdigest())]


def show_estimate(model: LanguageModel, lanes: int | None, words_per_lane: int | None) -> None:
    """Write the costs of every operator that holds data, their sums, and where the figures come from."""
    from craftc.estimate.language import estimate_language

    costs = estimate_language(model, lanes, words_per_lane)
    lines = [COLUMNS, *_lines(costs)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(COLUMNS))]
    for line in lines:
        say("  ".join(_cell(text, widths[k], k < 2) for k, text in enumerate(line)).rstrip())
    say()
    table(_extrapolated(costs))
    say()
    table(_notes(costs))


def _extrapolated(costs: LanguageEstimate) -> list[tuple[str, str]]:
    """Returns the operators that were never built, by kind, priced as words of a lane."""
    rows = [
        (f"{row.nodes} {row.op}", f"{row.words:,} words, {row.redstone_ticks:,} rt, {row.events:,} events")
        for row in costs.extrapolated
    ]
    ticks = sum(row.redstone_ticks for row in costs.extrapolated)
    events = sum(row.events for row in costs.extrapolated)
    return [("extrapolated", "per token at full context, none of these is built"), *rows,
            ("all of these", f"{ticks:,} rt, {events:,} events")]  # fmt: skip


def _lines(costs: LanguageEstimate) -> list[tuple[str, ...]]:
    names = ("weights", "bits", "volume", "lanes", "words_per_lane", "redstone_ticks", "events")
    lines = [(row.name, row.shape, *(_number(getattr(row, name)) for name in names)) for row in costs.rows]
    sums = {name: costs.total(name) for name in names if name not in ("lanes", "words_per_lane")}
    total = ("all of these", "", *(_number(sums.get(name)) for name in names))
    return [*lines, total]


def _notes(costs: LanguageEstimate) -> list[tuple[str, str]]:
    """Returns what was counted, measured, extrapolated, and left out."""
    rows = [
        ("counted", "weights, bits, lanes, words per lane; ROM of matrices is padded to hex digits: "
         f"{costs.total('rom_bits'):,} bits"),
        ("cache", f"{costs.cache_bits:,} bits, not in the volume"),
    ]  # fmt: skip
    rows += [
        (
            "measured",
            f"{b.name} at {b.lanes} lanes: {b.blocks:,} blocks, {b.redstone_ticks:,} rt, {b.events:,} "
            f"events; by the formula {row.volume:,}, {_number(row.redstone_ticks)}, {_number(row.events)}",
        )
        for b, row in costs.built
    ]
    for measured in (True, False):
        kind = "measured" if measured else "extrapolated"
        found = costs.coefficients.by_kind(measured).values()
        rows += [(kind, f"{words(c.value)} {c.unit} ({c.source})") for c in found]
    left = ", ".join(f"{count} {op}" for op, count in costs.not_estimated.items())
    return [*rows, ("not estimated", f"{left}; the volume of all operators beside matrices and tables")]


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _cell(text: str, width: int, left: bool) -> str:
    return f"{text:<{width}}" if left else f"{text:>{width}}"
