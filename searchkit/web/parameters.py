"""The parameters of all endpoints, in one table that parses them, orders them in URLs, and describes them in OpenAPI.

A parameter has the name of the option of the command line, with `_` for `-`. A filter with several values means OR.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from searchkit.errors import UsageError
from searchkit.names import AGGREGATES, ANY_STATUS, BUILT_IN_FACETS, MEASURE_STATUSES, YEAR_FACETS

MAX_QUERY_LENGTH = 1000
"""Maximum length of a value, in code points."""
MAX_FILTER_VALUES = 50
"""Maximum number of values of all filters of a request."""
MAX_LIMIT = 500
"""Maximum number of records on a page, if `limit` is not `ALL`."""
MAX_OFFSET = 10_000
"""Maximum number of records before a page. Cursors (`after`) go on from there."""
ALL = "all"
"""Value of `limit` and `facet_limit` for no maximum, and of `literal` for every facet."""
_MAX_FIELDS = 300
"""Maximum number of parameters in a URL."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter."""

    name: str
    help: str
    """What it means, for people who write URLs."""
    kind: str = "text"
    """`text`, `number`, `limit` (a number or `ALL`) or `flag` (true, if it is there)."""
    is_list: bool = False
    """Whether it can be repeated."""
    choices: tuple[str, ...] = ()
    """The values that are possible. Empty means any."""
    default: str | None = None
    """The value that is meant if the parameter is absent. For `limit`, pages have other defaults."""
    maximum: int = 0
    """Largest value of a number or a limit."""

    def parse(self, value: str) -> str:
        """Return a value in canonical form: true for yes, 7 for 007. Raises UsageError if the value is not possible."""
        if len(value) > MAX_QUERY_LENGTH:
            raise UsageError(f"{self.name} has more than {MAX_QUERY_LENGTH} characters; shorten it")
        if self.choices and value not in self.choices:
            raise UsageError(f"{self.name} must be one of {', '.join(self.choices)}, not {value!r}")
        if self.kind == "flag":
            if value not in {"1", "true", "on", "yes"}:
                raise UsageError(f"{self.name} must be true or left out, not {value!r}")
            return "true"
        if self.kind in {"number", "limit"} and not (self.kind == "limit" and value == ALL):
            if not (value.isascii() and value.isdecimal() and len(value) <= len(str(self.maximum))):
                raise UsageError(f"{self.name} must be a whole number from 0 to {self.maximum}, not {value!r}")
            if int(value) > self.maximum:
                raise UsageError(f"{self.name} must be at most {self.maximum}, not {value}")
            return str(int(value))
        return value


_FACET_HELP = {
    "district": "Place at any level (滨海新区, 天津市), or a path (福建省/福州市/鼓楼区).",
    "year": "Year of the report: 2023, 2021..2023, 2020.. or ..2019.",
    "of_year": "Year that the paragraph or the measure is about, written like year.",
    "agency": "Kind of agency, such as 卫生健康委员会.",
    "topic": "Topic, such as 行政执法.",
    "section": "Part of a report: 成效, 问题, 计划, 履职 or 其他.",
    "doctype": "Kind of report, such as 法治政府建设年度报告.",
    "document": "Id of a report: its path in the corpus.",
}
_FILTERS = tuple(Parameter(name, _FACET_HELP[name], is_list=True) for name in BUILT_IN_FACETS)
FILTER_NAMES = (*BUILT_IN_FACETS, "where")
"""Names of the parameters that filter."""

