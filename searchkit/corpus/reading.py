"""One file of a corpus to its documents.

What a file gives depends on its bytes, its name, what metadata.csv states about it, and on `listing.fingerprints`; on
nothing else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

from searchkit.corpus.blocks import RawDocument
from searchkit.corpus.cleaning.content import Cleaned, clean
from searchkit.corpus.formats.registry import FileContents, read_bytes
from searchkit.corpus.listing import Listing
from searchkit.corpus.metadata.detection import Detected, Evidence, detect
from searchkit.corpus.outline.building import Item, outline
from searchkit.corpus.overrides import Stated, interpret, interpret_record
from searchkit.corpus.reasons import one_line, unforeseen, unreadable
from searchkit.corpus.sections import sections
from searchkit.corpus.topics import Taxonomy
from searchkit.corpus.walk import CorpusFile, Skipped
from searchkit.errors import ReadError
from searchkit.files import DataFile
from searchkit.model import Document, ExtractedMeasure, Paragraph

MAX_FACETS = 1000
"""Names of facets that a file may state. They are columns of a table, not values."""
MAX_NAMED = 1000
"""Parts of a file that are named because they cannot be read; of more, how many they are."""
MAX_PARAGRAPH_LENGTH = 20_000
"""Code points. A longer paragraph (a file without line ends) is cut into several at ends of sentences."""

_MAX_LINES = 100
_FIELDS = tuple(item.name for item in fields(Detected) if item.name != "warnings")


@dataclass(frozen=True, slots=True)
class DocumentRead:
    """A document with its paragraphs, at least one."""

    document: Document
    paragraphs: tuple[Paragraph, ...]
    file: str = ""
    """Name of the corpus file that it was read from; the document's id unless given."""
    measures: Sequence[Sequence[ExtractedMeasure]] | None = None
    """Of each paragraph; None = they are still to be found."""

    def __post_init__(self) -> None:
        if not self.file:
            object.__setattr__(self, "file", self.document.document)


