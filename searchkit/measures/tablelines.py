"""The rows and columns of a table with the measures in their cells, as calculations need them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from searchkit.corpus.tables.cells import part_prefix
from searchkit.corpus.tables.grid import PlacedCell, TableGrid
from searchkit.measures.tables import find_totals
from searchkit.measures.vocabulary import Vocabulary
from searchkit.model import Measure, Table


@dataclass(frozen=True, slots=True)
class TableLine:
    """A row or a column of a table."""

    name: str
    """Its headers as printed, separated by spaces."""
    total: int | None
    """Index of the line that is its total, or None."""
    is_among: bool
    """Whether one of its headers begins with 其中 or a similar mark. Such lines need not add up to their total."""
    slots: tuple[Measure | str, ...]
    """For each slot, which is the place where a row and a column cross: the measure of its cell, or the printed text if
    the cell has no measure or covers several slots."""


@dataclass(frozen=True, slots=True)
class TableBlock:
    """Columns of labels and the columns at their right. Most tables have one block."""

    rows: list[TableLine]
    columns: list[TableLine]


def read_blocks(table: Table, measures: Sequence[Measure]) -> Iterator[TableBlock]:
    """Yield the rows and columns of each block of a table, without the columns of labels.

    `measures` are those of the table. Linear in the number of cells.
    """
    layout = TableGrid(table.header, table.rows, table.header_columns)
    by_place = {(item.source.n, item.start, item.end): item for item in measures}
    body: list[tuple[Measure | str, ...]] = []
    for row, n in enumerate(table.paragraphs):
        by_cell = {id(each.cell): by_place.get((n, each.start, each.end)) for each in layout.row_text(row).cells}
        body.append(tuple((_is_single(cell) and by_cell.get(id(cell))) or cell.text for cell in layout.rows[row]))
    for n, block in enumerate(find_totals(table, _vocabulary())):
        slots = [row[block.columns.start : block.columns.stop] for row in body]
        row_headers = [layout.row_headers(row, n) for row in range(len(body))]
        column_headers = [layout.header_cells(column) for column in block.columns]
        rows = list(map(_build_line, row_headers, block.row_totals, slots))
        yield TableBlock(rows, list(map(_build_line, column_headers, block.column_totals, zip(*slots, strict=True))))


def _build_line(headers: Sequence[PlacedCell], total: int | None, slots: tuple[Measure | str, ...]) -> TableLine:
    """Return the line with these headers, the index of its total, and its slots."""
    is_among = any(part_prefix(header.text) for header in headers)
    return TableLine(" ".join(header.text for header in headers if header.text), total, is_among, slots)


def _is_single(cell: PlacedCell) -> bool:
    """Return whether a cell covers one slot only."""
    return cell.end_row - cell.row == 1 and cell.end_column - cell.column == 1


@lru_cache(maxsize=1)
def _vocabulary() -> Vocabulary:
    """Return the default vocabulary, loaded once."""
    return Vocabulary.load()