_TABLE = (
    Parameter("query", 'What to find, written as on the command line: words, "exact text", OR, NOT, field:value.'),
    Parameter("id", "Id of the record: <document>, <document>#<n>, <document>!<table> or <paragraph>@<start>."),
    Parameter("prefix", "Beginning of a word, a value or a heading; also pinyin (binhai) or initials (bhxq)."),
    Parameter("text", "Text to analyse."),
    Parameter("name", "A facet: year, topic, … or district:1 (provinces) to district:4."),
    Parameter("contains", "Only values that contain this text."),
    Parameter("within", "Only places inside this one. Goes with district:1 to district:4."),
    *_FILTERS,
    Parameter("where", "Value of a facet of the user, as NAME=VALUE.", is_list=True),
    Parameter("literal", "Read names of places, years and bodies in the query as words: all, or some facets."),
    Parameter(
        "match", "all: every part must match. any: one word is enough.", choices=("auto", "all", "any"), default="auto"
    ),
    Parameter("without", "Leave out what contains this.", is_list=True),
    Parameter("unit", "Only measures in this unit. 万元 and 元 mean the same."),
    Parameter("min", "Smallest value, inclusive: 50, 10万元, 90%."),
    Parameter("max", "Largest value, inclusive, written like min."),
    Parameter("status", "Status of the measures.", is_list=True, choices=(*MEASURE_STATUSES, ANY_STATUS)),
    Parameter("no_cumulative", "Leave out totals of several years.", kind="flag"),
    Parameter("rows", "Facet of the rows.", default="district"),
    Parameter("cols", "Facet of the columns."),
    Parameter("against", "Also show values with this status, and the ratio.", choices=MEASURE_STATUSES),
    Parameter("max_cells", "Maximum number of cells.", kind="number", maximum=250_000),
    Parameter("draw", "Row of the table that the page draws as a line.", is_list=True),
    Parameter("cell", "Cell of the table whose sentences the page shows: number of its row and of its column."),
    Parameter("chart_size", "Size of a chart.", choices=("print", "slide"), default="print"),
    Parameter("one_per", "Only one measure for each value of these facets.", is_list=True),
    Parameter("aggregate", "Calculate a number from the measures.", choices=AGGREGATES),
    Parameter("by", "Calculate a number for each value of this facet. Needs aggregate."),
    Parameter("group", "document: the best paragraph of each report.", choices=("document",)),
    Parameter("fold", "Show near-duplicates once.", kind="flag"),
    Parameter("sort", "Order: score, or facets, as in -year,score.", default="score"),
    Parameter("facet", "Facet to count; district:1 counts provinces.", is_list=True),
    Parameter("facet_limit", "Maximum number of values of a facet.", kind="limit", default="100", maximum=10_000),
    Parameter("count_documents", "Count the documents that have a match.", kind="flag"),
    Parameter("highlight", "Put the matches between » and «.", kind="flag"),
    Parameter("explain", "Explain each score.", kind="flag"),
    Parameter("context", "Number of paragraphs before and after.", kind="number", default="0", maximum=50),
    Parameter(
        "limit", "Maximum number of records; all means every one.", kind="limit", default="10", maximum=MAX_LIMIT
    ),
    Parameter("offset", "Number of records to skip.", kind="number", default="0", maximum=MAX_OFFSET),
    Parameter("after", "Cursor: the field next of the last answer."),
)
PARAMETERS: Mapping[str, Parameter] = {item.name: item for item in _TABLE}
"""All parameters by name, in the order in which links have them."""
_ORDER = {name: number for number, name in enumerate(PARAMETERS)}
_SHORT = {"q": "query"}
"""Other names of parameters, as browsers write them for a search engine."""

