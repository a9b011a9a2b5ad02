"""The lines of a page in the order they are read in: tables row by row, columns one after the other."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

_LINES_OF_COLUMNS = 3
"""So many lines side by side are columns; fewer are a signature, or a line with a gap."""
_GUTTER = 1.0
"""Least width of the white between columns, in em."""
_COLUMN = 8
"""Least width of a column, in em."""
_FULL_SHARE = 0.5
_ALMOST_FULL = 0.85
"""At least half of the lines of a column of running text fill almost all its width; the entries of a list do not."""
_MAX_CELL_LENGTH = 500
"""Code points. A table with a longer cell arranges the page; its cells are not data."""
_MAX_RULES = 2_000
_MAX_ROWS = 500
"""Of two columns. No page has more lines."""
_MAX_COLUMNS = 10
_NEAR = 0.4
"""Lines of a table that are nearer than this, in em, are one."""


class Rule(NamedTuple):
    """A straight line along the edges of its page, such as tables have."""

    left: float
    top: float
    right: float
    bottom: float


class Frame(NamedTuple):
    """Where the lines of a column begin and end."""

    left: float
    right: float


_NOWHERE = Frame(0, 0)


class Band(NamedTuple):
    """A row of a ruled table."""

    top: float
    bottom: float
    edges: tuple[float, ...]
    """Where its cells begin and end, from left to right; two cells at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Text that stands side by side."""

    text: str
    left: float
    right: float
    base: float
    """Distance of the line that its characters stand on from the page's upper edge."""
    size: float
    """Of its type: the length of an em."""
    bold: bool
    page: int
    edge: float
    """Its right end without a stop, which may hang in the margin."""
    first_word: float
    """Width of what cannot be parted at its beginning."""
    column: int = 0
    """Which column of its page it belongs to, 0 = it is not set in columns."""
    frame: Frame = _NOWHERE
    """Of its column."""
    is_row: bool = False
    """It is a row of a table (of a ruled one with tabs between the cells), or looks like one."""


_PIECES_OF_TEXT = 2
_MEASURE = re.compile(r"[\d.,%％—-]+")
"""Behind a gap: the last cell of a table without lines, or the page number in a table of contents."""

Joiner = Callable[[str, str], str]


def bands(rules: Sequence[Rule], em: float) -> list[Band]:
    """Give the rows of the ruled tables of a page, from top to bottom: between two rules that three others cross."""
    if len(rules) > _MAX_RULES:  # a drawing
        return []
    level = [rule for rule in rules if rule.right - rule.left > rule.bottom - rule.top]
    upright = [rule for rule in rules if rule.right - rule.left <= rule.bottom - rule.top]
    heights = _distinct([rule.top for rule in level], _NEAR * em)
    found = []
    few = 3
    for top, bottom in pairwise(heights):
        middle = (top + bottom) / 2
        edges = _distinct([rule.left for rule in upright if rule.top <= middle <= rule.bottom], _NEAR * em)
        if len(edges) >= few:
            found.append(Band(top, bottom, tuple(edges)))
    return found


def edges_at(base: float, tables: Sequence[Band]) -> tuple[float, ...]:
    """Give where the cells of the table row at a height begin and end; nothing where there is no table."""
    at = bisect_left(tables, base, key=lambda band: band.top) - 1
    return tables[at].edges if at >= 0 and base < tables[at].bottom else ()


def in_reading_order(rows: Sequence[Sequence[Line]], tables: Sequence[Band], join: Joiner) -> list[Line]:
    """Order the lines of a page.

    `rows` holds the pieces that stand at one height, from left to right and from top to bottom; no piece reaches
    over the edge of a cell. `join` puts two lines of one cell or height together.
    """
    ordered: list[Line] = []
    free: list[Sequence[Line]] = []
    waiting = deque(rows)
    for band in (*tables, None):
        inside = []
        while waiting and (band is None or waiting[0][0].base < band.bottom):
            row = waiting.popleft()
            cells = [line for line in row if band is not None and _is_inside(line, band)]
            inside += cells
            if outside := [line for line in row if line not in cells]:
                free.append(outside)
        if inside or band is None:
            ordered += _columns(free, len(ordered) + 1)
            free = []
        if band is not None and inside:
            ordered += _table_row(inside, band, join, len(ordered) + 1)
    return ordered


