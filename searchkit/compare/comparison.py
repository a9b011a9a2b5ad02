"""A table of one measure: rows by a facet, columns by another, each cell tied to the sentences that it comes from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from searchkit.compare.agreement import is_other_period, power_named, power_of, same_value, unit_family
from searchkit.compare.axes import OF_PARAGRAPHS, Key, Label, grouped, keys_of, labelled
from searchkit.compare.choosing import Candidate, Subject, choose
from searchkit.errors import UnknownFacet, UsageError
from searchkit.model import Document, Measure, Paragraph
from searchkit.query.facets import BUILT_IN, Filter
from searchkit.query.filters import Value
from searchkit.search.options import MeasureOptions, read_options
from searchkit.search.snapshot import Snapshot

STATUSES = ("value", "conflict", "silent", "missing")
"""One value; several that cannot all be true; a report without such a measure; no report."""

_AS_CLOSE = 0.97
"""A report's measures within this share of its closest one say the same indicator."""
_AT_ONCE = 1000
_MIN_RELEVANCE = 0.25
"""Measures that answer a quarter as well as the best have no indicator like it; they are not looked at."""
_BY_RELEVANCE = 0.1
"""The share of closeness that how well a measure answers the query decides, where its wording does not."""


@dataclass(frozen=True, slots=True)
class CellValue:
    """One value in a cell, with everything that states it."""

    value: int | float
    """In the unit of the table, or in `unit` where that is another one."""
    unit: str | None
    measures: tuple[Measure, ...]
    """Those that state it, the closest first."""
    is_other_unit: bool = False
    """It cannot be compared with its column: the report counts in another unit (户 where others count 件)."""

    @property
    def first(self) -> Measure:
        """The measure whose words are shown."""
        return self.measures[0]

    @property
    def is_other_period(self) -> bool:
        """It is of another time than the reporting year; its quote or `period` says which."""
        return all(map(is_other_period, self.measures))


@dataclass(frozen=True, slots=True)
class Cell:
    """What reports of one row and one column say."""

    row: Label
    col: Label
    status: str
    """One of `STATUSES`."""
    readings: tuple[CellValue, ...] = ()
    """The closest first; several of them are a conflict."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A table of one indicator in one unit."""

    query: str
    rows_by: str
    """Name of the facet."""
    cols_by: str
    rows: tuple[Label, ...] = ()
    cols: tuple[Label, ...] = ()
    indicator: str | None = None
    """What the table is of, in the words of the report that answers best; None when nothing was found."""
    unit: str | None = None
    """What the values are in, scaled alike for all: 万元."""
    kind: str | None = None
    filled: Mapping[tuple[Label, Label], tuple[CellValue, ...]] = field(default_factory=dict)
    """Readings by row and column."""
    reported: frozenset[tuple[Label | None, Label | None]] = frozenset()
    """Rows and columns of which there is a report; None stands for all."""
    unplaced: int = 0
    """How many measures of the indicator have no value for the rows or for the columns: reports of unknown year."""
    relaxed: bool = False
    """Nothing held all parts of the query, so these measures are of paragraphs that hold some of its words."""

    def cell(self, row: Label, col: Label) -> Cell:
        """The cell of a row and a column."""
        readings = self.filled.get((row, col), ())
        if readings:
            return Cell(row, col, "conflict" if len(readings) > 1 else "value", readings)
        is_reported = not self.reported.isdisjoint({(row, col), (row, None), (None, col), (None, None)})
        return Cell(row, col, "silent" if is_reported else "missing")

    def cells(self) -> Iterator[Cell]:
        """All cells, row by row."""
        return (self.cell(row, col) for row in self.rows for col in self.cols)


