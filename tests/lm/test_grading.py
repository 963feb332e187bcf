"""Grading against a stand-in endpoint on this machine: what is sent, what is understood, what is refused."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from craftc.errors import ConfigError, FormatError
from craftc.lm.grading import Endpoint, Grades, Sample, ask, grade, parse, question

GOOD = "Grammar: 8/10\nCreativity: 5/10\nConsistency: 7/10\nCompletion: 6/10"
CHAT = Sample("how are you?", " i am fine.", True)
STORY = Sample("one day a cat", " sat.", False)


@contextmanager
def standing_in(*answers: Any, status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yields the address of an endpoint that gives these answers in turn, and the requests it got."""
    given = iter(answers)
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(
                {"path": self.path, "key": self.headers.get("Authorization"), "body": json.loads(body)}
            )
            answer = next(given)
            if isinstance(answer, str):
                answer = {"choices": [{"message": {"content": answer}}]}
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/", got
    finally:
        server.shutdown()
        server.server_close()


def test_grades_are_means_over_replies() -> None:
    other = GOOD.replace("8", "4").replace("6/10", "10/10")
    with standing_in(GOOD, other) as (url, got):
        found = grade(Endpoint(url, "judge", "secret"), [CHAT, STORY])
    assert found == Grades(grammar=6.0, creativity=5.0, consistency=7.0, completion=8.0)
    assert [g["path"] for g in got] == ["/v1/chat/completions"] * 2 and got[0]["key"] == "Bearer secret"
    assert got[0]["body"]["model"] == "judge" and got[0]["body"]["temperature"] == 0


def test_questions_show_prompt_and_reply() -> None:
    system, user = question(CHAT)
    assert "lower-case" in system["content"] and "Completion: N/10" in system["content"]
    assert "Someone said:\nhow are you?" in user["content"] and "answered:\ni am fine.\n" in user["content"]
    assert "beginning of a story:\none day a cat" in question(STORY)[1]["content"]


@pytest.mark.parametrize(
    "answer",
    [GOOD, GOOD.lower(), GOOD.replace("/10", ""), f"Well.\n{GOOD}\nDone.", GOOD.replace(": ", " - **")],
)
def test_answers_are_understood_in_many_forms(answer: str) -> None:
    assert parse(answer) == Grades(8.0, 5.0, 7.0, 6.0)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (GOOD.replace("Grammar", "Spelling"), "the grade of grammar is missing"),
        (GOOD.replace("5/10", "11/10"), "the grade of creativity is 11"),
        (GOOD.replace("7/10", "0/10"), "the grade of consistency is 0"),
        (GOOD.replace("6/10", "6.5/10"), "the grade of completion is missing"),
        ("", "the grade of grammar is missing"),
    ],
)
def test_other_answers_are_refused(answer: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        parse(answer)


def test_a_bad_answer_is_asked_for_again_three_times() -> None:
    with standing_in("no", "no", GOOD) as (url, got):
        assert grade(Endpoint(url, "judge"), [CHAT]).grammar == 8.0
    assert len(got) == 3 and got[0]["key"] is None
    with standing_in("no", "no", "no") as (url, _), pytest.raises(FormatError, match="grade of grammar"):
        grade(Endpoint(url, "judge"), [CHAT])


@pytest.mark.parametrize(
    "answer", [{"choices": []}, {"error": "x"}, b"<html>", [], {"choices": [{"message": {"content": 3}}]}]
)
def test_other_json_is_refused(answer: Any) -> None:
    with standing_in(answer) as (url, _), pytest.raises(FormatError, match="answered with"):
        ask(Endpoint(url, "judge"), [])


def test_endpoints_that_fail_are_named() -> None:
    with standing_in(GOOD, status=401) as (url, _), pytest.raises(ConfigError, match="401"):
        ask(Endpoint(url, "judge"), [])
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1:9/chat/completions: cannot be asked"):
        ask(Endpoint("http://127.0.0.1:9", "judge"), [])
    with pytest.raises(ConfigError, match="begins with http"):
        Endpoint("file:///etc/passwd", "judge")
    with pytest.raises(FormatError, match="no reply to grade"):
        grade(Endpoint("http://127.0.0.1:9", "judge"), [])
