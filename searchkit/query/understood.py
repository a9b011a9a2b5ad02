"""The filters that are understood in the words of a query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class UnderstoodFilter(NamedTuple):
    """A place, a year, a body, a section or a kind of report that words of a query name."""

    facet: str
    """district, of_year, agency, section or doctype. Years are of_year, also if the words name the year of a report."""
    values: tuple[str | int, ...]
    """The values of the facet that the words mean. Years are numbers."""
    words: str
    """The words, as in the query."""
    start: int
    """Offset of the words in the query: code points, 0-based."""
    end: int
    """Offset of the end of the words, exclusive."""
    strict: bool = True
    """Whether the query requires one of the values. If not, nothing matched under all understood filters, so this
    filter was given up, and its words only add to the score."""


def remove_filters(query: str, understood: Iterable[UnderstoodFilter]) -> str:
    """Return a query without the words of its understood filters, and without a hyphen after them (东丽区-立案)."""
    for item in sorted(understood, key=lambda item: -item.start):
        query = f"{query[: item.start]} {query[item.end :].lstrip('-－')}"
    return " ".join(query.split())
