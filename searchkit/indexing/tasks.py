"""Indexes files in worker processes. A file that cannot be read is skipped; all other files are indexed.

The files are divided into batches of consecutive files. A worker gets a batch as a task, reads and analyses the files,
and writes their documents into a small index, a part (`worker.py`). The writer of the index then adds the parts in
order. So processes do not exchange documents, only the entries that the index stores about its files (`messages.py`).

If there are several workers, a large file of records is divided into shares of its lines, one batch each, so that all
workers read it. If a share fails, the other shares are dropped, and the file is retried in one piece.

If a batch fails, it is split at the file that was being read, the suspect. The files before and after the suspect
become new batches. The suspect is retried alone in a new process, and skipped if the retry fails, too. If the first
attempt crashed and the retry raises an exception, there is a second retry. A suspect that exceeds its CPU time is
skipped without a retry. So a good file is read at most twice, if workers fail only while they read a bad file.
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
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue

from searchkit.corpus.formats.registry import WHOLE, Share, can_stream
from searchkit.corpus.listing import MAX_FACETS, MAX_LISTED_PROBLEMS, content_digest
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
"""Approximate maximum number of bytes of the files in a task, or of the share of a file. A larger file that is not
divided into shares exceeds it."""
MAX_TASK_FILES = 50_000
"""Maximum number of files in a task."""
MIN_PARALLEL_FILES, MIN_PARALLEL_BYTES = 8, 2 << 20
"""Fewer files, or fewer bytes, are split as for one worker, because starting a process takes a quarter of a second."""

MIN_SHARED_BYTES = 2 << 20
"""A smaller file of records is not divided into shares."""

MAX_EXTERNAL_KILLS = 20
"""The build fails when this many workers have been killed from outside after they started a file, and none has
completed a task in between."""
MAX_FAILED_STARTS = 3
"""The build fails when this many workers die before they start a file of their batch, and no other worker starts one in
between. No file can be the cause."""

_WALL_TIME_FACTOR = 3
"""Wall seconds allowed per second of the CPU time limit. A worker may wait for the disk or for other programs."""
_MAX_START_SECONDS = 60.0
"""Wall seconds allowed until a worker starts the first file of a batch."""
_POLL_SECONDS, _MAX_POLL_SECONDS = 0.2, 1.0
"""Seconds to wait for a message before the time limits are checked, and maximum number of seconds that count between
two checks. More time passes between them if the system suspends this process."""
_EXTERNAL_EXIT_CODES = frozenset(
    -getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT") if hasattr(signal, name)
)
"""Exit codes of processes that were killed from outside: by a user, or by the system when memory is short."""

InputFile = tuple[CorpusFile, StatedMetadata]
"""A corpus file and the metadata that metadata.csv states for it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Number of files and bytes that a build has read so far, and that it has to read in total."""

    files: int
    all_files: int
    bytes: int
    all_bytes: int


ProgressCallback = Callable[[Progress], None]
"""Called after each file."""


@dataclass(slots=True)
class IndexingResult:
    """Result of indexing files."""

    entries: dict[str, FileEntry] = field(default_factory=dict)
    """Entries by file name."""
    warnings: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of a document and a fact about it that could not be decided."""


