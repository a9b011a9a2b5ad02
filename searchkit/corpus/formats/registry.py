"""The table of file suffixes and readers: register a new format here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import cast

from searchkit.corpus.blocks import RawDocument
from searchkit.errors import ReadError


@dataclass(frozen=True, slots=True)
class FileContents:
    """The contents of one file."""

    documents: tuple[RawDocument, ...]
    problems: tuple[str, ...] = ()
    """Parts that could not be read. One line each, which starts with the location: `line 7: not JSON`."""
    warnings: tuple[str, ...] = ()
    """Problems of the entire file. They are added to the warnings of each of its documents."""


@dataclass(frozen=True, slots=True)
class Reader:
    """The module that reads a format, and the package that it requires."""

    module: str
    """Name of the module in this package."""
    has_text_column: bool = False
    """Whether its files have columns, one of which can contain the text. Its `read` takes the column's name."""
    needs: str = ""
    """Third-party package that the module requires, by its name for `pip install`. Empty if it requires none."""


_PLAIN_TEXT = Reader("text")
_MARKDOWN = Reader("markdown", needs="markdown-it-py")
_HTML = Reader("html", needs="selectolax")
_JSON_LINES = Reader("jsonlines")
_DELIMITED = Reader("delimited", has_text_column=True)
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

    `text_column` is the stated name of the column that contains the text of records. It is empty if the rows are stated
    to be tables, and None if nothing is stated. Formats without columns ignore it.
    """
    suffix = suffix_of(name)
    reader = READERS.get(suffix)
    if reader is None:
        message = f"no reader for {suffix or 'files without a suffix'}"
        raise ReadError(message)
    read = _import_read_function(reader)
    return read(data, name, text_column) if reader.has_text_column else read(data, name)


def _import_read_function(reader: Reader) -> Callable[..., FileContents]:
    """Return the function `read` of a reader's module. Raises ReadError if the package that it needs is missing."""
    try:
        module = import_module(f"{__package__}.{reader.module}")
    except ImportError as error:
        if not reader.needs:
            raise
        message = f"needs the package {reader.needs}: pip install {reader.needs}"
        raise ReadError(message) from error
    return cast("Callable[..., FileContents]", module.read)
