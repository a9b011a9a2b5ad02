"""Workbooks (.xlsx): a comparison with the source of every value, and tables of reports with a sheet for each.

`Worksheet.write` of XlsxWriter guesses the type of a value, and writes a string that begins with = as a formula. This
module calls `write_string` instead, so text of a report stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from searchkit.compare.audit import Audit
from searchkit.compare.table import Cell, Comparison
from searchkit.errors import SearchkitError
from searchkit.output.cells import CELL_MARKS, MARKS_AFTER, cell_mark_names, cell_text, mark_names, value_text
from searchkit.output.json import comparison_records, finding_to_json
from searchkit.output.tables import INDEX_NAME, describe, table_rows
from searchkit.text.characters import sanitize

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from searchkit.model import Table

_SOURCE_COLUMN_WIDTHS = {"id": 40, "also": 30, "quote": 60, "message": 60, "sentences": 80, "documents": 40}
"""Widths of columns of the sheet of sources, in characters. All other columns have `_COLUMN_WIDTH`."""
_COLUMN_WIDTH, _LABEL_COLUMN_WIDTH = 12, 18
"""Width of a column of values, and of the column with the labels of the rows, in characters."""
_MAX_SHEET_NAME_LENGTH = 31
"""Maximum length of the name of a sheet, in UTF-16 code units."""
_FORBIDDEN_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\\s]+")
"""Characters that Excel forbids in the name of a sheet, and white space. A blank replaces them."""
_NUMBER = re.compile(r"(?=(?:\D*\d){1,15}\D*\Z)-?(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?")
"""A number that a spreadsheet stores and shows exactly as printed: at most 15 digits, no leading zeros. Percentages and
numbers with a unit remain text."""
_FIRST_TABLE_ROW = 3
"""0-based index of the first row of the table after its headers. Row 0 has the title, row 1 is empty, and row 2 has the
headers."""


def write_workbook(comparison: Comparison, path: Path | IO[bytes]) -> None:
    """Write a comparison to a file, or into an open one.

    Raises SearchkitError if XlsxWriter is missing or the file cannot be written.
    """
    with _workbook(path) as book:
        _write_table_sheet(book.add_worksheet("comparison"), comparison, _Formats(book))
        _write_sources_sheet(book.add_worksheet("sources"), comparison, _Formats(book))


def write_tables(tables: Iterable[Table], path: Path) -> None:
    """Write tables to a file: a sheet for each, after a sheet with a list of them.

    Keeps all cells in memory. XlsxWriter can write rows at once (`constant_memory`), but then keeps a file open for
    each sheet, and there may be thousands. Raises SearchkitError if XlsxWriter is missing, a table is too large for a
    sheet, or the file cannot be written.
    """
    with _workbook(path) as book:
        index, formats = book.add_worksheet(INDEX_NAME), _Formats(book)
        records = []
        for number, table in enumerate(tables, 1):
            name = _sheet_name(number, table)
            _write_report_table(book.add_worksheet(name), table, formats)
            records.append({"sheet": name, **describe(table)})
        _write_records(index, records, formats)


def write_findings(audit: Audit, path: Path | IO[bytes]) -> None:
    """Write the findings of an audit to a file, or into an open one.

    There is a sheet with the number of each kind, and one with the findings.

    Raises SearchkitError if XlsxWriter is missing or the file cannot be written.
    """
    with _workbook(path) as book:
        formats = _Formats(book)
        counts, findings = book.add_worksheet("counts"), book.add_worksheet("findings")
        _write_records(counts, ({"kind": kind, "findings": count} for kind, count in audit.counts.items()), formats)
        _write_records(findings, map(finding_to_json, audit), formats)


def write_records(records: Iterable[Mapping[str, object]], name: str, path: Path | IO[bytes]) -> None:
    """Write records to a file with one sheet, or into an open one. Raises SearchkitError as `write_findings` does."""
    with _workbook(path) as book:
        _write_records(book.add_worksheet(name), records, _Formats(book))


@contextmanager
def _workbook(path: Path | IO[bytes]) -> Iterator[Workbook]:
    """Yield an empty workbook, and write it to a file if the block succeeds. Raises SearchkitError."""
    try:
        from xlsxwriter import Workbook  # noqa: PLC0415 - an extra
        from xlsxwriter.exceptions import XlsxWriterException  # noqa: PLC0415
    except ImportError:
        raise SearchkitError("writing .xlsx needs XlsxWriter: pip install XlsxWriter") from None
    book = Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
    yield book
    try:
        book.close()
    except (XlsxWriterException, OSError) as error:
        raise SearchkitError(f"{path}: cannot be written: {error}") from error


class _Formats:
    """Cell formats of a workbook."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._numbers: dict[str, Format] = {}
        self.bold = book.add_format({"bold": True})
        self.grey = book.add_format({"font_color": "#808080", "align": "right"})
        self.conflict = book.add_format({"bg_color": "#FFE699", "align": "right"})

    def printed(self, number: str) -> Format:
        """Return the format that shows a number as printed: with its decimals, and with its thousands separators."""
        _, point, decimals = number.partition(".")
        return self._number_format(("#,##0" if "," in number else "0") + point + "0" * len(decimals))

    def number(self, marks: Sequence[str]) -> Format:
        """Return the format that shows a number with marks, such as ≥1300. The cell still contains a number.

        `marks`: names from `cells.mark_names` and `cells.cell_mark_names`.
        """
        before = "".join(CELL_MARKS[name][0] for name in marks if name not in MARKS_AFTER)
        after = "".join(CELL_MARKS[name][0] for name in marks if name in MARKS_AFTER)
        return self._number_format(f'"{before}"General"{after}"' if marks else "General")

    def _number_format(self, number_format: str) -> Format:
        """Return the cell format with a number format of Excel, such as `#,##0.00`. Creates it once."""
        if number_format not in self._numbers:
            self._numbers[number_format] = self._book.add_format({"num_format": number_format})
        return self._numbers[number_format]


