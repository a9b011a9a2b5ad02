"""Which module reads a file: chosen by the suffix, and imported when the first file of its format is read."""

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
    """What one file held."""

    documents: tuple[RawDocument, ...]
    problems: tuple[str, ...] = ()
    """Parts that could not be read, one line each, beginning with where they are: `line 7: not JSON`."""
    warnings: tuple[str, ...] = ()
    """What is true of the whole file and belongs into the warnings of every document in it."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Where the reader of a format is, and what it needs."""

    module: str
    """Name of the module in this package."""
    needs: str = ""
    """Third-party distribution it cannot do without, as `pip install` takes it; empty = none."""


_TEXT = Reader("text")
_MARKDOWN = Reader("markdown", needs="markdown-it-py")
_HTML = Reader("html", needs="selectolax")
_JSON_LINES = Reader("jsonlines")
_TABLE = Reader("delimited")
_SPREADSHEET = Reader("xlsx")
_WORD = Reader("docx")
_OLD_WORD = Reader("doc")
_PDF = Reader("pdf", needs="pypdfium2")
_OFD = Reader("ofd")
_ARCHIVE = Reader("zipped")

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        ".txt": _TEXT,
        ".text": _TEXT,
        ".md": _MARKDOWN,
        ".markdown": _MARKDOWN,
        ".html": _HTML,
        ".htm": _HTML,
        ".jsonl": _JSON_LINES,
        ".ndjson": _JSON_LINES,
        ".csv": _TABLE,
        ".tsv": _TABLE,
        ".xlsx": _SPREADSHEET,
        ".xlsm": _SPREADSHEET,
        ".docx": _WORD,
        ".docm": _WORD,
        ".doc": _OLD_WORD,
        ".rtf": _OLD_WORD,
        ".pdf": _PDF,
        ".ofd": _OFD,
        ".zip": _ARCHIVE,
    }
)
"""Suffix, in lower case and with its dot, to reader."""


def suffix_of(name: str) -> str:
    """Give the suffix that decides the reader of the file `name`: `.md` for `a/B.MD`, empty if it has none."""
    return PurePosixPath(name).suffix.lower()


def read_bytes(data: bytes, name: str) -> FileContents:
    """Read a file's bytes with the reader that the suffix of `name` asks for. Raises ReadError."""
    suffix = suffix_of(name)
    reader = READERS.get(suffix)
    if reader is None:
        message = f"no reader for {suffix or 'files without a suffix'}"
        raise ReadError(message)
    return _function(reader)(data, name)


def _function(reader: Reader) -> Callable[[bytes, str], FileContents]:
    try:
        module = import_module(f"{__package__}.{reader.module}")
    except ImportError as error:
        if not reader.needs:
            raise
        message = f"needs the package {reader.needs}: pip install {reader.needs}"
        raise ReadError(message) from error
    return cast("Callable[[bytes, str], FileContents]", module.read)
