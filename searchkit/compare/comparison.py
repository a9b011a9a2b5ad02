"""Tables of one indicator: rows by one facet, columns by another, and in each cell the measures that state values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Literal

from searchkit.compare.agreement import has_other_period, has_same_value, scale_name, unit_family, unit_scale
from searchkit.compare.axes import AxisKey, AxisLabel, group_by, keys_of, label_keys
from searchkit.compare.choosing import IndicatorSpec, RankedMeasure, choose_indicator
from searchkit.errors import UnknownFacet, UsageError
from searchkit.model import Document, Measure, Paragraph
from searchkit.query.facets import PARAGRAPH_FACETS, Filter
from searchkit.query.filters import FilterValue
from searchkit.query.naming import IndicatorNames
from searchkit.query.understood import UnderstoodFilter
from searchkit.search.lookup import MeasureRanking
from searchkit.search.options import MeasureOptions, read_options
from searchkit.search.snapshot import Snapshot
from searchkit.search.suggestions import Suggestion

STATUSES = ("value", "conflict", "silent", "missing")
"""Statuses of a cell: one value; several values that contradict each other; a report without such a measure; no
report."""

_MIN_RELATIVE_CLOSENESS = 0.97
"""Smallest closeness of a measure, relative to the closest measure of the same report in the cell. Less close measures
of the report are not in the cell."""
_FIRST_PAGE_SIZE = 1000
"""Number of ranked measures in the first page that is read. Each further page has twice as many."""
_MIN_RELEVANCE = 0.25
"""If the last measure of a page has at least this relevance, another page is read. Less relevant measures have no
similar indicator."""
_REVERSED_BOUNDS = {"at_least": "at_most", "at_most": "at_least"}
"""Bound of a negated value."""
_RELEVANCE_SHARE = 0.1
"""Share of the closeness that depends on the relevance to the query. See `_assign_cells`."""


@dataclass(frozen=True, slots=True)
class CellValue:
    """One value in a cell, with the measures that state it."""

    value: int | float
    """The value in `unit`. A decrease has a negative value."""
    unit: str | None
    """Unit of `value`. Unless `has_other_unit`, it counts the same things in the same scale as the unit of the table:
    万起 in a table of 万件."""
    measures: tuple[Measure, ...]
    """The measures that state the value: exact ones, then inexact ones, in both cases the closest first."""
    has_other_unit: bool = False
    """Whether the report uses another unit than the table (户 instead of 件), so that the values are not comparable."""

    @property
    def first(self) -> Measure:
        """The measure that is quoted."""
        return self.measures[0]

    @property
    def bound(self) -> str:
        """Bound of the value. It is that of the first measure, reversed for a decrease: 下降5%以上 is at most -5."""
        bound = self.first.bound
        return _REVERSED_BOUNDS.get(bound, bound) if self.first.change == "decrease" else bound

    @property
    def has_other_period(self) -> bool:
        """Whether every measure is of another period than the reporting year. `first.period` is the period."""
        return all(map(has_other_period, self.measures))


@dataclass(frozen=True, slots=True)
class Cell:
    """The values that the reports of one row and one column state."""

    row: AxisLabel
    """Label of the row."""
    col: AxisLabel
    """Label of the column."""
    status: str
    """One of `STATUSES`."""
    values: tuple[CellValue, ...] = ()
    """The values, the closest to the indicator first. Several values are a conflict."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A table of one indicator in one unit."""

    query: str
    """The query as given."""
    rows_by: str
    """Name of the facet of the rows."""
    cols_by: str
    """Name of the facet of the columns."""
    rows: tuple[AxisLabel, ...] = ()
    """Labels of the rows, in order."""
    cols: tuple[AxisLabel, ...] = ()
    """Labels of the columns, in order."""
    indicator: str | None = None
    """The indicator in the words of its most relevant measure, or None if no measure was found."""
    unit: str | None = None
    """The most frequent unit of the values with the most frequent scale: 万元."""
    kind: str | None = None
    """One of `MEASURE_KINDS`, or None if no measure was found."""
    cell_values: Mapping[tuple[AxisLabel, AxisLabel], tuple[CellValue, ...]] = field(default_factory=dict)
    """Values by row and column. Empty cells are absent."""
    reported: frozenset[tuple[AxisLabel | None, AxisLabel | None]] = frozenset()
    """Pairs of row and column that have a report. None means every row or every column, because a report has no value
    of a facet of paragraphs, such as topic. A report without a value for one of the facets has no pair."""
    unplaced: int = 0
    """Number of measures of the indicator without a row or without a column, such as those of unknown year."""
    relaxed: bool = False
    """Whether the measures match only some words of the query, because no measure matches all parts of it."""
    understood_filters: tuple[UnderstoodFilter, ...] = ()
    """The places, years, bodies, sections and kinds of reports that were understood from words of the query."""
    notes: tuple[str, ...] = ()
    """Messages about parts of the query and filters that were changed or ignored."""
    suggestions: tuple[Suggestion, ...] = ()
    """If nothing was found: similar look-ups that find something."""

    def cell(self, row: AxisLabel, col: AxisLabel) -> Cell:
        """Return the cell of a row and a column. Its status is `missing` for labels that are not in the table."""
        values = self.cell_values.get((row, col), ())
        if values:
            return Cell(row, col, "conflict" if len(values) > 1 else "value", values)
        is_reported = not self.reported.isdisjoint({(row, col), (row, None), (None, col), (None, None)})
        return Cell(row, col, "silent" if is_reported else "missing")

    def cells(self) -> Iterator[Cell]:
        """Yield all cells, row by row."""
        return (self.cell(row, col) for row in self.rows for col in self.cols)


