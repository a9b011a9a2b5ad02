"""Header rows above rows with figures whose columns only white space shows.

Goes in: the rows of words above the figures, the columns, and the bars around them. Comes out: which rows are the
header, and its cells. A piece that is centred over the pieces of several columns covers them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from searchkit.corpus.formats.page.columns import Columns
from searchkit.corpus.formats.page.lines import build_line, join_lines
from searchkit.corpus.formats.page.placed import Bar, Glyph
from searchkit.corpus.formats.page.textrows import (
    MAX_CELL_LENGTH,
    MAX_ROW_DISTANCE,
    TextRow,
    find_pitch,
    text_of,
)
from searchkit.corpus.formats.page.wrapping import MAX_INNER_STEP
from searchkit.corpus.tables.cells import is_value
from searchkit.model import Cell

_MAX_HEADER_LINES = 5
_MAX_OFF_CENTRE = 1.5
"""Em. A header is centred over its columns if it is off by less."""
_MAX_LINE_STEP = 1.3
"""Em. Lines of a header that are closer are lines of one row."""


# Which rows


def find_header(
    rows: Sequence[TextRow], bounds: tuple[int, int, int], columns: Columns, bars: Sequence[Bar]
) -> tuple[int, int]:
    """Return the first row of the header, and the first row below it. They are equal if there is no header.

    `bounds`: the first row that can be a header, the first and the last row, exclusive, with figures. `bars`: those of
    the table.
    """
    earliest, first, end = bounds
    first = _find_body_start(rows, earliest, first, end, columns)
    start = _find_header_start(rows, earliest, first, columns, bars)
    return start, _find_header_end(rows, start, first, columns, bars)


def _find_body_start(rows: Sequence[TextRow], earliest: int, first: int, end: int, columns: Columns) -> int:
    """Return the index of the first row below the header. `first`: of the first row with figures.

    Lines that are close to it, without words where the rows below have figures, are parts of its wrapped cells, and so
    are those of figures.
    """
    filled = [0] * len(columns.extents)
    for row in rows[first:end]:
        if row.is_data:
            for word in row.words:
                filled[columns.locate(word)] += 1 if is_value(text_of(word)) else -1
    words = {c for c, surplus in enumerate(filled) if surplus <= 0}
    limit = MAX_INNER_STEP * find_pitch(rows[first:end])
    while first > earliest:
        row = rows[first - 1]
        if rows[first].baseline - row.baseline >= limit or not row.is_short or not columns.fits(row):
            break
        if not row.is_figures and any(column not in words for column in columns.split(row)):
            break
        first -= 1
    return first


def _find_header_start(
    rows: Sequence[TextRow], earliest: int, first: int, columns: Columns, bars: Sequence[Bar]
) -> int:
    """Return the index of the first header row above the rows with figures. Two bars there enclose the header."""
    above = [bar.height for bar in bars if bar.height < rows[first].baseline]
    top = min(above) if len(above) > 1 else None
    start = n = first
    while n > max(earliest, first - _MAX_HEADER_LINES):
        n -= 1
        row, below = rows[n], rows[n + 1]
        is_close = below.baseline - row.baseline <= MAX_ROW_DISTANCE * row.line.size
        if (top is not None and row.baseline < top) or not is_close or not row.can_be_header:
            break
        if _is_aligned(row, columns) or _is_header_piece(row, columns, is_barred=top is not None):
            start = n
        elif not _is_between_header_rows(row, below, columns) and not _is_group(row, below, columns):
            break
    while start < first and not any(row.gaps or len(row.words) > 1 for row in rows[start:first]):
        start += 1
    return start


def _find_header_end(rows: Sequence[TextRow], start: int, first: int, columns: Columns, bars: Sequence[Bar]) -> int:
    """Return the index of the first row below the header: below the bar under it, or the first that names a group."""
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
    """Return whether a row has several pieces: with wide gaps between them, or each in a column, or one for each."""
    if row.gaps or (len(row.words) > 1 and len(columns.split(row)) == len(row.words)):
        return True
    is_at_start = row.line.left < columns.extents[0][1]
    return is_at_start and len(row.words) == len(columns.extents) > 2  # noqa: PLR2004 - a title can have two words


def _is_group(row: TextRow, below: TextRow, columns: Columns) -> bool:
    """Return whether a single piece in the first column names the rows below it."""
    step = below.baseline - row.baseline
    is_first = row.line.left < columns.extents[0][1] and row.line.right <= columns.extents[1][0]
    return is_first and len(row.line.text) <= MAX_CELL_LENGTH and step >= _MAX_LINE_STEP * row.line.size


def _is_between_header_rows(row: TextRow, below: TextRow, columns: Columns) -> bool:
    """Return whether a single piece is the header of a column that the rows above and below it leave free."""
    step = below.baseline - row.baseline
    is_close = step < _MAX_LINE_STEP * row.line.size
    return is_close and below.gaps > 0 and columns.split(below).keys().isdisjoint(columns.split(row))


def _is_header_piece(row: TextRow, columns: Columns, *, is_barred: bool) -> bool:
    """Return whether a single piece can be part of a header: to the right of the first column, and no caption.

    Between bars, it can also be in the first column.
    """
    line = row.line
    if len(columns.extents) <= 2 or not columns.fits(row):  # noqa: PLR2004 - two columns have nothing to cover
        return False
    centre = (columns.edges[0] + columns.edges[-1]) / 2
    off_centre = abs((line.left + line.right) / 2 - centre)
    is_right = line.left >= columns.edges[1] and off_centre > _MAX_OFF_CENTRE * line.size
    return is_right or (is_barred and line.right <= columns.edges[1])


# Cells

_Spot = tuple[int, float, float]
"""A piece of a header: its column, its left and its right end."""


def build_header(rows: Sequence[TextRow], columns: Columns) -> list[tuple[Cell, ...]]:
    """Return the cells of the header: no row, one, or two if a piece covers several columns.

    If there is one word for each column, they are its cells, even if they are wider than the columns.
    """
    if not rows:
        return []
    pieces = [columns.split(row) for row in rows]
    if len(rows) == 1 and len(rows[0].words) == len(columns.extents):
        pieces = [dict(enumerate(rows[0].words))]
    groups = _find_groups(pieces)
    lower = [""] * len(columns.extents)
    names: list[str] = []
    owners: list[int | None] = [None] * len(columns.extents)
    """Index of the piece that covers each column, or None."""
    for level, line in enumerate(pieces):
        for column, glyphs in line.items():
            text = build_line(glyphs, rows[level].line.page).text
            if covered := groups.get((level, column)):
                owners[slice(*covered)] = [len(names)] * (covered[1] - covered[0])
                names.append(text)
            else:
                lower[column] = join_lines(lower[column], text) if lower[column] else text
    return _build_two_rows(lower, names, owners) if names else [tuple(map(Cell, lower))]


def _build_two_rows(lower: Sequence[str], names: Sequence[str], owners: Sequence[int | None]) -> list[tuple[Cell, ...]]:
    """Return a header of two rows. A column that no name covers has one cell."""
    top: list[Cell] = []
    bottom: list[Cell] = []
    column = 0
    while column < len(lower):
        owner = owners[column]
        if owner is None:
            top.append(Cell(lower[column], 2, 1))
            column += 1
            continue
        end = column
        while end < len(lower) and owners[end] == owner:
            bottom.append(Cell(lower[end]))
            end += 1
        top.append(Cell(names[owner], 1, end - column))
        column = end
    return [tuple(top), tuple(bottom)]


def _find_groups(pieces: Sequence[Mapping[int, Sequence[Glyph]]]) -> dict[tuple[int, int], tuple[int, int]]:
    """Return the columns that header pieces cover, for those over several: first column and end.

    Pieces are keyed by the index of their line and the column of their middle.
    """
    groups: dict[tuple[int, int], tuple[int, int]] = {}
    for level, line in enumerate(pieces[:-1]):
        below = sorted(
            (column, glyphs[0].left, glyphs[-1].right)
            for other in pieces[level + 1 :]
            for column, glyphs in other.items()
        )
        if {column for column, _, _ in below} <= line.keys():
            continue
        taken = -1
        for column, glyphs in sorted(line.items()):
            near = [
                spot
                for spot in below
                if spot[0] > taken and all(_distance(spot, glyphs) <= _distance(spot, g) for g in line.values())
            ]
            covered = _cover(glyphs, near)
            if covered is not None and covered[1] - covered[0] > 1:
                groups[level, column] = covered
                taken = covered[1] - 1
    return groups


def _distance(spot: _Spot, glyphs: Sequence[Glyph]) -> float:
    """Return the horizontal distance between two pieces of a header; 0 if one is above the other."""
    return max(0.0, glyphs[0].left - spot[2], spot[1] - glyphs[-1].right)


def _cover(glyphs: Sequence[Glyph], below: Sequence[_Spot]) -> tuple[int, int] | None:
    """Return the consecutive columns over whose pieces a header piece is centred: the first and the end."""
    em = glyphs[0].size
    best: tuple[int, int, int] | None = None
    for a, first in enumerate(below):
        for last in below[a:]:
            if last[0] - first[0] > len(below):
                break
            off_centre = abs(first[1] + last[2] - glyphs[0].left - glyphs[-1].right) / 2
            candidate = (round(off_centre / em / _MAX_OFF_CENTRE), first[0] - last[0], first[0])
            if best is None or candidate < best:
                best = candidate
    return None if best is None or best[0] > 1 else (best[2], best[2] - best[1] + 1)
