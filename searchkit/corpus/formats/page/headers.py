"""Header rows above rows with figures whose columns only white space shows.

Input: the rows of words above the figures, the columns, and the bars (horizontal rules) of the table. Output: which
rows are the header, and its cells. A piece is a run of words without a wide gap (`textrows`). The lines of the header
of a single column are its column header. A group header is a piece above column headers: it is centred over those of
several columns and covers them, or it is over one column, but too far above its column header to be a line of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from searchkit.corpus.formats.page.columns import Columns
from searchkit.corpus.formats.page.lines import build_line, join_lines
from searchkit.corpus.formats.page.placed import Bar, Glyph
from searchkit.corpus.formats.page.textrows import (
    MAX_CELL_LENGTH,
    MAX_ROW_DISTANCE,
    MIN_GAP,
    TextRow,
    find_pitch,
    text_of,
)
from searchkit.corpus.formats.page.wrapping import MAX_INNER_STEP
from searchkit.corpus.tables.cells import is_value
from searchkit.model import Cell

_MAX_HEADER_LINES = 6
"""Maximum number of lines of a header."""
_MAX_OFF_CENTRE = 1.5
"""Maximum distance, in em, of the middle of a group header from the middle of its columns."""
_MAX_OFF_LEVEL = 0.5
"""Header cells side by side are at the same height if their heights differ by less than this, in em."""
_MAX_LINE_STEP = 1.3
"""Lines that are closer than this, in em, can be one text. So a name of a group of rows (一、行政处罚) is at least this
far above the row below it (`_is_group`). A group header is at least half as far above a column header (`_find_runs`).
"""
_MAX_WRAP_STEP, _MAX_CLOSE_STEP = 2.1, 1.5
"""Maximum distance, in em, between two lines of one cell, and the distance up to which two lines are in one cell even
if the rows of the table are as close to each other."""
_MAX_HEADER_SIZE = 1.1
"""Maximum type size of a header line, relative to the line below it. A larger line is a caption."""
_MAX_GROUPED_COLUMNS = 30
"""Maximum number of columns of a header with groups. The time grows with the square of this number."""
_WRAPPED_COST, _SINGLE_COST, _FREE_COST, _UPPER_COST = 0.3, 1.0, 1.0, 0.1
"""Costs of a way to assign pieces to columns (`_find_covered`). A cost of 1 equals a distance of one em from a centre.

