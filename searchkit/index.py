"""The public class `Index`: search, look-up of measures, comparison and audit of an index.

`IndexState` has all methods that answer from one state of an index. `Index` adds those that open, refresh, verify and
close the index, and `snapshot`, which returns its state.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, TypeVar

from searchkit.engines.opening import LOCAL_ENGINES
from searchkit.engines.timing import time_limit
from searchkit.errors import IndexDamaged, IndexUnusable, UsageError
from searchkit.query.facets import FacetCounts
from searchkit.query.filters import FilterValue
from searchkit.search.options import MeasureOptions, SearchOptions, list_names, read_options
from searchkit.search.records import Records
from searchkit.search.snapshot import MAX_OPEN_ATTEMPTS, Snapshot, open_snapshot

if TYPE_CHECKING:
    from searchkit.compare.audit import Audit
    from searchkit.compare.coverage import Coverage
    from searchkit.compare.table import Comparison
    from searchkit.query.suggester import Completion
    from searchkit.query.understanding import Understanding
    from searchkit.search.conditions import Condition
    from searchkit.search.highlighting import Highlights
    from searchkit.search.lookup import MeasureRanking, MeasureResults
    from searchkit.search.results import Hit, Results


_Result = TypeVar("_Result")

_refreshing = threading.Lock()
"""Held while an index is refreshed. It is a variable of the module, because `search.forking` looks for locks only
there."""


class IndexState(Records):
    """An index in one committed state: builds do not change its answers. `Index.snapshot` returns one. Thread-safe."""

    @property
    def state(self) -> str:
        """A short text that names the state: it differs between builds with different contents.

        The state and the version of searchkit together determine the answers to all queries.
        """
        return self._snapshot.state

    @property
    def verified(self) -> Literal["read", "running", "all", "damaged"]:
        """Which files have been verified since the index was opened.

        read: what queries have read. running: `verify` or `verify_in_background` is at work. all: all files, and they
        are as they were written. damaged: a file is not as it was written.
        """
        return self._snapshot.verified

    @property
    def is_local(self) -> bool:
        """Whether this process computes the answers. Otherwise a cluster computes them, and this process waits."""
        return self.manifest.engine in LOCAL_ENGINES

    def search(
        self,
        query: str,
        options: SearchOptions | None = None,
        /,
        *,
        where: Mapping[str, FilterValue] | None = None,
        **arguments: object,
    ) -> Results:
        """Return the paragraphs that match a query, best first unless the option `sort` names a facet.

        Keyword arguments are the fields of `SearchOptions`, and filters by built-in facets (`district=`, `year=`,
        `of_year=`, `agency=`, `topic=`, `section=`, `doctype=`, `document=`). `where` filters by any facets, and is
        needed for user-defined ones. A paragraph must pass all filters. It passes a filter if it has one of the
        filter's values. Words of the query that name a place, a year, a body, a section or a kind of report filter, too
        (see `understand`).

        Raises UsageError (a bad year, an unknown option or value), UnknownFacet, TimedOut, IndexStale, IndexDamaged,
        IndexClosed, and IndexUnusable if a cluster does not answer.
        """
        from searchkit.search.paragraphs import search_paragraphs  # noqa: PLC0415 - not loaded by other commands

        snapshot = self._snapshot
        chosen, filters = read_options(options or SearchOptions(), arguments)
        with time_limit(chosen.timeout):
            return search_paragraphs(snapshot, query, chosen, snapshot.resolve(filters, where))

    def every_hit(
        self,
        query: str,
        options: SearchOptions | None = None,
        /,
        *,
        where: Mapping[str, FilterValue] | None = None,
        **arguments: object,
    ) -> Iterator[Hit]:
        """Return an iterator of all hits of a search, in its order, however many there are.

        Arguments as in `search`. The options `limit` and `facets` are ignored; the hits begin at `offset` or `after`.
        With `beyond=False`, the hits end at the last paragraph that counts in the total. The iterator ranks all matches
        once, and most engines load hits when they are reached. `timeout` limits this call, not the iteration. Raises
        the exceptions of `search`.
        """
        from searchkit.search.paragraphs import stream_paragraphs  # noqa: PLC0415 - not loaded by other commands

        snapshot = self._snapshot
        chosen, filters = read_options(options or SearchOptions(), arguments)
        with time_limit(chosen.timeout):
            return stream_paragraphs(snapshot, query, chosen, snapshot.resolve(filters, where))

    def run_together(self, calls: Iterable[Callable[[], _Result]]) -> Iterator[_Result]:
        """Run functions without arguments that search this index, and yield their results in order.

        On a cluster, several run at a time in threads, and their searches are sent together: many queries take less
        time than one after the other. Elsewhere, each runs when its result is asked for. The results are the same.
        Raises the exception of a function in place of its result.
        """
        with self._snapshot.use_engine() as engine:
            yield from engine.run_together(calls)

    def similar(
        self,
        paragraph_id: str,
        options: SearchOptions | None = None,
        /,
        *,
        where: Mapping[str, FilterValue] | None = None,
        **arguments: object,
    ) -> Results:
        """Return paragraphs like the one with the given id, which can be the end of an id (`resolve_id`), best first.

        The results have some of the words that distinguish the given paragraph, and are ranked like those of a search
        for these words. The paragraphs of its document and its near-duplicates (`SearchOptions.fold`) are left out.
        Keyword arguments as in `search`, but `match`, `beyond` and `literal` have no effect. `Results.query` is the
        full id.

        Raises UsageError if there is no such paragraph, and the exceptions of `search`.
        """
        from searchkit.search.paragraphs import search_similar  # noqa: PLC0415 - not loaded by other commands

        snapshot = self._snapshot
        chosen, filters = read_options(options or SearchOptions(), arguments)
        with time_limit(chosen.timeout):
            return search_similar(snapshot, paragraph_id, chosen, snapshot.resolve(filters, where))

    def suggest(self, prefix: str, *, limit: int | None = 10) -> tuple[Completion, ...]:
        """Return the facet values, words and headings of the index that begin with a prefix.

        `prefix` is compared with texts, with pinyin (binhai) and with initials (bhxq). Facet values come first, then
        words, then headings; each group begins with its most frequent ones. If there are more than `limit`, the groups
        take turns in contributing one. `limit=None` returns all. Only the most frequent values, words and headings of
        an index are suggested. Raises UsageError, IndexDamaged.
        """
        return self._snapshot.suggest(prefix, limit)

    def measures(
        self,
        query: str,
        options: MeasureOptions | None = None,
        /,
        *,
        where: Mapping[str, FilterValue] | None = None,
        **arguments: object,
    ) -> MeasureResults:
        """Return the measures that match a query, best first. `*` matches all measures.

        Keyword arguments are the fields of `MeasureOptions`, and filters as in `search`. But `of_year`, in the query
        too, is the year of the measure itself or, if it has none, of its report. Raises the exceptions of `search`, and
        UsageError for an invalid quantity or status.
        """
        from searchkit.search.measures import search_measures  # noqa: PLC0415 - not loaded by searches

        snapshot = self._snapshot
        chosen, filters = read_options(options or MeasureOptions(), arguments)
        with time_limit(chosen.timeout):
            return search_measures(snapshot, query, chosen, snapshot.resolve(filters, where))

    def understand(self, query: str, *, literal: bool | str | Sequence[str] = False) -> Understanding:
        """Return how `search` understands a query: its words and other parts, the filters in its words, and messages.

        `literal`: as in `SearchOptions`. Raises UsageError for an invalid `literal`, and IndexStale.
        """
        from searchkit.query.understanding import describe_query  # noqa: PLC0415 - not loaded by most searches

        return describe_query(query, self._snapshot.parse_query(query, literal))

    def conditions(
        self,
        query: str,
        options: SearchOptions | None = None,
        /,
        *,
        where: Mapping[str, FilterValue] | None = None,
        **arguments: object,
    ) -> tuple[Condition, ...]:
        """Return the conditions of a search: the parts of its query and its filters.

        Each has two numbers of paragraphs: what it finds alone, and what the search finds without it. The numbers show
        which condition to drop after a search that found nothing, or only paragraphs with some words. Arguments as in
        `search`. Of the options, only `match`, `literal` and `timeout` have an effect. Raises the exceptions of
        `search`.
        """
        from searchkit.search.conditions import list_conditions  # noqa: PLC0415 - not loaded by searches

        snapshot = self._snapshot
        chosen, filters = read_options(options or SearchOptions(), arguments)
        with time_limit(chosen.timeout):
            return list_conditions(snapshot, query, chosen, snapshot.filters(filters, where))

    def highlight(self, query: str, *, literal: bool | str | Sequence[str] = False) -> Highlights:
        """Return an object that finds the matches of a query in any text or paragraph: `highlight("立案").spans(text)`.

        `literal`: as in `SearchOptions`. Raises UsageError for an invalid `literal`, and IndexStale.
        """
        from searchkit.search.highlighting import Highlights  # noqa: PLC0415 - not loaded by searches

        return Highlights(self._snapshot.parse_query(query, literal), self._snapshot.analyzer)

    def compare(  # noqa: PLR0913 - the options of the command
        self,
        query: str,
        *,
        rows: str = "district",
        cols: str = "of_year",
        against: str | None = None,
        max_cells: int | None = None,
        timeout: float | None = None,
        where: Mapping[str, FilterValue] | None = None,
        **arguments: object,
    ) -> Comparison:
        """Choose the indicator that answers the query best in most reports, and tabulate its values by two facets.

        Keyword arguments are those of `measures`; `limit` and `offset` are ignored. A facet can be `district:1`, for
        provinces. `status` selects the values of the cells, actual ones by default. `against` is the status (target)
        of values to show beside them. `max_cells` is the maximum number of cells. If there are more, rows with few
        values are left out, and also the first columns if a single row has too many cells; a note says how many. Raises
        UsageError if rows and columns are the same facet or the query names nothing that is counted, and the exceptions
        of `measures`.
        """
        from searchkit.compare.comparison import compare_snapshot  # noqa: PLC0415 - not loaded by searches

        snapshot = self._snapshot
        if max_cells is not None and (type(max_cells) is not int or max_cells < 1):
            raise UsageError(f"max_cells must be a whole number, 1 or more, not {max_cells!r}")
        with time_limit(timeout), snapshot.use_engine():
            table = compare_snapshot(snapshot, query, rows=rows, cols=cols, against=against, where=where, **arguments)
        return table if max_cells is None else table.limited(max_cells)

    def audit(
        self,
        *,
        timeout: float | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        where: Mapping[str, FilterValue] | None = None,
        **filters: FilterValue,
    ) -> Audit:
        """Find the statements that contradict or repeat each other. Filters and `timeout` as in `measures`.

        The result has the number of findings of each kind, and yields the findings by kind. `on_progress` is called
        with the number of measures read so far and the number of all measures.
        """
        from searchkit.compare.audit import audit_snapshot  # noqa: PLC0415 - not loaded by searches

        snapshot = self._snapshot
        with time_limit(timeout):
            return audit_snapshot(snapshot, snapshot.filters(filters, where), on_progress)

    def ranked_measures(
        self, query: str, *, where: Mapping[str, FilterValue] | None = None, **arguments: object
    ) -> MeasureRanking:
        """Look up measures as `measures` does, and return their ranking, which returns any page of them.

        Keyword arguments are those of `measures`; `limit` and `offset` are ignored.
        """
        from searchkit.search.measures import rank_query  # noqa: PLC0415 - not loaded by searches

        snapshot = self._snapshot
        options, filters = read_options(MeasureOptions(), arguments)
        with time_limit(options.timeout):
            return rank_query(snapshot, query, options, snapshot.filters(filters, where))

    def facets(  # noqa: PLR0913 - the conditions of the command
        self,
        names: str | Sequence[str] = (),
        *,
        query: str | None = None,
        contains: str | None = None,
        within: str | None = None,
        limit: int | None = None,
        literal: bool | str | Sequence[str] = False,
        where: Mapping[str, FilterValue] | None = None,
        **filters: FilterValue,
    ) -> Mapping[str, FacetCounts]:
        """Return the counts of the values of facets, by name. Filters as in `search`.

        `names`: a name of a facet or several, or `district:DEPTH` for regions of one depth. Without names, counts all
        facets except document. With `query`, counts the paragraphs in the total of a search for it; `literal` as in
        `SearchOptions`.

        By default, all values are listed. `contains` lists only values that contain this text. `within` lists only
        values inside this place, and is for `district:DEPTH`. `limit` lists only the most frequent values, and those of
        filters. Raises UnknownFacet, and UsageError for an invalid condition.
        """
        from searchkit.search.counting import Selection, count_facets  # noqa: PLC0415 - not loaded by searches

        snapshot, selection = self._snapshot, Selection(contains, within, limit)
        return count_facets(snapshot, list_names(names), snapshot.filters(filters, where), selection, query, literal)

    def coverage(
        self,
        rows: str = "district",
        cols: str = "year",
        *,
        query: str | None = None,
        literal: bool | str | Sequence[str] = False,
        where: Mapping[str, FilterValue] | None = None,
        **filters: FilterValue,
    ) -> Coverage:
        """Return the numbers of documents and paragraphs by two facets, also for pairs of values that no report has.

        With `query`, counts the paragraphs in the total of a search for it, and their documents; `literal` as in
        `SearchOptions`. Filters as in `search`; filters by the facets of rows and columns apply, too. Raises UsageError
        if the facets are the same, or have too many values, and the exceptions of `facets`.
        """
        from searchkit.compare.coverage import cover_snapshot  # noqa: PLC0415 - not loaded by searches

        snapshot = self._snapshot
        return cover_snapshot(snapshot, rows, cols, snapshot.filters(filters, where), query, literal)

    def measure_names(self, name: str) -> tuple[str, ...]:
        """Return the names that mean the same measure as `name`, folded: gdp, 地区生产总值 and others for GDP.

        The names are those of the list in the index. Words of place, time, addition and change are left out: the result
        for GDP增长 is that for GDP. If the list does not have the name, returns the name alone. Raises UsageError if
        `name` is not a text.
        """
        if not isinstance(name, str):
            raise UsageError(f"a name is a text, not {name!r}")
        names = self._snapshot.names
        return names.names(names.parse(name))

    def info(self) -> dict[str, object]:
        """Return what the index contains and how it was built: the fields of `info --format json`.

        The fields `settings` and `problems` are left out. `bytes` is the size of the files of the index, `table_rows`
        shows how the text of a row of a table is made, and `verified` is the property.
        """
        from searchkit.corpus.tables.grid import ROW_PATTERN  # noqa: PLC0415 - not loaded by searches

        snapshot = self._snapshot
        manifest = snapshot.manifest
        return {
            "index": str(snapshot.path),
            "engine": manifest.engine,
            "format": manifest.format,
            "built": manifest.built,
            "corpus": manifest.corpus,
            "documents": manifest.documents,
            "paragraphs": manifest.paragraphs,
            "measures": manifest.measures,
            "bytes": sum(size for size, _ in manifest.files.values()),
            "analyzer": manifest.analyzer,
            "facets": list(snapshot.facet_names),
            "table_rows": ROW_PATTERN,
            "verified": self.verified,
        }


class Index(IndexState):
    """An open index. Use it as a context manager, or call `close`. Thread-safe.

    An open index does not see later builds until `refresh` is called.
    """

    def __init__(self, path: str | Path, *, verify: bool = False) -> None:
        """Open the index in the folder `path`. `verify`: read all files now, and verify their checksums.

        Otherwise, the engine columnar verifies what a query reads when it is first read. Raises IndexMissing,
        IndexForeign, IndexDamaged, UsageError, and IndexUnusable if the manifest cannot be read.
        """
        if not isinstance(path, str | Path):
            raise UsageError(f"the folder of an index must be a text or a Path, not {path!r}")
        if not isinstance(verify, bool):
            raise UsageError(f"verify must be true or false, not {verify!r}")
        super().__init__(open_snapshot(Path(path)))
        self._verifies_in_background = False
        if verify:
            self.verify()

    def __enter__(self) -> Index:  # noqa: PYI034 - typing.Self is 3.11
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release files and memory. Queries raise IndexClosed afterwards."""
        self._snapshot.close()

    def refresh(self) -> bool:
        """Switch to the latest build of the index, and return whether there was a newer one.

        If there was none, takes 10 µs, on a cluster one request.

        Calls in other threads finish on the build on which they started. If the latest build cannot be opened, raises
        IndexMissing, IndexForeign or IndexDamaged, and keeps the open build.
        """
        with _refreshing:
            old = self._snapshot
            with suppress(IndexDamaged):  # the index may have been replaced while it was read
                if old.is_latest():
                    return False
            new = open_snapshot(old.path)
            if "analyzer" in vars(old) and new.manifest.analyzer == old.manifest.analyzer:
                new.analyzer = old.analyzer  # the old analyzer may have loaded the dictionary
            if "names" in vars(old) and new.indicators == old.indicators:
                new.names = old.names  # the old object keeps the names that it has parsed
            self._snapshot = new  # the old engine closes its files when no thread uses it any more
            if self._verifies_in_background:
                self._start_verification()
            return True

    def snapshot(self) -> IndexState:
        """Return the index in its current state, for several queries that must agree. Loads nothing.

        The result has all methods that read the index, and `refresh` does not change its answers. When this index is
        closed, queries of the result raise IndexClosed, unless `refresh` has switched to a newer build before.
        """
        return IndexState(self._snapshot)

    def verify(self) -> None:
        """Verify the checksums of all files. Raises IndexDamaged for the first one that does not match.

        If files are missing because a build has replaced the index in the meantime, the index is refreshed and the new
        build is verified. Paragraphs on a cluster are not in files. Only `check` verifies them.
        """
        self._on_latest(Snapshot.verify)

    def check(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Verify all checksums and invariants. Raises IndexDamaged for the first one that is violated.

        If files are missing because a build has replaced the index in the meantime, the index is refreshed and the new
        build is verified. `on_progress` is called with the amount of work done so far and the total amount, in no
        particular unit.
        """
        self._on_latest(lambda snapshot: snapshot.check(on_progress))

    def verify_in_background(self) -> None:
        """Verify the checksums of all files in a thread, now and after each `refresh` to a newer build.

        For long-lived processes. `IndexState.verified` says how far the verification is. Queries verify what they read
        as before.
        """
        self._verifies_in_background = True
        self._start_verification()

    def _start_verification(self) -> None:
        """Verify the present snapshot in a thread, unless it is verified. If it is damaged, `verified` says so."""

        def verify(snapshot: Snapshot) -> None:
            """Verify a snapshot."""
            with suppress(IndexUnusable):
                snapshot.verify()

        if self._snapshot.verified != "all":
            threading.Thread(target=verify, args=(self._snapshot,), daemon=True).start()

    def _on_latest(self, action: Callable[[Snapshot], None]) -> None:
        """Call `action` with the snapshot. If it raises IndexDamaged and there is a newer build, call it with that one.

        Does so for up to `MAX_OPEN_ATTEMPTS` snapshots, and then calls `action` a last time.
        """
        for _ in range(MAX_OPEN_ATTEMPTS):
            snapshot = self._snapshot
            try:
                action(snapshot)
            except IndexDamaged:
                if not self.refresh():
                    raise
            else:
                return
        action(self._snapshot)
