"""Split a table that is several tables in one frame.

Each of these has a header of its own, most also a title over all columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from searchkit.corpus.blocks import RawTable
from searchkit.corpus.tables.cells import is_heading_text, is_note, is_number, is_time, parse_figure
from searchkit.corpus.tables.grid import MAX_COLUMNS
from searchkit.model import Cell

_MAX_TITLE_LENGTH = 60
"""Maximum length of a title, in code points."""


def split_at_headers(table: RawTable) -> list[RawTable]:
    """Split a table before its titles. A title becomes the caption of its part.

    A title is a text over all columns with a header below it: 第二十条第（五）项 above 信息内容 and 本年处理决定数量. A
    table whose only title is its first row is returned as it is. If the first of several titles is the first row, the
    caption of the table becomes a table of one cell. A table whose titles are names of groups below a common header is
    returned whole, with the number of its header rows. A table without titles is split before rows of words between
    rows of figures. Linear in the number of cells.
    """
    widths = [sum(min(cell.col_span, MAX_COLUMNS) for cell in row) for row in table.rows]
    width = max(widths, default=0)
    titles = [r for r in range(len(table.rows) - 2) if _is_title(table.rows[r], width) and _has_header(table, r, width)]
    if not titles:
        return _split_at_bare_headers(table)
    if titles == [0]:
        return [table]
    header = _end_of_common_header(table, titles)
    if header is not None:
        return [replace(table, header_rows=max(header, table.header_rows or 0))]
    bounds = [*([0] if titles[0] else []), *titles, len(table.rows)]
    parts = []
    for start, end in pairwise(bounds):
        if start == titles[0] == 0 or start > 0:
            caption = " ".join(table.rows[start][0].text.split())
            parts.append(RawTable(table.rows[start + 1 : end], caption=caption))
        else:
            parts.append(replace(table, rows=table.rows[start:end]))
    if titles[0] == 0 and table.caption:
        parts.insert(0, RawTable(((Cell(table.caption),),)))
    return parts


def _end_of_common_header(table: RawTable, titles: Sequence[int]) -> int | None:
    """Return the end of the header of a table of words whose titles are names of groups, or None if they are not.

    Such names are 一、健全工作机制 and the like in a list of tasks. Two conditions must hold:

    1. Nothing but a header is above the first name. The title of the whole table may be above this header.
    2. The second row below the first name contains no figures. If it contained figures, the row above it would be a
       header, and the name would be the title of a table.
    """
    start = int(titles[0] == 0)
    row = [cell for cell in table.rows[start] if cell.text.strip()]
    end = start + max((cell.row_span for cell in row), default=1)
    if end not in titles or len(row) < 2 or not all(is_heading_text(cell.text) for cell in row):  # noqa: PLR2004 - a label and a column
        return None
    return None if any(is_number(cell.text) for cell in table.rows[end + 2]) else end


def _split_at_bare_headers(table: RawTable) -> list[RawTable]:
    """Split a table before each row of words between rows of figures. Such a row names the columns below it."""
    starts = [r for r in range(2, len(table.rows) - 1) if _is_bare_header(table.rows[0], *table.rows[r - 1 : r + 2])]
    bounds = [0, *starts, len(table.rows)]
    return [replace(table, rows=table.rows[start:end]) for start, end in pairwise(bounds)] if starts else [table]


def _is_bare_header(header: Sequence[Cell], above: Sequence[Cell], row: Sequence[Cell], below: Sequence[Cell]) -> bool:
    """Return whether a row consists of different words, with figures above and below each cell but the first.

    In a row of two cells, the first must equal the first cell of `header`, the first row of the table. Otherwise, the
    row states a value in words: 第二产业, 持平. A row that repeats a word (持平, 持平) states values in words, too.
    """
    if not len(above) == len(row) == len(below) > 1 or any(cell.row_span > 1 for cell in (*above, *row, *below)):
        return False
    if not all(is_heading_text(cell.text) and not is_time(cell.text) for cell in reversed(row)):
        return False  # most rows contain figures at the right
    texts = [cell.text.strip() for cell in row]
    if len({*texts}) < len(row) or (len(row) == 2 and not (header and header[0].text.strip() == texts[0])):  # noqa: PLR2004 - a label and a value
        return False
    return all(parse_figure(a.text) and parse_figure(b.text) for a, b in zip(above[1:], below[1:], strict=True))


def _is_title(row: Sequence[Cell], width: int) -> bool:
    """Return whether a row is a title: its only text is in its first cell, is short, and is not a note."""
    if not row or not row[0].text.strip() or any(cell.text.strip() for cell in row[1:]):
        return False
    is_wide = row[0].col_span >= width > 1 or len(row) >= width
    return is_wide and row[0].row_span == 1 and len(row[0].text) <= _MAX_TITLE_LENGTH and not is_note(row[0].text)


def _has_header(table: RawTable, title: int, width: int) -> bool:
    """Return whether the row below a title is a header: words in all columns, or in the cells that the next row fills.

    A format without spans leaves the cells at the right of a short header empty.
    """
    row, below = table.rows[title + 1], table.rows[title + 2]
    texts = [cell.text.strip() for cell in row]
    filled = sum(map(bool, texts))
    if filled < 2 or any(cell.row_span > 1 for cell in row) or not all(map(is_heading_text, filter(None, texts))):  # noqa: PLR2004 - a label and a column
        return False
    if filled == len(row):
        return sum(min(cell.col_span, MAX_COLUMNS) for cell in row) >= width
    return all(texts[:filled]) and [bool(cell.text.strip()) for cell in below] == [bool(text) for text in texts]
