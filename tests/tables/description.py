"""Describes tables independently of file formats, with the measure that is expected of each cell.

A row is a string. Bars separate its cells. Braces at the end of a cell contain its properties:

    {r2} {c3}     it covers 2 rows, 3 columns
    {=120 户次}   its value and its unit; a plain number (1,234.5, -3, 98.5%) needs no such property
    {≥3 万元}     as above, with a bound: ≥ at least, ≤ at most, ≈ about
    {-}           it looks like a number, but is not a figure
    {^3} {^<3}    a raised mark after or before its text

A row that starts with `!` is a header within the table: it names the columns of the rows below it. A row that starts
with `#` is a title or a note within the table, without measures. A row whose text starts with one of these signs starts
with a blank: ` #工业`.

Any other row that is one cell over all columns names a group: its text precedes the row headers of the rows below it,
up to the next group or header. A row whose only header is a total belongs to no group.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_PROPERTY = re.compile(r"\{([^{}]*)\}")
_PLAIN_NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?")
_BOUNDS = {"=": "exact", "≥": "at_least", "≤": "at_most", "≈": "approx"}


@dataclass(frozen=True, slots=True)
class SampleCell:
    """A cell."""

    text: str
    rows: int = 1
    """Number of rows that it covers."""
    columns: int = 1
    """Number of columns that it covers."""
    expected: str = ""
    """The property that states its value (=120 户次), or `-` for a number that is not a figure. Empty for other
    cells."""
    raised: str = ""
    """Its raised mark. With `<` before it, the mark stands before the text, otherwise after it."""


@dataclass(frozen=True, slots=True)
class ExpectedCell:
    """The measure of a cell."""

    value: float
    unit: str | None
    row: tuple[str, ...]
    """Headers of the row, the outermost first."""
    column: tuple[str, ...]
    """Headers of the column, the outermost first."""
    total: bool
    """Whether the row or the column is a total."""
    bound: str = "exact"


@dataclass(frozen=True)
class Sample:
    """A table in a report, or what looks like one."""

    name: str
    header: Sequence[str]
    rows: Sequence[str]
    caption: str = ""
    note: str = ""
    """A line between caption and table: 单位：万元."""
    after: tuple[str, ...] = ()
    """Notes below the table."""
    labels: tuple[int, ...] = (0,)
    """Columns that name the rows."""
    no_figures: tuple[int, ...] = ()
    """Columns without figures: 序号, 电话, 单位."""
    units: Mapping[int | str, str] = field(default_factory=dict)
    """Unit of a column, of a row (by its innermost header), or of all cells (by an empty string). The unit of a row
    takes precedence over that of a column, unless the latter is %, and both over that of all cells. A unit in the cell
    takes precedence over all of them."""
    own_units: Mapping[int, str] = field(default_factory=dict)
    """Units of columns that take precedence over the units of rows in `units`. An empty string means that the column
    has no unit."""
    totals: tuple[int | str, ...] = ()
    """Columns that are totals, and headers of rows that are totals."""
    labels_of: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Maps a column to the columns that name its rows, if these are not `labels`: 街道 | 人数 | 街道 | 人数."""
    is_data: bool = True
    """Whether it is a data table. If it is not, no measures are expected."""
    pages: int = 1
    """Number of pages that the table covers. Writers that divide tables into pages repeat the header on each page."""
    formats: tuple[str, ...] = ()
    """Names in `writers.WRITERS` of the formats that can contain the table. Empty if all can."""
    beside: Sample | None = None
    """A table to the right of it on the same sheet."""

    @property
    def all_rows(self) -> list[list[SampleCell]]:
        """The cells of the header and the rows."""
        return [parse_row(row) for row in (*self.header, *self.rows)]

    @property
    def width(self) -> int:
        """Number of columns."""
        return max(map(len, expand(self.all_rows)))

    def expected(self) -> list[ExpectedCell]:
        """Return the measures of the table, if it is a data table, by row, then those of the table beside it."""
        found = list(self._expected()) if self.is_data else []
        return found + (self.beside.expected() if self.beside else [])

    def _expected(self) -> Iterator[ExpectedCell]:
        grid = expand(self.all_rows)
        header = grid[: len(self.header)]
        group: tuple[str, ...] = ()
        for source, row in zip(self.rows, grid[len(self.header) :], strict=True):
            if source.startswith("!"):
                header, group = [row], ()
                continue
            if source.startswith("#"):
                continue
            if len({id(cell) for cell in row}) == 1 and len(row) > 1:
                group = (row[0].text,)
                continue
            for column, cell in enumerate(row):
                if column in self.labels or column in self.no_figures or (column and row[column - 1] is cell):
                    continue
                if any(column in labels for labels in self.labels_of.values()):
                    continue
                names = _texts(row[n] for n in self.labels_of.get(column, self.labels))
                headers = _texts(line[column] for line in header)
                expected = self._expect(cell, column, names, headers)
                if expected is not None:
                    is_bare_total = len(names) == 1 and names[0] in self.totals
                    yield _with_group(expected, () if is_bare_total else group)

    def _expect(
        self, cell: SampleCell, column: int, row: tuple[str, ...], headers: tuple[str, ...]
    ) -> ExpectedCell | None:
        total = column in self.totals or any(name in self.totals for name in row)
        stated = [self.units.get(name) for name in (column, *row[-1:], "")]
        is_share = stated[0] == "%"
        own = "%" if is_share else self.own_units.get(column)
        unit = next((unit for unit in (own, *stated[1:-1], stated[0], stated[-1]) if unit is not None), None) or None
        if cell.expected and cell.expected != "-":
            number, _, own_unit = cell.expected[1:].partition(" ")
            return ExpectedCell(float(number), own_unit or unit, row, headers, total, _BOUNDS[cell.expected[0]])
        is_percent = cell.text.endswith("%")
        if cell.expected == "-" or not _PLAIN_NUMBER.fullmatch(cell.text.removesuffix("%")):
            return None
        value = float(cell.text.removesuffix("%").replace(",", ""))
        return ExpectedCell(value, "%" if is_percent else unit, row, headers, total)


