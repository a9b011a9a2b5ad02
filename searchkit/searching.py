"""The way out: an open index that answers queries with snippets, facets and records."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType

from searchkit.analysis import Analyzer, Lexicon
from searchkit.arguments import (
    MeasureOptions,
    SearchOptions,
    Value,
    admitted_figures,
    read_filters,
    read_options,
)
from searchkit.engines import Engine, FigureRequest, Request, Response, open_engine
from searchkit.engines import Hit as Found
from searchkit.errors import IndexDamaged, IndexStale, UnknownFacet
from searchkit.facets import BUILT_IN, Facet, FacetCounts, Filter
from searchkit.lookup import MeasureResults, Ranking, look_up, own_fields
from searchkit.manifest import EXTRAS, Manifest, current_data, read_manifest, read_verified, verify_checksums
from searchkit.model import Document, Measure, Paragraph, to_json
from searchkit.query import Everything, Node, Query
from searchkit.ranking import Explanation
from searchkit.snippets import Snippet, snippet

__all__ = ["Hit", "Index", "MeasureOptions", "MeasureResults", "Results", "SearchOptions", "Value"]

_OPENINGS = 10
"""How often an index is opened once more when a build has replaced it meanwhile."""
_FETCHED = 1000  # measures at a time when all are streamed


@dataclass(frozen=True, slots=True)
class Hit:
    """A paragraph that matches, with why and where."""

    paragraph: Paragraph
    score: float
    window: Snippet
    matches: int = 1
    """With `group="document"`: how many paragraphs of the document match."""
    explanation: Explanation | None = None
    measures: tuple[Measure, ...] = ()
    """The figures of the paragraph, by their place in it."""

    @property
    def id(self) -> str:
        """Id of the paragraph."""
        return self.paragraph.id

    @property
    def snippet(self) -> str:
        """At most 120 code points of the text, with the most different parts of the query."""
        return self.window.text

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """All matches in the paragraph's text: code points, 0-based, end-exclusive."""
        return self.window.spans


@dataclass(frozen=True, slots=True)
class Results:
    """What a search found."""

    query: str
    understood: str
    """The query tree that was answered."""
    total: int
    """Matching paragraphs, exact."""
    hits: tuple[Hit, ...]
    facets: Mapping[str, FacetCounts] = field(default_factory=dict)
    """By facet as asked for: `year`, `district:1`."""
    relaxed: bool = False
    """Nothing held all parts of the query, so these hold any of its words."""
    notes: tuple[str, ...] = ()
    """What was read in another way than it was written."""
    documents: int | None = None
    """With `group="document"`: how many documents the matches are in."""
    took_ms: float = 0.0


