"""Runs queries on one committed state of an index.

A search parses the query, has the engine find the paragraphs, relaxes the query if nothing matches, and extracts
snippets. A look-up of measures does the same and ranks the measures (`lookup.py`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.engines.contract import (
    Engine,
    MeasureColumns,
    MeasureRequest,
    Request,
    Response,
    ScoredParagraph,
    decoding,
)
from searchkit.engines.opening import open_engine
from searchkit.errors import IndexClosed, IndexDamaged, IndexStale, SearchkitError, UnknownFacet, UsageError
from searchkit.manifest import (
    ALIASES_FILE,
    EXTRAS_FILE,
    current_data_folder,
    diagnose_damage,
    read_manifest,
    read_verified_file,
    verify_checksums,
)
from searchkit.model import Document, Measure, Paragraph, Table
from searchkit.query.aliases import Aliases
from searchkit.query.facets import BUILT_IN_FACETS, Facet, FacetCounts, Filter
from searchkit.query.filters import FilterReader, FilterValue, ResolvedFilters, parse_filters
from searchkit.query.tree import Everything, Node, Query
from searchkit.search.lookup import MeasureRanking, MeasureResults, build_hit, rank_measures
from searchkit.search.options import (
    MeasureOptions,
    SearchOptions,
    list_names,
    measure_request,
    parse_literal,
    parse_statuses,
)
from searchkit.search.results import Hit, Results
from searchkit.search.snippets import match_passage
from searchkit.text.analyzer import Analyzer, Lexicon

if TYPE_CHECKING:
    from searchkit.query.naming import IndicatorNames
    from searchkit.search.suggestions import Suggestion

MAX_OPEN_ATTEMPTS = 10
"""Maximum number of times that an index is opened again because a build replaced it in the meantime."""
YEAR_MEANINGS = ("of_year", "year")
"""Facets of which a year in the words of a search means either."""
_MAX_CHECKED_VALUES = 20
"""Maximum number of values of a filter for each of which a search checks whether it has a hit."""
_ZERO_WIDTH = "\u200b"
"""An invisible character, which queries may contain anywhere."""
_FETCH_SIZE = 1000
"""Number of measures fetched at a time by `every_measure`."""


class Snapshot:
    """An open index in one committed state. Builds do not change its answers. Safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        """Open the data folder that the manifest names.

        Raises IndexMissing, IndexForeign, IndexDamaged, or IndexUnusable if the manifest cannot be opened.
        """
        self.path = path
        self.manifest = read_manifest(path)
        self._is_closed = False
        with diagnose_damage(path, self.manifest):
            self._engine = open_engine(self.manifest.engine, path / self.manifest.data)
        # Read the file now, because a later build may remove it.
        self.extras = json.loads(read_verified_file(path, self.manifest, EXTRAS_FILE))
        """Words, synonyms and names of measures of the build (`words`, `synonyms`, `indicators`), skipped files
        (`problems`), and `duplicates`."""
        self._aliases_data = read_verified_file(path, self.manifest, ALIASES_FILE)

    def close(self) -> None:
        """Release files and memory. Every later query raises IndexClosed."""
        self._is_closed = True
        self._engine.close()

    @contextmanager
    def use_engine(self) -> Iterator[Engine]:
        """Yield the engine for a `with` block.

        Raises IndexClosed if the index is closed, or if the block fails after another thread has closed the index. If
        the block raises an unexpected exception and a file of the index is damaged, raises IndexDamaged. Any other
        exception propagates.
        """
        try:
            self._check_open()
            with diagnose_damage(self.path, self.manifest):
                yield self._engine
        except SearchkitError:
            raise
        except Exception:
            self._check_open()  # another thread may have closed the index during the block
            raise

    def _check_open(self) -> None:
        """Raise IndexClosed if the index is closed."""
        if self._is_closed:
            raise IndexClosed(f"{self.path}: the index was closed; open it again to use it")

    def check(self) -> None:
        """Verify all checksums, the invariants of the engine, and the counts in the manifest.

        Raises IndexDamaged at the first failure.
        """
        verify_checksums(self.path, self.manifest)
        with self.use_engine() as engine:
            engine.check()
            paragraphs = engine.search(Request(Everything(), limit=0)).total
            measures = len(engine.measure_columns(MeasureRequest(Everything())).scores)
            actual = sum(1 for _ in engine.documents()), paragraphs, measures
        expected = self.manifest.documents, self.manifest.paragraphs, self.manifest.measures
        if actual != expected:
            message = f"the manifest says {_format_counts(expected)}, but the index contains {_format_counts(actual)}"
            raise IndexDamaged(f"{self.path}: {message}; build it again with: searchkit build --full")

    @cached_property
    def analyzer(self) -> Analyzer:
        """The analyzer with the words and synonyms of the build.

        Raises IndexStale if this version of searchkit analyses text in another way than the build did.
        """
        analyzer = Analyzer(Lexicon(self.extras["words"], self.extras["synonyms"]))
        if analyzer.fingerprint != self.manifest.analyzer:
            message = (
                f"{self.path} was built with another analyzer ({self.manifest.analyzer}; this searchkit has "
                f"{analyzer.fingerprint}); build it again with: searchkit build CORPUS --index {self.path}"
            )
            raise IndexStale(message)
        return analyzer

    @cached_property
    def aliases(self) -> Aliases:
        """The names of the facet values."""
        with decoding(self.path):
            return Aliases.from_json(self._aliases_data)

    @cached_property
    def names(self) -> IndicatorNames:
        """The names of measures of the build."""
        from searchkit.query.naming import IndicatorNames, NameLists  # noqa: PLC0415 - not loaded by searches

        return IndicatorNames(NameLists.from_json(self.extras["indicators"]))

    @property
    def facet_names(self) -> tuple[str, ...]:
        """Names of all facets: the built-in ones, then the user-defined ones of the index."""
        return (*BUILT_IN_FACETS, *self.manifest.facets)

    def parse_query(self, query: str, literal: object = False, year_facets: Sequence[str] = YEAR_MEANINGS) -> Query:  # noqa: FBT002 - the option's default
        """Parse a query with the analyzer, the facets and the names of the index.

        `literal`: the option. A year in the words of the query matches one of `year_facets`. Raises UsageError for an
        invalid `literal`, and IndexStale.
        """
        from searchkit.query.parsing import MAX_QUERY_LENGTH, parse  # noqa: PLC0415 - not needed to export records

        facets = parse_literal(literal)
        if not isinstance(query, str):
            raise UsageError(f"the query must be a text, not {query!r}")
        if not self.aliases.can_understand(query[:MAX_QUERY_LENGTH]):
            return parse(query, self.analyzer, self.facet_names, self._filter_reader)
        from searchkit.query.understanding import parse_understood  # noqa: PLC0415 - not needed by most queries

        return parse_understood(
            query,
            self.analyzer,
            self.facet_names,
            self._filter_reader,
            literal=facets,
            year_facets=year_facets,
        )

    def resolve(self, filters: Mapping[str, FilterValue], where: Mapping[str, FilterValue] | None) -> ResolvedFilters:
        """Return the filters for two mappings of facet names to values, with notes. `where` overrides `filters`.

        Raises UnknownFacet, and UsageError for an invalid value and for one that the index does not have.
        """
        return parse_filters(filters, where, self._check_facet, self._filter_reader)

    @cached_property
    def _filter_reader(self) -> FilterReader:
        """Reads the values of filters by the names of the index."""
        return FilterReader(self.aliases, self._has_topic)

    def _has_topic(self, topic: str) -> bool:
        """Return whether a paragraph has a topic."""
        request = Request(Filter("topic", (topic,)), limit=0)
        with self.use_engine() as engine:
            return engine.search(request).total > 0

    def filters(
        self, filters: Mapping[str, FilterValue], where: Mapping[str, FilterValue] | None
    ) -> tuple[Filter, ...]:
        """Return the filters of `resolve` without the notes."""
        return self.resolve(filters, where).filters

    def rank_measures(self, query: str, options: MeasureOptions, filters: tuple[Filter, ...]) -> MeasureRanking:
        """Rank all measures that answer a query. The options `limit` and `offset` are ignored.

        If nothing matches all filters that were understood from the query, they are loosened (`Query.loosened`).

        Raises UsageError, IndexStale, IndexDamaged.
        """
        from searchkit.query.questions import NumberQuestion, read_question  # noqa: PLC0415 - not loaded by searches

        question = read_question(query) if isinstance(query, str) else NumberQuestion(query, None)
        parsed = self.parse_query(question.text, options.literal, ("of_year",))
        request = measure_request(options, filters)
        with self.use_engine() as engine:
            nationwide = self._parse_nationwide(question.text, parsed, options, request)
            if nationwide is not None:
                ranking = rank_measures(engine, *nationwide, options.match, self.names, question.unit)
                if ranking.total and not ranking.is_relaxed:
                    return ranking
            ranking = rank_measures(engine, parsed, request, options.match, self.names, question.unit)
            if ranking.total:
                return ranking
            loosened = (
                rank_measures(engine, form, request, options.match, self.names, question.unit)
                for form in parsed.loosened_forms()
            )
            return next((other for other in loosened if other.total), ranking)

    def _parse_nationwide(
        self, text: str, parsed: Query, options: MeasureOptions, request: MeasureRequest
    ) -> tuple[Query, MeasureRequest] | None:
        """Return a query for measures of the whole country without 全国, and its request. None if it is for no such.

        `parsed` is the query as it is. A query with another place is not for the whole country.
        """
        from searchkit.query.questions import find_nationwide  # noqa: PLC0415 - not loaded by searches
        from searchkit.query.understood import UnderstoodFilter  # noqa: PLC0415

        span = find_nationwide(text)
        facets = {*(item.facet for item in parsed.understood), *(item.name for item in request.filters)}
        places = self.aliases.named("district", "全国") if span else ()
        if span is None or not places or "district" in {*facets, *parse_literal(options.literal)}:
            return None
        start, end = span
        rest = self.parse_query(
            f"{text[:start]}{_ZERO_WIDTH * (end - start)}{text[end:]}", options.literal, ("of_year",)
        )
        if not rest.scoring:
            return None
        place = UnderstoodFilter("district", places, "全国", start, end)
        filters = (*request.filters, Filter("district", places))
        return replace(rest, understood=(place, *rest.understood)), replace(request, filters=filters)

    def search(self, query: str, options: SearchOptions, resolved: ResolvedFilters) -> Results:
        """Find the paragraphs that answer a query, in the order of the option `sort` (best first by default).

        Raises UnknownFacet, UsageError for a facet with an invalid depth, IndexStale, IndexDamaged.
        """
        started = time.perf_counter()
        request = self._search_request(options, resolved.filters)
        parsed, tree, response = self._search_forms(self.parse_query(query, options.literal), options, request)
        relaxed = options.match == "auto" and tree is not (parsed.content or parsed.all)
        hits = tuple(self._build_hits(response.hits, tree, parsed, relaxed=relaxed))
        suggestions = () if response.total else self._suggest(query, options, resolved.filters)
        return Results(
            query,
            str(tree),
            response.total,
            hits,
            _facets_in_order(list_names(options.facets), response),
            relaxed,
            (
                *resolved.notes,
                *resolved.missing_years,
                *parsed.notes,
                *self._find_empty_values(replace(request, match=tree), response.total),
            ),
            response.documents,
            round((time.perf_counter() - started) * 1000, 3),
            response.total_any,
            parsed.understood,
            suggestions,
        )

    def _search_forms(self, parsed: Query, options: SearchOptions, request: Request) -> tuple[Query, Node, Response]:
        """Search for the forms of a query in turn until one has a match. Return the query, its tree and the response.

        If no form has a match, returns the first one.
        """
        first = None
        with self.use_engine() as engine:
            for query, tree in _forms(parsed, options.match):
                form = replace(request, match=tree, scoring=query.scoring, first=query.first)
                if options.match == "auto" and options.beyond and tree is not query.any:
                    form = replace(form, beyond=_find_beyond(engine, query, form))
                response = engine.search(form)
                first = first or (query, tree, response)
                if response.total:
                    return query, tree, response
        assert first is not None  # noqa: S101 - there is at least one form
        return first

    def _find_empty_values(self, request: Request, total: int) -> Iterator[str]:
        """Yield a message for each value of a filter with several values that has no hit, unless there are no hits."""
        for item in request.filters if total else ():
            others = tuple(other for other in request.filters if other is not item)
            for value in item.values if 1 < len(item.values) <= _MAX_CHECKED_VALUES else ():
                only = replace(request, filters=(*others, Filter(item.name, (value,))), facets=(), limit=0)
                with self.use_engine() as engine:
                    if not engine.search(only).total:
                        yield f"{item.name} {value} has no hit"

    def _suggest(self, query: str, options: SearchOptions, filters: tuple[Filter, ...]) -> tuple[Suggestion, ...]:
        """Return suggestions for a search that found nothing."""
        from searchkit.search.suggestions import Search, suggest  # noqa: PLC0415 - only if nothing was found

        def count(other: Search) -> int:
            """Return the number of paragraphs that another search finds."""
            parsed = self.parse_query(other.query, options.literal)
            request = Request(Everything(), filters=other.filters, limit=0)
            return self._search_forms(parsed, replace(options, match=other.match), request)[2].total

        return suggest(Search(query, filters, options.match), count, self.analyzer, self._filter_reader)

    def measures(self, query: str, options: MeasureOptions, resolved: ResolvedFilters) -> MeasureResults:
        """Find the measures that answer a query, best first. Raises UsageError, IndexStale, IndexDamaged."""
        started = time.perf_counter()
        ranking = self.rank_measures(query, options, resolved.filters)
        suggestions = () if ranking.total else self.suggest_measures(query, options, resolved.filters)
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
        with self.use_engine():
            if options.sort.removeprefix("-") == "score" and not options.one_per and options.aggregate is None:
                results = replace(results, hits=tuple(ranking.hits(options.offset, options.limit, self.analyzer)))
            else:
                results = self._select_measures(ranking, options, results)
        return replace(results, took_ms=round((time.perf_counter() - started) * 1000, 3))

    def _select_measures(
        self, ranking: MeasureRanking, options: MeasureOptions, results: MeasureResults
    ) -> MeasureResults:
        """Return the results with the measures that can be quoted, or with their aggregates. Raises UnknownFacet."""
        from searchkit.search.aggregating import select_measures, split_names  # noqa: PLC0415 - only for few look-ups

        for name in (*split_names(options.one_per), *([options.by] if options.by else [])):
            self._check_facet(name)
        statuses = parse_statuses(options.status) if options.status else ("actual",)
        selection = select_measures(ranking, self.names, options, statuses)
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
        hits = (build_hit(item.measure, round(item.score, 6), item.measure.source.text, self.analyzer) for item in page)
        return replace(results, hits=tuple(hits))

    def suggest_measures(
        self, query: str, options: MeasureOptions, filters: tuple[Filter, ...]
    ) -> tuple[Suggestion, ...]:
        """Return suggestions for a look-up that found nothing."""
        from searchkit.search.suggestions import Search, suggest  # noqa: PLC0415 - only if nothing was found

        def count(other: Search) -> int:
            """Return the number of measures that another look-up finds."""
            return self.rank_measures(other.query, replace(options, match=other.match), other.filters).total

        return suggest(Search(query, filters, options.match), count, self.analyzer, self._filter_reader)

    def measure_columns(self, filters: tuple[Filter, ...], statuses: tuple[str, ...] = ()) -> MeasureColumns:
        """Return the measures that pass the filters and have one of the statuses (empty: any), in corpus order.

        Use them within `use_engine`.
        """
        with self.use_engine() as engine:
            return engine.measure_columns(MeasureRequest(Everything(), filters=filters, statuses=statuses))

    def every_measure(self, filters: tuple[Filter, ...], statuses: tuple[str, ...] = ()) -> Iterator[Measure]:
        """Yield the measures of `measure_columns`. The measures of a paragraph are in the order of their quotes."""
        with self.use_engine():
            columns = self.measure_columns(filters, statuses)
            for start in range(0, len(columns.scores), _FETCH_SIZE):
                yield from columns.fetch(range(start, min(start + _FETCH_SIZE, len(columns.scores))))

    def paragraphs(self, filters: tuple[Filter, ...]) -> Iterator[Paragraph]:
        """Yield the paragraphs that pass the filters, in corpus order."""
        with self.use_engine() as engine:
            yield from engine.paragraphs(filters)

    def tables(self, filters: tuple[Filter, ...]) -> Iterator[Table]:
        """Yield the tables with at least one row that passes the filters, in corpus order."""
        with self.use_engine() as engine:
            yield from engine.tables(filters)

    def table(self, table_id: str) -> Table | None:
        """Return the table with the given id (`<document>!<table>`), or None if there is none."""
        document, _, _ = table_id.rpartition("!")
        tables = self.tables(self.filters({"document": document}, None))
        return next((table for table in tables if table.id == table_id), None)

    def documents(self, filters: tuple[Filter, ...] = ()) -> Iterator[Document]:
        """Yield the documents with at least one paragraph that passes all filters, in corpus order."""
        with self.use_engine() as engine:
            ids = {paragraph.document for paragraph in engine.paragraphs(filters)} if filters else None
            yield from (document for document in engine.documents() if ids is None or document.document in ids)

    def facet_counts(self, names: Sequence[str], filters: tuple[Filter, ...]) -> dict[str, FacetCounts]:
        """Count the values of facets in the paragraphs that pass the filters. All values are listed.

        A filter does not apply to the counts of its own facet. Without names, all facets except document are counted.
        Raises UnknownFacet, and UsageError for an invalid depth.
        """
        selected = tuple(names) or tuple(name for name in self.facet_names if name != "document")
        request = Request(Everything(), filters=filters, facets=self._parse_facets(selected), max_values=None, limit=0)
        with self.use_engine() as engine:
            return _facets_in_order(selected, engine.search(request))

    def _search_request(self, options: SearchOptions, filters: tuple[Filter, ...]) -> Request:
        """Return a request for all paragraphs that pass the filters; the caller sets `match` and `scoring`.

        Raises UnknownFacet, and UsageError for a facet with an invalid depth.
        """
        if options.sort != "score":
            self._check_facet(options.sort.removeprefix("-"))
        return Request(
            Everything(),
            filters=filters,
            facets=self._parse_facets(list_names(options.facets)),
            sort=options.sort,
            limit=options.limit,
            offset=options.offset,
            by_document=options.group is not None,
            explain=options.explain,
            with_measures=True,
        )

    def _parse_facets(self, names: Sequence[str]) -> tuple[Facet, ...]:
        """Parse facets such as `year` and `district:1`. Raises UnknownFacet, and UsageError for an invalid depth."""
        facets = tuple(map(Facet.parse, names))
        for facet in facets:
            self._check_facet(facet.name)
        return facets

    def _build_hits(
        self, scored: Sequence[ScoredParagraph], tree: Node, parsed: Query, *, relaxed: bool
    ) -> Iterator[Hit]:
        """Yield the hits for scored paragraphs. `tree`: the tree of the query that was searched."""
        for item in scored:
            is_beyond = item.is_beyond or relaxed
            found = match_passage(item, parsed.some or tree if item.is_beyond else tree, self.analyzer)
            yield Hit(
                item.paragraph,
                item.score,
                found.window,
                item.matches,
                item.explanation,
                item.measures,
                found.path_spans,
                found.title_spans,
                parsed.missing(found.leaves) if is_beyond else (),
            )

    def _check_facet(self, name: str) -> None:
        """Raise UnknownFacet if the index does not have the facet."""
        if name not in self.facet_names:
            raise UnknownFacet(f"no facet {name!r} in {self.path}; its facets are: {', '.join(self.facet_names)}")