- `_WRAPPED_COST`: a piece over a single column, so close to the header below the piece that it can be a line of it.
- `_SINGLE_COST`: such a piece, but not so close.
- `_FREE_COST`: a column that no piece covers, with its header in the lowest row.
- `_UPPER_COST`: such a column, with its header in an upper row.
"""


# Which rows


def find_header(
    rows: Sequence[TextRow], bounds: tuple[int, int, int], columns: Columns, bars: Sequence[Bar]
) -> tuple[int, int]:
    """Return the first row of the header, and the first row below it. They are equal if there is no header.

    `bounds`: the index of the first row that can be a header, that of the first row with figures, and the end of the
    rows with figures. `bars`: the bars of the table.
    """
    earliest, first, end = bounds
    first = _find_body_start(rows, earliest, first, end, columns)
    start = _find_header_start(rows, earliest, first, columns, bars, find_pitch(rows[first:end]))
    return start, _find_header_end(rows, start, first, columns, bars)


def _find_body_start(rows: Sequence[TextRow], earliest: int, first: int, end: int, columns: Columns) -> int:
    """Return the index of the first line that belongs to the rows with figures.

    `first` and `end` are the range of the rows with figures. A short line close above the first of these rows belongs
    to wrapped cells of that row if the words of the line fit the columns, and if the line consists of figures or has
    words only in columns of words.
    """
    surpluses = [0] * len(columns.extents)  # of values over words, by column
    for row in rows[first:end]:
        if row.is_data:
            for word in row.words:
                surpluses[columns.locate(word)] += 1 if is_value(text_of(word)) else -1
    word_columns = {column for column, surplus in enumerate(surpluses) if surplus <= 0}
    limit = MAX_INNER_STEP * find_pitch(rows[first:end])
    while first > earliest:
        row = rows[first - 1]
        if rows[first].baseline - row.baseline >= limit or not row.is_short or not columns.fits(row):
            break
        if not row.is_figures and any(column not in word_columns for column in columns.split(row)):
            break
        first -= 1
    return first


def _find_header_start(
    rows: Sequence[TextRow], earliest: int, first: int, columns: Columns, bars: Sequence[Bar], pitch: float
) -> int:
    """Return the index of the first header row; `first` if there is none.

    If at least two bars are above the rows with figures, they enclose the header.
    """
    above = [bar.height for bar in bars if bar.height < rows[first].baseline]
    top = min(above) if len(above) > 1 else None
    header = Header(columns, pitch)
    start = n = first
    while n > max(earliest, first - _MAX_HEADER_LINES):
        n -= 1
        row, below = rows[n], rows[n + 1]
        is_close = below.baseline - row.baseline <= MAX_ROW_DISTANCE * row.line.size
        is_large = n + 1 < first and row.line.size > _MAX_HEADER_SIZE * below.line.size
        if (top is not None and row.baseline < top) or not is_close or is_large:
            break
        # A note such as 单位：万元 is no header, except in the corner of the lowest row if that row fills all columns.
        if not row.can_be_header and not (
            row.has_corner_note and start == first and len(_split(row, columns)) == len(columns.extents)
        ):
            break
        if _is_aligned(row, columns):
            if not header.add(row, is_lowest=n == first - 1):
                break
            start = n
        # Between bars, a row in the first column alone is a header row, too.
        elif header.covers(row, is_barred=top is not None) or (top is not None and row.line.right <= columns.edges[1]):
            header.add(row)
            start = n
        elif _is_between_header_rows(row, below, columns):  # a header row only if one above it is found
            header.add(row)
        elif not _is_group(row, below, columns):  # the header may be above the name of a group of rows
            break
    # There is no header without a row of several words.
    while start < first and not any(row.gaps or len(row.words) > 1 for row in rows[start:first]):
        start += 1
    return start


def _find_header_end(rows: Sequence[TextRow], start: int, first: int, columns: Columns, bars: Sequence[Bar]) -> int:
    """Return the index of the first row below the header.

    It is the first row below the lowest of at least two bars above the figures, or else `first`. If rows right above
    this row name groups of rows, it is the first of these names instead.
    """
    above = [bar.height for bar in bars if bar.height < rows[first].baseline]
    if len(above) > 1 and rows[start].baseline < max(above):
        first = next(n for n in range(start, first + 1) if rows[n].baseline > max(above))
    while first - 1 > start:
        row, below = rows[first - 1], rows[first]
        if _is_aligned(row, columns) or not _is_group(row, below, columns):
            break
        first -= 1
    return first


def _is_aligned(row: TextRow, columns: Columns) -> bool:
    """Return whether the words of a row are headers of several columns.

    They are if one of these conditions holds:

    (a) The row has a wide gap.
    (b) The row has several words, each in another column.
    (c) The row begins in the first column, and has as many words as the table has columns, at least three.
    """
    if row.gaps or (len(row.words) > 1 and len(columns.split(row)) == len(row.words)):
        return True
    is_at_start = row.line.left < columns.extents[0][1]
    return is_at_start and len(row.words) == len(columns.extents) > 2  # noqa: PLR2004 - a title can have two words


def _is_group(row: TextRow, below: TextRow, columns: Columns) -> bool:
    """Return whether a row is a short text in the first column that names the rows below it.

    It is at least `_MAX_LINE_STEP` above the next row, which therefore does not continue its text.
    """
    step = below.baseline - row.baseline
    is_first = row.line.left < columns.extents[0][1] and row.line.right <= columns.extents[1][0]
    return is_first and len(row.line.text) <= MAX_CELL_LENGTH and step >= _MAX_LINE_STEP * row.line.size


def _is_between_header_rows(row: TextRow, below: TextRow, columns: Columns) -> bool:
    """Return whether a row is close to the header row below it and has its words in other columns than that row.

    The header row below must have a wide gap.
    """
    step = below.baseline - row.baseline
    is_close = step < _MAX_WRAP_STEP * row.line.size
    return is_close and below.gaps > 0 and _split(below, columns).keys().isdisjoint(_split(row, columns))


# Cells


def _split(row: TextRow, columns: Columns) -> dict[int, list[Glyph]]:
    """Return the pieces of a header row by column.

    A header can start left of the figures below it. So a piece that begins right of the text of its column is the
    header of the next column, if the next column has no piece, and if the figures of the piece's own column are aligned
    at the right or another piece is in this column.
    """
    pieces: list[tuple[int, list[Glyph]]] = []
    for word in row.words:
        column = columns.locate(word)
        is_same = bool(pieces) and pieces[-1][0] == column
        if is_same and word[0].left - pieces[-1][1][-1].right < MIN_GAP * row.line.size:
            pieces[-1][1].extend(word)
        else:
            pieces.append((column, list(word)))
    cells: dict[int, list[Glyph]] = {}
    for n in range(len(pieces) - 1, -1, -1):
        column, glyphs = pieces[n]
        is_second = n > 0 and pieces[n - 1][0] == column
        is_beside = glyphs[0].left >= columns.extents[column][1] and (is_second or column in columns.right_aligned)
        is_next = is_beside and column + 1 < len(columns.extents) and column + 1 not in cells
        cells[column + is_next] = [*glyphs, *cells.get(column + is_next, ())]
    return cells


def cell_text(row: TextRow, glyphs: Sequence[Glyph]) -> str:
    """Return the text of a cell of a row: from the first to the last of its glyphs."""
    return build_line(row.between(glyphs), row.line.page).text


@dataclass(frozen=True, slots=True)
class _GroupHeader:
    """A header above the column headers of one or several columns."""

    text: str
    first: int
    end: int
    """Index after the last column."""
    baseline: float


@dataclass(slots=True)
class _ColumnHeader:
    """The header of a single column. Its lines are added from the bottom up."""

    text: str
    left: float
    right: float
    top: float
    """Baseline of its first line."""
    bottom: float
    """Baseline of its last line."""

    @property
    def middle(self) -> float:
        """Distance of its middle from the upper edge of the page."""
        return (self.top + self.bottom) / 2


@dataclass(slots=True)
class Header:
    """The header of a table, built from the bottom up."""

    columns: Columns
    pitch: float
    """Distance between the rows below it; 0 = unknown."""
    _column_headers: dict[int, _ColumnHeader] = field(default_factory=dict)
    """The column headers, by column. Columns without a column header are left out."""
    _group_headers: list[_GroupHeader] = field(default_factory=list)
    """The group headers, in the order in which they were added: from the bottom up."""

    @property
    def is_complete(self) -> bool:
        """Whether each column has a column header."""
        return len(self._column_headers) == len(self.columns.extents)

    def add(self, row: TextRow, *, is_lowest: bool = False) -> bool:
        """Add a row above the rows of the header. Return whether the row seems to belong to the header.

        It does if a column has no column header yet, if the row has pieces for at least half of the columns, if a piece
        covers several columns, or if one of several pieces is a line of the column header below it. If the lowest row
        has one word for each column, each word is the header of its column, even if it is wider than the column.
        """
        pieces: Mapping[int, Sequence[Glyph]] = _split(row, self.columns)
        if is_lowest and len(row.words) == len(self.columns.extents):
            pieces = dict(enumerate(row.words))
        covered = self._find_covered(row, sorted(pieces.items()))
        belongs = not self.is_complete or 2 * len(pieces) >= len(self.columns.extents)
        for column, glyphs in pieces.items():
            text, baseline = cell_text(row, glyphs), glyphs[0].baseline
            left, right = glyphs[0].left, glyphs[-1].right
            below = self._column_headers.get(column)
            first, end = covered.get(column, (column, column + 1))
            is_group = end - first > 1
            if is_group:
                belongs = True
            elif below is not None:
                is_group = below.top - glyphs[0].baseline >= self._wrap_step(row)
                belongs |= not is_group and len(pieces) > 1
            if is_group:
                self._group_headers.append(_GroupHeader(text, first, end, baseline))
            elif below is None:
                self._column_headers[column] = _ColumnHeader(text, left, right, baseline, baseline)
            else:
                below.text = join_lines(text, below.text)
                below.left, below.right = min(below.left, left), max(below.right, right)
                below.top = baseline
        return belongs

    def covers(self, row: TextRow, *, is_barred: bool) -> bool:
        """Return whether the only piece of a row is a group header, or a line of the column header below it.

        A column header that covers two rows is at half their height. So if column headers have different heights, a
        group header may be above the lower ones. The piece is a group header if it can cover a run of columns
        (`_find_runs`) for which all of this is true:

        (a) The column headers have different heights, or bars enclose the header, or some columns have no header.
        (b) The piece is nearer to the middle of these columns than to the middle of the table, or all columns have
            headers, which differ in tops, middles and bottoms.
        (c) The first column of the table is not among these columns.

        Otherwise it is a line of the column header below it (`_goes_on`), or a caption. The result is False if no
        column has a header yet, or the table has more than `_MAX_GROUPED_COLUMNS` columns. `is_barred`: whether bars
        enclose the header.
        """
        glyphs = [glyph for word in row.words for glyph in word]
        if not self._column_headers or len(self.columns.extents) > _MAX_GROUPED_COLUMNS:
            return False
        em = row.line.size
        edges = self.columns.edges
        off_table = abs(edges[0] + edges[-1] - glyphs[0].left - glyphs[-1].right) / 2 / em
        different_middles, *different_ends = self._have_different_heights(em)
        if different_middles or is_barred or not self.is_complete:
            is_sure = self.is_complete and different_middles and all(different_ends)
            if any(first and (is_sure or off < off_table) for off, first, _ in self._find_runs(row, glyphs)):
                return True
        return self._goes_on(row, glyphs)

    def _have_different_heights(self, em: float) -> list[bool]:
        """Return three values: whether the middles, the tops and the bottoms of the column headers differ in height.

        Group headers above a column header count as a part of it.
        """
        tops = {column: lower.top for column, lower in self._column_headers.items()}
        for group in self._group_headers:
            tops |= {c: min(tops[c], group.baseline) for c in range(group.first, group.end) if c in tops}
        ends = [(top, self._column_headers[column].bottom) for column, top in tops.items()]
        heights = ([top + bottom for top, bottom in ends], *map(list, zip(*ends, strict=True)))
        limits = (2 * _MAX_OFF_LEVEL * em, _MAX_OFF_LEVEL * em, _MAX_OFF_LEVEL * em)
        return [max(values) - min(values) >= limit for values, limit in zip(heights, limits, strict=True)]

    def _goes_on(self, row: TextRow, glyphs: Sequence[Glyph]) -> bool:
        """Return whether a piece is a line of the column header below it: close to it and centred over it."""
        below = self._column_headers.get(self.columns.locate(glyphs))
        if below is None:
            return False
        is_centred = abs(below.left + below.right - glyphs[0].left - glyphs[-1].right) < row.line.size
        return is_centred and below.top - glyphs[0].baseline < self._wrap_step(row)

    def build_rows(self) -> list[tuple[Cell, ...]]:
        """Return the rows of the header. A column header covers several rows if another column has more group headers.

        Group headers are above the column headers.
        """
        width = len(self.columns.extents)
        if not self._column_headers and not self._group_headers:
            return []
        owners: list[list[_GroupHeader]] = [[] for _ in range(width)]
        for group in self._join_group_headers():
            for column in range(group.first, group.end):
                owners[column].append(group)
        height = 1 + max(map(len, owners))
        rows: list[list[Cell]] = [[] for _ in range(height)]
        for column, groups in enumerate(owners):
            for row, group in zip(rows, groups, strict=False):
                if group.first == column:
                    row.append(Cell(group.text, 1, group.end - group.first))
            lower = self._column_headers.get(column)
            rows[len(groups)].append(Cell(lower.text if lower else "", height - len(groups)))
        return [tuple(row) for row in rows]

    def _join_group_headers(self) -> list[_GroupHeader]:
        """Return the group headers, those over more columns first, then from the top down.

        Adjacent ones in this order are joined if they are over the same columns.
        """
        joined: list[_GroupHeader] = []
        for group in sorted(self._group_headers, key=lambda group: (group.first - group.end, group.baseline)):
            before = joined[-1] if joined else None
            if before is not None and (before.first, before.end) == (group.first, group.end):
                joined[-1] = _GroupHeader(join_lines(before.text, group.text), group.first, group.end, group.baseline)
            else:
                joined.append(group)
        return joined

    def _wrap_step(self, row: TextRow) -> float:
        """Return the distance below which two lines are in one cell.

        It is smaller than the pitch, if the pitch is known, but at least `_MAX_CLOSE_STEP`, and at most
        `_MAX_WRAP_STEP`.
        """
        em = row.line.size
        limit = _MAX_WRAP_STEP * em
        return max(_MAX_CLOSE_STEP * em, min(limit, MAX_INNER_STEP * self.pitch)) if self.pitch else limit

    def _find_covered(self, row: TextRow, pieces: Sequence[tuple[int, Sequence[Glyph]]]) -> dict[int, tuple[int, int]]:
        """Return the columns that the pieces of a row cover: column of the piece → first column, and end.

        Empty if the header has no column headers yet, or the table has more than `_MAX_GROUPED_COLUMNS`.

        Of all ways to assign the pieces to columns in their order, the cheapest is chosen: pieces are centred over
        their columns, and few columns are left free. Dynamic programming over the end of the columns assigned so far.
        """
        width = len(self.columns.extents)
        if not self._column_headers or width > _MAX_GROUPED_COLUMNS:
            return {}
        deepest = max(lower.middle for lower in self._column_headers.values())
        free = [0.0]
        for column in range(width):
            lower = self._column_headers.get(column)
            is_free = lower is not None and deepest - lower.middle < _MAX_OFF_LEVEL * row.line.size
            free.append(free[-1] + (_FREE_COST if is_free else _UPPER_COST if lower else 0.0))
        best: dict[int, tuple[float, dict[int, tuple[int, int]]]] = {0: (0.0, {})}
        for column, glyphs in pieces:
            runs = [*self._find_runs(row, glyphs), (self._single_cost(row, column, glyphs), column, column + 1)]
            after: dict[int, tuple[float, dict[int, tuple[int, int]]]] = {}
            for position, (cost, chosen) in best.items():
                for own, first, end in runs:
                    if first < position:
                        continue
                    total = cost + own + free[first] - free[position]
                    if end not in after or total < after[end][0]:
                        after[end] = total, {**chosen, column: (first, end)}
            best = after
        ways = [(cost + free[width] - free[end], end) for end, (cost, _) in best.items()]
        return best[min(ways)[1]][1] if ways else {}

    def _single_cost(self, row: TextRow, column: int, glyphs: Sequence[Glyph]) -> float:
        """Return the cost of a piece that is only over its own column."""
        below = self._column_headers.get(column)
        if below is None:
            return 0.0
        return _WRAPPED_COST if below.top - glyphs[0].baseline < self._wrap_step(row) else _SINGLE_COST

    def _find_runs(self, row: TextRow, glyphs: Sequence[Glyph]) -> list[tuple[float, int, int]]:
        """Return the runs of at least two columns, but not all, that a piece can cover as a group header.

        Each is a triple: the distance of the piece from the centre of the columns in em, the first column and the end.
        The columns of a run have headers at the same height. The piece is centred over these headers or over the text
        of the columns, or it starts above the left end of the first header and is too far above to be a line of it.
        The latter counts as distance 0. A run contains all columns of each group header so far, or none of them.
        """
        em = row.line.size
        left, right = glyphs[0].left, glyphs[-1].right
        runs: list[tuple[float, int, int]] = []
        width = len(self.columns.extents)
        for first in range(width):
            lower = self._column_headers.get(first)
            if lower is None or lower.top - glyphs[0].baseline < _MAX_LINE_STEP * em / 2:
                continue
            start, stop = self.columns.extents[first]
            low, middle = min(start, lower.left), lower.middle
            if low - em > left:
                break
            is_left = abs(left - lower.left) < _MAX_OFF_LEVEL * em and lower.top - glyphs[
                0
            ].baseline >= self._wrap_step(row)
            for end in range(first + 1, width):
                last = self._column_headers.get(end)
                if last is None or abs(last.middle - middle) >= _MAX_OFF_LEVEL * em:
                    break
                stop = max(self.columns.extents[end][1], last.right)
                off = min(abs(low + stop - left - right), abs(lower.left + last.right - left - right)) / 2 / em
                is_centred = off < _MAX_OFF_CENTRE and low - em <= left and right <= stop + em
                if (is_centred or is_left) and self._is_nested(first, end + 1) and end + 1 - first < width:
                    runs.append((0.0 if is_left else off, first, end + 1))
        return runs

    def _is_nested(self, first: int, end: int) -> bool:
        """Return whether a run of columns contains all columns of each group header, or none of them."""
        return all(
            group.end <= first or group.first >= end or (first <= group.first and group.end <= end)
            for group in self._group_headers
        )


def build_header(rows: Sequence[TextRow], columns: Columns, pitch: float) -> Header:
    """Return the header that consists of `rows`. `pitch`: the distance between the rows below it; 0 if unknown."""
    header = Header(columns, pitch)
    for n in range(len(rows) - 1, -1, -1):
        header.add(rows[n], is_lowest=n == len(rows) - 1)
    return header
