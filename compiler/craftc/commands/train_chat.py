"""`craftc train chat`: a small language model from dialogues or stories."""

from __future__ import annotations

from pathlib import Path

import click

from craftc.commands.screen import Stages, say, table

FILE = click.Path(path_type=Path, dir_okay=False)
PLACE = click.Path(path_type=Path)


@click.command()
@click.option("--data", type=PLACE, required=True, help="Text or parquet, TinyChat's or TinyStories' form.")
@click.option("--held-out", type=PLACE, help="Documents to measure on; default: a share of the data.")
@click.option("--config", "settings", type=FILE, help="TOML file of settings (docs/training.md).")
@click.option("-o", "--out", type=FILE, required=True, help="Checkpoint to write.")
@click.option("--resume", is_flag=True, help="Go on from OUT.training.")
@click.option("--log", type=PLACE, help="Folder for tensorboard events.")
@click.option("--origin", default="", help="Where the text comes from, and its licence; kept in the model.")
def chat(
    data: Path,
    held_out: Path | None,
    settings: Path | None,
    out: Path,
    resume: bool,
    log: Path | None,
    origin: str,
) -> None:
    """Train a small GPT in floats, then in the integers of the hardware."""
    from craftc.train.chat import Sources, train_chat
    from craftc.train.config import ChatConfig, read_config

    config = ChatConfig() if settings is None else read_config(settings)
    sources = Sources(data, out, held_out, log, origin)
    with Stages() as stages:
        result = train_chat(sources, config, resume=resume, progress=stages)
    if result.model is None:
        return
    say(f"{out}: {result.model.parameters:,} parameters, {result.seconds:,.0f} s of training")
    rows = [("integers", result.quantized_nats)]
    if result.float_nats is not None:
        rows.insert(0, ("floats", result.float_nats))
    table(
        (name, f"{nats.per_token:.4f} nats per token, {nats.per_character:.4f} per character")
        for name, nats in rows
    )
