"""Commands that make models: train, quantize."""

from __future__ import annotations

from pathlib import Path

import click

from craftc.commands.screen import Stages, say
from craftc.commands.train_chat import chat

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def train() -> None:
    """Train a model of one kind."""


train.add_command(chat)


@train.command()
@click.option("-o", "--out", type=FILE, required=True, help="Checkpoint to write; test images go beside it.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the training.")
def digits(out: Path, seed: int) -> None:
    """Train the 64-lever digit recogniser on 1,437 scans and test it on 360."""
    from craftc.model.train_digits import train_digits

    with Stages() as stages:
        result = train_digits(out, seed, progress=stages)
    sizes = "-".join(map(str, result.checkpoint.sizes))
    say(f"{out}: {sizes}, {result.checkpoint.parameters:,} parameters")
    say(f"test accuracy: {result.integer_accuracy:.2%} in integers, {result.float_accuracy:.2%} in floats")


@click.command()
@click.argument("model", type=FILE)
@click.option("--calibrate", type=FILE, required=True, help="An .npz with the array x (batch, inputs).")
@click.option("-o", "--out", type=FILE, required=True, help="Checkpoint to write.")
@click.option(
    "--weight-max", type=int, default=7, show_default=True, help="Largest weight code, 1..7; 1 is ternary."
)
@click.option("--steps", type=int, default=3000, show_default=True, help="Training steps per rate, or 0.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed.")
def quantize(model: Path, calibrate: Path, out: Path, weight_max: int, steps: int, seed: int) -> None:
    """Quantize MODEL, a state dict of nn.Linear and nn.ReLU, to the integers of the hardware."""
    from craftc.model.quantize import QuantizeConfig, quantize_file

    config = QuantizeConfig(weight_max=weight_max, steps=steps, seed=seed)
    with Stages() as stages:
        result = quantize_file(model, calibrate, out, config, progress=stages)
    sizes = "-".join(map(str, result.checkpoint.sizes))
    say(f"{out}: {sizes}, {result.checkpoint.parameters:,} parameters")
    say(f"same class as the float model on {result.agreement:.2%} of the calibration inputs")


COMMANDS: tuple[click.Command, ...] = (train, quantize)
