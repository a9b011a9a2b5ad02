"""Files into an index: one after the other in this process, or cut into tasks for several.

A worker process makes a small index of its own, a part, of each of its tasks; the writer of the whole then absorbs the
parts in order. So what is read never travels between processes, only what an index remembers of each file. Each worker
has a connection to the process that started it and ends when that is closed, however its other end came to its end.
"""

from __future__ import annotations

import os
import shutil
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Thread, current_thread, main_thread
from typing import cast

from searchkit.analysis import Analyzer, Lexicon
from searchkit.corpus import DocumentRead, Found, Stated, Taxonomy, read_file
from searchkit.engines import Writer, open_writer
from searchkit.errors import IndexUnusable
from searchkit.indexing.changes import Entry
from searchkit.measures import Extractor
from searchkit.model import Document

MOST_BYTES = 48 << 20
"""Bytes of files in a task, about."""
FEWEST_FILES, FEWEST_BYTES = 8, 2 << 20
"""Fewer are not worth the start of a process (about half a second)."""

Progress = Callable[[int, int], None]
"""Called with the number of files done and of all to do, again and again."""
File = tuple[Found, Stated]
"""A file and what metadata.csv states about it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How files are indexed."""

    engine: str
    lexicon: Lexicon
    topics: Path | None = None
    """A taxonomy file instead of the one that comes with searchkit."""
    units: Path | None = None
    """A file of units of measures instead of the one that comes with searchkit,"""
    fixed_names: Path | None = None
    """and one of names with numbers that count nothing."""
    jobs: int = 1
    """Processes."""


@dataclass(slots=True)
class Indexed:
    """What was found out about files while they were indexed."""

    files: dict[str, Entry] = field(default_factory=dict)
    """By name."""
    warned: list[tuple[str, str]] = field(default_factory=list)
    """Document and warning: what could not be decided."""


@dataclass(frozen=True, slots=True)
class _Task:
    """Neighbouring files for one part."""

    files: Sequence[File]
    folder: Path
    """The folder of the part, there and empty."""
    settings: Settings


def index_files(
    files: Sequence[File], writer: Writer, folder: Path, settings: Settings, progress: Progress | None = None
) -> Indexed:
    """Read files and add their documents to a writer, in the order given.

    `folder`: the folder of the writer; `remove_parts` is to be called for it when the writer has committed. Raises
    UsageError if a data file cannot be used, IndexUnusable if a worker dies, OSError if nothing more can be written.
    """

    def advance(done: int) -> None:
        """Tell of files that are done."""
        if progress:
            progress(done, len(files))

    shares = _shares(files, settings.jobs)
    if len(shares) > 1:
        return _index_by_workers(_tasks(shares, _parts(folder), settings), writer, settings.jobs, advance)
    indexer = _Indexer(settings, writer)
    for done, file in enumerate(files, 1):
        indexer.index(file)
        advance(done)
    return indexer.indexed


def add(read: DocumentRead, writer: Writer, extractor: Extractor) -> Document:
    """Add a document to a writer, with the figures that it has or that are found; gives it with their number."""
    figures = extractor.figures(read.paragraphs) if read.figures is None else read.figures
    document = replace(read.document, measures=sum(map(len, figures)))
    writer.add(document, read.paragraphs, figures, read.file)
    return document


def remove_parts(folder: Path) -> None:
    """Remove the parts that `index_files` may have made in a folder. Raises OSError."""
    if _parts(folder).exists():
        shutil.rmtree(_parts(folder))


def _parts(folder: Path) -> Path:
    """Where the parts are. Workers of a build that died may live a moment longer, and must not find theirs here."""
    return folder / f"parts-{os.getpid()}"


class _Indexer:
    """Reads files and adds what they hold to a writer."""

    def __init__(self, settings: Settings, writer: Writer) -> None:
        """Load what is needed to read them. Raises UsageError."""
        self._taxonomy = Taxonomy.load(settings.topics)
        self._extractor = Extractor.load(settings.units, settings.fixed_names)
        self._writer = writer
        self.indexed = Indexed()

    def index(self, file: File) -> None:
        """Read a file and add its documents."""
        found, stated = file
        read = read_file(found, stated, self._taxonomy)
        measures = 0
        for item in read.documents:
            document = add(item, self._writer, self._extractor)
            measures += document.measures
            self.indexed.warned.extend((document.document, warning) for warning in document.warnings)
        self.indexed.files[found.name] = Entry.of(found, stated, read, measures)


