"""Filters given as facet names with values or year ranges, and the values that people write for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from searchkit.errors import UsageError
from searchkit.query.aliases import NAMED_FACETS, Aliases
from searchkit.query.facets import YEAR_FACETS, Filter
from searchkit.text.years import MAX_YEAR, MIN_YEAR

FilterValue = str | int | Sequence[str | int]
"""Argument of a filter: one value, or several values, one of which must match. A value of `year` and `of_year` is a
year, or a range `2021..2023`, of which either end can be omitted."""

_MAX_NAMED_PLACES = 5
"""Maximum number of places that a note lists."""


class ResolvedFilters:
    """Filters, and messages about how their values were read."""

    # Not a dataclass, whose creation would take a millisecond in every command.
    __slots__ = ("filters", "missing_years", "notes")

    def __init__(self, filters: tuple[Filter, ...], notes: tuple[str, ...], missing_years: tuple[str, ...]) -> None:
        self.filters, self.notes = filters, notes
        self.missing_years = missing_years
        """Messages about an of_year that no paragraph has. A measure can be of such a year."""


def parse_filters(
    filters: Mapping[str, FilterValue],
    where: Mapping[str, FilterValue] | None,
    check_name: Callable[[str], None],
    aliases: Aliases,
    has_topic: Callable[[str], bool],
) -> ResolvedFilters:
    """Return the filters of two mappings from facet names to values.

    If a name is in both mappings, the value in `where` is used. A name with the value None or an empty list is ignored.
    In `filters`, a value of a facet with names (`aliases.NAMED_FACETS`) can be any of its names, and several values can
    be one text, separated by commas. A value in `where`, and a document, is taken as it is written.

    `check_name` must raise an exception if no facet has the name. `has_topic` returns whether the index has a topic
    that no taxonomy has. Raises UsageError for an invalid value, and for one
    that the index does not have. The message names the nearest value.
    """
    if not isinstance(where, Mapping | None):
        raise UsageError('where takes facets and values, as in {"cluster": "京津冀"}')
    parsed: list[Filter] = []
    notes: list[str] = []
    missing_years: list[str] = []
    for name, value in {**filters, **(where or {})}.items():
        values = _to_list(name, value)
        if values:
            check_name(name)
            if name in YEAR_FACETS:
                parsed.append(_parse_years(name, values, notes))
                missing = missing_years if name == "of_year" else notes
                missing += _find_missing_years(parsed[-1], aliases)
            elif name in NAMED_FACETS and name not in (where or {}):
                known = _KnownValues(name, aliases, has_topic, notes)
                resolved = [item for value in values for item in known.resolve(str(value))]
                parsed.append(Filter(name, tuple(dict.fromkeys(resolved))))
            else:
                parsed.append(Filter(name, tuple(map(str, values))))
    return ResolvedFilters(tuple(parsed), tuple(dict.fromkeys(notes)), tuple(missing_years))


def _to_list(name: str, value: object) -> list[str | int]:
    """Return the argument of a filter as a list, empty for None. Raises UsageError if it has another type."""
    values = [value] if isinstance(value, str | int) else list(value) if isinstance(value, list | tuple) else None
    if value is not None and (values is None or not all(isinstance(item, str | int) for item in values)):
        raise UsageError(f"{name}: {value!r} is not a value; give a text, a number, or a list of them")
    if name in NAMED_FACETS and any(isinstance(item, str) and not item.strip(" ,，、") for item in values or ()):
        raise UsageError(f"{name}: the value is empty; leave the filter out, or list values: searchkit facets {name}")
    return values or []


def _parse_years(name: str, values: Sequence[str | int], notes: list[str]) -> Filter:
    """Return a filter by years. Adds a note if a range was swapped."""
    from searchkit.text.query_years import parse_written_years  # noqa: PLC0415 - only for filters by years

    ranges = []
    for text in (part for value in values for part in _split(str(value))):
        try:
            first, last = parse_written_years(text)
        except ValueError as error:
            raise UsageError(str(error)) from None
        if first > last:
            first, last = last, first
            notes.append(f"{name} {text.strip()} was read as {first}..{last}")
        ranges.append((first, last))
    return Filter(name, ranges=tuple(ranges))


def _find_missing_years(item: Filter, aliases: Aliases) -> Iterator[str]:
    """Yield a message if no document or paragraph has a year of a filter by years."""
    years = aliases.years(item.name)
    if years and not any(first <= year <= last for year in years for first, last in item.ranges):
        wanted = ", ".join(_format_years(*years_of) for years_of in item.ranges)
        yield f"no {item.name} {wanted} in the index; it has {_format_years(years[0], years[-1])}"


def _format_years(first: int, last: int) -> str:
    """Return a range of years as a filter is written."""
    if first == last:
        return str(first)
    return f"{'' if first == MIN_YEAR else first}..{'' if last == MAX_YEAR else last}"


class _KnownValues:
    """The values of a facet and their names."""

    def __init__(self, facet: str, aliases: Aliases, has_topic: Callable[[str], bool], notes: list[str]) -> None:
        """A name of a place that fits several places adds a note to `notes`."""
        self._facet, self._aliases, self._has_topic, self._notes = facet, aliases, has_topic, notes

    def resolve(self, text: str) -> list[str]:
        """Return the values that a text names.

        Raises UsageError if the text names none, and one of its parts between commas neither.
        """
        values = self._find(text.strip())
        if values:
            return values
        parts = _split(text)
        if len(parts) > 1:
            return [value for part in parts for value in self.resolve(part)]
        nearest = self._aliases.nearest(self._facet, text.strip())
        hint = f"did you mean {' or '.join(nearest)}?" if nearest else f"list them with: searchkit facets {self._facet}"
        raise UsageError(f"no {self._facet} {text.strip()}; {hint}")

    def _find(self, text: str) -> list[str]:
        """Return the values with a name: the value itself, or those that have it as another name."""
        known = self._aliases.values(self._facet)
        if self._facet != "district":
            is_value = text in known or (self._facet == "topic" and self._has_topic(text))
            return [text] if is_value else list(self._aliases.named(self._facet, text))
        if "/" in text:
            return [text] if any(f"/{text}/" in f"/{path}/" for path in known) else []
        values = [text] if self._aliases.paths(text) else list(self._aliases.named("district", text))
        places = [path for value in values for path in self._aliases.paths(value)]
        if len(places) > 1:
            listed = ", ".join(places[:_MAX_NAMED_PLACES]) + (" …" if len(places) > _MAX_NAMED_PLACES else "")
            self._notes.append(f"district {text} means {len(places)} places: {listed}")
        return values


def _split(text: str) -> list[str]:
    """Return the parts of a text between commas: 杭州,成都 or 杭州、成都."""
    parts = text.replace("，", ",").replace("、", ",").split(",")
    return [part for part in parts if part.strip()] or [text]
