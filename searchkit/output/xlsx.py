"""Workbooks (.xlsx) of records, findings and tables, and of measures and comparisons with linked paragraphs.

`Worksheet.write` of XlsxWriter guesses the type of a value, and writes a string that begins with = as a formula. This
module calls `write_string` instead, so text of a report stays text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING

from searchkit.compare.audit import Audit
from searchkit.compare.table import Cell, Comparison
from searchkit.errors import SearchkitError, install_command
from searchkit.model import to_json
from searchkit.output.cells import CELL_MARKS, MARKS_AFTER, cell_mark_names, cell_text, mark_names, value_text
from searchkit.output.json import comparison_records, finding_to_json
from searchkit.output.tables import INDEX_NAME, describe, table_rows
from searchkit.output.writing import replacing_file
from searchkit.text.characters import display_width, sanitize

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from searchkit.model import Measure, Paragraph, Table

_MIN_WIDTH, _MAX_WIDTH = 6, 60
"""Minimum and maximum width of a column, in digits. A Chinese character is two digits wide."""
_MEASURED_ROWS = 1000
"""Number of rows of a sheet of records whose cells decide the width of the columns: the names and 999 records."""
_MAX_TEXT_LENGTH = 32_767
"""Maximum length of the text of a cell, in UTF-16 code units. `_cut` shortens longer texts of records."""
_MAX_ROWS = 1_048_576
"""Maximum number of rows of a sheet."""
_MAX_LINKS = 65_530
"""Maximum number of links of a sheet. Excel drops further ones."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_DATE = date(1900, 3, 1)
"""The first date with the same number in all spreadsheets: Excel counts a 29 February 1900, which did not exist."""
_SENTENCES_SHEET = "sentences"
_SENTENCE_FIELDS = ("id", "text", "path", "title", "district", "year", "agency", "section", "document")
"""Fields of a paragraph in the sheet `sentences`, to which measures are linked."""
_MAX_SHEET_NAME_LENGTH = 31
"""Maximum length of the name of a sheet, in UTF-16 code units."""
_FORBIDDEN_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\\s]+")
"""Characters that Excel forbids in the name of a sheet, and white space. A blank replaces each run of them."""
_NUMBER = re.compile(r"(?=(?:\D*\d){1,15}\D*\Z)-?(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?")
"""Matches a number that a spreadsheet stores and shows exactly as printed: it has at most 15 digits, and no zeros
before other digits of the integer part (007). Percentages and numbers with a unit do not match, and remain text."""
_FIRST_TABLE_ROW = 3
"""0-based index of the first row of the table after its headers. Row 0 has the title, row 1 is empty, and row 2 has the
headers."""


def write_workbook(comparison: Comparison, path: Path | IO[bytes]) -> None:
    """Write a comparison to a file, or into an open one.

    Raises SearchkitError as `write_findings` does.
    """
    with _workbook(path) as book:
        formats = _Formats(book)
        table, sources = book.add_worksheet("comparison"), book.add_worksheet("sources")
        sentences = _Sentences(book, formats)
        _write_table_sheet(table, comparison, formats, sentences)
        paragraphs = {
            measure.id: measure.source
            for cell in comparison.cells()
            for value in (*cell.values, *cell.revised, *cell.others, *([cell.target] if cell.target else []))
            for measure in value.measures
        }
        sheet = _RecordSheet(sources, formats)
        for record in comparison_records(comparison):
            sheet.add(record, {"value": sentences.link(paragraphs.get(str(record["id"])))})
        sheet.finish()
        sentences.finish()


def write_measures(measures: Iterable[Measure], path: Path | IO[bytes]) -> int:
    """Write measures to a file, or into an open one. Each value is linked to its paragraph in a second sheet.

    Returns the number of values without a link: those after the first `_MAX_LINKS`. Raises SearchkitError as
    `write_findings` does.
    """
    with _workbook(path) as book:
        formats = _Formats(book)
        sheet = _RecordSheet(book.add_worksheet("measures"), formats)
        sentences = _Sentences(book, formats)
        for measure in measures:
            sheet.add(to_json(measure), {"value": sentences.link(measure.source)})
        sheet.finish()
        sentences.finish()
    return max(sheet.rows - _MAX_LINKS, 0)


