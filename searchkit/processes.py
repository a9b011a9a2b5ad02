"""Child processes: isolated from their environment, with limits of CPU time and memory.

A child starts with `python -I` in the root folder, without the environment variables that Python reads, and imports
this package from the location that its parent uses. What it prints is discarded. Parent and child exchange messages of
bytes; the receiver must validate them.

A child exits when its parent exits for any reason, because a thread of the child reads a pipe whose other end only the
parent has open. A child does not receive Ctrl-C, which the parent handles. `limit_resources` limits the CPU time and
memory of a block of code. The operating system enforces the limits, even if a library holds the interpreter lock.
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

ROOT_FOLDER = Path(os.sep)
"""Current folder of child processes, where other users cannot place files."""
MAX_MESSAGE_LENGTH = 200_000_000
"""Maximum size of a message in bytes. The receiver of a longer message treats the sender as exited."""

OUT_OF_TIME = -getattr(signal, "SIGPROF", 0)
"""Exit code of a child that the system killed because it exceeded its CPU time. Windows does not limit CPU time."""
OUT_OF_MEMORY = 77
"""Exit code of a child that exceeded its memory."""

_PACKAGE = Path(__file__).resolve().parent
_SCRIPT = str(_PACKAGE / Path(__file__).name)
"""Script that a child runs: this file, which imports the package."""
_LENGTH_PREFIX = struct.Struct(">Q")
"""Length of a message in bytes, which precedes the message."""
_PIPE_SIZE = 1 << 20
"""Capacity of a pipe in bytes, on systems where it can be set."""
_PAGE_SIZE = getattr(os, "sysconf", lambda _: 4096)("SC_PAGE_SIZE")
"""Size of a memory page in bytes. 4096 on systems that do not report the size."""
_EXIT_TIMEOUT = 2.0
"""Seconds that a child has to exit by itself before it is killed."""
_POLL_INTERVAL = 0.002
"""Seconds between two checks whether a child has exited."""


class Child:
    """A child process, as its parent sees it. Not thread-safe."""

    def __init__(self, function: Callable[[Parent], None], inbox: SimpleQueue[tuple[Child, bytes | None]]) -> None:
        """Start a process that runs `function`, which must be at the top level of a module that it can import.

        Each message of the child is put into `inbox`, in a pair with the child. When the child has exited or sent a
        message that is too long, a last pair follows, with None instead of a message. Raises OSError if no process can
        be started.
        """
        # Temporary folder of the child. The parent chooses its path, so that it can remove the folder after the child.
        self._scratch = Path(tempfile.gettempdir(), f"searchkit-{token_hex(8)}")
        self._inbox = inbox
        self._is_ended = False
        """Whether `end` was called."""
        self._process = _start_python(function.__module__, function.__qualname__, str(self._scratch), *_module_path())
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def send(self, message: bytes) -> None:
        """Send a message. If the child has exited, the message is lost without an error."""
        if self._process.stdin is not None:
            with suppress(OSError, ValueError):  # the pipe is closed
                _write(self._process.stdin, message)

    def end(self) -> int:
        """End the child and its descendants, and return the exit code of the child: -n if signal n killed it.

        A child that does not exit by itself within `_EXIT_TIMEOUT` seconds is killed.
        """
        if not self._is_ended:
            self._is_ended = True
            self.request_exit()
            self.wait_for_exit()
            _kill_group(self._process.pid)  # including descendants of a child that has exited
            self._process.wait()
            self._listener.join()  # the pipe is closed, because no writer is left
            shutil.rmtree(self._scratch, ignore_errors=True)
        return self._process.returncode

    def request_exit(self) -> None:
        """Ask the child to exit. The child exits at once, unless a library holds the interpreter lock."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def wait_for_exit(self) -> int | None:
        """Wait for the child to exit, and return its exit code. Returns None after `_EXIT_TIMEOUT` seconds.

        The caller must call `end` in either case.
        """
        if self._process.returncode is not None:
            return self._process.returncode
        if not hasattr(os, "waitid"):
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(_EXIT_TIMEOUT)
            return None
        deadline = time.monotonic() + _EXIT_TIMEOUT
        while time.monotonic() < deadline:  # WNOWAIT keeps the zombie, so that its pid is not reused
            if result := os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
            time.sleep(_POLL_INTERVAL)
        return None

    def _listen(self) -> None:
        """Put the child's messages into the inbox until it exits or sends one that is too long, then None."""
        if self._process.stdout is not None:  # always true, because it is a pipe
            with suppress(OSError, EOFError), self._process.stdout as stream:
                while True:
                    self._inbox.put((self, _read(stream)))
        self._inbox.put((self, None))


