"""Tables of one indicator: rows by one facet, columns by another, and in each cell the measures that state a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from searchkit.compare.axes import AxisKey, AxisLabel, keys_of, label_keys
from searchkit.compare.filling import Wanted, fill_cells, label_cells
from searchkit.compare.table import Comparison
from searchkit.engines.sharing import share_matches
from searchkit.errors import UnknownFacet, UsageError
from searchkit.model import Document, Note, Paragraph
from searchkit.names import MEASURE_STATUSES, PARAGRAPH_FACETS
from searchkit.query.facets import Facet, Filter, selected_values, year_of_measure
from searchkit.query.filters import FilterValue
from searchkit.query.understood import UnderstoodFilter, remove_filters
from searchkit.search.choosing import IndicatorSpec, RankedMeasure, choose_indicator, note_candidates, read_named
from searchkit.search.measures import check_named, rank_query, suggest_measures
from searchkit.search.options import MeasureOptions, parse_statuses, read_options
from searchkit.search.snapshot import Snapshot

_NO_CELL = "they count other things, have another status, or are of other years"
"""Why none of the measures that match a query is in a cell, for a note."""
_UNUSED = {"sort", "one_per", "aggregate", "by"}
"""Options of a look-up that a comparison has no use for."""


@share_matches()
def compare_snapshot(
    snapshot: Snapshot,
    query: str,
    *,
    rows: str = "district",
    cols: str = "of_year",
    against: str | None = None,
    where: Mapping[str, FilterValue] | None = None,
    **arguments: object,
) -> Comparison:
    """Build a table, by two facets, of the indicator that answers the query best in most reports.

    `against`: a status, such as `target`, whose values are shown beside those of the cells. Other keyword arguments are
    those of `Index.measures`; `limit` and `offset` are ignored. `status` selects the values of the cells: actual by
    default; `any` prefers actual values to targets. Raises UsageError if `rows` and `cols` are the same facet, if
    `against` is no status or one that the cells have, if an option is one of `_UNUSED`, or if the query names nothing
    that is counted. Raises UnknownFacet if the index lacks one of the facets. Also raises the exceptions of
    `Index.measures`.
    """
    _check_axes(snapshot, rows, cols)
    wanted = _parse_wanted(arguments.pop("status", ()), against)
    unused = sorted(_UNUSED & arguments.keys())
    if unused:
        raise UsageError(f"a comparison has no option {unused[0]!r}; it orders its rows and columns itself")
    options, filters = read_options(MeasureOptions(), arguments)
    resolved = snapshot.resolve(filters, where)
    asked = _split_years(snapshot, query, options, resolved.filters)
    ranking = rank_query(snapshot, asked.query, options, asked.filters)
    words = check_named(ranking, asked.query)
    understood: tuple[UnderstoodFilter, ...] = (
        *asked.understood,
        *(item for item in ranking.query.understood if item.facet != "of_year"),
    )
    # Filters that were given up, because nothing matched under them, are not strict. They leave out no report.
    strict = [Filter(item.facet, tuple(map(str, item.values))) for item in understood if item.strict]
    candidates = read_named(ranking, snapshot.names)
    shown = _of_years(candidates, asked.of_years)
    spec = choose_indicator(shown or candidates, ranking.wanted, ranking.aspect)
    if spec is not None and ranking.wanted is not None:
        name = snapshot.names.parse(words)
        # The table is named in the words of the query if these are a name of the chosen indicator.
        spec = replace(spec, indicator=words) if (name.text, name.aspect) == (spec.name.text, spec.aspect) else spec
    table = build_table(
        query,
        spec,
        candidates,
        _filter_reports(snapshot, (*resolved.filters, *_join_filters(strict))),
        rows=rows,
        cols=cols,
        wanted=wanted,
        of_years=asked.of_years,
    )
    is_found = table.indicator is not None
    notes = [*resolved.notes, *(() if is_found else resolved.missing_years), *ranking.query.notes]
    notes += note_candidates(candidates, ranking)
    if ranking.total and not is_found:
        text = f"{ranking.total} measures match, but {_NO_CELL}; list them with: searchkit measures {query!r}"
        notes.append(Note("no_cell", text))
    return replace(
        table,
        relaxed=ranking.is_relaxed,
        understood_filters=understood,
        notes=tuple(notes),
        suggestions=() if ranking.total else suggest_measures(snapshot, query, options, resolved.filters),
    )


class _Asked(NamedTuple):
    """A query and filters without the years of measures.

    The measures of all years are read, because the values of the years around a year tell what to expect of it.
    """

    query: str
    filters: tuple[Filter, ...]
    of_years: tuple[Filter, ...]
    """Filters of the years to show. A year is shown if all of them admit it."""
    understood: tuple[UnderstoodFilter, ...]
    """The years that were understood from the words of the query."""


def _split_years(snapshot: Snapshot, query: str, options: MeasureOptions, filters: tuple[Filter, ...]) -> _Asked:
    """Separate the years of measures from a query and from filters."""
    parsed = snapshot.parse_query(query, options.literal, ("of_year",))
    years = tuple(item for item in parsed.understood if item.facet == "of_year" and item.strict)
    named = [Filter("of_year", tuple(str(value) for item in years for value in item.values))] if years else []
    of_years = [item for item in filters if item.name == "of_year"]
    rest = tuple(item for item in filters if item.name != "of_year")
    return _Asked(remove_filters(query, years) or query, rest, (*of_years, *named), years)


def _of_years(candidates: Sequence[RankedMeasure], of_years: tuple[Filter, ...]) -> list[RankedMeasure]:
    """Return the candidates, which are measures that answer the query, of the years to show.

    If there are any, they alone decide which indicator is shown.
    """
    years = _admitted_years(of_years)
    return [item for item in candidates if years is None or str(year_of_measure(item.measure)) in years]


def _admitted_years(of_years: tuple[Filter, ...]) -> frozenset[str] | None:
    """Return the years that all filters admit, or None if there are no filters."""
    years = [selected_values(Facet("of_year"), (item,)) for item in of_years]
    return frozenset.intersection(*years) if years else None


def _check_axes(snapshot: Snapshot, rows: str, cols: str) -> None:
    """Raise UsageError if rows and columns are the same facet or no texts; UnknownFacet if the index lacks a facet."""
    for axis in (rows, cols):
        if not isinstance(axis, str):
            raise UsageError(f"rows and cols must be names of facets, not {axis!r}")
    names = [Facet.parse(axis).name for axis in (rows, cols)]
    if names[0] == names[1]:
        raise UsageError(f"rows and columns are both by {names[0]}; choose two different facets", code="same_facets")
    for name in names:
        if name not in snapshot.facet_names:
            raise UnknownFacet(f"no facet {name!r} to compare by; there are: {', '.join(snapshot.facet_names)}")


def _parse_wanted(status: object, against: str | None) -> Wanted:
    """Return what the options `status` and `against` ask for.

    Raises UsageError if one of them is no status, or if `against` is a status that the cells have.
    """
    statuses = parse_statuses(status)
    if not statuses:
        statuses = ("actual", "target") if status else ("actual",)
    if against is not None and against not in MEASURE_STATUSES:
        raise UsageError(f"against must be one of {', '.join(MEASURE_STATUSES)}, not {against!r}")
    if against in statuses:
        raise UsageError(f"against: the values are already those of the status {against}")
    return Wanted(statuses, () if against is None else (against,))


def _join_filters(filters: Sequence[Filter]) -> list[Filter]:
    """Return one filter for each facet, which admits the values of all filters of the facet."""
    values: dict[str, tuple[str, ...]] = {}
    for item in filters:
        values[item.name] = (*values.get(item.name, ()), *item.values)
    return [Filter(name, items) for name, items in values.items()]


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


def build_table(  # noqa: PLR0913 - the table and its axes
    query: str,
    spec: IndicatorSpec | None,
    candidates: Sequence[RankedMeasure],
    documents: Iterable[Document],
    *,
    rows: str = "district",
    cols: str = "of_year",
    wanted: Wanted | None = None,
    of_years: tuple[Filter, ...] = (),
) -> Comparison:
    """Build a table of those candidates that `spec` admits, or a table without values if `spec` is None.

    `candidates` are best first, `documents` in corpus order. The table has the rows and columns of all documents. Rows
    and columns that only measures have, such as topics, follow by descending number of cells. `label_keys` sorts
    districts, sections and numbers in its own order. An axis by of_year has the years of `_select_years`. A cell
    without a measure is `silent` if one of the documents belongs in it, otherwise `missing`. With `of_years`, the cells
    have only measures of these years, and only documents that report on one of them make a cell `silent`. Cost: about
    25 passes over the candidates and one over the documents.
    """
    wanted = wanted or Wanted()
    years = _admitted_years(of_years)
    keys, reported = _collect_keys(documents, rows, cols, years, plans=wanted.statuses == ("target",))
    cells, unplaced = fill_cells(spec, candidates, rows, cols, wanted, years) if spec else ({}, 0)
    for axis, name in enumerate((rows, cols)):
        keys[name] += [key for key, _ in Counter(cell[axis] for cell in cells).most_common()]
        if name == "of_year":
            keys[name] = _select_years(keys[name], reported, axis, wanted, of_years)
    row_labels, col_labels = label_keys(rows, keys[rows]), label_keys(cols, keys[cols])
    unit, filled = label_cells(spec, cells, row_labels, col_labels) if spec else (None, {})
    is_found = bool(filled) and spec is not None
    return Comparison(
        query,
        rows,
        cols,
        tuple(row_labels.values()),
        tuple(col_labels.values()),
        spec.indicator if is_found and spec else None,
        unit,
        spec.kind if is_found and spec else None,
        filled,
        _label_pairs(reported, row_labels, col_labels),
        unplaced,
    )


def _label_pairs(
    pairs: Iterable[tuple[AxisKey | None, AxisKey | None]],
    rows: Mapping[AxisKey, AxisLabel],
    cols: Mapping[AxisKey, AxisLabel],
) -> frozenset[tuple[AxisLabel | None, AxisLabel | None]]:
    """Return the labels of pairs of keys. None stays None. Pairs with a key that has no label are left out."""
    return frozenset(
        (None if row is None else rows[row], None if col is None else cols[col])
        for row, col in pairs
        if (row is None or row in rows) and (col is None or col in cols)
    )


def _select_years(
    keys: Sequence[AxisKey],
    reported: Collection[tuple[AxisKey | None, AxisKey | None]],
    axis: int,
    wanted: Wanted,
    of_years: tuple[Filter, ...],
) -> list[AxisKey]:
    """Return the years of an axis by of_year.

    With `of_years`: the years that all these filters admit. Of these, the years that a filter names (2023) are all
    returned. Of a range (2010..2030), only the years from the first to the last one that has a report or a value
    (`keys`) are returned.

    Without `of_years`: the years that the documents report on (`reported`). But all years of `keys` are returned if (a)
    the documents report on no year, (b) other values than actual ones are wanted, or (c) values with another status are
    shown beside them.
    """
    selected = _admitted_years(of_years)
    if selected is not None:
        named = {int(value) for item in of_years for value in item.values if value in selected}
        known = [int(str(key)) for key in keys if str(key) in selected]
        between = range(min(known), max(known) + 1) if known else ()
        return [*(year for year in between if str(year) in selected), *sorted(named)]
    years = {pair[axis] for pair in reported}
    is_all = not years or wanted.against or wanted.statuses != ("actual",)
    return [key for key in keys if is_all or key in years]


def _collect_keys(
    documents: Iterable[Document], rows: str, cols: str, shown: frozenset[str] | None, *, plans: bool
) -> tuple[dict[str, list[AxisKey]], set[tuple[AxisKey | None, AxisKey | None]]]:
    """Return the keys of the documents for the facets `rows` and `cols`, and the pairs of keys that have a document.

    Documents do not have the facets of paragraphs, except of_year. Such a facet has no keys, and None in place of a key
    in the pairs. With `plans`, the of_year of a document is the year that it plans, not the one that it reports on.
    With `shown`, only documents with an of_year among these years are in the pairs.
    """
    keys: dict[str, list[AxisKey]] = {rows: [], cols: []}
    reported: set[tuple[AxisKey | None, AxisKey | None]] = set()
    without = {name for name in PARAGRAPH_FACETS if name != "of_year"}
    for document in documents:
        axes: dict[str, tuple[AxisKey | None, ...]] = {
            name: (None,) if name in without else keys_of(document, name) for name in (rows, cols)
        }
        of_years = tuple(int(str(year)) + plans for year in keys_of(document, "of_year"))
        if "of_year" in axes:
            axes["of_year"] = of_years
        if shown is None or any(str(year) in shown for year in of_years):
            reported.update(product(axes[rows], axes[cols]))
        for name, values in axes.items():
            keys[name] += [value for value in values if value is not None]
    return keys, reported
