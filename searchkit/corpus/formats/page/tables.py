"""Tables of pages: the rows of ruled grids, tables that go on over pages, and their blocks.

Lengths are in the unit of `placed`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from operator import itemgetter
from statistics import median

from searchkit.corpus.blocks import Block, RawTable
from searchkit.corpus.formats.characters import PRIVATE_USE, UNREADABLE, mark_unreadable
from searchkit.corpus.formats.marks import resolve_marks
from searchkit.corpus.formats.page.placed import PlacedLine, PlacedTable
from searchkit.corpus.formats.page.reading_order import PlacedRow
from searchkit.corpus.formats.page.rulings import GridCell, RuledGrid
from searchkit.corpus.formats.page.wrapping import span_labels
from searchkit.corpus.tables.captions import is_table_note
from searchkit.corpus.tables.cells import is_number, is_value
from searchkit.corpus.tables.grid import PlacedCell, place_cells
from searchkit.corpus.tables.recognition import is_continued, is_data_table
from searchkit.model import Cell

_MAX_DATA_CELL_LENGTH = 500
"""Maximum length of a cell of data, in code points. A row with a longer cell is layout."""
_MAX_ROOM = 2.0
"""A line that leaves less room in its cell than this, in em, may have been wrapped. The room includes the padding."""
_MAX_FIGURE_LINES = 2
"""Maximum number of lines of a wrapped figure."""
_MAX_HEADER_LINES = 6
"""Maximum number of header lines above the figures in one cell."""
_EDGE_TOLERANCE = 1.0
"""Maximum difference of the edges of the same column on two pages, in em; twice as much for unruled tables."""
_MAX_LINES_BETWEEN = 4
"""Maximum number of lines between two parts of a table: 续表 and notes on the unit."""
_MIN_ROW_STEP = 0.85
"""Minimum distance between two rows, relative to their usual distance. A line this far from all rows is a row, too.
Lines of one label are closer than this."""
_MIDDLE_HEIGHT = 0.35
"""Height of the middle of a character above its baseline, in em."""
_MIN_EDGE_DISTANCE = 0.5
"""A cell is cut at an edge between two of its lines only if the middle of each of the two lines is at least this far
from the edge, in em."""
_MAX_LABEL_STEP = 1.45
"""Maximum distance between two lines of a label, in em."""
_DIGIT_AT_END, _DIGIT_AT_START = re.compile(r"[\d.,%％]$"), re.compile(r"[\d.,-]")

_Joiner = Callable[[str, str], str]
"""Joins two lines of text: `lines.join_lines`."""


# Rows of ruled grids


def place_rows(
    grid: RuledGrid, contents: Mapping[int, Sequence[PlacedLine]], number: int, join: _Joiner
) -> list[PlacedRow]:
    """Return the rows of a grid that contain text.

    `contents`: the lines of each cell, by its index, from top to bottom. `number`: the number of the grid on its page.
    `join`: joins two lines of a cell. Rows of text at the top or the bottom of the grid are layout and do not belong to
    the table. If a cell is too long, its row is layout, and no row of the grid belongs to a table.
    """
    filled = _FilledGrid(grid.rows, grid.cells, [list(contents.get(n, ())) for n in range(len(grid.cells))])
    filled = _split_rows(_cut_cells(filled), grid)
    height, width = len(filled.rows) - 1, len(grid.columns) - 1
    texts = [
        _join_cell(lines, grid.columns[cell.column + cell.col_span] - grid.columns[cell.column], join)
        for cell, lines in zip(filled.cells, filled.contents, strict=True)
    ]
    by_row: list[list[int]] = [[] for _ in range(height)]
    for n, cell in enumerate(filled.cells):
        by_row[cell.row].append(n)
    layout_rows = _find_layout_rows(filled, by_row, texts, width)
    is_table = not any(max((len(texts[n]) for n in by_row[r]), default=0) > _MAX_DATA_CELL_LENGTH for r in layout_rows)
    first, last = 0, height
    while first < last and first in layout_rows:
        first += 1
    while last > first and last - 1 in layout_rows:
        last -= 1
    rows = tuple(
        tuple(Cell(texts[n], filled.cells[n].row_span, filled.cells[n].col_span) for n in by_row[r])
        for r in range(first, last)
    )
    table = PlacedTable(rows, grid.columns, is_ruled=True) if is_table else None
    placed: list[PlacedRow] = []
    for r, indexes in enumerate(by_row):
        lines = [line for n in indexes for line in filled.contents[n]]
        if not lines:
            continue
        if r in layout_rows:
            row_lines = [replace(line, column=-number) for line in lines]  # a negative column is a grid
        else:
            row_lines = [
                replace(
                    lines[0],
                    text="\t".join(texts[n] for n in indexes if texts[n]),
                    baseline=min(line.baseline for line in lines),
                    bold=all(line.bold for line in lines),
                    column=-number,
                    is_row=True,
                    glyphs=(),
                    table=table,
                    row=r - first,
                )
            ]
        placed.append(PlacedRow(filled.rows[r], filled.rows[r + 1], grid.columns[0], grid.columns[-1], row_lines))
    return placed


@dataclass(slots=True)
class _FilledGrid:
    """The cells of a grid with their lines."""

    rows: Sequence[float]
    """Upper edge of each row and lower edge of the last, ascending."""
    cells: Sequence[GridCell]
    contents: Sequence[Sequence[PlacedLine]]
    """The lines of each cell."""


def _find_layout_rows(
    filled: _FilledGrid, by_row: Sequence[Sequence[int]], texts: Sequence[str], width: int
) -> set[int]:
    """Return the rows that are layout, not data.

    These are rows with a cell that is too long, and rows at the top and bottom that are one cell of several lines.
    """
    long_rows = {r for r, indexes in enumerate(by_row) if any(len(texts[n]) > _MAX_DATA_CELL_LENGTH for n in indexes)}

    def is_text(r: int) -> bool:
        """Return whether a row is one cell of several lines over all columns."""
        if len(by_row[r]) != 1:
            return False
        n = by_row[r][0]
        return filled.cells[n].col_span == width and filled.cells[n].row_span == 1 and len(filled.contents[n]) > 1

    first, last = 0, len(by_row)
    while first < last and is_text(first):
        first += 1
    while last > first and is_text(last - 1):
        last -= 1
    return long_rows | {*range(first), *range(last, len(by_row))}


def _cut_cells(filled: _FilledGrid) -> _FilledGrid:
    """Cut cells of several rows at edges of rows that no rule shows.

    Such an edge is where vertical rules start or end without a horizontal rule. A cell is cut there if its lines above
    and below are clearly apart and one of them is a figure (`_is_cut`).
    """
    # A row is ruled if a cell begins in it directly below another cell of the same columns.
    bottoms = {(cell.row + cell.row_span, cell.column, cell.col_span) for cell in filled.cells}
    ruled = {cell.row for cell in filled.cells if (cell.row, cell.column, cell.col_span) in bottoms}
    parts: list[tuple[GridCell, Sequence[PlacedLine]]] = []
    for cell, lines in zip(filled.cells, filled.contents, strict=True):
        first, end = cell.row, cell.row + cell.row_span
        rest = list(lines)
        for row in range(first + 1, end) if len(lines) > 1 else ():
            count = sum(line.baseline - _MIDDLE_HEIGHT * line.size < filled.rows[row] for line in rest)
            if row not in ruled and 0 < count < len(rest) and _is_cut(rest[count - 1], rest[count], filled.rows[row]):
                parts.append((GridCell(first, cell.column, row - first, cell.col_span), rest[:count]))
                first, rest = row, rest[count:]
        parts.append((GridCell(first, cell.column, end - first, cell.col_span), rest))
    parts.sort(key=itemgetter(0))
    return _FilledGrid(filled.rows, [cell for cell, _ in parts], [lines for _, lines in parts])


def _is_cut(before: PlacedLine, after: PlacedLine, edge: float) -> bool:
    """Return whether two lines of a cell are in different rows: one is a figure, and both are away from the edge."""
    above = edge - (before.baseline - _MIDDLE_HEIGHT * before.size)
    below = after.baseline - _MIDDLE_HEIGHT * after.size - edge
    return min(above, below) >= _MIN_EDGE_DISTANCE * before.size and (is_value(before.text) or is_value(after.text))


def _split_rows(filled: _FilledGrid, grid: RuledGrid) -> _FilledGrid:
    """Split rows of a grid that contain several rows without rules between them, as figures in columns show."""
    anchors = _find_anchors(filled, grid)
    if all(len(starts) == 1 for starts in anchors):
        return filled
    starts_before = [0]
    for starts in anchors:
        starts_before.append(starts_before[-1] + len(starts))
    rows = [
        edge if k == 0 else start
        for edge, starts in zip(filled.rows, anchors, strict=False)
        for k, start in enumerate(starts)
    ]
    cells: list[GridCell] = []
    contents: list[list[PlacedLine]] = []
    for cell, lines in zip(filled.cells, filled.contents, strict=True):
        first, end = starts_before[cell.row], starts_before[cell.row + cell.row_span]
        if cell.row_span > 1 or end - first == 1:
            cells.append(GridCell(first, cell.column, end - first, cell.col_span))
            contents.append(list(lines))
            continue
        for offset, span, part in _split_cell(lines, anchors[cell.row]):
            cells.append(GridCell(first + offset, cell.column, span, cell.col_span))
            contents.append(part)
    return _FilledGrid([*rows, filled.rows[-1]], cells, contents)


def _split_cell(lines: Sequence[PlacedLine], anchors: Sequence[float]) -> Iterator[tuple[int, int, list[PlacedLine]]]:
    """Yield the parts of a cell of a row that contains several rows: first row, number of rows, lines.

    A label that is centred on several rows covers them. `anchors`: the upper edges of the rows in the row of the grid.
    """
    labels = _group_labels(lines, anchors)
    if labels:
        em = lines[0].size
        heights = [(label[0].baseline + label[-1].baseline) / 2 for label in labels]
        spans = span_labels(heights, [anchor + em for anchor in anchors], em)
        if spans:
            yield from zip(accumulate([0, *spans]), spans, labels, strict=False)
            return
    parts: list[list[PlacedLine]] = [[] for _ in anchors]
    for line in lines:
        parts[max(0, bisect_right(anchors, line.baseline) - 1)].append(line)
    yield from ((row, 1, part) for row, part in enumerate(parts))


def _group_labels(lines: Sequence[PlacedLine], anchors: Sequence[float]) -> list[list[PlacedLine]]:
    """Return the labels of a cell, each as its lines; empty if a line is a value, or if each row has a label."""
    if any(is_value(line.text) for line in lines):
        return []
    pitch = median(after - before for before, after in pairwise(anchors))
    labels: list[list[PlacedLine]] = []
    for line in lines:
        if labels and line.baseline - labels[-1][-1].baseline < min(_MIN_ROW_STEP * pitch, _MAX_LABEL_STEP * line.size):
            labels[-1].append(line)
        else:
            labels.append([line])
    return labels if len(labels) < len(anchors) else []


def _find_anchors(filled: _FilledGrid, grid: RuledGrid) -> list[list[float]]:
    """Return for each row of a grid the upper edges of the rows that its figures show; one edge if they show none."""
    anchors = [[0.0]] * (len(filled.rows) - 1)
    for cell, lines in zip(filled.cells, filled.contents, strict=True):
        if cell.row_span == 1 and len(lines) > 1:
            width = grid.columns[cell.column + cell.col_span] - grid.columns[cell.column]
            starts = _find_row_starts(lines, width)
            if len(starts) > len(anchors[cell.row]):
                anchors[cell.row] = starts
    for cell, lines in zip(filled.cells, filled.contents, strict=True):
        if cell.row_span == 1 and len(anchors[cell.row]) > 1:
            anchors[cell.row] = _add_rows(anchors[cell.row], lines)
    return anchors


def _add_rows(starts: Sequence[float], lines: Sequence[PlacedLine]) -> list[float]:
    """Return the upper edges of rows, with those of further rows that the lines of a cell show.

    A line shows a further row if its distance from each row is at least `_MIN_ROW_STEP` of the pitch of the rows.
    """
    added = list(starts)
    pitch = median(after - before for before, after in pairwise(starts))
    for line in lines:
        start = line.baseline - line.size
        index = bisect_right(added, start + _MIN_ROW_STEP * pitch)
        if start - added[index - 1] >= _MIN_ROW_STEP * pitch and (
            index >= len(added) or added[index] - start >= _MIN_ROW_STEP * pitch
        ):
            added.insert(index, start)
    return added


def _find_row_starts(lines: Sequence[PlacedLine], width: float) -> list[float]:
    """Return the upper edges of the rows that the figures of a cell show; a single one if they show no rows.

    The lines above the figures are one row. A figure that fills its cell may go on in the next line.
    """
    first = 0
    while first < min(len(lines), _MAX_HEADER_LINES) and not is_value(lines[first].text):
        first += 1
    values = lines[first:]
    # A single figure below words shows no rows.
    if len(values) <= min(first, 1) or not any(char.isdigit() for line in values for char in line.text):
        return [0.0]
    if not all(is_value(line.text) for line in values):
        return [0.0]
    may_be_wrapped = any(width - (line.right - line.left) < _MAX_ROOM * line.size for line in values)
    if may_be_wrapped and len(values) <= _MAX_FIGURE_LINES:
        return [0.0]
    starts = [line.baseline - line.size for line in values]
    return [lines[0].baseline - lines[0].size, *starts] if first else starts


def _join_cell(lines: Sequence[PlacedLine], width: float, join: _Joiner) -> str:
    """Return the text of a cell. Between two numbers is a blank, unless the first fills its line."""
    text = ""
    for n, line in enumerate(lines):
        if not text:
            text = line.text
            continue
        before = lines[n - 1]
        is_wrapped = width - (before.right - before.left) < _MAX_ROOM * before.size
        is_apart = _DIGIT_AT_END.search(text) and _DIGIT_AT_START.match(line.text) and not is_wrapped
        text = f"{text} {line.text}" if is_apart else join(text, line.text)
    return text


# Blocks


@dataclass(slots=True)
class TablePart:
    """A table in the sequence of lines, with the lines of its rows."""

    rows: list[tuple[Cell, ...]]
    edges: tuple[float, ...]
    """Edges of the columns, as in `PlacedTable`."""
    is_ruled: bool
    """Whether rules show the columns, or only white space."""
    lines: list[PlacedLine]
    """The lines of the rows: one for each row with text."""
    last_start: int = 0
    """Index of the first row of its last page. Only cells that reach the last row of a page can go on after it."""
    repeated: int = 0
    """Number of header rows that its pages repeat."""

    @property
    def page(self) -> int:
        """Page on which it starts."""
        return self.lines[0].page

    @property
    def em(self) -> float:
        """Its type size."""
        return median(line.size for line in self.lines)

    @property
    def last_baseline(self) -> float:
        """Baseline of its last row."""
        return self.lines[-1].baseline

    def build_blocks(self, build: Callable[[PlacedLine], Block]) -> Iterator[Block]:
        """Yield its block, or one for each row if it is not a data table. `build` builds the block of a row."""
        raw = RawTable(tuple(self.rows), self._count_header_rows() or None)
        if is_data_table(raw):
            yield Block("", page=self.page, table=raw)
        else:
            yield from map(build, self.lines)

    def _count_header_rows(self) -> int:
        """Return the number of header rows: rows that each page repeats, or bold first rows if most others are plain.

        Such rows show that a table of words is data, as a stated header does in other formats.
        """
        count = 0
        for n, line in enumerate(self.lines):
            texts = [cell.text for cell in self.rows[n] if cell.text] if line.row == n else []
            if not line.bold or len(texts) < 2 or any(map(is_number, texts)):  # noqa: PLR2004 - a title or a group
                break
            count += 1
        rest = self.lines[count:]
        is_emphasis = 2 * sum(line.bold for line in rest) < len(rest)
        return max(self.repeated, count if is_emphasis else 0)


def collect_tables(lines: Sequence[PlacedLine]) -> list[PlacedLine | TablePart]:
    """Return the lines with the rows of each table collected, in reading order.

    The parts of a table on several pages, or in several columns of a page, are joined. The lines between two parts
    (续表, 单位：万元) and repeated header rows are dropped.
    """
    if all(line.table is None for line in lines):
        return list(lines)
    collected: list[PlacedLine | TablePart] = []
    parts: dict[int, TablePart] = {}
    for line in lines:
        if line.table is None:
            collected.append(line)
        elif id(line.table) in parts:
            parts[id(line.table)].lines.append(line)
        else:
            part = parts[id(line.table)] = TablePart([], line.table.edges, line.table.is_ruled, [line])
            collected.append(part)
    for part in parts.values():
        part.rows = list(_readable_rows(part.lines))
    joined: list[PlacedLine | TablePart] = []
    for item in collected:
        if not (isinstance(item, TablePart) and _append_part(joined, item)):
            joined.append(item)
    return joined


def _readable_rows(lines: Sequence[PlacedLine]) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows of a table. Rows whose lines were left out as unreadable are empty."""
    table = lines[0].table
    kept = {line.row for line in lines}
    for r, row in enumerate(table.rows if table else ()):
        yield tuple(replace(cell, text=_clean(cell.text) if r in kept else "") for cell in row)


