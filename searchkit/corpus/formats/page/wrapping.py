"""Cells of several lines, and cells over several rows, in tables without rules between rows.

Input: the lines from the first row below the header. Output: where the table ends, which lines are one row, and which
labels cover several rows. The pitch is the usual distance between two rows (`textrows.find_pitch`). Lengths are in the
unit of the format (points, millimetres). An em is the type size of a line.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import pairwise

from searchkit.corpus.formats.page.columns import Columns, find_columns
from searchkit.corpus.formats.page.placed import Bar, Glyph
from searchkit.corpus.formats.page.textrows import TextRow, find_pitch, text_of
from searchkit.corpus.tables.cells import is_number, is_time, is_value

MAX_INNER_STEP = 0.85
"""Lines are in one row if they are closer than this share of the pitch."""
_MAX_WRAP_STEP = 1.9
"""Maximum distance between two lines of a cell, in em."""
_MAX_ROOM = 1.0
"""Text that leaves at most this room in its column, in em, may have been wrapped."""
_MAX_FIGURE_ROOM = 0.5
"""A figure that leaves less room than this in its column, in em, may have been wrapped. A digit is half an em wide."""
_MIN_LONG_FIGURE = 5
"""If the first line of a figure is a number by itself (12345 of 12345678), the line needs at least this number of
characters as evidence that the figure was wrapped (`_is_rest`)."""
_MIN_WRAPPED_WIDTH = 5.0
"""Minimum width, in em, of a column whose text was wrapped. In a narrower one, any text may fill the column."""
_MAX_OFF_MIDDLE = 0.65
"""Tolerance, in em, for the last row of a label that is centred on several rows. If the first row is at 10 and the
label at 25, the last row is at most this far below 40."""
_MIN_LABEL_OFFSET = 0.25
"""A first label that covers several rows is at least this far below the first of them, in em. A closer label belongs to
this row alone."""


def find_end(rows: Sequence[TextRow], first: int, end: int, columns: Columns, bars: Sequence[Bar]) -> int:
    """Return the end of a table, including the lines below its rows with figures.

    A line whose words fit the columns is included if it continues cells of the line above it, or if it is as short as a
    cell (`TextRow.is_short`) and either close to the line above it or above the lowest bar (a horizontal rule).

    `first`: the index of the first row below the header. `end`: the end of the rows with figures.
    """
    bottom = max((bar.height for bar in bars), default=0.0)
    pitch = find_pitch(rows[first:end])
    while end < len(rows):
        row, above = rows[end], rows[end - 1]
        step = row.baseline - above.baseline
        is_inside = row.baseline < bottom or step < MAX_INNER_STEP * pitch
        if not ((is_inside and row.is_short) or _is_rest(row, above, columns)) or not columns.fits(row):
            break
        end += 1
    return end


def mark_parts(rows: Sequence[TextRow]) -> list[TextRow]:
    """Return the rows. A line with only parts of the cells of another row is no longer a row with figures (`is_data`).

    Such lines occur where a column is too narrow for its figures. There are two kinds. The first has no label and
    consists of figures; it is close to another row with figures, and has words only in columns that the other row
    leaves empty. The second continues cells that fill their columns (`_is_rest`).
    """
    labelled = [row for row in rows if row.is_data and row.line.left < _find_label_end(rows)]
    columns = find_columns(labelled) if len(labelled) > 1 else None
    if columns is None:
        return list(rows)
    limit = MAX_INNER_STEP * min(after.baseline - before.baseline for before, after in pairwise(labelled))
    mains = {id(row) for row in labelled}
    marked = list(rows)
    for n, row in enumerate(rows):
        if row.is_data and (
            (n and _is_rest(row, rows[n - 1], columns))
            or (
                id(row) not in mains and row.is_figures and _is_beside(row, rows[max(0, n - 1) : n + 2], columns, limit)
            )
        ):
            marked[n] = replace(row, is_data=False)
    return marked


def _find_label_end(rows: Sequence[TextRow]) -> float:
    """Return the right end of the labels. A label is the first word of a row with figures that starts at the left."""
    data = [row for row in rows if row.is_data]
    left = min(row.line.left for row in data)
    return max(row.words[0][-1].right for row in data if row.line.left < left + row.line.size)


def _is_beside(row: TextRow, around: Sequence[TextRow], columns: Columns, limit: float) -> bool:
    """Return whether a line has words only in columns that a row with figures next to it leaves free.

    `around`: the line and those directly above and below it. `limit`: the distance below which the row is close enough.
    """
    cells = columns.split(row).keys()
    return any(
        other.is_data and abs(row.baseline - other.baseline) < limit and cells.isdisjoint(columns.split(other))
        for other in around
        if other is not row
    )


def group_wrapped(rows: Sequence[TextRow], columns: Columns) -> list[list[TextRow]]:
    """Group the lines of each row of a table.

    A line without figures belongs to

    (a) the row with figures below it, if the line is closer to that row than rows are to each other;
    (b) otherwise the row above it, if the line is as close to that row, or continues cells that fill their columns;
    (c) otherwise a row of its own.
    """
    pitch = find_pitch(rows)
    groups: list[list[TextRow]] = []
    pending: list[TextRow] = []
    for row in rows:
        if not row.is_data:
            pending.append(row)
            continue
        before, after = _split_pending(groups[-1][-1] if groups else None, pending, row, pitch)
        if groups:
            _add_rest(groups, before, pitch, columns)
        else:
            groups += ([item] for item in before)
        groups.append([*after, row])
        pending = []
    if groups:
        _add_rest(groups, pending, pitch, columns)
    else:
        groups = [[row] for row in pending]
    return groups


def _split_pending(
    above: TextRow | None, pending: Sequence[TextRow], below: TextRow, pitch: float
) -> tuple[list[TextRow], list[TextRow]]:
    """Split the lines between two rows into those of the row above and those of the row below.

    The lines nearest to the row below belong to it if the distances between them are clearly smaller than the pitch.
    """
    items = [*([above] if above else []), *pending, below]
    steps = [after.baseline - before.baseline for before, after in pairwise(items)]
    limit = MAX_INNER_STEP * (pitch or max(steps, default=0.0))
    count = 0
    while count < len(pending) and steps[len(steps) - 1 - count] < limit:
        count += 1
    return list(pending[: len(pending) - count]), list(pending[len(pending) - count :])


def _add_rest(groups: list[list[TextRow]], lines: Sequence[TextRow], pitch: float, columns: Columns) -> None:
    """Add each line below a row to this row if it is close or continues cells of the row, else as a row of its own."""
    for row in lines:
        above = groups[-1][-1]
        step = row.baseline - above.baseline
        is_close = pitch and step < MAX_INNER_STEP * pitch
        if is_close or _is_rest(row, above, columns):
            groups[-1].append(row)
        else:
            groups.append([row])


def _is_rest(row: TextRow, above: TextRow, columns: Columns) -> bool:
    """Return whether the words of a row continue cells of the row above that fill their columns.

    The row must be short and close to the row above, and its words must fit the columns. At least one word must
    continue text, a part of a figure (12,), or a number of at least `_MIN_LONG_FIGURE` characters.
    """
    is_close = row.baseline - above.baseline < _MAX_WRAP_STEP * row.line.size
    if not is_close or not row.words or not row.is_short or not columns.fits(row):
        return False
    last = {columns.locate(word): word for word in above.words}
    has_evidence = False
    for word in row.words:
        column = columns.locate(word)
        before = last.get(column)
        if before is None:
            return False
        is_figure = any(char.isdigit() for char in text_of(before))
        is_figure = is_figure and text_of(word)[0] in "0123456789.,%％"
        continues = _continues_figure if is_figure else _continues_text
        if not continues(before, word, columns.extents[column]):
            return False
        has_evidence |= not is_figure or not is_number(text_of(before)) or len(before) >= _MIN_LONG_FIGURE
    return has_evidence


def _continues_text(before: Sequence[Glyph], after: Sequence[Glyph], extent: tuple[float, float]) -> bool:
    """Return whether text that fills its column goes on in the next line.

    A time that becomes complete only with the next line (2023年5, 月) goes on even if it does not fill its column.
    """
    em = after[0].size
    text = text_of(before)
    if not is_time(text) and is_time(text + text_of(after)):
        return True
    if is_value(text) or extent[1] - extent[0] < _MIN_WRAPPED_WIDTH * em:
        return False
    return extent[1] - before[-1].right <= _MAX_ROOM * em and after[0].left <= before[0].left + em


def _continues_figure(before: Sequence[Glyph], after: Sequence[Glyph], extent: tuple[float, float]) -> bool:
    """Return whether a figure that fills its column goes on in the next line, where it leaves room in the column."""
    width, em = extent[1] - extent[0], after[0].size
    is_full = width - (before[-1].right - before[0].left) < _MAX_FIGURE_ROOM * em
    is_shorter = width - (after[-1].right - after[0].left) > _MAX_FIGURE_ROOM * em
    return is_full and is_shorter and is_number(text_of(before) + text_of(after))


def span_labels(
    labels: Sequence[float], rows: Sequence[float], em: float, own: AbstractSet[float] = frozenset()
) -> list[int]:
    """Return for each label the number of consecutive rows on which it is centred.

    Together, these groups of rows must contain all rows; otherwise, the result is empty.

    `labels` and `rows` are baselines, ascending. A label whose baseline is in `own` must belong to one row only. The
    result is also empty if all labels are in `own`, or if the first label that is not in `own` is less than
    `_MIN_LABEL_OFFSET` below the first of its rows.
    """
    spans: list[int] = []
    start = 0
    is_first = True
    for height in labels:
        if start == len(rows):
            return []
        is_own = height in own
        if is_first and not is_own and height <= rows[start] + _MIN_LABEL_OFFSET * em:
            return []
        is_first &= is_own
        end = bisect_right(rows, 2 * height - rows[start] + _MAX_OFF_MIDDLE * em)
        if end <= start or abs(rows[start] + rows[end - 1] - 2 * height) > em or (is_own and end - start > 1):
            return []
        spans.append(end - start)
        start = end
    return spans if start == len(rows) and not is_first else []
