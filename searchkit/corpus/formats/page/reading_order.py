"""Orders the lines of a page for reading: tables row by row, columns one after another.

A piece is text on one line without a gap of more than an em (`lines`). A gutter is the white space between two columns.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from searchkit.corpus.formats.page.placed import PlacedLine
from searchkit.corpus.tables.cells import parse_figure

_MIN_COLUMN_LINES = 3
"""Minimum number of rows with text on both sides of a gutter, and of lines of a column. Fewer rows are a signature, or
a line with a gap."""
_MIN_GUTTER = 1.0
"""Minimum width of the white space between columns, in em."""
_MIN_COLUMN_WIDTH = 8
"""Minimum width of a column, in em."""
_MIN_FULL_SHARE, _FULL_LINE_SHARE = 0.5, 0.85
"""Minimum share of the lines of a column of running text that are full, and minimum share of the width of the column
that a full line fills. Entries of a list are not full."""
_MAX_COLUMN_ROWS = 500
"""Maximum number of rows of two columns. No page has more lines."""
_MAX_PIECES_TRIED = 10
"""Maximum number of pieces at the start of a row between which gutters are looked for."""
_MAX_TEXT_PIECES = 2
"""Maximum number of pieces of a line that is text. A line of more pieces is a row of an unruled table."""
_LAST_CELL = re.compile(r"[\d.,%％—-]+")
"""Matches the text after a gap if it is the last cell of an unruled table, or a page number in a table of contents."""


@dataclass(frozen=True, slots=True, eq=False)
class PlacedRow:
    """A row of a ruled grid."""

    top: float
    bottom: float
    left: float
    right: float
    lines: Sequence[PlacedLine]
    """One line, or the lines of its cells, cell by cell. At least one."""


def order_lines(rows: Sequence[Sequence[PlacedLine]], ruled_rows: Sequence[PlacedRow]) -> list[PlacedLine]:
    """Return the lines of a page in reading order.

    `rows`: the pieces outside of ruled grids, by row from top to bottom, and in each row from left to right.
    """
    merged = [list(row) for row in rows]
    contents: dict[int, Sequence[PlacedLine]] = {}
    """Maps the identity (`id`) of the line that represents a ruled row to the lines of this row."""
    if ruled_rows:
        baselines = [row[0].baseline for row in rows]
        for ruled_row in ruled_rows:
            first = ruled_row.lines[0]
            anchor = replace(first, left=ruled_row.left, right=ruled_row.right)
            contents[id(anchor)] = ruled_row.lines
            index = bisect_left(baselines, ruled_row.top)
            if index < len(baselines) and baselines[index] < ruled_row.bottom:  # text is beside the ruled row
                merged[index].append(anchor)
            else:
                merged.append([anchor])
        for row in merged:
            row.sort(key=lambda line: line.left)
        merged.sort(key=lambda row: row[0].baseline)
    ordered = _order_rows(merged)
    return [item for line in ordered for item in contents.get(id(line), (line,))] if contents else list(ordered)


def _order_rows(rows: Sequence[Sequence[PlacedLine]]) -> Iterator[PlacedLine]:
    """Yield the lines of the rows in reading order, with column numbers. Ruled rows already have negative numbers."""
    edges = _build_edges(rows)
    index = 0
    while index < len(rows):
        end, gutter = _find_columns(rows, edges, index)
        if gutter is None:
            yield from _join_pieces(rows[index])
            index += 1
            continue
        for side in (0, 1):
            for row in rows[index:end]:
                if lines := [line for line in row if (line.left > gutter) == bool(side)]:
                    for line in _join_pieces(lines):
                        yield line if line.column else replace(line, column=1 + index * 2 + side)
        index = end


def _join_pieces(pieces: Sequence[PlacedLine]) -> Iterator[PlacedLine]:
    """Yield the text of a row as one line, then each ruled row."""
    texts = [piece for piece in pieces if not piece.column]
    if len(texts) > 1:
        first, last = texts[0], texts[-1]
        yield replace(
            first,
            text=" ".join(piece.text for piece in texts),
            right=last.right,
            text_right=last.text_right,
            bold=all(piece.bold for piece in texts),
            is_row=len(texts) > _MAX_TEXT_PIECES or _LAST_CELL.fullmatch(last.text) is not None,
            glyphs=[glyph for piece in texts for glyph in piece.glyphs],
        )
    else:
        yield from texts
    if len(texts) < len(pieces):
        yield from (piece for piece in pieces if piece.column)


@dataclass(frozen=True, slots=True)
class _Edges:
    """Where the pieces of the rows of a page start and end, for fast tests of gutters."""

    lefts: Sequence[Sequence[float]]
    """The left edge of each piece of each row."""
    rights: Sequence[Sequence[float]]
    """For each piece, the largest right edge of this piece and of the pieces at its left."""
    full_before: Sequence[int]
    """For each row, the number of pieces in the rows above it that can be full lines of a column. The last number is
    that for all rows."""

    def can_be_columns(self, start: int, end: int) -> bool:
        """Return whether rows have so many full lines that they can be columns."""
        return self.full_before[end] - self.full_before[start] >= 2 * _MIN_FULL_SHARE * _MIN_COLUMN_LINES


def _build_edges(rows: Sequence[Sequence[PlacedLine]]) -> _Edges:
    """Return the edges of the pieces of rows.

    Only the first and the last piece of a row can be full lines: the other pieces share a column with one of them.
    """
    sizes = [line.size for row in rows for line in row]
    width = _FULL_LINE_SHARE * _MIN_COLUMN_WIDTH * min(sizes, default=0.0)
    full = [
        sum(line.right - line.left >= width and parse_figure(line.text) is None for line in {row[0], row[-1]})
        for row in rows
    ]
    return _Edges(
        [[line.left for line in row] for row in rows],
        [list(accumulate((line.right for line in row), max)) for row in rows],
        [0, *accumulate(full)],
    )


def _find_columns(rows: Sequence[Sequence[PlacedLine]], edges: _Edges, start: int) -> tuple[int, float | None]:
    """Return the first row after the two columns that start at a row, and the position of their gutter.

    If no columns start there, returns `start` and None.
    """
    best: tuple[int, float | None] = (start, None)
    last = min(len(rows), start + _MAX_COLUMN_ROWS)
    if not edges.can_be_columns(start, last):
        return best
    first_row = rows[start]
    min_width = _MIN_GUTTER * first_row[0].size
    for before, after in pairwise(first_row[:_MAX_PIECES_TRIED]):
        left, right, end = before.right, after.left, start
        while end < last:
            on_left = bisect_left(edges.lefts[end], (left + right) / 2)
            new_left = max(left, edges.rights[end][on_left - 1]) if on_left else left
            new_right = min(right, edges.lefts[end][on_left]) if on_left < len(edges.lefts[end]) else right
            if new_right - new_left < min_width:
                break
            left, right, end = new_left, new_right, end + 1
        gutter = (left + right) / 2
        if end > best[0] and edges.can_be_columns(start, end) and _is_running_text(rows[start:end], gutter):
            best = end, gutter
    return best


def _is_running_text(rows: Sequence[Sequence[PlacedLine]], gutter: float) -> bool:
    """Return whether enough rows have text on both sides of a gutter, and both sides are full lines of running text."""
    rows_with_both = sum(row[0].left < gutter < row[-1].left for row in rows)
    return rows_with_both >= _MIN_COLUMN_LINES and all(
        _has_full_lines([line for row in rows for line in _find_text(row, gutter, is_right=is_right)])
        for is_right in (False, True)
    )


def _find_text(row: Sequence[PlacedLine], gutter: float, *, is_right: bool) -> list[PlacedLine]:
    """Return the piece on one side of a gutter; none if there are several, or if it is a figure or a table row."""
    lines = [line for line in row if (line.left > gutter) == is_right]
    is_text = len(lines) == 1 and lines[0].table is None and parse_figure(lines[0].text) is None
    return lines if is_text else []


def _has_full_lines(lines: Sequence[PlacedLine]) -> bool:
    """Return whether lines are those of a column of running text: enough of them fill its width."""
    if len(lines) < _MIN_COLUMN_LINES:
        return False
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    width = right - left
    full = sum(line.right - line.left >= _FULL_LINE_SHARE * width for line in lines)
    return width >= _MIN_COLUMN_WIDTH * lines[0].size and full >= _MIN_FULL_SHARE * len(lines)