_QUERY_OPTIONS = ("query", *FILTER_NAMES, "literal")
USED_BY: Mapping[str, tuple[str, ...]] = {
    "search": (
        *(*_QUERY_OPTIONS, "match", "without", "group", "fold", "sort", "facet", "facet_limit"),
        *("count_documents", "highlight", "explain"),
        *("limit", "offset", "after"),
    ),
    "document": ("query", "id", *(name for name in FILTER_NAMES if name != "document"), "literal", "match"),
    "paragraph": ("query", "id", "literal", "match", "context"),
    "measures": (
        *(*_QUERY_OPTIONS, "match", "unit", "min", "max", "status", "no_cumulative", "sort", "one_per", "aggregate"),
        *("by", "limit", "offset"),
    ),
    "compare": (
        *_QUERY_OPTIONS,
        "unit",
        "status",
        "rows",
        "cols",
        "against",
        "max_cells",
        "draw",
        "cell",
        "chart_size",
    ),
    "coverage": ("query", *FILTER_NAMES, "rows", "cols"),
    "audit": ("query", *FILTER_NAMES, "offset"),
    "watches": (),
    "facets": ("query", "name", "contains", "within", *FILTER_NAMES, "literal", "limit"),
    "documents": FILTER_NAMES,
    "suggest": ("prefix", "limit"),
    "analyze": ("text",),
    "info": (),
    "about": ("query", *FILTER_NAMES),
}
"""Names of the parameters of each endpoint."""
_CARRIED_ONLY = {
    "document": ("query", *FILTER_NAMES, "literal", "match"),
    "paragraph": ("query", "literal", "match"),
    "compare": ("draw", "cell"),
    "coverage": ("query",),
    "audit": ("query", "offset"),
    "about": ("query", *FILTER_NAMES),
}
"""Parameters that the page of an endpoint has and its data does not. Most are only passed on to links of the page."""


@cache
def data_parameters(endpoint: str) -> tuple[Parameter, ...]:
    """Return the parameters on which the data of an endpoint depends."""
    carried = _CARRIED_ONLY.get(endpoint, ())
    return tuple(PARAMETERS[name] for name in PARAMETERS if name in USED_BY[endpoint] and name not in carried)


_QUOTED = tuple(quote_plus(bytes([byte]), safe="/:,.") for byte in range(256))
"""Each byte as it is written in a URL. The table encodes a value in a quarter of the time of `quote_plus`. The time
matters, because most values are on one page only, so that the cache of `encode_pair` lacks them."""


@lru_cache(maxsize=4096)
def encode_pair(name: str, value: str) -> str:
    """Return a parameter with one value as it is written in a URL."""
    return f"{name}={''.join([_QUOTED[byte] for byte in value.encode()])}"


def _encode_values(name: str, value: str | Sequence[str] | None) -> str:
    """Return the values of a parameter as they are written in a URL. A default is left out, except that of `limit`."""
    texts = (value,) if isinstance(value, str) else value or ()
    default = None if name == "limit" else PARAMETERS[name].default
    return "&".join([encode_pair(name, text) for text in texts if text and text != default])


def _without_year(years: str, year: str) -> list[str]:
    """Return what is left of a year or a range of years (2015..2024) without one year: at most two years or ranges."""
    first, dots, last = years.partition("..")
    if not dots:
        return [] if years == year else [years]
    number = int(year)
    if (first and not first.isdecimal()) or (last and not last.isdecimal()):
        return [years]
    if (first and number < int(first)) or (last and number > int(last)):
        return [years]
    ends = ((first, str(number - 1)), (str(number + 1), last))
    return [
        low if low == high else f"{low}..{high}" for low, high in ends if not (low and high) or int(low) <= int(high)
    ]


def _contains(place: str, path: str) -> bool:
    """Return whether a path (福建省/福州市) contains a place: an element, or several consecutive ones."""
    return f"/{place}/" in f"/{path}/"


_OF_PAGE = {"offset", "after", "cell"}
"""Parameters that name a place in the answer. They are left out if another answer is asked for."""
_OF_LIST = {*_OF_PAGE, "limit", "sort"}
"""Parameters that are not passed on to another endpoint: `_OF_PAGE`, and those that it reads in another way."""
_KEEP_PAGE = {"offset", "limit", "context", "draw", "cell"}
"""Parameters that change only what a page shows of its answer. A link that changes no other parameters stays at its
place in the answer: it keeps the parameters of `_OF_PAGE` that it does not change."""


