"""Work that dies at a chosen step on disk, by a kill or by a power cut: what the storm hits by chance, one by one.

A step is whatever makes, opens for writing, links, renames, removes or puts on disk (`os.fsync`) a file or a folder.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

_STEPS = frozenset({"os.mkdir", "os.link", "os.rename", "os.remove", "os.rmdir"})
_FOR_WRITING = os.O_WRONLY | os.O_RDWR


def dies_at(step: int, index: Path, work: Callable[[], object], *, power_cut: bool = False) -> bool:
    """Do work on an index in a process that dies before its step of that number, from 1.

    `index`: its folder, which is there. Returns whether there were so many steps; if not, the work was done. With
    `power_cut` nothing is left of what was not put on disk: files are cut short, folders are empty, the manifest is the
    one before. This process should have no other threads that are at work.
    """
    process = os.fork()
    if not process:
        try:
            _Disk(index, step, power_cut=power_cut).watch()
            work()
        except BaseException:  # noqa: BLE001 - nothing may leave this process
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    if status not in {0, signal.SIGKILL}:
        message = f"the work failed at step {step} or before (status {status})"
        raise RuntimeError(message)
    return status != 0


class _Disk:
    """What this process does on disk, and what of it is there to stay."""

    def __init__(self, index: Path, steps: int, *, power_cut: bool) -> None:
        self._index, self._left, self._power_cut = index, steps, power_cut
        manifest = index / "index.json"
        self._manifest = manifest.read_bytes() if manifest.exists() else None
        self._safe: dict[int, int] = {}  # by inode; a descriptor is kept open so that no other file gets the number
        for path in (index, *index.rglob("*")):
            self._is_safe(os.open(path, os.O_RDONLY))

    def watch(self) -> None:
        """Begin to count the steps of this process. There is no way back."""

        def fsync(descriptor: int) -> None:
            self._step()
            self._is_safe(os.dup(descriptor))

        os.fsync = fsync  # type: ignore[assignment]
        sys.addaudithook(self._hear)

    def _is_safe(self, descriptor: int) -> None:
        self._safe[os.fstat(descriptor).st_ino] = descriptor

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self._left <= 0:
            return
        if event in _STEPS:
            self._step()
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & _FOR_WRITING:
            self._step()
            self._is_unsafe(Path(str(arguments[0])))
        if event == "os.rename" and arguments[1] == str(self._index / "index.json"):
            self._is_unsafe(self._index)

    def _is_unsafe(self, path: Path) -> None:
        if path.exists():
            self._safe.pop(path.stat().st_ino, None)

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            if self._power_cut:
                self._lose()
            os.kill(os.getpid(), signal.SIGKILL)

    def _lose(self) -> None:
        """Leave of everything as little as a power cut can."""
        if self._index.stat().st_ino not in self._safe:
            if self._manifest is None:
                (self._index / "index.json").unlink(missing_ok=True)
            else:
                (self._index / "index.json").write_bytes(self._manifest)
        for path in sorted(self._index.rglob("*"), reverse=True):  # what is in a folder before the folder
            if path.stat().st_ino in self._safe:
                continue
            if path.is_file():
                os.truncate(path, path.stat().st_size // 2)
            else:
                shutil.rmtree(path)
                path.mkdir()