class WorkerPool:
    """The worker processes of a build. Use it as a context manager, or `close` it."""

    def __init__(self, files: Sequence[InputFile], settings: Settings, jobs: int = 1) -> None:
        """Start up to `jobs` workers, at most one per batch of files.

        The workers load their modules and settings, and wait for batches from `index`. Raises IndexUnusable if a
        process cannot be started.
        """
        self._files = files
        self._settings = encode_message(settings)
        batches = _split_into_batches(files, jobs)
        self._queue = deque(batches)
        """Batches that no worker has yet."""
        self._inbox: SimpleQueue[tuple[Child, bytes | None]] = SimpleQueue()
        """Messages of the workers; None for a worker that has ended."""
        self._workers: list[_Worker] = []
        self._outcomes: dict[int, FileOutcome] = {}
        """Results by the index of the file."""
        self._shares: dict[int, dict[int, FileOutcome]] = {batch.start: {} for batch in batches if batch.share != WHOLE}
        """Results of complete shares by the index of the file, then of the share. Only for files with several shares of
        which none has failed."""
        self._parts: dict[tuple[int, int], Path] = {}
        """Folders of complete parts by the index of their first file, and of the share of the file."""
        self._part_count = 0
        """Number of folders of parts created so far."""
        self._failed_starts = self._external_kills = 0
        """Counted for `MAX_FAILED_STARTS` and `MAX_EXTERNAL_KILLS`."""
        self._files_done: set[int] = set()
        """Indices of the files for which progress was reported."""
        self._bytes_done, self._all_bytes = 0, sum(file.stamp.size for file, _ in files)
        self._on_progress: ProgressCallback | None = None
        self._now = time.monotonic()
        """Time of the last check of the time limits."""
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
        """End all workers, also in the middle of a file."""
        for worker in self._workers:
            worker.child.request_exit()
        for worker in self._workers:
            worker.child.end()
        self._workers.clear()

    def index(self, writer: Writer, folder: Path, on_progress: ProgressCallback | None = None) -> IndexingResult:
        """Let the workers index all files, and add the parts to a writer in the order of the files.

        `folder`: the folder of the writer. Call `remove_parts` for this folder after the writer has committed. Raises
        UsageError if a data file cannot be used, IndexUnusable if workers die repeatedly, cannot be started or write an
        unusable part, OSError if the disk cannot be written.
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
        return self._collect_outcomes()

    def _collect_outcomes(self) -> IndexingResult:
        """Return the entries and warnings of all files."""
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
            # No worker has the child any more if `_assign` has replaced the child.
            for worker in [worker for worker in self._workers if worker.child is child]:
                self._handle_message(worker, message)
        now = time.monotonic()
        elapsed, self._now = min(now - self._now, _MAX_POLL_SECONDS), now
        for worker in self._workers:
            worker.seconds += elapsed
            # An idle worker, and one that is being ended, has no limit.
            limit = self._time_limit(worker, worker.batch) if worker.batch and not worker.failure else worker.seconds
            if worker.seconds > limit:
                worker.failure = _Failure(f"takes longer than {limit:.0f} s")
                worker.child.end()  # puts None into the inbox

    def _time_limit(self, worker: _Worker, batch: _Batch) -> float:
        """Return the wall seconds allowed for the current step of a worker."""
        if worker.step is None:
            return _MAX_START_SECONDS
        return _WALL_TIME_FACTOR * seconds_for(self._total_bytes(worker.current_files(batch)))

    def _handle_message(self, worker: _Worker, message: bytes | None) -> None:
        """Handle a message from a worker. None means that the worker has ended."""
        if message is None:
            self._handle_exit(worker)
        elif worker.batch is not None and not worker.failure:  # an idle worker, or one being ended, only exits
            try:
                decoded = decode_worker_message(message)
            except ValueError:
                decoded = None
            self._handle_progress(worker, worker.batch, decoded)

    def _handle_progress(
        self, worker: _Worker, batch: _Batch, message: StepStarted | TaskDone | TaskFailed | BuildFailed | None
    ) -> None:
        """Handle a message about a batch. `message` is None if the message was invalid."""
        match message:
            case StepStarted(step) if 0 <= step <= batch.stop - batch.start:
                if batch.share == WHOLE:
                    self._mark_done(batch.start, batch.start + step)
                worker.step, worker.seconds = batch.start + step, 0.0
                self._failed_starts = 0
            case TaskDone(outcomes) if len(outcomes) == batch.stop - batch.start:
                self._external_kills = 0
                if batch.share == WHOLE:
                    self._outcomes.update(enumerate(outcomes, batch.start))
                    self._parts[batch.start, 0] = worker.folder
                    self._mark_done(batch.start, batch.stop)
                else:
                    self._add_share(batch, outcomes[0], worker.folder)
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
                worker.child.end()  # puts None into the inbox

    def _add_share(self, batch: _Batch, outcome: FileOutcome, part: Path) -> None:
        """Add the result of a share. After the last share of the file, add the result of the file.

        If the results of the shares cannot be joined, puts the file into the queue in one piece.
        """
        index = batch.start
        if index not in self._shares:  # another share has failed
            shutil.rmtree(part)
            return
        outcomes = self._shares[index]
        outcomes[batch.share.index], self._parts[index, batch.share.index] = outcome, part
        if len(outcomes) < batch.share.count:
            return
        joined = _join_outcomes([outcome for _, outcome in sorted(outcomes.items())])
        if joined is None:
            self._drop_shares(index)
            self._queue.appendleft(_Batch(index, index + 1))
        else:
            self._outcomes[index] = joined
            self._mark_done(index, index + 1)

    def _drop_shares(self, index: int) -> None:
        """Drop the results of the shares of a file, and the shares that no worker has yet."""
        del self._shares[index]
        self._queue = deque(batch for batch in self._queue if batch.start != index)
        for key in [key for key in self._parts if key[0] == index]:
            shutil.rmtree(self._parts.pop(key))

    def _handle_exit(self, worker: _Worker) -> None:
        """Put the batch of a worker that has ended back into the queue, and replace the worker if there are batches.

        If the worker had not started a file, the complete batch is put back. Otherwise, it is split at the file that
        was being read (`_requeue`). A share is not put back if another share of its file has failed. An idle worker is
        only removed. Raises IndexUnusable if too many workers have died, or if no process can be started.
        """
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
            if batch.share == WHOLE or batch.start in self._shares:
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
        """Return why a worker died. `code`: its exit code, or None if it has closed its pipe but not exited."""
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
        """Put the files of a failed batch back at the beginning of the queue, split at the file `suspect`.

        `suspect` is the index of the file that was being read, or None if the part was being written. If it is None, a
        batch of several files is halved; in a batch of one file, that file is the suspect. The suspect is retried as a
        batch of one file, unless the failure is conclusive or this batch was the retry: then the suspect is skipped. If
        a share of a file fails, the file is the suspect.
        """
        if batch.share != WHOLE:
            if batch.start not in self._shares:  # another share has failed before
                return
            self._drop_shares(batch.start)
        if suspect is None and batch.stop - batch.start > 1:
            middle = (batch.start + batch.stop) // 2
            self._queue.extendleft((_Batch(middle, batch.stop), _Batch(batch.start, middle)))
            return
        suspect = batch.start if suspect is None else suspect
        # An exception in the retry after a crash is followed by one more retry, a careful one.
        was_retry = batch.is_careful if failure.is_exception else batch.is_alone
        batches = [  # empty ones are not queued
            _Batch(batch.start, suspect),
            _Batch(
                suspect,
                suspect + (not failure.is_conclusive and not was_retry),
                is_alone=True,
                is_careful=failure.is_exception,
            ),
            _Batch(suspect + 1, batch.stop),
        ]
        self._queue.extendleft(part for part in reversed(batches) if part.start < part.stop)
        if batches[1].start == batches[1].stop:
            self._skip(suspect, failure)

    def _skip(self, index: int, failure: _Failure) -> None:
        """Record a file as skipped. The next build retries the file if it failed for an external reason."""
        name = self._files[index][0].name
        reason = f"{failure.reason}: the next build tries again" if failure.is_external else failure.reason
        self._outcomes[index] = FileOutcome("", skipped=(Skipped(name, reason),), is_final=not failure.is_external)
        self._mark_done(index, index + 1)

    def _assign(self, worker: _Worker) -> None:
        """Send the next batch to a worker, or make it idle if there is none.

        A suspect gets a new process, unless the process of the worker has never got a batch.
        """
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
            TaskFile.pack(file, metadata, worker.batch.share)
            for file, metadata in self._files[worker.batch.start : worker.batch.stop]
        ]
        folder = os.fsencode(worker.folder.absolute())  # absolute, because the worker has another current folder
        worker.child.send(encode_message(Task(files, folder, worker.batch.is_careful)))

    def _start_worker(self) -> _Worker:
        """Start a worker that is idle. Raises IndexUnusable."""
        return _Worker(self._start_process())

    def _start_process(self) -> Child:
        """Start a process and send the settings to it. Raises IndexUnusable."""
        try:
            child = Child(run_worker, self._inbox)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise IndexUnusable(f"no process can be started to read files: {reason}") from None
        child.send(self._settings)
        return child

    def _total_bytes(self, indices: range) -> int:
        """Return the total size of a range of files in bytes."""
        return sum(self._files[index][0].stamp.size for index in indices)

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
    """Return the folder of the parts in the folder of a writer.

    The name of the folder contains the id of this process, because the workers of a killed build may still write to the
    folder of that build.
    """
    return folder / f"parts-{os.getpid()}"


def remove_parts(folder: Path) -> None:
    """Remove the parts from the folder of a writer, if there are any. Raises OSError."""
    if parts_folder(folder).exists():  # there are no parts if `write_index` adds the documents
        shutil.rmtree(parts_folder(folder))


@dataclass(frozen=True, slots=True)
class _Batch:
    """Consecutive files, by index: from `start` to `stop`, exclusive."""

    start: int
    stop: int
    share: Share = WHOLE
    """The share of the lines of the file, if it is one of several; then the batch has no other file."""
    is_alone: bool = False
    """Whether the batch is the retry of a suspect, alone and in a new process."""
    is_careful: bool = False
    """As in `Task`. Whether the retry follows an unexpected exception, so that documents that cannot be written are
    found and skipped."""


@dataclass(slots=True)
class _Worker:
    """A worker process and its current work."""

    child: Child
    batch: _Batch | None = None
    """Current batch. None if the worker is idle."""
    step: int | None = None
    """Index of the current file, or `batch.stop` while the part is written. None before the first file of the batch."""
    seconds: float = 0.0
    """Wall time spent on the current step."""
    folder: Path = Path()
    """Folder of the current part."""
    is_new: bool = True
    """Whether the process has never got a batch."""
    failure: _Failure | None = None
    """Why the parent process ends the worker. None if the parent process has not decided to end it."""

    def current_files(self, batch: _Batch) -> range:
        """Return the indices of the files of the current step: the current file, or the batch if the part is written.

        Before the first file, returns the batch.
        """
        is_at_file = self.step is not None and self.step < batch.stop
        return range(self.step or 0, (self.step or 0) + 1) if is_at_file else range(batch.start, batch.stop)


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a batch failed."""

    reason: str
    """Reason to skip a file: one line without the name of the file."""
    is_conclusive: bool = False
    """Whether the current file alone is the cause, so that a retry would fail, too."""
    is_external: bool = False
    """Whether the process was killed from outside, so that possibly no file is the cause."""
    is_exception: bool = False
    """Whether the worker reported an unexpected exception (`TaskFailed`). Its process can still be used."""


