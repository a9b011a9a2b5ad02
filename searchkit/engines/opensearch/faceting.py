"""Exact facet counts: matches by document from the cluster, and the values of documents from their columns.

Numbers of distinct documents that OpenSearch counts itself are approximations.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.engines.contract import Request
from searchkit.engines.opensearch.cluster import Cluster
from searchkit.engines.opensearch.columns import Documents
from searchkit.engines.opensearch.matching import PARAGRAPHS, all_of, any_of, to_query
from searchkit.query.facets import (
    PARAGRAPH_FACETS,
    Facet,
    FacetCounts,
    selected_values,
    to_facet_values,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

Json = dict[str, Any]


@dataclass(frozen=True)
class _Counts:
    """Numbers of paragraphs and of documents by value, and the number of paragraphs without a value."""

    paragraphs: Mapping[str, int]
    documents: Mapping[str, int]
    missing: int


class FacetCounting:
    """Counts facets of one state. Keeps the counts of a request that several facets share."""

    def __init__(self, cluster: Cluster, data: str, documents: Documents) -> None:
        self._cluster, self._data, self._documents = cluster, data, documents
        self._buckets: dict[str, dict[tuple[str, ...], int]] = {}

    def document_counts(self, query: Json) -> dict[str, int]:
        """Return the number of matching paragraphs of each document with any."""
        return {document: count for (document,), count in self._count(query, ("document",)).items()}

    def count(self, request: Request, excluded: Sequence[Json]) -> dict[str, FacetCounts]:
        """Return the counts of the facets of a request. `excluded`: queries of paragraphs that do not match."""
        return {str(facet): self._count_facet(facet, request, excluded) for facet in request.facets}

    def _count_facet(self, facet: Facet, request: Request, excluded: Sequence[Json]) -> FacetCounts:
        """Count a facet over the matches that pass all filters except those of the facet."""
        others = [to_query(item) for item in request.filters if item.name != facet.name]
        matches = all_of([PARAGRAPHS, to_query(request.match), *others], excluded)
        population = all_of([PARAGRAPHS, any_of([matches, to_query(request.population)]), *others])
        counts = self._count_values(facet, matches)
        selected = selected_values(facet, request.filters)
        ranked = sorted(counts.paragraphs, key=lambda value: (-counts.paragraphs[value], value))
        limit = request.max_values
        listed = [value for rank, value in enumerate(ranked) if limit is None or rank < limit or value in selected]
        # Counting the population is not needed without values.
        every = self._count_values(facet, population).documents if listed else {}
        columns = (
            [counts.paragraphs[x] for x in listed],
            [counts.documents[x] for x in listed],
            [every[x] for x in listed],
        )
        values = to_facet_values(facet, listed, selected, columns)
        return FacetCounts(values, counts.missing, sum(counts.paragraphs.values()) - sum(columns[0]))

    def _count_values(self, facet: Facet, query: Json) -> _Counts:
        """Count the values of a facet in the paragraphs that a query matches."""
        if facet.name not in PARAGRAPH_FACETS:
            return self._sum_documents(facet, self.document_counts(query))
        paragraphs: Counter[str] = Counter()
        documents: Counter[str] = Counter()
        for (value, _), count in self._count(query, (facet.name, "document")).items():
            paragraphs[value] += count
            documents[value] += 1
        without = all_of([query], [{"exists": {"field": facet.name}}])
        return _Counts(paragraphs, documents, sum(self.document_counts(without).values()))

    def _sum_documents(self, facet: Facet, by_document: Mapping[str, int]) -> _Counts:
        """Count the values of a facet of documents, from the number of paragraphs of each document."""
        values, value_of = self._documents.values(facet)
        ordinals = np.fromiter(map(self._documents.ordinals.__getitem__, by_document), np.int64, len(by_document))
        weights = np.fromiter(by_document.values(), np.int64, len(by_document))
        codes: NDArray[np.int64] = value_of[ordinals]
        missing = int(weights[codes < 0].sum())
        codes, weights = codes[codes >= 0], weights[codes >= 0]
        documents = np.bincount(codes, minlength=len(values))
        paragraphs = np.bincount(codes, weights, minlength=len(values))
        found = documents.nonzero()[0]
        return _Counts(
            {values[code]: int(paragraphs[code]) for code in found},
            {values[code]: int(documents[code]) for code in found},
            missing,
        )

    def _count(self, query: Json, fields: Iterable[str]) -> dict[tuple[str, ...], int]:
        key = json.dumps([query, *fields], sort_keys=True)
        if key not in self._buckets:
            self._buckets[key] = self._cluster.count_buckets(self._data, query, fields)
        return self._buckets[key]
