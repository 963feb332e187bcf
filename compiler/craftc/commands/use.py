"""Commands that use a finished build: run, render, why."""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from craftc.commands.files import local, read_blocks
from craftc.commands.screen import Stages, panel, rows_of, say, table
from craftc.errors import MismatchError

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path)
Int64 = npt.NDArray[np.int64]


@click.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--index", type=click.IntRange(0), help="Number of a test image of the build.")
@click.option("--image", type=FILE, help="A square PNG of one digit, 8 x 8 or larger.")
@click.option("--levers", metavar="BITS", help="All levers in order, such as 01100101.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def run(folder: Path, index: int | None, image: Path | None, levers: str | None, as_json: bool) -> None:
    """Set the levers of the machine in DIR, press RUN and read its lamps."""
    if [index, image, levers].count(None) != 2:
        raise click.UsageError("give one of --index N, --image FILE, --levers BITS")
    from craftc.commands.pictures import read_image
    from craftc.verify import run_once

    bits = None if image is None else read_image(image)
    if levers is not None:
        bits = _bits(levers)
    with Stages() as stages:
        result = run_once(folder, index=index, bits=bits, progress=stages)
    facts = {
        "class": result.predicted,
        "golden": result.golden,
        "label": result.label,
        "redstone_ticks": result.redstone_ticks,
        "events": result.events,
        "seconds": result.seconds,
    }
    if as_json:
        say(json.dumps(facts))
    else:
        say(panel(result.bits))
        say()
        say(" ".join(f"[{name}]" if lit else f" {name} " for name, lit in enumerate(result.lamps)))
        table(rows_of(facts))
    if result.predicted != result.golden:
        legal = f"class {result.golden}, which the model gives"
        raise MismatchError(f"the lamps show class {result.predicted}", where=str(folder), legal=legal)


def _bits(levers: str) -> Int64:
    """Return lever positions (n,) from a text of 0 and 1. Raises UsageError for any other text."""
    if not levers or set(levers) - {"0", "1"}:
        raise click.UsageError(f"--levers {levers!r}: a row of 0 and 1 is expected")
    return np.array([int(bit) for bit in levers], dtype=np.int64)


@click.command()
@click.argument("source", metavar="DIR|FILE.schem", type=FOLDER)
@click.option("-o", "--out", type=FILE, required=True, help="PNG file to write.")
@click.option(
    "--crop",
    nargs=6,
    type=int,
    default=None,
    metavar="X0 Y0 Z0 X1 Y1 Z1",
    help="Show only the blocks from the first corner to before the second.",
)
@click.option("--pixels", type=click.IntRange(10_000), default=3_000_000, show_default=True, help="At most.")
@click.option("--turn", type=click.IntRange(0, 3), default=0, show_default=True, help="Quarter turns.")
def render(source: Path, out: Path, crop: tuple[int, ...] | None, pixels: int, turn: int) -> None:
    """Draw the blocks of a build, a world or a schematic."""
    from craftc.view.png import render_png

    volume = read_blocks(source)
    part = None
    if crop:
        x0, y0, z0, x1, y1, z1 = crop
        part = (local((x0, y0, z0), volume, source), local((x1, y1, z1), volume, source))
    width, height = render_png(volume, out, max_pixels=pixels, crop=part, quarter_turns=turn)
    say(f"{out}: {width} x {height} pixels")


@click.command(context_settings={"ignore_unknown_options": True})  # a negative number is no option
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.argument("x", type=int)
@click.argument("y", type=int)
@click.argument("z", type=int)
def why(folder: Path, x: int, y: int, z: int) -> None:
    """Tell which cell, IR node and weight the block at X Y Z of the world in DIR belongs to."""
    from craftc.view import why as find

    table(rows_of(find(folder, (x, y, z))))


COMMANDS: tuple[click.Command, ...] = (run, render, why)
