"""tantivy-py on overlapping character bigrams instead of words: exact phrase queries.

A phrase query of words misses occurrences that are segmented differently in the text; a phrase query of bigrams misses
none. The query contains every second bigram of the phrase at its position, and the last bigram: the fewest that cover
the phrase. Such an index is larger, does not support words, and finds single characters only by a scan of its term
dictionary. It is used for phrases only.
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
"""Matches a whitespace character, at which tantivy's tokenizer would split a bigram."""


def build(name: str, data: Path, folder: Path) -> None:
    """Index the character bigrams of the items of a corpus, in the place of words."""
    tantivy.add_all(tantivy.create(folder), (replace(item, terms=_bigrams(item.text)) for item in items(name, data)))


def open_peers(name: str, data: Path, folder: Path) -> Mapping[str, Peer]:  # noqa: ARG001 - needs only the folder
    """Open the index. Returns one peer (an engine that searchkit is compared with) by its name."""
    index = library.Index.open(str(folder))
    tantivy.register(index)
    return {"tantivy, bigrams": _BigramPeer(index, tantivy.COLUMNS)}


@dataclass(frozen=True)
class _BigramPeer(tantivy.TantivyPeer):
    """An open index of bigrams. It supports phrases only."""

    def text_query(self, query: Query) -> Any:  # noqa: ANN401 - tantivy.Query
        """Return a phrase query of every second bigram and the last one, or a term query if there is only one bigram.

        None for queries other than phrases.
        """
        if query.kind != "phrase":
            return None
        text = query.words[0]
        starts = sorted({*range(0, len(text) - 1, 2), len(text) - 2})
        bigrams = [(start, text[start : start + 2]) for start in starts]
        if len(bigrams) == 1:
            return library.Query.term_query(self.index.schema, "terms", bigrams[0][1], "freq")
        return library.Query.phrase_query(self.index.schema, "terms", bigrams)


def _bigrams(text: str) -> str:
    """Return all bigrams of the folded text, separated by spaces. In a bigram, ␠ replaces a whitespace character."""
    folded = _SPACE.sub("␠", fold(text))
    return " ".join(map("".join, pairwise(folded)))
