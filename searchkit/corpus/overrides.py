"""What a person states about a document: front matter, metadata.csv, the fields of a record. It wins over detection."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import lru_cache
from posixpath import join, normpath
from types import MappingProxyType
from typing import Any

from searchkit.model import SECTIONS, Document, Paragraph
from searchkit.places.gazetteer import gazetteer
from searchkit.text.characters import UNNAMEABLE, visible

EARLIEST, LATEST = 1949, 2100
"""Years that a report can be about, both inclusive."""

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "标题": "title", "年份": "year", "年度": "year", "date": "published", "发布日期": "published",
        "发布机构": "issuer", "机关": "agency", "地区": "region", "省": "province", "市": "city", "区县": "district",
        "文种": "doctype", "文号": "doc_number", "索引号": "index_number", "来源": "source",
    }
)  # fmt: skip
"""Other names that a field may be stated under."""
_PLACE_FIELDS = ("province", "city", "district")
_STATED = ("title", "year", "published", "issuer", "agency", "doctype", "doc_number", "index_number", "source")
_BUILT_IN = (
    {item.name for record in (Document, Paragraph) for item in fields(record)} | {*_PLACE_FIELDS, "topic", "file"}
)  # fmt: skip
_OF_PARAGRAPH = frozenset({"number", "path", "section", "topics", "topic", "facets"})
_DERIVED = frozenset({"document", "n", "page", "paragraphs", "measures", "sha256", "warnings"})
_MAX_TOPICS = 3
_MAX_NAME_LENGTH, _MAX_VALUE_LENGTH, _MAX_LINE_LENGTH = 40, 200, 1000
_RESERVED = ("=", ":")
"""Characters that part a facet's name from its value or depth where it is typed."""
_YEAR = re.compile(r"([12][0-9]{3})(?:年度?)?")
_DATE = re.compile(r"([12][0-9]{3})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})(?![0-9])")

_FENCE = "---"
_FENCE_ENDS = frozenset({"---", "..."})
_MAX_FRONT_LENGTH = 65_536
_MAX_FRONT_DEPTH, _MAX_NAMED, _MAX_WARNINGS = 10, 1000, 20
_YAML_KEY = re.compile(r"[^\s:#,，。][^:,，。]{0,60}:(?:\s|$)")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A text cut into its front matter and the rest."""

    body: str
    values: Mapping[str, object] = field(default_factory=dict)
    """As written: every scalar a string."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stated:
    """What somebody stated about a document, checked."""

    fields: Mapping[str, object] = field(default_factory=dict)
    """Names and types of `model.Document`."""
    facets: Mapping[str, str] = field(default_factory=dict)
    """The user's own facets."""
    warnings: tuple[str, ...] = ()
    """What was stated and cannot be used: `year: '20x3' is not a year from 1949 to 2100`."""

    def over(self, other: Stated) -> Stated:
        """Put this on top of `other`: what both state counts as stated here."""
        return Stated(
            {**other.fields, **self.fields}, {**other.facets, **self.facets}, (*other.warnings, *self.warnings)
        )


NOTHING = Stated()


def split_front_matter(text: str) -> FrontMatter:
    """Take YAML between `---` at the very top and the next `---` or `...` off a text whose line ends are line feeds.

    What stands there and is not YAML in the form `name: value` is text; what looks like it and cannot be
    read is left out, with a warning.
    """
    if not text.startswith(_FENCE):
        return FrontMatter(text)
    lines = text[:_MAX_FRONT_LENGTH].split("\n")
    end = next((n for n, line in enumerate(lines) if n and line.rstrip() in _FENCE_ENDS), 0)
    inside = lines[1:end]
    first = next((line for line in inside if line.strip() and not line.startswith("#")), "")
    if lines[0].rstrip() != _FENCE or not end or not _YAML_KEY.match(first):
        return FrontMatter(text)
    body = text[sum(len(line) + 1 for line in lines[: end + 1]) :]
    return replace(_yaml("\n".join(inside)), body=body)


