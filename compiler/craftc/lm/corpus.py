"""Reads training text: dialogues in TinyChat's form, stories in TinyStories' form.

    chat     one dialogue per line or per row of a parquet file:
             [INST] hello [/INST] hi there. [INST] how are you? [/INST] i am happy.
    stories  plain text; a line <|endoftext|> ends a story

Text is put in lower case and runs of white space become one space, as CraftGPT did with TinyChat; nothing
else is repaired. A character outside the console's 32 is refused with its line, or its document is skipped
and counted, as the caller chooses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from craftc.errors import ConfigError, FormatError
from craftc.lm.distill_filter import CHARSET

Unknown = Literal["refuse", "skip"]
END_OF_TEXT = "<|endoftext|>"
_MARK = re.compile(r"\[(/?)inst\]")
_SPACE = re.compile(r"\s+")
_LEGAL = "[INST] user [/INST] reply, any number of turns"


@dataclass(frozen=True, slots=True)
class Document:
    """One dialogue or story. A dialogue is user, reply, user, reply, ...; a story is one text."""

    parts: tuple[str, ...]
    chat: bool

    @property
    def replies(self) -> tuple[str, ...]:
        """What the model says: every second part of a dialogue, the whole story."""
        return self.parts[1::2] if self.chat else self.parts


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents of one or more files, and how many were skipped for unknown characters."""

    documents: tuple[Document, ...]
    skipped: int

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def characters(self) -> int:
        """Characters of all parts."""
        return sum(len(part) for document in self.documents for part in document.parts)


def read_corpus(path: Path, unknown: Unknown = "refuse") -> Corpus:
    """Returns the documents of a file, or of all .txt and .parquet files of a folder in order of their names.

    Raises FormatError for an unreadable, malformed or empty file and, with `unknown` = "refuse", for the
    first character outside the charset.
    """
    documents: list[Document] = []
    skipped = 0
    for file in _files(path):
        for place, document in _documents(file):
            strange = sorted(set("".join(document.parts)) - set(CHARSET))
            if not strange:
                documents.append(document)
            elif unknown == "skip":
                skipped += 1
            else:
                legal = f'the {len(CHARSET)} characters {CHARSET!r}, or unknown = "skip"'
                raise FormatError(f"holds the character {strange[0]!r}", where=place, legal=legal)
    if not documents:
        why = f"no documents; {skipped:,} skipped for unknown characters" if skipped else "no documents"
        raise FormatError(f"holds {why}", where=str(path), legal=f"lines of {_LEGAL}, or stories")
    return Corpus(tuple(documents), skipped)


def parse_dialogue(text: str, place: str) -> Document:
    """Returns one dialogue. Raises FormatError if marks do not alternate or a turn is empty."""
    low = _SPACE.sub(" ", text.lower()).strip()
    marks = [m[0] for m in _MARK.finditer(low)]
    pieces = [piece.strip() for piece in re.split(r"\[/?inst\]", low)]
    if not marks or pieces[0] or marks != ["[inst]", "[/inst]"] * (len(marks) // 2):
        raise FormatError("is no dialogue", where=place, legal=_LEGAL)
    if not all(pieces[1:]):
        raise FormatError("has an empty turn", where=place, legal=_LEGAL)
    return Document(tuple(pieces[1:]), chat=True)


def format_dialogue(parts: Sequence[str]) -> str:
    """Returns the line of a dialogue that `parse_dialogue` reads back."""
    marks = ("[INST]", "[/INST]")
    return " ".join(f"{marks[i % 2]} {part}" for i, part in enumerate(parts))


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise FormatError(
            "no such file or folder", where=str(path), legal="a .txt or .parquet file, or a folder"
        )
    if path.is_file():
        return [path]
    found = sorted(p for p in path.iterdir() if p.suffix in (".txt", ".parquet"))
    if not found:
        raise FormatError("holds no data", where=str(path), legal=".txt or .parquet files")
    return found


def _documents(file: Path) -> Iterator[tuple[str, Document]]:
    """Yields (place, document); the place is what an error names."""
    for number, text in _rows(file):
        place = f"{file}:{number}"
        if _MARK.search(text.lower()):
            yield place, parse_dialogue(text, place)
        else:
            story = _SPACE.sub(" ", text.lower()).strip()
            if story:
                yield place, Document((story,), chat=False)


def _rows(file: Path) -> Iterator[tuple[int, str]]:
    """Yields (line or row number, text of one document)."""
    if file.suffix == ".parquet":
        yield from enumerate(_parquet_texts(file), start=1)
        return
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"cannot be read: {error}", where=str(file), legal="UTF-8 text") from error
    if END_OF_TEXT in text:
        line = 1
        for story in text.split(END_OF_TEXT):
            yield line, story
            line += story.count("\n")
    elif _MARK.search(text.lower()):
        yield from ((n, line) for n, line in enumerate(text.splitlines(), start=1) if line.strip())
    else:
        yield 1, text


def _parquet_texts(file: Path) -> list[str]:
    """Returns the text column of a parquet file: `text`, or the only column of strings."""
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        legal = "pip install 'craftc[train]', or plain text"
        raise ConfigError("reading parquet needs pyarrow", where=str(file), legal=legal) from error
    try:
        table: Any = parquet.read_table(file)
    except (OSError, arrow.ArrowInvalid) as error:
        raise FormatError(f"cannot be read: {error}", where=str(file), legal="a parquet file") from error
    strings = [
        f.name for f in table.schema if arrow.types.is_string(f.type) or arrow.types.is_large_string(f.type)
    ]
    name = "text" if "text" in strings else (strings[0] if len(strings) == 1 else None)
    if name is None:
        raise FormatError(f"has the text columns {strings}", where=str(file), legal="a column named text")
    column = table.column(name)
    if column.null_count:
        raise FormatError(f"column {name} has {column.null_count} empty rows", where=str(file), legal="text")
    texts: list[str] = column.to_pylist()
    return texts
