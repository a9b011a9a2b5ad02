"""The open index: answers requests from all segments together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from searchkit.engines.columnar.arrays import Array
from searchkit.engines.columnar.collection import Collection
from searchkit.engines.columnar.docsets import DocSet
from searchkit.engines.columnar.faceting import Tally, by_value, first_of_each
from searchkit.engines.columnar.scoring import Scorer
from searchkit.engines.columnar.selection import Selection
from searchkit.engines.contract import MeasureColumns, MeasureRequest, Request, Response, ScoredParagraph, decoding
from searchkit.engines.ranking import Explanation
from searchkit.errors import IndexDamaged
from searchkit.model import Document, Measure, Paragraph
from searchkit.query.facets import Facet, FacetCounts, Filter, selected_values
from searchkit.query.tree import Everything


class ColumnarEngine:
    """An open index. Safe for many threads: nothing is changed but caches."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with decoding(folder):
            self._collection = Collection(folder)

    def search(self, request: Request) -> Response:
        """Answer a request exactly. Cost: the postings of its words and the lists of its strings, some ns a match."""
        matcher = self._collection.matcher
        found = matcher.match(request.match)
        admitted = matcher.narrow(found, request.filters)
        tally = Tally(self._collection, admitted)
        facets = self._facets(request, found, tally)
        ranking = _Ranking(self._collection, request, admitted, tally.total)
        end = None if request.limit is None else request.offset + request.limit
        hits = tuple(self._hits(request, ranking, slice(request.offset, end)))
        return Response(tally.total, ranking.documents, hits, facets)

    def measure_columns(self, request: MeasureRequest) -> MeasureColumns:
        """All measures that answer a request. Cost: as a search, and some ns a measure; each indicator is read once."""
        selection = Selection(self._collection, request)

        def fetch(numbers: Sequence[int]) -> list[Measure]:
            """The measures of these measures."""
            return selection.measures(numbers)

        def texts(numbers: Sequence[int]) -> list[str]:
            """The texts that these measures stand in."""
            return selection.texts(numbers)

        return MeasureColumns(selection.indicators, selection.indicator_of, selection.scores, fetch, texts)

    def paragraph(self, paragraph_id: str) -> Paragraph | None:
        """The paragraph with that id, or None. Cost: a pass over the bytes of all documents' names."""
        position = self._find(paragraph_id)
        return None if position is None else self._paragraph(position)

    def measures(self, paragraph_ids: Sequence[str]) -> list[tuple[Measure, ...]]:
        """The measures of each of these paragraphs. Cost for each: as `paragraph`."""
        positions = map(self._find, paragraph_ids)
        return [() if i is None else self._measures(i, self._paragraph(i)) for i in positions]

    def documents(self) -> Iterator[Document]:
        """All documents in corpus order, streamed."""
        collection, last = self._collection, None
        for number in collection.corpus_order.tolist():
            document = collection.document(number)
            if document.document != last:  # a very long one is several
                yield document
            last = document.document

    def paragraphs(self, filters: Sequence[Filter] = ()) -> Iterator[Paragraph]:
        """All paragraphs that the filters admit, in corpus order, streamed."""
        collection = self._collection
        positions = collection.matcher.narrow(collection.matcher.match(Everything()), filters).ids
        positions = positions[np.argsort(collection.order_of(positions), kind="stable")]
        for position in positions.tolist():
            yield self._paragraph(position)

    def check(self) -> None:
        """Read everything. Raises IndexDamaged at the first thing that does not fit."""
        with decoding(self._folder):
            for segment in self._collection.segments:
                problem = segment.problem()
                if problem:
                    raise IndexDamaged(f"{segment.path}: {problem}")
            problem = self._collection.problem()
            if problem:
                raise IndexDamaged(f"{self._folder}: {problem}")

    def close(self) -> None:
        """Give back files and memory."""
        self.__dict__.pop("_collection", None)

    def _facets(self, request: Request, found: DocSet, tally: Tally) -> Mapping[str, FacetCounts]:
        tallies = {request.filters: tally}
        counts = {}
        for facet in request.facets:
            others = tuple(item for item in request.filters if item.name != facet.name)
            if others not in tallies:
                tallies[others] = Tally(self._collection, self._collection.matcher.narrow(found, others))
            selected = selected_values(facet, request.filters)
            counts[str(facet)] = tallies[others].count(facet, selected, request.max_values)
        return counts

    def _hits(self, request: Request, ranking: _Ranking, page: slice) -> Iterator[ScoredParagraph]:
        explained = ranking.explanations(page) if request.explain else {}
        for position, score, matches in ranking.page(page):
            paragraph = self._paragraph(position)
            measures = self._measures(position, paragraph) if request.with_measures else ()
            yield ScoredParagraph(paragraph, score, matches, explained.get(position), measures)

    def _parts(self, document: str) -> Iterator[tuple[int, int]]:
        """First and last position + 1 of a document: of one part, or of several for a very long one."""
        collection = self._collection
        for number, (segment, start) in enumerate(zip(collection.segments, collection.starts, strict=False)):
            column = segment.column("document")
            code = column.find(document)
            if code is not None:
                for ordinal in np.flatnonzero((column.codes == code) & collection.live_documents(number)).tolist():
                    first, last = segment.document_at[ordinal : ordinal + 2].tolist()
                    yield start + first, start + last

    def _numbered(self, first: int, last: int, n: int | None) -> Iterator[int]:
        """Positions of the paragraphs of a document with a number; without one, of its first paragraph."""
        segment, place = self._collection.locate(first)
        own = segment.arrays["n"][place : place + last - first]
        places = [0] if n is None else np.flatnonzero(own == n).tolist()
        return (first + place for place in places)

    def _find(self, paragraph_id: str) -> int | None:
        """The position of the paragraph with that id."""
        name, _, n = paragraph_id.rpartition("#")
        for document, number in ((name, int(n) if n.isdecimal() else None), (paragraph_id, None)):
            for first, last in self._parts(document):
                for position in self._numbered(first, last, number):
                    if self._paragraph(position).id == paragraph_id:
                        return position
        return None

    def _measures(self, position: int, paragraph: Paragraph) -> tuple[Measure, ...]:
        segment, place = self._collection.locate(position)
        numbers = segment.measures.of_paragraph(place)
        return tuple(segment.measures.measures(numbers, [paragraph] * len(numbers)))

    def _paragraph(self, position: int) -> Paragraph:
        segment, place = self._collection.locate(position)
        return segment.paragraph(place)