def interpret(values: Mapping[str, object]) -> Stated:
    """Check what was stated. Fields go by their English or Chinese names; any other name is a facet of the user's.

    An empty value states nothing. A value that cannot be used becomes a warning, and detection stands.
    """
    known: dict[str, object] = {}
    facets: dict[str, str] = {}
    warnings: list[str] = []
    for name, value in values.items():
        key = _NAMES.get(name.strip(), name.strip().lower())
        if _is_empty(value):
            continue
        if key in _STATED or key in {"region", *_PLACE_FIELDS}:
            known.setdefault(key, value)
        elif problem := _facet_problem(name.strip(), value):
            warnings.append(problem)
        else:
            facets[name.strip()] = _scalar(value) or ""
    checked: dict[str, object] = {}
    for key, value in known.items():
        if key in _STATED:
            result = _CHECKS.get(key, _line)(value)
            if result is None:
                warnings.append(f"{key}: {_shown(value)} is not {_EXPECTED.get(key, 'one line of text')}")
            else:
                checked[key] = result
    region, problems = _region(known)
    if region:
        checked["region"] = region
    more = len(warnings) - _MAX_WARNINGS
    if more > 0:
        warnings[_MAX_WARNINGS:] = [f"and {more} more values that cannot be used"]
    return Stated(checked, facets, (*warnings, *problems))


@dataclass(frozen=True, slots=True)
class RecordParts:
    """What a record states about its paragraph."""

    number: str | None = None
    path: tuple[str, ...] = ()
    section: str | None = None
    topics: tuple[str, ...] = ()


def interpret_record(values: Mapping[str, object]) -> tuple[RecordParts, Stated]:
    """Check the fields of a record: those of its paragraph, and those of its document with the user's facets.

    Records that were exported can be read again: their own counts and ids are left out, their `facets` taken
    one by one.
    """
    rest = {name: value for name, value in values.items() if name not in _OF_PARAGRAPH and name not in _DERIVED}
    nested = values.get("facets")
    if isinstance(nested, dict):
        rest = {**{str(name): value for name, value in nested.items()}, **rest}
    stated = interpret(rest)
    section = values.get("section")
    texts = {name: _texts(values.get(name)) for name in ("number", "path", "topics", "topic")}
    wrong = [
        f"{name}: {_shown(values[name])} is not text or a list of texts" for name, got in texts.items() if got is None
    ]
    if section is not None and section not in SECTIONS:
        wrong.append(f"section: {_shown(section)} is none of {' '.join(SECTIONS)}")
    number = texts["number"] or ()
    parts = RecordParts(
        number=number[0] if number else None,
        path=texts["path"] or (),
        section=section if isinstance(section, str) and section in SECTIONS else None,
        topics=(texts["topics"] or texts["topic"] or ())[:_MAX_TOPICS],
    )
    return parts, Stated(stated.fields, stated.facets, (*stated.warnings, *wrong))


@dataclass(frozen=True, slots=True)
class Table:
    """A metadata.csv, checked."""

    rows: Mapping[str, Stated]
    """By the file's name in the corpus."""
    problems: tuple[str, ...] = ()
    """Lines that cannot be used: `line 4: no file name`."""


