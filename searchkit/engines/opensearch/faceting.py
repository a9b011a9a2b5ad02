"""Exact facet counts.

A facet of paragraphs is one whose values can differ between the paragraphs of a document: topic, section, of_year. All
other facets are facets of documents. The cluster counts matches by document; for a facet of paragraphs, by value and
document. The values of a facet of documents are taken from the columns. OpenSearch's own number of distinct documents
is not used, because it is an approximation.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.engines.contract import Request
from searchkit.engines.opensearch.cluster import Buckets, Cluster
from searchkit.engines.opensearch.columns import Documents
from searchkit.engines.opensearch.matching import PARAGRAPHS, all_of, any_of, to_query
from searchkit.names import PARAGRAPH_FACETS
from searchkit.query.facets import Facet, FacetCounts, selected_values, to_facet_values
from searchkit.query.tree import Everything

if TYPE_CHECKING:
    from numpy.typing import NDArray

Json = dict[str, Any]


@dataclass(frozen=True)
class _Counts:
    """Numbers of paragraphs and of documents by value."""

    paragraphs: Mapping[str, int]
    documents: Mapping[str, int]


class FacetCounting:
    """Counts the facets of one request. `count` asks the cluster for the counts of all facets at once."""

    def __init__(self, cluster: Cluster, data: str, documents: Documents, shared: dict[str, Buckets]) -> None:
        """`shared`: counts over all paragraphs of the state, which this object adds to."""
        self._cluster, self._data, self._documents = cluster, data, documents
        self._shared = shared
        self._buckets: dict[str, Buckets] = {}

    def document_counts(self, query: Json) -> dict[str, int]:
        """Return the number of matching paragraphs of each document that has one."""
        self._load([(query, ("document",))])
        return self._by_document(query)

    def count(self, request: Request, excluded: Sequence[Json]) -> dict[str, FacetCounts]:
        """Return the counts of the facets of a request.

        `excluded`: queries of the paragraphs that `Request.without` and `Request.unlike` leave out.
        """
        asked = [(facet, *_queries(facet, request, excluded)) for facet in request.facets]
        self._load(
            [(query, _fields(facet)) for facet, *found in asked for query in found]
            + [(_missing(facet, matches), ("document",)) for facet, matches, _ in asked]
        )
        return {str(facet): self._count_facet(facet, request, *found) for facet, *found in asked}

    def _count_facet(self, facet: Facet, request: Request, matches: Json, population: Json) -> FacetCounts:
        """Count a facet over the matches that pass all filters except those of the facet.

        `matches`, `population`: the queries from `_queries`.
        """
        counts = self._count_values(facet, matches)
        selected = selected_values(facet, request.filters)
        ranked = sorted(counts.paragraphs, key=lambda value: (-counts.paragraphs[value], value))
        limit = request.max_values
        listed = [value for rank, value in enumerate(ranked) if limit is None or rank < limit or value in selected]
        every = self._count_values(facet, population).documents
        columns = (
            [counts.paragraphs[x] for x in listed],
            [counts.documents[x] for x in listed],
            [every[x] for x in listed],
        )
        values = to_facet_values(facet, listed, selected, columns)
        missing = sum(self._by_document(_missing(facet, matches)).values())
        if facet.name not in PARAGRAPH_FACETS:  # `missing` counts all matches so far, and each has at most one value
            missing -= sum(counts.paragraphs.values())
        return FacetCounts(values, missing, sum(counts.paragraphs.values()) - sum(columns[0]))

    def _count_values(self, facet: Facet, query: Json) -> _Counts:
        """Count the values of a facet in the paragraphs that a query matches."""
        if facet.name not in PARAGRAPH_FACETS:
            return self._sum_documents(facet, self._by_document(query))
        paragraphs: Counter[str] = Counter()
        documents: Counter[str] = Counter()
        for (value, _), count in self._get(query, (facet.name, "document")).items():
            paragraphs[value] += count
            documents[value] += 1
        return _Counts(paragraphs, documents)

    def _sum_documents(self, facet: Facet, by_document: Mapping[str, int]) -> _Counts:
        """Count the values of a facet of documents, from the number of paragraphs of each document."""
        values, value_of = self._documents.values(facet)
        ordinals = np.fromiter(map(self._documents.ordinals.__getitem__, by_document), np.int64, len(by_document))
        weights = np.fromiter(by_document.values(), np.int64, len(by_document))
        codes: NDArray[np.int64] = value_of[ordinals]
        codes, weights = codes[codes >= 0], weights[codes >= 0]
        documents = np.bincount(codes, minlength=len(values))
        paragraphs = np.bincount(codes, weights, minlength=len(values))
        found = documents.nonzero()[0]
        return _Counts(
            {values[code]: int(paragraphs[code]) for code in found},
            {values[code]: int(documents[code]) for code in found},
        )

    def _by_document(self, query: Json) -> dict[str, int]:
        return {document: count for (document,), count in self._get(query, ("document",)).items()}

    def _get(self, query: Json, fields: Sequence[str]) -> Buckets:
        """Return counts that were loaded."""
        key = _key_of(query, fields)
        return self._shared[key] if key in self._shared else self._buckets[key]

    def _load(self, needed: Sequence[tuple[Json, tuple[str, ...]]]) -> None:
        """Ask the cluster for the counts that are not known."""
        new = {_key_of(*item): item for item in needed}
        new = {key: item for key, item in new.items() if key not in self._buckets and key not in self._shared}
        for (key, (query, _)), counts in zip(
            new.items(), self._cluster.count_buckets(self._data, [*new.values()]), strict=True
        ):
            (self._shared if query == PARAGRAPHS else self._buckets)[key] = counts


def _queries(facet: Facet, request: Request, excluded: Sequence[Json]) -> tuple[Json, Json]:
    """Return the queries of the matches and of the population of a facet.

    Both apply all filters except those of the facet. The population also has paragraphs that do not match
    (`Request.population`). Its documents are counted in `FacetValue.all_documents`.
    """
    others = [to_query(item) for item in request.filters if item.name != facet.name]
    matches = all_of([PARAGRAPHS, to_query(request.match), *others], excluded)
    if isinstance(request.population, Everything):
        return matches, all_of([PARAGRAPHS, *others]) if others else PARAGRAPHS
    return matches, all_of([PARAGRAPHS, any_of([matches, to_query(request.population)]), *others])


def _fields(facet: Facet) -> tuple[str, ...]:
    """Return the fields whose combinations are counted for a facet."""
    return (facet.name, "document") if facet.name in PARAGRAPH_FACETS else ("document",)


def _missing(facet: Facet, matches: Json) -> Json:
    """Return the query of the matches without a value of a facet; for a facet of documents, that of all matches."""
    return all_of([matches], [{"exists": {"field": facet.name}}]) if facet.name in PARAGRAPH_FACETS else matches


def _key_of(query: Json, fields: Sequence[str]) -> str:
    return json.dumps([query, *fields], sort_keys=True)
