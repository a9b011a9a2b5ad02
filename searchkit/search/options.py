"""Options of searches and look-ups: defaults, validation, and parsing of quantities such as 10万元."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard, TypeVar

from searchkit.engines.contract import MeasureRequest
from searchkit.errors import UsageError
from searchkit.names import (
    AGGREGATES,
    ANY_STATUS,
    BUILT_IN_FACETS,
    MAX_FACET_VALUES,
    MEASURE_STATUSES,
    UNDERSTOOD_FACETS,
)
from searchkit.query.facets import Filter
from searchkit.query.filters import FilterValue
from searchkit.query.tree import Everything
from searchkit.text.numerals import parse_quantity

MATCH_MODES = ("all", "any", "auto")
"""Values of the option `match`.

- `all`: every part of the query must match.
- `any`: one word of the query is enough.
- `auto`: every content word must match, that is every word but question words and particles; the list by score goes on
  with paragraphs that match some of them. If no paragraph matches all, `auto` is like `any`. A query with operators or
  quotes is read like `all` or, if nothing matches then, like `any`.
"""

MEASURE_SORTS = ("score", "value", "of_year", "year")
"""What measures can be sorted by: score; value, in base units; the year of the measure; the year of the report."""

Quantity = str | float
"""A number in base units, such as 100000, or a quantity as text, such as 10万元."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Options of a search."""

    match: str = "auto"
    """One of `MATCH_MODES`."""
    limit: int | None = 10
    """Maximum number of hits. None means all."""
    offset: int = 0
    """Number of hits to skip."""
    after: str | None = None
    """Cursor (`Results.next`) at which the hits begin, instead of `offset`. The query, the filters, and the options
    that decide which hits the list has and in which order must be those of the search that returned the cursor."""
    sort: str = "score"
    """`score` (best first, also `-score`), or the name of a facet (ascending). A `-` before the name means descending.
    Several keys are separated by commas, the most important first: `year,-score`."""
    facets: str | Sequence[str] = ()
    """Facets to count: a name or several, or `district:DEPTH`."""
    facet_limit: int | None = MAX_FACET_VALUES
    """Maximum number of values of a facet. The values of filters are listed in addition. None means all."""
    group: str | None = None
    """`document` returns only the best paragraph of each document. None returns all."""
    count_documents: bool = False
    """Whether to count the documents that have a match (`Results.documents`) even if hits are not grouped."""
    fold: bool = False
    """Whether near-duplicates are one hit: paragraphs that differ only in list number, years, place and punctuation
    (`Hit.folded`). Totals and facets count them all. Not with `group`."""
    without: str | Sequence[str] = ()
    """Text that no hit may contain, or several: words, as in a query, or a string in quotes. Leaves out the paragraphs
    that contain one or, with `group="document"`, all documents with such a paragraph."""
    explain: bool = False
    """Whether each hit has an explanation of its score."""
    beyond: bool = True
    """Whether the list by score goes on beyond the paragraphs with all content words, with `match="auto"`."""
    literal: bool | str | Sequence[str] = False
    """True reads the names of places, years, bodies, sections and kinds of reports in the query as words. One or
    several of `UNDERSTOOD_FACETS`, also separated by commas, read only the names of these facets as words."""
    timeout: float | None = None
    """Maximum number of seconds. A call that takes longer raises TimedOut. None sets no limit."""


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """Options of a look-up of measures."""

    match: str = "auto"
    """One of `MATCH_MODES`."""
    unit: str | None = None
    """Unit of the measures. Scale does not matter: 万元 and 元 mean the same."""
    min: Quantity | None = None
    """Smallest base value, inclusive: 100000, or 10万元. A unit also selects measures in units of its kind: 元 and 万元
    for 10万元, 吨 and 斤 for 5吨. A decrease has a negative value: 下降2.5% is -2.5."""
    max: Quantity | None = None
    """Largest base value, inclusive; otherwise like `min`."""
    status: str | Sequence[str] = ()
    """One or several of `MEASURE_STATUSES`. Empty means all, and so does `any`. If the option `sort`, `one_per` or
    `aggregate` is set, empty means actual."""
    no_cumulative: bool = False
    """Whether totals of several years are left out."""
    sort: str = "score"
    """One of `MEASURE_SORTS`. A `-` before another name than score means descending; score is always descending."""
    one_per: str | Sequence[str] = ()
    """Facets (one or several, also separated by commas), or `district:DEPTH`. Of the measures with the same values of
    these facets, one is returned: the best of those of the latest year."""
    aggregate: str | None = None
    """One of `names.AGGREGATES`: calculate a number instead of returning measures."""
    by: str | None = None
    """Facet by which `aggregate` groups the measures, or `district:DEPTH`."""
    limit: int | None = 10
    """Maximum number of hits. None means all."""
    offset: int = 0
    """Number of hits to skip."""
    literal: bool | str | Sequence[str] = False
    """As in `SearchOptions`."""
    timeout: float | None = None
    """Maximum number of seconds. A call that takes longer raises TimedOut. None sets no limit."""


