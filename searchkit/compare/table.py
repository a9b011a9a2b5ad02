"""The records of a comparison: values, cells and the table, and what is calculated from them, such as ratios."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from searchkit.compare.axes import AxisLabel
from searchkit.model import Measure, Note
from searchkit.query.facets import year_of_measure
from searchkit.query.understood import UnderstoodFilter
from searchkit.search.choosing import is_milestone
from searchkit.search.suggestions import Suggestion
from searchkit.tabular import Tabular, TextTable

STATES = (
    "value",
    "conflict",
    "several",
    "other_unit",
    "part_only",
    "cumulative_only",
    "target_only",
    "near",
    "silent",
    "missing",
)
"""States of a cell. A cell that could have several states has the first of them.

- `value`: one value.
- `conflict`: statements for one place, body and year that contradict each other, in one report or in several.
- `several`: values of several places or bodies.
- `other_unit`: a value in another unit.
- `part_only`: a value of some months of the year.
- `cumulative_only`: a total or a mean of several years.
- `target_only`: a plan.
- `near`: a value of a similar indicator, or one far from the values of the years around.
- `silent`: a report without such a measure.
- `missing`: no report.
"""
ORIGINS = ("own", "other_report", "before")
"""Origins of a value: the report that reports on the year, another report, or the value before a change."""
_REVERSED_BOUNDS = {"at_least": "at_most", "at_most": "at_least"}
"""Bound of a negated value."""


@dataclass(frozen=True, slots=True)
class CellValue:
    """One value in a cell, with the measures that state it."""

    value: int | float
    """The value in `unit`. A decrease has a negative value."""
    unit: str | None
    """Unit of `value`. Unless `has_other_unit`, it counts the same things in the same scale as the unit of the table:
    万起 in a table of 万件."""
    measures: tuple[Measure, ...]
    """The measures that state the value: exact ones, then inexact ones. The first is the one to quote."""
    has_other_unit: bool = False
    """Whether the report uses another unit than the table (户 instead of 件), so that the values are not comparable."""
    origin: str = "own"
    """One of `ORIGINS`."""

    @property
    def first(self) -> Measure:
        """The measure that is quoted."""
        return self.measures[0]

    @property
    def bound(self) -> str:
        """Bound of the signed value: that of the first measure, reversed if the value is negated.

        下降5%以上 is at most -5. The bound of a value that was passed (突破5000亿元) is at_least.
        """
        bound = "at_least" if is_milestone(self.first) else self.first.bound
        is_reversed = self.first.signed_value != self.first.base_value
        return _REVERSED_BOUNDS.get(bound, bound) if is_reversed else bound

    @property
    def of_year(self) -> int | None:
        """The year of the value, or the last of several."""
        return year_of_measure(self.first)

    @property
    def source(self) -> tuple[tuple[str, ...], str | None]:
        """Place and body of the report: (天津市, 滨海新区), 司法局."""
        return self.first.region, self.first.agency


@dataclass(frozen=True, slots=True)
class Cell:
    """The value of one row and one column, or the reason why there is none."""

    row: AxisLabel
    """Label of the row."""
    col: AxisLabel
    """Label of the column."""
    state: str
    """One of `STATES`."""
    values: tuple[CellValue, ...] = ()
    """The values, in the order of preference. `conflict` and `several` have at least two, `value` has one."""
    revised: tuple[CellValue, ...] = ()
    """Different values of the same year in later reports, the earliest report first."""
    others: tuple[CellValue, ...] = ()
    """Values of the same name and year in the same reports that are too different to be a contradiction. They are often
    of a smaller area, such as a city of the province."""
    target: CellValue | None = None
    """The value with the status that the comparison is against, such as the planned value."""

    @property
    def sources(self) -> dict[tuple[tuple[str, ...], str | None], str]:
        """The places and bodies of the values, each with a distinct name: 滨海新区 司法局.

        If two would have the same name, they have their paths: 天津市/滨海新区 司法局.
        """
        names = {
            value.source: " ".join(filter(None, (value.first.district, value.first.agency))) for value in self.values
        }
        counts = Counter(names.values())
        return {
            source: " ".join(filter(None, ("/".join(source[0]), source[1]))) if counts[name] > 1 else name
            for source, name in names.items()
        }

    def year_text(self, value: CellValue) -> str:
        """Return the year of a value: ` (2023)`; "" if the year is unknown, or is the label of the row or column."""
        return "" if value.of_year in {None, self.row, self.col} else f" ({value.of_year})"

    @property
    def value(self) -> CellValue | None:
        """The value that stands for the cell: the first one if its state is `value` or `conflict`, otherwise None."""
        return self.values[0] if self.state in {"value", "conflict"} else None

    @property
    def ratio(self) -> float | None:
        """The value divided by `target`. None unless the cell has one value and a target other than 0, in one unit."""
        if self.target is None or self.state != "value" or not self.target.value or self.target.has_other_unit:
            return None
        return round(self.values[0].value / self.target.value, 4)


@dataclass(frozen=True, slots=True)
class Comparison(Tabular):
    """A table of one indicator in one unit."""

    query: str
    """The query as given."""
    rows_by: str
    """Name of the facet of the rows, or `district:DEPTH`."""
    cols_by: str
    """Name of the facet of the columns, or `district:DEPTH`."""
    rows: tuple[AxisLabel, ...] = ()
    """Labels of the rows, in order."""
    cols: tuple[AxisLabel, ...] = ()
    """Labels of the columns, in order."""
    indicator: str | None = None
    """The indicator, in the words of the query if the query names it, otherwise in those of its most relevant measure.
    None if no measure was found."""
    unit: str | None = None
    """The most frequent base unit of the values, in their most frequent scale: 万元 (元 in 万). None without a unit."""
    kind: str | None = None
    """Kind of the unit, one of `MEASURE_KINDS`. None if no measure was found."""
    filled: Mapping[tuple[AxisLabel, AxisLabel], Cell] = field(default_factory=dict)
    """Cells with values or a `target`, by row and column. All other cells are absent."""
    reported: frozenset[tuple[AxisLabel | None, AxisLabel | None]] = frozenset()
    """Pairs of row and column that have a report. A report has no value of a facet of paragraphs, such as topic. If the
    rows or the columns are values of such a facet, None stands for all of them. A report without a value of a facet of
    reports is in no pair."""
    unplaced: int = 0
    """Number of measures of the indicator without a row or without a column, such as those of unknown year."""
    relaxed: bool = False
    """Whether the measures match only some words of the query, because no measure matches all parts of it."""
    understood_filters: tuple[UnderstoodFilter, ...] = ()
    """The places, years, bodies, sections and kinds of reports that were understood from words of the query."""
    notes: tuple[Note, ...] = ()
    """Messages, such as those about parts of the query and filters that were changed or ignored."""
    suggestions: tuple[Suggestion, ...] = ()
    """If nothing was found: similar look-ups that find something."""

    def cell(self, row: AxisLabel, col: AxisLabel) -> Cell:
        """Return the cell of a row and a column. If it is not in `filled`, it is `silent` or `missing`."""
        if (row, col) in self.filled:
            return self.filled[row, col]
        is_reported = not self.reported.isdisjoint({(row, col), (row, None), (None, col), (None, None)})
        return Cell(row, col, "silent" if is_reported else "missing")

    def limited(self, max_cells: int) -> Comparison:
        """Return the table with at most `max_cells` cells, and a note about what is left out.

        The rows with the most values stay, in their order. If a single row has too many cells, its last columns stay.
        """
        if len(self.rows) * len(self.cols) <= max_cells:
            return self
        cols = self.cols[-max_cells:]
        counts = Counter(row for row, col in self.filled if col in set(cols))
        row_count = max(1, max_cells // len(cols))
        kept = set(sorted(self.rows, key=lambda row: -counts[row])[:row_count])
        rows = tuple(row for row in self.rows if row in kept)
        some_rows = f"{len(rows)} of {len(self.rows)} rows" if len(rows) < len(self.rows) else ""
        some_cols = f"{len(cols)} of {len(self.cols)} columns" if len(cols) < len(self.cols) else ""
        shown = f"{some_rows} and {some_cols}" if some_rows and some_cols else some_rows or some_cols
        return replace(
            self,
            rows=rows,
            cols=cols,
            filled={(row, col): cell for (row, col), cell in self.filled.items() if row in kept and col in set(cols)},
            notes=(
                *self.notes,
                Note("too_many_cells", f"only {shown} are shown: at most {max_cells} cells"),
            ),
        )

    def _text_table(self) -> TextTable:
        """Return the table with a text for each cell: values, and the state of a cell that has no plain value."""
        rows = [(str(row), *(_cell_text(self.cell(row, col), self.unit) for col in self.cols)) for row in self.rows]
        caption = f"{self.indicator or self.query}{f' ({self.unit})' if self.unit else ''}"
        return TextTable(caption, (self.rows_by, *map(str, self.cols)), rows, self.notes)

    def _records(self) -> Iterator[dict[str, object]]:
        """Yield a record for each value, and for each cell without one: labels, state, value, unit, id and quote."""
        for cell in self.cells():
            labels = {self.rows_by: cell.row, self.cols_by: cell.col, "state": cell.state}
            for value in cell.values:
                first = value.first
                yield {**labels, "value": value.value, "unit": value.unit, "id": first.id, "quote": first.quote}
            if not cell.values:
                yield {**labels, "value": None, "unit": None, "id": None, "quote": None}

    def _columns(self) -> tuple[str, ...]:
        """Return the names of the fields of `_records`."""
        return (self.rows_by, self.cols_by, "state", "value", "unit", "id", "quote")

    def cells(self) -> Iterator[Cell]:
        """Yield all cells, row by row."""
        return (self.cell(row, col) for row in self.rows for col in self.cols)


def _cell_text(cell: Cell, unit: str | None) -> str:
    """Return the values of a cell, with their years unless these are the row or column, and its state if not plain."""
    units = [f" {value.unit}" if value.unit != unit and value.unit else "" for value in cell.values]
    texts = [f"{value.value}{name}{cell.year_text(value)}" for value, name in zip(cell.values, units, strict=True)]
    state = "" if cell.state == "value" else cell.state.replace("_", " ")
    return f"{' / '.join(texts)} ({state})" if texts and state else "".join(texts) or f"({state})"
