"""JSON Lines: one record per line. Each record is a document of one paragraph, which is neither cleaned nor split."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import NoReturn

from searchkit.corpus.blocks import RawDocument
from searchkit.corpus.formats.records import Records, build_record
from searchkit.corpus.formats.registry import FileContents
from searchkit.corpus.formats.text import decode_text
from searchkit.errors import ReadError


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read records. Each needs an id (`id` or `_id`) and a text.

    The field of the text has one of the names in `records.TEXT_NAMES`. All other fields override detection or become
    facets. Invalid lines are listed in `problems`; the others are read. Raises ReadError if the bytes are not text or
    no line is a valid record.
    """
    decoded = decode_text(data)
    records = Records()
    for n, line in enumerate(decoded.text.split("\n"), 1):
        if line and not line.isspace():
            records.add(f"line {n}", partial(_build_record, line))
    return records.file_contents("line", decoded.warnings)


def _build_record(line: str) -> RawDocument:
    """Return the document of a line. Raises ReadError if the line is not a JSON object."""
    return build_record(_parse_object(line))


def _parse_object(line: str) -> Mapping[str, object]:
    """Parse a JSON object. Raises ReadError if the line is not one."""
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        _refuse(f"not JSON: {error.msg} at column {error.colno}")
    except (ValueError, RecursionError):
        _refuse("JSON that cannot be read: a number is too long or brackets are nested too deeply")
    if not isinstance(value, dict):
        _refuse("not a JSON object")
    return value


def _refuse(message: str) -> NoReturn:
    """Raise ReadError. `message` is what is wrong with a line."""
    raise ReadError(message)
