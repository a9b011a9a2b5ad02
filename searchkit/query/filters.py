"""Filters as people write them: names of facets with values, short names, synonyms, years and ranges of years.

A facet with names is one of `aliases.NAMED_FACETS`, such as district: a filter accepts other names of its values (杭州
for 杭州市).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from searchkit.errors import UsageError
from searchkit.model import Note
from searchkit.names import YEAR_FACETS
from searchkit.query.aliases import NAMED_FACETS, NO_ALIASES, Aliases
from searchkit.query.facets import Filter
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

    def __init__(self, filters: tuple[Filter, ...], notes: tuple[Note, ...], missing_years: tuple[Note, ...]) -> None:
        self.filters, self.notes = filters, notes
        self.missing_years = missing_years
        """Messages that no paragraph has an of_year that a filter accepts. They are not in `notes`, because a measure
        can be of a year that its paragraph is not about: a look-up of measures shows them only if it finds nothing."""


def parse_filters(
    filters: Mapping[str, FilterValue],
    where: Mapping[str, FilterValue] | None,
    check_name: Callable[[str], None],
    reader: FilterReader,
) -> ResolvedFilters:
    """Return the filters of two mappings from facet names to values.

    If a name is in both mappings, the value in `where` is used. A name with the value None or an empty list is ignored.
    In `filters`, a value of a facet with names can be written as any of its names, and several values can be one text,
    separated by commas. Years are parsed in both mappings. Values of other facets, and all other values in `where`, are
    taken as they are written.

    `check_name` must raise an exception if no facet has the name. Raises UsageError for an invalid value, and if a
    facet with names has no such value in the index. The message then names the nearest values, if any.
    """
    if not isinstance(where, Mapping | None):
        raise UsageError('where takes facets and values, as in {"cluster": "京津冀"}')
    if not isinstance(filters, Mapping):
        raise UsageError(f'filters are facets and values, as in {{"year": 2023}}, not {filters!r}')
    parsed: list[Filter] = []
    notes: list[Note] = []
    missing_years: list[Note] = []
    for name, value in {**filters, **(where or {})}.items():
        values = _to_list(name, value)
        if values:
            check_name(name)
            if name in YEAR_FACETS or (name in NAMED_FACETS and name not in (where or {})):
                parsed.append(reader.read(name, values, notes))
                missing = missing_years if name == "of_year" else notes
                missing += reader.missing_years(parsed[-1])
            else:
                parsed.append(Filter(name, tuple(map(str, values))))
    return ResolvedFilters(tuple(parsed), tuple(dict.fromkeys(notes)), tuple(missing_years))


def _to_list(name: str, value: object) -> list[str | int]:
    """Return the argument of a filter as a list, empty for None.

    Raises UsageError if it has another type, or if a value of a facet with names has only spaces and commas.
    """
    values = [value] if isinstance(value, str | int) else list(value) if isinstance(value, list | tuple) else None
    if value is not None and (values is None or not all(isinstance(item, str | int) for item in values)):
        raise UsageError(f"{name}: {value!r} is not a value; give a text, a number, or a list of them")
    if name in NAMED_FACETS and any(isinstance(item, str) and not item.strip(" ,，、") for item in values or ()):
        hint = f"leave the filter out, or list values: searchkit facets {name}"
        raise UsageError(f"{name}: the value is empty; {hint}", code="empty_value")
    return values or []


def _parse_years(name: str, values: Sequence[str | int], notes: list[Note]) -> Filter:
    """Return a filter by years. Adds a note if the ends of a range were swapped.

    Raises UsageError for a text that is neither a year nor a range.
    """
    from searchkit.text.query_years import parse_written_years  # noqa: PLC0415 - only for filters by years

    ranges = []
    for text in (part for value in values for part in _split(str(value))):
        try:
            first, last = parse_written_years(text)
        except ValueError as error:
            raise UsageError(str(error), code="invalid_year") from None
        if first > last:
            first, last = last, first
            notes.append(swapped_years(name, text.strip(), first, last))
        ranges.append((first, last))
    return Filter(name, ranges=tuple(ranges))


def swapped_years(name: str, text: str, first: int, last: int) -> Note:
    """Return the message that the ends of a range of years were swapped. `text`: the range as written."""
    return Note("years_swapped", f"{name} {text} was read as {first}..{last}")


def format_years(first: int, last: int) -> str:
    """Return a range of years in the syntax of filters: 2021..2023, 2021.., or 2021 for a single year."""
    if first == last:
        return str(first)
    return f"{'' if first == MIN_YEAR else first}..{'' if last == MAX_YEAR else last}"


class FilterReader:
    """Reads the values that people write for a facet with names or for a facet of years."""

    def __init__(self, aliases: Aliases = NO_ALIASES, has_topic: Callable[[str], bool] = lambda _: False) -> None:
        """`has_topic` returns whether any paragraph has a topic. It is called for topics that `aliases` lacks."""
        self.aliases = aliases
        """The names of the values."""
        self._has_topic = has_topic

    def knows(self, name: str) -> bool:
        """Return whether `read` can read values of a facet.

        It can if the facet is one of years, or one with names of which `aliases` has values.
        """
        return name in YEAR_FACETS or (name in NAMED_FACETS and bool(self.aliases.values(name)))

    @property
    def known_facets(self) -> tuple[str, ...]:
        """The facets with names whose values are known."""
        return tuple(name for name in NAMED_FACETS if self.knows(name))

    def read(self, name: str, values: Sequence[str | int], notes: list[Note]) -> Filter:
        """Return the filter by a facet. `values`: names of its values or, for a facet of years, years and ranges.

        Adds a note to `notes` if a range of years was swapped, and if the name of a place fits several. Raises
        UsageError for a text that is no year, and for one that means no value, with the nearest values, if any.
        """
        if name in YEAR_FACETS:
            return _parse_years(name, values, notes)
        resolved = [item for value in values for item in self._resolve(name, str(value), notes)]
        return Filter(name, tuple(dict.fromkeys(resolved)))

    def missing_years(self, item: Filter) -> Iterator[Note]:
        """Yield a message if a filter is by years, and the index has years of its facet, but none that it accepts."""
        years = self.aliases.years(item.name)
        if years and not any(first <= year <= last for year in years for first, last in item.ranges):
            wanted = ", ".join(format_years(*years_of) for years_of in item.ranges)
            text = f"no {item.name} {wanted} in the index; it has {format_years(years[0], years[-1])}"
            yield Note("unknown_year", text)

    def _resolve(self, name: str, text: str, notes: list[Note]) -> list[str]:
        """Return the values of a facet that a text means.

        If the text means none, it is split at commas. Raises UsageError if one of the parts means none.
        """
        values = self._find(name, text.strip(), notes)
        if values:
            return values
        parts = _split(text)
        if len(parts) > 1:
            return [value for part in parts for value in self._resolve(name, part, notes)]
        nearest = self.aliases.nearest(name, text.strip())
        hint = f"did you mean {' or '.join(nearest)}?" if nearest else f"list them with: searchkit facets {name}"
        raise UsageError(f"no {name} {text.strip()}; {hint}", code="unknown_value")

    def _find(self, name: str, text: str, notes: list[Note]) -> list[str]:
        """Return the values of a facet that have a name: the value itself, or those that have it as another name.

        Adds a note if the name of a place fits several places.
        """
        known = self.aliases.values(name)
        if name != "district":  # only the values of district are paths, of which several can end with one name
            is_value = text in known or (name == "topic" and self._has_topic(text))
            return [text] if is_value else list(self.aliases.named(name, text))
        if "/" in text:
            return [text] if any(f"/{text}/" in f"/{path}/" for path in known) else []
        values = [text] if self.aliases.paths(text) else list(self.aliases.named("district", text))
        places = [path for value in values for path in self.aliases.paths(value)]
        if len(places) > 1:
            listed = ", ".join(places[:_MAX_NAMED_PLACES]) + (" …" if len(places) > _MAX_NAMED_PLACES else "")
            notes.append(Note("ambiguous_place", f"district {text} means {len(places)} places: {listed}"))
        return values


def _split(text: str) -> list[str]:
    """Return the parts of a text between commas that are not empty: 杭州,成都 or 杭州、成都.

    If all parts are empty, returns the text itself.
    """
    parts = text.replace("，", ",").replace("、", ",").split(",")
    return [part for part in parts if part.strip()] or [text]