def compare_snapshot(
    snapshot: Snapshot,
    query: str,
    *,
    rows: str = "district",
    cols: str = "year",
    where: Mapping[str, FilterValue] | None = None,
    **arguments: object,
) -> Comparison:
    """Build a table, by two facets, of the indicator that answers the query best in most reports.

    Keyword arguments are those of `Index.measures`; `limit` and `offset` are ignored. Raises UsageError if `rows` and
    `cols` are the same facet, UnknownFacet if the index lacks one of them, and the exceptions of `Index.measures`.
    """
    _check_axes(snapshot, rows, cols)
    options, filters = read_options(MeasureOptions(), arguments)
    resolved = snapshot.resolve(filters, where)
    ranking = snapshot.rank_measures(query, options, resolved.filters)
    understood = [Filter(item.facet, tuple(map(str, item.values))) for item in ranking.query.understood if item.strict]
    reports = _filter_reports(snapshot, (*resolved.filters, *_join_filters(understood)))
    candidates = _read_candidates(ranking, snapshot.names)
    spec = choose_indicator(candidates, ranking.wanted)
    table = build_table(query, spec, candidates, reports, rows=rows, cols=cols)
    return replace(
        table,
        relaxed=ranking.is_relaxed,
        understood_filters=ranking.query.understood,
        notes=(*resolved.notes, *(() if ranking.total else resolved.missing_years), *ranking.query.notes),
        suggestions=() if ranking.total else snapshot.suggest_measures(query, options, resolved.filters),
    )


def _check_axes(snapshot: Snapshot, rows: str, cols: str) -> None:
    """Raise UsageError if rows and columns are the same facet, or UnknownFacet if the index lacks one of them."""
    if rows == cols:
        raise UsageError(f"rows and columns are both by {rows}; choose two different facets")
    for name in (rows, cols):
        if name not in snapshot.facet_names:
            raise UnknownFacet(f"no facet {name!r} to compare by; there are: {', '.join(snapshot.facet_names)}")


def _join_filters(filters: Sequence[Filter]) -> list[Filter]:
    """Return one filter for each facet, which admits the values of all filters of the facet."""
    values: dict[str, tuple[str, ...]] = {}
    for item in filters:
        values[item.name] = (*values.get(item.name, ()), *item.values)
    return [Filter(name, items) for name, items in values.items()]


def _read_candidates(ranking: MeasureRanking, names: IndicatorNames) -> list[RankedMeasure]:
    """Return ranked measures, best first. Reads pages until the relevance falls below `_MIN_RELEVANCE`."""
    candidates: list[RankedMeasure] = []
    best, relevance, page_size = 0.0, 1.0, _FIRST_PAGE_SIZE
    while True:
        page = ranking.page(len(candidates), page_size)
        best = best or max((score for _, score in page), default=0.0)
        for measure, score in page:
            # Only the best 200 are rescored, so the next score can be higher. Scores can also be below 0.
            relevance = max(0.0, min(relevance, score / best)) if best > 0 else 1.0
            candidates.append(RankedMeasure(measure, names.name_of(measure), relevance))
        if len(page) < page_size or relevance < _MIN_RELEVANCE:
            return candidates
        page_size *= 2


