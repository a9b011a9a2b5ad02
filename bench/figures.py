"""What a record says about classes of queries: times, ratios, and which answers count."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import geometric_mean
from typing import Any

from bench.corpora import NAMES

OURS = "searchkit"

_WRONG = 0.01  # share of hits that a phrase may miss, or find across a comma, and still be compared in speed

Record = Mapping[str, Any]
"""What `bench.run` wrote, or the part of it about one corpus."""


def searched(record: Record) -> dict[str, Record]:
    """The corpora that were searched, the smallest generated one first, by name."""
    parts = record.get("corpora", {})
    return {name: parts[name] for name in NAMES if "queries" in parts.get(name, {})}


def ratio(part: Record, group: str, peer: str) -> float | None:
    """Time of searchkit over that of a peer in a class of queries; geometric mean of those that the peer got right."""
    pairs = [
        (query["engines"][OURS]["ms"], query["engines"][peer]["ms"])
        for query in in_group(part, group)
        if OURS in query["engines"] and is_right(query, peer)
    ]
    return geometric_mean(ours / theirs for ours, theirs in pairs) if pairs else None


def milliseconds(part: Record, group: str, engine: str) -> float | None:
    """Time of an engine in a class of queries; geometric mean of those that it got right."""
    times = [query["engines"][engine]["ms"] for query in in_group(part, group) if is_right(query, engine)]
    return geometric_mean(times) if times else None


def groups(part: Record, *, phrases: bool) -> list[str]:
    """The classes of queries in the order they were asked in: those of phrases, or all others."""
    return list(dict.fromkeys(q["group"] for q in part["queries"] if (q["kind"] == "phrase") == phrases))


def is_right(query: Record, engine: str) -> bool:
    """Whether the engine answered, and, asked for a string, found what there is but for one hit in a hundred."""
    if engine not in query["engines"]:
        return False
    if query["kind"] != "phrase":
        return True
    truth: int = query["truth"]
    return abs(truth - int(query["engines"][engine]["total"])) <= truth * _WRONG


def in_group(part: Record, group: str) -> list[Record]:
    """The queries of a class."""
    return [query for query in part["queries"] if query["group"] == group]