def _forms(parsed: Query, match: str) -> Iterator[tuple[Query, Node]]:
    """Yield the queries that a search tries in turn, each with the tree that paragraphs must match.

    `auto` requires all content words, then some words. The filters that were understood from words of the query are
    required in both. Only if nothing matches under them, they are loosened (`Query.loosened`).
    """
    for query in (parsed, *parsed.loosened_forms()):
        strict = query.all if match == "all" else query.content or query.all
        if match != "any":
            yield query, strict
        if match == "any" or (match == "auto" and query.any != strict):
            yield query, query.any


def _find_beyond(engine: Engine, query: Query, request: Request) -> Node | None:
    """Return the tree of the paragraphs with which a list goes on beyond those with all content words, or None.

    Only a list by score goes on. It does not if the query is a single run that some paragraph contains as a string.
    """
    is_list = request.sort == "score" and not request.by_document and request.limit != 0
    goes_on = is_list and query.has_several_words and not _occurs_as_string(engine, query)
    return query.some if goes_on else None


def _occurs_as_string(engine: Engine, parsed: Query) -> bool:
    """Return whether a query is a single run that some paragraph contains as a string."""
    (string, *_), _ = parsed.runs[0].variants[0]
    return len(parsed.runs) == 1 and engine.search(Request(string, limit=0)).total > 0


def open_snapshot(path: Path) -> Snapshot:
    """Open an index. If a build replaces the index in the meantime and removes the old files, open the new index.

    Raises the exceptions of `Snapshot`.
    """
    for _ in range(MAX_OPEN_ATTEMPTS):
        data = current_data_folder(path)
        try:
            return Snapshot(path)
        except Exception:  # a file that is removed while it is read can cause any exception
            if current_data_folder(path) == data:
                raise
    return Snapshot(path)


def _format_counts(counts: tuple[int, int, int]) -> str:
    return "{} documents, {} paragraphs, {} measures".format(*counts)


def _facets_in_order(names: Sequence[str], response: Response) -> dict[str, FacetCounts]:
    """Return the facet counts of a response in the order of the request."""
    return {name: response.facets[name] for name in names}