def _clean(text: str) -> str:
    """Return the text of a cell with marks resolved and unreadable characters marked."""
    return resolve_marks(mark_unreadable(text) if UNREADABLE in text or PRIVATE_USE.search(text) else text)


def _append_part(joined: list[PlacedLine | TablePart], part: TablePart) -> bool:
    """Append a part to the last table of `joined` if it continues that table. Return whether it was appended."""
    between = 0
    while between < min(len(joined), _MAX_LINES_BETWEEN) and isinstance(joined[-1 - between], PlacedLine):
        between += 1
    previous = joined[-1 - between] if between < len(joined) else None
    if not isinstance(previous, TablePart) or not _is_next(previous, part) or not _have_same_columns(previous, part):
        return False
    lines_between = [item for item in joined[len(joined) - between :] if isinstance(item, PlacedLine)]
    if not all(_is_above_continuation(line.text) and line.page == part.page for line in lines_between):
        return False
    repeated = _count_repeated(previous.rows, part.rows)
    if not repeated and not _continues(previous.rows[previous.last_start :], part.rows):
        return False
    previous.repeated = max(previous.repeated, repeated)
    del joined[len(joined) - between :]
    last_rows = previous.rows[previous.last_start :]
    rows = _join_broken_row(last_rows, part.rows[repeated:])
    previous.rows[previous.last_start :] = last_rows
    previous.last_start = len(previous.rows)
    previous.rows += rows
    previous.lines += part.lines[repeated:]
    return True


