"""Files into an index: one after the other in this process, or cut into tasks for several.

A worker process makes a small index of its own, a part, of each of its tasks; the writer of the whole then absorbs the
parts in order. So what is read never travels between processes, only what an index remembers of each file. Each worker
has a connection to the process that started it and ends when that is closed, however its other end came to its end.
Where a worker dies, the file that it was reading is given up and a new one does the task without it.
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
from threading import current_thread, main_thread
from typing import cast

from searchkit.analysis import Analyzer, Lexicon
from searchkit.corpus import (
    DocumentRead,
    FileRead,
    Found,
    ReaderProcess,
    Skipped,
    Stated,
    Taxonomy,
    content_digest,
    read_file,
)
from searchkit.corpus.isolation import crashed, end_with, unforeseen
from searchkit.engines import Writer, open_writer
from searchkit.errors import IndexUnusable
from searchkit.indexing.changes import Entry
from searchkit.measures import Extractor
from searchkit.model import Document

MOST_BYTES = 48 << 20
"""Bytes of files in a task, about."""
FEWEST_FILES, FEWEST_BYTES = 8, 2 << 20
"""Fewer are not worth the start of a process (about half a second)."""

MOST_DEATHS = 20
"""As often a worker may die of a file, or once of anything else: then it is not for the files."""

File = tuple[Found, Stated]
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
    files: Sequence[File], writer: Writer, folder: Path, settings: Settings, watch: Watch | None = None
) -> Indexed:
    """Read files and add their documents to a writer, in the order given.

    `folder`: the folder of the writer; `remove_parts` is to be called for it when the writer has committed. Raises
    UsageError if a data file cannot be used, IndexUnusable if workers die again and again, OSError if nothing more can
    be written.
    """
    done = Progress(0, len(files), 0, sum(found.stamp.size for found, _ in files))

    def advance(file: File) -> None:
        """Tell of a file that is done."""
        nonlocal done
        done = replace(done, files=done.files + 1, bytes=done.bytes + file[0].stamp.size)
        if watch:
            watch(done)

    shares = _shares(files, settings.jobs)
    if len(shares) > 1:
        return _index_by_workers(_tasks(shares, _parts(folder), settings), writer, settings.jobs, advance)
    with ReaderProcess() as foreign_reader:
        indexer = _Indexer(settings, writer, foreign_reader)
        for file in files:
            indexer.index(file)
            advance(file)
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

    def __init__(self, settings: Settings, writer: Writer, foreign_reader: ReaderProcess) -> None:
        """Load what is needed to read them. Raises UsageError."""
        self._taxonomy = Taxonomy.load(settings.topics)
        self._extractor = Extractor.load(settings.units, settings.fixed_names)
        self._writer = writer
        self._foreign_reader = foreign_reader
        self.indexed = Indexed()

    def index(self, file: File) -> None:
        """Read a file and add its documents."""
        found, stated = file
        read = self._with_figures(found, read_file(found, stated, self._taxonomy, self._foreign_reader))
        measures = 0
        for item in read.documents:
            document = add(item, self._writer, self._extractor)
            measures += document.measures
            self.indexed.warned.extend((document.document, warning) for warning in document.warnings)
        self.indexed.files[found.name] = Entry.of(found, stated, read, measures)

    def _with_figures(self, found: Found, read: FileRead) -> FileRead:
        """Find the figures, all before a document is added: a mistake of ours costs the whole file and no other."""
        try:
            figures = [self._extractor.figures(item.paragraphs) for item in read.documents]
        except Exception as error:  # noqa: BLE001 - as above
            return FileRead(read.digest, skipped=(Skipped(found.name, unforeseen(error)),))
        documents = (replace(item, figures=own) for item, own in zip(read.documents, figures, strict=True))
        return replace(read, documents=tuple(documents))


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


def _index_by_workers(tasks: Sequence[_Task], writer: Writer, jobs: int, advance: Callable[[File], None]) -> Indexed:
    workers: list[_Worker] = []
    try:
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

    connection: Connection

    def __init__(self, tasks: Sequence[_Task]) -> None:
        """Start the process."""
        self.results: list[Indexed] = []
        """Of the tasks that are done."""
        self._tasks = [*tasks]
        self._lost: list[tuple[File, str]] = []
        """Files of the task at hand that ended the process that read them, and how."""
        self._deaths = 0
        self._at: int | None = None
        """Which file of the task is being read; None before the first."""
        self._told = 0
        """Of how many files of the task it was told that they are done."""
        self._has_ended = False
        self._start()

    def _start(self) -> None:
        context = get_context("spawn")  # the only way that every system has, and safe among threads
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        with _interrupts_ignored():
            self._process.start()
        theirs.close()
        self._at = None

    def begin(self) -> None:
        """Send the tasks that are not done. If the process is dead, that shows when it is to be heard."""
        with suppress(OSError):
            self.connection.send(self._tasks[len(self.results) :])

    def hear(self, advance: Callable[[File], None]) -> None:
        """Take its next message; `advance` is told of a file that is done. Raises what the worker raised."""
        try:
            message: int | Indexed | _Failure | None = self.connection.recv()
        except (EOFError, OSError):
            self._go_on(advance)
            return
        if isinstance(message, _Failure):
            raise message.error from RuntimeError(message.trace)
        if isinstance(message, int):
            self._at = message
            if message > self._told:
                self._told = message
                advance(self._task.files[message - 1])
        elif message is None:
            self._has_ended = True
        else:
            message.files.update(_given_up(file, how) for file, how in self._lost)
            self.results.append(message)
            self._lost, self._at, self._told = [], None, 0

    @property
    def is_done(self) -> bool:
        """Whether all of its results are there and it has ended what it had started."""
        return self._has_ended

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self.connection.close()
        self._process.kill()
        self._process.join()

    @property
    def _task(self) -> _Task:
        return self._tasks[len(self.results)]

    def _go_on(self, advance: Callable[[File], None]) -> None:
        """Start another process, to do its task again without the file that it died of. Raises IndexUnusable."""
        self.end()
        if len(self.results) == len(self._tasks):
            self._has_ended = True
            return
        task, how = self._task, crashed(self._process.exitcode)
        is_reading = self._at is not None and self._at < len(task.files)
        self._deaths += 1 if is_reading else MOST_DEATHS
        if self._deaths > MOST_DEATHS:
            raise IndexUnusable(
                f"a process that was to read files died: {how}, perhaps for lack of memory; try --jobs 1"
            )
        if is_reading:
            file = task.files[self._at or 0]
            self._lost.append((file, how))
            self._tasks[len(self.results)] = replace(task, files=[other for other in task.files if other is not file])
            advance(file)
        shutil.rmtree(task.folder)
        task.folder.mkdir()
        self._start()
        self.begin()


def _given_up(file: File, how: str) -> tuple[str, Entry]:
    """What an index remembers of a file that ended the process that read it."""
    found, stated = file
    return found.name, Entry.of(found, stated, FileRead(content_digest(found), skipped=(Skipped(found.name, how),)), 0)


def _wait(workers: Sequence[_Worker], advance: Callable[[File], None]) -> None:
    """Hear the workers until all are done."""
    while busy := {worker.connection: worker for worker in workers if not worker.is_done}:
        for connection in wait(list(busy)):
            busy[cast("Connection", connection)].hear(advance)


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
    """Do tasks in a process of its own.

    Sends how many files of a task are done, from 0; `Indexed` when the task is; None at the end. Or a `_Failure`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # once more for systems where it is not inherited
    try:
        tasks: Sequence[_Task] = connection.recv()
        end_with(connection.recv)  # nothing is sent to it any more
        with ReaderProcess() as foreign_reader:
            for task in tasks:
                connection.send(_index_part(task, foreign_reader, connection.send))
        connection.send(None)
    except Exception as error:  # noqa: BLE001 - it is raised on the other side
        with suppress(OSError):  # nobody there to hear of it
            connection.send(_Failure(error, traceback.format_exc()))


def _index_part(task: _Task, foreign_reader: ReaderProcess, tell: Callable[[int], None]) -> Indexed:
    writer = open_writer(task.settings.engine, task.folder, Analyzer(task.settings.lexicon))
    try:
        indexer = _Indexer(task.settings, writer, foreign_reader)
        tell(0)
        for done, file in enumerate(task.files, 1):
            indexer.index(file)
            tell(done)
    except BaseException:
        writer.abandon()
        raise
    writer.commit()
    return indexer.indexed