class _Opened:
    """An index as it was committed. It never changes, and neither does what it answers."""

    def __init__(self, path: Path) -> None:
        """Open what the manifest names. Raises IndexMissing, IndexForeign, IndexDamaged."""
        self.path = path
        self.manifest = read_manifest(path)
        try:
            self.engine: Engine = open_engine(self.manifest.engine, path / self.manifest.data)
        except IndexDamaged:
            verify_checksums(path, self.manifest)  # names the file
            raise
        # Read now, because a later build may remove the files.
        self.extras = json.loads(read_verified(path, self.manifest, EXTRAS))

    def check(self) -> None:
        """Verify every checksum and every invariant. Raises IndexDamaged at the first that fails."""
        verify_checksums(self.path, self.manifest)
        self.engine.check()
        paragraphs = self.engine.search(Request(Everything(), limit=0)).total
        measures = len(self.engine.figures(FigureRequest(Everything())).scores)
        held = sum(1 for _ in self.engine.documents()), paragraphs, measures
        stated = self.manifest.documents, self.manifest.paragraphs, self.manifest.measures
        if held != stated:
            message = f"{self.path}: the manifest says {_counted(stated)}, the index holds {_counted(held)}; "
            raise IndexDamaged(message + "build it again with: searchkit build --full")

    @cached_property
    def analyzer(self) -> Analyzer:
        """The analyzer that the index was built with. Raises IndexStale when this searchkit has another one."""
        analyzer = Analyzer(Lexicon(self.extras["words"], self.extras["synonyms"]))
        if analyzer.fingerprint != self.manifest.analyzer:
            message = (
                f"{self.path} was built with another analyzer ({self.manifest.analyzer}, this is "
                f"{analyzer.fingerprint}); build it again with: searchkit build CORPUS --index {self.path}"
            )
            raise IndexStale(message)
        return analyzer

    @property
    def facet_names(self) -> tuple[str, ...]:
        """Names of all facets."""
        return (*BUILT_IN, *self.manifest.facets)

    def understand(self, query: str) -> Query:
        """The trees of a query."""
        from searchkit.syntax import parse  # noqa: PLC0415 - whoosh's parser, needed by searches only

        return parse(query, self.analyzer, self.facet_names)

    def filters(self, filters: Mapping[str, Value], where: Mapping[str, Value] | None) -> tuple[Filter, ...]:
        """Filters of names and values. Raises UnknownFacet, and UsageError for a bad year."""
        return read_filters(filters, where, self._known)

    def request(self, options: SearchOptions, filters: tuple[Filter, ...]) -> Request:
        """A request for everything, with options and filters. Raises UnknownFacet."""
        if options.sort != "score":
            self._known(options.sort.removeprefix("-"))
        return Request(
            Everything(),
            filters=filters,
            facets=self.facets(options.facets),
            sort=options.sort,
            limit=options.limit,
            offset=options.offset,
            by_document=options.group is not None,
            explain=options.explain,
            with_measures=True,
        )

    def facets(self, names: Sequence[str]) -> tuple[Facet, ...]:
        """Facets by their names. Raises UnknownFacet."""
        facets = tuple(map(Facet.parse, names))
        for facet in facets:
            self._known(facet.name)
        return facets

    def hits(self, found: Sequence[Found], tree: Node) -> Iterator[Hit]:
        """Hits with snippets."""
        for item in found:
            window = snippet(item.paragraph.text, tree, self.analyzer)
            yield Hit(item.paragraph, item.score, window, item.matches, item.explanation, item.measures)

    def ranking(self, query: str, options: MeasureOptions, filters: tuple[Filter, ...]) -> Ranking:
        """All figures that answer a query. Raises UsageError."""
        return look_up(self.engine, self.understand(query), admitted_figures(options, filters), options.match)

    def _known(self, name: str) -> None:
        if name not in self.facet_names:
            raise UnknownFacet(f"no facet {name!r} in {self.path}; there are: {', '.join(self.facet_names)}")


def _open(path: Path) -> _Opened:
    """Open an index: the newer one, if a build takes the files of the older one away while that is being opened."""
    for _ in range(_OPENINGS):
        data = current_data(path)
        try:
            return _Opened(path)
        except IndexDamaged:
            if current_data(path) == data:
                raise
    return _Opened(path)


