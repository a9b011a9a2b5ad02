"""A reader that executes the command in the first line of a file.

It hangs, crashes, allocates memory, starts processes, sends false messages or reads the rest as text. It reads files
whose names end in `.hostile`.
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
from searchkit.corpus.overrides import StatedMetadata
from searchkit.corpus.reading import ParsedFile
from searchkit.corpus.topics import Taxonomy
from searchkit.errors import ReadError
from searchkit.indexing import budget, indexer, messages, tasks

CPU_SECONDS, CPU_SECONDS_PER_MEGABYTE, WALL_TIME_FACTOR = 2, 1, 2
"""Limits for a file while this reader is installed: CPU seconds of an empty file, additional CPU seconds per megabyte,
and wall seconds per CPU second."""
LOG, NO_KILL = "HOSTILE_LOG", "HOSTILE_NO_KILL"
"""Environment variables with paths. `LOG`: file to which the name of each file that is read is appended. `NO_KILL`:
while this file exists, `kill` and `kill once` do not kill. `kill once` creates it before it kills."""

SetAttribute = Callable[[object, str, object], object]
"""Replaces an attribute of a module: `setattr`, or `MonkeyPatch.setattr` to restore the attribute after the test."""


def read(data: bytes, name: str) -> FileContents:
    """Execute the command in the first line. If that returns, read the rest as text.

    If the first line is not a command, read it as text, too.
    """
    command, _, rest = data.partition(b"\n")
    act = COMMANDS.get(command.decode(errors="replace"))
    if act:
        act()
    return read_text(rest if act else data, name)


def install_everywhere(set_attribute: SetAttribute) -> None:
    """Install this reader in this process and in all child processes that it starts.

    `conftest.py` lets builds use threads in place of processes. This function lets them start real processes again.
    """
    install(set_attribute)
    set_attribute(processes, "_SCRIPT", str(Path(__file__).with_name("child.py")))
    set_attribute(tasks, "Child", processes.Child)


def install(set_attribute: SetAttribute) -> None:
    """Install this reader in this process, and lower the limits for all files.

    If the environment has the variable `LOG`, log the name of each file before it is read.
    """
    sys.modules["searchkit.corpus.formats.hostile"] = sys.modules[__name__]
    known: Mapping[str, Reader] = MappingProxyType({**registry.READERS, ".hostile": Reader("hostile")})
    for module in (registry, listing, walk):
        set_attribute(module, "READERS", known)
    set_attribute(walk, "_READER_SUFFIXES", tuple(known))
    set_attribute(budget, "BASE_SECONDS", CPU_SECONDS)
    set_attribute(budget, "SECONDS_PER_MEGABYTE", CPU_SECONDS_PER_MEGABYTE)
    set_attribute(tasks, "_WALL_TIME_FACTOR", WALL_TIME_FACTOR)
    if LOG in os.environ:
        set_attribute(indexer, "read_file", _logged(indexer.read_file))


def _logged(read_file: Callable[..., ParsedFile]) -> Callable[..., ParsedFile]:
    def read(file: walk.CorpusFile, stated: StatedMetadata, taxonomy: Taxonomy) -> ParsedFile:
        with Path(os.environ[LOG]).open("a", encoding="utf-8") as log:
            log.write(f"{file.name}\n")
        return read_file(file, stated, taxonomy)

    return read


def _hang() -> NoReturn:
    while True:
        time.sleep(60)


def _hold() -> None:
    """Hang without releasing the global interpreter lock (GIL), as a parser in C may."""
    sum(itertools.repeat(0))


def _crash() -> None:
    ctypes.string_at(0)


def _kill() -> None:
    """Kill this process, as the out-of-memory killer of the system may. Do nothing if the file `NO_KILL` exists."""
    if not Path(os.environ[NO_KILL]).exists():
        os.kill(os.getpid(), signal.SIGKILL)


def _kill_once() -> None:
    if not Path(os.environ[NO_KILL]).exists():
        Path(os.environ[NO_KILL]).touch()
        os.kill(os.getpid(), signal.SIGKILL)


def _swell() -> None:
    """Allocate 8 GiB of memory."""
    bytearray(1 << 33)  # in one piece: touching so much memory page by page may exceed the time limit of the tests


def _recurse() -> None:
    _recurse()


def _raise() -> None:
    message = "unexpected"
    raise LookupError(message)


def _refuse() -> None:
    message = "damaged\n\x1b[2J: says its reader"
    raise ReadError(message)


def _print() -> None:
    """Write messages with a correct length prefix to descriptor 1, as a library in C can, and text to both outputs.

    The parent must not receive them. Raise LookupError if the standard input contains anything.
    """
    os.write(1, b"\0\0\0\0\0\0\0\1!" * 1000)
    print("{}" * 100_000, flush=True)  # noqa: T201
    print("warning", file=sys.stderr, flush=True)  # noqa: T201
    if sys.stdin.read():
        raise LookupError


def _fork() -> None:
    """Fork twice. The grandchild never ends. Both this process and the child return, so that both read the file."""
    if not os.fork() and not os.fork():
        _hang()


def _start() -> None:
    subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])


def _crash_later() -> None:
    """Crash this process half a second later, when the reader has returned."""
    threading.Timer(0.5, _crash).start()


def _say(message: bytes) -> None:
    """Send a message to the parent, as a file could that has taken control of the process through a bug of a parser."""
    for candidate in gc.get_objects():
        if isinstance(candidate, processes.Parent):
            candidate.send(message)


COMMANDS: Mapping[str, Callable[[], object]] = {
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
    "skip ahead": lambda: _say(messages.encode_message(messages.StepStarted(99))),
    "go back": lambda: _say(messages.encode_message(messages.StepStarted(-1))),
    "be done": lambda: _say(messages.encode_message(messages.TaskDone([]))),
    "give up": lambda: _say(messages.encode_message(messages.TaskFailed(99, "for no reason"))),
}
"""Maps the commands that a file can contain to functions."""

FAILURES = {
    "hang": f"takes longer than {CPU_SECONDS * WALL_TIME_FACTOR} s",
    "hold": "takes longer than ",
    "crash": "the reader crashed (signal 11)",
    "exit": "the reader crashed (exit status 5)",
    "leave": "the reader crashed (exit status 0)",
    "close": "the reader crashed (",
    "swell": f"needs more than {budget.BASE_MEMORY >> 20} MB of memory",
    "recurse": "cannot be read: nested too deeply",
    "raise": "cannot be read because of a bug in searchkit (LookupError, hostile_reader.py line ",
    "refuse": "damaged [2J: says its reader",
}
"""Maps commands to the start of the reason for which the file is skipped."""
INVALID_MESSAGES = ("babble", "flood", "skip ahead", "go back", "be done", "give up")
"""Commands that send the parent a message that is invalid, or false at that moment."""
SIDE_EFFECTS = ("print", "fork", "start", "crash later")
"""Commands with side effects, in spite of which the file is indexed."""
