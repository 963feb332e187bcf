"""Distillation: the grammar, the filter, and dialogues that are the teacher's own."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.train.models import babbler

from craftc.errors import ConfigError, FormatError
from craftc.lm import distill as distillation
from craftc.lm.choices import WEIGHT_BITS, read_choices
from craftc.lm.corpus import read_corpus
from craftc.lm.dialogue import Dialogue
from craftc.lm.distill import DistillConfig, Distilled, distill, held_out
from craftc.lm.distill_filter import CHARSET, Rules, known, known_words, refusal
from craftc.lm.distill_prompts import FOLLOW_UPS, OPENINGS, Grammar
from craftc.lm.model import LanguageModel

LOOSE = DistillConfig(dialogues=60, held_out_percent=50, known_words_only=False)
WORDS = (" oh yes, so it is.", " the dog is here.", " i am a cat!", " we are so old?", " good day to you.")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    """A model whose tokens are whole sentences, so that its babble passes the filter."""
    return babbler(WORDS, tmp_path_factory.mktemp("babbler"))


def test_turns_keep_to_the_characters_of_the_console() -> None:
    turns = [turn for n in range(2000) for turn in Grammar().dialogue(1, n)]
    assert set("".join(turns)) <= set(CHARSET) and not [t for t in turns if "{" in t or t != t.strip()]
    assert len(set(turns)) > 1500


def test_dialogues_depend_on_seed_and_number_only() -> None:
    assert Grammar().dialogue(1, 5) == Grammar().dialogue(1, 5) != Grammar().dialogue(2, 5)
    assert {len(Grammar().dialogue(1, n)) for n in range(50)} == {1, 2, 3}


def test_every_template_can_be_drawn() -> None:
    for template in (*OPENINGS, *FOLLOW_UPS):
        assert Grammar(openings=(template,)).dialogue(0, 0)[0]


def test_grammars_with_holes_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"'a \{dragon\}' names the slot 'dragon'"):
        Grammar(openings=("a {dragon}",))
    with pytest.raises(ConfigError, match="no openings or no follow-ups"):
        Grammar(follow_ups=())


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("the dog is happy today.", ""),
        ("yes, it is.", ""),
        ("no.", "length"),
        ("so " * 31 + "on.", "length"),
        ("the dog is happy", "unfinished"),
        ("the dog is 5 today.", "characters"),
        ("the dog; it is happy.", "characters"),
        ("the dog is is happy.", "repetition"),
        ("the dog is happy and the dog is glad.", "repetition"),
        ("it is happy and happy.", "repetition"),
        ("happy dog, happy cat, happy day.", "repetition"),
        ("the dog is glorbing today.", "invented word"),
    ],
)
def test_filter_verdicts(reply: str, why: str) -> None:
    words = frozenset(
        ["the", "dog", "is", "happy", "today", "yes", "it", "no", "so", "on", "glad", "and", "cat", "day"]
    )
    assert refusal(reply, Rules(words=words)) == why


def test_a_reply_said_before_is_refused() -> None:
    assert refusal("it is so.", Rules(), ["it is so."]) == "repetition"


def test_known_words_take_endings() -> None:
    words = known_words((" [inst]", " walk", " nice", "xy", " i'm", "!"))
    assert words == {"walk", "nice", "i'm"}
    assert known("walking", words) and known("nicely", words) and not known("walkxy", words)


def test_files_hold_the_teachers_own_replies(teacher: LanguageModel, tmp_path: Path) -> None:
    found = distill(teacher, tmp_path, LOOSE)
    card = json.loads((tmp_path / "card.json").read_text())
    for name in ("train.txt", "heldout.txt", "choices.npz"):
        assert card["sha256"][name] == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    train, held = (read_corpus(tmp_path / name).documents for name in ("train.txt", "heldout.txt"))
    assert (len(train), len(held)) == (found.train, found.held_out) and sum(found.verdicts.values()) >= 60
    assert not {d.parts[0] for d in train} & {d.parts[0] for d in held}
    said = [spoken(teacher, number) for number in range(LOOSE.dialogues)]
    assert sorted(d.parts for d in (*train, *held)) == sorted(parts for parts in said if parts)


def spoken(teacher: LanguageModel, number: int) -> tuple[str, ...]:
    """Returns what a single dialogue of that number says before the filter refuses a reply."""
    most = teacher.graph.inputs["state"].format.high
    dialogue = Dialogue(teacher, int(np.random.default_rng([LOOSE.seed, number, 1]).integers(1, most + 1)))
    said: list[str] = []
    for user in Grammar().dialogue(LOOSE.seed, number):
        if len(teacher.tokenizer.prompt(user)) >= dialogue.left:
            break
        turn = dialogue.say(user)
        if turn.stop is None or refusal(turn.reply.strip(), Rules(), said[1::2]):
            break
        said += [user, turn.reply.strip()]
    return tuple(said)


def test_the_number_of_rows_changes_nothing(
    teacher: LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = distill(teacher, tmp_path / "a", LOOSE)
    monkeypatch.setattr(distillation, "BATCH", 7)
    seen: list[tuple[str, int, int]] = []
    assert distill(teacher, tmp_path / "b", LOOSE, progress=lambda *now: seen.append(now)) == whole
    assert (tmp_path / "a" / "train.txt").read_bytes() == (tmp_path / "b" / "train.txt").read_bytes()
    assert seen[-1] == ("dialogues", 60, 60)


def test_more_dialogues_begin_with_the_same_ones(teacher: LanguageModel, tmp_path: Path) -> None:
    distill(teacher, tmp_path / "a", LOOSE)
    distill(teacher, tmp_path / "b", replace(LOOSE, dialogues=90))
    few, many = ((tmp_path / part / "train.txt").read_text() for part in ("a", "b"))
    assert many.startswith(few) and len(many) > len(few)


def test_greetings_are_never_held_out() -> None:
    assert not held_out("hello, how are you?", 50)
    turns = {Grammar().dialogue(1, n)[0] for n in range(2000)}
    share = sum(held_out(turn, 5) for turn in turns) / len(turns)
    assert 0.02 < share < 0.07
    assert held_out("i like to walk home.", 50) == held_out("i like to walk home", 50)


def test_nothing_kept_is_an_error(teacher: LanguageModel, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no (train|heldout)\.txt is left"):
        distill(teacher, tmp_path, replace(LOOSE, dialogues=1))
    assert not list(tmp_path.iterdir())


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigError, match="held_out_percent is 0"):
        DistillConfig(held_out_percent=0)


def test_result_counts() -> None:
    assert Distilled(1, 2, 3, {"kept": 4}).verdicts == {"kept": 4}


def test_choices_are_those_of_the_draws(teacher: LanguageModel, tmp_path: Path) -> None:
    distill(teacher, tmp_path, LOOSE)
    choices = read_choices(tmp_path / "choices.npz")
    documents = read_corpus(tmp_path / "train.txt").documents
    replies = [reply for document in documents for reply in document.replies]
    assert len(choices.lengths) == len(replies) and set(choices.ends) == set(teacher.tokenizer.stops)
    bounds = np.cumsum(choices.lengths)[:-1]
    said = [teacher.tokenizer.decode(row[:-1]).strip() for row in np.split(choices.drawn, bounds)]
    assert said == replies and set(choices.drawn[np.cumsum(choices.lengths) - 1]) <= set(choices.ends)
    weights = choices.drawn_weights()
    possible = np.where(weights > 0, choices.ids, -1)
    assert (possible == choices.drawn[:, None]).any(axis=1).all()
    assert int(choices.floor) == 1 << WEIGHT_BITS - 3 and (weights.sum(axis=1) == 1 << WEIGHT_BITS).all()
    assert not ((weights[:, 1:] > 0) & (weights[:, 1:] < int(choices.floor))).any()
    assert (np.diff(choices.weights.astype(np.int64), axis=1) <= 0).all()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("drawn", np.array([60_000], np.uint16), "1 draws and candidates of shapes"),
        ("lengths", np.array([1], np.uint16), "has replies of 1 draws"),
        ("ends", np.array([60_000], np.uint16), "names tokens past the last"),
        ("weights", None, "sum to more than 1"),
        ("tokens", np.array([3]), "holds other arrays"),
    ],
)
def test_contradicting_choices_are_named(
    teacher: LanguageModel, tmp_path: Path, name: str, value: np.ndarray | None, why: str
) -> None:
    distill(teacher, tmp_path, LOOSE)
    path = tmp_path / "choices.npz"
    arrays = dict(np.load(path))
    arrays[name] = np.full_like(arrays[name], 30_000) if value is None else value
    np.savez(path, **arrays)
    with pytest.raises(FormatError, match=why):
        read_choices(path)


def test_damaged_choices_are_named(tmp_path: Path) -> None:
    path = tmp_path / "choices.npz"
    with pytest.raises(FormatError, match=r"choices\.npz: cannot be read"):
        read_choices(path)
    path.write_bytes(b"PK nonsense")
    with pytest.raises(FormatError, match=r"choices\.npz: cannot be read"):
        read_choices(path)
