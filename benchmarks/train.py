"""Benchmark of training: steps in floats and in integers side by side."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import torch

from craftc.lm.corpus import Corpus, Document
from craftc.lm.distill_prompts import Grammar
from craftc.model.threads import one_thread
from craftc.train.batches import Batches, encode_corpus
from craftc.train.config import ChatConfig
from craftc.train.loop import Trainer
from craftc.train.net import Gpt
from craftc.train.processes import Process
from craftc.train.state import Run
from craftc.train.vocabulary import make_tokenizer

Row = tuple[str, float, str]
_STEPS = 20


def training() -> list[Row]:
    """Return tokens per second of a net of chat-m's shape (one thread), and how much integers cost."""
    config = ChatConfig(width=64, layers=2, heads=4, hidden=256)
    turns = [Grammar().dialogue(0, n) for n in range(512)]
    talks = [Document((part, "it is a nice day, and i feel happy."), True) for (part, *_) in turns]
    tokenizer = make_tokenizer(())
    data = encode_corpus(Corpus(tuple(talks), 0), tokenizer, config.context)
    net = Gpt(config, len(tokenizer.tokens), torch.Generator().manual_seed(0))
    with tempfile.TemporaryDirectory() as folder, one_thread():
        process = Process(0, 1, torch.device("cpu"))
        trainer = Trainer(net, Run(config, ""), data, data, process, Path(folder) / "state")
        batches = Batches(data, config.batch, 0)
        floats = _speed(trainer, batches)
        net.quantize()
        integers = _speed(trainer, batches)
    return [
        ("training, floats", floats / 1e3, "k tokens/s"),
        ("training, integers", integers / 1e3, "k tokens/s"),
        ("training, integers", floats / integers, "times the floats"),
    ]


def _speed(trainer: Trainer, batches: Batches) -> float:
    trainer._one(batches)
    before, start = trainer.tokens, time.perf_counter()
    for _ in range(_STEPS):
        trainer._one(batches)
    return (trainer.tokens - before) / (time.perf_counter() - start)