@dataclass(frozen=True, slots=True)
class FileRead:
    """What one file gave."""

    digest: str
    """As `content_digest` gives it."""
    documents: tuple[DocumentRead, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    is_settled: bool = True
    """Whether the same bytes would give the same again; not so if it was the system that failed."""


def read_file(found: CorpusFile, stated: Stated, taxonomy: Taxonomy) -> FileRead:
    """Read one file: its document (or one for each of its records), and what of it is skipped. Raises MemoryError only.

    Whatever the file holds is read in this process: one that must not be lost is no place for it.
    """
    digest = ""
    try:
        content = found.read()
        digest = hashlib.sha256(content).hexdigest()
        return _File(found.name, digest, read_bytes(content, found.name), stated, taxonomy).read_all()
    except OSError as error:
        reason = unreadable(error)
        return FileRead(digest or reason, skipped=(Skipped(found.name, reason),), is_settled=False)
    except ReadError as error:
        return FileRead(digest, skipped=(Skipped(found.name, one_line(str(error))),), is_settled=error.is_settled)
    except MemoryError:
        raise  # it says nothing about the file, if other work has left too little
    except Exception as error:  # noqa: BLE001 - a mistake of ours is to cost the file that shows it, and no other
        return FileRead(digest, skipped=(Skipped(found.name, unforeseen(error)),))


def read_corpus(listing: Listing, topics: Path | DataFile | None = None) -> Iterator[DocumentRead | Skipped]:
    """Read what a folder holds: what is skipped of it, then each file's documents and what is skipped of the file.

    In the code point order of their names, in this process. Raises UsageError if the taxonomy `topics` cannot be used.
    """
    taxonomy = Taxonomy.load(topics)
    yield from listing.skipped
    for found in listing.documents:
        read = read_file(found, listing.stated(found), taxonomy)
        yield from read.documents
        yield from read.skipped


@dataclass(frozen=True, slots=True)
class _File:
    """One file with what its documents have in common."""

    name: str
    sha256: str
    contents: FileContents
    stated: Stated
    taxonomy: Taxonomy

    def read_all(self) -> FileRead:
        """Make the documents. Raises ReadError."""
        results = [self._read_safely(raw) for raw in self.contents.documents]
        problems = [Skipped(self.name, problem, files=0) for problem in self.contents.problems]
        documents = tuple(result for result in results if isinstance(result, DocumentRead))
        names = {name for read in documents for name in read.document.facets}
        if len(names) > MAX_FACETS:
            raise ReadError(f"states {len(names)} facets: more than {MAX_FACETS} are not read")
        skipped = [*(result for result in results if isinstance(result, Skipped)), *problems]
        more = len(skipped) - MAX_NAMED
        if more > 0:
            skipped[MAX_NAMED:] = [Skipped(self.name, f"and {more} more parts of it are not read", files=0)]
        return FileRead(self.sha256, documents, tuple(skipped))

    def _read_safely(self, raw: RawDocument) -> DocumentRead | Skipped:
        """Make a document of what the reader found. A mistake of ours costs the document that shows it."""
        try:
            return self.read(raw)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            return Skipped(self._id(raw), unforeseen(error), files=int(raw.key is None))

    def read(self, raw: RawDocument) -> DocumentRead | Skipped:
        """Make a document of what the reader found."""
        if raw.is_record:
            return self._record(raw)
        stated = interpret(raw.overrides).over(self.stated)
        cleaned = clean(raw.blocks)
        items = tuple(piece for item in outline(cleaned.body) for piece in _pieces(item)) if cleaned.body else ()
        if not items:
            return Skipped(self._id(raw), "no text: nothing is left when page chrome and headings are taken away")
        detected = self._detect(raw, cleaned, items, stated)
        warnings = _still_open(detected.warnings, stated)
        document = self._document(raw, {name: getattr(detected, name) for name in _FIELDS}, stated, warnings)
        parts = sections(items)
        topics = self.taxonomy.of_document(items, parts)
        paragraphs = tuple(
            _paragraph(document, n, item, part, given)
            for n, (item, part, given) in enumerate(zip(items, parts, topics, strict=True), 1)
        )
        return DocumentRead(replace(document, paragraphs=len(paragraphs)), paragraphs, self.name)

    def _record(self, raw: RawDocument) -> DocumentRead:
        """Make a document of a record. Nothing is detected: a record says what is known about it."""
        own, rest = interpret_record(raw.overrides)
        document = replace(self._document(raw, {}, rest.over(self.stated), ()), paragraphs=1)
        item = Item(raw.blocks[0].text, own.number, own.path)
        part = own.section or sections((item,))[0]
        topics = own.topics or self.taxonomy.topics(item.path, item.text, part)
        paragraph = replace(_paragraph(document, 1, item, part, topics), id=document.document)
        return DocumentRead(document, (paragraph,), self.name)

    def _detect(self, raw: RawDocument, cleaned: Cleaned, items: Sequence[Item], stated: Stated) -> Detected:
        source = stated.fields.get("source")  # an address is evidence of the place
        return detect(
            Evidence(
                name=self.name if raw.key is None else f"{self.name}/{raw.key}",  # of a file in an archive, its own
                title=cast("str | None", stated.fields.get("title", cleaned.title)),
                head=_ends(cleaned.head),
                paragraphs=tuple(item.text for item in items),
                tail=_ends(cleaned.tail),
                hints={**raw.hints, **({"source": str(source)} if source else {})},
                headings=tuple(dict.fromkeys(heading for item in items for heading in item.path)),
            )
        )

    def _document(
        self, raw: RawDocument, detected: Mapping[str, object], stated: Stated, warnings: tuple[str, ...]
    ) -> Document:
        values: dict[str, Any] = {**detected, **stated.fields}
        return Document(
            document=self._id(raw),
            sha256=self.sha256,
            warnings=tuple(dict.fromkeys((*self.contents.warnings, *stated.warnings, *warnings))),
            facets=dict(stated.facets),
            **values,
        )

    def _id(self, raw: RawDocument) -> str:
        return self.name if raw.key is None else f"{self.name}#{raw.key}"


def _paragraph(document: Document, n: int, item: Item, section: str, topics: tuple[str, ...]) -> Paragraph:
    return Paragraph(
        id=f"{document.document}#{n}",
        document=document.document,
        n=n,
        text=item.text,
        number=item.number,
        path=item.path,
        section=section,
        topics=topics,
        page=item.page,
        title=document.title,
        year=document.year,
        agency=document.agency,
        region=document.region,
        doctype=document.doctype,
        facets=document.facets,
    )


def _ends(lines: Sequence[str]) -> Sequence[str]:
    """Give the first and the last of very many lines: each is compared with the whole text."""
    return lines if len(lines) <= 2 * _MAX_LINES else (*lines[:_MAX_LINES], *lines[-_MAX_LINES:])


def _still_open(warnings: Sequence[str], stated: Stated) -> tuple[str, ...]:
    """Drop the warnings of detection about fields that are stated: they begin with the field's name."""
    return tuple(warning for warning in warnings if warning.partition(" ")[0] not in stated.fields)


_SENTENCE_END = re.compile(r"[。！？；!?;][”’」』）)]*")
_CLAUSE_END = re.compile(r"[，、：,:\s]")


def _pieces(item: Item) -> Iterator[Item]:
    """Cut a paragraph that is too long where a sentence ends, else a clause, else anywhere. Cost: linear."""
    text = item.text
    if len(text) <= MAX_PARAGRAPH_LENGTH:
        yield item
        return
    start, number = 0, item.number
    while start < len(text):
        end = start + MAX_PARAGRAPH_LENGTH
        if end < len(text):
            window = text[start:end]
            ends = _last(_SENTENCE_END, window) or _last(_CLAUSE_END, window)
            end = start + (ends or MAX_PARAGRAPH_LENGTH)
        if piece := text[start:end].strip():
            yield replace(item, text=piece, number=number)
            number = None
        start = end


def _last(pattern: re.Pattern[str], text: str) -> int:
    """Give the end of the last match, 0 if there is none."""
    return max((match.end() for match in pattern.finditer(text)), default=0)
