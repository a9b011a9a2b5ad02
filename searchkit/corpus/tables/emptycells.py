"""Merge cells in tables of formats that do not say which cells are merged.

Such a format stores a merged cell as a filled cell and empty cells beside or below it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from searchkit.corpus.numbering import parse_marker
from searchkit.corpus.tables.cells import is_heading_text, is_total, parse_figure
from searchkit.corpus.tables.grid import PlacedCell, distinct

_LETTER = re.compile(r"[A-Z]{1,2}(?:\s?[=＝]\s?[-A-Z+＋－−*×/÷()（）\d\s]+)?", re.ASCII)
"""The letter of a column, or the formula that it is calculated with: A=B+C."""


def count_gapped_rows(slots: Sequence[Sequence[PlacedCell]]) -> int:
    """Return the number of header rows if a table has several and the first one lacks a name of a column; otherwise 0.

    An empty first cell is no such gap. The header rows consist of words. The row below them must contain figures, and
    a header row must name the column of each figure. `slots` are the first rows of the table.
    """
    if all(placed.text for placed in slots[0][1:]):
        return 0
    count = 0
    while count < len(slots) and _names_columns(slots[count]):
        count += 1
    if not 1 < count < len(slots):
        return 0
    figures = [c for c, placed in enumerate(slots[count]) if parse_figure(placed.text)]
    return count if figures and all(any(row[c].text for row in slots[:count]) for c in figures) else 0


def _names_columns(row: Sequence[PlacedCell]) -> bool:
    """Return whether a row consists of words and is neither the label of a group nor a row of letters and formulas."""
    texts = [placed.text for placed in distinct(row) if placed.text]
    is_label = len(texts) == 1 and bool(row[0].text)
    is_formula = len(texts) > 1 and all(map(_LETTER.fullmatch, texts[1:]))
    return bool(texts) and not is_label and not is_formula and all(map(is_heading_text, texts))


def merge_empty_headers(header: list[list[PlacedCell]]) -> list[list[PlacedCell]]:
    """Merge empty header cells with filled neighbours.

    An empty cell is merged with a filled cell at its left if both have filled header cells below them, otherwise with
    the cell above it.
    """
    merged = [list(row) for row in header]
    for r in range(len(merged) - 2, -1, -1):
        row, below = merged[r], merged[r + 1]
        for c in range(1, len(row)):
            if not row[c].text and below[c].text and row[c - 1].text and below[c - 1].text:
                row[c] = row[c - 1]
    for r in range(1, len(merged)):
        for c, placed in enumerate(merged[r]):
            if not placed.text:
                merged[r][c] = merged[r - 1][c]
    return merged


def merge_empty_labels(body: list[list[PlacedCell]], columns: int) -> list[list[PlacedCell]]:
    """Merge an empty row header with the row header above it if a row header at its right is filled.

    The row header above must be filled, and must not be a total or a list number. `columns` is the number of header
    columns.
    """
    merged = [list(row) for row in body]
    for r in range(1, len(merged)):
        row = merged[r]
        for c in range(columns - 1):
            is_divided = any(placed.text for placed in row[c + 1 : columns])
            if not row[c].text and row[c].end_row - row[c].row == 1 and is_divided and merged[r - 1][c].text:
                if is_total(merged[r - 1][c].text) or merged[r - 1][c].text.isdecimal():
                    break  # a total and a list number name one row
                row[c] = merged[r - 1][c]
    return merged


def widen_groups(body: list[list[PlacedCell]]) -> list[list[PlacedCell]]:
    """Let a numbered label cover all columns if it is alone in its row, because it names the rows below it.

    Example: 一、行政许可 above 受理 and 办结. A label stays as it is (a) in the last row, or (b) if a label with a
    number of the same style is not alone in its row.
    """
    markers = [parse_marker(row[0].text) for row in body]
    alone = [not any(placed.text and placed is not row[0] for placed in row) for row in body]
    groups = {marker.style for marker, is_alone in zip(markers, alone, strict=True) if marker and is_alone}
    groups -= {marker.style for marker, is_alone in zip(markers, alone, strict=True) if marker and not is_alone}
    return [
        [row[0]] * len(row) if marker and is_alone and marker.style in groups and r + 1 < len(body) else row
        for r, (row, marker, is_alone) in enumerate(zip(body, markers, alone, strict=True))
    ]