def _filter_reports(snapshot: Snapshot, filters: Sequence[Filter]) -> Iterator[Document]:
    """Return the documents that pass the filters.

    Filters by facets of paragraphs, such as topic, are ignored, because they select paragraphs: the report exists even
    if none of its paragraphs passes them.
    """
    of_documents = [item for item in filters if item.name not in PARAGRAPH_FACETS]
    return (
        document
        for document in snapshot.documents()
        if all(item.admits(_to_paragraph(document)) for item in of_documents)
    )


def _to_paragraph(document: Document) -> Paragraph:
    """Return a paragraph that has the values of the document for all facets of documents."""
    name = document.document
    return Paragraph(
        name,
        name,
        1,
        "",
        year=document.year,
        agency=document.agency,
        region=document.region,
        doctype=document.doctype,
        facets=document.facets,
    )


def build_table(
    query: str,
    spec: IndicatorSpec | None,
    candidates: Sequence[RankedMeasure],
    documents: Iterable[Document],
    *,
    rows: str = "district",
    cols: str = "year",
) -> Comparison:
    """Build a table of those candidates that `spec` admits, or an empty table if it is None. They are best first.

    The table has the rows and columns of all `documents`, which are in corpus order, and of all measures. Rows and
    columns that only measures have, such as topics, follow by descending number of measures. `label_keys` sorts
    districts, sections and numbers in its own order. A cell without a measure is `silent` if one of the documents
    belongs in it. Cost: about 25 passes over the candidates and one over the documents.
    """
    keys, reported = _collect_keys(documents, rows, cols)
    cells, unplaced = _assign_cells(spec, candidates, rows, cols) if spec else ({}, 0)
    row_labels = label_keys(rows, [*keys[rows], *_keys_by_frequency(cells, 0)])
    col_labels = label_keys(cols, [*keys[cols], *_keys_by_frequency(cells, 1)])
    table = Comparison(
        query,
        rows,
        cols,
        tuple(row_labels.values()),
        tuple(col_labels.values()),
        reported=frozenset((row_labels.get(row), col_labels.get(col)) for row, col in reported),  # type: ignore[arg-type]
        unplaced=unplaced,
    )
    if spec is None or not cells:
        return table
    labelled = {(row_labels[row], col_labels[col]): items for (row, col), items in cells.items()}
    return _fill_cells(replace(table, indicator=spec.indicator, kind=spec.kind), spec, labelled)


def _collect_keys(
    documents: Iterable[Document], rows: str, cols: str
) -> tuple[dict[str, list[AxisKey]], set[tuple[AxisKey | None, AxisKey | None]]]:
    """Return the keys of the documents for the facets `rows` and `cols`, and the pairs of both that have a document.

    Documents do not have the facets of paragraphs. Such a facet has no keys, and None in place of a key in the pairs.
    """
    keys: dict[str, list[AxisKey]] = {rows: [], cols: []}
    reported: set[tuple[AxisKey | None, AxisKey | None]] = set()
    for document in documents:
        axes = {name: (None,) if name in PARAGRAPH_FACETS else keys_of(document, name) for name in (rows, cols)}
        reported.update(product(axes[rows], axes[cols]))
        for name, values in axes.items():
            keys[name] += [value for value in values if value is not None]
    return keys, reported


_ScoredMeasure = tuple[float, Measure]
"""A measure after its closeness to the indicator of the table (`_assign_cells`)."""


def _assign_cells(
    spec: IndicatorSpec, candidates: Sequence[RankedMeasure], rows: str, cols: str
) -> tuple[dict[tuple[AxisKey, AxisKey], list[_ScoredMeasure]], int]:
    """Return the measures of each cell, by row and column, and the number of measures without a row or a column.

    The closeness of a measure is the similarity of its name, times its weight, times a factor from 0.9 to 1 that
    grows with its relevance.
    """
    cells: dict[tuple[AxisKey, AxisKey], list[_ScoredMeasure]] = {}
    unplaced = 0
    similarities = spec.similarities({item.name for item in candidates})
    for item in candidates:
        measure, similarity = item.measure, similarities[item.name]
        if spec.admits(measure, similarity) or spec.admits_in_other_unit(item, similarity):
            closeness = similarity * item.weight * (1 - _RELEVANCE_SHARE + _RELEVANCE_SHARE * item.relevance)
            keys = list(product(keys_of(measure, rows), keys_of(measure, cols)))
            unplaced += not keys
            for key in keys:
                cells.setdefault(key, []).append((closeness, measure))
    return cells, unplaced


