"""Soft targets: the teacher's candidates at the right places, in the student's tokens."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.train.models import small_config

from craftc.errors import ConfigError, FormatError
from craftc.lm.choices import WEIGHT_BITS, Choices
from craftc.lm.corpus import Corpus, Document
from craftc.train.batches import Sequences, encode_corpus, pad
from craftc.train.chat import Sources, train_chat
from craftc.train.loop import Trainer
from craftc.train.net import Gpt
from craftc.train.processes import Process
from craftc.train.state import Run, digest
from craftc.train.vocabulary import make_tokenizer

TEACHER = (" [inst]", " [/inst]", " a", " cat", " cow", "s", ".", " sleep", "\N{REPLACEMENT CHARACTER}")
STUDENT = make_tokenizer((" cats", " sle", "ep", " co"))
CORPUS = Corpus((Document(("hi", "a cats sleep.", "so", "cow."), True),), 0)
ONE = 1 << WEIGHT_BITS
DRAWS = [  # (drawn, candidates)
    (2, {2: ONE // 2, 4: ONE // 4, 3: ONE // 8}),
    (3, {3: ONE // 2, 4: ONE // 4}),
    (5, {5: ONE - 1}),
    (7, {7: ONE // 2, 8: ONE // 4, 6: ONE // 16}),
    (6, {6: ONE // 2, 1: ONE // 4, 0: ONE // 8}),
    (1, {1: ONE // 2, 0: ONE // 4}),
    (4, {4: ONE - 1}),
    (6, {6: ONE - 1}),
    (0, {0: ONE - 1}),
]


def choices() -> Choices:
    """Returns the draws of both replies; three candidates each, some of weight 0."""
    ids, weights = np.zeros((len(DRAWS), 3), np.uint16), np.zeros((len(DRAWS), 3), np.uint16)
    for row, (_, candidates) in enumerate(DRAWS):
        ids[row, : len(candidates)] = list(candidates)
        weights[row, : len(candidates)] = list(candidates.values())
    return Choices(
        np.array(TEACHER), np.array([0, 1], np.uint16), np.array(ONE // 8, np.uint16),
        np.array([6, 3], np.uint16), np.array([d for d, _ in DRAWS], np.uint16), ids, weights,
    )  # fmt: skip


def told(softness: float = 0.0) -> list[tuple[str, dict[str, float]]]:
    """Returns every target and its soft targets."""
    data = encode_corpus(CORPUS, STUDENT, 64, choices=choices(), softness=softness)
    batch = pad([0], data)
    assert batch.candidates is not None and batch.weights is not None
    found = []
    for target, ids, weights in zip(
        batch.targets[batch.counted].tolist(), batch.candidates.tolist(), batch.weights.tolist(), strict=True
    ):
        row: dict[str, float] = {}
        for token, weight in zip(ids, weights, strict=True):
            if weight:
                row[STUDENT.tokens[token]] = row.get(STUDENT.tokens[token], 0.0) + round(weight, 4)
        found.append((STUDENT.tokens[target], row))
    return found


def test_candidates_stand_where_their_draw_starts() -> None:
    found = told()
    assert [target for target, _ in found] == [
        *(" ", "a", " cats", " sle", "ep", ".", " [inst]"), *(" co", "w", ".", " [inst]"),
    ]  # fmt: skip
    rows = [row for _, row in found]
    assert rows[0] == {" ": 0.75, " co": 0.25}  # cat is ` `, too
    assert rows[1] == {"a": 1.0}  # inside the draw of ` a`: the text
    assert rows[2] == {" cats": 0.75, " co": 0.25}  # the student's token of the text, not that of ` cat`
    assert rows[3] == {" sle": 1.0}  # a candidate without a text counts for nothing
    assert rows[4] == {"ep": 1.0}
    assert rows[5] == {".": 0.625, " [inst]": 0.375}  # both ends are one
    assert rows[6] == {" [inst]": 1.0}
    assert rows[7] == {" co": 1.0} and rows[8] == {"w": 1.0} and rows[10] == {" [inst]": 1.0}


def test_softness_takes_what_the_teacher_gave_before_the_draw() -> None:
    (_, first), *_ = told(1.0)
    assert first == {" ": round(4 / 7, 4) + round(1 / 7, 4), " co": round(2 / 7, 4)}
    drawn, soft, mixed = (told(s)[5][1]["."] for s in (0.0, 1.0, 0.5))
    assert mixed == pytest.approx((drawn + soft) / 2, abs=1e-3) and soft == pytest.approx(4 / 7, abs=1e-3)


def test_choices_of_other_text_are_refused() -> None:
    other = Corpus((Document(("hi", "a cat sleep.", "so", "cow."), True),), 0)
    why = r"say ' a cats sleep\.' where reply 1 of the text is 'a cat sleep\.'"
    with pytest.raises(FormatError, match=why):
        encode_corpus(other, STUDENT, 64, choices=choices())
    with pytest.raises(FormatError, match="are of 2 replies, the text has 1"):
        encode_corpus(Corpus((Document(("hi", "a cats sleep."), True),), 0), STUDENT, 64, choices=choices())


def test_documents_are_cut_with_their_draws() -> None:
    data = encode_corpus(CORPUS, STUDENT, 8, choices=choices())
    assert [len(row) for row in data.draws] == [8] == [len(row) for row in data.counted]
    plain = encode_corpus(CORPUS, STUDENT, 8)
    assert plain.soft is None and digest(plain) != digest(data)
    assert digest(data) != digest(encode_corpus(CORPUS, STUDENT, 8, choices=choices(), softness=0.5))


def test_the_loss_is_the_cross_entropy_of_the_candidates(tmp_path: Path) -> None:
    data = encode_corpus(CORPUS, STUDENT, 48, choices=choices())
    net = Gpt(small_config(), len(STUDENT.tokens), torch.Generator().manual_seed(0))
    trainer = Trainer(net, Run(net.config, ""), data, data, Process(0, 1, torch.device("cpu")), tmp_path)
    batch = pad([0], data)
    logits = net(torch.from_numpy(batch.ids), torch.from_numpy(batch.counted))
    found = float(trainer._surprise(logits, batch, torch.from_numpy(batch.counted)).detach())
    wanted = 0.0
    for row, (_, target) in zip(logits.double().log_softmax(-1).tolist(), told(), strict=True):
        wanted -= sum(row[STUDENT.tokens.index(token)] * share for token, share in target.items())
    assert found == pytest.approx(wanted, rel=1e-4)
    hard = replace(data, soft=None, draws=())
    assert isinstance(hard, Sequences) and pad([0], hard).candidates is None


def test_trainings_read_the_choices_beside_the_data(tmp_path: Path) -> None:
    line = "[INST] hi [/INST] a cats sleep. [INST] so [/INST] cow.\n"
    data, held_out = tmp_path / "train.txt", tmp_path / "heldout.txt"
    data.write_text(line)
    held_out.write_text(line)
    (tmp_path / "choices.npz").write_bytes(choices().to_bytes())
    sources = Sources(data, tmp_path / "m.pt", held_out)
    soft = train_chat(sources, small_config(targets="choices"))
    hard = train_chat(replace(sources, out=tmp_path / "h.pt"), small_config())
    assert soft.float_nats != hard.float_nats
    with pytest.raises(ConfigError, match="targets choices needs all of one text"):
        train_chat(replace(sources, held_out=None), small_config(targets="choices"))
    (tmp_path / "choices.npz").unlink()
    with pytest.raises(FormatError, match=r"choices\.npz: cannot be read"):
        train_chat(sources, small_config(targets="choices"))
