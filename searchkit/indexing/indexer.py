"""Reads corpus files and adds their documents to a writer."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from searchkit.corpus.listing import MAX_FACETS, MAX_LISTED_PROBLEMS
from searchkit.corpus.nearduplicates import near_duplicate_keys
from searchkit.corpus.reading import ParsedDocument, ParsedFile, read_file, stream_file, too_many_facets
from searchkit.corpus.reasons import unexpected_error_reason
from searchkit.corpus.topics import Taxonomies
from searchkit.corpus.walk import Skipped
from searchkit.engines.contract import Writer
from searchkit.engines.opening import open_writer
from searchkit.errors import ReadError
from searchkit.indexing.duplicates import identify_report
from searchkit.indexing.messages import FileOutcome, Settings, TaskFile
from searchkit.measures.extractor import Extractor
from searchkit.model import Document
from searchkit.processes import exit_if_forked
from searchkit.text.analyzer import Analyzer

_RECORDS_PER_BLOCK = 256
"""Maximum number of records that go through a step of indexing together, which takes less time than one at a time."""


def add_document(parsed: ParsedDocument, writer: Writer, extractor: Extractor) -> Document:
    """Add a document with its paragraphs, their near-duplicate keys, measures and tables to a writer.

    Extracts the measures if `parsed` has none yet. Returns the document with the number of its measures.
    """
    measures = extractor.extract(parsed.paragraphs, parsed.tables) if parsed.measures is None else parsed.measures
    count = sum(map(len, measures))
    document = replace(parsed.document, measures=count) if count else parsed.document
    keys = near_duplicate_keys(parsed.paragraphs, parsed.tables)
    writer.add(document, parsed.paragraphs, measures, parsed.file, parsed.tables, keys)
    return document


class Indexer:
    """Reads corpus files and adds their documents to a writer."""

    def __init__(self, settings: Settings) -> None:
        """Load the analyzer, the taxonomies and the measure extractor. Raises UsageError."""
        self.engine = settings.engine
        self.analyzer = Analyzer(settings.lexicon)
        self._taxonomies = Taxonomies.load(settings.topics, settings.work_topics)
        self._extractor = Extractor.load(settings.units, settings.fixed_names)

    def index_file(self, file: TaskFile, writer: Writer, trial_folder: Path | None) -> FileOutcome:
        """Read a file and add its documents to a writer. A document whose measures cannot be extracted is skipped.

        With a `trial_folder`, the documents are first written to temporary indexes in this folder. Documents that
        cannot be written are skipped. Without a `trial_folder`, the records of a file are read and added block by
        block. Raises ReadError if reading fails after some records were added, for example because the file turns out
        to have too many facets. Then the file must be read with a `trial_folder`.

        A large file may be divided into shares of its lines (`TaskFile.share`). If it is not read block by block, it is
        indexed completely with its first share, and its other shares have empty outcomes.
        """
        if trial_folder is None and (outcome := self._index_records(file, writer)):
            return outcome
        if file.share.index:
            return FileOutcome("")
        parsed = read_file(file.corpus_file, file.metadata, self._taxonomies)
        exit_if_forked()  # if a library forked this process, both processes would write to the same files
        parsed = self._extract_measures(parsed)
        if trial_folder:
            unwritable: list[Skipped] = []
            writable = self._find_writable(parsed.documents, trial_folder, unwritable)
            parsed = replace(parsed, documents=tuple(writable), skipped=(*parsed.skipped, *unwritable))
        totals = _Totals()
        for item in parsed.documents:
            totals.add(add_document(item, writer, self._extractor))
        reports = tuple(_identify_reports(parsed.documents))
        return totals.outcome(parsed.digest, parsed.skipped, is_final=parsed.is_final, reports=reports)

    def _index_records(self, file: TaskFile, writer: Writer) -> FileOutcome | None:
        """Index a share of a file of records.

        Returns None for a file of another kind, or if reading fails before a document was added.
        """
        try:
            stream = stream_file(file.corpus_file, file.metadata, self._taxonomies, file.share)
        except (OSError, ReadError):
            return None
        if stream is None:
            return None
        exit_if_forked()
        totals, skipped = _Totals(), []
        try:
            while block := list(islice(stream.results, _RECORDS_PER_BLOCK)):
                for item in [
                    result if isinstance(result, Skipped) else self._extract_document_measures(result)
                    for result in block
                ]:
                    if isinstance(item, Skipped):
                        skipped.append(item)
                    else:
                        totals.add(add_document(item, writer, self._extractor))
        except ReadError:
            if totals.documents:
                raise
            return None
        return totals.outcome(stream.digest, stream.list_skipped(skipped))

    def _extract_measures(self, parsed: ParsedFile) -> ParsedFile:
        """Extract the measures of all documents. A document is skipped if the extraction raises an exception."""
        results = [self._extract_document_measures(item) for item in parsed.documents]
        skipped = tuple(item for item in results if isinstance(item, Skipped))
        documents = tuple(item for item in results if isinstance(item, ParsedDocument))
        return replace(parsed, documents=documents, skipped=(*parsed.skipped, *skipped))

    def _extract_document_measures(self, parsed: ParsedDocument) -> ParsedDocument | Skipped:
        """Return the document with its measures, or why it is skipped."""
        try:
            measures = self._extractor.extract(parsed.paragraphs, parsed.tables)
            return ParsedDocument(parsed.document, parsed.paragraphs, parsed.file, measures, parsed.tables)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug in the extractor skips one document
            return _skip(parsed, error)

    def _find_writable(
        self, documents: Sequence[ParsedDocument], trial_folder: Path, unwritable: list[Skipped]
    ) -> list[ParsedDocument]:
        """Return the documents that can be written. Appends all others, with the reasons, to `unwritable`.

        Writes all documents to a temporary index. If that fails, does the same with each half of the list. A
        document is written at most once per level of this bisection.
        """
        if not documents:
            return []
        try:
            self._write_trial(documents, trial_folder)
        except (OSError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - any bug in the writer
            if len(documents) == 1:
                unwritable.append(_skip(documents[0], error))
                return []
            half = len(documents) // 2
            return [
                *self._find_writable(documents[:half], trial_folder, unwritable),
                *self._find_writable(documents[half:], trial_folder, unwritable),
            ]
        return list(documents)

    def _write_trial(self, documents: Sequence[ParsedDocument], trial_folder: Path) -> None:
        """Write documents to a temporary index, which is then removed."""
        with tempfile.TemporaryDirectory(dir=trial_folder) as folder:
            writer = open_writer(self.engine, Path(folder), self.analyzer)
            for item in documents:
                add_document(item, writer, self._extractor)
            writer.commit()


class _Totals:
    """Totals of the documents of a file that were added to a writer."""

    def __init__(self) -> None:
        self.documents = self._paragraphs = self._measures = 0
        self._facets: set[str] = set()
        self._warnings: list[tuple[str, str]] = []

    def add(self, document: Document) -> None:
        """Add a document. Raises ReadError if the documents have more than `MAX_FACETS` facets."""
        self.documents += 1
        self._paragraphs += document.paragraphs
        self._measures += document.measures
        self._facets.update(document.facets)
        if len(self._facets) > MAX_FACETS:
            raise ReadError(too_many_facets(len(self._facets)))
        if document.warnings and len(self._warnings) < MAX_LISTED_PROBLEMS:
            self._warnings += ((document.document, warning) for warning in document.warnings)

    def outcome(
        self,
        digest: str,
        skipped: tuple[Skipped, ...],
        *,
        is_final: bool = True,
        reports: tuple[tuple[str, str], ...] = (),
    ) -> FileOutcome:
        """Return the result of indexing the file."""
        return FileOutcome(
            digest=digest,
            documents=self.documents,
            paragraphs=self._paragraphs,
            measures=self._measures,
            facets=tuple(sorted(self._facets)),
            skipped=skipped,
            is_final=is_final,
            reports=reports,
            warnings=tuple(self._warnings[:MAX_LISTED_PROBLEMS]),
        )


def _identify_reports(documents: Iterable[ParsedDocument]) -> Iterator[tuple[str, str]]:
    """Yield for each report its id, and its identity: its place, year, body and doctype as text (`identify_report`).

    Omits records, and reports of which one of these is undecided.
    """
    for item in documents:
        if not item.is_record and (identity := identify_report(item.document)):
            yield item.document.document, identity


def _skip(parsed: ParsedDocument, error: Exception) -> Skipped:
    """Return why a document is skipped.

    `Skipped.files` is 1 if the document is a whole file, and 0 if it is a record or a file in an archive.
    """
    return Skipped(
        parsed.document.document, unexpected_error_reason(error), files=int(parsed.document.document == parsed.file)
    )
