"""Tests of the lock of an index folder, also on file systems without locks, and of faults at the end of a commit."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from searchkit.engines.locking import writer_lock
from searchkit.errors import IndexLocked, IndexNotDurable, IndexUnusable
from searchkit.index import Index
from searchkit.indexing.build import build

if sys.platform == "win32":
    pytest.skip("locks of POSIX", allow_module_level=True)
import fcntl

NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
"""Error numbers of `flock` on file systems without locks."""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with a report."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.txt").write_text(
        "东丽区司法局2023年法治政府建设年度报告\n\n一、成效\n全年立案129件。\n", encoding="utf-8"
    )
    return folder


def descriptor_path(descriptor: int) -> str:
    """Return the path of an open file or folder."""
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


def fail_flock(monkeypatch: pytest.MonkeyPatch, number: int, operation: int | None = None) -> None:
    """Make one operation of `flock`, or every operation, fail with an error number."""
    real = fcntl.flock

    def flock(descriptor: int, requested: int) -> None:
        if operation in (None, requested):
            raise OSError(number, os.strerror(number))
        real(descriptor, requested)

    monkeypatch.setattr(fcntl, "flock", flock)


def write_holder(index: Path, **fields: object) -> dict[str, Any]:
    """Write a `writer.json` that names this process, with some fields changed. Returns its content."""
    with writer_lock(index):
        holder = {**json.loads((index / "writer.json").read_text(encoding="utf-8")), **fields}
    (index / "writer.json").write_text(json.dumps(holder), encoding="utf-8")
    return holder


def dead_pid() -> int:
    """Return the id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("number", NO_LOCKS)
def test_unlocking_that_fails_is_ignored(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A build succeeds if the lock cannot be released, and the next build can take it."""
    fail_flock(monkeypatch, number, fcntl.LOCK_UN)
    assert build(corpus, tmp_path / "index").files == 1
    assert build(corpus, tmp_path / "index").unchanged == 1
    assert not (tmp_path / "index" / "writer.json").exists()


@pytest.mark.parametrize("number", NO_LOCKS)
def test_builds_without_locks_of_the_system(
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    recwarn: pytest.WarningsRecorder,
    number: int,
) -> None:
    """Without locks of the system, builds work without warnings. A second writer is refused; the error names the first.

    Nothing but `writer.lock` is left of the lock.
    """
    fail_flock(monkeypatch, number)
    index = tmp_path / "index"
    assert build(corpus, index).files == 1
    with writer_lock(index), pytest.raises(IndexLocked, match=f"written by process {os.getpid()} on .*; wait for it"):
        build(corpus, index)
    assert build(corpus, index).unchanged == 1
    assert not recwarn.list
    assert sorted(path.name for path in index.iterdir() if path.name.startswith("writer")) == ["writer.lock"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize(
    "change",
    [lambda: {"pid": dead_pid()}, lambda: {"started": "1"}, lambda: {"boot": "an earlier one"}],
    ids=["dead", "another process with its id", "before the machine was started again"],
)
def test_the_lock_of_a_dead_process_is_taken_over(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[], dict[str, object]]
) -> None:
    """Without locks of the system, the lock of a process that has died is taken over."""
    index = tmp_path / "index"
    build(corpus, index)
    write_holder(index, **change())
    fail_flock(monkeypatch, errno.ENOLCK)
    assert build(corpus, index).unchanged == 1
    assert sorted(path.name for path in index.iterdir() if path.name.startswith("writer")) == ["writer.lock"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"host": "elsewhere"}, "written by process .* on elsewhere since .*, which cannot be examined from here"),
        ({"machine": "another"}, "cannot be examined from here"),
        ({"pid": "x"}, "by a process that it does not name"),
    ],
    ids=["another host", "another machine of this name", "unknown"],
)
def test_a_process_that_may_run_keeps_the_lock(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, object], message: str
) -> None:
    """Without locks of the system, a build is refused if the holder cannot be examined. The error says what to do."""
    index = tmp_path / "index"
    build(corpus, index)
    write_holder(index, **fields)
    fail_flock(monkeypatch, errno.ENOLCK)
    with pytest.raises(IndexLocked, match=message) as caught:
        build(corpus, index)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("if no build of this index is running, delete that file")
    (index / "writer.json").unlink()
    assert build(corpus, index).unchanged == 1


def test_other_faults_of_locking_are_reported(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of `flock` that means neither a held lock nor missing support is reported with its own text."""
    fail_flock(monkeypatch, errno.EIO)
    with pytest.raises(IndexUnusable, match=r"cannot write to .*: Input/output error"):
        build(corpus, tmp_path / "index")


# --- commits


def synced_folders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which, from then on, the path of each file and folder that is synced is added."""
    real, synced = os.fsync, []

    def fsync(descriptor: int) -> None:
        synced.append(descriptor_path(descriptor))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return synced


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_folders_around_a_new_index_are_synced(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names of the index folder and of created parents are on disk before the build succeeds."""
    synced = synced_folders(monkeypatch)
    build(corpus, tmp_path / "a" / "b" / "index")
    assert {str(tmp_path), str(tmp_path / "a"), str(tmp_path / "a" / "b"), str(tmp_path / "a" / "b" / "index")} <= {
        *synced
    }


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_fault_after_the_commit_says_that_the_index_is_in_place(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the folder cannot be synced after the manifest was renamed, the error says so. The next build syncs it."""
    index, real = tmp_path / "index", os.fsync
    build(corpus, index)
    (corpus / "b.txt").write_text("全年普法宣传30次。\n", encoding="utf-8")
    before = (index / "index.json").read_bytes()

    def fail_after_the_rename(descriptor: int) -> None:
        if descriptor_path(descriptor) == str(index) and (index / "index.json").read_bytes() != before:
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fail_after_the_rename)
    for _ in range(2):
        with pytest.raises(IndexNotDurable, match=r"in place, but a power failure may undo it: .*Input/output error"):
            build(corpus, index)
        with Index(index, verify=True) as opened:
            assert opened.search("普法宣传").total == 1
    monkeypatch.setattr(os, "fsync", real)
    assert build(corpus, index).unchanged == 2


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
def test_file_systems_that_sync_only_files(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A build succeeds where folders cannot be synced."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if Path(descriptor_path(descriptor)).is_dir():
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert build(corpus, tmp_path / "index").files == 1


@pytest.mark.parametrize("name", ["writer.json", "index.json.new", "index.json"])
@pytest.mark.parametrize("is_dangling", [True, False])
def test_no_link_in_the_folder_is_followed(corpus: Path, tmp_path: Path, name: str, is_dangling: bool) -> None:  # noqa: FBT001
    """A build replaces a link with the name of its own file, and leaves the file to which the link leads as it is."""
    victim, index = tmp_path / "victim", tmp_path / "index"
    index.mkdir()
    if not is_dangling:
        victim.write_text("{}", encoding="utf-8")
    (index / name).symlink_to(victim)
    assert build(corpus, index).files == 1
    assert not (index / name).is_symlink()
    assert (victim.read_text(encoding="utf-8") == "{}") if not is_dangling else not victim.exists()


def test_the_holder_is_this_process(tmp_path: Path) -> None:
    """While the lock is held, `writer.json` names the process and its host. Afterwards, the file is removed."""
    with writer_lock(tmp_path):
        holder = json.loads((tmp_path / "writer.json").read_text(encoding="utf-8"))
    assert (holder["pid"], holder["host"]) == (os.getpid(), socket.gethostname())
    assert not (tmp_path / "writer.json").exists()
