"""Child processes: a function of this package runs in a Python of its own, within limits, and under supervision.

A child inherits nothing that a folder or an environment could put in its way: it starts with `python -I`, in the root
folder, without the variables that Python reads, and finds this package where its parent has it. What it prints reaches
nobody. Parent and child send each other messages of bytes; what a message says is checked by whoever takes it.

A child ends with its parent, however that ends: it listens on a pipe whose other end only the parent holds. It never
hears of Ctrl-C, which is for its parent to decide about. `limited` gives it a budget of time and memory for some work,
and the operating system sees to it, whatever library is at work and whatever lock it holds.
"""

from __future__ import annotations

import math
import os
import shutil
import signal
import site
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from queue import SimpleQueue
from secrets import token_hex
from threading import Thread
from typing import IO, NoReturn, cast

ROOT = Path(os.sep)
"""Where children are: nobody leaves files there for others to find."""
MAX_MESSAGE_LENGTH = 200_000_000
"""Bytes of a message. A child that says more is ended."""

OUT_OF_TIME = -getattr(signal, "SIGPROF", 0)
"""Exit code of a child that the system ended because it used more time of the processor than it was given."""
OUT_OF_MEMORY = 77
"""Exit code of a child that has no memory left, not even to say so."""

_PACKAGE = Path(__file__).resolve().parent
_SCRIPT = str(_PACKAGE / Path(__file__).name)
"""What a child runs: this file, which finds the rest."""
_LENGTH = struct.Struct(">Q")
_PIPE = 1 << 20
"""Bytes that a pipe holds, where that can be chosen."""
_PAGE = getattr(os, "sysconf", lambda _: 4096)("SC_PAGE_SIZE")
_PATIENCE, _GLANCE = 2.0, 0.002
"""Seconds for a child to end by itself before it is killed; and between two looks at it."""


