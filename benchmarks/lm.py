"""Speed and agreement of language models, with CraftGPT's weights where they are.

The weights are looked for in CRAFTC_CRAFTGPT, or ../shared/craftgpt beside the project. The two numerics
run one after the other in one process, and their ratio is printed with them. Processor seconds are given
beside the clock, for machines that do other work too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from craftc import lm
from craftc.lm.agreement import agreement
from craftc.model.craftgpt import import_craftgpt

Row = tuple[str, float, str]
ROOT = Path(__file__).resolve().parents[1]
GREETINGS = ("hello", "hello, how are you?", "good morning.", "i feel happy today.", "i feel sad today.")
QUESTIONS = tuple(
    f"what is your favorite {thing}?"
    for thing in ("animal", "food", "color", "season", "book", "game", "place")
)
TALK = tuple(
    f"{start} {thing}{end}"
    for start, end in (
        ("do you like", "?"),
        ("i am afraid of", "."),
        ("tell me about", "."),
        ("i saw", " today."),
    )
    for thing in ("the rain", "music", "the sea", "spiders", "my old friend")
)
PROMPTS = (*GREETINGS, *QUESTIONS, *TALK)
SEEDS = 8
"""Seeds per prompt: 32 prompts, 256 dialogues."""


def model() -> lm.LanguageModel | None:
    """Return CraftGPT, or None where its weights are not."""
    folder = Path(os.environ.get("CRAFTC_CRAFTGPT", str(ROOT.parent / "shared" / "craftgpt")))
    return import_craftgpt(folder) if folder.is_dir() else None


def _timed(what: str, work: Callable[[int], int], amount: int) -> list[Row]:
    """Return tokens per second, by the clock and per processor second; a first short run is not counted."""
    work(1)
    clock, used = time.perf_counter(), time.process_time()
    tokens = work(amount)
    clock, used = time.perf_counter() - clock, time.process_time() - used
    return [(what, tokens / clock, "tokens/s"), (f"{what}, per core", tokens / used, "tokens/cpu s")]


def speed() -> list[Row]:
    """Return how many tokens a second are processed, one dialogue and many, in both numerics."""
    craftgpt = model()
    rows: list[Row] = []
    for numerics in lm.NUMERICS if craftgpt is not None else ():
        assert craftgpt is not None
        chosen = craftgpt.with_numerics(numerics)
        rows += _timed(f"{numerics}, one dialogue", lambda n, m=chosen: _alone(m, n), 8)
        rows += _timed(f"{numerics}, batched", lambda n, m=chosen: _together(m, n), 4)
    if rows:
        rows.append(("integer / craftgpt, batched", rows[6][1] / rows[2][1], "x"))
    return rows or [("no weights of CraftGPT", 0, "")]


def _alone(chosen: lm.LanguageModel, count: int) -> int:
    dialogue, tokens = lm.Dialogue(chosen, 1), 0
    for prompt in PROMPTS[:count]:
        dialogue.reset()
        dialogue.say(prompt)
        tokens += chosen.context - dialogue.left
    return tokens


def _together(chosen: lm.LanguageModel, seeds: int) -> int:
    turns = lm.converse(chosen, PROMPTS * seeds, _seeds(seeds))
    return sum(len(t.prompt_tokens) + len(chosen.tokenizer.after) + len(t.reply_tokens) for t in turns)


def _seeds(seeds: int) -> list[int]:
    return [1 + n // len(PROMPTS) for n in range(seeds * len(PROMPTS))]


def numerics() -> list[Row]:
    """Return how often `integer` numerics give the reply of `craftgpt` numerics, and the nats per token."""
    craftgpt = model()
    if craftgpt is None:
        return [("no weights of CraftGPT", 0, "")]
    found = agreement(craftgpt, craftgpt.with_numerics("integer"), PROMPTS * SEEDS, _seeds(SEEDS))
    return [
        ("dialogues", found.dialogues, ""),
        ("equal replies", 100 * found.equal_share, "%"),
        ("tokens before they differ", 100 * found.equal_tokens / found.reply_tokens, "%"),
        ("tokens scored", found.tokens, ""),
        ("nats/token, craftgpt", found.nats, ""),
        ("nats/token, integer", found.other_nats, ""),
        ("difference", 1000 * found.difference, "millinats/token"),
        ("mean absolute difference", 1000 * found.spread, "millinats/token"),
    ]