def _with_group(expected: ExpectedCell, group: tuple[str, ...]) -> ExpectedCell:
    return ExpectedCell(
        expected.value, expected.unit, (*group, *expected.row), expected.column, expected.total, expected.bound
    )


def _texts(cells: Iterator[SampleCell]) -> tuple[str, ...]:
    distinct = {id(cell): cell.text for cell in cells}
    return tuple(text for text in distinct.values() if text)


def parse_row(row: str) -> list[SampleCell]:
    """Return the cells of a row, without the sign before it."""
    return [_parse_cell(cell) for cell in (row[1:] if row[:1] in {"!", "#"} else row).split("|")]


def _parse_cell(source: str) -> SampleCell:
    properties = _PROPERTY.findall(source)
    spans = {name[0]: int(name[1:]) for name in properties if re.fullmatch(r"[rc]\d+", name)}
    expected = next((name for name in properties if name == "-" or name[:1] in _BOUNDS), "")
    raised = next((name[1:] for name in properties if name.startswith("^")), "")
    return SampleCell(
        " ".join(_PROPERTY.sub("", source).split()), spans.get("r", 1), spans.get("c", 1), expected, raised
    )


def expand(rows: Sequence[Sequence[SampleCell]]) -> list[list[SampleCell]]:
    """Return the cell in each slot, that is in each pair of a row and a column.

    A cell that covers several slots is the same object in all of them.
    """
    grid: list[dict[int, SampleCell]] = [{} for _ in rows]
    for r, row in enumerate(rows):
        column = 0
        for cell in row:
            while column in grid[r]:
                column += 1
            for line in grid[r : r + cell.rows]:
                line.update(dict.fromkeys(range(column, column + cell.columns), cell))
    width = max(len(line) for line in grid)
    assert all(len(line) == width for line in grid), [[cell.text for cell in line.values()] for line in grid]
    return [[line[c] for c in range(width)] for line in grid]
