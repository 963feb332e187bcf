"""Trains a chat model from a file of dialogues or stories: data, vocabulary, net, loop, checkpoint.

out               the language model, in exact integers
<out>.training    what `resume` goes on from
log folder        events for tensorboard, if asked for
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from craftc.errors import ConfigError
from craftc.lm.choices import CHOICES, Choices, read_choices
from craftc.lm.corpus import Corpus, read_corpus
from craftc.lm.distill import CARD
from craftc.lm.file import save
from craftc.lm.model import LanguageModel
from craftc.lm.tokenizer import Tokenizer
from craftc.model.threads import one_thread
from craftc.train.batches import Sequences, encode_corpus
from craftc.train.config import ChatConfig
from craftc.train.graph import to_model
from craftc.train.held_out import Nats
from craftc.train.loop import Log, Progress, Trainer
from craftc.train.net import Gpt
from craftc.train.processes import Process, process
from craftc.train.state import Run, digest
from craftc.train.vocabulary import train_vocabulary


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a training reads from and writes to."""

    data: Path
    out: Path
    held_out: Path | None = None
    """Documents to measure on; None: a share of the data, chosen by their text, is kept from training."""
    log: Path | None = None
    """Folder for tensorboard events."""
    origin: str = ""
    """Where the text comes from and under which licence; goes into the checkpoint."""


@dataclass(frozen=True, slots=True)
class ChatResult:
    """What came out. Only the first of several processes has a model."""

    model: LanguageModel | None
    float_nats: Nats | None
    quantized_nats: Nats
    seconds: float


def train_chat(
    sources: Sources, config: ChatConfig, *, resume: bool = False, progress: Progress | None = None
) -> ChatResult:
    """Trains, writes the checkpoint and returns it with the nats on held-out documents.

    Raises FormatError for bad data, ConfigError for a missing library or a resumed training of other
    settings or data, ModelError if the loss is not finite, OutputError if a file cannot be written.
    """
    with one_thread(), process() as me:
        choices = _choices(sources, config)
        training, held_out = _corpora(sources, config)
        tokenizer = train_vocabulary(training, config.vocabulary_kind, config.vocabulary)
        context, counted = config.context, config.loss_on
        sets = [
            encode_corpus(training, tokenizer, context, counted, choices=choices, softness=config.softness),
            encode_corpus(held_out, tokenizer, context, counted, whole=True),
        ]
        with _log(sources.log if me.first else None) as log:
            trainer = _trainer(sources, config, tokenizer, sets, me)
            trainer.progress, trainer.log = progress if me.first else None, log
            if resume:
                trainer.resume()
            nats = trainer.run()
        model = None
        if me.first:
            meta = _meta(sources, config, trainer, nats, training)
            model = to_model(trainer.net, tokenizer, meta)
            save(model, sources.out)
        return ChatResult(model, trainer.float_nats, nats, trainer.seconds)


def state_path(out: Path) -> Path:
    """Returns the file that a training writing `out` is resumed from."""
    return out.with_name(f"{out.name}.training")


def _corpora(sources: Sources, config: ChatConfig) -> tuple[Corpus, Corpus]:
    """Returns the documents to train on and those to measure on."""
    corpus = read_corpus(sources.data, config.unknown)
    if sources.held_out is not None:
        return corpus, read_corpus(sources.held_out, config.unknown)
    kept: tuple[list[Any], list[Any]] = ([], [])
    for document in corpus.documents:
        share = zlib.crc32("\n".join(document.parts).encode()) / (1 << 32)
        kept[share < config.held_out].append(document)
    if not (kept[0] and kept[1]):
        legal = "more data, another held_out share, or --held-out FILE"
        raise ConfigError(f"{len(corpus)} documents cannot be split", where=str(sources.data), legal=legal)
    return Corpus(tuple(kept[0]), corpus.skipped), Corpus(tuple(kept[1]), 0)


def _choices(sources: Sources, config: ChatConfig) -> Choices | None:
    """Returns what the teacher might have said, if the settings want it."""
    if config.targets == "text":
        return None
    if sources.held_out is None or not sources.data.is_file():
        legal = f"--data FILE with {CHOICES} beside it, and --held-out FILE"
        raise ConfigError("targets choices needs all of one text", where="settings", legal=legal)
    return read_choices(sources.data.parent / CHOICES)


def _trainer(
    sources: Sources, config: ChatConfig, tokenizer: Tokenizer, sets: list[Sequences], me: Process
) -> Trainer:
    generator = torch.Generator().manual_seed(config.seed)
    net = Gpt(config, len(tokenizer.tokens), generator).to(me.device)
    return Trainer(net, Run(config, digest(sets[0])), sets[0], sets[1], me, state_path(sources.out))


@contextmanager
def _log(folder: Path | None) -> Iterator[Log | None]:
    """Yields what writes one number for tensorboard, or None without a folder."""
    if folder is None:
        yield None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        legal = "pip install 'craftc[train]', or no --log"
        raise ConfigError("logging needs tensorboard", where=str(folder), legal=legal) from error
    with SummaryWriter(str(folder)) as writer:

        def log(name: str, value: float, step: int) -> None:
            writer.add_scalar(name, value, step)

        yield log


def _card(data: Path) -> dict[str, Any] | None:
    """Returns the card of `craftc data distill` beside a file, if it is the card of these very bytes."""
    path = data.parent / CARD
    if not (data.is_file() and path.is_file()):
        return None
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        known = card["sha256"][data.name]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return card if known == hashlib.sha256(data.read_bytes()).hexdigest() else None


def _meta(
    sources: Sources, config: ChatConfig, trainer: Trainer, nats: Nats, training: Corpus
) -> dict[str, Any]:
    """Returns what the checkpoint says about its making; nothing in it depends on the clock."""
    floats = trainer.float_nats
    return {
        "kind": "chat" if training.documents[0].chat else "stories",
        "origin": sources.origin,
        "data": _card(sources.data),
        "config": asdict(config),
        "documents": len(training),
        "characters": training.characters,
        "skipped_documents": training.skipped,
        "processed_tokens": trainer.tokens,
        "parameters": trainer.net.parameter_count(),
        "float_nats_per_token": floats.per_token if floats else None,
        "float_nats_per_character": floats.per_character if floats else None,
        "nats_per_token": nats.per_token,
        "nats_per_character": nats.per_character,
    }
