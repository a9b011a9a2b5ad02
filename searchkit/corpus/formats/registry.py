"""The table of file suffixes and readers: register a new format here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, cast

from searchkit.corpus.blocks import RawDocument
from searchkit.errors import ReadError


@dataclass(frozen=True, slots=True)
class FileContents:
    """The contents of one file."""

    documents: tuple[RawDocument, ...]
    problems: tuple[str, ...] = ()
    """Parts that could not be read. One line each, which starts with the location: `line 7: not JSON`."""
    warnings: tuple[str, ...] = ()
    """Warnings about the entire file, such as `1 NUL character is dropped`. They are added to the warnings of each of
    its documents."""


@dataclass(frozen=True, slots=True)
class Share:
    """One of the nearly equal parts into which the lines of a file are divided."""

    index: int
    """From 0."""
    count: int
    """Number of shares of the file."""

    @property
    def is_last(self) -> bool:
        """Whether it is the last share of the file."""
        return self.index + 1 == self.count

    def of(self, lines: int) -> range:
        """Return the indices of the lines of this share, from 0, in a file of `lines` lines."""
        return range(lines * self.index // self.count, lines * (self.index + 1) // self.count)


WHOLE = Share(0, 1)
"""All lines of a file."""


@dataclass(frozen=True, slots=True)
class RecordStream:
    """The records of a file, or of a share of it, built one at a time."""

    documents: Iterator[RawDocument]
    """The records. After the last share of a file, raises ReadError if the file has problems but no records, or if it
    is a table without rows below its header."""
    problems: list[str]
    """As `FileContents.problems`. Complete after the last record of the last share; otherwise without meaning."""
    warnings: tuple[str, ...]
    """As `FileContents.warnings`."""

    def read_all(self) -> FileContents:
        """Return all records of the stream. Raises ReadError."""
        return FileContents(tuple(self.documents), tuple(self.problems), self.warnings)


@dataclass(frozen=True, slots=True)
class Reader:
    """The module that reads a format, what its functions can do, and the package that it requires."""

    module: str
    """Name of the module in this package."""
    has_text_column: bool = False
    """Whether its files have columns, one of which can contain the text. Its `read` takes the column's name."""
    has_stream: bool = False
    """Whether the module has a function `stream` that builds the records of a file one at a time, or of a share of it
    (`Share`)."""
    needs: str = ""
    """Third-party package that the module requires, by its name for `pip install`. Empty if it requires none."""


_PLAIN_TEXT = Reader("text")
_MARKDOWN = Reader("markdown", needs="markdown-it-py")
_HTML = Reader("html", needs="selectolax")
_JSON_LINES = Reader("jsonlines", has_stream=True)
_DELIMITED = Reader("delimited", has_text_column=True, has_stream=True)
_XLSX = Reader("xlsx", has_text_column=True)
_DOCX = Reader("docx")
_DOC = Reader("doc")
_PDF = Reader("pdf", needs="pypdfium2")
_OFD = Reader("ofd")
_ZIP = Reader("zipped")

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        ".txt": _PLAIN_TEXT,
        ".text": _PLAIN_TEXT,
        ".md": _MARKDOWN,
        ".markdown": _MARKDOWN,
        ".html": _HTML,
        ".htm": _HTML,
        ".jsonl": _JSON_LINES,
        ".ndjson": _JSON_LINES,
        ".csv": _DELIMITED,
        ".tsv": _DELIMITED,
        ".xlsx": _XLSX,
        ".xlsm": _XLSX,
        ".docx": _DOCX,
        ".docm": _DOCX,
        ".doc": _DOC,
        ".rtf": _DOC,
        ".pdf": _PDF,
        ".ofd": _OFD,
        ".zip": _ZIP,
    }
)
"""Maps a suffix, in lower case and with its dot, to its reader."""


def suffix_of(name: str) -> str:
    """Return the suffix that selects the reader of the file `name`: `.md` for `a/B.MD`, empty if there is none."""
    return PurePosixPath(name).suffix.lower()


def read_bytes(data: bytes, name: str, text_column: str | None = None) -> FileContents:
    """Read a file's bytes with the reader for the suffix of `name`. Raises ReadError.

    `text_column` is the name that the user states for the column with the text of records. It is empty if the user
    states that the rows are a table instead of records, and None if the user states nothing. Formats without columns
    ignore it.
    """
    suffix = suffix_of(name)
    reader = READERS.get(suffix)
    if reader is None:
        message = f"no reader for {suffix or 'files without a suffix'}"
        raise ReadError(message)
    read = cast("Callable[..., FileContents]", _import_module(reader).read)
    return read(data, name, text_column) if reader.has_text_column else read(data, name)


def can_stream(name: str) -> bool:
    """Return whether the records of a file with this name can be built one at a time."""
    reader = READERS.get(suffix_of(name))
    return reader is not None and reader.has_stream


def stream_bytes(data: bytes, name: str, share: Share, text_column: str | None = None) -> RecordStream | None:
    """Return the records of a share of a file's bytes, or None if the file has no records but can have tables.

    `can_stream(name)` must be true. `text_column` is as for `read_bytes`. Raises ReadError.
    """
    reader = READERS[suffix_of(name)]
    stream = cast("Callable[..., RecordStream | None]", _import_module(reader).stream)
    return stream(data, name, share, text_column) if reader.has_text_column else stream(data, name, share)


def _import_module(reader: Reader) -> Any:  # noqa: ANN401 - each module has functions of the same names
    """Return the module of a reader. Raises ReadError if the package that it needs is missing."""
    try:
        return import_module(f"{__package__}.{reader.module}")
    except ImportError as error:
        if not reader.needs:
            raise
        # The reason is stored in the index, which other environments can open. So it has the usual command.
        raise ReadError(f"needs the package {reader.needs}: pip install {reader.needs}") from error