class Index:
    """An open index. Use it as a context manager, or `close` it. Safe for many threads.

    It stays as it was when it was opened, whatever is built meanwhile; `refresh` moves it on.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the index in the folder `path`. Raises IndexMissing, IndexForeign, IndexDamaged."""
        self._opened = _open(Path(path))
        self._refreshing = threading.Lock()

    def __enter__(self) -> Index:  # noqa: PYI034 - typing.Self is 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back files and memory."""
        self._engine.close()

    def refresh(self) -> bool:
        """Move on to the newest state of the index. Returns whether there was a newer one; if not, it costs 0.2 ms.

        What other threads are doing ends with the state that it began with. Raises what opening raises; then this
        index stays as it is.
        """
        with self._refreshing:
            old = self._opened
            with suppress(IndexDamaged):  # perhaps replaced while it was read
                if read_manifest(old.path) == old.manifest:
                    return False
            new = _open(old.path)
            if "analyzer" in vars(old) and new.manifest.analyzer == old.manifest.analyzer:
                new.analyzer = old.analyzer  # with the dictionary that it has loaded
            self._opened = new  # the old engine gives its files back when the last thread is done with it
            return True

    def search(
        self,
        query: str,
        options: SearchOptions | None = None,
        /,
        *,
        where: Mapping[str, Value] | None = None,
        **arguments: object,
    ) -> Results:
        """Find the paragraphs that answer a query, best first.

        Keyword arguments are the fields of `SearchOptions` and the built-in facets as filters (`district=`,
        `year=`, `agency=`, `topic=`, `section=`, `doctype=`, `document=`); `where` filters by the user's own
        facets. Several values of one filter mean OR, several filters AND.
        Raises UsageError (a bad year, an unknown option value), UnknownFacet, IndexStale, IndexDamaged.
        """
        started = time.perf_counter()
        opened = self._opened
        options, by_facet = read_options(options or SearchOptions(), arguments)
        request = opened.request(options, opened.filters(by_facet, where))
        understood = opened.understand(query)
        tree, relaxed = understood.any if options.match == "any" else understood.all, False
        response = opened.engine.search(replace(request, match=tree, wanted=understood.wanted))
        if not response.total and options.match == "auto" and understood.any != understood.all:
            loose = opened.engine.search(replace(request, match=understood.any, wanted=understood.wanted))
            if loose.total:
                tree, relaxed, response = understood.any, True, loose
        hits = tuple(opened.hits(response.hits, tree))
        return Results(
            query,
            str(tree),
            response.total,
            hits,
            _as_asked(options.facets, response),
            relaxed,
            understood.notes,
            response.documents,
            round((time.perf_counter() - started) * 1000, 3),
        )

    def measures(
        self,
        query: str,
        options: MeasureOptions | None = None,
        /,
        *,
        where: Mapping[str, Value] | None = None,
        **arguments: object,
    ) -> MeasureResults:
        """Find the figures that answer a query, best first; `*` finds all.

        Keyword arguments are the fields of `MeasureOptions` and filters, as in `search`.
        Raises what `search` raises, and UsageError for what is no quantity.
        """
        started = time.perf_counter()
        opened = self._opened
        options, by_facet = read_options(options or MeasureOptions(), arguments)
        ranking = opened.ranking(query, options, opened.filters(by_facet, where))
        hits = tuple(ranking.hits(options.offset, options.limit, opened.analyzer))
        took = round((time.perf_counter() - started) * 1000, 3)
        return MeasureResults(
            query, str(ranking.tree), ranking.total, hits, ranking.is_relaxed, ranking.query.notes, took
        )

    def ranked_measures(self, query: str, *, where: Mapping[str, Value] | None = None, **arguments: object) -> Ranking:
        """The same without snippets, for whoever looks at many: pages of figures with their scores, found once.

        Keyword arguments are those of `measures` but `offset` and `limit`.
        """
        opened = self._opened
        options, by_facet = read_options(MeasureOptions(), arguments)
        return opened.ranking(query, options, opened.filters(by_facet, where))

    def every_measure(self, *, where: Mapping[str, Value] | None = None, **filters: Value) -> Iterator[Measure]:
        """Measures in corpus order, by their place in a paragraph. Filters as in `search`."""
        opened = self._opened
        figures = opened.engine.figures(FigureRequest(Everything(), filters=opened.filters(filters, where)))
        for start in range(0, len(figures.scores), _FETCHED):
            yield from figures.fetch(range(start, min(start + _FETCHED, len(figures.scores))))

    def measures_of(self, paragraph_ids: Sequence[str]) -> list[tuple[Measure, ...]]:
        """The measures of each of these paragraphs by their place in it; none for an id that is unknown."""
        return self._engine.measures(paragraph_ids)

    def paragraph(self, paragraph_id: str) -> Paragraph | None:
        """The paragraph with that id, or None."""
        return self._engine.paragraph(paragraph_id)

    def document(self, document_id: str) -> Document | None:
        """The document with that id, or None."""
        return next((document for document in self._engine.documents() if document.document == document_id), None)

    def documents(self, *, where: Mapping[str, Value] | None = None, **filters: Value) -> Iterator[Document]:
        """Documents in corpus order. Filters as in `search`; a document passes when one of its paragraphs does."""
        opened = self._opened
        chosen = opened.filters(filters, where)
        if not chosen:
            return opened.engine.documents()
        names = {paragraph.document for paragraph in opened.engine.paragraphs(chosen)}
        return (document for document in opened.engine.documents() if document.document in names)

    def paragraphs(self, *, where: Mapping[str, Value] | None = None, **filters: Value) -> Iterator[Paragraph]:
        """Paragraphs in corpus order. Filters as in `search`."""
        opened = self._opened
        return opened.engine.paragraphs(opened.filters(filters, where))

    def facets(
        self, names: Sequence[str] = (), *, where: Mapping[str, Value] | None = None, **filters: Value
    ) -> dict[str, FacetCounts]:
        """All values of facets (of all facets but document, when none is named) with their numbers of paragraphs."""
        opened = self._opened
        asked = tuple(names) or tuple(name for name in opened.facet_names if name != "document")
        chosen, facets = opened.filters(filters, where), opened.facets(asked)
        request = Request(Everything(), filters=chosen, facets=facets, most_values=None, limit=0)
        return _as_asked(asked, opened.engine.search(request))

    @property
    def facet_names(self) -> tuple[str, ...]:
        """Names of all facets: the built-in ones, then the user's own."""
        return self._opened.facet_names

    @property
    def manifest(self) -> Manifest:
        """What the index is and what it was made with."""
        return self._opened.manifest

    @property
    def analyzer(self) -> Analyzer:
        """The analyzer that the index was built with. Raises IndexStale when this searchkit has another one."""
        return self._opened.analyzer

    def problems(self) -> list[dict[str, str]]:
        """What the build could not read: `path` and `reason` of each."""
        return [{"path": item["path"], "reason": item["reason"]} for item in self._opened.extras["problems"]]

    def check(self) -> None:
        """Verify every checksum and every invariant. Raises IndexDamaged at the first that fails.

        If a build replaces the index meanwhile, moves on and verifies the new one.
        """
        for _ in range(_OPENINGS):
            opened = self._opened
            try:
                opened.check()
            except IndexDamaged:
                if not self.refresh():
                    raise
            else:
                return

    def filters(self, filters: Mapping[str, Value], where: Mapping[str, Value] | None = None) -> tuple[Filter, ...]:
        """Filters of names and values. Raises UnknownFacet, and UsageError for a bad year."""
        return self._opened.filters(filters, where)

    @property
    def _engine(self) -> Engine:
        return self._opened.engine