def write_tables(tables: Iterable[Table], path: Path | IO[bytes]) -> None:
    """Write tables to a file, or into an open one: a sheet for each, after a sheet with a list of them.

    Keeps all cells in memory. XlsxWriter can write each row when it is complete (`constant_memory`), but then keeps a
    file open for each sheet, and there may be thousands. Raises SearchkitError as `write_findings` does, and
    if a table does not fit a sheet (`_write_report_table`).
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

    There is a sheet with the number of each kind, and one with the findings. Raises SearchkitError if XlsxWriter is
    missing, a sheet would have more than `_MAX_ROWS` rows, or the file cannot be written.
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
    """Yield an empty workbook, and write it to `path` if the block succeeds. A file appears when it is complete.

    Raises SearchkitError if XlsxWriter is missing or the file cannot be written.
    """
    try:
        from xlsxwriter import Workbook  # noqa: PLC0415 - an extra
        from xlsxwriter.exceptions import XlsxWriterException  # noqa: PLC0415
    except ImportError:
        raise SearchkitError(f"writing .xlsx needs XlsxWriter: {install_command('XlsxWriter')}") from None
    book = Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
    yield book
    try:
        with replacing_file(path) if isinstance(path, Path) else nullcontext(path) as book.filename:
            book.close()  # writes the file
    except (XlsxWriterException, OSError) as error:
        cause = error.__context__ if isinstance(error.__context__, OSError) else error  # XlsxWriter wraps an OSError
        reason = cause.strerror if isinstance(cause, OSError) else None
        raise SearchkitError(f"{path}: cannot be written: {reason or error}") from error


class _Formats:
    """Cell formats of a workbook."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._numbers: dict[str, Format] = {}
        self.bold = book.add_format({"bold": True})
        self.grey = book.add_format({"font_color": "#808080", "align": "right"})
        self.conflict = book.add_format({"bg_color": "#FFE699", "align": "right"})
        self.date = book.add_format({"num_format": "yyyy-mm-dd"})
        self.link = book.add_format({"hyperlink": True})

    def printed(self, number: str) -> Format:
        """Return the format that shows a number as printed: with its decimals, and with its thousands separators."""
        _, point, decimals = number.partition(".")
        return self._number_format(("#,##0" if "," in number else "0") + point + "0" * len(decimals))

    def number(self, marks: Sequence[str], year: str) -> Format:
        """Return the format that shows a number with marks and a year: ≥1300 (2022). The cell still contains a number.

        `marks`: names from `cells.mark_names` and `cells.cell_mark_names`. `year`: text from `Cell.year_text`.
        """
        before = "".join(CELL_MARKS[name][0] for name in marks if name not in MARKS_AFTER)
        after = "".join(CELL_MARKS[name][0] for name in marks if name in MARKS_AFTER)
        return self._number_format(f'"{before}"General"{after}{year}"' if marks or year else "General")

    def _number_format(self, number_format: str) -> Format:
        """Return the cell format with a number format of Excel, such as `#,##0.00`. Creates it once."""
        if number_format not in self._numbers:
            self._numbers[number_format] = self._book.add_format({"num_format": number_format})
        return self._numbers[number_format]


