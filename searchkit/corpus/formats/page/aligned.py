"""Unruled tables of pages: rows whose cells are aligned by white space, with or without bars above and below.

Input: the lines of pages and their bars, which are horizontal rules (`placed.Bar`). Output: the same lines; those that
are rows of a table refer to its `PlacedTable`. `textrows` finds the rows with figures, `columns` the columns, `headers`
the header rows, `wrapping` the lines of each cell. Rows that are not data (`corpus/tables/aligned.py`) stay text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from searchkit.corpus.cleaning.chrome import has_dot_leader
from searchkit.corpus.formats.page.columns import Columns, find_columns, mark_right_aligned, merge_sparse_columns
from searchkit.corpus.formats.page.headers import Header, build_header, cell_text, find_header
from searchkit.corpus.formats.page.lines import join_lines
from searchkit.corpus.formats.page.placed import Bar, Glyph, PlacedLine, PlacedTable
from searchkit.corpus.formats.page.textrows import TextRow, build_row, find_pitch, group_data_rows, text_of
from searchkit.corpus.formats.page.wrapping import find_end, group_wrapped, mark_parts, span_labels
from searchkit.corpus.tables.aligned import is_aligned_data
from searchkit.corpus.tables.cells import is_number, is_total
from searchkit.model import Cell

_MIN_ROWS = 3
"""Minimum number of rows with figures of a table; one less if each column has a header. One row is enough if the table
has a header and at least two bars, if it goes on from the page or column before, or as `_MIN_FIGURES` states."""
_MIN_FIGURES = 3
"""One row with a figure in each column is enough for a table if there are at least this number of columns, and each has
a header."""
_BROKEN_FIGURE = re.compile(r"\d[\d,]*,\d{0,2}|\d[\d,.]* \d[\d,.]*")
"""A part of a figure (12,34), or two figures in a cell."""
_MAX_BROKEN_SHARE = 0.2
"""Maximum share of the rows of a table with a `_BROKEN_FIGURE`."""
_MIN_OUTDENT = 0.5
"""The label of a total that stands in the second column is taken to be centred over the first two columns if it starts
more than this distance, in em, left of the other texts of the second column."""
_MAX_BAR_DISTANCE_ABOVE, _MAX_BAR_DISTANCE_BELOW = 10.0, 4.0
"""Maximum distances, in em, of the bars of a table from its first and its last row with figures."""


def find_aligned_tables(lines: Sequence[PlacedLine], bars: Mapping[int, Sequence[Bar]]) -> list[PlacedLine]:
    """Return the lines. Those that are rows of an unruled table refer to it (`PlacedLine.table`).

    `bars`: the bars of each page, by its number. Cost: linear in the number of glyphs.
    """
    result: list[PlacedLine] = []
    previous: Columns | None = None
    start = 0
    while start < len(lines):
        end = start + 1
        while end < len(lines) and _is_same_run(lines[end - 1], lines[end]):
            end += 1
        found, previous = _find_in_run(lines[start:end], bars.get(lines[start].page, ()), previous)
        result += found
        start = end
    return result


def _is_same_run(before: PlacedLine, line: PlacedLine) -> bool:
    """Return whether `line` is in the same column of text as `before`, not above it, and outside of ruled tables."""
    is_same_column = before.page == line.page and before.column == line.column
    return is_same_column and line.baseline >= before.baseline and before.column >= 0


def _find_in_run(
    lines: Sequence[PlacedLine], bars: Sequence[Bar], previous: Columns | None
) -> tuple[list[PlacedLine], Columns | None]:
    """Return the lines of one column of text, and the columns of the table at its end, if there is one.

    `previous`: the columns of the table at the end of the column or page before, or None. It is returned unchanged for
    lines of a ruled grid.
    """
    if lines[0].column < 0 or not any(" " in line.text for line in lines):  # a ruled grid, or no line with gaps
        return list(lines), previous if lines[0].column < 0 else None
    rows = [build_row(line) for line in lines]
    result: list[PlacedLine] = []
    position = 0
    last: Columns | None = None
    for first, end in group_data_rows(rows):
        if first < position:
            continue
        rows[first:end] = mark_parts(rows[first:end])
        # The table before goes on only at the start of the column, below at most one line, such as a repeated header.
        carried = previous if not result and first <= 1 and position == 0 else None
        table = _build_table(rows, (position, first, end), bars, carried)
        if table is not None:
            result += lines[position : table.start]
            result += table.build_lines()
            position, last = table.end, table.columns if table.end == len(rows) else None
    return [*result, *lines[position:]], last


def _build_table(
    rows: Sequence[TextRow], bounds: tuple[int, int, int], bars: Sequence[Bar], carried: Columns | None
) -> _AlignedTable | None:
    """Return a table; None if the rows are not a table.

    `bounds`: the index of the first row that can be a header, that of the first row with figures, and the end of the
    rows with figures. `carried`: the columns of a table that may go on here, or None.
    """
    _, first, end = bounds
    data = [row for row in rows[first:end] if row.is_data]
    is_carried = carried is not None and all(map(carried.fits, data))
    labelled = _add_labels(rows[first:end])
    others = [row for row in rows[first:end] if not (row.is_data or row.is_figures)]
    columns = carried if is_carried else find_columns(labelled, others)
    if columns is None:
        return None
    if not is_carried and first and rows[first - 1].gaps:
        columns = merge_sparse_columns(labelled, columns, rows[first - 1])
    columns = mark_right_aligned(columns, data)
    inside = _find_bars(rows[first:end], bars, columns)
    start, first = find_header(rows, bounds, columns, inside)
    has_header = start < first
    is_known = (is_carried and start == 0) or (len(inside) > 1 and has_header)
    header = build_header(rows[start:first], columns, find_pitch(rows[first : bounds[2]]))
    is_known |= header.is_complete and _is_row_of_figures(data, columns)
    needed = 1 if is_known else _MIN_ROWS - header.is_complete
    if len(data) < needed or any(has_dot_leader(row.line.text) for row in data):
        return None
    end = find_end(rows, first, end, columns, inside)
    table = _AlignedTable(columns, start, end)
    table.add_header(rows[start:first], header)
    table.add_body(rows[first:end])
    if _has_broken_figures(table.body) or not (is_carried or is_aligned_data(table.body, is_aligned=True)):
        return None
    return table


def _add_labels(rows: Sequence[TextRow]) -> list[TextRow]:
    """Return the rows with a label and figures, or with figures alone. A label on the line above a row is added to it.

    If another row with figures is above the label, the label must be close to both rows.
    """
    data: list[TextRow] = []
    for n, row in enumerate(rows):
        if row.is_data or row.is_figures:
            is_label = n and rows[n - 1].is_label_of(row) and (not data or rows[n - 1].is_label_of(data[-1]))
            data.append(replace(row, words=[*rows[n - 1].words, *row.words]) if is_label else row)
    return data


def _is_row_of_figures(data: Sequence[TextRow], columns: Columns) -> bool:
    """Return whether `data` is one row with a figure in each column, and there are at least `_MIN_FIGURES` columns."""
    words = data[0].words if len(data) == 1 else []
    return len(words) == len(columns.extents) >= _MIN_FIGURES and all(is_number(text_of(word)) for word in words)


def _has_broken_figures(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether more than `_MAX_BROKEN_SHARE` of the rows contain a part of a figure, or two figures in a cell.

    If so, the columns were not found.
    """
    broken = sum(any(_BROKEN_FIGURE.fullmatch(text) and not is_number(text) for text in row) for row in rows)
    return broken > _MAX_BROKEN_SHARE * len(rows)


