"""Stock Whoosh with jieba's ChineseAnalyzer, its query parser, `groupedby` for facets and its highlighter.

A filtered facet is counted by a second search without its filter, so that the other values can be seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jieba.analyse import ChineseAnalyzer
from whoosh import fields, index, qparser, query, sorting

from bench.corpora import FACETS, Item
from bench.peers import LIMIT
from bench.pipelines import Page, Pipeline, Question

_MEMORY = 1024
"""Size in MB of the memory that the writer fills before it writes to disk."""


def build(items: Iterable[Item], folder: Path) -> None:
    """Index the items."""
    columns = {name: fields.ID(sortable=True) for name in ("district", "year", "agency")}
    text = fields.TEXT(stored=True, analyzer=ChineseAnalyzer())
    schema = fields.Schema(text=text, topic=fields.KEYWORD(sortable=True, commas=True), **columns)
    writer = index.create_in(str(folder), schema).writer(limitmb=_MEMORY)
    for item in items:
        values = {name: getattr(item, name) for name in columns}
        writer.add_document(text=item.text, topic=",".join(item.topics), **values)
    writer.commit()


def open_pipelines(folder: Path) -> dict[str, Pipeline]:
    """Open the index."""
    return {"whoosh": _open(folder)}


def _open(folder: Path) -> Pipeline:
    """Open the index as a pipeline."""
    opened = index.open_dir(str(folder))
    searcher, parser = opened.searcher(), qparser.QueryParser("text", opened.schema)

    def search(question: Question) -> Page:
        """Search, count and create the snippets."""
        text = parser.parse(question.text)
        filters = {name: query.Term(name, value) for name, value in question.filters.items()}
        best = searcher.search(
            text,
            limit=LIMIT,
            filter=query.And(list(filters.values())) if filters else None,
            groupedby=_facets(name for name in FACETS if name not in filters),
        )
        facets = {name: best.groups(name) for name in FACETS if name not in filters}
        for name in filters:
            others = [condition for other, condition in filters.items() if other != name]
            condition = query.And(others) if others else None
            facets[name] = searcher.search(text, limit=1, filter=condition, groupedby=_facets([name])).groups(name)
        return Page(len(best), tuple(hit.highlights("text") for hit in best), facets)

    return search


def _facets(names: Iterable[str]) -> dict[str, Any]:
    """Return Whoosh's objects that count the values of facets, by facet."""
    return {name: sorting.FieldFacet(name, allow_overlap=name == "topic", maptype=sorting.Count) for name in names}
