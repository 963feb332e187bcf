"""Schedules: rules, taps, and the text form."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from craftc.errors import FormatError, TimingError
from craftc.ir.schedule import LatchTaps, Pulse, Schedule, Window, latch_taps, parse, tap_words

SMALL = Schedule.of([Window("read", 5, 9), Pulse("done", 12), Window("read", 0, 3), Window("clear", 9, 10)])


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    events: list[Window | Pulse] = []
    for signal in draw(st.sets(st.sampled_from(["a", "b1", "c.x", "d_2"]))):
        words = sorted(draw(st.sets(st.integers(0, 60), max_size=10)))
        if draw(st.booleans()):
            events += [Pulse(signal, w) for w in words]
        else:
            steps = draw(st.booleans())
            pairs = pairwise(words) if steps else zip(words[::2], words[1::2], strict=False)
            events += [Window(signal, a, b) for a, b in pairs]
    return Schedule.of(draw(st.permutations(events)))


def latched(taps: LatchTaps, word: int) -> bool:
    """What a latch shows in a word: set wins over reset."""
    on = False
    for w in range(word + 1):
        on = w in taps.sets or (on and w not in taps.resets)
    return on


@given(schedules())
def test_text_round_trip(schedule: Schedule) -> None:
    assert parse(str(schedule)) == schedule


@given(schedules())
def test_a_latch_driven_by_the_taps_shows_the_windows(schedule: Schedule) -> None:
    for signal, taps in latch_taps(schedule).items():
        assert len(taps.sets) == len(taps.resets)
        assert not set(taps.sets) & set(taps.resets)
        for word in range(schedule.words + 2):
            assert latched(taps, word) == schedule.is_on(signal, word)
    assert set(latch_taps(schedule)) <= set(schedule.signals)


def test_taps_words_and_signals() -> None:
    assert SMALL.signals == ("clear", "done", "read")
    assert tap_words(SMALL) == (0, 3, 5, 9, 10, 12)
    assert SMALL.words == 13 and SMALL.pulses("done") == (12,)
    assert latch_taps(SMALL) == {"clear": LatchTaps((9,), (10,)), "read": LatchTaps((0, 5), (3, 9))}
    assert Schedule().words == 0 and tap_words(Schedule()) == ()


def test_touching_windows_become_one() -> None:
    joined = Schedule.of([Window("a", 0, 3), Window("a", 3, 4), Window("a", 6, 7)])
    assert latch_taps(joined)["a"] == LatchTaps((0, 6), (4, 7))


def test_text_form() -> None:
    text = "\n# comment\nwindow read 5..9 # late\n  pulse done 12\nwindow clear 9..10\nwindow   read 0..3\n"
    assert parse(text) == SMALL
    assert str(SMALL) == "window clear 9..10\npulse done 12\nwindow read 0..3\nwindow read 5..9\n"


@pytest.mark.parametrize(
    ("events", "match"),
    [
        ([Window("a", 0, 5), Window("a", 4, 6)], "overlaps"),
        ([Window("a", 0, 5), Window("a", 0, 5)], "overlaps"),
        ([Pulse("a", 3), Pulse("a", 3)], "twice"),
        ([Pulse("a", 3), Window("a", 5, 6)], "windows or pulses"),
        ([Window("a", 2, 2)], "empty"),
        ([Window("a", 3, 2)], "empty"),
        ([Window("a", -1, 2)], "before word 0"),
        ([Pulse("a", -1)], "before word 0"),
        ([Pulse("A b", 1)], "signal named"),
    ],
)
def test_broken_rules(events: list[Window | Pulse], match: str) -> None:
    with pytest.raises(TimingError, match=match):
        Schedule.of(events)


def test_order_is_a_rule_of_the_data() -> None:
    with pytest.raises(TimingError, match="sorted"):
        Schedule((Window("b", 0, 1), Window("a", 0, 1)))


@pytest.mark.parametrize(
    "line",
    ["window a 3", "pulse a 3..4", "pulse a", "level a 3", "window a 3..", "pulse a -1", "pulse a 1 2"],
)
def test_bad_text_names_the_line(line: str) -> None:
    with pytest.raises(FormatError, match="line 2"):
        parse(f"pulse z 1\n{line}\n")
