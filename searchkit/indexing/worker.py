"""The worker process: reads, analyses and writes the files of a task into a part, each file within its budget."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from searchkit.analysis import Analyzer
from searchkit.corpus import MOST_NAMED, DocumentRead, FileRead, Skipped, Taxonomy, read_file, unforeseen
from searchkit.engines import Writer, open_writer
from searchkit.errors import SearchkitError
from searchkit.indexing.messages import Begun, Broken, Done, Failed, File, Outcome, Settings, Task, decode, encode
from searchkit.measures import Extractor
from searchkit.model import Document
from searchkit.processes import Parent, end_if_forked, limited

SECONDS, SECONDS_PER_MEGABYTE = 30, 6
"""Of the processor: what may be used for a file, and so much more for each million bytes. A million bytes of reports as
text take half a second, of short records with many figures up to two; a slow machine takes three times as long."""
MEMORY, MEMORY_PER_BYTE = 1 << 30, 16
"""Bytes of address space: the same, beyond what the process has when it begins with a file."""


def seconds_for(size: int) -> int:
    """Seconds of the processor that a file of so many bytes may take."""
    return SECONDS + SECONDS_PER_MEGABYTE * (size // 1_000_000)


def memory_for(size: int) -> int:
    """Bytes of memory that a file of so many bytes may take."""
    return MEMORY + MEMORY_PER_BYTE * size


def work(parent: Parent) -> None:
    """Be a worker: take settings, then tasks, and say what is begun and done."""
    gc.set_threshold(200_000, 20, 100)  # most of what a worker makes lives until its part is written
    try:
        indexer = _Indexer(decode(parent.receive(), Settings))
    except SearchkitError as error:
        parent.send(encode(Broken(str(error), is_usage=True)))
        return
    while True:
        parent.send(_do(decode(parent.receive(), Task), indexer, parent))


def _do(task: Task, indexer: _Indexer, parent: Parent) -> bytes:
    """Do a task and give the last message about it."""
    folder = Path(os.fsdecode(task.folder))
    writer = open_writer(indexer.engine, folder, indexer.analyzer)
    at: int | None = None
    try:
        outcomes: list[Outcome] = []
        for number, file in enumerate(task.files):
            at = number
            parent.send(encode(Begun(number)))
            with limited(seconds_for(file.stamp.size), memory_for(file.stamp.size)):
                outcomes.append(indexer.index(file, writer, folder if task.is_careful else None))
        at = None
        parent.send(encode(Begun(len(task.files))))
        size = sum(file.stamp.size for file in task.files)
        with limited(seconds_for(size), memory_for(size)):
            writer.commit()
        return encode(Done(outcomes))
    except OSError as error:
        writer.abandon()
        return encode(Broken(str(error.strerror or error), is_usage=False))
    except Exception as error:  # noqa: BLE001 - who sent the task finds out which file it is for
        writer.abandon()
        return encode(Failed(at, unforeseen(error)))
    except BaseException:
        writer.abandon()
        raise


def add(read: DocumentRead, writer: Writer, extractor: Extractor) -> Document:
    """Add a document to a writer, with the figures that it has or that are found; gives it with their number."""
    figures = extractor.figures(read.paragraphs) if read.figures is None else read.figures
    document = replace(read.document, measures=sum(map(len, figures)))
    writer.add(document, read.paragraphs, figures, read.file)
    return document


class _Indexer:
    """Reads files and adds what they hold to a writer."""

    def __init__(self, settings: Settings) -> None:
        """Load what is needed to read them. Raises UsageError."""
        self.engine = settings.engine
        self.analyzer = Analyzer(settings.lexicon)
        self._taxonomy = Taxonomy.load(settings.topics)
        self._extractor = Extractor.load(settings.units, settings.fixed_names)

    def index(self, file: File, writer: Writer, trials: Path | None) -> Outcome:
        """Read a file and add its documents; with a folder for trials, only those that can be written."""
        read = read_file(file.found, file.stated, self._taxonomy)
        end_if_forked()  # two would write to the same files
        read = self._with_figures(read)
        if trials:
            bad: list[Skipped] = []
            good = self._writable(read.documents, trials, bad)
            read = replace(read, documents=tuple(good), skipped=(*read.skipped, *bad))
        added = [add(item, writer, self._extractor) for item in read.documents]
        warned = ((document.document, warning) for document in added for warning in document.warnings)
        return Outcome(
            digest=read.digest,
            documents=len(added),
            paragraphs=sum(document.paragraphs for document in added),
            measures=sum(document.measures for document in added),
            facets=tuple(sorted({name for document in added for name in document.facets})),
            skipped=read.skipped,
            is_settled=read.is_settled,
            warned=tuple(islice(warned, MOST_NAMED)),
        )

    def _with_figures(self, read: FileRead) -> FileRead:
        """Find the figures. A mistake of ours costs the document that shows it."""
        tried = [self._with_its_figures(item) for item in read.documents]
        bad = tuple(item for item in tried if isinstance(item, Skipped))
        good = tuple(item for item in tried if isinstance(item, DocumentRead))
        return replace(read, documents=good, skipped=(*read.skipped, *bad))

    def _with_its_figures(self, item: DocumentRead) -> DocumentRead | Skipped:
        try:
            return replace(item, figures=self._extractor.figures(item.paragraphs))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            return _given_up(item, error)

    def _writable(self, documents: Sequence[DocumentRead], trials: Path, bad: list[Skipped]) -> list[DocumentRead]:
        """Give those of some documents that can be written, found by halving; `bad` takes the others.

        Cost: each document is written once for each halving down to one that cannot be.
        """
        if not documents:
            return []
        try:
            with tempfile.TemporaryDirectory(dir=trials) as folder:
                writer = open_writer(self.engine, Path(folder), self.analyzer)
                for item in documents:
                    add(item, writer, self._extractor)
                writer.commit()
        except (OSError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            if len(documents) == 1:
                bad.append(_given_up(documents[0], error))
                return []
            half = len(documents) // 2
            return [*self._writable(documents[:half], trials, bad), *self._writable(documents[half:], trials, bad)]
        return list(documents)


def _given_up(item: DocumentRead, error: Exception) -> Skipped:
    return Skipped(item.document.document, unforeseen(error), files=int(item.document.document == item.file))
