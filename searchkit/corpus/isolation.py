"""Foreign formats are read in a process of its own, within limits: a bad file costs itself, and never the others.

The process is started by the first file, reads one file after the other, and is started again when one made it crash,
swell or run on. A crash that may be the late work of an earlier file is not blamed on a file: that is read once more,
in a new process.

What comes back is JSON, texts and numbers, and its shape is checked. A file that takes over a parser can then say
wrong things about itself; with a pickle it could run its code in the process that reads the whole corpus.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from traceback import extract_tb
from typing import IO, Any

from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.readers import FileContents, read_bytes, visible
from searchkit.errors import ReadError

LONGEST = 60
"""Seconds that the reading of a file may take,"""
PER_MEGABYTE = 2
"""and so many more for each million bytes it has."""
MOST_MEMORY = 2 << 30
"""Bytes of address space, on systems that limit it: Linux and the BSDs, not Windows, nor macOS of today."""
LARGEST_ANSWER = 200_000_000
"""Bytes of all that is read of a file, as JSON in UTF-8."""

_TOO_MUCH = f"holds more than {LARGEST_ANSWER // 1_000_000} MB of text"
_OUT_OF_MEMORY = 77
"""Exit status of the process: there may be no memory left to say it in words."""
_LONGEST_START = 60
"""Seconds until the process is ready; half a second is usual."""
_GRACE = 10
"""Seconds after the limit when the process is ended by the system, if the one that asked is not there to do it."""
_TICK = 0.2
"""Seconds after which it is looked again whether the process is late."""
_PIPE = 1 << 20
"""Bytes that a pipe holds, where that can be chosen."""
_LENGTH = struct.Struct(">Q")
_LONGEST_REASON = 300
_CODE = "import sys; sys.path[:] = sys.argv[3:]; from searchkit.corpus.isolation import serve; serve(*sys.argv[1:3])"


class ReaderProcess:
    """Reads files of foreign formats in another process. For one thread at a time; to be closed."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: _Process | None = None

    def read(self, data: bytes, name: str) -> FileContents:
        """Read a file as `read_bytes` does. Raises ReadError, also if the reader fails in a way that it should not."""
        is_new = self._process is None
        process = self._process = self._process or _Process()
        try:
            return _decoded(process.ask(data, name))
        except _Ended as ended:
            self.close()
            if is_new or ended.is_certain:
                raise ReadError(str(ended)) from None
        except ReadError:
            raise
        except BaseException:  # an interrupt, and the process is in the middle of a file
            self.close()
            raise
        return self.read(data, name)

    def close(self) -> None:
        """End the process, if there is one, and everything it started."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def __enter__(self) -> ReaderProcess:  # noqa: PYI034 - typing.Self is 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def unforeseen(error: BaseException) -> str:
    """Say in one line that a file cannot be read because of an error that nobody foresaw, and where that arose."""
    places = extract_tb(error.__traceback__)
    place = f" ({Path(places[-1].filename).name}, line {places[-1].lineno})" if places else ""
    return f"cannot be read: {type(error).__name__}{place}"


def crashed(code: int | None) -> str:
    """Say in one line that the process that was reading a file ended; `code`: its exit status, -n for signal n."""
    how = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
    return f"the reader crashed ({how})"


def end_with(receive: Callable[[], object], end: Callable[[], object] = lambda: os._exit(1)) -> None:
    """Call `receive` again and again in a thread; when that fails, because the other side is gone, end at once.

    So a process ends with the one that started it, however that came to its end, and in the middle of whatever it does.
    """

    def listen() -> None:
        """Wait for the end of the connection."""
        try:
            while True:
                receive()
        finally:
            end()

    Thread(target=listen, daemon=True).start()


# The side that asks.


class _Ended(Exception):
    """The process is of no more use: why."""

    def __init__(self, reason: str, *, is_certain: bool = False) -> None:
        super().__init__(reason)
        self.is_certain = is_certain
        """Whether it is the fault of this file and not of one before it."""


class _Process:
    """The process, seen from the one that started it."""

    def __init__(self) -> None:
        """Start it and wait until it is ready. Raises ReadError."""
        self._folder = tempfile.TemporaryDirectory(prefix="searchkit-", ignore_cleanup_errors=True)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this Python with this package
                [sys.executable, "-c", _CODE, str(MOST_MEMORY), self._folder.name, *map(os.path.abspath, sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self._folder.name,
                env=_environment(self._folder.name),
                start_new_session=True,  # Ctrl-C is not for it; and all that it starts is ended with it
                pipesize=_PIPE,
            )
            self._deadline: float | None = None
            self._missed: float | None = None
            self._has_ended = Event()
            self._watchdog = Thread(target=self._watch, daemon=True)
            self._watchdog.start()
            self._exchange(_LONGEST_START)
        except (OSError, _Ended):
            self._folder.cleanup()
            raise ReadError("cannot be read: the process that would read it does not start") from None

    def ask(self, data: bytes, name: str) -> bytes:
        """Let it read a file and give its answer. Raises _Ended."""
        return self._exchange(LONGEST + PER_MEGABYTE * (len(data) // 1_000_000), name.encode(errors="replace"), data)

    def end(self) -> int:
        """End it, whatever it is doing, with all that it started, and give its exit code."""
        self._has_ended.set()
        self._watchdog.join()
        if self._process.returncode is None:  # until somebody has waited for it, nobody else has its number
            _kill(self._process)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        code = self._process.wait()
        self._folder.cleanup()
        return code

    def _exchange(self, seconds: int, *frames: bytes) -> bytes:
        """Send frames and take the answer. Raises _Ended."""
        deadline = self._deadline = time.monotonic() + seconds
        try:
            answer = self._talk(frames)
        except (EOFError, OSError):
            code = self.end()
        except BaseException:
            self.end()
            raise
        else:
            self._deadline = None
            return answer
        if self._missed == deadline:
            raise _Ended(f"took longer than {seconds} s", is_certain=True)
        raise _Ended("the reader needed too much memory" if code == _OUT_OF_MEMORY else crashed(code))

    def _watch(self) -> None:
        """Kill the process when it is late; a pipe cannot be waited for with a limit of time on every system."""
        while not self._has_ended.wait(_TICK):
            deadline = self._deadline
            if deadline is not None and time.monotonic() > deadline:
                self._missed = deadline
                _kill(self._process)
                return

    def _talk(self, frames: Sequence[bytes]) -> bytes:
        """Raises OSError or EOFError if it is not there any more, _Ended if it says too much."""
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:  # never: both are pipes
            raise EOFError
        for frame in frames:
            _send(requests, frame)
        return _receive(answers, LARGEST_ANSWER)


def _environment(folder: str) -> Mapping[str, str]:
    """Let it leave temporary files where they are removed, and NumPy, which it has no use for, start no threads."""
    return {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder), "OPENBLAS_NUM_THREADS": "1"}


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it started."""
    if sys.platform == "win32":
        tree = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(tree, check=False, capture_output=True)  # noqa: S603 - the system's own program
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _decoded(answer: bytes) -> FileContents:
    """Raises ReadError, which may be the answer, or _Ended if it is none that the process gives unless taken over."""
    try:
        match json.loads(answer):
            case {"problem": str(problem)}:
                raise ReadError(" ".join(visible(problem).split())[:_LONGEST_REASON])
            case {"documents": list(documents), "problems": list(problems), "warnings": list(warnings)}:
                return FileContents(
                    tuple(_document(**coded) for coded in documents), _all_of(problems, str), _all_of(warnings, str)
                )
    except (ValueError, TypeError, RecursionError):
        pass
    raise _Ended("the reader gave an answer that makes no sense", is_certain=True)


