"""The conditions of a search one by one: how much each finds alone, and what the search finds without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from searchkit.engines.contract import Request
from searchkit.engines.sharing import share_matches
from searchkit.query.facets import Filter
from searchkit.query.tree import Everything, Node
from searchkit.query.understood import remove_filters
from searchkit.search.options import SearchOptions
from searchkit.search.snapshot import Snapshot
from searchkit.search.suggestions import filter_values, split_query

CONDITION_KINDS = ("part", "understood", "filter")
"""Kinds of conditions: a part of the query, words of the query that are understood as a filter, a filter."""
_MAX_UNDERSTOOD = 8
"""Maximum number of understood filters of a query. If there are more, none is a condition."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a search that all of its hits must meet."""

    kind: str
    """One of `CONDITION_KINDS`."""
    text: str
    """The part or the words as in the query, or the filter: `year:2023`."""
    alone: int
    """Number of paragraphs that meet this condition, whether or not they meet the others."""
    without: int
    """Number of paragraphs that meet all other conditions."""
    query: str
    """The query without the condition."""
    filters: Mapping[str, Sequence[str]]
    """The filters without the condition, by facet, as they are written in a search."""


@share_matches()
def list_conditions(
    snapshot: Snapshot, query: str, options: SearchOptions, filters: tuple[Filter, ...]
) -> tuple[Condition, ...]:
    """Return the conditions of a search: parts of the query in their order, then understood filters, then filters.

    The parts are those of `split_parts`, mostly separated by spaces. If the query is a single run, its words are the
    parts. No part of a query with more than eight parts is a condition, and no understood filter of a query with more
    than eight of them. A paragraph must match all parts of a query: no search is relaxed. Of the options, only `match`
    and `literal` have an effect. Runs two searches per condition.
    """
    understood = snapshot.parse_query(query, options.literal).understood
    if len(understood) > _MAX_UNDERSTOOD:
        understood = ()
    named = [query[item.start : item.end] for item in understood]
    parts = split_query(remove_filters(query, understood) if understood else query, snapshot.analyzer)
    in_query = [
        *(("part", part, " ".join([*named, *parts[:n], *parts[n + 1 :]])) for n, part in enumerate(parts)),
        *(("understood", text, remove_filters(query, [item])) for text, item in zip(named, understood, strict=True)),
    ]

    def count(text: str, items: tuple[Filter, ...]) -> int:
        """Return the number of paragraphs that meet all parts of a query and pass filters."""
        with snapshot.use_engine() as engine:
            return engine.search(Request(_strict(snapshot, text, options), filters=items, limit=0)).total

    written = {item.name: filter_values(item) for item in filters}
    conditions = [
        Condition(kind, text, count(text, ()), count(other, filters), other, written) for kind, text, other in in_query
    ]
    for item in filters:
        others = tuple(other for other in filters if other is not item)
        values = {other.name: filter_values(other) for other in others}
        conditions.append(Condition("filter", str(item), count("", (item,)), count(query, others), query, values))
    return tuple(conditions)


def _strict(snapshot: Snapshot, query: str, options: SearchOptions) -> Node:
    """Return the query tree that requires all parts of a query.

    Of a query without operators, it requires only the content words, unless `match` is `all`.
    """
    if not query:
        return Everything()
    parsed = snapshot.parse_query(query, options.literal)
    return parsed.all if options.match == "all" else parsed.content or parsed.all
