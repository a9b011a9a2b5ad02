"""A reader that does what the first line of a file says: reads on, or hangs, crashes, swells, floods.

`.foreign` files are read by it as a foreign format, `.ours` as one of our own.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from searchkit import corpus
from searchkit.corpus import isolation, readers
from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.readers import FileContents, Reader
from searchkit.corpus.readers.text import read as read_text
from searchkit.errors import ReadError

if TYPE_CHECKING:
    import pytest

LONGEST = 4
"""Seconds that a file may take where this is installed."""


def read(data: bytes, name: str) -> FileContents:
    """Do what the first line says, and read the rest as text if that comes to an end."""
    order, _, rest = data.partition(b"\n")
    act = ORDERS.get(order.decode(errors="replace"))
    found = act() if act else None
    return found or read_text(rest if act else data, name)


def install_everywhere(patch: pytest.MonkeyPatch) -> None:
    """Make this the reader of its two suffixes in this process and in all that are started from now on."""
    patch.setenv("PYTHONPATH", str(Path(__file__).parent))
    install(patch.setattr)


def install(put: Callable[[object, str, object], object]) -> None:
    """Make this the reader of its two suffixes in this process; `put` works like `setattr`."""
    sys.modules["searchkit.corpus.readers.hostile"] = sys.modules[__name__]
    more = {".foreign": Reader("hostile", foreign=True), ".ours": Reader("hostile")}
    known: Mapping[str, Reader] = MappingProxyType({**readers.READERS, **more})
    walk = sys.modules["searchkit.corpus.walk"]
    for module in (readers, corpus, walk):
        put(module, "READERS", known)
    put(walk, "_SUFFIXES", tuple(known))
    put(isolation, "LONGEST", LONGEST)
    put(isolation, "_GRACE", 1)
    put(isolation, "LARGEST_ANSWER", 5_000_000)


def _hang() -> NoReturn:
    while True:
        time.sleep(60)


def _hold() -> None:
    """Hang without ever letting go of Python's lock, as a parser in C may."""
    sum(itertools.repeat(0))


def _crash() -> None:
    ctypes.string_at(0)


def _swell() -> None:
    bytearray(1 << 33)  # at once: touching so much memory bit by bit may take longer than the tests' limit of time


def _recurse() -> None:
    _recurse()


def _raise() -> None:
    message = "not foreseen"
    raise LookupError(message)


def _refuse() -> None:
    message = "damaged\n\x1b[2J: says its reader"
    raise ReadError(message)


def _print() -> None:
    """Write where the answers go, as C does and as Python does."""
    os.write(1, b"\0\0\0\0\0\0\0\1!" * 1000)
    print("{}" * 100_000, flush=True)  # noqa: T201
    print("warning", file=sys.stderr, flush=True)  # noqa: T201
    if sys.stdin.read():
        raise LookupError


def _fork() -> None:
    """Leave a process that never ends, and come back twice."""
    if not os.fork() and not os.fork():
        _hang()


def _start() -> None:
    subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])


def _crash_later() -> None:
    threading.Timer(0.5, _crash).start()


def _pickle() -> FileContents:
    """Give what only a pickle could carry."""
    return FileContents((RawDocument((Block("立案3件。"),), overrides={"batch": Trap()}),))


class Trap:
    """Runs code when it is read from a pickle."""

    def __reduce__(self) -> tuple[object, ...]:
        return os._exit, (9,)

    def __str__(self) -> str:
        return "harmless"


def _everything() -> FileContents:
    return EVERYTHING


EVERYTHING = FileContents(
    (
        RawDocument(
            (Block("一、标题", level=2, strong=True, page=7), Block(""), Block("立案3件。\u2028x\x00", page=8)),
            overrides={"year": "2023", "mine": ["a", {"b": 1.5}], "none": None},
            hints={"title": "报告"},
        ),
        RawDocument((Block("记录"),), key="k", is_record=True),
    ),
    problems=("page 2: scanned",),
    warnings=("odd",),
)

ORDERS: Mapping[str, Callable[[], FileContents | None]] = {
    "hang": _hang,
    "hold": _hold,
    "crash": _crash,
    "crash later": _crash_later,
    "exit": lambda: os._exit(5),
    "leave": sys.exit,
    "swell": _swell,
    "recurse": _recurse,
    "raise": _raise,
    "refuse": _refuse,
    "flood": lambda: FileContents((RawDocument((Block("多" * 3_000_000),)),)),
    "print": _print,
    "fork": _fork,
    "start": _start,
    "close": lambda: os.closerange(3, 100),
    "pickle": _pickle,
    "everything": _everything,
}
"""What a file can ask for."""

FAILURES = {
    "hang": f"took longer than {LONGEST} s",
    "hold": f"took longer than {LONGEST} s",
    "crash": "the reader crashed (signal 11)",
    "exit": "the reader crashed (exit status 5)",
    "leave": "cannot be read: SystemExit (",
    "swell": "the reader needed too much memory",
    "recurse": "cannot be read: RecursionError (",
    "raise": "cannot be read: LookupError (hostile_reader.py, line ",
    "refuse": "damaged [2J: says its reader",
    "flood": "holds more than ",
    "close": "the reader crashed (",
}
"""How the reasons begin for which files that ask for it are skipped."""
HARMLESS = ("print", "fork", "start", "crash later", "pickle", "everything")
"""What may be asked for, and the file is read."""
