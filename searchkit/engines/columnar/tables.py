"""The tables of one segment: packing, storing and reading them. The rows of a table are docs of the segment.

A document that is too large for a segment is split and stored as several documents (`ColumnarWriter.add`). Its tables
are split in the same way: each part of a table has the rows whose docs belong to one of these documents. `join_parts`
joins the parts.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, pairwise
from typing import Any

import numpy as np

from searchkit.engines.columnar.arrays import (
    Array,
    Arrays,
    narrowest,
    offsets_from_lengths,
    pack_json,
    unpack_json,
)
from searchkit.engines.columnar.columns import TableArrays
from searchkit.model import Cell, Paragraph, Table


class TableBuilder:
    """Collects the tables of a segment."""

    def __init__(self) -> None:
        self._number, self._first_row, self._doc, self._row_count = (array("I") for _ in range(4))
        self._packed: list[Array] = []

    def extend(self, tables: Sequence[Table], paragraphs: Sequence[Paragraph], first_doc: int) -> None:
        """Add the rows of a document's tables that are among `paragraphs`, consecutive paragraphs of the document.

        `first_doc`: doc id of the first of the paragraphs.
        """
        start, end = paragraphs[0].n, paragraphs[-1].n + 1
        for table in tables:
            ns = range(max(start, table.paragraphs.start), min(end, table.paragraphs.stop))
            if not ns:
                continue
            first_row = ns.start - table.first_paragraph
            rows = table.rows[first_row : first_row + len(ns)]
            self._number.append(table.table)
            self._first_row.append(first_row)
            self._doc.append(first_doc + ns.start - start)
            self._row_count.append(len(rows))
            content = [table.caption, _pack_rows(table.header), _pack_rows(rows), table.header_columns]
            self._packed.append(pack_json(content))

    def columns(self) -> TableArrays:
        """Return everything collected so far."""
        number, first_row, doc, row_count = (
            np.array(column, np.int64) for column in (self._number, self._first_row, self._doc, self._row_count)
        )
        return TableArrays(number, first_row, doc, row_count, self._packed)


def merge_tables(parts: Sequence[TableArrays], doc_bases: Array) -> TableArrays:
    """Concatenate the tables of several segments. `doc_bases`: number of docs before each segment."""
    number, first_row, row_count = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("number", "first_row", "row_count")
    )
    doc = np.concatenate([part.doc + base for part, base in zip(parts, doc_bases, strict=False)])
    return TableArrays(number, first_row, doc, row_count, list(chain.from_iterable(part.packed for part in parts)))


def table_arrays(columns: TableArrays) -> dict[str, Array]:
    """Return the arrays of the tables, for `SegmentTables`."""
    return {
        "table_number": narrowest(columns.number),
        "table_first_row": narrowest(columns.first_row),
        "table_doc": narrowest(columns.doc),
        "table_row_count": narrowest(columns.row_count),
        "tables": np.concatenate([np.empty(0, np.uint8), *columns.packed]),
        "table_offsets": narrowest(offsets_from_lengths(list(map(len, columns.packed)))),
    }


class SegmentTables:
    """The parts of tables of an open segment, numbered from 0."""

    def __init__(self, arrays: Arrays, size: int) -> None:
        self._data = arrays.checked("tables")
        count = len(arrays.checked("table_doc"))
        self._offsets = arrays.offsets("table_offsets", count, len(self._data))
        bounds = {"doc": size, "row_count": size + 1}
        self.doc, self.row_count, self.first_row, self._number = (
            arrays.column(f"table_{name}", count, bounds.get(name)).astype(np.int64)
            for name in ("doc", "row_count", "first_row", "number")
        )
        """Doc id of the first row, number of rows, and index of the first row in the table, of each part."""

    def load(self, index: int, first: Paragraph) -> Table:
        """Return a part of a table as a table. `first`: the paragraph of its first row.

        Damaged data may raise any exception.
        """
        start, end = self._offsets[index : index + 2].tolist()
        caption, header, rows, header_columns = unpack_json(self._data.read(start, end))
        if len(rows) != self.row_count[index]:
            raise ValueError("the rows of a table are not its paragraphs")
        number = self._number.item(index)
        return Table(first.document, number, caption, _unpack_rows(header), _unpack_rows(rows), header_columns, first.n)

    def columns(self, is_kept: Array) -> TableArrays:
        """Return the tables whose first doc is True in `is_kept`, for writing them to another segment.

        All docs of a document, and so all rows of a table, are True or False together.
        """
        kept = np.flatnonzero(is_kept.take(self.doc))
        offsets = self._offsets.tolist()
        packed = [self._data.read(start, end) for start, end in pairwise(offsets)]
        return TableArrays(
            self._number[kept],
            self.first_row[kept],
            (np.cumsum(is_kept) - 1).take(self.doc[kept]),
            self.row_count[kept],
            [packed[index] for index in kept.tolist()],
        )


def join_parts(parts: Sequence[Table]) -> Table:
    """Return the table that consists of the parts. `parts`: all parts of the table, in order."""
    return parts[0] if len(parts) == 1 else replace(parts[0], rows=tuple(chain.from_iterable(p.rows for p in parts)))


def find_table_problem(columns: TableArrays, document_of: Array) -> str | None:
    """Return a message about the first inconsistency in the tables of a segment, or None.

    `document_of`: document number of each doc.
    """
    last = columns.doc + columns.row_count - 1
    if (columns.row_count < 1).any() or (last >= len(document_of)).any():
        return "the rows of a table lie outside the segment"
    if (document_of[columns.doc] != document_of[last]).any() or (columns.doc[1:] <= last[:-1]).any():
        return "the rows of a table are not those of its document"
    row_counts = [len(unpack_json(packed)[2]) for packed in columns.packed]
    return None if row_counts == columns.row_count.tolist() else "the rows of a table are not its paragraphs"


def _pack_rows(rows: Sequence[Sequence[Cell]]) -> list[list[object]]:
    """Return rows for JSON. A cell that covers one row and one column is only its text."""
    return [
        [
            cell.text if cell.row_span == cell.col_span == 1 else [cell.text, cell.row_span, cell.col_span]
            for cell in row
        ]
        for row in rows
    ]


def _unpack_rows(rows: Sequence[Sequence[Any]]) -> tuple[tuple[Cell, ...], ...]:
    """Return the rows that `_pack_rows` packed."""
    return tuple(tuple(Cell(cell) if isinstance(cell, str) else Cell(*cell) for cell in row) for row in rows)