def _keys_by_frequency(
    cells: Mapping[tuple[AxisKey, AxisKey], Sequence[_ScoredMeasure]], axis: Literal[0, 1]
) -> list[AxisKey]:
    """Return the keys of the rows (`axis` 0) or columns (1) of cells, by descending number of measures."""
    counts: Counter[AxisKey] = Counter()
    for cell, measures in cells.items():
        counts[cell[axis]] += len(measures)
    return [key for key, _ in counts.most_common()]


def _fill_cells(
    table: Comparison, spec: IndicatorSpec, cells: Mapping[tuple[AxisLabel, AxisLabel], list[_ScoredMeasure]]
) -> Comparison:
    """Return the table with values in its cells, in the most frequent unit and scale."""
    grouped = {cell: _group_measures(spec, items) for cell, items in cells.items()}
    in_unit = [group[0] for groups in grouped.values() for group in groups if spec.has_unit_of(group[0])]
    scales, units = Counter(map(unit_scale, in_unit)), Counter(item.base_unit for item in in_unit if item.base_unit)
    scale = scales.most_common(1)[0][0] if scales else 1
    unit = units.most_common(1)[0][0] if units else None
    values = {
        cell: tuple(_build_value(spec, group, scale, unit) for group in groups) for cell, groups in grouped.items()
    }
    return replace(table, unit=_scaled_unit(unit, scale), cell_values=values)


def _group_measures(spec: IndicatorSpec, items: Sequence[_ScoredMeasure]) -> list[list[Measure]]:
    """Group the measures of a cell by value, the group with the closest measure first.

    Of each report, only the closest measures are used, and of the closest only those of the latest period. Measures in
    a group have the same value (`has_same_value`), the exact ones first.
    """
    in_unit = [(closeness, measure) for closeness, measure in items if spec.has_unit_of(measure)]
    if not in_unit:  # show measures in another unit, marked as such, rather than an empty cell
        family = unit_family(max(items, key=_closeness)[1].base_unit)
        in_unit = [item for item in items if unit_family(item[1].base_unit) == family]
    by_report = group_by(in_unit, lambda item: item[1].document)
    selected = [item for of_report in by_report.values() for item in _select_closest(of_report)]
    ordered = [measure for _, measure in sorted(selected, key=_closeness, reverse=True)]
    groups: list[list[Measure]] = []
    for measure in sorted(ordered, key=lambda item: item.bound != "exact"):
        group = next((group for group in groups if all(has_same_value(measure, other) for other in group)), None)
        if group is None:
            groups.append([measure])
        else:
            group.append(measure)
    return sorted(groups, key=lambda group: min(map(ordered.index, group)))


def _select_closest(of_report: Sequence[_ScoredMeasure]) -> list[_ScoredMeasure]:
    """Return the closest measures of a report, and of these only the ones of the latest period."""
    best = max(map(_closeness, of_report))
    closest = [item for item in of_report if item[0] >= best * _MIN_RELATIVE_CLOSENESS]
    # 从2012年的1.19万亿元到1.53万亿元 states two values, but only the second is of the reporting year.
    latest = max(_year_of(measure) for _, measure in closest)
    return [item for item in closest if _year_of(item[1]) == latest]


def _closeness(item: _ScoredMeasure) -> float:
    """Return the closeness of a measure, for use as a sort key."""
    return item[0]


def _year_of(measure: Measure) -> int:
    """Return the last year in the period of a measure, the reporting year by default.

    Returns 0 if the period contains no year (近三年), or the reporting year is unknown.
    """
    if not has_other_period(measure):
        return measure.year or 0
    return max(map(int, re.findall(r"\d{4}", measure.period or "")), default=0)


def _build_value(spec: IndicatorSpec, group: Sequence[Measure], scale: int, unit: str | None) -> CellValue:
    """Return the value of a group of measures, in the unit of the table if the unit of the first measure fits."""
    first = group[0]
    has_other_unit = not spec.has_unit_of(first)
    scale = unit_scale(first) if has_other_unit else scale
    value = round(first.signed_value / scale, 10)
    scaled_unit = _scaled_unit(first.base_unit or unit, scale)
    return CellValue(int(value) if value == int(value) else value, scaled_unit, tuple(group), has_other_unit)


def _scaled_unit(unit: str | None, scale: int) -> str | None:
    """Return a base unit with the name of a scale before it: 万元 for 元 and 10000. None if there is no unit."""
    return unit and scale_name(scale) + unit
