"""Indexes files in worker processes. A file that cannot be read is skipped; all other files are indexed.

Workers run tasks, which are consecutive files. A worker reads, analyses and writes the files of a task into a small
index, a part (`worker.py`). The writer of the index then adds the parts in order. So documents never travel between
processes, only the entries that the index keeps of its files (`messages.py`).

A batch of files that fails is split at the file where it failed: the files before and after it are indexed again, and
the file itself is retried alone, in a new process if the old one died. It is skipped if the retry fails too, or without
a retry if it exceeds its CPU time. So a reader that fails never causes another file to be read more than twice.
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
from searchkit.corpus.overrides import StatedMetadata
from searchkit.corpus.walk import CorpusFile, Skipped
from searchkit.engines.contract import Writer
from searchkit.errors import IndexDamaged, IndexUnusable, UsageError
from searchkit.indexing.budget import memory_for, seconds_for
from searchkit.indexing.changes import FileEntry, digest_metadata
from searchkit.indexing.messages import (
    BuildFailed,
    FileOutcome,
    Settings,
    StepStarted,
    Task,
    TaskDone,
    TaskFailed,
    TaskFile,
    decode_worker_message,
    encode_message,
)
from searchkit.indexing.worker import run_worker
from searchkit.processes import OUT_OF_MEMORY, OUT_OF_TIME, Child

MAX_TASK_BYTES = 48 << 20
"""Approximate maximum of the bytes of the files in a task."""
MAX_TASK_FILES = 50_000
"""Maximum number of files in a task."""
MIN_PARALLEL_FILES, MIN_PARALLEL_BYTES = 8, 2 << 20
"""Fewer files or bytes are read by one process: to start another one takes a quarter of a second."""

MAX_EXTERNAL_KILLS = 20
"""The build fails when this many workers are killed from outside and none completes a task in between."""
MAX_FAILED_STARTS = 3
"""The build fails when this many workers in a row die before they start a file: no file can be the cause."""

_WALL_TIME_FACTOR = 3
"""Wall time allowed per second of CPU time. A worker may wait for the disk or for other programs."""
_MAX_START_SECONDS = 60.0
"""Wall time allowed until a worker starts its first file."""
_POLL_SECONDS, _MAX_POLL_SECONDS = 0.2, 1.0
"""Interval of the timeout checks, and the most that one interval counts: this process may have been suspended."""
_EXTERNAL_EXIT_CODES = frozenset(
    -getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT") if hasattr(signal, name)
)
"""Exit codes of processes that were ended from outside: by a person, or by the system when memory is short."""

InputFile = tuple[CorpusFile, StatedMetadata]
"""A corpus file and the metadata that metadata.csv states for it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Number of files and bytes that a build has read so far, and in total."""

    files: int
    all_files: int
    bytes: int
    all_bytes: int


ProgressCallback = Callable[[Progress], None]
"""Called after each file."""


@dataclass(slots=True)
class IndexingResult:
    """Results of indexing files."""

    entries: dict[str, FileEntry] = field(default_factory=dict)
    """Entries by file name."""
    warnings: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of a document and a fact about it that could not be decided."""


