"""Read one file of a corpus into its documents.

The result depends only on the bytes and the name of the file, its metadata in metadata.csv, the taxonomies, and
everything that `listing.reader_fingerprint` covers. A build can therefore reuse the result of an unchanged file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar, cast

from searchkit.corpus.blocks import RawDocument
from searchkit.corpus.cleaning.content import Cleaned, clean
from searchkit.corpus.formats.registry import (
    WHOLE,
    FileContents,
    Share,
    can_stream,
    read_bytes,
    stream_bytes,
)
from searchkit.corpus.listing import MAX_FACETS, MAX_LISTED_PROBLEMS, Listing
from searchkit.corpus.metadata.detection import DetectedMetadata, Evidence, detect_metadata
from searchkit.corpus.outline.building import OutlineItem, build_outline
from searchkit.corpus.overrides import StatedMetadata, parse_metadata, parse_record
from searchkit.corpus.reasons import clean_message, unexpected_error_reason, unreadable_reason
from searchkit.corpus.sections import classify_sections
from searchkit.corpus.tables.grid import CELL_SEPARATOR
from searchkit.corpus.times.expressions import Calendar
from searchkit.corpus.times.governing import timed_text, years_of_row
from searchkit.corpus.topics import Taxonomies, Taxonomy
from searchkit.corpus.walk import CorpusFile, Skipped
from searchkit.errors import ReadError
from searchkit.files import DataFile
from searchkit.model import WORK_REPORT, Document, ExtractedMeasure, Paragraph, Table
from searchkit.text.folding import fold

MAX_PARAGRAPH_LENGTH = 20_000
"""Maximum length of a paragraph, in code points. A longer one, as in a file without line ends, is split
(`_split_paragraph`). Rows of tables and records are not split."""

_MAX_EDGE_LINES = 100
"""Number of lines that are kept at each end of a long head or tail (the lines around the body: see `Cleaned`)."""
_MAX_SAMPLE_ROWS = 10
"""Number of rows of a table from which its section and its topics are determined."""
_DETECTED_FIELDS = tuple(item.name for item in fields(DetectedMetadata) if item.name != "warnings")
"""Names of the fields of `DetectedMetadata` whose values `Document` takes over if nothing else is stated."""


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document with its paragraphs, at least one."""

    document: Document
    paragraphs: tuple[Paragraph, ...]
    file: str = ""
    """Name of the corpus file that the document was read from; by default the document's id."""
    measures: Sequence[Sequence[ExtractedMeasure]] | None = None
    """Measures of each paragraph; None if they have not been extracted yet."""
    tables: tuple[Table, ...] = ()
    """Tables, in order. Each row of a table is a paragraph."""

    def __post_init__(self) -> None:
        if not self.file:
            object.__setattr__(self, "file", self.document.document)

    @property
    def is_record(self) -> bool:
        """Whether the document is a record of a file. The only paragraph of a record has the id of the document."""
        return self.paragraphs[0].id == self.document.document


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The result of reading one file: its documents, and what was skipped."""

    digest: str
    """SHA-256 of the file in hexadecimal. If the operating system cannot read the file, the reason for this, which
    `listing.content_digest` returns too."""
    documents: tuple[ParsedDocument, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    is_final: bool = True
    """Whether the same bytes would yield the same result again. False if the cause of a failure is outside the file, in
    the operating system or in LibreOffice."""


def read_file(file: CorpusFile, metadata: StatedMetadata, taxonomies: Taxonomies | Taxonomy) -> ParsedFile:
    """Read one file. Return its documents (several if it is an archive or has records or sheets) and its skipped parts.

    Raises no exception but MemoryError. The file is parsed in the calling process, which a hostile file may crash or
    block.
    """
    digest = ""
    try:
        content = file.read()
        digest = hashlib.sha256(content).hexdigest()
        return _FileReader(
            file.name, digest, read_bytes(content, file.name, metadata.text_column), metadata, taxonomies
        ).read_all()
    except OSError as error:
        reason = unreadable_reason(error)
        return ParsedFile(digest or reason, skipped=(Skipped(file.name, reason),), is_final=False)
    except ReadError as error:
        return ParsedFile(digest, skipped=(Skipped(file.name, clean_message(str(error))),), is_final=error.is_final)
    except MemoryError:
        raise  # not a property of the file: other work may have used the memory
    except Exception as error:  # noqa: BLE001 - a bug in searchkit must cost no other file
        return ParsedFile(digest, skipped=(Skipped(file.name, unexpected_error_reason(error)),))


@dataclass(frozen=True, slots=True)
class StreamedFile:
    """A file of records that is read one record at a time, or a share of it: a part of its lines, for one worker."""

    digest: str
    """SHA-256 of the file in hexadecimal."""
    results: Iterator[ParsedDocument | Skipped]
    """The documents, and a `Skipped` for each document that caused an unexpected exception. Iteration raises ReadError
    if the file has no valid record."""
    _name: str
    _problems: Sequence[str]

    def list_skipped(self, skipped: Iterable[Skipped]) -> tuple[Skipped, ...]:
        """Return `skipped`, the skipped documents, and the problems of the file, as `ParsedFile.skipped` contains them.

        Must be called after the last result. Of the shares of a file, only the last one reports the file's problems.
        """
        return _limit_skipped(self._name, [*skipped, *_problems_of_file(self._name, self._problems)])


def stream_file(
    file: CorpusFile, metadata: StatedMetadata, taxonomies: Taxonomies | Taxonomy, share: Share = WHOLE
) -> StreamedFile | None:
    """Open a file of records, or a share of its lines. Return None for any other file; `read_file` reads those.

    Takes the memory of the file's text and of one record. Raises OSError or ReadError if the file cannot be read. If it
    has no valid record, the iteration over the results raises ReadError.
    """
    if not can_stream(file.name):
        return None
    content = file.read()
    digest = hashlib.sha256(content).hexdigest()
    stream = stream_bytes(content, file.name, share, metadata.text_column)
    if stream is None:
        return None
    reader = _FileReader(file.name, digest, FileContents((), (), stream.warnings), metadata, taxonomies)
    problems = stream.problems if share.is_last else ()
    return StreamedFile(digest, map(reader.read_safely, stream.documents), file.name, problems)


def read_corpus(
    listing: Listing, topics: Path | DataFile | None = None, work_topics: Path | DataFile | None = None
) -> Iterator[ParsedDocument | Skipped]:
    """Read a corpus. Yields the files skipped by the listing, then the documents and skipped parts of each file.

    Files are read in code point order of their names, in this process. `topics` and `work_topics` are the taxonomies of
    general reports and of work reports. Raises UsageError if one of them cannot be used.
    """
    taxonomies = Taxonomies.load(topics, work_topics)
    yield from listing.skipped
    for file in listing.documents:
        parsed = read_file(file, listing.stated_metadata(file), taxonomies)
        yield from parsed.documents
        yield from parsed.skipped


@dataclass(frozen=True, slots=True)
class _FileReader:
    """Reads the documents of one file."""

    name: str
    """Name of the file in the corpus."""
    sha256: str
    """SHA-256 of the file in hexadecimal."""
    contents: FileContents
    metadata: StatedMetadata
    """Metadata that the metadata.csv files state about the file."""
    taxonomies: Taxonomies | Taxonomy

    def read_all(self) -> ParsedFile:
        """Return the documents and the skipped parts. Raises ReadError for more than `MAX_FACETS` facets."""
        results = [self.read_safely(raw) for raw in self.contents.documents]
        documents = tuple(result for result in results if isinstance(result, ParsedDocument))
        names = {name for parsed in documents for name in parsed.document.facets}
        if len(names) > MAX_FACETS:
            raise ReadError(too_many_facets(len(names)))
        skipped = [result for result in results if isinstance(result, Skipped)]
        problems = _problems_of_file(self.name, self.contents.problems)
        return ParsedFile(self.sha256, documents, _limit_skipped(self.name, [*skipped, *problems]))

    def read_safely(self, raw: RawDocument) -> ParsedDocument | Skipped:
        """Read a raw document. An unexpected exception, other than MemoryError, skips this document only."""
        try:
            return self.read(raw)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug in searchkit must cost no other document
            # A document with a key is a part of its file: no file is skipped.
            return Skipped(self._document_id(raw), unexpected_error_reason(error), files=int(raw.key is None))

    def read(self, raw: RawDocument) -> ParsedDocument | Skipped:
        """Read a raw document: clean it, build its outline, detect its metadata and classify its paragraphs.

        Returns a `Skipped` if no paragraph is left. A record is read as it is (`_read_record`).
        """
        if raw.is_record:
            return self._read_record(raw)
        metadata = parse_metadata(raw.overrides).override(self.metadata)
        cleaned = clean(raw.blocks)
        items = (
            tuple(piece for item in build_outline(cleaned.body) for piece in _split_paragraph(item))
            if cleaned.body
            else ()
        )
        if not items:
            return Skipped(
                self._document_id(raw), "no text: nothing is left when page chrome and headings are taken away"
            )
        detected = self._detect(raw, cleaned, items, metadata)
        warnings = _unresolved_warnings(detected.warnings, metadata)
        document = self._build_document(
            raw, {name: getattr(detected, name) for name in _DETECTED_FIELDS}, metadata, warnings, len(items)
        )
        # Sections are classified relative to the year of the text itself. This is the detected year, even if another
        # year is stated. But the year of a work report is the year that it plans, so if the detected doctype is
        # wrong (another one is stated), the detected year may be wrong too.
        is_doctype_right = detected.doctype == document.doctype
        year = detected.year if detected.year and is_doctype_right else document.year
        sections, topics = self._classify(items, document, year, metadata)
        paragraphs = tuple(
            _build_paragraph(document, f"{document.document}#{n}", n, item, section, paragraph_topics)
            for n, (item, section, paragraph_topics) in enumerate(zip(items, sections, topics, strict=True), 1)
        )
        tables = tuple(_collect_tables(document.document, items))
        return ParsedDocument(document, paragraphs, self.name, tables=tables)

    def _classify(
        self, items: Sequence[OutlineItem], document: Document, year: int | None, metadata: StatedMetadata
    ) -> tuple[list[str], list[tuple[str, ...]]]:
        """Return section and topics of each paragraph. The rows of a table have those of the table."""
        groups = [list(rows) for _, rows in groupby(items, key=lambda item: id(item.table or item))]
        merged = [_merge_rows(rows) for rows in groups]
        sections = classify_sections(merged, year, is_work_report=document.doctype == WORK_REPORT)
        topics = (
            [metadata.topics] * len(merged)
            if metadata.topics
            else self.taxonomies.choose(document.doctype).classify_document(merged, sections)
        )
        lengths = list(map(len, groups))
        return _repeat(sections, lengths), _repeat(topics, lengths)

    def _read_record(self, raw: RawDocument) -> ParsedDocument:
        """Read a record. Its metadata is as stated. Section and topics are classified if they are not stated."""
        paragraph_metadata, document_metadata = parse_record(raw.overrides)
        document_metadata = document_metadata.override(self.metadata)
        document = self._build_document(raw, {}, document_metadata, (), 1)
        item = OutlineItem(raw.blocks[0].text, paragraph_metadata.number, paragraph_metadata.path)
        is_work_report = document.doctype == WORK_REPORT
        section = (
            paragraph_metadata.section or classify_sections((item,), document.year, is_work_report=is_work_report)[0]
        )
        topics = (
            paragraph_metadata.topics
            or document_metadata.topics
            or self.taxonomies.choose(document.doctype).classify_paragraph(item.path, item.text, section)
        )
        paragraph = _build_paragraph(document, document.document, 1, item, section, topics)
        return ParsedDocument(document, (paragraph,), self.name)

    def _detect(
        self, raw: RawDocument, cleaned: Cleaned, items: Sequence[OutlineItem], metadata: StatedMetadata
    ) -> DetectedMetadata:
        """Detect the metadata of a document in its text and name. Stated metadata can be evidence for other fields."""
        source = metadata.fields.get("source")  # the URL can identify the region
        return detect_metadata(
            Evidence(
                # The name of a file in an archive can name the region.
                name=self.name if raw.key is None else f"{self.name}/{raw.key}",
                title=cast("str | None", metadata.fields.get("title", cleaned.title)),
                head=_limit_lines(cleaned.head),
                paragraphs=tuple(item.text for item in items if item.table is None),
                tail=_limit_lines(cleaned.tail),
                hints={**raw.hints, **({"source": str(source)} if source else {})},
                headings=tuple(dict.fromkeys(heading for item in items for heading in item.path)),
            )
        )

    def _build_document(
        self,
        raw: RawDocument,
        detected: Mapping[str, object],
        metadata: StatedMetadata,
        warnings: tuple[str, ...],
        paragraphs: int,
    ) -> Document:
        """Return the document. Stated fields take precedence over detected ones. `paragraphs` counts its paragraphs."""
        values: dict[str, Any] = {**detected, **metadata.fields}
        return Document(
            document=self._document_id(raw),
            sha256=self.sha256,
            paragraphs=paragraphs,
            warnings=tuple(dict.fromkeys((*self.contents.warnings, *raw.warnings, *metadata.warnings, *warnings))),
            facets=dict(metadata.facets),
            **values,
        )

    def _document_id(self, raw: RawDocument) -> str:
        """Return the id of a document: the name of the file, with the key of the document if it has one."""
        return self.name if raw.key is None else f"{self.name}#{raw.key}"


def too_many_facets(count: int) -> str:
    """Return the reason why a file with `count` facets, more than `MAX_FACETS`, is not read."""
    return f"states {count} facets: more than {MAX_FACETS} are not read"


def _problems_of_file(name: str, problems: Iterable[str]) -> Iterator[Skipped]:
    """Yield the problems of a file as skipped parts."""
    return (Skipped(name, problem, files=0) for problem in problems)


def _limit_skipped(name: str, skipped: Sequence[Skipped]) -> tuple[Skipped, ...]:
    """Return the first `MAX_LISTED_PROBLEMS` skipped parts of a file, and a note that counts the others, if any."""
    excess = len(skipped) - MAX_LISTED_PROBLEMS
    note = [Skipped(name, f"and {excess} more parts of it are not read", files=0)] if excess > 0 else []
    return (*skipped[:MAX_LISTED_PROBLEMS], *note)


def _merge_rows(rows: Sequence[OutlineItem]) -> OutlineItem:
    """Merge the rows of a table into one paragraph with the text of the first `_MAX_SAMPLE_ROWS` rows.

    A single paragraph is returned unchanged.
    """
    return rows[0] if len(rows) == 1 else replace(rows[0], text=" ".join(row.text for row in rows[:_MAX_SAMPLE_ROWS]))


_Value = TypeVar("_Value")


def _repeat(values: Iterable[_Value], counts: Iterable[int]) -> list[_Value]:
    """Return each value repeated by its count: a, b with the counts 2, 1 become a, a, b."""
    return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]


def _collect_tables(document: str, items: Sequence[OutlineItem]) -> Iterator[Table]:
    """Yield the tables of a document, numbered from 1."""
    number, previous = 0, None
    for n, item in enumerate(items, 1):
        table = item.table
        if table is not None and table is not previous:
            number += 1
            yield Table(document, number, table.caption, table.header, table.rows, table.header_columns, n)
        previous = table


def _build_paragraph(
    document: Document, paragraph_id: str, n: int, item: OutlineItem, section: str, topics: tuple[str, ...]
) -> Paragraph:
    """Return paragraph `n` of a document, counted from 1, with the metadata that it shares with the document."""
    return Paragraph(
        id=paragraph_id,
        document=document.document,
        n=n,
        text=item.text,
        number=item.number,
        path=item.path,
        section=section,
        topics=topics,
        of_year=_find_years(document, item, section),
        page=item.page,
        title=document.title,
        year=document.year,
        agency=document.agency,
        region=document.region,
        doctype=document.doctype,
        facets=document.facets,
    )


def _find_years(document: Document, item: OutlineItem, section: str) -> tuple[int, ...]:
    """Return the years that a paragraph is about."""
    calendar = Calendar.of_document(document.year, document.doctype)
    folded = fold(item.text)
    if CELL_SEPARATOR in item.text:
        return years_of_row(folded, item.path, section, calendar)
    return timed_text(folded, item.path, section, calendar).years()


def _limit_lines(lines: Sequence[str]) -> Sequence[str]:
    """Return the first and last `_MAX_EDGE_LINES` lines of a longer sequence, and all lines of any other.

    Detection may search the entire text for each line of a head or tail.
    """
    return lines if len(lines) <= 2 * _MAX_EDGE_LINES else (*lines[:_MAX_EDGE_LINES], *lines[-_MAX_EDGE_LINES:])


def _unresolved_warnings(warnings: Sequence[str], metadata: StatedMetadata) -> tuple[str, ...]:
    """Drop detection warnings about fields that are stated. A warning begins with the name of its field."""
    return tuple(warning for warning in warnings if warning.partition(" ")[0] not in metadata.fields)


_SENTENCE_CUT = re.compile(r"[。！？；!?;][”’」』）)]*")
"""The end of a sentence, with closing quotes and brackets."""
_CLAUSE_CUT = re.compile(r"[，、：,:\s]")
"""The end of a clause, or white space."""


def _split_paragraph(item: OutlineItem) -> Iterator[OutlineItem]:
    """Split a paragraph that is longer than `MAX_PARAGRAPH_LENGTH`.

    Each piece but the last ends at the last end of a sentence within that length, else at the last end of a clause,
    else after exactly that length. The first piece keeps the number, and all pieces keep the path. Linear time.
    """
    text = item.text
    if len(text) <= MAX_PARAGRAPH_LENGTH or item.table is not None:
        yield item
        return
    start, number = 0, item.number
    while start < len(text):
        end = start + MAX_PARAGRAPH_LENGTH
        if end < len(text):
            window = text[start:end]
            ends = _last_match_end(_SENTENCE_CUT, window) or _last_match_end(_CLAUSE_CUT, window)
            end = start + (ends or MAX_PARAGRAPH_LENGTH)
        if piece := text[start:end].strip():
            yield replace(item, text=piece, number=number)
            number = None
        start = end


def _last_match_end(pattern: re.Pattern[str], text: str) -> int:
    """Return the end of the last match, 0 if there is none."""
    return max((match.end() for match in pattern.finditer(text)), default=0)
