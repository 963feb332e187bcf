"""The commands chat, import, export, and what info and estimate show of language models."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from tests.lm.toys import toy
from tests.model.craftgpt.fake import write_fake

from craftc import cli, lm


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of a toy model."""
    file = tmp_path_factory.mktemp("chat") / "toy.pt"
    lm.save(toy(3), file)
    return str(file)


def run(*arguments: str) -> int:
    """Return the exit code of a command line."""
    return cli.run(arguments)


def test_prompt_gives_the_reply_and_what_is_left(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("chat", path, "--prompt", "ab", "--seed", "2") == 0
    dialogue = lm.Dialogue(toy(3), 2)
    turn = dialogue.say("ab")
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].strip() == turn.reply.strip()
    assert f"{dialogue.left} of 24 tokens left" in shown[1] or "is full" in shown[1]


def test_json_has_the_form_of_a_test_vector(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("chat", path, "--prompt", "ab cd", "--seed", "2", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["seed", "prompt", "prompt_tokens", "reply_tokens", "reply", "stop", "steps"]
    assert found == json.loads(json.dumps(lm.Dialogue(toy(3), 2).say("ab cd").to_json()))


def test_json_of_the_real_vectors(craftgpt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "craftgpt.pt")
    assert run("import", "craftgpt", str(craftgpt), "-o", file) == 0
    capsys.readouterr()
    for vector in json.loads((craftgpt / "vectors.json").read_text(encoding="utf-8")):
        assert run("chat", file, "--prompt", vector["prompt"], "--seed", str(vector["seed"]), "--json") == 0
        assert json.loads(capsys.readouterr().out) == vector


def talk(
    path: str, lines: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """Return what chat shows when lines are piped into it."""
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))
    assert run("chat", path, "--seed", "2") == 0
    return capsys.readouterr().out


def test_lines_and_commands(
    path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["/why", "ab", "/why", "/why 1", "/why 99", "/reset", "/seed 3", "/nope", "?", "/quit"]
    shown = talk(path, lines, monkeypatch, capsys)
    for text in ("nothing was drawn yet", "token 1 of", "no token '99'", "a new dialogue, seed 2", "seed 3",
                 "unknown command /nope", "no token begins with '?'"):  # fmt: skip
        assert text in shown, text
    assert "> " in shown and "%" in shown


@pytest.mark.parametrize("line", ["/seed 0", "/seed x", "/seed 999"])
def test_seeds_are_checked(
    line: str, path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = talk(path, [line, "ab"], monkeypatch, capsys)
    assert "legal" in shown and "tokens left" in shown


def test_full_context_is_said_and_reset_helps(
    path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = talk(path, ["ab cd"] * 8 + ["/reset", "a"], monkeypatch, capsys)
    assert "tokens are left; begin anew" in shown or "is full" in shown
    assert shown.rstrip().endswith("tokens left") or "is full" in shown.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--json"], 2, "--json needs --prompt"),
        (["--prompt", "ab", "--seed", "0"], 1, "seed is 0, at which the generator stands still"),
        (["--prompt", "a?"], 1, "no token begins with '?'"),
        (["--prompt", ""], 1, "prompt: is empty"),
        (["--prompt", "a" * 40], 1, "at most 24 of the 24 tokens are left"),
    ],
)
def test_refusals(
    path: str, arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("chat", path, *arguments) == code
    assert message in capsys.readouterr().err


def test_other_numerics(path: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "short.pt"
    lm.save(toy(3, short=True), file)
    assert run("chat", str(file), "--prompt", "ab", "--json", "--numerics", "integer") == 0
    wanted = lm.Dialogue(toy(3, short=True).with_numerics("integer"), 1).say("ab").to_json()
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(wanted))


def test_other_models_do_not_talk(capsys: pytest.CaptureFixture[str]) -> None:
    digits = Path(__file__).parents[2] / "weights" / "digits.pt"
    assert run("chat", str(digits), "--prompt", "a") == 1
    assert "not of the format 'craftc-language'" in capsys.readouterr().err


def test_import_and_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, file = write_fake(tmp_path / "source"), tmp_path / "model.pt"
    assert run("import", "craftgpt", str(source), "-o", str(file), "--numerics", "integer") == 0
    assert "5,087,280 parameters" in capsys.readouterr().out
    assert lm.load(file).numerics == "integer"
    assert run("export", "craftgpt", str(file), "-o", str(tmp_path / "back")) == 0
    for path in sorted((source / "weight_files").rglob("*.bin")):
        assert (tmp_path / "back" / path.relative_to(source)).read_bytes() == path.read_bytes()
    (source / "weight_files" / "softmax.bin").unlink()
    assert run("import", "craftgpt", str(source), "-o", str(tmp_path / "x.pt")) == 1
    assert "lacks softmax.bin" in capsys.readouterr().err
    assert not (tmp_path / "x.pt").exists()


def test_info_and_estimate(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("info", path) == 0
    shown = capsys.readouterr().out
    assert "integer" in shown and "matmul bits" in shown and "sha256" in shown
    assert run("info", path, "--graph") == 0
    assert "m.query: s16.10[16] = matmul(norm1) weights=@query" in capsys.readouterr().out
    assert run("estimate", path, "--lanes", "4") == 0
    shown = capsys.readouterr().out
    for text in ("m.query", "all of these", "counted", "measured", "extrapolated", "not estimated"):
        assert text in shown
    assert run("estimate", path, "--words-per-lane", "1") == 1
    assert "at least 16" in capsys.readouterr().err
