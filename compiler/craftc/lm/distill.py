"""Makes training data: dialogues of a teacher with the user turns of a written grammar, filtered.

    <folder>/train.txt      one dialogue per line, [INST] user [/INST] reply ...
    <folder>/heldout.txt    the same; no first turn of it begins a dialogue of train.txt
    <folder>/choices.npz    what the teacher might have said at every token of train.txt (`craftc.lm.choices`)
    <folder>/card.json      teacher, settings, counts, sha256 of the other files

Equal arguments give equal bytes, whatever the batch. The texts are the teacher's: they carry its lineage and
must be used, and credited, as its own training data allows.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from craftc.errors import ConfigError, ModelError, require_within
from craftc.export.safe import atomic_write
from craftc.lm.choices import CHOICES, Draws, make_choices
from craftc.lm.dialogue import check_seed
from craftc.lm.distill_filter import Rules, known_words, refusal
from craftc.lm.distill_prompts import Grammar
from craftc.lm.executor import Executor
from craftc.lm.model import Int64, LanguageModel
from craftc.lm.threads import one_blas_thread, processors

Progress = Callable[[str, int, int], None]
BATCH = 256
TRAIN, HELD_OUT, CARD = "train.txt", "heldout.txt", "card.json"
LINEAGE = ("source", "origin", "licence", "training_data", "lineage")
"""Metadata of the teacher that goes into the card."""
_LEAST_WORDS = 5
"""First turns of fewer words, such as greetings, are always trained on."""


@dataclass(frozen=True, slots=True)
class DistillConfig:
    """How many dialogues, from which seed, and how many in a hundred first turns are held out."""

    dialogues: int = 40_000
    seed: int = 1
    held_out_percent: int = 5
    known_words_only: bool = True
    """Refuse words that the teacher spells out of pieces; only for teachers whose tokens are words."""

    def __post_init__(self) -> None:
        limits = {"dialogues": (self.dialogues, 1, 10**8), "held_out_percent": (self.held_out_percent, 1, 50)}
        require_within(limits, "data distill")


@dataclass(frozen=True, slots=True)
class Distilled:
    """What was written: dialogues and characters, and the filter's verdicts on replies."""

    train: int
    held_out: int
    characters: int
    verdicts: dict[str, int]


def distill(
    teacher: LanguageModel,
    folder: Path,
    config: DistillConfig,
    grammar: Grammar | None = None,
    progress: Progress | None = None,
) -> Distilled:
    """Writes the four files and returns what is in them.

    Raises ModelError for a teacher that does not draw, ConfigError if the filter leaves no dialogue on either
    side, OutputError if a file cannot be written.
    """
    check_seed(teacher, 1)
    words = known_words(teacher.tokenizer.tokens) if config.known_words_only else frozenset[str]()
    count = min(processors(), config.dialogues)
    crowds = [
        _Crowd(teacher, grammar or Grammar(), config, Rules(words=words), (k, count)) for k in range(count)
    ]
    lines: dict[str, list[str]] = {TRAIN: [], HELD_OUT: []}
    draws: list[Draws] = []
    for talk in _talks(crowds, config, progress):
        if talk.replies:
            name = HELD_OUT if held_out(talk.users[0], config.held_out_percent) else TRAIN
            draws += talk.draws if name == TRAIN else []
            parts = zip(talk.users, talk.replies, strict=False)
            lines[name].append(" ".join(f"[INST] {user} [/INST] {reply}" for user, reply in parts))
    if not (lines[TRAIN] and lines[HELD_OUT]):
        raise ConfigError(f"no {TRAIN if not lines[TRAIN] else HELD_OUT} is left", where="data distill",
                          legal="more dialogues, or a teacher whose replies pass the filter")  # fmt: skip
    verdicts = dict(sum((crowd.verdicts for crowd in crowds), Counter[str]()))
    found = Distilled(len(lines[TRAIN]), len(lines[HELD_OUT]), sum(map(len, lines[TRAIN])), verdicts)
    texts = {name: ("\n".join(rows) + "\n").encode() for name, rows in lines.items()}
    _write(folder, {**texts, CHOICES: make_choices(teacher, draws).to_bytes()}, teacher, config, found)
    return found


def held_out(first: str, percent: int) -> bool:
    """Returns whether dialogues that begin with this turn are kept from training; last marks are ignored."""
    bare = first.rstrip(".?!")
    return len(bare.split()) >= _LEAST_WORDS and zlib.crc32(bare.encode()) % 100 < percent


def digest(model: LanguageModel) -> str:
    """Returns the sha256 of a model's numerics, tokens and tensors."""
    found = hashlib.sha256(repr((model.numerics, model.tokenizer.to_plain())).encode())
    for name, array in sorted(model.tensors.items()):
        found.update(f"{name} {array.dtype} {array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def _write(
    folder: Path,
    files: dict[str, bytes],
    teacher: LanguageModel,
    config: DistillConfig,
    found: Distilled,
) -> None:
    card = {
        "teacher": teacher.name,
        "teacher_sha256": digest(teacher),
        "numerics": teacher.numerics,
        "lineage": {key: str(teacher.meta[key]) for key in LINEAGE if key in teacher.meta},
        "settings": asdict(config),
        "train": found.train,
        "held_out": found.held_out,
        "characters": found.characters,
        "sha256": {name: hashlib.sha256(text).hexdigest() for name, text in files.items()},
    }
    for name, text in files.items():
        atomic_write(folder / name, text)
    atomic_write(folder / CARD, (json.dumps(card, indent=2) + "\n").encode())


