"""Filters given as facet names with values or year ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from searchkit.errors import UsageError
from searchkit.query.facets import YEAR_FACETS, Filter
from searchkit.text.years import parse_year_range

FilterValue = str | int | Sequence[str | int]
"""Argument of a filter: one value, or several values, one of which must match. A value of `year` and `of_year` is a
year, or a range `2021..2023`, of which either end can be omitted."""


def parse_filters(
    filters: Mapping[str, FilterValue], where: Mapping[str, FilterValue] | None, check_name: Callable[[str], None]
) -> tuple[Filter, ...]:
    """Return the filters of two mappings from facet names to values.

    If a name is in both mappings, the value in `where` is used. A name with the value None or an empty list is ignored.
    `check_name` must raise an exception if no facet has the name. Raises UsageError for an invalid value.
    """
    parsed: list[Filter] = []
    if not isinstance(where, Mapping | None):
        raise UsageError('where takes facets and values, as in {"cluster": "京津冀"}')
    for name, value in {**filters, **(where or {})}.items():
        values = _to_list(name, value)
        if values:
            check_name(name)
            is_year = name in YEAR_FACETS
            parsed.append(_parse_year_filter(name, values) if is_year else Filter(name, tuple(map(str, values))))
    return tuple(parsed)


def _to_list(name: str, value: object) -> list[str | int]:
    """Return the argument of a filter as a list, empty for None. Raises UsageError if it has another type."""
    values = [value] if isinstance(value, str | int) else list(value) if isinstance(value, list | tuple) else None
    if value is not None and (values is None or not all(isinstance(item, str | int) for item in values)):
        raise UsageError(f"{name}: {value!r} is not a value; give a text, a number, or a list of them")
    return values or []


def _parse_year_filter(name: str, values: Sequence[str | int]) -> Filter:
    try:
        return Filter(name, ranges=tuple(parse_year_range(str(value)) for value in values))
    except ValueError as error:
        raise UsageError(str(error)) from None
