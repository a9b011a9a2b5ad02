"""Spreadsheets (.xlsx, .xlsm): sheets as records or tables, and which numbers are dates, times or percentages.

The rows of a sheet with a text column are records. Other sheets are tables. Formulas are not evaluated: their stored
results are read.

The parts of the container are read directly, cell by cell. A sheet may have a cell in its last row and column, so
libraries that build a full grid run out of memory.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from posixpath import join, normpath
from typing import NamedTuple
from xml.etree import ElementTree as ET

from searchkit.corpus.blocks import RawDocument
from searchkit.corpus.formats.archives import Archive, open_archive, parse_xml
from searchkit.corpus.formats.delimited import Row, build_rows, describe_missing_text_column, find_header
from searchkit.corpus.formats.grids import GridRow, build_blocks, clean_cell
from searchkit.corpus.formats.marks import END, LOWERED, RAISED, resolve_marks
from searchkit.corpus.formats.numberformats import BUILT_IN_FORMATS, format_date, format_general, format_number
from searchkit.corpus.formats.records import Records
from searchkit.corpus.formats.registry import FileContents
from searchkit.errors import ReadError
from searchkit.model import Cell
from searchkit.text.characters import remove_invisible

_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""First bytes of an old .xls, and of the container of an encrypted file."""
_MAX_ROWS, _MAX_COLUMNS = 1_048_576, 16_384
"""Maximum size of a sheet."""
_CELL_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
"""Escape of a character that XML cannot represent."""
_DATE_FORMATS, _TIME_FORMATS = (
    frozenset({*range(14, 18), *range(27, 32), 36, *range(50, 59)}),
    frozenset({*range(18, 22), *range(32, 36), *range(45, 48)}),
)
"""Ids of built-in formats of dates, and of times and durations (45: mm:ss), which files do not define."""
_DATE_TIME_FORMAT, _PERCENT_FORMATS = 22, frozenset({9, 10})
"""Ids of the built-in format of a date with its time, and of the built-in formats of percentages."""
_NEUTRAL_PARTS = re.compile(r'"[^"]*"|[\\!].|_.|\*.|e[-+]|general|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
"""Parts of a format code that do not affect the kind of number."""
_MAX_SHARE = 1_000_000
"""`_convert_number` writes only numbers of a smaller absolute value as percentages. 1e300 would have 303 digits."""
_SERIAL_NUMBER = re.compile(r"-?[0-9]{1,7}(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?")
"""A number of days that can be a date or a time."""
_DELIMITERS = {"superscript": RAISED, "subscript": LOWERED}
"""Maps the vertical alignment of a run to the delimiter that starts it."""
_EPOCH_1900, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - a sheet has no time zone
"""The two dates from which sheets count days."""
_NONEXISTENT_DAY = 60
"""Serial number of 1900-02-29, a day that sheets count although it did not exist."""


class _NumberFormat(NamedTuple):
    """The kind of number that a number format displays."""

    has_date: bool = False
    has_time: bool = False
    is_percent: bool = False
    code: str = ""
    """The format code; empty for the general format and for formats, such as built-in dates, whose code is unknown."""


_GENERAL_FORMAT = _NumberFormat()


class _SharedData(NamedTuple):
    """Data that the sheets of a workbook share."""

    strings: Sequence[str]
    formats: Sequence[_NumberFormat]
    """The number format of each cell format. A cell states the index of its cell format."""
    epoch: datetime
    """The date from which days are counted."""
    is_displayed: bool = False
    """Whether numbers are read as the cells display them, and not with all their digits."""


def read(data: bytes, name: str, text_column: str | None = None) -> FileContents:  # noqa: ARG001 - as every reader
    """Read the records of each visible sheet that has a text column, and the tables of the others.

    `records.TEXT_NAMES` lists the names of text columns. `text_column` is the name to look for instead; if it is
    empty, the sheets are read as tables. The other columns are fields of the records, as in JSON Lines. Without an `id`
    column, the key of a record is the name of its sheet and its row number: `Sheet1/7`. In records, a date is in ISO
    format, a percentage has its percent sign, and the value of vertically merged cells is repeated in each of their
    rows. A sheet with tables and without text column is a document whose key is the name of the sheet. Its numbers and
    dates are as displayed. Hidden sheets, and the hidden rows and columns of tables, are not read. Invalid rows, sheets
    without text column, and sheets and parts of tables that are not read are listed in `problems`. Raises ReadError if
    the file cannot be opened safely or is damaged, or if no sheet yields a record or a table.
    """
    if data.startswith(_OLE_SIGNATURE):
        raise ReadError("encrypted, or an old .xls: save it as .xlsx without a password")
    archive = open_archive(data)
    main = _related_parts(archive, "_rels/.rels").get("officeDocument", [("", "xl/workbook.xml")])[0][1]
    workbook = parse_xml(archive.read(main))
    parts = _related_parts(archive, f"{main.rpartition('/')[0]}/_rels/{main.rpartition('/')[2]}.rels")
    shared = _read_shared_data(archive, workbook, parts)
    sheets = dict(parts.get("worksheet", ()))
    records = Records()
    documents: list[RawDocument] = []
    sheet_problems: list[str] = []
    for sheet in _descendants(workbook, "sheet"):
        path = sheets.get(next((value for key, value in sheet.attrib.items() if key.endswith("}id")), ""))
        title = " ".join(remove_invisible(sheet.get("name", "")).split())
        if path is None:
            continue  # a chart, a dialog or a macro
        if sheet.get("state", "visible") != "visible":
            sheet_problems.append(f"sheet {title}: hidden, not read")
        else:
            added, reason = _read_sheet(records, title, parse_xml(archive.read(path)), shared, text_column)
            documents += added
            if reason:
                sheet_problems.append(f"sheet {title}: {reason}")
    if not documents and not records.problems:
        raise ReadError(sheet_problems[0] if sheet_problems else "no sheet has a row below a header")
    records.require_records("row")
    return FileContents(tuple(documents), (*records.problems, *sheet_problems))


def _read_sheet(
    records: Records, title: str, sheet: ET.Element, shared: _SharedData, text_column: str | None
) -> tuple[list[RawDocument], str]:
    """Return the records of a sheet, or a document with its tables, and a message about the sheet.

    The message says that hidden rows or columns of the tables are not read. If none are hidden, or there is no table,
    it says that the sheet has no text column. The message is empty for records, whose invalid rows are in
    `records.problems`, and for a sheet without rows.
    """
    rows = list(_read_rows(sheet, shared))
    header = find_header(rows, text_column)
    if header is None:
        documents, note = _read_tables(records, title, sheet, shared)
        return documents, note or (describe_missing_text_column(rows) if rows else "")
    below = (row for row in rows if row.number > header.number)
    built = build_rows(records, header, below, f"sheet {title}, row ", f"{title}/")
    return [document for _, document in built], ""


def _read_tables(records: Records, title: str, sheet: ET.Element, shared: _SharedData) -> tuple[list[RawDocument], str]:
    """Return a document with the tables of a sheet if it has any, and a note on hidden rows and columns, or none."""
    hidden_rows, hidden_columns = _read_hidden(sheet)
    rows = _read_grid(sheet, shared._replace(is_displayed=True), hidden_rows, hidden_columns)
    blocks = tuple(build_blocks(rows))
    if not blocks:
        return [], ""
    caption = next((block.table.caption for block in blocks if block.table), None)
    hints = {"title": caption} if caption else {}
    document = records.build(f"sheet {title}", 0, lambda: RawDocument(blocks, hints=hints, key=title or "1"))
    counts = [(len(hidden_rows), "rows"), (len(hidden_columns), "columns")]
    hidden = [f"{count} hidden {noun if count > 1 else noun[:-1]}" for count, noun in counts if count]
    return [document] if document else [], f"{' and '.join(hidden)} not read" if hidden else ""


def _read_grid(
    sheet: ET.Element, shared: _SharedData, hidden_rows: Sequence[int], hidden_columns: Sequence[int]
) -> Iterator[GridRow]:
    """Yield the visible non-empty rows of a sheet. Hidden rows and columns are not counted by indexes and spans.

    The value of a merged range is at its first visible cell, as Excel displays it.
    """
    ranges = _read_cell_ranges(sheet)
    rows_hidden, columns_hidden = frozenset(hidden_rows), frozenset(hidden_columns)
    moved: dict[int, dict[int, object]] = {}  # row → column → value of a merged range that begins in a hidden cell
    for number, element in _number_rows(sheet):
        values = _read_cells(element, shared)
        for column in [column for column in values if (number, column) in ranges]:
            last_row, last_column = ranges[number, column]
            row = next((r for r in range(number, last_row + 1) if r not in rows_hidden), number)
            visible = next((c for c in range(column, last_column + 1) if c not in columns_hidden), column)
            if (row, visible) != (number, column):
                moved.setdefault(row, {})[visible] = values.pop(column)
                ranges[row, visible] = last_row, last_column
        if number in rows_hidden:
            continue
        values |= moved.pop(number, {})
        cells: dict[int, Cell] = {}
        row_index = number - bisect_left(hidden_rows, number)
        for column, value in sorted(values.items()):
            if column in columns_hidden or not (text := _display(value)):
                continue
            last_row, last_column = ranges.get((number, column), (number, column))
            column_index = column - bisect_left(hidden_columns, column)
            cells[column_index] = Cell(
                text,
                last_row + 1 - bisect_left(hidden_rows, last_row + 1) - row_index,
                last_column + 1 - bisect_left(hidden_columns, last_column + 1) - column_index,
            )
        if cells:
            yield GridRow(row_index, cells)


def _display(value: object) -> str:
    """Return a value as text; TRUE or FALSE for a boolean."""
    return clean_cell(str(value).upper() if isinstance(value, bool) else str(value))


def _read_hidden(sheet: ET.Element) -> tuple[list[int], list[int]]:
    """Return the numbers of the hidden rows with cells, from 1, and of the hidden columns, from 0, ascending.

    Columns after the last cell, which sheets often hide, are left out.
    """
    rows: set[int] = set()
    width = 0
    for number, element in _number_rows(sheet):
        if element.get("hidden") in {"1", "true"} and len(element):
            rows.add(number)
        references = (_CELL_REFERENCE.fullmatch(cell.get("r", "")) for cell in element)
        width = max(width, len(element), *(_column_index(match[1]) + 1 for match in references if match), 0)
    columns: set[int] = set()
    for item in _descendants(sheet, "col"):
        first, last = item.get("min", ""), item.get("max", "")
        if (
            item.get("hidden") in {"1", "true"}
            and re.fullmatch("[0-9]{1,5}", first)
            and re.fullmatch("[0-9]{1,5}", last)
        ):
            columns.update(range(max(int(first), 1) - 1, min(int(last), width)))
    return sorted(rows), sorted(columns)


def _number_rows(sheet: ET.Element) -> Iterator[tuple[int, ET.Element]]:
    """Yield the rows of a sheet with their numbers, from 1.

    A row that states no number follows the one before. Raises ReadError for a number above `_MAX_ROWS`.
    """
    number = 0
    for element in _descendants(sheet, "row"):
        number = int(element.get("r", "")) if re.fullmatch("[0-9]{1,7}", element.get("r", "")) else number + 1
        if number > _MAX_ROWS:
            raise ReadError("damaged: a row beyond the last one that a sheet can have")
        yield number, element


def _read_rows(sheet: ET.Element, shared: _SharedData) -> Iterator[Row]:
    """Yield the rows that contain a value. In them, the cells below the first cell of a merged range have its value."""
    last_rows = {first: last for first, (last, _) in _read_cell_ranges(sheet).items() if last > first[0]}
    merged_values: dict[int, tuple[int, object]] = {}
    for number, element in _number_rows(sheet):
        row_values = _read_cells(element, shared)
        merged_values = {
            column: (last_row, value) for column, (last_row, value) in merged_values.items() if last_row >= number
        }
        for column, value in row_values.items():
            if last_row := last_rows.get((number, column)):
                merged_values[column] = last_row, value
        if row_values:
            cells = {**{column: value for column, (_, value) in merged_values.items()}, **row_values}
            yield Row(number, [cells.get(column) for column in range(max(cells) + 1)])


def _read_cells(row: ET.Element, shared: _SharedData) -> dict[int, object]:
    """Return the values of a row by column, from 0, without empty cells."""
    cells: dict[int, object] = {}
    column = -1
    for cell in row:
        reference = _CELL_REFERENCE.fullmatch(cell.get("r", ""))
        column = _column_index(reference[1]) if reference else column + 1
        if column >= _MAX_COLUMNS:
            raise ReadError("damaged: a cell beyond the last column that a sheet can have")
        value = _cell_value(cell, shared) if _local_name(cell) == "c" else None
        if value is not None and value != "":
            cells[column] = value
    return cells


def _cell_value(cell: ET.Element, shared: _SharedData) -> object:
    """Return the value of a cell: None or an empty string if it is empty, None for an error such as #N/A."""
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return next((_string_text(child) for child in cell if _local_name(child) == "is"), None)
    stored = next((child.text for child in cell if _local_name(child) == "v"), None)
    if stored is None or kind == "e":
        return None
    if kind == "s":
        index = int(stored) if re.fullmatch(r"\s*[0-9]{1,9}\s*", stored) else len(shared.strings)
        if index >= len(shared.strings):
            raise ReadError("damaged: a cell refers to a shared string that does not exist")
        return shared.strings[index]
    if kind == "b":
        return stored.strip() == "1"
    if kind != "n":
        return _unescape(stored)
    format_id = cell.get("s", "")
    index = int(format_id) if re.fullmatch("[0-9]{1,6}", format_id) else len(shared.formats)
    number_format = shared.formats[index] if index < len(shared.formats) else _GENERAL_FORMAT
    convert = _display_number if shared.is_displayed else _convert_number
    return convert(stored.strip(), number_format, shared.epoch)


def _display_number(stored: str, number_format: _NumberFormat, epoch: datetime) -> object:
    """Return a number or a date as the cell displays it. Times, and dates in unusual formats, are in ISO format."""
    try:
        value = float(stored)
    except ValueError:
        return stored or None
    converted = _convert_number(stored, number_format, epoch)
    if isinstance(converted, str) and not number_format.is_percent:
        moment = datetime.fromisoformat(converted) if number_format.has_date and "-" in converted else None
        return (moment and format_date(moment, number_format.code)) or converted
    if not math.isfinite(value):
        return stored
    return format_general(value) if number_format.has_date else format_number(value, number_format.code)


def _convert_number(stored: str, number_format: _NumberFormat, epoch: datetime) -> object:
    """Convert a stored number: a percentage with %, a date or time in ISO format, any other with all digits.

    A text that is not a number is returned as it is, an empty one as None.
    """
    try:
        value = float(stored)
    except ValueError:
        return stored or None
    if number_format.is_percent and abs(value) < _MAX_SHARE:
        return f"{(Decimal(repr(value)) * 100).normalize():f}%"
    if (number_format.has_date or number_format.has_time) and _SERIAL_NUMBER.fullmatch(stored) and value >= 0:
        return _convert_date(value, number_format, epoch)
    return int(value) if value.is_integer() and abs(value) < 1e15 else value  # noqa: PLR2004 - digits that a float represents exactly


def _convert_date(days: float, number_format: _NumberFormat, epoch: datetime) -> object:
    """Convert a number of days to a date, a time or both. A time without a date may exceed 24 hours.

    Returns the number of days if the date is beyond the year 9999.
    """
    seconds = round(days * 86_400)
    if not number_format.has_date:
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    shift = 1 if epoch == _EPOCH_1900 and days < _NONEXISTENT_DAY else 0
    try:
        moment = epoch + timedelta(days=shift, seconds=seconds)
    except OverflowError:
        return days
    return moment.isoformat() if number_format.has_time else moment.date().isoformat()


def _read_shared_data(
    archive: Archive, workbook: ET.Element, parts: Mapping[str, Sequence[tuple[str, str]]]
) -> _SharedData:
    """Return the strings, formats and epoch of a workbook. `parts` are the parts that the workbook refers to."""
    strings: list[str] = []
    formats: list[_NumberFormat] = []
    for _, path in parts.get("sharedStrings", ()):
        strings = [_string_text(item) for item in parse_xml(archive.read(path)) if _local_name(item) == "si"]
    for _, path in parts.get("styles", ()):
        formats = _read_formats(parse_xml(archive.read(path)))
    since_1904 = any(item.get("date1904") in {"1", "true"} for item in _descendants(workbook, "workbookPr"))
    return _SharedData(strings, formats, _EPOCH_1904 if since_1904 else _EPOCH_1900)


def _read_formats(styles: ET.Element) -> list[_NumberFormat]:
    """Return the kind of number that each cell format displays. `styles`: the part with the formats of the workbook."""
    codes = {item.get("numFmtId", ""): item.get("formatCode", "") for item in _descendants(styles, "numFmt")}
    formats = next((group for group in styles if _local_name(group) == "cellXfs"), ())
    return [_classify_format(item.get("numFmtId", ""), codes) for item in formats if _local_name(item) == "xf"]


def _classify_format(identifier: str, codes: Mapping[str, str]) -> _NumberFormat:
    """Return the number format with an id. `codes` are the format codes that the file defines, by id."""
    if identifier in codes:
        code = _NEUTRAL_PARTS.sub("", codes[identifier].partition(";")[0]).lower()
        has_time = not {"h", "s"}.isdisjoint(code)
        has_date = not {"y", "d", "e"}.isdisjoint(code) or ("m" in code and not has_time)  # e is a year of an era
        return _NumberFormat(has_date, has_time, "%" in code, codes[identifier])
    format_id = int(identifier) if re.fullmatch("[0-9]{1,3}", identifier) else 0
    is_date_time = format_id == _DATE_TIME_FORMAT
    return _NumberFormat(
        is_date_time or format_id in _DATE_FORMATS,
        is_date_time or format_id in _TIME_FORMATS,
        format_id in _PERCENT_FORMATS,
        BUILT_IN_FORMATS.get(format_id, ""),
    )


def _read_cell_ranges(sheet: ET.Element) -> dict[tuple[int, int], tuple[int, int]]:
    """Map the first cell (row from 1, column from 0) of each merged range to its last cell."""
    ranges: dict[tuple[int, int], tuple[int, int]] = {}
    for item in _descendants(sheet, "mergeCell"):
        first, _, last = item.get("ref", "").partition(":")
        begin, end = _CELL_REFERENCE.fullmatch(first), _CELL_REFERENCE.fullmatch(last)
        if begin and end:
            row, column = int(begin[2]), _column_index(begin[1])
            ranges[row, column] = (
                min(max(row, int(end[2])), _MAX_ROWS),
                min(max(column, _column_index(end[1])), _MAX_COLUMNS - 1),
            )
    return ranges


def _related_parts(archive: Archive, path: str) -> dict[str, list[tuple[str, str]]]:
    """Return the ids and names of the parts in the archive to which another part refers, by kind.

    `path`: the name of the `.rels` part that contains the references of the other part.
    """
    if path not in archive.names:
        return {}
    folder = path.rpartition("_rels/")[0]
    parts: dict[str, list[tuple[str, str]]] = {}
    for item in parse_xml(archive.read(path)):
        target = normpath(join("/", folder, item.get("Target", "")))[1:]
        if target in archive.names:
            kind = item.get("Type", "").rpartition("/")[2]
            parts.setdefault(kind, []).append((item.get("Id", ""), target))
    return parts


def _string_text(item: ET.Element) -> str:
    """Return the text of a string element, including its runs but not its phonetic hints.

    Raised and lowered runs are treated as `resolve_marks` describes.
    """
    parts: list[str] = []
    for child in item:
        if _local_name(child) == "t":
            parts.append(child.text or "")
        elif _local_name(child) == "r":
            text = "".join(part.text or "" for part in child if _local_name(part) == "t")
            delimiter = _delimiter_of(child)
            parts.append(f"{delimiter}{text}{END}" if delimiter else text)
    return resolve_marks(_unescape("".join(parts)))


def _delimiter_of(run: ET.Element) -> str:
    """Return the delimiter that starts the text of a raised or lowered run; empty for other runs."""
    properties = (item for part in run if _local_name(part) == "rPr" for item in part)
    alignment = next((item.get("val", "") for item in properties if _local_name(item) == "vertAlign"), "")
    return _DELIMITERS.get(alignment, "")


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def _column_index(letters: str) -> int:
    """Return the index of a column, from 0: 26 for AA."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def _descendants(root: ET.Element, name: str) -> Iterator[ET.Element]:
    """Yield the elements with a name: `root`, if it has the name, and its descendants.

    The namespace is ignored, because the format has two, transitional and strict.
    """
    return (item for item in root.iter() if _local_name(item) == name)


def _local_name(item: ET.Element) -> str:
    return item.tag.rpartition("}")[2]
