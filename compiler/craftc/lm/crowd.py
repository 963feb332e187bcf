"""Many dialogues side by side: a row of the batch whose dialogue has ended takes the next one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from craftc.errors import ModelError
from craftc.lm.dialogue import Turn, check_seed, require_room, turn_of
from craftc.lm.executor import Executor
from craftc.lm.model import Array, LanguageModel
from craftc.lm.threads import one_blas_thread, processors

BATCH = 64
"""Dialogues that run side by side in each thread unless told otherwise."""

FEW = 16
"""Dialogues that are worth a thread of their own."""

Progress = Callable[[str, int, int], None]
Watch = Callable[[dict[str, Array], Array], None]


def converse(
    model: LanguageModel,
    prompts: Sequence[str],
    seeds: Sequence[int],
    batch: int = BATCH,
    progress: Progress | None = None,
    watch: Watch | None = None,
    want: Sequence[str] = (),
) -> list[Turn]:
    """Returns one first turn per (prompt, seed) pair, in their order; many run side by side.

    The result depends on neither `batch` nor processors: a turn is what `Dialogue(model, seed).say(prompt)`
    gives, its steps apart. After every step `watch` receives the wanted values, each (B, ...), and the
    numbers (B,) of their pairs; then there is one thread. Raises ModelError for prompts and seeds that
    `Dialogue` refuses, before running any.
    """
    if len(prompts) != len(seeds):
        raise ModelError(
            f"{len(prompts)} prompts, {len(seeds)} seeds", where="converse", legal="equal numbers"
        )
    fed: list[list[int]] = []
    for prompt, seed in zip(prompts, seeds, strict=True):
        check_seed(model, seed)
        fed.append(model.tokenizer.prompt(prompt))
        require_room(model, fed[-1], model.context)
    drawn = _run(model, fed, seeds, batch, progress, watch, want)
    return [turn_of(model, s, p, f, d) for s, p, f, d in zip(seeds, prompts, fed, drawn, strict=True)]


def _run(
    model: LanguageModel,
    fed: Sequence[Sequence[int]],
    seeds: Sequence[int],
    batch: int,
    progress: Progress | None,
    watch: Watch | None,
    want: Sequence[str],
) -> list[list[int]]:
    """Returns what every dialogue drew; dialogues are dealt out to threads like cards."""
    threads = 1 if watch is not None else max(1, min(processors(), len(fed) // FEW))
    rows = [[*f, *model.tokenizer.after] for f in fed]
    drawn: list[list[int]] = [[] for _ in rows]
    if not rows:
        return drawn
    whole = Executor(model)
    crowds = [
        _Crowd(whole, rows[k::threads], np.array(seeds[k::threads], dtype=np.int64), drawn[k::threads], batch)
        for k in range(threads)
    ]
    lock, stop = threading.Lock(), threading.Event()

    def work(crowd: _Crowd) -> None:
        while not stop.is_set() and crowd.step(watch, want):
            if progress is not None:
                with lock:
                    progress("dialogues", sum(c.over for c in crowds), len(rows))

    with one_blas_thread(), ThreadPoolExecutor(threads) as pool:
        try:
            for future in [pool.submit(work, crowd) for crowd in crowds]:
                future.result()
        finally:
            stop.set()  # an error, or an interruption, ends the other threads too
    return drawn


class _Crowd:
    """Dialogues side by side; a row whose dialogue has ended takes the next one, or goes."""

    def __init__(
        self, whole: Executor, fed: list[list[int]], seeds: Array, drawn: list[list[int]], batch: int
    ) -> None:
        self.model, self.fed, self.drawn, self.seeds = whole.model, fed, drawn, seeds
        self.begun = min(batch, len(fed))
        self.who = np.arange(self.begun)  # (B,) number of the dialogue in each row
        self.states = seeds[self.who]
        self.executor = Executor(self.model, self.begun, like=whole)
        self.keys = self.model.graph.outputs["keys"]

    @property
    def over(self) -> int:
        """Dialogues that have ended."""
        return self.begun - len(self.who)

    def step(self, watch: Watch | None, want: Sequence[str]) -> bool:
        """Feeds one token to every row, draws where the prompt is over, returns whether a row is left."""
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
        fresh = over[: len(self.fed) - self.begun]
        self.who[fresh] = np.arange(self.begun, self.begun + len(fresh))
        self.states[fresh] = self.seeds[self.who[fresh]]
        self.begun += len(fresh)
        self.executor.restart(fresh)
        if gone := over[len(fresh) :]:
            kept = np.setdiff1d(np.arange(len(self.who)), gone)
            self.executor.keep(kept)
            self.who, self.states = self.who[kept], self.states[kept]