class State:
    """The parameters of a request. Immutable. Values are texts in canonical form."""

    __slots__ = ("_filters", "_patterns", "endpoint", "values")

    def __init__(self, endpoint: str, values: Mapping[str, tuple[str, ...]]) -> None:
        """`endpoint`: a key of `USED_BY`. `values`: by name, without empty ones.

        Raises UsageError for a value of `where` that is not NAME=VALUE.
        """
        self.endpoint, self.values = endpoint, values
        self._filters = {name: values[name] for name in BUILT_IN_FACETS if name in values} | self._where()
        self._patterns: dict[tuple[object, ...], tuple[str, ...]] = {}

    @classmethod
    def parse(cls, endpoint: str, query_string: str, *, is_strict: bool) -> State:
        """Parse the part of a URL after `?`.

        An empty value counts as absent. A parameter that the endpoint does not have is ignored, or, if `is_strict`, an
        error. Parameters that only the page has are errors too if `is_strict`. Raises UsageError for such an error, for
        an impossible value, for a parameter that may not be repeated, for too many parameters or values of filters, for
        a value of `where` that is not NAME=VALUE, and for a text that cannot be decoded.
        """
        try:
            pairs = parse_qsl(query_string, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
        except ValueError as error:  # UnicodeDecodeError is one
            raise UsageError(f"the parameters cannot be read: {error}") from None
        used = [item.name for item in data_parameters(endpoint)] if is_strict else USED_BY[endpoint]
        values: dict[str, list[str]] = {}
        for written, value in pairs:
            name = _SHORT.get(written, written.replace("-", "_"))
            if name not in used:
                if is_strict:
                    raise UsageError(f"{endpoint} has no parameter {written!r}; it has {', '.join(used) or 'none'}")
                continue
            parsed = PARAMETERS[name].parse(value) if value.strip() else ""
            if parsed and parsed not in values.setdefault(name, []):
                values[name].append(parsed)
        for name, items in values.items():
            if len(items) > 1 and not PARAMETERS[name].is_list:
                raise UsageError(f"{name} is there {len(items)} times; give it once")
        if sum(len(values.get(name, ())) for name in FILTER_NAMES) > MAX_FILTER_VALUES:
            raise UsageError(f"more than {MAX_FILTER_VALUES} values of filters; give fewer")
        return cls(endpoint, {name: tuple(values[name]) for name in PARAMETERS if values.get(name)})

    def __getitem__(self, name: str) -> str:
        """Return the first value of a parameter, or its default, or an empty text."""
        found = self.values.get(name)
        return found[0] if found else PARAMETERS[name].default or ""

    def all(self, name: str) -> tuple[str, ...]:
        """Return all values of a parameter in the URL, without its default."""
        return self.values.get(name, ())

    def number(self, name: str) -> int | None:
        """Return the value, or the default, of a parameter that is a number or a limit. None means `ALL`."""
        text = self[name]
        return None if text == ALL else int(text)

    @property
    def filters(self) -> Mapping[str, tuple[str, ...]]:
        """Values of the filters by facet: those by built-in facets in their order, then those of `where`."""
        return self._filters

    def _where(self) -> dict[str, tuple[str, ...]]:
        """Return the values of the filters by facets of the user. Raises UsageError unless they are NAME=VALUE."""
        where: dict[str, tuple[str, ...]] = {}
        for text in self.all("where"):
            name, equals, value = text.partition("=")
            if not (name and equals):
                raise UsageError(f"where={text!r}: write NAME=VALUE")
            where[name] = (*where.get(name, ()), value)
        return where

    def filter_arguments(self) -> dict[str, Any]:
        """Return the filters as keyword arguments of the methods of an index."""
        return {
            **{name: list(self.values[name]) for name in BUILT_IN_FACETS if name in self.values},
            "where": self._where(),
        }

    def option_arguments(self, names: Iterable[str]) -> dict[str, Any]:
        """Return some options as keyword arguments of the methods of an index, without those that are absent."""
        arguments: dict[str, Any] = {}
        for name in names:
            item = PARAMETERS[name]
            if name in self.values:
                if item.kind == "flag":
                    arguments[name] = True
                elif item.kind in {"number", "limit"}:
                    arguments[name] = self.number(name)
                else:
                    arguments[name] = list(self.values[name]) if item.is_list else self[name]
        if arguments.get("literal") == ALL:
            arguments["literal"] = True
        return arguments

    # Links

    def url(
        self, root: str, endpoint: str | None = None, suffix: str = "", /, **changes: str | Sequence[str] | None
    ) -> str:
        """Return the URL of an endpoint (default: the same) with some parameters changed.

        Parameters that the endpoint does not have are left out. `root`: the path that all URLs begin with. A change to
        None or to nothing removes the parameter. A change of a parameter that is not in `_KEEP_PAGE` goes back to the
        first page. Parameters of `_OF_LIST` are not passed on to another endpoint, unless they are changes.
        """
        target = endpoint or self.endpoint
        is_page = target == self.endpoint and changes.keys() <= _KEEP_PAGE
        key = (target, suffix, is_page, *changes)
        pattern = self._patterns.get(key)
        if pattern is None:  # a page has hundreds of links, which differ in the values of one or two parameters
            pattern = self._patterns[key] = self._pattern(target, suffix, changes, keeps_page=is_page)
        parts = [_encode_values(item, changes[item]) if item in changes else item for item in pattern]
        query = "&".join(filter(None, parts))
        return f"{root}{target}{suffix}?{query}" if query else f"{root}{target}{suffix}"

    def _pattern(self, target: str, suffix: str, changed: Iterable[str], *, keeps_page: bool) -> tuple[str, ...]:
        """Return the parts of the query string of an endpoint, in the order of `PARAMETERS`.

        A part is the name of a parameter that is changed, or the encoded pairs NAME=VALUE of one that is not.
        """
        used = {item.name for item in data_parameters(target)} if suffix else {*USED_BY[target]}
        if not keeps_page:
            used -= _OF_PAGE if target == self.endpoint else _OF_LIST
        kept = {name: _encode_values(name, values) for name, values in self.values.items() if name in used}
        parts = kept | {name: name for name in changed if name in USED_BY[target]}
        return tuple(parts[name] for name in sorted(parts, key=_ORDER.__getitem__) if parts[name])

    def with_filter(self, facet: str, values: Sequence[str]) -> dict[str, Sequence[str]]:
        """Return the change of parameters that sets the values of a filter, for `url`."""
        if facet in BUILT_IN_FACETS:
            return {facet: tuple(values)}
        others = tuple(text for text in self.all("where") if text.partition("=")[0] != facet)
        return {"where": (*others, *(f"{facet}={value}" for value in values))}

    def toggled(self, facet: str, value: str) -> dict[str, Sequence[str]]:
        """Return the change of parameters that adds a value to a filter, or removes it if it is there, for `url`.

        A year is also removed from a range of years. A place that is added replaces those that contain it or that it
        contains: the values of a filter mean OR, so that a city beside its province would narrow nothing.
        """
        chosen = self.filters.get(facet, ())
        if facet in YEAR_FACETS and value not in chosen:
            left = [part for item in chosen for part in _without_year(item, value)]
            return self.with_filter(facet, [*chosen, value] if left == [*chosen] else left)
        if facet == "district" and value not in chosen:
            chosen = tuple(item for item in chosen if not (_contains(item, value) or _contains(value, item)))
        return self.with_filter(
            facet, [item for item in chosen if item != value] if value in chosen else [*chosen, value]
        )

    def replaced(self, **changes: str | Sequence[str] | None) -> State:
        """Return a state with other values."""
        values = {**self.values}
        for name, value in changes.items():
            values[name] = (value,) if isinstance(value, str) else tuple(value or ())
        return State(self.endpoint, {name: values[name] for name in PARAMETERS if values.get(name)})