class _Ranking:
    """The matches of a request in their order: the best by both steps of scoring, the others by the first."""

    def __init__(self, collection: Collection, request: Request, found: DocSet, total: int) -> None:
        self._collection = collection
        self._scorer = Scorer(collection, request.scoring)
        best, words = self._scorer.best(found)
        self._best, self._grams = best, self._scorer.rescored(best)
        scores = words + self._grams[0] + self._grams[1]
        order = collection.ranked(best, scores)
        self._positions, self._scores = best[order], scores[order]
        self._matches = np.ones(len(best), np.int64)
        self.documents: int | None = None
        """When grouped: how many documents the matches are in."""
        is_first_page = request.limit is not None and request.offset + request.limit <= len(best)
        if len(best) < total and (request.sort != "score" or request.by_document or not is_first_page):
            self._add_others(found.ids)
        if request.sort != "score":
            self._sort(request.sort)
        if request.by_document:
            self._group()

    def page(self, page: slice) -> Iterator[tuple[int, float, int]]:
        """Position, score and number of matches in the document of each hit of a page."""
        columns = (self._positions, self._scores, self._matches)
        return zip(*(column[page].tolist() for column in columns), strict=True)

    def explanations(self, page: slice) -> dict[int, Explanation]:
        """The parts of the scores of a page, by position."""
        positions = np.sort(self._positions[page])
        words = self._scorer.explained(positions)
        grams = dict(zip(self._best.tolist(), zip(*(part.tolist() for part in self._grams), strict=True), strict=True))
        return {
            position: Explanation(dict(parts), *grams.get(position, (0.0, 0.0)))
            for position, parts in zip(positions.tolist(), words, strict=True)
        }

    def _add_others(self, positions: Array) -> None:
        """Behind the best all other matches, in the order of step one."""
        others = np.delete(positions, positions.searchsorted(self._best))
        scores = self._scorer.all(others)
        order = self._collection.ranked(others, scores)
        self._positions = np.concatenate([self._positions, others[order]])
        self._scores = np.concatenate([self._scores, scores[order]])
        self._matches = np.ones(len(self._positions), np.int64)

    def _sort(self, sort: str) -> None:
        values = self._collection.values(Facet(sort.removeprefix("-")))
        self._take(by_value(values, self._positions, descending=sort.startswith("-")))

    def _group(self) -> None:
        values = self._collection.values(Facet("document"))
        first, counts = first_of_each(values.columns[0].take(values.owner_of.take(self._positions)))
        self._take(first)
        self._matches, self.documents = counts, len(first)

    def _take(self, order: Array) -> None:
        self._positions, self._scores, self._matches = (
            column[order] for column in (self._positions, self._scores, self._matches)
        )
