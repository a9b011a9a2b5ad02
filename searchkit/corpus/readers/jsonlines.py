"""JSON Lines: one record a line, each a document of its own with one finished paragraph."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn

from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.readers import FileContents, visible
from searchkit.corpus.readers.text import decode, tidy
from searchkit.errors import ReadError


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read records with `id` (or `_id`), `text` and any further fields, which override detection or become facets.

    A line break in a text becomes a blank: a record is one paragraph. A bad line is named in `problems` and
    the others are read. Raises ReadError if the bytes are not text or no line is a record.
    """
    decoded = decode(data)
    documents: list[RawDocument] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for n, line in enumerate(decoded.text.split("\n"), 1):
        if not line or line.isspace():
            continue
        try:
            document = _record(line)
            if document.key in seen:
                _refuse(f"the id {document.key!r} is that of line {seen[document.key]}")
        except ReadError as error:
            problems.append(f"line {n}: {error}")
        else:
            seen[document.key or ""] = n
            documents.append(document)
    if problems and not documents:
        _refuse(f"no line is a record; {problems[0]}")
    return FileContents(tuple(documents), tuple(problems), decoded.warnings)


def _record(line: str) -> RawDocument:
    fields = _object(line)
    key = _key(fields)
    text = fields.get("text")
    if not isinstance(text, str) or not (text := tidy(text).replace("\n", " ").strip()):
        _refuse("no text: a record needs a field `text`")
    rest = {name: value for name, value in fields.items() if name not in {"id", "_id", "text"}}
    return RawDocument((Block(text),), overrides=rest, key=key, is_record=True)


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


def _key(fields: Mapping[str, object]) -> str:
    value = fields.get("_id") if fields.get("id") is None else fields["id"]
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        _refuse("no id: a record needs a text or a whole number in `id` or `_id`")
    key = " ".join(visible(str(value)).split())
    if not key:
        _refuse("no id: `id` is empty")
    return key


def _refuse(message: str) -> NoReturn:
    raise ReadError(message)
