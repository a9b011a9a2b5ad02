"""bm25s: scores for words, nothing else.

It is asked for single words and for `any` of several, and only for the numbers of the ten best: it has no total, no
filters, no facets and no texts. The same k1 and b as searchkit, the NumPy backend, one thread; all in memory.
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


def open_peers(name: str, data: Path, folder: Path) -> Mapping[str, Peer]:  # noqa: ARG001 - all it needs is in the folder
    """One way to ask."""
    return {"bm25s": _Bm25s(library.BM25.load(str(folder)))}


class _Bm25s:
    def __init__(self, model: Any) -> None:  # noqa: ANN401 - bm25s.BM25 has no types
        self._model = model

    def prepare(self, query: Query) -> Prepared | None:
        """Hold the words ready, if ranking by them is all there is to do."""
        if query.filters or query.kind in {"phrase", "everything"} or (query.kind == "all" and len(query.words) > 1):
            return None
        words = [list(query.words)]
        return Prepared(
            lambda: self._model.retrieve(words, k=LIMIT, show_progress=False),
            lambda _: Answer(None, None, None),
        )
