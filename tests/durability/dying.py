"""Runs a function in a process that dies at a given disk operation, by a kill or by a simulated power cut.

`storm.py` kills at random moments; with this module, a test reaches every disk operation in turn. Disk operations are
those that create, open for writing, link, rename, remove or sync (`os.fsync`) a file or a folder.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

_OPERATIONS = frozenset({"os.mkdir", "os.link", "os.rename", "os.remove", "os.rmdir"})
"""Audit events (PEP 578) of disk operations. Opening a file and `os.fsync` are handled separately."""
_FOR_WRITING = os.O_WRONLY | os.O_RDWR


def dies_at(step: int, index: Path, work: Callable[[], object], killed: Path | None = None) -> bool:
    """Call `work` in a process that dies before its disk operation number `step`, counted from 1.

    `index`: the existing folder that `work` writes to. Returns whether the process died: False if `work` completed with
    fewer operations. Raises RuntimeError if `work` raised an exception.

    If `killed` is given, a power cut is simulated too: the folder is copied to `killed`, as the death of the process
    leaves it. Then what was not synced is lost in `index`: files lose their second half, folders are emptied, and a new
    manifest is replaced by the old one, or removed if there was none. This process forks, so no other thread of it
    should be running.
    """
    pid = os.fork()
    if not pid:
        try:
            _Disk(index, step, killed).watch()
            work()
        except BaseException:  # noqa: BLE001 - no exception may leave the child process
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if status not in {0, signal.SIGKILL}:
        message = f"the work failed at or before disk operation {step} (status {status})"
        raise RuntimeError(message)
    return status != 0


class _Disk:
    """Counts the disk operations of this process, and knows which files and folders of the index are synced."""

    def __init__(self, index: Path, step: int, killed: Path | None) -> None:
        self._index, self._remaining, self._killed = index, step, killed
        manifest = index / "index.json"
        self._manifest = manifest.read_bytes() if manifest.exists() else None
        self._synced: dict[int, int] = {}  # inode → open descriptor, so that the inode number is not reused
        for path in (index, *index.rglob("*")):
            self._add_synced(os.open(path, os.O_RDONLY))

    def watch(self) -> None:
        """Start to count the operations of this process. Cannot be undone."""

        def fsync(descriptor: int) -> None:
            """Count the operation, and record the file or folder as synced. Does not sync it, for speed."""
            self._count_operation()
            self._add_synced(os.dup(descriptor))

        os.fsync = fsync  # type: ignore[assignment]
        sys.addaudithook(self._handle_event)

    def _add_synced(self, descriptor: int) -> None:
        """Record an open file or folder as synced."""
        self._synced[os.fstat(descriptor).st_ino] = descriptor

    def _handle_event(self, event: str, arguments: tuple[object, ...]) -> None:
        """Count the audit event if it is a disk operation.

        A file opened for writing is no longer synced, nor is the folder of the index after a change of the manifest.
        """
        if self._remaining <= 0:
            return
        if event in _OPERATIONS:
            self._count_operation()
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & _FOR_WRITING:
            self._count_operation()
            self._remove_synced(Path(str(arguments[0])))
        if event == "os.rename" and arguments[1] == str(self._index / "index.json"):
            self._remove_synced(self._index)

    def _remove_synced(self, path: Path) -> None:
        """Record a file or folder as not synced."""
        if path.exists():
            self._synced.pop(path.stat().st_ino, None)

    def _count_operation(self) -> None:
        """Count a disk operation before it happens. Before operation number `step`, kill this process."""
        self._remaining -= 1
        if self._remaining == 0:
            if self._killed:
                shutil.copytree(self._index, self._killed)
                self._discard_unsynced()
            os.kill(os.getpid(), signal.SIGKILL)

    def _discard_unsynced(self) -> None:
        """Discard what is not synced in the folder of the index, as `dies_at` describes."""
        if self._index.stat().st_ino not in self._synced:
            if self._manifest is None:
                (self._index / "index.json").unlink(missing_ok=True)
            else:
                (self._index / "index.json").write_bytes(self._manifest)
        for path in sorted(self._index.rglob("*"), reverse=True):  # the contents of a folder before the folder
            if path.stat().st_ino in self._synced:
                continue
            if path.is_file():
                os.truncate(path, path.stat().st_size // 2)
            else:
                shutil.rmtree(path)
                path.mkdir()
