"""The page of a search: facets with links, the filters that are set, hits with their figures, and other searches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from searchkit.model import Measure
from searchkit.output.cells import number_text
from searchkit.query.facets import BUILT_IN_FACETS, FacetCounts, FacetValue
from searchkit.search.results import Hit
from searchkit.search.snippets import Snippet, split_highlights
from searchkit.search.suggestions import Suggestion
from searchkit.web.data import count_facets, search_arguments
from searchkit.web.frame import Frame, Link
from searchkit.web.parameters import FILTER_NAMES

PAGE_SIZE = 20
"""Number of hits on a page."""
MAX_SHOWN_VALUES = 7
"""Number of values of a facet that are shown at once."""
MAX_LISTED_VALUES = 60
"""Number of further values that the page contains. All of them are on a page of their own."""
_MIN_SEARCHED_VALUES = 10
"""If a facet has more values than this, there is a box that finds values."""
_MAX_FIGURES = 4
"""Number of figures beside a snippet."""
_BAR_STEPS = 24
"""Number of lengths of a bar."""
_TREE = "district:4"
"""The facet of places, counted by their paths."""
_OPERATORS = frozenset('"“”「」『』()（）[]［］|｜^＾*＊:：')
"""Characters that a query is not read as plain words with."""
BOUND_SIGNS = {"exact": "", "approx": "≈", "at_least": "≥", "at_most": "≤"}
CHANGE_SIGNS = {None: "", "increase": "↑", "decrease": "↓"}


@dataclass(frozen=True, slots=True)
class Value:
    """A facet value in a list."""

    text: str
    count: int
    url: str
    bar: int
    """Length of its bar, from 0 to `_BAR_STEPS`."""
    is_selected: bool = False
    depth: int = 0
    """Depth in the tree of places, from 0."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A year in the histogram. Without a link if there is nothing."""

    year: int
    height: int
    count: int = 0
    url: str = ""
    is_selected: bool = False


@dataclass(frozen=True, slots=True)
class FacetView:
    """A facet beside the hits."""

    name: str
    label: str
    values: Sequence[Value]
    """The values that are shown at once."""
    more: Sequence[Value]
    """Further values."""
    total: int
    """Number of all values."""
    missing: int
    clear_url: str
    """Removes the filter. Empty if there is none."""
    all_url: str
    """The page with all values."""
    has_box: bool
    bars: Sequence[Bar] = ()
    """The histogram of years."""
    bounds: tuple[str, str] = ("", "")
    """First and last year of the filter."""
    hidden: Sequence[tuple[str, str]] = ()
    """Parameters that the form of the years passes on."""


class Figure(NamedTuple):
    """A measure beside a snippet."""

    name: str
    value: str
    url: str
    title: str


class HitView(NamedTuple):
    """A hit."""

    url: str
    id: str
    anchor: str
    place: str
    year: str
    title: Sequence[tuple[str, bool]]
    path: Sequence[Sequence[tuple[str, bool]]]
    pieces: Sequence[tuple[str, bool]]
    starts_inside: bool
    ends_inside: bool
    figures: Sequence[Figure]
    section: Link | None
    tags: Sequence[Link]
    lacks: str
    same: int
    same_links: Sequence[Link]
    matches: int
    cite: str
    context_url: str
    n: int


def search_page(frame: Frame) -> tuple[str, dict[str, Any]]:
    """Return the name of the template and its values for a search, or for the start page if there is no query."""
    state = frame.state
    names = ["year", _TREE, *_list_facets(frame)]
    is_start = not state["query"] and not state.filters
    if is_start:
        counts = frame.index.facets(names)
        return "start", frame.page_context(
            frame.title, facets=_facet_views(frame, counts), chips=[], examples=_examples(frame)
        )
    arguments = search_arguments(state)
    if "fold" not in state.values and not state["group"]:
        arguments["fold"] = True
    limit = state.number("limit") if "limit" in state.values else PAGE_SIZE
    offset = state.number("offset") or 0
    results = frame.index.search(
        state["query"],
        **arguments,
        facets=names,
        facet_limit=None,
        count_documents=True,
        limit=limit or PAGE_SIZE,
        offset=offset,
    )
    query = state["query"] or "*"
    return "search", frame.page_context(
        f"{query} · {frame.title}",
        facets=_facet_views(frame, results.facets),
        chips=frame.chips(results.understood_filters),
        clear_url=frame.clear_url if state.filters or state["literal"] else "",
        results=results,
        hits=[_hit_view(frame, hit) for hit in results.hits],
        understood=frame.words.tree(results.understood) if _needs_explaining(state["query"]) else "",
        views=_switch(frame, "group", [("each_paragraph", ""), ("by_report", "document")]),
        orders=_switch(frame, "sort", [("relevance", "score"), ("newest", "-year"), ("oldest", "year")]),
        downloads=frame.downloads(limit="all"),
        suggestions=suggestion_links(frame, results.suggestions),
        parts=_part_links(frame) if not results.total else [],
        pages=page_links(frame, offset, limit or PAGE_SIZE, len(results.hits), has_more=results.next is not None),
        first=offset + 1,
        last=offset + len(results.hits),
    )