class Child:
    """A process that runs a function, seen from the process that started it. For one thread at a time."""

    def __init__(self, function: Callable[[Parent], None], inbox: SimpleQueue[tuple[Child, bytes | None]]) -> None:
        """Start it.

        `function`: of a module of this package. `inbox`: takes each message with the child that sent it, and None when
        it has ended. Raises OSError if no process can be started.
        """
        self._scratch = Path(tempfile.gettempdir(), f"searchkit-{token_hex(8)}")
        self._inbox = inbox
        arguments = (function.__module__, function.__qualname__, str(self._scratch), *_path())
        self._process = subprocess.Popen(  # noqa: S603 - this Python with this package
            [sys.executable, "-I", "-X", f"utf8={sys.flags.utf8_mode}", _SCRIPT, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=environment(),
            start_new_session=True,  # Ctrl-C is not for it; and all that it starts is ended with it
            pipesize=_PIPE,
        )
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def send(self, message: bytes) -> None:
        """Send a message. If it has ended, that shows in the inbox."""
        if self._process.stdin is not None:
            with suppress(OSError, ValueError):  # it is closed
                _write(self._process.stdin, message)

    def end(self) -> int:
        """End it, whatever it is doing, with all that it started, and give its exit code: -n if signal n ended it."""
        if self._process.returncode is None:
            self.ask_to_end()
            self.exit_code()
            _kill(self._process.pid)  # and what it left behind
            self._process.wait()
            self._listener.join()  # nobody is left who could say anything
            shutil.rmtree(self._scratch, ignore_errors=True)
        return self._process.returncode

    def ask_to_end(self) -> None:
        """Ask it to end by itself, which it does at once unless a library holds Python's lock."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def exit_code(self) -> int | None:
        """Wait a while for it to end by itself; give its exit code, None if it goes on. `end` is still to be called."""
        if self._process.returncode is not None:
            return self._process.returncode
        if not hasattr(os, "waitid"):
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(_PATIENCE)
            return None
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:  # it is not waited for in full: nobody else is to get its number
            if ended := os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
            time.sleep(_GLANCE)
        return None

    def _listen(self) -> None:
        """Put what it says into the inbox, until it has ended."""
        if self._process.stdout is not None:  # always: it is a pipe
            with suppress(OSError, EOFError), self._process.stdout as stream:
                while True:
                    self._inbox.put((self, _read(stream)))
        self._inbox.put((self, None))


class Parent:
    """The process that started this one, seen from here."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests, self._answers = requests, answers
        self._waiting: SimpleQueue[bytes] = SimpleQueue()
        Thread(target=self._listen, daemon=True).start()

    def receive(self) -> bytes:
        """Wait for the next message."""
        return self._waiting.get()

    def send(self, message: bytes) -> None:
        """Send a message. Raises OSError if nobody is there any more, and soon this process is not either."""
        _write(self._answers, message)

    def _listen(self) -> None:
        """Take messages until there is nobody to send any, and end with all that was started here."""
        with suppress(OSError, EOFError):
            while True:
                self._waiting.put(_read(self._requests))
        _leave()


@contextmanager
def limited(seconds: int, memory: int) -> Iterator[None]:
    """Have this process ended by the system if the block uses more seconds of the processor, whatever it is doing.

    It is also ended if the block needs more bytes of address space than `memory` beyond what the process has, on
    systems that limit it: Linux and the BSDs, not Windows, nor macOS of today. For the main thread of a child.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)
    before = _memory_limit()
    beyond = _address_space() + memory
    _limit_memory(beyond if before < 0 else min(before, beyond))
    try:
        yield
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_PROF, 0)
        _limit_memory(before)


def end_if_forked() -> None:
    """End this process if it is a copy of a child: a library that forks may come back twice."""
    if os.getpid() != _child:
        os._exit(1)


_child = os.getpid()
"""Number of the process that loaded this module."""
_scratch: Path | None = None
"""Of a child: its folder for temporary files, if it needs one."""


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder that only this user may read and that is removed in the end, also if a child is ended meanwhile."""
    if _scratch is None:
        with tempfile.TemporaryDirectory(prefix="searchkit-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    _scratch.mkdir(mode=0o700)
    try:
        yield _scratch
    finally:
        shutil.rmtree(_scratch, ignore_errors=True)


def run_program(command: Sequence[str], folder: Path) -> None:
    """Run a program in a folder, which is its home too, and wait for it.

    In a child it ends with the child, together with all that it has started. It may use as much of the processor as is
    left to the child (`limited`), and what it used is taken off that. Raises OSError if it cannot be started.
    """
    before = _used_by_programs()
    process = subprocess.Popen(  # noqa: S603 - who calls says which program
        _within(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={**environment(), **dict.fromkeys(("TMPDIR", "TMP", "TEMP", "HOME"), str(folder))},
    )
    try:
        process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
        _charge(_used_by_programs() - before)


def find_program(*names: str) -> str | None:
    """Find a program by one of its names in the folders of the search path; never in the current folder."""
    folders = map(Path, os.environ.get("PATH", os.defpath).split(os.pathsep))
    here = Path(os.path.realpath(os.curdir))
    sound = [folder for folder in folders if folder.is_absolute() and folder.resolve() != here]
    found = (shutil.which(str(folder / name)) for name in names for folder in sound)
    return next((program for program in found if program), None)


def environment() -> dict[str, str]:
    """Give the environment for what is started: without the variables that change how a Python starts.

    NumPy, whose linear algebra nothing here uses, starts no threads.
    """
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("PYTHON")}
    return {**kept, "OPENBLAS_NUM_THREADS": "1"}


def _path() -> list[str]:
    """Give the folders in which this process finds modules and a child may too, after its own.

    Left out are those that say something of how this process was started and not of what is installed: the current
    folder, that of the script, and the user's own packages, unless this package lies there.
    """
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    not_passed_on = {Path(os.path.realpath(os.curdir)), Path(site.getusersitepackages()).resolve()}
    if script:
        not_passed_on.add(Path(script).resolve().parent)
    not_passed_on.discard(_PACKAGE.parent)
    return [folder for folder in sys.path if Path(folder).is_absolute() and Path(folder).resolve() not in not_passed_on]


def _kill(leader: int) -> None:
    """Kill a process and all that it started."""
    if sys.platform == "win32":
        program = str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe"))
        tree = [program, "/F", "/T", "/PID", str(leader)]
        subprocess.run(tree, check=False, capture_output=True)  # noqa: S603 - the system's own program
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)


def _leave() -> NoReturn:
    """End this child, which leads a group of its own, with all that it has started."""
    if _scratch is not None:
        shutil.rmtree(_scratch, ignore_errors=True)
    _kill(os.getpid())
    os._exit(1)


def _write(stream: IO[bytes], message: bytes) -> None:
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def _read(stream: IO[bytes]) -> bytes:
    """Raises EOFError if the stream ends or says more than a message may, OSError if it cannot be read."""
    head = stream.read(_LENGTH.size)
    (length,) = _LENGTH.unpack(head) if len(head) == _LENGTH.size else (MAX_MESSAGE_LENGTH + 1,)
    message = stream.read(length) if length <= MAX_MESSAGE_LENGTH else b""
    if len(message) != length:
        raise EOFError
    return message


def _taken(descriptor: int, mode: str) -> IO[bytes]:
    """Take a standard stream for ourselves: whatever else uses it, and parsers do print, reaches nothing."""
    own = os.dup(descriptor)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, descriptor)
    os.close(nothing)
    return cast("IO[bytes]", os.fdopen(own, mode))