def _distinct(places: Sequence[float], near: float) -> list[float]:
    kept: list[float] = []
    for place in sorted(places):
        if not kept or place - kept[-1] > near:
            kept.append(place)
    return kept


def _is_inside(line: Line, band: Band) -> bool:
    middle = (line.left + line.right) / 2
    return band.top < line.base < band.bottom and band.edges[0] < middle < band.edges[-1]


def _table_row(lines: Sequence[Line], band: Band, join: Joiner, number: int) -> list[Line]:
    cells = [
        [line for line in lines if left < (line.left + line.right) / 2 <= right] for left, right in pairwise(band.edges)
    ]
    texts = [_text(cell, join) for cell in cells]
    if max(map(len, texts)) > _MAX_CELL_LENGTH:
        return [replace(line, column=number + n) for n, cell in enumerate(cells) for line in cell]
    bold = all(line.bold for line in lines)
    text = "\t".join(text for text in texts if text)
    return [replace(lines[0], text=text, bold=bold, column=number, is_row=True)]


def _text(lines: Sequence[Line], join: Joiner) -> str:
    text = ""
    for line in lines:
        text = join(text, line.text) if text else line.text
    return text


def _columns(rows: Sequence[Sequence[Line]], number: int) -> Iterator[Line]:
    """Give the lines of rows without tables; `number` is free for the first column."""
    at = 0
    while at < len(rows):
        end, gutter = _region(rows, at)
        if gutter is None:
            yield _one_line(rows[at])
            at += 1
            continue
        for side in (0, 1):
            for row in rows[at:end]:
                if lines := [line for line in row if (line.left > gutter) == bool(side)]:
                    yield replace(_one_line(lines), column=number + at * 2 + side)
        at = end


def _one_line(pieces: Sequence[Line]) -> Line:
    if len(pieces) == 1:
        return pieces[0]
    first, last = pieces[0], pieces[-1]
    text = _text(pieces, lambda before, behind: f"{before} {behind}")
    bold = all(piece.bold for piece in pieces)
    is_row = len(pieces) > _PIECES_OF_TEXT or _MEASURE.fullmatch(last.text) is not None
    return replace(first, text=text, right=last.right, edge=last.edge, bold=bold, is_row=is_row)


def _region(rows: Sequence[Sequence[Line]], start: int) -> tuple[int, float | None]:
    """Give the end of the two columns that begin at a row, and where the white between them is; None = no columns."""
    first = rows[start]
    best: tuple[int, float | None] = (start, None)
    for before, behind in pairwise(first[:_MAX_COLUMNS]):
        left, right, end = before.right, behind.left, start
        for row in rows[start : start + _MAX_ROWS]:
            on_left = [line.right for line in row if line.left < (left + right) / 2]
            on_right = [line.left for line in row if line.left >= (left + right) / 2]
            new_left, new_right = max([left, *on_left]), min([right, *on_right])
            if new_right - new_left < _GUTTER * first[0].size:
                break
            left, right, end = new_left, new_right, end + 1
        gutter = (left + right) / 2
        if end > best[0] and _is_running(rows[start:end], gutter):
            best = end, gutter
    return best


def _is_running(rows: Sequence[Sequence[Line]], gutter: float) -> bool:
    """Tell whether the text on both sides of a gutter is running text in lines of one width."""
    sides = [[line for row in rows for line in row if (line.left > gutter) == side] for side in (False, True)]
    both = sum(row[0].left < gutter < row[-1].left for row in rows)
    return both >= _LINES_OF_COLUMNS and all(map(_fills, sides))


def _fills(lines: Sequence[Line]) -> bool:
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    width = right - left
    full = sum(line.right - line.left >= _ALMOST_FULL * width for line in lines)
    return width >= _COLUMN * lines[0].size and full >= _FULL_SHARE * len(lines)