def facets_page(frame: Frame) -> tuple[str, dict[str, Any]]:
    """Return the template and its values for the page with all values of a facet."""
    state = frame.state
    name = state["name"] or "district"
    counted = _TREE if name == "district" else name
    counts = count_facets(frame.index, state, [counted])[counted]
    values = _tree_values(frame, counts, depth=None) if counted == _TREE else _list_values(frame, name, counts)
    label = frame.words.facet(name)
    return "facets", frame.page_context(
        frame.words("all_values", label=label),
        label=label,
        name=name,
        values=values,
        chips=frame.chips(),
        back=frame.url("search"),
        hidden_here=[
            ("query", state["query"]),
            ("name", name),
            *((item, value) for item in FILTER_NAMES for value in state.all(item)),
        ],
    )


def _examples(frame: Frame) -> list[Link]:
    return [Link(query, frame.url("search", query=query)) for query in frame.words.example_queries()]


def _list_facets(frame: Frame) -> list[str]:
    """Return the facets that are lists: the built-in ones, then those of the user."""
    return ["section", "topic", "agency", "doctype", *(n for n in frame.index.facet_names if n not in BUILT_IN_FACETS)]


def _needs_explaining(query: str) -> bool:
    """Return whether a query may be read in another way than it was typed: it has operators."""
    words = query.split()
    return not _OPERATORS.isdisjoint(query) or any(word in {"AND", "OR", "NOT"} or word[0] == "-" for word in words)


def _switch(frame: Frame, name: str, choices: Sequence[tuple[str, str]]) -> list[Link]:
    """Return the links that set a parameter, with the current one marked."""
    current = frame.state[name]
    return [Link(frame.words[text], frame.url(**{name: value or None}), value == current) for text, value in choices]


# Facets


def _facet_views(frame: Frame, facets: Mapping[str, FacetCounts]) -> list[FacetView]:
    """Return the facets that have values."""
    views = []
    for name, counts in facets.items():
        if not counts.values and name.partition(":")[0] not in frame.state.filters:
            continue
        if name == "year":
            views.append(_year_view(frame, counts))
        elif name == _TREE:
            views.append(_tree_view(frame, counts))
        elif len(counts.values) > 1 or counts.missing or name in frame.state.filters:
            views.append(_list_view(frame, name, counts))
    return views


def _bar_length(count: int, most: int) -> int:
    return max(1, round(_BAR_STEPS * count / most)) if count and most else 0


def _list_values(frame: Frame, name: str, counts: FacetCounts) -> list[Value]:
    """Return the values of a facet, the chosen ones first."""
    most = max((item.count for item in counts.values), default=0)
    chosen = frame.state.filters.get(name, ())

    def view(item: FacetValue) -> Value:
        value = str(item.value)
        url = frame.url("search", **frame.state.toggled(name, value))
        return Value(value, item.count, url, _bar_length(item.count, most), item.selected)

    listed = {str(item.value) for item in counts.values}
    empty = [
        Value(value, 0, frame.url("search", **frame.state.toggled(name, value)), 0, is_selected=True)
        for value in chosen
        if value not in listed and name not in {"year", "of_year", "district"}
    ]
    ranked = sorted(counts.values, key=lambda item: (not item.selected, -item.count))
    return [*empty, *map(view, ranked)]


def _make_view(frame: Frame, name: str, values: Sequence[Value], counts: FacetCounts, **more: Any) -> FacetView:  # noqa: ANN401
    """Return a facet from its values."""
    shown = max(MAX_SHOWN_VALUES, sum(item.is_selected for item in values))
    chosen = frame.state.filters.get(name)
    return FacetView(
        name,
        frame.words.facet(name),
        values[:shown],
        values[shown : shown + MAX_LISTED_VALUES],
        len(values),
        counts.missing,
        frame.url(**frame.state.with_filter(name, ())) if chosen else "",
        frame.url("facets", name=name),
        len(values) > _MIN_SEARCHED_VALUES,
        **more,
    )


def _list_view(frame: Frame, name: str, counts: FacetCounts) -> FacetView:
    return _make_view(frame, name, _list_values(frame, name, counts), counts)


