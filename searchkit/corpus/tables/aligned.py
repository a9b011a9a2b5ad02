"""Decides whether rows of cells in plain text or on a page, where no markup shows tables, are data.

A false table is worse than none. Lists, tables of contents, labels with their contents, and prose are not data.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from searchkit.corpus.tables.cells import is_number

_MAX_SHORT_CELL, _MAX_CELL = 30, 120
"""Maximum lengths of a short cell and of any cell of data, in code points. At least four of five cells are short."""
_VALUE = re.compile(r"[-+－约]?[￥¥]?[0-9][0-9,，.．]*\s*(?:[%％‰]|[^\W\d]{1,4})?|[-—－–/…]+|")
"""A number with a short unit, or a placeholder (`-`, `…`), or nothing."""
_LIST_NUMBER = re.compile(
    r"[（(]?[0-9一二三四五六七八九十]{1,3}[)）.、．:：]|[①-⑳•·●■◆▪\-*]|第[0-9一二三四五六七八九十]+[章节条项]|附件"
)
_PAGE_NUMBER = re.compile(r"[-－—\s.…·]*([0-9]{1,4})[-－—\s]*")
_LABEL = re.compile(r"(?!其中)[^：:]{1,10}[：:](?![0-9])")
"""A label, with or without its content: 联系人：王芳."""
_SENTENCE_END = ("。", "；", "！", "？", ";")


def is_aligned_data(rows: Sequence[Sequence[str]], *, is_aligned: bool) -> bool:
    """Return whether rows with equal numbers of cells are data.

    `is_aligned` states that only the alignment of the cells shows the columns. Such rows, and rows of two columns, need
    a column of values after the first column. The first of several rows may be a header, so its cells need not be
    values.
    """
    width = len(rows[0])
    cells = [cell for row in rows for cell in row if cell]
    if width == 1 or not cells or not _are_short(cells) or any(cell.endswith(_SENTENCE_END) for cell in cells):
        return False
    full_rows = sum(sum(map(bool, row)) > 1 for row in rows)
    if 2 * full_rows < len(rows) or any(not row[0] and sum(map(bool, row)) == 1 for row in rows):
        return False  # most rows have one cell, or the first cells are indents of text
    labels = sum(any(_LABEL.match(cell) for cell in row) for row in rows)
    if 2 * labels >= len(rows) or _is_contents(rows) or _is_list(rows):
        return False
    needs_values = is_aligned or width == 2  # noqa: PLR2004 - see above
    return not needs_values or any(_has_values([row[n] for row in rows[1:] or rows]) for n in range(1, width))


def _are_short(cells: Sequence[str]) -> bool:
    """Return whether at least four of five cells are short, and none is too long."""
    short_cells = sum(len(cell) <= _MAX_SHORT_CELL for cell in cells)
    return 5 * short_cells >= 4 * len(cells) and max(map(len, cells)) <= _MAX_CELL


def _has_values(column: Sequence[str]) -> bool:
    """Return whether most cells of a column are values, and one contains a digit."""
    values = [cell for cell in column if _VALUE.fullmatch(cell) or is_number(cell)]
    return 2 * len(values) > len(column) and any(char.isdigit() for value in values for char in value)


def _is_contents(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether rows are a table of contents.

    They are if all end with page numbers in ascending order, and at least half begin with a list number.
    """
    pages = [match and int(match[1]) for match in (_PAGE_NUMBER.fullmatch(row[-1]) for row in rows)]
    numbers = [page for page in pages if page is not None]
    headings = sum(bool(_LIST_NUMBER.match(row[0])) for row in rows)
    return len(numbers) == len(rows) and numbers == sorted(numbers) and 2 * headings >= len(rows)


def _is_list(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether rows of two columns are items of a list: a number or a bullet, and a text."""
    if len(rows[0]) != 2:  # noqa: PLR2004 - an item has a number and a text
        return False
    is_numbered = all(_LIST_NUMBER.fullmatch(row[0]) or row[0].isdigit() for row in rows)
    return is_numbered and not _has_values([row[1] for row in rows])
