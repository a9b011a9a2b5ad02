"""Spreadsheets (.xlsx, .xlsm): each row below the header of a sheet is a record. Nothing is evaluated.

Read straight from the parts of the container, cell by cell: a sheet may have a cell in its last corner, and what makes
a full grid of it dies of that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from posixpath import join, normpath
from typing import NamedTuple
from xml.etree import ElementTree as ET

from searchkit.corpus.formats.archives import Archive, open_archive, parse_xml
from searchkit.corpus.formats.delimited import Row, add_rows, find_header, no_text_column
from searchkit.corpus.formats.records import Records
from searchkit.corpus.formats.registry import FileContents
from searchkit.errors import ReadError
from searchkit.text.characters import visible

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Begins an old .xls, and the container of an encrypted file."""
_MAX_ROWS, _MAX_COLUMNS = 1_048_576, 16_384
"""What a sheet can have."""
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
"""A character that XML cannot hold."""
_DATES, _TIMES = (
    frozenset({*range(14, 18), *range(27, 32), 36, *range(50, 59)}),
    frozenset({*range(18, 22), *range(32, 36)}),
)
"""Numbers of the formats that every spreadsheet knows and none spells out: of days, of times of the day."""
_DATE_TIME, _PERCENT = 22, frozenset({9, 10})
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|e[-+]|general|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
"""What in the code of a format says nothing about the kind of number."""
_SERIAL = re.compile(r"-?[0-9]{1,7}(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?")
_START_1900, _START_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - a sheet knows no time zone
"""The two days from which days are counted."""
_FALSE_LEAP_DAY = 60
"""Day in the count that 1900 did not have."""


class _Style(NamedTuple):
    """What a cell's format makes of a number."""

    day: bool = False
    time: bool = False
    percent: bool = False


_PLAIN = _Style()


class _Book(NamedTuple):
    """What the sheets of a workbook share."""

    texts: Sequence[str]
    styles: Sequence[_Style]
    start: datetime
    """The day from which days are counted."""


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read each visible sheet that has a column with the text, by one of the names in `records.TEXT_NAMES`.

    The other columns are fields of the records as in JSON Lines; records without an `id` column have the name of
    their sheet and the number of their row for a key: `Sheet1/7`. A formula is worth the result stored with it, a day
    is an ISO date, a percentage has its sign, the first cell of merged ones stands in each of their rows. Bad rows
    and sheets are named in `problems`. Raises ReadError if the file cannot be opened safely or no sheet has the text.
    """
    if data.startswith(_OLE):
        raise ReadError("encrypted, or an old .xls: save it as .xlsx without a password")
    archive = open_archive(data)
    main = _targets(archive, "_rels/.rels").get("officeDocument", [("", "xl/workbook.xml")])[0][1]
    workbook = parse_xml(archive.read(main))
    parts = _targets(archive, f"{main.rpartition('/')[0]}/_rels/{main.rpartition('/')[2]}.rels")
    book = _book(archive, workbook, parts)
    sheets = dict(parts.get("worksheet", ()))
    records = Records()
    refused: list[str] = []
    for sheet in _all(workbook, "sheet"):
        path = sheets.get(next((value for key, value in sheet.attrib.items() if key.endswith("}id")), ""))
        title = " ".join(visible(sheet.get("name", "")).split())
        if path is None:
            continue  # a chart, a dialogue, a macro
        if sheet.get("state", "visible") != "visible":
            refused.append(f"sheet {title}: hidden, not read")
        elif reason := _add_sheet(records, title, parse_xml(archive.read(path)), book):
            refused.append(f"sheet {title}: {reason}")
    if not records.documents and not records.problems:
        raise ReadError(refused[0] if refused else "no sheet has a row below a header")
    contents = records.contents("row")
    return FileContents(contents.documents, (*contents.problems, *refused))


def _add_sheet(records: Records, title: str, sheet: ET.Element, book: _Book) -> str:
    """Take in the records of a sheet. If it has none, say why; an empty sheet needs no word."""
    rows = list(_rows(sheet, book))
    header = find_header(rows)
    if header is None:
        return no_text_column(rows) if rows else ""
    below = (row for row in rows if row.n > header.n)
    add_rows(records, header, below, f"sheet {title}, row ", f"{title}/")
    return ""


def _rows(sheet: ET.Element, book: _Book) -> Iterator[Row]:
    """Give the rows with anything in them. Cells below the first one of a merged range have its value."""
    merged = _merged(sheet)
    held: dict[int, tuple[int, object]] = {}
    n = 0
    for element in _all(sheet, "row"):
        n = int(element.get("r", "")) if re.fullmatch("[0-9]{1,7}", element.get("r", "")) else n + 1
        if n > _MAX_ROWS:
            raise ReadError("damaged: a row beyond the last one that a sheet can have")
        own = _cells(element, book)
        held = {column: (last, value) for column, (last, value) in held.items() if last >= n}
        for column, value in own.items():
            if last := merged.get((n, column)):
                held[column] = last, value
        if own:
            cells = {**{column: value for column, (_, value) in held.items()}, **own}
            yield Row(n, [cells.get(column) for column in range(max(cells) + 1)])


def _cells(row: ET.Element, book: _Book) -> dict[int, object]:
    """Give what stands in a row, by column from 0."""
    cells: dict[int, object] = {}
    column = -1
    for cell in row:
        reference = _REFERENCE.fullmatch(cell.get("r", ""))
        column = _column(reference[1]) if reference else column + 1
        if column >= _MAX_COLUMNS:
            raise ReadError("damaged: a cell beyond the last column that a sheet can have")
        value = _value(cell, book) if _local(cell) == "c" else None
        if value is not None and value != "":
            cells[column] = value
    return cells


def _value(cell: ET.Element, book: _Book) -> object:
    """Give the value of a cell; None if it is empty or an error such as #N/A."""
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return next((_text(child) for child in cell if _local(child) == "is"), None)
    written = next((child.text for child in cell if _local(child) == "v"), None)
    if written is None or kind == "e":
        return None
    if kind == "s":
        number = int(written) if re.fullmatch(r"\s*[0-9]{1,9}\s*", written) else len(book.texts)
        if number >= len(book.texts):
            raise ReadError("damaged: a cell refers to a text that is not there")
        return book.texts[number]
    if kind == "b":
        return written.strip() == "1"
    if kind != "n":
        return _unescaped(written)
    style = cell.get("s", "")
    number = int(style) if re.fullmatch("[0-9]{1,6}", style) else len(book.styles)
    return _number(written.strip(), book.styles[number] if number < len(book.styles) else _PLAIN, book.start)


