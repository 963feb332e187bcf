"""The schedule: which control signal is on in which words, as plain data.

Time is counted in words (P rt each) after the run token entered the conductor. Text form, one
event per line, sorted by signal and word; `#` starts a comment::

    pulse  done 1570
    window read_n 0..784        # on in words 0, 1, ..., 783

A window becomes a set tap at its first word and a reset tap at the word after its last; windows of one
signal that touch become one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from craftc.errors import FormatError, TimingError

_SIGNAL = re.compile(r"[a-z][a-z0-9_.]*")
_LINE = re.compile(
    r"(?P<kind>pulse|window)\s+(?P<signal>\S+)\s+(?P<start>\d{1,12})(?:\.\.(?P<end>\d{1,12}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A signal that is on during words start_word <= w < end_word."""

    signal: str
    start_word: int
    end_word: int

    def __str__(self) -> str:
        return f"window {self.signal} {self.start_word}..{self.end_word}"


@dataclass(frozen=True, slots=True, order=True)
class Pulse:
    """A signal that gets the token itself (its length, not a whole word) at the start of a word."""

    signal: str
    word: int

    def __str__(self) -> str:
        return f"pulse {self.signal} {self.word}"


@dataclass(frozen=True, slots=True)
class LatchTaps:
    """Words at which a window latch is set and reset; they alternate, set first."""

    sets: tuple[int, ...]
    resets: tuple[int, ...]


def _start(event: Window | Pulse) -> tuple[str, int, int]:
    if isinstance(event, Window):
        return event.signal, event.start_word, event.end_word
    return event.signal, event.word, event.word


@dataclass(frozen=True, slots=True)
class Schedule:
    """Events sorted by signal and word. `Schedule.of` sorts and checks; the constructor only checks.

    Raises TimingError for names that are not signals, empty or negative windows, windows of one signal
    that overlap, pulses given twice, a signal that has both kinds, and events out of order.
    """

    events: tuple[Window | Pulse, ...] = ()

    def __post_init__(self) -> None:
        for event in self.events:
            _check_event(event)
        for before, after in pairwise(self.events):
            _check_pair(before, after)

    @classmethod
    def of(cls, events: Iterable[Window | Pulse]) -> Schedule:
        """Return the schedule of events in any order."""
        return cls(tuple(sorted(events, key=_start)))

    @property
    def signals(self) -> tuple[str, ...]:
        """Names of all signals, sorted."""
        return tuple(sorted({event.signal for event in self.events}))

    @property
    def words(self) -> int:
        """First word in which nothing is left to happen: no event touches it or a later word."""
        return max((e.word + 1 if isinstance(e, Pulse) else e.end_word for e in self.events), default=0)

    def windows(self, signal: str) -> tuple[Window, ...]:
        """Return the windows of a signal in order."""
        return tuple(e for e in self.events if isinstance(e, Window) and e.signal == signal)

    def pulses(self, signal: str) -> tuple[int, ...]:
        """Return the words at which a signal gets the token."""
        return tuple(e.word for e in self.events if isinstance(e, Pulse) and e.signal == signal)

    def is_on(self, signal: str, word: int) -> bool:
        """Return whether a window signal is on in a word."""
        return any(w.start_word <= word < w.end_word for w in self.windows(signal))

    def __str__(self) -> str:
        return "".join(f"{event}\n" for event in self.events)


def _check_event(event: Window | Pulse) -> None:
    signal, start, end = _start(event)
    if not _SIGNAL.fullmatch(signal):
        raise TimingError(f"signal named {signal!r}", where="schedule", legal="a-z, then a-z 0-9 _ .")
    if start < 0 or (isinstance(event, Window) and end <= start):
        raise TimingError(
            f"{event} is empty or starts before word 0", where="schedule", legal="0 <= start < end"
        )


def _check_pair(before: Window | Pulse, after: Window | Pulse) -> None:
    if _start(before) > _start(after):
        raise TimingError(
            f"{after} stands after {before}", where="schedule", legal="sorted by signal and word"
        )
    if before.signal != after.signal:
        return
    if type(before) is not type(after):
        raise TimingError(f"{before} and {after}", where="schedule", legal="windows or pulses of one signal")
    if isinstance(before, Window) and isinstance(after, Window) and after.start_word < before.end_word:
        raise TimingError(f"{before} overlaps {after}", where="schedule", legal="windows one after another")
    if before == after:
        raise TimingError(f"{after} is given twice", where="schedule", legal="once")


def latch_taps(schedule: Schedule) -> Mapping[str, LatchTaps]:
    """Return set and reset words of every window signal, sorted by name."""
    out: dict[str, LatchTaps] = {}
    for signal in schedule.signals:
        sets: list[int] = []
        resets: list[int] = []
        for window in schedule.windows(signal):
            if resets and resets[-1] == window.start_word:
                resets.pop()
            else:
                sets.append(window.start_word)
            resets.append(window.end_word)
        if sets:
            out[signal] = LatchTaps(tuple(sets), tuple(resets))
    return out


def tap_words(schedule: Schedule) -> tuple[int, ...]:
    """Return every word at which the conductor needs a tap, rising, each once."""
    words = {event.word for event in schedule.events if isinstance(event, Pulse)}
    for taps in latch_taps(schedule).values():
        words.update(taps.sets, taps.resets)
    return tuple(sorted(words))


def parse(text: str) -> Schedule:
    """Return the schedule in `text`. Raises FormatError naming the line, TimingError for broken rules."""
    events: list[Window | Pulse] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        match = _LINE.fullmatch(line)
        if match is None or (match["kind"] == "window") != (match["end"] is not None):
            raise FormatError(
                f"not an event: {line!r}", where=f"schedule, line {number}",
                legal="pulse SIGNAL WORD or window SIGNAL START..END",
            )  # fmt: skip
        start = int(match["start"])
        if match["kind"] == "window":
            events.append(Window(match["signal"], start, int(match["end"])))
        else:
            events.append(Pulse(match["signal"], start))
    return Schedule.of(events)
