"""Processes of a test, identified by an environment variable that their descendants inherit."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

MARK_VARIABLE = "SEARCHKIT_TEST"
"""Name of the environment variable. Its value is the mark."""


def new_mark() -> str:
    """Return a mark that no process has."""
    return token_hex(8)


def find_processes(mark: str) -> Mapping[int, bytes]:
    """Return the command lines of the processes with a mark by pid, except zombies. Empty if there is no /proc."""
    processes = ((int(path.name), path) for path in Path("/proc").glob("[0-9]*"))
    variable = f"{MARK_VARIABLE}={mark}".encode()
    return {pid: _read(path, "cmdline") for pid, path in processes if variable in _read(path, "environ").split(b"\0")}


def kill_leftovers(mark: str, seconds: float = 20) -> Mapping[int, bytes]:
    """Wait until no process has the mark. Kill those that remain after `seconds`, and return them."""
    deadline = time.monotonic() + seconds
    while (remaining := find_processes(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in remaining:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return remaining


def find_workers(mark: str) -> list[int]:
    """Return the pids of the workers of a build with a mark."""
    return [pid for pid, line in find_processes(mark).items() if b"\0searchkit.indexing.worker\0" in line]


def _read(process: Path, name: str) -> bytes:
    """Read a file of a process in /proc. Empty if the process is gone or belongs to another user."""
    try:
        return (process / name).read_bytes()
    except OSError:
        return b""