def _is_next(before: TablePart, part: TablePart) -> bool:
    """Return whether a part is on the next page or in the next column."""
    last = before.lines[-1]
    first = part.lines[0]
    return first.page == last.page + 1 or (first.page == last.page and first.baseline < before.lines[0].baseline)


def _have_same_columns(before: TablePart, part: TablePart) -> bool:
    """Return whether two parts have the same number of columns, at nearly the same distances."""
    if before.is_ruled != part.is_ruled or len(before.edges) != len(part.edges):
        return False
    tolerance = _EDGE_TOLERANCE * before.em * (1 if before.is_ruled else 2)
    return all(
        abs((a - before.edges[0]) - (b - part.edges[0])) <= tolerance
        for a, b in zip(before.edges, part.edges, strict=True)
    )


def _is_above_continuation(text: str) -> bool:
    """Return whether a line can be between two parts of a table: 续表, or a note on the unit."""
    return is_continued(text) or is_table_note(text)


def _count_repeated(before: Sequence[Sequence[Cell]], rows: Sequence[Sequence[Cell]]) -> int:
    """Return how many rows at the start of `rows` repeat the first rows of `before` and contain no number.

    The result is 0 if all of `rows` do.
    """
    count = 0
    for first, row in zip(before, rows, strict=False):
        texts = ["".join(cell.text.split()) for cell in row]
        if texts != ["".join(cell.text.split()) for cell in first] or any(is_number(cell.text) for cell in row):
            break
        count += 1
    return count if count < len(rows) else 0


