"""bm25s: scores for words only.

This peer supports queries of one word, and queries for any of several words, without filters. bm25s returns only the
numbers and the scores of the ten best paragraphs, without total, facets or texts. It runs in memory on one thread, with
its NumPy backend and searchkit's k1 and b.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bm25s as library

from bench.corpora import items
from bench.peers import LIMIT, Answer, Peer, Prepared
from bench.queries import Query
from searchkit.engines.ranking import K1, B


def build(name: str, data: Path, folder: Path) -> None:
    """Index the terms of a corpus."""
    vocabulary: dict[str, int] = {}
    ids = [
        [vocabulary.setdefault(term, len(vocabulary)) for term in item.terms.split(" ")] for item in items(name, data)
    ]
    model = library.BM25(k1=K1, b=B, method="lucene")
    model.index(library.tokenization.Tokenized(ids, vocabulary), show_progress=False)
    model.save(str(folder))


def open_peers(name: str, data: Path, folder: Path) -> Mapping[str, Peer]:  # noqa: ARG001 - needs only the folder
    """Open the index. Returns one peer: an engine that searchkit is compared with."""
    return {"bm25s": _Bm25sPeer(library.BM25.load(str(folder)))}


class _Bm25sPeer:
    """An open index. It supports queries without filters, of one word or for any of several words."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - bm25s.BM25 has no types
        self._model = model

    def prepare(self, query: Query) -> Prepared | None:
        """Prepare a query of one word, or of any of several words, without filters. Returns None for other queries."""
        if query.filters or query.kind in {"phrase", "everything"} or (query.kind == "all" and len(query.words) > 1):
            return None
        words = [list(query.words)]
        return Prepared(
            lambda: self._model.retrieve(words, k=LIMIT, show_progress=False),
            lambda _: Answer(None, None, None),  # the result contains no total, texts or facets
        )
