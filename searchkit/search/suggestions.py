"""Suggests what to leave out of a search that found nothing: one part of the query, or one filter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from searchkit.query.facets import Filter
from searchkit.query.parsing import split_parts
from searchkit.text.analyzer import Analyzer
from searchkit.text.years import MAX_YEAR

_MAX_PARTS = 8
"""Maximum number of parts of a query that are left out in turn. A longer query gets no suggestions about its parts."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another search, which finds something."""

    kind: str
    """`did_you_mean`: with similar words in place of those that the index hardly has. `drop_part`: without a part of
    the query. `drop_filter`: without a filter, or without all of them."""
    text: str
    """The new words, or the part or the filter that is left out."""
    query: str
    """The query of the other search."""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The filters of the other search, by facet."""
    total: int = 0
    """Number of hits of the other search."""


def suggest(
    query: str,
    filters: tuple[Filter, ...],
    analyzer: Analyzer,
    count: Callable[[str, tuple[Filter, ...]], int],
) -> tuple[Suggestion, ...]:
    """Return the searches without one part or one filter that find something, most hits first.

    `count` returns the number of hits of a query with filters. It is called once per part and per filter.
    """
    tried = [
        *(("drop_part", part, rest, filters) for part, rest in _leave_out_parts(query, analyzer)),
        *(
            ("drop_filter", str(item), query, tuple(other for other in filters if other is not item))
            for item in filters
        ),
    ]
    found = [
        Suggestion(kind, text, rest, {item.name: filter_values(item) for item in remaining}, total)
        for kind, text, rest, remaining in tried
        if (total := count(rest, remaining))
    ]
    if not found and len(filters) > 1 and (total := count(query, ())):
        found.append(Suggestion("drop_filter", " ".join(map(str, filters)), query, {}, total))
    return tuple(sorted(found, key=lambda item: -item.total))


def _leave_out_parts(query: str, analyzer: Analyzer) -> Iterator[tuple[str, str]]:
    """Yield each part of a query, and the query without it. The parts of a single run are its words."""
    spans = split_parts(query)
    if len(spans) == 1 and spans[0][2]:
        start, end, _ = spans[0]
        edges = sorted(start + edge for edge in analyzer.word_edges(query[start:end]))
        spans = [(left, right, True) for left, right in pairwise(edges)]
    parts = [query[start:end] for start, end, _ in spans]
    if 1 < len(parts) <= _MAX_PARTS:
        for n, part in enumerate(parts):
            yield part, " ".join(parts[:n] + parts[n + 1 :])


def filter_values(item: Filter) -> list[str]:
    """Return the values of a filter as they are written in a search."""
    ranges = (
        str(low) if low == high else f"{low or ''}..{'' if high == MAX_YEAR else high}" for low, high in item.ranges
    )
    return [*item.values, *ranges]
