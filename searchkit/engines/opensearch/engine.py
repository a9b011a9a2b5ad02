"""The engine: turns requests into responses. One object answers from one state of an index on a cluster."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from searchkit.engines.contract import (
    MAX_FOLDED_IDS,
    NOTHING_FOLDED,
    Folded,
    MeasureColumns,
    MeasureRequest,
    Request,
    Response,
    ScoredParagraph,
    Vocabulary,
    decoding,
)
from searchkit.engines.opensearch.cluster import Buckets, Cluster
from searchkit.engines.opensearch.columns import (
    DOCUMENTS_FILE,
    MEASURES_FILE,
    Documents,
    Measures,
    checksum_of,
    unpack_documents,
    unpack_measures,
)
from searchkit.engines.opensearch.faceting import FacetCounting
from searchkit.engines.opensearch.lookup import MeasureLookup
from searchkit.engines.opensearch.mapping import StoredRecord, doc_id_of
from searchkit.engines.opensearch.matching import NOTHING, PARAGRAPHS, all_of, any_of, named, to_query
from searchkit.engines.opensearch.ranking import RankedHit, Ranking, Statistics
from searchkit.engines.opensearch.records import extracted_measures, measures_of, paragraph_of, parse_record
from searchkit.engines.ranking import weighted_sum
from searchkit.errors import IndexDamaged, IndexForeign
from searchkit.model import Document, Measure, Paragraph, Table, table_from_json
from searchkit.query.facets import Filter

Json = dict[str, Any]
_Result = TypeVar("_Result")

_loading = Lock()
"""Held while columns are loaded, so that threads load them once. It is a variable of the module, because
`search.forking` looks for locks only there."""

_WORD_FIELDS = ("words.text", "words.heading", "words.title")
"""Fields that together have every term."""
_BATCH_SIZE = 500
"""Maximum number of OpenSearch documents that are loaded at a time, and of hits whose near-duplicates are looked up at
a time. `check` reports its progress whenever it has read as many further paragraphs."""


@dataclass(frozen=True)
class _Plan:
    """A request with its counts and its ranking."""

    request: Request
    counting: FacetCounting
    excluded: Sequence[Json]
    """Queries of the paragraphs that `Request.without` and `Request.unlike` leave out."""
    ranking: Ranking
    total: int
    total_any: int | None
    by_document: Mapping[str, int] | None
    """Number of matches of each document that has a match, None if the request does not count documents."""


class OpenSearchEngine:
    """An open state of an index on a cluster. Loads the columns of documents and measures when they are needed."""

    def __init__(self, folder: Path) -> None:
        """Open the state `folder.name` of the index whose folder is `folder.parent`.

        Raises IndexForeign if that folder has no valid `cluster.json`.
        """
        cluster = Cluster.read(folder.parent)
        if cluster is None:
            raise IndexForeign(f"{folder.parent}: the index is on a cluster, but {folder.parent} does not name it")
        self._folder, self._cluster, self._data = folder, cluster, folder.name

        self._populations: dict[str, Buckets] = {}
        """Facet counts over all paragraphs of the state, which requests share."""
        self._loaded_documents: Documents | None = None
        self._loaded_measures: Measures | None = None

    @property
    def _documents(self) -> Documents:
        with _loading:
            if self._loaded_documents is None:
                content = self._cluster.get_file(self._data, DOCUMENTS_FILE)
                with decoding(self._folder):
                    self._loaded_documents = unpack_documents(content)
            return self._loaded_documents

    @property
    def _measures(self) -> Measures:
        with _loading:
            if self._loaded_measures is None:
                content = self._cluster.get_file(self._data, MEASURES_FILE)
                with decoding(self._folder):
                    self._loaded_measures = unpack_measures(content)
            return self._loaded_measures

    @cached_property
    def _statistics(self) -> Statistics:
        return Statistics(self._cluster, self._data, self._documents)

    def search(self, request: Request) -> Response:
        """Answer a request exactly."""
        plan = self._plan(request)
        return Response(
            plan.total,
            None if plan.by_document is None else len(plan.by_document),
            tuple(islice(self._load_hits(plan), request.limit)),
            plan.counting.count(request, plan.excluded),
            plan.total_any,
        )

    def stream(self, request: Request) -> Iterator[ScoredParagraph]:
        """Yield the hits of `search`. Loads them in pages, but with `by_document` or `fold` all at once."""
        yield from islice(self._load_hits(self._plan(request)), request.limit)

    def _plan(self, request: Request) -> _Plan:
        """Count the matches of a request and, if they are requested, their documents. Prepare the ranking."""
        counting = FacetCounting(self._cluster, self._data, self._documents, self._populations)
        excluded = self._excluded(request, counting)
        filters = [*map(to_query, request.filters)]
        matches = all_of([PARAGRAPHS, to_query(request.match), *filters], excluded)
        total = self._count(matches)
        union, total_any = matches, None
        if request.beyond is not None and total:
            # A hit lists the named queries of OpenSearch that it matches. A hit whose list lacks "match" is a further
            # hit (`Request.beyond`), not a match. The query itself is named, not a copy of it in a further clause,
            # because OpenSearch limits the number of clauses of a search.
            either = any_of([named("match", to_query(request.match)), to_query(request.beyond)])
            union = all_of([PARAGRAPHS, either, *filters], excluded)
            total_any = self._count(union)
        is_counted = request.by_document or request.count_documents
        by_document = (counting.document_counts(matches) if total else {}) if is_counted else None
        ranking = Ranking(self._statistics, request, union, total_any or total)
        return _Plan(request, counting, excluded, ranking, total, total_any, by_document)

    def _load_hits(self, plan: _Plan) -> Iterator[ScoredParagraph]:
        """Yield the hits of a request from its offset on, up to its limit."""
        request = plan.request
        if not plan.total or request.limit == 0:
            return
        ranked = plan.ranking.hits()
        with decoding(self._folder):
            while hits := [*islice(ranked, _BATCH_SIZE)]:
                folded = self._fold(plan.ranking, hits) if request.fold else {}  # by uid: see `mapping.uid_of`
                counts = plan.by_document if request.by_document and plan.by_document else {}
                for hit in hits:
                    yield ScoredParagraph(
                        hit.paragraph,
                        hit.scores.score,
                        counts.get(hit.paragraph.document, 1),
                        hit.scores if request.explain else None,
                        hit.record.own_headings,
                        hit.is_beyond,
                        folded.get(hit.uid, NOTHING_FOLDED),
                        partial(self._decode_measures, hit.record, hit.paragraph),
                    )

    def _decode_measures(self, record: StoredRecord, paragraph: Paragraph) -> tuple[Measure, ...]:
        """Return the measures of a hit. Raises IndexDamaged if they cannot be decoded."""
        with decoding(self._folder):
            return measures_of(record, paragraph)

    def run_together(self, calls: Iterable[Callable[[], _Result]]) -> Iterator[_Result]:
        """Run calls that search this engine, several at a time, and yield their results in order."""
        return self._cluster.run_together(self._data, calls)

    def last_term(self, prefix: str, limit: int) -> str | None:
        """Return the last of the first `limit` terms with a prefix, or None if not more than `limit` terms have it."""
        terms: set[str] = set()
        for field in _WORD_FIELDS:
            values = {
                "terms": {
                    "field": field,
                    "include": _escape_pattern(prefix) + ".*",
                    "order": {"_key": "asc"},
                    "size": limit + 1,
                }
            }
            body = {"query": {"prefix": {field: prefix}}, "size": 0, "aggs": {"terms": values}}
            found = self._cluster.search(self._data, body)["aggregations"]["terms"]["buckets"]
            terms.update(item["key"] for item in found)
        return sorted(terms)[limit - 1] if len(terms) > limit else None

    def measure_columns(self, request: MeasureRequest) -> MeasureColumns:
        """Return all measures that a request selects."""
        lookup = MeasureLookup(self._cluster, self._data, self._measures, self._statistics, self._measures_by_uid)
        return lookup.select(request)

    def paragraph(self, paragraph_id: str) -> Paragraph | None:
        """Return the paragraph with the given id, or None."""
        (source,) = self._cluster.get_sources(self._data, [doc_id_of("p", paragraph_id)])
        if source is None:
            return None
        with decoding(self._folder):
            return paragraph_of(parse_record(source))

    def measures(self, paragraph_ids: Sequence[str]) -> list[tuple[Measure, ...]]:
        """Return the measures of each given paragraph, in the order of the text. An unknown id has no measures."""
        return self._load_measures([doc_id_of("p", paragraph_id) for paragraph_id in paragraph_ids])

    def document(self, document_id: str) -> Document | None:
        """Return the document with the given id, or None."""
        ordinal = self._documents.ordinals.get(document_id)
        return None if ordinal is None else self._documents.document(ordinal)

    def documents(self) -> Iterator[Document]:
        """Yield all documents in corpus order."""
        with decoding(self._folder):
            yield from map(self._documents.document, range(len(self._documents.ids)))

    def paragraphs(self, filters: Sequence[Filter] = ()) -> Iterator[Paragraph]:
        """Yield all paragraphs that the filters admit, in corpus order."""
        query = all_of([PARAGRAPHS, *map(to_query, filters)])
        for hit in self._cluster.scan(self._data, query, source=["record"]):
            with decoding(self._folder):
                paragraph = paragraph_of(parse_record(hit["_source"]))
            yield paragraph

    def tables(self, filters: Sequence[Filter] = ()) -> Iterator[Table]:
        """Yield all tables with at least one row whose paragraph the filters admit, with all rows, in corpus order."""
        found = self._documents
        names = [name for name, has_tables in zip(found.ids, found.with_tables, strict=True) if has_tables]
        for start in range(0, len(names), _BATCH_SIZE):
            batch = names[start : start + _BATCH_SIZE]
            admitted = set(self._rows(batch, filters)) if filters else None
            sources = self._cluster.get_sources(self._data, [doc_id_of("d", name) for name in batch])
            with decoding(self._folder):
                tables = [table_from_json(data) for source in sources for data in _tables_in(source)]
            for table in tables:
                if admitted is None or any((table.document, n) in admitted for n in table.paragraphs):
                    yield table

    def _rows(self, documents: Sequence[str], filters: Sequence[Filter]) -> Iterator[tuple[str, int]]:
        """Yield, for each paragraph of `documents` that the filters admit, the id of its document and `Paragraph.n`."""
        query = all_of([PARAGRAPHS, {"terms": {"document": [*documents]}}, *map(to_query, filters)])
        for hit in self._cluster.scan(self._data, query, source=["record"]):
            with decoding(self._folder):
                paragraph = parse_record(hit["_source"]).paragraph
            yield paragraph["document"], paragraph["n"]

    def vocabulary(self) -> Vocabulary:
        """Return the words and headings, as in `Vocabulary`. Omits headings above `mapping.MAX_KEYWORD_LENGTH`.

        The field `words.text` has the words of the text of a paragraph, `words.label` the further words of the headings
        and the title that belong to its passage.
        """
        fields = ("words.text", "words.label", "path")
        texts, labels, headings = (
            {value: count for (value,), count in counts.items()}
            for counts in self._cluster.count_buckets(self._data, [(PARAGRAPHS, (field,)) for field in fields])
        )
        words = Counter(texts) + Counter(labels)  # a paragraph has each word in one of the two fields
        chosen = {word: n for word, n in words.items() if len(word) > 1 and not "0" <= word[0] <= "9"}
        return Vocabulary(chosen, headings)

    def check(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Read all paragraphs, documents and tables, and compare the paragraphs with those that the build wrote.

        Compares their number, checksum, number of measures and total length. Raises IndexDamaged.
        """
        paragraphs = checksum = measures = length = 0
        with decoding(self._folder):
            for hit in self._cluster.scan(self._data, PARAGRAPHS):
                record = parse_record(hit["_source"])
                paragraphs, checksum = paragraphs + 1, checksum + checksum_of(hit["_source"])
                measures += len(extracted_measures(record))
                if on_progress is not None and paragraphs % _BATCH_SIZE == 0:
                    on_progress(paragraphs, self._documents.paragraphs)
            body = {"query": PARAGRAPHS, "size": 0, "aggs": {"length": {"sum": {"field": "length"}}}}
            length = int(self._cluster.search(self._data, body)["aggregations"]["length"]["value"])
            for _ in chain(self.documents(), self.tables()):
                pass
        if on_progress is not None:
            on_progress(paragraphs, paragraphs)
        totals = self._documents.lengths
        expected_length = weighted_sum(totals.text, totals.heading, totals.title)
        expected = self._documents.paragraphs, self._documents.checksum, len(self._measures), expected_length
        if (paragraphs, checksum, measures, length) != expected:
            message = "the paragraphs on the cluster are not those of the build"
            raise IndexDamaged(f"{self._folder.parent}: {message}; build it again with: searchkit build --full")

    def close(self) -> None:
        """Do nothing: the client closes its connections when it is freed."""

    def _count(self, query: Json) -> int:
        """Return the number of paragraphs that a query matches."""
        body = {"query": query, "size": 0, "track_total_hits": True}
        return int(self._cluster.search(self._data, body)["hits"]["total"]["value"])

    def _excluded(self, request: Request, counting: FacetCounting) -> list[Json]:
        """Return the queries of the paragraphs that `Request.without` and `Request.unlike` leave out."""
        excluded: list[Json] = []
        if request.without is not None:
            query = all_of([PARAGRAPHS, to_query(request.without)])
            if request.by_document:
                documents = [*counting.document_counts(query)]
                query = {"terms": {"document": documents}} if documents else NOTHING
            excluded.append(query)
        if request.unlike is not None:
            (source,) = self._cluster.get_sources(self._data, [doc_id_of("p", request.unlike)])
            if source is not None:
                key = parse_record(source).key
                excluded.append({"term": {"key": key}} if key else {"term": {"uid": source["uid"]}})
        return excluded

    def _fold(self, ranking: Ranking, hits: Sequence[RankedHit]) -> dict[int, Folded]:
        """Return the near-duplicates of each hit that has a near-duplicate key, by the uid of the hit.

        The uid of a paragraph is a hash of its id (`mapping.uid_of`).
        """
        keys = {hit.uid: hit.record.key for hit in hits if hit.record.key}
        return {uid: Folded(count, ids) for uid, (count, ids) in ranking.folded(keys, MAX_FOLDED_IDS).items()}

    def _measures_by_uid(self, uids: Sequence[int]) -> list[tuple[Measure, ...]]:
        """Return the measures of the paragraphs with the given uids (`mapping.uid_of`)."""
        return self._load_measures([f"p-{uid:016x}" for uid in uids])

    def _load_measures(self, doc_ids: Sequence[str]) -> list[tuple[Measure, ...]]:
        """Return the measures of paragraphs by the ids of their OpenSearch documents."""
        loaded: list[tuple[Measure, ...]] = []
        for start in range(0, len(doc_ids), _BATCH_SIZE):
            sources = self._cluster.get_sources(self._data, doc_ids[start : start + _BATCH_SIZE])
            with decoding(self._folder):
                records = [None if source is None else parse_record(source) for source in sources]
                loaded += [() if record is None else measures_of(record, paragraph_of(record)) for record in records]
        return loaded


def _tables_in(source: Json | None) -> list[Json]:
    """Return the tables in the stored content of a document."""
    tables: list[Json] = json.loads(source["record"])["tables"] if source else []
    return tables


def _escape_pattern(text: str) -> str:
    """Return a pattern of Lucene's regular expressions that matches a text."""
    return "".join(c if c.isalnum() else "\\" + c for c in text)