def _shares(files: Sequence[File], jobs: int) -> list[Sequence[File]]:
    """Cut files into runs of about the same number of bytes: as many for each process, or one for this process."""
    sizes = [found.stamp.size + 1 for found, _ in files]
    total = sum(sizes)
    if jobs == 1 or len(files) < FEWEST_FILES or total < FEWEST_BYTES:
        return [files]
    count = jobs * -(-total // (jobs * MOST_BYTES))
    shares: list[list[File]] = [[] for _ in range(count)]
    before = 0
    for file, size in zip(files, sizes, strict=True):
        shares[(before + size // 2) * count // total].append(file)  # where the middle of the file lies
        before += size
    return [share for share in shares if share]


def _tasks(shares: Sequence[Sequence[File]], parts: Path, settings: Settings) -> list[_Task]:
    tasks = [_Task(share, parts / f"{n:04d}", settings) for n, share in enumerate(shares)]
    for task in tasks:
        task.folder.mkdir(parents=True)
    return tasks


def _index_by_workers(tasks: Sequence[_Task], writer: Writer, jobs: int, advance: Callable[[int], None]) -> Indexed:
    workers: list[_Worker] = []
    try:
        with _interrupts_ignored():
            workers.extend(_Worker(tasks[n::jobs]) for n in range(min(jobs, len(tasks))))
        for worker in workers:
            worker.begin()
        _wait(workers, advance)
    finally:
        for worker in workers:
            worker.end()
    whole = Indexed()
    for n, task in enumerate(tasks):
        part = workers[n % jobs].results[n // jobs]
        whole.files |= part.files
        whole.warned += part.warned
        writer.absorb(task.folder)
    return whole


class _Worker:
    """A process that does tasks, seen from the process that started it."""

    def __init__(self, tasks: Sequence[_Task]) -> None:
        """Start the process."""
        context = get_context("spawn")  # the only way that every system has, and safe among threads
        self.tasks = tasks
        self.results: list[Indexed] = []
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def begin(self) -> None:
        """Send the tasks. If the process is dead, that shows when it is to be heard."""
        with suppress(OSError):
            self.connection.send(self.tasks)

    def hear(self) -> int:
        """Take its next message: how many files are done since the last one. Raises what the worker raised."""
        try:
            message: int | Indexed | _Failure = self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            code = self._process.exitcode
            text = f"a process that was reading files died (exit code {code}), perhaps for lack of memory; try --jobs 1"
            raise IndexUnusable(text) from None
        if isinstance(message, _Failure):
            raise message.error from RuntimeError(message.trace)
        if isinstance(message, int):
            return message
        self.results.append(message)
        return 0

    @property
    def is_done(self) -> bool:
        """Whether all of its results are there."""
        return len(self.results) == len(self.tasks)

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self.connection.close()
        self._process.kill()
        self._process.join()


def _wait(workers: Sequence[_Worker], advance: Callable[[int], None]) -> None:
    """Hear the workers until all are done."""
    done = 0
    while busy := {worker.connection: worker for worker in workers if not worker.is_done}:
        heard = sum(busy[cast("Connection", connection)].hear() for connection in wait(list(busy)))
        if heard:
            done += heard
            advance(done)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Processes that are started meanwhile never hear of Ctrl-C: this process decides what it means for them."""
    if current_thread() is not main_thread():  # Python lets no other thread do this
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


@dataclass(frozen=True, slots=True)
class _Failure:
    """What a worker says instead of a result."""

    error: Exception
    trace: str


def _work(connection: Connection) -> None:
    """Do tasks in a process of its own: sends 1 for each file and `Indexed` for each task, or a `_Failure`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # once more for systems where it is not inherited
    try:
        tasks: Sequence[_Task] = connection.recv()
        Thread(target=_end_with, args=(connection,), daemon=True).start()
        for task in tasks:
            connection.send(_index_part(task, lambda: connection.send(1)))
    except Exception as error:  # noqa: BLE001 - it is raised on the other side
        with suppress(OSError):  # nobody there to hear of it
            connection.send(_Failure(error, traceback.format_exc()))


def _end_with(connection: Connection) -> None:
    """End this process at once when the other end of the connection is closed: nothing is sent to it any more."""
    with suppress(EOFError, OSError):
        connection.recv()
    os._exit(1)


def _index_part(task: _Task, advance: Callable[[], None]) -> Indexed:
    writer = open_writer(task.settings.engine, task.folder, Analyzer(task.settings.lexicon))
    try:
        indexer = _Indexer(task.settings, writer)
        for file in task.files:
            indexer.index(file)
            advance()
    except BaseException:
        writer.abandon()
        raise
    writer.commit()
    return indexer.indexed