class WorkerPool:
    """The worker processes of a build. They start at once, to be ready when they get their tasks. Must be closed."""

    def __init__(self, files: Sequence[InputFile], settings: Settings, jobs: int = 1) -> None:
        """Start up to `jobs` workers, at most one per batch of files.

        Raises IndexUnusable if no process can be started.
        """
        self._files = files
        self._settings = encode_message(settings)
        batches = _split_into_batches(files, jobs)
        self._queue = deque(batches)
        self._inbox: SimpleQueue[tuple[Child, bytes | None]] = SimpleQueue()
        self._workers: list[_Worker] = []
        self._outcomes: dict[int, FileOutcome] = {}
        self._parts: dict[int, Path] = {}
        """Folders of complete parts by the index of their first file."""
        self._part_count = 0
        self._failed_starts = self._external_kills = 0
        self._files_done: set[int] = set()
        self._bytes_done, self._all_bytes = 0, sum(file.stamp.size for file, _ in files)
        self._on_progress: ProgressCallback | None = None
        self._now = time.monotonic()
        try:
            for _ in range(min(jobs, len(batches))):
                self._workers.append(self._start_worker())
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> WorkerPool:  # noqa: PYI034 - typing.Self is 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all workers, whatever they are doing."""
        for worker in self._workers:
            worker.child.request_exit()
        for worker in self._workers:
            worker.child.end()
        self._workers.clear()

    def index(self, writer: Writer, folder: Path, on_progress: ProgressCallback | None = None) -> IndexingResult:
        """Have the workers read all files, and add their documents to a writer in the order of the files.

        `folder`: the folder of the writer; call `remove_parts` for it after the writer has committed. Raises UsageError
        if a data file cannot be used, IndexUnusable if workers die repeatedly, OSError if the disk cannot be written.
        """
        self._on_progress, self._folder = on_progress, parts_folder(folder)
        self._folder.mkdir()
        self._now = time.monotonic()
        for worker in self._workers:
            self._assign(worker)
        try:
            while any(worker.batch for worker in self._workers):
                self._poll()
        finally:
            self.close()  # before the caller removes the folder that the workers write to
        try:
            for _, part in sorted(self._parts.items()):
                writer.add_index(part)
        except IndexDamaged as error:
            raise IndexUnusable(f"a worker process has written an unusable index: {error}") from None
        result = IndexingResult()
        for index, (file, metadata) in enumerate(self._files):
            outcome = self._outcomes[index]
            result.entries[file.name] = _file_entry(file, metadata, outcome)
            result.warnings += outcome.warnings
        return result

    def _poll(self) -> None:
        """Handle at most one message, and end the workers that have exceeded their time limit."""
        with suppress(Empty):
            child, message = self._inbox.get(timeout=_POLL_SECONDS)
            for worker in [worker for worker in self._workers if worker.child is child]:
                self._handle_message(worker, message)
        now = time.monotonic()
        elapsed, self._now = min(now - self._now, _MAX_POLL_SECONDS), now
        for worker in self._workers:
            worker.seconds += elapsed
            limit = self._time_limit(worker, worker.batch) if worker.batch and not worker.failure else worker.seconds
            if worker.seconds > limit:
                worker.failure = _Failure(f"takes longer than {limit:.0f} s")
                worker.child.end()  # the inbox then receives its end

    def _time_limit(self, worker: _Worker, batch: _Batch) -> float:
        """Return the wall seconds allowed for the current step of a worker."""
        if worker.step is None:
            return _MAX_START_SECONDS
        return _WALL_TIME_FACTOR * seconds_for(self._total_bytes(worker.current_files(batch)))

    def _handle_message(self, worker: _Worker, message: bytes | None) -> None:
        """Handle a message from a worker. None means that the worker has ended."""
        batch = worker.batch
        if message is None:
            self._handle_exit(worker)
            return
        if batch is None or worker.failure:  # it is about to end
            return
        try:
            decoded = decode_worker_message(message)
        except ValueError:
            decoded = None
        match decoded:
            case StepStarted(step) if 0 <= step <= batch.stop - batch.start:
                self._mark_done(batch.start, batch.start + step)
                worker.step, worker.seconds = batch.start + step, 0.0
                self._failed_starts = 0
            case TaskDone(outcomes) if len(outcomes) == batch.stop - batch.start:
                self._outcomes.update(enumerate(outcomes, batch.start))
                self._parts[batch.start] = worker.folder
                self._mark_done(batch.start, batch.stop)
                self._external_kills = 0
                self._assign(worker)
            case TaskFailed(file, reason) if file is None or 0 <= file < batch.stop - batch.start:
                shutil.rmtree(worker.folder)
                suspect = None if file is None else batch.start + file
                self._requeue(batch, suspect, _Failure(reason, is_conclusive=batch.is_careful, is_exception=True))
                self._assign(worker)
            case BuildFailed(reason, is_usage_error):
                raise UsageError(reason) if is_usage_error else OSError(0, reason)
            case _:  # a reader has taken over the process, or has written to the pipe
                worker.failure = _Failure("the reader crashed (its process sent an invalid message)")
                worker.child.end()  # the inbox then receives its end

    def _handle_exit(self, worker: _Worker) -> None:
        """Put the files of a worker that has ended back into the queue, and replace it. Raises IndexUnusable."""
        code = worker.child.wait_for_exit()
        worker.child.end()
        self._workers.remove(worker)
        batch = worker.batch
        if batch is None:
            return
        shutil.rmtree(worker.folder)
        failure = worker.failure or self._diagnose(worker, batch, code)
        if worker.step is None:
            self._failed_starts += 1
            self._queue.appendleft(batch)
        else:
            self._external_kills += failure.is_external
            self._requeue(batch, worker.step if worker.step < batch.stop else None, failure)
        if self._failed_starts >= MAX_FAILED_STARTS or self._external_kills >= MAX_EXTERNAL_KILLS:
            raise IndexUnusable(f"worker processes die repeatedly: {failure.reason}")
        if self._queue:
            self._workers.append(self._start_worker())
            self._assign(self._workers[-1])

    def _diagnose(self, worker: _Worker, batch: _Batch, code: int | None) -> _Failure:
        """Derive the cause from the exit code of a worker. None means that it closed its pipe and did not end."""
        size = self._total_bytes(worker.current_files(batch))
        if code == OUT_OF_TIME:
            return _Failure(f"takes longer than {seconds_for(size)} s", is_conclusive=True)
        if code == OUT_OF_MEMORY:
            return _Failure(f"needs more than {memory_for(size) >> 20} MB of memory")
        if code is not None and code in _EXTERNAL_EXIT_CODES:
            reason = f"the process that read it was ended from outside or for lack of memory (signal {-code})"
            return _Failure(reason, is_external=True)
        how = (
            "its process closed the pipe" if code is None else f"signal {-code}" if code < 0 else f"exit status {code}"
        )
        return _Failure(f"the reader crashed ({how})")

    def _requeue(self, batch: _Batch, suspect: int | None, failure: _Failure) -> None:
        """Put the files of a failed batch back into the queue, split at the file `suspect`, or halved if it is None.

        If the suspect failed alone, or if the failure is conclusive, it is skipped instead.
        """
        if suspect is None and batch.stop - batch.start > 1:
            middle = (batch.start + batch.stop) // 2
            self._queue.extendleft((_Batch(middle, batch.stop), _Batch(batch.start, middle)))
            return
        suspect = batch.start if suspect is None else suspect
        was_alone = batch.is_careful if failure.is_exception else batch.is_alone
        batches = [
            _Batch(batch.start, suspect),
            _Batch(
                suspect,
                suspect + (not failure.is_conclusive and not was_alone),
                is_alone=True,
                is_careful=failure.is_exception,
            ),
            _Batch(suspect + 1, batch.stop),
        ]
        self._queue.extendleft(part for part in reversed(batches) if part.start < part.stop)
        if batches[1].start == batches[1].stop:
            self._skip(suspect, failure)

    def _skip(self, index: int, failure: _Failure) -> None:
        name = self._files[index][0].name
        reason = f"{failure.reason}: the next build tries again" if failure.is_external else failure.reason
        self._outcomes[index] = FileOutcome("", skipped=(Skipped(name, reason),), is_final=not failure.is_external)
        self._mark_done(index, index + 1)

    def _assign(self, worker: _Worker) -> None:
        """Send a worker the next batch, if there is one. A file that is retried alone gets a new process."""
        worker.batch = worker.step = None
        if not self._queue:
            return
        if self._queue[0].is_alone and not worker.is_new:
            worker.child.end()
            worker.child = self._start_process()
        self._part_count += 1
        worker.batch, worker.folder = self._queue.popleft(), self._folder / f"{self._part_count:06d}"
        worker.is_new, worker.seconds = False, 0.0
        worker.folder.mkdir()
        files = [
            TaskFile.pack(file, metadata) for file, metadata in self._files[worker.batch.start : worker.batch.stop]
        ]
        folder = os.fsencode(worker.folder.absolute())  # the working directory of the worker is another one
        worker.child.send(encode_message(Task(files, folder, worker.batch.is_careful)))

    def _start_worker(self) -> _Worker:
        return _Worker(self._start_process())

    def _start_process(self) -> Child:
        """Start a process and send it the settings. Raises IndexUnusable."""
        try:
            child = Child(run_worker, self._inbox)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise IndexUnusable(f"no process can be started to read files: {reason}") from None
        child.send(self._settings)
        return child

    def _total_bytes(self, indexes: range) -> int:
        """Return the total size of a range of files in bytes."""
        return sum(self._files[index][0].stamp.size for index in indexes)

    def _mark_done(self, start: int, stop: int) -> None:
        """Report progress for each file from `start` to `stop`, exclusive, that has not been reported yet."""
        for index in range(start, stop):
            if index not in self._files_done:
                self._files_done.add(index)
                self._bytes_done += self._total_bytes(range(index, index + 1))
                if self._on_progress:
                    counts = len(self._files_done), len(self._files), self._bytes_done, self._all_bytes
                    self._on_progress(Progress(*counts))


