"""Suggests other searches after one that found little.

One of them is the same search with corrected words. After a search that found nothing, the same search without a part
or a filter, or with a similar facet value, is suggested too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from typing import NamedTuple

from searchkit.engines.contract import Request, decoding
from searchkit.errors import UsageError
from searchkit.query.facets import Filter
from searchkit.query.filters import FilterReader, format_years
from searchkit.query.parsing import split_parts
from searchkit.query.tree import Substring
from searchkit.search.options import MeasureOptions
from searchkit.search.snapshot import Snapshot
from searchkit.search.spelling import Correction, correct
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold

_MAX_PARTS = 8
"""Maximum number of parts of a query that are left out or replaced in turn. A query with more parts gets no suggestions
about its parts."""
_MAX_VALUES = 3
"""Maximum number of similar values that are tried for a part of a query."""
_CONDITIONS = ("unit", "min", "max", "status", "no_cumulative")
"""Options of a look-up that are conditions on measures."""
_QUOTES = re.compile('["“”「」『』＂]')
_FIELD = re.compile(r"(\w+)[:：](.+)", re.DOTALL)
"""Matches a part with a field."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another search, which finds something."""

    kind: str
    """One of these kinds:

    - `did_you_mean`: with similar words instead of those that the index hardly has, or with the nearest value in a
      field of the query.
    - `value`: with a filter by a facet value instead of a part of the query that is similar to a name of the value.
    - `drop_part`: without a part of the query, or without its quotes.
    - `drop_filter`: without a filter, without all of them, or with `match="any"` instead of `all`; for a look-up of
      measures also without a condition (`unit:件`), or without all of them.
    """
    text: str
    """What is left out or replaced: the words, the part or the filter. `quotes` stands for the quotes in the query,
    `match:all` for this option."""
    query: str
    """The query of the other search."""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The filters of the other search, by facet. The last one is new if the kind is `value`."""
    total: int = 0
    """Number of paragraphs that the other search finds; for a look-up, number of measures."""


class Search(NamedTuple):
    """A search whose hits can be counted."""

    query: str
    filters: tuple[Filter, ...]
    match: str
    """The option `match`."""


def suggest_for(
    snapshot: Snapshot, search: Search, count: Callable[[Search], int], total: int, *, relaxed: bool = False
) -> tuple[Suggestion, ...]:
    """Return the search with corrected words, if it has more than `total` hits or, after a `relaxed` search, any.

    If `total` is 0, also returns similar searches. `count` returns the number of hits of a search.
    """
    with snapshot.use_engine() as engine:

        def count_string(text: str) -> int:
            """Return the number of paragraphs that contain a folded string."""
            return engine.search(Request(Substring(text), limit=0)).total

        with decoding(snapshot.path):  # `correct` reads the file of suggestions
            correction = correct(search.query, snapshot.analyzer, snapshot.suggester, count_string)
    found = suggest_correction(search, correction, count, 0 if relaxed else total) if correction else ()
    return (*found, *(() if total else suggest(search, count, snapshot.analyzer, snapshot.filter_reader)))


def suggest(
    failed: Search, count: Callable[[Search], int], analyzer: Analyzer, reader: FilterReader
) -> tuple[Suggestion, ...]:
    """Return searches that find something and are similar to one that does not, most hits first.

    `count` returns the number of hits of a search. It is called once for each search that is tried. `reader` has the
    names of facet values.
    """
    found = _count(_leave_out_one(failed, analyzer), count)
    if not found and len(failed.filters) > 1:
        found = _count([("drop_filter", " ".join(map(str, failed.filters)), failed._replace(filters=()))], count)
    found += _count(_replace_values(failed, analyzer, reader), count)
    return tuple(sorted(found, key=lambda item: -item.total))


def suggest_correction(
    search: Search, correction: Correction, count: Callable[[Search], int], total: int
) -> list[Suggestion]:
    """Return the search with a correction, if it finds more than `total`. `count`: as for `suggest`."""
    found = _count([("did_you_mean", correction.text, search._replace(query=correction.query))], count)
    return [suggestion for suggestion in found if suggestion.total > total]


def suggest_conditions(
    failed: Search, options: MeasureOptions, count: Callable[[MeasureOptions], int]
) -> tuple[Suggestion, ...]:
    """Try a failed look-up again without each of the conditions on measures in `options` in turn.

    Returns the look-ups that find something. If none does, returns the look-up without any of the conditions, provided
    that it finds something. `count` returns the number of measures of the same look-up with other options.
    """
    defaults = MeasureOptions()
    conditions = {name: getattr(options, name) for name in _CONDITIONS}
    conditions = {name: value for name, value in conditions.items() if value != getattr(defaults, name)}
    trials = [[name] for name in conditions] + ([[*conditions]] if len(conditions) > 1 else [])
    filters = {item.name: filter_values(item) for item in failed.filters}
    found: list[Suggestion] = []
    for names in trials:
        if len(names) == 1 or not found:
            total = count(replace(options, **{name: getattr(defaults, name) for name in names}))
            text = " ".join(_condition_text(name, conditions[name]) for name in names)
            found += [Suggestion("drop_filter", text, failed.query, filters, total)] if total else []
    return tuple(found)


def _condition_text(name: str, value: object) -> str:
    """Return a condition as text: unit:件, status:target,rule, no-cumulative."""
    if value is True:
        return name.replace("_", "-")
    return f"{name}:{','.join(map(str, value)) if isinstance(value, list | tuple) else value}"


_Trial = tuple[str, str, Search]
"""Kind and text of a suggestion, and its search."""


def _count(trials: Iterable[_Trial], count: Callable[[Search], int]) -> list[Suggestion]:
    """Return suggestions for the searches that find something."""
    return [
        Suggestion(kind, text, search.query, {item.name: filter_values(item) for item in search.filters}, total)
        for kind, text, search in trials
        if (total := count(search))
    ]


def _leave_out_one(failed: Search, analyzer: Analyzer) -> Iterator[_Trial]:
    """Yield the search without each of its parts and filters in turn, without quotes, and with `match="any"`."""
    parts = split_query(failed.query, analyzer)
    for before, part, after in _each(parts) if len(parts) > 1 else ():
        yield "drop_part", part, failed._replace(query=" ".join([*before, *after]))
    if _QUOTES.search(failed.query):
        yield "drop_part", "quotes", failed._replace(query=_QUOTES.sub(" ", failed.query).strip())
    for item in failed.filters:
        yield "drop_filter", str(item), failed._replace(filters=tuple(o for o in failed.filters if o is not item))
    if failed.match == "all":
        yield "drop_filter", "match:all", failed._replace(match="any")


def _replace_values(failed: Search, analyzer: Analyzer, reader: FilterReader) -> Iterator[_Trial]:
    """Yield the search with a similar facet value in place of each part, and in place of the whole query.

    A part that names a facet (district:杭洲) gets another value of this facet. Any other part is removed, and a filter
    is added.
    """
    parts = split_query(failed.query, analyzer)
    run = failed.query.strip()
    for before, part, after in (*_each(parts), *(_each([run]) if parts not in ([], [run]) else ())):
        name, value = match.groups() if (match := _FIELD.fullmatch(part)) else ("", "")
        if name in reader.known_facets:
            for nearest in islice(_nearest(reader, name, _QUOTES.sub("", value)), _MAX_VALUES):
                query = " ".join([*before, str(Filter(name, (nearest,))), *after])
                yield "did_you_mean", part, failed._replace(query=query)
        else:
            for item in _similar(reader, analyzer, _QUOTES.sub("", part), failed.filters):
                search = failed._replace(query=" ".join([*before, *after]), filters=(*failed.filters, item))
                yield "value", part, search


def _each(parts: list[str]) -> Iterator[tuple[list[str], str, list[str]]]:
    """Yield each part with those before and after it."""
    return ((parts[:n], part, parts[n + 1 :]) for n, part in enumerate(parts))


def _similar(reader: FilterReader, analyzer: Analyzer, text: str, filters: Sequence[Filter]) -> Iterator[Filter]:
    """Return filters by facet values of which a name is similar to a text, at most `_MAX_VALUES`.

    Facets by which `filters` filter already are left out. Returns no filter if the text is a word of the dictionary.
    """
    names = {item.name for item in filters}
    similar = [] if analyzer.is_word(fold(text)) else reader.aliases.similar(text)
    return islice((Filter(facet, (value,)) for facet, value in similar if facet not in names), _MAX_VALUES)


def _nearest(reader: FilterReader, name: str, value: str) -> Sequence[str]:
    """Return the values of a facet that are nearest to a value. Empty if the value can be used in a filter."""
    try:
        reader.read(name, [value], [])
    except UsageError:
        return reader.aliases.nearest(name, value)
    return ()


def split_query(query: str, analyzer: Analyzer) -> list[str]:
    """Return the parts of a query. Empty if there are more than `_MAX_PARTS`.

    If the query is a single bare run (`split_parts`), its words are the parts.
    """
    spans = split_parts(query)
    if len(spans) == 1 and spans[0][2]:
        start, end, _ = spans[0]
        edges = sorted(start + edge for edge in analyzer.word_edges(query[start:end]))
        spans = [(left, right, True) for left, right in pairwise(edges)]
    return [query[start:end] for start, end, _ in spans] if len(spans) <= _MAX_PARTS else []


def filter_values(item: Filter) -> list[str]:
    """Return the values of a filter as they are written in a search."""
    return [*item.values, *(format_years(low, high) for low, high in item.ranges)]
