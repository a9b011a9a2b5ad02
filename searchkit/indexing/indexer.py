"""Reads files and adds what they hold to a writer."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from searchkit.corpus.reading import MAX_NAMED, DocumentRead, FileRead, read_file
from searchkit.corpus.reasons import unforeseen
from searchkit.corpus.topics import Taxonomy
from searchkit.corpus.walk import Skipped
from searchkit.engines.contract import Writer
from searchkit.engines.opening import open_writer
from searchkit.indexing.messages import File, Outcome, Settings
from searchkit.measures.extractor import Extractor
from searchkit.model import Document
from searchkit.processes import end_if_forked
from searchkit.text.analyzer import Analyzer


def add(read: DocumentRead, writer: Writer, extractor: Extractor) -> Document:
    """Add a document to a writer, with the measures that it has or that are found; gives it with their number."""
    measures = extractor.extract(read.paragraphs) if read.measures is None else read.measures
    document = replace(read.document, measures=sum(map(len, measures)))
    writer.add(document, read.paragraphs, measures, read.file)
    return document


class Indexer:
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
        read = self._with_measures(read)
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
            warned=tuple(islice(warned, MAX_NAMED)),
        )

    def _with_measures(self, read: FileRead) -> FileRead:
        """Find the measures. A mistake of ours costs the document that shows it."""
        tried = [self._with_its_measures(item) for item in read.documents]
        bad = tuple(item for item in tried if isinstance(item, Skipped))
        good = tuple(item for item in tried if isinstance(item, DocumentRead))
        return replace(read, documents=good, skipped=(*read.skipped, *bad))

    def _with_its_measures(self, item: DocumentRead) -> DocumentRead | Skipped:
        try:
            return replace(item, measures=self._extractor.extract(item.paragraphs))
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
