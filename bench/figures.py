"""Summarises the results of searches by class of queries: times, ratios, and whether an answer is right."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import geometric_mean
from typing import Any

from bench.corpora import NAMES

SEARCHKIT = "searchkit"

_MAX_ERROR = 0.01
"""Maximum difference between the total of a right answer and the true total of a phrase, relative to the true total."""

Record = Mapping[str, Any]
"""A result file of `bench.run`, or its part about one corpus or query."""


def searched_corpora(record: Record) -> dict[str, Record]:
    """Return the parts about corpora with measured searches, by name: the generated ones by size, then the real one."""
    parts = record.get("corpora", {})
    return {name: parts[name] for name in NAMES if "queries" in parts.get(name, {})}


def ratio(part: Record, group: str, peer: str) -> float | None:
    """Return the time of searchkit divided by that of a peer in a class of queries.

    This is the geometric mean over the queries that both engines were asked and the peer answered right, or None if
    there are none.
    """
    pairs = [
        (query["engines"][SEARCHKIT]["ms"], query["engines"][peer]["ms"])
        for query in queries_in(part, group)
        if SEARCHKIT in query["engines"] and is_right(query, peer)
    ]
    return geometric_mean(ours / theirs for ours, theirs in pairs) if pairs else None


def milliseconds(part: Record, group: str, engine: str) -> float | None:
    """Return the time of an engine in a class of queries.

    This is the geometric mean over the queries that the engine answered right, or None if there are none.
    """
    times = [query["engines"][engine]["ms"] for query in queries_in(part, group) if is_right(query, engine)]
    return geometric_mean(times) if times else None


def groups(part: Record, *, phrases: bool) -> list[str]:
    """Return the classes of phrase queries if `phrases`, otherwise all other classes, in the order of the record."""
    return list(dict.fromkeys(q["group"] for q in part["queries"] if (q["kind"] == "phrase") == phrases))


def is_right(query: Record, engine: str) -> bool:
    """Return whether the engine was asked the query and answered it right.

    The total of a phrase must be within 1 % of the true total. Some engines miss a phrase that is segmented
    differently, or find it across a comma. Any answer to a query that is not a phrase counts as right.
    """
    if engine not in query["engines"]:
        return False
    if query["kind"] != "phrase":
        return True
    truth: int = query["truth"]
    return abs(truth - int(query["engines"][engine]["total"])) <= truth * _MAX_ERROR


def queries_in(part: Record, group: str) -> list[Record]:
    """Return the queries of a class."""
    return [query for query in part["queries"] if query["group"] == group]
