"""Lower bound of the bytes that a search must read, from a model. Measured times are compared with it.

The model counts:

- 3 bytes per posting: a doc id of 16 bits and a frequency of 8 bits;
- 2 bytes per match of a query of words: the length of the paragraph;
- 4 bytes per paragraph that counts in a facet: a code of 16 bits for the combination of facet values of its document,
  and a code of 16 bits for the combination of its own values;
- 4 bytes per occurrence of a bigram: its offset.

A phrase needs every second of its bigrams, and the last one. The number of occurrences is taken to be the number of
paragraphs with the bigram, so the bound for phrases is lower than what must be read. Look-ups of words, filters,
sorting and the texts of the ten best hits are not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bench.queries import Query

POSTING_BYTES, LENGTH_BYTES, FACET_BYTES, OFFSET_BYTES = 3, 2, 4, 4
"""Bytes per posting, per paragraph length, per paragraph that counts in a facet, and per offset of a bigram."""

CountMatches = Callable[[Query], int]
"""Returns the number of paragraphs that match a query."""


def min_bytes(query: Query, count: CountMatches) -> int:
    """Return the number of bytes that a query must read according to the model."""
    unfiltered = replace(query, filters=())
    faceted = count(query) if not query.filters else max(count(q) for q in _without_one_filter(query))
    facets = FACET_BYTES * faceted
    if query.kind == "everything":
        return facets
    if query.kind == "phrase":
        text = query.words[0]
        bigrams = {text[start : start + 2] for start in (*range(0, len(text) - 1, 2), len(text) - 2)}
        return facets + OFFSET_BYTES * sum(count(replace(unfiltered, words=(bigram,))) for bigram in bigrams)
    postings = sum(count(replace(unfiltered, kind="all", words=(word,))) for word in query.words)
    return facets + POSTING_BYTES * postings + LENGTH_BYTES * count(query)


def _without_one_filter(query: Query) -> list[Query]:
    """Return a query for each filter, without this filter: the facet of a filter is counted under the other filters."""
    return [replace(query, filters=tuple(f for f in query.filters if f != omitted)) for omitted in query.filters]
