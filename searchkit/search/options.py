"""What callers ask for besides the query and the filters: options and quantities, read and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from searchkit.engines.contract import MeasureRequest
from searchkit.errors import UsageError
from searchkit.query.facets import BUILT_IN, Filter
from searchkit.query.filters import Value
from searchkit.query.tree import Everything
from searchkit.text.numerals import parse_quantity

MATCH = ("all", "any", "auto")
"""Every part must match; one word is enough; all, and if that finds nothing, any."""

Quantity = str | float
"""A number of base units, or a quantity as people write it: 10万元."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How to search, besides the query and the filters."""

    match: str = "auto"
    """One of `MATCH`."""
    limit: int | None = 10
    """Hits given; None = all."""
    offset: int = 0
    sort: str = "score"
    """`score`, or a facet's name, `-` before it for descending."""
    facets: Sequence[str] = ()
    """Facets to count: a name, or `district:DEPTH`."""
    group: str | None = None
    """`document`: the best paragraph of each."""
    explain: bool = False


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """How to look up measures, besides the query and the filters."""

    match: str = "auto"
    """One of `MATCH`."""
    unit: str | None = None
    """Only measures in this unit, scaled or not: 万元 and 元 ask for the same."""
    min: Quantity | None = None
    """The smallest base value, inclusive: 100000, or 10万元, which asks for the unit too."""
    max: Quantity | None = None
    """The largest base value, inclusive."""
    limit: int | None = 10
    """Hits given; None = all."""
    offset: int = 0


Options = TypeVar("Options", SearchOptions, MeasureOptions)


def read_options(chosen: Options, arguments: Mapping[str, object]) -> tuple[Options, dict[str, Value]]:
    """Options with keyword arguments in place of theirs, checked; and the arguments that are filters.

    Raises UsageError.
    """
    filters = {name: value for name, value in arguments.items() if name in BUILT_IN}
    rest = {name: value for name, value in arguments.items() if name not in BUILT_IN}
    unknown = sorted(rest.keys() - chosen.__dataclass_fields__.keys())
    if unknown:
        message = f"there is no option {unknown[0]!r}; the user's own facets go into where={{...}}"
        raise UsageError(message)
    options = replace(chosen, **rest)  # type: ignore[arg-type]
    _check(options)
    return options, filters  # type: ignore[return-value]


def admitted_measures(options: MeasureOptions, filters: tuple[Filter, ...]) -> MeasureRequest:
    """A request for all measures that options and filters admit. Raises UsageError."""
    minimum, of_minimum = _quantity("min", options.min)
    maximum, of_maximum = _quantity("max", options.max)
    units = dict.fromkeys(unit for unit in (_base_unit(options.unit), of_minimum, of_maximum) if unit)
    if len(units) > 1:
        raise UsageError(f"unit, min and max are of different units: {', '.join(units)}")
    return MeasureRequest(Everything(), filters=filters, unit=next(iter(units), None), minimum=minimum, maximum=maximum)


def _check(options: SearchOptions | MeasureOptions) -> None:
    """Raise UsageError for options that cannot be: they may come from a line of JSON."""
    numbers = [options.offset, 0 if options.limit is None else options.limit]
    wrong = {
        f"match is one of {', '.join(MATCH)}, not {options.match!r}": options.match not in MATCH,
        "limit and offset are whole numbers, 0 or more": not all(type(n) is int and n >= 0 for n in numbers),
    }
    if isinstance(options, SearchOptions):
        wrong |= {
            f"group is document, not {options.group!r}": options.group not in (None, "document"),
            f"sort is score or a facet's name, not {options.sort!r}": not isinstance(options.sort, str),
            f"facets are names, not {options.facets!r}": not all(isinstance(name, str) for name in options.facets),
        }
    else:
        wrong[f"unit is a text such as 件, not {options.unit!r}"] = not isinstance(options.unit, str | None)
    for message, is_wrong in wrong.items():
        if is_wrong:
            raise UsageError(message)


def _quantity(name: str, value: object) -> tuple[float | None, str | None]:
    """Base value and base unit of an option; either may be open. Raises UsageError."""
    if value is None:
        return None, None
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value), None
    try:
        if isinstance(value, str):
            return parse_quantity(value)
    except ValueError:
        pass
    raise UsageError(f"{name}: {value!r} is no quantity; write 50, 10万元 or 90%")


def _base_unit(unit: str | None) -> str | None:
    """元 for 万元; a unit that is not known, as it is."""
    unit = unit.strip() if unit else None
    if not unit:
        return None
    try:
        return parse_quantity(f"1{unit}")[1] or unit
    except ValueError:
        return unit
