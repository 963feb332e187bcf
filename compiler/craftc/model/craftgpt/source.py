"""Finds and reads the weight files of CraftGPT in any of their known forms; every file is checked by name.

Known forms: the published repository (`weight_files/` and `tokens.txt`), the folder `weight_files` alone,
all files in one flat folder, and a .zip of any of these. Tokens come from the token ROMs and must agree
with `tokens.txt` where that is present.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.errors import FormatError
from craftc.model.craftgpt.layout import FILES, MINUS_ZERO, WeightFile

Array = npt.NDArray[Any]
TOKENS = "tokens.txt"
FOLDER = "weight_files"
BESIDE = frozenset({"LICENSE", "README.md", TOKENS, "layout.json", "vectors.json", ".gitignore"})
"""Files that the published folder holds beside the weights; only tokens.txt is read."""

MAX_FILE = 1 << 20
"""Bytes; every known file is smaller."""


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes of the weight files by their path below `weight_files`, and of tokens.txt if it is there."""

    where: str
    files: Mapping[str, bytes]
    tokens: bytes | None


def read_source(path: Path) -> Source:
    """Returns the weight files at a path.

    Raises FormatError naming the first file that is missing, surplus, or of a wrong size.
    """
    if path.is_dir():
        entries = dict(_folder_entries(path))
    elif zipfile.is_zipfile(path):
        entries = _zip_entries(path)
    else:
        legal = "the folder of CraftGPT's weight files, or a .zip of it"
        raise FormatError(
            "no such folder or zip" if not path.exists() else "is not a zip", where=str(path), legal=legal
        )
    tokens, files = _sorted_out(entries, str(path))
    _check_names(files, str(path))
    for known in FILES:
        size = len(files[known.path])
        if size != known.size:
            raise FormatError(
                f"is {size:,} bytes long", where=f"{path}: {known.path}", legal=f"{known.size:,} bytes"
            )
    return Source(str(path), files, tokens)


def _folder_entries(path: Path) -> Iterator[tuple[str, bytes]]:
    root = path / FOLDER if (path / FOLDER).is_dir() else path
    beside = path if root != path else path.parent if path.name == FOLDER else path
    if (beside / TOKENS).is_file():
        yield TOKENS, _read(beside / TOKENS)
    for file in sorted(root.rglob("*")):
        name = file.relative_to(root).as_posix()
        if not file.is_dir() and not (root == beside and name in BESIDE):
            yield name, _read(file)


def _read(file: Path) -> bytes:
    """Returns the bytes of a file; refuses large ones and what is no file before reading them."""
    if not file.is_file() or file.stat().st_size > MAX_FILE:
        what = "is too large" if file.is_file() else "is no file"
        raise FormatError(what, where=str(file), legal=f"the {len(FILES)} known files only")
    return file.read_bytes()


def _zip_entries(path: Path) -> dict[str, bytes]:
    """Returns the members of a zip relative to the folder that holds softmax.bin."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            roots = sorted(m.filename.removesuffix("softmax.bin") for m in members if _is_root(m.filename))
            if len(roots) != 1:
                legal = f"exactly one folder of {len(FILES)} weight files"
                raise FormatError(f"holds {len(roots)} files softmax.bin", where=str(path), legal=legal)
            root = roots[0]
            outer = root.removesuffix(f"{FOLDER}/")
            large = [m.filename for m in members if m.filename.startswith(root) and m.file_size > MAX_FILE]
            if large:
                raise FormatError("is too large", where=f"{path}: {large[0]}", legal="the known files only")
            found = {m.filename[len(root) :]: archive.read(m) for m in members if m.filename.startswith(root)}
            beside = {m.filename: m for m in members}.get(outer + TOKENS)
            if beside is not None and beside.file_size <= MAX_FILE:
                found[TOKENS] = archive.read(beside)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise FormatError("the zip is damaged", where=str(path), legal="an intact zip") from error
    return {name: data for name, data in found.items() if name == TOKENS or name not in BESIDE}


def _is_root(name: str) -> bool:
    return name == "softmax.bin" or name.endswith("/softmax.bin")


def _sorted_out(entries: dict[str, bytes], where: str) -> tuple[bytes | None, dict[str, bytes]]:
    """Returns tokens.txt and the other files, a flat folder brought into the form with sub-folders."""
    tokens = entries.pop(TOKENS, None)
    flat = {known.name: known.path for known in FILES}
    if any("/" in name for name in entries):
        return tokens, entries
    return tokens, {flat.get(name, name): data for name, data in entries.items()}


def _check_names(files: Mapping[str, bytes], where: str) -> None:
    known = {file.path for file in FILES}
    missing, surplus = sorted(known - set(files)), sorted(set(files) - known)
    legal = f"the {len(FILES)} files of CraftGPT, e.g. {FILES[0].path}"
    if missing:
        rest = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise FormatError(f"lacks {missing[0]}{rest}", where=where, legal=legal)
    if surplus:
        rest = f" and {len(surplus) - 1} more" if len(surplus) > 1 else ""
        raise FormatError(f"holds {surplus[0]}{rest}, which is no weight file", where=where, legal=legal)


def numbers(source: Source, file: WeightFile) -> Array:
    """Returns the numbers of one file: uint8 codes, or int32 from 3-byte little-endian entries.

    Raises FormatError naming file and offset for numbers that the file cannot hold.
    """
    raw = np.frombuffer(source.files[file.path], dtype=np.uint8)
    found: Array = raw if file.kind == "codes" else le24(raw)
    bad = np.flatnonzero(found == MINUS_ZERO if file.kind == "codes" else found > file.most)
    if bad.size:
        at = int(bad[0])
        legal = "codes other than 128" if file.kind == "codes" else f"0..{file.most}"
        raise FormatError(
            f"entry {at} is {int(found[at])}", where=f"{source.where}: {file.path}", legal=legal
        )
    return found


def le24(raw: Array) -> Array:
    """Returns int32 numbers of 3-byte little-endian entries."""
    triples = raw.reshape(-1, 3).astype(np.int32)
    return triples[:, 0] | triples[:, 1] << 8 | triples[:, 2] << 16


def to_le24(values: Array) -> bytes:
    """Returns 3-byte little-endian entries of numbers 0 .. 2^24 - 1; undoes `le24`."""
    v = values.astype(np.uint32).ravel()
    return np.stack([v & 255, v >> 8 & 255, v >> 16 & 255], axis=1).astype(np.uint8).tobytes()
