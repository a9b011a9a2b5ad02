"""tantivy-py, given overlapping pairs of characters instead of words: its exact way to find a string.

Phrases of words miss the strings that the text cuts in another way; a phrase of pairs misses none. Of a string every
second pair is asked for, at its position, and the last one: as few as hold the string together. Such an index is
larger, cannot answer words, and finds single characters only by walking its dictionary: it is asked phrases only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import tantivy as library

from bench.corpora import items
from bench.peers import Peer, tantivy
from bench.queries import Query
from searchkit.text.folding import fold

_SPACE = re.compile(r"\s")


def build(name: str, data: Path, folder: Path) -> None:
    """Index the items of a corpus by pairs of characters."""
    tantivy.add_all(tantivy.create(folder), (replace(item, terms=_pairs(item.text)) for item in items(name, data)))


def open_peers(name: str, data: Path, folder: Path) -> Mapping[str, Peer]:  # noqa: ARG001 - all it needs is in the folder
    """One way to ask."""
    index = library.Index.open(str(folder))
    tantivy.register(index)
    return {"tantivy, bigrams": _Bigrams(index, tantivy.COLUMNS)}


@dataclass(frozen=True)
class _Bigrams(tantivy.TantivyPeer):
    def text_query(self, query: Query) -> Any:  # noqa: ANN401 - tantivy.Query
        """Ask for every second pair of a phrase at its position; None for other queries."""
        if query.kind != "phrase":
            return None
        text = query.words[0]
        starts = sorted({*range(0, len(text) - 1, 2), len(text) - 2})
        pairs = [(start, text[start : start + 2]) for start in starts]
        if len(pairs) == 1:
            return library.Query.term_query(self.index.schema, "terms", pairs[0][1], "freq")
        return library.Query.phrase_query(self.index.schema, "terms", pairs)


def _pairs(text: str) -> str:
    """Every two neighbouring characters, separated by spaces; a space within a pair is written as ␠."""
    folded = _SPACE.sub("␠", fold(text))
    return " ".join(map("".join, pairwise(folded)))