Options = TypeVar("Options", SearchOptions, MeasureOptions)


def read_options(defaults: Options, arguments: Mapping[str, object]) -> tuple[Options, dict[str, FilterValue]]:
    """Separate keyword arguments into options and filters.

    Returns a copy of `defaults` with the options among the arguments, and the arguments named like built-in facets.
    Validates neither the filters nor the options `min`, `max`, `status`, `after`, `literal` and `timeout`, which are
    checked where they are used. Raises UsageError for an unknown name or an invalid option.
    """
    if not isinstance(defaults, SearchOptions | MeasureOptions):
        raise UsageError(f"options must be SearchOptions or MeasureOptions, not {defaults!r}; filters have names")
    filters = {name: value for name, value in arguments.items() if name in BUILT_IN_FACETS}
    rest = {name: value for name, value in arguments.items() if name not in BUILT_IN_FACETS}
    unknown = sorted(rest.keys() - defaults.__dataclass_fields__.keys())
    if unknown:
        raise unknown_name(unknown[0], (*defaults.__dataclass_fields__, *BUILT_IN_FACETS))
    options = replace(defaults, **rest)  # type: ignore[arg-type]
    _validate(options)
    return options, filters  # type: ignore[return-value]


def unknown_name(name: str, names: Collection[str]) -> UsageError:
    """Return the error for an option that does not exist. It names the nearest of `names` or, if none is near, all."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for error messages

    nearest = get_close_matches(name, names, 1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"options and filters are {', '.join(names)}."
    message = f"there is no option {name!r}; {hint} Filters by user-defined facets go into where={{...}}"
    return UsageError(message, code="unknown_option")


def measure_request(options: MeasureOptions, filters: tuple[Filter, ...]) -> MeasureRequest:
    """Return a request for the measures that pass the filters and meet the conditions in `options`.

    The conditions are those on unit, value and status, and `no_cumulative`.

    Raises UsageError for an invalid quantity or status, and if unit, min and max have units that cannot be converted to
    each other.
    """
    from searchkit.query.unit_conversion import convertible_units  # noqa: PLC0415 - not loaded by searches

    minimum, min_unit = _parse_bound("min", options.min)
    maximum, max_unit = _parse_bound("max", options.max)
    unit = base_unit(options.unit)
    units = [name for name in (unit, min_unit, max_unit) if name]
    values = convertible_units(units[-1]) if units else {}
    if not all(name in values for name in units):
        raise UsageError(f"unit, min and max have different units: {', '.join(dict.fromkeys(units))}")
    if minimum is not None:  # without a unit of its own, a bound is in the base unit of the option `unit`
        minimum *= values.get(min_unit or unit or "", 1)
    if maximum is not None:
        maximum *= values.get(max_unit or unit or "", 1)
    return MeasureRequest(
        Everything(),
        filters=filters,
        unit=unit,
        convertible=tuple(values.items()) if min_unit or max_unit else (),
        minimum=minimum,
        maximum=maximum,
        statuses=parse_statuses(options.status),
        single_years=options.no_cumulative,
    )


def parse_statuses(value: object) -> tuple[str, ...]:
    """Return the statuses that the option `status` names, for `MeasureRequest.statuses`. Raises UsageError.

    The value is a status or several of them. `ANY_STATUS`, an empty list and None select all.
    """
    statuses = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else value
    if statuses is None:
        return ()
    if not isinstance(statuses, tuple) or not all(item in (*MEASURE_STATUSES, ANY_STATUS) for item in statuses):
        raise UsageError(f"status must be one of {', '.join((*MEASURE_STATUSES, ANY_STATUS))}, not {value!r}")
    return () if ANY_STATUS in statuses else statuses


def list_names(value: object, option: str = "facets") -> tuple[str, ...]:
    """Return the name of a facet, or several, as a tuple. Raises UsageError for anything else."""
    names = (value,) if isinstance(value, str) else value
    if not _is_list_of_names(names):
        raise UsageError(f"{option} must be a name or a list of names, not {value!r}")
    return tuple(names)


def list_texts(value: object) -> tuple[str, ...]:
    """Return the texts of the option `without`. Raises UsageError if one of them is empty, and for anything else."""
    texts = (value,) if isinstance(value, str) else value
    if not _is_list_of_names(texts):
        raise UsageError(f"without must be a text or a list of texts, not {value!r}")
    if not all(map(str.strip, texts)):
        raise UsageError("without: the text is empty; give words, or leave it out")
    return tuple(texts)


def parse_sort(value: object) -> tuple[str, ...]:
    """Return the keys of the option `sort`, for `Request.sort`. A key that decides nothing is left out.

    Raises UsageError if it is not a text, or a key is empty.
    """
    keys = [key.strip() for key in value.replace("，", ",").split(",")] if isinstance(value, str) else [""]
    if not all(key.removeprefix("-") for key in keys):
        raise UsageError(f"sort must be score or the name of a facet, or several of them, not {value!r}")
    first = {key.removeprefix("-"): key for key in reversed(keys)}  # a second key of one name decides nothing
    names = dict.fromkeys(key.removeprefix("-") for key in keys)
    chosen = ["score" if name == "score" else first[name] for name in names]
    return tuple(chosen[:-1] if chosen[-1] == "score" else chosen)


def parse_literal(value: object) -> tuple[str, ...]:
    """Return the facets whose names the option `literal` reads as words. Raises UsageError for any other value."""
    if isinstance(value, bool | None):
        return UNDERSTOOD_FACETS if value else ()
    names = value.replace("、", ",").split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        names = [""]
    facets = [name.strip().replace("-", "_") for name in names]
    # A year in a query is understood as `of_year`, also if it is called year here.
    facets = ["of_year" if name == "year" else name for name in facets]
    if not set(facets) <= {*UNDERSTOOD_FACETS}:
        raise UsageError(f"literal must be true or some of {', '.join(UNDERSTOOD_FACETS)}, not {value!r}")
    return tuple(facets)


def _validate(options: SearchOptions | MeasureOptions) -> None:
    """Raise UsageError for an invalid value. Types are checked, too, because options may come from a JSON object."""
    for message in _errors(options):
        raise UsageError(message)
    if isinstance(options, SearchOptions):
        list_names(options.facets)
        parse_sort(options.sort)
        list_texts(options.without)
    else:
        names = list_names(options.one_per, "one_per")
        if options.one_per and not "".join(names).strip(" ,"):
            raise UsageError(f"one_per must name a facet, not {options.one_per!r}")


def _errors(options: SearchOptions | MeasureOptions) -> Iterator[str]:
    """Yield a message about each invalid value."""
    counts = [options.offset, 0 if options.limit is None else options.limit]
    if options.match not in MATCH_MODES:
        yield f"match must be one of {', '.join(MATCH_MODES)}, not {options.match!r}"
    if not all(type(n) is int and n >= 0 for n in counts):
        yield "limit and offset must be whole numbers, 0 or more"
    yield from _search_errors(options) if isinstance(options, SearchOptions) else _measure_errors(options)


def _search_errors(options: SearchOptions) -> Iterator[str]:
    """Yield a message about each invalid option of a search."""
    limit = options.facet_limit
    if options.group not in (None, "document"):
        yield f"group must be document, not {options.group!r}"
    if limit is not None and not (type(limit) is int and limit >= 0):
        yield f"facet_limit must be a whole number, 0 or more, not {limit!r}"
    if options.after is not None and options.offset != 0:
        yield "after and offset exclude each other"
    for name in ("beyond", "fold", "count_documents", "explain"):
        value = getattr(options, name)
        if not isinstance(value, bool):
            yield f"{name} must be true or false, not {value!r}"
    if options.fold and options.group is not None:
        yield f"fold is not for hits grouped by {options.group}"


def _measure_errors(options: MeasureOptions) -> Iterator[str]:
    """Yield a message about each invalid option of a look-up."""
    sorts = {*MEASURE_SORTS, *(f"-{name}" for name in MEASURE_SORTS if name != "score")}
    if not isinstance(options.unit, str | None):
        yield f"unit must be a text such as 件, not {options.unit!r}"
    if not isinstance(options.no_cumulative, bool):
        yield f"no_cumulative must be true or false, not {options.no_cumulative!r}"
    if not isinstance(options.sort, str) or options.sort not in sorts:
        yield f"sort must be one of {', '.join(MEASURE_SORTS)}, not {options.sort!r}"
    if options.aggregate is not None and options.aggregate not in AGGREGATES:
        yield f"aggregate must be one of {', '.join(AGGREGATES)}, not {options.aggregate!r}"
    if not isinstance(options.by, str | None):
        yield f"by must be the name of a facet, not {options.by!r}"
    if options.by is not None and options.aggregate is None:
        yield "by needs aggregate"
    if options.aggregate is not None and (options.sort != "score" or bool(options.one_per)):
        yield "aggregate takes neither sort nor one_per"


def _is_list_of_names(value: object) -> TypeGuard[Collection[str]]:
    """Return whether a value is a collection of strings, but neither a string nor a mapping."""
    if not isinstance(value, Collection) or isinstance(value, str | Mapping):
        return False
    return all(isinstance(name, str) for name in value)


def _parse_bound(name: str, value: object) -> tuple[float | None, str | None]:
    """Return the base value and the base unit of the option `name`, `min` or `max`. Raises UsageError.

    Both are None if the option is not set. The unit is None for a number without a unit.
    """
    if value is None:
        return None, None
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value), None
    try:
        if isinstance(value, str):
            return parse_quantity(value)
    except ValueError:
        pass
    raise UsageError(f"{name}: {value!r} is not a quantity; write 50, 10万元 or 90%")


def base_unit(unit: str | None) -> str | None:
    """Return the unit without its scale: 元 for 万元. An unknown unit is returned unchanged, a blank one as None."""
    unit = unit.strip() if unit else None
    if not unit:
        return None
    try:
        return parse_quantity(f"1{unit}")[1] or unit
    except ValueError:
        return unit
