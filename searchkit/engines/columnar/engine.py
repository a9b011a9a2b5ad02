"""The columnar engine: pages of hits, measures, and facets, each counted without the filters on itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from searchkit.engines.columnar.arrays import Array, offsets_from_lengths, run_start_mask
from searchkit.engines.columnar.cache import Cache
from searchkit.engines.columnar.docsets import DocSet, difference, union
from searchkit.engines.columnar.faceting import FacetCollector, group_by_first, value_ranks
from searchkit.engines.columnar.measure_collector import MeasureCollector
from searchkit.engines.columnar.reader import IndexReader
from searchkit.engines.columnar.scoring import Scorer
from searchkit.engines.columnar.segment import SegmentReader
from searchkit.engines.columnar.tables import join_parts
from searchkit.engines.contract import (
    EVERYTHING,
    MAX_FOLDED_IDS,
    NOTHING_FOLDED,
    Folded,
    MeasureColumns,
    MeasureContext,
    MeasureRequest,
    Request,
    Response,
    ScoredParagraph,
    Vocabulary,
    decoding,
)
from searchkit.engines.ranking import COMPLETE_BONUS, RESCORE_DEPTH, Explanation
from searchkit.engines.timing import check_time
from searchkit.errors import IndexDamaged
from searchkit.model import Document, Measure, Paragraph, Table
from searchkit.query.facets import Facet, FacetCounts, Filter, selected_values
from searchkit.query.tree import Everything, Node

_Result = TypeVar("_Result")

_MAX_CACHED_POPULATIONS = 64
"""Maximum number of cached results of `_count_population`, which take 8 bytes per value of their facet."""
_MAX_NUMBER_DIGITS = 10
"""Maximum number of digits of a paragraph number, which has 32 bits. `int` refuses thousands of digits."""
_MEASURE_BATCH_SIZE = 32
"""Maximum number of hits whose measures are loaded together."""


class ColumnarEngine:
    """An open index. Thread-safe, because only caches change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with decoding(folder):
            self._reader = IndexReader(folder)
        self._populations: Cache[tuple[Facet, Node, tuple[Filter, ...]], Array] = Cache(_MAX_CACHED_POPULATIONS)

    def search(self, request: Request) -> Response:
        """Answer a request exactly.

        Reads the postings of the words and the bigram lists of the strings of the query. Takes some ns per match.
        """
        selection = self._select(request)
        collector = selection.collector
        facets = self._facets(request, selection.matches, collector)
        # Counting needs no ranking.
        hits = () if request.limit == 0 else tuple(self._hits(request, self._rank(request, selection)))
        is_counted = request.by_document or request.count_documents
        documents = collector.document_count if is_counted else None
        return Response(collector.total, documents, hits, facets, selection.total_any)

    def stream(self, request: Request) -> Iterator[ScoredParagraph]:
        """Yield the hits of `search`. Matches and ranks before the first hit, and loads each hit when it is reached."""
        yield from self._hits(request, self._rank(request, self._select(request)))

    def _select(self, request: Request) -> _Selection:
        """Match the docs of a request, and apply its filters."""
        matcher = self._reader.matcher
        leaves = matcher.leaves()
        matches = self._match(request.match, request, leaves)
        docs = matcher.apply_filters(matches, request.filters)
        collector = FacetCollector(self._reader, docs)
        listed, total_any = docs, None
        if request.beyond is not None and collector.total:
            further = matcher.apply_filters(self._match(request.beyond, request, leaves), request.filters)
            listed = union([docs, further], docs.size)
            total_any = len(listed)
        return _Selection(leaves, matches, docs, collector, listed, total_any)

    def _rank(self, request: Request, selection: _Selection) -> _RankedDocs:
        """Rank the selected docs of a request."""
        docs, last = selection.docs, None
        if request.first is not None:
            last = difference(docs, self._reader.matcher.match(request.first, selection.leaves))
        check_time()
        return _RankedDocs(self._reader, request, selection.listed, docs, last, selection.leaves)

    def run_together(self, calls: Iterable[Callable[[], _Result]]) -> Iterator[_Result]:
        """Run each call when its result is asked for."""
        return (call() for call in calls)

    def last_term(self, prefix: str, limit: int) -> str | None:
        """Return the last of the first `limit` terms with a prefix, or None if not more than `limit` terms have it."""
        return self._reader.terms.last_with(prefix, limit)

    def measure_columns(self, request: MeasureRequest) -> MeasureColumns:
        """Return all measures that a request selects.

        In addition to the time of a search, takes some ns per measure. The first call that selects many measures joins
        the distinct indicators of all segments, which takes some ns per character. If few measures are selected, only
        their indicators are joined.
        """
        collector = MeasureCollector(self._reader, request)

        def fetch(indices: Sequence[int]) -> list[Measure]:
            """Return the measures at the given indices."""
            check_time()
            return collector.measures(indices)

        def contexts(indices: Sequence[int]) -> list[MeasureContext]:
            """Return the contexts of the measures at the given indices."""
            check_time()
            return collector.contexts(indices)

        return MeasureColumns(
            collector.indicators,
            collector.indicator_of,
            collector.attributes,
            collector.attributes_of,
            collector.times,
            collector.time_of,
            collector.is_part,
            collector.reviewed_years,
            collector.scores,
            fetch,
            contexts,
        )

    def paragraph(self, paragraph_id: str) -> Paragraph | None:
        """Return the paragraph with the given id, or None. Searches the ids of all documents."""
        doc_id = self._find(paragraph_id)
        return None if doc_id is None else self._paragraph(doc_id)

    def measures(self, paragraph_ids: Sequence[str]) -> list[tuple[Measure, ...]]:
        """Return the measures of each given paragraph. Searches the ids of all documents once for each document."""
        ranges: dict[str, list[tuple[int, int]]] = {}
        doc_ids = [self._find(paragraph_id, ranges) for paragraph_id in paragraph_ids]
        located = [self._reader.locate(doc_id) for doc_id in doc_ids if doc_id is not None]
        with decoding(self._folder):
            measures = iter(_load_measures([(*place, place[0].paragraph(place[1])) for place in located]))
        return [() if doc_id is None else next(measures) for doc_id in doc_ids]

    def document(self, document_id: str) -> Document | None:
        """Return the document with the given id, or None. Searches the ids of all documents."""
        starts = (start for start, _ in self._doc_ranges(document_id))
        numbers = self._reader.documents_of(np.fromiter(islice(starts, 1), np.int64))
        return self._reader.document(numbers.item()) if len(numbers) else None

    def documents(self) -> Iterator[Document]:
        """Yield all documents in corpus order."""
        reader, last = self._reader, None
        for number in reader.corpus_order.tolist():
            check_time()
            document = reader.document(number)
            if document.document != last:  # a very long document is stored as several consecutive documents
                yield document
            last = document.document

    def paragraphs(self, filters: Sequence[Filter] = ()) -> Iterator[Paragraph]:
        """Yield all paragraphs that the filters admit, in corpus order."""
        reader = self._reader
        doc_ids = reader.matcher.apply_filters(reader.matcher.match(Everything()), filters).ids
        doc_ids = doc_ids[np.argsort(reader.order_keys(doc_ids), kind="stable")]
        for doc_id in doc_ids.tolist():
            check_time()
            yield self._paragraph(doc_id)

    def tables(self, filters: Sequence[Filter] = ()) -> Iterator[Table]:
        """Yield all tables with at least one row whose paragraph the filters admit, in corpus order.

        Takes some ns per table of the index, and decompresses only the tables that it yields.
        """
        reader = self._reader
        tables = reader.tables
        admitted = reader.matcher.apply_filters(reader.matcher.match(Everything()), filters).ids
        is_admitted = admitted.searchsorted(tables.doc) < admitted.searchsorted(tables.doc + tables.row_count)
        starts = np.append(np.flatnonzero(tables.first_row == 0), len(tables.doc))  # a table can have several parts
        for start, end in pairwise(starts.tolist()):
            if is_admitted[start:end].any():
                yield join_parts([reader.table(part) for part in range(start, end)])

    def vocabulary(self) -> Vocabulary:
        """Return all words and headings.

        Takes 50 ns per term of each segment, and some ns per posting of each segment with deleted documents.
        """
        segments = self._reader.segments
        parts: list[tuple[Array, Array, Array]] = []
        headings: dict[str, int] = {}
        for index, segment in enumerate(segments):
            live_documents = self._reader.live_documents(index)
            live_docs = None if live_documents.all() else live_documents[segment.document_of]
            parts.append(segment.postings.word_counts(live_docs))
            for heading, count in segment.heading_counts(live_docs).items():
                headings[heading] = headings.get(heading, 0) + count
        return Vocabulary(_add_word_counts(segments, parts), headings)

    def check(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Read everything. Raises IndexDamaged at the first inconsistency.

        Calls `on_progress` after each segment, with the number of docs checked so far and of all docs.
        """
        done, total = 0, sum(segment.size for segment in self._reader.segments)
        with decoding(self._folder):
            for segment in self._reader.segments:
                problem = segment.find_problem()
                if problem:
                    raise IndexDamaged(f"{segment.path}: {problem}")
                done += segment.size
                if on_progress is not None:
                    on_progress(done, total)
            problem = self._reader.find_problem()
            if problem:
                raise IndexDamaged(f"{self._folder}: {problem}")

    def close(self) -> None:
        """Release files and memory."""
        self.__dict__.pop("_reader", None)

    def _match(self, node: Node, request: Request, leaves: dict[Node, DocSet]) -> DocSet:
        """Return the docs that match a query tree, less those that `Request.without` and `unlike` leave out.

        `leaves`: as for `Matcher.match`.
        """
        reader = self._reader
        docs = reader.matcher.match(node, leaves)
        if request.without is not None:
            excluded = reader.matcher.match(request.without, leaves)
            docs = difference(docs, reader.whole_documents(excluded) if request.by_document else excluded)
        doc_id = None if request.unlike is None else self._find(request.unlike)
        if doc_id is not None:
            key = reader.keys[doc_id : doc_id + 1]
            # 0 means that the paragraph has no near-duplicate key.
            copies = reader.docs_with_keys(key) if key.item() else np.array([doc_id])
            docs = difference(docs, DocSet.of_ids(copies, reader.size))
        return docs

    def _facets(self, request: Request, matches: DocSet, collector: FacetCollector) -> Mapping[str, FacetCounts]:
        """Count the requested facets, each under all filters except those with its name.

        `matches`: the docs that match the query. `collector`: counts the docs that match the query and pass all
        filters.

        For `FacetValue.all_documents`, the documents of the population and of the matches are counted, too. The
        population contains the docs that match `Request.population` and pass the filters under which the facet is
        counted.
        """
        collectors = {request.filters: collector}  # by the filters that the counted docs pass
        populations: dict[tuple[Filter, ...], FacetCollector | None] = {}
        counts = {}
        for facet in request.facets:
            check_time()
            others = tuple(item for item in request.filters if item.name != facet.name)
            if others not in collectors:
                collectors[others] = FacetCollector(self._reader, self._reader.matcher.apply_filters(matches, others))
            selected = selected_values(facet, request.filters)
            if others not in populations:
                populations[others] = self._special_population(request.population, others, collectors[others].docs)
            population = populations[others]
            all_documents = (
                population.count_documents(facet)
                if population
                else self._populations.get((facet, request.population, others), self._count_population)
            )
            counts[str(facet)] = collectors[others].count(facet, selected, request.max_values, all_documents)
        return counts

    def _count_population(self, key: tuple[Facet, Node, tuple[Filter, ...]]) -> Array:
        """Count the documents with each value of a facet among the docs that match a query tree and pass filters.

        `key`: facet, query tree, filters.
        """
        facet, node, filters = key
        docs = self._reader.matcher.apply_filters(self._reader.matcher.match(node), filters)
        return FacetCollector(self._reader, docs).count_documents(facet)

    def _special_population(self, node: Node, filters: tuple[Filter, ...], matches: DocSet) -> FacetCollector | None:
        """Return a collector of the population and the matches together, or None if it is not needed.

        `node`: `Request.population`. `filters`: the filters under which a facet is counted. `matches`: the docs that
        match the query and pass these filters.

        It is not needed if all matches are in the population. Then `_count_population` returns the right counts, which
        are cached.
        """
        if node == EVERYTHING:
            return None
        matcher = self._reader.matcher
        docs = matcher.apply_filters(matcher.match(node), filters)
        is_inside = not len(difference(matches, docs))
        return None if is_inside else FacetCollector(self._reader, union([docs, matches], self._reader.size))

    def _hits(self, request: Request, ranking: _RankedDocs) -> Iterator[ScoredParagraph]:
        """Yield the hits of the requested page of a ranking."""
        page = slice(request.offset, None if request.limit is None else request.offset + request.limit)
        explanations = ranking.explanations(page) if request.explain else {}
        copies = ranking.copies(page) if request.fold else {}
        for number, (doc_id, score, match_count, is_beyond) in enumerate(ranking.page(page)):
            check_time()
            if number % _MEASURE_BATCH_SIZE == 0:
                measures = _MeasureBatch(self._folder)
            segment, local_id = self._reader.locate(doc_id)
            paragraph = segment.paragraph(local_id)
            yield ScoredParagraph(
                paragraph,
                score,
                match_count,
                explanations.get(doc_id),
                segment.own_headings(local_id),
                is_beyond,
                self._folded(copies[doc_id]) if doc_id in copies else NOTHING_FOLDED,
                measures.add(segment, local_id, paragraph),
            )

    def _folded(self, doc_ids: list[int]) -> Folded:
        """Return the near-duplicates of a hit. `doc_ids`: all of them, in corpus order."""
        return Folded(len(doc_ids), tuple(self._paragraph(doc_id).id for doc_id in doc_ids[:MAX_FOLDED_IDS]))

    def _doc_ranges(self, document: str) -> Iterator[tuple[int, int]]:
        """Yield the range of doc ids (first, end) of each part of a document. Only a very long document has several."""
        reader = self._reader
        for index, (segment, base) in enumerate(zip(reader.segments, reader.doc_bases, strict=False)):
            column = segment.column("document")
            code = column.code_of(document)
            if code is not None:
                for number in np.flatnonzero((column.codes == code) & reader.live_documents(index)).tolist():
                    start, end = segment.document_offsets[number : number + 2].tolist()
                    yield base + start, base + end

    def _docs_with_number(self, start: int, end: int, n: int | None) -> Iterator[int]:
        """Yield the docs of a range that have the paragraph number `n`. If `n` is None, yield the first doc.

        The range is one that `_doc_ranges` yields.
        """
        segment, local_start = self._reader.locate(start)
        numbers = segment.docs_array("n")[local_start : local_start + end - start]
        indices = [0] if n is None else np.flatnonzero(numbers == n).tolist()
        return (start + index for index in indices)

    def _find(self, paragraph_id: str, ranges: dict[str, list[tuple[int, int]]] | None = None) -> int | None:
        """Return the doc id of the paragraph with the given id, or None.

        The id is `<document>#<n>`, or the id of a document that is a record, which can also contain `#`. `ranges`: a
        dictionary that several calls share. It stores the results of `_doc_ranges` by document.
        """
        ranges = {} if ranges is None else ranges
        name, _, n = paragraph_id.rpartition("#")
        number_in_id = int(n) if n.isdecimal() and len(n) <= _MAX_NUMBER_DIGITS else None
        for document, number in ((name, number_in_id), (paragraph_id, None)):
            if document not in ranges:
                ranges[document] = list(self._doc_ranges(document))
            for start, end in ranges[document]:
                for doc_id in self._docs_with_number(start, end, number):
                    if self._paragraph(doc_id).id == paragraph_id:
                        return doc_id
        return None

    def _paragraph(self, doc_id: int) -> Paragraph:
        segment, local_id = self._reader.locate(doc_id)
        return segment.paragraph(local_id)


class _MeasureBatch:
    """The measures of some hits. When the measures of one hit are read, they are loaded for all hits added so far.

    Loading the measures of ten hits at once takes half the time of ten calls. Thread-safe.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder of the index, for messages."""
        self._folder = folder
        self._count = 0
        self._pending: dict[int, tuple[SegmentReader, int, Paragraph]] = {}
        self._loaded: dict[int, tuple[Measure, ...]] = {}

    def add(self, segment: SegmentReader, local_id: int, paragraph: Paragraph) -> Callable[[], tuple[Measure, ...]]:
        """Add a hit. Return a function that returns the measures of the hit.

        The function raises IndexDamaged if the measures cannot be decoded.
        """
        number = self._count
        self._count += 1
        self._pending[number] = (segment, local_id, paragraph)
        return partial(self._get, number)

    def _get(self, number: int) -> tuple[Measure, ...]:
        """Return the measures of a hit."""
        if number not in self._loaded:
            pending = self._pending.copy()  # another thread may add hits, or load the same ones
            with decoding(self._folder):
                self._loaded.update(zip(pending, _load_measures(list(pending.values())), strict=True))
            for loaded in pending:
                self._pending.pop(loaded, None)  # releases the files of the index
        return self._loaded[number]


def _load_measures(hits: Sequence[tuple[SegmentReader, int, Paragraph]]) -> list[tuple[Measure, ...]]:
    """Return the measures of each hit. `hits`: for each hit its segment, doc id in the segment, and paragraph."""
    loaded: list[tuple[Measure, ...]] = [()] * len(hits)
    for segment in {segment for segment, *_ in hits}:
        ordinals: list[int] = []
        paragraphs: list[Paragraph] = []
        spans: list[tuple[int, int, int]] = []  # number of a hit, and where its measures are in `ordinals`
        for number, (own_segment, local_id, paragraph) in enumerate(hits):
            if own_segment is segment:
                of_doc = segment.measures.of_doc(local_id)
                spans.append((number, len(ordinals), len(ordinals) + len(of_doc)))
                ordinals += of_doc
                paragraphs += [paragraph] * len(of_doc)
        measures = segment.measures.load(ordinals, paragraphs) if ordinals else []
        for number, start, end in spans:
            loaded[number] = tuple(measures[start:end])
    return loaded


def _add_word_counts(segments: Sequence[SegmentReader], parts: Sequence[tuple[Array, Array, Array]]) -> dict[str, int]:
    """Return the sum of the counts of each word. `parts`: the words of each segment (`SegmentPostings.word_counts`)."""
    if not parts:
        return {}
    term_ords, counts, keys = map(np.concatenate, zip(*parts, strict=True))
    order = np.argsort(keys)
    starts = np.flatnonzero(run_start_mask(keys.take(order)))
    totals = np.add.reduceat(counts.take(order), starts) if len(starts) else counts
    chosen = order.take(starts)  # any of equal words stands for all of them
    bases = offsets_from_lengths([len(part[0]) for part in parts])
    segment_of = bases.searchsorted(chosen, "right") - 1
    words: dict[str, int] = {}
    for index, segment in enumerate(segments):
        is_inside = segment_of == index
        found = segment.postings.decode_terms(term_ords.take(chosen.compress(is_inside)))
        words.update(zip(found, totals.compress(is_inside).tolist(), strict=True))
    return words


class _Selection(NamedTuple):
    """The docs that a request selects."""

    leaves: dict[Node, DocSet]
    """The leaves of the query that were matched, with the docs of each."""
    matches: DocSet
    """The docs that match the query (`Request.match`), whatever the filters."""
    docs: DocSet
    """The docs of `matches` that pass all filters."""
    collector: FacetCollector
    """Counts `docs`."""
    listed: DocSet
    """`docs`, and the docs that match `Request.beyond` and pass all filters."""
    total_any: int | None
    """Number of docs in `listed`. None if the request has no `beyond`, or if `docs` is empty."""


class _RankedDocs:
    """The docs of `_Selection.listed` in the order of `Request.sort`, grouped or folded if requested.

    The best docs are the best by step one of ranking, at most `RESCORE_DEPTH`. In the order of scores, they come first,
    sorted by the scores of both steps. All other docs follow, sorted by the scores of step one. If `Request.sort` is
    empty and hits are not grouped, the other docs are left out if the page contains only best docs.
    """

    def __init__(
        self,
        reader: IndexReader,
        request: Request,
        docs: DocSet,
        matches: DocSet,
        last: DocSet | None,
        leaves: dict[Node, DocSet],
    ) -> None:
        """Rank docs.

        `docs`: `_Selection.listed`. `matches`: the docs of `docs` that match `Request.match`. `last`: the docs of
        `matches` that do not match `Request.first`, and so come last; None if the request has no `first`. `leaves`: the
        leaves that were matched, with the docs of each, for `Matcher.contains`.
        """
        self._reader, self._docs, self._last = reader, docs, last
        self._matches = None if docs is matches else DocSet.of_bitset(matches.bitset)
        self._scorer = Scorer(reader, request.scoring)
        best, word_scores = self._choose_best(docs, matches)
        bigram_scores, character_scores = self._scorer.rescore(best)
        scores = word_scores + bigram_scores
        scores += character_scores
        self._best, self._parts = best, [bigram_scores, character_scores]
        """The best docs, and the parts of their scores from step two: bigrams, characters, the bonus if requested."""
        if request.complete is not None:
            bonus = COMPLETE_BONUS * scores * reader.matcher.contains(request.complete, best, leaves)
            self._parts.append(bonus)
            scores += bonus
        scores = self._put_last(best, scores)
        order = reader.rank(best, scores)
        self._doc_ids, self._scores = best.take(order), scores.take(order)
        self._match_counts: Array | None = None
        """Number of matches of the document of each doc, if grouped; otherwise None."""
        # All other docs come after the best docs, so the first doc with a key among the best docs is the first of all.
        first = self._first_with_keys() if request.fold else order
        is_within_best = request.limit is not None and request.offset + request.limit <= len(first)
        if (request.sort or request.by_document or not is_within_best) and len(best) < len(docs):
            self._add_others(docs.ids)
            is_within_best = False
        if request.sort:
            self._sort(request.sort)
        if request.by_document:
            self._group()
        elif request.fold:
            self._take(first if is_within_best and not request.sort else self._first_with_keys())

    def page(self, page: slice) -> Iterator[tuple[int, float, int, bool]]:
        """Yield for each hit of a page its doc id, and the fields score, matches and is_beyond of `ScoredParagraph`."""
        doc_ids, scores = self._doc_ids[page], np.maximum(self._scores[page], 0.0)
        counts = [1] * len(doc_ids) if self._match_counts is None else self._match_counts[page].tolist()
        return zip(doc_ids.tolist(), scores.tolist(), counts, self._is_beyond(doc_ids), strict=True)

    def explanations(self, page: slice) -> dict[int, Explanation]:
        """Return the parts of the score of each hit of a page, by doc id.

        The explanation of a hit that does not match `Request.first` has no parts.
        """
        doc_ids = np.sort(self._doc_ids[page])
        if self._last is not None:
            doc_ids = doc_ids.compress(~self._last.contains(doc_ids))
        word_scores = self._scorer.explain(doc_ids)
        parts = dict(zip(self._best.tolist(), zip(*(part.tolist() for part in self._parts), strict=True), strict=True))
        explanations = {
            doc_id: Explanation(dict(scores), *parts.get(doc_id, ()))
            for doc_id, scores in zip(doc_ids.tolist(), word_scores, strict=True)
        }
        return {doc_id: explanations.get(doc_id, Explanation()) for doc_id in self._doc_ids[page].tolist()}

    def copies(self, page: slice) -> dict[int, list[int]]:
        """Return the docs that are folded under each hit of a page, in corpus order, by the doc id of the hit.

        Hits without folded docs are omitted.

        Finds all docs with the keys of the page (`IndexReader.docs_with_keys`).
        """
        reader, shown = self._reader, self._doc_ids[page]
        keys = reader.keys.take(shown)
        doc_by_key = dict(zip(keys.tolist(), shown.tolist(), strict=True))
        doc_ids = reader.docs_with_keys(keys[keys > 0])
        doc_ids = doc_ids.compress(self._docs.contains(doc_ids) & ~np.isin(doc_ids, shown))
        doc_ids = doc_ids.take(np.argsort(reader.order_keys(doc_ids), kind="stable"))
        copies: dict[int, list[int]] = {}
        for doc_id, key in zip(doc_ids.tolist(), reader.keys.take(doc_ids).tolist(), strict=True):
            copies.setdefault(doc_by_key[key], []).append(doc_id)
        return copies

    def _first_with_keys(self) -> Array:
        """Return the indices of the docs that have no near-duplicate key, or a key that no doc before them has."""
        keys = self._reader.keys.take(self._doc_ids)
        # A doc without a key gets a negative one that no other doc has.
        return group_by_first(np.where(keys == 0, -1 - self._doc_ids, keys))[0]

    def _is_beyond(self, doc_ids: Array) -> list[bool]:
        """Return for each doc whether it only matches `Request.beyond`."""
        return [False] * len(doc_ids) if self._matches is None else (~self._matches.contains(doc_ids)).tolist()

    def _put_last(self, doc_ids: Array, scores: Array) -> Array:
        """Return the scores by which docs are sorted: -1 for the docs of `_last`, which come last.

        A doc that matches `Request.first` can have the score 0. A doc of `_last` with the score 0 could come before it.
        """
        return scores if self._last is None else np.where(self._last.contains(doc_ids), -1.0, scores)

    def _choose_best(self, docs: DocSet, matches: DocSet) -> tuple[Array, Array]:
        """Return the best docs by step one, at most `RESCORE_DEPTH`, and their scores. The doc ids ascend.

        The docs of `_last` have the score 0. They are among the best only if the other docs are too few. If the request
        has `beyond`, it has no `first`, so there is no `_last`.
        """
        if self._matches is not None:
            return self._scorer.best(docs, matches)
        if self._last is None:
            return self._scorer.best(docs)
        best, scores = self._scorer.best(difference(docs, self._last))
        others = self._reader.first(self._last, RESCORE_DEPTH - len(best))
        best, scores = np.concatenate([best, others]), np.concatenate([scores, np.zeros(len(others))])
        order = np.argsort(best)
        return best.take(order), scores.take(order)

    def _add_others(self, doc_ids: Array) -> None:
        """Append the docs that are not among the best, ordered by step one. `doc_ids`: all listed docs, ascending."""
        others = np.delete(doc_ids, doc_ids.searchsorted(self._best))
        scores = self._put_last(others, self._scorer.score(others))
        order = self._reader.rank(others, scores)
        self._doc_ids = np.concatenate([self._doc_ids, others[order]])
        self._scores = np.concatenate([self._scores, scores[order]])

    def _sort(self, keys: Sequence[str]) -> None:
        """Sort the docs by keys (`Request.sort`). Docs with equal keys keep their order."""
        order = np.arange(len(self._doc_ids))
        for key in reversed(keys):
            order = order.take(np.argsort(self._sort_ranks(key).take(order), kind="stable"))
        self._take(order)

    def _sort_ranks(self, key: str) -> Array:
        """Return a number for each doc. Sorting by these numbers, ascending, sorts by a key."""
        if key == "score":  # the docs are in this order already: equal scores get equal numbers
            starts_rank = self._scores[1:] != self._scores[:-1]
            # All other docs follow the best docs, whatever their scores (`Request.sort`).
            starts_rank[len(self._best) - 1 : len(self._best)] = True
            return np.concatenate([[0], starts_rank.cumsum()])
        column = self._reader.facet_column(Facet(key.removeprefix("-")))
        return value_ranks(column, descending=key.startswith("-")).take(column.key_of.take(self._doc_ids))

    def _group(self) -> None:
        """Keep the first doc of each document, and count the matches of the document."""
        first, counts = group_by_first(self._reader.document_numbers(self._doc_ids))
        self._take(first)
        self._match_counts = counts

    def _take(self, indices: Array) -> None:
        """Keep only the docs at the given indices, in the order of the indices."""
        self._doc_ids, self._scores = self._doc_ids[indices], self._scores[indices]
