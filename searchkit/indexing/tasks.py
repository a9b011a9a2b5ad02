"""Files into an index, by worker processes: whatever a file is or does costs that file, and none beside it.

Workers do tasks: neighbouring files. Each reads, analyses and writes its files into a small index of its own, a part
(`worker.py`); the writer of the whole then absorbs the parts in order. So what is read never travels between processes,
only what an index remembers of each file (`messages.py`).

A task in which something goes wrong is cut where it went wrong: the files before and after are done anew, and the file
itself by itself, in a new process if the old one died. Only what it does there, alone, is held against it. So every
file is done twice at the most, whatever the files beside it do.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from searchkit.corpus.listing import content_digest
from searchkit.corpus.overrides import Stated
from searchkit.corpus.walk import CorpusFile, Skipped
from searchkit.engines.contract import Writer
from searchkit.errors import IndexDamaged, IndexUnusable, UsageError
from searchkit.indexing.budget import memory_for, seconds_for
from searchkit.indexing.changes import Entry, stated_digest
from searchkit.indexing.messages import Begun, Broken, Done, Failed, Outcome, Settings, Task, decode_answer, encode
from searchkit.indexing.messages import File as SentFile
from searchkit.indexing.worker import work
from searchkit.processes import OUT_OF_MEMORY, OUT_OF_TIME, Child

MAX_BYTES = 48 << 20
"""Bytes of files in a task, about."""
MAX_FILES = 50_000
"""Files in a task."""
MIN_FILES, MIN_BYTES = 8, 2 << 20
"""Fewer are not worth a second process (whose start takes a quarter of a second)."""

MAX_DEATHS = 20
"""So many workers may be ended from outside in a row, and"""
MAX_STARTS = 3
"""so many may end before they have begun with anything: then something is wrong that no file does."""

_PATIENCE = 3
"""A worker may wait, for the disk or another program, so many times as long as it may use the processor."""
_MAX_START_SECONDS = 60.0
"""Seconds until a worker has begun."""
_TICK, _MAX_TICK_LENGTH = 0.2, 1.0
"""Seconds after which the clocks are looked at; most that they go on at once: this process may have been stopped."""
_FROM_OUTSIDE = frozenset(
    -getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT") if hasattr(signal, name)
)
"""Exit codes of processes that somebody else ended: a person, or the system for lack of memory."""

File = tuple[CorpusFile, Stated]
"""A file and what metadata.csv states about it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How much a build has read, and of how much."""

    files: int
    all_files: int
    bytes: int
    all_bytes: int


Watch = Callable[[Progress], None]
"""Called again and again."""


@dataclass(slots=True)
class Indexed:
    """What was found out about files while they were indexed."""

    files: dict[str, Entry] = field(default_factory=dict)
    """By name."""
    warned: list[tuple[str, str]] = field(default_factory=list)
    """Document and warning: what could not be decided."""


class Workers:
    """The workers of a build. They start at once, to be ready when there is something to do. To be closed."""

    def __init__(self, files: Sequence[File], settings: Settings, jobs: int = 1) -> None:
        """Start them: up to `jobs`, no more than there is work for.

        Raises IndexUnusable if no process can be started.
        """
        self._files = files
        self._settings = encode(settings)
        shares = _shares(files, jobs)
        self._waiting = deque(shares)
        self._inbox: SimpleQueue[tuple[Child, bytes | None]] = SimpleQueue()
        self._workers: list[_Worker] = []
        self._outcomes: dict[int, Outcome] = {}
        self._parts: dict[int, Path] = {}
        """By the number of their first file."""
        self._numbered = 0
        self._starts = self._ended_outside = 0
        self._files_done: set[int] = set()
        self._bytes_done, self._all_bytes = 0, sum(found.stamp.size for found, _ in files)
        self._watch: Watch | None = None
        self._now = time.monotonic()
        try:
            for _ in range(min(jobs, len(shares))):
                self._workers.append(self._start())
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Workers:  # noqa: PYI034 - typing.Self is 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers, whatever they are doing."""
        for worker in self._workers:
            worker.child.ask_to_end()
        for worker in self._workers:
            worker.child.end()
        self._workers.clear()

    def index(self, writer: Writer, folder: Path, watch: Watch | None = None) -> Indexed:
        """Let them read the files and add their documents to a writer, in the order of the files.

        `folder`: that of the writer; `remove_parts` is to be called for it when the writer has committed. Raises
        UsageError if a data file cannot be used, IndexUnusable if workers end again and again, OSError if nothing more
        can be written.
        """
        self._watch, self._folder = watch, parts_folder(folder)
        self._folder.mkdir()
        self._now = time.monotonic()
        for worker in self._workers:
            self._assign(worker)
        try:
            while any(worker.run for worker in self._workers):
                self._turn()
        finally:
            self.close()  # before anybody removes the folder that they write to
        try:
            for _, part in sorted(self._parts.items()):
                writer.add_index(part)
        except IndexDamaged as error:
            raise IndexUnusable(f"a process that read files has left what cannot be used: {error}") from None
        indexed = Indexed()
        for n, (found, stated) in enumerate(self._files):
            outcome = self._outcomes[n]
            indexed.files[found.name] = _entry(found, stated, outcome)
            indexed.warned += outcome.warned
        return indexed

    def _turn(self) -> None:
        """Take a message if there is one, and see whether a worker is late."""
        with suppress(Empty):
            child, message = self._inbox.get(timeout=_TICK)
            for worker in [worker for worker in self._workers if worker.child is child]:
                self._hear(worker, message)
        now = time.monotonic()
        passed, self._now = min(now - self._now, _MAX_TICK_LENGTH), now
        for worker in self._workers:
            worker.seconds += passed
            limit = self._limit(worker, worker.run) if worker.run and not worker.fault else worker.seconds
            if worker.seconds > limit:
                worker.fault = _Cause(f"takes longer than {limit:.0f} s")
                worker.child.end()  # which is heard like any other end

    def _limit(self, worker: _Worker, run: _Run) -> float:
        """Seconds that a worker may take for what it is at."""
        return _MAX_START_SECONDS if worker.at is None else _PATIENCE * seconds_for(self._size(worker.begun(run)))

    def _hear(self, worker: _Worker, message: bytes | None) -> None:
        """Take what a worker says; None = it has ended."""
        run = worker.run
        if message is None:
            self._bury(worker)
            return
        if run is None or worker.fault:  # it is to end
            return
        try:
            said = decode_answer(message)
        except ValueError:
            said = None
        match said:
            case Begun(number) if 0 <= number <= run.last - run.first:
                self._advance(run.first, run.first + number)
                worker.at, worker.seconds = run.first + number, 0.0
                self._starts = 0
            case Done(outcomes) if len(outcomes) == run.last - run.first:
                self._outcomes.update(enumerate(outcomes, run.first))
                self._parts[run.first] = worker.folder
                self._advance(run.first, run.last)
                self._ended_outside = 0
                self._assign(worker)
            case Failed(number, reason) if number is None or 0 <= number < run.last - run.first:
                shutil.rmtree(worker.folder)
                at = None if number is None else run.first + number
                self._cut(run, at, _Cause(reason, is_certain=run.is_careful, is_mistake=True))
                self._assign(worker)
            case Broken(reason, is_usage):
                raise UsageError(reason) if is_usage else OSError(0, reason)
            case _:  # a reader has taken it over, or has written where it should not
                worker.fault = _Cause("the reader crashed (it said what makes no sense)")
                worker.child.end()  # which is heard like any other end

    def _bury(self, worker: _Worker) -> None:
        """Find out what a worker has ended of, and start another one. Raises IndexUnusable."""
        code = worker.child.exit_code()
        worker.child.end()
        self._workers.remove(worker)
        run = worker.run
        if run is None:
            return
        shutil.rmtree(worker.folder)
        cause = worker.fault or self._cause(worker, run, code)
        if worker.at is None:
            self._starts += 1
            self._waiting.appendleft(run)
        else:
            self._ended_outside += cause.is_from_outside
            self._cut(run, worker.at if worker.at < run.last else None, cause)
        if self._starts >= MAX_STARTS or self._ended_outside >= MAX_DEATHS:
            raise IndexUnusable(f"processes that read files end again and again: {cause.reason}")
        if self._waiting:
            self._workers.append(self._start())
            self._assign(self._workers[-1])

    def _cause(self, worker: _Worker, run: _Run, code: int | None) -> _Cause:
        """Say what a process ended of, by its exit code; None = it said its last without an end."""
        size = self._size(worker.begun(run))
        if code == OUT_OF_TIME:
            return _Cause(f"takes longer than {seconds_for(size)} s", is_certain=True)
        if code == OUT_OF_MEMORY:
            return _Cause(f"needs more than {memory_for(size) >> 20} MB of memory")
        if code is not None and code in _FROM_OUTSIDE:
            reason = f"the process that read it was ended from outside or for lack of memory (signal {-code})"
            return _Cause(reason, is_from_outside=True)
        how = "it said its last" if code is None else f"signal {-code}" if code < 0 else f"exit status {code}"
        return _Cause(f"the reader crashed ({how})")

    def _cut(self, run: _Run, at: int | None, cause: _Cause) -> None:
        """Do the files of a run anew in which something went wrong: at the file `at`, or nobody knows where.

        A file that did it alone, or certainly, is given up instead.
        """
        if at is None and run.last - run.first > 1:
            middle = (run.first + run.last) // 2
            self._waiting.extendleft((_Run(middle, run.last), _Run(run.first, middle)))
            return
        suspect = run.first if at is None else at
        is_alone = run.is_careful if cause.is_mistake else run.is_alone
        again = [
            _Run(run.first, suspect),
            _Run(
                suspect, suspect + (not cause.is_certain and not is_alone), is_alone=True, is_careful=cause.is_mistake
            ),
            _Run(suspect + 1, run.last),
        ]
        self._waiting.extendleft(part for part in reversed(again) if part.first < part.last)
        if again[1].first == again[1].last:
            self._give_up(suspect, cause)

    def _give_up(self, number: int, cause: _Cause) -> None:
        name = self._files[number][0].name
        reason = f"{cause.reason}: the next build tries again" if cause.is_from_outside else cause.reason
        self._outcomes[number] = Outcome("", skipped=(Skipped(name, reason),), is_settled=not cause.is_from_outside)
        self._advance(number, number + 1)

    def _assign(self, worker: _Worker) -> None:
        """Give a worker the next run, if there is one; by a new process if it is to be alone."""
        worker.run = worker.at = None
        if not self._waiting:
            return
        if self._waiting[0].is_alone and not worker.is_new:
            worker.child.end()
            worker.child = self._child()
        self._numbered += 1
        worker.run, worker.folder = self._waiting.popleft(), self._folder / f"{self._numbered:06d}"
        worker.is_new, worker.seconds = False, 0.0
        worker.folder.mkdir()
        files = [SentFile.of(found, stated) for found, stated in self._files[worker.run.first : worker.run.last]]
        folder = os.fsencode(worker.folder.absolute())  # the process is elsewhere
        worker.child.send(encode(Task(files, folder, worker.run.is_careful)))

    def _start(self) -> _Worker:
        return _Worker(self._child())

    def _child(self) -> Child:
        """Start a process. Raises IndexUnusable."""
        try:
            child = Child(work, self._inbox)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise IndexUnusable(f"no process can be started to read files: {reason}") from None
        child.send(self._settings)
        return child

    def _size(self, files: range) -> int:
        """Bytes of some files."""
        return sum(self._files[number][0].stamp.size for number in files)

    def _advance(self, first: int, last: int) -> None:
        """Tell of the files from `first` to before `last` that are done now for the first time."""
        for number in range(first, last):
            if number not in self._files_done:
                self._files_done.add(number)
                self._bytes_done += self._size(range(number, number + 1))
                if self._watch:
                    counts = len(self._files_done), len(self._files), self._bytes_done, self._all_bytes
                    self._watch(Progress(*counts))


