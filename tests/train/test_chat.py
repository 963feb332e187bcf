"""A training from file to checkpoint: it learns, repeats itself, resumes, and refuses what it must."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.train.models import small_config

from craftc.errors import ConfigError, FormatError, ModelError
from craftc.lm.corpus import read_corpus
from craftc.lm.dialogue import Dialogue
from craftc.lm.evaluate import likelihood, read
from craftc.lm.file import load
from craftc.train.batches import encode_corpus
from craftc.train.chat import Sources, state_path, train_chat
from craftc.train.held_out import measure
from craftc.train.loop import Muon, Trainer, orthogonal
from craftc.train.net import Gpt
from craftc.train.processes import Process
from craftc.train.state import Run, digest
from craftc.train.vocabulary import make_tokenizer

ANIMALS = ("a dog", "a cat", "a bird", "a fish", "a cow")
ME = Process(0, 1, torch.device("cpu"))


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Forty short dialogues, some of two turns, and where the model goes."""
    lines = [f"[INST] i see {a}. [/INST] {a} is {m}." for a in ANIMALS for m in ("big", "old")] * 3
    lines += [f"{line} [INST] yes [/INST] no." for line in lines[:10]]
    data, held_out = tmp_path / "data.txt", tmp_path / "held.txt"
    data.write_text("\n".join(lines) + "\n")
    held_out.write_text("\n".join(lines[:6]) + "\n")
    return Sources(data, tmp_path / "model.pt", held_out, origin="made up")


def test_a_short_training_learns_and_is_what_its_file_says(sources: Sources) -> None:
    config = small_config(steps=150, quantized_steps=50, save_every=1000, warmup=10)
    seen: list[tuple[str, int, int]] = []
    result = train_chat(sources, config, progress=lambda *now: seen.append(now))
    assert result.model is not None and result.float_nats is not None
    assert result.float_nats.per_token < 1.0 and result.quantized_nats.per_token < 1.0
    assert seen[-1] == ("training in integers", 200, 200)
    model = load(sources.out)
    golden = likelihood(read(model, read_corpus(sources.held_out or sources.data).documents))
    assert (
        golden.nats_per_character <= result.quantized_nats.per_character + 1e-6
    )  # a stop is either stop token
    assert (
        model.meta["origin"] == "made up" and model.meta["nats_per_token"] == result.quantized_nats.per_token
    )


def test_dropout_changes_training_and_not_the_measure(sources: Sources) -> None:
    plain, dropped = trainer_of(sources), trainer_of(sources, dropout=0.5)
    assert measure(plain.net, plain.training, ME) == measure(dropped.net, dropped.training, ME)
    assert plain.run() != dropped.run()


def test_equal_seeds_give_equal_files(sources: Sources, tmp_path: Path) -> None:
    train_chat(sources, small_config())
    train_chat(replace(sources, out=tmp_path / "again.pt"), small_config())
    train_chat(replace(sources, out=tmp_path / "other.pt"), small_config(seed=1))
    assert sources.out.read_bytes() == (tmp_path / "again.pt").read_bytes()
    assert sources.out.read_bytes() != (tmp_path / "other.pt").read_bytes()


@pytest.mark.parametrize(("stop", "dropout"), [(4, 0.0), (4, 0.2), (8, 0.2)])
def test_an_interrupted_training_ends_as_an_uninterrupted_one(
    sources: Sources, tmp_path: Path, stop: int, dropout: float
) -> None:
    config = small_config(dropout=dropout)
    train_chat(sources, config)
    cut = replace(sources, out=tmp_path / "cut.pt")

    def interrupt(phase: str, step: int, steps: int) -> None:
        if step == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_chat(cut, config, progress=interrupt)
    assert not cut.out.exists()
    train_chat(cut, config, resume=True)
    assert cut.out.read_bytes() == sources.out.read_bytes()


def test_other_settings_or_data_are_not_resumed(sources: Sources, tmp_path: Path) -> None:
    train_chat(sources, small_config())
    with pytest.raises(ConfigError, match=r"was made with lr = 0\.004, not 0\.01"):
        train_chat(sources, small_config(lr=0.01), resume=True)
    other = tmp_path / "other.txt"
    other.write_text("[INST] a [/INST] b.\n")
    with pytest.raises(ConfigError, match="was made with other data"):
        train_chat(replace(sources, data=other), small_config(), resume=True)


def test_damaged_states_are_named(sources: Sources) -> None:
    with pytest.raises(ModelError, match="no training to resume"):
        train_chat(sources, small_config(), resume=True)
    state_path(sources.out).write_bytes(b"nonsense")
    with pytest.raises(ModelError, match=r"model\.pt\.training: cannot be read"):
        train_chat(sources, small_config(), resume=True)
    torch.save({"format": "else"}, state_path(sources.out))
    with pytest.raises(ModelError, match="is not the state of a training"):
        train_chat(sources, small_config(), resume=True)