def compare(
    snapshot: Snapshot,
    query: str,
    *,
    rows: str = "district",
    cols: str = "year",
    where: Mapping[str, Value] | None = None,
    **arguments: object,
) -> Comparison:
    """Find the measure that answers the query in most reports, and lay its measures out by two facets.

    Keyword arguments are those of `Index.measures`: filters, `unit=`, `min=`, `max=`, `match=`.
    Raises UsageError (rows and columns by the same facet), UnknownFacet, and what `Index.measures` raises.
    """
    if rows == cols:
        raise UsageError(f"rows and columns are both by {rows}; choose two different facets")
    for name in (rows, cols):
        if name not in snapshot.facet_names:
            raise UnknownFacet(f"no facet {name!r} to compare by; there are: {', '.join(snapshot.facet_names)}")
    relaxed, candidates = _candidates(snapshot, query, where, arguments)
    made = tabulate(query, candidates, _reports(snapshot, where, arguments), rows=rows, cols=cols)
    return replace(made, relaxed=relaxed)


def _candidates(
    snapshot: Snapshot, query: str, where: Mapping[str, Value] | None, arguments: Mapping[str, object]
) -> tuple[bool, list[Candidate]]:
    """Whether the query was relaxed, and what answers it, best first, down to where nothing is alike any more."""
    options, filters = read_options(MeasureOptions(), arguments)
    ranking = snapshot.ranking(query, options, snapshot.filters(filters, where))
    candidates: list[Candidate] = []
    best, relevance, at_once = 0.0, 1.0, _AT_ONCE
    while True:
        found = ranking.page(len(candidates), at_once)
        best = best or max((score for _, score in found), default=0.0)
        for measure, score in found:  # what ranks lower answers no better, on whichever scale it was scored
            relevance = min(relevance, score / best) if best > 0 else 1.0
            candidates.append(Candidate(measure, relevance))
        if len(found) < at_once or relevance < _MIN_RELEVANCE:
            return ranking.is_relaxed, candidates
        at_once *= 2


def _reports(
    snapshot: Snapshot, where: Mapping[str, Value] | None, arguments: Mapping[str, object]
) -> Iterator[Document]:
    """The documents that the filters admit: those by facets that documents have, so that a report stays a report."""
    filters = {name: value for name, value in arguments.items() if name in BUILT_IN and name not in OF_PARAGRAPHS}
    chosen: tuple[Filter, ...] = snapshot.filters(filters, where)  # type: ignore[arg-type]
    return (document for document in snapshot.documents() if all(item.admits(_any_of(document)) for item in chosen))


def _any_of(document: Document) -> Paragraph:
    """What all paragraphs of a document have in common."""
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


def tabulate(
    query: str,
    candidates: Sequence[Candidate],
    documents: Iterable[Document],
    *,
    rows: str = "district",
    cols: str = "year",
) -> Comparison:
    """Lay candidates (best first) out as a table; `documents` in corpus order say of what there is a report.

    Every row and column of a document is there, with a measure or not. Cost: some 25 passes over the candidates, one
    over the documents.
    """
    keys: dict[str, list[Key]] = {rows: [], cols: []}
    reported: set[tuple[Key | None, Key | None]] = set()
    for document in documents:
        own = {name: (None,) if name in OF_PARAGRAPHS else keys_of(document, name) for name in (rows, cols)}
        reported.update((row, col) for row in own[rows] for col in own[cols])
        for name, values in own.items():
            keys[name] += [value for value in values if value is not None]
    subject = choose(candidates)
    places, unplaced = _places(subject, candidates, rows, cols) if subject else ({}, 0)
    for name, number in ((rows, 0), (cols, 1)):
        sizes = Counter({place[number]: len(items) for place, items in places.items()})
        keys[name] += [key for key, _ in sizes.most_common()]
    row_labels, col_labels = labelled(rows, keys[rows]), labelled(cols, keys[cols])
    table = Comparison(
        query,
        rows,
        cols,
        tuple(row_labels.values()),
        tuple(col_labels.values()),
        reported=frozenset((row_labels.get(row), col_labels.get(col)) for row, col in reported),  # type: ignore[arg-type]
        unplaced=unplaced,
    )
    if subject is None or not places:
        return table
    chosen = {(row_labels[row], col_labels[col]): items for (row, col), items in places.items()}
    return _filled(replace(table, indicator=subject.indicator, kind=subject.kind), subject, chosen)


