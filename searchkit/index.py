"""An index: search, look-up, comparison and audit under one roof."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from searchkit.errors import IndexDamaged
from searchkit.manifest import Manifest, read_manifest
from searchkit.model import Document, Measure, Paragraph
from searchkit.query.facets import FacetCounts, Filter
from searchkit.query.filters import Value
from searchkit.search.lookup import MeasureResults, Ranking
from searchkit.search.options import MeasureOptions, SearchOptions, read_options
from searchkit.search.results import Results
from searchkit.search.snapshot import MAX_OPENINGS, open_snapshot
from searchkit.text.analyzer import Analyzer

if TYPE_CHECKING:
    from searchkit.compare.audit import Finding
    from searchkit.compare.comparison import Comparison


class Index:
    """An open index. Use it as a context manager, or `close` it. Safe for many threads.

    It stays as it was when it was opened, whatever is built meanwhile; `refresh` moves it on.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the index in the folder `path`. Raises IndexMissing, IndexForeign, IndexDamaged."""
        self._snapshot = open_snapshot(Path(path))
        self._refreshing = threading.Lock()

    def __enter__(self) -> Index:  # noqa: PYI034 - typing.Self is 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back files and memory."""
        self._snapshot.close()

    def refresh(self) -> bool:
        """Move on to the newest state of the index. Returns whether there was a newer one; if not, it costs 0.2 ms.

        What other threads are doing ends with the state that it began with. Raises what opening raises; then this
        index stays as it is.
        """
        with self._refreshing:
            old = self._snapshot
            with suppress(IndexDamaged):  # perhaps replaced while it was read
                if read_manifest(old.path) == old.manifest:
                    return False
            new = open_snapshot(old.path)
            if "analyzer" in vars(old) and new.manifest.analyzer == old.manifest.analyzer:
                new.analyzer = old.analyzer  # with the dictionary that it has loaded
            self._snapshot = new  # the old engine gives its files back when the last thread is done with it
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
        snapshot = self._snapshot
        chosen, by_facet = read_options(options or SearchOptions(), arguments)
        return snapshot.search(query, chosen, snapshot.filters(by_facet, where))

    def measures(
        self,
        query: str,
        options: MeasureOptions | None = None,
        /,
        *,
        where: Mapping[str, Value] | None = None,
        **arguments: object,
    ) -> MeasureResults:
        """Find the measures that answer a query, best first; `*` finds all.

        Keyword arguments are the fields of `MeasureOptions` and filters, as in `search`.
        Raises what `search` raises, and UsageError for what is no quantity.
        """
        snapshot = self._snapshot
        chosen, by_facet = read_options(options or MeasureOptions(), arguments)
        return snapshot.measures(query, chosen, snapshot.filters(by_facet, where))

    def compare(
        self,
        query: str,
        *,
        rows: str = "district",
        cols: str = "year",
        where: Mapping[str, Value] | None = None,
        **arguments: object,
    ) -> Comparison:
        """Find the measure that answers the query in most reports, and lay its measures out by two facets.

        Keyword arguments are those of `measures` but `limit` and `offset`. Raises UsageError (rows and columns by the
        same facet), UnknownFacet, and what `measures` raises.
        """
        from searchkit.compare.comparison import compare  # noqa: PLC0415 - not loaded by searches

        with self._snapshot.using_engine():
            return compare(self._snapshot, query, rows=rows, cols=cols, where=where, **arguments)

    def audit(self, *, where: Mapping[str, Value] | None = None, **filters: Value) -> Iterator[Finding]:
        """Find measures that contradict each other, document by document. Filters as in `search`."""
        from searchkit.compare.audit import audit_snapshot  # noqa: PLC0415 - not loaded by searches

        return audit_snapshot(self._snapshot, self._snapshot.filters(filters, where))

    def ranked_measures(self, query: str, *, where: Mapping[str, Value] | None = None, **arguments: object) -> Ranking:
        """The same without snippets, for whoever looks at many: pages of measures with their scores, found once.

        Keyword arguments are those of `measures` but `offset` and `limit`.
        """
        options, by_facet = read_options(MeasureOptions(), arguments)
        return self._snapshot.ranking(query, options, self._snapshot.filters(by_facet, where))

    def every_measure(self, *, where: Mapping[str, Value] | None = None, **filters: Value) -> Iterator[Measure]:
        """Measures in corpus order, by their place in a paragraph. Filters as in `search`."""
        snapshot = self._snapshot
        return snapshot.every_measure(snapshot.filters(filters, where))

    def measures_of(self, paragraph_ids: Sequence[str]) -> list[tuple[Measure, ...]]:
        """The measures of each of these paragraphs by their place in it; none for an id that is unknown."""
        with self._snapshot.using_engine() as engine:
            return engine.measures(paragraph_ids)

    def paragraph(self, paragraph_id: str) -> Paragraph | None:
        """The paragraph with that id, or None."""
        with self._snapshot.using_engine() as engine:
            return engine.paragraph(paragraph_id)

    def document(self, document_id: str) -> Document | None:
        """The document with that id, or None."""
        return next((item for item in self._snapshot.documents() if item.document == document_id), None)

    def documents(self, *, where: Mapping[str, Value] | None = None, **filters: Value) -> Iterator[Document]:
        """Documents in corpus order. Filters as in `search`; a document passes when one of its paragraphs does."""
        snapshot = self._snapshot
        return snapshot.documents(snapshot.filters(filters, where))

    def paragraphs(self, *, where: Mapping[str, Value] | None = None, **filters: Value) -> Iterator[Paragraph]:
        """Paragraphs in corpus order. Filters as in `search`."""
        snapshot = self._snapshot
        return snapshot.paragraphs(snapshot.filters(filters, where))

    def facets(
        self, names: Sequence[str] = (), *, where: Mapping[str, Value] | None = None, **filters: Value
    ) -> dict[str, FacetCounts]:
        """All values of facets (of all facets but document, when none is named) with their numbers of paragraphs."""
        snapshot = self._snapshot
        return snapshot.facet_counts(names, snapshot.filters(filters, where))

    @property
    def facet_names(self) -> tuple[str, ...]:
        """Names of all facets: the built-in ones, then the user's own."""
        return self._snapshot.facet_names

    @property
    def manifest(self) -> Manifest:
        """What the index is and what it was made with."""
        return self._snapshot.manifest

    @property
    def analyzer(self) -> Analyzer:
        """The analyzer that the index was built with. Raises IndexStale when this searchkit has another one."""
        return self._snapshot.analyzer

    def problems(self) -> list[dict[str, str]]:
        """What the build could not read: `path` and `reason` of each."""
        return [{"path": item["path"], "reason": item["reason"]} for item in self._snapshot.extras["problems"]]

    def check(self) -> None:
        """Verify every checksum and every invariant. Raises IndexDamaged at the first that fails.

        If a build replaces the index meanwhile, moves on and verifies the new one.
        """
        for _ in range(MAX_OPENINGS):
            snapshot = self._snapshot
            try:
                snapshot.check()
            except IndexDamaged:
                if not self.refresh():
                    raise
            else:
                return

    def filters(self, filters: Mapping[str, Value], where: Mapping[str, Value] | None = None) -> tuple[Filter, ...]:
        """Make filters of names and values. Raises UnknownFacet, and UsageError for a bad year."""
        return self._snapshot.filters(filters, where)
