"""A reader that does what the first line of a file says: reads on, or hangs, crashes, swells, lies.

It reads files whose names end in `.hostile`.
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from searchkit import processes
from searchkit.corpus import listing, walk
from searchkit.corpus.formats import registry
from searchkit.corpus.formats.registry import FileContents, Reader
from searchkit.corpus.formats.text import read as read_text
from searchkit.corpus.overrides import Stated
from searchkit.corpus.reading import FileRead
from searchkit.corpus.topics import Taxonomy
from searchkit.errors import ReadError
from searchkit.indexing import budget, indexer, messages, tasks

SECONDS, SECONDS_PER_MEGABYTE, PATIENCE = 2, 1, 2
"""What a file may take where this is installed: seconds of the processor, and so many times as many in all."""
LOG, SPARED = "HOSTILE_LOG", "HOSTILE_SPARED"
"""Variables with paths: where to write the name of each file that is read; of what, when it is there, ends killing."""

Put = Callable[[object, str, object], object]
"""Works like `setattr`."""


def read(data: bytes, name: str) -> FileContents:
    """Do what the first line says, and read the rest as text if that comes to an end."""
    order, _, rest = data.partition(b"\n")
    act = ORDERS.get(order.decode(errors="replace"))
    if act:
        act()
    return read_text(rest if act else data, name)


def install_everywhere(put: Put) -> None:
    """Make this a reader in this process and in all children that it starts, which are real ones."""
    install(put)
    put(processes, "_SCRIPT", str(Path(__file__).with_name("child.py")))
    put(tasks, "Child", processes.Child)


def install(put: Put) -> None:
    """Make this a reader in this process, and the limits for all files small."""
    sys.modules["searchkit.corpus.formats.hostile"] = sys.modules[__name__]
    known: Mapping[str, Reader] = MappingProxyType({**registry.READERS, ".hostile": Reader("hostile")})
    for module in (registry, listing, walk):
        put(module, "READERS", known)
    put(walk, "_SUFFIXES", tuple(known))
    put(budget, "SECONDS", SECONDS)
    put(budget, "SECONDS_PER_MEGABYTE", SECONDS_PER_MEGABYTE)
    put(tasks, "_PATIENCE", PATIENCE)
    if LOG in os.environ:
        put(indexer, "read_file", _logged(indexer.read_file))


def _logged(read_file: Callable[..., FileRead]) -> Callable[..., FileRead]:
    def read(found: walk.Found, stated: Stated, taxonomy: Taxonomy) -> FileRead:
        with Path(os.environ[LOG]).open("a", encoding="utf-8") as log:
            log.write(f"{found.name}\n")
        return read_file(found, stated, taxonomy)

    return read


def _hang() -> NoReturn:
    while True:
        time.sleep(60)


def _hold() -> None:
    """Hang without ever letting go of Python's lock, as a parser in C may."""
    sum(itertools.repeat(0))


def _crash() -> None:
    ctypes.string_at(0)


def _kill() -> None:
    """Be killed, as a person does it, or the system for lack of memory."""
    if not Path(os.environ[SPARED]).exists():
        os.kill(os.getpid(), signal.SIGKILL)


def _kill_once() -> None:
    if not Path(os.environ[SPARED]).exists():
        Path(os.environ[SPARED]).touch()
        os.kill(os.getpid(), signal.SIGKILL)


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


def _say(message: bytes) -> None:
    """Send the parent a message, as a file can that has taken over the process."""
    for thing in gc.get_objects():
        if isinstance(thing, processes.Parent):
            thing.send(message)


ORDERS: Mapping[str, Callable[[], object]] = {
    "hang": _hang,
    "hold": _hold,
    "crash": _crash,
    "crash later": _crash_later,
    "kill": _kill,
    "kill once": _kill_once,
    "exit": lambda: os._exit(5),
    "leave": sys.exit,
    "swell": _swell,
    "recurse": _recurse,
    "raise": _raise,
    "refuse": _refuse,
    "print": _print,
    "fork": _fork,
    "start": _start,
    "close": lambda: os.closerange(3, 100),
    "babble": lambda: _say(b"\xff"),
    "flood": lambda: _say(bytes(processes.MAX_MESSAGE_LENGTH + 1)),
    "skip ahead": lambda: _say(messages.encode(messages.Begun(99))),
    "go back": lambda: _say(messages.encode(messages.Begun(-1))),
    "be done": lambda: _say(messages.encode(messages.Done([]))),
    "give up": lambda: _say(messages.encode(messages.Failed(99, "for no reason"))),
}
"""What a file can ask for."""

FAILURES = {
    "hang": f"takes longer than {SECONDS * PATIENCE} s",
    "hold": "takes longer than ",
    "crash": "the reader crashed (signal 11)",
    "exit": "the reader crashed (exit status 5)",
    "leave": "the reader crashed (exit status 0)",
    "close": "the reader crashed (",
    "swell": f"needs more than {budget.MEMORY >> 20} MB of memory",
    "recurse": "cannot be read: nested too deeply",
    "raise": "cannot be read, for a mistake in searchkit (LookupError, hostile_reader.py line ",
    "refuse": "damaged [2J: says its reader",
}
"""How the reasons begin for which files that ask for it are skipped."""
LIES = ("babble", "flood", "skip ahead", "go back", "be done", "give up")
"""What a process says that a file has taken over."""
HARMLESS = ("print", "fork", "start", "crash later")
"""What may be asked for, and the file is read."""