def parts_folder(folder: Path) -> Path:
    """Where the parts are. Workers of a build that died may live a moment longer, and must not find theirs here."""
    return folder / f"parts-{os.getpid()}"


def remove_parts(folder: Path) -> None:
    """Remove the parts that workers have made in the folder of a writer. Raises OSError."""
    if parts_folder(folder).exists():  # not if documents were added that nobody had to read
        shutil.rmtree(parts_folder(folder))


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring files, by their numbers: from `first` to before `last`."""

    first: int
    last: int
    is_alone: bool = False
    """One file that something went wrong with: by itself, in a new process."""
    is_careful: bool = False
    """Its documents are to be tried out one by one."""


@dataclass(slots=True)
class _Worker:
    """What is known of a worker."""

    child: Child
    run: _Run | None = None
    """What it is doing; None = nothing."""
    at: int | None = None
    """The file that it is at, `run.last` when it writes the part; None = it has not begun."""
    seconds: float = 0.0
    """How long it has been at that."""
    folder: Path = Path()
    """Of the part."""
    is_new: bool = True
    """It has not done anything yet."""
    fault: _Cause | None = None
    """Why it was ended."""

    def begun(self, run: _Run) -> range:
        """Give the files that it is at: one, or all of the run."""
        is_at_one = self.at is not None and self.at < run.last
        return range(self.at or 0, (self.at or 0) + 1) if is_at_one else range(run.first, run.last)


@dataclass(frozen=True, slots=True)
class _Cause:
    """Why something went wrong."""

    reason: str
    """One line, about the file."""
    is_certain: bool = False
    """It is for the file at hand, whatever was done before."""
    is_from_outside: bool = False
    """It need not be for any file."""
    is_mistake: bool = False
    """It was an error of ours, and the process is well."""


def _shares(files: Sequence[File], jobs: int) -> list[_Run]:
    """Cut files into runs of about the same number of bytes: as many for each process, or one."""
    sizes = [found.stamp.size + 1 for found, _ in files]
    total = sum(sizes)
    if not files:
        return []
    if jobs == 1 or len(files) < MIN_FILES or total < MIN_BYTES:
        jobs = 1
    count = jobs * -(-total // (jobs * MAX_BYTES))
    starts: list[int] = []
    before = share = 0
    for number, size in enumerate(sizes):
        is_full = starts and number - starts[-1] == MAX_FILES
        if not starts or is_full or (before + size // 2) * count // total > share:  # where the middle of the file lies
            share = (before + size // 2) * count // total
            starts.append(number)
        before += size
    return [_Run(first, last) for first, last in zip(starts, [*starts[1:], len(files)], strict=True)]


def _entry(found: CorpusFile, stated: Stated, outcome: Outcome) -> Entry:
    """What an index remembers of a file."""
    counts = outcome.documents, outcome.paragraphs, outcome.measures
    digest = outcome.digest or content_digest(found)
    return Entry(
        found.stamp, digest, stated_digest(stated), *counts, outcome.facets, outcome.skipped, outcome.is_settled
    )
