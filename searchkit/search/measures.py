"""Looks up the measures that answer a query: parses the query, and returns ranked, sorted or aggregated measures.

`lookup` ranks measures. `aggregating` selects the measures that can be quoted (of one indicator, one for each place,
body and year), and sorts or aggregates them.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from searchkit.engines.contract import MeasureRequest
from searchkit.engines.sharing import share_matches
from searchkit.errors import UsageError
from searchkit.query.facets import Facet, Filter
from searchkit.query.filters import ResolvedFilters
from searchkit.query.questions import NumberQuestion, find_nationwide, read_question
from searchkit.query.tree import Query
from searchkit.query.understood import UnderstoodFilter, remove_filters
from searchkit.search.lookup import MeasureRanking, MeasureResults, build_hit, rank_measures
from searchkit.search.options import MeasureOptions, measure_request, parse_literal, parse_statuses
from searchkit.search.snapshot import Snapshot

if TYPE_CHECKING:
    from searchkit.search.suggestions import Search, Suggestion

_ZERO_WIDTH = "\u200b"
"""An invisible character, which queries may contain anywhere."""


@share_matches()
def search_measures(
    snapshot: Snapshot, query: str, options: MeasureOptions, resolved: ResolvedFilters
) -> MeasureResults:
    """Find the measures that answer a query, in the order of the option `sort` (best first by default).

    Raises UnknownFacet, UsageError, IndexStale, IndexDamaged.
    """
    started = time.perf_counter()
    ranking = rank_query(snapshot, query, options, resolved.filters)
    suggestions = () if ranking.total else suggest_measures(snapshot, query, options, resolved.filters)
    results = MeasureResults(
        query,
        str(ranking.tree),
        ranking.total,
        (),
        ranking.is_relaxed,
        (*resolved.notes, *(() if ranking.total else resolved.missing_years), *ranking.query.notes),
        understood_filters=ranking.query.understood,
        suggestions=suggestions,
    )
    with snapshot.use_engine():
        if options.sort.removeprefix("-") == "score" and not options.one_per and options.aggregate is None:
            results = replace(results, hits=tuple(ranking.hits(options.offset, options.limit, snapshot.analyzer)))
        else:
            results = _select(snapshot, ranking, options, results)
    return replace(results, took_ms=round((time.perf_counter() - started) * 1000, 3))


@share_matches()
def rank_query(snapshot: Snapshot, query: str, options: MeasureOptions, filters: tuple[Filter, ...]) -> MeasureRanking:
    """Rank all measures that answer a query. Options that sort, aggregate or page measures are ignored.

    If the query asks for 全国, and measures of the whole country match without relaxing (`MeasureRanking.is_relaxed`),
    only these are ranked. Otherwise all measures that match are ranked. If nothing matches under the filters that were
    understood from the query, the filters are loosened (`Query.loosened`).

    Raises UsageError, IndexStale, IndexDamaged.
    """
    question = read_question(query) if isinstance(query, str) else NumberQuestion(query, None)
    parsed = snapshot.parse_query(question.text, options.literal, ("of_year",))
    request = measure_request(options, filters)
    with snapshot.use_engine() as engine:
        nationwide = _parse_nationwide(snapshot, question.text, parsed, options, request)
        if nationwide is not None:
            ranking = rank_measures(engine, *nationwide, options.match, snapshot.names, question.unit)
            if ranking.total and not ranking.is_relaxed:
                return ranking
        ranking = rank_measures(engine, parsed, request, options.match, snapshot.names, question.unit)
        if ranking.total:
            return ranking
        loosened = (
            rank_measures(engine, form, request, options.match, snapshot.names, question.unit)
            for form in parsed.loosened_forms()
        )
        return next((other for other in loosened if other.total), ranking)


def check_named(ranking: MeasureRanking, query: str) -> str:
    """Return the words of a query that name a measure.

    Raises UsageError if there are none: the query has no words, or only those of places, years and other filters.
    """
    words = remove_filters(query, ranking.query.understood)
    if not (words and ranking.query.scoring):
        raise UsageError(f"{query!r} names no measure; write what is counted, such as 立案", code="no_measure_named")
    return words


def _parse_nationwide(
    snapshot: Snapshot, text: str, parsed: Query, options: MeasureOptions, request: MeasureRequest
) -> tuple[Query, MeasureRequest] | None:
    """Return a query without 全国, and its request for measures of the whole country.

    None if 全国 is not the place that the query asks for (`find_nationwide`), the query or a filter names another
    place, the option `literal` reads places as words, no report is about the whole country, or no other words are left.
    `parsed`: the query with 全国. Invisible characters take the place of 全国, so that all spans stay valid.
    """
    span = find_nationwide(text)
    facets = {*(item.facet for item in parsed.understood), *(item.name for item in request.filters)}
    places = snapshot.aliases.named("district", "全国") if span else ()
    if span is None or not places or "district" in {*facets, *parse_literal(options.literal)}:
        return None
    start, end = span
    rest = snapshot.parse_query(
        f"{text[:start]}{_ZERO_WIDTH * (end - start)}{text[end:]}", options.literal, ("of_year",)
    )
    if not rest.scoring:
        return None
    place = UnderstoodFilter("district", places, "全国", start, end)
    filters = (*request.filters, Filter("district", places))
    return replace(rest, understood=(place, *rest.understood)), replace(request, filters=filters)


def _select(
    snapshot: Snapshot, ranking: MeasureRanking, options: MeasureOptions, results: MeasureResults
) -> MeasureResults:
    """Return the results with the measures that can be quoted, or with their aggregates.

    Raises UnknownFacet, and UsageError if the query names no measure.
    """
    from searchkit.search.aggregating import select_measures, split_names  # noqa: PLC0415 - only for few look-ups

    check_named(ranking, results.query)
    for name in (*split_names(options.one_per), *([options.by] if options.by else [])):
        snapshot.check_facet(Facet.parse(name).name)
    statuses = parse_statuses(options.status) if options.status else ("actual",)
    selection = select_measures(ranking, snapshot.names, options, statuses)
    results = replace(
        results,
        total=len(selection.measures),
        indicator=selection.indicator,
        left_out=selection.left_out,
        aggregate=options.aggregate,
        groups=selection.groups,
        notes=(*results.notes, *selection.notes),
    )
    if options.aggregate is not None:
        return results
    end = None if options.limit is None else options.offset + options.limit
    page = selection.measures[options.offset : end]
    hits = (build_hit(item.measure, round(item.score, 6), snapshot.analyzer) for item in page)
    return replace(results, hits=tuple(hits))


def suggest_measures(
    snapshot: Snapshot, query: str, options: MeasureOptions, filters: tuple[Filter, ...]
) -> tuple[Suggestion, ...]:
    """Return suggestions for a look-up that found nothing.

    The first ones are the same look-up without a condition on measures, such as the unit (`suggest_conditions`). The
    suggestions of a search follow (`suggest_for`).
    """
    from searchkit.search.suggestions import (  # noqa: PLC0415 - only if nothing was found
        Search,
        suggest_conditions,
        suggest_for,
    )

    def count(other: Search) -> int:
        """Return the number of measures that another look-up finds."""
        return rank_query(snapshot, other.query, replace(options, match=other.match), other.filters).total

    failed = Search(query, filters, options.match)
    without = suggest_conditions(failed, options, lambda other: rank_query(snapshot, query, other, filters).total)
    return (*without, *suggest_for(snapshot, failed, count, 0))
