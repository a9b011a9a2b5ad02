"""searchkit as two peers: its engine, and the complete product.

The engine gets the words or the phrase that the other engines get, as a query tree, and the scoring clauses that the
parser creates from the query text. It does more work than the other engines: BM25F over three fields, and rescoring.
The product gets the query text. It also parses the text and creates snippets, and a bare word in the text also matches
inside other words.
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


def build(name: str, data: Path, folder: Path) -> None:  # noqa: ARG001 - it indexes documents, not items
    """Index the documents of a corpus, segmenting them."""
    write_index(documents(name), folder)


def open_peers(name: str, data: Path, folder: Path) -> Mapping[str, Peer]:  # noqa: ARG001 - as above
    """Open the engine and the product."""
    index = Index(folder)
    engine = open_engine(index.manifest.engine, folder / index.manifest.data)
    return {"searchkit": _EnginePeer(index, engine), "searchkit, product": _ProductPeer(index)}


class _EnginePeer:
    """`Engine.search` with a prepared request."""

    def __init__(self, index: Index, engine: Engine) -> None:
        self._index, self._engine = index, engine

    def prepare(self, query: Query) -> Prepared:
        """Build the request as `Index.search` would, but with the query tree of `tree`."""
        request = Request(
            tree(query),
            scoring=parse(query.text, self._index.analyzer).scoring,
            filters=self._index.filters(dict(query.filters)),
            facets=tuple(map(Facet, FACETS)),
            max_values=MAX_VALUES,
            limit=LIMIT,
        )
        return Prepared(lambda: self._engine.search(request), _read)


class _ProductPeer:
    """`Index.search` with the query text."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def prepare(self, query: Query) -> Prepared:
        """Prepare the arguments."""
        arguments: dict[str, Any] = {"facets": FACETS, "limit": LIMIT, **dict(query.filters)}
        return Prepared(lambda: self._index.search(query.text, **arguments), _read)


def tree(query: Query) -> Node:
    """Return the query as a tree of words or of one phrase. A word matches as a token only, as in the other engines."""
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


def _read(result: Any) -> Answer:  # noqa: ANN401 - a Response or a Results, with the same attributes
    """Convert the result of the engine or of `Index.search` to an answer."""
    return Answer(
        result.total,
        tuple(hit.paragraph.text for hit in result.hits),
        {name: _counts(result.facets[name]) for name in FACETS},
    )


def _counts(counts: FacetCounts) -> dict[str, int]:
    """Return the number of paragraphs of each value of a facet."""
    return {str(item.value): item.count for item in counts.values}