def _write_table_sheet(sheet: Worksheet, comparison: Comparison, formats: _Formats) -> None:
    """Write the sheet with the title, the table and an explanation of all marks."""
    title = f"{comparison.indicator or comparison.query}{f' ({comparison.unit})' if comparison.unit else ''}"
    sheet.write_string(0, 0, sanitize(title), formats.bold)
    for x, name in enumerate((comparison.rows_by, *comparison.cols)):
        _write_value(sheet, _FIRST_TABLE_ROW - 1, x, name, formats.bold)
    for y, row in enumerate(comparison.rows, _FIRST_TABLE_ROW):
        _write_value(sheet, y, 0, row, formats.bold)
        for x, col in enumerate(comparison.cols, 1):
            _write_cell(sheet, (y, x), comparison.cell(row, col), comparison.unit, formats)
    for y, (mark, meaning) in enumerate(CELL_MARKS.values(), _FIRST_TABLE_ROW + len(comparison.rows) + 1):
        sheet.write_string(y, 0, f"{mark}  {meaning}")
    sheet.freeze_panes(_FIRST_TABLE_ROW, 1)
    sheet.set_column(0, 0, _LABEL_COLUMN_WIDTH)
    sheet.set_column(1, max(len(comparison.cols), 1), _COLUMN_WIDTH)


def _write_cell(sheet: Worksheet, position: tuple[int, int], cell: Cell, unit: str | None, formats: _Formats) -> None:
    """Write a cell: a single value in the unit of the table as a number, anything else as in the text table."""
    if cell.state == "value" and cell.target is None:
        marks = [*mark_names(cell.values[0], cell.state), *cell_mark_names(cell)]
        sheet.write_number(*position, cell.values[0].value, formats.number(marks))
    else:
        cell_format = formats.conflict if cell.state == "conflict" else formats.grey
        sheet.write_string(*position, sanitize(cell_text(cell, unit)), cell_format)


def _write_sources_sheet(sheet: Worksheet, comparison: Comparison, formats: _Formats) -> None:
    """Write the sheet with a row for each value and each empty cell: the rows of `compare --format csv`."""
    _write_records(sheet, comparison_records(comparison), formats)


def _write_records(sheet: Worksheet, records: Iterable[Mapping[str, object]], formats: _Formats) -> None:
    """Write a sheet with a row for each record, below the names of the fields."""
    y, names = 0, list[str]()
    for y, record in enumerate(records, 1):
        names = list(record)
        for x, value in enumerate(record.values()):
            _write_value(sheet, y, x, value)
    for x, name in enumerate(names):
        sheet.write_string(0, x, name, formats.bold)
        sheet.set_column(x, x, _SOURCE_COLUMN_WIDTHS.get(name, _COLUMN_WIDTH))
    sheet.freeze_panes(1, 0)
    if names:
        sheet.autofilter(0, 0, y, len(names) - 1)


def _sheet_name(number: int, table: Table) -> str:
    """Return a name for the sheet of the n-th table: the number, and the beginning of the caption.

    The number makes the name unique. Characters that Excel forbids are replaced, and a long name is cut.
    """
    caption = _FORBIDDEN_IN_SHEET_NAMES.sub(" ", sanitize(table.caption or "")).strip()
    name = f"{number} {caption}".encode("utf-16-le")[: 2 * _MAX_SHEET_NAME_LENGTH].decode("utf-16-le", "ignore")
    return name.strip(" '")


def _write_report_table(sheet: Worksheet, table: Table, formats: _Formats) -> None:
    """Write the header and the rows of a table. Raises SearchkitError if they do not fit a sheet."""
    for y, row in enumerate(table_rows(table)):
        is_header = y < len(table.header)
        for x, text in enumerate(row):
            number = None if is_header or x < table.header_columns else _NUMBER.fullmatch(text)
            if number:
                number_format = formats.printed(text)
                failed = sheet.write_number(y, x, float(text.replace(",", "")), number_format)
            elif text:
                failed = sheet.write_string(y, x, sanitize(text), formats.bold if is_header else None)
            else:
                continue
            if failed:
                raise SearchkitError(f"{table.id}: too large for a sheet; export it with --format csv")
    if table.header:
        sheet.freeze_panes(len(table.header), table.header_columns)


def _write_value(sheet: Worksheet, y: int, x: int, value: object, cell_format: Format | None = None) -> None:
    """Write a value with its type. Text never becomes a formula or a link. None and empty text leave the cell empty."""
    if isinstance(value, bool):
        sheet.write_boolean(y, x, value, cell_format)
    elif isinstance(value, int | float):
        sheet.write_number(y, x, value, cell_format)
    elif value:
        sheet.write_string(y, x, value_text(value), cell_format)
