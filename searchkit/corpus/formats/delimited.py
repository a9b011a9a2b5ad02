"""Comma-, tab- and semicolon-separated values (.csv, .tsv): each row below the header is a record."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import NamedTuple

from searchkit.corpus.blocks import RawDocument
from searchkit.corpus.formats.records import ID_NAMES, TEXT_NAMES, Records, record
from searchkit.corpus.formats.registry import FileContents
from searchkit.corpus.formats.text import decode
from searchkit.errors import ReadError
from searchkit.text.characters import visible

MAX_CELL_LENGTH = 131_072
"""Code points. A longer cell is no paragraph; more often a quotation mark was left open."""
HEADER_WITHIN = 20
"""Rows with anything in them among which the header is looked for: titles and notes may stand above it."""

_DELIMITERS = (",", "\t", ";", "|")
_STATED_DELIMITER = "sep="
"""How the first line of a file that is made for Excel may begin."""
_SAMPLE = 100
"""Lines by which the delimiter is chosen."""
_MAX_RESTARTS = 100
"""Rows with an open quotation mark, after which a file is given up: each may cost reading `MAX_CELL_LENGTH` again."""
_SHOWN, _MAX_SHOWN_LENGTH = 12, 20
"""How many columns a message names, and code points of each."""


class Row(NamedTuple):
    """A row of a table."""

    n: int
    """Where it begins in the file: number of its line, or of its row in a sheet, from 1."""
    cells: Sequence[object]
    """As the file has them; None or an empty text for an empty cell."""
    problem: str = ""
    """Why the cells cannot be read."""


@dataclass(frozen=True, slots=True)
class Header:
    """The row that names the columns."""

    n: int
    """As `Row.n`."""
    names: tuple[str, ...]
    """Of each column, as written; empty = it has none."""
    fields: Mapping[int, str] = field(default_factory=dict)
    """Column, from 0, to the name of the field of a record. Of columns of the same name the first counts."""

    @property
    def has_key(self) -> bool:
        """Whether a column states the keys of the records."""
        return not set(ID_NAMES).isdisjoint(self.fields.values())

    @property
    def text_column(self) -> int:
        """The column that holds the text, from 0."""
        columns = {name: column for column, name in self.fields.items()}
        return next(columns[name] for name in TEXT_NAMES if name in columns)


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read a table that has a column with the text, by one of the names in `records.TEXT_NAMES`.

    The other columns are fields of the records as in JSON Lines; records without an `id` column have the number of
    their line for a key. Rows with too many or too few cells are named in `problems` and the others are read.
    Raises ReadError if the bytes are not text, no column holds the text, or no row is a record.
    """
    decoded = decode(data)
    lines = decoded.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    delimiter, header = _layout(lines)
    if header is None:
        raise ReadError(no_text_column(_rows(lines[:_SAMPLE], delimiter)))
    records = Records()
    rows = (row for row in _rows(lines, delimiter) if row.n > header.n)
    add_rows(records, header, (_measured(row, len(header.names)) for row in rows), "line ")
    if not records.documents and not records.problems:
        raise ReadError("no row below the header")
    return records.contents("row", decoded.warnings)


def find_header(rows: Iterable[Row]) -> Header | None:
    """Find the header: the first row that names a column by one of the names for the text."""
    for row in islice((row for row in rows if not _is_empty(row)), HEADER_WITHIN):
        names = [_one_line(cell) for cell in row.cells]
        if any(name.lower() in TEXT_NAMES for name in names):
            return _header(row.n, names)
    return None


def add_rows(records: Records, header: Header, rows: Iterable[Row], place: str, key: str = "") -> None:
    """Take in the rows below a header. Empty rows, and the header where it is repeated, are passed over.

    `place`: begins the name of a row in problems; `key`: begins the keys that are made of row numbers.
    """
    text, has_key = header.text_column, header.has_key
    without: set[int] = set()
    for row in rows:
        is_header = len(row.cells) > text and _one_line(row.cells[text]) == header.names[text]
        if row.problem or not (is_header or _is_empty(row)):
            records.add(f"{place}{row.n}", partial(_record, row, header, text, None if has_key else f"{key}{row.n}"))
            without.update(n for n, cell in enumerate(row.cells) if n not in header.fields and not _is_blank(cell))
    for column in sorted(without)[:_SHOWN]:
        name = header.names[column] if column < len(header.names) else ""
        reason = f"has the name {_short(name)} of another" if name else "has no name"
        records.problems.append(f"{place}{header.n}: column {column + 1} {reason}: left out")


