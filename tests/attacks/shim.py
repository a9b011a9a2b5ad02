"""Compiles `shim.c`, which counts and breaks the system calls of processes, and controls the compiled shim."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

_SOURCE = Path(__file__).with_name("shim.c")
_LAYOUT = struct.Struct("=6q32s512s512s512s")
"""The layout of `struct control` in `shim.c`."""


class Mode(IntEnum):
    """What happens at the chosen call, as in `shim.c`."""

    FAIL = 1
    """The call is not made, and fails with an error number."""
    FAIL_ALL_LATER = 2
    """The call fails, and so do all later calls of the same kind."""
    KILL = 3
    """The process is killed before the call."""
    KILL_GROUP = 4
    """All processes of its group are killed before the call."""
    SHORT = 5
    """A write writes half of its bytes, and says so."""


@dataclass(frozen=True)
class Break:
    """Which system call is broken, and how; or how many bytes fit on the disk."""

    at: int = 0
    """Number of the call among the counted ones, from 1. 0 = none."""
    mode: Mode = Mode.FAIL
    error: int = errno.EIO
    """Error number with which the call fails. Only for the modes FAIL and FAIL_ALL_LATER."""
    space: int = -1
    """Number of bytes that can be written before the disk is full. -1 = no limit."""

    def __str__(self) -> str:
        if self.space >= 0:
            return f"disk full after {self.space} bytes"
        how = errno.errorcode[self.error] if self.mode in {Mode.FAIL, Mode.FAIL_ALL_LATER} else self.mode.name
        return f"{how}{' from call' if self.mode is Mode.FAIL_ALL_LATER else ' at call'} {self.at}"


@dataclass(frozen=True)
class Call:
    """An entry of the log: a call before it is made, or the effect of a call that succeeded."""

    kind: str
    """`call`, or the effect: create, truncate, write, fsync, mkdir, unlink, link or rename."""
    path: str
    other: str
    """Of `call`: the kind of the system call. Of link and rename: the new path. Otherwise empty."""
    inode: int
    """Inode of the file or folder. 0 for `call` and unlink."""
    offset: int
    """Of write: where the bytes were written. Of truncate: the new size. Of `call`: its number. Otherwise 0."""
    data: bytes
    """The bytes of a write. Otherwise empty."""


def can_preload() -> bool:
    """Return whether this system can load the shim: Linux with a C compiler."""
    return sys.platform == "linux" and bool(shutil.which("cc"))


class Shim:
    """The compiled shim, and the memory that this process shares with those that have loaded the shim."""

    def __init__(self, folder: Path) -> None:
        """Compile the shim in the existing folder `folder`."""
        library, control = folder / "shim.so", folder / "control"
        command = ["cc", "-O1", "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-ldl"]
        subprocess.run(command, check=True)
        control.write_bytes(bytes(_LAYOUT.size))
        self.environment: Mapping[str, str] = {"LD_PRELOAD": str(library), "SHIM_CONTROL": str(control)}
        """Environment variables of the processes that load the shim."""
        self._log = folder / "calls.log"
        with control.open("r+b") as handle:
            self._memory = mmap.mmap(handle.fileno(), _LAYOUT.size)

    def arm(self, root: Path, broken: Break | None = None, *, log: bool = False) -> None:
        """Count calls on paths in the folder `root`, and break them as `broken` says. With `log`, log the calls."""
        broken = broken or Break()
        self._log.unlink(missing_ok=True)
        log_path = os.fsencode(self._log) if log else b""
        self._memory[:] = _LAYOUT.pack(
            0, broken.at, broken.mode, broken.error, broken.space, 0, b"", b"", os.fsencode(root), log_path
        )

    def disarm(self) -> str:
        """Stop counting. Returns the kind of call number `Break.at`, empty if it was not reached or if `at` is 0."""
        *_, hit, kind, _path, _root, _log = _LAYOUT.unpack(self._memory[:])
        self._memory[:] = bytes(_LAYOUT.size)
        return kind.rstrip(b"\0").decode() if hit else ""

    @property
    def count(self) -> int:
        """Number of calls since the shim was armed. 0 after it was disarmed."""
        return int(_LAYOUT.unpack(self._memory[:])[0])

    def read_log(self) -> Iterator[Call]:
        """Yield the entries of the log in order."""
        with self._log.open("rb") as handle:
            while line := handle.readline():
                kind, path, other = (
                    text.rstrip(b"\n").decode() for text in (line, handle.readline(), handle.readline())
                )
                inode, offset, size = map(int, handle.readline().split())
                yield Call(kind, path, other, inode, offset, handle.read(size))
