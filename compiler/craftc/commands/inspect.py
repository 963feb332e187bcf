"""The command `info`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from craftc.commands.files import REPORT, read_blocks, read_report
from craftc.commands.screen import rows_of, say, table

ANY = click.Path(path_type=Path)
COMMON = 12
"""Block kinds that `info` lists."""


@click.command()
@click.argument("source", metavar="FILE|DIR", type=ANY)
@click.option("--graph", is_flag=True, help="Print the operators of a language model instead.")
def info(source: Path, graph: bool) -> None:
    """Tell what a checkpoint, schematic, world or build is."""
    if graph:
        _show_graph(source)
    elif source.suffix == ".pt" and source.is_file():
        table(_model_rows(source))
    elif (source / REPORT).is_file():
        table(rows_of(read_report(source)))
    else:
        table(_block_rows(source))


def _show_graph(path: Path) -> None:
    from craftc import lm
    from craftc.ir import show

    say(show(lm.load(path).graph).rstrip("\n"))


def _model_rows(path: Path) -> list[tuple[str, str]]:
    """Return facts about a checkpoint, with the width every sum needs."""
    from craftc.commands.language import info_rows, load_language
    from craftc.model import load_checkpoint, prove

    if (language := load_language(path)) is not None:
        return info_rows(language, path)
    model = load_checkpoint(path)
    rows = rows_of({"name": model.name, "sizes": model.sizes, "parameters": model.parameters})
    for index, (layer, limits) in enumerate(zip(model.layers, prove(model), strict=True)):
        what = f"{layer.n_in} x {layer.input_bits} bit -> {layer.n_out}, {layer.activation}"
        rows.append((f"layer {index}", f"{what}; sums need {limits.bits} bits, {limits.digits} octal digits"))
    rows += rows_of(dict(model.meta))
    return [*rows, ("sha256", hashlib.sha256(path.read_bytes()).hexdigest())]


def _block_rows(source: Path) -> list[tuple[str, str]]:
    """Return size, position and the commonest blocks of a world or schematic."""
    import numpy as np

    volume = read_blocks(source)
    facts = {"size": volume.size, "low corner": ", ".join(map(str, volume.origin)), "volume": volume.volume}
    rows = rows_of({**facts, "placed blocks": volume.placed_blocks})
    counts: dict[str, int] = {}
    found = np.zeros(len(volume.palette), dtype=np.int64)
    for layer in volume.ids:
        found += np.bincount(layer.ravel(), minlength=len(found))
    for (state, _), count in zip(volume.palette, found.tolist(), strict=True):
        if count and state.short != "air":
            counts[state.short] = counts.get(state.short, 0) + count
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return rows + [(name, f"{count:,}") for name, count in ranked[:COMMON]]


COMMANDS: tuple[click.Command, ...] = (info,)
