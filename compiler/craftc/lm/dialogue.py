"""Dialogues: prompts in, replies out; exact and reproducible. `crowd` runs many at once.

The turn of a user is processed token by token without drawing; then the opening of the model's turn is
processed and a token drawn; while the drawn token is no stop, it is processed and another drawn. Caches,
position and generator run on over the turns of one dialogue. When the context is used up, the reply ends
and `stop` is None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from craftc.errors import ModelError
from craftc.lm.executor import Executor
from craftc.lm.model import Array, LanguageModel

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

    def warm(self) -> None:
        """Does what is done once only, compiling kernels; the dialogue stays as it is."""
        executor = Executor(self.model, like=self._executor)
        keys = executor.step([0], [self._keys])[self._keys]
        executor.draw(keys, self._state.copy())

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
