"""The commands that distil, train and evaluate language models, as a user runs them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.lm.test_grading import GOOD, standing_in
from tests.train.models import babbler

from craftc.cli import cli, run
from craftc.lm.file import load, save

SENTENCES = (" oh yes, so it is.", " the dog is here.", " i am a cat!")
CONFIG = """
vocabulary_kind = "characters"
width = 16
layers = 1
heads = 1
hidden = 32
steps = 4
quantized_steps = 2
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model that answers with one of three sentences."""
    folder = tmp_path_factory.mktemp("language")
    save(babbler(SENTENCES, folder), folder / "teacher.pt")
    return folder


def call(*arguments: object) -> str:
    """Returns what a command prints; fails if it does not end well."""
    result = CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_distil_then_train_then_evaluate(folder: Path) -> None:
    data = folder / "data"
    shown = call("data", "distill", folder / "teacher.pt", "-o", data, "--dialogues", 80, "--any-words")
    assert "dialogues to train on" in shown and "replies kept" in shown
    (folder / "c.toml").write_text(CONFIG)
    shown = call("train", "chat", "--data", data / "train.txt", "--held-out", data / "heldout.txt",
                 "--config", folder / "c.toml", "-o", folder / "m.pt")  # fmt: skip
    assert "parameters" in shown and "integers" in shown and "floats" in shown
    assert load(folder / "m.pt").meta["data"] == json.loads((data / "card.json").read_text())
    shown = call("eval", folder / "m.pt", "--data", data / "heldout.txt", "--teacher", folder / "teacher.pt",
                 "--replies", 2, "--json")  # fmt: skip
    found = json.loads(shown)
    assert found["teacher"]["nats_per_character"] < found["text"]["nats_per_character"]
    assert 0 <= found["agreement"] <= 1 and found["talk"]["replies"] == min(2, found["documents"])


def test_grades_come_from_the_endpoint_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "d.txt").write_text("[INST] hello [/INST] the dog is here.\n" * 3)
    monkeypatch.setenv("CRAFTC_GRADER_KEY", "secret")
    with standing_in(GOOD, GOOD) as (url, got):
        shown = call("eval", folder / "teacher.pt", "--data", folder / "d.txt", "--grader", url,
                     "--grader-model", "judge", "--grades", 2)  # fmt: skip
    assert "grades grammar" in shown and len(got) == 2 and got[0]["key"] == "Bearer secret"


def test_refusals_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = folder / "bad.txt"
    bad.write_text("[INST] 7 [/INST] a\n")
    assert run(["eval", str(folder / "teacher.pt"), "--data", str(bad)]) == 1
    assert "bad.txt:1: holds the character '7'" in capsys.readouterr().err
    (folder / "x.toml").write_text("colour = 1\n")
    arguments = [
        "train",
        "chat",
        "--data",
        str(bad),
        "--config",
        str(folder / "x.toml"),
        "-o",
        str(folder / "y.pt"),
    ]
    assert run(arguments) == 1
    assert "unknown key 'colour'" in capsys.readouterr().err
