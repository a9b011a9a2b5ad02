"""An index as it was committed, and what it answers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from searchkit.engines.contract import Engine, MeasureRequest, Request, Response, ScoredParagraph
from searchkit.engines.opening import open_engine
from searchkit.errors import IndexClosed, IndexDamaged, IndexStale, SearchkitError, UnknownFacet
from searchkit.manifest import EXTRAS, current_data, diagnosing_damage, read_manifest, read_verified, verify_checksums
from searchkit.model import Document, Measure, Paragraph
from searchkit.query.facets import BUILT_IN, Facet, FacetCounts, Filter
from searchkit.query.filters import Value, read_filters
from searchkit.query.tree import Everything, Node, Query
from searchkit.search.lookup import MeasureResults, Ranking, look_up
from searchkit.search.options import MeasureOptions, SearchOptions, admitted_measures
from searchkit.search.results import Hit, Results
from searchkit.search.snippets import snippet
from searchkit.text.analyzer import Analyzer, Lexicon

MAX_OPENINGS = 10
"""How often an index is opened once more when a build has replaced it meanwhile."""
_FETCHED = 1000
"""Measures that are fetched at a time when all are given."""


class Snapshot:
    """An index as it was committed. It never changes, and neither does what it answers. Safe for many threads."""

    def __init__(self, path: Path) -> None:
        """Open what the manifest names. Raises IndexMissing, IndexForeign, IndexDamaged."""
        self.path = path
        self.manifest = read_manifest(path)
        self._is_closed = False
        with diagnosing_damage(path, self.manifest):
            self._engine = open_engine(self.manifest.engine, path / self.manifest.data)
        # Read now, because a later build may remove the files.
        self.extras = json.loads(read_verified(path, self.manifest, EXTRAS))

    def close(self) -> None:
        """Give back files and memory; nothing is answered any more."""
        self._is_closed = True
        self._engine.close()

    @contextmanager
    def using_engine(self) -> Iterator[Engine]:
        """Read what the engine holds. Raises IndexClosed, IndexDamaged if a file is altered; else whatever happened."""
        try:
            self._check_open()
            with diagnosing_damage(self.path, self.manifest):
                yield self._engine
        except SearchkitError:
            raise
        except Exception:
            self._check_open()  # it may have been closed meanwhile
            raise

    def _check_open(self) -> None:
        if self._is_closed:
            raise IndexClosed(f"{self.path}: the index was closed; open it again to use it")

    def check(self) -> None:
        """Verify every checksum and every invariant. Raises IndexDamaged at the first that fails."""
        verify_checksums(self.path, self.manifest)
        with self.using_engine() as engine:
            engine.check()
            paragraphs = engine.search(Request(Everything(), limit=0)).total
            measures = len(engine.measure_columns(MeasureRequest(Everything())).scores)
            held = sum(1 for _ in engine.documents()), paragraphs, measures
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
        from searchkit.query.parsing import parse  # noqa: PLC0415 - whoosh's parser, needed by searches only

        return parse(query, self.analyzer, self.facet_names)

    def filters(self, filters: Mapping[str, Value], where: Mapping[str, Value] | None) -> tuple[Filter, ...]:
        """Filters of names and values. Raises UnknownFacet, and UsageError for a bad year."""
        return read_filters(filters, where, self._known)

    def ranking(self, query: str, options: MeasureOptions, filters: tuple[Filter, ...]) -> Ranking:
        """All measures that answer a query. Raises UsageError."""
        understood, request = self.understand(query), admitted_measures(options, filters)
        with self.using_engine() as engine:
            return look_up(engine, understood, request, options.match)

    def search(self, query: str, options: SearchOptions, filters: tuple[Filter, ...]) -> Results:
        """Find the paragraphs that answer a query, best first. Raises UnknownFacet, IndexStale, IndexDamaged."""
        started = time.perf_counter()
        request = self._request(options, filters)
        understood = self.understand(query)
        tree, relaxed = understood.any if options.match == "any" else understood.all, False
        with self.using_engine() as engine:
            response = engine.search(replace(request, match=tree, scoring=understood.scoring))
            if not response.total and options.match == "auto" and understood.any != understood.all:
                loose = engine.search(replace(request, match=understood.any, scoring=understood.scoring))
                if loose.total:
                    tree, relaxed, response = understood.any, True, loose
        hits = tuple(self._hits(response.hits, tree))
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

    def measures(self, query: str, options: MeasureOptions, filters: tuple[Filter, ...]) -> MeasureResults:
        """Find the measures that answer a query, best first. Raises UsageError, IndexStale, IndexDamaged."""
        started = time.perf_counter()
        ranking = self.ranking(query, options, filters)
        with self.using_engine():
            hits = tuple(ranking.hits(options.offset, options.limit, self.analyzer))
        took = round((time.perf_counter() - started) * 1000, 3)
        return MeasureResults(
            query, str(ranking.tree), ranking.total, hits, ranking.is_relaxed, ranking.query.notes, took
        )

    def every_measure(self, filters: tuple[Filter, ...]) -> Iterator[Measure]:
        """Give measures in corpus order, by their place in a paragraph."""
        with self.using_engine() as engine:
            measures = engine.measure_columns(MeasureRequest(Everything(), filters=filters))
            for start in range(0, len(measures.scores), _FETCHED):
                yield from measures.fetch(range(start, min(start + _FETCHED, len(measures.scores))))

    def paragraphs(self, filters: tuple[Filter, ...]) -> Iterator[Paragraph]:
        """Give paragraphs in corpus order."""
        with self.using_engine() as engine:
            yield from engine.paragraphs(filters)

    def documents(self, filters: tuple[Filter, ...] = ()) -> Iterator[Document]:
        """Give documents in corpus order; a document passes filters when one of its paragraphs does."""
        with self.using_engine() as engine:
            names = {paragraph.document for paragraph in engine.paragraphs(filters)} if filters else None
            yield from (item for item in engine.documents() if names is None or item.document in names)

    def facet_counts(self, names: Sequence[str], filters: tuple[Filter, ...]) -> dict[str, FacetCounts]:
        """Count all values of facets; of all facets but document, when none is named. Raises UnknownFacet."""
        asked = tuple(names) or tuple(name for name in self.facet_names if name != "document")
        request = Request(Everything(), filters=filters, facets=self._facets(asked), max_values=None, limit=0)
        with self.using_engine() as engine:
            return _as_asked(asked, engine.search(request))

    def _request(self, options: SearchOptions, filters: tuple[Filter, ...]) -> Request:
        """A request for everything, with options and filters. Raises UnknownFacet."""
        if options.sort != "score":
            self._known(options.sort.removeprefix("-"))
        return Request(
            Everything(),
            filters=filters,
            facets=self._facets(options.facets),
            sort=options.sort,
            limit=options.limit,
            offset=options.offset,
            by_document=options.group is not None,
            explain=options.explain,
            with_measures=True,
        )

    def _facets(self, names: Sequence[str]) -> tuple[Facet, ...]:
        """Facets by their names. Raises UnknownFacet."""
        facets = tuple(map(Facet.parse, names))
        for facet in facets:
            self._known(facet.name)
        return facets

    def _hits(self, found: Sequence[ScoredParagraph], tree: Node) -> Iterator[Hit]:
        """Hits with snippets."""
        for item in found:
            window = snippet(item.paragraph.text, tree, self.analyzer)
            yield Hit(item.paragraph, item.score, window, item.matches, item.explanation, item.measures)

    def _known(self, name: str) -> None:
        if name not in self.facet_names:
            raise UnknownFacet(f"no facet {name!r} in {self.path}; there are: {', '.join(self.facet_names)}")


def open_snapshot(path: Path) -> Snapshot:
    """Open an index: the newer one, if a build takes the files of the older one away while that is being opened."""
    for _ in range(MAX_OPENINGS):
        data = current_data(path)
        try:
            return Snapshot(path)
        except Exception:  # whatever it is, a file that has gone can be the cause
            if current_data(path) == data:
                raise
    return Snapshot(path)


def _counted(held: tuple[int, int, int]) -> str:
    return "{} documents, {} paragraphs, {} measures".format(*held)


def _as_asked(names: Sequence[str], response: Response) -> dict[str, FacetCounts]:
    return {name: response.facets[name] for name in names}