@dataclass(slots=True)
class _Talk:
    """One dialogue under way: what is still to be fed, what is being said, and the replies kept."""

    number: int
    users: tuple[str, ...]
    queue: list[int]
    replies: list[str]
    draws: list[Draws]
    """Of the replies kept."""
    said: list[tuple[int, Int64]]
    """Tokens drawn for the reply under way, each with the keys of its candidates."""


def _talks(crowds: Sequence[_Crowd], config: DistillConfig, progress: Progress | None) -> Iterator[_Talk]:
    """Yields every dialogue when it is over, in order of their numbers; each crowd works in a thread."""
    ready: dict[int, _Talk] = {}
    following = 0
    with one_blas_thread(), ThreadPoolExecutor(len(crowds)) as pool:
        while any(crowd.talks for crowd in crowds):
            for ended in pool.map(_Crowd.step, crowds):
                ready.update((talk.number, talk) for talk in ended)
            while following in ready:
                yield ready.pop(following)
                following += 1
            if progress is not None:
                progress("dialogues", following + len(ready), config.dialogues)


class _Crowd:
    """Dialogues of several turns side by side; a row whose dialogue is over takes the next one, or goes.

    A dialogue is over with its last turn, with the context, or with a reply that the rules refuse. Crowd k of
    n has the dialogues k, k + n, k + 2n, ...
    """

    def __init__(
        self,
        teacher: LanguageModel,
        grammar: Grammar,
        config: DistillConfig,
        rules: Rules,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self._teacher, self._grammar, self._seed, self._rules = teacher, grammar, config.seed, rules
        self.verdicts: Counter[str] = Counter()
        numbers = range(part[0], config.dialogues, part[1])
        rows = min(max(1, BATCH // part[1]), len(numbers))
        self._numbers = iter(numbers)
        self.talks = [self._begin(n) for n in islice(self._numbers, rows)]
        self._states = np.array([self._first_state(talk.number) for talk in self.talks], dtype=np.int64)
        self._executor = Executor(teacher, rows)
        self._keys = teacher.graph.outputs["keys"]

    def step(self) -> list[_Talk]:
        """Feeds one token to every dialogue, draws where a turn has been fed; returns those that ended."""
        if not self.talks:
            return []
        tokens = [talk.queue.pop(0) for talk in self.talks]
        asking = np.array([not talk.queue for talk in self.talks])
        values = self._executor.step(tokens, [self._keys] if asking.any() else [])
        over: list[int] = []
        if asking.any():
            rows = np.flatnonzero(asking)
            keys = values[self._keys][rows]
            drawn, self._states[rows] = self._executor.draw(keys, self._states[rows])
            positions: Int64 = self._executor.positions
            over = [
                row
                for row, token, found in zip(rows.tolist(), drawn.tolist(), keys, strict=True)
                if self._hear(self.talks[row], token, found, self._teacher.context - int(positions[row]))
            ]
        ended = [self.talks[row] for row in over]
        self._replace(over)
        return ended

    def _hear(self, talk: _Talk, token: int, keys: Int64, left: int) -> bool:
        """Takes a drawn token; returns whether the dialogue is over. `left` tokens fit into the context."""
        talk.said.append((token, keys))
        if token not in self._teacher.tokenizer.stops:
            talk.queue.append(token)
            return left == 0
        reply = self._teacher.tokenizer.decode([drawn for drawn, _ in talk.said[:-1]]).strip()
        why = refusal(reply, self._rules, talk.replies)
        self.verdicts[why or "kept"] += 1
        if why:
            return True
        talk.replies.append(reply)
        drawn, found = zip(*talk.said, strict=True)
        talk.draws.append((np.array(drawn, dtype=np.int64), np.array(found)))
        talk.said = []
        if len(talk.replies) == len(talk.users):
            return True
        talk.queue = self._turn(talk.users[len(talk.replies)])
        return len(talk.queue) > left

    def _replace(self, over: list[int]) -> None:
        fresh = list(zip(over, self._numbers, strict=False))
        for row, number in fresh:
            self.talks[row] = self._begin(number)
            self._states[row] = self._first_state(number)
        self._executor.restart([row for row, _ in fresh])
        if gone := set(over[len(fresh) :]):
            kept = [row for row in range(len(self.talks)) if row not in gone]
            self._executor.keep(kept)
            self.talks = [self.talks[row] for row in kept]
            self._states = self._states[kept]

    def _begin(self, number: int) -> _Talk:
        users = self._grammar.dialogue(self._seed, number)
        queue = self._turn(users[0])
        if len(queue) > self._teacher.context:
            where, legal = f"dialogue {number}", f"at most {self._teacher.context} tokens"
            raise ModelError(f"its first turn takes {len(queue)} tokens", where=where, legal=legal)
        return _Talk(number, users, queue, [], [], [])

    def _turn(self, user: str) -> list[int]:
        return [*self._teacher.tokenizer.prompt(user), *self._teacher.tokenizer.after]

    def _first_state(self, number: int) -> int:
        """Returns the seed of a dialogue's generator, never 0."""
        most = self._teacher.graph.inputs["state"].format.high
        return int(np.random.default_rng([self._seed, number, 1]).integers(1, most + 1))
