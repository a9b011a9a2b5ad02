"""Selects the measures of a request in all segments, and loads some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from searchkit.engines.columnar.arrays import Array, run_start_mask, unique_sorted
from searchkit.engines.columnar.columns import DictColumn
from searchkit.engines.columnar.docsets import DocSet
from searchkit.engines.columnar.measures import SegmentMeasures
from searchkit.engines.columnar.reader import IndexReader
from searchkit.engines.columnar.scoring import Scorer
from searchkit.engines.contract import MeasureAttributes, MeasureContext, MeasureRequest, TimeAttributes
from searchkit.model import Measure
from searchkit.query.facets import Filter
from searchkit.query.tree import And, Everything, Node, Not, Or, ScoringClause


class MeasureCollector:
    """The measures that a request selects, in corpus order; within a doc, in the order of the text.

    Contains a few numbers per measure. The method `measures` loads complete measures.
    """

    def __init__(self, reader: IndexReader, request: MeasureRequest) -> None:
        self._reader = reader
        docs, conditions = self._match(request)
        matcher = _MeasureMatcher(reader)
        attributes, times = _JoinedColumn(), _JoinedColumn()
        ordinals, doc_ids, reviewed_years = ([np.empty(0, np.int64)] for _ in range(3))
        codes: list[Array] = []
        is_part = [np.empty(0, bool)]
        sets = docs.split(reader.doc_bases)
        for i, (segment, segment_docs, base) in enumerate(zip(reader.segments, sets, reader.doc_bases, strict=False)):
            selected = segment.measures.select(segment_docs, request) if len(segment_docs) else np.empty(0, np.int64)
            for condition in conditions:
                selected = selected.compress(matcher.match(condition, i, selected))
            codes.append(segment.measures.indicators.codes.take(selected) if len(selected) else selected)
            if len(selected):
                ordinals.append(selected)
                doc_ids.append(segment.measures.doc_of.take(selected).astype(np.int64) + base)
                documents = segment.document_of.take(segment.measures.doc_of.take(selected))
                reviewed_years.append(segment.reviewed_years.take(documents))
                is_part.append(segment.measures.is_part(selected))
                attributes.extend(segment.measures.attributes, selected)
                times.extend(segment.measures.times, selected)
        self.indicators, indicator_of = reader.join_indicators(codes)
        """Distinct indicators: those of the measures, possibly with others of the index."""
        self.attributes: Sequence[MeasureAttributes] = attributes.values
        """The combinations of attributes."""
        self.times: Sequence[TimeAttributes] = times.values
        """The combinations of time and status."""
        self._ordinals = np.concatenate(ordinals)
        self._doc_ids = np.concatenate(doc_ids)
        self.indicator_of = np.concatenate(indicator_of)
        """Index in `indicators` of the indicator of each measure."""
        self.attributes_of = attributes.column()
        """Index in `attributes` of the attributes of each measure."""
        self.time_of = times.column()
        """Index in `times` of the time of each measure."""
        self.is_part = np.concatenate(is_part)
        """Whether each measure is part of another one."""
        self.reviewed_years = np.concatenate(reviewed_years)
        """Year that the report of each measure reports on, 0 if it is unknown."""
        self.scores = _word_scores(reader, request.scoring, self._doc_ids)
        """Score by words alone of the doc of each measure."""
        if not reader.is_in_order:
            self._reorder(np.argsort(reader.order_keys(self._doc_ids), kind="stable"))

    def _match(self, request: MeasureRequest) -> tuple[DocSet, list[Node]]:
        """Return the docs whose measures can match, and the conditions that these measures must also match.

        A child of the `And` at the root of the query, or a filter of the request, is a condition if it contains a
        filter by of_year. All others select the docs.
        """
        parts = request.match.children if isinstance(request.match, And) else (request.match,)
        of_docs = tuple(part for part in (*parts, *request.filters) if not _has_years(part))
        of_measures = [part for part in (*parts, *request.filters) if _has_years(part)]
        return self._reader.matcher.match(And(of_docs) if of_docs else Everything()), of_measures

    def _reorder(self, order: Array) -> None:
        """Put the measures into another order. `order[i]`: the present index of the measure that becomes measure i."""
        self._ordinals, self._doc_ids, self.scores = self._ordinals[order], self._doc_ids[order], self.scores[order]
        self.indicator_of, self.attributes_of, self.time_of = (
            column[order] for column in (self.indicator_of, self.attributes_of, self.time_of)
        )
        self.is_part, self.reviewed_years = self.is_part[order], self.reviewed_years[order]

    def measures(self, indices: Sequence[int]) -> list[Measure]:
        """Return the measures at the given indices, in the order of the indices. Takes about 15 µs per measure."""
        reader, selected = self._reader, np.asarray(indices, np.int64)
        ordinals, doc_ids = self._ordinals[selected], self._doc_ids[selected]
        segment_of = np.searchsorted(reader.doc_bases, doc_ids, "right") - 1
        measures = np.empty(len(selected), object)
        for segment_index in unique_sorted(np.sort(segment_of)).tolist():
            at = np.flatnonzero(segment_of == segment_index)
            local_ids = (doc_ids[at] - reader.doc_bases[segment_index]).tolist()
            segment = reader.segments[segment_index]
            paragraphs = {doc_id: segment.paragraph(doc_id) for doc_id in dict.fromkeys(local_ids)}
            measures[at] = segment.measures.load(ordinals[at].tolist(), [paragraphs[doc_id] for doc_id in local_ids])
        in_order: list[Measure] = measures.tolist()
        return in_order

    def contexts(self, indices: Sequence[int]) -> list[MeasureContext]:
        """Return the contexts of the measures at the given indices. Takes about 4 µs per doc and 1 µs per measure."""
        selected = np.asarray(indices, np.int64)
        texts: dict[int, tuple[SegmentMeasures, str, tuple[str, ...], str | None]] = {}
        contexts: list[MeasureContext] = []
        for doc_id, ordinal in zip(self._doc_ids[selected].tolist(), self._ordinals[selected].tolist(), strict=True):
            if doc_id not in texts:
                segment, local_id = self._reader.locate(doc_id)
                title = segment.column("title")[segment.document_of.item(local_id)]
                texts[doc_id] = segment.measures, segment.text[local_id], segment.column("path")[local_id], title
            measures, text, path, title = texts[doc_id]
            contexts.append(MeasureContext(*measures.span(ordinal), text, path, title))
        return contexts


class _MeasureMatcher:
    """Matches query trees with measures. Filters by of_year go by the year of the measure, all other leaves by its doc.

    A measure without a year has that of its report.
    """

    def __init__(self, reader: IndexReader) -> None:
        self._reader = reader
        self._docs_by_node: dict[Node, list[DocSet]] = {}

    def match(self, node: Node, index: int, ordinals: Array) -> Array:
        """Return a mask of `ordinals`, measures of the segment `index`: True for those that match a query tree."""
        measures = self._reader.segments[index].measures
        mask: Array
        match node:
            case Filter(name="of_year"):
                reports = self._docs(Filter("year", node.values, node.ranges))[index]
                mask = measures.match_years(ordinals, node, reports)
            case Not() if _has_years(node):
                mask = ~self.match(node.child, index, ordinals)
            case And() if _has_years(node):
                mask = np.logical_and.reduce([self.match(child, index, ordinals) for child in node.children])
            case Or() if _has_years(node):
                mask = np.logical_or.reduce([self.match(child, index, ordinals) for child in node.children])
            case _:
                mask = self._docs(node)[index].contains(measures.doc_of.take(ordinals))
        return mask

    def _docs(self, node: Node) -> list[DocSet]:
        """Return the docs that match a node, for each segment."""
        if node not in self._docs_by_node:
            self._docs_by_node[node] = self._reader.matcher.match(node).split(self._reader.doc_bases)
        return self._docs_by_node[node]


def _has_years(node: Node) -> bool:
    """Return whether a query tree contains a filter by of_year."""
    if isinstance(node, Not):
        return _has_years(node.child)
    if isinstance(node, And | Or):
        return any(map(_has_years, node.children))
    return isinstance(node, Filter) and node.name == "of_year"


class _JoinedColumn:
    """A dictionary-encoded column of the selected measures of all segments."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        """The values of the selected measures. Distinct within a segment; several segments may have equal values."""
        self._columns: list[Array] = [np.empty(0, np.int64)]

    def extend(self, column: DictColumn, ordinals: Array) -> None:
        """Add measures of a segment. `column`: the column of the segment. `ordinals`: the ordinals of the measures."""
        codes = column.codes.take(ordinals)
        is_used = np.zeros(column.value_count, bool)
        is_used[codes] = True
        index_of = np.cumsum(is_used) + (len(self.values) - 1)
        self.values += column.values(np.flatnonzero(is_used).tolist())
        self._columns.append(index_of.take(codes))

    def column(self) -> Array:
        """Return the index in `values` of the value of each measure."""
        return np.concatenate(self._columns)


def _word_scores(reader: IndexReader, clauses: Sequence[ScoringClause], doc_ids: Array) -> Array:
    """Return the scores by words (step one of ranking) of docs. The doc ids ascend and may repeat."""
    if not clauses:
        return np.zeros(len(doc_ids))
    is_new = run_start_mask(doc_ids)
    scores = Scorer(reader, clauses).score(doc_ids.compress(is_new))
    return scores.take(np.cumsum(is_new) - 1)
