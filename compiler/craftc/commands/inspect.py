"""Commands that look at files: info, sim, lint.

Positions are world coordinates where the source is a world, and count from the low corner of a
schematic.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from craftc.commands.files import REPORT, local, read_blocks, read_report
from craftc.commands.screen import rows_of, say, table

ANY = click.Path(path_type=Path)
SOURCE = "DIR|FILE.schem"
COMMON = 12
"""Block kinds that `info` lists."""

Pos = tuple[int, int, int]


def _positions(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> list[Pos]:
    """Return positions written X,Y,Z. Raises a usage error that shows the form."""
    found: list[Pos] = []
    for value in values:
        try:
            x, y, z = (int(part) for part in value.split(","))
        except ValueError as error:
            raise click.BadParameter(f"{value!r} is not of the form X,Y,Z", context, parameter) from error
        found.append((x, y, z))
    return found


def _position_option(flag: str, name: str, text: str) -> Callable[[Any], Any]:
    return click.option(flag, name, multiple=True, callback=_positions, metavar="X,Y,Z", help=text)


@click.command()
@click.argument("source", metavar="FILE|DIR", type=ANY)
def info(source: Path) -> None:
    """Tell what a checkpoint, schematic, world or build is."""
    if source.suffix == ".pt" and source.is_file():
        table(_model_rows(source))
    elif (source / REPORT).is_file():
        table(rows_of(read_report(source)))
    else:
        table(_block_rows(source))


def _model_rows(path: Path) -> list[tuple[str, str]]:
    """Return facts about a checkpoint, with the width every sum needs."""
    from craftc.model import load_checkpoint, prove

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


@click.command()
@click.argument("source", metavar=SOURCE, type=ANY)
@click.option("--ticks", type=click.IntRange(0), default=200, show_default=True, help="Game ticks.")
@_position_option("--use", "used", "Lever or button to use at the start; repeatable.")
@_position_option("--probe", "probes", "Position to read; repeatable.")
@click.option("--every", type=click.IntRange(1), help="Print the probes every so many game ticks.")
def sim(source: Path, ticks: int, used: list[Pos], probes: list[Pos], every: int | None) -> None:
    """Run the blocks of a build, world or schematic."""
    from craftc.sim import Board

    volume = read_blocks(source)
    board = Board(volume)
    for position in used:
        board.use(local(position, volume, source))
    places = [local(position, volume, source) for position in probes]
    names = [f"{x},{y},{z}" for x, y, z in probes]
    if every is not None and places:
        say("  ".join(["      gt", *names]))
        for row, found in enumerate(board.probe(places, ticks, every), 1):
            shown = (f"{int(level):{len(name)}}" for name, level in zip(names, found, strict=True))
            say("  ".join([f"{row * every:8}", *shown]))
    else:
        board.run(ticks)
        levels = [str(board.power(place)) for place in places]
        table((f"power at {name}", level) for name, level in zip(names, levels, strict=True))
    facts = {"nodes": board.nodes, "game_ticks": board.now_gt, "events": board.events, "quiet": board.quiet}
    table(rows_of(facts))


@click.command()
@click.argument("source", metavar=SOURCE, type=ANY)
def lint(source: Path) -> None:
    """Check the blocks of a build, world or schematic against the design rules."""
    from craftc.check.drc import require_clean

    require_clean(read_blocks(source))
    say(f"{source}: no design rule is broken")


COMMANDS: tuple[click.Command, ...] = (info, sim, lint)
