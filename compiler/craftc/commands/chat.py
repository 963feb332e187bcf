"""The command `chat`: talk with a language model, token by token as it is drawn."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from craftc.commands.screen import say
from craftc.errors import ModelError

if TYPE_CHECKING:
    from craftc.lm import Dialogue, LanguageModel

FILE = click.Path(path_type=Path, dir_okay=False)
BAR = 24
"""Characters of the longest bar of /why."""

HELP = """  /why [N]    the candidates for token N of the last reply; the last token without N
  /reset      begin a new dialogue with the same seed
  /seed N     begin a new dialogue with another seed
  /quit       leave; so does an empty line"""


@click.command()
@click.argument("model", type=FILE)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the generator, not 0.")
@click.option("--prompt", "prompts", multiple=True, help="Say this and leave; repeatable, one turn each.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per turn; needs --prompt.")
@click.option(
    "--numerics", type=click.Choice(["craftgpt", "integer"]), help="Other numerics than those of the model."
)
def chat(model: Path, seed: int, prompts: tuple[str, ...], as_json: bool, numerics: str | None) -> None:
    """Talk with MODEL: a prompt with --prompt, or line by line."""
    if as_json and not prompts:
        raise click.UsageError("--json needs --prompt")
    talk = _prepared(model, seed, numerics)
    if as_json:
        for prompt in prompts:
            say(json.dumps(talk.dialogue.say(prompt).to_json(), separators=(",", ":")))
    elif prompts:
        for prompt in prompts:
            talk.answer(prompt)
    else:
        talk.greet()
        talk.run(_lines())


def _prepared(path: Path, seed: int, numerics: str | None) -> Talk:
    """Returns a talk that answers at once: weights decoded, kernels compiled (seconds, the first time)."""
    from rich.console import Console

    from craftc import lm

    console = Console(stderr=True)
    with console.status("preparing the model") if console.is_terminal else nullcontext():
        model = lm.load(path)
        model = model if numerics is None else model.with_numerics(numerics)
        dialogue = lm.Dialogue(model, seed)
        dialogue.warm()
    return Talk(dialogue)


def _lines() -> Iterator[str]:
    """Yields what the user types, or the lines of a pipe, until there are no more."""
    if not sys.stdin.isatty():
        yield from (line.rstrip("\n") for line in sys.stdin)
        return
    with suppress(ImportError):  # line editing, where the system has it
        import readline  # noqa: F401
    with suppress(EOFError):
        while True:
            yield input("you> ")


@dataclass(slots=True)
class Drawn:
    """A token that was drawn, and the candidates it was drawn from."""

    token: int
    best: list[list[int]]


@dataclass(slots=True)
class Talk:
    """A dialogue at the terminal."""

    dialogue: Dialogue
    last: list[Drawn] = field(default_factory=list)

    @property
    def model(self) -> LanguageModel:
        """The model that talks."""
        return self.dialogue.model

    def greet(self) -> None:
        """Say who talks and what can be typed."""
        model = self.model
        facts = (
            f"{model.parameters:,} parameters, {model.context} tokens of context, numerics {model.numerics}"
        )
        say(f"{click.style(model.name, bold=True)}: {facts}, seed {self.dialogue.seed}")
        say(HELP)

    def run(self, lines: Iterator[str]) -> None:
        """Answer lines until one says /quit, or is empty at a terminal."""
        for line in lines:
            text = line.strip()
            if text in ("", "/quit"):
                if text or sys.stdin.isatty():
                    return
                continue
            try:
                if text.startswith("/"):
                    self._command(text)
                else:
                    self.answer(text)
            except ModelError as error:
                say(click.style(str(error), fg="red"))
            except KeyboardInterrupt:
                say("\ninterrupted; the reply ends here")

    def answer(self, prompt: str) -> None:
        """Write the reply to a prompt while it is drawn, then what is left of the context."""
        dialogue, stops = self.dialogue, self.model.tokenizer.stops
        self.last = []
        began = False
        if sys.stdout.isatty():
            click.echo(click.style(f"{self.model.name}> ", bold=True), nl=False)
        for token in dialogue.stream(prompt):
            self.last.append(Drawn(token, dialogue.best))
            if token not in stops:
                text = self.model.tokenizer.decode([token])
                click.echo(text if began else text.lstrip(), nl=False)
                sys.stdout.flush()
                began = True
        say()
        say(click.style(self._left(), dim=True))

    def _left(self) -> str:
        left, context = self.dialogue.left, self.model.context
        if left == 0 and self.last[-1].token not in self.model.tokenizer.stops:
            return f"the context of {context} tokens is full and the reply cut off; /reset begins anew"
        return f"{left} of {context} tokens left"

    def _command(self, text: str) -> None:
        name, _, argument = text.partition(" ")
        commands: dict[str, Callable[[str], None]] = {
            "/why": self._why, "/reset": self._reset, "/seed": self._seed, "/help": lambda _: say(HELP)
        }  # fmt: skip
        if name not in commands:
            raise ModelError(f"unknown command {name}", legal=", ".join([*commands, "/quit"]))
        commands[name](argument.strip())

    def _reset(self, argument: str) -> None:
        self.dialogue.reset()
        self.last = []
        say(f"a new dialogue, seed {self.dialogue.seed}")

    def _seed(self, argument: str) -> None:
        try:
            seed = int(argument)
        except ValueError as error:
            raise ModelError(f"{argument!r} is no seed", legal="/seed N") from error
        self.dialogue.reset(seed)
        self.last = []
        say(f"a new dialogue, seed {seed}")

    def _why(self, argument: str) -> None:
        if not self.last:
            raise ModelError("nothing was drawn yet", legal="a reply first")
        count = len(self.last)
        number = int(argument) if argument.isdigit() else count
        if (argument and not argument.isdigit()) or not 1 <= number <= count:
            raise ModelError(f"no token {argument!r}", legal=f"/why 1 .. /why {count}")
        drawn = self.last[number - 1]
        form = self.model.graph.types()[self._probability()].format
        unit = 2.0 ** -getattr(form, "frac", 0)
        say(f"token {number} of {count}:")
        for probability, token in drawn.best:
            share = probability * unit
            mark = ">" if token == drawn.token else " "
            text = repr(self.model.tokenizer.decode([token]))
            say(f"  {mark} {share:6.1%}  {text:20} {'#' * round(BAR * share)}")

    def _probability(self) -> str:
        """Returns the value that the candidates are chosen from."""
        graph = self.model.graph
        return graph.node(graph.outputs["keys"]).inputs[0]


COMMANDS: tuple[click.Command, ...] = (chat,)
