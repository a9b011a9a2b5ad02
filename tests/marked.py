"""Processes that a test starts, found again by a mark in their environment, which all that they start inherit."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

NAME = "SEARCHKIT_TEST"
"""The variable that is the mark."""


def new_mark() -> str:
    """Make a mark that no process has: a value of the variable."""
    return token_hex(8)


def marked(mark: str) -> Mapping[int, bytes]:
    """Processes with a mark and their command lines, zombies aside; none are known where there is no /proc."""
    processes = ((int(path.name), path) for path in Path("/proc").glob("[0-9]*"))
    line = f"{NAME}={mark}".encode()
    return {number: _read(path, "cmdline") for number, path in processes if line in _read(path, "environ").split(b"\0")}


def left(mark: str, seconds: float = 20) -> Mapping[int, bytes]:
    """Processes with a mark that are still there after some seconds, and are then killed: no other test meets them."""
    end = time.monotonic() + seconds
    while (found := marked(mark)) and time.monotonic() < end:
        time.sleep(0.02)
    for number in found:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    return found


def workers(mark: str) -> list[int]:
    """Those of them that read the files of a build."""
    return [number for number, line in marked(mark).items() if b"\0searchkit.indexing.worker\0" in line]


def _read(process: Path, name: str) -> bytes:
    """Read what the system says of a process; empty if it is gone."""
    try:
        return (process / name).read_bytes()
    except OSError:
        return b""
