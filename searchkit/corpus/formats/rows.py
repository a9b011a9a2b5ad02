"""Builds the tables of formats with block elements (HTML, .docx).

A data table becomes one block. In other tables, most rows become one block each (`TableBuilder.end_row`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from searchkit.corpus.blocks import Block, RawTable
from searchkit.corpus.tables.recognition import is_data_table
from searchkit.model import Cell

_MAX_DATA_CELL_LENGTH = 500
"""Maximum length of a data cell, in code points. A row with a longer cell is layout, and its blocks are kept."""
_MAX_SPAN = 65_534
"""Maximum number of rows that a cell covers, as in HTML."""


@dataclass(slots=True)
class TableCell:
    """A cell that is being read."""

    start: int
    """Index of its first block."""
    column: int
    col_span: int = 1
    row_span: int = 1
    is_header: bool = False
    text: str = ""
    """The texts of its blocks, each on a line. Empty until its row ends. Stays empty if `TableBuilder.is_data` is False
    by then."""


@dataclass(slots=True)
class TableRow:
    """A table row that is being read."""

    start: int
    """Index of its first block."""
    is_header: bool = False
    """Whether the format states that it is a header."""
    cells: list[TableCell] = field(default_factory=list)
    width: int = 0
    """Number of columns so far, including those that a cell of a row above covers (`TableBuilder.extend_cell`)."""

    def add_cell(self, start: int, col_span: int, row_span: int, *, is_header: bool = False) -> None:
        """Add a cell that begins with the next block."""
        self.cells.append(TableCell(start, self.width, max(col_span, 1), min(max(row_span, 1), _MAX_SPAN), is_header))
        self.width += max(col_span, 1)


class TableBuilder:
    """Builds a table from the blocks that a reader appends to its list.

    When a row ends, its blocks in that list are replaced. When a data table ends, the blocks of its rows are replaced.
    """

    def __init__(self, blocks: list[Block], gaps: Sequence[int] = ()) -> None:
        self._blocks = blocks
        self._gaps = gaps
        """Columns that are too narrow for text, ascending. They exist because cells are not exactly aligned."""
        self._start = len(blocks)
        self._rows: list[TableRow] = []
        self.row: TableRow | None = None
        """The open row, or None."""
        self.is_data = True
        """Whether the table can be a data table: False once it contains a table or the heading of a part of the
        report."""
        self.caption: str | None = None

    def start_row(self, *, is_header: bool = False) -> None:
        """Begin a row."""
        self.row = TableRow(len(self._blocks), is_header)

    def pop_blocks(self) -> list[Block]:
        """Remove and return the blocks of the table before its first row: those of its caption.

        Nothing is removed if a row has begun.
        """
        if self._rows or self.row is not None:
            return []
        blocks = self._blocks[self._start :]
        del self._blocks[self._start :]
        return blocks

    def extend_cell(self, col_span: int) -> None:
        """Extend the cell above into the open row (vertical merge). There it covers the next `col_span` columns."""
        if self.row is None:
            return
        for row in reversed(self._rows):
            above = next((cell for cell in row.cells if cell.column == self.row.width), None)
            if above is not None:
                above.row_span += 1
                break
        self.row.width += col_span

    def end_row(self) -> None:
        """End the row. Join its cells that have text to one block, with tabs.

        Its blocks stay if fewer than two cells have text, if a cell is too long, or if `is_data` is False. A row that
        contains the heading of a part of the report (`_is_layout`) makes `is_data` False.
        """
        row, self.row = self.row, None
        if row is None:
            return
        self._rows.append(row)
        if not self.is_data:  # the blocks of a nested table may be among those of the row
            return
        ends = [*(cell.start for cell in row.cells[1:]), len(self._blocks)]
        blocks = [self._blocks[cell.start : end] for cell, end in zip(row.cells, ends, strict=True)]
        for cell, content in zip(row.cells, blocks, strict=True):
            cell.text = "\n".join(block.text.strip() for block in content)
        texts = [" ".join(cell.text.split("\n")) for cell, content in zip(row.cells, blocks, strict=True) if content]
        if _is_layout(row, blocks):
            self.is_data = False
            return
        if len(texts) < 2 or max(map(len, texts)) > _MAX_DATA_CELL_LENGTH:  # noqa: PLR2004 - one cell is not a row
            return
        strong = all(block.strong for block in self._blocks[row.start :])
        self._blocks[row.start :] = [Block("\t".join(texts), strong=strong)]

    def end_table(self) -> None:
        """End the table. One block replaces a data table. Otherwise, if `is_data`, its caption becomes a block."""
        if not self.is_data or not self._rows:
            return
        rows = tuple(tuple(self._build_cells(row)) for row in self._rows)
        table = RawTable(rows, self._count_header_rows(), self.caption)
        if is_data_table(table):
            self._blocks[self._start :] = [Block("", table=table)]
        elif self.caption:
            self._blocks.insert(self._start, Block(self.caption))

    def _build_cells(self, row: TableRow) -> Iterator[Cell]:
        """Yield the cells of a row. Narrow columns are not counted; empty cells in them are left out."""
        for cell in row.cells:
            end = cell.column + cell.col_span
            span = cell.col_span - (bisect_left(self._gaps, end) - bisect_left(self._gaps, cell.column))
            if span or cell.text:
                yield Cell(cell.text, cell.row_span, max(span, 1))

    def _count_header_rows(self) -> int | None:
        """Return the number of rows at the top that the format states to be headers, None if it states none.

        The last row is not counted.
        """
        count = 0
        while count < len(self._rows) - 1 and _is_header(self._rows[count]):
            count += 1
        return count or None


def _is_layout(row: TableRow, blocks: Sequence[Sequence[Block]]) -> bool:
    """Return whether a row contains the heading of a part of the report. `blocks`: the blocks of each cell.

    A heading beside other short texts, or in a cell over several columns, is the label or title of data: some authors
    give cells the style of a heading to make them bold.
    """
    if not any(block.level for content in blocks for block in content):
        return False
    filled = [cell for cell, content in zip(row.cells, blocks, strict=True) if content]
    has_prose = any("。" in block.text for content in blocks for block in content)
    return has_prose or (len(filled) == 1 and filled[0].col_span == 1)


def _is_header(row: TableRow) -> bool:
    """Return whether the format states that a row, or each of its cells, is a header."""
    return row.is_header or (bool(row.cells) and all(cell.is_header for cell in row.cells))
