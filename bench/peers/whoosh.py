"""Stock Whoosh, given searchkit's tokens joined by spaces; BM25F with its defaults, facets by its `groupedby`.

Its own way to cut Chinese is jieba's ChineseAnalyzer, which is left out: it stores character offsets as word
positions, so that no phrase is found. Facets are counted from columns (topics from three, which are summed) and with
`Count`, which keeps no lists of paragraphs. A facet that is filtered is counted by a search of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from whoosh import analysis, fields, index, query, sorting

from bench.corpora import FACETS, MAX_TOPICS, analyzer, items
from bench.peers import LIMIT, Answer, Peer, Prepared
from bench.queries import Query

_MEMORY = 1024  # megabytes the writer may fill before it writes to disk
_TOPICS = tuple(f"topic_{n}" for n in range(1, MAX_TOPICS + 1))
_COLUMNS = {**{name: (name,) for name in FACETS}, "topic": _TOPICS}


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


def open_peers(name: str, data: Path, folder: Path) -> Mapping[str, Peer]:  # noqa: ARG001 - all it needs is in the folder
    """One way to ask."""
    return {"whoosh": _Whoosh(index.open_dir(str(folder)).searcher())}


class _Whoosh:
    def __init__(self, searcher: Any) -> None:  # noqa: ANN401 - whoosh's Searcher; not every Whoosh has types
        self._searcher = searcher

    def prepare(self, asked: Query) -> Prepared:
        """Build the query and the facets."""
        text = _query(asked)
        filters = {name: query.Term(name, value) for name, value in asked.filters}
        unfiltered = _facets(name for name in FACETS if name not in filters)
        rest = {own: ([f for name, f in filters.items() if name != own], _facets([own])) for own in filters}

        def run() -> tuple[list[str], list[Any]]:
            """Do what is timed."""
            best = self._search(text, list(filters.values()), unfiltered, LIMIT)
            texts = [hit["text"] for hit in best]
            return texts, [best, *(self._search(text, others, facets, 1) for others, facets in rest.values())]

        return Prepared(run, _read)

    def _search(self, text: Any, filters: list[Any], facets: dict[str, Any], limit: int) -> Any:  # noqa: ANN401 - as above
        condition = query.And(filters) if filters else None
        return self._searcher.search(text, limit=limit, filter=condition, groupedby=facets)


def _query(asked: Query) -> Any:  # noqa: ANN401 - whoosh's Query
    if asked.kind == "everything":
        return query.Every()
    words = asked.words
    if asked.kind == "phrase":
        words = tuple(token.term for token in analyzer().tokens(words[0]))
        return query.Phrase("terms", list(words)) if len(words) > 1 else query.Term("terms", words[0])
    terms = [query.Term("terms", word) for word in words]
    return query.And(terms) if asked.kind == "all" else query.Or(terms)


def _facets(names: Iterable[str]) -> dict[str, Any]:
    return {column: sorting.FieldFacet(column, maptype=sorting.Count) for name in names for column in _COLUMNS[name]}


def _read(found: tuple[list[str], list[Any]]) -> Answer:
    texts, parts = found
    groups = {column: part.groups(column) for part in parts for column in part.facet_names()}
    facets: dict[str, dict[str, int]] = {name: {} for name in FACETS}
    for name, counts in facets.items():
        for column in _COLUMNS[name]:
            for value, count in groups[column].items():
                if value:
                    counts[value] = counts.get(value, 0) + count
    return Answer(len(parts[0]), tuple(texts), facets)
