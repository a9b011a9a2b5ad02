"""Definition of facets: the values of a paragraph, the paragraphs that a filter admits, order and number of values.

Every engine must return what these definitions return. Tests recount facets with `facet_values`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import itemgetter
from typing import NamedTuple

from searchkit.errors import UsageError
from searchkit.model import Measure, Paragraph
from searchkit.names import BUILT_IN_FACETS, MAX_FACET_VALUES, YEAR_FACETS
from searchkit.text.years import MAX_YEAR, MIN_YEAR

# A facet value that the query language would not read as one word: it contains a space, a bracket, a quote, a colon or
# an operator, begins with -, or is AND, OR, NOT or empty.
_NEEDS_QUOTES = re.compile(r"""[\s()（）\[\]{}"“”「」『』|｜^＾*＊:：]|^-|^(AND|OR|NOT)?$""")


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet to count."""

    name: str
    depth: int | None = None
    """For district: number of elements of the region (浙江省, 杭州市, 西湖区) to count by. 1 counts provinces, 2 counts
    cities. None counts by the last element."""

    @classmethod
    def parse(cls, text: str) -> Facet:
        """Parse `NAME` or `district:DEPTH`. Raises UsageError unless DEPTH is 1 to 4 and the facet is district."""
        name, colon, depth = text.partition(":")
        if not colon:
            return cls(name)
        if name != "district" or depth not in {"1", "2", "3", "4"}:
            message = f"facet {text!r}: a depth of 1 to 4 goes with district, for example district:1"
            raise UsageError(message)
        return cls(name, int(depth))

    def __str__(self) -> str:
        return self.name if self.depth is None else f"{self.name}:{self.depth}"


@dataclass(frozen=True, slots=True)
class Filter:
    """Matches a paragraph that has one of `values`, or a number in one of `ranges`, for the facet `name`."""

    name: str
    values: tuple[str, ...] = ()
    """For district, a value matches an element of the region at any level. It can also be several consecutive elements
    of the region: 福建省/福州市/鼓楼区, 福州市/鼓楼区."""
    ranges: tuple[tuple[int, int], ...] = ()
    """First and last number of each range, inclusive."""

    def admits(self, paragraph: Paragraph) -> bool:
        """Return whether the paragraph passes the filter."""
        if self.name == "district":
            region = paragraph.region
            return any(
                value in region or ("/" in value and _contains_path(region, tuple(value.split("/"))))
                for value in self.values
            )
        values = facet_values(paragraph, Facet(self.name))
        return any(value in self.values for value in values) or any(
            low <= int(value) <= high for value in values if value.isdecimal() for low, high in self.ranges
        )

    def admits_measure(self, measure: Measure) -> bool:
        """Return whether a measure passes the filter.

        A filter by of_year compares the year of the measure (`year_of_measure`). Any other filter admits all measures
        of the paragraphs that it admits.
        """
        if self.name != "of_year":
            return self.admits(measure.source)
        year = year_of_measure(measure)
        return year is not None and self.admits(replace(measure.source, of_year=(year,)))

    def __str__(self) -> str:
        names = [quote(value) if _NEEDS_QUOTES.search(value) else value for value in self.values]
        terms = [*names, *(str(low) if low == high else _format_range(low, high) for low, high in self.ranges)]
        return f"{self.name}:{terms[0]}" if len(terms) == 1 else f"{self.name}:({' OR '.join(terms)})"


class FacetValue(NamedTuple):
    """A value, and the numbers of matching paragraphs and documents that have it."""

    value: str | int
    """The value. Years are numbers."""
    count: int  # type: ignore[assignment]  # the name hides a method of tuples
    """Number of matching paragraphs that have the value."""
    selected: bool = False
    """Whether a filter of the search names the value."""
    documents: int = 0
    """Number of documents with at least one of these paragraphs."""
    all_documents: int = 0
    """Number of documents with at least one paragraph that has the value and either passes the filters, also those in
    the query, or matches the query. So the words of the query do not narrow it."""

    @property
    def share(self) -> float:
        """`documents` as a share of `all_documents`, from 0 to 1. 0 if `all_documents` is 0."""
        return self.documents / self.all_documents if self.all_documents else 0.0


_new_facet_value: Callable[[Iterable[object]], FacetValue] = partial(tuple.__new__, FacetValue)
"""Returns a `FacetValue` with the given fields. Takes half as long as `FacetValue._make`."""


class FacetCounts(NamedTuple):
    """Exact counts of a facet over all matches. All filters apply except those of the facet itself."""

    values: tuple[FacetValue, ...]
    """The most frequent values and the selected ones. Years are in ascending order. Values of other facets are by
    descending count, then by value, and selected values that are not among the most frequent come last. Values without
    a match are not listed, even if they are selected."""
    missing: int = 0
    """Number of matching paragraphs without a value."""
    other: int = 0
    """Sum of the counts of the values that `values` omits."""

    def containing(self, text: str) -> FacetCounts:
        """Return the counts with only those listed values that contain `text` after folding (`text.folding`).

        `missing` and `other` are unchanged.
        """
        from searchkit.text.folding import fold  # noqa: PLC0415 - the command line imports this module at start-up

        return self._replace(values=tuple(item for item in self.values if fold(text) in fold(str(item.value))))

    def within(self, places: Sequence[str]) -> FacetCounts:
        """Return the counts with only those listed values that are one of some places, or inside one.

        The values are paths: those of `district:DEPTH`. A place is an element of a path, or several consecutive ones:
        福建省/福州市. `missing` and `other` are unchanged.
        """
        paths = [tuple(place.split("/")) for place in places]
        values = ((item, tuple(str(item.value).split("/"))) for item in self.values)
        return self._replace(
            values=tuple(item for item, region in values if any(_contains_path(region, path) for path in paths))
        )

    def most_frequent(self, limit: int) -> FacetCounts:
        """Return the counts with only the `limit` most frequent of the listed values, and the selected ones.

        The order of the values stays. The counts of the values that are removed are added to `other`.
        """
        ranked = sorted(range(len(self.values)), key=lambda n: -self.values[n].count)
        kept = {*ranked[:limit], *(n for n, item in enumerate(self.values) if item.selected)}
        omitted = sum(item.count for n, item in enumerate(self.values) if n not in kept)
        return self._replace(
            values=tuple(item for n, item in enumerate(self.values) if n in kept), other=self.other + omitted
        )


@dataclass(slots=True)
class FacetCounter:
    """Counts facet values paragraph by paragraph. Faster implementations must return the same counts."""

    facet: Facet
    selected: frozenset[str] = frozenset()
    """Selected values (`selected_values`)."""
    counts: dict[str, int] = field(default_factory=dict)
    """Number of paragraphs by value."""
    missing: int = 0
    """Number of paragraphs without a value."""
    documents: dict[str, set[str]] = field(default_factory=dict)
    """Ids of the documents of the paragraphs by value."""

    def add(self, paragraph: Paragraph) -> None:
        """Count the paragraph under each of its values."""
        values = facet_values(paragraph, self.facet)
        for value in values:
            self.counts[value] = self.counts.get(value, 0) + 1
            self.documents.setdefault(value, set()).add(paragraph.document)
        self.missing += not values

    def result(self, population: FacetCounter, limit: int | None = MAX_FACET_VALUES) -> FacetCounts:
        """Return the counts so far: those of the `limit` (None: all) most frequent values, and of the selected ones.

        `population`: the counts of all paragraphs that pass the filters or match, for `FacetValue.all_documents`.
        """
        ranked = sorted(self.counts, key=lambda value: (-self.counts[value], value))
        omitted = set() if limit is None else {value for value in ranked[limit:] if value not in self.selected}
        listed = [value for value in ranked if value not in omitted]
        documents, all_documents = (
            [len(counter.documents.get(value, ())) for value in listed] for counter in (self, population)
        )
        counts = list(map(self.counts.__getitem__, listed))
        values = to_facet_values(self.facet, listed, self.selected, (counts, documents, all_documents))
        return FacetCounts(values, self.missing, sum(map(self.counts.__getitem__, omitted)))


def to_facet_values(
    facet: Facet,
    values: Sequence[str],
    selected: frozenset[str],
    counts: tuple[Iterable[int], Iterable[int], Iterable[int]],
) -> tuple[FacetValue, ...]:
    """Return the values of a result, with years as numbers in ascending order, and selected values marked.

    `counts`: `count`, `documents` and `all_documents` of each value. Takes 0.2 µs per value.
    """
    is_year = facet.name in YEAR_FACETS
    typed_values: Iterable[str | int] = map(int, values) if is_year else values
    paragraphs, *documents = counts
    columns = zip(typed_values, paragraphs, map(selected.__contains__, values), *documents, strict=True)
    listed = map(_new_facet_value, columns)
    return tuple(sorted(listed, key=itemgetter(0)) if is_year else listed)


def facet_values(paragraph: Paragraph, facet: Facet) -> tuple[str, ...]:
    """Return the values of a paragraph for a facet, as strings. Empty if there is no value.

    Only topic and of_year can have several values.

    The value of district is the last element of the region. With a depth, it is the path from the province to that
    level: 福建省/福州市. It ends at the last element of a region with fewer levels.
    """
    name = facet.name
    if name == "district":
        if facet.depth is not None:
            return ("/".join(paragraph.region[: facet.depth]),) if paragraph.region else ()
        return paragraph.region[-1:]
    if name == "topic":
        return paragraph.topics
    if name == "of_year":
        return tuple(map(str, paragraph.of_year))
    if name in BUILT_IN_FACETS:
        value = getattr(paragraph, name)
        return () if value is None else (str(value),)
    value = paragraph.facets.get(name)
    return () if value is None else (value,)


def year_of_measure(measure: Measure) -> int | None:
    """Return the year by which measures are filtered and tabulated: that of the measure or, if None, of its report."""
    of_year = measure.extracted.of_year  # not `measure.of_year`, which takes three times as long
    return measure.source.year if of_year is None else of_year


def selected_values(facet: Facet, filters: tuple[Filter, ...]) -> frozenset[str]:
    """Return the values of a facet that the filters name. A range of years selects each year in it."""
    values: set[str] = set()
    for item in filters:
        if item.name == facet.name:
            values.update(item.values)
            for low, high in item.ranges:
                values.update(map(str, range(max(low, MIN_YEAR), min(high, MAX_YEAR) + 1)))
    return frozenset(values)


def quote(text: str) -> str:
    """Return `text` in quotes that it does not contain, so that it is parsed as one string.

    If `text` contains a quote of every pair, it is quoted in 『』 all the same.
    """
    for left, right in ('""', "“”", "「」", "『』"):
        if left not in text and right not in text:
            break
    return f"{left}{text}{right}"


def _contains_path(region: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Return whether the elements of `path` are consecutive elements of `region`."""
    return any(region[i : i + len(path)] == path for i in range(len(region) - len(path) + 1))


def _format_range(low: int, high: int) -> str:
    """Return a range of years in query syntax: [2021 TO 2023], [2021 TO], [TO 2023]; an empty one as {2022 TO 2023}."""
    if low > high:
        return f"{{{low - 1} TO {high + 1}}}"
    return f"[{'' if low == MIN_YEAR else f'{low} '}TO{'' if high == MAX_YEAR else f' {high}'}]"