_Close = tuple[float, Measure]
"""A measure with its closeness to the subject."""


def _places(
    subject: Subject, candidates: Sequence[Candidate], rows: str, cols: str
) -> tuple[dict[tuple[Key, Key], list[_Close]], int]:
    """What can stand in each cell, by row and column, and how many measures have no row or no column."""
    places: dict[tuple[Key, Key], list[_Close]] = {}
    unplaced = 0
    alike = subject.likeness_to(item.measure for item in candidates)
    for item in candidates:
        measure = item.measure
        close = alike[measure.indicator]
        if subject.admits(measure, close) or subject.admits_in_other_unit(measure, close):
            worth = close * item.plainness * (1 - _BY_RELEVANCE + _BY_RELEVANCE * item.relevance)
            own = list(product(keys_of(measure, rows), keys_of(measure, cols)))
            unplaced += not own
            for place in own:
                places.setdefault(place, []).append((worth, measure))
    return places, unplaced


def _filled(table: Comparison, subject: Subject, places: Mapping[tuple[Label, Label], list[_Close]]) -> Comparison:
    """The table with its measures, in the unit that most of them are written in."""
    said = {place: _said(subject, items) for place, items in places.items()}
    main = [group[0] for groups in said.values() for group in groups if subject.has_unit_of(group[0])]
    powers, units = Counter(map(power_of, main)), Counter(item.base_unit for item in main if item.base_unit)
    power = powers.most_common(1)[0][0] if powers else 1
    unit = units.most_common(1)[0][0] if units else None
    filled = {place: tuple(_reading(subject, group, power, unit) for group in groups) for place, groups in said.items()}
    return replace(table, unit=_scaled(unit, power), filled=filled)


def _said(subject: Subject, items: Sequence[_Close]) -> list[list[Measure]]:
    """Of what can stand in a cell: each report's closest measures, those that agree together, the closest first."""
    main = [(close, measure) for close, measure in items if subject.has_unit_of(measure)]
    if not main:  # better a measure in the report's own unit, marked, than to call the report silent
        family = unit_family(max(items, key=_closeness)[1].base_unit)
        main = [item for item in items if unit_family(item[1].base_unit) == family]
    kept: list[_Close] = []
    for own in grouped(main, lambda item: item[1].document).values():
        closest = max(own, key=_closeness)[0]
        close = [item for item in own if item[0] >= closest * _AS_CLOSE]
        latest = max(_year_of(measure) for _, measure in close)  # 从2012年的1.19万亿元到1.53万亿元 is no conflict
        kept += [item for item in close if _year_of(item[1]) == latest]
    ordered = [measure for _, measure in sorted(kept, key=_closeness, reverse=True)]
    groups: list[list[Measure]] = []
    for measure in sorted(ordered, key=lambda item: item.bound != "exact"):
        group = next((group for group in groups if all(same_value(measure, other) for other in group)), None)
        if group is None:
            groups.append([measure])
        else:
            group.append(measure)
    return sorted(groups, key=lambda group: min(map(ordered.index, group)))


def _closeness(item: _Close) -> float:
    return item[0]


def _year_of(measure: Measure) -> int:
    """The last year that a measure is of, going by its period; 0 where that names none (近三年)."""
    if not is_other_period(measure):
        return measure.year or 0
    return max(map(int, re.findall(r"\d{4}", measure.period or "")), default=0)


def _reading(subject: Subject, group: Sequence[Measure], power: int, unit: str | None) -> CellValue:
    """A value with what states it: on the scale of the table, unless it is in another unit."""
    first = group[0]
    is_other = not subject.has_unit_of(first)
    power = power_of(first) if is_other else power
    value = round(first.base_value / power, 10)
    own = _scaled(first.base_unit or unit, power)
    return CellValue(int(value) if value == int(value) else value, own, tuple(group), is_other)


def _scaled(unit: str | None, power: int) -> str | None:
    return unit and power_named(power) + unit