def _split_into_batches(files: Sequence[InputFile], jobs: int) -> list[_Batch]:
    """Split files into batches of consecutive files.

    If there are several workers, a large file of records is divided into shares, one batch each. The number of shares
    is a multiple of `jobs`. All other files are split by `_split_by_size`.
    """
    batches: list[_Batch] = []
    start = 0
    for index, (file, _) in enumerate(files):
        if jobs > 1 and file.stamp.size >= MIN_SHARED_BYTES and can_stream(file.name):
            count = jobs * -(-file.stamp.size // (jobs * MAX_TASK_BYTES))  # -(-a // b) rounds up
            batches += _split_by_size(files, range(start, index), jobs)
            batches += (_Batch(index, index + 1, Share(n, count)) for n in range(count))
            start = index + 1
    return [*batches, *_split_by_size(files, range(start, len(files)), jobs)]


def _split_by_size(files: Sequence[InputFile], indices: range, jobs: int) -> list[_Batch]:
    """Split consecutive files, by index, into batches of about equal size in bytes, up to about `MAX_TASK_BYTES` each.

    The number of batches is a multiple of `jobs`, so that all workers are busy until the end, unless single files are
    large or `MAX_TASK_FILES` divides a batch. Few files or bytes are split as for one worker.
    """
    sizes = [files[index][0].stamp.size + 1 for index in indices]  # an empty file takes time, too
    total = sum(sizes)
    if not sizes:
        return []
    if jobs == 1 or len(sizes) < MIN_PARALLEL_FILES or total < MIN_PARALLEL_BYTES:
        jobs = 1
    count = jobs * -(-total // (jobs * MAX_TASK_BYTES))
    starts: list[int] = []
    before = batch = 0
    for index, size in zip(indices, sizes, strict=True):
        is_full = starts and index - starts[-1] == MAX_TASK_FILES
        # The bytes are divided into `count` equal ranges. A file belongs to the range that contains its middle.
        if not starts or is_full or (before + size // 2) * count // total > batch:
            batch = (before + size // 2) * count // total
            starts.append(index)
        before += size
    return [_Batch(start, stop) for start, stop in zip(starts, [*starts[1:], indices.stop], strict=True)]


def _join_outcomes(outcomes: Sequence[FileOutcome]) -> FileOutcome | None:
    """Return the result of a file from those of its shares, or None if the file must be read in one piece.

    The file must be read in one piece if no share has a document or a skipped record, if the file was changed between
    two shares, or if the shares together have too many facets.
    """
    digests = {outcome.digest for outcome in outcomes if outcome.digest}
    skipped = tuple(chain.from_iterable(outcome.skipped for outcome in outcomes))
    facets = {facet for outcome in outcomes for facet in outcome.facets}
    documents = sum(outcome.documents for outcome in outcomes)
    if len(digests) > 1 or len(facets) > MAX_FACETS or not (documents or skipped):
        return None
    return FileOutcome(
        digest=next(iter(digests), ""),
        documents=documents,
        paragraphs=sum(outcome.paragraphs for outcome in outcomes),
        measures=sum(outcome.measures for outcome in outcomes),
        facets=tuple(sorted(facets)),
        skipped=skipped,
        is_final=outcomes[0].is_final,
        reports=tuple(chain.from_iterable(outcome.reports for outcome in outcomes)),
        warnings=tuple(chain.from_iterable(outcome.warnings for outcome in outcomes))[:MAX_LISTED_PROBLEMS],
    )


def _file_entry(file: CorpusFile, metadata: StatedMetadata, outcome: FileOutcome) -> FileEntry:
    """Return the entry that the index stores about a file."""
    counts = outcome.documents, outcome.paragraphs, outcome.measures
    digest = outcome.digest or content_digest(file)  # a file whose worker failed has no digest yet
    return FileEntry(
        *(file.stamp, digest, digest_metadata(metadata), *counts),
        facets=outcome.facets,
        skipped=outcome.skipped,
        is_final=outcome.is_final,
        reports=outcome.reports,
    )
