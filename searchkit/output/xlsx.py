"""A comparison as a spreadsheet (.xlsx): a wide sheet, and a sheet with the source of every measure.

XlsxWriter makes a formula only where `write_formula` is called (or its guessing `write`): here strings are written as
strings, so what begins with = in a report stays text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.compare.comparison import Cell, Comparison
from searchkit.errors import SearchkitError
from searchkit.output.cells import MARKS, cell_text, marks_of
from searchkit.output.json import cell_rows
from searchkit.text.characters import safe

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_WIDTHS = {"id": 40, "also": 30, "quote": 60}
"""Widths of columns of the second sheet, in characters; the others have `_WIDTH`."""
_WIDTH, _LABEL_WIDTH = 12, 18
_FIRST_ROW = 3
"""Where the rows of the table begin on the first sheet."""


def write(made: Comparison, path: Path) -> None:
    """Write a comparison to the file `path`. Raises SearchkitError without XlsxWriter, or if it cannot be written."""
    try:
        from xlsxwriter import Workbook  # noqa: PLC0415 - an extra
        from xlsxwriter.exceptions import XlsxWriterException  # noqa: PLC0415
    except ImportError:
        raise SearchkitError("writing .xlsx needs XlsxWriter: pip install 'searchkit[xlsx]'") from None
    book = Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
    _wide(book.add_worksheet("comparison"), made, _Formats(book))
    _sources(book.add_worksheet("sources"), made, _Formats(book))
    try:
        book.close()
    except (XlsxWriterException, OSError) as error:
        raise SearchkitError(f"{path}: cannot be written: {error}") from error


class _Formats:
    """Formats of cells, each made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._numbers: dict[str, Format] = {}
        self.bold = book.add_format({"bold": True})
        self.grey = book.add_format({"font_color": "#808080", "align": "right"})
        self.conflict = book.add_format({"bg_color": "#FFE699", "align": "right"})

    def number(self, marks: Sequence[str]) -> Format:
        """A number with its marks around it, which stays a number: ≥1300."""
        before = "".join(MARKS[name][0] for name in marks if name != "period")
        after = MARKS["period"][0] if "period" in marks else ""
        shown = f'"{before}"General"{after}"' if marks else "General"
        if shown not in self._numbers:
            self._numbers[shown] = self._book.add_format({"num_format": shown})
        return self._numbers[shown]


def _wide(sheet: Worksheet, made: Comparison, formats: _Formats) -> None:
    """The sheet that looks as the table does, with numbers as numbers."""
    head = f"{made.indicator or made.query}{f' ({made.unit})' if made.unit else ''}"
    sheet.write_string(0, 0, safe(head), formats.bold)
    for x, name in enumerate((made.rows_by, *made.cols)):
        _write(sheet, _FIRST_ROW - 1, x, name, formats.bold)
    for y, row in enumerate(made.rows, _FIRST_ROW):
        _write(sheet, y, 0, row, formats.bold)
        for x, col in enumerate(made.cols, 1):
            _write_cell(sheet, (y, x), made.cell(row, col), made.unit, formats)
    for y, (mark, meaning) in enumerate(MARKS.values(), _FIRST_ROW + len(made.rows) + 1):
        sheet.write_string(y, 0, f"{mark}  {meaning}")
    sheet.freeze_panes(_FIRST_ROW, 1)
    sheet.set_column(0, 0, _LABEL_WIDTH)
    sheet.set_column(1, max(len(made.cols), 1), _WIDTH)


def _write_cell(sheet: Worksheet, place: tuple[int, int], cell: Cell, unit: str | None, formats: _Formats) -> None:
    """One value in the unit of the table as a number; anything else as the text of the table."""
    if cell.status == "value" and not cell.readings[0].is_other_unit:
        reading = cell.readings[0]
        sheet.write_number(*place, reading.value, formats.number(marks_of(reading)))
    else:
        style = formats.conflict if cell.status == "conflict" else formats.grey
        sheet.write_string(*place, safe(cell_text(cell, unit)), style)


def _sources(sheet: Worksheet, made: Comparison, formats: _Formats) -> None:
    """The sheet with a line for each measure and each empty cell: where it stands, and in which words."""
    y, names = 0, list[str]()
    for y, record in enumerate(cell_rows(made), 1):
        names = list(record)
        for x, value in enumerate(record.values()):
            _write(sheet, y, x, value)
    for x, name in enumerate(names):
        sheet.write_string(0, x, name, formats.bold)
        sheet.set_column(x, x, _WIDTHS.get(name, _WIDTH))
    sheet.freeze_panes(1, 0)
    if names:
        sheet.autofilter(0, 0, y, len(names) - 1)


def _write(sheet: Worksheet, y: int, x: int, value: object, style: Format | None = None) -> None:
    """A value as what it is; text never as a formula or a link."""
    if isinstance(value, bool):
        sheet.write_boolean(y, x, value, style)
    elif isinstance(value, int | float):
        sheet.write_number(y, x, value, style)
    elif value:
        text = " / ".join(map(str, value)) if isinstance(value, list) else str(value)
        sheet.write_string(y, x, safe(text), style)
