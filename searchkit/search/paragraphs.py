"""Searches for paragraphs: those that answer a query, and those like a given one.

The forms of a query are searched in turn until one has a match. A form is the query, or the query with loosened filters
(`Query.loosened`), with one of its trees: all words must match, all content words, or one word (`_forms`). Hits get
snippets. A search that finds little gets suggestions of other searches.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from searchkit.engines.contract import EVERYTHING, Engine, Request, Response, ScoredParagraph
from searchkit.engines.sharing import share_matches
from searchkit.engines.timing import check_time
from searchkit.errors import UsageError
from searchkit.model import Note
from searchkit.query.facets import Facet, Filter
from searchkit.query.filters import ResolvedFilters
from searchkit.query.tree import Node, Or, Query, Word
from searchkit.search.cursors import HitList
from searchkit.search.options import SearchOptions, list_names, list_texts, parse_sort
from searchkit.search.results import Hit, LazyMeasures, Results
from searchkit.search.snapshot import Snapshot
from searchkit.search.snippets import Highlighter
from searchkit.text.folding import fold_all

if TYPE_CHECKING:
    from searchkit.search.suggestions import Search, Suggestion

_STREAM_BATCH = 200
"""Number of hits whose snippets are extracted at a time when all hits are streamed."""
_MAX_CHECKED_VALUES = 20
"""A search checks for each value of a filter whether it has a hit, unless the filter has more values than this."""
_MAX_CORRECTED_TOTAL = 100
"""Corrections are looked for if a search is relaxed (`_Found.is_relaxed`), or finds at most this many paragraphs."""


@share_matches()
def search_paragraphs(snapshot: Snapshot, query: str, options: SearchOptions, resolved: ResolvedFilters) -> Results:
    """Find the paragraphs that answer a query, in the order of the option `sort` (best first by default).

    Raises UnknownFacet, UsageError for an invalid option (such as the depth of a facet, or a cursor of another search),
    IndexStale, IndexDamaged.
    """
    page = _Page(snapshot, query, options, resolved)
    request = page.request
    found = _search_forms(snapshot, snapshot.parse_query(query, options.literal), options, request)
    parsed, tree, response, relaxed = found.query, found.request.match, found.response, found.is_relaxed
    suggestions = _suggest(snapshot, query, options, request, response.total, relaxed=relaxed)
    notes = (*parsed.notes, *_find_empty_values(snapshot, found.request, response.total))
    return page.build_results(tree, parsed, response, relaxed=relaxed, notes=notes, suggestions=suggestions)


def search_similar(snapshot: Snapshot, record_id: str, options: SearchOptions, resolved: ResolvedFilters) -> Results:
    """Find paragraphs like a given one, best first. `record_id`: as for `Snapshot.resolve_id`.

    Paragraphs of its document, and its near-duplicates, are left out. The options `match`, `beyond` and `literal` have
    no effect. Raises UsageError if there is no such paragraph, and the exceptions of `search_paragraphs`.
    """
    from searchkit.search.similar import similar_query  # noqa: PLC0415 - not loaded by searches

    started = time.perf_counter()
    paragraph_id = snapshot.resolve_id(record_id)
    page = _Page(snapshot, paragraph_id, options, resolved, is_similar=True)
    with snapshot.use_engine() as engine:
        paragraph = engine.paragraph(paragraph_id)
        if paragraph is None:
            raise UsageError(f"no paragraph {record_id} in {snapshot.path}", code="unknown_paragraph")

        def df(term: str) -> int:
            """Return the number of paragraphs with a word."""
            return engine.search(Request(Word(term), limit=0)).total

        tree, scoring = similar_query(paragraph, snapshot.analyzer, snapshot.manifest.paragraphs, df)
        response = engine.search(replace(page.request, match=tree, scoring=scoring, unlike=paragraph_id))
    return replace(page.build_results(tree, Query(tree, tree), response), took_ms=_elapsed_ms(started))


@share_matches()
def find_total(
    snapshot: Snapshot,
    query: str,
    filters: tuple[Filter, ...],
    literal: object,
    *,
    facets: tuple[Facet, ...] = (),
    limit: int | None = 0,
) -> tuple[Node, Response]:
    """Find the paragraphs that count in the total of a search with `match="auto"`.

    Returns the query tree that they match, and a response with at most `limit` hits and all values of facets.
    `literal`: as in `SearchOptions`. Raises UsageError for an invalid `literal`, and IndexStale.
    """
    request = Request(EVERYTHING, filters=filters, facets=facets, max_values=None, limit=limit)
    parsed = snapshot.parse_query(query, literal)
    found = _search_forms(snapshot, parsed, SearchOptions(beyond=False), request)
    return found.request.match, found.response


def stream_paragraphs(
    snapshot: Snapshot, query: str, options: SearchOptions, resolved: ResolvedFilters
) -> Iterator[Hit]:
    """Return an iterator of all hits of a search, in its order. The options `limit` and `facets` are ignored.

    Ranks all matches once, and loads hits in batches. Raises the exceptions of `search_paragraphs` when it is called,
    not at the first hit.
    """
    options = replace(options, limit=1, facets=())
    request = _Page(snapshot, query, options, resolved).request
    found = _search_forms(snapshot, snapshot.parse_query(query, options.literal), options, request)
    return _stream(snapshot, found._replace(request=replace(found.request, limit=None)))


def _stream(snapshot: Snapshot, found: _Found) -> Iterator[Hit]:
    """Yield all hits of a form of a query."""
    with snapshot.use_engine() as engine:
        scored = engine.stream(found.request)
        while batch := list(islice(scored, _STREAM_BATCH)):
            yield from _build_hits(batch, found.request.match, found.query, snapshot, relaxed=found.is_relaxed)


class _Page:
    """The requested page of a list of hits."""

    def __init__(
        self,
        snapshot: Snapshot,
        query: str,
        options: SearchOptions,
        resolved: ResolvedFilters,
        *,
        is_similar: bool = False,
    ) -> None:
        """Read the options. `query`, `is_similar`: as for `HitList`.

        Raises UnknownFacet, and UsageError for an invalid option.
        """
        self._started = time.perf_counter()
        self._snapshot, self._query, self._options, self._resolved = snapshot, query, options, resolved
        self._hit_list = HitList(snapshot.state, query, options, resolved.filters, is_similar=is_similar)
        # Names of facet values in these texts are read as words.
        self._excluded = [snapshot.parse_query(text, literal=True) for text in list_texts(options.without)]
        sort = parse_sort(options.sort)
        for key in sort:
            if key != "score":
                snapshot.check_facet(key.removeprefix("-"))
        limit = options.limit
        self.request = Request(
            EVERYTHING,
            filters=resolved.filters,
            facets=snapshot.parse_facets(list_names(options.facets)),
            max_values=options.facet_limit,
            without=Or(tuple(item.all for item in self._excluded)) if self._excluded else None,
            sort=sort,
            # The number of hits after folding is unknown, so one more is requested to see whether the list goes on.
            limit=limit + 1 if limit and options.fold else limit,
            offset=options.offset if options.after is None else self._hit_list.position(options.after),
            by_document=options.group is not None,
            count_documents=options.count_documents,
            fold=options.fold,
            explain=options.explain,
        )
        """Request for all paragraphs that pass the filters. The search sets the fields that depend on the query."""

    def build_results(
        self,
        tree: Node,
        parsed: Query,
        response: Response,
        *,
        relaxed: bool = False,
        notes: Sequence[Note] = (),
        suggestions: tuple[Suggestion, ...] = (),
    ) -> Results:
        """Return the results of a search. `tree`: the tree of `parsed` that was searched. `notes`: about the query."""
        scored = response.hits[: self._options.limit]
        # `total_any` counts the matches and the further hits (`Request.beyond`).
        is_grouped, listed = self.request.by_document, response.total_any or response.total
        length = response.documents or 0 if is_grouped else listed
        end = self.request.offset + len(scored)
        goes_on = len(response.hits) > len(scored) if self.request.fold else end < length
        hits = tuple(_build_hits(scored, tree, parsed, self._snapshot, relaxed=relaxed))
        return Results(
            self._query,
            str(tree),
            response.total,
            hits,
            {name: response.facets[name] for name in list_names(self._options.facets)},
            relaxed,
            (
                *self._resolved.notes,
                *self._resolved.missing_years,
                *notes,
                *(note for item in self._excluded for note in item.notes),
            ),
            response.documents,
            _elapsed_ms(self._started),
            total_any=response.total_any,
            understood_filters=parsed.understood,
            suggestions=suggestions,
            offset=self.request.offset,
            is_grouped=is_grouped,
            next=self._hit_list.cursor(end) if scored and goes_on else None,
        )


def _elapsed_ms(started: float) -> float:
    """Return the milliseconds since `started`, a value of `time.perf_counter`."""
    return round((time.perf_counter() - started) * 1000, 3)


class _Found(NamedTuple):
    """A form of a query, and what it finds."""

    query: Query
    """The query as it was parsed, or one of its loosened forms (`Query.loosened_forms`)."""
    request: Request
    """The request, with the tree that was searched."""
    response: Response
    """The answer."""
    is_relaxed: bool
    """Whether `match` is `auto`, and the tree requires only some words of the query."""


def _search_forms(snapshot: Snapshot, parsed: Query, options: SearchOptions, request: Request) -> _Found:
    """Search the forms of a query in turn until one has a match. Return that form or, if none has, the first one."""
    first = None
    with snapshot.use_engine() as engine:
        for query, tree in _forms(parsed, options.match):
            check_time()
            goes_on = options.match == "auto" and options.beyond and tree is not query.any
            beyond = _find_beyond(engine, query, request) if goes_on else None
            # `complete`: the paragraphs whose score gets a bonus, because they have all of several content words.
            # It is `EVERYTHING` if each match has them all.
            complete: Node | None = None
            if query.has_several_words:
                complete = query.complete if beyond is not None or tree is query.any else EVERYTHING
            form = replace(
                request,
                match=tree,
                scoring=query.scoring,
                population=query.conditions if request.facets else EVERYTHING,
                beyond=beyond,
                complete=complete,
                first=query.first,
            )
            response = engine.search(form)
            is_relaxed = options.match == "auto" and tree is not (query.content or query.all)
            found = _Found(query, form, response, is_relaxed)
            first = first or found
            if response.total:
                return found
    assert first is not None  # noqa: S101 - there is at least one form
    return first


def _forms(parsed: Query, match: str) -> Iterator[tuple[Query, Node]]:
    """Yield the forms that a search tries in turn: queries, each with the tree that paragraphs must match.

    `match="all"` requires all words, and `any` requires one of them. `auto` requires all content words, then one word.
    The filters that were understood from words of the query are required in all of these. Only if nothing matches under
    them, they are loosened (`Query.loosened`).
    """
    for query in (parsed, *parsed.loosened_forms()):
        strict = query.all if match == "all" else query.content or query.all
        if match != "any":
            yield query, strict
        if match == "any" or (match == "auto" and query.any != strict):
            yield query, query.any


def _find_beyond(engine: Engine, query: Query, request: Request) -> Node | None:
    """Return the tree of the paragraphs with which a list goes on beyond those with all content words, or None.

    Only a list by score that is not grouped goes on, and only if the query has several content words. It does not go on
    if the query is a single run (text without spaces) that some paragraph contains as a string.
    """
    is_list = not request.sort and not request.by_document and request.limit != 0
    goes_on = is_list and query.has_several_words and not _occurs_as_string(engine, query)
    return query.some if goes_on else None


def _occurs_as_string(engine: Engine, parsed: Query) -> bool:
    """Return whether a query is a single run that some paragraph contains as a string."""
    (string, *_), _ = parsed.runs[0].variants[0]  # the first string of a run is the run itself
    return len(parsed.runs) == 1 and engine.search(Request(string, limit=0)).total > 0


def _find_empty_values(snapshot: Snapshot, request: Request, total: int) -> Iterator[Note]:
    """Yield a message for each value without a hit, if its filter has several values and the search has hits.

    The hits with which the list goes on beyond the matches (`Request.beyond`) are hits, too. A filter with more than
    `_MAX_CHECKED_VALUES` values is not checked. `request`: the request with the tree that was searched.
    """
    listed = request.match if request.beyond is None else Or((request.match, request.beyond))
    for item in request.filters if total else ():
        others = tuple(other for other in request.filters if other is not item)
        for value in item.values if 1 < len(item.values) <= _MAX_CHECKED_VALUES else ():
            filters = (*others, Filter(item.name, (value,)))
            only = replace(request, match=listed, beyond=None, filters=filters, facets=(), limit=0)
            with snapshot.use_engine() as engine:
                if not engine.search(only).total:
                    yield Note("value_without_hit", f"{item.name} {value} has no hit")


def _build_hits(
    scored: Sequence[ScoredParagraph], tree: Node, parsed: Query, snapshot: Snapshot, *, relaxed: bool
) -> Iterator[Hit]:
    """Yield the hits for scored paragraphs. `tree`: the tree of `parsed` that was searched."""
    is_strict = tree is parsed.all or tree is parsed.content
    within = Highlighter(tree, snapshot.analyzer)
    complete_parts = parsed.split_parts(frozenset(), is_complete=True)
    beyond = Highlighter(parsed.some, snapshot.analyzer) if parsed.some else within
    for item, folded in zip(scored, fold_all([item.paragraph.text for item in scored]), strict=True):
        check_time()
        highlighter = beyond if item.is_beyond else within
        is_complete = is_strict and not item.is_beyond
        # A hit has all parts of a query without operators if it is complete. Otherwise the leaves of the tree (words,
        # strings, prefixes) that it matches tell which parts it has.
        needs_leaves = not (is_complete and parsed.runs)
        found = highlighter.match_passage(item, folded, all_leaves=needs_leaves)
        has, lacks = complete_parts
        if needs_leaves:
            leaves = {highlighter.leaves[leaf] for leaf in found.leaves}
            has, lacks = parsed.split_parts(leaves, is_complete=is_complete)
            if not (relaxed or item.is_beyond):
                lacks = ()  # with `match="any"`, no part is required
        yield Hit(
            item.paragraph,
            item.score,
            found.window,
            item.matches,
            item.explanation,
            found.path_spans,
            found.title_spans,
            lacks,
            has,
            item.folded,
            LazyMeasures(item.load_measures),
        )


def _suggest(
    snapshot: Snapshot, query: str, options: SearchOptions, request: Request, total: int, *, relaxed: bool
) -> tuple[Suggestion, ...]:
    """Return suggestions for a search that found `total` paragraphs.

    They are a correction, if the search was relaxed or `total` is small (`_MAX_CORRECTED_TOTAL`), and similar searches,
    if `total` is 0.
    """
    if not relaxed and total > _MAX_CORRECTED_TOTAL:
        return ()
    from searchkit.search.suggestions import Search, suggest_for  # noqa: PLC0415 - only if little was found

    counting = Request(EVERYTHING, without=request.without, by_document=request.by_document, limit=0)

    def count(other: Search) -> int:
        """Return the number of paragraphs that another search finds."""
        parsed = snapshot.parse_query(other.query, options.literal)
        form = replace(counting, filters=other.filters)
        return _search_forms(snapshot, parsed, replace(options, match=other.match), form).response.total

    return suggest_for(snapshot, Search(query, request.filters, options.match), count, total, relaxed=relaxed)