def _find_bars(rows: Sequence[TextRow], bars: Sequence[Bar], columns: Columns) -> list[Bar]:
    """Return the bars that are over at least half of the width of a table and not far from its rows with figures."""
    em = rows[0].line.size
    left, right = columns.edges[0], columns.edges[-1]
    top, bottom = rows[0].baseline - _MAX_BAR_DISTANCE_ABOVE * em, rows[-1].baseline + _MAX_BAR_DISTANCE_BELOW * em
    return [
        bar
        for bar in bars
        if top < bar.height < bottom and min(bar.right, right) - max(bar.left, left) >= (right - left) / 2
    ]


@dataclass(slots=True, eq=False)
class _AlignedTable:
    """A table that is being built."""

    columns: Columns
    start: int
    """Index of its first line."""
    end: int
    """Index of the line below it."""
    body: list[list[str]] = field(default_factory=list)
    """The texts of the rows below the header."""
    _header: list[tuple[Cell, ...]] = field(default_factory=list)
    _spans: dict[int, int] = field(default_factory=dict)
    """Maps a row to the number of rows that its label covers; to 0 if a label above covers it. In a row that is not
    among the keys, the label covers only this row."""
    _lines: list[tuple[PlacedLine, int]] = field(default_factory=list)
    """The lines that begin a row, each with the index of the row."""

    def add_header(self, rows: Sequence[TextRow], header: Header) -> None:
        """Add a header. `rows` are its lines.

        Each header row is placed at a line, from the top down; the last is placed at the last line.
        """
        self._header = header.build_rows()
        last = len(self._header) - 1
        self._lines += ((rows[min(n, len(rows) - 1) if n < last else -1].line, n) for n in range(last + 1))

    def add_body(self, rows: Sequence[TextRow]) -> None:
        """Add the rows below the header. Lines that are parts of wrapped cells are joined with their row.

        If labels cover several rows, no cells are wrapped: each line with a cell right of the first column is a row.
        """
        cells = {id(row): self.columns.split(row) for row in rows}
        _move_totals(cells.values())
        labels = _find_label_spans([(row, cells[id(row)]) for row in rows])
        if labels:
            rows = [row for row in rows if any(cells[id(row)])]  # with a cell in another column than 0
        for group in [[row] for row in rows] if labels else group_wrapped(rows, self.columns):
            texts = [""] * len(self.columns.extents)
            for row in group:
                for column, glyphs in cells[id(row)].items():
                    text = cell_text(row, glyphs)
                    texts[column] = join_lines(texts[column], text) if texts[column] else text
            self._lines.append((group[0].line, len(self._header) + len(self.body)))
            self.body.append(texts)
        n = 0
        for text, span in labels:
            self._spans.update({n: span} | dict.fromkeys(range(n + 1, n + span), 0))
            for texts in self.body[n : n + span]:
                texts[0] = text
            n += span

    def build_lines(self) -> list[PlacedLine]:
        """Return the rows of the table, header included, as lines."""
        rows = (*self._header, *(self._build_cells(n) for n in range(len(self.body))))
        placed = PlacedTable(rows, self.columns.edges, is_ruled=False)
        return [
            replace(
                line,
                text="\t".join(cell.text for cell in rows[row] if cell.text),
                is_row=True,
                glyphs=(),
                table=placed,
                row=row,
            )
            for line, row in self._lines
        ]

    def _build_cells(self, n: int) -> tuple[Cell, ...]:
        """Return the cells of a row below the header, without a label that a row above it contains."""
        first, *others = self.body[n]
        span = self._spans.get(n, 1)
        return (*((Cell(first, span),) if span else ()), *map(Cell, others))


