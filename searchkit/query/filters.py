"""Filters as callers write them: names of facets and values, ranges of years."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from searchkit.errors import UsageError
from searchkit.query.facets import Filter
from searchkit.text.years import parse_years

Value = str | int | Sequence[str | int]
"""What a filter takes: one value or several (OR). Years are numbers or `2021..2023`, open at either end."""


def read_filters(
    filters: Mapping[str, Value], where: Mapping[str, Value] | None, check_name: Callable[[str], None]
) -> tuple[Filter, ...]:
    """Filters of names and values; `check_name` refuses names of no facet. Raises UsageError for what is no value."""
    chosen: list[Filter] = []
    if not isinstance(where, Mapping | None):
        raise UsageError('where takes facets and values, as in {"cluster": "京津冀"}')
    for name, value in {**filters, **(where or {})}.items():
        values = _values(name, value)
        if values:
            check_name(name)
            chosen.append(_year_filter(values) if name == "year" else Filter(name, tuple(map(str, values))))
    return tuple(chosen)


def _values(name: str, value: object) -> list[str | int]:
    """The values of a filter, however it was given. Raises UsageError for what is no value."""
    values = [value] if isinstance(value, str | int) else list(value) if isinstance(value, list | tuple) else None
    if value is not None and (values is None or not all(isinstance(item, str | int) for item in values)):
        raise UsageError(f"{name}: {value!r} is no value; give a text, a number, or a list of them")
    return values or []


def _year_filter(values: Sequence[str | int]) -> Filter:
    try:
        return Filter("year", ranges=tuple(parse_years(str(value)) for value in values))
    except ValueError as error:
        raise UsageError(str(error)) from None