def no_text_column(rows: Iterable[Row]) -> str:
    """Say that a table has no column with the text, and which ones it has."""
    widest = max(
        islice((row for row in rows if not _is_empty(row)), HEADER_WITHIN),
        key=lambda row: sum(not _is_blank(cell) for cell in row.cells),
        default=Row(1, ()),
    )
    names = [_short(name) for cell in widest.cells if (name := _one_line(cell))]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    found = f"the columns are {', '.join(names[:_SHOWN])}{more}" if names else "it is empty"
    return f"no column with the text (named {', '.join(TEXT_NAMES)}): {found}"


def _header(n: int, names: Sequence[str]) -> Header:
    fields: dict[str, int] = {}
    for column, name in enumerate(names):
        known = name.lower()
        fields.setdefault(known if known in {*TEXT_NAMES, *ID_NAMES} else name, column)
    return Header(n, tuple(names), {column: name for name, column in fields.items() if name})


def _record(row: Row, header: Header, text: int, key: str | None) -> RawDocument:
    """Make a record of a row; `text`: the column that holds it. Raises ReadError. Cost: that of the row's cells."""
    if row.problem:
        raise ReadError(row.problem)
    longest = max((len(cell) for cell in row.cells if isinstance(cell, str)), default=0)
    if longest > MAX_CELL_LENGTH:
        raise ReadError(f"a cell of {longest} characters: more than {MAX_CELL_LENGTH} are not read")
    values = {
        header.fields[column]: "" if cell is None else cell
        for column, cell in enumerate(row.cells)
        if column in header.fields
    }
    name = header.fields[text]
    return record({**values, name: str(values.get(name, ""))}, key)


def _rows(lines: Sequence[str], delimiter: str) -> Iterator[Row]:
    """Parse lines. A quotation mark that is left open costs its own row, not what it would swallow."""
    first = restarts = 0
    while first < len(lines):
        reader = csv.reader((lines[n] + "\n" for n in range(first, len(lines))), delimiter=delimiter)
        done = 0
        try:
            for cells in reader:
                if reader.line_num - done > 1 and _is_open(lines[first + done : first + reader.line_num], delimiter):
                    break
                yield Row(first + done + 1, cells)
                done = reader.line_num
            else:
                return
        except csv.Error:  # a cell larger than the module takes: 131,072 characters, unless somebody set it otherwise
            pass
        restarts += 1
        rest = "; the rest is not read" if restarts == _MAX_RESTARTS else ""
        yield Row(first + done + 1, (), f"a quotation mark that does not end, or too large a cell{rest}")
        first = len(lines) if rest else first + done + 1


def _is_open(lines: Sequence[str], delimiter: str) -> bool:
    """Tell whether a quotation that spans lines ends only because the file does, or where another one begins."""
    try:
        rows = list(csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True))
    except csv.Error:
        return True
    return len(rows) != 1


def _measured(row: Row, width: int) -> Row:
    """Mark a row that does not have as many cells as the header. Empty cells at its end are not counted."""
    cells = list(row.cells)
    while len(cells) > width and _is_blank(cells[-1]):
        cells.pop()
    if not row.problem and not _is_empty(row) and len(cells) != width:
        return Row(
            row.n, (), f"too {'many' if len(cells) > width else 'few'} cells: {len(cells)}, the header has {width}"
        )
    return Row(row.n, cells, row.problem)


def _layout(lines: Sequence[str]) -> tuple[str, Header | None]:
    """Find the delimiter, and the header if there is one: what makes the widest header that fits the most rows."""
    stated = lines[0].rstrip(" ")
    if stated.lower().startswith(_STATED_DELIMITER) and len(stated) == len(_STATED_DELIMITER) + 1:
        return stated[-1], find_header(_rows(lines, stated[-1]))
    found: list[tuple[int, int, str, Header | None]] = []
    for delimiter in _DELIMITERS:
        sample = list(_rows(lines[:_SAMPLE], delimiter))
        header = find_header(sample)
        widths = Counter(len(row.cells) for row in sample if not _is_empty(row))
        width = len(header.names) if header else 0
        fitting = widths[width] if header else max((count for n, count in widths.items() if n > 1), default=0)
        found.append((width, fitting, delimiter, header))
    _, _, delimiter, header = max(found, key=lambda item: item[:2])
    return delimiter, header


def _is_blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _is_empty(row: Row) -> bool:
    return not row.problem and all(map(_is_blank, row.cells))


def _one_line(cell: object) -> str:
    return "" if cell is None else " ".join(visible(str(cell)).split())


def _short(name: str) -> str:
    return name if len(name) <= _MAX_SHOWN_LENGTH else name[:_MAX_SHOWN_LENGTH] + "…"
