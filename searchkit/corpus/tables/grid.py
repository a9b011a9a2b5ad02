"""The grid of a table: the cell in each slot, the headers of each cell, and the text of a row.

A slot is the place at one row and one column. A cell covers one or several slots.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from searchkit.corpus.tables.cells import parse_figure
from searchkit.model import Cell

MAX_COLUMNS = 1000
"""A cell covers at most this number of columns, as in HTML."""
CELL_SEPARATOR = " ｜ "
"""Stands between the cells of a row in its text."""
HEADER_SEPARATOR = " "
"""Stands after each header of a cell in the text of a row."""
ROW_PATTERN = CELL_SEPARATOR.join([f"HEADERS{HEADER_SEPARATOR}CELL"] * 2)
"""The form of the text of a row, as the command `info` prints it."""

Rows = Sequence[Sequence[Cell]]
"""Rows of cells. Like in HTML, a cell that covers several rows is only in the first of them."""


@dataclass(frozen=True, slots=True, eq=False)
class PlacedCell:
    """A cell and the rows and columns that it covers, 0-based and end-exclusive.

    Cells are compared by identity: a cell in several slots is one object.
    """

    text: str
    row: int
    column: int
    end_row: int
    """Row after the last covered row."""
    end_column: int


def count_slots(rows: Rows) -> int:
    """Return an upper bound of the number of slots that the cells cover, without expanding the spans."""
    height = len(rows)
    return sum(
        min(cell.col_span, MAX_COLUMNS) * min(cell.row_span, height - r) for r, row in enumerate(rows) for cell in row
    )


def place_cells(rows: Rows) -> list[list[PlacedCell]]:
    """Return the cell of each slot, row by row. All rows have the same length; missing cells are empty.

    Cells are placed like in HTML. Linear in the number of slots.
    """
    height = len(rows)
    slots: list[dict[int, PlacedCell]] = [{} for _ in rows]
    for r, row in enumerate(rows):
        column = 0
        for cell in row:
            while column in slots[r]:
                column += 1
            end_row = min(r + max(cell.row_span, 1), height)
            end = column + min(max(cell.col_span, 1), MAX_COLUMNS)
            placed = PlacedCell(cell.text, r, column, end_row, end)
            for covered in slots[r:end_row]:
                for slot in range(column, end):
                    covered.setdefault(slot, placed)
            column = end
    width = max((max(row, default=-1) + 1 for row in slots), default=0)
    return [[row.get(c) or PlacedCell("", r, c, r + 1, c + 1) for c in range(width)] for r, row in enumerate(slots)]


def collect_cells(slots: Sequence[Sequence[PlacedCell]]) -> tuple[tuple[Cell, ...], ...]:
    """Undo `place_cells` for some rows of a grid: return them as rows of a table. Row spans count only these rows."""
    spans: dict[int, int] = {}
    for row in slots:
        for placed in distinct(row):
            spans[id(placed)] = spans.get(id(placed), 0) + 1
    seen: set[int] = set()
    rows = []
    for row in slots:
        cells = []
        for _, slot_run in groupby(row, key=id):
            covered = list(slot_run)
            placed = covered[0]
            if id(placed) not in seen:
                seen.add(id(placed))
                cells.append(Cell(placed.text, spans[id(placed)], len(covered)))
        rows.append(tuple(cells))
    return tuple(rows)


def distinct(row: Iterable[PlacedCell]) -> Iterator[PlacedCell]:
    """Yield each cell of a row or column once. The slots of a cell are adjacent."""
    previous = None
    for placed in row:
        if placed is not previous:
            yield placed
        previous = placed


@dataclass(frozen=True, slots=True)
class CellText:
    """A cell in the text of its row."""

    cell: PlacedCell
    start: int
    """Offset in the text at which the cell begins, after its headers, in code points."""
    end: int


@dataclass(frozen=True, slots=True)
class RowText:
    """The text of a row: each cell that is not empty with its headers."""

    text: str
    cells: tuple[CellText, ...]


class TableGrid:
    """The grid of a data table: the headers and the text of its rows. Rows are numbered from 0 below the header."""

    def __init__(self, header: Rows, rows: Rows, header_columns: int) -> None:
        slots, self.rows = place_cells(header), place_cells(rows)
        self.width = max(len(slots[0]) if slots else 0, len(self.rows[0]) if self.rows else 0)
        self.header_columns = header_columns
        self._headers = [
            tuple(placed for placed in distinct(row[c] for row in slots if c < len(row)) if placed.text)
            for c in range(self.width)
        ]
        self.label_blocks = self._find_label_blocks()
        """Ranges of columns that name rows: the header columns and, if the table is several tables side by side, the
        header columns of those further right."""

    def column_headers(self, cell: PlacedCell) -> tuple[str, ...]:
        """Return the headers above a cell, outermost first: those that cover all of its columns.

        If none does, because header and rows are divided at different places, return the innermost header if it begins
        at the same column as the cell.
        """
        headers = self._headers[cell.column]
        covering = tuple(header.text for header in headers if header.end_column >= cell.end_column)
        return covering or tuple(header.text for header in headers[-1:] if header.column == cell.column)

    def header_cells(self, column: int) -> tuple[PlacedCell, ...]:
        """Return the header cells of a column with text, outermost first."""
        return self._headers[column]

    def row_headers(self, row: int, block: int = 0) -> tuple[PlacedCell, ...]:
        """Return the header cells of a row, outermost first, also empty ones. `block`: index in `label_blocks`."""
        columns = self.label_blocks[block]
        return tuple(distinct(self.rows[row][columns.start : columns.stop]))

    def _find_label_blocks(self) -> tuple[range, ...]:
        """Return the header columns, and columns of words further right at which the header begins again.

        The header begins again if the headers of the header columns recur (项目 金额 项目 金额), or the header of the
        column after them (收入 金额 支出 金额). If a header column has no header, nothing recurs. If no column of the
        table has a header, every column of words counts.
        """
        size = self.header_columns
        blocks = [range(size)]
        names = [headers[-1].text if headers else "" for headers in self._headers]
        if not size or size + 1 >= self.width:
            return tuple(blocks)
        for start in range(size + 1, self.width - size):
            labels = range(start, start + size)
            repeats = names[start : start + size] == names[:size] or names[start + size] == names[size] != ""
            repeats = repeats and (all(names[:size]) or not any(names))
            if repeats and start >= blocks[-1].stop + 1 and self._has_words(labels[-1]):
                blocks.append(labels)
        return tuple(blocks)

    def _has_words(self, column: int) -> bool:
        """Return whether a column has text in at least half of its rows, and no figure."""
        texts = [row[column].text for row in self.rows if row[column].text]
        return 2 * len(texts) >= len(self.rows) and not any(map(parse_figure, texts))

    def is_group(self, row: int) -> bool:
        """Return whether a row is one cell over all columns, which names the rows below it."""
        first = self.rows[row][0]
        return self.width > 1 and first.column == 0 and first.end_column >= self.width

    def row_text(self, row: int) -> RowText:
        """Return the text of a row without empty cells. A cell that covers several rows is in the text of each."""
        cells: list[CellText] = []
        parts: list[str] = []
        length = 0
        for cell in distinct(self.rows[row]):
            if not cell.text:
                continue
            separator = CELL_SEPARATOR if parts else ""
            headers = "".join(header + HEADER_SEPARATOR for header in self.column_headers(cell))
            start = length + len(separator) + len(headers)
            parts.append(f"{separator}{headers}{cell.text}")
            length = start + len(cell.text)
            cells.append(CellText(cell, start, length))
        return RowText("".join(parts), tuple(cells))
