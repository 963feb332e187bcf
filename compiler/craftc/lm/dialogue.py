"""Dialogues: prompts in, replies out, one at a time or many at once; exact and reproducible.

The turn of a user is processed token by token without drawing; then the opening of the model's turn is
processed and a token drawn; while the drawn token is no stop, it is processed and another drawn. Caches,
position and generator run on over the turns of one dialogue. When the context is used up, the reply ends
and `stop` is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from craftc.errors import ModelError
from craftc.lm.executor import Executor
from craftc.lm.model import Array, LanguageModel

BATCH = 64
"""Dialogues that run side by side unless told otherwise."""

Best = list[list[int]]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: what was fed and drawn. `stop` is the stop token drawn, None at the end of the context."""

    seed: int
    prompt: str
    prompt_tokens: tuple[int, ...]
    reply_tokens: tuple[int, ...]
    reply: str
    stop: int | None
    steps: tuple[tuple[int, Best], ...] = ()
    """(token, candidates as [probability, id]) of every token processed; empty if they were not asked for."""

    def to_json(self) -> dict[str, Any]:
        """Returns the turn as an entry of a file of test vectors."""
        return {
            "seed": self.seed, "prompt": self.prompt, "prompt_tokens": list(self.prompt_tokens),
            "reply_tokens": list(self.reply_tokens), "reply": self.reply, "stop": self.stop,
            "steps": [[token, best] for token, best in self.steps],
        }  # fmt: skip


def candidates(model: LanguageModel, keys: Array) -> Best:
    """Returns keys (k,) as [probability, id] pairs, the most probable first."""
    bits = model.graph.node(model.graph.outputs["keys"])["id_bits"]
    return [[int(key) >> bits, int(key) & (1 << bits) - 1] for key in keys]


def check_seed(model: LanguageModel, seed: int) -> int:
    """Returns the seed. Raises ModelError for 0, at which the generator stands still, and above its width."""
    if "state" not in model.graph.inputs:
        raise ModelError("has no generator", where=model.name, legal="a model with prbs and sample")
    most = model.graph.inputs["state"].format.high
    if not 1 <= seed <= most:
        why = ", at which the generator stands still" if seed == 0 else ""
        raise ModelError(f"seed is {seed}{why}", where=model.name, legal=f"1..{most}")
    return seed


class Dialogue:
    """One dialogue with a model, turn by turn."""

    def __init__(self, model: LanguageModel, seed: int = 1) -> None:
        """Raises ModelError for seed 0 and for a model that does not draw."""
        self.model = model
        self.seed = check_seed(model, seed)
        self._keys = model.graph.outputs["keys"]
        self._executor = Executor(model)
        self._state = np.array([seed], dtype=np.int64)
        self.best: Best = []
        """Candidates of the last draw."""

    @property
    def left(self) -> int:
        """Tokens that still fit into the context."""
        return self.model.context - int(self._executor.positions[0])

    def reset(self, seed: int | None = None) -> None:
        """Begins anew, with the seed given or the one of the start."""
        self.seed = check_seed(self.model, self.seed if seed is None else seed)
        self._executor.restart(0)
        self._state[:] = self.seed
        self.best = []

    def stream(self, prompt: str, steps: list[tuple[int, Best]] | None = None) -> Iterator[int]:
        """Yields the tokens of the reply as they are drawn, the stop token last if one is drawn.

        `steps` receives (token, candidates) of every token processed. Raises ModelError if the prompt holds
        an unknown character or does not fit into what is left of the context; nothing is processed then.
        """
        fed = [*self.prompt_tokens(prompt), *self.model.tokenizer.after]
        for token in fed:
            self._feed(token, steps)
        while True:
            token = self._draw()
            yield token
            if token in self.model.tokenizer.stops or self.left == 0:
                return
            self._feed(token, steps)

    def prompt_tokens(self, prompt: str) -> list[int]:
        """Returns the tokens of a turn. Raises ModelError as `stream` does."""
        tokens = self.model.tokenizer.prompt(prompt)
        require_room(self.model, tokens, self.left)
        return tokens

    def say(self, prompt: str) -> Turn:
        """Returns the whole turn that a prompt leads to. Raises ModelError as `stream` does."""
        steps: list[tuple[int, Best]] = []
        tokens = self.prompt_tokens(prompt)
        drawn = list(self.stream(prompt, steps))
        return turn_of(self.model, self.seed, prompt, tokens, drawn, tuple(steps))

    def _feed(self, token: int, steps: list[tuple[int, Best]] | None) -> None:
        keys = self._executor.step([token], [self._keys])[self._keys]
        self.best = candidates(self.model, keys[0])
        self._last = keys
        if steps is not None:
            steps.append((token, self.best))

    def _draw(self) -> int:
        tokens, self._state = self._executor.draw(self._last, self._state)
        return int(tokens[0])


def require_room(model: LanguageModel, tokens: Sequence[int], left: int) -> None:
    """Raises ModelError unless a turn of these tokens, and the opening of a reply, fit into the context."""
    needed = len(tokens) + len(model.tokenizer.after)
    if needed > left:
        legal = f"at most {left} of the {model.context} tokens are left; begin anew"
        raise ModelError(f"takes {needed} tokens", where="prompt", legal=legal)


