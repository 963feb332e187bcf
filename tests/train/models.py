"""Small untrained models for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from craftc.lm.corpus import Corpus, Document
from craftc.lm.model import LanguageModel
from craftc.model.threads import one_thread
from craftc.train.batches import encode_corpus
from craftc.train.config import ChatConfig
from craftc.train.graph import to_model
from craftc.train.loop import Trainer
from craftc.train.net import Gpt
from craftc.train.processes import Process
from craftc.train.state import Run, digest
from craftc.train.vocabulary import make_tokenizer


def small_config(**changes: Any) -> ChatConfig:
    """Returns settings of a model that trains in seconds."""
    given: dict[str, Any] = {
        "name": "small", "vocabulary_kind": "characters", "width": 16, "layers": 1, "heads": 1, "hidden": 32,
        "context": 48, "steps": 6, "quantized_steps": 4, "batch": 8, "warmup": 2, "save_every": 3,
    }  # fmt: skip
    return ChatConfig(**{**given, **changes})


def random_net(config: ChatConfig, seed: int = 0, spread: float = 1.0, learned: tuple[str, ...] = ()) -> Gpt:
    """Returns a net in integers; its random weights are `spread` times as large as at first."""
    net = Gpt(config, len(make_tokenizer(learned).tokens), torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.ndim == 2:
                parameter.mul_(spread)
    net.quantize()
    return net


def babbler(sentences: tuple[str, ...], folder: Path) -> LanguageModel:
    """Returns a model trained for seconds to answer anything with one of a few sentences, each one token."""
    config = small_config(context=64, steps=60, quantized_steps=10, batch=16, warmup=5, lr=0.01)
    tokenizer = make_tokenizer(sentences)
    prompts = ("i am here.", "what is it?", "tell me more.")
    talks = [
        (p, s.strip(), q, t.strip()) for p in prompts for q in prompts for s in sentences for t in sentences
    ]
    corpus = Corpus(tuple(Document(parts, True) for parts in talks), 0)
    data = encode_corpus(corpus, tokenizer, config.context)
    net = Gpt(config, len(tokenizer.tokens), torch.Generator().manual_seed(0))
    process = Process(0, 1, torch.device("cpu"))
    with one_thread():
        Trainer(net, Run(config, digest(data)), data, data, process, folder / "state").run()
    return to_model(net, tokenizer, {"lineage": "made up"})


def random_model(
    seed: int = 0, spread: float = 1.0, learned: tuple[str, ...] = (), **changes: Any
) -> LanguageModel:
    """Returns an untrained language model over characters and some learned tokens."""
    net = random_net(small_config(**changes), seed, spread, learned)
    return to_model(net, make_tokenizer(learned), {})
