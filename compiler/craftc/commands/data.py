"""`craftc data`: making training data."""

from __future__ import annotations

from pathlib import Path

import click

from craftc.commands.screen import Stages, say, table

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def data() -> None:
    """Make training data."""


@data.command()
@click.argument("model", type=FILE)
@click.option("-o", "--out", type=FOLDER, required=True, help="Folder for train.txt, heldout.txt, card.json.")
@click.option(
    "--dialogues", type=click.IntRange(1), default=40_000, show_default=True, help="Before the filter."
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of user turns and draws."
)
@click.option("--numerics", type=click.Choice(["craftgpt", "integer"]), help="Default: the model's own.")
@click.option("--any-words", is_flag=True, help="Keep words that MODEL spells out of pieces.")
def distill(model: Path, out: Path, dialogues: int, seed: int, numerics: str | None, any_words: bool) -> None:
    """Write dialogues that MODEL has with the user turns of a written grammar.

    The texts carry the lineage of MODEL's training data, and its licence: those of CraftGPT come from
    TinyChat, CC-BY-NC-4.0.
    """
    from craftc.lm.distill import DistillConfig
    from craftc.lm.distill import distill as run
    from craftc.lm.file import load

    teacher = load(model)
    if numerics is not None:
        teacher = teacher.with_numerics(numerics)
    config = DistillConfig(dialogues, seed, known_words_only=not any_words)
    with Stages() as stages:
        found = run(teacher, out, config, progress=stages)
    say(f"{out}: {found.train:,} dialogues to train on, {found.held_out:,} held out")
    rows = [("characters", f"{found.characters:,}")]
    rows += [(f"replies {why}", f"{count:,}") for why, count in sorted(found.verdicts.items())]
    table(rows)


COMMANDS: tuple[click.Command, ...] = (data,)
