"""Commands that make machines and check them: estimate, build, verify."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from craftc.commands.screen import Stages, rows_of, say, table
from craftc.config import GAME_VERSIONS, OPTIMIZE, SCHEM_VERSIONS, BuildConfig

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path)
OF_ONE_MATRIX = ("model", "out", "only", "rows", "inputs", "lanes", "words_per_lane", "no_verify")
"""Parameters of build that mean something with --only."""

Command = TypeVar("Command", bound=Callable[..., Any])

_FOLDING = (
    click.option("--lanes", type=int, help="Multiply-accumulate lanes, count."),
    click.option("--words-per-lane", type=int, help="Weight words that each lane streams, count."),
    click.option(
        "--optimize",
        type=click.Choice(OPTIMIZE),
        default="balanced",
        show_default=True,
        help="Fewest blocks, a lane per neuron, or fewest redstone ticks whatever the volume.",
    ),
)


def folding(command: Command) -> Command:
    """Return the command with the options that choose its parallelism."""
    for option in reversed(_FOLDING):
        command = option(command)
    return command


@click.command()
@click.argument("model", type=FILE)
@folding
def estimate(model: Path, **settings: Any) -> None:
    """Tell size, time and cost of MODEL's machine before building it."""
    from craftc.commands.language import load_language, show_estimate
    from craftc.estimate import estimate as run_estimate
    from craftc.model import load_checkpoint

    config = BuildConfig.from_mapping(settings)
    if (language := load_language(model)) is not None:
        show_estimate(language, config.lanes, config.words_per_lane)
        return
    table(rows_of(run_estimate(load_checkpoint(model), config)))


@click.command()
@click.argument("model", type=FILE)
@click.option("-o", "--out", type=FOLDER, help="Folder of the world; an earlier build there is replaced.")
@click.option("--schem", type=FILE, help="Write a schematic here, with or without a world.")
@click.option(
    "--schem-version",
    type=click.Choice([str(v) for v in SCHEM_VERSIONS]),
    default="2",
    show_default=True,
    help="Sponge schematic version.",
)
@click.option("--mc", default="1.20.4", show_default=True, help=f"Game version: {', '.join(GAME_VERSIONS)}.")
@folding
@click.option("--vectors", type=FILE, help="Test vectors, .npz of x and y; else MODEL-test.npz, or random.")
@click.option("--no-verify", is_flag=True, help="Leave out the simulation of the finished build.")
@click.option("--print-after", multiple=True, metavar="PASS", help="Print the IR after a pass; repeatable.")
@click.option("--only", metavar="OPERATOR", help="Of a language model: build this one matrix.")
@click.option("--rows", type=int, default=0, help="With --only: its first rows; 0 is all.")
@click.option("--inputs", type=int, default=0, help="With --only: its first inputs; 0 is all.")
def build(
    model: Path,
    out: Path | None,
    schem: Path | None,
    vectors: Path | None,
    no_verify: bool,
    print_after: tuple[str, ...],
    only: str | None,
    rows: int,
    inputs: int,
    **rest: Any,
) -> None:
    """Compile MODEL into a Minecraft world, and prove that the blocks on disk work."""
    _refuse_idle_options(click.get_current_context(), only is not None)
    if only is not None:
        from craftc.commands.matrix import build_only

        lanes, words = rest["lanes"], rest["words_per_lane"]
        build_only(
            model, only, out, rows=rows, inputs=inputs, lanes=lanes, words_per_lane=words,
            verify=not no_verify,
        )  # fmt: skip
        return
    if out is None and schem is None:
        raise click.UsageError("nothing to write: give -o DIR, --schem FILE, or both")
    from craftc.model import load_checkpoint
    from craftc.passes import pipeline

    config = BuildConfig.from_mapping(
        {**rest, "schem_version": int(rest["schem_version"]), "verify": not no_verify}
    )
    checkpoint = load_checkpoint(model)
    beside = model.with_name(f"{model.stem}-test.npz")
    with Stages() as stages:
        report = pipeline.build(
            checkpoint,
            config,
            out=out,
            schem=schem,
            images=vectors or (beside if beside.is_file() else None),
            print_after=print_after,
            emit=say,
            progress=stages,
        )
    say(f"built {out if out is not None else schem}")
    table(rows_of(report))


def _refuse_idle_options(context: click.Context, only: bool) -> None:
    """Raise UsageError naming an option that was given and would do nothing."""
    for name in context.params:
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        option = "--" + name.replace("_", "-")
        if only and name not in OF_ONE_MATRIX:
            raise click.UsageError(f"{option} does nothing with --only OPERATOR")
        if not only and name in ("rows", "inputs"):
            raise click.UsageError(f"{option} does nothing without --only OPERATOR")


@click.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
def verify(folder: Path) -> None:
    """Read the build in DIR back from disk and simulate it on every test vector."""
    from craftc.commands.matrix import verify_only
    from craftc.verify import run_verify

    if verify_only(folder):
        return

    with Stages() as stages:
        report = run_verify(folder, progress=stages)
    say(f"{folder}: every answer and every register agrees with the model")
    facts = {f.name: getattr(report, f.name) for f in fields(report) if f.name != "first"}
    table(rows_of({**facts, "events per second": report.events_per_second}))


COMMANDS: tuple[click.Command, ...] = (estimate, build, verify)
