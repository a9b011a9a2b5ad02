"""Rows and columns of a comparison: what a measure or a document has under a facet, in which order, by which label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from searchkit.model import SECTIONS, Document, Measure
from searchkit.query.facets import BUILT_IN

Key = str | int | tuple[str, ...]
"""What tells rows apart: a value, or for district the whole region, since there is more than one 鼓楼区."""
Label = str | int
"""What a row or column is called: years are numbers."""

OF_PARAGRAPHS = ("topic", "section")
"""Facets that paragraphs have and documents have not."""

_T = TypeVar("_T")


def keys_of(record: Document | Measure, name: str) -> tuple[Key, ...]:
    """What a record has under the facet `name`; nothing when it has no value."""
    if name == "district":
        return (record.region,) if record.region else ()
    if name == "topic":
        return record.topics if isinstance(record, Measure) else ()
    value = getattr(record, name) if name in BUILT_IN else record.facets.get(name)
    return () if value is None else (value,)


def labelled(name: str, keys: Iterable[Key]) -> dict[Key, Label]:
    """Different keys in the order to show them in, with labels that differ too. `keys` come in corpus order."""
    different = list(dict.fromkeys(keys))
    if name == "district":
        regions = [key for key in different if isinstance(key, tuple)]
        return dict(_named_apart(_together(regions)))
    if name == "section":
        different.sort(key=lambda key: SECTIONS.index(str(key)))
    elif all(isinstance(key, int) or str(key).isdecimal() for key in different):
        different.sort(key=lambda key: int(str(key)))
    return {key: key for key in different if not isinstance(key, tuple)}


def _together(regions: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Regions in the order they came, those of a province and of a city moved together, the whole before its parts."""
    first: dict[tuple[str, ...], int] = {}
    for region in regions:
        for depth in range(len(region)):
            first.setdefault(region[: depth + 1], len(first))
    return sorted(regions, key=lambda region: [first[region[: depth + 1]] for depth in range(len(region))])


def _named_apart(regions: Sequence[tuple[str, ...]]) -> list[tuple[Key, Label]]:
    """Each region by its last element, or by its path where another one ends alike."""
    lasts = [region[-1] for region in regions]
    return [(region, region[-1] if lasts.count(region[-1]) == 1 else "/".join(region)) for region in regions]


def grouped(items: Iterable[_T], key_of: Callable[[_T], Key]) -> dict[Key, list[_T]]:
    """Items by key, in the order they came."""
    groups: dict[Key, list[_T]] = {}
    for item in items:
        groups.setdefault(key_of(item), []).append(item)
    return groups
