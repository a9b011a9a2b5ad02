"""A folder of files → documents of clean paragraphs.

    readers, walk, overrides    files to blocks, and what people state about them
    cleaning, outline           blocks to paragraphs with their headings
    sections, topics, metadata  what paragraphs and documents are about

`list_corpus` says what a folder holds, `read_corpus` reads it, in several processes if asked. `read_document_file`
reads one file; everything that passes between it and its caller can be pickled.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, cast

from searchkit.corpus.blocks import RawDocument
from searchkit.corpus.cleaning import Cleaned, clean
from searchkit.corpus.metadata import Detected, Evidence, detect
from searchkit.corpus.outline import Item, outline
from searchkit.corpus.overrides import NOTHING, Stated, Table, interpret, interpret_record, read_table
from searchkit.corpus.readers import READERS, FileContents, read_bytes, reason_of
from searchkit.corpus.readers.text import decode, tidy
from searchkit.corpus.sections import sections
from searchkit.corpus.topics import Taxonomy
from searchkit.corpus.walk import Found, Skipped, walk
from searchkit.errors import CorpusError, ReadError
from searchkit.model import Document, Paragraph

__all__ = [
    "DocumentRead",
    "Found",
    "Listing",
    "Progress",
    "ReadOptions",
    "Skipped",
    "list_corpus",
    "nothing_read",
    "read_corpus",
    "read_document_file",
]

Progress = Callable[[int, int], None]
"""Called after each file with the number of files done and of all."""

LONGEST_PARAGRAPH = 20_000
"""Code points. A longer paragraph (a file without line ends) is cut into several at ends of sentences."""

_FIELDS = tuple(item.name for item in fields(Detected) if item.name != "warnings")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a user can set about reading."""

    topics: Path | None = None
    """A taxonomy file instead of the one that comes with the product."""
    jobs: int = 1
    """Processes that read files."""


