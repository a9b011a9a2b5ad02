"""How few bytes a search can do with: a model of what must be read, to set measured times against.

A posting takes 3 bytes (16 bits of a paragraph within its block, 8 bits of frequency); a match 2 bytes of length for
its score, and 4 bytes for the facets (16 bits for its document's joined facets, 16 for its own); an occurrence of a
pair of characters 4 bytes of offset. A string of characters is found by every second pair in it. Counted are
paragraphs, not occurrences, so for strings the bound is low. Lookup of words, masks, sorting and the texts of the
ten best are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bench.queries import Query

POSTING, LENGTH, FACETS, OFFSET = 3, 2, 4, 4

Count = Callable[[Query], int]
"""Paragraphs that match a query."""


def bytes_touched(query: Query, count: Count) -> int:
    """Bytes that the query has to read, by the model of this module."""
    unfiltered = replace(query, filters=())
    counted = count(query) if not query.filters else max(count(q) for q in _less_one_filter(query))
    facets = FACETS * counted
    if query.kind == "everything":
        return facets
    if query.kind == "phrase":
        text = query.words[0]
        pairs = {text[start : start + 2] for start in (*range(0, len(text) - 1, 2), len(text) - 2)}
        return facets + OFFSET * sum(count(replace(unfiltered, words=(pair,))) for pair in pairs)
    postings = sum(count(replace(unfiltered, kind="all", words=(word,))) for word in query.words)
    return facets + POSTING * postings + LENGTH * count(query)


def _less_one_filter(query: Query) -> list[Query]:
    """The queries that the filtered facets are counted over: each without its own filter."""
    return [replace(query, filters=tuple(f for f in query.filters if f != own)) for own in query.filters]