class Parent:
    """The parent process, as a child sees it."""

    def __init__(self, requests: IO[bytes], responses: IO[bytes]) -> None:
        self._requests, self._responses = requests, responses
        self._messages: SimpleQueue[bytes] = SimpleQueue()
        Thread(target=self._listen, daemon=True).start()

    def receive(self) -> bytes:
        """Wait for the next message, and return it."""
        return self._messages.get()

    def send(self, message: bytes) -> None:
        """Send a message. If the parent has exited, end this process and its descendants.

        If it raised an exception instead, this process could exit before `_listen` notices that the parent has exited,
        and its descendants would go on. Raises OSError if the pipe cannot be used, for example because a library has
        closed it.
        """
        try:
            _write(self._responses, message)
        except BrokenPipeError:
            _exit_group()

    def _listen(self) -> None:
        """Receive messages until the parent closes the pipe or exits. Then end this process and its descendants."""
        with suppress(OSError, EOFError):
            while True:
                self._messages.put(_read(self._requests))
        _exit_group()


@contextmanager
def limit_resources(seconds: int, memory: int) -> Iterator[None]:
    """Limit a block to `seconds` of CPU time and `memory` additional bytes of address space.

    Use it in the main thread of a child. A block that exceeds its CPU time ends the process at any instruction, with
    `OUT_OF_TIME`. A block that exceeds its memory ends the process when Python raises MemoryError, with
    `OUT_OF_MEMORY`. Neither limit works on Windows; only the limit of CPU time works on current macOS.
    """
    _set_cpu_limit(seconds)
    previous = _get_memory_limit()
    limit = _address_space() + memory
    _set_memory_limit(limit if previous < 0 else min(previous, limit))
    try:
        yield
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    finally:
        _set_cpu_limit(0)
        _set_memory_limit(previous)


def exit_if_forked() -> None:
    """Exit if this process is a fork of the process that imported this module.

    If a library forks and a call to it returns, it returns in both processes. Only the original one must go on.
    """
    if os.getpid() != _importing_pid:
        os._exit(1)


_importing_pid = os.getpid()
"""Id of the process that imported this module."""
_scratch: Path | None = None
"""In a child, the path of its temporary folder, which `temporary_folder` creates. None in other processes."""


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Create a temporary folder that only this user can read, and remove it after the block.

    In a child, the parent removes the folder if the child is killed. A child can have only one such folder at a time.
    """
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
    """Run a program in a folder, which is also its home folder, and wait until it exits. Its output is discarded.

    In a child, the program and its descendants end with the child. The program can use the CPU time that the child has
    left (`limit_resources`), and its CPU time counts as that of the child. Raises OSError if no process can be started.
    A program that does not exist raises OSError only if the CPU time is not limited. Otherwise the process is a shell,
    which only exits.
    """
    before = _children_cpu_time()
    process = subprocess.Popen(  # noqa: S603 - the caller chooses the program
        _with_cpu_limit(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={**child_environment(), **dict.fromkeys(("TMPDIR", "TMP", "TEMP", "HOME"), str(folder))},
    )
    try:
        process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
        _charge_cpu_time(_children_cpu_time() - before)


def find_program(*names: str) -> str | None:
    """Return the path of the first of the programs `names` that is on the search path, or None if none of them is.

    Relative folders and the current folder are ignored.
    """
    folders = map(Path, os.environ.get("PATH", os.defpath).split(os.pathsep))
    current = Path(os.path.realpath(os.curdir))
    trusted = [folder for folder in folders if folder.is_absolute() and folder.resolve() != current]
    paths = (shutil.which(str(folder / name)) for name in names for folder in trusted)
    return next((path for path in paths if path), None)


def child_environment() -> dict[str, str]:
    """Return the environment of this process for a child, without the variables that Python reads at start-up.

    An added variable keeps NumPy from starting threads for linear algebra, which searchkit does not use.
    """
    variables = {name: value for name, value in os.environ.items() if not name.upper().startswith("PYTHON")}
    return {**variables, "OPENBLAS_NUM_THREADS": "1"}


def _start_python(*arguments: str) -> subprocess.Popen[bytes]:
    """Start this script in a new process, with the arguments of `_bootstrap`, and pipes for messages."""
    return subprocess.Popen(  # noqa: S603 - this Python with this package
        [sys.executable, "-I", "-X", f"utf8={sys.flags.utf8_mode}", _SCRIPT, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT_FOLDER,
        env=child_environment(),
        start_new_session=True,  # the child does not receive Ctrl-C, and its descendants can be killed with it
        pipesize=_PIPE_SIZE,
    )


def _module_path() -> list[str]:
    """Return the folders of the module path of this process that a child appends to its module path.

    Relative folders, the current folder, the folder of the script and the site-packages of the user are excluded,
    because their files are not trusted. The folder that contains this package is never excluded.
    """
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    excluded = {Path(os.path.realpath(os.curdir)), Path(site.getusersitepackages()).resolve()}
    if script:
        excluded.add(Path(script).resolve().parent)
    excluded.discard(_PACKAGE.parent)
    return [folder for folder in sys.path if Path(folder).is_absolute() and Path(folder).resolve() not in excluded]


def _kill_group(leader: int) -> None:
    """Kill a process that leads its process group, and its descendants."""
    if sys.platform == "win32":
        program = str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe"))
        tree = [program, "/F", "/T", "/PID", str(leader)]
        subprocess.run(tree, check=False, capture_output=True)  # noqa: S603 - the system's own program
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)


def _exit_group() -> NoReturn:
    """End this child and its descendants, and remove its temporary folder."""
    if _scratch is not None:
        shutil.rmtree(_scratch, ignore_errors=True)
    _kill_group(os.getpid())
    os._exit(1)


def _write(stream: IO[bytes], message: bytes) -> None:
    """Write a message after its length. Raises OSError if the other end is closed."""
    stream.write(_LENGTH_PREFIX.pack(len(message)))
    stream.write(message)
    stream.flush()


def _read(stream: IO[bytes]) -> bytes:
    """Read a message. Raises EOFError if the stream ends or the message is too long, OSError if it cannot be read."""
    prefix = stream.read(_LENGTH_PREFIX.size)
    (length,) = _LENGTH_PREFIX.unpack(prefix) if len(prefix) == _LENGTH_PREFIX.size else (MAX_MESSAGE_LENGTH + 1,)
    message = stream.read(length) if length <= MAX_MESSAGE_LENGTH else b""
    if len(message) != length:
        raise EOFError
    return message


def _take_stream(descriptor: int, mode: str) -> IO[bytes]:
    """Return a standard stream for messages, and replace the stream by devnull.

    A library that prints then cannot disturb the messages.
    """
    duplicate = os.dup(descriptor)
    devnull = os.open(os.devnull, os.O_RDWR)
    os.dup2(devnull, descriptor)
    os.close(devnull)
    return cast("IO[bytes]", os.fdopen(duplicate, mode))


def _get_memory_limit() -> int:
    """Return the limit of the address space in bytes, or -1 if there is none."""
    if sys.platform == "win32":
        return -1
    import resource  # noqa: PLC0415 - not available on Windows

    return resource.getrlimit(resource.RLIMIT_AS)[0]


def _set_cpu_limit(seconds: int) -> None:
    """Limit the CPU time of this process from now on. 0 means no limit."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _children_cpu_time() -> float:
    """Return the CPU seconds of the programs that this process has waited for."""
    times = os.times()
    return times.children_user + times.children_system