def _year_view(frame: Frame, counts: FacetCounts) -> FacetView:
    """Return the facet of years with its histogram."""
    state = frame.state
    values = _list_values(frame, "year", counts)
    values = sorted(values, key=lambda item: (not item.is_selected, -int(item.text)))
    by_year = {int(item.value): item for item in counts.values}
    most = max((item.count for item in counts.values), default=0)
    bars = []
    for year in range(min(by_year, default=0), max(by_year, default=-1) + 1):
        item = by_year.get(year)
        if item is None:
            bars.append(Bar(year, 0))
        else:
            url = frame.url("search", **state.toggled("year", str(year)))
            bars.append(Bar(year, _bar_length(item.count, most), item.count, url, item.selected))
    first, dots, last = (state.filters.get("year") or ("",))[0].partition("..")
    hidden = [
        (name, value) for name in state.values if name not in {"year", "offset", "after"} for value in state.all(name)
    ]
    return _make_view(frame, "year", values, counts, bars=bars, bounds=(first, last if dots else first), hidden=hidden)


def _tree_view(frame: Frame, counts: FacetCounts) -> FacetView:
    """Return the facet of places as a tree: the top level, and the branches below chosen places."""
    return _make_view(frame, "district", _tree_values(frame, counts, depth=1), counts)


def _tree_values(frame: Frame, counts: FacetCounts, depth: int | None) -> list[Value]:
    """Return places as a tree in the order of the page, those with most paragraphs first.

    `depth`: number of levels that are open. The branch of a chosen place is open, and so is that of the only place of
    a level. None opens everything.
    """
    totals: dict[tuple[str, ...], int] = {}
    children: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for item in counts.values:
        path = tuple(str(item.value).split("/"))
        for end in range(1, len(path) + 1):
            part = path[:end]
            if part not in totals:
                totals[part] = 0
                children.setdefault(part[:-1], []).append(part)
            totals[part] += item.count
    chosen = frame.state.filters.get("district", ())
    chosen_paths = {path for path in totals if "/".join(path) in chosen or path[-1] in chosen}
    ancestors = {path[:end] for path in chosen_paths for end in range(len(path) + 1)}
    most = max((totals[path] for path in children.get((), ())), default=0)
    values: list[Value] = []

    def add(parent: tuple[str, ...]) -> None:
        level = sorted(children.get(parent, ()), key=lambda path: (path not in ancestors, -totals[path]))
        for path in level:
            full = "/".join(path)
            written = full if full in chosen or path[-1] not in chosen else path[-1]
            url = frame.url("search", **frame.state.toggled("district", written))
            is_selected = path in chosen_paths
            values.append(
                Value(path[-1], totals[path], url, _bar_length(totals[path], most), is_selected, len(path) - 1)
            )
            if depth is None or len(path) < depth or path in ancestors or len(level) == 1:
                add(path)

    add(())
    return values


# Hits


def _hit_view(frame: Frame, hit: Hit) -> HitView:
    """Return a hit as the page shows it."""
    state, words = frame.state, frame.words
    paragraph, window = hit.paragraph, hit.window
    end = window.start + len(window.text)
    url = paragraph_url(frame, hit.document, hit.n)
    tags = [
        Link(topic, frame.url(**state.toggled("topic", topic)), topic in state.all("topic")) for topic in hit.topics
    ]
    if hit.agency and hit.agency != "人民政府":
        tags.append(
            Link(hit.agency, frame.url(**state.toggled("agency", hit.agency)), hit.agency in state.all("agency"))
        )
    section = None
    if hit.section and hit.section != "其他":
        section = Link(
            hit.section, frame.url(**state.toggled("section", hit.section)), hit.section in state.all("section")
        )
    title = hit.title or words["untitled"]
    return HitView(
        url,
        hit.id,
        f"h-{hit.id}",
        hit.district or "",
        str(hit.year or ""),
        mark(title, hit.title_spans if hit.title else ()),
        [
            mark(heading, [(start, stop) for number, start, stop in hit.path_spans if number == level])
            for level, heading in enumerate(hit.path)
        ],
        split_highlights(window),
        window.start > 0,
        end < len(paragraph.text),
        _figures(frame, hit, window.start, end),
        section,
        tags,
        words("lacks", words=words.join(hit.lacks)) if hit.lacks else "",
        hit.folded.count,
        [Link(name, paragraph_url(frame, *split_id(name))) for name in hit.folded.ids[:3]],
        hit.matches,
        cite_text(frame, paragraph),
        frame.url("paragraph", id=hit.id, context="2"),
        hit.n,
    )


