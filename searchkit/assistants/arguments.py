"""Reads the arguments of a call of a tool like parameters of `searchkit serve`, and describes them as JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from searchkit.errors import UsageError
from searchkit.output.json import dumps
from searchkit.web.parameters import FILTER_NAMES, MAX_FILTER_VALUES, MAX_QUERY_LENGTH, PARAMETERS, Parameter

DEFAULT_CHARACTERS, MIN_CHARACTERS, MAX_CHARACTERS = 4_000, 1_000, 20_000
"""Default, smallest and largest value of `max_characters`, in code points. Clients cut answers at about 25,000 tokens.
"""
_BUILT_IN = tuple(name for name in FILTER_NAMES if name != "where")
"""Names of the built-in facets."""
FILTERS = "filters"
"""Name of the argument that contains the filters."""
_MAX_CHARACTERS = Parameter(
    "max_characters",
    f"Maximum length of the text of the answer, from {MIN_CHARACTERS}. Lines that do not fit are left out.",
    kind="number",
    default=str(DEFAULT_CHARACTERS),
    maximum=MAX_CHARACTERS,
)
"""A parameter of every tool."""


def number(name: str, default: int, maximum: int) -> Parameter:
    """Return the parameter of `searchkit serve` with this name as a number, with another default and maximum."""
    return replace(PARAMETERS[name], kind="number", default=str(default), maximum=maximum)


def read_arguments(
    parameters: Sequence[Parameter], required: Sequence[str], given: Mapping[str, object], *, has_filters: bool
) -> dict[str, Any]:
    """Return the values of the arguments of a call by name, with defaults; absent ones without a default are left out.

    With `has_filters`, the argument `filters` is split: the result has an entry for each built-in facet with values,
    and the entry `where` for all other facets. Raises UsageError for an argument that the tool does not have, a missing
    required one, and an impossible value.
    """
    every = (*parameters, _MAX_CHARACTERS)
    names = [item.name for item in every] + [FILTERS] * has_filters
    for name in given:
        if name not in names:
            raise UsageError(f"there is no argument {name!r}; the arguments are {', '.join(names)}")
    values: dict[str, Any] = {}
    for item in every:
        text = _read_text(item, given.get(item.name))
        if text is None and item.name in required:
            raise UsageError(f"the argument {item.name} is missing")
        text = item.default if text is None else item.parse(text)
        if text is not None:
            values[item.name] = int(text) if item.kind == "number" else text == "true" if item.kind == "flag" else text
    if values[_MAX_CHARACTERS.name] < MIN_CHARACTERS:
        raise UsageError(f"{_MAX_CHARACTERS.name} must be at least {MIN_CHARACTERS}")
    return {**values, **_read_filters(given.get(FILTERS))} if has_filters else values


def describe_arguments(
    parameters: Sequence[Parameter], required: Sequence[str], *, has_filters: bool
) -> dict[str, Any]:
    """Return the JSON Schema of the arguments of a tool."""
    properties = {item.name: _describe(item) for item in parameters}
    if has_filters:
        properties[FILTERS] = _describe_filters()
    properties[_MAX_CHARACTERS.name] = {**_describe(_MAX_CHARACTERS), "minimum": MIN_CHARACTERS}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _read_text(item: Parameter, value: object) -> str | None:
    """Return the value of an argument as text, as in a URL of `searchkit serve`.

    None if it is absent or blank, or is false and the parameter a flag. Assistants write numbers as texts, and whole
    numbers as 8.0, so both are accepted. Raises UsageError for a value of a wrong type.
    """
    if value is None or (value is False and item.kind == "flag"):
        return None
    if isinstance(value, bool):
        if item.kind != "flag":
            raise UsageError(f"{item.name} must be a {item.kind}, not {dumps(value)}")
        return "true"
    if isinstance(value, int | float):
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if not isinstance(value, str):
        raise UsageError(f"{item.name} must be a {item.kind}, not {dumps(value)}")
    return value if value.strip() else None


def _read_filters(value: object) -> dict[str, Any]:
    """Return filters as keyword arguments of the methods of an index. `value`: an object, or None without filters.

    Raises UsageError if `value` is anything else, has more than `MAX_FILTER_VALUES` values, or has an impossible value.
    """
    if value is None:
        value = {}
    if not isinstance(value, Mapping):
        raise UsageError(
            f'filters must be an object such as {{"district": "滨海新区", "year": 2023}}, not {dumps(value)}'
        )
    filters = {str(facet): _read_values(facet, items) for facet, items in value.items()}
    if sum(map(len, filters.values())) > MAX_FILTER_VALUES:
        raise UsageError(f"more than {MAX_FILTER_VALUES} values of filters; give fewer")
    built_in = {facet: items for facet, items in filters.items() if items and facet in _BUILT_IN}
    return {**built_in, "where": {facet: items for facet, items in filters.items() if items and facet not in built_in}}


def _read_values(facet: str, value: object) -> list[str]:
    """Return the values of a filter as texts, without blank ones.

    Raises UsageError for a value that is neither a text nor a whole number, or is longer than `MAX_QUERY_LENGTH`.
    """
    values = value if isinstance(value, list) else [] if value is None else [value]
    for item in values:
        if isinstance(item, bool) or not isinstance(item, str | int):
            raise UsageError(f"the filter {facet} must be a text or a list of texts, not {dumps(value)}")
        if len(str(item)) > MAX_QUERY_LENGTH:
            raise UsageError(f"a value of the filter {facet} has more than {MAX_QUERY_LENGTH} characters; shorten it")
    return [str(item) for item in values if str(item).strip()]


def _describe(item: Parameter) -> dict[str, Any]:
    """Return the schema of a parameter."""
    schema: dict[str, Any] = {"description": item.help}
    if item.kind == "number":
        schema |= {"type": "integer", "minimum": 0, "maximum": item.maximum}
    elif item.kind == "flag":
        schema |= {"type": "boolean"}
    else:
        schema |= {"type": "string", "maxLength": MAX_QUERY_LENGTH}
    if item.choices:
        schema["enum"] = list(item.choices)
    if item.default is not None:
        schema["default"] = int(item.default) if item.kind == "number" else item.default
    return schema


def _describe_filters() -> dict[str, Any]:
    """Return the schema of the filters."""
    value = {"type": ["string", "integer"]}
    values = {"anyOf": [value, {"type": "array", "items": value}]}
    return {
        "type": "object",
        "description": "Values of facets. Several of one facet mean OR, different facets AND. Also facets of the user.",
        "properties": {name: {**values, "description": PARAMETERS[name].help} for name in _BUILT_IN},
        "additionalProperties": values,
    }