def _move_totals(rows: Collection[dict[int, list[Glyph]]]) -> None:
    """Move the labels of totals that are centred over the first two columns to the first column.

    Such a label starts left of the other texts of the second column.
    """
    beside = [(row, row[1][0], is_total(text_of(row[1]))) for row in rows if 1 in row]
    left = min((glyph.left for _, glyph, is_sum in beside if not is_sum), default=0.0)
    for row, glyph, is_sum in beside:
        if is_sum and 0 not in row and glyph.left < left - _MIN_OUTDENT * glyph.size:
            row[0] = row.pop(1)


def _find_label_spans(rows: Sequence[tuple[TextRow, Mapping[int, Sequence[Glyph]]]]) -> list[tuple[str, int]]:
    """Return the labels in the first column, each with the number of rows on which it is centred.

    The result is empty in these cases: (a) the rows are not groups with a label centred on each; (b) a line only
    continues cells of another row; (c) the first label, apart from those of totals, is level with its first row, so
    that it is not centred over several rows. A row with a label but without a cell in the second column counts as a
    total, and its label must cover only this row.
    """
    labels: list[tuple[float, str]] = []
    heights: list[float] = []
    own: set[float] = set()
    for row, cells in rows:
        if 0 in cells:
            labels.append((row.baseline, cell_text(row, cells[0])))
        if any(cells):  # there is a cell in another column than 0
            if not row.is_data:  # the line continues cells of another row
                return []
            heights.append(row.baseline)
            if 0 in cells and 1 not in cells:
                own.add(row.baseline)
    spans = span_labels([height for height, _ in labels], heights, rows[0][0].line.size, own)
    return [(text, span) for (_, text), span in zip(labels, spans, strict=False)]
