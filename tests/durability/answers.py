"""Collects all records of an index and its answers to `QUERIES`, so that two indexes can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from searchkit.engines.contract import MeasureRequest
from searchkit.index import Index
from searchkit.model import Document, Measure, Paragraph
from searchkit.query.facets import FacetCounts
from searchkit.query.tree import Everything, ScoringClause
from searchkit.search.results import Results

QUERIES: Sequence[tuple[str, Mapping[str, Any]]] = (
    ("执法", {"facets": ["year", "district", "topic", "section", "document"], "limit": None, "explain": True}),
    ("行政执法 检查", {"match": "any", "facets": ["doctype", "agency"]}),
    ('"执法检查"', {"group": "document"}),
    ("执法", {"limit": None, "fold": True}),
    ("129件", {"facets": ["district:1"]}),
    ("普法 -培训", {"year": "2020..2023", "sort": "-year"}),
    ("*", {"sort": "year", "limit": None, "facets": ["batch"]}),
)
"""Queries with words, phrases, numbers, filters, sort orders and groups, each with the options of the search.

A facet that an index lacks, such as `batch`, is not requested of it.
"""


@dataclass(frozen=True)
class Answers:
    """All records of an index, and its answers to `QUERIES`.

    Two indexes of the same files, built with the same options, have equal answers, including all scores.
    """

    counts: tuple[int, int, int, tuple[str, ...]]
    """Numbers of documents, paragraphs and measures, and the user-defined facets, from the manifest."""
    problems: Sequence[Mapping[str, str]]
    documents: Sequence[Document]
    paragraphs: Sequence[Paragraph]
    measures: Sequence[Measure]
    measure_scores: Sequence[float]
    facets: Mapping[str, FacetCounts]
    results: Sequence[Results]


def read_answers(path: Path) -> Answers:
    """Check the index in the folder `path`, and return its answers. Raises IndexUnusable if the index is unusable."""
    with Index(path) as index:
        index.check()
        return collect_answers(index)


def collect_answers(index: Index) -> Answers:
    """Return the records and answers of an open index."""
    manifest = index.manifest
    results = []
    for query, options in QUERIES:
        facets = [name for name in options.get("facets", ()) if name.partition(":")[0] in index.facet_names]
        found = index.search(query, **{**options, "facets": facets})
        results.append(replace(found, took_ms=0.0, next=None))  # a cursor names the files of the index
    measures = index._snapshot._engine.measure_columns(
        MeasureRequest(Everything(), (ScoringClause("执法", ("执法",)),))
    )
    return Answers(
        (manifest.documents, manifest.paragraphs, manifest.measures, manifest.facets),
        index.problems(),
        [*index.documents()],
        [*index.paragraphs()],
        measures.fetch(range(len(measures.scores))),
        measures.scores.tolist(),
        index.facets(),
        results,
    )
