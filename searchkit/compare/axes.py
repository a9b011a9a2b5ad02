"""Rows and columns of a comparison: keys (facet values of measures and documents), their order and their labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from searchkit.model import Document, Measure, reviewed_year
from searchkit.names import BUILT_IN_FACETS, PARAGRAPH_FACETS, SECTIONS
from searchkit.query.facets import Facet, year_of_measure

AxisKey = str | int | tuple[str, ...]
"""Key of a row or column: a facet value, or for district the region as a path (福建省, 福州市, 鼓楼区), because several
cities have a 鼓楼区."""
AxisLabel = str | int
"""Displayed name of a row or column. Years are integers."""

_T = TypeVar("_T")


def keys_of(record: Document | Measure, name: str) -> tuple[AxisKey, ...]:
    """Return the keys of a record for the facet `name`, one for each value. `district:2` cuts regions to two elements.

    A document has no values of `PARAGRAPH_FACETS`, except of_year: the year that it reviews (`reviewed_year`), which
    is 2022 for a work report of 2023. A
    measure has at most one of_year (`year_of_measure`).
    """
    if name == "of_year" and isinstance(record, Document):
        year = reviewed_year(record.year, record.doctype)
        return () if year is None else (year,)
    if name in PARAGRAPH_FACETS and isinstance(record, Document):
        return ()
    if Facet.parse(name).name == "district":
        region = record.region[: Facet.parse(name).depth]
        return (region,) if region else ()
    if name == "topic" and isinstance(record, Measure):
        return record.topics
    if name == "of_year" and isinstance(record, Measure):
        value: AxisKey | None = year_of_measure(record)
    else:
        value = getattr(record, name) if name in BUILT_IN_FACETS else record.facets.get(name)
    return () if value is None else (value,)


def label_keys(name: str, keys: Iterable[AxisKey]) -> dict[AxisKey, AxisLabel]:
    """Return the distinct keys in display order, each with a distinct label.

    Regions are sorted by `_sort_regions`, and sections in the order of `SECTIONS`. Keys that are all whole numbers are
    in ascending order. Other keys stay in the order of their first occurrence.
    """
    distinct = list(dict.fromkeys(keys))
    if Facet.parse(name).name == "district":
        regions = [key for key in distinct if isinstance(key, tuple)]
        return dict(_label_regions(_sort_regions(regions)))
    if name == "section":
        distinct.sort(key=lambda key: SECTIONS.index(str(key)))
    elif all(isinstance(key, int) or str(key).isdecimal() for key in distinct):
        distinct.sort(key=lambda key: int(str(key)))
    return {key: key for key in distinct if not isinstance(key, tuple)}


def _sort_regions(regions: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Sort regions by first occurrence. The regions of a province are consecutive, and so are those of a city."""
    rank: dict[tuple[str, ...], int] = {}
    for region in regions:
        for depth in range(len(region)):
            rank.setdefault(region[: depth + 1], len(rank))
    return sorted(regions, key=lambda region: [rank[region[: depth + 1]] for depth in range(len(region))])


def _label_regions(regions: Sequence[tuple[str, ...]]) -> list[tuple[AxisKey, AxisLabel]]:
    """Return each region with its label: its last element, or its path if another region has the same last element."""
    names = [region[-1] for region in regions]
    return [(region, region[-1] if names.count(region[-1]) == 1 else "/".join(region)) for region in regions]


def group_by(items: Iterable[_T], key_of: Callable[[_T], AxisKey]) -> dict[AxisKey, list[_T]]:
    """Group items by key, in the order of their first occurrence."""
    groups: dict[AxisKey, list[_T]] = {}
    for item in items:
        groups.setdefault(key_of(item), []).append(item)
    return groups
