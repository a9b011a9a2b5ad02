"""What a facet is: the values a paragraph has under a name, and when a filter lets a paragraph through.

Every engine answers by these definitions; a recount in plain Python with `values_of` gives the same numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from searchkit.errors import UsageError
from searchkit.model import Paragraph
from searchkit.text.years import FIRST_YEAR, LAST_YEAR

BUILT_IN = ("district", "year", "agency", "topic", "section", "doctype", "document")
"""Facets that every index has; a user's own come besides."""

_NEEDS_QUOTES = re.compile(r"""[\s()（）\[\]{}"“”「」『』|｜^＾*＊:：]|^-|^(AND|OR|NOT)?$""")

MAX_VALUES = 100
"""How many values of a facet a search lists; the paragraphs of the others are summed up in `FacetCounts.other`."""


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet asked for. `depth` cuts a hierarchical facet: district at 1 counts provinces, at 2 cities."""

    name: str
    depth: int | None = None

    @classmethod
    def parse(cls, text: str) -> Facet:
        """Read `NAME` or `district:DEPTH`. Raises UsageError for a depth that is none or on another facet."""
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
    """Lets a paragraph through that has one of `values`, or a number within one of `ranges` (ends included)."""

    name: str
    values: tuple[str, ...] = ()
    """district: any level of the region, or a path such as 福建省/福州市/鼓楼区."""
    ranges: tuple[tuple[int, int], ...] = ()

    def admits(self, paragraph: Paragraph) -> bool:
        """Whether the paragraph passes."""
        if self.name == "district":
            region = paragraph.region
            return any(
                value in region or ("/" in value and _holds(region, tuple(value.split("/")))) for value in self.values
            )
        values = values_of(paragraph, Facet(self.name))
        return any(value in self.values for value in values) or any(
            low <= int(value) <= high for value in values if value.isdecimal() for low, high in self.ranges
        )

    def __str__(self) -> str:
        names = [quoted(value) if _NEEDS_QUOTES.search(value) else value for value in self.values]
        shown = [*names, *(str(low) if low == high else _range(low, high) for low, high in self.ranges)]
        return f"{self.name}:{shown[0]}" if len(shown) == 1 else f"{self.name}:({' OR '.join(shown)})"


class FacetValue(NamedTuple):
    """One value with the number of matching paragraphs that have it."""

    value: str | int
    count: int  # type: ignore[assignment]  # the name hides a method of tuples
    selected: bool = False
    """The search is filtered by this value."""


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """Exact counts of one facet: of all matches, under every filter but the facet's own."""

    values: tuple[FacetValue, ...]
    """By count, largest first, then by value; selected values are never cut."""
    missing: int = 0
    """Paragraphs without a value."""
    other: int = 0
    """Sum of the counts of the values that `values` leaves out."""

    def containing(self, text: str) -> FacetCounts:
        """The listed values that hold `text`, however it is written (width, case, traditional characters)."""
        from searchkit.text.folding import fold  # noqa: PLC0415 - the command line takes names of facets from here at its start

        return replace(self, values=tuple(item for item in self.values if fold(text) in fold(str(item.value))))


@dataclass(slots=True)
class Counter:
    """Counts facet values one by one and orders them: the definition that faster ways are held to."""

    facet: Facet
    selected: frozenset[str] = frozenset()
    counts: dict[str, int] = field(default_factory=dict)
    missing: int = 0

    def add(self, paragraph: Paragraph) -> None:
        """Count the paragraph under each of its values."""
        values = values_of(paragraph, self.facet)
        for value in values:
            self.counts[value] = self.counts.get(value, 0) + 1
        self.missing += not values

    def result(self, most: int | None = MAX_VALUES) -> FacetCounts:
        """The counts so far; `most` values at the most, None = all."""
        return ordered(self.counts, self.missing, self.facet, self.selected, most)


def ordered(
    counts: Mapping[str, int], missing: int, facet: Facet, selected: frozenset[str], most: int | None
) -> FacetCounts:
    """Order counted values by count, then value, and keep the first `most` besides the selected ones."""
    return cut(sorted(counts.items(), key=lambda item: (-item[1], item[0])), missing, facet, selected, most)


def cut(
    ranked: Sequence[tuple[str, int]], missing: int, facet: Facet, selected: frozenset[str], most: int | None
) -> FacetCounts:
    """Keep the first `most` of values that are in order, besides the selected ones."""
    rest = [] if most is None else [item for item in ranked[most:] if item[0] not in selected]
    kept = [*ranked[:most], *(item for item in ranked[most:] if item[0] in selected)] if rest else ranked
    values = listed(facet, [value for value, _ in kept], [count for _, count in kept], selected)
    return FacetCounts(values, missing, sum(count for _, count in rest))


def listed(
    facet: Facet, values: Sequence[str], counts: Iterable[int], selected: frozenset[str]
) -> tuple[FacetValue, ...]:
    """Values as they are given out: years as numbers, the selected ones marked. Cost: 0.2 µs each."""
    shown: Iterable[str | int] = map(int, values) if facet.name == "year" else values
    return tuple(map(FacetValue._make, zip(shown, counts, map(selected.__contains__, values), strict=True)))


def values_of(paragraph: Paragraph, facet: Facet) -> tuple[str, ...]:
    """Values that the paragraph has under the facet, as strings; empty when it has none.

    With a depth, district gives the path from province down, cut there: 福建省/福州市.
    """
    name = facet.name
    if name == "district":
        if facet.depth is not None:
            return ("/".join(paragraph.region[: facet.depth]),) if paragraph.region else ()
        return paragraph.region[-1:]
    if name == "topic":
        return paragraph.topics
    if name in BUILT_IN:
        value = getattr(paragraph, name)
        return () if value is None else (str(value),)
    value = paragraph.facets.get(name)
    return () if value is None else (value,)


def selected_values(facet: Facet, filters: tuple[Filter, ...]) -> frozenset[str]:
    """Values of the facet that the filters ask for by name. A range of years selects each year in it."""
    values: set[str] = set()
    for item in filters:
        if item.name == facet.name:
            values.update(item.values)
            values.update(str(year) for low, high in item.ranges for year in range(max(low, 0), min(high, 9999) + 1))
    return frozenset(values)


def quoted(text: str) -> str:
    """`text` in quotes that it does not hold itself, so that it reads as written."""
    for left, right in ('""', "“”", "「」", "『』"):
        if left not in text and right not in text:
            break
    return f"{left}{text}{right}"


def _holds(region: tuple[str, ...], path: tuple[str, ...]) -> bool:
    return any(region[i : i + len(path)] == path for i in range(len(region) - len(path) + 1))


def _range(low: int, high: int) -> str:
    """A range of years as the query language has it: an end that is open is left out."""
    return f"[{'' if low == FIRST_YEAR else f'{low} '}TO{'' if high == LAST_YEAR else f' {high}'}]"