class _RecordSheet:
    """A sheet with the names of the fields, and a row for each record.

    The names and the first column stay in view when the sheet is scrolled. The names have a filter.
    """

    def __init__(self, sheet: Worksheet, formats: _Formats) -> None:
        self._sheet, self._formats = sheet, formats
        self._names: list[str] = []
        self._widths: Counter[int] = Counter()
        self._links = 0
        self.rows = 0
        """Number of records so far."""

    def add(self, record: Mapping[str, object], links: Mapping[str, str] | None = None) -> None:
        """Write a record. `links`: internal URLs of XlsxWriter by the name of the linked field; "" for no link.

        Links after the first `_MAX_LINKS` are left out. Raises SearchkitError if the sheet is full.
        """
        self.rows += 1
        if self.rows >= _MAX_ROWS:
            raise SearchkitError(f"a sheet has at most {_MAX_ROWS} rows; use filters, or write csv")
        self._names = list(record)
        for x, (name, value) in enumerate(record.items()):
            link = (links or {}).get(name, "")
            if link and self._links < _MAX_LINKS:
                self._links += 1
                self._sheet.write_url(self.rows, x, link, self._formats.link, "link")
                _write_value(self._sheet, self.rows, x, value, self._formats.link)  # replaces the text, not the link
            else:
                _write_value(self._sheet, self.rows, x, value, date_format=self._formats.date)
            if self.rows < _MEASURED_ROWS:
                self._widths[x] = max(self._widths[x], _text_width(value))

    def finish(self) -> None:
        """Write the names of the fields, and set the widths of the columns."""
        for x, name in enumerate(self._names):
            self._sheet.write_string(0, x, name, self._formats.bold)
            self._sheet.set_column(x, x, _column_width(max(self._widths[x], len(name) + 3)))  # 3: the filter's button
        self._sheet.freeze_panes(1, 1)
        if self._names:
            self._sheet.autofilter(0, 0, self.rows, len(self._names) - 1)


class _Sentences:
    """The sheet `sentences`, the last one of a workbook: a row for each paragraph that has a measure."""

    def __init__(self, book: Workbook, formats: _Formats) -> None:
        self._sheet = _RecordSheet(book.add_worksheet(_SENTENCES_SHEET), formats)
        self._rows: dict[str, int] = {}

    def link(self, paragraph: Paragraph | None) -> str:
        """Add a paragraph if it is new, and return the internal URL of its row. Returns "" for None."""
        if paragraph is None:
            return ""
        if paragraph.id not in self._rows:
            record = to_json(paragraph)
            self._sheet.add({name: record[name] for name in _SENTENCE_FIELDS})
            self._rows[paragraph.id] = self._sheet.rows
        return f"internal:'{_SENTENCES_SHEET}'!A{self._rows[paragraph.id] + 1}"

    def finish(self) -> None:
        """Write the names of the fields, and set the widths of the columns."""
        self._sheet.finish()


def _text_width(value: object) -> int:
    """Return the width of the widest line of a value, in digits."""
    return max(map(display_width, value_text(value).split("\n")))


def _column_width(width: int) -> int:
    """Return the width of a column whose widest text has this width, both in digits."""
    return min(max(width + 1, _MIN_WIDTH), _MAX_WIDTH)


def _write_table_sheet(sheet: Worksheet, comparison: Comparison, formats: _Formats, sentences: _Sentences) -> None:
    """Write the sheet with the title, the table and an explanation of all marks.

    A cell with values is linked to the paragraph of its first value.
    """
    title = f"{comparison.indicator or comparison.query}{f' ({comparison.unit})' if comparison.unit else ''}"
    sheet.write_string(0, 0, sanitize(title), formats.bold)
    for x, name in enumerate((comparison.rows_by, *comparison.cols)):
        _write_value(sheet, _FIRST_TABLE_ROW - 1, x, name, formats.bold)
    for y, row in enumerate(comparison.rows, _FIRST_TABLE_ROW):
        _write_value(sheet, y, 0, row, formats.bold)
        for x, col in enumerate(comparison.cols, 1):
            cell = comparison.cell(row, col)
            if cell.values:
                sheet.write_url(y, x, sentences.link(cell.values[0].first.source), string="link")
            # Replaces the text "link", but not the link.
            _write_cell(sheet, (y, x), cell, comparison.unit, formats)
    for y, (mark, meaning) in enumerate(CELL_MARKS.values(), _FIRST_TABLE_ROW + len(comparison.rows) + 1):
        sheet.write_string(y, 0, f"{mark}  {meaning}")
    sheet.freeze_panes(_FIRST_TABLE_ROW, 1)
    sheet.set_column(0, 0, _column_width(max(map(_text_width, (comparison.rows_by, *comparison.rows)))))
    for x, col in enumerate(comparison.cols, 1):
        texts = (cell_text(comparison.cell(row, col), comparison.unit) for row in comparison.rows)
        sheet.set_column(x, x, _column_width(max(map(_text_width, (col, *texts)))))