def hit_to_json(hit: Hit, *, with_measures: bool = True) -> dict[str, object]:
    """A hit as a JSON object: id, score, snippet and spans, then the fields of the paragraph and its measures."""
    paragraph = to_json(hit.paragraph)
    first = {
        "id": hit.id,
        "score": round(hit.score, 6),
        "snippet": hit.snippet,
        "spans": [list(span) for span in hit.spans],
        "snippet_start": hit.window.start,
    }
    if hit.explanation is not None:
        words = {term: round(value, 6) for term, value in hit.explanation.words.items()}
        first["explanation"] = {
            "words": words,
            "bigrams": round(hit.explanation.bigrams, 6),
            "characters": round(hit.explanation.characters, 6),
        }
    measures = {"measures": list(map(own_fields, hit.measures))} if with_measures else {}
    return {**first, **{name: value for name, value in paragraph.items() if name != "id"}, **measures}


def results_to_json(results: Results) -> dict[str, object]:
    """Results as the JSON object of `search --format json`."""
    out: dict[str, object] = {
        "query": results.query,
        "understood": results.understood,
        "total": results.total,
        "relaxed": results.relaxed,
        "notes": list(results.notes),
        "took_ms": results.took_ms,
    }
    hits = [hit_to_json(hit) for hit in results.hits]
    if results.documents is not None:
        out["documents"] = results.documents
        hits = [{**shown, "matches": hit.matches} for shown, hit in zip(hits, results.hits, strict=True)]
    return {**out, "hits": hits, "facets": {name: facet_to_json(counts) for name, counts in results.facets.items()}}


def facet_to_json(counts: FacetCounts) -> dict[str, object]:
    """Facet counts as a JSON object."""
    values = [{"value": item.value, "count": item.count, "selected": item.selected} for item in counts.values]
    return {"values": values, "missing": counts.missing, "other": counts.other}


def _counted(held: tuple[int, int, int]) -> str:
    return "{} documents, {} paragraphs, {} measures".format(*held)


def _as_asked(names: Sequence[str], response: Response) -> dict[str, FacetCounts]:
    return {name: response.facets[name] for name in names}
