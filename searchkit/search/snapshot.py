"""One committed state of an index: its files, its engine, the names that queries and filters use, and its records.

The modules `paragraphs` and `measures` search it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from searchkit.engines.contract import Engine, MeasureColumns, MeasureRequest, Request, Response, decoding
from searchkit.engines.directory import diagnose_damage
from searchkit.engines.opening import open_directory, open_engine
from searchkit.engines.timing import check_time
from searchkit.errors import IndexClosed, IndexDamaged, IndexStale, SearchkitError, UnknownFacet, UsageError, quoted
from searchkit.manifest import (
    ALIASES_FILE,
    EXTRAS_FILE,
    PROBLEMS_FILE,
    SUGGESTIONS_FILE,
    verify_content,
)
from searchkit.model import Document, Measure, Note, Paragraph, Table
from searchkit.names import BUILT_IN_FACETS
from searchkit.query.aliases import Aliases
from searchkit.query.facets import Facet, Filter
from searchkit.query.filters import FilterReader, FilterValue, ResolvedFilters, parse_filters
from searchkit.query.tree import Everything, Node, Prefix, Query
from searchkit.search.forking import keep_forks_safe
from searchkit.search.options import parse_literal
from searchkit.text.analyzer import Analyzer, Lexicon
from searchkit.text.characters import remove_invisible

if TYPE_CHECKING:
    from searchkit.query.naming import IndicatorNames
    from searchkit.query.suggester import Completion, Suggester

MAX_OPEN_ATTEMPTS = 10
"""Maximum number of times that an index is opened or verified again because a build replaced it in the meantime."""
YEAR_MEANINGS = ("of_year", "year")
"""Facets that a year in the words of a search may mean. A paragraph passes if one of them has the year."""
MAX_EXPANDED_TERMS = 25_000
"""Maximum number of words that all prefixes of a query match together. Each prefix gets an equal share."""
_MAX_PARSED_QUERIES = 256
"""Maximum number of parsed queries that a snapshot caches. Before it caches one more, it drops all of them."""
_FETCH_SIZE = 1000
"""Number of measures fetched at a time by `every_measure`."""

_CHECK_COST = 20
"""Time of `Snapshot.check` as a multiple of the time of `Snapshot.verify`. An estimate, for the display of progress."""


class Snapshot:
    """An open index in one committed state. Builds do not change its answers. Safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        """Open the data folder that the manifest names.

        Raises IndexMissing, IndexForeign, IndexDamaged, or IndexUnusable if the manifest cannot be opened.
        """
        keep_forks_safe()
        self.path = path
        self._directory = directory = open_directory(path)
        self._identity = directory.identity()  # before the manifest is read: a commit in between is seen by `is_latest`
        self.manifest = directory.read_manifest()
        self._is_closed = False
        self.verified: Literal["read", "running", "all", "damaged"] = "read"
        """What has been verified: `read`, only the parts of the files that were read; `running`, `verify` is reading
        all files; `all`, all files; `damaged`, a file does not match its checksum."""
        with diagnose_damage(directory, self.manifest):
            self._engine = open_engine(self.manifest.engine, path / self.manifest.data)
        # Read or map these files now, because a later build may remove them.
        with decoding(path):
            extras = json.loads(directory.read_file(self.manifest, EXTRAS_FILE))
            self.indicators: Any = extras["indicators"]
            """The list of names of measures that the build has stored, as JSON."""
            self._lexicon = Lexicon(str(extras["words"]), str(extras["synonyms"]))
        self._aliases_data = directory.read_file(self.manifest, ALIASES_FILE)
        self._suggestions_data = directory.map_file(self.manifest, SUGGESTIONS_FILE)
        self._problems_data = directory.map_file(self.manifest, PROBLEMS_FILE)
        self._parsed: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Query] = {}
        """Parsed queries by the arguments of `_parse`: each page of a list of hits is a search for the same query."""

    def is_latest(self) -> bool:
        """Return whether this state is the one that is committed now.

        Compares `Directory.identity`, numbers that differ after each commit, with the numbers from when the index was
        opened. If they are equal, takes some µs. If they differ, or if there are no such numbers, reads the manifest,
        and raises the exceptions of `Directory.read_manifest`.
        """
        identity = self._directory.identity()
        return (identity is not None and identity == self._identity) or self._directory.read_manifest() == self.manifest

    def close(self) -> None:
        """Release files and memory. Every later query raises IndexClosed."""
        self._is_closed = True
        self._engine.close()
        self._suggestions_data.close()
        self._problems_data.close()

    @contextmanager
    def use_engine(self) -> Iterator[Engine]:
        """Yield the engine for a `with` block.

        Raises IndexClosed if the index is closed. An exception of the block propagates, except in two cases:

        (a) A file of the index does not match its checksum. An IndexDamaged that names the file replaces an
        IndexDamaged of the block, and any exception that is not a SearchkitError.
        (b) No checksum fails, but another thread has closed the index. IndexClosed replaces any exception that is not a
        SearchkitError.
        """
        try:
            self._check_open()
            with diagnose_damage(self._directory, self.manifest):
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

    def verify(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Verify the checksums of all files. Raises IndexDamaged for the first one that does not match.

        Takes at least a second per GB. Unlike `check`, does not verify the invariants of the engine. `on_progress` is
        called with the number of bytes read so far, and the number of all bytes.
        """
        self._check_open()
        before, self.verified = self.verified, "running"
        try:
            self._directory.verify(self.manifest, on_progress)
        except IndexDamaged:
            is_replaced = self._directory.current() != self.manifest.data  # a later build removes the old files
            self.verified = "read" if is_replaced else "damaged"
            raise
        except BaseException:
            self.verified = before
            raise
        self.verified = "all"

    def check(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Verify all checksums, the invariants of the engine, and the counts in the manifest.

        `on_progress` is called with the work done so far and the total work, both in the same arbitrary unit. Raises
        IndexDamaged at the first failure.
        """
        report = on_progress or (lambda _done, _total: None)
        self.verify(lambda done, total: report(done, total * _CHECK_COST))

        def report_engine(done: int, total: int) -> None:
            """Report the share of the paragraphs that the engine has checked."""
            size = sum(size for size, _ in self.manifest.files.values())
            report(size + size * (_CHECK_COST - 1) * done // max(total, 1), size * _CHECK_COST)

        with self.use_engine() as engine:
            engine.check(report_engine)
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
        analyzer = Analyzer(self._lexicon)
        if analyzer.fingerprint != self.manifest.analyzer:
            message = (
                f"{self.path} was built with another analyzer ({self.manifest.analyzer}; this searchkit has "
                f"{analyzer.fingerprint}); build it again with: searchkit build CORPUS --index {quoted(self.path)}"
            )
            raise IndexStale(message)
        return analyzer

    @cached_property
    def problems(self) -> dict[str, list[dict[str, str]]]:
        """What the build skipped (`problems`) and `duplicates`, each with path and reason. Read when first needed.

        Raises IndexClosed and IndexDamaged.
        """
        self._check_open()
        data = self._problems_data[:]
        verify_content(data, self.path, self.manifest, PROBLEMS_FILE)
        with decoding(self.path):
            content: dict[str, Any] = json.loads(data)
            problems = [(item["path"], item["reason"]) for item in content["problems"]]
            return {
                name: [{"path": str(path), "reason": str(reason)} for path, reason in items]
                for name, items in (("problems", problems), ("duplicates", content["duplicates"]))
            }

    @cached_property
    def aliases(self) -> Aliases:
        """The names of the facet values."""
        with decoding(self.path):
            return Aliases.from_json(self._aliases_data)

    @cached_property
    def suggester(self) -> Suggester:
        """The words, headings and facet values of the index. The first access verifies the file that has them."""
        from searchkit.query.suggester import Suggester  # noqa: PLC0415 - not loaded by most searches

        verify_content(self._suggestions_data, self.path, self.manifest, SUGGESTIONS_FILE)
        with decoding(self.path):
            return Suggester(self._suggestions_data)

    @cached_property
    def names(self) -> IndicatorNames:
        """Decides which names mean the same measure, by the list that the build has stored."""
        from searchkit.query.naming import IndicatorNames, NameLists  # noqa: PLC0415 - not loaded by searches

        with decoding(self.path):
            return IndicatorNames(NameLists.from_json(self.indicators))

    @cached_property
    def state(self) -> str:
        """A short text that differs between builds with different contents (`Manifest.state`)."""
        return self.manifest.state

    @property
    def facet_names(self) -> tuple[str, ...]:
        """Names of all facets: the built-in ones, then the user-defined ones of the index."""
        return (*BUILT_IN_FACETS, *self.manifest.facets)

    def parse_query(self, query: str, literal: object = False, year_facets: Sequence[str] = YEAR_MEANINGS) -> Query:  # noqa: FBT002 - the option's default
        """Parse a query with the analyzer, the facets and the names of the index. Caches parsed queries.

        `literal`: as in `SearchOptions`. A year in the words of the query becomes a filter: one of `year_facets` must
        have the year. A prefix that matches more than its share of `MAX_EXPANDED_TERMS` words is cut, with a note.
        Raises UsageError if `query` is not a text or `literal` is invalid, and IndexStale.
        """
        if not isinstance(query, str):
            raise UsageError(f"the query must be a text, not {query!r}")
        key = (query, parse_literal(literal), tuple(year_facets))
        parsed = self._parsed.get(key)
        if parsed is None:
            if len(self._parsed) >= _MAX_PARSED_QUERIES:
                self._parsed = {}
            parsed = self._parsed[key] = self._parse(*key)
        return parsed

    def _parse(self, query: str, literal: tuple[str, ...], year_facets: tuple[str, ...]) -> Query:
        """Parse a query. `literal`: the facets for which names of values in the query are read as words."""
        from searchkit.query.parsing import MAX_QUERY_LENGTH, parse  # noqa: PLC0415 - not needed to export records

        if not self.aliases.can_understand(query[:MAX_QUERY_LENGTH]):
            return self._cut_prefixes(parse(query, self.analyzer, self.facet_names, self.filter_reader))
        from searchkit.query.understanding import parse_understood  # noqa: PLC0415 - not needed by most queries

        parsed = parse_understood(
            query,
            self.analyzer,
            self.facet_names,
            self.filter_reader,
            literal=literal,
            year_facets=year_facets,
        )
        return self._cut_prefixes(parsed)

    def _cut_prefixes(self, query: Query) -> Query:
        """Return a query in which each prefix matches at most its share of `MAX_EXPANDED_TERMS` words."""
        prefixes = [clause.node for clause in query.clauses if isinstance(clause.node, Prefix)]
        if not prefixes:
            return query
        limit = MAX_EXPANDED_TERMS // len({prefix.text for prefix in prefixes})
        with self.use_engine() as engine:
            ends = {text: engine.last_term(text, limit) for text in dict.fromkeys(prefix.text for prefix in prefixes)}
        if not any(ends.values()):
            return query
        cut = ", ".join(f"{text}*" for text, last in ends.items() if last)
        limits = f"{MAX_EXPANDED_TERMS:,} words: only the first {limit:,} of each are used for {cut}"
        note = Note("too_many_prefix_words", f"prefixes match at most {limits}")
        query = query.replace_prefixes({prefix: replace(prefix, last=ends[prefix.text]) for prefix in prefixes})
        return replace(query, notes=(*query.notes, note))

    def resolve(self, filters: Mapping[str, FilterValue], where: Mapping[str, FilterValue] | None) -> ResolvedFilters:
        """Return the filters for two mappings of facet names to values, with notes. `where` overrides `filters`.

        Raises UnknownFacet, and UsageError for an invalid value. Also raises UsageError for a value in `filters` that
        the index does not have, if its facet is one of `aliases.NAMED_FACETS`, such as `district`.
        """
        return parse_filters(filters, where, self.check_facet, self.filter_reader)

    @property
    def filter_reader(self) -> FilterReader:
        """Reads the values of filters by the names of the index.

        Each access creates a new reader. A cached reader would be in a reference cycle with the snapshot, which would
        then stay in memory, with its mapped files, until the garbage collector runs.
        """
        return FilterReader(self.aliases, self._has_topic)

    def _has_topic(self, topic: str) -> bool:
        """Return whether any paragraph of the index has a topic."""
        request = Request(Filter("topic", (topic,)), limit=0)
        with self.use_engine() as engine:
            return engine.search(request).total > 0

    def filters(
        self, filters: Mapping[str, FilterValue], where: Mapping[str, FilterValue] | None
    ) -> tuple[Filter, ...]:
        """Return the filters of `resolve` without the notes."""
        return self.resolve(filters, where).filters

    def resolve_id(self, record_id: str) -> str:
        """Return the id of which `record_id` is the end (`complete_id`). An id that exists is returned unchanged.

        Raises UsageError if several documents have this end, or if `record_id` is not a text.
        """
        from searchkit.search.ids import complete_id  # noqa: PLC0415 - not loaded by searches

        if not isinstance(record_id, str):
            raise UsageError(f"an id is a text, not {record_id!r}")
        request = Request(Everything(), facets=(Facet("document"),), max_values=None, limit=0)
        with self.use_engine() as engine:
            if engine.document(record_id) is not None or engine.paragraph(record_id) is not None:
                return record_id
            documents = engine.search(request).facets["document"].values
        return complete_id(record_id, [str(item.value) for item in documents])

    def suggest(self, prefix: str, limit: int | None) -> tuple[Completion, ...]:
        """Return the words, headings and facet values whose text, pinyin or initials begin with a prefix.

        Returns at most `limit` of them unless it is None (`Suggester.complete`), and nothing if the prefix is blank.
        Raises UsageError for an invalid argument, and IndexDamaged.
        """
        from searchkit.text.folding import fold  # noqa: PLC0415 - loads NumPy, which exports do not need

        if not isinstance(prefix, str):
            raise UsageError(f"the prefix must be a text, not {prefix!r}")
        if limit is not None and (type(limit) is not int or limit < 0):
            raise UsageError(f"limit must be a whole number, 0 or more, not {limit!r}")
        text = fold(remove_invisible(prefix)).strip()
        with self.use_engine(), decoding(self.path):
            return tuple(self.suggester.complete(text, limit)) if text else ()

    def measure_columns(self, filters: tuple[Filter, ...], statuses: tuple[str, ...] = ()) -> MeasureColumns:
        """Return the measures that pass the filters and have one of the statuses (empty: any), in corpus order.

        The caller must be in a block of `use_engine` as long as it uses the columns.
        """
        with self.use_engine() as engine:
            return engine.measure_columns(MeasureRequest(Everything(), filters=filters, statuses=statuses))

    def every_measure(self, filters: tuple[Filter, ...], statuses: tuple[str, ...] = ()) -> Iterator[Measure]:
        """Yield the measures of `measure_columns`. The measures of a paragraph are in the order of their quotes."""
        with self.use_engine():
            columns = self.measure_columns(filters, statuses)
            for start in range(0, len(columns.scores), _FETCH_SIZE):
                check_time()
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

    def document(self, document_id: str) -> Document | None:
        """Return the document with the given id, or None."""
        with self.use_engine() as engine:
            return engine.document(document_id)

    def documents(self, filters: tuple[Filter, ...] = ()) -> Iterator[Document]:
        """Yield the documents with at least one paragraph that passes all filters, in corpus order.

        Without filters, yields all documents.
        """
        with self.use_engine() as engine:
            ids = {paragraph.document for paragraph in engine.paragraphs(filters)} if filters else None
            yield from (document for document in engine.documents() if ids is None or document.document in ids)

    def count(self, match: Node, facets: Sequence[Facet] = (), filters: tuple[Filter, ...] = ()) -> Response:
        """Return the number of paragraphs that match a query tree and pass filters, and all values of facets.

        Without facets, also returns the number of documents.
        """
        request = Request(match, (), filters, tuple(facets), max_values=None, limit=0, count_documents=not facets)
        with self.use_engine() as engine:
            return engine.search(request)

    def parse_facets(self, names: Sequence[str]) -> tuple[Facet, ...]:
        """Parse facets such as `year` and `district:1`. Raises UnknownFacet, and UsageError for an invalid depth."""
        facets = tuple(map(Facet.parse, names))
        for facet in facets:
            self.check_facet(facet.name)
        return facets

    def check_facet(self, name: str) -> None:
        """Raise UnknownFacet if the index does not have the facet."""
        if name not in self.facet_names:
            raise UnknownFacet(f"no facet {name!r} in {self.path}; its facets are: {', '.join(self.facet_names)}")


def open_snapshot(path: Path) -> Snapshot:
    """Open an index. If a build replaces the index in the meantime and removes the old files, open the new index.

    Raises the exceptions of `Snapshot`.
    """
    for _ in range(MAX_OPEN_ATTEMPTS):
        data = open_directory(path).current()
        try:
            return Snapshot(path)
        except Exception:  # a file that is removed while it is read can cause any exception
            if open_directory(path).current() == data:
                raise
    return Snapshot(path)


def _format_counts(counts: tuple[int, int, int]) -> str:
    return "{} documents, {} paragraphs, {} measures".format(*counts)
