"""The table cells of the measures of one segment. Measures that are not in a table take no space.

Two columns are dictionary-encoded, because many cells have equal values in them: one with the number of the table and
the headers of the row (`CellRow`), one with the headers of the column and whether the cell is a total (`CellColumn`).
`part_of_n` is the number of the paragraph with the total that a cell is a part of. It is 0 if the total is in the
paragraph of the cell, or if there is no such total.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np

from searchkit.engines.columnar.arrays import Array, Arrays, narrowest
from searchkit.engines.columnar.columns import CellArrays, DictColumn, DictEncoder, compact_codes, encoded_column_arrays
from searchkit.model import TableCell


class CellBuilder:
    """Collects the cells of a segment."""

    def __init__(self) -> None:
        self._measure, self._row_of, self._column_of, self._part_of_n = (array("I") for _ in range(4))
        self._rows, self._columns = DictEncoder(), DictEncoder()

    def append(self, ordinal: int, cell: TableCell) -> None:
        """Add the cell of a measure. `ordinal`: the ordinal of the measure in the segment."""
        self._measure.append(ordinal)
        self._row_of.append(self._rows.encode((cell.table, cell.row)))
        self._column_of.append(self._columns.encode((cell.column, cell.total)))
        self._part_of_n.append(cell.part_of_n or 0)

    def columns(self) -> CellArrays:
        """Return everything collected so far."""
        measure, row_of, column_of, part_of_n = (
            np.array(column, np.int64) for column in (self._measure, self._row_of, self._column_of, self._part_of_n)
        )
        return CellArrays(measure, self._rows.values, row_of, self._columns.values, column_of, part_of_n)


def merge_cells(parts: Sequence[CellArrays], measure_counts: Sequence[int]) -> CellArrays:
    """Concatenate the cells of several segments. `measure_counts`: number of measures of each segment."""
    bases = np.cumsum([0, *measure_counts])
    rows, columns = DictEncoder(), DictEncoder()
    return CellArrays(
        np.concatenate([part.measure + base for part, base in zip(parts, bases, strict=False)]),
        rows.values,
        np.concatenate([rows.encode_all(part.rows)[part.row_of] for part in parts]),
        columns.values,
        np.concatenate([columns.encode_all(part.columns)[part.column_of] for part in parts]),
        np.concatenate([part.part_of_n for part in parts]),
    )


def cell_arrays(columns: CellArrays) -> dict[str, Array]:
    """Return the arrays of the cells, for `SegmentCells`."""
    return {
        "cell_measure": narrowest(columns.measure),
        "cell_part_of_n": narrowest(columns.part_of_n),
        **encoded_column_arrays("cell_row", columns.row_of, columns.rows),
        **encoded_column_arrays("cell_column", columns.column_of, columns.columns),
    }


class SegmentCells:
    """The cells of an open segment."""

    def __init__(self, arrays: Arrays) -> None:
        # Converted to 64 bits once: for a Python integer, `searchsorted` would convert a smaller type at every call.
        self._measure = arrays["cell_measure"].astype(np.int64)
        count = len(self._measure)
        self._part_of_n = arrays.column("cell_part_of_n", count)
        self._rows, self._columns = DictColumn(arrays, "cell_row", count), DictColumn(arrays, "cell_column", count)

    def find(self, ordinal: int) -> TableCell | None:
        """Return the cell of the measure with the given ordinal, or None. Takes 2 µs, or less if there are no cells."""
        index = int(self._measure.searchsorted(ordinal)) if len(self._measure) else 0
        if index == len(self._measure) or self._measure.item(index) != ordinal:
            return None
        (table, row), (column, is_total) = self._rows[index], self._columns[index]
        return TableCell(table, row, column, is_total, self._part_of_n.item(index) or None)

    def columns(self, is_kept: Array) -> CellArrays:
        """Return the cells of the measures that are True in `is_kept`, for writing them to another segment.

        The measures are renumbered: the ordinal of each is its position among the measures that are kept.
        """
        kept = np.flatnonzero(is_kept.take(self._measure))
        (rows, row_of), (columns, column_of) = (
            compact_codes(column.codes[kept]) for column in (self._rows, self._columns)
        )
        return CellArrays(
            (np.cumsum(is_kept) - 1).take(self._measure[kept]),
            self._rows.values(rows.tolist()),
            row_of,
            self._columns.values(columns.tolist()),
            column_of,
            self._part_of_n[kept].astype(np.int64),
        )
