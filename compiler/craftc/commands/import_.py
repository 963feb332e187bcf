"""Commands that bring models of others in, and write them back: import, export."""

from __future__ import annotations

from pathlib import Path

import click

from craftc.commands.screen import say

FILE = click.Path(path_type=Path, dir_okay=False)
ANY = click.Path(path_type=Path)


@click.group(name="import")
def import_group() -> None:
    """Bring a model of others into a checkpoint of ours."""


@import_group.command(name="craftgpt")
@click.argument("source", metavar="PATH", type=ANY)
@click.option("-o", "--out", type=FILE, required=True, help="Checkpoint to write.")
@click.option(
    "--numerics",
    type=click.Choice(["craftgpt", "integer"]),
    default="craftgpt",
    show_default=True,
    help="Floor every product as the original does, or exact products and one shift.",
)
def import_craftgpt(source: Path, out: Path, numerics: str) -> None:
    """Read CraftGPT from the folder of its weight files, or a .zip of it."""
    from craftc import lm
    from craftc.model.craftgpt import import_craftgpt as run_import

    model = run_import(source).with_numerics(numerics)
    digest = lm.save(model, out)
    say(
        f"{out}: {model.parameters:,} parameters, {len(model.tokenizer.tokens):,} tokens, numerics {numerics}"
    )
    say(f"sha256 {digest}")


@click.group(name="export")
def export_group() -> None:
    """Write a checkpoint of ours in the form of others."""


@export_group.command(name="craftgpt")
@click.argument("model", type=FILE)
@click.option("-o", "--out", type=ANY, required=True, help="New folder for the weight files.")
def export_craftgpt(model: Path, out: Path) -> None:
    """Write the weight files of CraftGPT back, byte for byte."""
    from craftc import lm
    from craftc.model.craftgpt import export_craftgpt as run_export

    say(f"{out}: {run_export(lm.load(model), out)} files")


COMMANDS: tuple[click.Command, ...] = (import_group, export_group)
