"""JSON Lines: one record a line, each a document of its own with one finished paragraph."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import NoReturn

from searchkit.corpus.blocks import RawDocument
from searchkit.corpus.formats.records import Records, record
from searchkit.corpus.formats.registry import FileContents
from searchkit.corpus.formats.text import decode
from searchkit.errors import ReadError


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read records with `id` (or `_id`), `text` and any further fields, which override detection or become facets.

    The text may also go by the other names in `records.TEXT_NAMES`. A bad line is named in `problems` and the others
    are read. Raises ReadError if the bytes are not text or no line is a record.
    """
    decoded = decode(data)
    records = Records()
    for n, line in enumerate(decoded.text.split("\n"), 1):
        if line and not line.isspace():
            records.add(f"line {n}", partial(_record, line))
    return records.contents("line", decoded.warnings)


def _record(line: str) -> RawDocument:
    return record(_object(line))


def _object(line: str) -> Mapping[str, object]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        _refuse(f"not JSON: {error.msg} at column {error.colno}")
    except (ValueError, RecursionError):
        _refuse("not JSON that can be read: a number too long or brackets too deep")
    if not isinstance(value, dict):
        _refuse("not a JSON object")
    return value


def _refuse(message: str) -> NoReturn:
    raise ReadError(message)
