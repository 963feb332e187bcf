"""`craftc eval`: how good a language model is."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from craftc.commands.screen import Stages, rows_of, say, table

FILE = click.Path(path_type=Path, dir_okay=False)
PLACE = click.Path(path_type=Path)
KEY = "CRAFTC_GRADER_KEY"


@click.command("eval")
@click.argument("model", type=FILE)
@click.option("--data", type=PLACE, required=True, help="Dialogues or stories that MODEL was not trained on.")
@click.option("--teacher", type=FILE, help="A model to compare with on the same text.")
@click.option("--documents", type=click.IntRange(1), default=400, show_default=True, help="At most.")
@click.option("--replies", type=click.IntRange(0), default=200, show_default=True, help="Replies to look at.")
@click.option("--seed", type=click.IntRange(1), default=1, show_default=True, help="Seed of the first reply.")
@click.option("--grader", metavar="URL", help=f"OpenAI-compatible endpoint; its key is read from {KEY}.")
@click.option("--grader-model", default="", help="Name of the grading model there.")
@click.option(
    "--grades", type=click.IntRange(1), default=50, show_default=True, help="Replies to have graded."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def evaluate(
    model: Path,
    data: Path,
    teacher: Path | None,
    documents: int,
    replies: int,
    seed: int,
    grader: str | None,
    grader_model: str,
    grades: int,
    as_json: bool,
) -> None:
    """Measure MODEL on text and in talk: nats, agreement with a teacher, repetition, ends, grades."""
    from craftc.lm.corpus import read_corpus
    from craftc.lm.crowd import converse
    from craftc.lm.evaluate import evaluate_model, prompt_of
    from craftc.lm.file import load
    from craftc.lm.grading import Endpoint, Sample, grade

    subject = load(model)
    reference = load(teacher) if teacher is not None else None
    endpoint = Endpoint(grader, grader_model, os.environ.get(KEY, "")) if grader is not None else None
    corpus = read_corpus(data).documents[:documents]
    with Stages() as stages:
        found = evaluate_model(subject, corpus, reference, replies, seed, progress=stages)
        facts = {key: value for key, value in asdict(found).items() if value is not None}
        if endpoint is not None:
            chosen = corpus[:grades]
            prompts = [prompt_of(document) for document in chosen]
            turns = converse(subject, prompts, [seed + n for n in range(len(chosen))])
            samples = [Sample(t.prompt, t.reply, d.chat) for t, d in zip(turns, chosen, strict=True)]
            facts["grades"] = asdict(grade(endpoint, samples, progress=stages))
    if as_json:
        say(json.dumps(facts))
    else:
        table(rows_of(facts))


COMMANDS: tuple[click.Command, ...] = (evaluate,)