def _write_cell(sheet: Worksheet, position: tuple[int, int], cell: Cell, unit: str | None, formats: _Formats) -> None:
    """Write a cell: a plain value (state `value`) without a target as a number, any other cell as its `cell_text`."""
    if cell.state == "value" and cell.target is None:
        marks = [*mark_names(cell.values[0], cell.state), *cell_mark_names(cell)]
        number_format = formats.number(marks, cell.year_text(cell.values[0]))
        sheet.write_number(*position, cell.values[0].value, number_format)
    else:
        cell_format = formats.conflict if cell.state == "conflict" else formats.grey
        sheet.write_string(*position, sanitize(cell_text(cell, unit)), cell_format)


def _write_records(sheet: Worksheet, records: Iterable[Mapping[str, object]], formats: _Formats) -> None:
    """Write a sheet with a row for each record, below the names of the fields."""
    rows = _RecordSheet(sheet, formats)
    for record in records:
        rows.add(record)
    rows.finish()


def _sheet_name(number: int, table: Table) -> str:
    """Return a name for the sheet of the n-th table: the number, and the beginning of the caption.

    The number makes the name unique. Characters that Excel forbids are replaced, and a long name is cut.
    """
    caption = _FORBIDDEN_IN_SHEET_NAMES.sub(" ", sanitize(table.caption or "")).strip()
    name = f"{number} {caption}".encode("utf-16-le")[: 2 * _MAX_SHEET_NAME_LENGTH].decode("utf-16-le", "ignore")
    return name.strip(" '")


def _write_report_table(sheet: Worksheet, table: Table, formats: _Formats) -> None:
    """Write the header and the rows of a table.

    A cell that matches `_NUMBER` becomes a number, unless it is in a header row or column. All other cells are text.
    Raises SearchkitError if a sheet cannot have so many rows or columns, or a cell such a long text.
    """
    widths: Counter[int] = Counter()
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
            widths[x] = max(widths[x], _text_width(text))
            if failed:
                raise SearchkitError(f"{table.id}: too large for a sheet; export it with --format csv")
    for x, width in widths.items():
        sheet.set_column(x, x, _column_width(width))
    if table.header:
        sheet.freeze_panes(len(table.header), table.header_columns)


def _write_value(
    sheet: Worksheet,
    y: int,
    x: int,
    value: object,
    cell_format: Format | None = None,
    *,
    date_format: Format | None = None,
) -> None:
    """Write a value with its type. Text never becomes a formula or a link. None and empty values leave the cell empty.

    With a `date_format`, an ISO date from `_FIRST_DATE` on becomes a date.
    """
    day = _parse_date(value) if date_format is not None else None
    if isinstance(value, bool):
        sheet.write_boolean(y, x, value, cell_format)
    elif isinstance(value, int | float):
        sheet.write_number(y, x, value, cell_format)
    elif day is not None:
        sheet.write_datetime(y, x, day, date_format)
    elif value:
        sheet.write_string(y, x, _cut(value_text(value)), cell_format)


def _parse_date(value: object) -> date | None:
    """Return the ISO date that a text consists of. None if it is another text, or a date before `_FIRST_DATE`."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if day >= _FIRST_DATE else None


def _cut(text: str) -> str:
    """Return a text that fits a cell. The end of a text that is too long is replaced by an ellipsis."""
    if len(text) <= _MAX_TEXT_LENGTH // 2:
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * _MAX_TEXT_LENGTH:
        return text
    return units[: 2 * _MAX_TEXT_LENGTH - 2].decode("utf-16-le", "ignore") + "…"