def _continues(before: Sequence[Sequence[Cell]], rows: Sequence[Sequence[Cell]]) -> bool:
    """Return whether rows that do not repeat the header continue a table.

    They do not if the number of columns differs, or if a row, up to the first with a number, has words in most of the
    columns that contain numbers in `before`: these words are the header of another table.
    """
    above, below = place_cells(before), place_cells(rows)
    width = len(above[0]) if above else 0
    if not below or len(below[0]) != width:
        return False
    columns = [c for c in range(width) if _has_numbers(above, c)]
    if not columns:
        return True
    for row in below:
        texts = [row[c].text for c in columns]
        words = sum(not is_value(text) for text in texts)
        if 2 * words > len(texts):
            return False
        if any(is_number(text) for text in texts):
            return True
    return True


def _has_numbers(rows: Sequence[Sequence[PlacedCell]], column: int) -> bool:
    """Return whether most filled cells of a column are numbers."""
    texts = [row[column].text for row in rows if row[column].text]
    return 2 * sum(is_number(text) for text in texts) > len(texts)


def _join_broken_row(before: list[tuple[Cell, ...]], rows: list[tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
    """Return the rows after a page break without the empty cells that continue merged cells of `before`.

    The merged cells are extended in `before`.
    """
    if not before or not rows:
        return rows
    above = place_cells(before)[-1]
    first = list(rows[0])
    column = 0
    while len(first) > 1 and not first[0].text and first[1].text:
        placed = above[column]
        is_merged = placed.end_row - placed.row > 1 or first[0].row_span > 1
        if not is_merged or placed.column != column or placed.end_column - column != first[0].col_span:
            break
        _extend_cell(before, placed, first[0].row_span)
        column += first[0].col_span
        del first[0]
    return [tuple(first), *rows[1:]]


def _extend_cell(rows: list[tuple[Cell, ...]], placed: PlacedCell, row_span: int) -> None:
    """Extend a cell that reaches the last row by `row_span` rows below it."""
    grid = place_cells(rows)[placed.row]
    starts = [cell for n, cell in enumerate(grid) if cell.row == placed.row and (n == 0 or cell is not grid[n - 1])]
    index = next(n for n, cell in enumerate(starts) if cell.column == placed.column)
    row = list(rows[placed.row])
    row[index] = replace(row[index], row_span=len(rows) - placed.row + row_span)
    rows[placed.row] = tuple(row)
