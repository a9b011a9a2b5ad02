"""Converts the grid of a sheet or a delimited file to tables, and to lines of text above and below the tables."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from searchkit.corpus.blocks import Block, RawTable
from searchkit.corpus.formats.characters import clean_characters
from searchkit.corpus.tables.cells import is_note, is_note_row, is_number, is_time, parse_figure
from searchkit.corpus.tables.grid import MAX_COLUMNS
from searchkit.errors import ReadError
from searchkit.model import Cell

MAX_TABLE_CELLS = 2_000_000
"""Maximum number of cells of a table, empty ones included; rows and columns without any cell are not counted. A sheet
may have cells in distant rows and columns."""

_EMPTY = Cell("")
_MIN_ROWS, _MIN_COLUMNS = 2, 2
"""Minimum size of a table: a header with one row below it, and two columns. A column of labels has at least `_MIN_ROWS`
texts, too."""
_MAX_EMPTY_ROWS = 2
"""Maximum number of adjacent empty rows within a table, or between a table and the titles above it."""
_MAX_TITLE_ROWS = 3
"""Maximum number of rows of titles and notes above a table, if empty rows separate them from the table."""
_MIN_SENTENCE_LENGTH = 20
"""Minimum length in code points of a note that is a single cell below a table. A shorter cell may be the label of a
row."""


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row of a grid with at least one cell that is not empty."""

    index: int
    """Index of the row, from 0. Empty rows are counted, hidden rows are not."""
    cells: Mapping[int, Cell]
    """The cells that are not empty, by column from 0. Spans count the rows and columns of the grid."""


def clean_cell(text: str) -> str:
    """Return the text of a cell without empty lines; each run of white space in a line becomes one blank."""
    return "\n".join(filter(None, (" ".join(line.split()) for line in clean_characters(text).split("\n"))))


def build_blocks(rows: Iterable[GridRow]) -> list[Block]:
    """Return the tables of a grid, and the rows of text above and below them. Empty if the grid has no table.

    Empty rows separate tables, unless figures in the same columns go on below them or only titles are above them
    (`_join_continuations`). An empty column separates tables if the next column contains labels
    (`_split_at_empty_columns`). The caption of a table is the lowest line above it that is not a note. Raises ReadError
    if a table is too large.
    """
    adjacent = _join_continuations(_split_at_empty_rows(rows))
    groups = [_build_group(part) for group in adjacent for part in _split_at_empty_columns(group)]
    return [block for group in groups for block in group] if any(b.table for group in groups for b in group) else []


def _split_at_empty_rows(rows: Iterable[GridRow]) -> Iterator[list[GridRow]]:
    """Yield the groups of adjacent rows. A row that merged cells cover is not empty."""
    group: list[GridRow] = []
    next_index = 0
    for row in rows:
        if group and row.index > next_index:
            yield group
            group = []
        group.append(row)
        next_index = max(next_index, *(row.index + cell.row_span for cell in row.cells.values()))
    if group:
        yield group


def _join_continuations(groups: Iterable[list[GridRow]]) -> Iterator[list[GridRow]]:
    """Join two successive groups if the earlier is the title of the later, or its table goes on in the later.

    Between the groups are at most `_MAX_EMPTY_ROWS` empty rows. The earlier group is the title if it consists of at
    most `_MAX_TITLE_ROWS` titles and notes, and the later group has several rows. A table goes on if the first row of
    the later group has cells only in columns of the table, and a number right of the first column of the grid.
    Yearbooks have an empty row below the header and after some years.
    """
    previous: list[GridRow] = []
    columns: set[int] = set()
    for group in groups:
        first, last = group[0], previous[-1] if previous else None
        is_near = last is not None and first.index - last.index <= _MAX_EMPTY_ROWS + 1
        goes_on = is_near and (
            (columns.issuperset(first.cells) and any(n and is_number(c.text) for n, c in first.cells.items()))
            or (len(previous) <= _MAX_TITLE_ROWS and all(map(_is_text_above, previous)) and len(group) > 1)
        )
        if not goes_on and previous:
            yield previous
            previous, columns = [], set()
        previous += group
        columns.update(
            n
            for row in group
            if len(row.cells) > 1
            for column, cell in row.cells.items()
            for n in _covered(column, cell)
        )
    if previous:
        yield previous


def _covered(column: int, cell: Cell) -> range:
    """Return the columns that a cell at `column` covers."""
    return range(column, column + min(cell.col_span, MAX_COLUMNS))


