"""Filters as callers write them: names of facets and values, ranges of years."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from searchkit.errors import UsageError
from searchkit.query.facets import Filter

Value = str | int | Sequence[str | int]
"""What a filter takes: one value or several (OR). Years are numbers or `2021..2023`, open at either end."""

_YEARS = re.compile(r"(\d{4})?\s*\.\.\s*(\d{4})?")


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
    ranges = []
    for value in values:
        text = str(value).strip()
        match = _YEARS.fullmatch(text)
        if match and (match[1] or match[2]):
            ranges.append((int(match[1] or 0), int(match[2] or 9999)))
        elif text.isdecimal() and len(text) == 4:  # noqa: PLR2004
            ranges.append((int(text), int(text)))
        else:
            message = f"{text!r} is no year; write 2023 or 2021..2023"
            raise UsageError(message)
    return Filter("year", ranges=tuple(ranges))
