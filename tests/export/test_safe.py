"""Whole or absent: folders and files under exceptions, interrupts and a full disk."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from craftc.errors import OutputError
from craftc.export import safe
from craftc.export.safe import atomic_file, atomic_write, fresh_output


def _build(path: Path, text: str = "{}") -> None:
    with fresh_output(path) as folder:
        (folder / "craftc").mkdir()
        (folder / safe.MARKER).write_text(text)


def _names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_new_folder_appears_whole_only_at_the_end(tmp_path: Path) -> None:
    with fresh_output(tmp_path / "a" / "out") as folder:
        assert folder.name.startswith(".out.partial-")
        assert not (tmp_path / "a" / "out").exists()
        (folder / "file").write_text("x")
    assert _names(tmp_path / "a") == ["out"]
    assert _names(tmp_path / "a" / "out") == ["file"]


def test_older_build_is_replaced(tmp_path: Path) -> None:
    _build(tmp_path / "out", "old")
    (tmp_path / "out" / "stray").touch()
    _build(tmp_path / "out", "new")
    assert (tmp_path / "out" / safe.MARKER).read_text() == "new"
    assert _names(tmp_path) == ["out"] and _names(tmp_path / "out") == ["craftc"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_failure_leaves_the_old_build(tmp_path: Path, error: type[BaseException]) -> None:
    _build(tmp_path / "out", "old")
    with pytest.raises(error), fresh_output(tmp_path / "out") as folder:
        (folder / "half").touch()
        raise error
    assert (tmp_path / "out" / safe.MARKER).read_text() == "old"
    assert _names(tmp_path) == ["out"]


def test_foreign_folder_file_and_link_are_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    for name, why in (("mine", "did not build"), ("file", "is a file"), ("link", "is a link")):
        with pytest.raises(OutputError, match=why), fresh_output(tmp_path / name):
            raise AssertionError("must not start")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert _names(tmp_path) == ["file", "link", "mine"]


def test_folder_that_turns_foreign_during_the_build_is_kept(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="did not build"), fresh_output(tmp_path / "out"):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine").touch()
    assert _names(tmp_path) == ["out"] and _names(tmp_path / "out") == ["mine"]


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    _build(tmp_path / "out")
    assert _names(tmp_path) == ["out"]


def test_failed_second_rename_puts_the_old_build_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _build(tmp_path / "out", "old")

    def refuse(self: Path, target: Path) -> None:
        raise OSError(errno.EACCES, "refused", str(target))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match="cannot be written"):
        _build(tmp_path / "out", "new")
    assert (tmp_path / "out" / safe.MARKER).read_text() == "old"
    assert _names(tmp_path) == ["out"]


def test_full_disk_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"disk is full.*legal: free space"), fresh_output(tmp_path / "out"):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OutputError, match="disk is full"), atomic_file(tmp_path / "file") as file:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert _names(tmp_path) == []


def test_messages_name_the_wanted_folder(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError) as caught,
        fresh_output(tmp_path / "out") as folder,
        safe.disk_errors(folder),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert str(caught.value).startswith(f"{tmp_path / 'out'}: the disk is full")


def test_real_full_device() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    with pytest.raises(OutputError, match="disk is full"), safe.disk_errors(full), full.open("wb", 0) as file:
        file.write(b"x")


def test_atomic_write_replaces_in_one_step(tmp_path: Path) -> None:
    atomic_write(tmp_path / "f", b"one")
    atomic_write(tmp_path / "f", b"two")
    assert (tmp_path / "f").read_bytes() == b"two" and _names(tmp_path) == ["f"]
    with pytest.raises(ValueError), atomic_file(tmp_path / "f") as file:
        file.write(b"three")
        raise ValueError
    assert (tmp_path / "f").read_bytes() == b"two" and _names(tmp_path) == ["f"]
    with pytest.raises(OutputError, match="is a folder"):
        atomic_write(tmp_path, b"")


def test_parent_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(OutputError, match="cannot be written"), fresh_output(tmp_path / "f" / "out"):
        pass


SLOW_BUILD = """
import signal, sys, time
from pathlib import Path
from craftc.export.safe import fresh_output
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background ignores it
with fresh_output(Path(sys.argv[1])) as folder:
    (folder / "level.dat").touch()
    print("started", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(("how", "left"), [(signal.SIGINT, 0), (signal.SIGKILL, 1)])
def test_a_killed_build_leaves_nothing_that_looks_whole(
    tmp_path: Path, how: signal.Signals, left: int
) -> None:
    command = [sys.executable, "-c", SLOW_BUILD, str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as build:
        assert build.stdout is not None and build.stdout.readline() == b"started\n"
        build.send_signal(how)
        assert build.wait(timeout=30) != 0
    names = _names(tmp_path)
    assert len(names) == left and all(n.startswith(".out.partial-") for n in names)
