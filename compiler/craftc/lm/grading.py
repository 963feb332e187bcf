"""Grades given by another language model, as TinyStories does: grammar, creativity, consistency, completion.

Any endpoint that speaks OpenAI's chat completions will do; the user names it, nothing is sent elsewhere. A
grade is a whole number from 1 to 10. An answer without all four grades is asked for again, then refused.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from craftc.errors import ConfigError, FormatError

Progress = Callable[[str, int, int], None]
CRITERIA = ("grammar", "creativity", "consistency", "completion")
LEAST, MOST = 1, 10
_TRIES = 3
_TIMEOUT_S = 60.0
_SYSTEM = """\
You grade short texts written by a very small language model that knows lower-case letters, spaces and the
marks . , ? ! ' only; do not judge missing capitals. Answer with exactly four lines:
Grammar: N/10
Creativity: N/10
Consistency: N/10
Completion: N/10
where N is a whole number from 1 to 10."""
_CHAT = """\
Someone said:
{prompt}

The model answered:
{reply}

Grade the answer: its grammar, its creativity, its consistency with itself and with what was said, and how
well it completes the exchange."""
_STORY = """\
The model was given this beginning of a story:
{prompt}

It continued:
{reply}

Grade the continuation: its grammar, its creativity, its consistency with the beginning, and how well it
completes the story."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where grades come from: the address before /chat/completions, the grader's name, a key."""

    url: str
    model: str
    key: str = ""

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            legal = "an address that begins with http:// or https://"
            raise ConfigError(f"is {self.url!r}", where="grading endpoint", legal=legal)


@dataclass(frozen=True, slots=True)
class Grades:
    """Grades of one text, or means over many."""

    grammar: float
    creativity: float
    consistency: float
    completion: float


@dataclass(frozen=True, slots=True)
class Sample:
    """What a model was asked and what it said; `chat` tells an answer from the end of a story."""

    prompt: str
    reply: str
    chat: bool


def question(sample: Sample) -> list[dict[str, str]]:
    """Returns the messages that ask for the grades of a sample."""
    form = _CHAT if sample.chat else _STORY
    asked = form.format(prompt=sample.prompt, reply=sample.reply.strip())
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": asked}]


def parse(answer: str) -> Grades:
    """Returns the four grades of an answer. Raises FormatError naming the first missing or illegal one."""
    found: dict[str, float] = {}
    for criterion in CRITERIA:
        match = re.search(rf"{criterion}\W{{1,6}}(\d+)(?![\d.,]*\d)", answer, re.IGNORECASE)
        if match is None or not LEAST <= int(match[1]) <= MOST:
            what = "is missing" if match is None else f"is {match[1]}"
            legal = f"{criterion.capitalize()}: {LEAST}..{MOST}"
            raise FormatError(f"the grade of {criterion} {what}", where="grader's answer", legal=legal)
        found[criterion] = float(match[1])
    return Grades(**found)


def grade(endpoint: Endpoint, samples: Sequence[Sample], progress: Progress | None = None) -> Grades:
    """Returns the mean grades of samples.

    Raises FormatError if an answer has no grades three times over, ConfigError if the endpoint cannot be
    reached or refuses.
    """
    given: list[Grades] = []
    for number, sample in enumerate(samples, start=1):
        given.append(_graded(endpoint, question(sample)))
        if progress is not None:
            progress("grading", number, len(samples))
    if not given:
        raise FormatError("no reply to grade", where="grading", legal="one reply or more")
    means = {c: sum(getattr(g, c) for g in given) / len(given) for c in CRITERIA}
    return Grades(**means)


def _graded(endpoint: Endpoint, messages: list[dict[str, str]]) -> Grades:
    for attempt in range(1, _TRIES + 1):
        answer = ask(endpoint, messages)
        try:
            return parse(answer)
        except FormatError:
            if attempt == _TRIES:
                raise
    raise AssertionError("unreachable")


def ask(endpoint: Endpoint, messages: list[dict[str, str]]) -> str:
    """Returns the text of one completion.

    Raises ConfigError if the endpoint cannot be reached or refuses, FormatError if it answers something else.
    """
    url = f"{endpoint.url.rstrip('/')}/chat/completions"
    body = json.dumps({"model": endpoint.model, "messages": messages, "temperature": 0}).encode()
    headers = {"Content-Type": "application/json"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
            raw = response.read()
    except (urllib.error.URLError, OSError) as error:
        raise ConfigError(f"cannot be asked: {error}", where=url, legal="an endpoint that answers") from error
    try:
        text = json.loads(raw)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        legal = "choices[0].message.content"
        raise FormatError("answered with something else than a completion", where=url, legal=legal) from error
    if not isinstance(text, str):
        raise FormatError(f"answered with {text!r}", where=url, legal="a text")
    return text
