"""All segments together: totals, scores, order, facets and pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np

from searchkit.engines import Hit, Request, Response
from searchkit.engines.columnar.arrays import Array
from searchkit.engines.columnar.segment import Segment
from searchkit.errors import IndexDamaged, SearchkitError
from searchkit.facets import Facet, FacetCounts, Filter, ordered, selected_values
from searchkit.folding import fold
from searchkit.model import Document, Paragraph
from searchkit.query import Wanted
from searchkit.ranking import (
    K1,
    RESCORED,
    B,
    Explanation,
    count_all_grams,
    count_grams,
    idf,
    saturation,
    wanted_grams,
)


class ColumnarEngine:
    """An open index. Safe for many threads: nothing is changed but caches."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with self._reading():
            self._segments = [Segment(path) for path in sorted(folder.glob("*.segment"))]
        self._starts = np.cumsum([0, *(segment.size for segment in self._segments)])

    def search(self, request: Request) -> Response:
        """Answer a request exactly. Cost: a 64 KB mask for each segment and query part, and the postings touched."""
        with self._reading():
            matched = [segment.match(request.match) for segment in self._segments]
            filters = {item: [segment.admitted(item) for segment in self._segments] for item in request.filters}
            positions = _positions(matched, filters.values())
            filtered = {item.name for item in request.filters}
            facets = {}
            for facet in request.facets:
                others = [masks for item, masks in filters.items() if item.name != facet.name]
                counted = _positions(matched, others) if facet.name in filtered else positions
                facets[str(facet)] = self._count(facet, counted, request)
            return self._respond(request, positions, facets)

    def paragraph(self, paragraph_id: str) -> Paragraph | None:
        """The paragraph with that id, or None. The first call reads the names of all documents."""
        with self._reading():
            name, _, n = paragraph_id.rpartition("#")
            for document, number in ((name, int(n) if n.isdecimal() else None), (paragraph_id, None)):
                for segment, ordinal in self._documents.get(document, ()):
                    position = segment.find(ordinal, number)
                    if position is not None and segment.paragraph(position).id == paragraph_id:
                        return segment.paragraph(position)
            return None

    def documents(self) -> Iterator[Document]:
        """All documents in corpus order."""
        return (places[0][0].documents[places[0][1]] for places in self._documents.values())

    def paragraphs(self, filters: Sequence[Filter] = ()) -> Iterator[Paragraph]:
        """All paragraphs that the filters admit, in corpus order."""
        with self._reading():
            for segment in self._segments:
                yield from (p for p in segment.paragraphs() if all(item.admits(p) for item in filters))

    def check(self) -> None:
        """Read every record and every posting. Raises IndexDamaged at the first thing that does not fit."""
        with self._reading():
            for number, segment in enumerate(self._segments):
                problem = segment.problem()
                if problem:
                    raise IndexDamaged(f"{self._folder}: segment {number}: {problem}")

    def close(self) -> None:
        """Give back files and memory."""
        self._segments = []
        self.__dict__.pop("_documents", None)

    @cached_property
    def _documents(self) -> dict[str, list[tuple[Segment, int]]]:
        """Where each document is: one segment, or several for a very long one."""
        places: dict[str, list[tuple[Segment, int]]] = {}
        with self._reading():
            for segment in self._segments:
                for ordinal, document in enumerate(segment.documents):
                    places.setdefault(document.document, []).append((segment, ordinal))
        return places

    def _count(self, facet: Facet, positions: Sequence[Array], request: Request) -> FacetCounts:
        counts: dict[str, int] = {}
        missing = 0
        for segment, places in zip(self._segments, positions, strict=True):
            part, without = segment.facet_counts(facet, places)
            missing += without
            for value, count in part.items():
                counts[value] = counts.get(value, 0) + count
        return ordered(counts, missing, facet, selected_values(facet, request.filters), request.most_values)

    def _respond(self, request: Request, positions: list[Array], facets: Mapping[str, FacetCounts]) -> Response:
        total = sum(map(len, positions))
        scores, parts = self._scores(request.wanted, positions)
        every = np.concatenate(
            [start + p for start, p in zip(self._starts, positions, strict=False)] or [np.empty(0, int)]
        )
        order = np.lexsort((every, -scores))
        best = [int(i) for i in order[:RESCORED]]
        words = [Explanation({term: float(column[i]) for term, column in parts.items() if column[i]}) for i in best]
        rescored = self._rescore(request.wanted, [int(every[i]) for i in best], words)
        explained = dict(zip(best, rescored, strict=True))
        scores[best] = [explained[i].score for i in best]
        order[: len(best)] = sorted(best, key=lambda i: (-scores[i], every[i]))
        if request.sort != "score":
            order = self._sorted(order, every, request.sort)
        per_document: Mapping[str, int] = {}
        if request.by_document:
            order, per_document = self._grouped(order, every)
        end = None if request.limit is None else request.offset + request.limit
        hits = []
        for i in order[request.offset : end].tolist():
            explanation = explained.get(i) or Explanation({term: float(v[i]) for term, v in parts.items() if v[i]})
            matches = per_document.get(self._document_name(int(every[i])), 1) if request.by_document else 1
            shown = explanation if request.explain else None
            hits.append(Hit(self._paragraph(int(every[i])), float(scores[i]), matches, shown))
        return Response(total, len(per_document) if request.by_document else None, tuple(hits), facets)

    def _scores(self, wanted: Sequence[Wanted], positions: list[Array]) -> tuple[Array, dict[str, Array]]:
        """Step one, BM25F over words: the sum for each match, and the part of each token in it."""
        weights: dict[str, float] = {}
        for part in wanted:
            for term in part.terms:
                weights[term] = weights.get(term, 0.0) + part.weight
        count = int(self._starts[-1])
        average = self._sum("length") / (count or 1)
        parts: dict[str, Array] = {}
        for term, weight in weights.items():
            postings = [segment.postings(term) for segment in self._segments]
            value = weight * idf(sum(len(ids) for ids, _ in postings), count)
            pieces = []
            for segment, (ids, tf), places in zip(self._segments, postings, positions, strict=True):
                dense = np.zeros(segment.size, tf.dtype)
                dense[ids] = tf
                found = dense[places].astype(np.float64)
                length = segment.length(places)
                # As `ranking.saturation`, in the same order of operations: engines must agree to the last bit.
                pieces.append(value * (found * (K1 + 1) / (found + K1 * (1 - B + B * length / average))))
            parts[term] = np.concatenate(pieces) if pieces else np.empty(0)
        scores = np.zeros(sum(map(len, positions)))
        for column in parts.values():
            scores += column
        return scores, parts

    def _rescore(
        self, wanted: Sequence[Wanted], positions: Sequence[int], words: Sequence[Explanation]
    ) -> list[Explanation]:
        """Step two: words, bigrams and characters of the matches at the positions."""
        texts = [(part.text, part.weight) for part in wanted]
        folded = [fold(self._paragraph(position).text) for position in positions]
        count = int(self._starts[-1])
        sums: list[list[float]] = []
        for size, total in ((2, self._sum("bigrams")), (1, self._sum("characters"))):
            weights = wanted_grams(texts, size)
            values = {gram: weight * idf(self._gram_df(gram), count) for gram, weight in weights.items()}
            sums.append([])
            for text in folded:
                found = count_grams(text, values)
                length = count_all_grams(text, size) if found else 0
                sums[-1].append(sum(values[gram] * saturation(tf, length, total / count) for gram, tf in found.items()))
        return [Explanation(part.words, *grams) for part, *grams in zip(words, *sums, strict=True)]

    def _gram_df(self, gram: str) -> int:
        return sum(segment.gram_df(gram) for segment in self._segments)

    def _sum(self, name: str) -> int:
        return sum(segment.sums[name] for segment in self._segments)

    def _sorted(self, order: Array, every: Array, sort: str) -> Array:
        facet, is_descending = Facet(sort.removeprefix("-")), sort.startswith("-")
        values: list[str | None] = []
        for position in every[order].tolist():
            segment, place = self._place(position)
            values.append(segment.first_value(facet, place))
        # Sorting is stable, reversed too: equals stay in the order of their scores.
        have = sorted((i for i, value in enumerate(values) if value is not None),
                      key=lambda i: values[i] or "", reverse=is_descending)  # fmt: skip
        return order[have + [i for i, value in enumerate(values) if value is None]]

    def _grouped(self, order: Array, every: Array) -> tuple[Array, Mapping[str, int]]:
        first: dict[str, int] = {}
        counts: dict[str, int] = {}
        for i in order.tolist():
            key = self._document_name(int(every[i]))
            first.setdefault(key, i)
            counts[key] = counts.get(key, 0) + 1
        return np.array(list(first.values()), order.dtype), counts

    def _document_name(self, position: int) -> str:
        segment, place = self._place(position)
        return segment.document_of(place).document

    def _paragraph(self, position: int) -> Paragraph:
        segment, place = self._place(position)
        return segment.paragraph(place)

    def _place(self, position: int) -> tuple[Segment, int]:
        number = int(np.searchsorted(self._starts, position, "right")) - 1
        return self._segments[number], position - int(self._starts[number])

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Whatever goes wrong while arrays are read is damage: they were verified when they were written."""
        try:
            yield
        except SearchkitError:
            raise
        except Exception as error:
            message = f"{self._folder}: damaged index ({type(error).__name__}); build it again with: searchkit build"
            raise IndexDamaged(message) from error


def _positions(matched: Sequence[Array], filters: Iterable[Sequence[Array]]) -> list[Array]:
    """Positions, within each segment, of the matches that all filters admit."""
    return [np.flatnonzero(np.logical_and.reduce(masks)) for masks in zip(matched, *filters, strict=True)]