def read_table(text: str, folder: str, names: Collection[str]) -> Table:
    """Read a metadata.csv that stands in `folder` (its name in the corpus, empty for the corpus itself).

    The column `file` (or `文件`) names a file relative to that folder, one of `names`. Columns are parted by commas,
    tabs or semicolons.
    """
    rows: dict[str, Stated] = {}
    problems: list[str] = []
    first = text.split("\n", 1)[0]
    delimiter = next((mark for mark in ",\t;" if mark in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [name.strip() for name in next(reader, [])]
        column = next((n for n, name in enumerate(header) if name.lower() in {"file", "文件"}), None)
        if column is None:
            return Table({}, ("line 1: no column `file`",))
        if len(header) > _MAX_NAMED:
            return Table({}, (f"line 1: {len(header)} columns: more than {_MAX_NAMED} are not read",))
        for row in reader:
            name, problem = _row_name(row, column, folder)
            if name in rows:
                problem = f"{name} has a line already"
            elif name and name not in names:
                problem = f"no file {name}"
            elif name:
                values = {key: value for key, value in zip(header, row, strict=False) if key and key != header[column]}
                rows[name] = interpret(values)
            if problem:
                problems.append(f"line {reader.line_num}: {problem}")
            if len(problems) == _MAX_NAMED:
                problems.append(f"line {reader.line_num}: the rest is not read, after so many problems")
                break
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}; the rest is not read")
    return Table(rows, tuple(problems))


def _row_name(row: Sequence[str], column: int, folder: str) -> tuple[str, str]:
    """Give the name in the corpus of the file that a row is about, and what is wrong with it."""
    if not any(cell.strip() for cell in row):
        return "", ""
    stated = row[column].strip().replace("\\", "/") if column < len(row) else ""
    if not stated:
        return "", "no file name"
    name = normpath(join(folder, stated))
    if stated.startswith("/") or name == ".." or name.startswith("../"):
        return "", f"{stated} is outside the corpus"
    return name, ""


def _yaml(text: str) -> FrontMatter:
    """Read the mapping that front matter is: every scalar a string, values scalars or lists of scalars.

    Read as it is parsed, in one pass: nothing in it can run code, and nothing written once is made many times over,
    as anchors do. The number of a document stays as it was written (007, 2024-01, no).
    """
    import yaml  # noqa: PLC0415 - most files have no front matter

    try:
        # The loader in C dies on deep nesting; this one takes a time that grows with the square of the depth.
        return _Mapping(yaml.parse(text, Loader=yaml.BaseLoader)).read()
    except yaml.MarkedYAMLError as error:
        place = f" at line {error.problem_mark.line + 2}" if error.problem_mark else ""
        return _no_yaml(f"not YAML{place}: {error.problem or 'cannot be read'}")
    except (yaml.YAMLError, RecursionError, ValueError):
        return _no_yaml("not YAML that can be read")


def _no_yaml(problem: str) -> FrontMatter:
    return FrontMatter("", {}, (f"front matter: {problem}",))


class _Mapping:
    """Reads a mapping from the events of a YAML parser."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._refused = ""
        """What of the value at hand is not read: `an anchor`."""

    def read(self) -> FrontMatter:
        """Give the mapping as `values`, and what of it is left out as warnings."""
        import yaml  # noqa: PLC0415 - as in `_yaml`

        event = next(
            event for event in self._events if not isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent))
        )
        if not isinstance(event, yaml.MappingStartEvent):
            return _no_yaml("not YAML in the form `name: value`")
        self._note(event)
        values: dict[str, object] = {}
        warnings: list[str] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = event.start_mark.line + 2
            key = self._value(event)
            value = self._value(next(self._events))
            if isinstance(key, str) and not self._refused:
                values[key] = value
            else:
                name = f" ({_shown(key)})" if isinstance(key, str) else ""
                warnings.append(f"front matter: line {line}{name}: {self._refused or 'a name of several'} is not read")
            self._refused = ""
            if len(values) + len(warnings) > _MAX_NAMED:
                return _no_yaml(f"more than {_MAX_NAMED} names")
        return FrontMatter("", values, tuple(warnings))

    def _value(self, event: Any, depth: int = 0) -> object:  # noqa: ANN401 - the parser has no types
        """Give the value that begins with an event: a text, or a list of what its items are."""
        import yaml  # noqa: PLC0415 - as in `_yaml`

        self._note(event)
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        if isinstance(event, yaml.AliasEvent):
            return None
        if depth == _MAX_FRONT_DEPTH:
            raise ValueError
        if depth or isinstance(event, yaml.MappingStartEvent):
            self._refused = self._refused or "a value inside another"
        ends = (yaml.SequenceEndEvent, yaml.MappingEndEvent)
        items: list[object] = []
        while not isinstance(item := next(self._events), ends):
            items.append(self._value(item, depth + 1))
        return items

    def _note(self, event: Any) -> None:  # noqa: ANN401 - as above
        """Notice what is not read."""
        if event.anchor:
            self._refused = self._refused or "an anchor"
        elif getattr(event, "tag", None):
            self._refused = self._refused or "a tag"


def _is_empty(value: object) -> bool:
    return value is None or value in ([], {}) or (isinstance(value, str) and value.strip() in {"", "~", "null"})


def _scalar(value: object) -> str | None:
    """Give a scalar as one line of text; None for a list, a mapping or too long a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        return None
    text = " ".join(visible(str(value)).split())
    return text if len(text) <= _MAX_LINE_LENGTH else None


def _texts(value: object) -> tuple[str, ...] | None:
    """Give one text or a list of texts as a tuple; None if it is neither."""
    items = value if isinstance(value, list) else [] if value is None else [value]
    lines = [_line(item) for item in items]
    return None if None in lines else tuple(line for line in lines if line)


def _line(value: object) -> str | None:
    return None if isinstance(value, bool) else _scalar(value) or None


def _year(value: object) -> int | None:
    match = _YEAR.fullmatch(_line(value) or "")
    year = int(match[1]) if match else 0
    return year if EARLIEST <= year <= LATEST else None


def _date(value: object) -> str | None:
    match = _DATE.match(_line(value) or "")
    try:
        return date(*map(int, match.groups())).isoformat() if match else None
    except ValueError:
        return None


def _url(value: object) -> str | None:
    text = _line(value) or ""
    return text if re.match(r"https?://\S+$", text) else None


_CHECKS = {"year": _year, "published": _date, "source": _url}
_EXPECTED = {
    "year": f"a year from {EARLIEST} to {LATEST}",
    "published": "a date such as 2024-01-31",
    "source": "an address that begins with http:// or https://",
}


def _region(known: Mapping[str, object]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the place that is stated, province first where the gazetteer knows it; and what is wrong with it."""
    problems: list[str] = []
    if "region" in known:
        value = known["region"]
        parts = value.split("/") if isinstance(value, str) else value if isinstance(value, list) else [value]
        key = "region"
    else:
        key = next((name for name in reversed(_PLACE_FIELDS) if name in known), "")
        parts = [known[name] for name in _PLACE_FIELDS if name in known]
    names = [_line(part) if isinstance(part, str) else None for part in parts]
    if not all(names):
        return (), (f"{key}: {_shown(known[key])} is not the name of a place or a list of names",)
    region = tuple(dict.fromkeys(name for name in names if name))
    if not region:
        return (), ()
    resolved = _resolve("/".join(region))
    if resolved is None and len(region) == 1 and key != "province":
        problems.append(f"region: {region[0]} alone does not say which place is meant; state it from the province down")
    district = _line(known.get("district"))
    if key == "region" and district and district not in {region[-1], (resolved or region)[-1]}:
        problems.append(f"district: {district} is not the end of the region {'/'.join(region)}, which counts")
    return resolved or region, tuple(problems)


@lru_cache(maxsize=4096)
def _resolve(path: str) -> tuple[str, ...] | None:
    return gazetteer().resolve(path)


def _facet_problem(name: str, value: object) -> str:
    """Say why `name` with `value` cannot be a facet; empty if it can."""
    shown = _shown(name)
    if name.lower() in _BUILT_IN:
        return f"{shown} is a field that cannot be stated"
    is_plain = not UNNAMEABLE.search(name)
    if not is_plain or not 0 < len(name) <= _MAX_NAME_LENGTH or any(mark in name for mark in _RESERVED):
        return (
            f"{shown} is no name for a facet: up to {_MAX_NAME_LENGTH} characters, none of them {' '.join(_RESERVED)}"
        )
    text = _scalar(value)
    if text is None or len(text) > _MAX_VALUE_LENGTH:
        return f"{shown}: {_shown(value)} is not one value of up to {_MAX_VALUE_LENGTH} characters"
    return ""


def _shown(value: object) -> str:
    """Give a value for a message: short and on one line."""
    text = value if isinstance(value, str) else repr(value)[:_MAX_LINE_LENGTH]
    text = UNNAMEABLE.sub(" ", text)
    return repr(text if len(text) <= _MAX_NAME_LENGTH else text[:_MAX_NAME_LENGTH] + "…")