def _number(written: str, style: _Style, start: datetime) -> object:
    """Give a number as the cell shows it, but with all its digits; a day or time in ISO form."""
    try:
        value = float(written)
    except ValueError:
        return written or None
    if style.percent and abs(value) < _MAX_ROWS:
        return f"{(Decimal(repr(value)) * 100).normalize():f}%"
    if (style.day or style.time) and _SERIAL.fullmatch(written) and value >= 0:
        return _moment(value, style, start)
    return int(value) if value.is_integer() and abs(value) < 1e15 else value  # noqa: PLR2004 - as many digits as it has


def _moment(days: float, style: _Style, start: datetime) -> object:
    """Give a count of days as a day, a time or both; hours may be more than a day has."""
    seconds = round(days * 86_400)
    if not style.day:
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    shift = 1 if start == _START_1900 and days < _FALSE_LEAP_DAY else 0
    try:
        moment = start + timedelta(days=shift, seconds=seconds)
    except OverflowError:
        return days
    return moment.isoformat() if style.time else moment.date().isoformat()


def _book(archive: Archive, workbook: ET.Element, parts: Mapping[str, Sequence[tuple[str, str]]]) -> _Book:
    texts: list[str] = []
    styles: list[_Style] = []
    for _, path in parts.get("sharedStrings", ()):
        texts = [_text(item) for item in parse_xml(archive.read(path)) if _local(item) == "si"]
    for _, path in parts.get("styles", ()):
        styles = _styles(parse_xml(archive.read(path)))
    since_1904 = any(item.get("date1904") in {"1", "true"} for item in _all(workbook, "workbookPr"))
    return _Book(texts, styles, _START_1904 if since_1904 else _START_1900)


def _styles(sheet: ET.Element) -> list[_Style]:
    """Give what each cell format makes of numbers."""
    codes = {item.get("numFmtId", ""): item.get("formatCode", "") for item in _all(sheet, "numFmt")}
    formats = next((group for group in sheet if _local(group) == "cellXfs"), ())
    return [_style(item.get("numFmtId", ""), codes) for item in formats if _local(item) == "xf"]


def _style(identifier: str, codes: Mapping[str, str]) -> _Style:
    if identifier in codes:
        code = _LITERAL.sub("", codes[identifier].partition(";")[0]).lower()
        time = not {"h", "s"}.isdisjoint(code)
        day = not {"y", "d", "e"}.isdisjoint(code) or ("m" in code and not time)  # e is a year of an era
        return _Style(day, time, "%" in code)
    number = int(identifier) if re.fullmatch("[0-9]{1,3}", identifier) else 0
    both = number == _DATE_TIME
    return _Style(both or number in _DATES, both or number in _TIMES, number in _PERCENT)


def _merged(sheet: ET.Element) -> dict[tuple[int, int], int]:
    """Give the first cell (row from 1, column from 0) of each merged range of several rows, and its last row."""
    found: dict[tuple[int, int], int] = {}
    for item in _all(sheet, "mergeCell"):
        first, _, last = item.get("ref", "").partition(":")
        begin, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last)
        if begin and end and int(end[2]) > int(begin[2]):
            found[int(begin[2]), _column(begin[1])] = int(end[2])
    return found


def _targets(archive: Archive, path: str) -> dict[str, list[tuple[str, str]]]:
    """Give the parts that a part refers to, by the kind of part: id and name of each that is in the archive."""
    if path not in archive.names:
        return {}
    folder = path.rpartition("_rels/")[0]
    found: dict[str, list[tuple[str, str]]] = {}
    for item in parse_xml(archive.read(path)):
        target = normpath(join("/", folder, item.get("Target", "")))[1:]
        if target in archive.names:
            kind = item.get("Type", "").rpartition("/")[2]
            found.setdefault(kind, []).append((item.get("Id", ""), target))
    return found


def _text(item: ET.Element) -> str:
    """Give the text of a string: its own or that of its runs, without phonetic hints."""
    parts: list[str] = []
    for child in item:
        if _local(child) == "t":
            parts.append(child.text or "")
        elif _local(child) == "r":
            parts += (part.text or "" for part in child if _local(part) == "t")
    return _unescaped("".join(parts))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _column(letters: str) -> int:
    """Give the number of a column from 0: 26 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _all(root: ET.Element, name: str) -> Iterator[ET.Element]:
    """Give the elements below `root` of a name, in any namespace: there are two, the usual and the strict."""
    return (item for item in root.iter() if _local(item) == name)


def _local(item: ET.Element) -> str:
    return item.tag.rpartition("}")[2]