def _split_at_empty_columns(group: Sequence[GridRow]) -> list[list[GridRow]]:
    """Split adjacent rows into tables side by side.

    One or several adjacent empty columns are the boundary of two tables if neither of the two columns right of them is
    empty, and the first of these two contains labels. A column that a merged cell covers is not empty.
    """
    texts: dict[int, list[str]] = {}
    """The texts of each column. Rows of a single cell are not counted: they are titles and notes."""
    for row in group:
        if len(row.cells) > 1:
            for column, cell in row.cells.items():
                texts.setdefault(column, []).append(cell.text)
                for covered in range(column + 1, column + min(cell.col_span, MAX_COLUMNS)):
                    texts.setdefault(covered, [])
    starts = [
        right
        for left, right in pairwise(sorted(texts))
        if right > left + 1 and right + 1 in texts and _are_labels(texts[right])
    ]
    if not starts:
        return [list(group)]
    parts: list[list[GridRow]] = [[] for _ in range(len(starts) + 1)]
    for row in group:
        for n, cells in groupby(row.cells.items(), key=lambda item: bisect_right(starts, item[0])):
            parts[n].append(GridRow(row.index, dict(cells)))
    return [part for part in parts if part]


def _are_labels(texts: Sequence[str]) -> bool:
    """Return whether the cells of a column can name rows: at least two texts, each of them a time or not a figure."""
    return len(texts) >= _MIN_ROWS and all(is_time(text) or parse_figure(text) is None for text in texts)


def _build_group(group: Sequence[GridRow]) -> list[Block]:
    """Return the blocks of adjacent rows: the text above, the table, the text below.

    If the table would be too small, all rows are text.
    """
    start, end = 0, len(group)
    while start < end and _is_text_above(group[start]):
        start += 1
    while end > start and _is_text_below(group[end - 1]):
        end -= 1
    above, below = [_row_text(row) for row in group[:start]], [_row_text(row) for row in group[end:]]
    columns = sorted({column for row in group[start:end] for column in row.cells})
    if end - start < _MIN_ROWS or len(columns) < _MIN_COLUMNS:
        return [Block(_row_text(row)) for row in group]
    title = next((n for n in range(len(above) - 1, -1, -1) if not is_note(above[n])), None)
    caption = None if title is None else above.pop(title)
    table = RawTable(_build_rows(group[start:end], columns), caption=caption)
    return [*map(Block, above), Block("", table=table), *map(Block, below)]


def _is_text_above(row: GridRow) -> bool:
    """Return whether a row above a table is a title or a note.

    A title is a single cell in the first column of the grid or over several columns. Any other row that is not a note
    can be the header.
    """
    first = next(iter(row.cells))
    return is_note_row([cell.text for cell in row.cells.values()]) or (
        len(row.cells) == 1 and (first == 0 or row.cells[first].col_span > 1)
    )


def _is_text_below(row: GridRow) -> bool:
    """Return whether a row below a table is a note. The label of a row without values is not a note."""
    cells = list(row.cells.values())
    is_sentence = len(cells) == 1 and (cells[0].col_span > 1 or len(cells[0].text) >= _MIN_SENTENCE_LENGTH)
    return is_sentence or is_note_row([cell.text for cell in row.cells.values()])


def _row_text(row: GridRow) -> str:
    return " ".join(" ".join(cell.text.split()) for cell in row.cells.values())


def _build_rows(group: Sequence[GridRow], columns: Sequence[int]) -> tuple[tuple[Cell, ...], ...]:
    """Return the rows of a table with its empty cells.

    `columns`: the columns with cells; all others are left out. Raises ReadError if the table is too large.
    """
    if len(group) * len(columns) > MAX_TABLE_CELLS:
        raise ReadError(f"a table of {len(group) * len(columns)} cells: more than {MAX_TABLE_CELLS} are not read")
    positions = {column: n for n, column in enumerate(columns)}
    indexes = [row.index for row in group]
    covered_until = [0] * len(columns)
    """Index of the first row that no merged cell above covers, for each column."""
    table: list[tuple[Cell, ...]] = []
    for n, row in enumerate(group):
        cells = {positions[column]: cell for column, cell in row.cells.items()}
        line: list[Cell] = []
        position = 0
        while position < len(columns):
            cell, start = cells.get(position), position
            position = position + 1 if cell is None else _span_end(columns, position, cell.col_span, cells)
            if cell is not None:
                end = row.index + cell.row_span
                line.append(Cell(cell.text, bisect_left(indexes, end) - n, position - start))
                covered_until[start:position] = [end] * (position - start)
            elif covered_until[start] <= row.index:
                line.append(_EMPTY)
        table.append(tuple(line))
    return tuple(table)


def _span_end(columns: Sequence[int], position: int, span: int, cells: Mapping[int, Cell]) -> int:
    """Return the position after the last column that a cell covers. A cell ends before the next cell of its row."""
    end = position + 1
    while end < len(columns) and columns[end] < columns[position] + span and end not in cells:
        end += 1
    return end
