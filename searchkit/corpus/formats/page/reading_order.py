"""Orders the lines of a page for reading: tables row by row, columns one after another."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

_MIN_COLUMN_LINES = 3
"""Minimum number of rows with text on both sides of a gutter. Fewer rows are a signature, or a line with a gap."""
_MIN_GUTTER = 1.0
"""Minimum width of the white space between columns, in em."""
_MIN_COLUMN_WIDTH = 8
"""Minimum width of a column, in em."""
_MIN_FULL_SHARE = 0.5
_FULL_LINE_SHARE = 0.85
"""In a column of running text, at least half of the lines fill this share of its width. Entries of a list do not."""
_MAX_DATA_CELL_LENGTH = 500
"""In code points. A table with a longer cell is a layout table, which contains no data cells."""
_MAX_RULES = 2_000
"""Maximum number of rules on a page with tables. A page with more rules contains a drawing."""
_MAX_COLUMN_ROWS = 500
"""Maximum number of rows of two columns. No page has more lines."""
_MAX_PIECES_TRIED = 10
"""The gutter of two columns is searched between this number of pieces at the start of a row."""
_RULE_TOLERANCE = 0.4
"""In em. Rules of a table that are closer are the same rule."""


class Rule(NamedTuple):
    """A horizontal or vertical line on a page, such as those of tables."""

    left: float
    top: float
    right: float
    bottom: float


class ColumnBounds(NamedTuple):
    """Where the lines of a column start and end."""

    left: float
    right: float


_NO_BOUNDS = ColumnBounds(0, 0)


class RuledRow(NamedTuple):
    """A row of a ruled table."""

    top: float
    bottom: float
    edges: tuple[float, ...]
    """Left and right edges of the cells, from left to right; at least three values."""


@dataclass(frozen=True, slots=True, eq=False)
class PlacedLine:
    """Text pieces on one line."""

    text: str
    left: float
    right: float
    baseline: float
    """Distance of the baseline from the upper edge of the page."""
    size: float
    """Type size: the length of an em."""
    bold: bool
    page: int
    text_right: float
    """Right end of the text without a final punctuation mark, which may hang in the margin."""
    first_word_width: float
    """Width of the first word, which cannot be split."""
    column: int = 0
    """Number of the column on the page; 0 if the text is not set in columns."""
    bounds: ColumnBounds = _NO_BOUNDS
    """Bounds of the column."""
    is_row: bool = False
    """Whether the line is a table row, or looks like one. In rows of ruled tables, tabs separate the cells."""


_MAX_TEXT_PIECES = 2
"""Maximum number of pieces of a line that is text. A line of more pieces is a row of an unruled table."""
_LAST_CELL = re.compile(r"[\d.,%％—-]+")
"""Matches the text after a gap if it is the last cell of an unruled table, or a page number in a table of contents."""

Joiner = Callable[[str, str], str]


def find_ruled_rows(rules: Sequence[Rule], em: float) -> list[RuledRow]:
    """Return the rows of the ruled tables on a page, from top to bottom.

    A row is the space between two consecutive horizontal rules that at least three vertical rules cross.
    """
    if len(rules) > _MAX_RULES:  # a drawing
        return []
    horizontal = [rule for rule in rules if rule.right - rule.left > rule.bottom - rule.top]
    vertical = [rule for rule in rules if rule.right - rule.left <= rule.bottom - rule.top]
    heights = _merge_close([rule.top for rule in horizontal], _RULE_TOLERANCE * em)
    rows = []
    min_edges = 3
    for top, bottom in pairwise(heights):
        middle = (top + bottom) / 2
        edges = _merge_close(
            [rule.left for rule in vertical if rule.top <= middle <= rule.bottom], _RULE_TOLERANCE * em
        )
        if len(edges) >= min_edges:
            rows.append(RuledRow(top, bottom, tuple(edges)))
    return rows


def cell_edges_at(baseline: float, tables: Sequence[RuledRow]) -> tuple[float, ...]:
    """Return the cell edges of the table row at this height; empty if there is no table."""
    index = bisect_left(tables, baseline, key=lambda row: row.top) - 1
    return tables[index].edges if index >= 0 and baseline < tables[index].bottom else ()


def order_lines(rows: Sequence[Sequence[PlacedLine]], tables: Sequence[RuledRow], join: Joiner) -> list[PlacedLine]:
    """Return the lines of a page in reading order.

    `rows`: the pieces at each height, from left to right and from top to bottom. No piece crosses the edge of a cell.
    `join`: joins two pieces of a table cell.
    """
    ordered: list[PlacedLine] = []
    rows_outside: list[Sequence[PlacedLine]] = []
    remaining = deque(rows)
    for ruled_row in (*tables, None):
        inside = []
        while remaining and (ruled_row is None or remaining[0][0].baseline < ruled_row.bottom):
            row = remaining.popleft()
            cells = [line for line in row if ruled_row is not None and _is_inside(line, ruled_row)]
            inside += cells
            if outside := [line for line in row if line not in cells]:
                rows_outside.append(outside)
        if inside or ruled_row is None:
            ordered += _order_rows(rows_outside, len(ordered) + 1)
            rows_outside = []
        if ruled_row is not None and inside:
            ordered += _table_row(inside, ruled_row, join, len(ordered) + 1)
    return ordered


def _merge_close(positions: Sequence[float], tolerance: float) -> list[float]:
    """Return the positions, ascending, without those that are within `tolerance` of an earlier one."""
    distinct: list[float] = []
    for position in sorted(positions):
        if not distinct or position - distinct[-1] > tolerance:
            distinct.append(position)
    return distinct


def _is_inside(line: PlacedLine, ruled_row: RuledRow) -> bool:
    middle = (line.left + line.right) / 2
    return ruled_row.top < line.baseline < ruled_row.bottom and ruled_row.edges[0] < middle < ruled_row.edges[-1]


def _table_row(lines: Sequence[PlacedLine], ruled_row: RuledRow, join: Joiner, number: int) -> list[PlacedLine]:
    """Return a row of a ruled table as one line. The cells of a layout table become columns, numbered from `number`."""
    cells = [
        [line for line in lines if left < (line.left + line.right) / 2 <= right]
        for left, right in pairwise(ruled_row.edges)
    ]
    texts = [_join_texts(cell, join) for cell in cells]
    if max(map(len, texts)) > _MAX_DATA_CELL_LENGTH:
        return [replace(line, column=number + n) for n, cell in enumerate(cells) for line in cell]
    bold = all(line.bold for line in lines)
    text = "\t".join(text for text in texts if text)
    return [replace(lines[0], text=text, bold=bold, column=number, is_row=True)]


def _join_texts(lines: Sequence[PlacedLine], join: Joiner) -> str:
    text = ""
    for line in lines:
        text = join(text, line.text) if text else line.text
    return text


def _order_rows(rows: Sequence[Sequence[PlacedLine]], number: int) -> Iterator[PlacedLine]:
    """Yield the lines of rows outside tables, and the left column of a page before the right one.

    `number` is the first unused column number. The numbers of columns are distinct, but not consecutive.
    """
    index = 0
    while index < len(rows):
        end, gutter = _find_columns(rows, index)
        if gutter is None:
            yield _join_pieces(rows[index])
            index += 1
            continue
        for side in (0, 1):
            for row in rows[index:end]:
                if lines := [line for line in row if (line.left > gutter) == bool(side)]:
                    yield replace(_join_pieces(lines), column=number + index * 2 + side)
        index = end


def _join_pieces(pieces: Sequence[PlacedLine]) -> PlacedLine:
    if len(pieces) == 1:
        return pieces[0]
    first, last = pieces[0], pieces[-1]
    text = _join_texts(pieces, lambda before, after: f"{before} {after}")
    bold = all(piece.bold for piece in pieces)
    is_row = len(pieces) > _MAX_TEXT_PIECES or _LAST_CELL.fullmatch(last.text) is not None
    return replace(first, text=text, right=last.right, text_right=last.text_right, bold=bold, is_row=is_row)


def _find_columns(rows: Sequence[Sequence[PlacedLine]], start: int) -> tuple[int, float | None]:
    """Return the end of the two columns that start at a row, and the position of their gutter.

    If no columns start there, returns `start` and None.
    """
    first_row = rows[start]
    best: tuple[int, float | None] = (start, None)
    for before, after in pairwise(first_row[:_MAX_PIECES_TRIED]):
        left, right, end = before.right, after.left, start
        for row in rows[start : start + _MAX_COLUMN_ROWS]:
            on_left = [line.right for line in row if line.left < (left + right) / 2]
            on_right = [line.left for line in row if line.left >= (left + right) / 2]
            new_left, new_right = max([left, *on_left]), min([right, *on_right])
            if new_right - new_left < _MIN_GUTTER * first_row[0].size:
                break
            left, right, end = new_left, new_right, end + 1
        gutter = (left + right) / 2
        if end > best[0] and _is_running_text(rows[start:end], gutter):
            best = end, gutter
    return best


def _is_running_text(rows: Sequence[Sequence[PlacedLine]], gutter: float) -> bool:
    """Return whether both sides of a gutter contain running text in lines of equal width."""
    sides = [[line for row in rows for line in row if (line.left > gutter) == side] for side in (False, True)]
    rows_with_both = sum(row[0].left < gutter < row[-1].left for row in rows)
    return rows_with_both >= _MIN_COLUMN_LINES and all(map(_has_full_lines, sides))


def _has_full_lines(lines: Sequence[PlacedLine]) -> bool:
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    width = right - left
    full = sum(line.right - line.left >= _FULL_LINE_SHARE * width for line in lines)
    return width >= _MIN_COLUMN_WIDTH * lines[0].size and full >= _MIN_FULL_SHARE * len(lines)
