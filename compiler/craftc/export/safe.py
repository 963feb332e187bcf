"""Output that is whole or absent: build beside, then rename.

A crash at any moment leaves either the old output, or the new one, and at worst a hidden sibling
named `.<name>.partial-<pid>` or `.<name>.old-<pid>` that no tool takes for a build.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from craftc.errors import OutputError

MARKER = Path("craftc") / "report.json"
"""File inside a folder that shows it is an earlier build and may be replaced."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.EISDIR,
    errno.ENAMETOOLONG,
)


@contextmanager
def fresh_output(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder that becomes `path` when the block ends without an exception.

    An absent or empty `path` and an earlier build (it holds `craftc/report.json`) are replaced; on any
    exception, KeyboardInterrupt included, the temporary folder goes and `path` stays as it was.
    Raises OutputError if `path` holds anything else, or if the disk is full or cannot be written.
    """
    path = Path(path).absolute()
    check_replaceable(path)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = _new_folder(path, "partial")
        try:
            yield partial
            _swap(partial, path)
        except OutputError as error:
            shutil.rmtree(partial, ignore_errors=True)
            where = error.where.replace(str(partial), str(path))
            raise OutputError(error.message, where=where, legal=error.legal) from error
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise


def check_replaceable(path: Path) -> None:
    """Raise OutputError unless `path` is absent, an empty folder, or an earlier build."""
    legal = "a new name, an empty folder, or an earlier craftc build (it holds craftc/report.json)"
    if path.is_symlink():
        raise OutputError("is a link, not a folder", where=str(path), legal=legal)
    if not path.exists():
        return
    if not path.is_dir():
        raise OutputError("is a file, not a folder", where=str(path), legal=legal)
    if any(path.iterdir()) and not (path / MARKER).is_file():
        raise OutputError(
            "holds something that craftc did not build; nothing was touched", where=str(path), legal=legal
        )


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a binary file that becomes `path` when the block ends without an exception.

    Replaces an older file of that name in one step. Raises OutputError if `path` is a folder, or if the
    disk is full or cannot be written; then nothing is left.
    """
    path = Path(path).absolute()
    if path.is_dir():
        raise OutputError("is a folder, not a file", where=str(path), legal="a file name")
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise


def atomic_write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises OutputError as `atomic_file` does."""
    with atomic_file(path) as file:
        file.write(data)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or a forbidden place into one OutputError that names `path`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            why, legal = "the disk is full; nothing was kept", "free space, or another place"
        elif error.errno in _DENIED:
            why, legal = f"cannot be written: {error.strerror}", "a place that this user may write"
        else:
            raise
        raise OutputError(why, where=str(path), legal=legal) from error


def _new_folder(path: Path, purpose: str) -> Path:
    """Return a new hidden sibling of `path`; a left-over of an earlier process of the same id is kept."""
    for attempt in range(1000):
        tail = f"-{attempt}" if attempt else ""
        folder = path.with_name(f".{path.name}.{purpose}-{os.getpid()}{tail}")
        if not os.path.lexists(folder):
            folder.mkdir()
            return folder
    raise OutputError("a thousand left-over partial folders", where=str(path.parent), legal="remove them")


def _swap(partial: Path, path: Path) -> None:
    """Move `partial` to `path`; an older build is renamed aside first and put back if that fails."""
    check_replaceable(path)
    if not path.exists():
        partial.rename(path)
        return
    aside = _new_folder(path, "old")
    path.replace(aside)
    try:
        partial.rename(path)
    except BaseException:
        aside.replace(path)
        raise
    shutil.rmtree(aside, ignore_errors=True)