@dataclass(frozen=True, slots=True)
class DocumentRead:
    """A document with its paragraphs, at least one."""

    document: Document
    paragraphs: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a corpus folder holds, before any document is read."""

    documents: tuple[Found, ...]
    """In the code point order of their names."""
    skipped: tuple[Skipped, ...]
    _stated: Mapping[str, Stated] = field(default_factory=dict)

    def stated(self, found: Found) -> Stated:
        """Give what metadata.csv states about a document."""
        return self._stated.get(found.name, NOTHING)


def list_corpus(folder: Path) -> Listing:
    """List what a folder holds. Reads no file but metadata.csv.

    Raises CorpusError if `folder` is missing, is not a folder or holds no file that has a reader.
    """
    if not folder.exists():
        message = f"no folder {folder}: name the folder that holds the reports"
        raise CorpusError(message)
    if not folder.is_dir():
        message = f"{folder} is not a folder: name the folder that holds the reports"
        raise CorpusError(message)
    files = walk(folder)
    if not files.documents:
        raise nothing_read(folder, files.skipped)
    rows: dict[str, Stated] = {}
    skipped = list(files.skipped)
    names = {found.name for found in files.documents}
    for found in sorted(files.tables, key=lambda item: item.name.count("/")):  # the nearer table counts
        table = _table(found)
        rows.update({name: stated.over(rows.get(name, NOTHING)) for name, stated in table.rows.items()})
        unused = [f"no file {name}" for name in table.rows if name not in names]
        skipped += [Skipped(found.name, reason, files=0) for reason in (*table.problems, *unused)]
    return Listing(files.documents, tuple(skipped), rows)


def read_document_file(
    found: Found, stated: Stated = NOTHING, options: ReadOptions | None = None
) -> tuple[DocumentRead | Skipped, ...]:
    """Read one file: its document (or one for each of its records), and what of it is skipped.

    Raises UsageError if the taxonomy that `options` name cannot be used, nothing else: a file that cannot be
    read is skipped.
    """
    taxonomy = _taxonomy((options or ReadOptions()).topics)
    try:
        data = found.path.read_bytes()
        contents = read_bytes(data, found.name)
    except OSError as error:
        return (Skipped(found.name, f"cannot be read: {reason_of(error)}"),)
    except ReadError as error:
        return (Skipped(found.name, str(error)),)
    file = _File(found.name, hashlib.sha256(data).hexdigest(), contents, stated, taxonomy)
    problems = (Skipped(found.name, problem, files=0) for problem in contents.problems)
    return (*(file.read(raw) for raw in contents.documents), *problems)


def read_corpus(
    listing: Listing, options: ReadOptions | None = None, progress: Progress | None = None
) -> Iterator[DocumentRead | Skipped]:
    """Read what a folder holds: what is skipped of it, then each file's documents and what is skipped of the file.

    In the code point order of their names. Raises UsageError if the taxonomy that `options` name cannot be used.
    """
    yield from listing.skipped
    for done, results in enumerate(_read_files(listing, options or ReadOptions()), 1):
        yield from results
        if progress:
            progress(done, len(listing.documents))


def _read_files(listing: Listing, options: ReadOptions) -> Iterator[tuple[DocumentRead | Skipped, ...]]:
    """The results of each file, read by several processes when there are many files."""
    jobs = min(options.jobs, max(1, len(listing.documents) // 8))
    if jobs == 1:
        yield from (read_document_file(found, listing.stated(found), options) for found in listing.documents)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        tasks = (pool.submit(read_document_file, found, listing.stated(found), options) for found in listing.documents)
        ahead = deque(islice(tasks, 4 * jobs))  # bounds the memory: no more files than this wait to be taken
        while ahead:
            yield ahead.popleft().result()
            ahead.extend(islice(tasks, 1))


def nothing_read(folder: Path, skipped: Sequence[Skipped]) -> CorpusError:
    """Make the error for a folder of which nothing could be read: what it held, and what to do."""
    files = sum(item.files for item in skipped)
    first = f"; {skipped[0].path}: {skipped[0].reason}" if skipped else ""
    held = f"{files} {'file' if files == 1 else 'files'}, none of which can be read{first}" if files else "no files"
    return CorpusError(f"{folder} holds {held}. Put reports there ({' '.join(READERS)})")


def _table(found: Found) -> Table:
    folder = found.name.rpartition("/")[0]
    try:
        return read_table(tidy(decode(found.path.read_bytes()).text), folder)
    except OSError as error:
        return Table({}, (f"cannot be read: {reason_of(error)}",))
    except ReadError as error:
        return Table({}, (str(error),))


@lru_cache(maxsize=4)
def _taxonomy(path: Path | None) -> Taxonomy:
    return Taxonomy.load(path)


@dataclass(frozen=True, slots=True)
class _File:
    """One file with what its documents have in common."""

    name: str
    sha256: str
    contents: FileContents
    stated: Stated
    taxonomy: Taxonomy

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
        paragraphs = tuple(
            replace(
                _paragraph(document, n, item.text),
                number=item.number,
                path=item.path,
                section=part,
                topics=self.taxonomy.topics(item.path, item.text, part),
                page=item.page,
            )
            for n, (item, part) in enumerate(zip(items, parts, strict=True), 1)
        )
        return DocumentRead(replace(document, paragraphs=len(paragraphs)), paragraphs)

    def _record(self, raw: RawDocument) -> DocumentRead:
        """Make a document of a record. Nothing is detected: a record says what is known about it."""
        own, rest = interpret_record(raw.overrides)
        document = replace(self._document(raw, {}, rest.over(self.stated), ()), paragraphs=1)
        item = Item(raw.blocks[0].text, own.number, own.path)
        part = own.section or sections((item,))[0]
        paragraph = replace(
            _paragraph(document, 1, item.text),
            id=document.document,
            number=item.number,
            path=item.path,
            section=part,
            topics=own.topics or self.taxonomy.topics(item.path, item.text, part),
        )
        return DocumentRead(document, (paragraph,))

    def _detect(self, raw: RawDocument, cleaned: Cleaned, items: Sequence[Item], stated: Stated) -> Detected:
        source = stated.fields.get("source")  # an address is evidence of the place
        return detect(
            Evidence(
                name=self.name,
                title=cast("str | None", stated.fields.get("title", cleaned.title)),
                head=cleaned.head,
                paragraphs=tuple(item.text for item in items),
                tail=cleaned.tail,
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


def _paragraph(document: Document, n: int, text: str) -> Paragraph:
    return Paragraph(
        id=f"{document.document}#{n}",
        document=document.document,
        n=n,
        text=text,
        title=document.title,
        year=document.year,
        agency=document.agency,
        region=document.region,
        doctype=document.doctype,
        facets=document.facets,
    )


def _still_open(warnings: Sequence[str], stated: Stated) -> tuple[str, ...]:
    """Drop the warnings of detection about fields that are stated: they begin with the field's name."""
    return tuple(warning for warning in warnings if warning.partition(" ")[0] not in stated.fields)


_SENTENCE_END = re.compile(r"[。！？；!?;][”’」』）)]*")
_CLAUSE_END = re.compile(r"[，、：,:\s]")


def _pieces(item: Item) -> Iterator[Item]:
    """Cut a paragraph that is too long where a sentence ends, else a clause, else anywhere. Cost: linear."""
    text = item.text
    if len(text) <= LONGEST_PARAGRAPH:
        yield item
        return
    start, number = 0, item.number
    while start < len(text):
        end = start + LONGEST_PARAGRAPH
        if end < len(text):
            window = text[start:end]
            ends = _last(_SENTENCE_END, window) or _last(_CLAUSE_END, window)
            end = start + (ends or LONGEST_PARAGRAPH)
        if piece := text[start:end].strip():
            yield replace(item, text=piece, number=number)
            number = None
        start = end


def _last(pattern: re.Pattern[str], text: str) -> int:
    """Give the end of the last match, 0 if there is none."""
    return max((match.end() for match in pattern.finditer(text)), default=0)
