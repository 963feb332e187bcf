"""Reading dialogues and stories: both forms, both files, and everything that is refused."""

from pathlib import Path

import pytest

from craftc.errors import FormatError
from craftc.lm.corpus import Document, format_dialogue, parse_dialogue, read_corpus


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_dialogues_of_several_turns(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.txt", "[INST] Hello [/INST]  Hi   there. [INST] why? [/INST] no.\n\n[INST]a[/INST]b\n"
    )
    corpus = read_corpus(file)
    assert [d.parts for d in corpus.documents] == [("hello", "hi there.", "why?", "no."), ("a", "b")]
    assert corpus.documents[0].replies == ("hi there.", "no.") and corpus.characters == 23


def test_stories_end_with_their_mark(tmp_path: Path) -> None:
    file = write(tmp_path / "a.txt", "Once a cat\nsat.\n<|endoftext|>\nA dog ran.\n<|endoftext|>\n")
    documents = read_corpus(file).documents
    assert documents == (Document(("once a cat sat.",), False), Document(("a dog ran.",), False))
    assert documents[0].replies == ("once a cat sat.",)


def test_one_story_needs_no_mark(tmp_path: Path) -> None:
    assert len(read_corpus(write(tmp_path / "a.txt", "a cat.\nit sat.\n"))) == 1


def test_parquet_is_read_like_text(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = ["[INST] a [/INST] b", "[INST] c [/INST] d"]
    parquet.write_table(arrow.table({"text": rows, "n": [1, 2]}), tmp_path / "a.parquet")
    text = write(tmp_path / "a.txt", "\n".join(rows))
    assert read_corpus(tmp_path / "a.parquet").documents == read_corpus(text).documents
    assert len(read_corpus(tmp_path)) == 4
    parquet.write_table(arrow.table({"n": [1]}), tmp_path / "b.parquet")
    with pytest.raises(FormatError, match=r"has the text columns \[\]"):
        read_corpus(tmp_path / "b.parquet")
    parquet.write_table(arrow.table({"text": ["[INST] a [/INST] b", None]}), tmp_path / "c.parquet")
    with pytest.raises(FormatError, match="1 empty rows"):
        read_corpus(tmp_path / "c.parquet")
    write(tmp_path / "d.parquet", "no parquet")
    with pytest.raises(FormatError, match="cannot be read"):
        read_corpus(tmp_path / "d.parquet")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hello [INST] a [/INST] b", "is no dialogue"),
        ("[INST] a", "is no dialogue"),
        ("[INST] a [INST] b", "is no dialogue"),
        ("[/INST] a [INST] b", "is no dialogue"),
        ("[INST] a [/INST]", "has an empty turn"),
        ("[INST] [/INST] b", "has an empty turn"),
    ],
)
def test_malformed_dialogues_are_named_by_line(tmp_path: Path, text: str, why: str) -> None:
    file = write(tmp_path / "a.txt", f"[INST] a [/INST] b\n{text}\n")
    with pytest.raises(FormatError, match=rf"a\.txt:2: {why}"):
        read_corpus(file)


def test_unknown_characters_are_refused_or_skipped(tmp_path: Path) -> None:
    file = write(tmp_path / "a.txt", "[INST] a [/INST] b\n[INST] a [/INST] b; c\n")
    with pytest.raises(FormatError, match=r"a\.txt:2: holds the character ';'"):
        read_corpus(file)
    corpus = read_corpus(file, "skip")
    assert (len(corpus), corpus.skipped) == (1, 1)
    with pytest.raises(FormatError, match="no documents; 1 skipped"):
        read_corpus(write(tmp_path / "b.txt", "[INST] 1 [/INST] b\n"), "skip")


def test_absent_empty_and_binary_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        read_corpus(tmp_path / "absent")
    with pytest.raises(FormatError, match="holds no documents"):
        read_corpus(write(tmp_path / "empty.txt", ""))
    (tmp_path / "x.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="cannot be read"):
        read_corpus(tmp_path / "x.txt")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FormatError, match="holds no data"):
        read_corpus(tmp_path / "folder")


def test_written_dialogues_are_read_back() -> None:
    parts = ("hello", "hi.", "why?", "so.")
    assert parse_dialogue(format_dialogue(parts), "here").parts == parts