def test_a_diverging_training_is_refused(sources: Sources) -> None:
    trainer = trainer_of(sources)
    with torch.no_grad():
        trainer.net.tokens.weight[5, 3] = float("nan")
    with pytest.raises(ModelError, match="loss is nan at step 1"):
        trainer.run()


def trainer_of(sources: Sources, dropout: float = 0.0) -> Trainer:
    """Returns a training that has not begun."""
    config, tokenizer = small_config(dropout=dropout), make_tokenizer(())
    data = encode_corpus(read_corpus(sources.data), tokenizer, config.context)
    net = Gpt(config, len(tokenizer.tokens), torch.Generator().manual_seed(0))
    return Trainer(net, Run(config, digest(data)), data, data, ME, state_path(sources.out))


def test_a_share_is_held_out_by_text(sources: Sources) -> None:
    alone = replace(sources, held_out=None)
    result = train_chat(alone, small_config(held_out=0.3))
    assert result.model is not None and 0 < result.model.meta["documents"] < 40
    with pytest.raises(ConfigError, match="cannot be split"):
        train_chat(alone, small_config(held_out=0.001))


def test_empty_and_strange_data_are_refused(sources: Sources) -> None:
    sources.data.write_text("\n")
    with pytest.raises(FormatError, match="no documents"):
        train_chat(sources, small_config())
    sources.data.write_text("[INST] a [/INST] b\n[INST] 7 [/INST] b\n")
    with pytest.raises(FormatError, match=r"data\.txt:2: holds the character '7'"):
        train_chat(sources, small_config())
    result = train_chat(sources, small_config(unknown="skip"))
    assert result.model is not None and result.model.meta["skipped_documents"] == 1


def test_stories_are_learned_whole(tmp_path: Path) -> None:
    data = tmp_path / "stories.txt"
    data.write_text("<|endoftext|>".join(f"one day {a} ran away." for a in ANIMALS * 4))
    sources = Sources(data, tmp_path / "s.pt", data)
    result = train_chat(sources, small_config(loss_on="all", steps=40))
    assert result.model is not None and result.model.meta["kind"] == "stories"
    assert result.quantized_nats.per_token < 3.2
    assert Dialogue(result.model).say("one day a d").prompt_tokens[0] == 0
    assert result.model.tokenizer.after == ()


def test_logs_are_read_by_tensorboard(sources: Sources, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train_chat(replace(sources, log=tmp_path / "log"), small_config(evaluate_every=5))
    events = EventAccumulator(str(tmp_path / "log"))
    events.Reload()
    assert len(events.Scalars("loss/training")) == 10
    assert [e.step for e in events.Scalars("nats per token/integers")] == [10]


def test_padding_and_order_do_not_change_the_measure(sources: Sources) -> None:
    trainer = trainer_of(sources)
    together = measure(trainer.net, trainer.training, ME).per_token
    alone = []
    for row in range(len(trainer.training)):
        one = replace(trainer.training, ids=trainer.training.ids[row : row + 1],
                      counted=trainer.training.counted[row : row + 1])  # fmt: skip
        alone.append(measure(trainer.net, one, ME).per_token * one.targets)
    assert np.isclose(together, sum(alone) / trainer.training.targets)


def test_the_net_is_causal() -> None:
    net = Gpt(small_config(), 34, torch.Generator().manual_seed(0))
    for quantized in (False, True):
        if quantized:
            net.quantize()
        a = torch.randint(0, 34, (1, 20), generator=torch.Generator().manual_seed(1))
        b = a.clone()
        b[0, 12:] = 3
        assert torch.equal(net(a)[:, :12], net(b)[:, :12]) and not torch.equal(net(a), net(b))


def test_orthogonal_steps_have_singular_values_near_one() -> None:
    g = torch.randn(12, 5, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonal(g))
    assert float(values.min()) > 0.6 and float(values.max()) < 1.3
    p = torch.nn.Parameter(torch.zeros(4, 4))
    p.grad = torch.eye(4)
    Muon([p], lr=0.1, weight_decay=0.0).step()
    assert (
        torch.allclose(torch.diag(p.detach()), torch.full((4,), float(p[0, 0].detach())))
        and float(p[0, 0].detach()) < 0
    )


@pytest.mark.slow
def test_two_processes_train_one_model(sources: Sources, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text(
        'vocabulary_kind = "characters"\nwidth = 16\nlayers = 1\nheads = 1\nhidden = 32\ncontext = 48\n'
        "steps = 6\nquantized_steps = 4\nbatch = 8\nwarmup = 2\n"
    )
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "craftc"]
    arguments = ["train", "chat", "--data", str(sources.data), "--held-out", str(sources.held_out)]
    arguments += ["--config", str(config), "-o", str(sources.out)]
    done = subprocess.run(
        [sys.executable, *command, *arguments], capture_output=True, text=True, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    alone = replace(sources, out=tmp_path / "alone.pt")
    one = train_chat(alone, small_config(name="chat", save_every=250))
    assert one.model is not None
    both, single = load(sources.out).meta["nats_per_token"], one.model.meta["nats_per_token"]
    assert abs(both - single) < 0.05 and done.stdout.count("nats per token") == 2