def turn_of(
    model: LanguageModel,
    seed: int,
    prompt: str,
    tokens: Sequence[int],
    drawn: Sequence[int],
    steps: tuple[tuple[int, Best], ...] = (),
) -> Turn:
    """Returns a turn from what was drawn, a stop token apart from the reply."""
    ends = bool(drawn) and drawn[-1] in model.tokenizer.stops
    reply = tuple(drawn[:-1] if ends else drawn)
    text = model.tokenizer.decode(reply)
    return Turn(seed, prompt, tuple(tokens), reply, text, drawn[-1] if ends else None, steps)


Progress = Callable[[str, int, int], None]


def converse(
    model: LanguageModel,
    prompts: Sequence[str],
    seeds: Sequence[int],
    batch: int = BATCH,
    progress: Progress | None = None,
    watch: Callable[[dict[str, Array], Array], None] | None = None,
    want: Sequence[str] = (),
) -> list[Turn]:
    """Returns one first turn per (prompt, seed) pair, in their order; many run side by side.

    The result does not depend on `batch`: each turn is what `Dialogue(model, seed).say(prompt)` gives, its
    steps apart. After every step `watch` receives the wanted values, each (B, ...), and the numbers (B,) of
    their pairs. Raises ModelError for prompts and seeds that `Dialogue` refuses, before running any.
    """
    if len(prompts) != len(seeds):
        raise ModelError(
            f"{len(prompts)} prompts, {len(seeds)} seeds", where="converse", legal="as many of each"
        )
    fed: list[list[int]] = []
    for prompt, seed in zip(prompts, seeds, strict=True):
        check_seed(model, seed)
        fed.append(model.tokenizer.prompt(prompt))
        require_room(model, fed[-1], model.context)
    drawn: list[list[int]] = [[] for _ in fed]
    crowd = _Crowd(model, [[*f, *model.tokenizer.after] for f in fed], seeds, drawn, batch)
    while crowd.step(watch, want):
        if progress is not None:
            progress("dialogues", crowd.begun - len(crowd.who), len(fed))
    return [turn_of(model, s, p, f, d) for s, p, f, d in zip(seeds, prompts, fed, drawn, strict=True)]


class _Crowd:
    """Dialogues side by side; a row whose dialogue has ended takes the next one, or goes."""

    def __init__(
        self,
        model: LanguageModel,
        fed: list[list[int]],
        seeds: Sequence[int],
        drawn: list[list[int]],
        batch: int,
    ) -> None:
        self.model, self.fed, self.drawn = model, fed, drawn
        self.seeds = np.array(seeds, dtype=np.int64)
        self.begun = min(batch, len(fed))
        self.who = np.arange(self.begun)  # (B,) number of the dialogue in each row
        self.states = self.seeds[self.who]
        self.executor = Executor(model, self.begun) if self.begun else None
        self.keys = model.graph.outputs["keys"]

    def step(self, watch: Callable[[dict[str, Array], Array], None] | None, want: Sequence[str]) -> bool:
        """Feeds one token to every row, draws where the prompt is over, returns whether a row is left."""
        if self.executor is None or not len(self.who):
            return False
        at = self.executor.positions
        tokens = [self._token(int(w), int(p)) for w, p in zip(self.who, at, strict=True)]
        asking = np.array([int(p) + 1 >= len(self.fed[w]) for w, p in zip(self.who, at, strict=True)])
        names = [*want, self.keys] if asking.any() else list(want)
        values = dict(self.executor.step(tokens, names))
        if watch is not None:
            watch(values, self.who)
        if asking.any():
            self._draw(values[self.keys], asking)
        return len(self.who) > 0

    def _token(self, who: int, position: int) -> int:
        prompt = self.fed[who]
        return prompt[position] if position < len(prompt) else self.drawn[who][position - len(prompt)]

    def _draw(self, keys: Array, asking: Array) -> None:
        assert self.executor is not None
        rows = np.flatnonzero(asking)
        tokens, self.states[rows] = self.executor.draw(keys[rows], self.states[rows])
        over: list[int] = []
        for row, token in zip(rows.tolist(), tokens.tolist(), strict=True):
            self.drawn[self.who[row]].append(token)
            full = int(self.executor.positions[row]) >= self.model.context
            if token in self.model.tokenizer.stops or full:
                over.append(row)
        self._replace(over)

    def _replace(self, over: list[int]) -> None:
        """Gives rows that are over to the next dialogues; drops those for which there is none."""
        assert self.executor is not None
        fresh = over[: len(self.fed) - self.begun]
        self.who[fresh] = np.arange(self.begun, self.begun + len(fresh))
        self.states[fresh] = self.seeds[self.who[fresh]]
        self.begun += len(fresh)
        self.executor.restart(fresh)
        if gone := over[len(fresh) :]:
            kept = np.setdiff1d(np.arange(len(self.who)), gone)
            self.executor.keep(kept)
            self.who, self.states = self.who[kept], self.states[kept]
