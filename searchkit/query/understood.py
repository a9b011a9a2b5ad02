"""A filter that is understood from the words of a query."""

from __future__ import annotations

from typing import NamedTuple


class UnderstoodFilter(NamedTuple):
    """A place, a year, a body, a section or a kind of report that words of a query name."""

    facet: str
    """district, of_year (for every year), agency, section or doctype."""
    values: tuple[str | int, ...]
    """The values of the facet that the words mean. Years are numbers."""
    words: str
    """The words, as in the query."""
    start: int
    """Offset of the words in the query: code points, 0-based."""
    end: int
    """Offset of the end of the words, exclusive."""
    strict: bool = True
    """Whether the query requires one of the values. Otherwise the words only add to the score."""
