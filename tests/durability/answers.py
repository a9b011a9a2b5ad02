"""Everything that an index answers, to be compared with what another one answers."""

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
    ("129件", {"facets": ["district:1"]}),
    ("普法 -培训", {"year": "2020..2023", "sort": "-year"}),
    ("*", {"sort": "year", "limit": None, "facets": ["batch"]}),
)
"""What is asked: words, strings, numbers, filters, orders, groups. `batch` is a facet that not every index has."""


@dataclass(frozen=True)
class Answers:
    """What an index answers. Two indexes of the same files are equal in this, to the last bit of every score."""

    counts: tuple[int, int, int, tuple[str, ...]]
    """Documents, paragraphs, measures, the user's facets: what the manifest says."""
    problems: Sequence[Mapping[str, str]]
    documents: Sequence[Document]
    paragraphs: Sequence[Paragraph]
    measures: Sequence[Measure]
    measure_scores: Sequence[float]
    facets: Mapping[str, FacetCounts]
    results: Sequence[Results]


def answers(path: Path) -> Answers:
    """Open the index in the folder `path`, verify it and ask it everything. Raises IndexUnusable."""
    with Index(path) as index:
        index.check()
        return ask(index)


def ask(index: Index) -> Answers:
    """Ask an open index everything."""
    manifest = index.manifest
    results = []
    for query, options in QUERIES:
        facets = [name for name in options.get("facets", ()) if name.partition(":")[0] in index.facet_names]
        results.append(replace(index.search(query, **{**options, "facets": facets}), took_ms=0.0))
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
