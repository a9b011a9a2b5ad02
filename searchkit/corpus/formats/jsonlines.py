"""JSON Lines: one record per line. Each record is a document of one paragraph, which is neither cleaned nor split."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import NoReturn

from searchkit.corpus.blocks import RawDocument
from searchkit.corpus.formats.records import Records, build_record
from searchkit.corpus.formats.registry import WHOLE, FileContents, RecordStream, Share
from searchkit.corpus.formats.text import Lines, decode_text
from searchkit.errors import ReadError


def read(data: bytes, name: str) -> FileContents:
    """Read all records, as `stream` does. Raises ReadError."""
    return stream(data, name).read_all()


def stream(data: bytes, name: str, share: Share = WHOLE) -> RecordStream:  # noqa: ARG001 - every reader has a name
    """Return the records of a share of a file. Each record needs an id (`id` or `_id`) and a text.

    A share is a range of the lines of the file. The field of the text has one of the names in `records.TEXT_NAMES`. The
    other fields whose values are not blank override detection or become facets. Invalid lines are listed in `problems`;
    the other lines are read. Raises ReadError if the bytes are not text. The records of the last share raise ReadError
    if the file has invalid lines but no valid line.
    """
    decoded = decode_text(data)
    records = Records()
    return RecordStream(_build_records(Lines(decoded.text), share, records), records.problems, decoded.warnings)


def _build_records(lines: Lines, share: Share, records: Records) -> Iterator[RawDocument]:
    """Yield the records of a share of lines. After the last share, raises ReadError as `Records.require_records` does.

    The lines before the share are parsed, too, because `records` must know which ids are used already.
    """
    own = share.of(len(lines))
    for index in range(own.stop):
        line = lines[index]
        if line and not line.isspace():
            document = records.build("line ", index + 1, partial(_build_record, line))
            if document and index >= own.start:
                yield document
    if share.is_last:
        records.require_records("line")


def _build_record(line: str) -> RawDocument:
    """Return the document of a line. Raises ReadError if the line is not a JSON object, or not a valid record."""
    return build_record(_parse_object(line))


def _parse_object(line: str) -> Mapping[str, object]:
    """Parse a JSON object. Raises ReadError if the line is not one."""
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        _reject(f"not JSON: {error.msg} at column {error.colno}")
    except (ValueError, RecursionError):
        _reject("JSON that cannot be read: a number is too long or brackets are nested too deeply")
    if not isinstance(value, dict):
        _reject("not a JSON object")
    return value


def _reject(message: str) -> NoReturn:
    """Raise ReadError. `message` is what is wrong with a line."""
    raise ReadError(message)
