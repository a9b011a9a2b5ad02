"""searchkit, asked in two ways.

At the engine's seam it is given the tree that the peers get, of words or of one string, and ranks by what the parser
makes of the typed query: so it does more than they do, BM25F over three fields and the second step of ranking. As a
product it is given the typed query, parses it and cuts snippets too; a bare word then also matches inside other words.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.corpora import FACETS, documents
from bench.peers import LIMIT, MAX_VALUES, Answer, Peer, Prepared
from bench.queries import Query
from searchkit.engines.contract import Engine, Request
from searchkit.engines.opening import open_engine
from searchkit.index import Index
from searchkit.indexing.build import write_index
from searchkit.query.facets import Facet, FacetCounts
from searchkit.query.parsing import parse
from searchkit.query.tree import And, Everything, Node, Or, Substring, Word


def build(name: str, data: Path, folder: Path) -> None:  # noqa: ARG001 - it takes documents, no items
    """Index the documents of a corpus, segmenting them."""
    write_index(documents(name), folder)


def open_peers(name: str, data: Path, folder: Path) -> Mapping[str, Peer]:  # noqa: ARG001 - as above
    """The seam and the product."""
    index = Index(folder)
    engine = open_engine(index.manifest.engine, folder / index.manifest.data)
    return {"searchkit": _Seam(index, engine), "searchkit, product": _Product(index)}


class _Seam:
    """`Engine.search` with a finished request."""

    def __init__(self, index: Index, engine: Engine) -> None:
        self._index, self._engine = index, engine

    def prepare(self, query: Query) -> Prepared:
        """Make the request, as `Index.search` would."""
        request = Request(
            tree(query),
            scoring=parse(query.text, self._index.analyzer).scoring,
            filters=self._index.filters(dict(query.filters)),
            facets=tuple(map(Facet, FACETS)),
            max_values=MAX_VALUES,
            limit=LIMIT,
        )
        return Prepared(lambda: self._engine.search(request), _read)


class _Product:
    """`Index.search` with what a user types."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def prepare(self, query: Query) -> Prepared:
        """Hold the arguments ready."""
        arguments: dict[str, Any] = {"facets": FACETS, "limit": LIMIT, **dict(query.filters)}
        return Prepared(lambda: self._index.search(query.text, **arguments), _read)


def tree(query: Query) -> Node:
    """The query as a tree of words, or of one string: the same matches as those of the peers."""
    words = tuple(map(Word, query.words))
    match query.kind:
        case "everything":
            return Everything()
        case "phrase":
            return Substring(query.words[0])
        case "all":
            return words[0] if len(words) == 1 else And(words)
        case "any":
            return words[0] if len(words) == 1 else Or(words)


def _read(found: Any) -> Answer:  # noqa: ANN401 - a Response or Results: total, hits and facets have the same names
    return Answer(
        found.total,
        tuple(hit.paragraph.text for hit in found.hits),
        {name: _counts(found.facets[name]) for name in FACETS},
    )


def _counts(counts: FacetCounts) -> dict[str, int]:
    return {str(item.value): item.count for item in counts.values}