def _document(
    *, blocks: Sequence[Sequence[Any]], overrides: object, hints: object, key: object, is_record: object
) -> RawDocument:
    """Raises TypeError or ValueError if it is not what `_coded` makes."""
    if not isinstance(overrides, dict) or not isinstance(hints, dict) or not isinstance(is_record, bool):
        raise TypeError
    _all_of((*hints.values(),), str)
    _all_of((key,), str, type(None))
    texts, levels, strong, pages = blocks
    columns = _all_of(texts, str), _all_of(levels, int), _all_of(strong, bool), _all_of(pages, int, type(None))
    if len({*map(len, columns)}) > 1:
        raise ValueError
    return RawDocument(tuple(map(Block, *columns)), overrides, hints, None if key is None else str(key), is_record)


def _all_of(values: Sequence[Any], *kinds: type) -> tuple[Any, ...]:
    """Raises TypeError if a value is of another kind."""
    if not {*map(type, values)} <= {*kinds}:
        raise TypeError
    return tuple(values)


# The side that answers.


def serve(most_memory: str, folder: str) -> None:
    """Be the process: answer each request on standard input, a name and the bytes of a file, on standard output.

    `folder`: of temporary files; removed if nobody is there any more to do it. The arguments come from a command line.
    """
    requests, answers = _taken(0, "rb"), _taken(1, "wb")
    _limit(int(most_memory))
    waiting: SimpleQueue[tuple[str, bytes]] = SimpleQueue()
    end_with(lambda: waiting.put((_receive(requests).decode(), _receive(requests))), lambda: _end_all(folder))
    this = os.getpid()
    _send(answers, b"ready")
    while True:
        name, data = waiting.get()
        with _alarm(LONGEST + PER_MEGABYTE * (len(data) // 1_000_000) + _GRACE):
            answer = _answer(data, name)
        if os.getpid() != this:  # a reader that forks comes here twice
            os._exit(1)
        _send(answers, answer)
        del name, data, answer


def _taken(descriptor: int, mode: str) -> Any:  # noqa: ANN401 - open() gives what the mode says
    """Take a standard stream for ourselves: whatever else uses it, and parsers do print, reaches nothing."""
    own = os.dup(descriptor)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, descriptor)
    os.close(nothing)
    return os.fdopen(own, mode)


def _limit(most_memory: int) -> None:
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on every system

        for kind, most in ((resource.RLIMIT_AS, most_memory), (resource.RLIMIT_CORE, 0)):
            with suppress(ValueError, OSError):  # a lower limit is in force, or the system has none
                resource.setrlimit(kind, (most, most))


@contextmanager
def _alarm(seconds: int) -> Iterator[None]:
    """Be ended by the system if the block takes longer: no thread of ours can do it while a parser holds the lock."""
    if sys.platform == "win32":
        yield
        return
    signal.alarm(seconds)
    yield
    signal.alarm(0)


def _end_all(folder: str) -> None:
    """End this process with all that it started."""
    shutil.rmtree(folder, ignore_errors=True)
    if sys.platform != "win32":
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _answer(data: bytes, name: str) -> bytes:
    try:
        answer = json.dumps(_coded(read_bytes(data, name)), ensure_ascii=False, default=str).encode(errors="replace")
        problem = _TOO_MUCH if len(answer) > LARGEST_ANSWER else ""
    except ReadError as error:
        problem = str(error)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    except BaseException as error:  # noqa: BLE001 - whatever a parser raises, also SystemExit, is about its file
        problem = unforeseen(error)
    return json.dumps({"problem": problem}).encode() if problem else answer


def _coded(contents: FileContents) -> Mapping[str, object]:
    """Contents as JSON has them; of blocks the texts, the levels and so on, which is quicker to check."""
    return {
        "documents": [
            {
                "blocks": [
                    [block.text for block in raw.blocks],
                    [block.level for block in raw.blocks],
                    [block.strong for block in raw.blocks],
                    [block.page for block in raw.blocks],
                ],
                "overrides": dict(raw.overrides),
                "hints": dict(raw.hints),
                "key": raw.key,
                "is_record": raw.is_record,
            }
            for raw in contents.documents
        ],
        "problems": contents.problems,
        "warnings": contents.warnings,
    }


# Both sides.


def _send(stream: IO[bytes], frame: bytes) -> None:
    stream.write(_LENGTH.pack(len(frame)))
    stream.write(frame)
    stream.flush()


def _receive(stream: IO[bytes], most: int | None = None) -> bytes:
    """Raises EOFError if the stream ends, OSError if it cannot be read, _Ended if there are more bytes than `most`."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    if most is not None and length > most:
        raise _Ended(_TOO_MUCH, is_certain=True)
    frame = stream.read(length)
    if len(frame) < length:
        raise EOFError
    return frame