def _memory_limit() -> int:
    """Give the bytes that the address space is limited to, -1 if it is not."""
    if sys.platform == "win32":
        return -1
    import resource  # noqa: PLC0415 - not on every system

    return resource.getrlimit(resource.RLIMIT_AS)[0]


def _used_by_programs() -> float:
    """Give the seconds of the processor that programs used which this process has waited for."""
    used = os.times()
    return used.children_user + used.children_system


def _left() -> float:
    """Give the seconds of the processor that are left to this process; 0 if they are not limited."""
    return signal.getitimer(signal.ITIMER_PROF)[0] if hasattr(signal, "getitimer") else 0.0


def _within(command: Sequence[str]) -> Sequence[str]:
    """Let a command have hardly more seconds than are left to this process: who uses all is to be found out."""
    if not _left():
        return command
    return ["/bin/sh", "-c", 'ulimit -t "$0"; exec "$@"', str(math.ceil(_left()) + 1), *command]


def _charge(seconds: float) -> None:
    """Take seconds off those that are left to this process, if they are limited; when none are left it is ended."""
    left = _left()
    if left > seconds:
        signal.setitimer(signal.ITIMER_PROF, left - seconds)
    elif left:
        os.kill(os.getpid(), signal.SIGPROF)  # as if the time had run out just now


def _limit_memory(memory: int) -> None:
    """Limit the address space to so many bytes, -1 = not at all."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - as above

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        with suppress(ValueError, OSError):  # more than may be, or the system has no such limit
            resource.setrlimit(resource.RLIMIT_AS, (memory, most))


def _no_cores() -> None:
    """Leave no file with the memory of this process when it crashes."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - as above

        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _address_space() -> int:
    """Give the bytes of address space that this process has; a guess where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[0]) * _PAGE
    except (OSError, ValueError):
        return 1 << 30


def run_child(module: str, function: str, scratch: str) -> None:
    """Be the child. The arguments come from a command line."""
    global _scratch  # noqa: PLW0603 - of the whole process
    requests, answers = _taken(0, "rb"), _taken(1, "wb")
    _scratch = Path(scratch)
    if hasattr(signal, "SIGPROF"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
    parent = Parent(requests, answers)
    _no_cores()
    getattr(import_module(module), function)(parent)


def _begin(*arguments: str) -> None:
    """Find this package where the parent has it, without a look at any folder, and be the child."""
    sys.path += [folder for folder in arguments[3:] if folder not in sys.path]
    init = _PACKAGE / "__init__.py"
    spec = spec_from_file_location(_PACKAGE.name, init, submodule_search_locations=[str(_PACKAGE)])
    if spec is None or spec.loader is None:  # never: it is a file of Python
        raise ImportError(str(init))
    package = sys.modules[_PACKAGE.name] = module_from_spec(spec)
    spec.loader.exec_module(package)
    import_module(f"{_PACKAGE.name}.processes").run_child(*arguments[:3])


if __name__ == "__main__":
    _begin(*sys.argv[1:])
