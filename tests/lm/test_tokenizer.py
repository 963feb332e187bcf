"""The tokenizer: longest prefix first, special ids apart, errors that name the place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lm.toys import TOKENS, tokenizer

from craftc.errors import ModelError
from craftc.lm.tokenizer import Tokenizer, from_plain


def test_longest_token_first() -> None:
    assert [TOKENS[i] for i in tokenizer().encode("ab cd")] == ["ab ", "cd"]
    assert [TOKENS[i] for i in tokenizer().prompt("AB")] == [" [a]", " ab"]


def test_special_tokens_are_not_found_in_text() -> None:
    with pytest.raises(ModelError, match=r"no token begins with '\['"):
        tokenizer().encode(" [a]")


@given(st.lists(st.sampled_from([t for t in TOKENS if "[" not in t]), max_size=30))
def test_text_survives(parts: list[str]) -> None:
    text = "".join(parts)
    assert tokenizer().decode(tokenizer().encode(text)) == text


def test_ids_without_text_show_as_such() -> None:
    assert tokenizer().decode([3, 23, -1]) == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("text", ["", "  ", "\t"])
def test_empty_prompts_are_refused(text: str) -> None:
    with pytest.raises(ModelError, match="prompt: is empty"):
        tokenizer().prompt(text)


def test_long_text_is_quoted_in_part() -> None:
    with pytest.raises(ModelError, match="character 61, in"):
        tokenizer().encode("a" * 60 + "?" + "b" * 60)


def test_plain_form_and_back() -> None:
    assert from_plain(tokenizer().to_plain()) == tokenizer()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "bpe"}, "kind is 'bpe'"),
        ({"tokens": ["a", 1]}, "tokens is not"),
        ({"before": ["a"]}, "before is not"),
        ({"lower": 1}, "lower is not"),
        ({"extra": 1}, "is not a tokenizer"),
        ({"tokens": ["a", "a"], "before": [], "after": [], "stops": []}, "tokens 0 and 1 are both 'a'"),
        ({"tokens": ["a", ""], "before": [], "after": [], "stops": []}, "token 1 is empty"),
        ({"stops": [99]}, "stops names token 99"),
    ],
)
def test_broken_forms_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        from_plain(tokenizer().to_plain() | change)
    with pytest.raises(ModelError):
        from_plain([])
    Tokenizer(("a",))