def _remaining_cpu_time() -> float:
    """Return the CPU seconds that are left to this process, or 0 if they are not limited."""
    return signal.getitimer(signal.ITIMER_PROF)[0] if hasattr(signal, "getitimer") else 0.0


def _with_cpu_limit(command: Sequence[str]) -> Sequence[str]:
    """Return the command, with a CPU limit just above the remaining time of this process if that time is limited.

    If the program reaches the limit, `_charge_cpu_time` ends this process too.
    """
    if not _remaining_cpu_time():
        return command
    return ["/bin/sh", "-c", 'ulimit -t "$0"; exec "$@"', str(math.ceil(_remaining_cpu_time()) + 1), *command]


def _charge_cpu_time(seconds: float) -> None:
    """Subtract seconds from the remaining CPU time, if it is limited. If no time is left, end this process."""
    remaining = _remaining_cpu_time()
    if remaining > seconds:
        signal.setitimer(signal.ITIMER_PROF, remaining - seconds)
    elif remaining:
        os.kill(os.getpid(), signal.SIGPROF)  # the signal of an expired timer


def _set_memory_limit(memory: int) -> None:
    """Limit the address space to a number of bytes. -1 means no limit."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not available on Windows

        _, hard_limit = resource.getrlimit(resource.RLIMIT_AS)
        with suppress(ValueError, OSError):  # above the hard limit, or not supported by the system
            resource.setrlimit(resource.RLIMIT_AS, (memory, hard_limit))


def _disable_core_dumps() -> None:
    """Prevent core files when this process crashes."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not available on Windows

        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _address_space() -> int:
    """Return the size of this process's address space in bytes, or 1 GiB if the system does not report the size."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[0]) * _PAGE_SIZE
    except (OSError, ValueError):
        return 1 << 30


def run_child(module: str, function: str, scratch: str) -> None:
    """Run a function in this process, which is a child. `scratch` is the path of its temporary folder."""
    global _scratch  # noqa: PLW0603 - there is one per process
    requests, responses = _take_stream(0, "rb"), _take_stream(1, "wb")
    _scratch = Path(scratch)
    if hasattr(signal, "SIGPROF"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
    parent = Parent(requests, responses)
    _disable_core_dumps()
    getattr(import_module(module), function)(parent)


def _bootstrap(*arguments: str) -> None:
    """Import this package from the folder of this file, without searching the module path, and run the child.

    The arguments are those of `run_child`, then folders for the module path (`_module_path`).
    """
    sys.path += [folder for folder in arguments[3:] if folder not in sys.path]
    init = _PACKAGE / "__init__.py"
    spec = spec_from_file_location(_PACKAGE.name, init, submodule_search_locations=[str(_PACKAGE)])
    if spec is None or spec.loader is None:  # never true, because it is a Python file
        raise ImportError(str(init))
    package = sys.modules[_PACKAGE.name] = module_from_spec(spec)
    spec.loader.exec_module(package)
    import_module(f"{_PACKAGE.name}.processes").run_child(*arguments[:3])


if __name__ == "__main__":
    _bootstrap(*sys.argv[1:])