def mark(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[str, bool]]:
    """Return the pieces of a text, each with whether it is a match."""
    return split_highlights(Snippet(0, text, tuple(spans))) if spans else [(text, False)]


def split_id(paragraph_id: str) -> tuple[str, int]:
    """Return the id of the document and the number of a paragraph. A record of a file has number 1."""
    document, hash_mark, n = paragraph_id.rpartition("#")
    return (document, int(n)) if hash_mark and n.isdecimal() else (paragraph_id, 1)


def paragraph_url(frame: Frame, document: str, n: int) -> str:
    """Return the address of a paragraph in its document."""
    return f"{frame.url('document', id=document)}#p{n}"


def cite_text(frame: Frame, paragraph: Any) -> str:  # noqa: ANN401
    """Return the citation of a paragraph, without the link, which the script adds."""
    parts = [paragraph.district, str(paragraph.year or ""), f"《{paragraph.title}》" if paragraph.title else ""]
    return " ".join([*filter(None, parts), frame.words("paragraph_n", n=paragraph.n)])


def format_value(measure: Measure) -> str:
    """Return value and unit with signs for a bound and a change: ≥5000份, ↓66.67%."""
    sign = CHANGE_SIGNS[measure.change] + BOUND_SIGNS[measure.bound]
    return f"{sign}{number_text(measure.value)}{measure.unit or ''}"


def _figures(frame: Frame, hit: Hit, start: int, end: int) -> list[Figure]:
    """Return the figures of a snippet, those with a match in their quotes before others, in the order of the text."""
    inside = [measure for measure in hit.measures if start <= measure.start and measure.end <= end]
    if len(inside) > _MAX_FIGURES:
        ranked = sorted(
            inside, key=lambda item: not any(item.start < stop and item.end > first for first, stop in hit.spans)
        )
        inside = sorted(ranked[:_MAX_FIGURES], key=lambda item: item.start)
    return [
        Figure(
            measure.indicator,
            format_value(measure),
            frame.url("compare", query=measure.indicator, unit=measure.unit),
            f"{measure.indicator} {format_value(measure)}",
        )
        for measure in inside
    ]


# Other searches


def suggestion_links(frame: Frame, suggestions: Iterable[Suggestion]) -> list[tuple[str, str, int]]:
    """Return text, address and number of hits of other searches."""
    return [(_describe(frame, item), _suggestion_url(frame, item), item.total) for item in suggestions]


def _part_links(frame: Frame) -> list[tuple[str, str, int]]:
    """Return the parts of the query and the filters, each with the address and the number of hits of it alone."""
    state = frame.state
    options = state.option_arguments(("literal", "match"))
    conditions = frame.index.conditions(state["query"], **options, **state.filter_arguments())
    everything: dict[str, Any] = {**dict.fromkeys(FILTER_NAMES), "query": None}
    return [
        (item.text, frame.url(**{**everything, "query": item.text}), item.alone)
        for item in conditions
        if item.kind != "filter"
    ]


def _describe(frame: Frame, item: Suggestion) -> str:
    """Return what another search changes."""
    words = frame.words
    if item.kind == "did_you_mean":
        return item.query
    if item.kind == "value":
        facet, values = list(item.filters.items())[-1]
        return words("instead", text=f"{words.facet(facet)} {values[-1]}", words=item.text)
    if item.text == "match:all":
        return words["match_any"]
    if item.text == "quotes":
        return words["drop_quotes"]
    if item.kind == "drop_filter":
        return words("drop_filter", text=words.tree(item.text))
    return words("drop", text=item.text)


def _suggestion_url(frame: Frame, item: Suggestion) -> str:
    """Return the address of another search."""
    changes: dict[str, Any] = dict.fromkeys(FILTER_NAMES)
    where: list[str] = []
    for facet, values in item.filters.items():
        if facet in BUILT_IN_FACETS:
            changes[facet] = tuple(values)
        else:
            where += (f"{facet}={value}" for value in values)
    if item.text == "match:all":
        changes["match"] = "any"
    if item.kind == "drop_filter" and not item.filters and ":" in item.text:
        for name in ("unit", "min", "max", "status", "no_cumulative"):
            if name in item.text.replace("-", "_"):
                changes[name] = None
    return frame.url(**{**changes, "query": item.query, "where": tuple(where)})


def page_links(frame: Frame, offset: int, limit: int, shown: int, *, has_more: bool) -> dict[str, str]:
    """Return the addresses of the pages before and after, empty if there is none. `shown`: number of records here."""
    before = max(offset - limit, 0)
    return {
        "previous": frame.url(offset=str(before) if before else None) if offset else "",
        "next": frame.url(offset=str(offset + shown)) if has_more else "",
    }
