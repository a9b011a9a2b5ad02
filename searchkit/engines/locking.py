"""The lock of an index folder: one process writes at a time.

The operating system locks the file `writer.lock`, and releases it when the process ends, however it ends. `writer.json`
names the process, for messages.

Some file systems (network drives, FUSE) have no locks. There, `writer.json` is the lock: it is created only if it does
not exist. If the process that it names has died on this machine, the file is replaced. A process on another machine or
in another container, and any process on Windows, cannot be examined. If the file names such a process, or no process,
the build is refused, and the message says what to do.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from searchkit.errors import IndexLocked

_LOCK_FILE = "writer.lock"
_HOLDER_FILE = "writer.json"
_MAX_CLAIMS = 5
"""Maximum number of attempts to create `writer.json`. After a failed attempt, the file of a dead process is removed."""
_HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})
"""Error numbers of locking a file that another process has locked."""
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL})
"""Error numbers of locking a file on a file system without locks."""
_OPEN_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_DEAD_STATES = frozenset("ZX")
"""States in /proc/PID/stat of a process that has ended, but that its parent has not waited for."""


@contextmanager
def writer_lock(index: Path) -> Iterator[None]:
    """Hold the lock of an existing index folder during the block.

    Raises IndexLocked if another process holds the lock, or may hold it, and OSError if a file cannot be created,
    locked or written. A failure to release the lock is ignored: at the latest when this process ends, the operating
    system releases the lock, or `writer.json` names a dead process.
    """
    path = index / _HOLDER_FILE
    holder = Holder.current()
    with ExitStack() as releases:
        descriptor = os.open(index / _LOCK_FILE, _OPEN_FLAGS, 0o666)
        releases.callback(_ignore_errors, os.close, descriptor)
        try:
            _lock_file(descriptor)
        except OSError as error:
            if error.errno in _HELD:
                raise _locked_error(index, Holder.read(path)) from None
            if error.errno not in _UNSUPPORTED:
                raise
            _claim(index, holder)
        else:
            releases.callback(_ignore_errors, _unlock_file, descriptor)
            path.unlink(missing_ok=True)  # it names a dead process, or is a link, through which nothing may be written
            with path.open("x", encoding="utf-8") as file:
                file.write(holder.to_json())
        releases.callback(_ignore_errors, path.unlink)
        yield


def _ignore_errors(function: object, *arguments: object) -> None:
    with suppress(OSError):
        function(*arguments)  # type: ignore[operator]


if sys.platform == "win32":
    import msvcrt

    def _lock_file(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock_file(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock_file(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock_file(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that writes an index. Unknown fields are empty. Without /proc, only the first three are known."""

    pid: int
    host: str
    since: str
    """When it asked for the lock, ISO 8601 in UTC."""
    machine: str = ""
    """Id of the installation of the system, because two machines may have the same host name."""
    boot: str = ""
    """Id of the last boot of the machine."""
    namespace: str = ""
    """Namespace of the process id, because processes in two containers of a machine may have the same id."""
    started: str = ""
    """When the process started, because a later process may have the same id."""

    @classmethod
    def current(cls) -> Holder:
        """Return this process."""
        since = datetime.now(timezone.utc).isoformat(timespec="seconds")
        pid = os.getpid()
        with suppress(OSError):
            namespace = str(Path("/proc/self/ns/pid").readlink())
            machine, boot = (_read_line(path) for path in ("/etc/machine-id", "/proc/sys/kernel/random/boot_id"))
            return cls(pid, socket.gethostname(), since, machine, boot, namespace, _process_start(pid))
        return cls(pid, socket.gethostname(), since)

    @classmethod
    def read(cls, path: Path) -> Holder | None:
        """Return the process that a file names, or None if it names none."""
        try:
            return cls.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, RecursionError):
            return None

    @classmethod
    def from_json(cls, data: Any) -> Holder | None:  # noqa: ANN401 - any JSON
        """Return the process that parsed JSON names, or None if it names none."""
        try:
            holder = cls(**data)
        except TypeError:
            return None
        texts = (value for name, value in asdict(holder).items() if name != "pid")
        return holder if type(holder.pid) is int and all(isinstance(text, str) for text in texts) else None

    def to_json(self) -> str:
        """Return the content of `writer.json`."""
        return json.dumps(asdict(self))

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"

    def is_running(self) -> bool | None:
        """Return whether the process runs, None if that cannot be decided."""
        here = Holder.current()
        if sys.platform == "win32" or (self.host, self.machine) != (here.host, here.machine):
            return None
        if self.boot != here.boot:
            return False
        if self.namespace != here.namespace:
            return None
        try:
            os.kill(self.pid, 0)  # sends no signal, and raises if the process does not exist
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # the process exists, and belongs to another user
        except (OSError, OverflowError):
            return None
        return not self.started or _process_start(self.pid) == self.started


def _read_line(path: str) -> str:
    """Return the content of a short file of the system, empty if there is none."""
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _process_start(pid: int) -> str:
    """Return when a process started, in clock ticks; empty if it has ended or the time is unknown. Linux only."""
    fields = _read_line(f"/proc/{pid}/stat").rpartition(")")[2].split()  # the name before may have blanks and brackets
    return "" if not fields or fields[0] in _DEAD_STATES else fields[19]


def _claim(index: Path, holder: Holder) -> None:
    """Create `writer.json`. Replaces a file of a dead process. Raises IndexLocked if another process may have the lock.

    Used on file systems without locks.
    """
    path = index / _HOLDER_FILE
    for _ in range(_MAX_CLAIMS):
        with suppress(FileExistsError), path.open("x", encoding="utf-8") as file:
            file.write(holder.to_json())
            return
        found = Holder.read(path)
        is_running = found.is_running() if found else None
        if found is None or is_running is None:
            by = f"by {found}, which cannot be examined from here" if found else "by a process that it does not name"
            raise IndexLocked(f"{path} was written {by}; if no build of this index is running, delete that file")
        if is_running:
            raise _locked_error(index, found)
        _remove_claim(path, found)
    raise _locked_error(index, None)


def _remove_claim(path: Path, dead: Holder) -> None:
    """Rename a file that names the process `dead`, and remove it. If it now names another process, rename it back."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):  # another process has removed it
        path.rename(aside)
        if Holder.read(aside) == dead:
            aside.unlink()
        else:
            aside.rename(path)


def _locked_error(index: Path, holder: Holder | None) -> IndexLocked:
    """Return the error for a lock that another process holds."""
    return IndexLocked(f"{index} is being written by {holder or 'another process'}; wait for it or stop it")