def parts_folder(folder: Path) -> Path:
    """Return the folder of the parts. It is named after this process: workers of a dead build may outlive it."""
    return folder / f"parts-{os.getpid()}"


def remove_parts(folder: Path) -> None:
    """Remove the parts from the folder of a writer. Raises OSError."""
    if parts_folder(folder).exists():  # there are none if the documents did not come from workers
        shutil.rmtree(parts_folder(folder))


@dataclass(frozen=True, slots=True)
class _Batch:
    """Consecutive files, by index: from `start` to `stop`, exclusive."""

    start: int
    stop: int
    is_alone: bool = False
    """The batch is the retry of one file, in a new process."""
    is_careful: bool = False
    """The documents of the file are tried out to find those that cannot be written."""


@dataclass(slots=True)
class _Worker:
    """A worker process and its current work."""

    child: Child
    batch: _Batch | None = None
    """Current batch. None if the worker is idle."""
    step: int | None = None
    """Index of the current file; `batch.stop` while the part is written. None if the worker has not started."""
    seconds: float = 0.0
    """Wall time spent on the current step."""
    folder: Path = Path()
    """Folder of the current part."""
    is_new: bool = True
    """Whether the process has not been given any batch."""
    failure: _Failure | None = None
    """Why the build ended the worker."""

    def current_files(self, batch: _Batch) -> range:
        """Return the indexes of the files that the current step is about: one file, or all of the batch."""
        is_at_file = self.step is not None and self.step < batch.stop
        return range(self.step or 0, (self.step or 0) + 1) if is_at_file else range(batch.start, batch.stop)


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a batch failed."""

    reason: str
    """One line about the file."""
    is_conclusive: bool = False
    """Whether the current file is the cause, whatever was read before it."""
    is_external: bool = False
    """Whether the process was ended from outside, so that no file need be the cause."""
    is_exception: bool = False
    """Whether a bug in searchkit raised an exception. The process can still be used."""


def _split_into_batches(files: Sequence[InputFile], jobs: int) -> list[_Batch]:
    """Split files into batches of about equal size in bytes.

    Aims at the same number of batches for each of `jobs` workers, or at batches for one worker if there are few files.
    """
    sizes = [file.stamp.size + 1 for file, _ in files]
    total = sum(sizes)
    if not files:
        return []
    if jobs == 1 or len(files) < MIN_PARALLEL_FILES or total < MIN_PARALLEL_BYTES:
        jobs = 1
    count = jobs * -(-total // (jobs * MAX_TASK_BYTES))
    starts: list[int] = []
    before = batch = 0
    for index, size in enumerate(sizes):
        is_full = starts and index - starts[-1] == MAX_TASK_FILES
        if not starts or is_full or (before + size // 2) * count // total > batch:  # decided by the middle of the file
            batch = (before + size // 2) * count // total
            starts.append(index)
        before += size
    return [_Batch(start, stop) for start, stop in zip(starts, [*starts[1:], len(files)], strict=True)]


def _file_entry(file: CorpusFile, metadata: StatedMetadata, outcome: FileOutcome) -> FileEntry:
    """Return the entry that the index keeps of a file."""
    counts = outcome.documents, outcome.paragraphs, outcome.measures
    digest = outcome.digest or content_digest(file)
    return FileEntry(
        file.stamp, digest, digest_metadata(metadata), *counts, outcome.facets, outcome.skipped, outcome.is_final
    )
