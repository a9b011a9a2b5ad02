"""Stock Whoosh on searchkit's tokens joined by spaces; BM25F with default parameters, facets by `groupedby`.

The usual analyzer for Chinese, jieba's ChineseAnalyzer, is not used: it stores character offsets as word positions, so
that phrases are not found. Facets are counted from columns. Topics have three columns, whose counts are summed. The map
type of the facets is `Count`, because it stores no lists of paragraphs. A facet with a filter is counted by a separate
search without that filter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from whoosh import analysis, fields, index, query, sorting

from bench.corpora import FACETS, MAX_TOPICS, analyzer, items
from bench.peers import LIMIT, Answer, Peer, Prepared
from bench.queries import Query

_MEMORY = 1024
"""Size in MB of the memory that the writer fills before it writes to disk."""
_TOPICS = tuple(f"topic_{n}" for n in range(1, MAX_TOPICS + 1))
"""Names of the columns of topics: `topic_1` has the first topic of each paragraph."""
_COLUMNS = {**{name: (name,) for name in FACETS}, "topic": _TOPICS}
"""Facet → columns whose counts are summed."""


def build(name: str, data: Path, folder: Path) -> None:
    """Index the items of a corpus."""
    columns = {column: fields.ID(sortable=True) for column in ("district", "year", "agency", *_TOPICS)}
    terms = fields.TEXT(analyzer=analysis.RegexTokenizer(r"\S+"), phrase=True)
    schema = fields.Schema(terms=terms, text=fields.STORED, topic=fields.KEYWORD(), **columns)
    writer = index.create_in(str(folder), schema).writer(limitmb=_MEMORY)
    for item in items(name, data):
        topics = dict(zip(_TOPICS, item.topics, strict=False))
        values = {"district": item.district, "year": item.year, "agency": item.agency, "topic": " ".join(item.topics)}
        writer.add_document(terms=item.terms, text=item.text, **values, **topics)
    writer.commit()


def open_peers(name: str, data: Path, folder: Path) -> Mapping[str, Peer]:  # noqa: ARG001 - needs only the folder
    """Open the index. Returns one peer: an engine that searchkit is compared with."""
    return {"whoosh": _WhooshPeer(index.open_dir(str(folder)).searcher())}


class _WhooshPeer:
    """An open index. A `Query` is called `request` here, because Whoosh has a module `query`."""

    def __init__(self, searcher: Any) -> None:  # noqa: ANN401 - whoosh's Searcher; not every Whoosh has types
        self._searcher = searcher

    def prepare(self, request: Query) -> Prepared:
        """Build the query, and for each filtered facet a search without its filter."""
        text = _query(request)
        filters = {name: query.Term(name, value) for name, value in request.filters}
        unfiltered = _facets(name for name in FACETS if name not in filters)
        other_searches = {  # filtered facet: the other filters, the facet to count
            filtered: ([f for name, f in filters.items() if name != filtered], _facets([filtered]))
            for filtered in filters
        }

        def run() -> tuple[list[str], list[Any]]:
            """Run all searches."""
            best = self._search(text, list(filters.values()), unfiltered, LIMIT)
            texts = [hit["text"] for hit in best]
            return texts, [best, *(self._search(text, others, facets, 1) for others, facets in other_searches.values())]

        return Prepared(run, _read)

    def _search(self, text: Any, filters: list[Any], facets: dict[str, Any], limit: int) -> Any:  # noqa: ANN401 - as above
        """Return the results of the query `text` for paragraphs that match all filter queries."""
        condition = query.And(filters) if filters else None
        return self._searcher.search(text, limit=limit, filter=condition, groupedby=facets)


def _query(request: Query) -> Any:  # noqa: ANN401 - whoosh's Query
    """Return a query without its filters."""
    if request.kind == "everything":
        return query.Every()
    words = request.words
    if request.kind == "phrase":
        words = tuple(token.term for token in analyzer().tokenize(words[0]))
        return query.Phrase("terms", list(words)) if len(words) > 1 else query.Term("terms", words[0])
    terms = [query.Term("terms", word) for word in words]
    return query.And(terms) if request.kind == "all" else query.Or(terms)


def _facets(names: Iterable[str]) -> dict[str, Any]:
    """Return Whoosh's objects that count the columns of some facets, by column."""
    return {column: sorting.FieldFacet(column, maptype=sorting.Count) for name in names for column in _COLUMNS[name]}


def _read(results: tuple[list[str], list[Any]]) -> Answer:
    """Convert the texts of the hits, and the results of all searches, the main one first, to an answer."""
    texts, parts = results
    groups = {column: part.groups(column) for part in parts for column in part.facet_names()}
    facets: dict[str, dict[str, int]] = {name: {} for name in FACETS}
    for name, counts in facets.items():
        for column in _COLUMNS[name]:
            for value, count in groups[column].items():
                if value:
                    counts[value] = counts.get(value, 0) + count
    return Answer(len(parts[0]), tuple(texts), facets)
